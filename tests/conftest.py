"""Facts made by hand, for table tests: ``facts_for("gemma3", transformers="4.50.3")``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gemma_compat.facts import Facts, Gpu, ModelFacts, Package, TorchBuild, TrainingFacts

# name, compute capability, MiB; as NVML gives them.
T4 = Gpu(index=0, name="Tesla T4", compute_capability=(7, 5), memory_total=15360)
V100 = Gpu(index=0, name="Tesla V100-SXM2-32GB", compute_capability=(7, 0), memory_total=32768)
A100 = Gpu(index=0, name="NVIDIA A100-SXM4-80GB", compute_capability=(8, 0), memory_total=81920)
L4 = Gpu(index=0, name="NVIDIA L4", compute_capability=(8, 9), memory_total=23034)
H100 = Gpu(index=0, name="NVIDIA H100 80GB HBM3", compute_capability=(9, 0), memory_total=81559)
B200 = Gpu(index=0, name="NVIDIA B200", compute_capability=(10, 0), memory_total=183359)

COMPOSITE = {
    "gemma3": "gemma3_text",
    "gemma3n": "gemma3n_text",
    "gemma4": "gemma4_text",
    "paligemma": "gemma2",
    "shieldgemma2": "gemma3_text",
}
SHARING = {"gemma3n": 10, "gemma3n_text": 10, "gemma4": 18, "gemma4_text": 18}  # as in E4B


def facts_for(
    model_type: str = "gemma3",
    transformers: str = "4.50.3",
    *,
    model: Mapping[str, Any] = {},
    training: Mapping[str, Any] = {},
    packages: Mapping[str, str | None] = {},
    gpus: Iterable[Gpu] = (),
) -> Facts:
    """Facts about a live model in bf16 and a plain bf16 run by a Trainer, nothing unknown.

    Args:
        model_type: sets what follows from it (composite, KV sharing) too.
        transformers: its version.
        model, training: fields to set otherwise; ``UNKNOWN`` takes one away.
        packages: further versions; ``None`` for known absent.
        gpus: visible GPUs; none by default.
    """
    installed = {"torch": "2.13.0", "transformers": transformers, **packages}
    return Facts(
        python="3.11.7",
        platform="linux",
        packages={
            name: None if version is None else Package(name=name, version=version)
            for name, version in installed.items()
        },
        torch=TorchBuild(version="2.13.0+cu126", cuda="12.6", hip=None),
        gpus=tuple(gpus),
        driver="570.86.10" if gpus else None,
        model=ModelFacts(**{**_model(model_type), **model}),
        training=TrainingFacts(**{**_training(), **training}),
    )


def _model(model_type: str) -> dict[str, Any]:
    return {
        "model_type": model_type,
        "text_model_type": COMPOSITE.get(model_type, model_type),
        "class_name": "GemmaForCausalLM",
        "composite": model_type in COMPOSITE,
        "live": True,
        "configs": (),
        "use_cache": True,
        "keys_to_ignore_at_inference": None,
        "attn_implementation": "eager",
        "dtype": "bfloat16",
        "quantization": None,
        "peft": None,
        "gradient_checkpointing": False,
        "use_reentrant": None,
        "external_checkpointing": False,
        "num_hidden_layers": 26,
        "num_kv_shared_layers": SHARING.get(model_type, 0),
        "hidden_size": 1152,
        "vocab_size": 262144,
        "head_dim": 256,
        "global_head_dim": None,
        "sliding_window": 512,
        "attn_logit_softcapping": None,
        "final_logit_softcapping": None,
        "enable_moe_block": False,
    }


def _training() -> dict[str, Any]:
    return {
        "trainer": True,
        "mixed_precision": "bf16",
        "gradient_checkpointing": False,
        "use_reentrant": None,
        "gradient_accumulation_steps": 1,
        "evaluates": False,
        "gathers_outputs": False,
        "use_cache": None,
        "distributed": "no",
        "deepspeed_stage": None,
        "external_checkpointing": False,
        "passes_cache": False,
    }
