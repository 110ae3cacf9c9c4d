"""Check whether the loss is a trained model's, and the gradient reaches what is to be trained."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from ...live.tree import text_models
from ..precision import limit_of, precision_of
from ..result import CheckResult
from ._answers import (
    NO_LOSS,
    NO_STEP,
    NOT_TOKENS,
    does_not_apply,
    failed,
    first_line,
    not_run,
    passed,
    warned,
)
from .agreement import reference_loss, run_of
from .cuts import where_it_is_cut
from .english import BY_ADAPTER, ENGLISH, GUESSING, explained
from .fresh import ALL_NEW
from .resting import may_rest, why_nothing
from .weights import zeros

if TYPE_CHECKING:
    from ..subject import Subject

_HARM = 0.5  # how much an adapter may raise the loss before the first step
_ADAPTER_WORDS = ("lora_", "modules_to_save", "prompt_", "ia3_", "trainable_tokens", "adapter")


def loss_is_plausible(subject: Subject) -> CheckResult:
    """Check that the loss is well below ln V, where a model with unloaded weights guesses.

    Training from scratch starts there too, so this only warns.
    """
    if not subject.is_causal:
        return does_not_apply(NOT_TOKENS)
    loss = reference_loss(subject) or run_of(subject).loss
    if loss is None or not math.isfinite(loss):
        return not_run(NO_LOSS)
    vocabulary = text_models(subject.base)[0][1].embed_tokens.weight.shape[0]
    guess, limit = math.log(vocabulary), f"at most {GUESSING:.0%} of {math.log(vocabulary):.1f}"
    figure = (
        f"the model's loss on your data is {loss:.2f}; random guessing is {guess:.1f}, and a "
        "pretrained Gemma is usually below 4 on English text"
    )
    if loss <= GUESSING * guess:
        return passed(figure, limit)
    return _why_implausible(subject, figure, guess, limit)


def _why_implausible(subject: Subject, figure: str, guess: float, limit: str) -> CheckResult:
    """Tell weights that know nothing from rows that hold no text."""
    if subject.kept.get(BY_ADAPTER):
        return not_run("follows from model-knows-english: the adapter breaks the model")
    if cause := explained(subject):
        return not_run(f"follows from {cause}: {figure}")
    english = subject.kept.get("english")
    if english is not None and english <= min(ENGLISH, GUESSING * guess):
        return warned(
            f"{figure}. It is {english:.2f} on plain English, so the model is whole: your rows "
            "hold something else than text in its vocabulary",
            limit,
            help="decode a row with the tokenizer and read it",
        )
    if subject.kept.get(ALL_NEW):
        return warned(
            f"{figure}. Every matrix of the model is random: nothing was loaded",
            limit,
            help="nothing, if you train from scratch; else from_pretrained in place of "
            "from_config, and the missing keys of load_state_dict(strict=False) read",
        )
    return warned(
        f"{figure}. The weights know nothing yet, or the tokenizer is another model's",
        limit,
        help="nothing, if you train from scratch; else from_pretrained with its missing keys read, "
        "and the tokenizer from the same folder",
    )


def adapter_starts_at_nothing(subject: Subject) -> CheckResult:
    """Check that a new adapter changes nothing, and a trained one does not raise the loss."""
    disable = getattr(subject.model, "disable_adapter", None)
    if disable is None or not subject.is_causal:
        return does_not_apply("the model has no adapter that can be switched off")
    outer = [p for n, p in subject.model.named_parameters() if "lora_B" in n]
    if subject.kept.get(BY_ADAPTER):
        return not_run("follows from model-knows-english: the adapter breaks the model")
    if not outer or not any(bool(p.detach().any()) for p in outer):
        return passed("the adapter is at its beginning: it changes nothing yet")
    with_it = reference_loss(subject)
    if with_it is None:
        return not_run("the reference does not run")
    from ..reference import reference_of

    try:
        with disable():
            without = reference_of(subject).loss
    except Exception as error:  # probe boundary: a forward of the user's model
        return not_run(f"the model does not run without its adapter: {first_line(error)}")
    figure = f"the loss is {with_it:.2f} with the adapter and {without:.2f} without"
    if with_it <= without + _HARM:
        return passed(figure, f"at most {_HARM:g} worse")
    return warned(
        f"{figure}: it was not trained for this model, or starts from random values",
        f"at most {_HARM:g} worse",
        help="LoraConfig(init_lora_weights=True), and the base model that the adapter was made for",
    )


def reference_is_the_model(subject: Subject) -> CheckResult:
    """Check that a preference loss starts where the model and its reference are the same."""
    start = _start(subject)
    loss = run_of(subject).loss
    if start is None:
        return does_not_apply("the run has no reference model, or a loss that starts anywhere")
    if loss is None or not math.isfinite(loss):
        return not_run(NO_LOSS)
    figure = f"the loss starts at {loss:.4f}; it is {start:.4f} if the reference model is the model"
    limit = 2 * limit_of(precision_of(subject))
    if abs(loss - start) <= limit * start:
        return passed(figure, f"at most {limit:g} apart")
    return warned(
        f"{figure}: the reference model is another one, or the adapter was trained before",
        f"at most {limit:g} apart",
        help="leave ref_model out, or load it from the same checkpoint as the model",
    )


def _start(subject: Subject) -> float | None:
    """Return the loss of DPO or KTO at equal models; ``None`` for any other loss."""
    kinds = {kind.__name__ for kind in type(subject.trainer).__mro__}
    losses = subject.value("loss_type", "sigmoid")
    loss = losses[0] if isinstance(losses, (list, tuple)) and len(losses) == 1 else losses
    if subject.value("label_smoothing") or subject.value("reference_free"):
        return None
    if "DPOTrainer" in kinds and loss == "sigmoid":
        return math.log(2)
    return 0.5 if "KTOTrainer" in kinds and loss in ("kto", "sigmoid") else None


def experts_are_used(subject: Subject) -> CheckResult:
    """Check that a mixture's routers send different tokens to different experts."""
    seen = run_of(subject).experts
    if not seen:
        if run_of(subject).loss is None:
            return not_run(NO_STEP)
        return does_not_apply("the model has no experts")
    stuck = [path for path, (used, each, total) in seen.items() if len(used) <= each < total]
    if len(stuck) * 2 <= len(seen):
        return passed(f"{len(seen) - len(stuck)} of {len(seen)} routers choose by the token")
    _, each, total = seen[stuck[0]]
    return warned(
        f"{len(stuck)} of {len(seen)} routers send every token to the same {each} of {total} "
        f"experts, {stuck[0]} first: they have collapsed, or were not loaded",
        help="load the checkpoint again, and look at its list of missing keys",
    )


def every_parameter_learns(subject: Subject) -> CheckResult:
    """Check that each trainable parameter gets a gradient other than zero, and no frozen one."""
    run = run_of(subject)
    if run.loss is None or not run.norms:
        return not_run(NO_STEP)
    trainable = {name for name, p in subject.model.named_parameters() if p.requires_grad}
    leaked = sorted(run.norms.keys() - trainable)
    if leaked:
        return failed(
            f"{len(leaked)} frozen parameters get a gradient, {leaked[0]} first",
            help="requires_grad_(False) on the parameters of the model that is trained",
        )
    dead = [name for name in trainable if not run.norms.get(name)]
    if len(dead) == len(trainable):
        why, help = why_nothing(subject, run.loss)
        return failed(
            f"none of {len(trainable)} trainable parameters gets a gradient{why}", help=help
        )
    return _sort_out(subject, trainable, dead)


def _sort_out(subject: Subject, trainable: set[str], dead: list[str]) -> CheckResult:
    """Leave out the parameters that may rightly have no gradient in this batch; judge the rest."""
    figure = f"{len(trainable) - len(dead)} of {len(trainable)} parameters get a gradient"
    towers = [
        name for name in dead if any(word in name for word in ("vision", "audio", "multi_modal"))
    ]
    parameters = dict(subject.model.named_parameters())
    blocks = {_block(name) for name in zeros(subject.base)}  # nothing flows back through zeros
    others = sorted(
        name
        for name in dead
        if name not in towers
        and _block(name) not in blocks
        and not may_rest(subject, parameters, name)
    )
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        if cut := where_it_is_cut(subject, trainable, set(dead)):
            place, help = cut
            return failed(f"{figure}; none {place}", help=help)
        return failed(
            f"{figure}; none for {others[0]}{more}",
            help="requires_grad_(False) if they are to rest; else look for what cuts them off "
            "(no_grad, detach, a checkpoint)",
        )
    if towers:
        return warned(
            f"{figure}; none for the towers ({len(towers)}): the batch has no image for them",
            help="rows with images, or requires_grad_(False) for the towers",
        )
    base = [n for n in trainable if not any(word in n for word in _ADAPTER_WORDS)]
    if base and len(base) < len(trainable) and len(base) != len(trainable):
        return _of_base(figure, base, trainable)
    return passed(figure)


def _block(name: str) -> str:
    """Return the part of a name that tells the decoder layer; the whole name outside of one."""
    found = re.search(r"layers\.\d+\.", name)
    return name if found is None else found[0]


def _of_base(figure: str, base: list[str], trainable: set[str]) -> CheckResult:
    if not any("lora_" in name for name in trainable):
        return passed(figure)
    return warned(
        f"{figure}; beside the adapter {len(base)} weights train, {sorted(base)[0]} first, and "
        "a checkpoint holds the adapter alone",
        help="requires_grad_(False) for them before the adapter is added, or modules_to_save",
    )
