"""Whose compiled code the last frames call, and what leaves it out or brings another."""

from __future__ import annotations

import re

# Whose code, in the last frames; what leaves its kernels out; what brings others.
_LIBRARIES = (
    (
        r"[/\\]bitsandbytes[/\\]optim",
        "bitsandbytes' optimizer",
        "optim='adamw_torch'   (or adamw_8bit in place of a paged one): does it go on?",
        "pip install -U bitsandbytes",
    ),
    (
        r"[/\\]bitsandbytes[/\\]",
        "bitsandbytes",
        "pip install -U bitsandbytes; python -m bitsandbytes   checks it on this card",
        "16 bits in place of 4 or 8, for a few steps: does it go on?",
    ),
    (
        r"[/\\]flash_attn[/\\]|flash_attn_\w+_func\(|_flash_attention_forward",
        "flash-attn",
        "attn_implementation='sdpa'   : does it go on?",
        "pip install -U flash-attn --no-build-isolation   built for this torch and card",
    ),
    (
        r"[/\\]xformers[/\\]",
        "xformers",
        "pip uninstall xformers   : torch's own attention is used then",
        "pip install -U xformers   for this torch",
    ),
    (
        r"[/\\]liger_kernel[/\\]",
        "Liger's kernels",
        "use_liger_kernel=False   : does it go on?",
        "pip install -U liger-kernel triton",
    ),
    (
        r"[/\\]unsloth[/\\]kernels[/\\]|[/\\]unsloth_zoo[/\\]",
        "Unsloth's kernels",
        "pip install -U unsloth unsloth_zoo",
        "use_gradient_checkpointing=True in place of 'unsloth'   : does it go on?",
    ),
    (
        r"[/\\](?:mamba_ssm|causal_conv1d|fla)[/\\]",
        "mamba_ssm, causal_conv1d or fla",
        "without that package: the model's slower code in Python is used then",
        "build it anew for this torch and card",
    ),
    (
        r"[/\\](?:vllm|sglang)[/\\]|[/\\]tensorrt_llm[/\\]",
        "the serving engine",
        "enforce_eager=True (vLLM), --disable-cuda-graph (SGLang)   : does it go on?",
        "update the engine, with the torch that it pins",
    ),
    (
        r"[/\\]triton[/\\](?:runtime|backends)[/\\]",
        "a Triton kernel",
        "TORCHDYNAMO_DISABLE=1 before the command (Unsloth: UNSLOTH_COMPILE_DISABLE=1)",
        "pip install -U triton   that belongs to this torch",
    ),
    (
        r"[/\\]deepspeed[/\\]",
        "DeepSpeed",
        "without offload (offload_optimizer, offload_param), or at a lower stage: does it go on?",
        "pip install -U deepspeed",
    ),
)


def library_of(frames: str) -> tuple[str, str, str] | None:
    """Return whose compiled code the last frames call: its name and what to try; else nothing."""
    places = [line for line in frames.splitlines() if re.search(r"\.py\b", line)][-4:]
    for line in reversed(places):
        for pattern, *found in _LIBRARIES:
            if re.search(pattern, line):
                return found[0], found[1], found[2]
    return None
