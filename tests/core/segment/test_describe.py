import numpy as np
import pytest
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.segment import describe, listed
from see2sound_nodes.s2s_core.types import Region

REGIONS = tuple(
    Region(np.eye(10, dtype=bool), f"region {i}", prompt) for i, prompt in ((1, "rain"), (2, ""), (3, "wind"))
)


def words(regions):
    return [(region.label, region.prompt) for region in regions]


def test_a_line_says_something_new_and_no_line_leaves_what_there_is():
    found = describe(REGIONS, "roof\n\nflag", "\n a bell \n-\n\n")
    assert words(found) == [("roof", "rain"), ("region 2", "a bell"), ("flag", "")]
    assert all(new.mask is old.mask for new, old in zip(found, REGIONS, strict=True))
    assert words(describe(REGIONS)) == words(REGIONS) and describe(()) == ()


def test_list():
    assert listed(REGIONS).splitlines()[0] == "1  region 1  10.0%  rain"
    assert listed(REGIONS).splitlines()[1] == "2  region 2  10.0%"


@pytest.mark.parametrize("name", ["labels", "prompts"])
def test_more_lines_than_regions(name):
    with pytest.raises(InputError, match=f"{name} has 4 lines for 3 regions; allowed is one line for each"):
        describe(REGIONS, **{name: "a\nb\nc\nd"})
