from dataclasses import replace

import numpy as np
import pytest
from see2sound_nodes.s2s_core import figures
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.figures import channels, plan, regions, sphere, style
from see2sound_nodes.s2s_core.figures import sources as legends
from see2sound_nodes.s2s_core.figures.projection import Hammer, Window
from see2sound_nodes.s2s_core.spatialize.layouts import LAYOUTS
from see2sound_nodes.s2s_core.types import (
    DepthMap,
    Layout,
    Picture,
    Region,
    Room,
    Scene,
    SoundSource,
    Speaker,
    Surround,
    Trajectory,
)

RATE = 8000
HEIGHTS = Layout(
    "5.1.4",
    (*LAYOUTS["5.1"].speakers, *(Speaker(f"T{a}", a, 45) for a in (45, -45, 110, -110))),
    0,
    "5.1.4",
)


def source(azimuth=0.0, elevation=0.0, distance=2.0, label="thing", **more):
    return SoundSource(label, Trajectory.still(azimuth, elevation, distance), **{"width": 6.0, **more})


def pixels_of(image):
    return np.asarray(image).astype(int)


def spot(image, colour, box=None):
    """(x, y) of the middle of the pixels of a colour inside box (left, upper, right, lower), or None."""
    left, upper, right, lower = box or (0, 0, *image.size)
    near = np.abs(pixels_of(image)[upper:lower, left:right] - colour).max(axis=2) < 12
    if not near.any():
        return None
    rows, columns = np.nonzero(near)
    # The middle of the extent, not of the area: the number in a badge is not symmetrical.
    return (columns.min() + columns.max() + 1) / 2 + left, (rows.min() + rows.max() + 1) / 2 + upper


FRONT = Window(style.MARGIN + 34, style.HEADER, style.WIDTH - 2 * style.MARGIN - 34)
FRONT_BOX = tuple(round(v) for v in (FRONT.left, FRONT.top, FRONT.left + FRONT.width, FRONT.top + FRONT.height))
WHOLE = Hammer(style.MARGIN, style.HEADER, style.WIDTH - 2 * style.MARGIN)
DIAL_MIDDLE = style.MARGIN + plan.RIM + plan.DIAL / 2, style.HEADER + plan.RIM + plan.DIAL / 2
DIAL_BOX = (0, style.HEADER, round(DIAL_MIDDLE[0] + plan.DIAL / 2), 900)


# --- style ---------------------------------------------------------------------------------------------------------


def test_badges_are_moved_only_where_they_would_touch():
    apart = [(0.0, 0.0), (40.0, 0.0), (0.0, 41.0)]
    assert style.spread_out(apart, 30) == apart
    random = np.random.default_rng(5)
    crowd = [tuple(point) for point in random.uniform(0, 60, (20, 2))]
    moved = np.array(style.spread_out(crowd, 30))
    gaps = np.linalg.norm(moved[:, None] - moved[None], axis=2)[~np.eye(20, dtype=bool)]
    assert gaps.min() > 29.8
    assert tuple(moved[0]) == crowd[0]


def test_text_is_shortened_and_kept_drawable():
    canvas = style.Canvas(10)
    assert canvas.shortened("short", 16, 300) == "short"
    cut = canvas.shortened("a very long label indeed " * 9, 16, 200)
    assert cut.endswith("...") and canvas.length(cut, 16) <= 200
    assert style.drawable("Gr\u00fc\u00dfe\n\u4e2d  x") == "Gru?e ? x"
    assert style.degrees(-0.4) == "0\N{DEGREE SIGN}" and style.degrees(12.3) == "+12\N{DEGREE SIGN}"
    assert style.metres(9.94) == "9.9 m" and style.metres(9.96) == "10 m"


def test_colours_repeat_only_after_the_palette_and_numbers_can_be_read_on_them():
    assert len({style.colour_of(i) for i in range(7)}) == 7
    assert style.colour_of(7) == style.colour_of(0) != style.colour_of(0, background=True)
    for colour in (*style.PALETTE, style.AMBIENCE):
        assert abs(np.dot(np.subtract(colour, style.contrast(colour)), (0.299, 0.587, 0.114))) > 90


# --- the two charts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chart", [Hammer(10, 20, 400), Window(10, 20, 400)])
def test_places_and_directions_of_a_chart_agree(chart):
    vectors, inside = chart.directions()
    assert vectors.shape[:2] == inside.shape == (round(chart.height), round(chart.width))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=2), 1)
    for row, column in [(100, 200), (60, 90), (130, 333), (40, 210)]:
        x, y, z = vectors[row, column]
        place = chart.place(np.degrees(np.arctan2(y, x)), np.degrees(np.arcsin(z)))
        assert place == pytest.approx((chart.left + column + 0.5, chart.top + row + 0.5), abs=1e-6)


@pytest.mark.parametrize("chart", [Hammer(10, 20, 400), Window(10, 20, 400)])
def test_left_is_left_and_up_is_up(chart):
    middle = chart.place(0, 0)
    assert middle == (chart.left + chart.width / 2, chart.top + chart.height / 2)
    assert chart.place(30, 0)[0] < middle[0] < chart.place(-30, 0)[0]
    assert chart.place(0, 20)[1] < middle[1] < chart.place(0, -20)[1]
    left, right = chart.place(40, 15), chart.place(-40, 15)
    assert left[0] - chart.left == pytest.approx(chart.left + chart.width - right[0])


def test_the_oval_holds_every_direction_and_has_equal_areas():
    chart = Hammer(0, 0, 600)
    vectors, inside = chart.directions()
    assert inside.mean() == pytest.approx(np.pi / 4, abs=0.003)
    front = (vectors[inside] @ (1, 0, 0) > np.cos(np.radians(40))).sum()
    back = (vectors[inside] @ (-0.6, 0.64, 0.48) > np.cos(np.radians(40))).sum()
    assert back == pytest.approx(front, rel=0.01)
    assert Window(0, 0, 600).place(61, 0) is None and Window(0, 0, 600).place(0, -28) is None
    assert chart.place(180, 0) == pytest.approx((0, 150))


# --- directions ----------------------------------------------------------------------------------------------------


def test_sources_stand_at_their_angles():
    image = sphere.viewing_sphere([source(20, 10), source(-35, -12)], LAYOUTS["5.1"])
    assert image.mode == "RGB" and image.width == style.WIDTH
    for index, place in enumerate([FRONT.place(20, 10), FRONT.place(-35, -12)]):
        assert spot(image, style.colour_of(index), FRONT_BOX) == pytest.approx(place, abs=2)


def test_mirrored_sources_give_mirrored_places():
    here = sphere.viewing_sphere([source(25, 8)])
    there = sphere.viewing_sphere([source(-25, 8)])
    (x, y), (mirrored_x, mirrored_y) = (spot(image, style.colour_of(0), FRONT_BOX) for image in (here, there))
    middle = FRONT.left + FRONT.width / 2
    assert mirrored_x - middle == pytest.approx(middle - x, abs=1) and mirrored_y == pytest.approx(y, abs=1)


def test_a_wide_source_is_a_wide_disc_and_a_muted_one_is_hollow():
    narrow, wide = (sphere.viewing_sphere([source(0, 0, width=width)]) for width in (4, 40))
    differs = (pixels_of(narrow) != pixels_of(wide)).any(axis=2)[FRONT_BOX[1] : FRONT_BOX[3]]
    columns = np.flatnonzero(differs.any(axis=0))
    assert columns.max() - columns.min() == pytest.approx(40 * FRONT.width / 120, abs=6)
    muted = pixels_of(sphere.viewing_sphere([source(0, 0, muted=True)]))
    x, y = (round(value) for value in FRONT.place(0, 0))
    assert tuple(muted[y + 9, x + 5]) == style.PAPER
    assert tuple(pixels_of(narrow)[y + 9, x + 5]) == style.colour_of(0)


def test_a_disc_may_cross_the_back():
    image = pixels_of(sphere.viewing_sphere([source(180, 0, width=40)]))
    for azimuth in (172, -172):
        x, y = (round(value) for value in WHOLE.place(azimuth, 6))
        red, green, blue = image[y, x]
        assert red > blue + 20, "tinted by the first colour, orange"


def test_an_ambience_has_no_place():
    ambience = source(0, 0, width=360, background=True)
    image = sphere.viewing_sphere([ambience])
    assert spot(image, style.AMBIENCE, FRONT_BOX) is None
    assert spot(image, style.AMBIENCE) is not None


@pytest.mark.parametrize(("azimuth", "elevation"), [(61, 0), (-150, 0), (0, 28)])
def test_the_whole_sphere_is_the_large_chart_when_something_lies_outside_the_front(azimuth, elevation):
    image = sphere.viewing_sphere([source(azimuth, elevation), source(20, 5)])
    box = (0, style.HEADER, style.WIDTH, round(style.HEADER + WHOLE.height))
    for index, place in enumerate([WHOLE.place(azimuth, elevation), WHOLE.place(20, 5)]):
        assert spot(image, style.colour_of(index), box) == pytest.approx(place, abs=2)


# --- sources that move ---------------------------------------------------------------------------------------------


def moving(azimuth, elevation=(0, 0), distance=(2, 2), **more):
    knots = (np.arange(len(azimuth)), azimuth, elevation, distance)
    return SoundSource("car", Trajectory(*(np.array(values, float) for values in knots)), 0.0, **more)


def ink(image, place, colour=style.PALETTE[0]):
    """How many of the pixels within 3 of a place have a colour."""
    x, y = (round(value) for value in place)
    return int((np.abs(pixels_of(image)[y - 3 : y + 4, x - 3 : x + 4] - colour).max(axis=2) < 12).sum())


def test_the_way_of_a_moving_source_is_drawn_and_points_where_it_goes():
    there, back = (sphere.viewing_sphere([moving(way)]) for way in ((-40, 40), (40, -40)))
    still = sphere.viewing_sphere([source(-40)])
    for azimuth in (-30, 0, 25):
        assert ink(there, FRONT.place(azimuth, 0)) > 6 and not ink(still, FRONT.place(azimuth, 0))
    tip = FRONT.place(40, 0)
    beside = tip[0] + legends.HEAD - 3, tip[1] + legends.HALF_WIDTH - 2
    assert ink(there, beside) > 6, "a head at the end of its way"
    mirrored = 2 * FRONT.left + FRONT.width - beside[0], beside[1]
    assert ink(back, mirrored) > 6 and not ink(there, (mirrored[0] - 24, mirrored[1] + 8))


def test_a_way_across_the_back_does_not_cross_the_map():
    image = sphere.viewing_sphere([moving((150, -150))])
    assert ink(image, WHOLE.place(170, 0)) > 6 and ink(image, WHOLE.place(-165, 0)) > 6
    assert not any(ink(image, WHOLE.place(azimuth, 0)) for azimuth in range(-120, 121, 20))


def test_the_plan_follows_a_way_and_reaches_its_farthest_place():
    image = plan.room_plan(Room(), [moving((0, 90, 90), (0, 0, 0), (1, 1, 30))])
    metre = plan.NEAR_SHARE * plan.DIAL / 2 / np.hypot(3, 2.5)
    x, y = DIAL_MIDDLE
    assert ink(image, (x - metre * np.sqrt(0.5), y - metre * np.sqrt(0.5))) > 6, "round the listener"
    assert ink(image, (x - 3 * metre, y)) > 6, "then away to the left"
    tip = x - plan.OUTERMOST * plan.DIAL / 2, y
    assert ink(image, (tip[0] + 8, tip[1])) > 20 and not ink(image, (tip[0] - 6, tip[1]))


@pytest.mark.parametrize(
    ("values", "words"), [((-80, 80), "-80 to +80"), ((5, 5), "+5"), ((0, 30, 0), "0 to +30 and back"), ((7,), "+7")]
)
def test_a_way_in_words(values, words):
    assert legends.span(np.array(values), lambda value: style.degrees(value)[:-1]) == words


def test_why_a_source_is_silent_stands_in_the_legend():
    rows = legends.entries([source(solo=True), source(), source(muted=True), source(solo=True, muted=True)], str)
    ends = [remark.rpartition(")")[2] for *_, remark, _ in rows]
    assert ends == ["", ", not solo", ", muted", ", muted"]
    assert [hollow for *_, hollow in rows] == [False, True, True, True]
    image = pixels_of(sphere.viewing_sphere([source(20, solo=True), source(-20)]))
    x, y = (round(value) for value in FRONT.place(-20, 0))
    assert tuple(image[y + 9, x + 5]) == style.PAPER, "hollow"


# --- plan ----------------------------------------------------------------------------------------------------------


def test_the_plan_is_to_scale_inside_the_walls():
    room = Room((8, 6, 3))
    for azimuth, metres in ((0, 3), (90, 2.5), (-120, 2)):
        image = plan.room_plan(room, [source(azimuth, 0, metres)])
        scale = plan.OUTERMOST * plan.DIAL / 2 / 5  # the corner is 5 m away
        x = DIAL_MIDDLE[0] - scale * metres * np.sin(np.radians(azimuth))
        y = DIAL_MIDDLE[1] - scale * metres * np.cos(np.radians(azimuth))
        assert spot(image, style.colour_of(0), DIAL_BOX) == pytest.approx((x, y), abs=1.5)


def test_mirrored_sources_give_mirrored_places_on_the_plan():
    for metres in (2, 30):
        places = [
            spot(plan.room_plan(Room(), [source(azimuth, 5, metres)]), style.colour_of(0), DIAL_BOX)
            for azimuth in (70, -70)
        ]
        assert places[0][0] - DIAL_MIDDLE[0] == pytest.approx(DIAL_MIDDLE[0] - places[1][0], abs=1)
        assert places[0][0] < DIAL_MIDDLE[0] - 50
        assert places[0][1] == pytest.approx(places[1][1], abs=1)


def test_the_scale_is_even_then_logarithmic_and_never_jumps():
    to_pixels = plan._scale(4.0, 400.0, 350.0)
    metres = np.geomspace(0.01, 400, 3000)
    pixels = np.array([to_pixels(value) for value in metres])
    assert (np.diff(pixels) > 0).all() and np.diff(pixels).max() < 2
    assert to_pixels(2) == pytest.approx(to_pixels(4) / 2)
    assert to_pixels(40) - to_pixels(4) == pytest.approx(to_pixels(400) - to_pixels(40))
    assert to_pixels(400) == pytest.approx(plan.OUTERMOST * 350)
    within = plan._scale(4.0, 3.0, 350.0)
    assert within(4) == pytest.approx(plan.OUTERMOST * 350)


def test_what_is_above_is_nearer_on_the_plan():
    level, high = (
        spot(plan.room_plan(Room(), [source(60, elevation, 2)]), style.colour_of(0), DIAL_BOX) for elevation in (0, 60)
    )
    reach = [np.hypot(x - DIAL_MIDDLE[0], y - DIAL_MIDDLE[1]) for x, y in (level, high)]
    assert reach[1] == pytest.approx(reach[0] / 2, abs=1.5)


def test_walls_stand_around_the_listener_and_not_in_the_open_air():
    room = Room((6, 4, 3), listener=(1.0, 1.0, 1.2))
    image = pixels_of(plan.room_plan(room, []))
    scale = plan.OUTERMOST * plan.DIAL / 2 / np.hypot(5, 3)
    x, y = DIAL_MIDDLE
    for wall in ((y - 5 * scale, x), (y + scale, x - 100), (y - 200, x - 3 * scale), (y - 60, x + scale)):
        row, column = (round(value) for value in wall)
        assert image[row - 4 : row + 5, column - 4 : column + 5].min(axis=2).max() > 200, wall
    open_air = pixels_of(plan.room_plan(replace(room, t60=0.0), []))
    assert open_air[round(y - 5 * scale) - 4 : round(y - 5 * scale) + 5, round(x) + 20].max() < 150


def test_in_a_long_street_the_sources_set_the_scale():
    street, near_things = Room((60, 14, 12), 0.9), [source(30, 0, 2.2), source(-30, 0, 3)]
    image = plan.room_plan(street, near_things)
    metre = plan.OUTERMOST * plan.DIAL / 2 / (plan.NEAR_FACTOR * 2.6)
    x, y = DIAL_MIDDLE
    place = x - metre * 2.2 * 0.5, y - metre * 2.2 * np.sqrt(0.75)
    assert spot(image, style.colour_of(0), DIAL_BOX) == pytest.approx(place, abs=1.5)
    for wall in (x - 7 * metre, x + 7 * metre):
        beside = pixels_of(image)[round(y) + 30, round(wall) - 4 : round(wall) + 5]
        assert beside.min(axis=1).max() > 200, "the side walls are within reach"
    assert plan._near(Room(), [1.0]) == pytest.approx(np.hypot(3, 2.5)), "a living room is always shown whole"
    assert plan._near(Room(t60=0.0), []) == plan.LEAST_NEAR


# --- everything that can happen ------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", [None, *LAYOUTS.values(), HEIGHTS], ids=lambda layout: layout and layout.name)
def test_every_layout(layout):
    scene = [source(10), source(-100, 30)]
    assert sphere.viewing_sphere(scene, layout).width == plan.room_plan(Room(), scene, layout).width == style.WIDTH
    if layout:
        samples = np.zeros((len(layout.speakers), 100), np.float32)
        assert channels.channel_strips(Surround(samples, RATE, layout)).width == style.WIDTH


@pytest.mark.parametrize("count", [0, 1, 25])
def test_any_number_of_sources_with_long_labels(count):
    random = np.random.default_rng(count)
    crowd = [
        source(*random.uniform(-20, 20, 2), random.uniform(0.5, 90), f"{i} the quick brown fox jumps over \u4e2d" * 3)
        for i in range(count)
    ]
    for image in (sphere.viewing_sphere(crowd, LAYOUTS["5.1"]), plan.room_plan(Room(), crowd)):
        assert image.width == style.WIDTH
        border = pixels_of(image)
        for edge in (border[:, :4], border[:, -4:], border[:4], border[-4:]):
            assert (edge == style.PAPER).all(), "nothing is drawn over the margin"


def test_many_at_one_place_are_all_numbered():
    image = plan.room_plan(Room(), [source(0, 0, 2)] * 5)
    assert all(spot(image, style.colour_of(i), DIAL_BOX) is not None for i in range(5))


# --- regions -------------------------------------------------------------------------------------------------------


def photo(height=300, width=600):
    return Picture(np.full((height, width, 3), (0.2, 0.4, 0.6), np.float32), "card")


def box(x0, y0, x1, y1, size=(300, 600), **words):
    mask = np.zeros(size, bool)
    mask[y0:y1, x0:x1] = True
    return Region(mask, **words)


def at(image, x, y, scale=1112 / 600):
    return pixels_of(image)[round(style.HEADER + y * scale), round(style.MARGIN + x * scale)]


def test_regions_are_tinted_outlined_and_the_rest_is_the_photograph():
    colour = np.array(style.colour_of(0))
    ground = np.array((51, 102, 153))
    image = regions.regions_overlay(photo(), [box(100, 80, 260, 240, label="x")])
    assert image.width == style.WIDTH
    np.testing.assert_allclose(at(image, 400, 150), ground, atol=1)
    np.testing.assert_allclose(at(image, 120, 100), ground + regions.FILL * (colour - ground), atol=2)
    np.testing.assert_allclose(at(image, 100, 120), colour, atol=30)


def test_the_background_is_dimmed():
    thing = box(100, 80, 260, 240)
    image = regions.regions_overlay(photo(), [thing, Region(~thing.mask, "air", background=True)])
    assert at(image, 400, 250).sum() < 0.7 * (51 + 102 + 153)
    plain = regions.regions_overlay(photo(), [thing])
    np.testing.assert_array_equal(at(image, 120, 100), at(plain, 120, 100))


@pytest.mark.parametrize("size", [(300, 600), (600, 300), (16, 16), (40, 900), (900, 40)])
@pytest.mark.parametrize("count", [0, 12])
def test_pictures_of_any_shape(size, count):
    random = np.random.default_rng(7)
    height, width = size
    found = []
    for index in range(count):
        x, y = int(random.integers(0, width - 8)), int(random.integers(0, height - 8))
        found.append(box(x, y, x + 8, y + 8, size, label=f"thing {index} with a long name"))
    image = regions.regions_overlay(photo(*size), found)
    assert image.width == style.WIDTH and image.height < 1400


def test_an_empty_mask_and_a_mask_of_another_size():
    regions.regions_overlay(photo(), [box(0, 0, 0, 0)])
    with pytest.raises(InputError, match="'cat' has a mask of 20 x 10 pixels, but card is 600 x 300"):
        regions.regions_overlay(photo(), [box(0, 0, 5, 5, (10, 20), label="cat")])


# --- channels ------------------------------------------------------------------------------------------------------


def mix(seconds=2.0):
    time = np.arange(round(seconds * RATE)) / RATE
    samples = np.zeros((6, len(time)), np.float32)
    samples[0] = 0.5 * np.sin(2 * np.pi * 440 * time)
    samples[1] = 0.125 * np.sin(2 * np.pi * 440 * time)
    samples[3] = 0.25 * np.sin(2 * np.pi * 50 * time)
    samples[4, len(time) // 2 :] = 0.5
    return Surround(samples, RATE, LAYOUTS["5.1"], -20.0, -6.0)


def height_of(image, channel, colours, x):
    """The most pixels that one of the columns x..x+30 of a strip has in the wave's colours."""
    strip = channels.ALL_STRIPS / 6
    top = style.HEADER + 10 + channel * strip
    part = pixels_of(image)[round(top) : round(top + strip), x : x + 30]
    return int(sum(np.abs(part - colour).max(axis=2) < 12 for colour in colours).sum(axis=0).max())


def test_the_height_of_a_strip_is_the_level():
    image = channels.channel_strips(mix())
    mains, lfe = (channels.WAVE, channels.CORE), (channels.WAVE_LFE, channels.CORE_LFE)
    full = channels.ALL_STRIPS / 6 - channels.GAP - 6
    assert height_of(image, 0, mains, 400) == pytest.approx(full, abs=6)  # -6 dBFS where full height is -6 dBFS
    assert height_of(image, 1, mains, 400) == pytest.approx(full / 4, abs=3)
    assert height_of(image, 0, mains[1:], 400) == pytest.approx(full / np.sqrt(2), abs=5)
    assert height_of(image, 2, mains, 400) == 0, "silent"
    assert height_of(image, 3, lfe, 400) == pytest.approx(full / 2, abs=4)
    assert height_of(image, 4, mains, 300) <= 2 < 10 < height_of(image, 4, mains, 900), "silent until the middle"


@pytest.mark.parametrize("peak, ceiling", [(0, 1), (1e-3, 2**-9), (0.5, 0.5), (0.51, 1), (1, 1), (1.7, 1.7)])
def test_the_scale_of_the_strips(peak, ceiling):
    assert channels._ceiling(peak) == ceiling


def test_names_of_channels_are_written_out(monkeypatch):
    written = []
    monkeypatch.setattr(style.Canvas, "text", lambda self, at, text, *_, **__: written.append((at[0], text)))
    longest = Layout("two", (Speaker("a rather long name"), Speaker("right")), 0, "stereo")
    channels.channel_strips(Surround(np.zeros((2, 9), np.float32), RATE, longest))
    marks = {text: x for x, text in written}
    assert marks["a rather long name"] + style.Canvas(9).length("a rather long name", 20) < marks["0 s"]
    assert LAYOUTS["binaural"].labels == ("left", "right")


def test_levels_in_words():
    assert channels._levels(mix()) == "-20.0 LUFS, true peak -6.0 dBTP"
    assert channels._levels(replace(mix(), loudness=float("-inf"))) == "silence"
    assert channels._levels(replace(mix(), true_peak=float("nan"))) == "loudness not measured"
    assert channels._db(0.5) == "-6.0" and channels._db(0.0) == "silent"


@pytest.mark.parametrize("length", [0, 1, 2, 3, 50, 500_000])
def test_any_duration(length):
    surround = Surround(np.full((6, length), 0.1, np.float32), RATE, LAYOUTS["5.1"])
    assert channels.channel_strips(surround).width == style.WIDTH


# --- the table -----------------------------------------------------------------------------------------------------


def whole_scene():
    thing = box(100, 80, 260, 240, label="x")
    return Scene((source(10),), photo(), (thing,), room=Room(), surround=mix(0.5))


def test_the_sheet_holds_every_figure_that_can_be_drawn():
    scene = whole_scene()
    parts = [figures.draw(scene, name) for name in figures.FIGURES]
    sheet = figures.draw(scene, "all")
    part_width = parts[0].width
    below = max(parts[0].height, parts[1].height)
    assert sheet.size == (2 * parts[0].width, below + max(parts[2].height, parts[3].height))
    for part, corner in zip(parts, [(0, 0), (part_width, 0), (0, below), (part_width, below)], strict=True):
        found = sheet.crop((*corner, corner[0] + part.width, corner[1] + part.height))
        np.testing.assert_array_equal(pixels_of(found), pixels_of(part))
    assert figures.available(replace(scene, room=None)) == ("regions", "sphere", "channels")
    fewer = figures.draw(replace(scene, surround=None, regions=None), "all")
    assert fewer.height == max(parts[1].height, parts[2].height)


def test_what_is_missing_is_named():
    scene = Scene((source(10),), photo())
    with pytest.raises(InputError, match="'regions' shows picture and regions; regions not given"):
        figures.draw(scene, "regions")
    with pytest.raises(InputError, match="'plan' shows sources and room; room not given"):
        figures.draw(scene, "plan")
    with pytest.raises(InputError, match="'channels' shows surround; surround not given"):
        figures.draw(scene, "channels")
    with pytest.raises(InputError, match="figure is 'pie'; allowed is one of: all, regions, sphere, plan, channels"):
        figures.draw(scene, "pie")


def test_same_scene_same_bytes():
    assert figures.draw(whole_scene(), "all").tobytes() == figures.draw(whole_scene(), "all").tobytes()


def test_depth_preview():
    ramp = np.linspace(-2, 6, 50, dtype=np.float32).reshape(5, 10)
    grey = figures.depth_preview(DepthMap(ramp))
    assert grey.shape == (5, 10, 3) and grey.dtype == np.float32
    np.testing.assert_allclose(grey[..., 0].ravel(), np.linspace(0, 1, 50), atol=1e-6)
    metres = figures.depth_preview(DepthMap(np.array([[1.0, 2.0, 0.0, 4.0]], np.float32), "axial"))
    np.testing.assert_allclose(metres[0, :, 2], (1, 0.5, 0, 0.25))
    assert (figures.depth_preview(DepthMap(np.full((3, 3), 7, np.float32))) == 0.5).all()
