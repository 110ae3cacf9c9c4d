"""Try the script's ``compute_metrics`` on one batch, as the first evaluation will."""

from __future__ import annotations

import inspect
import io
import re
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

from ..result import CheckResult
from ..written import outside, writes_undone
from ._answers import failed, first_line, warned
from .planned import best_metric, evaluates, is_plain

if TYPE_CHECKING:
    from ..subject import Subject

# A slip in the code raises one of these; a ValueError may come from so few rows alone.
_SLIPS = (TypeError, KeyError, IndexError, AttributeError, NameError, OverflowError)
_ARRAYS = (
    "compute_metrics(trainer.predict(rows)) on a few rows shows where; EvalPrediction has "
    "predictions and label_ids as arrays, with -100 where nothing is trained"
)
_SHAPES = re.compile(r"shape|broadcast|inconsistent numbers|multiclass|continuous|same length")


def metrics_run(subject: Subject, outputs: Any) -> CheckResult | None:
    """Call ``compute_metrics`` on one batch; ``None`` if it is not called, or nothing is wrong.

    What it writes to is put back. One that opens files or the network is not called.

    Args:
        subject: the trial.
        outputs: predictions, labels and loss of the batch.
    """
    trainer = subject.trainer
    if outputs is None or not _is_called(subject) or outputs[0] is None or outputs[1] is None:
        return None
    function = trainer.compute_metrics
    if not inspect.isfunction(function) or outside(function):
        return None
    try:
        given = _prediction(subject, *outputs)
        with subject.trial(), writes_undone(function), redirect_stdout(io.StringIO()):
            found = function(given)
    except Exception as error:  # probe boundary: the script's own function
        return _of_error(error)
    if not isinstance(found, dict):
        return failed(
            f"compute_metrics returns {type(found).__name__}, and the Trainer wants a dict: the "
            "first evaluation ends with an error",
            help='return {"accuracy": accuracy}',
        )
    metric = best_metric(subject)
    if metric and metric != "loss" and not {metric, f"eval_{metric}"} & set(found):
        return failed(
            f"metric_for_best_model={metric!r}, and compute_metrics returns "
            f"{', '.join(map(str, found)) or 'nothing'}: the first evaluation ends with a KeyError",
            help=f"metric_for_best_model={next(iter(found), 'loss')!r}",
        )
    return None


def _is_called(subject: Subject) -> bool:
    """Return whether the run's evaluations call it, once, with all that they collected."""
    trainer = subject.trainer
    return (
        trainer is not None
        and evaluates(subject)
        and getattr(trainer, "compute_metrics", None) is not None
        and is_plain(trainer)
        and not isinstance(trainer.eval_dataset, dict)
        and not subject.value("batch_eval_metrics")
        and not subject.value("prediction_loss_only")
    )


def _prediction(subject: Subject, logits: Any, labels: Any, loss: float) -> Any:
    """Return what the Trainer passes to ``compute_metrics``."""
    from transformers import EvalPrediction
    from transformers.trainer_pt_utils import nested_numpify

    prepare = getattr(subject.trainer, "preprocess_logits_for_metrics", None)
    if prepare is not None:
        logits = prepare(logits, labels)
    wanted = subject.value("include_for_metrics", [])
    given: dict[str, Any] = {}
    if "inputs" in wanted:
        given["inputs"] = nested_numpify(subject.batch[subject.base.main_input_name])
    if "loss" in wanted:
        import numpy

        given["losses"] = numpy.array([loss])
    return EvalPrediction(
        predictions=nested_numpify(logits), label_ids=nested_numpify(labels), **given
    )


def _of_error(error: BaseException) -> CheckResult | None:
    text = f"compute_metrics raises {first_line(error)}, with the outputs of one batch"
    if isinstance(error, _SLIPS):
        return failed(f"{text}: the first evaluation ends with it", help=_ARRAYS)
    if isinstance(error, ValueError) and _SHAPES.search(str(error)):
        return warned(text, help=_ARRAYS)
    return None
