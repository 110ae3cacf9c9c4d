"""The published Gemma 3 270M through Unsloth's own loader and TRL's trainer, on a GPU.

    python -m benchmarks.real.unsloth --out FILE [--stack LABEL=FOLDER[:FOLDER]] [--jobs 4]

LoRA of rank 8, twenty steps of 2 rows of 256 tokens, an evaluation after each tenth; 16 and 4 bits,
patched and not. Which Unsloth, TRL and transformers: those in the folders of each stack, which
``python -m tools.unsloth_site`` makes. Needs the converted weights (``benchmarks.real.weights``).
Every case is a process and a folder of its own; its stages are written as it reaches them, so a
case that does not finish says how far it came.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_MARK = "@@ "
_LIMIT = 420  # seconds for one case
_CASES = [(case, patched) for case in ("16bit", "4bit") for patched in (False, True)]


def main() -> int:
    """Run all cases of all stacks, or the one that a child is given."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.real.unsloth", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("real_unsloth.json"))
    parser.add_argument("--stack", action="append", default=[], metavar="LABEL=FOLDER[:FOLDER]")
    parser.add_argument("--jobs", type=int, default=4, help="processes at once, over all GPUs")
    parser.add_argument("--limit", type=int, default=_LIMIT, help="seconds for one case")
    parser.add_argument("--case", choices=("16bit", "4bit"), help=argparse.SUPPRESS)
    parser.add_argument("--patched", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        _train(options.case, options.patched)
        return 0
    stacks = [text.split("=", 1) for text in options.stack] or [["", ""]]
    jobs = [(label, path, *case) for label, path in stacks for case in _CASES]
    found: list[dict[str, Any]] = []

    def run(index: int) -> None:
        found.append(_run(*jobs[index], index, options.limit))
        options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")

    with ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(run, range(len(jobs))))
    return 0


def _run(
    label: str, folders: str, case: str, patched: bool, index: int, limit: int
) -> dict[str, Any]:
    """Run one case in a process and a folder of its own; GPUs are taken in turns."""
    command = [sys.executable, "-m", "benchmarks.real.unsloth", "--case", case]
    path = os.pathsep.join(filter(None, [str(ROOT), folders, os.environ.get("PYTHONPATH", "")]))
    settings = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "PYTHONPATH": path}
    cards = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")
    settings["CUDA_VISIBLE_DEVICES"] = cards[index % len(cards)]
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:  # Unsloth writes its compiled code there
        log = Path(folder, "log")
        with log.open("w") as out:
            try:
                subprocess.run(
                    [*command, *(["--patched"] if patched else [])],
                    env={**os.environ, **settings},
                    cwd=folder,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    timeout=limit,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                out.write(f"\nnot finished in {limit} s\n")
        lines = log.read_text(errors="replace").splitlines()
    record: dict[str, Any] = {"stack": label, "case": case, "patched": patched}
    for line in (x for x in lines if x.startswith(_MARK)):
        record |= json.loads(line.removeprefix(_MARK))
    if record.get("stage") != "done":
        record["failed"] = [x[:300] for x in lines if x.strip() and not x.startswith(_MARK)][-12:]
    record["process_seconds"] = round(time.monotonic() - started, 1)
    print(json.dumps(record), flush=True)
    return record


def _say(stage: str, **found: Any) -> None:
    """Print how far the case is, and what it found."""
    print(_MARK + json.dumps({"stage": stage, f"{stage}_at": round(_elapsed(), 1), **found}))
    sys.stdout.flush()


def _elapsed() -> float:
    return time.monotonic() - _STARTED


_STARTED = time.monotonic()


def _train(case: str, patched: bool) -> None:
    import unsloth  # noqa: F401  (before everything that it patches)
    from unsloth import FastModel

    from .weights import MODEL

    _say("imported", versions=_versions(), left_out=_leave_out_what_fits_no_torch())
    model, tokenizer = FastModel.from_pretrained(
        str(MODEL), max_seq_length=256, load_in_4bit=case == "4bit"
    )
    model = FastModel.get_peft_model(
        model, r=8, lora_alpha=16, lora_dropout=0, random_state=0, finetune_vision_layers=False
    )
    _say("loaded", half_weights=_half(model))
    if patched:
        import gemma_compat

        applied = gemma_compat.patch(model)
        _say("patched", patch=list(applied.codes))
    trainer = _trainer(model, tokenizer)
    _say("prepared", mixed_precision=trainer.accelerator.mixed_precision)
    error = ""
    try:
        trainer.train()
    except (AttributeError, RuntimeError, ValueError, TypeError) as raised:
        error = f"{type(raised).__name__}: {str(raised).strip().splitlines()[0][:200]}"
    log = trainer.state.log_history
    _say(
        "done",
        error=error,
        losses=[str(entry["loss"]) for entry in log if "loss" in entry],
        evaluations=[str(entry["eval_loss"]) for entry in log if "eval_loss" in entry],
        peak_gib=_peak(),
    )


def _leave_out_what_fits_no_torch() -> str:
    """Switch off one of Unsloth's patches that ends with an error beside this torch.

    unsloth_zoo 2025.3.17 rewrites the source of a function of torch 2.4 and 2.5, and fails with
    "'NoneType' object has no attribute 'group'" where that function is written otherwise.
    """
    import unsloth.models.loader as loader

    patches = getattr(loader, "patch_compiled_autograd", None)
    if patches is None:
        return ""
    try:
        patches()
    except AttributeError as error:
        loader.patch_compiled_autograd = lambda *args, **kwargs: None
        return f"patch_compiled_autograd: {error}"
    return ""


def _trainer(model: Any, tokenizer: Any) -> Any:
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    from .model import documentation

    text = documentation()
    rows = [text[n * 900 : (n + 1) * 900] for n in range(48)]
    data = Dataset.from_dict({"text": [row for row in rows if row]})
    old = "tokenizer" in SFTTrainer.__init__.__code__.co_varnames
    length = "max_seq_length" if hasattr(SFTConfig, "max_seq_length") else "max_length"
    arguments = SFTConfig(
        output_dir="out",
        max_steps=20,
        per_device_train_batch_size=2,
        per_device_eval_batch_size=2,
        logging_steps=10,
        eval_strategy="steps",
        eval_steps=10,
        report_to="none",
        dataset_text_field="text",
        learning_rate=2e-4,
        save_strategy="no",
        optim="adamw_torch",
        dataset_num_proc=1,  # each process of more would import Unsloth anew
        **{length: 256},
    )
    return SFTTrainer(
        model=model,
        args=arguments,
        train_dataset=data.select(range(8, len(data))),
        eval_dataset=data.select(range(8)),
        **{"tokenizer" if old else "processing_class": tokenizer},
    )


def _half(model: Any) -> int:
    """Return how many weights are in half precision."""
    import torch

    return sum(p.dtype in (torch.float16, torch.bfloat16) for p in model.parameters())


def _peak() -> float:
    import torch

    peak = float(torch.cuda.max_memory_allocated())
    return round(peak / (1 << 30), 3)


def _versions() -> dict[str, str]:
    from importlib import metadata

    names = ("unsloth", "unsloth_zoo", "torch", "transformers", "trl", "peft", "bitsandbytes")
    return {name: metadata.version(name) for name in names}


if __name__ == "__main__":
    sys.exit(main())
