"""The published evaluation over a folder of pictures: what `s2s evaluate` does.

One picture at a time is made, compared and written to a folder of its own, whose result file comes last. What has one
that was made from the same picture, settings and versions is not made again, so that a run that was stopped goes on
where it was, with the same numbers as one that was not.
"""

from __future__ import annotations

import json
import platform
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from . import evaluate, files, quartet
from .backend import Model
from .errors import InputError
from .evaluate import folder, page, protocol, report
from .media import images
from .quartet import Settings
from .runtime import Runtime

__all__ = ["Settings", "run"]

PLACE = "pictures"
"""In a report's folder: where each picture has a folder of its own, named by its stem."""

MODELS = 4
"""Settings that name one."""

THUMBNAIL = 480  # pixels along the longer side of a figure on the page

LIBRARIES = ("see2sound-nodes", "numpy", "scipy", "librosa")
"""A result made with other versions of these is made again."""

Say = Callable[[str], None]


def run(pictures: Path, target: Path, settings: Settings, runtime: Runtime, say: Say = print) -> dict[str, Any]:
    """Evaluate the pictures in a folder and write to `target`: index.html, report.json, summary.csv, scores.csv,
    spatial.csv, and the sounds and figures of each picture. Gives what is in report.json.

    Other files in the folder are ignored. A picture that cannot be read, or of which no sound can be made, is skipped
    and listed. `say` hears one line for each. Raises InputError when two pictures have the same stem, when there are
    none, or none can be evaluated, and whatever stands in the way of all: a setting, a model, a file in the place of
    the folder, a full disk.
    """
    folder.check_target(target)
    say = _printable(say)
    loaded = quartet.loaded(settings, runtime)
    paths = folder.listed(pictures)
    definitions, left_out = protocol.available()
    if left_out:
        say(f"the paper's definition is left out: {left_out}")
    inputs = _inputs(settings, definitions, runtime)
    results: dict[Path, dict] = {}
    skipped: dict[Path, str] = {}

    def tried(path: Path, work: Callable[[Path], dict | None]) -> bool:
        """Whether there is a result now."""
        try:
            found = work(path)
        except InputError as error:
            skipped[path] = str(error)
            say(f"{path.name} is skipped: {error}")
            return False
        if found:
            results[path] = found
        return bool(found)

    def known(path: Path) -> dict | None:
        return folder.finished(target / PLACE / path.stem, {"picture": folder.digest(path), **inputs}, say)

    def made(path: Path) -> dict:
        return _evaluated(path, {"picture": folder.digest(path), **inputs}, target, settings, loaded, runtime)

    todo = [path for path in paths if not tried(path, known) and path not in skipped]
    if results:
        say(f"{len(results)} of {len(paths)} pictures were finished before")
    took: list[float] = []
    for number, path in enumerate(todo, 1):
        begun, left = time.monotonic(), len(todo) - number
        if tried(path, made):
            took.append(time.monotonic() - begun)
            rest = f", about {_clock(left * sum(took) / len(took))} left" if left else ""
            say(f"{number} of {len(todo)}: {path.name} took {took[-1]:.1f} s{rest}")
    if not results:
        reason = next(iter(skipped.values()))
        raise InputError(f"none of the {len(paths)} pictures in {pictures} could be evaluated; the first: {reason}")
    whole = _report(
        settings,
        inputs,
        left_out,
        [results[path] for path in paths if path in results],
        [{"name": path.name, "reason": skipped[path]} for path in paths if path in skipped],
    )
    _write(whole, target, say)
    return whole


def _inputs(settings: Settings, definitions: tuple[str, ...], runtime: Runtime) -> dict[str, Any]:
    """What, beside the picture, a result depends on, as it is when read again from JSON."""
    chain = asdict(settings.chain(settings.seed))
    torch = _version("torch") if len(_stand_ins(settings)) < MODELS else "not used"
    inputs = {
        "settings": asdict(settings),
        "chain": {name: value for name, value in chain.items() if name not in (*quartet.SHARED, "seed")},
        "definitions": list(definitions),
        "versions": {name: _version(name) for name in LIBRARIES},
        "machine": {"device": runtime.device, "python": platform.python_version(), "torch": torch},
        "matcher": evaluate.identity(settings.matcher, runtime),
        "weights": quartet.weight_files(settings, runtime),
    }
    return json.loads(report.as_json(inputs))


def _stand_ins(settings: Settings) -> list[str]:
    return [str(name) for name in asdict(settings).values() if "(no weights)" in str(name)]


def _report(
    settings: Settings, inputs: dict[str, Any], left_out: str, results: list[dict], skipped: list[dict]
) -> dict[str, Any]:
    """What is in report.json; the same from run to run but for what is called "times"."""
    return {
        **inputs,
        "left_out": left_out,
        "stand_ins": _stand_ins(settings),
        "sets": protocol.SETS,
        "readings": list(protocol.READINGS),
        "counts": {
            "pictures": len(results) + len(skipped),
            "evaluated": len(results),
            "skipped": len(skipped),
        },
        "skipped": skipped,
        "summary": protocol.summary([result["scores"] for result in results], settings.seed),
        "pictures": results,
        "times": {"seconds": sum(result["times"]["seconds"] for result in results)},
    }


def _evaluated(
    path: Path, inputs: dict, target: Path, settings: Settings, loaded: tuple[Model, Model], runtime: Runtime
) -> dict:
    """One picture's result, after its files and, last of all, the result itself were written."""
    begun, place = time.monotonic(), target / PLACE / path.stem
    with files.whole_set(place) as staging:  # first of all: a place that refuses us does so before the work
        picture, stream = images.load_picture(path), int(inputs["picture"][:8], 16)
        made = quartet.made(picture, settings, inputs["definitions"], stream, *loaded, staging, runtime)
        written = folder.contents(staging)
        (place / folder.RESULT).unlink(missing_ok=True)  # what it spoke of is about to be replaced
    about = {"name": path.name, "folder": f"{PLACE}/{path.stem}", "files": written, "inputs": inputs}
    result = {**about, **made, "times": {"seconds": time.monotonic() - begun}}
    with files.whole_file(place / folder.RESULT) as file:
        file.write(report.as_json(result).encode())
    return result


def _write(whole: dict[str, Any], target: Path, say: Say) -> None:
    """The report's own files, whole or not at all. A figure that cannot be read is missing on the page."""

    def embed(name: str) -> str:
        try:
            return _thumbnail(target / name)
        except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for damage
            say(f"{target / name} is not on the page: it cannot be read ({error})")
            return ""

    texts = {"report.json": report.as_json(whole), **report.tables(whole)}
    with files.whole_set(target) as staging:
        for name, text in texts.items():
            (staging / name).write_text(text, encoding="utf-8", newline="\n")
        with open(staging / "index.html", "w", encoding="utf-8", newline="\n") as file:
            file.writelines(page.pieces(whole, embed))


def _thumbnail(path: Path) -> str:
    """A figure as a page can hold it in itself."""
    with Image.open(path) as image:
        image.thumbnail((THUMBNAIL, THUMBNAIL))
        file = BytesIO()
        image.save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{b64encode(file.getvalue()).decode()}"


def _printable(say: Say) -> Say:
    """A name may hold characters that steer a terminal."""
    return lambda line: say("".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in line))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _clock(seconds: float) -> str:
    """190 -> 3:10"""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
