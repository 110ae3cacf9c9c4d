"""Execute a notebook in place with this interpreter: ``python -m tools.run_notebook FILE FOLDER``.

``tools.notebooks`` starts this with the environments on the path that the notebook needs.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main(file: str, folder: str) -> None:
    """Run every cell in ``folder``; a cell that fails and is not tagged so ends this."""
    os.environ["JUPYTER_PATH"] = f"{folder}/share/jupyter"
    import nbformat
    from ipykernel.kernelspec import install
    from nbclient import NotebookClient

    install(prefix=folder, kernel_name="here")
    notebook = nbformat.read(file, as_version=4)
    resources = {"metadata": {"path": folder}}
    NotebookClient(notebook, timeout=600, kernel_name="here", resources=resources).execute()
    Path(file).write_text(nbformat.writes(notebook), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
