"""What ms-swift says of the options of a command, and of merging by it."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .swift import _SAYS

# Options of an older ms-swift by their names in a newer one (read in the arguments of 2.6, 3.0,
# 3.4, 3.8, 3.12, 4.2 and 4.5); of the last pair of names each stands for the other.
_RENAMED = {
    "bnb_4bit_comp_dtype": "bnb_4bit_compute_dtype",
    "quantization_bit": "quant_bits",
    "lora_dropout_p": "lora_dropout",
    "lora_bias_trainable": "lora_bias",
    "lora_lr_ratio": "lorap_lr_ratio",
    "lora_modules_to_save": "modules_to_save",
    "lora_target_regex": "target_regex",
    "use_flash_attn": "attn_impl",
    "use_liger": "use_liger_kernel",
    "neftune_alpha": "neftune_noise_alpha",
    "only_save_model": "save_only_model",
    "preprocess_num_proc": "dataset_num_proc",
    "dataset_test_ratio": "split_dataset_ratio",
    "dataset_seed": "data_seed",
    "custom_train_dataset_path": "dataset",
    "custom_val_dataset_path": "val_dataset",
    "streaming_buffer_size": "shuffle_buffer_size",
    "check_model_is_latest": "check_model",
    "load_dataset_config": "load_data_args",
    "merge_lora_and_save": "merge_lora",
    "ref_model_id_or_path": "ref_model",
    "reward_model_id_or_path": "reward_model",
    "evaluation_strategy": "eval_strategy",
    "push_hub_strategy": "hub_strategy",
    "tools_prompt": "agent_template",
    "tensor_parallel_size": "vllm_tensor_parallel_size",
    "pipeline_parallel_size": "vllm_pipeline_parallel_size",
    "data_parallel_size": "vllm_data_parallel_size",
    "gpu_memory_utilization": "vllm_gpu_memory_utilization",
    "max_num_seqs": "vllm_max_num_seqs",
    "enforce_eager": "vllm_enforce_eager",
    "limit_mm_per_prompt": "vllm_limit_mm_per_prompt",
    "use_async_engine": "vllm_use_async_engine",
    "session_len": "lmdeploy_session_len",
    "tp": "lmdeploy_tp",
    "multi_turn_func": "multi_turn_scheduler",
    "mcore_adapters": "mcore_adapter",
    "lora_modules": "adapters",
    "sft_type": "train_type",
    "train_type": "tuner_type",
    "tuner_type": "train_type",
    "model_id_or_path": "model",
    "dtype": "torch_dtype",
    "lora_target_modules": "target_modules",
    "batch_size": "per_device_train_batch_size",
    "eval_batch_size": "per_device_eval_batch_size",
    "template_type": "template",
    "ckpt_dir": "adapters",
    "max_steps_per_epoch": "max_steps",
}


def _options(case: Case) -> Answer:
    given = re.findall(r"--(\w{2,60})", case.match["rest"])
    known = [f"--{name} is --{_RENAMED[name]}" for name in given if name in _RENAMED]
    return Answer(
        "ms-swift is given options that this release does not have"
        + (f": {', '.join(f'--{name}' for name in given[:4])}" if given else ""),
        (
            *(f"{text} in another release" for text in known[:3]),
            "pip install -U ms-swift, or its main branch, where the option is newer than it",
            "swift COMMAND --help   lists the names of this release for that command",
            "or pip install 'ms-swift<3' for a script of the second, 'ms-swift<4' for one of the "
            "third",
        ),
        why="names changed from ms-swift 2 to 3 and from 3 to 4, and options come with a release; "
        "sft, export, infer and megatron take different ones",
        known=f"{_SAYS}; which of these it is, it does not say",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "options-swift-does-not-take",
        r"remaining_argv: \[(?P<rest>[^\]\n]{1,400})",
        _options,
        {
            "ValueError: remaining_argv: ['--sft_type', 'lora']": "--sft_type is --train_type",
            "ValueError: remaining_argv: ['--foo']": "-U ms-swift",
            "ValueError: remaining_argv: ['--tensor_parallel_size', '2']": (
                "--tensor_parallel_size is --vllm_tensor_parallel_size"
            ),
        },
    ),
    General(
        "merging-and-quantizing-at-once",
        r"quant_method: ['\"]?(?P<method>\w{2,20})['\"]?,? quantized model and does not support "
        r"merge-lora",
        lambda case: Answer(
            f"ms-swift merges no adapter where quant_method is set ({case.match['method']})",
            (
                "two steps: swift export --adapters CHECKPOINT --merge_lora true, then swift "
                "export --model MERGED_FOLDER --quant_method ... --quant_bits 4",
                "where the base itself is quantized: its 16-bit form as --model for the merge",
            ),
            why="a merge adds to weights in 16 bits, and what is quantized has none",
            known="the check is ms-swift's own; whether the base or the command sets it, the "
            "command shows",
            settles=False,
        ),
        {
            "AssertionError: args.quant_method: gptq, quantized model and does not support "
            "merge-lora.": "two steps"
        },
    ),
    General(
        "swift-without-a-model",
        r"Please set --model <model_id_or_path>",
        lambda case: Answer(
            "swift got no --model: the lines below the first did not reach it"
            if "command not found" in case.near
            else "swift got no --model, and no args.json beside an adapter that states it",
            (
                "a backslash at the end of each line of the command but the last, and nothing "
                "behind it, not even a space",
                "or --model OWNER/NAME or a folder (ms-swift 2: --model_id_or_path)",
            ),
            why="the shell ran each further line as another command"
            if "command not found" in case.near
            else "a line break without a backslash has the same effect",
            known=_SAYS,
            certain="command not found" in case.near,
        ),
        {
            "ValueError: Please set --model <model_id_or_path>`, model: None\nmerge.sh: line 3: "
            "--merge_lora: command not found": "backslash",
            "ValueError: Please set --model <model_id_or_path>, model: None": "--model OWNER",
        },
        alone=True,
    ),
    General(
        "adapters-of-swift-and-peft-mixed",
        r"Mixed using with peft is not allowed",
        always(
            "ms-swift's adapters and PEFT's were given together, or a folder that holds several "
            "runs",
            "--ckpt_dir OUTPUT/vN-DATE/checkpoint-STEP   (newer: --adapters): one checkpoint, not "
            "the folder above it",
            "ls OUTPUT/vN-DATE/checkpoint-STEP   has to show adapter_config.json",
            "a base that is quantized by AWQ or GPTQ takes no merge: merge into its 16-bit form",
            known="ms-swift says so; which of these it is, it does not say",
            settles=False,
        ),
        {"ValueError: Mixed using with peft is not allowed now": "checkpoint-STEP"},
        alone=True,
    ),
)
