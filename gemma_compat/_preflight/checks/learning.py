"""Check whether the loss is a trained model's, and the gradient reaches what is to be trained."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from ...live.tree import text_models
from ..cost import TOO_SMALL, left_at_the_beginning
from ..precision import limit_of, precision_of
from ..reference import REWRITES, cross_entropy, prepare, rewrites_itself
from ..result import CheckResult
from ..subject import FORWARD
from ..text import tokenizer_of
from ._answers import (
    NO_LOSS,
    NO_STEP,
    NO_TOKENIZER,
    NOT_TOKENS,
    does_not_apply,
    failed,
    first_line,
    not_run,
    passed,
    warned,
)
from .agreement import explaining, reference_loss, run_of
from .resting import may_rest, why_nothing
from .weights import zeros

if TYPE_CHECKING:
    from ..subject import Subject

_GUESSING = 0.8  # of ln V; weights with a higher loss know nothing
_ENGLISH = 5.0  # loss on SENTENCES; the smallest Gemma has 2.6, without its rotary scaling over 6
_FEWEST = 24  # tokens of SENTENCES: two of them
_HARM = 0.5  # how much an adapter may raise the loss before the first step
_ADAPTER_WORDS = ("lora_", "modules_to_save", "prompt_", "ia3_", "trainable_tokens", "adapter")
SENTENCES = (
    "The sun rises in the east and sets in the west. Water freezes at zero degrees Celsius and "
    "boils at one hundred degrees. There are seven days in a week and twelve months in a year. "
    "Paris is the capital of France, and London is the capital of the United Kingdom. Most people "
    "sleep at night and work during the day."
)


def model_knows_english(subject: Subject) -> CheckResult:
    """Check the loss on fixed English sentences, to tell a broken model from broken data."""
    import torch

    tokenizer = tokenizer_of(subject)
    if tokenizer is None or not callable(tokenizer):
        return not_run(NO_TOKENIZER)
    if not text_models(subject.base) or not _has_vocabulary(subject):
        return does_not_apply("the model has no language head")
    if rewrites_itself(subject.base):
        return not_run(REWRITES)
    loss = _of_text(subject, tokenizer, torch)
    if isinstance(loss, str):
        return not_run(loss)
    subject.kept["english"] = loss
    figure = f"the loss on plain English sentences is {loss:.2f}"
    if loss <= _ENGLISH:
        return passed(figure, f"at most {_ENGLISH:g}")
    return warned(
        f"{figure}; a pretrained Gemma is below 3.5: the weights are not what was trained",
        f"at most {_ENGLISH:g}",
        help="from_pretrained with the checkpoint's own config, and a look at its list of missing "
        "keys; nothing, if you train from scratch",
    )


def _of_text(subject: Subject, tokenizer: Any, torch: Any) -> float | str:
    """Return the loss on :data:`SENTENCES` with the run's adapter, or why there is none."""
    try:
        ids = tokenizer(SENTENCES, add_special_tokens=False)["input_ids"]
        bos = getattr(tokenizer, "bos_token_id", None)
        ids = _affordable(subject, [*([] if bos is None else [bos]), *ids])
        if not ids:
            return TOO_SMALL
        ids = torch.tensor([ids])
        rows = text_models(subject.base)[0][1].embed_tokens.weight.shape[0]
        if int(ids.max()) >= rows:
            return "the tokenizer's ids are past the model's vocabulary"
        ids = ids.to(next(subject.model.parameters()).device)
        with subject.trial(), torch.no_grad():
            prepare(subject, ids.shape[1])
            subject.spend(FORWARD, {"input_ids": ids} if subject.is_causal else None)
            logits = subject.model(input_ids=ids, use_cache=False).logits[0, -ids.shape[1] :]
            total, number = cross_entropy(logits[:-1], ids[0, 1:])
    except Exception as error:  # probe boundary: a forward of the user's model and tokenizer
        return f"the forward does not run: {first_line(error)}"
    return total / number


def _affordable(subject: Subject, ids: list[int]) -> list[int]:
    """Return as many of these tokens as the passes allow, which is all for most batches; none if
    they would be too few.
    """
    if not subject.is_causal:
        return ids
    left = left_at_the_beginning(subject) - explaining(subject)
    tokens = left / FORWARD * subject.batch["input_ids"].numel()
    return ids[: int(tokens)] if tokens >= _FEWEST else []


def _has_vocabulary(subject: Subject) -> bool:
    head = getattr(subject.base, "get_output_embeddings", lambda: None)()
    return head is not None


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
    guess, limit = math.log(vocabulary), f"at most {_GUESSING:.0%} of {math.log(vocabulary):.1f}"
    figure = (
        f"the model's loss on your data is {loss:.2f}; random guessing is {guess:.1f}, and a "
        "pretrained Gemma is usually below 4 on English text"
    )
    if loss <= _GUESSING * guess:
        return passed(figure, limit)
    english = subject.kept.get("english")
    if english is not None and english <= _ENGLISH:
        return warned(
            f"{figure}. It is {english:.2f} on plain English, so the model is whole: your rows "
            "hold something else than text in its vocabulary",
            limit,
            help="decode a row with the tokenizer and read it",
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
        f"{figure}; beside the adapter {len(base)} weights train, {sorted(base)[0]} first",
        help="requires_grad_(False) for them before the adapter is added, or modules_to_save",
    )
