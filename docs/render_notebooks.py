"""Runs the notebooks: for the site, and to store their outputs.

As a MkDocs hook it adds a page for each notebook, with the outputs that are
stored in it. As a program (`make notebooks`) it runs the notebooks and stores
their outputs.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
SECONDS = 900


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


def execute(notebook: nbformat.NotebookNode, **environment: str) -> None:
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


def main() -> None:
    """Runs each notebook and stores its outputs; deletes their runs."""
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            own = Path(folder).name
            execute(notebook, WN_GAN_RUNS=own)
        # What a reader's own outputs will say.
        path.write_text(nbformat.writes(notebook).replace(own, "runs") + "\n")
        print(f"written: {path.name}")


if __name__ == "__main__":
    main()
