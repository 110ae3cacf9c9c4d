"""Keep a record of what the hook or the callback did to a model, and log it once."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ..live.unwrap import unwrap
from ..patching._lock import ShortLock
from ..tables.families import is_gemma

if TYPE_CHECKING:
    from ..engine.rule import Rule
    from ..patching.apply import AppliedPatches

logger = logging.getLogger("gemma_compat")

RECORD = "_gemma_compat_hook"

_told: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()
_lock = ShortLock()


class Record:
    """What the hook did to one model. It is stored on that model, and so freed with it.

    The changes refer to the model, so a table of ours, even a weak one, would keep it in memory. A
    copy or a pickle of the model takes an empty record along: it has the patches, but the changes
    are those of the original.
    """

    def __init__(self) -> None:
        self.applied: AppliedPatches | None = None

    def __reduce__(self) -> tuple[type[Record], tuple[()]]:
        return Record, ()


def is_gemma_model(model: Any) -> bool:
    """Return whether this is a live Gemma; all other models are not even diagnosed.

    A Trainer with a ``model_init`` passes ``None``. torch is not imported to find out.
    """
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(model, torch.nn.Module):
        return False
    model_type = getattr(getattr(unwrap(model), "config", None), "model_type", None)
    return isinstance(model_type, str) and is_gemma(model_type)


def tokenizer_in(given: Any) -> Any | None:
    """Return a Trainer's ``processing_class`` if it is a tokenizer or holds one; it may be
    anything.
    """
    live = getattr(given, "tokenizer", None) or given
    return given if callable(live) and hasattr(live, "bos_token") else None


def record_of(model: Any) -> Record | None:
    """Return the record that the hook keeps on the (unwrapped) model, if it has one."""
    record = vars(unwrap(model)).get(RECORD)
    return record if isinstance(record, Record) else None


def codes_on(model: Any) -> tuple[str, ...] | None:
    """Return the patches that the hook put on this model; ``None`` for a model unpickled with
    patches.
    """
    record = record_of(model)
    if record is None:
        return ()
    return None if record.applied is None else record.applied.codes


def merge(before: AppliedPatches | None, now: AppliedPatches) -> AppliedPatches:
    """Combine the results of several ``patch`` calls on one model: all writes, in their order.

    A later call no longer finds the cured failures, so the earlier findings and patches are kept.
    """
    from dataclasses import replace

    from ..engine.plan import Plan

    if before is None:
        return now
    before.ledgers.extend(ledger for ledger in now.ledgers if ledger.changes)
    before.plan = Plan(
        patches=_union(before.plan.patches, now.plan.patches),
        skips=now.plan.skips,
        manual=now.plan.manual,
    )
    findings = _union(before.diagnosis.findings, now.diagnosis.findings)
    before.diagnosis = replace(now.diagnosis, findings=findings)
    return before


def _union(before: Iterable[Any], now: Iterable[Any]) -> tuple[Any, ...]:
    """Combine by rule; the earlier items come first."""
    by_code = {item.rule.code: item for item in (*before, *now)}
    return tuple(by_code.values())


def announce(model: Any, now: AppliedPatches, details: str) -> bool:
    """Log one line on what ``patch`` just changed, nothing twice, and on the first rank only.

    It is logged as a warning, which is shown even if the script does not configure logging.

    Args:
        model: the model, wrapped or not.
        now: the result of this one call.
        details: what to type to see all of it.

    Returns:
        whether there was anything new to say.
    """
    changed = [item.rule for item in now.plan.patches if _wrote(now, item.rule)]
    left = [finding.rule for finding in now.plan.manual]
    parts = []
    if new := _untold(model, "patched", changed):
        parts.append("patched " + ", ".join(new))
    if new := _untold(model, "left", left):
        parts.append("left for you: " + ", ".join(new))
    if parts and is_first_rank():
        name = type(unwrap(model)).__name__
        logger.warning("gemma_compat: %s: %s. Details: %s", name, "; ".join(parts), details)
    return bool(parts)


def is_first_rank() -> bool:
    """Return whether this process logs for all ranks.

    Ask the process group if one exists (``mp.spawn`` sets no environment), else read what torchrun
    and accelerate set.
    """
    distributed = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        return bool(distributed.get_rank() == 0)
    rank = os.environ.get("RANK") or os.environ.get("LOCAL_RANK") or "0"
    return rank in {"0", "-1"}


def _wrote(applied: AppliedPatches, rule: Rule) -> bool:
    return any(ledger.code == rule.code and ledger.changes for ledger in applied.ledgers)


def _untold(model: Any, what: str, rules: Iterable[Rule]) -> list[str]:
    """Return ``GC101 hybridcache-without-float`` for those that were not yet told for this
    model.
    """
    with _lock:
        told = _told.setdefault(unwrap(model), set())
        new = [rule for rule in rules if what + rule.code not in told]
        told.update(what + rule.code for rule in new)
    return [f"{rule.code} {rule.name}" for rule in new]
