"""Imports only go down; the house rules that a machine can check."""

import ast

import pytest
from conftest import ROOT

PACKAGE = ROOT / "wn_gan"
# From the bottom up; a module may import from lower floors and its own
# folder only.
FLOORS = [
    ["errors", "stack", "signals", "progress", "files", "c_loader"],
    ["images"],
    ["config", "layers"],
    ["flag_defs", "networks", "data", "optimizers", "environment"],
    ["distribution"],
    ["losses", "penalties", "randomness", "vitals"],
    ["objective"],
    ["model", "reconstruction", "cli"],
    [
        "building",
        "checkpoints",
        "run_folder",
        "failures",
        "diagnostics",
        "loop",
    ],
    ["metrics", "tensorboard_log", "recovery"],
    ["callbacks"],
    ["opening"],
    ["training"],
    ["dry_run", "trained", "inspection"],
    ["evaluation", "exporting"],
    ["report", "sampling", "serving"],
    ["prepare", "train", "evaluate", "compare", "export", "sample", "client"],
    ["study_run"],
    ["jobs"],
    ["study"],
]
LEVEL = {name: i for i, floor in enumerate(FLOORS) for name in floor}


def modules():
    return sorted(PACKAGE.rglob("*.py"))


def part(path):
    """The package's part that a file belongs to, e.g. `layers`."""
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


def imported_parts(path):
    """The parts of this package that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "wn_gan":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = (node.module or "").split(".")
            if names[0] == "wn_gan":
                yield names[1]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                assert not alias.name.startswith("wn_gan"), path


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.stem)
def test_imports_go_down(path):
    own = part(path)
    if own == "__init__":
        return
    for other in imported_parts(path):
        if other != own:
            assert LEVEL[other] < LEVEL[own], f"{own} imports {other}"


def test_config_knows_neither_absl_nor_tensorflow():
    names = {
        name
        for path in (*PACKAGE.glob("config/*.py"), PACKAGE / "errors.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None) or node.names[0].name]
    }
    own = {name for name in names if name.startswith("wn_gan.")}
    assert {".".join(name.split(".")[:2]) for name in own} <= {
        "wn_gan.config",
        "wn_gan.errors",
    }
    assert names - own <= {
        "dataclasses",
        "typing",
        "difflib",
        "collections.abc",
        "math",
    }


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.stem)
def test_files_and_functions_stay_short(path):
    text = path.read_text()
    assert text.count("\n") <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            body = node.end_lineno - node.lineno + 1
            assert body <= 60, f"{path.name}: {node.name}"
