"""Putting nodes in order: sources before their users."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def sources_first(roots: Iterable[str], sources: Callable[[str], Iterable[str]]) -> tuple[list[str], list[list[str]]]:
    """(every node that the roots need, each after its sources; the circles found, each from a node back to itself).

    A depth-first walk without recursion, since chains may be longer than Python's stack. The order follows the order
    of `roots` and `sources`, so it is the same every time.
    """
    ordered: dict[str, None] = {}
    circles: list[list[str]] = []
    path: dict[str, None] = {}  # the nodes whose sources are being visited, outermost first
    for root in roots:
        stack = [root]
        while stack:
            node = stack[-1]
            if node in path:
                stack.pop()
                del path[node]
                ordered[node] = None
            elif node in ordered:
                stack.pop()
            else:
                path[node] = None
                for source in reversed(list(sources(node))):
                    if source in path:
                        inside = list(path)
                        circles.append([source, *reversed(inside[inside.index(source) :])])
                    elif source not in ordered:
                        stack.append(source)
    return list(ordered), circles
