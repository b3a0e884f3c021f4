"""Dynamic time warping: what it costs to lay one row of vectors along another. Steps (1, 1), (0, 1), (1, 0)."""

from __future__ import annotations

import numpy as np
from scipy.spatial import distance


def accumulated(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cheapest sums of Euclidean distances from the start to each pair, [N, M], of vectors a [N, K] and b [M, K]."""
    cost = distance.cdist(a, b)
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0.0
    for diagonal in range(rows + columns - 1):
        i = np.arange(max(0, diagonal - columns + 1), min(diagonal, rows - 1) + 1)
        j = diagonal - i
        before = np.minimum(np.minimum(total[i, j], total[i + 1, j]), total[i, j + 1])
        total[i + 1, j + 1] = cost[i, j] + before
    return total[1:, 1:]


def path_length(total: np.ndarray) -> int:
    """Pairs on the cheapest way through `accumulated` sums; of equal ones the diagonal step is taken, then (0, 1)."""
    padded = np.pad(total, (1, 0), constant_values=np.inf)
    i, j = total.shape
    length = 1
    while (i, j) != (1, 1):
        steps = ((i - 1, j - 1), (i, j - 1), (i - 1, j))
        i, j = min(steps, key=lambda step: padded[step])
        length += 1
    return length
