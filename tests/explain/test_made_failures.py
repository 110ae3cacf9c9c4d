"""Failures that were made on purpose, and what ``explain`` says of their logs.

Small Gemma models with one fault each, on 2026-11-28: on one or two H200 (torch 2.11.0,
transformers 5.17.0, accelerate 1.15.0, peft 0.21.0, trl 1.15.0, bitsandbytes 0.50.2, unsloth
2026.10.9, deepspeed 0.19.8; ``python`` or ``torchrun`` with two processes), and on a CPU (torch
2.13.0, transformers 4.50.3, 4.57.6 and 5.23.0, trl 0.24.0 and 1.15.0). What is wrong is known from
the script. The same models on that day in frameworks as they are installed from the index, on a CPU
(torch 2.13.0): LLaMA-Factory 0.9.5, ms-swift 4.6.0, TRL 0.24.0 and 1.15.0, PEFT 0.21.2; one wrong
setting, file or row each. Paths were shortened, and repeated lines left out.
"""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat.report.explanation import headline, render_markdown, render_text

LOGS = Path(__file__).parent / "made"
# A log, words that its headline must have, and words that the answer must have.
ON_TWO_GPUS = {
    "accelerate-three": ("same GPU", "as many processes as"),
    "all-masked": ("no token counts", "-100"),
    "bf16-lora-half-input": ("float32 and bfloat16", "one dtype"),
    "compile-dynamic-generate": ("called again", "cudagraph_mark_step_begin"),
    "ddp-static-frozen": ("no parameter that is trained", "print_trainable_parameters"),
    "ddp-wrapped-attr": ("wraps the model", "model.module.generate"),
    "fsdp-checkpointing-twice": ("recomputed twice", "gradient_checkpointing=False"),
    "fsdp-wrong-class": ("layer class that this model does not have", "print(model)"),
    "grad-scaler-bf16": ("no such step", "bf16=True"),
    "lr-explodes": ("the loss rises", "learning_rate a tenth"),
    "missing-script": ("is not there", "ls -l SCRIPT"),
    "no-barrier-load": ("a path was taken", "ls -d PATH"),
    "one-raises-other-waits": ("no key conversations", "column_names"),
    "oom-eval": ("the first loss is 12.68", "missing_keys"),
    "oom-load": ("while the weights were loaded", "load_in_4bit"),
    "other-shapes-per-rank": ("different models", "every rank"),
    "pinned-cuda-tensors": ("lies on the GPU is to be pinned", "dataloader_pin_memory=False"),
    "port-in-use": ("another process holds the port", "--standalone"),
    "resume-other-groups": ("other parameters than the model trains now", "the same LoRA targets"),
    "resume-other-shape": ("[512, 64] in the file and [512, 96]", "config.json"),
    "save-read-only": ("lies already", "ls -ld PATH"),
    "uneven-batches-hang": ("waited for the others", "other ranks"),
    "worker-killed": ("data loader failed", "dataloader_num_workers=0"),
    "worker-raises": ("different lengths", "DataCollatorForSeq2Seq"),
    "bad-ordinal": ("by a number that is not there", "CUDA_VISIBLE_DEVICES"),
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
    "no-gpu": ("sees no GPU", "CUDA_VISIBLE_DEVICES"),
    "one-rank-oom": ("card was full when NCCL", "nvidia-smi"),
    "oom-adam-27b": ("optimizer's first step", "LoRA"),
    "oom-logits": ("more memory than the card has", "max_length"),
    "oom-long": ("where attention is computed", "max_length"),
    "ordinal-4-of-2": ("same GPU", "as many processes as"),
    "peft-resized-merge": ("512 rows in the file and 576", "resize_token_embeddings"),
    "sdpa-no-kernel": ("fused attention kernels", 'attn_implementation="eager"'),
    "shape-checkpoint": ("512 rows in the file and 520", "vocab_size unchanged"),
    "token-out-of-vocab": ("a token id", "num_embeddings"),
    "tp-auto-train": ("torch.distributed", "init torch distributed"),
    "gather-other-sizes": ("exchanges that are not the same", "pad_across_processes"),
    "first-machine-unknown": ("gpu-node-7", "getent hosts"),
    "nccl-no-interface": ("no network interface", "NCCL_SOCKET_IFNAME"),
    "adapter-beside-a-shard": ("adapter's output does not fit", "tp_plan"),
    "ddp-buffers-twice": ("overwritten in place", "broadcast_buffers=False"),
    "fsdp2-8bit-optimizer": ("optimizer of bitsandbytes", "adamw_torch"),
    "gather-texts": ("one is not a tensor", "gather_object"),
    "data-parallel-cache": ("DataParallel puts together", "CUDA_VISIBLE_DEVICES=0"),
    "labels-on-another-card": (
        "labels and logits on cuda:0 and cuda:1",
        "labels.to(logits.device)",
    ),
    "zero-other-number": ("written by 2 processes", "zero_to_fp32.py"),
    "zero-loss-scale": ("overflowed float16", "bf16"),
    "zero3-weight-outside": ("lacks its dimensions", "GatheredParameters"),
    "zero-best-without-states": ("save_only_model", "save_only_model=False"),
    "iterable-other-sizes": ("cannot be shared out evenly", "dispatch_batches=False"),
    "fsdp-other-card": ("another card", "set_device"),
}
ON_A_CPU = {
    "1d-input": ("sizes that do not fit", "attention_mask"),
    "adapter-no-base": ("no config.json", "AutoTokenizer.from_pretrained(BASE)"),
    "adapter-other-base": ("[8, 64] in its file and [8, 96]", "adapter_config.json names"),
    "assistant-only": ("not training-compatible", "chat template"),
    "attn-typo": ("no attention flash-attn2", 'attn_implementation="sdpa"'),
    "completion-collator": ("0.19.1 only", "completion_only_loss=True"),
    "corrupt-safetensors": ("cut short", "download it again"),
    "cuda-on-cpu-build": ("build for the CPU", "--index-url"),
    "dataset-broken-json": ("not the JSON", "--json-lines"),
    "dataset-gone": ("no file or folder with data", "data_files="),
    "deepspeed-missing": ("deepspeed>=0.9.3", "pip install 'deepspeed>=0.9.3'"),
    "dpo-no-columns": ("no column chosen", "rename_column"),
    "evaluation-strategy": ("another name now", "eval_strategy"),
    "float-ids": ("integers of 64 bits", ".long()"),
    "frozen-optim": ("the optimizer was given no parameter", "print_trainable_parameters"),
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
    "no-columns": ("no column that forward of the model takes", "input_ids"),
    "no-config": ("no config.json", "config"),
    "no-grad": ("no parameter that is trained", "print_trainable_parameters"),
    "no-pad-token": ("no padding token", "pad_token"),
    "no-template": ("no chat template", "-it"),
    "no-weights-in-folder": ("no weights under a name", "ls FOLDER"),
    "not-padded": ("lists of different lengths", "padding=True"),
    "prefix-tuning": ("GC205 may be the cause", "LoRA in place of a prefix"),
    "ragged-labels": ("column labels holds lists of different", "a collator that pads labels"),
    "resume-none": ("no checkpoint-N in the output", "resume_from_checkpoint"),
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
# A card that was filled but for 1 to 12 GiB; random weights, four layers of the published widths.
ON_ONE_GPU = {
    "token-past-the-table": ("a token id that the embedding has no row for", "len(tokenizer)"),
    "static-cache-short": ("past the end of the tensor", "max_cache_len"),
    "reward-of-text": ("something else than one number", "float(score"),
    "liger-no-logits": ("gave no logits", "use_liger_kernel=False"),
    "optimizer-left-behind": ("the optimizer's state", "optimizer.state.values()"),
    "rewards-all-alike": ("the same reward", "temperature=1.0"),
    "dequantized-save": ("transformers 5 turns converted weights back", "merge_and_unload()"),
    "unsloth-tokens-not-resized": ("a token id is not below", "len(tokenizer)"),
    "unsloth-gguf-offline": ("could not fetch it", "git clone"),
    "unsloth-reward-column": ("asks for answer", "dataset.column_names"),
    "unsloth-no-gpu": ("finds no GPU", "nvidia-smi"),
    "unsloth-ids-on-cpu": ("lie on cpu and cuda:0", "model.device"),
    "unsloth-no-logits": ("reads the logits", "UNSLOTH_RETURN_LOGITS"),
    "unsloth-trains": ("no failure in them is known here", "torchao"),
    "cuda-graph-output": ("called again", "cudagraph_mark_step_begin"),
    "full-at-the-loss": ("logits or the loss are computed. GC1201 may be", "use_liger_kernel=True"),
    "full-in-backward": (
        "as large as the logits of a batch",
        "the logits of 2 x 2,048 tokens, each number in float32",
    ),
    "full-at-the-embeddings-gradient": (
        "the weights take 8 GiB",
        "the embeddings of 262,208 tokens",
    ),
    "full-in-adam": (
        "in the optimizer's step",
        "the embeddings of 262,208 tokens, each number in 16 bits",
    ),
    "full-at-adams-states": ("optimizer's first step", "LoRA"),
    "full-at-resizing": ("embeddings are resized", "mean_resizing=False"),
    "full-at-softmax": ("attention is computed", "4 heads, each number in float32"),
    "full-at-the-scores": (
        "by estimate a step takes",
        "8,192 tokens, 16 heads, each number in 16 bits",
    ),
}
IN_FRAMEWORKS = {
    "llamafactory-adapter-path": ("no adapter in that folder", "adapter_config.json"),
    "llamafactory-best-no-eval": ("load_best_model_at_end", "eval_strategy"),
    "llamafactory-dataset-file-gone": ("data/train_v2.json", "file_name in dataset_info.json"),
    "llamafactory-dataset-info-gone": ("has no dataset_info.json", "dataset_dir: FOLDER"),
    "llamafactory-dataset-undefined": ("not registered", "data/dataset_info.json"),
    "llamafactory-deepspeed-missing": ("deepspeed>=0.9.3", "pip install 'deepspeed>=0.9.3'"),
    "llamafactory-dpo-sft-data": ("does not fit the stage", "ranking"),
    "llamafactory-export-quant": (
        "Quantization dataset is necessary",
        "export_quantization_dataset",
    ),
    "llamafactory-ft-type": ("Invalid fine-tuning method", "quantization_bit: 4"),
    "llamafactory-galore-lora": ("Cannot use LoRA with GaLore", "finetuning_type: full"),
    "llamafactory-image-count": ("<image>", "one <image> in the text for each image"),
    "llamafactory-info-json-broken": ("not valid JSON", "python -m json.tool"),
    "llamafactory-lora-target": ("target_modules", "all-linear"),
    "llamafactory-lr-string": ("a number was read as a text", "learning_rate"),
    "llamafactory-model-hub-offline": ("offline mode is on", "hf download MODEL"),
    "llamafactory-model-path": ("a path was taken", "ls -d PATH"),
    "llamafactory-no-torchrun": (
        "a program that is to be started is not found: torchrun",
        "which torchrun",
    ),
    "llamafactory-ppo-no-reward": ("`reward_model` is necessary", "stage: rm"),
    "llamafactory-quant-full": ("only compatible with the LoRA", "finetuning_type: lora"),
    "llamafactory-quant-no-bnb": ("bitsandbytes>=0.39.0", "pip install 'bitsandbytes>=0.39.0'"),
    "llamafactory-resume-none": ("cannot be resumed from that folder", "resume_from_checkpoint"),
    "llamafactory-sft-pref-data": ("does not fit the stage", "ranking"),
    "llamafactory-sharegpt-as-alpaca": ("no column instruction", '"formatting": "sharegpt"'),
    "llamafactory-sharegpt-tags": ("no column messages", "dataset_info.json"),
    "llamafactory-streaming-no-steps": ("no length", "max_steps"),
    "llamafactory-template-unknown": ("no template gemma3-it", "gemma3"),
    "llamafactory-text-model-image": ("the template that is set is for text", "template: gemma3"),
    "llamafactory-tokenized-copy-broken": ("no data set that save_to_disk wrote", "tokenized_path"),
    "llamafactory-tokenizer-of-transformers-5": (
        "older than TokenizersBackend",
        "transformers>=5.0.0rc0",
    ),
    "llamafactory-torchaudio-missing": ("torchaudio is not installed", "pip install torchaudio"),
    "llamafactory-unknown-key": ("knows no option lora_ranks", "-U llamafactory"),
    "llamafactory-unsloth-missing": ("needs unsloth", "pip install"),
    "llamafactory-val-and-eval": ("Cannot specify `val_size`", "either val_size, or eval_dataset"),
    "llamafactory-wrong-columns": ("no column question", "dataset_info.json"),
    "llamafactory-yaml-indent": ("line 18 of train.yaml", "spaces and no tabs"),
    "ms-swift-all-filtered": ("no row of the data is left", "--max_length"),
    "ms-swift-bad-json": ("not the JSON", "--json-lines"),
    "ms-swift-flash-attn": ("flash-attn was asked for", 'attn_implementation="sdpa"'),
    "ms-swift-image-gone": ("are missing or unreadable", "ls -l PATH"),
    "ms-swift-model-gone": ("/models/gemma-3-1b", "ls -d"),
    "ms-swift-model-type-unknown": ("no model_type gemma3-1b", "gemma3_text"),
    "ms-swift-resume-gone": ("out/checkpoint-10", "ls -d"),
    "ms-swift-rlhf-no-rejected": ("inputs.rejected is None", "rejected_response"),
    "ms-swift-template-unknown": ("no template gemma-3", "gemma3_text"),
    "ms-swift-train-type": ("--train_type", "--tuner_type"),
    "ms-swift-tuner-type": ("no tuner_type qlora", "--quant_bits 4"),
    "ms-swift-unknown-arg": ("--lora_ranks", "swift COMMAND --help"),
    "peft-adalora-total-step": ("total_step", "AdaLoraConfig"),
    "peft-boft-block": ("divisible by boft_block_size", "divides the layer"),
    "peft-layers-out-of-range": ("layers_to_transform", "num_hidden_layers"),
    "peft-lora-target-module-not-linear": (
        "a whole block that PEFT cannot adapt",
        "target_modules",
    ),
    "peft-prefix-tuning-checkpointing": (
        "does not work with gradient checkpointing",
        "gradient_checkpointing=False",
    ),
    "peft-weighted-ranks": ("do not have the same rank", "rank"),
    "transformers-torchvision-mismatch": (
        "torchvision was built for another torch",
        "pip install -U torch torchvision",
    ),
    "trl-callback-signature": ("callback's method with more arguments", "**kwargs"),
    "trl-compute-loss-signature": ("overrides compute_loss", "**kwargs"),
    "trl-compute-loss-unreduced": ("not one number but many", "loss.mean()"),
    "trl-compute-metrics-decode-negative": ("-100", "pad_token_id"),
    "trl-gated-no-network": ("the Hub could not be reached", "hf download MODEL"),
    "trl-gated-offline": ("offline mode is on", "hf download MODEL"),
    "trl-grpo-reward-length": ("one number for each completion", "for text in completions"),
    "trl-grpo-reward-signature": ("trl hands prompts to reward()", "**kwargs"),
    "trl-lora-task-type": ("no task of that name", "CAUSAL_LM"),
    "trl-optim-name": ("no value adamw_8bits", "adamw_8bit"),
    "trl-optimizer-file-cut": ("optimizer's or the run's state", "earlier checkpoint"),
    "trl-push-offline": ("nothing can be uploaded", "push_to_hub=False"),
    "trl-resume-other-lora": ("saved with rank 8", "LoraConfig(r=8"),
    "trl-resume-other-optim": ("the state of another optimizer", "the same optim"),
    "trl-sft-messages-key": ("no column text, and TRL", "'role': 'user'"),
    "trl-sft-no-triton": ("kernel in Triton", "pip install triton"),
    "trl-spawn-no-main-guard": ("runs the whole script again", "__main__"),
    "trl-template-file-missing": ("chat_template_path names neither", "ls -l PATH"),
    "trl-vlm-fewer-images": ("another number of places for images", "images="),
}
# Rules that are confirmed by the log; no other may be.
CONFIRMED = {"one_cpu/gemma4-in-4.57": {"GC604"}}
TRUE = {
    **{f"two_gpus/{name}": words for name, words in ON_TWO_GPUS.items()},
    **{f"one_gpu/{name}": words for name, words in ON_ONE_GPU.items()},
    **{f"one_cpu/{name}": words for name, words in ON_A_CPU.items()},
    **{f"frameworks/{name}": words for name, words in IN_FRAMEWORKS.items()},
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


@pytest.mark.parametrize("name", TRUE)
def test_what_is_shared_says_it_too_and_nothing_private(name: str) -> None:
    with (LOGS / f"{name}.log").open("rb") as file:
        found = explain_log(file)
    shared = render_markdown(found)
    assert [item.name for item in found.generally if f"- `{item.name}` (" not in shared] == []
    assert "/home/user" not in shared


def test_every_log_is_asked() -> None:
    assert {f"{log.parent.name}/{log.stem}" for log in LOGS.glob("*/*.log")} == TRUE.keys()


def losses(*values: float) -> bytes:
    return "".join(f"{{'loss': {value}, 'learning_rate': 0.01}}\n" for value in values).encode()


def test_a_rise_of_the_loss_is_told_and_its_noise_is_not() -> None:
    rises = headline(explain_log(io.BytesIO(losses(2.1, 2.4, 5.0, 9.5, 11.2, 10.9, 11.6))))
    assert "the loss rises: 2.1 in line 1, up to 11.6 in line 7" in rises
    for quiet in (
        (2.1, 1.9, 2.4, 1.8, 6.0, 1.7, 1.6),  # one bad batch
        (0.001, 0.01, 0.04, 0.2, 0.9, 3.1, 3.2),  # reinforcement learning begins near 0
        (2.1, 9.0, 9.5, 9.9),  # too few rows
        (2.1, 2.2, 2.5, 2.6, 2.9, 3.1, 3.2),  # a rise, but no doubling
    ):
        assert "rises" not in headline(explain_log(io.BytesIO(losses(*quiet))))
