"""Failures that were made on purpose, run on two H200, and what ``explain`` says of their logs.

Made on 2026-11-28 with torch 2.11.0, transformers 5.17.0, accelerate 1.15.0 and peft 0.21.0: small
Gemma 3 models with one fault each, by ``python`` or ``torchrun`` (two processes). What is wrong is
known from the script. Paths were shortened, and repeated lines left out.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat.report.explanation import headline, render_text

LOGS = Path(__file__).parent / "two_gpus"
# A log, words that its headline must have, and words that the answer must have.
TRUE = {
    "bad-ordinal": ("no such GPU", "CUDA_VISIBLE_DEVICES"),
    "bnb-missing": ("bitsandbytes", "pip install -U bitsandbytes"),
    "ddp-reentrant": ("gradient of a parameter twice", "'use_reentrant': False"),
    "ddp-unused": ("took no part in the loss", "ddp_find_unused_parameters=True"),
    "device-map-ddp": ("device_map", "leave device_map out"),
    "fa2-missing": ("flash-attn was asked for", 'attn_implementation="sdpa"'),
    "fork-cuda": ("data loader touches the GPU", "dataloader_num_workers=0"),
    "fp16-generate": ("NaN or infinite", "bfloat16"),
    "fp16-nan": ("grad_norm is not a number", "does not state the precision"),
    "fp16-unscale": ("float16", "load the trained weights in float32"),
    "fsdp2-clip": ("DTensor", "max_grad_norm"),
    "fsdp2-mixed": ("DTensor", "call the whole model"),
    "full-card-at-first-use": ("no memory left when this process first", "nvidia-smi"),
    "inputs-on-cpu": ("cpu and cuda:0", "model.device"),
    "killed": ("signal 9", "dmesg"),
    "label-out-of-vocab": ("a label", "labels must be -100"),
    "lr-none-adamw8bit": ("bitsandbytes is not installed", "pip install -U bitsandbytes"),
    "mat1-mat2-dtype": ("bfloat16 and float32", "one dtype"),
    "nccl-duplicate": ("same GPU", "LOCAL_RANK"),
    "nccl-timeout": ("waited for the others", "other ranks"),
    "no-gpu": ("no such GPU", "CUDA_VISIBLE_DEVICES"),
    "one-rank-oom": ("card was full when NCCL", "nvidia-smi"),
    "oom-adam-27b": ("optimizer's first step", "LoRA"),
    "oom-logits": ("more memory than the card has", "max_length"),
    "oom-long": ("where attention is computed", "max_length"),
    "ordinal-4-of-2": ("same GPU", "as many processes as"),
    "peft-resized-merge": ("512 rows in the file and 576", "resize_token_embeddings"),
    "sdpa-no-kernel": ("fused attention kernels", 'attn_implementation="eager"'),
    "shape-checkpoint": ("512 rows in the file and 520", "vocab_size unchanged"),
    "token-out-of-vocab": ("a token id is not below", "num_embeddings"),
    "tp-auto-train": ("torch.distributed", "init torch distributed"),
}


@pytest.mark.parametrize("name", TRUE)
def test_the_headline_says_what_was_done_to_the_run(name: str) -> None:
    with (LOGS / f"{name}.log").open("rb") as file:
        found = explain_log(file)
    happened, advised = TRUE[name]
    assert happened in headline(found), headline(found)
    assert advised in " ".join(render_text(found).split())
    assert all(not cause.is_certain for cause in found.causes)


def test_every_log_is_asked() -> None:
    assert {log.stem for log in LOGS.glob("*.log")} == TRUE.keys()
