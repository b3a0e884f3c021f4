"""Everything this package raises on purpose. One tree, so that a caller can catch as widely as it likes.

    See2SoundError
    |-- InputError             a value from the user is not usable (also a ValueError)
    |   |-- MediaError         a picture or sound file cannot be read
    |   `-- GraphError         a saved graph cannot be run as it stands
    |-- OutputError            a result cannot be written (also an OSError)
    |-- MissingModelError      a weight file is not on this machine
    |-- WeightsError           a weight file is damaged, or holds another model
    |-- DownloadError          a weight file cannot be fetched
    |-- DependencyError        an installed library is missing or does not fit another
    `-- Cancelled              the user stopped the work

Messages name the input, what was found, what is allowed and what to do, in one line.
"""

from __future__ import annotations


class See2SoundError(Exception):
    """Root of the tree. `str(error)` is one complete line, fit to be shown to a user as it is."""


class InputError(See2SoundError, ValueError):
    """A value from the user is not usable."""


class MediaError(InputError):
    """A picture or sound file cannot be read."""


class GraphError(InputError):
    """A saved graph cannot be run as it stands."""


class OutputError(See2SoundError, OSError):
    """A result cannot be written; nothing half-written is left behind."""


class MissingModelError(See2SoundError):
    """A weight file is not on this machine."""


class WeightsError(See2SoundError):
    """A weight file is damaged, or holds another model than it should."""


class DownloadError(See2SoundError):
    """A weight file cannot be fetched."""


class DependencyError(See2SoundError):
    """An installed library is missing or does not fit another one."""


class Cancelled(See2SoundError):
    """The user stopped the work."""


def check_range(name: str, value: float, low: float, high: float, unit: str = "", remedy: str = "") -> None:
    """Raise InputError unless `low <= value <= high` (NaN fails too). `name` is what the user called it."""
    if not low <= value <= high:
        unit = f" {unit}" if unit else ""
        remedy = f": {remedy}" if remedy else ""
        raise InputError(f"{name} is {value:.10g}{unit}; allowed is {low:.10g} to {high:.10g}{unit}{remedy}")


def check_choice(name: str, value: str, allowed) -> None:
    """Raise InputError unless `value` is one of `allowed` (any iterable of strings, a table included)."""
    if value not in allowed:
        raise InputError(f"{name} is {value!r}; allowed is one of: {', '.join(allowed)}")
