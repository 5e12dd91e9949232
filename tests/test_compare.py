"""Comparisons: tables by hand, the page in a browser."""

import csv
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from helpers.commands import CHROMIUM, CHROMIUM_FLAGS, run_module

from wn_gan.compare.results import read_results
from wn_gan.compare.tables import make_rows, shown
from wn_gan.config import Config
from wn_gan.flag_defs import to_flag_file

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
