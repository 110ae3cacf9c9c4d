"""Does the loss belong to a trained model, and does the gradient reach what is to be trained?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ...live.tree import text_models
from ..result import CheckResult
from ._answers import failed, not_run, passed, warned
from .agreement import run_of

if TYPE_CHECKING:
    from ..subject import Subject

_GUESSING = 0.8  # of ln V: a loss above it is that of weights that know nothing
_ADAPTER_WORDS = ("lora_", "modules_to_save", "prompt_", "ia3_", "trainable_tokens", "adapter")
_LENT = ("k_proj", "v_proj", "k_norm", "v_norm")


def loss_is_plausible(subject: Subject) -> CheckResult:
    """Near ln V a model guesses: weights that were never loaded. Training from scratch looks so
    too, hence a warning."""
    loss = run_of(subject).loss
    if loss is None or not math.isfinite(loss):
        return not_run("there is no finite loss")
    vocabulary = text_models(subject.base)[0][1].embed_tokens.weight.shape[0]
    guess = math.log(vocabulary)
    figure = f"loss {loss:.3f}, guessing is {guess:.3f} (ln {vocabulary})"
    limit = f"at most {_GUESSING:.0%} of it"
    return warned(figure, limit) if loss > _GUESSING * guess else passed(figure, limit)


def every_parameter_learns(subject: Subject) -> CheckResult:
    """A gradient, not zero, for every trainable parameter; none for a frozen one."""
    run = run_of(subject)
    if run.loss is None or not run.norms:
        return not_run("the training step does not run")
    trainable = {name for name, p in subject.model.named_parameters() if p.requires_grad}
    leaked = sorted(run.norms.keys() - trainable)
    if leaked:
        return failed(f"{len(leaked)} frozen parameters get a gradient, {leaked[0]} first")
    dead = [name for name in trainable if not run.norms.get(name)]
    if len(dead) == len(trainable):
        return failed(f"none of {len(trainable)} trainable parameters gets a gradient")
    return _sort_out(subject, trainable, dead)


def _sort_out(subject: Subject, trainable: set[str], dead: list[str]) -> CheckResult:
    """What may rightly have no gradient in this batch is left out."""
    figure = f"{len(trainable) - len(dead)} of {len(trainable)} parameters get a gradient"
    towers = [
        name for name in dead if any(word in name for word in ("vision", "audio", "multi_modal"))
    ]
    others = [name for name in dead if name not in towers and not _may_rest(subject, name)]
    if others:
        return failed(f"{figure}; none for {others[0]} and {len(others) - 1} more")
    if towers:
        return warned(
            f"{figure}; none for the towers ({len(towers)}): the batch has no image for them"
        )
    base = [n for n in trainable if not any(word in n for word in _ADAPTER_WORDS)]
    if base and len(base) < len(trainable):
        return warned(
            f"{figure}; beside the adapter {len(base)} weights train, {sorted(base)[0]} first"
        )
    return passed(figure)


def _may_rest(subject: Subject, name: str) -> bool:
    """LoRA's A while B is zero, and the own keys and values of layers that borrow others'."""
    if "lora_A" in name or "lora_embedding_A" in name:
        other = name.replace("lora_A", "lora_B").replace("lora_embedding_A", "lora_embedding_B")
        twin = dict(subject.model.named_parameters()).get(other)
        return twin is not None and not twin.any().item()
    config = getattr(text_models(subject.base)[0][1], "config", None)
    shared = vars(config).get("num_kv_shared_layers") or 0
    first = getattr(config, "num_hidden_layers", 0) - shared
    return bool(shared) and any(word in name for word in _LENT) and _layer(name) >= first


def _layer(name: str) -> int:
    parts = name.split(".")
    after = [parts[index + 1] for index, part in enumerate(parts[:-1]) if part == "layers"]
    return int(after[-1]) if after and after[-1].isdigit() else -1
