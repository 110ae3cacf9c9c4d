"""Check whether the weights are whole, and what should be trained is going to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...live.tree import text_models
from ...live.unwrap import peft_wrapper
from ..result import CheckResult
from ..text import tokenizer_of
from ._answers import NO_TOKENIZER, count, failed, not_run, passed, warned
from .adapters import adapted, adapter_of, inactive, stuck, tuned, waiting

if TYPE_CHECKING:
    from ..subject import Subject

# Parts of names of adapters' matrices, half of which start at 0, and of new classification heads.
_START_AT_0 = ("lora_", "vera_", "oft_", "prompt_", "adapter", "delta", "hada_", "lokr_", "score")


def something_trains(subject: Subject) -> CheckResult:
    """Check that some parameter is to be trained, and its adapter is switched on."""
    parameters = dict(subject.model.named_parameters())
    trained = [name for name, p in parameters.items() if p.requires_grad]
    layers = adapted(subject.model)
    if layers and any(getattr(layer, "merged", False) for layer in layers):
        return failed(
            "the adapter is merged into the weights: the forward does not run it, and it gets no "
            "gradient",
            help="model.unmerge_adapter() before training",
        )
    if layers and any(getattr(layer, "disable_adapters", False) for layer in layers):
        return failed("the adapter is disabled", help="model.enable_adapter_layers()")
    if not trained:
        return _nothing_trains(subject, layers)
    if asleep := inactive(layers, parameters):
        return _of_inactive(layers, asleep, len(trained))
    if new := waiting(layers, parameters):
        return _of_waiting(layers, new)
    if at_0 := stuck(parameters):
        return failed(
            f"{at_0}: neither ever gets a gradient",
            help="init_lora_weights=True, and requires_grad for lora_A and lora_B",
        )
    total = sum(p.numel() for p in parameters.values())
    number = sum(parameters[name].numel() for name in trained)
    return passed(f"{len(trained)} of {len(parameters)} parameters, {number / total:.2%} of values")


def _of_inactive(layers: list[Any], asleep: list[str], trained: int) -> CheckResult:
    """Judge adapters that are to be trained and that the forward does not run."""
    names = sorted({adapter_of(name) for name in asleep})
    figure = (
        f"the adapter {names[0]!r} is to be trained, and the forward runs "
        f"{', '.join(map(repr, layers[0].active_adapters)) or 'none'}: it is not active"
    )
    tell = failed if len(asleep) == trained else warned
    return tell(figure, help=f"model.set_adapter({names[0]!r})")


def _of_waiting(layers: list[Any], new: str) -> CheckResult:
    """Judge a new adapter that waits while one that was trained before is trained on."""
    runs = ", ".join(map(repr, layers[0].active_adapters))
    return warned(
        f"the adapter {new!r} is new and not active: {runs}, which was trained before, is trained "
        "on in its place",
        help=f"model.set_adapter({new!r}); nothing, if it is trained later",
    )


def _nothing_trains(subject: Subject, layers: list[Any]) -> CheckResult:
    figure = "no parameter of this model is to be trained (requires_grad is False everywhere)"
    if layers:
        return _of_frozen_adapter(subject, figure)
    if getattr(subject.base.config, "quantization_config", None) is not None:
        return failed(
            f"{figure}: a quantized model needs an adapter",
            help="get_peft_model(model, LoraConfig(...))",
        )
    return failed(figure, help="model.requires_grad_(True), or an adapter on top")


def _of_frozen_adapter(subject: Subject, figure: str) -> CheckResult:
    """Tell an adapter made or loaded for inference from one that was frozen afterwards."""
    configs = list(getattr(peft_wrapper(subject.model), "peft_config", {}).values())
    outer = [p for n, p in subject.model.named_parameters() if "lora_B" in n]
    if configs and not any(getattr(config, "inference_mode", False) for config in configs):
        return failed(
            f"{figure}: the adapter was frozen after it was made, as requires_grad_(False) and "
            "prepare_model_for_kbit_training do",
            help="prepare_model_for_kbit_training(model) before get_peft_model(model, config)",
        )
    if outer and not any(bool(p.detach().any()) for p in outer):
        return failed(
            f"{figure}: the adapter is new, and its config says inference_mode=True",
            help="LoraConfig(inference_mode=False), which is the default",
        )
    return failed(
        f"{figure}: the adapter was loaded for inference",
        help="PeftModel.from_pretrained(..., is_trainable=True)",
    )


def weights_are_finite(subject: Subject) -> CheckResult:
    """Check that no parameter holds NaN or infinity before the first step."""
    bad = []
    for name, parameter in subject.model.named_parameters():
        if parameter.is_floating_point() and parameter.device.type != "meta":
            # A sum is NaN or infinite if one value is; it needs no tensor of that size.
            total = parameter.detach().float().sum() if parameter.numel() < 1e6 else _sum(parameter)
            if not bool(total.isfinite()):
                bad.append(name)
    if not bad:
        return _of_zeros(subject) or passed("every weight is a number")
    return failed(
        f"{bad[0]} holds NaN or infinity before the first step"
        + (f", and {len(bad) - 1} more" if len(bad) > 1 else ""),
        help="load the checkpoint again; if it stays, the file is broken",
    )


def _of_zeros(subject: Subject) -> CheckResult | None:
    """Warn of matrices of zeros, which a checkpoint has only where a new block was put in."""
    empty = zeros(subject.base)
    if not empty:
        return None
    more = f", and {len(empty) - 1} more" if len(empty) > 1 else ""
    return warned(
        f"{empty[0]} holds only zeros{more}: what is before it gets no gradient",
        help="load the checkpoint again; nothing, if you put a new block in",
    )


def zeros(model: Any) -> list[str]:
    """Return the names of the model's own matrices that hold only zeros."""
    added = tuned(model)  # adapters begin with a factor of 0
    return [
        name
        for name, p in model.named_parameters()
        if p.ndim == 2
        and name not in added
        and p.is_floating_point()
        and p.device.type != "meta"
        and not any(word in name for word in _START_AT_0)
        and not bool(p.detach().any())
    ]


def _sum(parameter: Any) -> Any:
    import torch

    return parameter.detach().sum(dtype=torch.float32)


def new_tokens_are_trained(subject: Subject) -> CheckResult:
    """Check that a token added to the vocabulary has an embedding that is trained."""
    tokenizer = tokenizer_of(subject)
    added = _added_ids(tokenizer)
    models = text_models(subject.base)
    if added is None:
        return not_run(NO_TOKENIZER)
    if not models:
        return not_run("no embedding was found")
    used = sorted(i for i in added if _is_used(subject, i))
    if not used:
        return passed("no added token is in the rows looked at")
    embedding = models[0][1].embed_tokens
    if _rows_train(subject.model, embedding, used):
        return passed(f"{count(len(used), 'added token')}, with an embedding that is trained")
    names = [str(tokenizer.convert_ids_to_tokens(i)) for i in used]
    return warned(
        f"{count(len(used), 'added token')} ({', '.join(names[:3])}) in the rows, and the "
        "embedding is frozen: they stay what they were set to",
        help="LoraConfig(trainable_token_indices={'embed_tokens': [...]}), or modules_to_save="
        "['embed_tokens', 'lm_head']",
    )


def _added_ids(tokenizer: Any) -> set[int] | None:
    """Return the ids past the tokenizer's original vocabulary, without its special tokens."""
    get, size = getattr(tokenizer, "get_added_vocab", None), getattr(tokenizer, "vocab_size", None)
    if get is None or not isinstance(size, int):
        return None
    special = set(getattr(tokenizer, "all_special_tokens", ()))
    own = {"<image_soft_token>", "<audio_soft_token>"}
    return {i for token, i in get().items() if i >= size and token not in special | own}


def _is_used(subject: Subject, token: int) -> bool:
    batches = [subject.batch, *subject.scanned]
    return any(
        hasattr(b.get("input_ids"), "eq") and bool(b["input_ids"].eq(token).any()) for b in batches
    )


def _rows_train(model: Any, embedding: Any, ids: list[int]) -> bool:
    names = ("trainable_tokens_delta", "modules_to_save", "lora_embedding")
    weights = [
        p for n, p in model.named_parameters() if p.requires_grad and any(k in n for k in names)
    ]
    return bool(embedding.weight.requires_grad) or bool(weights)
