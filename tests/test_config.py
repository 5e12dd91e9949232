"""Options: checks, flags, flag files."""

import dataclasses
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from absl import flags
from helpers.commands import ROOT

from wn_gan import networks
from wn_gan.config import (
    LOSSES,
    NORMS,
    Config,
    SampleOptions,
    StudyOptions,
    changed_options,
)
from wn_gan.data.pipeline import epoch_positions
from wn_gan.errors import UserError
from wn_gan.flag_defs import (
    define_options,
    from_flag_file,
    options_from_flags,
    parse,
    to_flag_file,
)
from wn_gan.gan import losses
from wn_gan.gan.randomness import FIXED_CODES, MIX, StepRandom
from wn_gan.study.plan import plan


def config_of(*arguments):
    values = flags.FlagValues()
    define_options(Config, values)
    parse(["train", *arguments], values)
    return options_from_flags(Config, values)


def test_choices_are_those_of_the_code():
    assert set(LOSSES) == set(losses.LOSSES)
    assert NORMS == networks.NORMS


def test_no_flags_give_the_defaults():
    assert config_of() == Config()


@pytest.mark.parametrize("field", dataclasses.fields(Config))
def test_every_option_says_what_it_is(field):
    assert len(field.metadata["help"]) > 10


@pytest.mark.parametrize(
    "option, message",
    [
        ({"batch_size": 0}, "--batch_size=0: must be at least 1"),
        ({"norm": "bn"}, "--norm=bn: must be one of none, batch, weight"),
        ({"g_learning_rate": float("nan")}, "--g_learning_rate=nan"),
        ({"d_learning_rate": float("inf")}, "--d_learning_rate=inf"),
        ({"image_width": 31, "image_height": 32}, "--image_width=31"),
        ({"image_width": 32}, "--image_width=32: give both or neither"),
        ({"image_height": 32}, "--image_height=32: give both or neither"),
        ({"steps_per_execution": 0}, "--steps_per_execution=0: must be at"),
        ({"jit_compile": "yes"}, "--jit_compile=yes: must be one of false"),
    ],
)
def test_bad_values_name_flag_and_value(option, message):
    with pytest.raises(UserError) as caught:
        Config(**option)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


LARGEST_SEED = 2**32 - 1


@pytest.mark.parametrize(
    "kind, name, largest, more",
    [
        (Config, "seed", LARGEST_SEED, {}),
        (Config, "split_seed", LARGEST_SEED, {}),
        (StudyOptions, "seeds", LARGEST_SEED, {"study_dir": "x"}),
        (SampleOptions, "seed", 2**62, {"run_dir": "x", "output": "y"}),
    ],
)
def test_seeds_too_large_for_their_generators_are_refused(
    kind, name, largest, more
):
    def given(seed):
        return {name: (seed,) if name == "seeds" else seed}

    kind(**given(largest), **more)
    message = f"--{name}={largest + 1}: must be at most {largest}$"
    with pytest.raises(UserError, match=message):
        kind(**given(largest + 1), **more)


def test_the_largest_seed_works_and_the_next_does_not():
    """The limit is that of the code that takes the seed."""
    step = tf.Variable(3, dtype=tf.int64)
    for kind in (FIXED_CODES, MIX):
        drawn = StepRandom(LARGEST_SEED, step).normal(kind, 2, [3], tf.float32)
        assert np.isfinite(drawn).all()
    places = tf.range(7, dtype=tf.int64)
    order = epoch_positions(places, 7, LARGEST_SEED)
    assert sorted(order.numpy().tolist()) == list(range(7))
    keras.utils.set_random_seed(LARGEST_SEED)
    np.random.RandomState(LARGEST_SEED)
    for takes in (keras.utils.set_random_seed, np.random.RandomState):
        with pytest.raises(ValueError, match="between 0 and 2"):
            takes(LARGEST_SEED + 1)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--bach_size=3"], "--bach_size: unknown flag; the nearest are batch"),
        (["--batch_size=x"], "--batch_size=x"),
        (["stray"], "'stray': stray argument"),
        (["--flagfile=/no/such.cfg"], "/no/such.cfg"),
    ],
)
def test_bad_command_lines(arguments, message):
    with pytest.raises(UserError) as caught:
        config_of(*arguments)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text, message",
    [
        ("--nrom=batch\n", "--nrom: unknown flag; the nearest are norm"),
        ("  # indented comment\n", "stray argument"),
    ],
)
def test_bad_flag_files(tmp_path, text, message):
    path = tmp_path / "bad.cfg"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        config_of(f"--flagfile={path}")


def test_the_last_value_wins(tmp_path):
    path = tmp_path / "one.cfg"
    path.write_text("# comment\n--norm=batch\n--seed=3\n")
    config = config_of(f"--flagfile={path}", "--seed=4")
    assert (config.norm, config.seed) == ("batch", 4)


@pytest.mark.parametrize(
    "config",
    [
        Config(),
        Config(
            dataset="folder:/some where/x",
            image_width=64,
            image_height=48,
            deterministic=True,
            g_learning_rate=3e-7,
            run_dir="runs/x",
        ),
    ],
)
def test_flag_file_round_trip(config):
    assert from_flag_file(to_flag_file(config)) == config


FLAG_FILES = sorted((ROOT / "flags").glob("*.cfg"))


@pytest.mark.parametrize("path", FLAG_FILES, ids=lambda p: p.stem)
def test_flag_files_of_the_project(path):
    """Each is valid and opens with its command, hardware and time."""
    verb = "study" if path.stem.startswith("study_") else "train"
    head = path.read_text().split("\n--")[0]
    assert f"# python -m wn_gan.{verb} --flagfile=flags/{path.name}" in head
    assert "CPU cores" in head
    assert re.search("minutes|hours|days|weeks|months", head)
    if verb == "train":
        config = config_of(f"--flagfile={path}")
        assert config.run_dir == f"runs/{path.stem}"
        return
    values = flags.FlagValues()
    for kind in (Config, StudyOptions):
        define_options(kind, values)
    parse(["study", f"--flagfile={path}"], values)
    options = options_from_flags(StudyOptions, values)
    assert options.study_dir == f"runs/{path.stem}"
    configs = plan(options_from_flags(Config, values), options)
    assert len(configs) == len(options.norms) * len(options.seeds)


def test_norms_are_compared_at_equal_settings():
    """One file a norm; nothing else differs."""
    configs = {
        name: config_of(f"--flagfile={ROOT}/flags/cifar10_{name}.cfg")
        for name in ("none", "bn", "wn")
    }
    assert {c.norm for c in configs.values()} == {"none", "batch", "weight"}
    for config in configs.values():
        assert changed_options(config, configs["wn"]) in ([], ["norm"])


def test_changed_options_are_those_that_alter_the_result():
    old = Config()
    new = Config(
        train_steps=7, run_dir="x", data_dir="y", log_every_steps=3, seed=1
    )
    assert changed_options(old, new) == ["seed"]
