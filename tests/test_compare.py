"""Comparisons: tables by hand, the page in a browser."""

import csv
import json
import pathlib
import re
import shutil

import numpy as np
import pytest
from helpers.browser import CHROMIUM, in_browser
from helpers.commands import run_module
from helpers.compared_runs import TEST, make_run, rows_of

from wn_gan.compare.contrasts import contrasts
from wn_gan.compare.groups import grouped
from wn_gan.compare.page import data_island
from wn_gan.compare.results import read_results
from wn_gan.compare.tables import make_rows, shown, to_markdown
from wn_gan.config import Config

pytestmark = pytest.mark.one_stack


@pytest.fixture
def runs(tmp_path):
    return [
        make_run(tmp_path / "a0", "none", 0, [0.01, 0.02, 0.03, 0.04]),
        make_run(tmp_path / "a1", "none", 1, [0.03, 0.02, 0.05, 0.04]),
        make_run(tmp_path / "b0", "weight", 0, [0.01, 0.01, 0.03, 0.03]),
        make_run(tmp_path / "b1", "weight", 1, [], ended=False),
    ]


def test_rows_by_hand(runs):
    none, weight = rows_of(runs)
    assert (none["norm"], none["runs"]) == ("none", 2)
    assert none["failed or collapsed"] == 0
    assert weight["failed or collapsed"] == 1
    assert none["final test mean"] == pytest.approx(0.03)
    assert none["mean of"] == "2 of 2 runs"
    assert none["lowest seed"] == pytest.approx(0.025)
    assert none["highest seed"] == pytest.approx(0.035)
    assert none["median"] == pytest.approx(0.03)
    assert none["difference"] is None and none["verdict"] is None
    # Seed 0: .02 against .025. Seed 1 failed: it ranks last.
    assert weight["difference"] == pytest.approx(-0.005)
    assert weight["mean of"] == "1 of 2 runs"
    assert weight["final test mean"] == pytest.approx(0.02)
    assert weight["median"] == weight["interquartile mean"] == float("inf")
    assert weight["differences by seed"] == "0:-0.00500 1:failed"
    # Ranks -1 and +2: all four patterns of signs are as far out or further.
    assert weight["p (Holm)"] == 1.0
    assert weight["verdict"] == "cannot decide at 5%"
    assert weight["difference from"] is None
    assert weight["probability of improvement"] == 0.5
    # One pair of runs, image by image: 0, -.01, 0, -.01.
    assert weight["these runs only: from"] == pytest.approx(-0.01, abs=3e-3)
    assert weight["these runs only: to"] == pytest.approx(0, abs=3e-3)
    assert weight["running test best"] == pytest.approx(0.03)
    assert weight["running test last"] == pytest.approx(0.04)
    assert weight["peak memory MiB"] == 500


@pytest.fixture
def many(tmp_path):
    """Eight seeds of two norms; weight is lower by 0.001 to 0.008."""
    runs = []
    for seed in range(8):
        base = [0.02 + seed / 500, 0.03, 0.04]
        lower = [x - (seed + 1) / 1000 for x in base]
        for norm, losses in (("none", base), ("weight", lower)):
            runs.append(
                make_run(tmp_path / f"{norm}{seed}", norm, seed, losses)
            )
    return runs


def test_eight_seeds_of_one_sign_decide(many):
    groups = grouped(read_results(many, None))
    (contrast,) = contrasts(groups, groups[0])
    assert contrast.p == 2 / 2**8 and contrast.can_decide and contrast.decided
    assert contrast.mean == pytest.approx(-0.0045)
    low, high = contrast.interval
    assert low < -0.0045 < high < 0
    assert contrast.sentence() == (
        f"weight against none: 0.0045 lower ({-high:.4f} to {-low:.4f}, 8 "
        "paired seeds, Holm p = 0.0078)"
    )


def test_two_runs_are_told_as_two_runs(many):
    groups = grouped(read_results(many[:4], None))
    (contrast,) = contrasts(groups, groups[0])
    assert contrast.sentence() == (
        "weight against none: cannot decide at 5% with two paired seeds "
        "(differences -0.0020 to -0.0010)"
    )
    assert contrast.interval is None


def test_few_seeds_show_their_interval_and_decide_nothing(many):
    groups = grouped(read_results(many[:6], None))
    (contrast,) = contrasts(groups, groups[0])
    low, high = contrast.interval
    assert contrast.sentence() == (
        "weight against none: cannot decide at 5% with 3 paired seeds "
        "(differences -0.0030 to -0.0010, mean -0.0020, interval "
        f"{low:+.4f} to {high:+.4f})"
    )


def test_failed_runs_rank_last_and_are_named(many):
    """A failure of weight turns one of eight signs: 0.0078 is gone."""
    folder = many[1]
    shutil.rmtree(pathlib.Path(folder) / "final_test")
    (pathlib.Path(folder) / "final.json").unlink()
    groups = grouped(read_results(many, None))
    (contrast,) = contrasts(groups, groups[0])
    assert contrast.differences[0] == float("inf")
    # Signed ranks 8 against 1 to 7, of 256 patterns.
    assert contrast.p > 0.05 and not contrast.decided
    assert len(contrast.seeds) == 8
    assert rows_of(many)[1]["mean of"] == "7 of 8 runs"


def test_failures_decide_the_direction(many):
    """Two runs are lower, six failed: by ranks the norm is higher."""
    for folder in many[5::2]:
        shutil.rmtree(pathlib.Path(folder) / "final_test")
        (pathlib.Path(folder) / "final.json").unlink()
    groups = grouped(read_results(many, None))
    (contrast,) = contrasts(groups, groups[0])
    assert contrast.mean < 0 and contrast.direction == "higher"
    assert contrast.num_failed == 6 and contrast.decided
    assert contrast.sentence() == (
        "weight against none: higher by ranks (8 paired seeds, 6 of them with "
        f"a failed run, Holm p = {contrast.p:.2g}; mean of the 2 others "
        f"{contrast.mean:+.4f})"
    )
    row = rows_of(many)[1]
    assert row["verdict"] == "decided: higher by ranks"
    assert row["difference of"] == "2 of 8 pairs"


def test_every_pair_failed(many):
    for folder in many[1::2]:
        shutil.rmtree(pathlib.Path(folder) / "final_test")
        (pathlib.Path(folder) / "final.json").unlink()
    groups = grouped(read_results(many, None))
    (contrast,) = contrasts(groups, groups[0])
    assert contrast.mean is None and contrast.p == 2 / 2**8
    assert "higher by ranks (8 paired seeds, 8 of them" in contrast.sentence()


def test_pairs_that_failed_on_both_sides_are_no_values(many):
    """Seeds 0 to 2 of both norms: zeros in the test, no values elsewhere."""
    for folder in many[:6]:
        shutil.rmtree(pathlib.Path(folder) / "final_test")
        (pathlib.Path(folder) / "final.json").unlink()
    groups = grouped(read_results(many, None))
    (contrast,) = contrasts(groups, groups[0])
    assert contrast.num_failed == 3 and contrast.p == 2 / 2**5
    assert "8 paired seeds, 3 of them with a failed run" in contrast.sentence()
    assert "mean of the 5 others -0.0060" in contrast.sentence()
    row = rows_of(many)[1]
    assert row["difference of"] == "5 of 8 pairs"
    assert row["differences by seed"].startswith("0:both failed 1:both failed")


def test_a_loss_that_is_not_a_number_is_a_collapse(many):
    run = make_run(
        pathlib.Path(many[1]).with_name("nan"), "weight", 9, [0.01, np.nan]
    )
    (result,) = read_results([run], None)
    assert np.isnan(result.summary["mean"]) and result.state == "collapsed"


def test_markdown_is_only_text(tmp_path):
    run = make_run(tmp_path / "a", "none", 0, [0.1, 0.2])
    groups = grouped(read_results([run], None))
    (row,) = make_rows(groups, [])
    found = to_markdown([row | {"norm": "a|<img src=x>"}])
    assert "| a\\|&lt;img src=x&gt; |" in found


def test_runs_of_other_options_are_other_rows(tmp_path):
    runs = [
        make_run(tmp_path / "a", "weight", 0, [0.1, 0.2]),
        make_run(tmp_path / "b", "weight", 0, [0.1, 0.3], g_learning_rate=2e-4),
        make_run(tmp_path / "c", "weight", 0, [0.1, 0.4], train_steps=7),
    ]
    labels = [row["norm"] for row in rows_of(runs)]
    assert labels == [
        "weight, g_learning_rate=0.0001, train_steps=100000",
        "weight, g_learning_rate=0.0002, train_steps=100000",
        "weight, g_learning_rate=0.0001, train_steps=7",
    ]


def test_two_runs_of_one_seed_are_refused(tmp_path, refused):
    runs = [make_run(tmp_path / name, "weight", 0, [0.1, 0.2]) for name in "ab"]
    told = refused("compare", *runs, output=tmp_path / "out")
    assert "are the same run: weight, seed 0" in told


def test_collapsed_runs_rank_last(tmp_path):
    path = make_run(tmp_path / "a", "none", 0, [0.1, 0.1])
    control = tmp_path / "a" / "final_test" / TEST / "controls.json"
    control.write_text(json.dumps({"mean_image": 0.035}))
    (row,) = rows_of([path])
    assert row["failed or collapsed"] == 1
    assert row["final test mean"] is None
    assert row["mean of"] == "0 of 1 runs" and row["median"] == float("inf")


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


def test_a_run_that_goes_on_shows_no_older_test(many):
    """Its older test is of a shorter training: here it counts as failed."""
    (pathlib.Path(many[1]) / "final.json").unlink()
    results = read_results(many, None)
    assert (results[1].state, results[1].summary) == ("failed", None)
    assert not results[1].losses


@pytest.mark.parametrize(
    "options", [{"architecture": "resnet21"}, {"d_norm": "weight"}]
)
def test_a_norm_names_the_baseline_of_any_network(tmp_path, run_here, options):
    """As a study does: its baseline is the first of its norms."""
    runs = [
        make_run(tmp_path / norm, norm, 0, [0.01, 0.02], **options)
        for norm in ("weight", "none")
    ]
    output = tmp_path / "out"
    told = run_here("compare", *runs, output=output, baseline="none").stdout
    assert f"against {Config(norm='none', **options).network_name}: " in told


def test_an_unknown_baseline(runs, tmp_path, refused):
    told = refused("compare", *runs, output=tmp_path / "out", baseline="bn")
    assert "--baseline=bn: must be one of none; weight" in told


def cells(html, table):
    """A table of the page as lists of texts."""
    body = re.search(rf'<table [^>]*id="{table}">(.*?)</table>', html, re.S)[1]
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
    rows = rows_of(runs)
    assert table[1] == [shown(rows[0][name]) for name in table[0]]
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
    and shown on the console.
    """
    output = tmp_path / "out"
    assert run_here("compare", *runs, output=output).returncode == 0
    result = in_browser(output / "report.html", tmp_path / "profile")
    assert "CONSOLE" not in result.stderr
    assert "default-src 'none'" in result.stdout
    assert result.stdout.count('class="marks"') == 3
    with open(output / "table.csv", newline="") as file:
        table = list(csv.reader(file))
    dom = result.stdout.replace("<tbody>", "").replace("</tbody>", "")
    assert cells(dom, "results") == table


OVERFLOW = """<script>
setTimeout(() => {
  const wide = [...document.querySelectorAll("body *")].filter(
    (e) => !e.closest("details, .wide, pre, script")
      && e.getBoundingClientRect().right > innerWidth + 1);
  document.body.dataset.wide = wide.map((e) => e.tagName + e.id).join(" ");
}, 8000);
</script></body>"""


@pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_page(runs, tmp_path, run_here, width):
    output = tmp_path / "out"
    assert run_here("compare", *runs, output=output).returncode == 0
    page = output / "report.html"
    # The charts' script, too, holds the text "</body>".
    before, _, after = page.read_text().rpartition("</body>")
    page.write_text(before + OVERFLOW + after)
    result = in_browser(page, tmp_path / "profile", width)
    assert result.stdout.count('class="marks"') == 3
    assert 'data-wide=""' in result.stdout


HOSTILE = "</SCRIPT><img src=x onerror=\"document.title='owned'\">"


def hostile_run(tmp_path):
    """A run folder with markup wherever text can be."""
    path = tmp_path / "a0"
    make_run(path, "none", 0, [0.01, 0.02])
    test = path / "final_test" / TEST
    summary = json.loads((test / "summary.json").read_text())
    summary["provenance"] = {"checkpoint": HOSTILE}
    summary["protocol"] = HOSTILE
    (test / "summary.json").write_text(json.dumps(summary))
    controls = {"mean_image": 0.05, HOSTILE: 0.1}
    (test / "controls.json").write_text(json.dumps(controls))
    failure = {"cause": HOSTILE, "since_step": 1, "step": 2, "action": "ignore"}
    (path / "failures.json").write_text(json.dumps([failure]))
    config = (path / "config.cfg").read_text()
    config = config.replace("--dataset=faces", f"--dataset=folder:{HOSTILE}")
    (path / "config.cfg").write_text(config)
    return str(path)


def test_text_of_a_run_folder_is_escaped(tmp_path, run_here):
    output = tmp_path / "out"
    result = run_here("compare", hostile_run(tmp_path), output=output)
    assert result.returncode == 0, result.stderr
    html = (output / "report.html").read_text()
    assert "<img src=x" not in html and "</SCRIPT>" not in html


def test_data_in_the_page_cannot_end_its_element():
    found = str(data_island({"norm": HOSTILE}))
    assert "<" not in found
    assert json.loads(found) == {"norm": HOSTILE}


@pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")
def test_a_hostile_report_in_a_browser(tmp_path, run_here):
    output = tmp_path / "out"
    run_here("compare", hostile_run(tmp_path), output=output)
    result = in_browser(output / "report.html", tmp_path / "profile")
    assert "CONSOLE" not in result.stderr
    assert "<title>owned</title>" not in result.stdout
    assert "<img src=x" not in result.stdout
