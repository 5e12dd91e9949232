"""A report with runs that failed: nothing of it speaks for the survivors."""

import dataclasses
import json
import re
import shutil

import pytest
from helpers.compared_runs import TEST, make_run

from wn_gan.compare.contrasts import contrasts
from wn_gan.compare.effort import Effort, changes_of_order
from wn_gan.compare.feature_contrasts import feature_contrasts
from wn_gan.compare.groups import grouped
from wn_gan.compare.orders import orders
from wn_gan.compare.results import read_results
from wn_gan.compare.tables import main_cells, make_rows

pytestmark = pytest.mark.one_stack

SEEDS = range(8)


@pytest.fixture
def runs(tmp_path):
    """One of eight runs of weight is alive, and better than all of none."""
    return [
        make_run(
            tmp_path / f"{norm}{seed}",
            norm,
            seed,
            [loss + seed / 10000],
            ended=norm == "none" or seed == 0,
        )
        for norm, loss in (("none", 0.03), ("weight", 0.01))
        for seed in SEEDS
    ]


def test_the_narrow_table_shows_what_decides(runs):
    """Not the survivor's difference beside the p of the ranks."""
    groups = grouped(read_results(runs, None))
    (contrast,) = contrasts(groups, groups[0])
    assert contrast.mean < 0 and contrast.direction == "higher"
    rows = make_rows(groups, [contrast])
    none = main_cells(rows[0], None)
    assert none == ["none", "8 of 8", "0.03035", "", "", ""]
    weight = main_cells(rows[1], contrast)
    assert weight[:3] == ["weight", "1 of 8", "0.01000"]
    assert weight[3:] == ["higher by ranks", "", "0.01562"]


def test_orders_say_how_many_runs_they_are_of(runs):
    groups = grouped(read_results(runs, None))
    (order,) = orders(make_rows(groups, []))
    assert order == "final test mean: weight (1 of 8 runs) < none"


def test_a_failed_run_is_last_at_every_effort():
    failed = dict.fromkeys(SEEDS, float("inf")) | {0: 0.01}
    none = {seed: 0.03 + seed / 1000 for seed in SEEDS}
    one = Effort("50 of paper", {"none": none, "weight": failed})
    other = Effort("100 of paper", {"none": none, "weight": dict(none)})
    other.losses["weight"][0] = 0.5
    assert one.p("weight", "none") == pytest.approx(4 / 2**8)
    (told,) = changes_of_order([one, other])
    assert "weight (1 of 8 runs) < none after 50 of paper, none < wei" in told


def test_a_run_that_never_began_has_not_failed(runs, tmp_path, run_here):
    """A study planned it, and a kill came before its first step."""
    path = tmp_path / "weight9"
    shutil.rmtree(tmp_path / "weight1")
    (tmp_path / "weight1.cfg").write_text("--norm=weight\n--seed=9\n")
    path.with_suffix(".cfg").write_text("--norm=weight\n--seed=9\n")
    told = run_here("compare", *runs, path, output=tmp_path / "out")
    assert told.returncode == 0, told.stderr
    left_out = re.findall(r"left out: .*/(\w+): it was stopped", told.stdout)
    assert left_out == ["weight1", "weight9"]
    assert "7 paired seeds, 6 of them with a failed run" in told.stdout


def test_what_is_decided_could_be_decided(tmp_path):
    """Holm's last p counts one contrast only, whatever `least_p` counts."""
    losses = {"none": 0.05, "batch": 0.04, "layer": 0.03, "weight": 0.02}
    runs = [
        make_run(tmp_path / f"{norm}{seed}", norm, seed, [loss])
        for norm, loss in losses.items()
        for seed in (range(6) if norm == "weight" else SEEDS)
    ]
    groups = grouped(read_results(runs, None))
    weight = contrasts(groups, groups[0])[-1]
    assert weight.p == 2 / 2**6 and weight.least_p > 0.05
    assert weight.decided and weight.can_decide
    assert "cannot decide" not in weight.sentence()
    undecided = dataclasses.replace(weight, p=0.5)
    assert not undecided.can_decide


def test_a_measure_that_is_no_number_is_left_out(runs):
    groups = grouped(read_results(runs[:8] + runs[8:9], None))
    for run in groups[0].runs:
        run.features = {"KID (test)": 0.5}
    groups[1].runs[0].features = {"KID (test)": float("nan")}
    assert feature_contrasts(groups, groups[0]) == []


def test_the_table_says_which_steps_were_tested(runs):
    for run, step in zip(runs, (750, 3000, 1500), strict=False):
        path = f"{run}/final_test/{TEST}/summary.json"
        with open(path) as file:
            summary = json.load(file)
        summary["provenance"]["step"] = step
        with open(path, "w") as file:
            json.dump(summary, file)
    groups = grouped(read_results(runs, None))
    none, weight = make_rows(groups, [])
    assert none["tested at step"] == "750 to 3,000"
    assert weight["tested at step"] is None
