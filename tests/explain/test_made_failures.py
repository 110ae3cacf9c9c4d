"""Failures that were made on purpose, and what ``explain`` says of their logs.

Small Gemma 3 models with one fault each, on 2026-11-28: on two H200 (torch 2.11.0, transformers
5.17.0, accelerate 1.15.0, peft 0.21.0; ``python`` or ``torchrun`` with two processes), and on a CPU
(torch 2.13.0, transformers 4.50.3, 4.57.6 and 5.23.0, trl 0.24.0 and 1.15.0). What is wrong is
known from the script. Paths were shortened, and repeated lines left out.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat.report.explanation import headline, render_text

LOGS = Path(__file__).parent / "made"
# A log, words that its headline must have, and words that the answer must have.
ON_TWO_GPUS = {
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
ON_A_CPU = {
    "1d-input": ("sizes that do not fit", "attention_mask"),
    "adapter-no-base": ("no config.json", "AutoTokenizer.from_pretrained(BASE)"),
    "adapter-other-base": ("does not belong to this model", "adapter_config.json names"),
    "assistant-only": ("not training-compatible", "chat template"),
    "attn-typo": ("no attention of that name", 'attn_implementation="sdpa"'),
    "completion-collator": ("0.19.1 only", "completion_only_loss=True"),
    "corrupt-safetensors": ("damaged or not whole", "download it again"),
    "cuda-on-cpu-build": ("build for the CPU", "--index-url"),
    "dataset-broken-json": ("not the JSON", "--json-lines"),
    "dataset-gone": ("no data set of that name", "data_files="),
    "deepspeed-missing": ("deepspeed>=0.9.3", "pip install 'deepspeed>=0.9.3'"),
    "dpo-no-columns": ("no column chosen", "rename_column"),
    "evaluation-strategy": ("another name now", "eval_strategy"),
    "float-ids": ("integers of 64 bits", ".long()"),
    "frozen-optim": ("no parameter of the model is trainable", "print_trainable_parameters"),
    "gemma4-in-4.57": ("does not know the model", "transformers>=5.5.0"),
    "generation-config": ("settings that contradict", "do_sample"),
    "grpo-divisible": ("does not divide", "num_generations"),
    "ids-out-of-range": ("token id is not below", "num_embeddings"),
    "import-adamw": ("AdamW", "from torch.optim import AdamW"),
    "import-gemma3n": ("4.53.0", "transformers>=4.53.0"),
    "import-gemma4": ("5.5.0", "transformers>=5.5.0"),
    "import-hybridcache": ("HybridCache in 4.42.0 to 5.0.0rc2", "StaticCache"),
    "iterable-no-steps": ("no length", "max_steps"),
    "labels-other-length": ("8 rows of logits and 6 labels", "labels as long as input_ids"),
    "labels-out-of-range": ("label 600", "vocab_size"),
    "load-in-4bit-kw": ("handed load_in_4bit on", "BitsAndBytesConfig(load_in_4bit=True)"),
    "lora-checkpoint-no-grad": ("no parameter that is trained", "enable_input_require_grads"),
    "lora-targets": ("target_modules", "all-linear"),
    "no-columns": ("No columns in the dataset match", "input_ids"),
    "no-config": ("no config.json", "config"),
    "no-grad": ("no parameter that is trained", "print_trainable_parameters"),
    "no-pad-token": ("no padding token", "pad_token"),
    "no-template": ("no chat template", "-it"),
    "no-weights-in-folder": ("no weights under a name", "ls FOLDER"),
    "not-padded": ("lists of different lengths", "padding=True"),
    "prefix-tuning": ("GC205 may be the cause", "LoRA in place of a prefix"),
    "ragged-labels": ("column labels holds lists of different", "a collator that pads labels"),
    "resume-none": ("no checkpoint to resume", "resume_from_checkpoint"),
    "roles-alternate": ("user and assistant in turn", "merge neighbouring turns"),
    "seqcls-labels": ("label 3 is not a class", "num_labels=4"),
    "seqcls-pad": ("no padding token", "config.pad_token_id"),
    "sft-max-seq-length": ("max_seq_length", "max_length="),
    "sft-text-field": ("dataset_text_field", "SFTConfig(dataset_text_field"),
    "shared-tensors": ("tied to the input embeddings", "save_pretrained"),
    "str-input": ("a str in place of a tensor", "return_tensors"),
    "system-role": ("no system role", "first user turn"),
    "text-class-multi": ("not in the checkpoint and are random", "AutoModelForImageTextToText"),
    "trainer-tokenizer": ("tokenizer", "processing_class"),
    "use-cache-kw": ("use_flash_attention_2", "attn_implementation="),
    "wandb-missing": ("Wandb", 'report_to="none"'),
}
# Rules that are confirmed by the log; no other may be.
CONFIRMED = {"one_cpu/gemma4-in-4.57": {"GC604"}}
TRUE = {
    **{f"two_gpus/{name}": words for name, words in ON_TWO_GPUS.items()},
    **{f"one_cpu/{name}": words for name, words in ON_A_CPU.items()},
}


@pytest.mark.parametrize("name", TRUE)
def test_the_headline_says_what_was_done_to_the_run(name: str) -> None:
    with (LOGS / f"{name}.log").open("rb") as file:
        found = explain_log(file)
    happened, advised = TRUE[name]
    assert happened in headline(found), headline(found)
    assert advised in " ".join(render_text(found).split())
    certain = {cause.rule.code for cause in found.causes if cause.is_certain}
    assert certain == CONFIRMED.get(name, set())


def test_every_log_is_asked() -> None:
    assert {f"{log.parent.name}/{log.stem}" for log in LOGS.glob("*/*.log")} == TRUE.keys()
