"""Estimate a step's memory without a GPU: ``gemma_compat.memory`` applied to a live model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .subject import Subject


@dataclass(frozen=True)
class Counted:
    """The counted memory of one run, for a micro-batch of any shape.

    Attributes:
        shape, setup: the model's sizes and how it is trained.
        beside: bytes that the model in hand has beyond the counted weights (towers, for example).
    """

    shape: Any
    setup: Any
    beside: int

    def peak(self, rows: int, tokens: int, every: int) -> float:
        """Return the peak in bytes, without the optimizer's state; ``every`` as in
        ``MemoryEstimate.step``.
        """
        from ..memory import estimate

        setup = replace(
            self.setup, rows=rows, tokens=tokens, checkpointing=every > 0, every=max(1, every)
        )
        found = estimate(self.shape, setup)
        state = sum(part.bytes for part in found.parts if part.name == "optimizer")
        return float(found.allocated - state + self.beside)


def counted(subject: Subject) -> Counted | None:
    """Return the counted memory of this run; ``None`` if a size is not known.

    What a LoRA keeps is counted layer by layer: beside bfloat16 weights, PEFT casts each adapted
    layer's input to float32 and keeps it for the backward pass.
    """
    from ..live.tree import text_models
    from ..memory import MissingFigure, Setup, estimate, read_shape

    models = text_models(subject.base)
    if not models:
        return None
    config = models[0][1].config
    try:
        shape = read_shape(config.to_dict())
    except MissingFigure:
        return None
    weight = models[0][1].layers[0].self_attn.q_proj
    weight = getattr(weight, "base_layer", weight).weight
    quantized = getattr(subject.base.config, "quantization_config", None) is not None
    setup = Setup(
        width=4 if weight.element_size() == 4 and not quantized else 2,
        autocast=any(bool(subject.value(name)) for name in ("bf16", "fp16")),
        bits=4 if quantized else None,
        adapter=_adapter(subject.model),
        optimizer=optimizer_name(subject),
        attention=str(getattr(config, "_attn_implementation", None) or "sdpa"),
        accumulation=int(subject.value("gradient_accumulation_steps", 1)),
        workspace=0,
    )
    parts = {part.name: part.bytes for part in estimate(shape, setup).parts}
    stated = parts.get("weights", 0) + parts.get("adapter", 0)
    return Counted(shape, setup, held_bytes(subject.model) - stated)


def _adapter(model: Any) -> Any:
    """Return the LoRA that the model carries; ``None`` without one."""
    from ..memory import Adapter

    inner = [
        (n, p) for n, p in model.named_parameters() if "lora_A" in n or "lora_embedding_A" in n
    ]
    if not inner:
        return None
    targets = {name.split(".lora_")[0].rpartition(".")[2] for name, _ in inner}
    rates = [getattr(m, "p", 0.0) for n, m in model.named_modules() if "lora_dropout." in n]
    return Adapter(
        rank=int(min(inner[0][1].shape)),
        targets=tuple(sorted(targets)),
        width=inner[0][1].element_size(),
        dropout=any(rates),
        saved=any("modules_to_save" in n and p.requires_grad for n, p in model.named_parameters()),
    )


def optimizer_name(subject: Subject) -> str:
    """Return the optimizer's name in ``TrainingArguments.optim``."""
    stated = subject.value("optim", "adamw_torch")
    return str(getattr(stated, "value", stated))


def held_bytes(model: Any) -> int:
    """Return the bytes of all parameters."""
    return sum(p.numel() * p.element_size() for p in model.parameters())
