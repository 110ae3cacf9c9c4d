"""The contract as a pytest plugin, for packages of rules:

    pytest -p gemma_compat.plugins.contracts --gemma-rules acme_gemma_rules

Each rule gets tests without a test file: it keeps the contract of ``contract.py``, and the facts in
``FIRES`` and ``SILENT`` of its module get the answers that they claim.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

import pytest

from ..engine.diagnosis import judge
from ..engine.rule import Finding, Rule
from ..facts import Facts
from .contract import problems
from .load import rules_in

OPTION = "--gemma-rules"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the modules."""
    text = "a module or package of gemma_compat rules, held to their contract"
    parser.addoption(OPTION, action="append", default=[], metavar="MODULE", help=text)


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add a test for each rule of the modules.

    Args:
        session: the session to which the tests belong.
        config: holds the option.
        items: the tests found so far; extended.
    """
    for name in config.getoption(OPTION):
        for number, rule in enumerate(rules_in(name)):
            title = f"{name}::{getattr(rule, 'code', number)}"
            items.append(_Contract.from_parent(session, name=title, rule=rule, module=name))


class _Contract(pytest.Item):
    """One rule and its contract."""

    def __init__(self, *, rule: Any, module: str, **more: Any) -> None:
        super().__init__(**more)
        self._rule, self._module = rule, module

    def runtest(self) -> None:
        found = [*broken(self._rule, self._module)]
        if found:
            raise _Broken("\n".join(found))

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        if isinstance(excinfo.value, _Broken):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[str, None, str]:
        return self._module, None, self.name


class _Broken(Exception):
    """The lines that say what is wrong."""


def broken(rule: Any, module: str) -> Iterator[str]:
    """Yield what is wrong with a rule of this module, its examples included.

    Args:
        rule: what the module holds.
        module: the name of the module, or of the package that it is in.
    """
    from ..rules import own_rules

    taken = {key: other.code for other in own_rules() for key in (other.code, other.name)}
    found = problems(rule, module, taken)
    yield from found
    if found:
        return
    fires, silent = _examples(rule, module)
    for name, facts in (("FIRES", fires), ("SILENT", silent)):
        if not facts:
            yield f"{name}: the module of {rule.code} needs a tuple of Facts of that name"
    for number, each in enumerate(fires):
        if not isinstance(judge(rule, each), Finding):
            yield f"FIRES[{number}]: {rule.code} does not fire"
    for number, each in enumerate(silent):
        if judge(rule, each) is not None:
            yield f"SILENT[{number}]: {rule.code} fires or cannot be decided"
    if isinstance(judge(rule, Facts()), Finding):
        yield f"{rule.code} fires where nothing is known"


def _examples(rule: Rule, module: str) -> tuple[Sequence[Facts], Sequence[Facts]]:
    """Return the facts of the module that holds the rule."""
    home = import_module(module)
    inner = f"{module}.{rule.name.replace('-', '_')}"
    here = getattr(getattr(home, "RULE", None), "code", None) == rule.code
    if hasattr(home, "__path__") and not here:
        home = import_module(inner)
    return getattr(home, "FIRES", ()), getattr(home, "SILENT", ())
