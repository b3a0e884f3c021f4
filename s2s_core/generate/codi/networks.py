"""CoDi's networks in one handle: each is read when first asked for, so that a still picture never loads what reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ...errors import MissingModelError, check_choice
from ...models.libraries import need
from ...runtime import Runtime
from .config import FULL, Config
from .convert import find

if TYPE_CHECKING:
    import torch

    from .files import Tensors

FULL_PRECISION = "float32"
AUTO = "auto"
PRECISIONS = (AUTO, FULL_PRECISION, "float16", "bfloat16")
"""What the UNet may compute in; auto is what suits the device."""


class Networks:
    """`name` is a set of `convert.SETS`. Only the UNet stands half precision: it does 99 % of the work, and the others
    give the same on every machine. A pickle travels without what was read."""

    def __init__(self, name: str, config: Config = FULL, precision: str = AUTO):
        check_choice("precision", precision, PRECISIONS)
        self.name, self.config, self.precision = name, config, precision
        self._tensors: Tensors | None = None
        self._made: dict[str, tuple[str, torch.nn.Module]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_tensors": None, "_made": {}}

    def unet(self, runtime: Runtime) -> torch.nn.Module:
        """The UNet, in the chosen precision, else the runtime's half precision."""
        from .unet import load_unet

        return self._network("unet", load_unet, runtime, runtime.half if self.precision == AUTO else self.precision)

    def vae(self, runtime: Runtime) -> torch.nn.Module:
        """The decoder of the latent."""
        from .vae import load_vae

        return self._network("vae", load_vae, runtime)

    def vocoder(self, runtime: Runtime) -> torch.nn.Module:
        """What makes sound of a spectrogram."""
        from .vocoder import load_vocoder

        return self._network("vocoder", load_vocoder, runtime)

    def conditioners(self, wanted: tuple[str, ...], runtime: Runtime) -> Mapping[str, torch.nn.Module]:
        """Those of `conditions.VISION`, `FILM` and `TEXT` that are wanted."""
        from .clip import load_text, load_vision
        from .conditions import FILM, TEXT, VISION
        from .temporal import Film, load_temporal

        def film(tensors: Tensors, config: Config, half: str) -> torch.nn.Module:
            return Film(self._network(VISION, load_vision, runtime), load_temporal(tensors, config))

        loaders = {VISION: load_vision, FILM: film, TEXT: load_text}
        return {name: self._network(name, loaders[name], runtime) for name in wanted}

    def _network(
        self, name: str, load: Callable[..., torch.nn.Module], runtime: Runtime, half: str = FULL_PRECISION
    ) -> torch.nn.Module:
        made = self._made.get(name)
        if made is None or made[0] != half:
            self._made[name] = made = half, load(self._files(runtime), self.config, half)
        return made[1]

    def _files(self, runtime: Runtime) -> Tensors:
        if self._tensors is None:
            need("transformers.models.clip", "transformers>=4.56", "CoDi")
            from .files import gather

            self._tensors = gather(find(self.name, runtime))
        return self._tensors


def ready(name: str, runtime: Runtime) -> bool:
    """Whether the set `name` lies on this machine as the folder that conversion makes."""
    try:
        return any(path.is_dir() for path in find(name, runtime))
    except MissingModelError:
        return False
