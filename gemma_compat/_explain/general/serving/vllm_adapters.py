"""Adapters that vLLM refuses: their rank, and layers that it does not adapt."""

from __future__ import annotations

from ...answer import Answer
from ..base import Case, General
from .vllm import _adapter_elsewhere

_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)  # what vLLM takes as a limit


def _rank(case: Case) -> Answer:
    rank = int(case.match["rank"])
    limit = next((item for item in _RANKS if item >= rank), None)
    return Answer(
        f"the adapter has rank {rank}, and vLLM was started for at most {case.match['most']}",
        (
            f"--max-lora-rank {limit}   (LLM(..., max_lora_rank=...))"
            if limit
            else "model.merge_and_unload(), save_pretrained, and serve the merged model",
        ),
        known="vLLM says so; its limits are 8, 16, 32, 64, 128, 256, 320 and 512",
    )


KINDS: tuple[General, ...] = (
    General(
        "adapter-rank-above-the-limit",
        r"LoRA rank (?P<rank>\d{1,5}) is greater than max_lora_rank (?P<most>\d{1,5})",
        _rank,
        {
            "ValueError: LoRA rank 64 is greater than max_lora_rank 16.": "--max-lora-rank 64",
            "ValueError: LoRA rank 24 is greater than max_lora_rank 16.": "--max-lora-rank 32",
            "ValueError: LoRA rank 1024 is greater than max_lora_rank 16.": "merged model",
        },
        alone=True,
    ),
    General(
        "adapter-on-layers-vllm-leaves",
        r"expected target modules in [\[{][^\n]{0,600}? but received|"
        r"is (?:an )?unsupported LoRA weight|[Uu]nsupported LoRA weight: |vLLM only supports "
        r"modules_to_save being None",
        _adapter_elsewhere,
        {
            "ValueError: While loading /lora, expected target modules in ['qkv_proj', 'o_proj'] "
            "but received ['model.vision_tower.layers.0.q_proj']. Please verify": (
                "finetune_vision_layers"
            ),
            "ValueError: base_model.model.lm_head.lora_A.weight is unsupported LoRA weight": (
                "merge_and_unload"
            ),
        },
        alone=True,
    ),
)
