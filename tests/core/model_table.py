"""The table of weight files in the README, and of models on the loaders' help pages, made from the code's own tables.

Run this file to write them down after an addition: python tests/core/model_table.py
"""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCS = ROOT / "nodes" / "web" / "docs"
PAGES = {
    "segment": "S2S_LoadSegmenter",
    "depth": "S2S_LoadDepthModel",
    "generate": "S2S_LoadGenerator",
    "evaluate": "S2S_LoadMatcher",
}


def rooms():
    """Name -> module of each room with models."""
    from see2sound_nodes.s2s_core import depth, evaluate, generate, segment

    return {"segment": segment, "depth": depth, "generate": generate, "evaluate": evaluate}


def weight_files():
    """One row for each file of the catalogue."""
    from see2sound_nodes.s2s_core.models.catalog import CATALOG

    users = {}
    for room in rooms().values():
        for backend in room.BACKENDS.values():
            for name in backend.weights:
                users.setdefault(name, []).append(backend.name)
    lines = ["| file | for | size | licence | from |", "|---|---|---|---|---|"]
    for name, row in CATALOG.items():
        site = f"{row.hub[0]}" if row.hub else row.url.split("/")[2]
        purpose = users.get(name, ["words for CoDi"])[0]
        lines.append(
            f"| `{name}` | {purpose} | {row.megabytes} | {row.licence}: {row.licence_note} | [{site}]({row.source}) |"
        )
    return "\n".join(lines)


def models(room):
    """One row for each model of a room."""
    from see2sound_nodes.s2s_core.models.catalog import CATALOG

    lines = ["| model | what it is | file, size, licence |", "|---|---|---|"]
    for backend in rooms()[room].BACKENDS.values():
        files = [
            f"`{name}`, {CATALOG[name].megabytes}, {CATALOG[name].licence}: {CATALOG[name].licence_note}"
            for name in backend.weights
        ]
        lines.append(f"| {backend.name} | {backend.summary} | {'; '.join(files) or 'none'} |")
    return "\n".join(lines)


def between(text, table):
    """`text` with `table` between its two marks."""
    return re.sub(r"(<!-- models -->\n).*?(<!-- end -->)", lambda m: f"{m[1]}{table}\n{m[2]}", text, flags=re.S)


def pages():
    """Path -> what it should hold."""
    yield README, between(README.read_text(), weight_files())
    for room, page in PAGES.items():
        path = DOCS / f"{page}.md"
        yield path, between(path.read_text(), models(room))


if __name__ == "__main__":
    for path, text in pages():
        path.write_text(text)
