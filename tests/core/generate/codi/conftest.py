"""What all tests of CoDi share."""

import pytest
import torch


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Threads that wait for each other cost a tiny network more than they bring, above all on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
