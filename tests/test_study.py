"""Studies: killed, in jobs, preempted, with runs that fail."""

import dataclasses
import json
import os
import re
import shutil
import signal
import time
from pathlib import Path

import pytest
from helpers.studies import STUDY, read_table, start_study
from submitit.local.local import LocalJobEnvironment

from wn_gan.config import Config, SearchOptions, StudyOptions
from wn_gan.errors import UserError
from wn_gan.runs.folder import RunFolder
from wn_gan.study import jobs
from wn_gan.study.bundle import Bundle
from wn_gan.study.measurements import Measurement, final_measurements
from wn_gan.study.plan import plan, tuning_trials

pytestmark = pytest.mark.one_stack


@pytest.fixture(scope="module")
def whole_table(tmp_path_factory):
    """The table of a study that nothing has disturbed."""
    path = tmp_path_factory.mktemp("study") / "whole"
    study = start_study(path)
    output, _ = study.communicate(timeout=500)
    assert study.returncode == 0, output
    assert "2 of 2 ended: tested: " in output
    return read_table(path)


def test_a_killed_study_gives_the_same_table(whole_table, tmp_path):
    killed = start_study(tmp_path / "killed")
    metrics = tmp_path / "killed" / "weight_seed0" / "metrics.jsonl"
    for _ in range(3000):
        if metrics.exists() and metrics.stat().st_size:
            break
        assert killed.poll() is None
        time.sleep(0.05)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    again = start_study(tmp_path / "killed")
    output, _ = again.communicate(timeout=300)
    assert again.returncode == 0, output
    assert read_table(tmp_path / "killed") == whole_table
    assert [r["norm"] for r in whole_table] == ["none", "weight"]


def test_jobs_give_the_same_table(whole_table, tmp_path):
    """Two jobs at a time, by submitit's local executor."""
    study = start_study(tmp_path, executor="local")
    output, _ = study.communicate(timeout=500)
    assert study.returncode == 0, output
    assert "2 of 2 ended: tested: " in output
    assert read_table(tmp_path) == whole_table
    assert list((tmp_path / "jobs").glob("*_result.pkl"))


def task_of(job):
    """The process that does a local job's work."""
    own = f"SUBMITIT_LOCAL_JOB_ID={job.job_id}\0".encode()
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            command = path.with_name("cmdline").read_bytes()
            if own in path.read_bytes() and b"_submit" in command:
                return int(path.parent.name)
        except OSError:
            continue
    raise AssertionError("no process of the job")


def wait_until(condition, seconds=120):
    for _ in range(seconds * 10):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s")


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs Linux' /proc")
def test_a_preempted_job_goes_on_from_its_checkpoint(tmp_path):
    """As Slurm preempts it: by a signal; submitit then requeues the job."""
    options = {k: v for k, v in STUDY.items() if k not in ("norms", "seeds")}
    folder = RunFolder(tmp_path / "run")
    options |= {"train_steps": 1000, "run_dir": str(folder.path)}
    job = jobs.StudyJob(
        Config(**options), [Measurement(search=SearchOptions(evaluations=3))]
    )
    executor = jobs.submitit.AutoExecutor(tmp_path / "jobs", cluster="local")
    submitted = executor.submit(job)
    try:
        wait_until((folder.checkpoints / "last.npz").exists)
        os.kill(task_of(submitted), LocalJobEnvironment._usr_sig())
        log = submitted.paths.stdout
        wait_until(lambda: "Requeued job" in log.read_text())
        wait_until(lambda: "restored" in log.read_text())
    finally:
        submitted.cancel()
        submitted._process.wait()


def test_a_failed_run_is_counted(tmp_path):
    """Its losses are not finite; the others go on."""
    rates = "d_learning_rate=1e-4|1e30"
    study = start_study(tmp_path, norms="none", vary=rates)
    output, _ = study.communicate(timeout=300)
    assert study.returncode == 0, output
    assert "failed: " in output and "reported as failed" in output
    ended, failed = read_table(tmp_path)
    assert failed["failed or collapsed"] == "1"
    assert failed["final test mean"] == ""
    assert ended["failed or collapsed"] == "1"  # 40 steps are few
    (run,) = tmp_path.glob("none_d_learning_rate=0.0001_seed0")
    assert RunFolder(run).final_tests()


def test_what_stops_a_run_counts_against_no_norm(tmp_path):
    """A foreign file where the baseline's run should be; the others go on."""
    (tmp_path / "none_seed0").mkdir()
    (tmp_path / "none_seed0" / "notes.txt").write_text("mine")
    study = start_study(tmp_path)
    output, _ = study.communicate(timeout=300)
    assert study.returncode == 2, output
    assert "not trained: " in output and "holds files but no run" in output
    assert "no run of the baseline has a final test" in output
    assert RunFolder(tmp_path / "weight_seed0").final_tests()


@pytest.mark.parametrize(
    "options, message",
    [
        ({"seeds": "0,x"}, "--seeds=0,x: must be whole numbers"),
        (
            {"feature_extractor": "/no.keras"},
            "--feature_extractor=/no.keras: no such file or folder",
        ),
        ({"seeds": "1,0,1"}, "--seeds=1,0,1: 1 stands there twice"),
        ({"norms": "none,none"}, "--norms=none,none: none stands there twice"),
        ({"norms": "bn"}, "--norms=bn: must be one of none"),
        ({"study_dir": ""}, "--study_dir"),
        ({"slurm": "gpu"}, "--slurm=gpu: must be option=value"),
        ({"vary": "los=hinge"}, "--vary=los=hinge: must be option=value|"),
        ({"vary": "loss"}, "--vary=loss: must be option=value|value"),
        ({"vary": "loss=a|b"}, "--loss=a: must be one of"),
        ({"vary": "batch_size=8|x"}, "--batch_size=x"),
        ({"vary": "seed=1|2"}, "seeds are not varied: give --seeds"),
        ({"vary": "strategy=default"}, "does not change a run's result"),
        ({"vary": "loss=hinge|hinge"}, "names a value twice"),
        ({"vary": "dataset=faces|cifar10"}, "make a study of each"),
        ({"vary": "split_seed=0|1"}, "have other test images, so they cannot"),
        ({"tune": "image_width=16|32"}, "runs of another --image_width have"),
        (
            {"tune": "train_steps=1|2", "tune_steps": "5"},
            "--tune_steps=5: the steps are tuned",
        ),
        ({"tune": "learnin_rate=1"}, "the nearest are learning_rate"),
        ({"tune": "learning_rate=1e-3|x"}, "--g_learning_rate=x"),
        ({"tune": "seed=1|2"}, "seeds are not varied"),
        ({"tune": "norm=none|batch"}, "--tune=norm=none|batch: --norm is vari"),
        (
            {"vary": "g_learning_rate=1|2", "tune": "learning_rate=1|2"},
            "--g_learning_rate is varied already",
        ),
        (
            {"tune": "loss=hinge|wasserstein", "tune_seeds": "0,9"},
            "--tune_seeds=0,9: 0 is one of --seeds too",
        ),
    ],
)
def test_bad_studies(tmp_path, refused, options, message):
    flags = {"study_dir": tmp_path / "study"} | options
    flags = {k: v for k, v in flags.items() if v != ""}
    assert message in refused("study", **flags)
    assert not (tmp_path / "study").exists()


def test_the_steps_of_a_tuning_run():
    """Those that are tuned, else `--tune_steps`, else the cell's own."""
    options = StudyOptions(
        study_dir="s",
        norms=("none",),
        vary=("train_steps=10|20",),
        tune=("learning_rate=1|2",),
        tune_seeds=(9,),
    )

    def steps(**change):
        changed = dataclasses.replace(options, **change)
        trials = tuning_trials(Config(train_steps=5), changed)
        return [trial.config.train_steps for trial in trials]

    assert steps() == [10, 10, 20, 20]
    assert steps(tune_steps=3) == [3, 3, 3, 3]
    assert steps(vary=(), tune=("train_steps=7|8",)) == [7, 8]
    assert steps(vary=(), tune_steps=3) == [3, 3]
    assert steps(vary=()) == [5, 5]


def test_the_grid_is_the_product_of_what_is_varied():
    options = StudyOptions(
        study_dir="s",
        norms=("none", "weight"),
        vary=("features=8|8,16", "loss=hinge"),
        seeds=(3, 4),
    )
    shared = Config(architecture="resnet", features=(4,))
    configs = plan(shared, options)
    assert [Path(config.run_dir).name for config in configs[:4]] == [
        "none_features=8_loss=hinge_seed3",
        "none_features=8_loss=hinge_seed4",
        "none_features=8-16_loss=hinge_seed3",
        "none_features=8-16_loss=hinge_seed4",
    ]
    assert len(configs) == 8
    last = configs[-1]
    assert (last.norm, last.features, last.loss) == ("weight", (8, 16), "hinge")
    options = dataclasses.replace(options, vary=("norm=batch|none",))
    norms = [config.norm for config in plan(Config(), options)]
    assert norms == ["batch", "batch", "none", "none"]
    with pytest.raises(UserError, match="names an option twice"):
        plan(Config(), dataclasses.replace(options, vary=("loss=hinge",) * 2))


def test_a_varied_study_has_a_row_for_each_cell(tmp_path):
    vary = {"norms": "none", "vary": "update_order=alternate|shared"}
    study = start_study(tmp_path / "study", **vary)
    output, _ = study.communicate(timeout=300)
    assert study.returncode == 0, output
    names = [row["norm"] for row in read_table(tmp_path / "study")]
    assert names == [
        "none, update_order=alternate",
        "none, update_order=shared",
    ]


def test_a_preview_writes_nothing(tmp_path, run_here):
    options = STUDY | {"study_dir": tmp_path / "study", "norms": "none"}
    result = run_here("study", **options, dry_run=True)
    assert result.returncode == 0, result.stderr
    assert "none: 1 runs of 40 steps of 0." in result.stdout
    assert "1 runs: about 0:0" in result.stdout
    assert re.search(r"and 0\.[1-9] MiB of checkpoints", result.stdout)
    tune = {"tune": "learning_rate=1e-4|2e-4", "tune_seeds": "5,6"}
    result = run_here("study", **options, **tune, dry_run=True)
    assert "none: 4 tuning runs and 2 runs of 40" in result.stdout
    assert "at most 6 runs: about" in result.stdout
    assert not (tmp_path / "study").exists()


@pytest.fixture(scope="module")
def finished_study(tmp_path_factory):
    """A finished study of one run, to be read only."""
    path = tmp_path_factory.mktemp("finished") / "study"
    study = start_study(path, norms="none")
    output, _ = study.communicate(timeout=300)
    assert study.returncode == 0, output
    return path


@pytest.fixture
def studied(finished_study, tmp_path):
    """A copy of a finished study of one run."""
    return shutil.copytree(finished_study, tmp_path / "study")


def test_a_study_does_not_return_stale_numbers(studied, run_here):
    """Other options, more steps, another final test: none comes back old."""
    flags = STUDY | {"study_dir": studied, "norms": "none"}
    flags |= {"final_evaluations": 3}
    told = run_here("study", **flags | {"g_learning_rate": 1e-3})
    assert told.returncode == 2
    assert "--g_learning_rate=0.001: the study's run in" in told.stderr
    told = run_here("study", **flags | {"train_steps": 20})
    assert told.returncode == 2
    assert "--train_steps=20: the study's run in" in told.stderr
    before = losses_of(studied)
    for change in ({"final_evaluations": 6}, {"train_steps": 60}):
        flags |= change
        study = start_study(studied, **flags)
        output, _ = study.communicate(timeout=300)
        assert study.returncode == 0, output
        after = losses_of(studied)
        assert after != before, change
        before = after


def losses_of(study):
    """What the report is drawn from, by its protocol."""
    content = json.loads((study / "bundle" / "study.json").read_text())
    protocol = content["protocol"]
    test = study / "none_seed0" / "final_test" / protocol
    return (test / "per_image.csv").read_text()


def test_the_bundle_stands_in_for_runs_that_are_gone(studied, run_here):
    """The same report from the bundle alone; nothing is trained again."""
    flags = STUDY | {"study_dir": studied, "norms": "none"}
    flags |= {"final_evaluations": 3}
    report = studied / "report"
    written = {
        name: (report / name).read_bytes()
        for name in ("report.html", "table.csv", "table.md")
    }
    # No path of the machine that made it.
    assert b"pytest-" not in written["report.html"]
    for name in ("bundle", "bundle.zip"):
        told = run_here("compare", bundle=studied / name, output=report)
        assert told.returncode == 0, told.stderr
        for name, content in written.items():
            assert (report / name).read_bytes() == content
    # As on another machine, with that one file.
    shutil.rmtree(studied / "none_seed0")
    shutil.rmtree(studied / "bundle")
    told = run_here("study", **flags)
    assert told.returncode == 0, told.stderr
    assert "in the bundle: " in told.stdout and "ended" not in told.stdout
    for name, content in written.items():
        assert (report / name).read_bytes() == content
    size = sum(
        path.stat().st_size
        for path in (studied / "bundle").rglob("*")
        if path.is_file()
    )
    assert size < 2**20
    assert not list((studied / "bundle").rglob("*.npz"))


def test_a_bundle_of_other_options_holds_nothing(studied):
    bundle = Bundle(studied)
    options = StudyOptions(
        study_dir=str(studied), final_evaluations=3, norms=("none",), seeds=(0,)
    )
    names = {field.name for field in dataclasses.fields(Config)}
    shared = {k: v for k, v in STUDY.items() if k in names}
    (config,) = plan(Config(**shared), options)
    assert bundle.holds(config, final_measurements(options))
    for change in ({"g_learning_rate": 1e-3}, {"train_steps": 60}, {"seed": 1}):
        assert not bundle.holds(
            dataclasses.replace(config, **change), final_measurements(options)
        )
    for change in ({"final_evaluations": 4}, {"feature_extractor": "lite0"}):
        other = dataclasses.replace(options, **change)
        assert not bundle.holds(config, final_measurements(other))


def test_only_the_studys_own_test_counts(studied, run_here):
    """Not one on fewer images, nor one on other images, with its folder."""
    run = RunFolder(studied / "none_seed0")
    (whole,) = run.final_tests()
    own = final_measurements(StudyOptions(study_dir="x", final_evaluations=3))
    flags = {"run_dir": run.path, "evaluations": 3, "controls": False}
    assert run_here("evaluate", num_images=4, **flags).returncode == 0
    photos = studied / "photos"
    for grid in run.sample_grids()[:1]:
        (photos / "a, b").mkdir(parents=True)
        shutil.copy(grid, photos / "a, b" / "1.5")
        shutil.copy(grid, photos / "a, b" / "c.png")
    told = run_here("evaluate", images=f"folder:{photos}", **flags)
    assert told.returncode == 0, told.stderr
    assert len(run.final_tests()) == 3
    assert own[0].found(run) == whole
    some = dataclasses.replace(own[0], num_images=4)
    assert some.found(run) != whole and some.found(run) is not None
    assert dataclasses.replace(own[0], num_images=5).found(run) is None
    names = {f.name for f in dataclasses.fields(Config)}
    shared = Config(**{k: v for k, v in STUDY.items() if k in names})
    options = StudyOptions(study_dir=str(studied), norms=("none",), seeds=(0,))
    bundle = Bundle(studied)
    bundle.update(plan(shared, options))
    texts = [p.read_text() for p in bundle.folder.rglob("summary.json")]
    assert len(texts) == 2 and not any("photos" in text for text in texts)


def test_a_bundle_keeps_nothing_of_an_earlier_training(studied):
    """As when a run goes on to more steps and fails there."""
    bundle = Bundle(studied)
    names = {field.name for field in dataclasses.fields(Config)}
    shared = Config(**{k: v for k, v in STUDY.items() if k in names})
    options = StudyOptions(study_dir=str(studied), norms=("none",), seeds=(0,))
    configs = plan(shared, options)
    place = bundle.place(configs[0])
    assert (place / "final.json").exists()
    own = RunFolder(studied / "none_seed0")
    own.final.unlink()
    bundle.update(configs)
    assert (place / "final.json").exists()  # until it has ended or failed
    failure = {"cause": "D has won", "since_step": 10, "step": 20}
    own.failures.write_text(json.dumps([failure]))
    bundle.update(configs)
    assert not (place / "final.json").exists()
    assert (place / "failures.json").exists()
    assert (place / "metrics.jsonl").exists()
    shutil.rmtree(studied / "none_seed0")  # its plan stays beside it
    bundle.update(configs)
    assert (place / "metrics.jsonl").exists()


def test_the_status_of_each_run(studied, run_here):
    flags = STUDY | {"study_dir": studied, "norms": "none,weight", "seeds": "0"}
    other = run_here("study", **flags, status=True).stdout
    assert "trained" in other and "0 of 2 runs" in other  # another test
    flags |= {"final_evaluations": 3}
    with RunFolder(studied / "none_seed0").locked():
        told = run_here("study", **flags, status=True).stdout
        assert "none_seed0" in told and "running" in told
    told = run_here("study", **flags, status=True).stdout
    assert "none_seed0" in told and "tested" in told
    assert "weight_seed0" in told and "waiting" in told
    assert "1 of 2 runs" in told
    shutil.rmtree(studied / "none_seed0")
    assert "in the bundle" in run_here("study", **flags, status=True).stdout
    assert not (studied / "weight_seed0").exists()


def test_a_locked_run_is_not_a_failed_one(studied, run_here):
    """As when a study is started again while its Slurm jobs still run."""
    (studied / "none_seed0" / "final.json").unlink()
    flags = STUDY | {"study_dir": studied, "norms": "none"}
    folder = RunFolder(studied / "none_seed0")
    with folder.locked():
        assert folder.is_locked()
        result = run_here("study", **flags | {"final_evaluations": 3})
    assert "locked: " in result.stdout and "failed: " not in result.stdout
    assert "still training runs of this study" in result.stdout
    assert result.returncode == 0
    assert not folder.is_locked()
