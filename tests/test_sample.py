"""Pictures of generators: the same command, the same bytes."""

import numpy as np
from helpers.commands import run_module
from PIL import Image

from wn_gan.generators.codes import interpolate, slerp


def test_the_spherical_walk_keeps_angle_and_length_even(random):
    one, other = random.normal(size=(2, 64))
    walk = interpolate([one, 2 * other], 10)
    assert walk.shape == (11, 64)
    np.testing.assert_allclose(walk[[0, -1]], [one, 2 * other], rtol=1e-6)
    lengths = np.linalg.norm(walk, axis=1)
    np.testing.assert_allclose(np.diff(lengths, 2), 0, atol=1e-5)
    units = walk / lengths[:, np.newaxis]
    cosines = np.sum(units[1:] * units[:-1], axis=1)
    np.testing.assert_allclose(cosines, cosines[0], rtol=1e-5)


def test_codes_in_one_line_are_no_trouble():
    z = np.ones(4)
    np.testing.assert_allclose(slerp(z, z, 0.5), z)
    np.testing.assert_allclose(slerp(np.zeros(4), z, 0.5), z / 2)


def test_a_closed_walk_comes_back(random):
    codes = random.normal(size=(3, 8))
    assert interpolate(codes, 4, closed=True).shape == (12, 8)


def test_every_picture_and_the_same_bytes_again(tiny_run, tmp_path):
    options = {
        "run_dir": tiny_run,
        "formats": "grid,png,npz",
        "num_images": 9,
        "seed": 3,
        "interpolate": 3,
    }
    outputs = [tmp_path / name for name in ("one", "two")]
    for output in outputs:
        result = run_module(
            "sample", "--neighbours", "--timeline", output=output, **options
        )
        assert result.returncode == 0, result.stderr
    names = [
        sorted(str(p.relative_to(o)) for p in o.rglob("*.*")) for o in outputs
    ]
    assert (
        names[0]
        == names[1]
        == [
            "grid.png",
            *(f"images/{seed:06}.png" for seed in range(3, 12)),
            "images/files.json",
            "interpolation.png",
            "interpolation.webp",
            "neighbours.png",
            "samples.npz",
            "timeline.webp",
        ]
    )
    for name in names[0]:
        one, two = ((output / name).read_bytes() for output in outputs)
        assert one == two, name
    check_pictures(outputs[0])


def check_pictures(output):
    """Sizes, frames, and that grid, PNGs and arrays are the same images."""
    with np.load(output / "samples.npz") as file:
        stored = dict(file)
    assert stored["images"].shape == (9, 32, 32, 3)
    assert stored["z"].shape == (9, 8)
    alone = np.asarray(Image.open(output / "images" / "000004.png"))
    np.testing.assert_array_equal(alone, stored["images"][1])
    grid = np.asarray(Image.open(output / "grid.png"))
    np.testing.assert_array_equal(grid[:32, 33:65], stored["images"][1])
    with Image.open(output / "interpolation.png") as strip:
        assert strip.size == (9 * 33 - 1, 65)
    with Image.open(output / "interpolation.webp") as film:
        assert film.n_frames == 48 and film.size == (32, 32)
    with Image.open(output / "timeline.webp") as film:
        assert film.n_frames >= 2
    with Image.open(output / "neighbours.png") as picture:
        assert picture.size == (263, 263)


def test_an_exported_model_gives_the_same_pictures(
    tiny_run, tmp_path, run_here
):
    model = tmp_path / "faces"
    result = run_here("export", run_dir=tiny_run, output=model, evaluations=1)
    assert result.returncode == 0, result.stderr
    sources = {"run": {"run_dir": tiny_run}, "model": {"saved_model": model}}
    for name, source in sources.items():
        result = run_here(
            "sample", output=tmp_path / name, truncation=1.5, **source
        )
        assert result.returncode == 0, result.stderr
    one, two = (
        np.asarray(Image.open(tmp_path / name / "grid.png"), int)
        for name in sources
    )
    assert np.abs(one - two).max() <= 1


def test_bad_input_is_one_line(tiny_run, tmp_path, refused):
    (tmp_path / "no_model").mkdir()
    good = {"run_dir": tiny_run, "output": tmp_path / "out"}
    model = {"run_dir": None, "saved_model": tmp_path / "no_model"}
    for change, message in [
        ({"run_dir": None}, "--run_dir or --saved_model: name one"),
        (model, "is no SavedModel with serving_default"),
        (model | {"timeline": "true"}, "--timeline: needs --run_dir"),
        ({"interpolate": 1}, "--interpolate=1: must be 0, or 2"),
        ({"formats": "jpeg"}, "--formats=jpeg: must be one of grid, png, npz"),
        ({"truncation": 0}, "--truncation=0.0: must be above 0"),
        ({"checkpoint": 5}, "--checkpoint=step_00000005: "),
    ]:
        given = {k: v for k, v in (good | change).items() if v is not None}
        assert message in refused("sample", **given)
        assert not (tmp_path / "out").exists()
