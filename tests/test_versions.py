"""Versions against PEP 440's corners. Columns: specifier, version, inside, undecided."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gemma_compat import versions
from gemma_compat.errors import UnknownFact
from gemma_compat.facts import Facts, Package
from gemma_compat.rules import own_rules

TABLE = [
    # A bound that names a pre-release decides by the number alone.
    (">=4.50.0.dev0", "4.50.0.dev0", True, False),
    (">=4.50.0.dev0", "4.49.0", False, False),
    (">=4.50.0.dev0", "4.49.1.dev0", False, False),
    (">=4.50.0.dev0", "4.50.0rc1", True, False),
    (">=4.50.0.dev0", "4.50.0.post1", True, False),
    (">=5.0.0rc1", "5.0.0rc1", True, False),
    (">=5.0.0rc1", "5.0.0rc0", False, False),
    (">=5.0.0rc1", "5.0.0.dev0", False, False),
    ("<5.0.0rc1", "5.0.0rc1", False, False),
    ("<5.0.0rc1", "5.0.0.dev0", True, False),
    ("<5.0.0rc1", "4.57.6", True, False),
    # A final bound: pre-releases count as older, except that "<5" leaves 5's own out.
    (">=4.51.0", "4.51.0rc1", False, False),
    (">=4.51.0", "4.51.0", True, False),
    (">=4.51.0", "4.51.0.post1", True, False),
    ("<5", "5.0.0rc1", False, False),
    ("<5", "4.57.6", True, False),
    ("<5", "5.1.0rc1", False, False),
    # A development build of the very release that a final bound names: the number cannot say.
    ("<4.51.0", "4.51.0.dev0", False, True),
    (">=4.51.0", "4.51.0.dev0", False, True),
    (">=4.50.0.dev0,<4.51.0", "4.51.0.dev0", False, True),
    (">=4.50.0.dev0,<4.51.0", "4.50.1.dev0", True, False),
    ("<4.51.0", "4.50.1.dev0", True, False),
    ("<4.51", "4.51.0.dev0", False, True),
    (">=5.4.0,<5.20.0", "5.4.0.dev0", False, True),
    (">=4.51.0", "4.51.0.post1.dev0", True, False),
    (">=4.51.0", "4.51.0.post1", True, False),
    ("<4.51.0rc1", "4.51.0.dev0", True, False),
    # A local label says how it was built, not what it is.
    ("<=2.6.0", "2.6.0+cu124", True, False),
    ("==2.6.0", "2.6.0+cu124", True, False),
    (">=2.6.0", "2.6.0+cpu", True, False),
    (">2.6.0", "2.6.0+cu124", False, False),
    ("<2.7.0", "2.6.0+cu124", True, False),
    ("<4.51.0", "4.51.0.dev0+g1234567", False, True),
    # Zeros and spelling do not matter.
    ("==4.50", "4.50.0", True, False),
    ("!=4.50.0", "4.50", False, False),
    (">=4.9.0", "4.10.0", True, False),
    ("<4.10.0", "v4.9.0", True, False),
    ("<5.0.0rc1", "5.0.0-RC.1", False, False),
    # No bound at all.
    ("", "4.50.0.dev0", True, False),
]


ODD = (
    *("4.50", "4.50.0", "4.50.0.dev0", "4.50.0a1", "4.50.0b2", "4.50.0rc1", "4.50.0rc1.dev2"),
    *("4.50.0.post1", "4.50.0.post1.dev3", "4.50.0.0", "4.50.1", "2025.3.19", "0"),
)


@pytest.mark.parametrize(("text", "version", "inside", "undecided"), TABLE)
def test_table(text: str, version: str, inside: bool, undecided: bool) -> None:
    assert versions.is_undecided(text, version) is undecided
    assert versions.contains(text, version) is inside


@pytest.mark.parametrize("text", ["4.50.0", "4.50.0.dev0", "2.6.0+cu124", "4.50rc1"])
def test_valid(text: str) -> None:
    assert versions.is_valid(text)


@pytest.mark.parametrize("text", ["", "main", "4.50.0-custom", "unknown", "4.50.x", "git+https"])
def test_not_valid(text: str) -> None:
    assert not versions.is_valid(text)
    with pytest.raises(ValueError):
        versions.parse(text)


@pytest.mark.parametrize("text", ["1!2.0", "v5", "5" * 200, "\u0664.50", " 5"])
def test_a_version_that_compares_with_no_release_is_unknown(text: str) -> None:
    """An epoch, a leading v, digits that are not ASCII."""
    assert not versions.is_valid(text) and versions.major(text) is None
    package = Package(name="transformers", version=text)
    with pytest.raises(UnknownFact, match="is not a version number"):
        Facts(packages={"transformers": package}).version("transformers")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("12.8", (12, 8)),
        ("535.104.05", (535, 104)),
        ("12", (12, 0)),
        ("x", None),
        ("12a", None),
        (None, None),
    ],
)
def test_numbers(text: str | None, found: tuple[int, int] | None) -> None:
    assert versions.numbers(text) == found


def is_arithmetic(node: ast.AST) -> bool:
    """``int(...)`` of a part of a text that was cut at a dot, wherever it is written."""
    if not isinstance(node, ast.Call) or ast.unparse(node.func) != "int":
        return False
    text = ast.unparse(node)
    return ".partition('.')" in text or ".split('.')" in text


def test_no_arithmetic_on_versions_elsewhere() -> None:
    package = Path(versions.__file__).parent
    for file in package.rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        assert not any(map(is_arithmetic, ast.walk(tree))), file
    assert any(map(is_arithmetic, ast.walk(ast.parse("int(v.partition('.')[0]) < 5"))))


def test_bounds_are_sorted_by_version_and_not_by_letter() -> None:
    assert versions.bounds("<4.10.0,>=4.9.0") == ("4.9.0", "4.10.0")
    assert versions.bounds("") == ()


def test_newest() -> None:
    assert versions.newest(["4.9.0", "5.0.0rc1", "4.57.6"]) == "5.0.0rc1"
    with pytest.raises(ValueError):
        versions.newest([])


def test_a_specifier_that_is_none_is_an_error() -> None:
    with pytest.raises(ValueError):
        versions.contains("newer than 4", "4.50.0")


def test_a_comparison_says_what_packaging_says() -> None:
    """Every bound of a rule and every published pin, against the published releases around it."""
    from packaging.specifiers import SpecifierSet

    texts = {
        text for rule in own_rules() for scope in rule.scopes for text in scope.packages.values()
    }
    texts |= {f"{sign}{bound}" for sign in ("<=", "!=", "==", "<", ">") for bound in ODD}
    texts |= {
        "<4.50.0.post1",
        "~=4.50",
        "~=4.50.0",
        "~=4.50.1",
        "~=4.51rc1",
        "==4.50.*",
        ">4.50",
        "===4.50.0",
        ">=4.50,,!=4.51",
        " >= 4.50 , < 5 ",
    }
    bounds = {v for text in texts if "*" not in text for v in versions.bounds(text)}
    published = sorted(bounds | set(ODD))
    for text in sorted(texts):
        whole = SpecifierSet(text)
        for version in (*published, "2.6.0+cu124"):
            public = version.partition("+")[0]
            expected = whole.contains(public, prereleases=True)
            assert versions.contains(text, version) is expected, (text, version)


def _spelt() -> Iterator[str]:
    """Yield versions of every make, as they are published and as they may be written too."""
    ends = ("", ".dev0", ".dev3", ".post0", ".post1", ".post1.dev2")
    for release in (
        "0",
        "4",
        "4.50",
        "4.50.0",
        "4.50.1",
        "4.50.10",
        "5.0.0",
        "2025.3.19",
        "2025.03.19",
    ):
        for stage in ("", "a0", "b2", "rc1", "rc10", "-RC.1", "c1"):
            yield from (f"{release}{stage}{end}" for end in ends)
    yield from ("1!4.50", "4.50-1", "4.50.0+cu124", "4.50.0rc1+local.7", "4.50+CU.1", "4.50.r2")


def test_versions_are_ordered_as_packaging_orders_them() -> None:
    from packaging.version import Version

    pairs = [(versions.order(text), Version(Version(text).public)) for text in _spelt()]
    for here, there in pairs:
        for other, further in pairs:
            assert (here < other, here == other) == (there < further, there == further), there


def test_what_a_version_is_packaging_says_too() -> None:
    from packaging.version import Version

    bounds = [text for text in _spelt() if "+" not in text and "!" not in text]
    for text in _spelt():
        version = Version(text)
        assert versions.public(text) == version.public
        assert versions.is_valid(text) is (version.epoch == 0), text
        assert versions.major(text) == (version.release[0] if version.epoch == 0 else None)
        built = version.is_devrelease and not version.is_postrelease
        final = Version(version.base_version)
        for bound in bounds:
            undecided = built and Version(bound) == final
            assert versions.is_undecided(f">={bound}", text) is undecided, (bound, text)
            assert versions.is_newer(text, bound) is (version > Version(bound)), (bound, text)


@pytest.mark.parametrize("text", ["", ">=4.50", "~=4.50", "==4.50.*", ">=4.50,<5", "===x"])
def test_specifiers(text: str) -> None:
    assert versions.is_specifier(text)


@pytest.mark.parametrize("text", ["4.50", ">=", ">=x", "=>4.50", ">=4.50<5", ">=4.50;"])
def test_no_specifiers(text: str) -> None:
    assert not versions.is_specifier(text)


def test_what_a_report_compares_needs_no_packaging() -> None:
    code = "import sys; from gemma_compat import versions; "
    code += "print(versions.contains('>=4.50.0.dev0,<5', '4.50.3+cu124'), versions.is_valid('5'), "
    code += "versions.is_undecided('<5.0', '5.0.dev0'), 'packaging' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "True True True False"
