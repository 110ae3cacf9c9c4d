"""A tiny run in the environment that it is started in: the last line is what was seen, as JSON."""

from __future__ import annotations

import argparse
import copy
import json
import tempfile
from importlib.metadata import version
from typing import Any

import torch

import gemma_compat
from gemma_compat.advise.question import ORDER
from gemma_compat.engine.diagnosis import judge_all
from gemma_compat.engine.rule import Severity
from gemma_compat.rules import all_rules
from tests import tiny

STEPS = 6
CLOSE = 1e-4  # relative, float32 against float64


def rows(name: str, count: int) -> list[dict[str, torch.Tensor]]:
    """The same row again and again: a loss that falls is learnt from it."""
    batch = tiny.batch(name)
    row = {name: value[0] for name, value in batch.items()}
    return [dict(row) for _ in range(count)]


def gradient_error(model: Any, name: str) -> float:
    """The largest relative difference of a gradient from that of the model in float64."""
    exact = copy.deepcopy(model).double()
    found = []
    for item in (model, exact):
        item.zero_grad()
        item.train()
        item(**tiny.batch(name)).loss.backward()
    other = dict(exact.named_parameters())
    for name, parameter in model.named_parameters():
        if parameter.grad is not None and other[name].grad.norm() > 1e-8:
            difference = (parameter.grad.double() - other[name].grad).norm()
            found.append(float(difference / other[name].grad.norm()))
    model.zero_grad()
    return max(found)


def trained(model: Any, options: argparse.Namespace, folder: str) -> tuple[list[float], Any]:
    import transformers as tf

    given: dict[str, Any] = {
        "output_dir": folder,
        "max_steps": STEPS,
        "per_device_train_batch_size": 2,
        "learning_rate": 5e-3,
        "logging_steps": 1,
        "report_to": [],
        "save_strategy": "no",
        "use_cpu": True,
    }
    data: Any = rows(options.model_type, 2 * STEPS)
    if options.trl:
        import datasets
        from trl import SFTConfig, SFTTrainer  # noqa: F401

        data = datasets.Dataset.from_list([{k: v.tolist() for k, v in row.items()} for row in data])
    args = tf.TrainingArguments(**given)
    made = tf.Trainer(model=model, args=args, train_dataset=data)
    made.train()
    return [log["loss"] for log in made.state.log_history if "loss" in log], args


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model_type")
    parser.add_argument("--trl", action="store_true")
    parser.add_argument("--lora", action="store_true")
    options = parser.parse_args()
    torch.manual_seed(0)
    model = tiny.build(options.model_type)
    error = gradient_error(model, options.model_type)
    if options.lora:
        from peft import LoraConfig, get_peft_model

        targets = r"^(?!.*(vision|audio)).*\.(q_proj|v_proj)$"
        model = get_peft_model(model, LoraConfig(r=8, target_modules=targets, lora_alpha=64))
    with tempfile.TemporaryDirectory() as folder:
        losses, args = trained(model, options, folder)
        facts = gemma_compat.detect_facts(model=model, args=args)
    errors = [
        item.rule.code
        for item in judge_all(facts, all_rules()).findings
        if item.rule.severity is Severity.ERROR
    ]
    fell = losses[-1] < losses[0] and all(loss == loss for loss in losses)
    row = seen(losses, error, errors, fell)
    if options.trl:  # the SFTTrainer of trl 1.15 and newer launches a Triton kernel
        row["seen"] += "; trl and datasets were imported, trl's own trainer needs a GPU: not run"
    print(json.dumps(row))


def seen(losses: list[float], error: float, errors: list[str], fell: bool) -> dict[str, Any]:
    text = (
        f"loss {losses[0]:.3f} to {losses[-1]:.3f} in {len(losses)} steps, gradients within "
        f"{error:.0e} of float64, report: {', '.join(errors) or 'no error'}; on torch "
        f"{torch.__version__}, no GPU"
    )
    passed = fell and error < CLOSE and not errors
    return {"passed": passed, "seen": text, "installed": installed()}


def installed() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError

    found = {}
    for name in ORDER:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            pass
    return found


if __name__ == "__main__":
    main()
