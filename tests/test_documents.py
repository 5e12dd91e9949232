"""What the documents say is there, is there."""

import re
import subprocess
import sys

import pytest
from helpers.commands import ROOT

pytestmark = pytest.mark.one_stack


def text(name):
    return (ROOT / name).read_text()


def test_files_that_the_readme_names_exist():
    pages = [path.relative_to(ROOT) for path in ROOT.glob("docs/**/*.md")]
    for name in ("README.md", "CONTRIBUTING.md", *pages):
        folder = (ROOT / name).parent
        for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", text(name)):
            assert (folder / link).exists(), f"{name}: {link}"
        for path in re.findall(r"--flagfile=(flags/\S+\.cfg)", text(name)):
            assert (ROOT / path).exists(), f"{name}: {path}"


def test_the_readme_is_short():
    assert len(text("README.md").splitlines()) <= 250


def snippets(name):
    """The Python blocks of a page, as one program each."""
    return re.findall(r"```python\n(.*?)```", text(name), re.S)


@pytest.mark.parametrize(
    "name, count", [("README.md", 2), ("docs/weight_norm_in_keras.md", 2)]
)
def test_snippets_run(name, count, tmp_path):
    """Each in a process of its own, the first layers' with an input."""
    found = snippets(name)
    assert len(found) == count
    start = {
        "from wn_gan.layers import TPReLU, WeightNormConv2D\n\nx": "import "
        "keras\nx = keras.Input([32, 32, 3])\n",
        "from wn_gan.networks.fold": "from wn_gan import networks\ngenerator "
        "= networks.build_generator('weight', 32, 32, features=4)\n",
    }
    for code in found:
        before = [v for k, v in start.items() if code.startswith(k)]
        result = subprocess.run(
            [sys.executable, "-c", "".join(before) + code],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stderr
    assert name != "README.md" or (tmp_path / "samples.png").exists()


def test_nothing_is_left_to_be_filled_in():
    assert not re.search(r"@[A-Z]+@|^RESULTS$", text("README.md"), re.M)


def test_the_readme_runs_the_makes_test_command():
    assert ".venv/bin/python -m pytest" in text("README.md")
    assert "$(BIN)/python -m pytest" in text("Makefile")


# What the system says, not this package.
OTHERS = ("No space left on device",)


def test_the_errors_of_the_troubleshooting_page_exist():
    """Each quoted piece is a text of the source, however it is wrapped."""
    source = "".join(p.read_text() for p in ROOT.glob("wn_gan/**/*.py"))
    source = re.sub(r'"\s*\n\s*f?"', "", source)
    page = text("docs/troubleshooting.md")
    rows = re.findall(r"^\| (`.*?) \|", page, re.M)
    assert len(rows) >= 20
    for row in rows:
        for quoted in re.findall(r"`(.*?)`", row):
            for piece in re.split(r"\.\.\.|\b\d+\b", quoted):
                piece = piece.strip(" ?")
                assert piece in source or piece in OTHERS, quoted
