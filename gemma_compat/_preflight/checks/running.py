"""Do a training step and an evaluation run at all, and is a quantized model quantized?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..passes import is_out_of_memory
from ..result import CheckResult
from ._answers import failed, first_line, not_run, passed
from .agreement import run_of

if TYPE_CHECKING:
    from ..subject import Subject


def training_step_runs(subject: Subject) -> CheckResult:
    """One forward and backward of the whole batch."""
    run = run_of(subject)
    if run.error is None:
        return passed(f"loss {run.loss:.4f}")
    return _of_error(run.error)


def evaluation_runs(subject: Subject) -> CheckResult:
    """One batch as ``evaluate`` runs it: wrapped by accelerate, outputs collected."""
    trainer = subject.trainer
    try:
        with subject.trial():
            text = _evaluate(subject, trainer) if trainer is not None else _forward(subject)
    except Exception as error:  # probe boundary: whatever evaluation raises is the answer
        return _of_error(error)
    return passed(text)


def quantization_is_real(subject: Subject) -> CheckResult:
    """Each 4-bit layer has its ``quant_state``, and there is one at all."""
    config = getattr(subject.base.config, "quantization_config", None)
    if config is None:
        return not_run("the model is not quantized")
    options = config if isinstance(config, dict) else vars(config)
    if not (options.get("load_in_4bit") or options.get("_load_in_4bit")):
        return not_run("not quantized to 4 bits by bitsandbytes")
    layers = [m for m in subject.base.modules() if type(m).__name__ == "Linear4bit"]
    empty = [m for m in layers if getattr(m.weight, "quant_state", None) is None]
    if not layers:
        return failed("the config says 4 bits, and no layer is a Linear4bit")
    figure = f"{len(layers) - len(empty)} of {len(layers)} Linear4bit layers are quantized"
    return failed(figure) if empty else passed(figure)


def _evaluate(subject: Subject, trainer: Any) -> str:
    """What ``Trainer.evaluation_loop`` does with one batch; nothing is logged."""
    subject.model.eval()
    model = trainer.accelerator.prepare_model(subject.model, evaluation_mode=True)
    loss_only = trainer.compute_metrics is None or bool(trainer.args.prediction_loss_only)
    subject.passes += 1 / 3
    loss, logits, _ = trainer.prediction_step(model, dict(subject.batch), loss_only)
    if logits is not None:
        trainer.accelerator.pad_across_processes(logits, dim=1, pad_index=-100)
    return f"loss {float(loss):.4f}, {'loss only' if loss_only else 'outputs collected'}"


def _forward(subject: Subject) -> str:
    import torch

    subject.model.eval()
    with torch.no_grad():
        return f"loss {float(subject.call().loss):.4f}, the bare model (no Trainer to evaluate)"


def _of_error(error: BaseException) -> CheckResult:
    if is_out_of_memory(error):
        return failed("out of memory: a smaller per_device_train_batch_size or max_length")
    return failed(first_line(error), rules=_known_by_its_text(str(error)))


def _known_by_its_text(text: str) -> tuple[str, ...]:
    from ...rules import all_rules

    return tuple(
        rule.code
        for rule in all_rules()
        if any(re.search(symptom, text[:10_000]) for symptom in rule.symptoms)
    )
