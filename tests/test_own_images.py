"""The user's own images: channels, sizes, the word for their resizing."""

import os

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_array_equal
from PIL import Image

from wn_gan.data import loading
from wn_gan.data.own_images import own_images, resizing_of, with_channels
from wn_gan.errors import UserError
from wn_gan.evaluate.protocol import Protocol
from wn_gan.generators import open_generator


@pytest.fixture
def gray_files(tmp_path, random):
    pixels = random.integers(0, 256, (3, 8, 8), np.uint8)
    folder = tmp_path / "gray"
    folder.mkdir()
    for i, image in enumerate(pixels):
        Image.fromarray(image).save(folder / f"{i}.png")
    return folder, pixels


def test_gray_files_fit_a_colour_generator(gray_files):
    folder, pixels = gray_files
    found, names = own_images(f"folder:{folder}", (8, 8, 3))
    assert found.shape == (3, 8, 8, 3)
    assert names == ["0.png", "1.png", "2.png"]
    for channel in range(3):
        assert_array_equal(found[..., channel], pixels)


def test_a_name_that_is_no_text(gray_files):
    folder, _ = gray_files
    for name in (b"/\xff.png", b"/\xfe.png"):
        with open(os.fsencode(folder) + name, "wb") as file:
            file.write((folder / "0.png").read_bytes())
    _, names = own_images(f"folder:{folder}", (8, 8, 3))
    assert len(set(names)) == 5
    "".join(names).encode()


def test_a_generator_of_an_odd_size(gray_files):
    """Not one of ours, whose sizes are even."""
    folder, _ = gray_files
    found, _ = own_images(f"folder:{folder}", (7, 5, 3))
    assert found.shape == (3, 7, 5, 3)


def test_gray_arrays_fit_a_colour_generator(tmp_path, random):
    pixels = random.integers(0, 256, (3, 8, 8, 1), np.uint8)
    np.savez(tmp_path / "gray.npz", images=pixels)
    found, _ = own_images(f"npz:{tmp_path / 'gray.npz'}", (8, 8, 3))
    assert_array_equal(found, np.repeat(pixels, 3, axis=-1))


def test_colour_fits_a_gray_generator(tmp_path, random):
    """By the luma that Pillow uses: 0.299 R + 0.587 G + 0.114 B."""
    pixels = random.integers(0, 256, (3, 8, 8, 3), np.uint8)
    found = with_channels(pixels, 1)
    assert found.shape == (3, 8, 8, 1)
    luma = pixels @ np.array([0.299, 0.587, 0.114])
    assert np.abs(found[..., 0] - luma).max() <= 1


def test_arrays_of_another_size_are_refused(tmp_path, random):
    pixels = random.integers(0, 256, (3, 6, 8, 3), np.uint8)
    np.savez(tmp_path / "x.npz", images=pixels)
    with pytest.raises(UserError, match="images of 6x8x3; this generator"):
        own_images(f"npz:{tmp_path / 'x.npz'}", (8, 8, 3))


def test_the_filter_is_the_one_that_was_used(tmp_path, random):
    pixels = random.integers(0, 256, (16, 16, 3), np.uint8)
    (tmp_path / "files").mkdir()
    Image.fromarray(pixels).save(tmp_path / "files" / "0.png")
    source = f"folder:{tmp_path / 'files'}"
    boxed, _ = own_images(source, (8, 8, 3), "box")
    other, _ = own_images(source, (8, 8, 3), "lanczos")
    assert not np.array_equal(boxed, other)
    assert resizing_of(source, "box") == "box"
    assert resizing_of("npz:x.npz", "box") == "unresized"


@pytest.mark.parametrize("kind", ["zip", "folder", "npz"])
def test_a_protocol_holds_no_path(kind):
    words = {
        str(
            Protocol(
                dataset=f"{kind}:/{place}/x",
                part_sha256="0123456789ab",
                num_images=1,
                image_shape=(8, 8, 3),
                resize="box",
                solver="paper",
                evaluations=1,
            )
        )
        for place in ("home/me", "mnt")
    }
    assert len(words) == 1


def test_a_saved_model_without_inputs_is_refused(tmp_path):
    module = tf.Module()
    serve = tf.function(
        lambda: {"images": tf.zeros([1, 4, 4, 3])}, input_signature=[]
    )
    tf.saved_model.save(module, str(tmp_path), {"serving_default": serve})
    with pytest.raises(UserError, match=r"must take one z .*takes nothing"):
        open_generator(tmp_path)


def test_what_cannot_be_read_is_left_out_with_its_name(
    tmp_path, random, capsys, monkeypatch
):
    """Whether or not a look at some files finds it before."""
    for i, image in enumerate(random.integers(0, 256, (30, 8, 8, 3), np.uint8)):
        Image.fromarray(image).save(tmp_path / f"{i:02}.png")
    whole, _ = own_images(f"folder:{tmp_path}", (8, 8, 3))
    content = (tmp_path / "07.png").read_bytes()
    (tmp_path / "07.png").write_bytes(content[:-30])
    for surveyed in (500, 1):
        monkeypatch.setattr(loading, "SURVEYED_IMAGES", surveyed)
        found, names = own_images(f"folder:{tmp_path}", (8, 8, 3))
        told = capsys.readouterr().out
        assert "skipped " in told and "07.png" in told
        assert names == [f"{i:02}.png" for i in range(30) if i != 7]
        assert_array_equal(found, np.delete(whole, 7, axis=0))
