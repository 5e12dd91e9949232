"""The authors' own numbers, and proof that the check can fail."""

import subprocess
import sys

import numpy as np
import pytest
from helpers import golden_check
from helpers.commands import GOLDEN, ROOT

FILE = GOLDEN
RESNET_FILE = FILE.with_name("resnet_reference.npz")


@pytest.fixture(scope="module")
def golden():
    return dict(np.load(FILE, allow_pickle=False))


@pytest.fixture(scope="module")
def comparisons(golden):
    return golden_check.check_file(golden)


@pytest.fixture(scope="module")
def resnet():
    return dict(np.load(RESNET_FILE, allow_pickle=False))


def test_every_part_of_the_resnet_agrees(resnet):
    comparisons = golden_check.check_file(resnet)
    assert golden_check.report(comparisons)
    compared = {c.tensor for c in comparisons}
    assert {k.split("/")[1] for k in resnet if k.startswith("layer/")} <= (
        compared
    )
    trained = {
        key.replace("net/", "").replace("train/", "").replace("_after", "")
        for key in resnet
        if "_after/" in key
    }
    assert len(trained) == 97 and trained <= compared


@pytest.mark.parametrize(
    "key",
    [
        "layer/addition/grad/add.weight",
        "layer/block_up_last/y",
        "net/weight/d_eval",
        "net/weight/train/g_after/net.level_1_block_0.post.bias",
    ],
)
def test_a_wrong_number_of_the_resnet_is_found(resnet, key):
    """A twentieth more in any one tensor fails the check."""
    changed = resnet | {key: 1.05 * resnet[key]}
    assert not golden_check.report(golden_check.check_file(changed))


def test_every_part_agrees(comparisons):
    assert golden_check.report(comparisons)
    parts = {c.part for c in comparisons}
    assert parts == {
        "layers",
        "layer gradients",
        "networks",
        "reconstruction",
        "training",
    }


def test_nothing_in_the_file_is_left_out(golden, comparisons):
    """Each layer, norm and trained tensor has its comparison."""
    compared = {c.tensor for c in comparisons}
    layers = {k.split("/")[1] for k in golden if k.startswith("layer/")}
    assert layers <= compared
    trained = {
        key.replace("net/", "").replace("train/", "").replace("_after", "")
        for key in golden
        if "_after/" in key
    }
    missing = trained - compared
    assert len(missing) == 4
    assert all(
        name.startswith("batch/") and name.endswith("_conv.bias")
        for name in missing
    )


@pytest.mark.parametrize(
    "key",
    [
        "layer/convT_k4s2p21_strict/y",
        "layer/conv_valid_affine/grad/scale",
        "net/batch/g_train",
        "net/weight/rec/z",
        "net/weight/train/d_after/level_1_conv.weight",
        "net/batch/train/g_after/level_1_batchnorm.running_var",
        "net/batch/train/d_after/level_1_batchnorm.running_mean",
    ],
)
def test_a_wrong_number_is_found(golden, key):
    """A twentieth more in any one tensor fails the check."""
    changed = golden | {key: 1.05 * golden[key]}
    norms = [key.split("/")[1]] if key.startswith("net/") else []
    found = [
        *(golden_check.check_layers(changed) if not norms else ()),
        *(
            comparison
            for norm in norms
            for check in (
                golden_check.check_network,
                golden_check.check_reconstruction,
                golden_check.check_training,
            )
            for comparison in check(changed, norm)
        ),
    ]
    assert not golden_check.report(found)


def test_command_line(tmp_path):
    command = [sys.executable, str(ROOT / "tests" / "golden_check.py")]
    assert subprocess.run(command, capture_output=True).returncode == 2
    values = dict(np.load(FILE, allow_pickle=False))
    values = {k: v for k, v in values.items() if not k.startswith("net/")}
    values["layer/tprelu/y"] = values["layer/tprelu/y"] + 1
    wrong = tmp_path / "wrong.npz"
    np.savez(wrong, **values)
    result = subprocess.run(
        [*command, str(wrong)], capture_output=True, text=True
    )
    assert result.returncode == 1
    assert "FAILED layers: tprelu" in result.stdout
