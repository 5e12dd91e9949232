"""MkDocs hook: shows the notebooks with their outputs, run at small settings.

The build executes each notebook in a folder of its own, which it then deletes.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from mkdocs.structure.files import File, Files
from nbclient import NotebookClient
from nbconvert import MarkdownExporter

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
SECONDS = 600


def on_files(files: Files, config: Any) -> Files:
    """Adds a page for each notebook, and its pictures.

    `WN_GAN_EXECUTE_NOTEBOOKS=0` shows them as they are stored.
    """
    pages = []
    for path in NOTEBOOKS:
        text, pictures = _rendered(path)
        name = f"notebooks/{path.stem}.md"
        files.append(File.generated(config, name, content=text))
        pages.append({path.stem[3:].replace("_", " ").capitalize(): name})
        for picture, content in pictures.items():
            name = f"notebooks/{path.stem}_{picture}"
            files.append(File.generated(config, name, content=content))
    config.nav.append({"Notebooks": pages})
    return files


def _rendered(path: Path) -> tuple[str, dict[str, bytes]]:
    """Markdown of an executed notebook, and its pictures by name."""
    notebook = nbformat.read(path, as_version=4)
    if os.environ.get("WN_GAN_EXECUTE_NOTEBOOKS") != "0":
        with tempfile.TemporaryDirectory() as folder:
            os.environ |= {"WN_GAN_SMALL": "1", "WN_GAN_RUNS": folder}
            NotebookClient(
                notebook,
                timeout=SECONDS,
                resources={"metadata": {"path": str(path.parent)}},
            ).execute()
    text, resources = MarkdownExporter().from_notebook_node(notebook)
    pictures = resources["outputs"]
    for name in pictures:
        text = text.replace(f"]({name})", f"]({path.stem}_{name})")
    return text, pictures
