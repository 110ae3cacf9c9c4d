"""The cases, each run in a process of its own on one release of transformers."""

from __future__ import annotations

import math
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

import gemma_compat

from . import model as real

Record = dict[str, Any]
_ROWS, _LENGTH, _STEPS = 8, 96, 6
_LONG = 256  # tokens of a row where memory is measured


def perplexity() -> Iterator[Record]:
    """Score the same words of a paragraph with one ``<bos>`` before them, none and two."""
    model = real.build().eval()
    ids = real.tokens(real.PARAGRAPH)
    for count in (1, 0, 2):
        row = torch.cat([ids[:, :1].repeat(1, count), ids[:, 1:]], dim=1)
        # The first word is predicted from nothing where there is no <bos>: it counts in none.
        labels = torch.cat([torch.full((1, count + 1), -100), ids[:, 2:]], dim=1)
        with torch.no_grad():
            loss = model(input_ids=row, labels=labels).loss.item()
        yield {"bos": count, "loss": loss, "perplexity": math.exp(loss)}


def overflow() -> Iterator[Record]:
    """Float16 against float32, with and without GC401; and the residual stream that is why.

    The loss of one sentence alone: a CPU takes minutes for a backward pass in float16. The
    gradients are in ``gpu.py``.
    """
    ids = real.tokens(real.SENTENCE)
    for precision, cure in (("float32", False), ("float16", False), ("float16", True)):
        model = real.build(getattr(torch, precision))
        applied = gemma_compat.patch(model, select=["GC401"]) if cure else None
        with torch.no_grad(), real.residual_stream(model) as stream:
            loss = model(input_ids=ids, labels=ids).loss.item()
        found: Record = {"precision": precision + (" with GC401" if cure else ""), "loss": loss}
        yield found | ({"stream": stream} if precision == "float32" else {})
        if applied is not None:
            applied.revert()


def founding() -> Iterator[Record]:
    """Evaluation in bf16 of weights that stay half: Hugging Face's Trainer, four ways."""
    for kind in ("full", "LoRA"):
        for cure in (False, True):
            yield {"kind": kind, "patched": cure, **_train(kind, cure, torch.bfloat16)}


def _train(kind: str, cure: bool, dtype: torch.dtype) -> Record:
    from transformers import Trainer, TrainingArguments

    model = real.build(dtype)
    model = real.lora(model) if kind == "LoRA" else model
    samples = real.rows(_ROWS, _LENGTH)
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            per_device_train_batch_size=1,
            per_device_eval_batch_size=1,
            max_steps=4,
            eval_strategy="steps",
            eval_steps=2,
            logging_steps=1,
            learning_rate=1e-4,
            save_strategy="no",
            report_to=[],
            bf16=dtype == torch.bfloat16,
            use_cpu=True,
            disable_tqdm=True,
        )
        if cure:
            gemma_compat.patch(model, args=arguments)
        trainer = Trainer(
            model=model,
            args=arguments,
            train_dataset=samples[2:],
            eval_dataset=samples[:2],
            data_collator=real.collate,
        )
        found: Record = {}
        try:
            trainer.train()
        except AttributeError as error:
            found["error"] = f"AttributeError: {error}"
    log = trainer.state.log_history
    return {
        **found,
        "losses": [entry["loss"] for entry in log if "loss" in entry],
        "evaluations": [entry["eval_loss"] for entry in log if "eval_loss" in entry],
    }


def training() -> Iterator[Record]:
    """LoRA and full fine-tuning: patched against unpatched, saved, loaded again, merged."""
    for kind in ("LoRA", "full"):
        plain = _steps(kind, cure=False)
        cured = _steps(kind, cure=True)
        yield {
            "kind": kind,
            "losses": plain["losses"],
            "bit for bit": plain["losses"] == cured["losses"] and plain["sum"] == cured["sum"],
            **{key: cured[key] for key in ("saved", "continued", "merged")},
        }


def _steps(kind: str, cure: bool) -> Record:
    """Train a few steps of plain AdamW; then save, load, merge and compare."""
    model = real.build()
    model = real.lora(model) if kind == "LoRA" else model
    applied = gemma_compat.patch(model) if cure else None
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4)
    losses = []
    for sample in real.rows(_STEPS, _LENGTH):
        optimizer.zero_grad(set_to_none=True)
        ids = torch.tensor([sample["input_ids"]])
        loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    total = float(sum(p.detach().double().abs().sum() for p in trained))
    saved = _saved(model, kind) if cure else {}
    if applied is not None:
        applied.revert()
    return {"losses": losses, "sum": total, **saved}


def _saved(model: Any, kind: str) -> Record:
    """Return whether the saved model is the trained one, and what it writes."""
    import transformers

    ids = real.tokens(real.SENTENCE)
    with torch.no_grad():
        before = model.eval()(input_ids=ids).logits
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        if kind == "LoRA":
            import peft

            loaded = peft.PeftModel.from_pretrained(real.build(), folder).eval()
        else:
            loaded = transformers.AutoModelForCausalLM.from_pretrained(
                folder, attn_implementation="eager", torch_dtype=torch.float32
            ).eval()
    with torch.no_grad():
        after = loaded(input_ids=ids).logits
    merged = loaded.merge_and_unload() if kind == "LoRA" else loaded
    with torch.no_grad():
        apart = float((merged(input_ids=ids).logits - before).abs().max())
    written = model.generate(input_ids=ids[:, :8], max_new_tokens=12, do_sample=False)
    return {
        "saved": bool(torch.equal(before, after)),
        "merged": apart,
        "continued": real.tokenizer().decode(written[0, 8:]),
    }


def memory() -> Iterator[Record]:
    """Peak memory of three steps against the estimate, and what ``preflight`` says of the run."""
    from transformers import Trainer, TrainingArguments

    kind = sys.argv[-1]
    model = real.build()
    model = real.lora(model) if kind == "LoRA" else model
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            per_device_train_batch_size=1,
            max_steps=3,
            learning_rate=1e-4,
            save_strategy="no",
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
            optim="adamw_torch",
        )
        trainer = Trainer(
            model=model,
            args=arguments,
            train_dataset=real.rows(_ROWS, _LONG),
            data_collator=real.collate,
            processing_class=real.tokenizer(),
        )
        found = gemma_compat.preflight(trainer)
        estimated = gemma_compat.estimate_memory(trainer)
        before = _resident()
        trainer.train()
    yield {
        "kind": kind,
        "preflight": {"ok": found.ok, "passes": found.passes}
        | {
            part: [str(check.name) for check in getattr(found, part)]
            for part in ("failed", "warned")
        },
        "estimated_gib": (estimated.step(1, _LONG) or 0.0) / (1 << 30),
        "parts_gib": _parts(estimated),
        "before_gib": before,
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20),
    }


def _parts(estimated: Any) -> dict[str, float]:
    """Return the GiB of each part of the estimate, without what only CUDA takes."""
    from dataclasses import replace

    from gemma_compat.memory import estimate

    counted = estimated.counted
    found = estimate(counted.shape, replace(counted.setup, rows=1, tokens=_LONG))
    beside = {"cuda", "allocator"}
    return {part.name: part.bytes / (1 << 30) for part in found.parts if part.name not in beside}


def _resident() -> float:
    """Return the GiB that this process holds now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / (1 << 30)


CASES: dict[str, Callable[[], Iterator[Record]]] = {
    "perplexity": perplexity,
    "overflow": overflow,
    "founding": founding,
    "training": training,
    "memory": memory,
}
