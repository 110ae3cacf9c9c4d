"""Sets of facts in which nothing breaks: stack, checkpoint, GPU and run of each, a line apiece."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gemma_compat import versions
from gemma_compat.detect.model import read_known
from gemma_compat.detect.packages import DISTRIBUTIONS
from gemma_compat.facts import Facts, Gpu, TorchBuild
from gemma_compat.tables import checkpoints

from ..conftest import A100, H100, KERNELS, L4, T4, facts_for
from .stacks import STACKS, Stack

# What a kind of run says of the model, of the run and of the adapter.
_ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
_LORA: dict[str, dict[str, Any]] = {
    "model": {"peft": "LORA", "adapted_modules": ("model.layers.*.self_attn.q_proj",)},
    "training": {"per_device_train_batch_size": 1},
    "adapter": {"target_modules": _ATTENTION, "peft_type": "LORA"},
}
_FOUR_BIT = {
    "quantization": "bitsandbytes",
    "quantization_bits": 4,
    "compute_dtype": "bfloat16",
}
RUNS: dict[str, dict[str, dict[str, Any]]] = {
    "full": {"model": {"dtype": "float32"}, "training": {"per_device_train_batch_size": 1}},
    "full float32": {
        "model": {"dtype": "float32"},
        "training": {"mixed_precision": "no", "per_device_train_batch_size": 1},
    },
    "lora": _LORA,
    "lora evaluates": {**_LORA, "training": {"evaluates": True}},
    "lora accumulates": {**_LORA, "training": {"gradient_accumulation_steps": 8}},
    "lora checkpointed": {
        **_LORA,
        "training": {"gradient_checkpointing": True, "use_reentrant": False},
    },
    "lora trl": {
        **_LORA,
        "training": {"evaluates": True, "loss_type": "nll", "gradient_accumulation_steps": 4},
    },
    "lora float32": {
        **_LORA,
        "model": {**_LORA["model"], "dtype": "float32"},
        "training": {"mixed_precision": "no"},
    },
    "lora images": {**_LORA, "training": {"images": True}},
    "lora packed flash": {
        **_LORA,
        "model": {**_LORA["model"], "attn_implementation": "flash_attention_2"},
        "training": {"packing": True},
    },
    "lora 4-bit": {**_LORA, "model": {**_LORA["model"], **_FOUR_BIT}},
    "lora 4-bit checkpointed": {
        **_LORA,
        "model": {**_LORA["model"], **_FOUR_BIT},
        "training": {"gradient_checkpointing": True, "use_reentrant": False},
    },
}


@dataclass(frozen=True)
class Clean:
    """One set.

    Attributes:
        stack: a key of ``STACKS``, or of ``PUBLIC_STACKS``.
        checkpoint: a published one, without its owner.
        run: a key of ``RUNS``.
        gpus: none for a CPU.
        more: further changes, as the keyword arguments of ``facts_for``.
        why: what makes it clean, where that is not plain.
    """

    stack: str
    checkpoint: str
    run: str
    gpus: tuple[Gpu, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""

    def __str__(self) -> str:
        card = self.gpus[0].name.split()[-1] if self.gpus else "cpu"
        return f"{self.stack}-{self.checkpoint}-{self.run}-{card}".replace(" ", "_")

    def packages(self) -> Stack:
        """Its install: one of ours, or one that another project asked for."""
        if self.stack in STACKS:
            return STACKS[self.stack]
        from .public import PUBLIC_STACKS

        return PUBLIC_STACKS[self.stack]

    def facts(self) -> Facts:
        """A live model with the published figures, and a Trainer's run, nothing unknown."""
        stack = self.packages()
        known = checkpoints.find(self.checkpoint)
        assert known is not None, self.checkpoint
        published = read_known(known)[0]
        model_type = published.model_type
        run = RUNS[self.run]
        five = versions.contains(">=5", stack.packages()["transformers"])
        model = {
            **{name: getattr(published, name) for name in published.to_dict()},
            "live": True,
            "attn_implementation": "eager" if model_type in {"gemma2", "paligemma"} else "sdpa",
            "embedding_rows": published.vocab_size,
            **run.get("model", {}),
            **self.more.get("model", {}),
        }
        training = {
            "use_cache": False if five else None,
            **run.get("training", {}),
            **self.more.get("training", {}),
        }
        facts = facts_for(
            model_type,
            stack.packages()["transformers"],
            model=model,
            training=training,
            adapter={**run.get("adapter", {}), **self.more.get("adapter", {})},
            packages={**dict.fromkeys(DISTRIBUTIONS), **stack.packages()},
            gpus=self.gpus,
            tokenizer={"largest_id": published.vocab_size - 1},
            unsloth={"requires": stack.asked_by("unsloth"), **self.more.get("unsloth", {})},
            environment=self.more.get("environment", {}),
        )
        facts = facts.replace(python=stack.python, torch=_build(stack.torch, self.gpus))
        if self.gpus and facts.torch.cuda == "13.0":
            facts = facts.replace(driver="580.65.06", cuda_driver="13.0")
        return facts


def _build(version: str, gpus: tuple[Gpu, ...]) -> TorchBuild:
    label = version.partition("+cu")[2]
    return TorchBuild(
        version=version,
        cuda=f"{label[:-1]}.{label[-1]}",
        hip=None,
        arch_list=KERNELS,
        cuda_available=bool(gpus),
        device_problem=None,
    )


# Unsloth on a GPU: it is imported first, and carries what the models share.
UNSLOTH = {"used": True, "backend": "cuda"}
CARRIES = {"unsloth": {**UNSLOTH, "carries_shared_kv": True}}
FORCED = {
    "unsloth": UNSLOTH,
    "model": {"dtype": "float16", "compute_dtype": "float16"},
    "environment": {"UNSLOTH_FORCE_FLOAT32": "1"},
    "training": {"mixed_precision": "no"},
}

CLEAN = (
    # The newest stack, one model of each type.
    Clean("newest", "gemma-2-2b-it", "lora trl", (H100,)),
    Clean("newest", "gemma-2-9b-it", "lora", (H100,)),
    Clean("newest", "gemma-3-1b-it", "lora trl", (H100,)),
    Clean("newest", "gemma-3-270m-it", "full", (L4,)),
    Clean("newest", "gemma-3-4b-it", "lora trl", (A100,)),
    Clean("newest", "gemma-3-4b-it", "lora images", (H100,)),
    Clean("newest", "gemma-3-12b-it", "lora checkpointed", (H100,)),
    Clean("newest", "gemma-3n-E2B-it", "lora checkpointed", (A100,), why="not reentrant"),
    Clean("newest", "gemma-3n-E4B-it", "lora", (H100,)),
    Clean("newest", "gemma-4-E2B-it", "lora trl", (A100,)),
    Clean("newest", "gemma-4-E4B-it", "lora checkpointed", (H100,), why="not reentrant"),
    Clean("newest", "gemma-4-31B-it", "lora", (H100, H100)),
    Clean("newest", "paligemma2-3b-pt-224", "lora images", (H100,)),
    Clean("newest, no TRL", "gemma-3-270m-it", "full float32"),
    Clean("newest, no TRL", "gemma-3-1b-it", "lora packed flash", (A100,)),
    Clean("newest, no TRL", "gemma-3-1b-it", "lora float32", (T4,), why="no bfloat16 there"),
    Clean("newest, no TRL", "gemma-2-2b-it", "lora evaluates", (L4,)),
    Clean("newest, 4-bit", "gemma-3-4b-it", "lora 4-bit", (L4,)),
    Clean("newest, 4-bit", "gemma-3-27b-it", "lora 4-bit checkpointed", (H100,)),
    Clean("newest, 4-bit", "gemma-4-E4B-it", "lora 4-bit", (L4,)),
    Clean("newest, 4-bit", "gemma-2-9b-it", "lora 4-bit", (A100,)),
    # What Colab has.
    Clean("colab", "gemma-3-1b-it", "lora float32", (T4,)),
    Clean("colab", "gemma-3-1b-it", "lora evaluates", (L4,)),
    Clean("colab", "gemma-3-270m-it", "full", (A100,)),
    Clean("colab", "gemma-3-4b-it", "lora", (A100,), why="batches carry token types"),
    Clean("colab", "gemma-2-2b-it", "lora", (L4,)),
    # Unsloth's own pins.
    Clean("unsloth 2026.10", "gemma-3-1b-it", "lora checkpointed", (L4,), {"unsloth": UNSLOTH}),
    Clean("unsloth 2026.10", "gemma-3-4b-it", "lora 4-bit", (T4,), FORCED, "kept in float32"),
    Clean("unsloth 2026.10", "gemma-4-E2B-it", "lora 4-bit", (L4,), CARRIES),
    Clean("unsloth 2026.10", "gemma-3n-E2B-it", "lora 4-bit", (A100,), CARRIES),
    Clean("unsloth 2025.12", "gemma-3-4b-it", "lora 4-bit", (L4,), {"unsloth": UNSLOTH}),
    Clean("unsloth 2025.12", "gemma-2-9b-it", "lora", (A100,), {"unsloth": UNSLOTH}),
    Clean("unsloth 2025.8", "gemma-3-1b-it", "lora", (L4,), {"unsloth": UNSLOTH}),
    # Older sets that work.
    Clean("2026-06", "gemma-4-E4B-it", "lora checkpointed", (H100,)),
    Clean("2026-06", "gemma-3-4b-it", "lora trl", (A100,)),
    Clean("2026-06", "gemma-2-2b-it", "lora 4-bit", (L4,)),
    Clean("2025-12", "gemma-3-1b-it", "lora accumulates", (L4,)),
    Clean("2025-12", "gemma-3-4b-it", "lora evaluates", (A100,)),
    Clean("2025-12", "gemma-2-9b-it", "lora 4-bit", (A100,)),
    Clean("2025-12", "paligemma2-3b-pt-224", "lora images", (A100,)),
    Clean("2025-08", "gemma-3-270m-it", "full", (A100,)),
    Clean("2025-08", "gemma-3-12b-it", "lora 4-bit", (H100,)),
    Clean("2025-05", "gemma-3-1b-it", "lora evaluates", (H100,)),
    Clean("2025-05", "gemma-2-2b-it", "lora", (L4,)),
    Clean("march 2025", "gemma-3-1b-it", "lora", (H100,), why="never evaluated"),
    Clean("march 2025", "gemma-2-2b-it", "full", (A100,), why="never evaluated"),
    Clean("last 4.x", "gemma-3-270m-it", "full float32"),
    Clean("last 4.x", "gemma-2-2b-it", "lora evaluates", (A100,)),
)
