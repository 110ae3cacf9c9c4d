"""The run under judgement, from ``TrainingArguments``, a mapping of its fields or a JSON file.

Only the instance's own values are read: properties of a live ``TrainingArguments`` set devices
up and start process groups.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from .. import versions
from ..errors import UnknownFact, UsageError
from ..facts import Package, TrainingFacts
from . import distributed
from ._ask import ask
from ._json import read_object
from .arguments import Arguments

_TELLS = {"bf16", "fp16", "gradient_checkpointing", "per_device_train_batch_size", "output_dir"}

# In a mapping of nothing else, a loop of the user's own may be described as well as a Trainer's.
_SAID_OF_ANY_LOOP = frozenset(
    {
        "activation_checkpointing",
        "activation_checkpointing_kwargs",
        "bf16",
        "fp16",
        "gradient_checkpointing",
        "gradient_checkpointing_kwargs",
        "max_length",
        "max_seq_length",
        "packing",
        "padding_free",
        "use_cache",
    }
)


def read_training(
    args: Any, transformers: Package | None = None
) -> tuple[TrainingFacts, dict[str, str]]:
    """Return the facts of a run and the reasons for what is unknown.

    Args:
        args: ``TrainingArguments``, a mapping, the path of a JSON file, or ``None``.
        transformers: the installed one, whose defaults apply where the arguments are silent.

    Raises:
        UsageError: a file or a value that cannot be used.
    """
    if args is None:
        return _without_arguments()
    arguments = _arguments(args, transformers)
    answers, reasons = ask("training", {"trainer": _trainer, **_QUESTIONS}, arguments)
    return TrainingFacts(**answers), reasons


def _without_arguments() -> tuple[TrainingFacts, dict[str, str]]:
    """Return the facts of a run without arguments; variables that the launcher set still count."""
    reasons = {"training": "no training arguments were given"}
    launched = os.environ.get("ACCELERATE_MIXED_PRECISION", "no").lower()
    if launched in {"bf16", "fp16"}:
        return TrainingFacts(mixed_precision=launched), reasons
    return TrainingFacts(), reasons


def _arguments(args: Any, transformers: Package | None) -> Arguments:
    version = transformers.get("version") if transformers is not None else None
    if isinstance(args, (str, os.PathLike)):
        return Arguments(read_object(args), os.fspath(args), False, version)
    if isinstance(args, Mapping):
        return Arguments(args, "the training arguments", False, version)
    own = getattr(args, "__dict__", {})
    if _TELLS & own.keys():
        return Arguments(own, type(args).__name__, True, version)
    raise UsageError(
        "args are TrainingArguments, a mapping of its fields or a JSON file, "
        f"not {type(args).__name__}"
    )


def _trainer(args: Arguments) -> bool:
    """Return ``True`` unless all that is stated could be said of any training loop."""
    if args.live or args.values.keys() - _SAID_OF_ANY_LOOP:
        return True
    raise UnknownFact("training", "a loop of your own could have the stated arguments too")


def _mixed_precision(args: Arguments) -> str:
    for name in ("bf16", "fp16"):
        if args.switch(name):
            return name
    launched = os.environ.get("ACCELERATE_MIXED_PRECISION", "").lower()
    if launched in {"bf16", "fp16"}:
        return launched
    if launched not in {"", "no"}:
        raise UnknownFact("training", f"ACCELERATE_MIXED_PRECISION is {launched}")
    if args.switch("bf16") is False:
        return "no"
    reason = "off by default in TrainingArguments, on in TRL's; the arguments do not state bf16"
    raise UnknownFact("training", reason)


def _gradient_checkpointing(args: Arguments) -> bool:
    """Return the switch; transformers 5.23 calls it ``activation_checkpointing`` and mirrors it."""
    for name in ("activation_checkpointing", "gradient_checkpointing"):
        value = args.switch(name)
        if value is not None:
            return value
    reason = "off by default in TrainingArguments, on in TRL's; the arguments do not state it"
    raise UnknownFact("training", reason)


def _use_reentrant(args: Arguments) -> bool | None:
    for name in ("activation_checkpointing_kwargs", "gradient_checkpointing_kwargs"):
        options = args.mapping(name)
        if options is not None:
            return args.switch("use_reentrant", options)
    return None


def _accumulation(args: Arguments) -> int:
    value = args.get("gradient_accumulation_steps", 1)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        args.reject("gradient_accumulation_steps", value, "a whole number, one or more")
    return int(value)


def _evaluates(args: Arguments) -> bool:
    strategy = args.get("eval_strategy", args.get("evaluation_strategy"))
    strategy = getattr(strategy, "value", strategy)
    if strategy not in (None, False, "no", "steps", "epoch"):  # YAML reads "no" as False
        args.reject("eval_strategy", strategy, "no, steps or epoch")
    if strategy in ("steps", "epoch") or args.switch("do_eval") or args.switch("do_predict"):
        return True
    raise UnknownFact("training", "evaluate() may still be called")


def _gathers_outputs(args: Arguments) -> bool:
    if args.switch("prediction_loss_only"):
        return False
    if args.switch("do_predict"):
        return True
    raise UnknownFact("training", "compute_metrics and predict() are not in the arguments")


def _use_cache(args: Arguments) -> bool | None:
    """Return ``use_cache`` of the arguments, which have it (off) from transformers 5 on."""
    if "use_cache" in args.values:
        return args.switch("use_cache")
    if args.live:
        return None
    if args.transformers is None:
        raise UnknownFact("training", "not stated, and the transformers it is for is unknown")
    major = versions.major(args.transformers)
    if major is None:
        raise UnknownFact("training", f"transformers {args.transformers!r} is not a version number")
    return False if major >= 5 else None


def _passes_cache(args: Arguments) -> bool:
    raise UnknownFact("training", "no training argument says so")


def _not_in_arguments(text: str) -> Callable[[Arguments], Any]:
    """Return a reader that is always unknown: the dataset or the caller decides, no argument."""

    def question(args: Arguments) -> Any:
        raise UnknownFact("training", text)

    return question


def _packing(args: Arguments) -> bool:
    """Return whether rows are packed, by TRL's switches.

    Plain ``TrainingArguments`` have neither: there a collator packs
    (``DataCollatorWithFlattening``).
    """
    found = [args.switch(name) for name in ("packing", "padding_free")]
    if any(found):
        return True
    if False in found:
        return False
    raise UnknownFact("training", "the arguments do not state packing; a collator may pack")


def _generates(args: Arguments) -> bool:
    """Return whether the run generates: only GRPO, RLOO and seq2seq have these arguments."""
    if args.switch("predict_with_generate") or "num_generations" in args.values:
        return True
    if args.live:
        return False
    raise UnknownFact("training", "the arguments do not say which trainer runs")


def _first_token_trained(args: Arguments) -> bool:
    """Return ``False`` if the prompt is masked, as TRL can; its first token then has no label."""
    if args.switch("assistant_only_loss") or args.switch("completion_only_loss"):
        return False
    raise UnknownFact("training", "the dataset and collator decide which tokens have a label")


def _switched_on(name: str) -> Callable[[Arguments], bool]:
    """Return a reader of a switch that is off by default in every release."""
    return lambda args: bool(args.switch(name))


def _whole(name: str, default: int | None) -> Callable[[Arguments], int | None]:
    def question(args: Arguments) -> int | None:
        value = args.get(name, default)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            args.reject(name, value, "a whole number")
        return None if value is None else int(value)

    return question


def _max_length(args: Arguments) -> int | None:
    """Return ``max_length``, before TRL 0.20 ``max_seq_length``."""
    for name in ("max_length", "max_seq_length"):
        if name in args.values:
            return _whole(name, None)(args)
    raise UnknownFact("training", "the arguments do not state max_length")


def _smooths_labels(args: Arguments) -> bool:
    value = args.get("label_smoothing_factor", 0.0)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        args.reject("label_smoothing_factor", value, "a number")
    return bool(value > 0)


def _loss_type(args: Arguments) -> str | None:
    value = args.get("loss_type")
    return None if value is None else str(value)


def _optimizer(args: Arguments) -> str:
    """Return ``optim``; its default moved between releases."""
    value = args.get("optim")
    if value is None:
        raise UnknownFact("training", "the arguments do not state optim")
    return str(getattr(value, "value", value))


_QUESTIONS: dict[str, Callable[[Arguments], Any]] = {
    "mixed_precision": _mixed_precision,
    "gradient_checkpointing": _gradient_checkpointing,
    "use_reentrant": _use_reentrant,
    "gradient_accumulation_steps": _accumulation,
    "evaluates": _evaluates,
    "gathers_outputs": _gathers_outputs,
    "use_cache": _use_cache,
    "passes_cache": _passes_cache,
    "reads_top_config": _not_in_arguments("no training argument says what other code reads"),
    "distributed": distributed.kind,
    "deepspeed_stage": distributed.deepspeed_stage,
    "external_checkpointing": distributed.checkpoints_from_outside,
    "peft": _not_in_arguments("peft_config is not in the arguments"),
    "kbit_prepared": _not_in_arguments("no training argument says who prepared a 4-bit model"),
    "images": _not_in_arguments("the dataset decides whether batches hold images"),
    "packing": _packing,
    "generates": _generates,
    "adds_tokens": _not_in_arguments("no training argument says whether tokens are added"),
    "supplies_token_types": _not_in_arguments("the dataset and collator decide"),
    "assistant_only_loss": _switched_on("assistant_only_loss"),
    "first_token_trained": _first_token_trained,
    "use_liger_kernel": _switched_on("use_liger_kernel"),
    "torch_compile": _switched_on("torch_compile"),
    "smooths_labels": _smooths_labels,
    "loss_type": _loss_type,
    "per_device_train_batch_size": _whole("per_device_train_batch_size", 8),
    "max_length": _max_length,
    "ddp_find_unused_parameters": lambda args: args.switch("ddp_find_unused_parameters"),
    "fsdp_version": distributed.fsdp_version,
    "fsdp_layer_classes": distributed.fsdp_layer_classes,
    "optimizer": _optimizer,
}
