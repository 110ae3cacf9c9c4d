"""What ``patch(model)`` did, as text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from .unsloth import unsloth_text
from .wording import in_language, label, printable, strength, wrap

if TYPE_CHECKING:
    from ..patching.apply import AppliedPatches
    from ..patching.ledger import Change


def render_text(applied: AppliedPatches) -> str:
    """Return what ``patch(model)`` found, changed, skipped, and left to the user."""
    if applied.note:
        return printable(applied.note)
    lines = [_outcome(applied)]
    for title, part in (
        ("found", _found(applied)),
        ("changed", _changed(applied)),
        ("skipped", _skipped(applied)),
        ("left for you", _left(applied)),
    ):
        body = list(part)
        lines += [f"{title}:", *body] if body else []
    beside = unsloth_text(applied.diagnosis.facts)
    lines += wrap(beside, first="unsloth: ", rest="  ") if beside else []
    for text in applied.diagnosis.not_checked:
        lines += wrap(text, first="not checked: ", rest="  ")
    return printable(in_language("\n".join(lines)))


def render_line(applied: AppliedPatches) -> str:
    """Return the outcome in one line."""
    return printable(applied.note or _outcome(applied)).removeprefix("gemma_compat: ")


def _outcome(applied: AppliedPatches) -> str:
    """Return the first line; the only one for a clean model."""
    planned = [item.rule.code for item in applied.plan.patches]
    what = f"{applied.diagnosis.facts.model.get('model_type', 'this model')}"
    if applied.dry_run:
        would = f"would apply {', '.join(planned)}" if planned else "would apply nothing"
        return f"gemma_compat: dry run on {what}, nothing was changed; {would}"
    if planned and not applied.ledgers:
        return f"gemma_compat: reverted on {what}: {', '.join(planned)}"
    already = _already(applied)
    if applied.ledgers:
        new = f"gemma_compat: patched {what}: {', '.join(applied.codes)}"
        return f"{new}; in place already: {', '.join(already)}" if already else new
    if already:
        return f"gemma_compat: {what} is already patched: {', '.join(already)}"
    needed = "nothing was changed" if applied.diagnosis.findings else "nothing was needed"
    return f"gemma_compat: {needed} on {what}"


def _already(applied: AppliedPatches) -> list[str]:
    """Return the codes whose cures an earlier ``patch``, or another rule's, left on the model."""
    rules = [*applied.diagnosis.in_place]
    rules += [skip.rule for skip in applied.plan.skips if skip.in_place]
    ordered = sorted(rules, key=lambda rule: rule.order)
    return [code for code in dict.fromkeys(r.code for r in ordered) if code not in applied.codes]


def _found(applied: AppliedPatches) -> Iterator[str]:
    for finding in applied.diagnosis.findings:
        rule = finding.rule
        text = finding.problem.message + strength(rule)
        yield from wrap(text, first=f"  {label(rule)}", rest="    ")
    for planned in applied.plan.patches:
        if planned.preventive:
            text = f"{planned.rule.title}: the run decides; cured as a precaution"
            yield from wrap(text, first=f"  possible {planned.rule.code} ", rest="    ")


# What saving needs to know is kept on the model; it is reverted with the rest, and no news.
_BOOKKEEPING = "._gemma_compat_"


def _changed(applied: AppliedPatches) -> Iterator[str]:
    for ledger in applied.ledgers:
        if not ledger.changes:
            yield f"  {ledger.code} everything was in place already"
        told = (change for change in ledger.changes if _BOOKKEEPING not in change.path)
        for path, change, count in _grouped(told):
            times = f" ({count} places)" if count > 1 else ""
            text = f"{path}: {change.before} -> {change.after}{times}"
            yield from wrap(text, first=f"  {change.code} ", rest="    ")


def _grouped(changes: Iterable[Change]) -> Iterator[tuple[str, Change, int]]:
    """Merge equal changes on many layers into one: ``model.layers.*.self_attn``."""
    groups: dict[tuple[str, str, str], list[Change]] = {}
    for change in changes:
        pattern = re.sub(r"\.\d+(?=\.|$)", ".*", change.path)
        groups.setdefault((pattern, change.before, change.after), []).append(change)
    for (pattern, _, _), group in groups.items():
        if len(group) > 3:
            yield pattern, group[0], len(group)
        else:
            yield from ((change.path, change, 1) for change in group)


def _skipped(applied: AppliedPatches) -> Iterator[str]:
    for skip in applied.plan.skips:
        if skip.in_place:
            continue  # the first line names it
        yield from wrap(
            f"{skip.rule.name}: {skip.reason}", first=f"  {skip.rule.code} ", rest="    "
        )


def _left(applied: AppliedPatches) -> Iterator[str]:
    for finding in applied.plan.manual:
        yield from wrap(finding.problem.help, first=f"  {finding.rule.code} ", rest="    ")
