"""The published results are what their bundles give, and small."""

import json
import re
import shutil

import pytest
from helpers.commands import ROOT

# A study that is not finished has a bundle and no report yet.

pytestmark = pytest.mark.one_stack

RESULTS = sorted(
    path.parent for path in ROOT.glob("docs/results/*/report.html")
)
BUNDLES = sorted(path.parent for path in ROOT.glob("docs/results/*/bundle"))
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
    told = run_here("compare", bundle=folder / "bundle", output=tmp_path)
    assert told.returncode == 0, told.stderr
    tables = sorted(folder.glob("table*.*"))
    assert tables
    for path in tables:
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()
    ours = page_without((tmp_path / "report.html").read_text())
    assert page_without((folder / "report.html").read_text()) == ours


@pytest.mark.parametrize("folder", BUNDLES, ids=lambda path: path.name)
def test_what_is_published_is_small_and_of_no_machine(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    bundle = [path for path in files if folder / "bundle" in path.parents]
    assert sum(path.stat().st_size for path in bundle) < MOST_BYTES
    for path in files:
        if path.suffix in (".json", ".jsonl", ".cfg", ".csv", ".html"):
            text = path.read_text()
            assert not re.search(r"(/tmp/|/home/|/root/|/work/)", text), path


@pytest.mark.parametrize("folder", BUNDLES, ids=lambda path: path.name)
def test_no_single_image_of_a_data_set_is_published(folder):
    """Only samples, and small grids of targets and reconstructions."""
    names = {path.name for path in (folder / "bundle").rglob("*.png")}
    allowed = {"shown.png"}
    assert {n for n in names if not n.startswith("step_")} <= allowed


def test_a_changed_number_is_seen(tmp_path, run_here):
    """The check can fail: one loss of a bundle is another."""
    bundle = shutil.copytree(RESULTS[0] / "bundle", tmp_path / "bundle")
    run = json.loads((bundle / "study.json").read_text())["views"][0]["runs"][0]
    for path in (bundle / run).glob("final_test/*/summary.json"):
        summary = json.loads(path.read_text())
        path.write_text(json.dumps(summary | {"mean": summary["mean"] * 1.01}))
    run_here("compare", bundle=bundle, output=tmp_path / "out")
    changed = (tmp_path / "out" / "table.csv").read_bytes()
    assert changed != (RESULTS[0] / "table.csv").read_bytes()
