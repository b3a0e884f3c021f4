"""A user without a past, and a publisher on this machine."""

import pytest

from .publisher import Publisher, become_hub


@pytest.fixture(autouse=True)
def nobody(tmp_path_factory, monkeypatch):
    """No test reads the user's files, asks the network, or is told to stay off it."""
    from huggingface_hub import constants

    home = tmp_path_factory.mktemp("home")
    places = {"HF_HUB_CACHE": "hub", "HF_TOKEN_PATH": "token", "HF_STORED_TOKENS_PATH": "tokens"}
    places |= {"AGENT_HARNESSES_PATH": "harnesses.json", "HF_XET_CACHE": "xet", "HF_HOME": "."}
    for constant, name in places.items():
        monkeypatch.setattr(constants, constant, str(home / name), raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True, raising=False)
    become_hub(monkeypatch, "http://127.0.0.1:9")  # nobody listens there
    for name in ("SEE2SOUND_OFFLINE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "SEE2SOUND_MODELS", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    return home


@pytest.fixture
def publisher():
    server = Publisher()
    yield server
    server.close()
