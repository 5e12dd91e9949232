"""What the report says of tuning, of effort, of pictures."""

import json

import numpy as np
import pytest
from helpers.compared_runs import add_paper_test, make_run
from PIL import Image

from wn_gan.compare.bundled import Trial, Tuning, read_bundle
from wn_gan.compare.effort import Effort, changes_of_order, efforts
from wn_gan.compare.groups import grouped
from wn_gan.compare.results import read_results
from wn_gan.compare.shown_images import (
    keep_shown_images,
    kept_picture,
    shown_images,
)
from wn_gan.compare.statistics import expected_best
from wn_gan.compare.tuning_table import edges, tuning_rows
from wn_gan.errors import UserError
from wn_gan.images import grid, save_png

pytestmark = pytest.mark.one_stack


def test_expected_best_by_hand():
    # Two of three: the pairs' lowest are 1, 1 and 2.
    assert expected_best([3.0, 1.0, 2.0]) == pytest.approx([2, 4 / 3, 1])
    # One failed: a single run may be it, two cannot both be.
    assert expected_best([1.0, None]) == [None, 1.0]
    assert expected_best([4.0, None, 2.0]) == [
        None,
        pytest.approx(8 / 3),
        2.0,
    ]
    assert expected_best([None, None]) == [None, None]


def tuning(chosen):
    trials = [
        Trial(cell, value, 5, None, loss)
        for cell, losses in {
            "none": (0.3, 0.2, 0.1),
            "weight": (0.2, 0.1, None),
        }.items()
        for value, loss in zip(
            ("rate=1", "rate=2", "rate=3"), losses, strict=True
        )
    ]
    return Tuning("lbfgs", tuple(trials), chosen, "rate=2")


def test_a_best_value_at_the_edge_is_told():
    found = edges(tuning({"none": "rate=3", "weight": "rate=2"}))
    assert len(found) == 1
    assert found[0].startswith("none: rate=3 is at the edge")
    assert not edges(tuning({"none": "rate=2", "weight": "rate=2"}))


@pytest.mark.parametrize(
    "values, at_edge",
    [
        (("rate=5e-4", "rate=1e-3", "rate=1e-4"), ("rate=1e-3", "rate=1e-4")),
        (("optimizer=adam", "optimizer=rmsprop", "optimizer=sgd"), ()),
        (("a=1_b=1", "a=1_b=2", "a=2_b=1"), ()),
    ],
    ids=str,
)
def test_edges_are_those_of_size_not_of_place(values, at_edge):
    trials = tuple(Trial("none", value, 5, None, 0.1) for value in values)
    for best in values:
        found = edges(Tuning("lbfgs", trials, {"none": best}, best))
        assert bool(found) == (best in at_edge)


def test_the_tuning_table():
    rows = tuning_rows(tuning({"none": "rate=3", "weight": "rate=2"}))
    assert [row["chosen"] for row in rows] == [False, False, True] + [
        False,
        True,
        False,
    ]
    assert rows[-1]["alive"] == "0 of 1" and rows[-1]["mean"] == ""
    assert rows[-1]["by_seed"] == "5: failed"


def curve_of(early, late):
    """A loss that falls from one value to another after 200 evaluations."""
    return [early] * 200 + [late] * 1801


def test_a_winner_that_changes_with_the_effort(tmp_path):
    losses = {"batch": [0.05, 0.03, 0.5], "weight": [0.01, 0.03, 0.5]}
    curves = {"batch": curve_of(0.1, 0.09), "weight": curve_of(0.2, 0.08)}
    for norm in losses:
        make_run(tmp_path / norm, norm, 0, losses[norm])
        add_paper_test(tmp_path / norm, curves[norm], losses[norm][:2])
    runs = [str(tmp_path / norm) for norm in losses]
    # Alive runs only, so the mean image must be worse.
    for path in tmp_path.glob("*/final_test/*/controls.json"):
        path.write_text('{"mean_image": 1.0}')
    groups = grouped(read_results(runs, "faces-x-n4"))
    found = efforts(groups)
    assert [each.name for each in found][:2] == ["50 of paper", "100 of paper"]
    assert found[0].ranking == ["batch", "weight"]
    assert found[2].ranking == ["weight", "batch"]
    # The last is the final test on the same two images, not on all three.
    assert found[-1].losses["weight"] == {0: pytest.approx(0.02)}
    (told,) = changes_of_order(found)
    assert "p = 1 after 100 of paper, 1 after 500 of paper" in told
    assert "batch < weight after 100 of paper" in told
    assert "weight < batch after 500 of paper" in told


def test_the_p_of_an_effort_is_paired_by_seed():
    one = {0: 0.1, 1: 0.4, 2: 9.0}
    other = {0: 0.2, 1: 0.3, 3: 0.0}
    assert Effort("x", {"a": one, "b": other}).p("a", "b") == 1.0  # -0.1, +0.1
    other[1] = 0.5
    assert Effort("x", {"a": one, "b": other}).p("a", "b") == 0.5  # both -0.1


def test_the_same_images_for_all_norms(tmp_path):
    first = [i / 100 for i in range(20)]
    second = [x + 0.001 for x in first]
    runs = [
        make_run(tmp_path / "a", "none", 0, first),
        make_run(tmp_path / "b", "weight", 0, second),
    ]
    names = shown_images(read_results(runs, None))
    assert names[:4] == ["0", "1", "2", "3"] and names[-1] == "19"
    assert len(names) == 12
    pairs, test = tmp_path / "pairs", tmp_path / "test"
    for i in range(20):
        pair = np.full((2, 4, 4, 3), i, np.uint8)
        pair[1] += 100
        save_png(grid(pair, 2), pairs / f"{i}.png")
    keep_shown_images(pairs, names, test)
    with Image.open(kept_picture(test, names)) as picture:
        pixels = np.asarray(picture)
    assert pixels.shape == (3 * 5 - 1, 2 * (4 * 5 - 1) + 8, 3)
    assert pixels[0, 5, 0] == 1 and pixels[0, 19 + 8 + 5, 0] == 101
    assert kept_picture(test, names[1:]) is None


@pytest.mark.parametrize(
    "change",
    [
        {"views": []},
        {"views": [{"name": "", "title": "", "runs": ["../../etc"]}]},
        {"views": [{"name": "", "title": "", "runs": ["/etc"]}]},
        {"views": [{"name": "../x", "title": "", "runs": ["a"]}]},
        {"plan": {}},
    ],
)
def test_a_bundle_of_a_stranger_reads_nothing_outside(tmp_path, change):
    content = {"protocol": "p"} | change
    (tmp_path / "study.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match="is not that of a finished study"):
        read_bundle(tmp_path, "bundle")
