"""Check whether the weights are whole, and what should be trained is going to be."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from ...live.tree import text_models
from ..result import CheckResult
from ..text import tokenizer_of
from ._answers import count, failed, not_run, passed, warned

if TYPE_CHECKING:
    from ..subject import Subject

_SCALING = 32  # lora_alpha / r above any published recipe, rsLoRA at high ranks included
_DROPOUT = 0.6
_MERGED = (0.9, 1.1)  # share of an adapter's product in the weights below, if it was merged
_COMPARED = 8  # adapted layers to look at for that


def something_trains(subject: Subject) -> CheckResult:
    """Check that some parameter is to be trained, and its adapter is switched on."""
    parameters = dict(subject.model.named_parameters())
    trained = [name for name, p in parameters.items() if p.requires_grad]
    layers = _adapted(subject.model)
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
    total = sum(p.numel() for p in parameters.values())
    number = sum(parameters[name].numel() for name in trained)
    return passed(f"{len(trained)} of {len(parameters)} parameters, {number / total:.2%} of values")


def _nothing_trains(subject: Subject, layers: list[Any]) -> CheckResult:
    figure = "no parameter of this model is to be trained (requires_grad is False everywhere)"
    if layers:
        return failed(
            f"{figure}: the adapter was loaded for inference",
            help="PeftModel.from_pretrained(..., is_trainable=True)",
        )
    if getattr(subject.base.config, "quantization_config", None) is not None:
        return failed(
            f"{figure}: a quantized model needs an adapter",
            help="get_peft_model(model, LoraConfig(...))",
        )
    return failed(figure, help="model.requires_grad_(True), or an adapter on top")


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
        return passed("every weight is a number")
    return failed(
        f"{bad[0]} holds NaN or infinity before the first step"
        + (f", and {len(bad) - 1} more" if len(bad) > 1 else ""),
        help="load the checkpoint again; if it stays, the file is broken",
    )


def _sum(parameter: Any) -> Any:
    import torch

    return parameter.detach().sum(dtype=torch.float32)


def adapter_is_sound(subject: Subject) -> CheckResult:
    """Check the adapter's scale and dropout, and that it was not merged already."""
    layers = _adapted(subject.model)
    if not layers:
        return not_run("the model has no adapter")
    scalings = [float(v) for layer in layers for v in getattr(layer, "scaling", {}).values()]
    rates = [
        float(getattr(module, "p", 0.0))
        for layer in layers
        for module in getattr(layer, "lora_dropout", {}).values()
    ]
    if scalings and max(scalings) > _SCALING:
        return warned(
            f"the adapter is scaled by {max(scalings):g} (lora_alpha / r)",
            f"at most {_SCALING}",
            help="lora_alpha between r and 2 * r",
        )
    if scalings and max(scalings) <= 0:
        return failed("the adapter is scaled by 0: it does nothing", help="lora_alpha above 0")
    if rates and max(rates) > _DROPOUT:
        return warned(
            f"lora_dropout is {max(rates):g}: most of the adapter's input is dropped",
            f"at most {_DROPOUT}",
            help="lora_dropout between 0 and 0.1",
        )
    shares = [
        share for layer in layers[:: max(1, len(layers) // _COMPARED)] for share in _merged(layer)
    ]
    if len(shares) >= 3 and _MERGED[0] <= statistics.median(shares) <= _MERGED[1]:
        return warned(
            "the weights below the adapter hold its product already: it was merged, and is applied "
            "a second time",
            help="load the base model again, or train a new adapter on the merged one",
        )
    return passed(f"{count(len(layers), 'adapted layer')}, scaled by {max(scalings, default=0):g}")


def _adapted(model: Any) -> list[Any]:
    """Return PEFT's adapted layers, recognised by their attributes."""
    return [m for m in model.modules() if hasattr(m, "lora_A") and hasattr(m, "get_base_layer")]


def _merged(layer: Any) -> list[float]:
    """Return how much of each adapter's product is in the weight below: 0 by chance, 1 if merged.

    It is the weight's component along the product, in lengths of the product. Chance gives less
    than a hundredth of 1 for any product that is large enough to matter.
    """
    weight = getattr(layer.get_base_layer(), "weight", None)
    found = []
    if weight is None or weight.ndim != 2 or not weight.is_floating_point():
        return []
    for name, outer in layer.lora_B.items():
        inner = layer.lora_A[name].weight.detach().float()
        product = outer.weight.detach().float() @ inner * float(layer.scaling[name])
        size, base = float((product**2).sum()), weight.detach().float()
        # Below this, chance alone could come near 1.
        if product.shape == base.shape and size**0.5 > 20 * float(base.std()):
            found.append(float((base * product).sum()) / size)
    return found


def new_tokens_are_trained(subject: Subject) -> CheckResult:
    """Check that a token added to the vocabulary has an embedding that is trained."""
    tokenizer = tokenizer_of(subject)
    added = _added_ids(tokenizer)
    models = text_models(subject.base)
    if added is None or not models:
        return not_run("needs the tokenizer")
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


def head_is_trained(subject: Subject) -> CheckResult:
    """Check that a tied head still is the embedding, or is trained itself."""
    head = getattr(subject.base, "get_output_embeddings", lambda: None)()
    models = text_models(subject.base)
    if head is None or not models:
        return not_run("no language head was found")
    tied = getattr(subject.base.config, "tie_word_embeddings", None)
    if tied is None:
        tied = getattr(
            getattr(subject.base.config, "text_config", None), "tie_word_embeddings", True
        )
    held, read = _live(models[0][1].embed_tokens), _live(head)
    if held is None or read is None or not tied or held is read or _same(held, read):
        return passed("head and embedding are one" if tied else "head and embedding are apart")
    if held.requires_grad and not read.requires_grad:
        return warned(
            "the embedding is trained and the head, which should be the same weights, is not: "
            "they drift apart, and saving keeps one of them",
            help="modules_to_save=['embed_tokens', 'lm_head'] with ensure_weight_tying=True, or "
            "model.tie_weights()",
        )
    trained = [p for p in subject.base.parameters() if p.requires_grad]
    if not read.requires_grad and not held.requires_grad or len(trained) == 0:
        return passed("head and embedding are apart, and neither is trained")
    return warned(
        "head and embedding should be the same weights, and are apart: saving keeps one of them",
        help="model.tie_weights()",
    )


def _live(module: Any) -> Any:
    """Return the weight that the forward uses: PEFT's trained copy if there is one."""
    copies = getattr(module, "modules_to_save", None)
    if copies is not None and len(copies):
        module = next(iter(copies.values()))
    tokens = getattr(module, "token_adapter", None)  # single rows are trained, the rest is shared
    if tokens is not None:
        module = tokens.get_base_layer()
    return getattr(module, "weight", None)


def _same(one: Any, other: Any) -> bool:
    return bool(one.data_ptr() == other.data_ptr() and one.numel() and one.device == other.device)
