import importlib.util
from itertools import chain

import numpy as np
import pytest
import torch
from see2sound_nodes.s2s_core import segment
from see2sound_nodes.s2s_core.backend import Model
from see2sound_nodes.s2s_core.errors import Cancelled, DependencyError, InputError
from see2sound_nodes.s2s_core.media.samples import load_sample
from see2sound_nodes.s2s_core.models import libraries
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.segment import tags
from see2sound_nodes.s2s_core.segment.lite0 import LABELS, SIDE, Lite0, _Conv
from see2sound_nodes.s2s_core.types import Picture, Region

RUNTIME = HeadlessRuntime("cpu")
DOG = 200
needs_weights = pytest.mark.skipif(
    importlib.util.find_spec(tags.PACKAGE.replace("-", "_")) is None, reason=f"{tags.PACKAGE} is not installed"
)


class Stub(torch.nn.Module):
    """Takes what is bright for a dog: the more of it, the surer."""

    def __init__(self):
        super().__init__()
        self.gain = torch.nn.Parameter(torch.tensor(20.0), requires_grad=False)  # of the share that is white

    def forward(self, x):
        logits = torch.zeros(len(x), LABELS)
        logits[:, DOG] = self.gain * x.clamp(min=0).mean((1, 2, 3))
        return logits


@pytest.fixture
def stub(monkeypatch):
    monkeypatch.setattr(tags, "load", Stub)


def scene():
    """A bright square at the left, a dark one at the right, all else grey, and three regions."""
    pixels = np.full((60, 120, 3), tags.GREY / 255, np.float32)
    left, right = np.zeros((2, 60, 120), bool)
    left[20:40, 20:40] = right[20:40, 80:100] = True
    pixels[left], pixels[right] = 1, 0
    regions = Region(left, "region 1"), Region(right, "region 2"), Region(~left & ~right, "background", background=True)
    return Picture(pixels), regions


def words(regions):
    return [(region.label, region.prompt) for region in regions]


def chances(**of):
    """[3, 1000] chances of all labels in the three looks, from those of some labels."""
    table = np.zeros((3, LABELS))
    for label, values in of.items():
        table[:, int(label[1:])] = values
    return table


def test_a_label_means_one_word():
    labels = list(chain(*map(tags.members, tags.WORDS)))
    assert len(labels) == len(set(labels)) and 0 <= min(labels) and max(labels) < LABELS
    assert tags.members("fish")[:8] == [0, 1, 2, 3, 4, 5, 6, 389]


def test_labels_of_one_word_add_up():
    word, sure = tags.best(chances(_968=(0.3, 0.3, 0), _967=(0.3, 0.3, 0), _200=(0.4, 0.4, 0)))
    assert word == "cup" and sure == pytest.approx(0.6)


def test_a_word_must_be_seen_in_the_region_itself():
    assert tags.best(chances(_200=(0.9, 0.4, 0.1)))[1] == pytest.approx(0.6)
    assert tags.best(chances(_200=(0.9, 0.4, 0.5)))[1] == 0
    assert tags.best(chances(_200=(0.9, 0.95, 0.97)))[1] > 0.9, "what is certain by itself needs no contrast"


def test_looks():
    picture, (left, *_) = scene()
    whole, alone, without = tags.looks(left.mask, picture.pixels, 28)
    assert whole.shape == (3, 28, 28) and whole.dtype == np.float32
    assert np.allclose(alone + without, whole, atol=1e-6)
    assert alone[:, 14, 14] == pytest.approx(1) and without[:, 14, 14] == pytest.approx(0)
    assert np.abs(whole[:, 0, 0]).max() < 0.01, "the margin shows the grey around"


def test_only_the_region_that_is_sure_gets_the_word(stub):
    picture, regions = scene()
    named = segment.tags.name_regions(regions, picture, RUNTIME)
    assert words(named) == [("dog", "dog"), ("region 2", ""), ("background", "")]
    assert all(new.mask is old.mask for new, old in zip(named, regions, strict=True))
    assert words(tags.name_regions(regions, picture, RUNTIME, sure=1.0)) == words(regions)


def test_the_users_words_stand(stub):
    picture, (left, *_) = scene()
    given = [Region(left.mask, "Rex"), Region(left.mask, "region 1", "a howl"), Region(left.mask, "Rex", "a howl")]
    assert words(tags.name_regions(given, picture, RUNTIME)) == [("Rex", "dog"), ("dog", "a howl"), ("Rex", "a howl")]


def test_nothing_to_name_needs_no_network(monkeypatch):
    monkeypatch.setattr(tags, "load", None)
    picture, (*_, background) = scene()
    assert tags.name_regions((), picture, RUNTIME) == ()
    assert tags.name_regions([background], picture, RUNTIME) == (background,)


def test_cancel_between_regions(stub):
    picture, regions = scene()
    runtime = HeadlessRuntime("cpu", listen=lambda label, done, total: done == 1 and runtime.cancel.set())
    with pytest.raises(Cancelled, match="naming the regions .1 of 3."):
        tags.name_regions(regions, picture, runtime)


def test_what_is_refused(stub):
    picture, (left, *_) = scene()
    with pytest.raises(InputError, match="sure is 0; allowed"):
        tags.name_regions([left], picture, RUNTIME, sure=0)
    with pytest.raises(InputError, match="region 1 is 50 x 60 pixels, picture is 120 x 60; .* use the picture"):
        tags.name_regions([Region(left.mask[:, :50], "region 1")], picture, RUNTIME)
    with pytest.raises(InputError, match="covers nothing"):
        tags.name_regions([Region(np.zeros_like(left.mask))], picture, RUNTIME)


def test_the_missing_package_is_named(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(libraries, "import_module", missing)
    picture, regions = scene()
    with pytest.raises(DependencyError, match=f"naming regions needs .*: pip install '{tags.PACKAGE}'$"):
        tags.name_regions(regions, picture, RUNTIME)


def test_the_network_has_the_size_that_is_published():
    network = Lite0().eval()
    assert sum(value.numel() for value in network.parameters()) == 4_652_008
    with torch.no_grad():
        assert network(torch.zeros(2, 3, SIDE, SIDE)).shape == (2, LABELS)


@pytest.mark.parametrize("kernel, stride", [(1, 1), (3, 1), (3, 2), (5, 1), (5, 2)])
def test_padding_is_tensorflows(kernel, stride):
    """ceil(n / stride) results; of the zeros that this takes, the odd one lies after the map."""
    side, conv = 8, _Conv(1, 1, kernel, stride)
    results = -(-side // stride)
    zeros = max(0, (results - 1) * stride + kernel - side)
    assert conv.edges[:2] == (zeros // 2, zeros - zeros // 2)
    with torch.no_grad():
        assert conv(torch.zeros(1, 1, side, side)).shape[2:] == (results, results)


@needs_weights
@pytest.mark.parametrize("name, label, chance", [("chelsea", 285, 0.77), ("coffee", 967, 0.90)])
def test_the_weights_know_the_photographs(name, label, chance):
    """Egyptian cat and espresso, in the whole picture."""
    whole = np.ones(load_sample(name).size, bool)
    look = torch.from_numpy(tags.looks(whole, load_sample(name).pixels, SIDE)[:1])
    assert tags.load()(look).softmax(-1)[0, label] == pytest.approx(chance, abs=0.03)


@needs_weights
@pytest.mark.parametrize("name, word", [("rocket", "rocket"), ("coffee", "cup"), ("chelsea", "cat")])
def test_the_thing_in_the_photograph_gets_its_word(name, word):
    picture = load_sample(name)
    model = Model("segment", "superpixels", segment.BACKENDS["superpixels (no weights)"].load(RUNTIME))
    regions = segment.run(model, picture, runtime=RUNTIME)
    named = tags.name_regions(regions, picture, RUNTIME)
    assert {region.label for region in named if region.prompt} == {word}
    assert named[-1] is regions[-1], "the background is no thing"
