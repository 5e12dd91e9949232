"""The published results are what their bundles give, and small."""

import json
import re

import numpy as np
import pytest
from helpers.commands import ROOT

from wn_gan.compare.bundled import read_bundle
from wn_gan.compare.effort import efforts
from wn_gan.compare.groups import grouped
from wn_gan.compare.packed import unpack
from wn_gan.compare.results import read_results
from wn_gan.compare.statistics import expected_best

pytestmark = pytest.mark.one_stack

RESULTS = sorted(path.parent for path in ROOT.glob("docs/results/*/bundle.zip"))
# What a published bundle may weigh.
MOST_BYTES = 10 * 2**20


def page_without(html):
    """A page without its program and its pictures, which are made anew."""
    html = re.sub(r"<script>.*?</script>", "", html, flags=re.S)
    return re.sub(r'src="data:[^"]*"', "", html)


def test_there_are_results():
    assert RESULTS


@pytest.mark.parametrize("folder", RESULTS, ids=lambda path: path.name)
def test_a_report_is_what_its_bundle_gives(folder, tmp_path, run_here):
    told = run_here("compare", bundle=folder / "bundle.zip", output=tmp_path)
    assert told.returncode == 0, told.stderr
    tables = sorted(folder.glob("table*.*"))
    assert tables
    for path in tables:
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()
    ours = page_without((tmp_path / "report.html").read_text())
    assert page_without((folder / "report.html").read_text()) == ours


@pytest.mark.parametrize("folder", RESULTS, ids=lambda path: path.name)
def test_what_is_published_is_small_and_of_no_machine(folder, tmp_path):
    assert (folder / "bundle.zip").stat().st_size < MOST_BYTES
    unpack(folder / "bundle.zip", tmp_path)
    files = [*folder.rglob("*.*"), *tmp_path.rglob("*.*")]
    for path in files:
        if path.suffix in (".json", ".jsonl", ".cfg", ".csv", ".html"):
            text = path.read_text()
            assert not re.search(r"(/tmp/|/home/|/root/|/work/)", text), path


@pytest.mark.parametrize("folder", RESULTS, ids=lambda path: path.name)
def test_no_single_image_of_a_data_set_is_published(folder, tmp_path):
    """Only samples, and small grids of targets and reconstructions."""
    unpack(folder / "bundle.zip", tmp_path)
    names = {path.name for path in tmp_path.rglob("*.png")}
    allowed = {"shown.png"}
    assert {n for n in names if not n.startswith("step_")} <= allowed


def test_a_changed_number_is_seen(tmp_path, run_here):
    """The check can fail: one loss of a bundle is another."""
    bundle = tmp_path / "bundle"
    unpack(RESULTS[0] / "bundle.zip", bundle)
    run = json.loads((bundle / "study.json").read_text())["views"][0]["runs"][0]
    for path in (bundle / run).glob("final_test/*/summary.json"):
        summary = json.loads(path.read_text())
        path.write_text(json.dumps(summary | {"mean": summary["mean"] * 1.01}))
    run_here("compare", bundle=bundle, output=tmp_path / "out")
    changed = (tmp_path / "out" / "table.csv").read_bytes()
    assert changed != (RESULTS[0] / "table.csv").read_bytes()


def quotes(sentence):
    """What a page must have of a contrast's sentence.

    Of "weight against none: 0.0054 lower (0.0047 to 0.0061, 8 paired seeds,
    Holm p = 0.016)" it is "0.0054 lower (0.0047 to 0.0061), p = 0.016".
    """
    if "with one paired seed" in sentence:
        return [re.search(r"differences (\S+) to", sentence)[1]]
    if "cannot decide" in sentence:
        pattern = r"mean (\S+), interval (.+)\)$"
        mean, interval = re.search(pattern, sentence).groups()
        return [f"mean {mean} ({interval})"]
    pattern = r"(\S+ (?:lower|higher) \(.+? to [\d.-]+), .*Holm (p = [\d.]+)"
    size, p = re.search(pattern, sentence).groups()
    return [f"{size}), {p}"]


@pytest.mark.parametrize("folder", RESULTS, ids=lambda path: path.name)
def test_the_page_quotes_what_the_reports_say(folder, tmp_path, run_here):
    """Each norm at its own best rate, against each other one."""
    told = run_here("compare", bundle=folder / "bundle.zip", output=tmp_path)
    sentences = re.findall(r"own best: (.* against .*)", told.stdout)
    assert len(sentences) == 3
    page = " ".join((ROOT / "docs" / "results.md").read_text().split())
    for sentence in sentences:
        assert all(quote in page for quote in quotes(sentence)), sentence


def row(label, numbers):
    return f"| {label} | {' | '.join(f'{x:.4f}' for x in numbers)} |"


def effort_rows(compared):
    """Each norm's mean at each effort, each at its own best rate."""
    _, _, runs = compared.views[0]
    groups = grouped(read_results(runs, compared.protocol))
    found = efforts(groups)
    for group in groups:
        losses = [list(each.losses[group.label].values()) for each in found]
        yield row(group.label, map(np.mean, losses))


def tuning_rows(tuning):
    """Each norm's mean at each rate, and its expected best of k."""
    values = list(dict.fromkeys(trial.value for trial in tuning.trials))
    for norm in dict.fromkeys(trial.cell for trial in tuning.trials):
        own = [trial for trial in tuning.trials if trial.cell == norm]
        yield row(
            norm,
            [np.mean([t.loss for t in own if t.value == v]) for v in values],
        )
        best = expected_best([trial.loss for trial in own])
        yield row(norm, [best[k - 1] for k in (1, 2, 4, 8) if k <= len(own)])


@pytest.mark.parametrize("folder", RESULTS, ids=lambda path: path.name)
def test_the_page_has_the_rows_that_the_bundles_give(folder, tmp_path):
    unpack(folder / "bundle.zip", tmp_path)
    compared = read_bundle(tmp_path, "bundle")
    page = (ROOT / "docs" / "results.md").read_text().replace("**", "")
    for wanted in (*effort_rows(compared), *tuning_rows(compared.tuning)):
        assert wanted in page
