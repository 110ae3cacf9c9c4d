"""The published Gemma 3 270M on a GPU, by Hugging Face's Trainer, patched and not.

    python -m benchmarks.real.gpu --out real_gpu.json [--overlay 4.50.3=DIR] [--jobs 3]

Thirty steps of 4 x 2 rows of 256 tokens with checkpointing and an evaluation after each tenth, in
bfloat16, float16 and 4 bits, compiled and not; on the transformers of this interpreter, and on each
overlay. With two GPUs also DDP and FSDP2, each held against the same run on one. Needs the
converted weights (``python -m benchmarks.real.weights``); bitsandbytes for 4 bits.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_MARK = "@@ "
_STEPS, _ROWS, _LENGTH, _LIMIT = 30, 4, 256, 360  # the limit in seconds: compiling took 265
HERE = ""  # the stack of this interpreter


@dataclass(frozen=True)
class Case:
    """One run.

    Attributes:
        stack: label of an overlay; empty for the interpreter's own transformers.
        precision: ``bf16`` or ``fp16``, of the weights and of the run.
        kind: ``full``, ``LoRA`` or ``4bit`` (LoRA on weights in 4 bits, prepared by PEFT).
        patched, compiled: whether gemma_compat, and torch.compile, were applied.
        spread: ``no``, ``ddp`` or ``fsdp2``, the last two over two GPUs.
        cures: the rules to apply, where those that ``patch`` applies unasked are not enough.
    """

    stack: str
    precision: str
    kind: str
    patched: bool
    compiled: bool = False
    spread: str = "no"
    cures: tuple[str, ...] = ()


def plan(stacks: list[str], gpus: int) -> Iterator[Case]:
    """Yield the runs, those that need both GPUs last."""
    for stack in stacks:
        for precision, kind in (
            ("bf16", "full"),
            ("bf16", "LoRA"),
            ("fp16", "LoRA"),
            ("bf16", "4bit"),
        ):
            for patched in (False, True):
                yield Case(stack, precision, kind, patched)
        old = ("GC101", "GC102") if stack else ()
        yield Case(stack, "fp16", "LoRA", True, cures=("GC401", *old))
    for patched in (False, True):
        yield Case(HERE, "bf16", "LoRA", patched, compiled=True)
    if gpus > 1:
        for spread in ("no", "ddp", "fsdp2"):
            for patched in (False, True):
                yield Case(HERE, "fp32", "full", patched, spread=spread)


def main() -> int:
    """Run all, or the one case that a child is given; print a line each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.real.gpu", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("real_gpu.json"))
    parser.add_argument("--overlay", action="append", default=[], metavar="LABEL=DIR")
    parser.add_argument("--jobs", type=int, default=3, help="processes at once on the GPU")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        print(_MARK + json.dumps(train(Case(**json.loads(options.case)))), flush=True)
        return 0
    import torch

    overlays = {HERE: "", **dict(text.split("=", 1) for text in options.overlay)}
    cases = list(plan(list(overlays), torch.cuda.device_count()))
    with ThreadPoolExecutor(options.jobs) as pool:
        small = [case for case in cases if case.spread == "no"]
        found = list(pool.map(lambda case: _run(case, overlays[case.stack]), small))
    found += [_run(case, overlays[case.stack]) for case in cases if case.spread != "no"]
    document = {
        "card": torch.cuda.get_device_name(),
        "torch": torch.__version__,
        "date": time.strftime("%Y-%m-%d"),
        "runs": found,
        "precisions": list(_precisions()),
    }
    options.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0


def _precisions() -> Iterator[dict[str, Any]]:
    """Yield the loss of a paragraph in each precision, and how far its gradients are right."""
    import torch

    import gemma_compat

    from . import model as real

    ids, right = real.tokens(real.PARAGRAPH).cuda(), None
    for name, cured in (("float32", 0), ("bfloat16", 0), ("float16", 0), ("float16", 1)):
        model = real.build(getattr(torch, name), "cuda")
        if cured:
            gemma_compat.patch(model, select=["GC401"])
        loss, found = real.step(model, ids)
        right = right or found
        alike = [value for value in real.cosines(right, found).values() if value is not None]
        yield {
            "precision": name + (" with GC401" if cured else ""),
            "loss": str(loss),
            "finite": real.finite(found),
            "parameters": len(right),
            "lowest_cosine": min(alike) if alike else None,
        }


def _run(case: Case, overlay: str) -> dict[str, Any]:
    """Run one case in a process of its own, or in one for each GPU."""
    command = [sys.executable, "-m", "benchmarks.real.gpu", "--case", json.dumps(asdict(case))]
    if case.spread != "no":
        launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
        command = [sys.executable, *launch, *command[2:]]
    path = os.pathsep.join(filter(None, [overlay, str(ROOT), os.environ.get("PYTHONPATH", "")]))
    visible = {} if case.spread != "no" else {"CUDA_VISIBLE_DEVICES": "0"}
    offline = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "PYTHONWARNINGS": "ignore"}
    started = time.monotonic()
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **offline, **visible, "PYTHONPATH": path},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=_LIMIT,
            check=False,
        )
        lines = [x for x in done.stdout.splitlines() if x.startswith(_MARK)]
        last = ([x for x in done.stderr.splitlines() if x.strip()] or ["killed"])[-1][:300]
    except subprocess.TimeoutExpired:
        lines, last = [], f"not finished in {_LIMIT} s"
    found = json.loads(lines[0].removeprefix(_MARK)) if lines else {"failed": last}
    record = {**asdict(case), **found, "process_seconds": round(time.monotonic() - started, 1)}
    print(json.dumps(record), flush=True)
    return record


def train(case: Case) -> dict[str, Any]:
    """Run a case in this process; return its losses, its peak, and what ended it."""
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        trainer = _trainer(case, folder)
        torch.cuda.reset_peak_memory_stats()
        started = time.monotonic()
        found: dict[str, Any] = {}
        try:
            trainer.train()
        except (AttributeError, RuntimeError, ValueError, KeyError) as error:
            found["error"] = f"{type(error).__name__}: {str(error).strip().splitlines()[0][:200]}"
        found["seconds"] = round(time.monotonic() - started, 2)
    log = trainer.state.log_history
    # As text where it is no number: JSON has no NaN.
    for name, key in (("losses", "loss"), ("norms", "grad_norm"), ("evaluations", "eval_loss")):
        values = [entry[key] for entry in log if key in entry]
        found[name] = [value if value - value == 0 else str(value) for value in values]
    found["peak_gib"] = round(torch.cuda.max_memory_allocated() / (1 << 30), 3)
    return {**found, "transformers": transformers.__version__}


def _trainer(case: Case, folder: str) -> Any:
    import torch
    from transformers import Trainer

    from . import model as real

    widths = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
    model = _model(case, widths[case.precision])
    arguments = _arguments(case, folder)
    if case.patched:
        import gemma_compat

        gemma_compat.patch(model, args=arguments, select=list(case.cures) or None)
    samples = real.rows(12 + _STEPS, _LENGTH)
    return Trainer(
        model=model,
        args=arguments,
        train_dataset=samples[12:],
        eval_dataset=samples[:12],
        data_collator=real.collate,
    )


def _model(case: Case, dtype: Any) -> Any:
    import transformers

    from . import model as real

    options: dict[str, Any] = {"attn_implementation": "sdpa"}
    if transformers.__version__ < "5":
        options["attn_implementation"] = "eager"  # as its own warning advises for Gemma 3
    if case.kind != "4bit":
        model = real.build(dtype, "cuda" if case.spread == "no" else "cpu", **options)
        return model if case.kind == "full" else real.lora(model)
    import peft

    options["quantization_config"] = transformers.BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype
    )
    model = real.build(dtype, device_map={"": 0}, **options)
    prepared = peft.prepare_model_for_kbit_training(
        model, gradient_checkpointing_kwargs={"use_reentrant": False}
    )
    return real.lora(prepared)


def _arguments(case: Case, folder: str) -> Any:
    from transformers import TrainingArguments

    spread: dict[str, Any] = {"gradient_checkpointing_kwargs": {"use_reentrant": False}}
    if case.spread == "fsdp2":
        wrapped = {"fsdp_version": 2, "transformer_layer_cls_to_wrap": ["Gemma3DecoderLayer"]}
        spread |= {"fsdp": "full_shard auto_wrap", "fsdp_config": wrapped}
    ranks = 1 if case.spread == "no" else 2
    return TrainingArguments(
        folder,
        per_device_train_batch_size=_ROWS // ranks,
        per_device_eval_batch_size=_ROWS // ranks,
        gradient_accumulation_steps=2,
        max_steps=_STEPS,
        learning_rate=2e-4 if case.kind != "full" else 2e-5,
        eval_strategy="steps",
        eval_steps=10,
        logging_steps=10,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        bf16=case.precision == "bf16",
        fp16=case.precision == "fp16",
        torch_compile=case.compiled,
        gradient_checkpointing=True,
        ddp_find_unused_parameters=False,
        **spread,
    )


if __name__ == "__main__":
    sys.exit(main())
