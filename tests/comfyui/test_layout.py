"""The arrangement of authored workflows: pure geometry, so it needs no engine."""

from __future__ import annotations

from itertools import combinations

from .layout import TITLE, arrange

SIZES = {1: (200, 80), 2: (300, 400), 3: (200, 60), 4: (250, 90), 5: (210, 120), 6: (180, 50)}
LINKS = [(1, 2), (2, 3), (2, 4), (3, 5), (4, 5), (6, 5), (1, 5)]


def test_links_run_from_left_to_right():
    positions = arrange(SIZES, LINKS)
    assert all(positions[a][0] + SIZES[a][0] < positions[b][0] for a, b in LINKS)


def test_no_two_nodes_overlap_titles_included():
    positions = arrange(SIZES, LINKS)
    for a, b in combinations(SIZES, 2):
        (ax, ay), (bx, by) = positions[a], positions[b]
        apart_x = ax + SIZES[a][0] <= bx or bx + SIZES[b][0] <= ax
        apart_y = ay + SIZES[a][1] <= by - TITLE or by + SIZES[b][1] <= ay - TITLE
        assert apart_x or apart_y, (a, b)


def test_a_loader_stands_beside_its_user():
    positions = arrange(SIZES, LINKS)
    assert positions[6][0] == positions[4][0] > positions[2][0]


def test_a_node_without_links_stands_before_all_others():
    positions = arrange(SIZES | {7: (100, 100)}, LINKS)
    assert all(positions[7][0] + 100 < positions[node][0] for node in SIZES)
