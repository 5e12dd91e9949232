"""Any mode and size becomes the same image, wherever its bytes lie."""

import io
import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from helpers.image_files import encoded, png, write_lmdb, write_zip
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from wn_gan.data import load_images
from wn_gan.data.decoding import CorruptImage, decode
from wn_gan.data.geometry import Geometry


def noise(size):
    """A gray PIL image; the same at every call, for hypothesis' sake."""
    pixels = np.random.default_rng(0).integers(0, 256, size[::-1], np.uint8)
    return Image.fromarray(pixels)


def pixels_of(data, background="white"):
    return np.asarray(decode(data, background))


# Modes


def test_palettes_are_looked_up(random):
    indices = random.integers(0, 4, (5, 6), np.uint8)
    colours = random.integers(0, 256, (4, 3), np.uint8)
    picture = Image.fromarray(indices).convert("P")
    picture.putpalette(colours.ravel().tolist())
    picture = Image.frombytes("P", (6, 5), indices.tobytes())
    picture.putpalette(colours.ravel().tolist())
    assert_array_equal(pixels_of(encoded(picture, "PNG")), colours[indices])


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_alpha_lies_over_the_stated_colour(form):
    picture = Image.new("RGBA", (4, 4), (200, 0, 0, 0))
    picture.putpixel((1, 2), (10, 20, 30, 255))
    picture.putpixel((3, 3), (255, 255, 255, 51))
    data = encoded(
        picture,
        form,
        **({"exact": True, "lossless": True} if form == "WEBP" else {}),
    )
    found = pixels_of(data, "#0000ff")
    assert_array_equal(found[0, 0], [0, 0, 255])
    assert_array_equal(found[2, 1], [10, 20, 30])
    # A fifth of white over blue.
    assert_array_equal(found[3, 3], [51, 51, 255])


def test_transparent_palettes_and_gray_alpha():
    palette = Image.new("P", (2, 1))
    palette.putpalette([9, 9, 9, 40, 50, 60])
    palette.putpixel((1, 0), 1)
    data = encoded(palette, "PNG", transparency=0)
    assert_array_equal(pixels_of(data), [[[255] * 3, [40, 50, 60]]])
    gray = Image.new("LA", (2, 1), (100, 255))
    gray.putpixel((0, 0), (100, 0))
    assert_array_equal(pixels_of(encoded(gray, "PNG")), [[255, 100]])


def test_sixteen_bits_are_scaled_not_clipped():
    values = np.array([[0, 257, 32896, 65535]], np.uint16)
    assert_array_equal(pixels_of(png(values)), [[0, 1, 128, 255]])


def test_cmyk_becomes_rgb():
    picture = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    found = pixels_of(encoded(picture, "JPEG", quality=95))
    # Red; JPEG is within a few levels.
    assert_allclose(found, np.broadcast_to([255, 0, 0], (8, 8, 3)), atol=6)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_followed(orientation, random):
    upright = random.integers(0, 256, (4, 6), np.uint8)
    # What a camera stores, so that turning it as told gives `upright`.
    stored = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.T,
        6: lambda a: np.rot90(a),
        7: lambda a: a[::-1, ::-1].T,
        8: lambda a: np.rot90(a, -1),
    }[orientation](upright)
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = Image.fromarray(np.ascontiguousarray(stored))
    assert_array_equal(pixels_of(encoded(picture, "PNG", exif=exif)), upright)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_damaged_exif_data_leave_the_picture_as_it_is(kind, random):
    pixels = random.integers(0, 256, (4, 6, 3), np.uint8)
    picture = Image.fromarray(pixels)
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(picture, kind, exif=b"Exif\0\0no TIFF header", **options)
    assert_array_equal(pixels_of(data), pixels)


def test_a_gif_gives_its_first_frame():
    frames = [Image.new("L", (4, 4), value) for value in (10, 200)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert (pixels_of(data) == 10).all()


def test_one_bit_and_bmp():
    picture = Image.new("1", (3, 2), 1)
    assert_array_equal(pixels_of(encoded(picture, "BMP")), np.full((2, 3), 255))


# Damage


def bomb(width, height):
    """A PNG that says it is huge, in a hundred bytes."""

    def chunk(kind, content):
        body = kind + content
        return (
            struct.pack(">I", len(content))
            + body
            + struct.pack(">I", zlib.crc32(body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"0"))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [8001, 12_000, 60_000])
def test_decompression_bombs_are_refused_unread(side):
    with pytest.raises(CorruptImage, match="64,000,000"):
        decode(bomb(side, side))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_files_never_raise_anything_else(data):
    form = data.draw(st.sampled_from(["PNG", "JPEG", "WEBP", "BMP", "GIF"]))
    whole = bytearray(encoded(noise((24, 16)), form))
    for _ in range(data.draw(st.integers(0, 8))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(whole)))
    try:
        picture = decode(bytes(whole[:end]))
    except CorruptImage as error:
        assert str(error)
    else:
        assert picture.mode in ("L", "RGB")


# Geometry


def test_crop_by_hand():
    geometry = Geometry(width=160, height=160, crop_size=160)
    assert geometry.box((178, 218)) == (9, 29, 169, 189)
    wide = Geometry(width=64, height=32)
    assert wide.box((100, 100)) == (0, 25, 100, 75)
    assert wide.box((100, 100), (0.5, 0.0)) == (0, 0, 100, 50)
    # A crop larger than the picture is the largest there is.
    assert geometry.box((100, 120)) == (0, 10, 100, 110)


def test_resizing_antialiases():
    """Fine stripes become gray, not whichever stripe was hit."""
    stripes = Image.fromarray(np.tile(np.uint8([[0, 255]]), (16, 8)))
    for name in ("lanczos", "bicubic", "bilinear", "hamming", "box"):
        geometry = Geometry(width=4, height=4, resize_filter=name)
        fitted = np.asarray(geometry.apply(stripes)).astype(int)
        assert np.abs(fitted[1:-1, 1:-1] - 127).max() < 20, name


@given(
    size=st.tuples(st.integers(100, 500), st.integers(100, 500)),
    wanted=st.tuples(st.integers(1, 100), st.integers(1, 100)),
    crop=st.none() | st.integers(1, 600),
    place=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_a_crop_lies_inside_and_has_the_shape(size, wanted, crop, place):
    geometry = Geometry(width=wanted[0], height=wanted[1], crop_size=crop)
    left, top, right, bottom = geometry.box(size, place)
    assert 0 <= left < right <= size[0] and 0 <= top < bottom <= size[1]
    assert crop is None or right - left <= crop
    # The shape that is wanted, up to whole pixels.
    exact = (right - left) * wanted[1] / wanted[0]
    slack = 0.5 + 0.5 * wanted[1] / wanted[0]
    assert abs((bottom - top) - max(exact, 1)) <= slack + 1e-9


# Sources


def loaded_three_ways(root, files, options):
    """The same files from a folder, a zip and an LMDB."""
    (root / "files").mkdir()
    names = [f"{i:040x}" for i in range(len(files))]
    content = dict(zip(names, files, strict=True))
    for name, data in content.items():
        (root / "files" / f"{name}.png").write_bytes(data)
    write_zip(root / "files.zip", {f"{n}.png": c for n, c in content.items()})
    write_lmdb(
        root / "x_train_lmdb", {n.encode(): c for n, c in content.items()}
    )
    sources = [f"folder:{root / 'files'}", f"zip:{root / 'files.zip'}"]
    places = {"data_dir": str(root), "cache_dir": str(root / "cache")}
    return [
        load_images(source, **places, **options)
        for source in (*sources, "lsun/x")
    ]


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_the_same_bytes_give_the_same_tensor_everywhere(data):
    """Sizes, modes, forms and crops at random; folder, zip and LMDB."""
    form = data.draw(st.sampled_from(["PNG", "JPEG", "WEBP"]))
    modes = {
        "PNG": ["L", "RGB", "RGBA", "LA", "P", "1", "I;16"],
        "JPEG": ["L", "RGB", "CMYK"],
        "WEBP": ["RGB", "RGBA"],
    }
    files = []
    for _ in range(3):
        size = data.draw(st.tuples(st.integers(2, 40), st.integers(2, 40)))
        picture = noise(size)
        files.append(
            encoded(
                picture.convert(data.draw(st.sampled_from(modes[form]))), form
            )
        )
    options = {
        "image_width": 2 * data.draw(st.integers(1, 12)),
        "image_height": 2 * data.draw(st.integers(1, 12)),
        "crop_size": data.draw(st.none() | st.integers(2, 50)),
        "channels": data.draw(st.sampled_from([None, 1, 3])),
        "background": data.draw(st.sampled_from(["white", "teal"])),
    }
    with tempfile.TemporaryDirectory() as path:
        images = loaded_three_ways(Path(path), files, options)
        first = images[0].train[:]
        for other in images[1:]:
            assert_array_equal(other.train[:], first)
    # And each is what decoding, cropping and resizing alone give.
    geometry = Geometry(
        width=options["image_width"],
        height=options["image_height"],
        crop_size=options["crop_size"],
    )
    mode = "L" if first.shape[-1] == 1 else "RGB"
    for content, found in zip(files, first, strict=True):
        picture = decode(content, options["background"]).convert(mode)
        alone = np.asarray(geometry.apply(picture)).reshape(found.shape)
        assert_array_equal(found, alone)


def test_channels_are_those_asked_for(tmp_path, random):
    for i in range(3):
        pixels = random.integers(0, 256, (4, 4), np.uint8)
        (tmp_path / f"{i}.png").write_bytes(png(pixels))
    name = f"folder:{tmp_path}"
    assert load_images(name).image_shape == (4, 4, 1)
    assert load_images(name, channels=3).image_shape == (4, 4, 3)
    colour = io.BytesIO()
    Image.new("RGB", (4, 4), (1, 2, 3)).save(colour, "PNG")
    (tmp_path / "9.png").write_bytes(colour.getvalue())
    assert load_images(name).image_shape == (4, 4, 3)
    assert load_images(name, channels=1).image_shape == (4, 4, 1)
