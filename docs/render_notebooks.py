"""Runs the notebooks: for the site, and to store their outputs.

As a MkDocs hook it adds a page for each notebook, with the outputs that are
stored in it. As a program (`make notebooks`) it runs the notebooks and stores
their outputs.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_output

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SECONDS = 900
_PLAIN = "text/plain"


def on_files(files: Any, config: Any) -> Any:
    """MkDocs calls this with the pages it has found.

    `WN_GAN_EXECUTE_NOTEBOOKS=1` runs them anew, at small settings.
    """
    from mkdocs.structure.files import File
    from nbconvert import MarkdownExporter

    pages = []
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        if os.environ.get("WN_GAN_EXECUTE_NOTEBOOKS") == "1":
            with tempfile.TemporaryDirectory() as folder:
                execute(notebook, WN_GAN_SMALL="1", WN_GAN_RUNS=folder)
        text, resources = MarkdownExporter().from_notebook_node(notebook)
        name = f"notebooks/{path.stem}.md"
        for picture, content in resources["outputs"].items():
            own = f"{path.stem}_{picture}"
            text = text.replace(f"]({picture})", f"]({own})")
            file = File.generated(config, f"notebooks/{own}", content=content)
            files.append(file)
        files.append(File.generated(config, name, content=text))
        pages.append({path.stem[3:].replace("_", " ").capitalize(): name})
    config.nav.append({"Notebooks": pages})
    return files


def execute(notebook: NotebookNode, **environment: str) -> None:
    """Runs all cells, with their folder as working folder.

    Args:
        notebook: gets the outputs.
        **environment: variables of its kernel.
    """
    folder = str(NOTEBOOKS[0].parent)
    client = NotebookClient(
        notebook, timeout=SECONDS, resources={"metadata": {"path": folder}}
    )
    client.execute(env=os.environ | environment)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times of this machine
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            data.pop("image/jpeg", None)  # the PNG is there too
            data.pop("text/html", None)
        if "outputs" in cell:
            cell.outputs = joined(cell.outputs)


def joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """The outputs of a cell, adjacent texts as one.

    Progress makes an output of each of its lines.

    Args:
        outputs: of the cell.
    """
    found: list[NotebookNode] = []
    for output in outputs:
        text = _text(output)
        if text is None:
            found.append(output)
        elif found and found[-1].output_type == "stream":
            found[-1].text += text
        else:
            found.append(new_output("stream", text=text))
    return found


def _text(output: NotebookNode) -> str | None:
    """What an output says that has nothing else to show."""
    if output.output_type == "stream":
        return output.text
    if output.output_type == "display_data" and set(output.data) == {_PLAIN}:
        return output.data[_PLAIN].rstrip("\n") + "\n"
    return None


def main() -> None:
    """Runs each notebook and stores its outputs; deletes their runs.

    A stand-in for TensorFlow Serving answers, with the model that comes with
    the repository.
    """
    sys.path.append(str(ROOT / "tests"))
    from helpers.serving_server import serving

    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        model = serving("faces", ROOT / "saved_models" / "faces" / "1")
        runs = tempfile.TemporaryDirectory(dir=path.parent)
        with model as addresses, runs as folder:
            own = Path(folder).name
            execute(
                notebook,
                WN_GAN_RUNS=own,
                TF_SERVING_REST_ADDRESS=addresses["rest"],
            )
        # What a reader's own outputs will say.
        path.write_text(nbformat.writes(notebook).replace(own, "runs") + "\n")
        print(f"written: {path.name}")


if __name__ == "__main__":
    main()
