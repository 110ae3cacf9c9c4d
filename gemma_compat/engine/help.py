"""What to type against a failure, made from a rule's :class:`~gemma_compat.engine.rule.Fix`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..facts import Facts
    from .rule import Rule, Scope


def help_of(rule: Rule, facts: Facts, scope: Scope | None = None) -> str:
    """Return the upgrade, the setting and the call of ``patch``, as far as each exists.

    ``pip install -U 'transformers>=4.51.0', or gemma_compat.patch(model)``
    """
    upgrade = upgrade_command(fixed_in(rule, facts, scope))
    if upgrade and rule.fix.then:
        upgrade += f", and {rule.fix.then}"
    return ", or ".join(part for part in (upgrade, rule.fix.setting, patch_call(rule)) if part)


def fixed_in(rule: Rule, facts: Facts, scope: Scope | None = None) -> Mapping[str, str]:
    """Return the releases that end the failure: those of the scope, else those of the rule."""
    if scope is None:
        model_type = facts.model.get("model_type")
        scope = next((item for item in rule.scopes if model_type in item.model_types), None)
    own = scope.fixed_in if scope is not None else None
    return rule.fix.fixed_in if own is None else own


def upgrade_command(releases: Mapping[str, str]) -> str:
    """Return ``pip install -U 'unsloth>=2026.7.1' unsloth_zoo``; empty without releases."""
    if not releases:
        return ""
    wanted = dict(releases)
    if "unsloth-zoo" in wanted and "unsloth" not in wanted:
        wanted = {"unsloth": "", **wanted}  # the two belong together
    return "pip install -U " + " ".join(map(_requirement, wanted, wanted.values()))


def patch_call(rule: Rule) -> str:
    """Return ``gemma_compat.patch(model)``, by name where only that applies it; empty without a
    cure.
    """
    if rule.patch is None or rule.at_import:
        return ""
    named = f", select=['{rule.code}']" if rule.applicability.value == "unsafe" else ""
    return f"gemma_compat.patch(model{named})"


def _requirement(name: str, release: str) -> str:
    shown = "unsloth_zoo" if name == "unsloth-zoo" else name
    return f"'{shown}>={release}'" if release else shown
