"""Which models stay on a device: torch modules whose moves are recorded, on a device whose free memory is told."""

import gc

import pytest
import torch
from see2sound_nodes.s2s_core import resident

MB = 1 << 20


class Card:
    """A device of `size` bytes that knows which of its modules are on it."""

    def __init__(self, size):
        self.size, self.on, self.moves = size, [], []
        self.residents = resident.Residents(lambda device: self.size - sum(map(resident.weight_bytes, self.on)))

    def module(self, megabytes, name):
        card, module = self, torch.nn.Linear(megabytes * MB // 4, 1, bias=False, device="meta")

        def to(device):
            at_home = device == "cpu"
            card.moves.append((name, device))
            card.on = [other for other in card.on if other is not module] + ([] if at_home else [module])
            return module

        module.to = to
        module.name = name
        return module

    def names(self):
        return [module.name for module in self.on]


@pytest.fixture(autouse=True)
def no_spare(monkeypatch):
    monkeypatch.setattr(resident, "SPARE", 0)
    monkeypatch.setattr(resident, "IDLE", "cpu")


def use(card, module, memory=0):
    with card.residents.hold(module, "cuda", memory * MB):
        assert module in card.on
        return card.names()


def test_models_stay_while_there_is_room_and_the_longest_unused_goes_first():
    card = Card(100 * MB)
    a, b, c = card.module(40, "a"), card.module(40, "b"), card.module(30, "c")
    assert use(card, a) == ["a"]
    assert use(card, b) == ["a", "b"]
    use(card, a)
    assert set(use(card, c)) == {"a", "c"}
    assert set(use(card, a, memory=35)) == {"a"}  # room for what it computes counts too


def test_what_computes_is_never_taken_away():
    card = Card(100 * MB)
    a, b = card.module(40, "a"), card.module(80, "b")
    with card.residents.hold(a, "cuda"), card.residents.hold(b, "cuda"):
        assert card.names() == ["a", "b"]
    card.residents.release()
    assert card.names() == []


def test_a_model_that_nobody_holds_is_forgotten():
    card = Card(100 * MB)
    a = card.module(40, "a")
    use(card, a)
    card.on.clear()
    del a
    gc.collect()
    use(card, card.module(80, "b"))
    assert ("a", "cpu") not in card.moves


def test_running_out_of_memory_while_moving_sends_everything_else_home():
    card = Card(1000 * MB)
    a, b = card.module(40, "a"), card.module(40, "b")
    use(card, a)
    move, tries = b.to, []

    def short(device):
        tries.append(device)
        if device == "cuda" and "a" in card.names():
            raise torch.cuda.OutOfMemoryError("no room")
        return move(device)

    b.to = short
    assert use(card, b) == ["b"] and tries == ["cuda", "cpu", "cuda"]


def test_running_out_of_memory_while_computing_leaves_an_empty_device():
    card = Card(1000 * MB)
    a, b = card.module(40, "a"), card.module(40, "b")
    use(card, a)
    with pytest.raises(torch.cuda.OutOfMemoryError), card.residents.hold(b, "cuda"):
        raise torch.cuda.OutOfMemoryError("no room")
    assert card.names() == []


def test_any_other_error_leaves_the_model_idle():
    card = Card(100 * MB)
    a = card.module(60, "a")
    with pytest.raises(ValueError), card.residents.hold(a, "cuda"):
        raise ValueError
    assert use(card, card.module(60, "b")) == ["b"]


def test_on_a_cpu_nothing_is_counted():
    card = Card(0)
    a = card.module(40, "a")
    with card.residents.hold(a, "cpu"):
        assert card.moves == [("a", "cpu")]
    assert card.residents._order == []
