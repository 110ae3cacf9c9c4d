"""Carry a plan out on a model: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..engine.plan import Plan, PlannedPatch, Skip
from ..engine.rule import Diagnosis
from ..errors import (
    CannotBeCured,
    PatchConflict,
    PatchError,
    PatchNotNeeded,
    PatchRefused,
    add_note,
)
from ..live.paths import Paths
from ..shown import Shown
from .ledger import Change, Ledger, conflicts_of, finish


@dataclass(repr=False)
class AppliedPatches(Shown):
    """What ``patch(model)`` found and did; prints as a report and can be reverted.

    Attributes:
        diagnosis: what was found.
        plan: what was to be done, what was skipped and why, what is left for the user.
        ledgers: one for each patch that was applied; empty after ``revert``.
        dry_run: nothing was written.
        note: one line that replaces everything else (a model that is not a Gemma).
    """

    view = "applied"

    diagnosis: Diagnosis
    plan: Plan
    ledgers: list[Ledger] = field(default_factory=list)
    dry_run: bool = False
    note: str = ""

    @property
    def changes(self) -> tuple[Change, ...]:
        """Return every write, in order."""
        return tuple(change for ledger in self.ledgers for change in ledger.changes)

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the rules whose patches are in place."""
        return tuple(ledger.code for ledger in self.ledgers)

    def add(self, code: str, model: Any, change: Callable[..., None], *arguments: Any) -> None:
        """Make a further change under a separate code; if it fails, revert everything.

        Args:
            code: the code under which the change is listed.
            model: the unwrapped model.
            change: called with the model, a ledger and the arguments; any error of it is raised
                again.
        """
        try:
            self.ledgers.append(Ledger(code, model))
            change(model, self.ledgers[-1], *arguments)
            if not self.ledgers[-1].changes:
                self.ledgers.pop()
        except BaseException:
            self.roll_back()
            raise

    def revert(self) -> None:
        """Put everything back, last in first out; a second call does nothing.

        Raises:
            PatchConflict: naming each slot that other code holds; nothing is changed then.
        """
        held = conflicts_of(self.ledgers)
        if held:
            raise PatchConflict("cannot be reverted, nothing was changed: " + "; ".join(held))
        self.roll_back()

    def roll_back(self) -> None:
        """Put everything back without asking who holds it; finished even where interrupted."""
        finish(self._put_back)

    def _put_back(self) -> None:
        while self.ledgers:
            self.ledgers[-1].roll_back()
            self.ledgers.pop()

    def __enter__(self) -> AppliedPatches:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            finish(self.revert)
        except PatchConflict as conflict:
            if error is None:
                raise
            add_note(error, f"gemma_compat: {conflict}")  # never hide the body's exception


def apply_plan(
    model: Any, diagnosis: Diagnosis, plan: Plan, applied: AppliedPatches | None = None
) -> AppliedPatches:
    """Apply the patches of ``plan`` to the unwrapped ``model``, in order.

    A patch that is not needed, has nothing left to write, or is preventive and does not fit,
    becomes a skip. Any other failure reverts everything and propagates, named by its rule.

    Args:
        applied: where to note what is done as it is done, for a caller that must revert it
            whatever happens between this call and its own end; a new one by default.

    Raises:
        PatchRefused: a failure is certain, and its cure must not be applied here. Of a patch that
            is preventive only a ``CannotBeCured`` propagates.
    """
    _refuse_if_certain(diagnosis, plan)
    applied = applied or AppliedPatches(diagnosis, plan)
    skips: list[Skip] = []
    paths = Paths(model)  # one walk for all ledgers
    try:
        for planned in plan.patches:
            applied.ledgers.append(Ledger(planned.rule.code, model, paths))
            _apply_one(model, planned, applied.ledgers, skips)
        applied.plan = Plan(_without(plan.patches, skips), (*plan.skips, *skips), plan.manual)
        return applied
    except BaseException:
        applied.roll_back()
        raise


def _refuse_if_certain(diagnosis: Diagnosis, plan: Plan) -> None:
    for skip in plan.skips:
        if skip.stops:
            problem = skip.rule.problem(diagnosis.facts)
            raise PatchRefused(
                f"{skip.rule.code} {skip.rule.name}: {skip.reason}; {problem.help}; or pass "
                f"ignore=[{skip.rule.code!r}] and live with it"
            )


def _apply_one(model: Any, planned: PlannedPatch, ledgers: list[Ledger], skips: list[Skip]) -> None:
    """Apply one patch, whose ledger is the last of ``ledgers`` before anything is written."""
    rule = planned.rule
    assert rule.patch is not None
    try:
        with ledgers[-1] as ledger:
            rule.patch(model, ledger)
    except PatchNotNeeded as error:
        skips.append(Skip(rule, f"not needed: {error}"))
    except PatchError as error:
        if not planned.preventive or isinstance(error, CannotBeCured):
            raise type(error)(f"{rule.code} {rule.name}: {error}") from error
        skips.append(Skip(rule, f"does not fit this model: {error}"))
    else:
        if ledger.changes:
            return
        skips.append(Skip(rule, "in place already", in_place=True))
    ledgers.pop()


def _without(patches: Sequence[PlannedPatch], skips: list[Skip]) -> tuple[PlannedPatch, ...]:
    skipped = {skip.rule.code for skip in skips}
    return tuple(item for item in patches if item.rule.code not in skipped)
