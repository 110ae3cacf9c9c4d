"""What took the place of an argument: read in the releases before and after it."""

from __future__ import annotations

from ...answer import Answer

_ARGUMENTS = {
    "evaluation_strategy": "eval_strategy=...",
    "use_auth_token": "token=...",
    "no_cuda": "use_cpu=True",
    "adafactor": 'optim="adafactor"',
    "dispatch_batches": 'accelerator_config={"dispatch_batches": ...}',
    "split_batches": 'accelerator_config={"split_batches": ...}',
    "fsdp_min_num_params": 'fsdp_config={"min_num_params": ...}',
    "fsdp_transformer_layer_cls_to_wrap": 'fsdp_config={"transformer_layer_cls_to_wrap": [...]}',
    "group_by_length": 'train_sampling_strategy="group_by_length"',
    "include_inputs_for_metrics": 'include_for_metrics=["inputs"]',
    "logging_dir": "TENSORBOARD_LOGGING_DIR=FOLDER in the environment",
    "per_gpu_train_batch_size": "per_device_train_batch_size=...",
    "per_gpu_eval_batch_size": "per_device_eval_batch_size=...",
    "push_to_hub_model_id": 'hub_model_id="OWNER/NAME"',
    "push_to_hub_organization": 'hub_model_id="OWNER/NAME"',
    "push_to_hub_token": "hub_token=...",
    "warmup_ratio": "warmup_steps=0.03   (below 1 it is a share of all steps)",
    "torchdynamo": "torch_compile=True, torch_compile_backend=...",
}
# Of TrainingArguments and what is made from it; transformers 4.57.6 has them, 5.24.0 has not.
_LEFT_OUT = {
    "save_safetensors": "safetensors is the only form that is written",
    "overwrite_output_dir": "a run writes into the folder as it is",
    "half_precision_backend": "torch's own mixed precision is the only one",
    "fp16_backend": "torch's own mixed precision is the only one",
    "fp16_opt_level": "torch's own mixed precision is the only one",
    "use_mps_device": "a Mac's GPU is taken where torch has it",
    "use_ipex": "IPEX is not used any more",
    "jit_mode_eval": "models are not traced for evaluation any more",
}
_LIGER = "use_liger_kernel=True"
_IN_THE_PROMPTS = "leave it out: max_length cuts prompt and answer together"
# By class; TRL 0.23.1 and before, against 1.16.0.
_OF_A_CLASS = {
    "SFTConfig": {"max_seq_length": "max_length=...", "use_liger": _LIGER},
    "DPOConfig": {
        "use_liger_loss": _LIGER,
        "max_prompt_length": _IN_THE_PROMPTS,
        "max_completion_length": _IN_THE_PROMPTS,
        "rpo_alpha": 'loss_type=["sigmoid", "sft"], loss_weights=[1.0, RPO_ALPHA]',
    },
    "KTOConfig": {
        "use_liger_loss": _LIGER,
        "max_prompt_length": _IN_THE_PROMPTS,
        "max_completion_length": _IN_THE_PROMPTS,
    },
    "GRPOConfig": {
        "use_liger_loss": _LIGER,
        "max_prompt_length": "leave it out, and filter or cut long prompts in the data set",
        "vllm_max_model_len": "vllm_max_model_length=...",
        "vllm_guided_decoding_regex": "vllm_structured_outputs_regex=...",
        "wandb_log_unique_prompts": "log_unique_prompts=True",
        "vllm_device": 'vllm_mode="colocate", or a server: trl vllm-serve',
    },
    "PPOConfig": {
        "ppo_epochs": "num_ppo_epochs=...",
        "init_kl_coef": "kl_coef=...",
        "log_with": "report_to=...",
        "mini_batch_size": "num_mini_batches=...",
    },
    "ModelConfig": {"torch_dtype": "dtype=..."},
    "Accelerator": {
        name: f"dataloader_config=DataLoaderConfiguration({name}=...)"
        for name in ("dispatch_batches", "split_batches", "even_batches", "use_seedable_sampler")
    },
}
# Of any function.
_EVERYWHERE = {
    "tokenizer": "processing_class=tokenizer",
    "use_auth_token": "token=...",
    "load_in_4bit": "quantization_config=BitsAndBytesConfig(load_in_4bit=True)",
    "load_in_8bit": "quantization_config=BitsAndBytesConfig(load_in_8bit=True)",
    "use_flash_attention_2": 'attn_implementation="flash_attention_2"',
}


def renamed(function: str, name: str) -> str:
    """Return what to write in place of an argument; empty where nothing is known.

    >>> renamed("TrainingArguments.__init__", "warmup_ratio")[:17]
    'warmup_steps=0.03'
    """
    owner = function.partition(".")[0].lstrip("_").removeprefix("Unsloth")
    of_class = _OF_A_CLASS.get(owner, {}).get(name, "")
    if of_class:
        return of_class
    if owner.endswith("Trainer") and name == "max_seq_length":
        config = f"{owner.removesuffix('Trainer')}Config"
        return f"max_length=... in {config}   (max_seq_length there in trl 0.15.2 and before)"
    if owner.endswith(("TrainingArguments", "Config")) or not owner:
        if why := _LEFT_OUT.get(name):
            return f"leave {name} out: {why}"
        if found := _ARGUMENTS.get(name):
            return found
    return _EVERYWHERE.get(name, "")


def of_an_old_name(function: str, name: str) -> Answer | None:
    """Answer for a class that dropped a name, where the atlas does not have the class."""
    owner = function.partition(".")[0]
    instead = renamed(function, name) if owner in {"ModelConfig", "TrainingArguments"} else ""
    if not instead:
        return None
    return Answer(
        f"{function}() is given {name}, where that argument has another name now",
        (instead,),
        known="the message; the names were read in the releases before and after",
    )
