"""The faults that ``make mutants`` plants: cosmic-ray's in code, and ours in what a rule states.

cosmic-ray changes operators, numbers and decorators. A rule is mostly data, so ours move a bound or
the release of a fix by one published release, drop a condition, a model type or an effect, turn
``all_of`` into ``any_of``, and change a severity; in all code they leave out a statement.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from gemma_compat.data.releases import names, releases_of

ROOT = Path(__file__).resolve().parent.parent
Fault = tuple[str, str]  # the operator, and the text with the fault

# One fault of each kind; the rest of cosmic-ray's operators change the same places once more.
OPERATORS = (
    "AddNot",
    "ExceptionReplacer",
    "NumberReplacer",
    "RemoveDecorator",
    "ReplaceAndWithOr",
    "ReplaceBinaryOperator_Add_Sub",
    "ReplaceBinaryOperator_BitAnd_BitOr",
    "ReplaceBinaryOperator_BitOr_BitAnd",
    "ReplaceBinaryOperator_Div_Mul",
    "ReplaceBinaryOperator_Mul_Div",
    "ReplaceBinaryOperator_Sub_Add",
    "ReplaceBreakWithContinue",
    "ReplaceComparisonOperator_Eq_NotEq",
    "ReplaceComparisonOperator_GtE_Gt",
    "ReplaceComparisonOperator_Gt_GtE",
    "ReplaceComparisonOperator_IsNot_Is",
    "ReplaceComparisonOperator_Is_IsNot",
    "ReplaceComparisonOperator_LtE_Lt",
    "ReplaceComparisonOperator_Lt_LtE",
    "ReplaceComparisonOperator_NotEq_Eq",
    "ReplaceContinueWithBreak",
    "ReplaceFalseWithTrue",
    "ReplaceOrWithAnd",
    "ReplaceTrueWithFalse",
    "ReplaceUnaryOperator_Delete_Not",
    "ZeroIterationForLoop",
)
_SPECIFIER = re.compile(r"(?:>=|<|==|!=)[\w.]+(?:,(?:>=|<|==|!=)[\w.]+)*")
_RELEASE = re.compile(r"\d+\.\d+(?:\.\w+)*")
_LISTS = {"scopes", "when", "runs", "effects", "refused_if", "yields_to", "after", "leaves"}
_LISTS |= {"symptoms", "raised_at", "at_import", "model_types"}
_ALONE = (ast.Expr, ast.AugAssign, ast.Raise, ast.Delete)
_LOCAL = (ast.Name, ast.Tuple)
_COMBINED = {"all_of": "any_of", "any_of": "all_of"}
_NEXT = {
    "Severity": ("ERROR", "WARNING", "NOTICE"),
    "Applicability": ("SAFE", "UNSAFE", "DISPLAY_ONLY"),
    "Evidence": ("RAN", "SOURCE", "REPORTED"),
}


def faults(file: Path) -> Iterator[Fault]:
    """Yield every fault of a file: Python, or a rule in Markdown."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".md":
        yield from _in_page(text)
    else:
        yield from _of_cosmic_ray(text)
        yield from _of_ours(text)


def program(file: Path, text: str) -> str:
    """Return what the text means: a page's front matter, or code without comments and annotations.

    A cache's decorator is left out too: it changes how fast an answer comes.

    Raises:
        ValueError: if the text is neither Python nor a page with TOML.
    """
    if file.suffix == ".md":
        toml: Any = import_module("tomllib")  # Python 3.11 and newer
        return repr(toml.loads(text.split("+++\n")[1]))
    tree = ast.parse(text)
    for node in ast.walk(tree):
        for field in ("annotation", "returns"):
            if hasattr(node, field):
                setattr(node, field, None)
        if isinstance(node, ast.FunctionDef):
            kept = [item for item in node.decorator_list if "lru_cache" not in ast.unparse(item)]
            node.decorator_list = kept
        if isinstance(node, ast.arguments):  # how an argument may be passed
            node.args = [*node.posonlyargs, *node.args, *node.kwonlyargs]
            node.defaults = [*node.defaults, *(item for item in node.kw_defaults if item)]
            node.posonlyargs, node.kwonlyargs, node.kw_defaults = [], [], []
    return ast.dump(tree)


def _of_cosmic_ray(text: str) -> Iterator[Fault]:
    plugins: Any = import_module("cosmic_ray.plugins")
    mutating: Any = import_module("cosmic_ray.mutating")
    trees: Any = import_module("cosmic_ray.ast")
    nodes = list(trees.ast_nodes(trees.get_ast(text)))
    for name in OPERATORS:
        operator = plugins.get_operator(f"core/{name}")()
        places = sum(len(list(operator.mutation_positions(node))) for node in nodes)
        for occurrence in range(places):
            yield name, mutating.mutate_code(text, operator, occurrence)


# What a rule states, in Python.


def _of_ours(text: str) -> Iterator[Fault]:
    at = _offsets(text)
    tree = ast.parse(text)
    packages = _packages(tree)
    for node in ast.walk(tree):
        for operator, new in (*_stated(node, packages, text), *_left_out(node)):
            start, end = at(node)
            yield operator, text[:start] + new + text[end:]
        for item in _elements(node):
            start, end = at(item)
            tail = re.match(r"\s*,?", text[end:])
            yield "DropElement", text[:start] + text[end + (tail.end() if tail else 0) :]


def _offsets(text: str) -> Callable[[Any], tuple[int, int]]:
    """Return a function from a node to where its text begins and ends."""
    lines = text.splitlines(keepends=True)
    starts = [sum(map(len, lines[:number])) for number in range(len(lines) + 1)]

    def place(line: int, column: int) -> int:
        before = lines[line - 1].encode()[:column]
        return starts[line - 1] + len(before.decode())

    def at(node: Any) -> tuple[int, int]:
        start = place(node.lineno, node.col_offset)
        return start, place(node.end_lineno, node.end_col_offset)

    return at


def _packages(tree: ast.AST) -> dict[int, str]:
    """Return the package of each text that stands beside one in a mapping, by the node's id."""
    return {
        id(value): key.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


def _stated(node: ast.AST, packages: dict[int, str], text: str) -> Iterator[Fault]:
    """Yield what else a rule could say in the place of this node."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        package = packages.get(id(node), "transformers")
        if _SPECIFIER.fullmatch(node.value) or (
            id(node) in packages and _RELEASE.fullmatch(node.value)
        ):
            for moved in moves(package, node.value):
                yield "MoveRelease", json.dumps(moved)
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        names = _NEXT.get(node.value.id, ())
        if node.attr in names:
            other = names[(names.index(node.attr) + 1) % len(names)]
            yield "NextValue", f"{node.value.id}.{other}"
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        source = ast.get_source_segment(text, node) or ""
        if node.func.id in _COMBINED:
            yield "AllForAny", source.replace(node.func.id, _COMBINED[node.func.id], 1)
        if node.func.id == "not_" and node.args:
            yield "DropNot", ast.get_source_segment(text, node.args[0]) or ""
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        opposite = {ast.In: "not in", ast.NotIn: "in"}.get(type(node.ops[0]))
        if opposite:
            left, right = ast.unparse(node.left), ast.unparse(node.comparators[0])
            yield "NotIn", f"{left} {opposite} {right}"


def _left_out(node: ast.AST) -> Iterator[Fault]:
    """Yield the statement left out, where what follows can run without it."""
    is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    is_write = isinstance(node, ast.Assign) and not isinstance(node.targets[0], _LOCAL)
    if is_write or (isinstance(node, _ALONE) and not is_docstring):
        yield "DropStatement", "pass"
    elif isinstance(node, ast.Return) and node.value is not None:
        falsy = ast.unparse(node.value) in {"False", "None", "()", "''"}
        yield from () if falsy else [("DropResult", "return None")]


def _elements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what can be dropped: items of a rule's lists, model types, combined conditions."""
    if isinstance(node, ast.keyword) and node.arg in _LISTS:
        if isinstance(node.value, (ast.Tuple, ast.Set, ast.List)):
            yield from node.value.elts
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id in {"all_of", "any_of", "first_known"} and len(node.args) > 1:
            yield from node.args
        elif node.func.id in {"Scope", "frozenset"} and node.args:
            first = node.args[0]
            yield from first.elts if isinstance(first, ast.Set) and len(first.elts) > 1 else ()


# What a rule states, in Markdown.


def _in_page(text: str) -> Iterator[Fault]:
    header_end = text.index("\n+++\n", 4)
    for match in re.finditer(r'([\w-]+)"? = "([^"]*)"', text[:header_end]):
        name, value = match.groups()
        if name == "severity":
            names = [item.lower() for item in _NEXT["Severity"]]
            others, operator = [names[(names.index(value) + 1) % 3]], "NextValue"
        elif _SPECIFIER.fullmatch(value) or _RELEASE.fullmatch(value) and name in published():
            others, operator = list(moves(name, value)), "MoveRelease"
        else:
            continue
        for other in others:
            yield operator, text[: match.start(2)] + other + text[match.end(2) :]
    for match in re.finditer(r"(\w+) = \[((?:[^][\"]|\"[^\"]*\")*)\]", text[:header_end]):
        if match[1] in _LISTS - {"scopes"}:
            for item in re.finditer(r'"(?:[^"\\]|\\.)*",?\s*', match[2]):
                start = match.start(2) + item.start()
                yield "DropElement", text[:start] + text[match.start(2) + item.end() :]


# Releases. pytest brings packaging; the package's own comparison is under test.


def version(text: str) -> Any:
    """Return a version that can be compared."""
    packaging: Any = import_module("packaging.version")
    return packaging.Version(text)


@lru_cache(maxsize=1)
def published() -> dict[str, tuple[Any, ...]]:
    """Return the published releases of each package, oldest first; of the file that has more."""
    shipped = {name: releases_of(name) for name in names()}
    walked = json.loads((ROOT / "tests/evidence/releases.json").read_bytes())
    found: dict[str, tuple[Any, ...]] = {}
    for name in {*shipped, *walked}:
        lists: list[list[str]] = [list(shipped.get(name, ())), list(walked.get(name, ()))]
        longer: list[str] = max(lists, key=len)
        found[name] = tuple(sorted(map(version, longer)))
    return found


def moves(package: str, text: str) -> Iterator[str]:
    """Yield a specifier or a release with a bound moved by one published release, each way.

    A bound moves as far as one release goes in or out: ``>=4.50.0.dev0`` to ``>=4.49.0`` and to
    ``>=4.50.1``.
    """
    known = published().get(package, ())
    for part in text.split(","):
        bound = part.lstrip("<>=!")
        below = [v for v in known if v < version(bound)]
        above = [v for v in known if v >= version(bound)]
        for other in (*below[-1:], *above[1:2]):
            moved = text.replace(part, part[: -len(bound)] + str(other))
            if moved != text and _holds(package, moved) != _holds(package, text):
                yield moved


def _holds(package: str, text: str) -> list[Any]:
    """Return the published releases in a specifier; for a single release, that one."""
    if not _SPECIFIER.fullmatch(text):
        return [text]
    packaging: Any = import_module("packaging.specifiers")
    specifiers = packaging.SpecifierSet(text, prereleases=True)
    return [item for item in published().get(package, ()) if item in specifiers]
