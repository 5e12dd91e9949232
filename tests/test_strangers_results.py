"""Results from elsewhere: one line for what is wrong in them, no traceback."""

import json
import pathlib
import re

import pytest
from helpers.commands import TINY
from helpers.compared_runs import TEST, add_paper_test, make_run

from wn_gan.compare.bundled import read_bundle
from wn_gan.compare.effort import efforts
from wn_gan.compare.groups import grouped
from wn_gan.compare.results import read_results
from wn_gan.config import Config, StudyOptions
from wn_gan.errors import UserError
from wn_gan.evaluate.manifest import search_identity
from wn_gan.flag_defs import from_flag_file
from wn_gan.runs.folder import RunFolder
from wn_gan.study import child
from wn_gan.study.bundle import Bundle
from wn_gan.study.measurements import final_measurements
from wn_gan.study.same_images import check_same_images
from wn_gan.study.single_run import run_one

pytestmark = pytest.mark.one_stack

TRIAL = {"cell": "none", "value": "x=1", "seed": 0, "run": "a", "loss": 0.1}
TUNING = {"solver": "lbfgs", "chosen": {}, "shared": "x=1", "trials": [TRIAL]}


@pytest.fixture
def runs(tmp_path):
    """Two runs of two norms."""
    return [
        make_run(tmp_path / norm, norm, 0, [0.01, 0.02, 0.03])
        for norm in ("none", "weight")
    ]


@pytest.mark.parametrize(
    "name, content",
    [
        ("metrics.jsonl", "[1]\n"),
        ("metrics.jsonl", '{"d_loss": 1}\n'),
        ("metrics.jsonl", b"\xff\xfe"),
        ("metrics.jsonl", '{"step": Infinity}\n'),
        ("metrics.jsonl", '{"step": 10, "reconstruction_loss": "low"}\n'),
        ("final.json", '{"step": 20, "peak_memory_mib": "much"}'),
        ("config.cfg", b"\xff\xfe"),
        ("config.cfg", "--flagfile=/etc/hostname"),
        (f"final_test/{TEST}/controls.json", '{"pca": "low"}'),
        (f"final_test/{TEST}/summary.json", "{}"),
        (f"final_test/{TEST}/summary.json", '{"mean": [1], "curve": []}'),
        (
            f"final_test/{TEST}/summary.json",
            '{"mean": 1, "curve": [], "protocol": "x", "provenance": [1]}',
        ),
        (f"final_test/{TEST}/per_image.csv", "image,loss\n0,abc\n"),
        (f"final_test/{TEST}/per_image.csv", "picture,error\n0,1\n"),
        (f"final_test/{TEST}/per_image.csv", "image,loss\n0,0.01\n"),
    ],
    ids=str,
)
def test_a_damaged_run_gets_one_line(runs, tmp_path, refused, name, content):
    path = tmp_path / "weight" / name
    data = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(data)
    told = refused("compare", *runs, output=tmp_path / "out")
    assert str(tmp_path / "weight") in told


def test_damaged_measures_get_one_line(runs, tmp_path, refused):
    for run in runs:
        test = RunFolder(run).final_test / TEST
        (test / "manifest.json").write_text('{"identity": "a"}')
        stored = {"final_test": "a", "protocol": "x-samples8", "measures": 3}
        (test / "features-x-samples8.json").write_text(json.dumps(stored))
    assert "features-x" in refused("compare", *runs, output=tmp_path / "out")


def test_a_run_that_was_stopped_has_not_failed(runs, tmp_path, run_here):
    (tmp_path / "weight" / "final.json").unlink()
    make_run(tmp_path / "batch", "batch", 0, [], ended=False)
    runs.append(str(tmp_path / "batch"))
    told = run_here("compare", *runs, output=tmp_path / "out")
    assert told.returncode == 0, told.stderr
    assert f"left out: {runs[1]}: it was stopped before" in told.stdout
    table = (tmp_path / "out" / "table.csv").read_text()
    assert "batch" in table and "weight" not in table


def test_the_measures_of_most_samples_are_shown(runs, tmp_path, run_here):
    """As numbers, not as words; and the page says which they are."""
    for run in runs:
        test = RunFolder(run).final_test / TEST
        (test / "manifest.json").write_text('{"identity": "a"}')
        for count in (2048, 10000):
            protocol = f"lite0-abc-samples{count}"
            stored = {"final_test": "a", "protocol": protocol}
            stored["measures"] = {"KID (test)": count / 1e4}
            path = test / f"features-{protocol}.json"
            path.write_text(json.dumps(stored))
    run_here("compare", *runs, output=tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "features lite0-abc-samples10000" in page
    assert "1.00000" in page and "0.20480" not in page


@pytest.mark.parametrize(
    "content",
    [
        {"views": [{"name": 5, "title": "", "runs": ["a"]}]},
        {"tuning": {"trials": [{"cell": ["x"], "value": 3, "loss": "x"}]}},
        {"tuning": TUNING | {"trials": []}},
        {"tuning": TUNING | {"trials": [TRIAL | {"seed": float("inf")}]}},
        {"views": 7},
    ],
    ids=str,
)
def test_a_bundle_of_another_form_gets_one_line(tmp_path, content):
    good = {
        "views": [{"name": "", "title": "", "runs": ["a"]}],
        "protocol": "p",
    }
    (tmp_path / "study.json").write_text(json.dumps(good | content))
    with pytest.raises(UserError, match="not that of a finished study"):
        read_bundle(tmp_path, "bundle")


def test_a_loss_that_is_no_number_is_a_failed_tuning_run(tmp_path):
    (tmp_path / "study.json").write_text(
        json.dumps(
            {
                "views": [{"name": "", "title": "", "runs": ["a"]}],
                "protocol": "p",
                "tuning": TUNING
                | {"trials": [TRIAL, TRIAL | {"loss": float("nan")}]},
            }
        )
    )
    trials = read_bundle(tmp_path, "bundle").tuning.trials
    assert [trial.loss for trial in trials] == [0.1, None]


def test_a_damaged_test_by_paper_gets_one_line(runs, tmp_path, refused):
    for run in runs:
        test = RunFolder(run).final_test / "faces-paper2000-n2"
        test.mkdir()
        (test / "summary.json").write_text('{"mean": 0.1}')
        search = {"solver": "paper", "evaluations": 2000}
        (test / "manifest.json").write_text(json.dumps({"search": search}))
    told = refused(
        "compare", *runs, f"--protocol={TEST}", output=tmp_path / "out"
    )
    assert "faces-paper2000-n2" in told


@pytest.mark.parametrize(
    "search", ["x", {"solver": "paper", "evaluations": "many"}], ids=str
)
def test_a_damaged_search_is_no_traceback(runs, tmp_path, run_here, search):
    for run in runs:
        add_paper_test(pathlib.Path(run), [0.1] * 2001, [0.01, 0.02])
        path = RunFolder(run).final_test / "faces-x-n2-paper2000/manifest.json"
        path.write_text(json.dumps({"search": search}))
    told = run_here(
        "compare", *runs, f"--protocol={TEST}", output=tmp_path / "out"
    )
    assert told.returncode == 0, told.stderr


def test_a_loss_that_is_no_number_is_last_at_its_effort(runs):
    curves = ([0.1] * 2001, [0.1] * 60 + [float("nan")] * 1941)
    for run, curve in zip(runs, curves, strict=True):
        add_paper_test(pathlib.Path(run), curve, [0.01, 0.02])
    found = efforts(grouped(read_results(runs, TEST)))
    losses = [each.losses["weight"][0] for each in found[:2]]
    assert losses == [0.1, float("inf")]
    assert found[1].p("weight", "none") == 1.0


def test_a_curve_that_is_no_number_leaves_the_charts_whole(
    runs, tmp_path, run_here
):
    """JSON has no NaN: a page with one would draw nothing after it."""
    path = RunFolder(runs[1]).final_test / TEST / "summary.json"
    summary = json.loads(path.read_text())
    path.write_text(json.dumps(summary | {"curve": [0.1, float("nan"), 0.02]}))
    run_here("compare", *runs, output=tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text()
    specs = re.findall(
        r'<script type="application/json".*?>(.*?)</script', page
    )
    assert len(specs) > 1
    for spec in specs:
        json.loads(spec, parse_constant=pytest.fail)


def test_a_run_without_the_search_of_the_others_is_named(
    runs, tmp_path, run_here
):
    add_paper_test(pathlib.Path(runs[0]), [0.1] * 2001, [0.01, 0.02])
    told = run_here(
        "compare", *runs, f"--protocol={TEST}", output=tmp_path / "out"
    )
    assert told.returncode == 0, told.stderr
    page = (tmp_path / "out" / "report.html").read_text()
    assert "others have: weight, seed 0." in " ".join(page.split())


def test_a_runs_options_open_no_other_file():
    for line in ("--flagfile=/etc/hostname", "-flagfile /etc/hostname"):
        with pytest.raises(UserError, match="a run's options are in one file"):
            from_flag_file(f"--norm=weight\n{line}\n")


@pytest.mark.parametrize(
    "status, line",
    [(3, "failed: "), (1, "not trained: "), (2, "not trained: ")],
)
def test_what_the_machine_did_is_no_failed_run(tmp_path, status, line):
    config = Config(**TINY | {"run_dir": str(tmp_path / "run")})
    told = run_one(config, [], lambda verb, *flags: status)
    assert told.startswith(line)
    assert f"exit status {status}" in told or status == 3


def test_a_signal_before_it_is_handled_is_an_interruption(monkeypatch):
    monkeypatch.setattr(child.subprocess, "Popen", lambda *_, **__: None)
    for status in (-15, 143, -2, 130):
        monkeypatch.setattr(child, "_wait", lambda *_, s=status: s)
        with pytest.raises(KeyboardInterrupt):
            child.run_verb("train")
    monkeypatch.setattr(child, "_wait", lambda *_: -9)
    assert child.run_verb("train") == -9


def test_runs_on_other_images_are_not_put_together(tmp_path):
    options = StudyOptions(study_dir=str(tmp_path), seeds=(0, 1))
    bundle = Bundle(tmp_path)
    measurements = final_measurements(options)
    configs = []
    for seed, images in ((0, "a"), (1, "b")):
        run = tmp_path / "bundle" / f"none_seed{seed}"
        make_run(run, "none", seed, [0.01] * 3)
        manifest = {"images_sha256": images}
        manifest["search"] = search_identity(measurements[0].search)
        test = run / "final_test" / TEST
        (test / "manifest.json").write_text(json.dumps(manifest))
        configs.append(Config(run_dir=str(tmp_path / run.name), seed=seed))
        if seed == 0:
            check_same_images(configs, measurements, bundle)
    assert measurements[0].found(RunFolder(bundle.place(configs[1])))
    with pytest.raises(UserError, match="none_seed0 and none_seed1 were tes"):
        check_same_images(configs, measurements, bundle)
