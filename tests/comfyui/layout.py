"""Where to put the nodes of a graph so that a reader follows it from left to right without moving anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Size = tuple[float, float]
Position = tuple[float, float]

TITLE = 30.0  # a node's title bar stands above its position
COLUMN_GAP = 70.0
ROW_GAP = 30.0


def arrange(sizes: Mapping[int, Size], links: Iterable[tuple[int, int]]) -> dict[int, Position]:
    """Positions in columns by distance from the start; `links` are (from, to) pairs without cycles.

    A node that needs nothing stands just before its first user instead of in the first column, so that a model loader
    is beside the stage it belongs to. Notes and other nodes without links stand before everything else. Within a
    column, nodes follow the height of what feeds them.
    """
    links = [(a, b) for a, b in links if a in sizes and b in sizes]
    users = {node: [b for a, b in links if a == node] for node in sizes}
    sources = {node: [a for a, b in links if b == node] for node in sizes}
    column = _columns(sources)
    for node in sizes:
        if not sources[node]:
            column[node] = min((column[user] for user in users[node]), default=0) - 1

    positions: dict[int, Position] = {}
    left = 0.0
    for number in sorted(set(column.values())):
        members = [node for node in sizes if column[node] == number]
        members.sort(key=lambda node: (_mean_height(sources[node], positions), node))
        top = 0.0
        for node in members:
            positions[node] = (left, top + TITLE)
            top += TITLE + sizes[node][1] + ROW_GAP
        left += max(sizes[node][0] for node in members) + COLUMN_GAP
    return positions


def _columns(sources: Mapping[int, list[int]]) -> dict[int, int]:
    """Length of the longest chain of nodes before each node."""
    column: dict[int, int] = {}

    def of(node: int) -> int:
        if node not in column:
            column[node] = 1 + max((of(source) for source in sources[node]), default=-1)
        return column[node]

    for node in sources:
        of(node)
    return column


def _mean_height(sources: list[int], positions: Mapping[int, Position]) -> float:
    """Mean top of the nodes that feed this one; nodes without any go below those that have a place to follow."""
    if not sources:
        return float("inf")
    return sum(positions[source][1] for source in sources) / len(sources)
