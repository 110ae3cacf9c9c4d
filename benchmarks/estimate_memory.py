"""``estimate_memory`` against real peaks: python -m benchmarks.estimate_memory --out fit.json

Random models in the shapes of Gemma 3 1B (trained whole) and 4B (text part, LoRA), bf16. Each is
measured by ``gemma_compat.estimate_memory`` on a short batch; then real steps with AdamW of other
shapes run, and the peak that torch counted is set against the prediction. Exit status 1 past 10%.
Needs a GPU.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
from typing import Any

LIMIT = 0.10
_TEXT = {
    "vocab_size": 262144,
    "sliding_window": 1024,
    "num_key_value_heads": 1,
    "head_dim": 256,
}
_SHAPES = {
    "gemma-3-1b, full": {
        "hidden_size": 1152,
        "intermediate_size": 6912,
        "num_hidden_layers": 26,
        "num_attention_heads": 4,
    },
    "gemma-3-4b, LoRA r=16": {
        "hidden_size": 2560,
        "intermediate_size": 10240,
        "num_hidden_layers": 34,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
    },
}
_CASES = [(1, 1024, 0), (2, 2048, 0), (4, 2048, 1), (1, 4096, 1), (4, 2048, 2), (2, 2048, 2)]


def build(name: str) -> Any:
    import torch
    import transformers

    config = transformers.Gemma3TextConfig(**{**_TEXT, **_SHAPES[name]}, attn_implementation="sdpa")
    with torch.device("cuda"):
        torch.set_default_dtype(torch.bfloat16)
        model = transformers.Gemma3ForCausalLM(config)
        torch.set_default_dtype(torch.float32)
    if "LoRA" not in name:
        return model
    from peft import LoraConfig, get_peft_model

    targets = r".*layers\.\d+\.(self_attn\.(q|k|v|o)_proj|mlp\.(gate|up|down)_proj)"
    return get_peft_model(model, LoraConfig(r=16, target_modules=targets))


def batch(rows: int, tokens: int) -> dict[str, Any]:
    import torch

    ids = torch.randint(3, 200_000, (rows, tokens), device="cuda")
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids.clone()}


def real_peak(model: Any, rows: int, tokens: int, every: int) -> float | None:
    """Peak bytes of the second of two steps with AdamW; ``None`` out of memory."""
    import torch

    import gemma_compat

    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-5)
    model.train()
    if every:
        model.gradient_checkpointing_enable({"use_reentrant": False})
        if hasattr(model, "enable_input_require_grads"):
            model.enable_input_require_grads()
    else:
        model.gradient_checkpointing_disable()
    applied = gemma_compat.patch(model, checkpoint_every=every) if every > 1 else None
    try:
        for _ in range(2):
            torch.cuda.reset_peak_memory_stats()
            model(**batch(rows, tokens), use_cache=False).loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        return float(torch.cuda.max_memory_allocated())
    except torch.cuda.OutOfMemoryError:
        return None
    finally:
        if applied is not None:
            applied.revert()
        del optimizer
        gc.collect()
        torch.cuda.empty_cache()


def compare(name: str) -> list[dict[str, Any]]:
    """One row a case: predicted and real peak in GiB, and the relative error."""
    import torch

    import gemma_compat

    model = build(name)
    fit = gemma_compat.estimate_memory(model, batch(1, 256))
    print(fit, file=sys.stderr, flush=True)
    found = []
    for rows, tokens, every in _CASES:
        predicted, real = fit.step(rows, tokens, every), real_peak(model, rows, tokens, every)
        error = (predicted / real - 1) if predicted and real else None
        found.append(
            {
                "model": name,
                "rows": rows,
                "tokens": tokens,
                "checkpoint_every": every,
                "predicted_gib": predicted and round(predicted / 2**30, 2),
                "real_gib": real and round(real / 2**30, 2),
                "error": error and round(error, 4),
            }
        )
        print(found[-1], file=sys.stderr, flush=True)
    del model
    gc.collect()
    torch.cuda.empty_cache()
    return found


def main() -> int:
    import torch

    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    rows = [row for name in _SHAPES for row in compare(name)]
    worst = max(abs(row["error"]) for row in rows if row["error"] is not None)
    made = {"device": torch.cuda.get_device_name(), "torch": torch.__version__, "rows": rows}
    with open(options.out, "w", encoding="utf-8") as file:
        json.dump({**made, "worst_error": worst}, file, indent=1)
    print(f"worst error {worst:.1%}")
    return int(worst > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
