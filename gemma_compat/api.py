"""The public calls: the stages of the flow, put together.

detect_facts -> Facts -> judge_all -> Diagnosis -> make_plan -> Plan -> apply_plan -> AppliedPatches
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .detect import detect_facts
from .engine.diagnosis import judge_all
from .engine.plan import Consent, Plan, make_plan
from .engine.rule import Diagnosis, Rule
from .facts import Facts
from .live.trainer import Given, given_by
from .live.unwrap import unwrap
from .patching._lock import ShortLock
from .patching.apply import AppliedPatches, apply_plan
from .patching.every_nth import CODE, checkpoint_every_nth
from .rules import all_rules, find
from .tables import families

_writing = ShortLock(patience=10)
# The last diagnosis of ``patch``, which is called before every train and evaluate, and its rules.
_last: list[tuple[Sequence[Rule], str, Diagnosis]] = []


def patch(
    model: Any,
    *,
    args: Any = None,
    tokenizer: Any = None,
    adapter: Any = None,
    dry_run: bool = False,
    select: Iterable[str] | None = None,
    ignore: Iterable[str] = (),
    unsafe: bool = False,
    checkpoint_every: int | None = None,
) -> AppliedPatches:
    """Cure a model of its known failures, before ``Trainer(...)`` reads its settings.

    Args:
        model: a transformers model, or one wrapped by PEFT, ``torch.compile`` or DDP; or a
            ``Trainer``, whose model, arguments and tokenizer are then used.
        args: the ``TrainingArguments`` of the run, or a mapping of them. Without it every safe
            cure that may be needed is applied.
        tokenizer: a tokenizer, a processor or a directory.
        adapter: a ``LoraConfig``, a mapping of one or a directory; else the model's own.
        dry_run: find and plan, change nothing.
        select: codes or names of rules; only these are patched. Naming a rule also allows a
            patch that is unsafe.
        ignore: codes or names of rules that are never patched.
        unsafe: allow patches that may change what the run computes, or more than this model.
        checkpoint_every: where checkpointing is on, checkpoint only layers 0, n, 2n, ...: faster
            than checkpointing all, with less memory than checkpointing none.

    Returns:
        the findings and the patches; prints as a report. ``.revert()`` or ``with`` undoes them.

    Raises:
        PatchError: a patch that is needed cannot be applied; the model is as it was.
        UsageError: a rule that does not exist, or arguments that cannot be read.
    """
    given = given_by(model, args, tokenizer)
    consent = make_consent(select, ignore, unsafe, given.has_trainer)
    return patch_given(given, consent, adapter, dry_run, checkpoint_every)


def patch_given(
    given: Given,
    consent: Consent,
    adapter: Any = None,
    dry_run: bool = False,
    checkpoint_every: int | None = None,
) -> AppliedPatches:
    """Do what :func:`patch` does, for callers that know whether a Trainer was made: the hooks."""
    model = given.model
    facts = detect_facts(model=model, args=given.args, tokenizer=given.tokenizer, adapter=adapter)
    applied = _planned(model, _judged(facts), consent, dry_run)
    return _carry_out(applied, model, checkpoint_every)


def _judged(facts: Facts) -> Diagnosis:
    """Return the diagnosis of these facts. Rules are pure: the same facts have the same one.

    Facts are compared as they are written: ``1`` and ``True`` are equal, and a rule may tell them
    apart.
    """
    rules, written = all_rules(), repr(facts)
    for asked, before, diagnosis in tuple(_last):
        if asked is rules and before == written:
            return diagnosis
    diagnosis = judge_all(facts, rules)
    _last[:] = [(rules, written, diagnosis)]
    return diagnosis


def _planned(model: Any, diagnosis: Diagnosis, consent: Consent, dry_run: bool) -> AppliedPatches:
    """Return the planned patches, not yet applied; none for a model that is not a Gemma."""
    facts = diagnosis.facts
    if not facts.model.known("model_type") or not families.is_gemma(facts.model.model_type):
        what = facts.model.get("model_type") or type(model).__name__
        note = f"gemma_compat: {what!r} is not a Gemma model; nothing was changed."
        return AppliedPatches(diagnosis, Plan(), note=note)
    return AppliedPatches(diagnosis, make_plan(diagnosis, consent), dry_run=dry_run)


def _carry_out(applied: AppliedPatches, model: Any, checkpoint_every: int | None) -> AppliedPatches:
    """Apply the plan; with ``checkpoint_every``, checkpoint only every n-th layer.

    Ctrl-C reverts everything, since the caller does not hold the result yet. Of two threads that
    patch one model, the second finds everything in place.
    """
    try:
        if applied.dry_run or applied.note:
            return applied
        base = unwrap(model)
        with _writing:
            apply_plan(base, applied.diagnosis, applied.plan, applied)
            if checkpoint_every is not None:
                applied.add(CODE, base, checkpoint_every_nth, checkpoint_every)
        return applied
    except BaseException:
        applied.roll_back()
        raise


def diagnose(
    model: Any = None, *, args: Any = None, tokenizer: Any = None, adapter: Any = None
) -> Diagnosis:
    """Return the known failures of this stack, without changing anything.

    Args:
        model: a live model or a ``Trainer``, a directory, a ``config.json`` or the name of a
            published checkpoint; ``None`` for every model type.
        args: ``TrainingArguments``, a mapping, or a JSON file of them.
        tokenizer, adapter: as for :func:`patch`.

    Raises:
        UsageError: a file that does not exist, or that no model or run can have written.
    """
    given = given_by(model, args, tokenizer)
    facts = detect_facts(given.model, given.args, tokenizer=given.tokenizer, adapter=adapter)
    return judge_all(facts, all_rules())


def make_consent(
    select: Iterable[str] | None = None,
    ignore: Iterable[str] = (),
    unsafe: bool = False,
    has_trainer: bool = False,
) -> Consent:
    """Return the user's consent, with the names of rules turned into codes.

    Raises:
        UsageError: a rule that does not exist.
    """
    rules = all_rules()

    def codes(names: Iterable[str]) -> frozenset[str]:
        names = [names] if isinstance(names, str) else names
        return frozenset(find(name, rules).code for name in names)

    return Consent(None if select is None else codes(select), codes(ignore), unsafe, has_trainer)
