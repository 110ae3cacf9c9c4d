"""Symptoms told of weights in 4 bits that are spread over cards."""

from __future__ import annotations

from .base import Symptom, told

_FOUR_BIT = r"(?:qlora|\b4-?bits?\b|load_in_4bit|bitsandbytes|\bbnb\b|quanti[sz]ed)"
_SPREAD = r"(?:\bfsdp2?\b|zero[-_ ]?3|deepspeed|multi[- ]?gpus?|multiple gpus)"
_TROUBLE = (
    r"(?=.*(?:\berrors?\b|\bbugs?\b|fail|issue|problem|crash|\bnot\b|n't\b|cannot|mismatch|报错|失败|"
    r"不支持))"
)

SHARDING: tuple[Symptom, ...] = (
    Symptom(
        "four-bits-over-several-cards",
        rf"^{_TROUBLE}.*(?:{_FOUR_BIT}.{{0,60}}{_SPREAD}|{_SPREAD}.{{0,60}}{_FOUR_BIT})",
        told(
            "a model in 4 bits is said not to train over several cards",
            "DDP, where it fits one card: device_map={'': int(os.environ['LOCAL_RANK'])}, one "
            "process for each, no FSDP and no ZeRO-3",
            "FSDP: bnb_4bit_quant_storage=torch.bfloat16 in BitsAndBytesConfig, the dtype of the "
            "rest (bitsandbytes from 0.43), and no device_map",
            "fsdp_cpu_ram_efficient_loading: true, fsdp_sync_module_states: true, "
            "fsdp_use_orig_params: false with PEFT's wrap policy",
            "ZeRO-3: the same quant storage; no modules_to_save in another dtype",
            why="4-bit weights are packed into bytes, which FSDP and ZeRO-3 cannot cut: stored as "
            "bfloat16 they can be. Embeddings, head and adapter have to be of that dtype too",
        ),
        {
            "QLoRA + FSDP bugs": "quant_storage",
            "Getting Error when Finetuning Llama2 via Qlora in FSDP": "quant_storage",
            "load_in_4bit still not failed with fsdp in latest source build": "quant_storage",
            "I train a 4-bit model with FSDP": "",
        },
        words=("fsdp", "zero", "deepspeed", "gpu"),
    ),
)
