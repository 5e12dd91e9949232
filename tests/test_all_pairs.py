"""Which groups a report compares: up to three groups all with each other."""

import numpy as np
import pytest
from helpers.compared_runs import make_run

from wn_gan.compare.contrasts import contrasts
from wn_gan.compare.groups import grouped
from wn_gan.compare.results import read_results
from wn_gan.compare.statistics import t_interval
from wn_gan.compare.tables import make_rows
from wn_gan.compare.views import View

pytestmark = pytest.mark.one_stack

LOSSES = {"none": 0.03, "batch": 0.02, "weight": 0.01, "layer": 0.025}
SEEDS = range(8)


@pytest.fixture
def groups_of(tmp_path):
    """Groups of some norms; each seed moves a norm by another amount."""

    def make(*norms):
        runs = [
            make_run(
                tmp_path / f"{norm}{seed}",
                norm,
                seed,
                [LOSSES[norm] + seed * len(norm) / 10000],
            )
            for norm in norms
            for seed in SEEDS
        ]
        return grouped(read_results(runs, None))

    return make


def named(found):
    return [(each.label, each.baseline) for each in found]


def test_of_three_groups_all_pairs(groups_of):
    """Every p and every interval counts three contrasts."""
    none, batch, weight = groups = groups_of("none", "batch", "weight")
    found = contrasts(groups, none)
    assert named(found) == [
        ("batch", "none"),
        ("weight", "none"),
        ("weight", "batch"),
    ]
    assert [each.p for each in found] == [3 * 2 / 2**8] * 3
    values, base = (
        np.array([run.summary["mean"] for run in group.by_seed(SEEDS)])
        for group in (weight, batch)
    )
    assert found[2].interval == t_interval(values - base, 3)
    assert found[2].mean == pytest.approx(-0.01 + 3.5 * 0.0001)


def test_another_baseline_turns_its_pairs(groups_of):
    groups = groups_of("none", "batch", "weight")
    assert named(contrasts(groups, groups[1])) == [
        ("none", "batch"),
        ("weight", "batch"),
        ("weight", "none"),
    ]


def test_a_table_shows_the_differences_from_the_baseline(groups_of):
    groups = groups_of("none", "batch", "weight")
    view = View("", "", groups, groups[0], contrasts(groups, groups[0]))
    rows = make_rows(groups, view.against_baseline)
    means = [row["difference"] for row in rows]
    assert means == [None, view.contrasts[0].mean, view.contrasts[1].mean]


def test_of_four_groups_each_with_the_baseline(groups_of):
    groups = groups_of("none", "batch", "weight", "layer")
    found = contrasts(groups, groups[1])
    assert named(found) == [
        ("none", "batch"),
        ("weight", "batch"),
        ("layer", "batch"),
    ]
