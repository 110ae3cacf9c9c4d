"""Configurations that are public: the arguments of examples, scripts and notebooks, as data.

``public.jsonl`` has one a line: its source (repository, commit and file), the arguments under the
names of ``TrainingArguments`` and ``LoraConfig``, and what its rows are. What a CPU cannot do is
left out when it is run: four bits, and optimizers of packages that are not here are never made.

    python -m tests.preflight_audit.public [WORD...]
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ..preflight import runs
from . import healthy_losses, healthy_networks, healthy_text
from .healthy import Healthy, NotHere, lora, missing, problems, trainer, tried
from .stage import Stage

FILE = Path(__file__).with_name("public.jsonl")
_STEPS = 500  # where a source counts epochs of its own data, which are not here


@dataclass(frozen=True)
class Configuration:
    """One public configuration.

    Attributes:
        source: ``owner/name@commit:path``.
        family: the model type that it is run on.
        stage: ``sft``, ``pretrain``, ``dpo`` or ``reward``.
        arguments: of ``TrainingArguments``, as the source has them.
        adapter: of ``LoraConfig``; ``None`` where all weights train.
        packed: whether several samples share a row.
        whole: whether prompts are trained too.
        evaluates: whether it evaluates.
        four_bits: whether its weights are quantized; not here.
        length: the longest row, in tokens.
    """

    source: str
    family: str
    stage: str
    arguments: dict[str, Any]
    adapter: dict[str, Any] | None = None
    packed: bool = False
    whole: bool = False
    evaluates: bool = False
    four_bits: bool = False
    length: int | None = None


def configurations() -> list[Configuration]:
    """Return all of them, in the order of their sources."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return [Configuration(**json.loads(line)) for line in lines]


def setup(found: Configuration) -> Healthy:
    """Return the configuration as a set-up to try."""
    # A tiny random network knows nothing, which the check rightly says.
    knows = found.family == "gemma3_text"
    warns = () if knows else ("loss-is-plausible", "model-knows-english")
    if "modules_to_save" in (found.adapter or {}):
        warns = (*warns, "head-is-trained")  # Gemma's head and embedding are one
    trl = healthy_text.TRL if found.stage in {"dpo", "reward"} else ()
    return Healthy(
        found.source,
        lambda stage: _made(found, stage),
        ("peft", *trl) if found.adapter else trl,
        warns=warns,
    )


def _made(found: Configuration, stage: Stage) -> Any:
    arguments = known(found.arguments)
    evaluates = found.evaluates or "eval_strategy" in arguments
    if evaluates:
        arguments.setdefault("eval_strategy", "steps")
        arguments.setdefault("eval_steps", 100)
    if found.stage == "dpo":
        return healthy_losses.dpo(stage, found.adapter, **arguments)
    if found.stage == "reward":
        return healthy_losses.reward(stage, found.adapter, **arguments)
    model = _model(found, stage)
    if found.adapter:
        model = lora(model, **found.adapter)
        if arguments.get("gradient_checkpointing"):
            model.enable_input_require_grads()  # as all of these programs do
    rows = _rows(found, stage)
    if evaluates:
        half = {name: value[8:] for name, value in rows.items()}
        rows = {name: value[:8] for name, value in rows.items()}
        keywords = {"eval_dataset": runs.Rows(half), **_coder(found, stage)}
        return trainer(stage, rows, model, keywords=keywords, **arguments)
    return trainer(stage, rows, model, keywords=_coder(found, stage), **arguments)


def _model(found: Configuration, stage: Stage) -> Any:
    if found.family == "gemma3_text":
        return stage.model()
    return healthy_networks.built(found.family, vocab_size=1024, **_vocabularies(found.family))


def _coder(found: Configuration, stage: Stage) -> dict[str, Any]:
    """Return the tokenizer, without a template where the stage's is another family's."""
    if found.family == "gemma4_text":
        return {"processing_class": stage.tokenizer(template=None)}
    return {}


def _vocabularies(family: str) -> dict[str, int]:
    return {} if family == "gemma2" else {"vocab_size_per_layer_input": 1024}


def _rows(found: Configuration, stage: Stage) -> Any:
    if found.stage == "pretrain":
        return healthy_text.blocks(stage)
    if found.family == "gemma4_text":  # its turns have other marks
        return stage.texts(healthy_text.plain(stage))
    if found.packed and found.family == "gemma3_text":
        return healthy_text.packed(stage)
    return stage.rows(trained="all" if found.whole else "answers")


def known(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments as the release at hand takes them; the steps where only epochs are."""
    from transformers import TrainingArguments

    names = {field.name for field in fields(TrainingArguments)}
    made = {**arguments, "max_steps": arguments.get("max_steps", _STEPS)}
    warmup = made.get("warmup_steps")
    if isinstance(warmup, float) and warmup < 1 and "warmup_ratio" in names:
        made["warmup_ratio"] = made.pop("warmup_steps")  # a share, which newer releases take
    elif "warmup_ratio" in made and "warmup_ratio" not in names:
        made["warmup_steps"] = made.pop("warmup_ratio")
    made.pop("dataloader_num_workers", None)  # worker processes
    return {name: value for name, value in made.items() if name in names}


def main(words: list[str]) -> None:
    counts = {"run": 0, "fail": 0, "warn": 0}
    for found in configurations():
        one = setup(found)
        if (words and not any(word in one.name for word in words)) or missing(one):
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                result = tried(one, Stage("small", folder))
            except NotHere as error:
                print(f"-- {one.name}: {error}", flush=True)
                continue
        lines = problems(one, result)
        counts["run"] += 1
        counts["fail"] += bool(result.failed)
        counts["warn"] += any(line.startswith("warn") for line in lines)
        print(f"{'!!' if lines else 'ok'} {one.name} {result.passes:.2f}", flush=True)
        for line in lines:
            print(f"      {line}", flush=True)
    print(counts)


if __name__ == "__main__":
    main(sys.argv[1:])
