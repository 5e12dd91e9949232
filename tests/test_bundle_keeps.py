"""A bundle loses no result, and gives no run a second chance."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
from helpers.compared_runs import make_run

from wn_gan.config import Config, SearchOptions, StudyOptions
from wn_gan.errors import UserError
from wn_gan.evaluate.manifest import search_identity
from wn_gan.flag_defs import to_flag_file
from wn_gan.runs.folder import RunFolder
from wn_gan.study.bundle import Bundle
from wn_gan.study.compile_once import decided, with_jit_compile_decided
from wn_gan.study.measurements import Measurement
from wn_gan.study.plan import check_runs
from wn_gan.study.tuning import tuning_losses

pytestmark = pytest.mark.one_stack


def config_of(tmp_path, name="none_seed0", **options):
    """Of `make_run`'s runs of 20 steps."""
    run_dir = str(tmp_path / name)
    return Config(run_dir=run_dir, train_steps=20, **options)


def make(config, **more):
    """The run that a config describes."""
    path = Path(config.run_dir)
    options = {"norm": config.norm, "seed": config.seed, "train_steps": 20}
    make_run(path, losses=[0.1, 0.2], **options, **more)
    (path / "config.cfg").write_text(to_flag_file(config))


@pytest.fixture
def studied(tmp_path):
    """A bundle of two runs, one of which failed; their folders are gone."""
    configs = [config_of(tmp_path), config_of(tmp_path, "none_seed1", seed=1)]
    bundle = Bundle(tmp_path)
    make(configs[0])
    make(configs[1], ended=False)
    bundle.update(configs)
    bundle.pack()
    for config in configs:
        shutil.rmtree(config.run_dir)
    return bundle, configs


def files_of(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*.*"))


def test_a_failure_is_held(studied):
    bundle, configs = studied
    assert [bundle.holds(config, []) for config in configs] == [True, True]
    other = dataclasses.replace(configs[1], g_learning_rate=0.5)
    assert not bundle.holds(other, [])
    options = StudyOptions(study_dir="x")
    trial = type("Trial", (), {"config": configs[1]})
    assert tuning_losses([trial], options, bundle) == [float("inf")]


def test_results_stay_until_the_run_has_ended_again(studied):
    """E.g. because a test was asked for that the bundle lacks."""
    bundle, (config, _) = studied
    before = files_of(bundle.place(config))
    run = RunFolder(config.run_dir)
    run.path.mkdir()
    run.config.write_text(to_flag_file(config))
    run.metrics.write_text('{"step": 5}\n')
    bundle.update([config])
    assert files_of(bundle.place(config)) == before
    run.final.write_text('{"step": 20}')
    bundle.update([config])
    assert files_of(bundle.place(config)) == [
        "config.cfg",
        "final.json",
        "metrics.jsonl",
    ]


def test_a_failure_that_training_goes_on_from_is_none(studied):
    """It was settled, and a kill came before the run has ended."""
    bundle, (_, config) = studied
    assert bundle.has_results(config)
    run = RunFolder(config.run_dir)
    run.path.mkdir()
    run.config.write_text(to_flag_file(config))
    bundle.update([config])
    assert not bundle.has_results(config)
    trial = type("Trial", (), {"config": config})
    with pytest.raises(UserError, match="nothing is chosen without it"):
        tuning_losses([trial], StudyOptions(study_dir="x"), bundle)


def test_a_study_elsewhere_keeps_what_was_decided(studied):
    """On XLA, by a trial on the first machine."""
    bundle, configs = studied
    options = StudyOptions(study_dir=str(bundle.study_dir))
    shared = Config(jit_compile="auto")
    for decision in ("true", "false"):
        for config in configs:
            of_run = dataclasses.replace(config, jit_compile=decision)
            path = bundle.place(config) / "config.cfg"
            path.write_text(to_flag_file(of_run))
        assert decided(options) == decision
        found = with_jit_compile_decided(shared, options)
        assert found.jit_compile == decision
    (bundle.study_dir / "jit_compile.json").write_text('{"jit_compile": true}')
    assert decided(options) == "true"
    devices = {"strategy": "mirrored", "num_virtual_devices": 2}
    with pytest.raises(UserError, match="--num_virtual_devices=2: the study"):
        with_jit_compile_decided(
            dataclasses.replace(shared, **devices), options
        )


def test_a_bundle_alone_is_of_its_options(studied):
    """As a run's own folder is: else its results would be overwritten."""
    bundle, (config, _) = studied
    check_runs([config], bundle)
    with pytest.raises(UserError, match="--g_learning_rate=0.5: the study's"):
        check_runs([dataclasses.replace(config, g_learning_rate=0.5)], bundle)
    with pytest.raises(UserError, match="has done 20 already"):
        check_runs([dataclasses.replace(config, train_steps=10)], bundle)


def test_a_kill_while_unpacking_leaves_no_half(studied, monkeypatch):
    bundle, configs = studied
    whole = files_of(bundle.folder)
    shutil.rmtree(bundle.folder)
    rename, moved = Path.rename, []

    def killed(path, target):
        if moved:
            raise KeyboardInterrupt
        moved.append(target)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        bundle.restore()
    assert len(list(bundle.folder.iterdir())) == 1
    (half,) = bundle.folder.iterdir()
    assert files_of(half) == [
        name.removeprefix(f"{half.name}/")
        for name in whole
        if name.startswith(half.name)
    ]
    monkeypatch.undo()
    leftover = bundle.study_dir / ".unpacked" / "of a kill"
    leftover.mkdir(parents=True)
    bundle.restore()
    assert files_of(bundle.folder) == whole
    assert not leftover.parent.exists()
    assert all(bundle.holds(config, []) for config in configs)


def test_a_bundle_names_no_folder_of_its_machine(tmp_path):
    config = config_of(tmp_path, dataset="folder:/home/somebody/photos")
    make(config)
    bundle = Bundle(tmp_path)
    bundle.update([config])
    for path in bundle.folder.rglob("*.*"):
        assert "somebody" not in path.read_text()
    shutil.rmtree(config.run_dir)
    moved = config.moved_to("/mnt/photos")
    check_runs([config, moved], bundle)
    assert bundle.holds(config, []) and bundle.holds(moved, [])
    others = config.moved_to("/home/somebody/cats")
    assert not bundle.holds(others, [])
    with pytest.raises(UserError, match="has folder:photos; name another"):
        check_runs([others], bundle)


def test_what_an_early_version_tested_is_what_it_tested(studied):
    """Its tests do not say how many images their part has."""
    bundle, (config, _) = studied
    run = RunFolder(bundle.place(config))
    (test,) = run.final_tests()
    of_two = Measurement(search=SearchOptions(evaluations=3), num_images=2)
    manifest = {"search": search_identity(of_two.search)}
    (test / "manifest.json").write_text(json.dumps(manifest))
    assert of_two.found(run) == test
    assert dataclasses.replace(of_two, num_images=3).found(run) is None
    assert dataclasses.replace(of_two, num_images=None).found(run) == test
