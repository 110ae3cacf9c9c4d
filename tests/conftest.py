"""Facts made by hand, for table tests: ``facts_for("gemma3", transformers="4.50.3")``."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import settings

from gemma_compat.facts import (
    AdapterFacts,
    CheckpointFacts,
    Facts,
    Gpu,
    ModelFacts,
    Package,
    TokenizerFacts,
    TorchBuild,
    TrainingFacts,
    UnslothFacts,
)
from gemma_compat.tables.gpus import architecture

# No test may depend on the language of the machine, or on how fast it is, or on whether a shell
# started it in the background, where Ctrl-C is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ["GEMMA_COMPAT_LANG"] = "en"
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


# name, compute capability, MiB; as NVML gives them.
def _gpu(name: str, compute_capability: tuple[int, int], memory_total: int) -> Gpu:
    return Gpu(
        index=0,
        name=name,
        uuid="GPU-1b4e28ba",
        architecture=architecture(compute_capability).name,
        compute_capability=compute_capability,
        memory_total=memory_total,
        memory_free=memory_total,
        ecc=True,
        mig=False,
    )


T4 = _gpu("Tesla T4", (7, 5), 15360)
V100 = _gpu("Tesla V100-SXM2-32GB", (7, 0), 32768)
A100 = _gpu("NVIDIA A100-SXM4-80GB", (8, 0), 81920)
L4 = _gpu("NVIDIA L4", (8, 9), 23034)
H100 = _gpu("NVIDIA H100 80GB HBM3", (9, 0), 81559)
B200 = _gpu("NVIDIA B200", (10, 0), 183359)
KERNELS = ("sm_50", "sm_60", "sm_70", "sm_75", "sm_80", "sm_86", "sm_90")  # of a cu126 build

COMPOSITE = {
    "gemma3": "gemma3_text",
    "gemma3n": "gemma3n_text",
    "gemma4": "gemma4_text",
    "paligemma": "gemma2",
    "shieldgemma2": "gemma3_text",
}
# As in Gemma 3n E2B (of 30 layers; E4B: 15 of 35) and Gemma 4 E4B (of 42; E2B: 20 of 35).
SHARING = {
    "gemma3n": 10,
    "gemma3n_text": 10,
    "gemma4": 18,
    "gemma4_text": 18,
    "gemma4_unified": 18,
    "gemma4_unified_text": 18,
}


def facts_for(
    model_type: str = "gemma3",
    transformers: str = "4.50.3",
    *,
    model: Mapping[str, Any] = {},
    training: Mapping[str, Any] = {},
    packages: Mapping[str, str | None] = {},
    gpus: Iterable[Gpu] = (),
    checkpoint: Mapping[str, Any] = {},
    adapter: Mapping[str, Any] = {},
    tokenizer: Mapping[str, Any] = {},
    unsloth: Mapping[str, Any] = {},
    environment: Mapping[str, str] = {},
) -> Facts:
    """Facts about a live model in bf16 and a plain bf16 run by a Trainer, nothing unknown.

    Args:
        model_type: sets what follows from it (composite, KV sharing) too.
        transformers: its version.
        model, training: fields to set otherwise; ``UNKNOWN`` takes one away.
        packages: further versions; ``None`` for known absent.
        gpus: visible GPUs; none by default.
        checkpoint, adapter, tokenizer: fields to set otherwise.
        unsloth: fields to set otherwise; by default it is not used.
        environment: environment variables that are set.
    """
    installed = {"torch": "2.13.0", "transformers": transformers, **packages}
    return Facts(
        python="3.11.7",
        platform="linux",
        packages={
            name: None if version is None else Package(name=name, version=version)
            for name, version in installed.items()
        },
        torch=TorchBuild(
            version="2.13.0+cu126",
            cuda="12.6",
            hip=None,
            arch_list=KERNELS,
            cuda_available=bool(gpus),
            device_problem=None,
        ),
        gpus=tuple(gpus),
        other_gpus=(),
        driver="570.86.10" if gpus else None,
        cuda_driver="12.8" if gpus else None,
        model=ModelFacts(**{**_model(model_type), **model}),
        training=TrainingFacts(**{**_training(), **training}),
        checkpoint=CHECKPOINT.replace(**checkpoint),
        adapter=ADAPTER.replace(**adapter),
        tokenizer=TOKENIZER.replace(**tokenizer),
        unsloth=UNSLOTH.replace(**unsloth),
        environment=dict(environment),
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
        "external_reentrant": None,
        "external_cuts_gradients": False,
        "num_hidden_layers": 26,
        "num_kv_shared_layers": SHARING.get(model_type, 0),
        "hidden_size": 1152,
        "vocab_size": 262144,
        "head_dim": 256,
        "global_head_dim": None,
        "sliding_window": 512,
        "attn_logit_softcapping": None,
        "final_logit_softcapping": None,
        "activation": "gelu_pytorch_tanh",
        "enable_moe_block": False,
        "quantization_bits": None,
        "compute_dtype": None,
        "tie_word_embeddings": True,
        "lm_head_is_tied": True,
        "embedding_rows": 262144,
        "per_layer_embedding_rows": 262144 if model_type in SHARING else None,
        "use_bidirectional_attention": None,
        "max_position_embeddings": 131072,
        "experts_implementation": None,
        "transformers_version": None,
        "towers": ("vision",) if model_type in COMPOSITE else (),
        "adapted_modules": (),
        "accepts_loss_kwargs": None,
        "loss_ignores_token_count": False,
        "loaded": True,
        "weights_are_fresh": False,
        "patched_with": (),
    }


def _training() -> dict[str, Any]:
    return {
        "kbit_prepared": False,
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
        "reads_top_config": False,
        "peft": False,
        "images": False,
        "packing": False,
        "generates": False,
        "adds_tokens": False,
        "supplies_token_types": True,
        "assistant_only_loss": False,
        "first_token_trained": False,
        "use_liger_kernel": False,
        "torch_compile": False,
        "smooths_labels": False,
        "loss_type": None,
        "per_device_train_batch_size": 2,
        "max_length": 1024,
        "ddp_find_unused_parameters": None,
        "fsdp_version": None,
        "fsdp_layer_classes": None,
        "optimizer": "adamw_torch_fused",
    }


# What lies beside the model: a checkpoint in its own layout, no adapter, a plain tokenizer.
CHECKPOINT = CheckpointFacts(names=(), dtypes=("BF16",))
ADAPTER = AdapterFacts(
    peft_type="LORA",
    target_modules=None,
    target_parameters=(),
    modules_to_save=(),
    names=(),
    peft_version=None,
    trains_tokens=False,
    trains_embeddings=False,
    rank=16,
)
TOKENIZER = TokenizerFacts(
    padding_side="right",
    adds_bos=True,
    bos_token="<bos>",
    eos_token="<eos>",
    largest_id=262143,
    chat_template=True,
    template_writes_bos=True,
    template_marks_generation=False,
    template_takes_system=True,
    turn_end="<end_of_turn>",
)

# Not used, and nothing of it on the model.
UNSLOTH = UnslothFacts(
    used=False,
    imported_after=(),
    backend=None,
    requires={},
    compiled_caches=None,
    patches=(),
    rebuilt=(),
    carries_shared_kv=False,
    scales_embeddings_twice=False,
)
