"""What the user calls the regions, and says of their sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..errors import InputError
from ..types import Region


def describe(regions: Sequence[Region], labels: str = "", prompts: str = "") -> tuple[Region, ...]:
    """The same regions with other labels and prompts: one line for each region, in order.

    An empty or missing line leaves what there is; a prompt of "-" takes it away, so that the sound is guessed again.
    Raises InputError when there are more lines than regions.
    """
    named = zip(regions, _lines("labels", labels, regions), _lines("prompts", prompts, regions), strict=True)
    return tuple(
        replace(region, label=label or region.label, prompt="" if prompt == "-" else prompt or region.prompt)
        for region, label, prompt in named
    )


def listed(regions: Sequence[Region]) -> str:
    """One line for each region: its number, label, share of the picture, and prompt if it has one."""
    return "\n".join(
        f"{number}  {region.label}  {region.mask.mean():.1%}" + (f"  {region.prompt}" if region.prompt else "")
        for number, region in enumerate(regions, 1)
    )


def _lines(name: str, text: str, regions: Sequence[Region]) -> list[str]:
    lines = [line.strip() for line in text.rstrip().splitlines()]
    if len(lines) > len(regions):
        raise InputError(
            f"{name} has {len(lines)} lines for {len(regions)} regions; allowed is one line for each region: "
            "remove lines or find more regions"
        )
    return lines + [""] * (len(regions) - len(lines))
