"""Turn facts about a run into a ``Setup``; whatever they leave open is assumed and listed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import UsageError
from ..facts import Facts
from .optimizers import NAMES
from .setup import ALL_LINEAR, Adapter, Setup
from .shape import Shape

_OF_ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
# What stands before a layer's number in the path of a module, by class and release.
_PREFIXES = ("model", "model.language_model", "language_model.model", "model.language_model.model")
_WIDTHS = {"float32": 4, "bfloat16": 2, "float16": 2}
_OPTIMIZER = "adamw_torch_fused"
_RANK, _ROWS, _TOKENS = 16, 1, 1024
MOST_RANK, MOST_ROWS, MOST_TOKENS = 1 << 16, 1 << 20, 1 << 24  # more is a slip of the keyboard


class _Reader:
    """Read one value after the other, and note what had to be assumed."""

    def __init__(self, shape: Shape, config: Mapping[str, Any], facts: Facts) -> None:
        self.shape, self.config, self.facts = shape, config, facts
        self.assumed: list[str] = []

    def training(self, name: str, default: Any, said: str) -> Any:
        """Return a fact of the run, or the default; note the default as an assumption."""
        value = self.facts.training.get(name)
        if value is None:
            self.assumed.append(said)
            return default
        return value

    def width(self) -> int:
        stated = self.facts.model.get("dtype") or _dtype(self.config)
        if stated in _WIDTHS:
            return _WIDTHS[stated]
        self.assumed.append("weights loaded as bfloat16 (no dtype is stated)")
        return 2

    def autocast(self) -> bool:
        mixed = self.training("mixed_precision", "bf16", "bf16=True (no precision is stated)")
        return mixed in {"bf16", "fp16"}

    def adapter(self) -> Adapter | None:
        facts = self.facts
        trained = facts.training.get("peft")
        carried = facts.model.get("peft") or facts.adapter.get("peft_type")
        if trained is False or not (trained or carried):
            if trained is None:
                self.assumed.append("all weights are trained (no adapter is stated)")
            return None
        rank = facts.adapter.get("rank")
        if rank is None:
            self.assumed.append(f"LoRA of rank {_RANK}")
        within("a LoRA rank", rank, MOST_RANK)
        saved = facts.adapter.get("modules_to_save") or ()
        whole = any("embed_tokens" in name or "lm_head" in name for name in saved)
        return Adapter(rank=rank or _RANK, targets=self._targets(), saved=whole)

    def _targets(self) -> tuple[str, ...]:
        stated = self.facts.adapter.get("target_modules")
        if stated in (None, "all-linear"):
            if stated is None:
                self.assumed.append("LoRA on all seven matrices of each layer")
            return ALL_LINEAR
        if isinstance(stated, str):
            found = tuple(name for name in ALL_LINEAR if _is_meant(stated, name))
        else:
            found = tuple(name for name in ALL_LINEAR if any(name in item for item in stated))
        if not found:
            named = stated if isinstance(stated, str) else ", ".join(stated)
            self.assumed.append(f"LoRA on all seven matrices: {named} names none of them")
        return found or ALL_LINEAR

    def optimizer(self) -> str:
        name = str(self.training("optimizer", _OPTIMIZER, f"optim={_OPTIMIZER}"))
        if name not in NAMES:
            self.assumed.append(f"{name} keeps as much as AdamW (its state is not counted here)")
        return name

    def checkpointing(self) -> bool:
        if self.facts.training.get("external_checkpointing"):
            return True
        said = "no gradient checkpointing (nothing states it)"
        return bool(self.training("gradient_checkpointing", False, said))

    def loss(self) -> str:
        run, version = self.facts.training, self.facts.version("trl") if self._knows_trl() else None
        if run.get("use_liger_kernel"):
            return "liger"
        if version is not None and run.get("trainer") is not False:
            from ..versions import contains

            chunked = contains(">=1.7.0", version) and run.get("loss_type") in (None, "chunked_nll")
            return "chunked" if chunked or contains(">=1.15.0", version) else "full"
        if run.get("loss_type") == "chunked_nll":
            return "chunked"
        if not self.shape.head:
            return "full"
        self.assumed.append("a loss over all logits at once (name TRL's release with --with)")
        return "full"

    def _knows_trl(self) -> bool:
        package = self.facts.packages.get("trl")
        return package is not None and package.known("version")

    def masked(self, rows: int) -> bool:
        if self.shape.composite:
            return True
        if self.facts.training.get("packing"):
            return False
        if rows > 1:
            self.assumed.append("rows of unequal length, which need a mask")
        return rows > 1

    def batch(self) -> tuple[int, int]:
        """Return the rows of a micro-batch and the tokens of a row."""
        said = f"a batch of {_ROWS}"
        rows = int(self.training("per_device_train_batch_size", _ROWS, said))
        tokens = int(self.training("max_length", _TOKENS, f"rows of {_TOKENS} tokens"))
        within("a batch", rows, MOST_ROWS)
        within("max_length", tokens, MOST_TOKENS)
        return rows, tokens

    def spread(self) -> tuple[str, int]:
        ranks = max(1, len(self.facts.gpus)) if self.facts.known("gpus") else 1
        kind = self.facts.training.get("distributed")
        stage = self.facts.training.get("deepspeed_stage") or 0
        if kind == "deepspeed" and stage:
            self.assumed.append("ZeRO as DeepSpeed's own estimator counts it (not measured here)")
            return f"zero{stage}", ranks
        if kind == "deepspeed":
            return "ddp", ranks
        if kind in {"fsdp", "ddp"}:
            return kind, ranks
        if kind is None and ranks > 1:
            self.assumed.append(f"DDP over the {ranks} GPUs (--distributed says otherwise)")
            return "ddp", ranks
        return "no", ranks


def read_setup(
    shape: Shape, config: Mapping[str, Any], facts: Facts
) -> tuple[Setup, tuple[str, ...]]:
    """Return the run that the facts describe, and one line for each thing that was assumed.

    Raises:
        UsageError: the run is impossible: weights in 4 or 8 bits that are themselves trained, or a
            number beyond all bounds.
    """
    reader = _Reader(shape, config, facts)
    bits = facts.model.get("quantization_bits")
    adapter = reader.adapter()
    if bits and adapter is None:
        raise UsageError(
            f"weights in {bits} bits cannot be trained themselves (transformers' Trainer and "
            "bitsandbytes refuse it): add --lora, or leave the quantization out"
        )
    run = facts.training
    rows, tokens = reader.batch()
    spread, ranks = reader.spread()
    setup = Setup(
        rows=rows,
        tokens=tokens,
        width=reader.width(),
        autocast=reader.autocast(),
        bits=bits,
        prepared=bool(facts.training.get("kbit_prepared")),
        adapter=adapter,
        optimizer=reader.optimizer(),
        checkpointing=reader.checkpointing(),
        attention=facts.model.get("attn_implementation") or _attention(shape),
        masked=reader.masked(rows),
        loss=reader.loss(),
        accumulation=int(run.get("gradient_accumulation_steps") or 1),
        images=1 if run.get("images") and shape.towers else 0,
        spread=spread,
        ranks=ranks,
    )
    return setup, (*reader.assumed, *shape.assumed, *_not_counted(shape, facts, bits))


def _not_counted(shape: Shape, facts: Facts, bits: int | None) -> Iterator[str]:
    stored = facts.model.get("quantization")
    if bits is None and stored:
        yield f"weights of 16 bits: how much {stored} saves is not counted"
    if facts.training.get("torch_compile"):
        yield "nothing for torch.compile, which is not counted"
    for name in shape.unknown:
        yield f"the {name}: its size is not published, and is left out"


def _is_meant(pattern: str, name: str) -> bool:
    """Return whether PEFT adapts the matrix of this name: a text is a pattern of the whole path."""
    if pattern == name:
        return True
    block = "self_attn" if name in _OF_ATTENTION else "mlp"
    paths = [f"{prefix}.layers.0.{block}.{name}" for prefix in _PREFIXES]
    try:
        return any(re.fullmatch(pattern, path) for path in paths)
    except re.error:
        return False


def within(name: str, value: int | None, most: int) -> None:
    """Refuse a number that no run has. ``UsageError`` names it and the largest that is read."""
    if value is not None and value > most:
        shown = value if value < 10**12 else f"a number of {len(str(value))} digits"
        raise UsageError(f"{name} of {shown} is not estimated: {most} at most")


def _attention(shape: Shape) -> str:
    """Return the attention that transformers chooses: eager for Gemma 2, whose scores are
    capped.
    """
    return "eager" if shape.attention_softcap else "sdpa"


def _dtype(config: Mapping[str, Any]) -> Any:
    inner = config.get("text_config")
    found = config.get("dtype", config.get("torch_dtype"))
    if found is None and isinstance(inner, Mapping):
        found = inner.get("dtype", inner.get("torch_dtype"))
    return found
