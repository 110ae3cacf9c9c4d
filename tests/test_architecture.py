"""The shape of the house, held by tests: the one-way flow, light imports, no broad excepts, sizes.

The flow is written once, as import contracts in ``pyproject.toml``; ``make lint`` runs them too.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "gemma_compat"
FILES = sorted(PACKAGE.rglob("*.py"))
HEAVY = {
    "accelerate",
    "importlib.metadata",
    "packaging",
    "peft",
    "pynvml",
    "rich",
    "torch",
    "transformers",
    "trl",
    "unsloth",
}
# A callback must derive from transformers' class; it is loaded when it is first asked for.
IMPORTS_TRANSFORMERS = {PACKAGE / "hooks" / name for name in ("callback.py", "watch.py")}
# A broad except says in a comment on its line, or on the next one, that it stands at the edge
# of what a probe may meet; or it raises again.
BOUNDARY = "probe boundary"
LONGEST_FUNCTION, LONGEST_FILE = 40, 300
TABLE = "_table.py"  # data, a row for each failure; it may be long

files = pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))


def test_data_flows_one_way() -> None:
    if find_spec("importlinter") is None:
        pytest.skip("import-linter is not installed")
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as run; run()",
    ]
    result = subprocess.run(
        [*command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout


@files
def test_nothing_heavy_is_imported_at_module_level(file: Path) -> None:
    heavy = {name for name in imported_at_module_level(file) if is_heavy(name)}
    assert heavy == ({"transformers.trainer_callback"} if file in IMPORTS_TRANSFORMERS else set())


@files
def test_no_broad_except(file: Path) -> None:
    assert not list(broad_excepts(file.read_text(encoding="utf-8")))


@files
def test_sizes(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert file.name.endswith(TABLE) or len(text.splitlines()) <= LONGEST_FILE
    assert not list(long_functions(text))


def test_nothing_is_executed_from_text() -> None:
    """``eval`` and ``exec`` have one place: the launcher, which runs the user's script."""
    callers = {str(file.relative_to(PACKAGE)) for file in FILES if calls(file, {"eval", "exec"})}
    assert callers <= {"hooks/run.py"}


def imported_at_module_level(file: Path) -> set[str]:
    """Modules that importing this file imports: not inside functions, not for type checkers."""
    found: set[str] = set()
    pending: list[ast.AST] = [ast.parse(file.read_text(encoding="utf-8"))]
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.If) and is_type_checking(node.test):
            pending.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            found.update(item.name for item in node.names)
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = {f"{node.module}.{item.name}" for item in node.names}
            found.update(names & HEAVY or {str(node.module)})  # from importlib import metadata
        pending.extend(ast.iter_child_nodes(node))
    return found


def is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def is_heavy(module: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in HEAVY)


def broad_excepts(text: str) -> Iterator[int]:
    """Line numbers of excepts that catch everything and neither re-raise nor say why."""
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.ExceptHandler) or not is_broad(node.type):
            continue
        says_why = any(BOUNDARY in line for line in lines[node.lineno - 1 : node.lineno + 1])
        if not says_why and not any(isinstance(step, ast.Raise) for step in node.body):
            yield node.lineno


def is_broad(caught: ast.expr | None) -> bool:
    if caught is None:
        return True
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(ast.unparse(name) in {"Exception", "BaseException"} for name in names)


def long_functions(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                yield f"{node.name}: {length} lines"


def calls(file: Path, names: set[str]) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    )


# The checks themselves, each shown what it must find.


@pytest.mark.parametrize(
    ("text", "heavy"),
    [
        ("import torch", True),
        ("from torch.nn import Module", True),
        ("from importlib import metadata", True),
        ("import importlib.metadata as m", True),
        ("from importlib import import_module", False),
        ("class A:\n    import torch", True),
        ("if True:\n    import torch", True),
        ("try:\n    import torch\nexcept ImportError:\n    pass", True),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch", False),
        ("if TYPE_CHECKING:\n    pass\nelse:\n    import torch", True),
        ("def f():\n    import torch", False),
        ("import torchlight", False),
    ],
)
def test_the_import_check(text: str, heavy: bool, tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text(text)
    assert any(is_heavy(name) for name in imported_at_module_level(file)) == heavy


@pytest.mark.parametrize(
    ("handler", "allowed"),
    [
        ("except Exception:\n    pass", False),
        ("except:\n    pass", False),
        ("except (ValueError, Exception) as e:\n    pass", False),
        ("except BaseException:\n    undo()\n    raise", True),
        ("except Exception:  # probe boundary: any metadata\n    pass", True),
        ("except ValueError:\n    pass", True),
    ],
)
def test_the_except_check(handler: str, allowed: bool) -> None:
    assert (not list(broad_excepts(f"try:\n    pass\n{handler}\n"))) == allowed


def rooms_in_the_docs() -> list[str]:
    """Return the rooms of the table in docs/architecture.md, from the bottom up."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    names = [name for cell in table for name in re.findall(r"`([^`]+)`", cell)]
    return [name.partition("/")[0] for name in names]


def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0]


def rooms_imported_by(file: Path) -> Iterator[str]:
    """Yield the rooms that a file imports when it is loaded itself."""
    home = file.relative_to(PACKAGE.parent).parts[:-1]
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            base = home[: len(home) - node.level + 1]
            parts = [*base, *(node.module or "").split(".")] if node.module else [*base]
            names = [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]
            for name in names:
                found = PACKAGE / name if (PACKAGE / name).is_dir() else PACKAGE / f"{name}.py"
                if found.exists() and found.name != room_of(file):
                    yield found.name


def upwards(rooms: list[str]) -> list[str]:
    """Return the imports that run from a room to one above it."""
    place = {room: number for number, room in enumerate(rooms)}
    return [
        f"{room_of(file)} -> {other}"
        for file in FILES
        if file.name != "__init__.py" or file.parent != PACKAGE
        for other in rooms_imported_by(file)
        if place[other] > place[room_of(file)]
    ]


def test_the_docs_list_every_room_from_the_bottom_up() -> None:
    listed = rooms_in_the_docs()
    rooms = {room_of(file) for file in FILES} - {"__init__.py"}
    assert rooms <= set(listed) and all((PACKAGE / name).exists() for name in listed)
    assert upwards(listed) == []


def test_a_room_in_the_wrong_place_is_found() -> None:
    listed = rooms_in_the_docs()
    listed.insert(0, listed.pop(listed.index("report")))
    assert "report -> engine" in upwards(listed)
