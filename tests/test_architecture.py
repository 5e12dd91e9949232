"""Imports only go down; the house rules that a machine can check."""

import ast
import subprocess
import sys

import pytest
from helpers.commands import ROOT

PACKAGE = ROOT / "wn_gan"
# From the bottom up; a module may import from lower floors and its own
# package only.
FLOORS = [
    ["errors"],
    ["files", "progress", "keras_compat"],
    ["images", "config", "layers"],
    ["flag_defs", "distribution", "networks", "data", "features"],
    ["cli", "gan", "reconstruction"],
    ["runs"],
    ["generators", "prepare", "train"],
    ["evaluate", "export", "sample", "client"],
    ["compare"],
    ["study"],
]
LEVEL = {name: i for i, floor in enumerate(FLOORS) for name in floor}
# Not of the floors: they may be imported, or import, from anywhere.
ROOTS = ("__init__", "__main__")
VERBS = [
    "train",
    "evaluate",
    "compare",
    "study",
    "sample",
    "export",
    "client",
    "prepare",
    "runs",
]


def modules():
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path):
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def part(path):
    """The package's part that a file belongs to, e.g. `layers`."""
    return name_of(path).split(".")[0]


def imported_modules(path):
    """The modules of this package that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "wn_gan":
            yield from (f"wn_gan.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if (node.module or "").startswith("wn_gan."):
                yield node.module
                yield from (f"{node.module}.{a.name}" for a in node.names)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                assert not alias.name.startswith("wn_gan"), path


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_go_down(path):
    own = part(path)
    if own in ROOTS:
        return
    for module in imported_modules(path):
        other = module.split(".")[1]
        if other not in (own, "lazy_names", "__version__"):
            assert LEVEL[other] < LEVEL[own], f"{own} imports {module}"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_no_module_imports_the_main_of_a_verb(path):
    mains = [m for m in imported_modules(path) if m.endswith(".__main__")]
    assert not mains


def test_the_top_level_holds_only_what_the_layout_names():
    files = {path.stem for path in PACKAGE.glob("*.py")}
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert files | packages == set(LEVEL) | set(ROOTS)
    assert len(files) <= 10


def test_every_verb_is_a_package_with_a_main():
    mains = {path.parent.name for path in PACKAGE.glob("*/__main__.py")}
    assert mains == set(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_help_and_wrong_flags_answer_without_tensorflow(verb):
    """Both in one process, which lists what it has imported."""
    script = (
        "import importlib, sys\n"
        "from wn_gan import cli\n"
        f"verb = importlib.import_module('wn_gan.{verb}.__main__')\n"
        "for flag in ('--help', '--no_such_flag'):\n"
        "    argv = [verb.__name__, flag]\n"
        "    print(cli.run_verb(verb.__doc__, verb.KINDS, verb.main, argv))\n"
        "print({'tensorflow', 'keras'} & set(sys.modules))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True
    )
    assert "\n0\n2\nset()\n" in result.stdout, result.stdout + result.stderr
    assert "--no_such_flag: unknown flag" in result.stderr


@pytest.mark.parametrize("package", ["gan", "generators", "client"])
def test_public_names_are_imported_on_first_use(package):
    script = (
        "import sys\n"
        f"import wn_gan.{package} as package\n"
        "print({'tensorflow', 'keras'} & set(sys.modules))\n"
        "print(all(hasattr(package, name) for name in package.__all__))\n"
        "print(hasattr(package, 'no_such_name'))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True
    )
    assert result.stdout == "set()\nTrue\nFalse\n", result.stderr


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


def test_no_library_function_takes_flags():
    """Absl's objects stay in the two modules that parse command lines."""
    users = {
        name_of(path)
        for path in modules()
        if "from absl" in path.read_text() or "FlagValues" in path.read_text()
    }
    assert users == {"cli.verb", "flag_defs"}


def test_tests_do_not_import_tests():
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                first = (node.module or "").split(".")[0]
                assert not first.startswith("test_"), path
                assert first not in ("conftest", "tests"), path


PRIVATE_TO_KERAS_COMPAT = (
    "_velocities",
    "_get_variable_index",
    "_index_dict",
    "_var_key",
    "dynamic_scale",
    "_all_reduce_sum_gradients",
    "finalize_variable_values",
    "_model_variables_moving_average",
)


@pytest.mark.parametrize("name", PRIVATE_TO_KERAS_COMPAT)
def test_private_attributes_of_keras_are_used_in_one_place(name):
    users = [name_of(p) for p in modules() if name in p.read_text()]
    assert users == ["keras_compat"]


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_files_and_functions_stay_short(path):
    text = path.read_text()
    assert text.count("\n") <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            body = node.end_lineno - node.lineno + 1
            assert body <= 60, f"{path.name}: {node.name}"
