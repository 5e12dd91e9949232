"""Comparisons: tables by hand, the page in a browser, studies."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import CHROMIUM, CHROMIUM_FLAGS, TINY, run_module
from submitit.local.local import LocalJobEnvironment

from wn_gan import jobs
from wn_gan.config import Config
from wn_gan.flag_defs import to_flag_file
from wn_gan.report.results import read_results
from wn_gan.report.tables import make_rows, shown
from wn_gan.run_folder import RunFolder

TEST = "faces-x-n4"


def make_run(path, norm, seed, losses, protocol=TEST, ended=True):
    """A run folder with what a comparison reads."""
    test = path / "final_test" / protocol
    test.mkdir(parents=True)
    config = Config(norm=norm, seed=seed)
    (path / "config.cfg").write_text(to_flag_file(config))
    records = [
        {"step": s, "d_loss": 1.0, "g_loss": 1.0, "images_per_second": 100.0}
        for s in (10, 20)
    ]
    for record, loss in zip(records, (0.03, 0.04), strict=True):
        record["reconstruction_loss"] = loss
    lines = "".join(json.dumps(r) + "\n" for r in records)
    (path / "metrics.jsonl").write_text(lines)
    if not ended:
        shutil.rmtree(path / "final_test")
        return str(path)
    final = {"step": 20, "peak_memory_mib": 500.0}
    (path / "final.json").write_text(json.dumps(final))
    rows = "".join(f"{i},{x}\n" for i, x in enumerate(losses))
    (test / "per_image.csv").write_text("image,loss\n" + rows)
    summary = {
        "mean": float(np.mean(losses)),
        "protocol": protocol,
        "provenance": {},
        "curve": [0.1, 0.05, float(np.mean(losses))],
    }
    (test / "summary.json").write_text(json.dumps(summary))
    (test / "controls.json").write_text(json.dumps({"mean_image": 0.05}))
    return str(path)


@pytest.fixture
def runs(tmp_path):
    return [
        make_run(tmp_path / "a0", "none", 0, [0.01, 0.02, 0.03, 0.04]),
        make_run(tmp_path / "a1", "none", 1, [0.03, 0.02, 0.05, 0.04]),
        make_run(tmp_path / "b0", "weight", 0, [0.01, 0.01, 0.03, 0.03]),
        make_run(tmp_path / "b1", "weight", 1, [], ended=False),
    ]


def test_rows_by_hand(runs):
    none, weight = make_rows(read_results(runs, None), "none")
    assert (none["norm"], none["runs"]) == ("none", 2)
    assert none["failed or collapsed"] == 0
    assert weight["failed or collapsed"] == 1
    assert none["final test mean"] == pytest.approx(0.03)
    assert none["lowest seed"] == pytest.approx(0.025)
    assert none["highest seed"] == pytest.approx(0.035)
    assert none["difference"] is None
    # Images' means over seeds: .02 .02 .04 .04 against .01 .01 .03 .03.
    assert weight["difference"] == pytest.approx(-0.01)
    assert weight["difference 95% from"] == pytest.approx(-0.01)
    assert weight["running test best"] == pytest.approx(0.03)
    assert weight["running test last"] == pytest.approx(0.04)
    assert weight["peak memory MiB"] == 500
    low, high = none["95% from"], none["95% to"]
    assert 0.02 <= low < 0.03 < high <= 0.04


def test_collapsed_runs_are_counted(tmp_path):
    path = make_run(tmp_path / "a", "none", 0, [0.1, 0.1])
    control = tmp_path / "a" / "final_test" / TEST / "controls.json"
    control.write_text(json.dumps({"mean_image": 0.035}))
    (row,) = make_rows(read_results([path], None), "none")
    assert row["failed or collapsed"] == 1
    assert row["final test mean"] == pytest.approx(0.1)


def test_mixed_protocols_are_refused(tmp_path, runs, refused):
    other = make_run(tmp_path / "c", "batch", 0, [0.1], protocol="other")
    told = refused("compare", *runs, other, output=tmp_path / "out")
    assert "no protocol in common" in told
    assert "c: other" in told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["/no/run"], "/no/run: holds no run"),
        ([], "name the folders of the runs"),
    ],
)
def test_bad_input(tmp_path, refused, arguments, message):
    assert message in refused("compare", *arguments, output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_unknown_baseline(runs, tmp_path, refused):
    told = refused("compare", *runs, output=tmp_path / "out", baseline="bn")
    assert "--baseline=bn: must be one of none, weight" in told


def cells(html, table):
    """A table of the page as lists of texts."""
    body = re.search(rf'<table id="{table}">(.*?)</table>', html, re.S)[1]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.S)
    return [re.findall(r"<t[hd]>(.*?)</t[hd]>", row) for row in rows]


def test_the_page(runs, tmp_path):
    output = tmp_path / "out"
    result = run_module("compare", *runs, output=output)
    assert result.returncode == 0, result.stderr
    with open(output / "table.csv", newline="") as file:
        table = list(csv.reader(file))
    html = (output / "report.html").read_text()
    assert cells(html, "results") == table
    rows = make_rows(read_results(runs, None), "none")
    assert table[1] == [shown(value) for value in rows[0].values()]
    markdown = (output / "table.md").read_text().splitlines()
    assert len(markdown) == len(table) + 1
    for name in ("loss_over_steps", "final_losses", "loss_over_evaluations"):
        assert (output / f"{name}.png").stat().st_size > 5000
        assert "<svg" in (output / f"{name}.svg").read_text()
    # Nothing is fetched: no script, style or picture from elsewhere.
    page = re.sub(r"<script>.*?</script>", "", html, flags=re.S)
    outside = re.findall(r'(?:src|href)="(?!data:)[^"]*"', page)
    assert outside == []


@pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")
def test_the_page_in_a_browser(runs, tmp_path, run_here):
    """No console message, every plot drawn, the numbers those of the CSV.

    The page's own policy forbids all requests; one that is tried is blocked
    and told on the console.
    """
    output = tmp_path / "out"
    assert run_here("compare", *runs, output=output).returncode == 0
    result = subprocess.run(
        [
            CHROMIUM,
            *CHROMIUM_FLAGS,
            "--enable-logging=stderr",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--window-size=400,800",
            (output / "report.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert "CONSOLE" not in result.stderr
    assert "default-src 'none'" in result.stdout
    assert result.stdout.count('class="marks"') == 3
    with open(output / "table.csv", newline="") as file:
        table = list(csv.reader(file))
    dom = result.stdout.replace("<tbody>", "").replace("</tbody>", "")
    assert cells(dom, "results") == table


STUDY = {
    name: value
    for name, value in TINY.items()
    if name not in ("train_steps", "dataset")
} | {"train_steps": 40, "norms": "none,weight", "seeds": "0", "seed": 0}


def start_study(path, **options):
    flags = STUDY | {"study_dir": path, "final_evaluations": 3} | options
    command = [sys.executable, "-m", "wn_gan.study"]
    command += [f"--{name}={value}" for name, value in flags.items()]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def read_table(study):
    """Without speed and memory, which are of the machine."""
    with open(study / "report" / "table.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        {k: v for k, v in row.items() if k[:4] not in ("imag", "peak")}
        for row in rows
    ]


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
    job = jobs.StudyJob(Config(**options), 3)
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
    """A foreign file where a run should be: the others go on."""
    (tmp_path / "none_seed0").mkdir()
    (tmp_path / "none_seed0" / "notes.txt").write_text("mine")
    study = start_study(tmp_path)
    output, _ = study.communicate(timeout=300)
    assert "failed: " in output and "holds files but no run" in output
    assert study.returncode == 0, output
    with open(tmp_path / "report" / "table.csv", newline="") as file:
        rows = {r["norm"]: r for r in csv.DictReader(file)}
    assert rows["none"]["failed or collapsed"] == "1"
    assert rows["none"]["final test mean"] == ""
    assert rows["weight"]["final test mean"] != ""


@pytest.mark.parametrize(
    "options, message",
    [
        ({"seeds": "0,x"}, "--seeds=x: must be whole numbers"),
        ({"norms": "bn"}, "--norm=bn: must be one of none"),
        ({"study_dir": ""}, "--study_dir"),
        ({"slurm": "gpu"}, "--slurm=gpu: must be option=value"),
    ],
)
def test_bad_studies(tmp_path, refused, options, message):
    flags = {"study_dir": tmp_path / "study"} | options
    flags = {k: v for k, v in flags.items() if v != ""}
    assert message in refused("study", **flags)
    assert not (tmp_path / "study").exists()
