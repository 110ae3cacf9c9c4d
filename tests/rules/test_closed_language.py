"""Conditions are combined by the combinators alone, so that none can stop at an unknown fact.

Checked in the source of every module that defines conditions: inside a function of the facts that a
condition runs there is no ``and``, ``or``, ``if``, ``try``, ``.get`` or ``.known``.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import gemma_compat

ROOT = Path(gemma_compat.__file__).parent
FILES = sorted((*ROOT.glob("conditions/*.py"), *ROOT.glob("rules/**/*.py")))
MAKERS = {"condition", "any_gpu", "every_gpu"}
FORBIDDEN = (ast.BoolOp, ast.If, ast.IfExp, ast.Try, ast.Match)


def conditions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and any(map(_makes, node.decorator_list)):
            yield node


def _makes(decorator: ast.expr) -> bool:
    made = decorator.func if isinstance(decorator, ast.Call) else None
    return isinstance(made, ast.Name) and made.id in MAKERS


def reached(tree: ast.Module) -> Iterator[ast.AST]:
    """The bodies of conditions, the lambdas made into one, and what they hand the facts to."""
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    waiting: list[ast.AST] = list(conditions(tree))
    waiting += [
        argument
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Condition"
        for argument in call.args
        if isinstance(argument, ast.Lambda)
    ]
    seen: set[int] = set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        for call in ast.walk(node):
            if isinstance(call, ast.Call) and any(
                isinstance(argument, ast.Name) and argument.id in {"facts", "gpu"}
                for argument in call.args
            ):
                name = getattr(call.func, "id", "")
                waiting += [functions[name]] if name in functions else []


def offences(source: str) -> list[str]:
    found = []
    for function in reached(ast.parse(source)):
        for node in ast.walk(function):
            if isinstance(node, ast.If) and isinstance(node.body[0], ast.Raise):
                continue  # refuses a value that no answer follows from
            if isinstance(node, FORBIDDEN) or _asks_whether_known(node):
                found.append(ast.unparse(node).splitlines()[0])
    return found


def _asks_whether_known(node: ast.AST) -> bool:
    """``facts.model.get``, ``gpu.known``; a table's ``get`` is none."""
    if not isinstance(node, ast.Attribute) or node.attr not in {"get", "known"}:
        return False
    return ast.unparse(node).split(".")[0] in {"facts", "gpu"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_no_condition_stops_at_an_unknown_fact(file: Path) -> None:
    assert offences(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "body",
    [
        "return facts.a and facts.b",
        "return facts.a or facts.b",
        "return facts.a if facts.b else facts.c",
        "return facts.model.get('a') is None",
        "return facts.model.known('a')",
        "if facts.a:\n        return True\n    return facts.b",
        "return _helper(facts)",
        "return any(_helper(facts) for gpu in facts.gpus)",
    ],
)
def test_the_check_sees_each_way_to_do_it(body: str) -> None:
    helper = "def _helper(facts):\n    return facts.a and facts.b\n"
    assert offences(f"@condition('x')\ndef x(facts):\n    {body}\n{helper}")


def test_no_two_conditions_ask_the_same() -> None:
    """Equal bodies have one name and one phrase, so that a report asks a question once."""
    bodies: Counter[str] = Counter()
    for file in FILES:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for function in conditions(tree):
            code = [node for node in function.body if not _is_docstring(node)]
            bodies["; ".join(map(ast.unparse, code))] += 1
    twice = [body for body, count in bodies.items() if count > 1]
    assert twice == []


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
