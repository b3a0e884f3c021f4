"""What all tests of AViTAR share."""

import pytest
import torch

from .tiny import built, built_dry


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Threads that wait for each other cost a tiny network more than they bring, above all on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def tiny():
    return built("tiny")


@pytest.fixture(scope="session")
def dry():
    return built_dry()
