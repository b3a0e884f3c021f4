"""Regions without a network: patches of one colour, joined into a tree; the nodes that look like things are offered.

A preview: what has one colour counts as one thing (a white cat joins the white floor), and fur, leaves, crowds and
chrome fall apart, and saving a JPEG again can change which patches join. How long a node lasts in the tree and patches'
mean colours were tried as well and did not find more things.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from ..backend import Backend
from ..media.masks import bounding_box, enlarged
from ..media.partition import partition
from ..runtime import Runtime
from ..types import Picture, Region
from .merge_tree import Patches, describe, merge_tree
from .selection import Candidates

AREAS = (0.006, 0.7)  # of the picture
MOST = 64  # candidates
LONG_SIDE = 1024  # pixels, at which candidates of a larger picture are compared
LEAST = 0.01  # score: below it nothing stands out, as in a smooth ramp (photographs: from 0.02 up)
SAME = 0.7  # two nodes with more than this in common (intersection over union) are one thing
CLEAR_CONTOUR = 16.0  # Lab units a pixel: half way between no contour and a perfect one


def propose(picture: Picture, runtime: Runtime, points: int = 0) -> Sequence[Region]:
    """Everything in the picture that looks like a thing, best first; none in a picture without contours.

    A region's score, 0..1, is the product of: a sharp contour; colours unlike its neighbours'; a well filled box; few
    holes; and how little of the picture's upper edge it takes, for what fills that is sky, wall or ceiling.
    """
    with runtime.progress("cutting the picture into patches", 2) as bar:
        cut = partition(picture)
        bar.step()
        patches = describe(cut)
        nodes = merge_tree(patches)
        area = nodes @ patches.size / cut.labels.size
        nodes = nodes[(AREAS[0] <= area) & (area <= AREAS[1])]
        bar.step()
    if not len(nodes):
        return []
    masks = nodes[:, cut.labels]
    scores = _contour(nodes, patches) * _contrast(nodes, patches) * np.array([_shape(mask) for mask in masks])
    chosen = _without_twins(nodes, patches.size, scores)
    masks, scores = masks[chosen], scores[chosen]
    share = min(1.0, LONG_SIDE / max(picture.size))
    size = tuple(max(1, round(side * share)) for side in picture.size)
    small = []
    with runtime.progress("drawing the regions", len(chosen)) as bar:
        for mask, score in zip(masks, scores, strict=True):
            small.append(Region(enlarged(mask, size), score=float(score)))
            bar.step()
    if size == picture.size:
        return small
    return Candidates(small, lambda i: Region(enlarged(masks[i], picture.size), score=small[i].score))


def _contour(nodes, patches: Patches):
    """How sharp each node's outline is, inside the picture: 0..1."""
    sharp = ((nodes @ patches.contour) * ~nodes).sum(axis=1) / ((nodes @ patches.touch) * ~nodes).sum(axis=1)
    return sharp / (sharp + CLEAR_CONTOUR)


def _contrast(nodes, patches: Patches):
    """How unlike its neighbours each node is coloured, 0..1; a neighbour counts by the outline they share."""
    touch = (nodes @ patches.touch) * ~nodes
    around = touch / touch.sum(axis=1, keepdims=True) @ (patches.colours / patches.size[:, None])
    inside = (nodes @ patches.colours) / (nodes @ patches.size)[:, None]
    return np.abs(inside - around).sum(axis=1) / 6


def _shape(mask):
    """Share of its box that a mask fills, times its share of itself with holes filled, times the free upper edge."""
    x0, y0, x1, y1 = bounding_box(mask)
    solid = ndimage.binary_fill_holes(mask[y0:y1, x0:x1])
    return mask.sum() ** 2 / (solid.size * solid.sum()) * (1 - mask[0].mean())


def _without_twins(nodes, size, scores):
    """Indices of at most 64 nodes, best first, none nearly the same as a better one."""
    chosen = []
    for node in np.argsort(-scores, kind="stable"):
        both, either = ((nodes[chosen] & nodes[node]) @ size, (nodes[chosen] | nodes[node]) @ size)
        if scores[node] >= LEAST and not (both > SAME * either).any():
            chosen.append(node)
    return chosen[:MOST]


BACKEND = Backend(
    name="superpixels (no weights)",
    summary="patches of one colour, joined by likeness; a preview that needs no download",
    load=lambda runtime: propose,
)
