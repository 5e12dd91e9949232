"""Lower early, rising late, and the order by each measure."""

import json

import pytest
from helpers.compared_runs import make_run
from numpy.testing import assert_allclose

from wn_gan.compare.course import early, late
from wn_gan.compare.feature_contrasts import feature_contrasts
from wn_gan.compare.groups import grouped
from wn_gan.compare.orders import orders
from wn_gan.compare.results import read_results

pytestmark = pytest.mark.one_stack

# Running tests at steps 10, 20, ... 80 of 80: two in each quarter.
COURSES = {
    "none": [8, 7, 6, 5, 4, 3, 2, 2],
    "weight": [6, 5, 4, 3, 3, 3, 4, 5],
}
SEEDS = range(7)


def add_course(path, losses):
    """A run whose running tests are these, in thousandths."""
    records = [
        {"step": 10 * (i + 1), "reconstruction_loss": loss / 1000}
        for i, loss in enumerate(losses)
    ]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (path / "metrics.jsonl").write_text(lines)


@pytest.fixture
def runs(tmp_path):
    """Seven seeds of two norms; each seed shifts a whole course."""
    found = {}
    for norm, losses in COURSES.items():
        for seed in SEEDS:
            path = tmp_path / f"{norm}{seed}"
            make_run(path, norm, seed, [0.01], train_steps=80)
            add_course(path, [loss + seed / 10 for loss in losses])
            found[path.name] = path
    return found


def groups_of(runs):
    return grouped(read_results([str(path) for path in runs.values()], None))


def test_the_first_quarter_by_hand(runs):
    groups = groups_of(runs)
    (contrast,) = early(groups, groups[0])
    assert_allclose(contrast.differences, [-0.002] * 7)
    assert contrast.p == 2 / 2**7
    told = contrast.sentence()
    assert told.startswith("weight against none: 0.0020 lower (0.0020 to ")


def test_the_last_quarter_by_hand(runs):
    none, weight = late(groups_of(runs))
    assert_allclose(none.differences, [-0.0015] * 7)
    assert_allclose(weight.differences, [0.0015] * 7)
    assert weight.p == 2 * 2 / 2**7  # Holm: two groups
    told = weight.sentence()
    assert told.startswith("weight, last quarter against the third: 0.0015 hi")


def test_a_failed_run_ranks_last(runs):
    (runs["weight3"] / "final.json").unlink()
    groups = groups_of(runs)
    (contrast,) = early(groups, groups[0])
    assert contrast.num_failed == 1
    assert contrast.p > 2 / 2**7  # six pairs lower, one failed
    assert late(groups)[1].num_failed == 1


def test_a_quarter_without_a_test_says_nothing(runs):
    add_course(runs["none0"], COURSES["none"][:6])
    groups = groups_of(runs)
    assert late(groups) == [] and len(early(groups, groups[0])) == 1


def test_features_by_hand(runs):
    """Coverage is higher by 0.1 for each seed; one run has failed."""
    groups = groups_of(runs)
    for group, shift in zip(groups, (0.0, 0.1), strict=True):
        for run in group.runs:
            seed = run.config.seed
            run.features = {"coverage (test)": 0.2 + seed / 100 + shift}
    groups[1].runs[6].final = {}  # did not end
    (contrast,) = feature_contrasts(groups, groups[0])
    assert contrast.seeds == [0, 1, 2, 3, 4, 5]
    assert_allclose(contrast.differences, [0.1] * 6)
    assert contrast.p == 2 / 2**6
    told = contrast.sentence()
    assert told.startswith("coverage (test): weight against none: 0.1000 high")
    groups[0].runs[0].features["KID (test)"] = 0.3
    groups[1].runs[0].features["KID (test)"] = 0.1
    found = feature_contrasts(groups, groups[0])
    assert [each.p for each in found] == [1.0, 2 * 2 / 2**6]


def test_measures_that_are_equal_are_told_so(runs):
    groups = groups_of(runs)
    for run in (run for group in groups for run in group.runs):
        run.features = {"coverage (test)": 0.0}
    (contrast,) = feature_contrasts(groups, groups[0])
    assert contrast.sentence() == (
        "coverage (test): weight against none: no difference in any of "
        "7 paired seeds"
    )


def test_orders_by_hand():
    measures = {"KID (test)": (0.3, 0.1), "coverage (test)": (0.5, 0.9)}
    rows = [
        {"norm": norm, "final test mean": 0.01, "perceptual distance": None}
        | {"FD (train)": None, "runs": 8, "failed or collapsed": 0}
        | {name: values[i] for name, values in measures.items()}
        for i, norm in enumerate(COURSES)
    ]
    assert orders(rows) == [
        "final test mean: none = weight",
        "KID (test): weight < none",
        "coverage (test): weight > none (higher is better)",
    ]
