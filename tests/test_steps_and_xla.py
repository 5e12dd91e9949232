"""How many steps a call takes, and when XLA compiles them."""

import dataclasses

import pytest
import tensorflow as tf
from helpers.commands import TINY, run_module

from wn_gan.config import Config, StudyOptions
from wn_gan.data import load_split
from wn_gan.flag_defs import from_flag_file, to_flag_file
from wn_gan.runs.json_files import read_json
from wn_gan.study.compile_once import with_jit_compile_decided
from wn_gan.train import compiling
from wn_gan.train.compiling import Trial, uses_xla
from wn_gan.train.loop import most_steps_per_call


def test_a_call_ends_where_anything_is_due():
    config = Config(
        train_steps=1005,
        log_every_steps=100,
        test_every_steps=70,
        guard_every_steps=50,
        diagnostics_every_steps=0,
    )
    assert config.steps_until_due(0) == 50
    assert config.steps_until_due(50) == 20
    assert config.steps_until_due(69) == 1
    assert config.steps_until_due(1001) == 4  # the last step
    # A run that was stopped between intervals finds them again.
    assert 137 + config.steps_until_due(137) == 140


@pytest.mark.parametrize(
    "options, size, steps",
    [
        ({"batch_size": 8}, 32, 10),
        ({"batch_size": 32}, 32, 10),
        ({"batch_size": 33}, 32, 1),
        ({"batch_size": 4}, 160, 1),
        ({"batch_size": 64, "steps_per_execution": 7}, 160, 7),
    ],
)
def test_small_steps_share_a_call(options, size, steps):
    assert most_steps_per_call(Config(**options), (size, size, 3)) == steps


@pytest.mark.parametrize(
    "flag, value",
    [
        ("--jit_compile", "true"),
        ("--nojit_compile", "false"),
        ("--jit_compile=auto", "auto"),
        ("--jit_compile=true", "true"),
        ("", "false"),
    ],
)
def test_the_flag_is_a_switch_and_a_word(flag, value):
    config = from_flag_file(flag)
    assert config.jit_compile == value
    assert from_flag_file(to_flag_file(config)) == config


def test_a_trial_weighs_the_time_to_compile():
    trial = Trial(plain_step=0.03, xla_step=0.02, compile=10.0)
    assert trial.pays(1001) and not trial.pays(999)
    assert not Trial(plain_step=0.02, xla_step=0.03).pays(10**9)
    assert not Trial(plain_step=0.02).pays(10**9)


@pytest.fixture
def auto():
    return Config(**TINY | {"jit_compile": "auto"})


@pytest.mark.parametrize(
    "trial, on",
    [(Trial(0.02, 0.01, 0.0), True), (Trial(0.01, 0.02, 0.0), False)],
)
def test_a_decision_is_recorded_and_kept(
    auto, tmp_path, monkeypatch, trial, on
):
    path, strategy = tmp_path / "xla.json", tf.distribute.get_strategy()
    monkeypatch.setattr(compiling, "try_xla", lambda *_: trial)
    found, line = uses_xla(auto, None, path, strategy)
    assert found is on and f"auto: {str(on).lower()}" in line
    assert read_json(path)["jit_compile"] is on
    # Another day, another trial would say the contrary.
    monkeypatch.setattr(compiling, "try_xla", lambda *_: 1 / 0)
    assert uses_xla(auto, None, path, strategy) == (on, None)


@pytest.mark.parametrize(
    "options", [{"deterministic": True}, {"precision": "bfloat16_convolutions"}]
)
def test_auto_is_off_where_the_last_digits_must_stay(auto, tmp_path, options):
    config = dataclasses.replace(auto, **options)
    path = tmp_path / "xla.json"
    assert uses_xla(config, None, path, None) == (False, None)
    assert not path.exists()


def test_a_step_that_xla_cannot_compile(auto, monkeypatch):
    real = compiling.TrainingLoop

    def refusing(gan, strategy, jit_compile=False):
        if jit_compile:
            gan.train_step = lambda _: tf.py_function(lambda: 1.0, [], "float")
        return real(gan, strategy, jit_compile)

    monkeypatch.setattr(compiling, "TrainingLoop", refusing)
    strategy = tf.distribute.get_strategy()
    trial = compiling.try_xla(auto, load_split(auto), strategy)
    assert trial.xla_step is None and trial.plain_step > 0
    assert "cannot" in str(trial)


def test_a_study_decides_once_for_all_its_runs(auto, tmp_path, capfd):
    options = StudyOptions(study_dir=str(tmp_path / "study"))
    first = with_jit_compile_decided(auto, options)
    assert capfd.readouterr().out.count("--jit_compile=auto: ") == 1
    decision = read_json(tmp_path / "study" / "jit_compile.json")
    assert decision["seconds"]["xla_step"] > 0
    assert first.jit_compile == str(decision["jit_compile"]).lower()
    assert with_jit_compile_decided(auto, options) == first
    assert capfd.readouterr().out == ""


def test_a_cluster_is_not_timed_here(tmp_path):
    result = run_module(
        "study", study_dir=tmp_path, jit_compile="auto", executor="slurm"
    )
    assert result.returncode == 2
    assert "--jit_compile=auto: must be true or false" in result.stderr
