"""`best` is the lowest of the tests that a run makes now."""

import dataclasses
import json

import pytest
from helpers.commands import TINY

from wn_gan.config import Config
from wn_gan.errors import UserError
from wn_gan.flag_defs import to_flag_file
from wn_gan.runs.checkpoint_file import read, write
from wn_gan.runs.checkpoints import Checkpoints
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.same_run import check_run
from wn_gan.train.opening import match_best
from wn_gan.train.state import TrainState


def best_loss(folder):
    return json.loads(folder.final.read_text())["best_reconstruction_loss"]


def test_another_running_test_has_a_best_of_its_own(tmp_path, run_here):
    """A search of 60 evaluations is lower than all later ones of one."""
    flags = TINY | {"run_dir": tmp_path / "run", "test_every_steps": 10}
    told = run_here("train", **flags | {"running_test_evaluations": 60})
    assert told.returncode == 0, told.stderr
    folder = RunFolder(tmp_path / "run")
    before = best_loss(folder)
    told = run_here(
        "train",
        allow_change="running_test_evaluations",
        **flags | {"running_test_evaluations": 1, "train_steps": 40},
    )
    assert told.returncode == 0, told.stderr
    assert best_loss(folder) > before
    metadata = read(Checkpoints(folder.checkpoints).path("best"))[1]
    assert metadata["step"] in (30, 40)
    assert metadata["running_test"].endswith(", 1 evaluations")


def test_a_kill_before_the_new_test_brings_no_old_loss_back(tmp_path):
    """`best` is still the old file then, of other images."""

    class Saved:
        def step(self, name):
            return 20

        def path(self, name):
            return tmp_path / "best.npz"

    for named in ({"running_test": "a, 5"}, {}):  # {}: of an earlier version
        write(tmp_path / "best.npz", {}, {"best_loss": 0.1} | named)
        for now, expected in (("b, 5", None), ("a, 5", 0.1)):
            state = TrainState(step=40, running_test=now)
            match_best(Saved(), state, earlier="a, 5")
            assert state.best_loss == expected


def test_what_begins_anew_and_what_goes_on():
    state = TrainState(best_loss=0.1, best_step=10, improved_step=10)
    # Saved by an earlier version: the run's folder says what its tests were.
    state.begin_tests("a, 5 evaluations", "a, 5 evaluations")
    assert state.best_loss == 0.1
    state.begin_tests("a, 5 evaluations", "b, 5 evaluations")
    assert state.best_step == 10
    other = dataclasses.replace(state, running_test=None)
    for one in (state, other):
        one.begin_tests("b, 5 evaluations", "a, 5 evaluations")
        assert (one.best_loss, one.best_step) == (None, None)
        assert one.improved_step is None


@pytest.mark.parametrize(
    "name, old, new, fits",
    [
        ("warmup_steps", 0, 10, False),
        ("warmup_steps", 10, 20, True),
        ("g_ema_decay", 0.0, 0.9, False),
        ("g_ema_decay", 0.9, 0.99, True),
        ("precision", "float32", "mixed_float16", False),
        ("precision", "float32", "mixed_bfloat16", True),
        ("norm", "none", "weight", False),
    ],
)
def test_a_way_out_is_named_only_if_it_is_one(tmp_path, name, old, new, fits):
    """An option that adds variables to the optimizer fits no checkpoint."""
    folder = RunFolder(tmp_path)
    folder.config.write_text(to_flag_file(Config(**{name: old})))
    config = Config(**{name: new})
    with pytest.raises(UserError) as told:
        check_run(folder, config, ())
    assert (f"or give --allow_change={name}" in str(told.value)) == fits
    if fits:
        check_run(folder, config, (name,))
        return
    with pytest.raises(UserError, match="name another --run_dir"):
        check_run(folder, config, (name,))
