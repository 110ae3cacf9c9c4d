"""The example notebooks: ``examples/NAME.py`` is the source, ``NAME.ipynb`` what it showed.

    python -m tools.notebooks            execute all of them
    python -m tools.notebooks trl        one
    python -m tools.notebooks --check    exit 1 if the code of a notebook is not that of its source

A source has cells as editors know them (``# %%``, ``# %% [markdown]``), and its first line names
the environments that it runs on. A line that begins with ``# %NAME`` is a notebook's command.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
_CELL = re.compile(r"^# %%(?P<kind> \[markdown\])?(?: tags=(?P<tags>\[.*\]))?\n", re.MULTILINE)
_COMMAND = re.compile(r"^# (?=%\w)", re.MULTILINE)


def names() -> list[str]:
    """Return the notebooks: every source with cells."""
    return sorted(
        file.stem for file in EXAMPLES.glob("*.py") if file.read_text().startswith("# runs on: ")
    )


def cells_of(name: str) -> list[dict[str, Any]]:
    """Return the cells of a source, not executed."""
    text = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    marks = list(_CELL.finditer(text))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return [
        _cell(mark, text[mark.end() : end].strip(), number)
        for number, (mark, end) in enumerate(zip(marks, ends, strict=True))
    ]


def _cell(mark: re.Match[str], text: str, number: int) -> dict[str, Any]:
    cell: dict[str, Any] = {"id": f"cell-{number}", "metadata": {}}
    if mark["kind"]:
        text = re.sub(r"^# ?", "", text, flags=re.MULTILINE)
        return {"cell_type": "markdown", **cell, "source": text}
    if mark["tags"]:
        cell["metadata"] = {"tags": json.loads(mark["tags"])}
    text = _COMMAND.sub("", text)
    return {"cell_type": "code", **cell, "execution_count": None, "outputs": [], "source": text}


def notebook(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a document of format 4.5."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def stale(name: str) -> str:
    """Return why the notebook is not its source, executed; empty where it is."""
    file = EXAMPLES / f"{name}.ipynb"
    if not file.exists():
        return "there is none"
    found = json.loads(file.read_text(encoding="utf-8"))["cells"]
    kept = [(cell["cell_type"], "".join(cell["source"])) for cell in found]
    if kept != [(cell["cell_type"], cell["source"]) for cell in cells_of(name)]:
        return "its cells are not those of the source"
    if not all(cell.get("execution_count") for cell in found if cell["cell_type"] == "code"):
        return "a cell was not executed"
    return ""


def execute(name: str) -> None:
    """Run the cells in the environments that the source names, and write the notebook.

    Raises:
        subprocess.CalledProcessError: a cell failed that is not meant to.
    """
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "tiny_gemma.py").write_text((EXAMPLES / "tiny_gemma.py").read_text())
        document = work / "in.json"
        document.write_text(json.dumps(notebook(cells_of(name))))
        command = [sys.executable, "-m", "tools.run_notebook", str(document), str(work)]
        subprocess.run(command, cwd=ROOT, env=_environment(name), check=True)
        done = json.loads(document.read_text())
    for cell in done["cells"]:
        _clean(cell, folder)
    text = json.dumps(notebook(done["cells"]), indent=1, ensure_ascii=False)
    (EXAMPLES / f"{name}.ipynb").write_text(text + "\n", encoding="utf-8")


def _environment(name: str) -> dict[str, str]:
    from .environments import ensure_notebook, overlays

    first = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8").partition("\n")[0]
    wanted = first.removeprefix("# runs on: ").split()
    places = [path for word in wanted for path in overlays(word)] + [ensure_notebook()]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), *map(str, places)]),
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "OMP_NUM_THREADS": "1",
    }


def _clean(cell: dict[str, Any], folder: str) -> None:
    """Leave out what is about the machine: paths, times, and what went to standard error."""
    cell["metadata"].pop("execution", None)
    outputs = [out for out in cell.get("outputs", ()) if out.get("name") != "stderr"]
    text = json.dumps(outputs).replace(folder, "/content")
    for place in (sys.prefix, str(ROOT / ".environments"), str(ROOT)):
        text = text.replace(place, "/content")
    text = re.sub(r"/content/[\w.]+-\d[\w.]*/", "site-packages/", text)
    text = re.sub(r"/tmp/ipykernel_\d+/\d+\.py", "<cell>", text)
    if "outputs" in cell:
        cell["outputs"] = [_shortened(out) for out in json.loads(text)]


def _shortened(out: dict[str, Any]) -> dict[str, Any]:
    """Keep the first and the last frames of a traceback; its colours are dropped."""
    if out["output_type"] != "error":
        return out
    plain = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(out["traceback"])).splitlines()
    if len(plain) > 30:
        plain = [*plain[:8], "...", *plain[-16:]]
    return {**out, "traceback": ["\n".join(plain)]}


def main(arguments: Sequence[str]) -> int:
    wanted = [word for word in arguments if not word.startswith("--")] or names()
    if "--check" in arguments:
        found = {name: stale(name) for name in wanted}
        for name, why in found.items():
            if why:
                print(f"examples/{name}.ipynb: {why}: make notebooks")
        return int(any(found.values()))
    for name in wanted:
        print(f"examples/{name}.ipynb ...", flush=True)
        execute(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
