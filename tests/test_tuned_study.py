"""Tuned studies: what is chosen, what is scored, kills at any moment."""

import json
import os
import random
import signal
import subprocess

import pytest
from helpers.browser import CHROMIUM, in_browser
from helpers.studies import TUNED, read_table, start_study

from wn_gan.config import Config, StudyOptions
from wn_gan.errors import UserError
from wn_gan.runs.folder import RunFolder
from wn_gan.study.bundle import Bundle
from wn_gan.study.cells import Cell
from wn_gan.study.plan import Trial
from wn_gan.study.tuning import FAILED, choose, tuning_losses
from wn_gan.study.views import PlannedView, runs_of

pytestmark = pytest.mark.one_stack


@pytest.fixture(scope="module")
def tuned_study(tmp_path_factory):
    """A tuned study that nothing has disturbed."""
    path = tmp_path_factory.mktemp("tuned") / "study"
    study = start_study(path, **TUNED)
    output, _ = study.communicate(timeout=500)
    assert study.returncode == 0, output
    return path, output


def test_a_tuned_study(tuned_study):
    """Each norm at its own best value, fresh seeds, both views."""
    path, output = tuned_study
    content = json.loads((path / "bundle" / "study.json").read_text())
    trials = content["tuning"]["trials"]
    assert len(trials) == 4 and {t["seed"] for t in trials} == {5}
    for norm in ("none", "weight"):
        losses = {t["value"]: t["loss"] for t in trials if t["cell"] == norm}
        best = min(losses, key=losses.get)
        assert f"tuned: {norm}: {best}" in output
        assert (path / f"{norm}_{best}_seed0").exists()
    for trial in trials:
        (test,) = (path / trial["run"] / "running_test").iterdir()
        summary = json.loads((test / "summary.json").read_text())
        assert summary["mean"] == trial["loss"]
        assert "lbfgs2" in test.name
        assert not RunFolder(path / trial["run"]).final_tests()
    runs = content["views"][0]["runs"]
    protocols = [test.name for test in RunFolder(path / runs[0]).final_tests()]
    assert any("-paper2000-" in name and "-n4-" in name for name in protocols)


def test_a_tuned_study_of_another_plan(tuned_study, run_here):
    path, _ = tuned_study
    flags = TUNED | {"study_dir": path, "final_evaluations": 3}
    told = run_here("study", **flags | {"tune_seeds": "6"})
    assert told.returncode == 2
    assert "--tune_seeds=6: the study in" in told.stderr
    assert "has 5; name another --study_dir" in told.stderr


def trial(cell, candidate, seed=5):
    return Trial(Cell({}, cell), Cell({}, candidate), Config(seed=seed))


def test_each_cell_chooses_its_own_and_all_choose_one():
    trials = [
        trial(cell, rate, seed)
        for cell in ("none", "weight", "batch")
        for rate in ("low", "middle", "high")
        for seed in (5, 6)
    ]
    none, weight, batch = (
        [9.0, 9.0, 8.5, 8.5, 8.0, FAILED],
        [0.2, 0.4, 0.1, 0.4, 0.5, 0.6],
        [0.1, 0.1, 0.2, 0.2, 0.3, 0.3],
    )
    choice = choose(trials, [*none, *weight, *batch])
    # A failed run ranks its candidate last, however good the other one is.
    assert choice.own["none"].name == "middle"
    assert choice.own["weight"].name == "middle"
    assert choice.own["batch"].name == "low"
    # Ranks: low 2 + 2 + 1, middle 1 + 1 + 2, high 3 + 3 + 3.
    assert choice.shared.name == "middle"
    lost = choose(trials, [FAILED] * 18)
    assert lost.shared.name == lost.own["none"].name == "low"


def test_runs_go_seed_by_seed():
    """So a study that is stopped has the same seeds of each norm."""

    def run(norm, seed, rate):
        name = f"{norm}_{rate}_{seed}"
        return Config(norm=norm, seed=seed, g_learning_rate=rate, run_dir=name)

    seeds = (0, 1)
    best = {"none": 1, "batch": 2}
    own = [run(norm, s, rate) for norm, rate in best.items() for s in seeds]
    same = [run(norm, s, 2) for norm in best for s in seeds]
    views = [PlannedView("", "own", own), PlannedView("b", "same", same)]
    assert [config.run_dir for config in runs_of(views)] == [
        *("none_1_0", "batch_2_0", "none_1_1", "batch_2_1"),
        *("none_2_0", "none_2_1"),  # batch has run with 2 already
    ]


def test_only_a_failure_of_training_counts_against_a_norm(tmp_path):
    """Not a lost test, nor a run that a full disk or a kill has ended."""
    options = StudyOptions(study_dir=str(tmp_path), tune=("loss=hinge|a",))
    config = Config(run_dir=str(tmp_path / "run"), train_steps=5)
    own = [Trial(Cell({}, "none"), Cell({}, "low"), config)]
    place = tmp_path / "bundle" / "run"
    place.mkdir(parents=True)
    with pytest.raises(UserError, match="has not ended"):
        tuning_losses(own, options, Bundle(tmp_path))
    failure = {"cause": "D has won", "since_step": 1, "step": 3}
    (place / "failures.json").write_text(json.dumps([failure]))
    assert tuning_losses(own, options, Bundle(tmp_path)) == [FAILED]
    (place / "final.json").write_text('{"step": 5}')
    with pytest.raises(UserError, match="is trained and not tested"):
        tuning_losses(own, options, Bundle(tmp_path))


@pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")
def test_the_report_of_a_tuned_study_in_a_browser(tuned_study, tmp_path):
    """The charts of training and tuning are drawn; nothing complains."""
    path, _ = tuned_study
    result = in_browser(path / "report" / "report.html", tmp_path / "profile")
    assert "CONSOLE" not in result.stderr
    # Its runs are so short that none is alive: no plot of final tests.
    assert result.stdout.count('class="marks"') == 4
    assert 'id="tuning"' in result.stdout and "Best of k" in result.stdout


def all_tables(path):
    """Everything that a tuned study says in numbers."""
    content = json.loads((path / "bundle" / "study.json").read_text())
    names = [
        "table" + (f"_{view['name']}" if view["name"] else "")
        for view in content["views"]
    ]
    return content["tuning"], {n: read_table(path, n) for n in names}


def killed_at(study, seconds):
    """Kills the study with its children; whether it had ended before."""
    try:
        study.wait(seconds)
        return True
    except subprocess.TimeoutExpired:
        os.killpg(study.pid, signal.SIGKILL)
        study.communicate()
        return False


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ten_kills_give_the_same_tables(tuned_study, tmp_path):
    whole, _ = tuned_study
    seed = int(os.environ.get("CRASH_SEED", random.randrange(10**6)))
    print(f"CRASH_SEED={seed}")
    choose_moment = random.Random(seed)
    number = kills = 0
    while kills < 10:
        path = tmp_path / f"study_{number}"
        study = start_study(path, session=True, **TUNED)
        if killed_at(study, choose_moment.uniform(5, 40)):
            assert all_tables(path) == all_tables(whole)
            number += 1
        else:
            kills += 1
            print(f"killed {kills} times; {sorted(os.listdir(path))}")
    study = start_study(path, **TUNED)
    output, _ = study.communicate(timeout=900)
    assert study.returncode == 0, output
    assert all_tables(path) == all_tables(whole)
