"""Put back everything that a trial may have changed in a model and its Trainer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from .interrupt import holding
from .untouched import Untouched

if TYPE_CHECKING:
    from .interrupt import Gate
    from .subject import Subject

Result = TypeVar("Result")


def trying(
    given: Any, make: Callable[[Gate | None], Subject], body: Callable[[Subject], Result]
) -> Result:
    """Make the subject, run the body on it and return its result; whatever happens, also Ctrl-C,
    everything is then as it was.
    """

    def run(gate: Gate | None) -> Result:
        made = make(gate)
        return restoring(given, made, lambda: body(made))

    return holding(run)


def restoring(given: Any, made: Subject, body: Callable[[], Result]) -> Result:
    """Run the body and return its result; then put back what it may have changed."""
    outer = Untouched(made.model, _holders(given, made), made.gate)
    try:
        try:
            outer.__enter__()
            return body()
        finally:
            _put_back(outer, made)
    except BaseException:
        _put_back(outer, made)  # a Ctrl-C may have cut the first short
        raise


def _put_back(outer: Untouched, made: Subject) -> None:
    """Restore the state first, then the rows that were read, since the state holds their
    iterators.
    """
    outer.restore()
    for recorder in made.recorders:
        recorder.give_back()


def _holders(given: Any, made: Subject) -> list[Any]:
    """Return the Trainer and the objects that its steps and its data loader may write to."""
    if made.trainer is None:
        return []
    names = (
        "args", "state", "control", "accelerator", "callback_handler", "data_collator",
        "train_dataset", "eval_dataset",
    )  # fmt: skip
    found = [given, *(getattr(given, name, None) for name in names)]
    found.append(getattr(found[4], "scaler", None))
    return [item for item in found if item is not None]
