import logging
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps
from see2sound_nodes.s2s_core.errors import InputError, MediaError, OutputError
from see2sound_nodes.s2s_core.media import images
from see2sound_nodes.s2s_core.media.images import load_picture, picture_from_array, save_png

WIDTH, HEIGHT = 24, 18


def photo(width=WIDTH, height=HEIGHT):
    """An RGB test card without any symmetry: red grows to the right, green downwards, blue is patchy."""
    y, x = np.mgrid[:height, :width]
    blue = (x * 7 + y * 13) % 5 * 40
    return np.stack([x * 255 // (width - 1), y * 255 // (height - 1), blue], axis=2).astype(np.uint8)


@pytest.fixture
def saved(tmp_path):
    def save(image, name="card.png", **options):
        path = tmp_path / name
        image.save(path, **options)
        return path

    return save


def bytes_of(picture):
    return np.rint(picture.pixels * 255).astype(int)


# --- modes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tiff", "a.webp", "a.ppm", "a.tga"])
def test_lossless_rgb_comes_back_as_it_was(saved, name):
    options = {"lossless": True} if name.endswith("webp") else {}
    picture = load_picture(saved(Image.fromarray(photo()), name, **options))
    assert picture.pixels.dtype == np.float32
    assert picture.name == "a"
    assert picture.focal_35mm is None
    np.testing.assert_array_equal(bytes_of(picture), photo())


def test_jpeg_and_cmyk_jpeg_are_close(saved):
    smooth = photo()
    smooth[..., 2] = 90
    for mode in ("RGB", "CMYK"):
        picture = load_picture(saved(Image.fromarray(smooth).convert(mode), "a.jpg", quality=95, subsampling=0))
        assert np.abs(bytes_of(picture) - smooth).max() < 16, mode


@pytest.mark.parametrize("mode", ["L", "1", "P"])
def test_grey_bits_and_palette(saved, mode):
    image = Image.fromarray(photo()).convert(mode)
    np.testing.assert_array_equal(bytes_of(load_picture(saved(image))), np.asarray(image.convert("RGB")))


def test_ycbcr_and_lab_tiff_are_close(saved):
    smooth = np.full((HEIGHT, WIDTH, 3), (180, 120, 60), np.uint8)
    lab = ImageCms.profileToProfile(
        Image.fromarray(smooth), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert np.abs(bytes_of(load_picture(saved(lab, "lab.tiff"))) - smooth).max() <= 3


def test_transparency_is_laid_over_white_and_hides_what_lies_beneath(saved):
    opacity = np.zeros((HEIGHT, WIDTH), np.uint8)
    opacity[:, 8:16], opacity[:, 16:] = 128, 255
    pixels = bytes_of(load_picture(saved(Image.fromarray(np.dstack([photo(), opacity])))))
    assert (pixels[:, :8] == 255).all()
    np.testing.assert_array_equal(pixels[:, 16:], photo()[:, 16:])
    expected = photo()[:, 8:16] * (128 / 255) + 255 * (1 - 128 / 255)
    np.testing.assert_allclose(pixels[:, 8:16], expected, atol=0.51)


@pytest.mark.parametrize("mode", ["LA", "RGB", "L", "P"])
def test_other_ways_to_be_transparent(saved, mode):
    """LA has an opacity channel; RGB, L and palette PNG may name one colour as transparent."""
    values = np.full((HEIGHT, WIDTH), 100, np.uint8)
    values[:, :5] = 30
    if mode == "LA":
        image, options = Image.fromarray(np.dstack([values, np.where(values == 30, 0, 255).astype(np.uint8)])), {}
    else:
        image = Image.fromarray(values).convert(mode)
        options = {"transparency": {"RGB": (30, 30, 30), "L": 30, "P": 30}[mode]}
    pixels = bytes_of(load_picture(saved(image, **options)))
    assert (pixels[:, :5] == 255).all()
    assert (pixels[:, 5:] == 100).all()


def png16(channels, value, extra=b""):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    size = 20
    row = b"\0" + np.full(size * channels, value, ">u2").tobytes()
    header = struct.pack(">IIBBBBB", size, size, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    chunks = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(row * size)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sixteen_bits_are_scaled(tmp_path, channels):
    path = tmp_path / "deep.png"
    path.write_bytes(png16(channels, 40000))
    opaque = 40000 / 65535
    expected = opaque if channels in (1, 3) else opaque * opaque + 1 - opaque
    np.testing.assert_allclose(load_picture(path).pixels, expected, atol=1e-6 if channels == 1 else 0.006)
    path.write_bytes(png16(channels, 65535))
    np.testing.assert_array_equal(load_picture(path).pixels, 1)


def test_sixteen_bit_grey_keeps_its_precision_and_its_transparent_value(saved):
    ramp = np.linspace(0, 65535, WIDTH * HEIGHT).astype(np.uint16).reshape(HEIGHT, WIDTH)
    picture = load_picture(saved(Image.fromarray(ramp), "ramp.tiff"))
    np.testing.assert_allclose(picture.pixels[..., 1], ramp / 65535, atol=1e-7)
    ramp[0, :3] = 1234
    picture = load_picture(saved(Image.fromarray(ramp), transparency=1234))
    assert (picture.pixels[0, :3] == 1).all()
    assert picture.pixels[0, 3, 0] < 0.01


def test_integers_and_floating_point_of_known_scale(saved):
    wide = Image.fromarray(np.full((HEIGHT, WIDTH), 32768, np.int32))
    np.testing.assert_allclose(load_picture(saved(wide, "wide.tiff")).pixels, 32768 / 65535)
    real = Image.fromarray(np.full((HEIGHT, WIDTH), 0.25, np.float32))
    np.testing.assert_allclose(load_picture(saved(real, "real.tiff")).pixels, 0.25)


@pytest.mark.parametrize("value, dtype", [(70000, np.int32), (-1, np.int32), (1.5, np.float32), (np.nan, np.float32)])
def test_numbers_of_unknown_scale_are_refused(saved, value, dtype):
    values = np.zeros((HEIGHT, WIDTH), dtype)
    values[3, 4] = value
    with pytest.raises(MediaError, match="wide.tiff holds .* allowed are 0 to"):
        load_picture(saved(Image.fromarray(values), "wide.tiff"))


def test_only_the_first_frame_of_an_animation(saved):
    frames = [Image.new("RGB", (WIDTH, HEIGHT), colour) for colour in ("red", "lime", "blue")]
    for name in ("a.gif", "a.png", "a.webp"):
        options = {"lossless": True} if name.endswith("webp") else {}
        path = saved(frames[0], name, save_all=True, append_images=frames[1:], **options)
        assert (bytes_of(load_picture(path)) == (255, 0, 0)).all(), name


# --- EXIF ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.png", "a.tiff", "a.webp"])
def test_exif_orientations_match_pillows_own(saved, orientation, name):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if name.endswith("webp") else {}
    path = saved(Image.fromarray(photo()), name, exif=exif, **options)
    with Image.open(path) as image:
        image.load()
        upright = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    picture = load_picture(path)
    np.testing.assert_array_equal(bytes_of(picture), upright)
    assert picture.size == ((WIDTH, HEIGHT) if orientation > 4 else (HEIGHT, WIDTH))
    assert picture.pixels.flags.c_contiguous


def test_orientation_turns_grey_of_16_bits_too(saved):
    exif = Image.Exif()
    exif[0x0112] = 6
    ramp = np.arange(WIDTH * HEIGHT, dtype=np.uint16).reshape(HEIGHT, WIDTH) * 100
    picture = load_picture(saved(Image.fromarray(ramp), exif=exif))
    np.testing.assert_allclose(picture.pixels[..., 0] * 65535, np.rot90(ramp, -1), atol=0.01)


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_an_orientation_out_of_range_is_upright(saved, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    np.testing.assert_array_equal(bytes_of(load_picture(saved(Image.fromarray(photo()), exif=exif))), photo())


@pytest.mark.parametrize("focal, found", [(28, 28.0), (0, None)])
def test_focal_length_of_the_lens(saved, focal, found):
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA405] = focal
    assert load_picture(saved(Image.fromarray(photo()), "a.jpg", exif=exif)).focal_35mm == found


def test_a_broken_exif_block_is_left_out_with_a_warning(saved, caplog):
    path = saved(Image.fromarray(photo()), exif=b"Exif\0\0nonsense that is no TIFF")
    with caplog.at_level(logging.WARNING):
        assert load_picture(path).focal_35mm is None
    assert "EXIF" in caplog.text


# --- colour profiles -----------------------------------------------------------------------------------------------


def linear_profile():
    """An ICC v2 matrix profile: sRGB's primaries with a gamma of 1, made by hand."""

    def xyz(*values):
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))

    curve = b"curv\0\0\0\0" + struct.pack(">I", 0)
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 7) + b"linear\0" + bytes(79),
        b"cprt": b"text\0\0\0\0none\0\0\0\0",
        b"wtpt": xyz(0.9642, 1, 0.8249),
        b"rXYZ": xyz(0.43607, 0.22249, 0.01392),
        b"gXYZ": xyz(0.38515, 0.71687, 0.09708),
        b"bXYZ": xyz(0.14307, 0.06061, 0.7141),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, body, offset = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        data += bytes(-len(data) % 4)
        table += name + struct.pack(">II", offset + len(body), len(data))
        body += data
    header = struct.pack(">I4sI4s4s4s", 128 + len(table) + len(body), bytes(4), 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    header += struct.pack(">3i", 63190, 65536, 54061) + bytes(48)
    return header + table + body


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_an_embedded_profile_is_applied(saved, mode):
    """Linear light 0.5 is 188 in sRGB (IEC 61966-2-1)."""
    image = Image.new("RGB", (WIDTH, HEIGHT), (128, 128, 128))
    image = image.quantize(2) if mode == "P" else image.convert(mode)
    picture = load_picture(saved(image, icc_profile=linear_profile()))
    assert np.abs(bytes_of(picture) - 188).max() <= 1


@pytest.mark.parametrize("profile", [b"no profile at all", linear_profile()[:200]])
def test_a_broken_profile_is_left_out_with_a_warning(saved, profile, caplog):
    with caplog.at_level(logging.WARNING):
        picture = load_picture(saved(Image.fromarray(photo()), icc_profile=profile))
    np.testing.assert_array_equal(bytes_of(picture), photo())
    assert "profile" in caplog.text


def test_a_profile_for_other_colours_is_left_out_with_a_warning(saved, caplog):
    with caplog.at_level(logging.WARNING):
        picture = load_picture(saved(Image.fromarray(photo()).convert("L"), icc_profile=linear_profile()))
    np.testing.assert_array_equal(bytes_of(picture)[..., 0], np.asarray(Image.fromarray(photo()).convert("L")))
    assert "profile" in caplog.text


# --- errors --------------------------------------------------------------------------------------------------------


def one_line(path, words):
    with pytest.raises(MediaError, match=words) as caught:
        load_picture(path)
    message = str(caught.value)
    assert "\n" not in message
    assert path.name in message


def test_files_that_are_no_pictures(tmp_path):
    one_line(tmp_path / "none.png", "is missing")
    one_line(tmp_path, "is a folder")
    (tmp_path / "empty.png").touch()
    one_line(tmp_path / "empty.png", "is empty")
    (tmp_path / "text.png").write_text("to be a picture\n" * 9)
    one_line(tmp_path / "text.png", "is not a picture")
    (tmp_path / "draw.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    one_line(tmp_path / "draw.svg", "is not a picture")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.gif", "a.webp", "a.tiff", "a.bmp"])
def test_a_truncated_file_never_gives_half_a_picture(saved, name):
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    path = saved(noise, name)
    data = path.read_bytes()
    for share in (0.02, 0.3, 0.6, 0.9):
        path.write_bytes(data[: int(len(data) * share)])
        one_line(path, "damaged or cut short|is not a picture")


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damaged_bytes_give_a_media_error_or_a_picture(saved):
    random = np.random.default_rng(2)
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8769)[0xA405] = 28
    for name in ("a.png", "a.jpg", "a.gif", "a.webp", "a.tiff", "a.bmp"):
        path = saved(Image.fromarray(photo()), name, **({} if name.endswith(("gif", "bmp")) else {"exif": exif}))
        good = np.frombuffer(path.read_bytes(), np.uint8)
        for _ in range(60):
            bad = good.copy()
            bad[random.integers(0, min(len(bad), 200), 3)] = random.integers(0, 256, 3)
            path.write_bytes(bad.tobytes())
            try:
                load_picture(path)
            except InputError as error:  # MediaError, or too short a side
                assert "\n" not in str(error)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_decompression_bomb_is_named_and_not_decoded(saved, monkeypatch):
    one_line(
        saved(Image.new("1", (12000, 8000)), "bomb.png"), "12000 x 8000 = 96,000,000 pixels; allowed are 89,000,000"
    )
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    one_line(saved(Image.fromarray(photo()), "mine.png"), "far too many pixels; allowed are 89,000,000")


def test_too_small_a_picture(saved):
    with pytest.raises(InputError, match="each side must have at least 16"):
        load_picture(saved(Image.new("RGB", (15, 40))))


# --- arrays and writing --------------------------------------------------------------------------------------------


def test_arrays_of_every_kind():
    grey = np.full((20, 30, 1), 0.5)
    assert picture_from_array(grey, "tensor").pixels.shape == (20, 30, 3)
    assert picture_from_array(grey).pixels.dtype == np.float32
    np.testing.assert_array_equal(bytes_of(picture_from_array(photo(), "x")), photo())
    half = np.dstack([np.zeros((20, 30, 3)), np.full((20, 30), 0.25)]).astype(np.float16)
    np.testing.assert_allclose(picture_from_array(half).pixels, 0.75)


@pytest.mark.parametrize(
    "pixels, words",
    [
        (np.zeros((20, 20)), "found .20, 20."),
        (np.zeros((1, 20, 20, 3)), "found .1, 20, 20, 3."),
        (np.zeros((20, 20, 2)), "found .20, 20, 2."),
        (np.zeros((20, 20, 3), np.uint16), "found uint16"),
        (np.full((20, 20, 3), 255.0), "from 255 to 255; allowed is 0 to 1"),
        (np.full((20, 20, 3), np.nan), "not finite"),
        (np.zeros((0, 20, 3)), "at least 16"),
    ],
)
def test_arrays_that_are_refused(pixels, words):
    with pytest.raises(InputError, match=words):
        picture_from_array(pixels, "x")


def test_a_small_overshoot_is_limited_and_said(caplog):
    pixels = np.full((20, 20, 3), 0.5)
    pixels[0, 0] = (-0.04, 1.03, 0.5)
    with caplog.at_level(logging.WARNING):
        picture = picture_from_array(pixels, "sharpened")
    np.testing.assert_allclose(picture.pixels[0, 0], (0, 1, 0.5))
    assert "sharpened: pixels from -0.04 to 1.03 were limited" in caplog.text


def test_png_round_trip(tmp_path):
    for pixels in (photo(), photo() / np.float32(255), Image.fromarray(photo())):
        save_png(tmp_path / "deep" / "b.png", pixels)
        np.testing.assert_array_equal(bytes_of(load_picture(tmp_path / "deep" / "b.png")), photo())
    with pytest.raises(InputError, match="0 to 1; found"):
        save_png(tmp_path / "c.png", photo() / 100)
    with pytest.raises(OutputError):
        save_png(tmp_path / "deep", photo())
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == ["b.png"]


def test_same_file_same_bytes(saved):
    path = saved(Image.fromarray(photo()))
    assert load_picture(path).pixels.tobytes() == load_picture(path).pixels.tobytes()
    assert images.MOST_PIXELS < Image.MAX_IMAGE_PIXELS
