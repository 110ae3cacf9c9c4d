"""Apply cures that act on a module instead of a model, right after its import.

Only rules with ``at_import`` have such cures. They change what every importer sees, so each is
unsafe, and armed only if it is named, or if ``unsafe=True`` was given and the installed packages
need it.
"""

from __future__ import annotations

import sys
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..errors import PatchConflict, PatchNotNeeded
from ._import_hook import PostImportFinder
from ._patched import is_first_rank, logger

if TYPE_CHECKING:
    from ..engine.rule import Rule
    from ..patching.ledger import Ledger


class ImportPatches:
    """What was armed and what was written while the hook is installed."""

    def __init__(self) -> None:
        self._armed: set[str] = set()
        self._finders: list[PostImportFinder] = []
        self._ledgers: list[Ledger] = []

    def arm(self, options: dict[str, Any]) -> None:
        """Wait for the modules of each rule that these options ask for; act on those already
        imported.
        """
        if not options["select"] and not options["unsafe"]:
            return  # loading the rules would cost time for nothing
        for rule in _wanted(options):
            if rule.code not in self._armed:
                self._armed.add(rule.code)
                for name in rule.at_import:
                    self._wait_for(rule, name)

    def remove(self) -> tuple[str, ...]:
        """Stop waiting and put everything back; return a line for each slot that others hold."""
        sys.meta_path[:] = [item for item in sys.meta_path if item not in self._finders]
        problems = []
        for ledger in reversed(self._ledgers):
            try:
                ledger.revert()
            except PatchConflict as conflict:
                logger.warning("gemma_compat: %s", conflict)
                problems.append(str(conflict))
        self.__init__()  # type: ignore[misc]
        return tuple(problems)

    def _wait_for(self, rule: Rule, name: str) -> None:
        finder = PostImportFinder(name, partial(self._apply, rule))
        self._finders.append(finder)
        sys.meta_path.insert(0, finder)
        module = sys.modules.get(name)
        if module is not None and not getattr(module.__spec__, "_initializing", False):
            self._apply(rule, module)

    def _apply(self, rule: Rule, module: ModuleType) -> None:
        from ..patching.ledger import Ledger

        assert rule.patch is not None
        # transformers replaces its own entry in sys.modules while it is imported.
        module = sys.modules.get(module.__name__, module)
        ledger = Ledger(rule.code, module)
        try:
            with ledger:
                rule.patch(module, ledger)
        except PatchNotNeeded:
            return
        if ledger.changes:
            self._ledgers.append(ledger)
            if is_first_rank():
                names = ", ".join(change.path for change in ledger.changes)
                logger.warning("gemma_compat: %s %s: added %s", rule.code, rule.name, names)


def _wanted(options: dict[str, Any]) -> list[Rule]:
    """Return the rules with a cure at import that were named, or are allowed and needed here."""
    from ..rules import all_rules, find

    chosen = {find(name).code for name in options["select"] or ()}
    ignored = {find(name).code for name in options["ignore"]}
    rules = [rule for rule in all_rules() if rule.at_import and rule.code not in ignored]
    if options["select"] is not None:
        return [rule for rule in rules if rule.code in chosen]
    return [rule for rule in rules if _is_needed(rule)]


def _is_needed(rule: Rule) -> bool:
    """Return whether the rule fires for the installed packages, whatever the model."""
    from ..detect.packages import take_inventory
    from ..engine.diagnosis import judge
    from ..engine.rule import Finding
    from ..facts import Facts, ModelFacts

    packages = take_inventory(sys.path).packages
    models = (ModelFacts(model_type=name) for name in sorted(rule.model_types))
    return any(isinstance(judge(rule, Facts(packages=packages, model=m)), Finding) for m in models)
