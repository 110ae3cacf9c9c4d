"""Check whether the trained network is the one that will be used, and the loss its loss."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...live.tree import named_configs
from ...live.unwrap import peft_wrapper
from .. import passes
from ..precision import limit_of, precision_of
from ..reference import REWRITES, Reference, reference_of, rewrites_itself
from ..result import CheckResult
from ..subject import FORWARD
from ._answers import (
    NO_LOSS,
    NOT_TOKENS,
    does_not_apply,
    failed,
    first_line,
    not_run,
    passed,
    warned,
)

if TYPE_CHECKING:
    from ..subject import Subject

ADALORA = "AdaLoRA adds to the loss how far its factors are from orthogonal ones"
_KNOWN = 0.1  # loss of rows that the model knows by heart
_LIBRARIES = ("transformers", "trl", "unsloth", "unsloth_zoo", "peft")


def run_of(subject: Subject) -> passes.Pass:
    """Return the pass as the run makes it, on the whole batch; made once."""
    if "run" not in subject.kept:
        subject.kept["run"] = passes.run_pass(subject, checkpointing=True)
    found: passes.Pass = subject.kept["run"]
    return found


def reference_loss(subject: Subject) -> float | None:
    """Return the reference loss, computed once; ``None`` if the reference does not run."""
    found = reference(subject)
    return found.loss if isinstance(found, Reference) else None


def reference(subject: Subject) -> Reference | str:
    """Return the reference of the batch, or why there is none."""
    if rewrites_itself(subject.base):
        return REWRITES
    if any(getattr(c, "orth_reg_weight", 0) for c in _adapters(subject)):
        return ADALORA
    if "reference" not in subject.kept:
        try:
            subject.kept["reference"] = reference_of(subject)
        except Exception as error:  # probe boundary: the reference runs the user's model too
            subject.kept["reference"] = first_line(error)
    found: Reference | str = subject.kept["reference"]
    return found


def _adapters(subject: Subject) -> list[Any]:
    """Return the configs of PEFT's adapters."""
    return list(getattr(peft_wrapper(subject.model), "peft_config", {}).values())


def has_own_loss(subject: Subject) -> bool:
    """Return whether the script, and not a library, defines the loss."""
    trainer = subject.trainer
    if trainer is None:
        return False
    if getattr(trainer, "compute_loss_func", None) or getattr(trainer, "label_smoother", None):
        return True
    kind = subject.value("loss_type")
    if isinstance(kind, str) and kind not in {"nll", "chunked_nll"}:
        return True
    return has_own(subject, "compute_loss") or has_own(subject, "training_step")


def explaining(subject: Subject) -> float:
    """Return the passes that ``loss_agrees`` adds where the script's own loss differs on purpose:
    the model's logits, or else its own loss.
    """
    return 2 * FORWARD if has_own_loss(subject) else 0.0


def has_own(subject: Subject, name: str) -> bool:
    """Return whether the script, and not a library, defines this method of the Trainer."""
    method = getattr(subject.trainer, name, None)
    home = str(getattr(method, "__module__", "")).partition(".")[0]
    return method is not None and home not in _LIBRARIES


def loss_agrees(subject: Subject) -> CheckResult:
    """Check that the loss of the run's step equals the reference, which runs each sample alone."""
    run = run_of(subject)
    if not subject.is_causal:
        return does_not_apply(NOT_TOKENS)
    if run.loss is None or not math.isfinite(run.loss):
        return not_run(NO_LOSS)
    found = reference(subject)
    if isinstance(found, str):
        return not_run(f"the reference does not run: {found}")
    if not math.isfinite(found.loss):
        return not_run("the reference gives no finite loss")
    off, limit = apart(run.loss, found.loss), limit_of(precision_of(subject))
    figure = f"the run's loss is {run.loss:.5f}, the reference {found.loss:.5f}, {off:.2g} apart"
    tolerance = f"at most {limit:g}, {precision_of(subject)}"
    if off <= limit or apart(run.loss, as_counted(found)) <= limit:
        return passed(figure, tolerance)
    return _why(subject, run.loss, found, figure, tolerance)


def as_counted(found: Reference) -> float:
    """Return the loss as the Trainer divides it: it leaves out the first label of a row, which only
    a trained prompt predicts.
    """
    return found.loss * found.labels / max(1, found.labels - found.prompted)


def apart(one: float, other: float) -> float:
    """Return how far a loss is from another, as a share of that one, or of a tenth if it is less.

    What rounding does to logits shows undiminished in the loss of rows that are known by heart.
    """
    return abs(one - other) / max(abs(other), _KNOWN)


def _why(
    subject: Subject, loss: float, found: Reference, figure: str, tolerance: str
) -> CheckResult:
    """Find the cause: first the loss function, then the network, by changing one thing at a
    time.
    """
    limit = limit_of(precision_of(subject))
    subject.kept["disagrees"] = True
    is_own = has_own_loss(subject)
    plain = loss if subject.trainer is None else _of_the_model(subject, is_own)
    network_is_right = not isinstance(plain, str) and apart(plain, found.loss) <= limit
    if network_is_right or is_own:
        slip = _of_slip(loss, found, figure, tolerance, limit)
        if slip is not None:
            return slip
    if network_is_right and is_own:
        from .slips import of_own_loss

        return of_own_loss(subject, loss, found.loss, limit, figure, tolerance)
    if network_is_right:
        return _of_library_loss(loss, found, figure, tolerance)
    again = reference_of(subject, seed=2).loss
    if apart(again, found.loss) > limit:
        return failed(
            f"in evaluation mode the loss is {found.loss:.5f} and {again:.5f} for the same rows: "
            "dropout or something else random is on",
            tolerance,
            help="model.eval() must switch every dropout off",
        )
    if isinstance(plain, str):
        return not_run(f"{figure}, and the model alone, which would tell why, raises {plain}")
    cause = _network_cause(subject, found.loss, limit)
    if cause is None:
        return failed(
            f"{figure}: training runs another network than generation",
            tolerance,
            help="gemma_compat.patch(model); python -m gemma_compat report names what is known of "
            "this stack",
        )
    return failed(f"{figure}; {cause}", tolerance, help=_HELP.get(cause, ""))


def _of_the_model(subject: Subject, is_own: bool) -> float | str:
    """Return the loss of the tokens in a training forward, or the error that it raises.

    Where the script computes its own loss, it comes from the logits, which are looked at later.
    """
    if is_own:
        from .slips import logits_of, shifted

        logits = logits_of(subject)
        loss = None if isinstance(logits, str) else shifted(logits, subject.batch["labels"])
        if loss is not None:
            return loss
    return plain_loss(subject)


def _of_slip(
    loss: float, found: Reference, figure: str, tolerance: str, limit: float
) -> CheckResult | None:
    """Return what is wrong with a loss that is a sum, or unshifted; ``None`` for any other."""
    if apart(loss / found.labels, found.loss) <= max(limit, 0.02) and found.labels > 1:
        return failed(
            f"{figure}: it is the sum over {found.labels} tokens, not their mean",
            tolerance,
            help="divide by num_items_in_batch, or reduction='mean'",
        )
    if apart(loss, found.unshifted) <= limit:
        return failed(
            f"{figure}: each token is held against its own label, not against the next token",
            tolerance,
            help="cross_entropy(logits[:, :-1], labels[:, 1:])",
        )
    return None


def _of_library_loss(loss: float, found: Reference, figure: str, tolerance: str) -> CheckResult:
    """Judge a library's loss that differs although the network is right, such as a router's
    share.
    """
    if loss > found.loss and apart(loss, found.loss) < 0.5:
        return warned(
            f"{figure}: the Trainer adds something to the loss of the tokens",
            tolerance,
            help="nothing, if it is a router's share or a term that you asked for",
        )
    return failed(
        f"{figure}: the model is right, and the Trainer's loss is not its",
        tolerance,
        help="gemma_compat.patch(trainer), or another release of the Trainer's package",
    )


_CACHE = "it agrees without the cache: the cache joins what should be apart"
_MASK = "it agrees without the batch's attention_mask"
_POSITIONS = "it agrees without the batch's position_ids"
_EAGER = "it agrees with eager attention: this attention implementation computes another network"
_MODE = "it agrees in evaluation mode: something is different in training"
_HELP = {
    _CACHE: "model.config.use_cache = False",
    _MASK: "leave attention_mask out where rows are packed by position_ids; a mask of your "
    "own must be causal and keep the sliding window",
    _POSITIONS: "leave position_ids out of the batch",
    _EAGER: "attn_implementation='eager' in from_pretrained",
}


def _network_cause(subject: Subject, reference: float, limit: float) -> str | None:
    """Change one thing at a time; return the first change that brings the loss to the reference."""
    batch, off = subject.batch, {"use_cache": False}
    trials: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
        (_CACHE, batch, off, ""),
        (_MASK, without(batch, "attention_mask"), off, ""),
        (_POSITIONS, without(batch, "position_ids"), off, ""),
        (_EAGER, batch, off, "eager"),
        (_MODE, batch, off, "eval"),
    ]
    for what, given, arguments, how in trials:
        if what in (_MASK, _POSITIONS) and given.keys() == batch.keys():
            continue
        loss = plain_loss(subject, given, how, **arguments)
        if not isinstance(loss, str) and apart(loss, reference) <= limit:
            return what
    return None


def without(batch: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in batch.items() if key != name}


def plain_loss(
    subject: Subject, batch: dict[str, Any] | None = None, how: str = "", **arguments: Any
) -> float | str:
    """Return the model's own loss in a training forward, or the error that it raises."""
    import torch

    try:
        with subject.trial(), torch.no_grad():
            passes.prepare(subject, checkpointing=True)
            if how == "eval":
                subject.model.eval()
            if how == "eager":
                for _, config in named_configs(subject.model):
                    if getattr(config, "_attn_implementation", None):
                        config._attn_implementation = "eager"
            return float(subject.call(batch, **{**subject.arguments(), **arguments}).loss.float())
    except Exception as error:  # probe boundary: a forward of the user's model
        return first_line(error)
