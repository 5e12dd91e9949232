"""Checkpoints and the run folder's small files."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf
from helpers.commands import TINY
from numpy.testing import assert_array_equal

from wn_gan.config import Config
from wn_gan.errors import UserError
from wn_gan.files import write_json
from wn_gan.gan.building import build_gan
from wn_gan.reconstruction import RunningTest
from wn_gan.runs import checkpoints
from wn_gan.runs.checkpoint_file import (
    gan_parts,
    part_variables,
    parts_sha256,
)
from wn_gan.runs.checkpoints import Checkpoints
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.metrics import MetricsFile, read_metrics
from wn_gan.runs.same_run import check_run, check_split, with_own_sizes
from wn_gan.train.opening import match_best
from wn_gan.train.state import TrainState
from wn_gan.train.train_run import train

IMAGES = np.random.default_rng(2).random((8, 8, 8, 3)).astype(np.float32)


def trained_gan(steps=2, **options):
    gan = build_gan(Config(**TINY | options), (8, 8, 3))
    for _ in range(steps):
        gan.train_step(tf.constant(IMAGES))
    return gan


def arrays(gan):
    return {k: np.array(v) for k, v in part_variables(gan_parts(gan)).items()}


# Checkpoints


@pytest.mark.parametrize(
    "options",
    [
        {"norm": "batch"},
        {"optimizer": "adam", "warmup_steps": 3},
        {"precision": "mixed_float16"},
        {"precision": "float64"},
    ],
)
def test_everything_is_restored(tmp_path, options):
    """The restored GAN goes on exactly like the saved one."""
    gan, other = trained_gan(3, **options), trained_gan(1, **options)
    saved = Checkpoints(tmp_path)
    saved.save_last(gan, {"step": 3})
    _, metadata, damaged = saved.restore_latest(other)
    assert metadata == {"step": 3} and not damaged
    for one in (gan, other):
        one.train_step(tf.constant(IMAGES))
    for name, value in arrays(gan).items():
        assert_array_equal(value, arrays(other)[name], err_msg=name)
    assert parts_sha256(gan_parts(gan)) == parts_sha256(gan_parts(other))


def test_every_variable_is_saved():
    """As many entries as the two networks and optimizers have variables."""
    gan = trained_gan()
    counts = [
        len(part.weights) for part in (gan.generator, gan.discriminator)
    ] + [len(o.variables) for o in (gan.g_optimizer, gan.d_optimizer)]
    assert len(part_variables(gan_parts(gan))) == sum(counts) + 1
    slots = [k for k in arrays(gan) if k.startswith("g_optimizer/")]
    assert len(slots) > len(gan.generator.trainable_variables)


def test_hashes_tell_the_parts_apart():
    gan = trained_gan()
    before = parts_sha256(gan_parts(gan))
    gan.discriminator.weights[0].assign_add(
        tf.ones_like(gan.discriminator.weights[0])
    )
    after = parts_sha256(gan_parts(gan))
    changed = {part for part in before if before[part] != after[part]}
    assert changed == {"discriminator"}


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied"])
def test_a_damaged_last_gives_way_to_the_one_before(tmp_path, damage):
    gan = trained_gan(1)
    saved = Checkpoints(tmp_path)
    saved.save_last(gan, {"step": 1})
    expected = arrays(gan)
    gan.train_step(tf.constant(IMAGES))
    saved.save_last(gan, {"step": 2})
    path = saved.path("last")
    content = bytearray(path.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "flipped":
        content[len(content) // 2] ^= 1
    else:
        content = b""
    path.write_bytes(content)
    _, metadata, lines = saved.restore_latest(gan)
    assert metadata == {"step": 1}
    assert len(lines) == 1 and str(path) in lines[0]
    for name, value in arrays(gan).items():
        assert_array_equal(value, expected[name])


def test_only_damaged_checkpoints_stop_the_run(tmp_path):
    saved = Checkpoints(tmp_path)
    saved.path("last").write_bytes(b"")
    with pytest.raises(UserError, match="last.npz: cannot be read"):
        saved.restore_latest(trained_gan(0))
    assert Checkpoints(tmp_path / "none").restore_latest(None) is None


def test_a_kill_between_the_renames_loses_nothing(tmp_path):
    saved = Checkpoints(tmp_path)
    gan = trained_gan(1)
    saved.save_last(gan, {"step": 1})
    saved.save_last(gan, {"step": 2})
    saved.path("last").rename(saved.path("next"))
    assert saved.restore_latest(gan).metadata == {"step": 2}


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.npz"
    checkpoints.write(path, {"a": np.ones(3)}, {"step": 1})

    def full(*arguments, **entries):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.raises(OSError, match="No space"):
        checkpoints.write(path, {"a": np.zeros(3)}, {"step": 2})
    found, metadata = checkpoints.read(path)
    assert metadata == {"step": 1} and found["a"].sum() == 3


def test_another_model_is_refused_and_left_alone(tmp_path):
    saved = Checkpoints(tmp_path)
    saved.save_last(trained_gan(1), {"step": 1})
    other = trained_gan(1, norm="batch")
    before = arrays(other)
    with pytest.raises(UserError, match="entries do not fit this model"):
        saved.restore_latest(other)
    for name, value in arrays(other).items():
        assert_array_equal(value, before[name])


def test_only_the_newest_are_kept(tmp_path):
    saved = Checkpoints(tmp_path, keep=2)
    gan = trained_gan(0)
    for step in (1, 2, 3):
        saved.save_last(gan, {"step": step})
        saved.keep_step(step)
    kept = sorted(p.name for p in tmp_path.glob("step_*"))
    assert kept == ["step_00000002.npz", "step_00000003.npz"]
    assert [saved.step(p.removesuffix(".npz")) for p in kept] == [2, 3]


# metrics.jsonl


def test_metrics_are_cut_at_the_checkpoint(tmp_path):
    file = MetricsFile(tmp_path / "metrics.jsonl")
    for step in (5, 10, 15):
        file.append({"step": step, "d_loss": step / 7})
    with open(file.path, "a") as torn:
        torn.write('{"step": 20, "d_l')
    file.cut_after(10)
    assert read_metrics(file.path) == [
        {"step": 5, "d_loss": 5 / 7},
        {"step": 10, "d_loss": 10 / 7},
    ]
    file.append({"step": 15})
    lines = file.path.read_text().splitlines()
    steps = [json.loads(line)["step"] for line in lines]
    assert steps == [5, 10, 15]


# The folder


@pytest.fixture
def begun(tmp_path):
    """The folder of a run that has begun."""
    folder = RunFolder(tmp_path / "run")
    with folder.locked():
        folder.write_config(Config())
    return folder


def test_the_same_options_resume(begun):
    check_run(begun, Config())
    check_run(begun, dataclasses.replace(Config(), train_steps=7, run_dir="x"))


def test_changed_options_are_refused_unless_allowed(begun):
    changed = Config(seed=7, loss="hinge")
    with pytest.raises(UserError) as refused:
        check_run(begun, changed)
    told = str(refused.value)
    assert "--loss=hinge --seed=7: the run in" in told
    assert "has --loss=non_saturating --seed=0" in told
    assert told.endswith("or give --allow_change=loss,seed")
    check_run(begun, changed, allow_change=["loss", "seed"])


def test_a_default_of_an_earlier_version_is_no_change(begun):
    """It wrote 200; now the data decide, and the split is compared."""
    begun.write_config(Config(running_test_images=200))
    check_run(begun, Config())
    with pytest.raises(UserError, match="--running_test_images=100"):
        check_run(begun, Config(running_test_images=100))


def test_what_cannot_be_changed_is_not_offered(begun):
    with pytest.raises(UserError) as refused:
        check_run(begun, Config(norm="batch", seed=7))
    assert "--norm=batch --seed=7" in str(refused.value)
    assert "allow_change" not in str(refused.value)


def test_an_option_of_another_version_is_named(begun):
    begun.config.write_text("--no_such_thing=1\n")
    with pytest.raises(UserError) as refused:
        check_run(begun, Config())
    told = str(refused.value)
    assert told.startswith(f"{begun.config}: --no_such_thing: unknown flag")
    assert told.endswith("it may be of another version of wn_gan")


def test_a_foreign_folder_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match="holds files but no run"):
        check_run(RunFolder(tmp_path), Config())
    with pytest.raises(UserError, match="is not a folder"):
        check_run(RunFolder(tmp_path / "thesis.tex"), Config())


def test_a_start_that_was_killed_early_is_no_stranger(tmp_path):
    """Killed before config.cfg was there: the lock is stale, and is ours."""
    folder = RunFolder(tmp_path / "run")
    with folder.locked():
        counts = {"running_test": 3, "final_test": 5}
        write_json(folder.split, {"sha256": "1", "num_images": counts})
    assert {p.name for p in folder.path.iterdir()} == {".lock", "split.json"}
    check_run(folder, Config())
    assert with_own_sizes(folder, Config()) == Config()
    (folder.path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match="holds files but no run"):
        check_run(folder, Config())


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    """A file stands where a folder should be (root may write anywhere)."""
    (tmp_path / "file").write_text("")
    folder = RunFolder(tmp_path / "file" / "run")
    with pytest.raises(UserError, match="run: cannot be written"):
        with folder.locked():
            pass


def test_one_process_at_a_time(begun):
    with begun.locked():
        with pytest.raises(UserError, match="another process"):
            with RunFolder(begun.path).locked():
                pass
    with begun.locked():
        pass


def test_other_images_are_refused(begun):
    ours, others = ({"dataset": "a", "sha256": x} for x in "12")
    check_split(begun, ours, allowed=False)
    write_json(begun.split, ours)
    check_split(begun, ours, allowed=False)
    with pytest.raises(UserError, match="--allow_change=dataset"):
        check_split(begun, others, allowed=False)
    check_split(begun, others, allowed=True)
    assert json.loads(begun.split.read_text()) == ours


# `best` and `last` after a kill


def test_best_is_the_checkpoint_that_last_names(tmp_path):
    """Killed after `last` was written, before it was copied to `best`."""
    saved = Checkpoints(tmp_path)
    gan = trained_gan(1)
    saved.save_last(gan, {"step": 10, "best_step": 10})
    saved.copy("last", "best")
    gan.train_step(tf.constant(IMAGES))
    saved.save_last(gan, {"step": 20, "best_step": 20})
    assert saved.step("best") == 10
    state = TrainState(step=20, best_step=20, best_loss=0.1)
    match_best(saved, state)
    assert saved.step("best") == 20
    assert saved.path("best").read_bytes() == saved.path("last").read_bytes()
    # A later `last` leaves it alone.
    saved.save_last(gan, {"step": 30, "best_step": 20})
    match_best(saved, TrainState(step=30, best_step=20, best_loss=0.1))
    assert saved.step("best") == 20


@pytest.mark.parametrize("where", ["before the copy", "in the copy"])
def test_a_replay_that_differs_keeps_best_and_final_in_step(
    tmp_path, monkeypatch, where
):
    """A GPU without --deterministic replays other losses after a kill."""
    folder = RunFolder(tmp_path / "run")
    config = Config(**TINY, run_dir=str(folder.path))
    losses = iter([0.5, 0.4])

    def measured(self, before_batch=None):
        return next(losses), np.zeros((6, 32, 32, 3), np.float32)

    monkeypatch.setattr(RunningTest, "__call__", measured)
    original = Checkpoints.copy

    def killed(self, name, target):
        if self.step("last") == 20:
            if where == "in the copy":
                original(self, name, target)
            raise KeyboardInterrupt
        original(self, name, target)

    monkeypatch.setattr(Checkpoints, "copy", killed)
    with pytest.raises(KeyboardInterrupt):
        train(config)
    monkeypatch.setattr(Checkpoints, "copy", original)
    losses = iter([0.6, 0.7])
    assert train(config) == 0
    final = json.loads(folder.final.read_text())
    best = Checkpoints(folder.checkpoints).step("best")
    assert final["best_step"] == best == 20
    assert final["best_reconstruction_loss"] == 0.4
