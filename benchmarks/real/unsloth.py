"""The published Gemma 3 270M through Unsloth's own loader and TRL's trainer, on a GPU.

    python -m benchmarks.real.unsloth --out FILE      four runs: 16 and 4 bits, patched and not

LoRA of rank 8, twenty steps of 2 rows of 256 tokens, an evaluation after each tenth. Which Unsloth,
TRL and transformers: those on ``PYTHONPATH``. Needs the converted weights. Not seen to its end yet:
unsloth_zoo 2025.3.17 does not import beside torch 2.11, and 2026.10.9 ran out of time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_MARK = "@@ "
_LIMIT = 600  # seconds; 280 were too few for unsloth 2026.10.9 on an H200


def main() -> int:
    """Run the four, or the one that a child is given."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.real.unsloth")
    parser.add_argument("--out", type=Path, default=Path("real_unsloth.json"))
    parser.add_argument("--case", choices=("16bit", "4bit"), help=argparse.SUPPRESS)
    parser.add_argument("--patched", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        print(_MARK + json.dumps(_train(options.case, options.patched)), flush=True)
        return 0
    found = [_run(case, patched) for case in ("16bit", "4bit") for patched in (False, True)]
    options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


def _run(case: str, patched: bool) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.real.unsloth", "--case", case]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    offline = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "PYTHONPATH": path}
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:  # Unsloth writes its compiled code there
        try:
            done = subprocess.run(
                [*command, *(["--patched"] if patched else [])],
                env={**os.environ, **offline},
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=_LIMIT,
                check=False,
            )
            lines = [x for x in done.stdout.splitlines() if x.startswith(_MARK)]
            last = ([x for x in done.stderr.splitlines() if x.strip()] or ["killed"])[-4:]
        except subprocess.TimeoutExpired:
            lines, last = [], [f"not finished in {_LIMIT} s"]
    found = json.loads(lines[0].removeprefix(_MARK)) if lines else {"failed": last}
    record = {"case": case, "patched": patched, **found}
    record["process_seconds"] = round(time.monotonic() - started, 1)
    print(json.dumps(record), flush=True)
    return record


def _train(case: str, patched: bool) -> dict[str, Any]:
    import unsloth  # noqa: F401  (before everything that it patches)
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer
    from unsloth import FastModel

    from .model import documentation
    from .weights import MODEL

    model, tokenizer = FastModel.from_pretrained(
        str(MODEL), max_seq_length=256, load_in_4bit=case == "4bit"
    )
    model = FastModel.get_peft_model(
        model, r=8, lora_alpha=16, lora_dropout=0, random_state=0, finetune_vision_layers=False
    )
    found: dict[str, Any] = {"versions": _versions()}
    if patched:
        import gemma_compat

        found["patch"] = [ledger.code for ledger in gemma_compat.patch(model).ledgers]
    text = documentation()
    rows = [text[n * 900 : (n + 1) * 900] for n in range(48)]
    data = Dataset.from_dict({"text": [row for row in rows if row]})
    arguments = SFTConfig(
        output_dir="out", max_steps=20, per_device_train_batch_size=2, logging_steps=10,
        per_device_eval_batch_size=2, eval_strategy="steps", eval_steps=10, report_to="none",
        dataset_text_field="text", learning_rate=2e-4, save_strategy="no", optim="adamw_torch",
    )  # fmt: skip
    trainer = SFTTrainer(
        model=model, processing_class=tokenizer, args=arguments,
        train_dataset=data.select(range(8, len(data))), eval_dataset=data.select(range(8)),
    )  # fmt: skip
    try:
        trainer.train()
    except (AttributeError, RuntimeError, ValueError) as error:
        found["error"] = f"{type(error).__name__}: {str(error).strip().splitlines()[0][:200]}"
    log = trainer.state.log_history
    found["losses"] = [str(entry["loss"]) for entry in log if "loss" in entry]
    found["evaluations"] = [str(entry["eval_loss"]) for entry in log if "eval_loss" in entry]
    return found


def _versions() -> dict[str, str]:
    from importlib import metadata

    names = ("unsloth", "unsloth_zoo", "torch", "transformers", "trl", "peft", "bitsandbytes")
    return {name: metadata.version(name) for name in names}


if __name__ == "__main__":
    sys.exit(main())
