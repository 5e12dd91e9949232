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
    # 98 pixels, enlarged 8 times, and a caption.
    assert grid.shape == (98 * 8 + 16, 98 * 8, 3)
    second = grid[: 32 * 8 : 8, 33 * 8 : 65 * 8 : 8]
    np.testing.assert_array_equal(second, stored["images"][1])
    with Image.open(output / "interpolation.png") as strip:
        assert strip.size == (2 * (9 * 33 - 1), 2 * 65 + 16)
    with Image.open(output / "interpolation.webp") as film:
        assert film.n_frames == 48 and film.size == (32, 32)
    with Image.open(output / "timeline.webp") as film:
        assert film.n_frames >= 2
    with Image.open(output / "neighbours.png") as picture:
        # A sample, a gap and seven neighbours a row, twice as large.
        assert picture.size == (2 * (32 + 8 + 7 * 33 - 1), 2 * 263 + 16)


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
        assert f"next: open {tmp_path / name / 'grid.png'}" in result.stdout
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


def test_arrays_alone_make_their_folder(tiny_run, tmp_path, run_here):
    output = tmp_path / "new" / "folder"
    told = run_here("sample", run_dir=tiny_run, output=output, formats="npz")
    assert told.returncode == 0, told.stderr
    assert [path.name for path in output.iterdir()] == ["samples.npz"]


def test_data_that_nothing_reads_are_refused(tiny_run, tmp_path, refused):
    flags = {"run_dir": tiny_run, "output": tmp_path / "out"}
    told = refused("sample", data_dir="/nope", **flags)
    assert "--data_dir=/nope: is read by --neighbours only" in told


def test_an_output_that_cannot_be_written(tiny_run, tmp_path, refused):
    (tmp_path / "file").write_text("")
    output = tmp_path / "file" / "out"
    for verb, flags in (
        ("sample", {"run_dir": tiny_run}),
        ("export", {"run_dir": tiny_run}),
        ("evaluate", {"run_dir": tiny_run, "evaluations": 1}),
    ):
        told = refused(verb, output=output, **flags)
        assert told.startswith(f"error: --output={output}: cannot be written")
    told = refused("compare", str(tiny_run), output=output)
    assert "--output" in told or "protocol" in told


def test_pictures_say_what_they_are_of(tiny_run):
    (path, *_) = sorted((tiny_run / "samples").glob("*.png"))
    with Image.open(path) as picture:
        told = picture.text["Description"]
    assert told == f"{tiny_run.name}, step 10: samples"
