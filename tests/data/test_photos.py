"""Photographs are shrunk by area; hostile files give one sentence each, whatever their bytes."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from lab.core.errors import DataError
from lab.data.drawings import drawn_picture
from lab.data.packaged import packaged
from lab.data.photos import PHOTOS, channel, photo, read_picture, written_picture
from tests.drawings import drawn_text

RANDOM = np.random.default_rng(3)
PIXELS = RANDOM.integers(0, 256, (20, 30, 3), dtype=np.uint8)


def saved(image, form="PNG", **how):
    file = io.BytesIO()
    image.save(file, form, **how)
    return file.getvalue()


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def headed(width, height, *more):
    """Return a PNG whose head claims a size, then any chunks."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + chunk(b"IEND", b"")


def of_size(width, height):
    return saved(Image.new("RGB", (width, height)))


PNG, JPEG = (saved(Image.fromarray(PIXELS), form) for form in ("PNG", "JPEG"))
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
DAMAGED = "expected a whole PNG or JPEG file, got 'one that is cut off or damaged'"
NEITHER = "expected a PNG or JPEG file, got "
LARGE = "expected at most 40,000,000 pixels, got "
LINE = "expected at least 8 pixels each way once the longer side has 64, got "
HOSTILE = {
    "empty": (b"", "expected a file of 1 to 4,000,000 bytes, got 0"),
    "too long": (
        PNG + bytes(4_000_000),
        f"expected a file of 1 to 4,000,000 bytes, got {len(PNG) + 4_000_000}",
    ),
    "text as PNG": (b"I am a picture, believe me.", NEITHER + "'I am a pictu'"),
    "a page": (b"<!doctype html><script>alert(1)</script>", NEITHER + "'<!doctype ht'"),
    "SVG with a script": (SVG, NEITHER + "'<svg xmlns=\"'"),
    "a program": (
        b"\x7fELF\x02\x01\x01" + bytes(200),
        NEITHER + r"'\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00'",
    ),
    "pickled code": (b"cos\nsystem\n(S'true'\ntR.", NEITHER + r"'cos\nsystem\n('"),
    "GIF": (saved(Image.fromarray(PIXELS), "GIF"), NEITHER + repr("GIF87a\x1e\x00\x14\x00\x87\x00")),
    "BMP": (saved(Image.fromarray(PIXELS), "BMP"), NEITHER + repr("BMf\x07\x00\x00\x00\x00\x00\x006\x00")),
    "PNG's first bytes only": (PNG[:8], DAMAGED),
    "JPEG's first bytes only": (JPEG[:3], DAMAGED),
    "PNG cut off": (PNG[: len(PNG) // 2], DAMAGED),
    "JPEG cut off": (JPEG[: len(JPEG) // 2], DAMAGED),
    "a byte changed": (PNG[:60] + bytes([PNG[60] ^ 255]) + PNG[61:], DAMAGED),
    "no pixels after the head": (headed(30, 20), DAMAGED),
    "wrong pixels": (headed(30, 20, chunk(b"IDAT", zlib.compress(bytes(7)))), DAMAGED),
    "huge by its head": (headed(8000, 7000), LARGE + "56000000"),
    "far too huge by its head": (headed(2**30, 2**30), LARGE + "'far more'"),
    "a line": (of_size(3000, 4), LINE + "'3000 x 4'"),
    "a single pixel": (of_size(1, 1), LINE + "'1 x 1'"),
    "animated": (
        saved(Image.new("L", (20, 20)), save_all=True, append_images=[Image.new("L", (20, 20), 9)]),
        "expected a still picture, got 'an animation of 2 pictures'",
    ),
    "a bomb of text": (
        headed(30, 20, chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(50_000_000)))),
        DAMAGED,
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_gives_one_sentence(name):
    raw, sentence = HOSTILE[name]
    with pytest.raises(DataError) as told:
        read_picture(raw, "mine.png")
    assert str(told.value) == f"picture 'mine.png': {sentence}"


def test_there_are_at_least_twenty_hostile_files():
    assert len(HOSTILE) >= 20


def test_a_hostile_name_is_cut():
    with pytest.raises(DataError, match=r"^picture '\.\./\.\./etcx{30}…': expected"):
        read_picture(b"", "../../etc" + "x" * 5000)


@given(raw=st.binary(max_size=400) | st.binary(max_size=200).map(lambda rest: PNG[:40] + rest))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_random_bytes_raise_nothing_but_a_sentence(raw):
    try:
        read_picture(raw, "noise.png")
    except DataError:
        return


@given(place=st.integers(2, len(JPEG) - 1), byte=st.integers(0, 255), form=st.sampled_from((PNG, JPEG)))
@settings(max_examples=300, deadline=None)
def test_a_damaged_picture_is_read_or_refused(place, byte, form):
    at = place % len(form)
    try:
        picture = read_picture(form[:at] + bytes([byte]) + form[at + 1 :], "damaged.png")
    except DataError:
        return
    assert picture.shape[2] == 3
    assert max(picture.shape) <= 64


def test_a_small_png_comes_back_pixel_by_pixel():
    np.testing.assert_array_equal(read_picture(PNG, "x"), PIXELS)
    np.testing.assert_array_equal(read_picture(written_picture(PIXELS), "x"), PIXELS)


def test_pixels_are_means_of_the_areas_they_cover():
    large = RANDOM.integers(0, 256, (96, 128, 3), dtype=np.uint8)
    means = large.reshape(48, 2, 64, 2, 3).mean((1, 3))
    np.testing.assert_allclose(
        read_picture(saved(Image.fromarray(large)), "x"), means, atol=1.01
    )  # Pillow rounds across, then down


def test_jpegs_draft_stays_near_the_mean():
    smooth = np.add.outer(np.arange(1024), np.arange(1536)) / 10.04
    large = np.repeat(smooth[:, :, None], 3, 2).astype(np.uint8)
    small = read_picture(saved(Image.fromarray(large), "JPEG", quality=95), "x")
    assert small.shape == (43, 64, 3)
    edges = np.linspace(0, 1024, 44)
    expected = np.add.outer((edges[1:] + edges[:-1]) / 2, np.arange(12, 1536, 24)) / 10.04
    np.testing.assert_allclose(small[..., 0], expected, atol=3)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
@pytest.mark.parametrize(("tag", "turned"), [(3, 2), (6, -1), (8, 1)])
def test_a_phones_picture_is_turned_upright(form, tag, turned):
    quarters = np.kron(np.array([[0, 80], [160, 240]], np.uint8), np.ones((16, 24), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = tag
    found = read_picture(saved(Image.fromarray(quarters), form, exif=exif.tobytes()), "x")[..., 0]
    np.testing.assert_allclose(found, np.rot90(quarters, turned), atol=4)


def test_other_kinds_of_colour_become_red_green_and_blue():
    palette = Image.fromarray(PIXELS).quantize(16)
    np.testing.assert_array_equal(read_picture(saved(palette), "x"), np.array(palette.convert("RGB")))
    grey = Image.fromarray(PIXELS[..., 0])
    np.testing.assert_array_equal(read_picture(saved(grey), "x"), np.repeat(PIXELS[..., :1], 3, 2))
    fine = Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 257)
    np.testing.assert_array_equal(read_picture(saved(fine), "x"), np.repeat(PIXELS[..., :1], 3, 2))
    print_colours = Image.new("CMYK", (20, 20), (0, 255, 255, 0))
    red = read_picture(saved(print_colours, "JPEG", quality=95), "x")
    np.testing.assert_allclose(red, np.broadcast_to([255, 0, 0], (20, 20, 3)), atol=4)
    two = Image.fromarray(PIXELS[..., 0] > 127)
    np.testing.assert_array_equal(read_picture(saved(two), "x")[..., 0], 255 * (PIXELS[..., 0] > 127))


def test_transparency_lies_on_white():
    clear = Image.new("RGBA", (20, 20), (200, 0, 0, 0))
    assert (read_picture(saved(clear), "x") == 255).all()
    half = Image.new("RGBA", (20, 20), (0, 0, 0, 128))
    np.testing.assert_allclose(read_picture(saved(half), "x"), 127, atol=1)


@pytest.mark.parametrize("name", PHOTOS)
def test_the_photographs_are_scikit_learns(name):
    whole = np.asarray(Image.open(packaged("sklearn", "datasets", "images", f"{name}.jpg")), float)
    small = photo(name)
    assert small.shape == (43, 64, 3)
    means = whole.reshape(427, 64, 10, 3).mean(2)
    np.testing.assert_allclose(small.mean((0, 1)), whole.mean((0, 1)), atol=0.6)
    assert np.corrcoef(small.mean((0, 2)), means.mean((0, 2)))[0, 1] > 0.9999
    grey = small @ [0.299, 0.587, 0.114] / 255
    np.testing.assert_allclose(channel(small, "grey"), grey, atol=1e-12)
    np.testing.assert_array_equal(channel(small, "blue"), small[..., 2] / 255)
    with pytest.raises(ValueError, match="china"):
        photo("dog")


def test_a_drawing_is_read_from_its_text():
    levels = RANDOM.integers(0, 4, (28, 28), dtype=np.uint8)
    np.testing.assert_array_equal(drawn_picture(drawn_text(levels)), levels / 3)
    assert not drawn_picture("").any()
