"""What the documents say is there, is there."""

import re

from helpers.commands import ROOT


def text(name):
    return (ROOT / name).read_text()


def test_files_that_the_readme_names_exist():
    for name in ("README.md", "CONTRIBUTING.md", "docs/study_faces/README.md"):
        folder = (ROOT / name).parent
        for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", text(name)):
            assert (folder / link).exists(), f"{name}: {link}"
        for path in re.findall(r"--flagfile=(flags/\S+\.cfg)", text(name)):
            assert (ROOT / path).exists(), f"{name}: {path}"


def test_nothing_is_left_to_be_filled_in():
    assert not re.search(r"@[A-Z]+@", text("README.md"))


def test_the_readme_runs_the_makes_test_command():
    assert ".venv/bin/python -m pytest" in text("README.md")
    assert "$(BIN)/python -m pytest" in text("Makefile")
