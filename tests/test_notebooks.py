"""The notebooks run from the first cell to the last; their outputs are kept."""

import ast
import json
import os
import re
import subprocess
import sys

import nbformat
import pytest
from helpers.commands import ROOT

pytestmark = pytest.mark.one_stack

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_there_are_four():
    assert [path.name[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_they_hold_outputs_and_no_classes(path):
    """`make notebooks` stores the outputs: nobody opens a blank one."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert any(cell.outputs for cell in code)
    stored = json.dumps([cell.outputs for cell in code])
    assert '"output_type": "error"' not in stored
    assert not re.search(r"(/tmp/|/home/|/root/|/work/)", stored)
    for cell in code:
        for node in ast.walk(ast.parse(cell.source)):
            assert not isinstance(node, ast.ClassDef)
    # A name of an index may be somebody else's.
    assert "pip" in notebook.cells[1].source
    assert 'SOURCE = "wn_gan"' not in notebook.cells[1].source


def executed(path, folder, monkeypatch, **environment):
    """The notebook with its outputs, run in small."""
    nbclient = pytest.importorskip("nbclient")
    monkeypatch.setenv("WN_GAN_SMALL", "1")
    monkeypatch.setenv("WN_GAN_RUNS", str(folder / "runs"))
    for name, value in environment.items():
        monkeypatch.setenv(name, str(value))
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute(env=os.environ.copy())
    nbformat.write(notebook, folder / path.name)
    return notebook


def outputs(notebook):
    """All that is printed, and the kinds of all that is shown."""
    text, kinds = "", []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            text += output.get("text", "") + data.get("text/plain", "")
            kinds += data
    return text, kinds


def test_quickstart(tmp_path, monkeypatch):
    text, kinds = outputs(executed(NOTEBOOKS[0], tmp_path, monkeypatch))
    assert "20 steps done" in text
    assert kinds.count("image/png") == 2
    assert kinds.count("image/svg+xml") == 2


def test_compare(tmp_path, monkeypatch):
    text, kinds = outputs(executed(NOTEBOOKS[1], tmp_path, monkeypatch))
    assert "of 20 faces" in text
    assert "text/markdown" in kinds
    assert kinds.count("image/svg+xml") == 2


def test_latent_space(tmp_path, monkeypatch):
    text, kinds = outputs(executed(NOTEBOOKS[2], tmp_path, monkeypatch))
    assert "mean squared errors:" in text
    assert kinds.count("image/png") >= 3


def test_serving(tmp_path, monkeypatch, server):
    addresses, _ = server
    found = executed(
        NOTEBOOKS[3],
        tmp_path,
        monkeypatch,
        TF_SERVING_REST_ADDRESS=addresses["rest"],
    )
    text, kinds = outputs(found)
    assert "codes of 8 numbers" in text
    assert "z must be [batch, 8], has a width of" in text
    assert kinds.count("image/png") == 3


def test_serving_without_a_server(tmp_path, monkeypatch):
    address = "127.0.0.1:9"
    found = executed(
        NOTEBOOKS[3], tmp_path, monkeypatch, TF_SERVING_REST_ADDRESS=address
    )
    text, kinds = outputs(found)
    assert f"--address={address}: no answer" in text
    assert "image/png" not in kinds


def test_the_set_up_needs_a_clone_or_a_wheel(tmp_path):
    """Without either it stops, and says what to do."""
    for path in NOTEBOOKS:
        source = nbformat.read(path, as_version=4).cells[1].source
        hidden = (
            "import importlib.util\nimportlib.util.find_spec = lambda n: None"
        )
        result = subprocess.run(
            [sys.executable, "-c", f"{hidden}\n{source}"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert result.returncode != 0
        assert "open this notebook in a clone" in result.stderr
