"""What single rules state, seen on the published weights on a GPU.

python -m benchmarks.real.rules_gpu --out real_rules_gpu.json
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

import gemma_compat

from . import gpu
from . import model as real
from .rules import half_of

Record = dict[str, Any]
_ROWS, _LENGTH, _TIMED = 4, 512, 10


def half() -> Iterator[Record]:
    """Train all weights in bfloat16 and in float32, 100 steps of 4 rows of 256 (GC605)."""
    for rate in (1e-6, 1e-5, 1e-4):
        for dtype in (torch.bfloat16, torch.float32):
            yield half_of(dtype, "cuda", steps=100, rows=4, length=256, rate=rate)


def four_bit() -> Iterator[Record]:
    """Time a LoRA step in 4 bits by the dtype that the layers compute in, and cure it (GC404)."""
    import transformers

    cases = [("float32", False), ("float32", True), ("bfloat16", False), ("float16", False)]
    for name, cured in (*cases, ("float16", True)):
        quantized = transformers.BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            **({} if name == "float32" else {"bnb_4bit_compute_dtype": getattr(torch, name)}),
        )
        network = real.build(
            torch.bfloat16 if name != "float16" else torch.float16,
            device_map={"": 0},
            attn_implementation="sdpa",
            quantization_config=quantized,
        )
        network = real.lora(network).train()
        if cured:
            # Float16 weights overflow between the layers too, so GC401 belongs to the cure.
            codes = ["GC404"] if name == "float32" else ["GC404", "GC401"]
            gemma_compat.patch(network, select=codes)
        ids = torch.tensor([row["input_ids"] for row in real.rows(_ROWS, _LENGTH)], device="cuda")
        yield {"computes_in": name, "patched": cured, **_step(network, ids)}


def _step(network: Any, ids: torch.Tensor) -> Record:
    def step() -> float:
        network.zero_grad(set_to_none=True)
        loss = network(input_ids=ids, labels=ids).loss
        loss.backward()
        return float(loss.item())

    loss = step()
    torch.cuda.reset_peak_memory_stats()
    times = []
    for _ in range(_TIMED):
        began = time.perf_counter()
        step()
        torch.cuda.synchronize()
        times.append((time.perf_counter() - began) * 1000)
    found = [p.grad for p in network.parameters() if p.grad is not None]
    return {
        "loss": str(loss),
        "ms": statistics.median(times),
        "min_ms": min(times),
        "max_ms": max(times),
        "finite": sum(bool(torch.isfinite(g).all()) for g in found),
        "gradients": len(found),
        "peak_gib": torch.cuda.max_memory_allocated() / (1 << 30),
    }


def logits() -> Iterator[Record]:
    """Measure what the logits add to the peak of a step, by the length of its row (GC1201)."""
    for name in ("bfloat16", "float32"):
        network = real.build(getattr(torch, name), "cuda", attn_implementation="sdpa").train()
        network.gradient_checkpointing_enable({"use_reentrant": False})
        peaks = []
        for length in (1024, 2048, 4096):
            ids = torch.tensor([real.rows(1, length)[0]["input_ids"]], device="cuda")
            network.zero_grad(set_to_none=True)
            network(input_ids=ids, labels=ids).loss.backward()
            network.zero_grad(set_to_none=True)
            torch.cuda.reset_peak_memory_stats()
            held = torch.cuda.memory_allocated()
            network(input_ids=ids, labels=ids).loss.backward()
            peaks.append(torch.cuda.max_memory_allocated() - held)
            network.zero_grad(set_to_none=True)
            torch.cuda.reset_peak_memory_stats()
            output = network(input_ids=ids, labels=ids)
            output.loss.backward()
            kept = torch.cuda.max_memory_allocated() - held
            del output
            yield {
                "kept_bytes_a_logit": kept / (length * network.config.vocab_size),
                "dtype": name,
                "tokens": length,
                "peak_gib": peaks[-1] / (1 << 30),
                "bytes_a_logit": peaks[-1] / (length * network.config.vocab_size),
            }
        yield {
            "dtype": name,
            "bytes_a_logit_from_2048_to_4096": (peaks[2] - peaks[1])
            / (2048 * network.config.vocab_size),
        }
        del network


def overflow() -> Iterator[Record]:
    """Train LoRA by the Trainer in float16, with GC401 selected (GC401)."""
    for cures in ((), ("GC401",)):
        case = gpu.Case(gpu.HERE, "fp16", "LoRA", patched=True, cures=cures)
        yield {"cures": list(cures), **gpu.train(case)}


CASES: dict[str, Callable[[], Iterator[Record]]] = {
    "overflow": overflow,
    "four_bit": four_bit,
    "logits": logits,
    "half": half,
}


def main() -> int:
    """Run the cases and write the file anew after each record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("real_rules_gpu.json"))
    parser.add_argument("--only", default="", help="cases, comma-separated")
    options = parser.parse_args()
    import transformers

    transformers.logging.set_verbosity_error()
    document: dict[str, Any] = {
        "card": torch.cuda.get_device_name(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "date": time.strftime("%Y-%m-%d"),
        "cases": {},
    }
    for name in [x for x in options.only.split(",") if x] or list(CASES):
        records = document["cases"].setdefault(name, [])
        try:
            for record in CASES[name]():
                records.append(record)
                print(name, json.dumps(record)[:300], flush=True)
                options.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        except Exception as error:  # probe boundary: the other cases still run
            records.append({"failed": f"{type(error).__name__}: {str(error)[:300]}"})
            options.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        torch.cuda.empty_cache()
    return 0


if __name__ == "__main__":
    sys.exit(main())
