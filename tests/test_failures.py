"""The guard sees runs that fail; restart, rollback and what they leave."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from helpers.commands import TINY, run_module
from tensorboard.backend.event_processing.plugin_event_accumulator import (
    EventAccumulator,
)

from wn_gan.config import Config
from wn_gan.errors import TrainingFailed
from wn_gan.gan.building import build_gan
from wn_gan.gan.losses import LOSSES
from wn_gan.gan.vitals import Vitals
from wn_gan.runs import checkpoints
from wn_gan.runs.checkpoint_file import gan_parts, nonfinite_variable, read
from wn_gan.runs.checkpoints import Checkpoints
from wn_gan.runs.failures import Failure, FailureLog
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.metrics import read_metrics
from wn_gan.train import train_run
from wn_gan.train.actions.guard import Guard, spread
from wn_gan.train.actions.testing import TestGenerator
from wn_gan.train.schedule import Interrupted
from wn_gan.train.state import TrainState

WATCHED = TINY | {"guard_every_steps": 10, "train_steps": 60}


def results(d_loss, **others):
    given = dict(d_loss=d_loss, g_loss=1.0, real_logits=0.0, fake_logits=0.0)
    return {k: tf.constant(v) for k, v in (given | others).items()}


# Vitals


def test_the_first_step_that_is_not_finite_is_kept():
    vitals = Vitals(d_won_loss=0.1)
    vitals.update(tf.constant(1, tf.int64), results(1.0))
    assert int(vitals.nonfinite_step) == 0
    vitals.update(tf.constant(2, tf.int64), results(1.0, fake_logits=np.inf))
    vitals.update(tf.constant(3, tf.int64), results(np.nan))
    vitals.update(tf.constant(4, tf.int64), results(1.0))
    assert int(vitals.nonfinite_step) == 2


def test_the_share_of_steps_that_d_wins():
    """From 0 it is 1 - 0.995^n after n steps won; above 0.8 after 322."""
    vitals = Vitals(d_won_loss=0.1)
    for step in range(1, 323):
        if step == 322:
            assert float(vitals.d_won_share) < 0.8
        vitals.update(tf.constant(step, tf.int64), results(0.09))
    assert 0.8 < float(vitals.d_won_share) < 0.802
    vitals.update(tf.constant(323, tf.int64), results(0.11))
    assert float(vitals.d_won_share) < 0.8


def test_a_critic_without_a_least_loss_cannot_win():
    gan = build_gan(Config(**TINY | {"loss": "wasserstein"}), (8, 8, 3))
    assert gan.vitals.d_won_loss is None
    gan.vitals.update(tf.constant(1, tf.int64), results(-50.0))
    assert float(gan.vitals.d_won_share) == 0


def test_the_spread_is_over_images():
    """Two images apart by 1 have a deviation of 1/2; each alone is 'busy'."""
    busy = np.arange(8.0).reshape(1, 2, 2, 2) / 8
    assert spread(np.concatenate([busy, busy])) == 0
    assert spread(np.stack([np.zeros((2, 2, 1)), np.ones((2, 2, 1))])) == 0.5


# Induced failures


def poisoned(monkeypatch, seeds, bad_step):
    """Images that are NaN at one step, for runs with certain seeds."""
    real = train_run.batches

    def batches(config, feed, start_step, strategy=None):
        data = real(config, feed, start_step, strategy)
        if config.seed not in seeds:
            return data
        numbered = data.enumerate(start_step + 1)
        return numbered.map(
            lambda i, x: tf.where(i == bad_step, x * np.float32(np.nan), x)
        )

    monkeypatch.setattr(train_run, "batches", batches)


def all_finite(folder):
    for path in folder.checkpoints.glob("*.npz"):
        arrays, _ = checkpoints.read(path)
        for name, array in arrays.items():
            assert np.isfinite(array).all(), f"{path}: {name}"
    return True


def test_a_nan_is_seen_at_the_next_look(tmp_path, monkeypatch, capsys):
    """NaN at step 33; seen at 40, when a checkpoint is due."""
    poisoned(monkeypatch, {0}, 33)
    config = Config(**WATCHED | {"run_dir": str(tmp_path / "run")})
    with pytest.raises(TrainingFailed, match="at step 40: .*since step 33"):
        train_run.train(config)
    folder = RunFolder(config.run_dir)
    assert {p.name for p in folder.checkpoints.glob("*.npz")} == {
        "last.npz",
        "previous.npz",
        "best.npz",
    }
    assert all_finite(folder)
    assert checkpoints.read(folder.checkpoints / "last.npz")[1]["step"] == 30
    last = read_metrics(folder.metrics)[-1]
    assert last["step"] == 40
    assert last["failure"] == "losses are not finite since step 33"
    assert not folder.final.exists()
    assert "failure at step 40" in capsys.readouterr().out
    events = EventAccumulator(str(folder.path))
    events.Reload()
    (event,) = events.Tensors("failures")
    assert event.step == 40
    assert b"since step 33" in event.tensor_proto.string_val[0]


def test_a_variable_that_is_not_finite_is_named_and_never_saved(tmp_path):
    gan = build_gan(Config(**TINY), (8, 8, 3))
    assert nonfinite_variable(gan_parts(gan)) is None
    kernel = gan.generator.get_layer("level_0_conv").kernel
    kernel.assign(tf.fill(kernel.shape, np.inf))
    assert nonfinite_variable(gan_parts(gan)) == "generator/level_0_conv/kernel"
    saved = Checkpoints(tmp_path)
    with pytest.raises(ValueError, match="level_0_conv/kernel must be fin"):
        saved.save_last(gan, {"step": 0})
    assert not list(tmp_path.glob("*.npz"))


def test_a_rate_of_d_100_times_too_high_is_seen_by_step_1000(tmp_path):
    """In 12 trials of three norms, two seeds, two stacks: by step 820."""
    result = run_module(
        "train",
        run_dir=tmp_path / "run",
        **WATCHED
        | {"d_learning_rate": 1e-2, "train_steps": 1000, "norm": "batch"},
    )
    assert result.returncode == 3
    (line,) = result.stderr.strip().splitlines()[-1:]
    assert line.startswith("failed: ") and "D has won: d_loss below" in line
    assert "--on_failure=restart" in line
    assert "Traceback" not in result.stderr


def test_a_constant_generator_is_seen_by_step_530(tmp_path):
    """First looked for at 500, found three times on end by 530."""
    folder = RunFolder(tmp_path / "run")
    constant = WATCHED | {
        "norm": "none",
        "g_learning_rate": 0.0,
        "train_steps": 600,
        "test_every_steps": 300,
    }
    result = run_module("train", run_dir=folder.path, **constant)
    assert result.returncode == 3
    (failure,) = FailureLog(folder.failures).failures
    assert failure.step <= 530 and "G has no variety" in failure.cause
    # The same command tells the same, at once; nothing is trained.
    lines = folder.metrics.read_text()
    again = run_module("train", run_dir=folder.path, **constant)
    assert again.returncode == 3 and "G has no variety" in again.stderr
    assert folder.metrics.read_text() == lines


# What is done about them


def test_restart_begins_again_with_another_seed(tmp_path, monkeypatch, capsys):
    poisoned(monkeypatch, {0}, 33)
    folder = RunFolder(tmp_path / "run")
    config = Config(
        **WATCHED, on_failure="restart", seed=0, run_dir=str(folder.path)
    )
    assert train_run.train(config) == 0
    (failure,) = FailureLog(folder.failures).failures
    assert (failure.action, failure.resumed_from) == ("restart", 0)
    assert (failure.seed, failure.d_learning_rate) == (1000, 0.5e-4)
    assert json.loads(folder.final.read_text())["recoveries"] == 1
    records = read_metrics(folder.metrics)
    assert [r["step"] for r in records] == list(range(5, 61, 5))
    assert all(r["recoveries"] == 1 for r in records)
    # The failed attempt is kept apart.
    old = read_metrics(folder.failed / "1" / "metrics.jsonl")
    assert old[-1]["failure"] == failure.cause
    pictures = folder.failed / "1" / "samples"
    assert {p.name for p in pictures.iterdir()} == {
        f"step_000000{n}.png" for n in (10, 20, 30)
    }
    assert all_finite(folder)
    check_one_curve(folder)
    assert "restart at step 0 with --seed=1000" in capsys.readouterr().out
    check_equals_a_run_of_its_own(folder, config, failure, tmp_path)


def check_one_curve(folder):
    """TensorBoard shows each step once, in order, and the failure."""
    events = EventAccumulator(str(folder.path), {"tensors": 0})
    events.Reload()
    steps = [event.step for event in events.Tensors("loss/d_loss")]
    assert steps == [r["step"] for r in read_metrics(folder.metrics)]
    assert len(events.Tensors("failures")) == 1


def check_equals_a_run_of_its_own(folder, config, failure, tmp_path):
    """A restarted run is the run of the recorded seed and rate."""
    options = vars(config) | {
        "seed": failure.seed,
        "d_learning_rate": failure.d_learning_rate,
        "run_dir": str(tmp_path / "alone"),
    }
    assert train_run.train(Config(**options)) == 0
    one, two = (
        json.loads((path / "final.json").read_text())["weights_sha256"]
        for path in (folder.path, tmp_path / "alone")
    )
    assert one == two


def test_rollback_goes_on_from_the_last_good_checkpoint(tmp_path, monkeypatch):
    poisoned(monkeypatch, {0}, 33)
    folder = RunFolder(tmp_path / "run")
    config = Config(**WATCHED, on_failure="rollback", run_dir=str(folder.path))
    assert train_run.train(config) == 0
    (failure,) = FailureLog(folder.failures).failures
    assert (failure.action, failure.resumed_from) == ("rollback", 30)
    records = read_metrics(folder.metrics)
    assert [r["step"] for r in records] == list(range(5, 61, 5))
    marked = [r["step"] for r in records if "recoveries" in r]
    assert marked == list(range(35, 61, 5))
    assert not (folder.failed / "1" / "samples").exists()
    check_one_curve(folder)
    gan = build_gan(FailureLog(folder.failures).attempt(config), (32, 32, 3))
    Checkpoints(folder.checkpoints).restore_latest(gan)
    # The rate is the lower one, whatever the checkpoint held.
    np.testing.assert_allclose(float(gan.d_optimizer.learning_rate), 0.5e-4)
    np.testing.assert_allclose(float(gan.g_optimizer.learning_rate), 1e-4)


def test_recoveries_are_bounded(tmp_path, monkeypatch):
    """Seeds 0, 1000 and 2000 all fail; then it is told, and counted."""
    poisoned(monkeypatch, {0, 1000, 2000}, 7)
    folder = RunFolder(tmp_path / "run")
    config = Config(
        **WATCHED,
        on_failure="restart",
        max_recoveries=2,
        recovery_d_rate_factor=0.1,
        run_dir=str(folder.path),
    )
    with pytest.raises(TrainingFailed, match="--max_recoveries=2 times"):
        train_run.train(config)
    log = FailureLog(folder.failures)
    assert [f.seed for f in log.failures] == [1000, 2000, None]
    rates = [f.d_learning_rate for f in log.failures[:2]]
    np.testing.assert_allclose(rates, [1e-5, 1e-6])
    assert log.pending is log.failures[-1]


def test_a_stopped_run_goes_on_when_told_how(tmp_path, monkeypatch):
    poisoned(monkeypatch, {0}, 33)
    folder = RunFolder(tmp_path / "run")
    config = WATCHED | {"run_dir": str(folder.path)}
    with pytest.raises(TrainingFailed):
        train_run.train(Config(**config))
    # Values that are not finite cannot be ignored.
    with pytest.raises(TrainingFailed):
        train_run.train(Config(**config, on_failure="ignore"))
    assert train_run.train(Config(**config, on_failure="rollback")) == 0
    (failure,) = FailureLog(folder.failures).failures
    assert failure.resumed_from == 30


def test_ignored_failures_are_recorded_once(tmp_path):
    folder = RunFolder(tmp_path / "run")
    options = WATCHED | {
        "norm": "none",
        "g_learning_rate": 0.0,
        "train_steps": 600,
        "test_every_steps": 300,
        "on_failure": "ignore",
        "run_dir": str(folder.path),
    }
    assert train_run.train(Config(**options)) == 0
    log = FailureLog(folder.failures)
    causes = [f.cause.split(":")[0] for f in log.failures]
    assert "G has no variety" in causes
    assert len(causes) == len(set(causes))
    assert not log.pending and log.recoveries == 0
    # Nor when the run goes on.
    assert train_run.train(Config(**options | {"train_steps": 700})) == 0
    assert FailureLog(folder.failures).failures == log.failures


def test_a_suspect_checkpoint_is_no_place_to_go_back_to(tmp_path):
    gan = build_gan(Config(**TINY), (8, 8, 3))
    saved = Checkpoints(tmp_path)
    for step, suspect_since in ((10, None), (20, None), (30, 25), (40, None)):
        gan.step.assign(step)
        saved.save_last(gan, {"step": step, "suspect_since": suspect_since})
        saved.keep_step(step)
    saved.copy("step_00000030", "best")
    saved.path("previous").unlink()
    saved.path("last").write_bytes(b"torn")
    path, step = saved.good(before_step=40)
    assert (path.name, step) == ("step_00000020.npz", 20)
    # Twice: a kill in between changes nothing.
    for _ in range(2):
        saved.roll_back(path)
        names = {p.name for p in tmp_path.glob("*.npz")}
        assert names == {
            "last.npz",
            "step_00000010.npz",
            "step_00000020.npz",
        }
    assert saved.restore_latest(gan).metadata["step"] == 20
    saved.roll_back(None)
    assert not list(tmp_path.glob("*.npz"))


def test_a_recovery_that_was_cut_short_is_done_again(tmp_path, monkeypatch):
    """Killed after the checkpoints were gone and before it was recorded."""
    poisoned(monkeypatch, {0}, 33)
    folder = RunFolder(tmp_path / "run")
    config = Config(**WATCHED, on_failure="restart", run_dir=str(folder.path))

    def killed(*arguments, **fields):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(FailureLog, "settle", killed)
        with pytest.raises(KeyboardInterrupt):
            train_run.train(config)
    assert FailureLog(folder.failures).pending
    assert train_run.train(config) == 0
    records = read_metrics(folder.metrics)
    assert [r["step"] for r in records] == list(range(5, 61, 5))
    old = read_metrics(folder.failed / "1" / "metrics.jsonl")
    assert "failure" in old[-1]


def test_the_log_is_read_back(tmp_path):
    log = FailureLog(tmp_path / "failures.json")
    assert not log.failures and log.pending is None
    log.add(Failure(cause="x", since_step=3, step=5))
    assert FailureLog(log.path).pending == log.pending
    log.settle(action="restart", resumed_from=0, seed=9, d_learning_rate=0.1)
    again = FailureLog(log.path)
    assert again.pending is None and again.recoveries == 1
    assert again.attempt(Config()).seed == 9
    assert "restart at step 0 with --seed=9" in str(again.failures[0])


# Healthy runs

HEALTHY = {
    "features": (16,),
    "batch_size": 32,
    "g_learning_rate": 5e-4,
    "d_learning_rate": 5e-4,
    "train_steps": 1500,
    "test_every_steps": 250,
    "sample_every_steps": 1500,
    "checkpoint_every_steps": 500,
    "running_test_images": 100,
}


def alarms(folder, **options):
    """What the guard saw in a run that it may not stop."""
    config = Config(
        **HEALTHY | options, run_dir=str(folder), on_failure="ignore"
    )
    assert train_run.train(config) == 0
    tests = [
        record["reconstruction_loss"]
        for record in read_metrics(RunFolder(folder).metrics)
        if "reconstruction_loss" in record
    ]
    print(options, " ".join(f"{loss:.4f}" for loss in tests))
    return FailureLog(RunFolder(folder).failures).failures


@pytest.mark.slow
@pytest.mark.parametrize("norm", ["none", "batch", "weight"])
@pytest.mark.parametrize(
    "loss", ["non_saturating", "least_squares", "hinge", "wasserstein"]
)
def test_healthy_runs_raise_no_alarm(tmp_path, loss, norm):
    assert alarms(tmp_path / "run", loss=loss, norm=norm) == []


def test_a_least_squares_run_raises_no_alarm(tmp_path):
    """The short form: D's loss starts near 0.01, and the running test falls."""
    folder = tmp_path / "run"
    short = {
        "features": (8,),
        "g_learning_rate": 1e-4,
        "train_steps": 500,
        "test_every_steps": 100,
        "guard_every_steps": 50,
    }
    assert alarms(folder, loss="least_squares", norm="batch", **short) == []
    records = read_metrics(folder / "metrics.jsonl")
    # Below the other losses' threshold: the alarm that it must not raise.
    assert min(r["d_loss"] for r in records[:2]) < 0.1
    tests = [r["reconstruction_loss"] for r in records]
    assert tests[-1] < tests[0]


def test_an_improving_run_is_not_one_that_d_has_won():
    """One of the latest two tests must be the best so far, under suspicion."""
    guard = Guard.__new__(Guard)
    guard.run = SimpleNamespace(
        state=TrainState(step=2400, d_won_share=0.9, suspect_since=1300),
        config=Config(test_every_steps=1000),
        gan=SimpleNamespace(vitals=SimpleNamespace(d_won_loss=0.1)),
    )
    state = guard.run.state
    assert "D has won" in guard._d_won()
    state.improved_step = 1000  # before the suspicion
    assert "D has won" in guard._d_won()
    state.improved_step = 2000
    assert guard._d_won() is None
    state.step = 4100  # two tests since have not been the best
    assert "D has won" in guard._d_won()


def test_the_thresholds_are_those_of_an_almost_certain_d():
    """Outputs 95% of the way to their labels give each loss's threshold."""
    certain = {
        "non_saturating": np.log(0.95 / 0.05),
        "least_squares": (0.95, 0.05),
        "hinge": 0.9,
    }
    for name, logit in certain.items():
        real, fake = logit if isinstance(logit, tuple) else (logit, -logit)
        loss = LOSSES[name]
        found = loss.real(tf.constant([real])) + loss.fake(tf.constant([fake]))
        np.testing.assert_allclose(found, loss.d_won_loss, rtol=0.03)
    assert LOSSES["wasserstein"].d_won_loss is None


def test_an_interrupted_running_test_keeps_the_guards_memory(
    tmp_path, monkeypatch
):
    """The checkpoint has the share of steps that D won up to its own step."""
    folder = RunFolder(tmp_path / "run")
    options = TINY | {"train_steps": 40, "test_every_steps": 30}
    config = Config(**options, run_dir=str(folder.path))
    shares = []

    def interrupted(self, step):
        shares.append(float(self.run.gan.vitals.d_won_share.numpy()))
        raise Interrupted

    monkeypatch.setattr(Vitals, "__init__", always_winning(Vitals.__init__))
    monkeypatch.setattr(TestGenerator, "__call__", interrupted)
    assert train_run.train(config) == 143
    _, metadata = read(folder.checkpoints / "last.npz")
    assert metadata["step"] == 30 and metadata["unreported"]
    assert metadata["d_won_share"] == shares[0] > 0.1


def always_winning(original):
    def init(self, d_won_loss):
        original(self, 1e9)

    return init
