"""What the cases share: the model, the text, a step, and the comparison of gradients."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import transformers

from .weights import MODEL

# Written for this page; not a text that the model has seen.
SENTENCE = "The lighthouse keeper counted the ships each evening and wrote their names in a ledger."
PARAGRAPH = (
    "The town built its library on the hill because the river flooded every spring. For a hundred "
    "years people walked up with wet boots and left them by the door. When the dam was finished, "
    "nobody needed the hill any more, but the boots stayed, a row of them in all sizes, and the "
    "librarian still wipes the floor each morning before the first reader comes."
)
_SEED = 0


def build(dtype: torch.dtype = torch.float32, device: str = "cpu", **options: Any) -> Any:
    """Return the published model in this precision; it has no dropout."""
    # Named as every release reads it: ``dtype`` is newer than 4.50.3.
    options = {"torch_dtype": dtype, "attn_implementation": "eager", **options}
    model = transformers.AutoModelForCausalLM.from_pretrained(MODEL, **options)
    return model.to(device) if not options.get("quantization_config") else model


def tokenizer() -> Any:
    return transformers.AutoTokenizer.from_pretrained(MODEL)


def tokens(text: str, bos: bool = True) -> torch.Tensor:
    """Return the ids of a text as one row; the tokenizer puts ``<bos>`` first."""
    ids: torch.Tensor = tokenizer()(text, return_tensors="pt").input_ids
    return ids if bos else ids[:, 1:]


def rows(count: int, length: int) -> list[dict[str, list[int]]]:
    """Return ``count`` rows of ``length`` tokens: Python's documentation, ``<bos>`` first.

    Raises:
        ValueError: the documentation has fewer tokens.
    """
    coder = tokenizer()
    step = length - 1
    text = documentation()[: 8 * count * step]  # a token has fewer letters
    ids = coder(text, add_special_tokens=False).input_ids
    if len(ids) < count * step:
        raise ValueError(f"the text has {len(ids)} tokens; {count} rows of {step} were asked for")
    cut = [[coder.bos_token_id, *ids[n * step : (n + 1) * step]] for n in range(count)]
    return [{"input_ids": row, "attention_mask": [1] * length, "labels": row} for row in cut]


def documentation() -> str:
    """Return a text that is on every machine: the topics of Python's own ``help()``."""
    from pydoc_data.topics import topics

    return "\n\n".join(text for _, text in sorted(topics.items()))


def collate(samples: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
    return {key: torch.tensor([sample[key] for sample in samples]) for key in samples[0]}


def step(model: Any, ids: torch.Tensor) -> tuple[float, dict[str, torch.Tensor]]:
    """Return the loss of one forward, and each parameter's gradient in float32."""
    model.zero_grad(set_to_none=True)
    loss = model(input_ids=ids, labels=ids).loss
    loss.backward()
    found = {n: p.grad.float() for n, p in model.named_parameters() if p.grad is not None}
    return loss.item(), found


def finite(gradients: dict[str, torch.Tensor]) -> int:
    return sum(bool(torch.isfinite(grad).all()) for grad in gradients.values())


def cosines(
    right: dict[str, torch.Tensor], found: dict[str, torch.Tensor]
) -> dict[str, float | None]:
    """Return how alike each gradient is to the right one; ``None`` where it is not a number."""
    return {name: _cosine(grad, found.get(name)) for name, grad in right.items()}


def _cosine(right: torch.Tensor, found: torch.Tensor | None) -> float | None:
    if found is None or not torch.isfinite(found).all():
        return None
    pair = (right.double().flatten(), found.double().flatten())
    value = torch.nn.functional.cosine_similarity(*pair, dim=0).item()
    return value if math.isfinite(value) else None


@contextmanager
def residual_stream(model: Any) -> Iterator[list[float]]:
    """Record the largest absolute value that each decoder layer hands on, in a forward pass."""
    found: list[float] = []

    def record(module: Any, args: Any, output: Any) -> None:
        hidden = output[0] if isinstance(output, tuple) else output
        found.append(float(hidden.detach().float().abs().max()))

    hooks = [layer.register_forward_hook(record) for layer in model.model.layers]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()


def lora(model: Any) -> Any:
    """Return the model with an adapter of rank 8 on all seven matrices of each layer."""
    import peft

    names = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    torch.manual_seed(_SEED)
    config = peft.LoraConfig(r=8, lora_alpha=16, target_modules=names, task_type="CAUSAL_LM")
    return peft.get_peft_model(model, config)
