"""The `s2s` command: the same work as the nodes, without ComfyUI."""

from __future__ import annotations

import argparse
import io
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

from .errors import Cancelled, DependencyError, InputError, See2SoundError
from .runtime import DEVICES, HeadlessRuntime

log = logging.getLogger(__name__)


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Exit code: 0 done, 1 a stated error, 2 wrong usage, 128 + n stopped by signal n (Ctrl-C 130)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file's name may not exist in the terminal's alphabet
    debug = "--debug" in (sys.argv if arguments is None else arguments)
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING, format="s2s: %(message)s")
    left = "nothing half-written was left behind"
    try:
        with _signals():
            options = _parser().parse_args(arguments)
            left = getattr(options, "left", left)
            options.command(options)
    except (KeyboardInterrupt, Cancelled) as stop:
        print(f"s2s: stopped; {left}", file=sys.stderr)
        return 128 + (stop.args[0] if isinstance(stop, KeyboardInterrupt) and stop.args else signal.SIGINT)
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (See2SoundError, OSError, ModuleNotFoundError) as error:
        if debug:
            raise
        if isinstance(error, ModuleNotFoundError):
            error = DependencyError(
                f"{error.name} is not installed: pip install 'see2sound-nodes[standalone]' brings it"
            )
        print(f"s2s: error: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    return 0


@contextmanager
def _signals() -> Iterator[None]:
    """Inside, being asked to end (by `timeout`, a service manager, a closed terminal) cleans up like Ctrl-C."""

    def stop(number, frame):
        raise KeyboardInterrupt(number)

    here = threading.current_thread() is threading.main_thread()  # elsewhere Python allows no handlers
    names = [name for name in ("SIGTERM", "SIGHUP") if here and hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), stop) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def render(options: argparse.Namespace) -> None:
    """PHOTO or CLIP -> a folder of sound files and figures, or the one sound file or film that -o names."""
    from . import pipeline
    from .render import render as made_of

    chosen = {field.name: getattr(options, field.name) for field in fields(pipeline.Settings)}
    chosen["prompts"] = chosen["prompts"].replace("\\n", "\n")
    with _terminal(options) as runtime:
        told, written = made_of(options.photo, options.output, pipeline.Settings(**chosen), runtime)
    print(told)
    print("\n" + "\n".join(map(str, written)))


def run(options: argparse.Namespace) -> None:
    """Run a saved graph, in the editor's format or the API format."""
    from .. import NODE_DISPLAY_NAME_MAPPINGS
    from . import graph

    classes = _classes()
    job = graph.load(options.graph, NODE_DISPLAY_NAME_MAPPINGS)
    for assignment in options.set:
        job = graph.assign(job, assignment, classes)
    with _terminal(options) as runtime:
        results = graph.run(job, classes, runtime)
    for node_id, shown in results.items():
        for kind, values in shown.items():
            for value in values:
                if isinstance(value, dict) and "filename" in value:
                    value = runtime.folder(value["type"]) / value.get("subfolder", "") / value["filename"]
                print(f"{node_id} {kind}: {value}")


def nodes(options: argparse.Namespace) -> None:
    """List the nodes that a graph can use here."""
    from .. import NODE_DISPLAY_NAME_MAPPINGS as titles

    for node_id, node in _classes().items():
        print(f"{node_id:24} {titles.get(node_id, 'stock node'):26} {getattr(node, 'DESCRIPTION', '')}")


def models(options: argparse.Namespace) -> None:
    """The models of every room and their weight files: list, find, fetch, verify or convert them."""
    from . import depth, evaluate, generate, segment
    from .evaluate.avitar import files as avitar
    from .generate.codi import convert as codi
    from .models.report import Actions

    rooms = {room.__name__.rpartition(".")[2]: room.BACKENDS for room in (segment, depth, generate, evaluate)}
    converters = {**codi.CONVERTERS, **avitar.CONVERTERS}
    with _terminal(options) as runtime:
        for line in getattr(Actions(runtime, rooms, converters=converters), options.action)(options.names):
            print(line, flush=True)


def evaluate(options: argparse.Namespace) -> None:
    """How alike the sounds of pictures are, by the published protocol, and whether they come from where they should."""
    from . import study, truth
    from .evaluate import report

    if (options.pictures is None) == (options.scenes is None):
        raise InputError("evaluate takes a folder of pictures, or --scenes and how many: give one of them")
    settings = study.Settings(**{field.name: getattr(options, field.name) for field in fields(study.Settings)})
    target = Path(options.output)
    with _terminal(options) as runtime:
        if options.scenes is not None:
            told = truth.run(options.scenes, target, settings.chain(settings.seed), runtime)
        else:
            made = study.run(Path(options.pictures), target, settings, runtime, _say)
            told = f"\n{report.text(made)}\n\n{target / 'index.html'}"
    print(told)


def _say(line: str) -> None:
    """A line that stays, in the place of the progress that does not."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
    print(line, flush=True)


def _classes() -> dict[str, type]:
    """The pack's own nodes, taken from its root as ComfyUI takes them, and the stock nodes they need around them."""
    from .. import NODE_CLASS_MAPPINGS
    from .graph import STOCK

    return {**NODE_CLASS_MAPPINGS, **STOCK}


@contextmanager
def _terminal(options: argparse.Namespace) -> Iterator[HeadlessRuntime]:
    """A runtime that shows its progress on the terminal's last line, if there is a terminal."""

    def listen(label: str, done: int, total: int) -> None:
        sys.stderr.write(f"\r\x1b[K{label} {done}/{total}" if done < total else "\r\x1b[K")
        sys.stderr.flush()

    shown = sys.stderr.isatty() and not options.debug
    places = {kind: Path(value) for kind in ("input", "output") if (value := getattr(options, kind, None))}
    if "output" in places:
        output = places["output"]
        places["temp"] = (output.parent if output.suffix and not output.is_dir() else output) / ".temp"
    try:
        runtime = HeadlessRuntime(getattr(options, "device", "auto"), places, listen=listen if shown else None)
        if runtime.device_choice != "auto":
            log.debug("computing on %s", runtime.device)  # one that is not here is refused before any work
        yield runtime
    finally:
        if shown:
            sys.stderr.write("\r\x1b[K")


def _parser() -> argparse.ArgumentParser:
    from . import pipeline, study

    parser = argparse.ArgumentParser(prog="s2s", description="Pictures to surround sound.")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", help="show log messages and, on errors, the traceback")
    compute = argparse.ArgumentParser(add_help=False)
    compute.add_argument("--device", default="auto", choices=DEVICES, help="where models compute (default: auto)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(function) -> argparse.ArgumentParser:
        meaning = function.__doc__.strip()
        parents = [common, compute] if function in (render, run, evaluate) else [common]
        added = commands.add_parser(function.__name__, parents=parents, help=meaning, description=meaning)
        added.set_defaults(command=function)
        return added

    render_options = command(render)
    render_options.add_argument("photo", help="a picture, an animated image or a video")
    render_options.add_argument(
        "-o",
        "--output",
        required=True,
        help="a folder, or a file: .flac .wav .m4a .opus, of a clip also .mp4 .mkv .webm",
    )
    _add_settings(render_options, pipeline.Settings)

    run_options = command(run)
    run_options.add_argument("graph", help="a workflow saved by ComfyUI, in the editor's or the API format")
    run_options.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NODE.INPUT=VALUE",
        help="change a widget; NODE is an id or a title",
    )
    run_options.add_argument("--output", default="out", help="folder for results (default: out)")
    run_options.add_argument("--input", help="folder in which the graph's input files lie")

    evaluate_options = command(evaluate)
    evaluate_options.add_argument("pictures", nargs="?", help="a folder of pictures; other files in it are ignored")
    evaluate_options.add_argument("--scenes", type=int, help="instead: make so many scenes whose truth is known")
    evaluate_options.add_argument("-o", "--output", required=True, help="a folder for the report")
    evaluate_options.set_defaults(left="what is finished stays, and the same command goes on from there")
    _add_settings(evaluate_options, study.Settings)

    command(nodes)
    _add_actions(command(models), common)
    return parser


def _add_actions(parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """What `s2s models` can do; without a word it lists."""
    from .models.report import Actions

    parser.set_defaults(action="list", names=[])
    actions = parser.add_subparsers(metavar="ACTION")
    for name, count in {"list": 0, "where": "*", "fetch": "+", "verify": "*", "convert": "+"}.items():
        meaning = getattr(Actions, name).__doc__
        added = actions.add_parser(name, parents=[common], help=meaning, description=meaning)
        added.set_defaults(action=name)
        if count:
            added.add_argument("names", nargs=count, metavar="NAME", help="a file's name, as 's2s models' lists it")
        if name == "fetch":
            added.set_defaults(left="the same command goes on with what has arrived, where the server lets it")


def _add_settings(parser: argparse.ArgumentParser, settings: type) -> None:
    """One option for each field of `settings`: --field-of-view for field_of_view, --no-background for a switch."""
    for field in fields(settings):
        name, meaning = "--" + field.name.replace("_", "-"), f"{field.metadata['help']} (default: {field.default!r})"
        if isinstance(field.default, bool):
            parser.add_argument(name, action=argparse.BooleanOptionalAction, default=field.default, help=meaning)
        else:
            parser.add_argument(name, type=type(field.default), default=field.default, help=meaning)


if __name__ == "__main__":
    sys.exit(main())
