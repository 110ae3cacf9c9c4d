"""What ms-swift checks in its arguments before it trains."""

from __future__ import annotations

from ..base import General
from ..checks import Check, kind_of

_SETTINGS: tuple[Check, ...] = (
    Check(
        r"reward_function (?P<name>\S{1,80}) is not implemented in swift\.",
        "ms-swift knows no reward function {name}: nothing registered it",
        (
            "--external_plugins FILE.py   with orms['{name}'] = CLASS in it, beside "
            "--reward_funcs {name}",
            "or one of ms-swift: accuracy, format, react_format, cosine, repetition, soft_overlong",
        ),
        (
            "ValueError: reward_function my_reward is not implemented in swift.plugin",
            "orms['my_reward']",
        ),
        why="names of --reward_funcs are looked up in orms; a name that is not there, or is in a "
        "file that was not loaded, is refused",
    ),
    Check(
        r"(?P<what>Packing|Streaming) and lazy_tokenize are incompatible",
        "{what} needs the rows as tokens beforehand, and lazy_tokenize makes them at the step",
        ("--lazy_tokenize false", "or no --packing and --streaming"),
        ("ValueError: Packing and lazy_tokenize are incompatible.", "--lazy_tokenize false"),
        why="multimodal models have lazy_tokenize on unless the command sets it",
    ),
    Check(
        r"Packing will be handled during training; here we only perform tokenization",
        "swift export --to_cached_dataset only makes tokens; packing comes at the training",
        ("no --packing here; --packing true in swift sft with --cached_dataset",),
        (
            "ValueError: Packing will be handled during training; here we only perform "
            "tokenization in advance, so you do not need to set up packing separately.",
            "no --packing here",
        ),
    ),
    Check(
        r"(?:DeepSpeed is not compatible with MP|FSDP2 is not compatible with `device_map`)",
        "several GPUs are visible to one process, which ms-swift spreads the model over",
        (
            "NPROC_PER_NODE=GPUS swift sft ...   with as many as CUDA_VISIBLE_DEVICES names",
            "or CUDA_VISIBLE_DEVICES=0 for one",
        ),
        ("AssertionError: DeepSpeed is not compatible with MP.", "NPROC_PER_NODE"),
    ),
    Check(
        r"Failed to obtain a valid sample after multiple attempts|"
        r"Failed to collect \d+ valid samples after \d+ resample rounds",
        "a row could not be encoded, nor the others that were drawn in its place: most often they "
        "are longer than max_length",
        (
            "--max_length 8192   or what the prompts need (--max_completion_length is apart)",
            "or --truncation_strategy left, where a prompt may be cut",
        ),
        (
            "RuntimeError: Failed to obtain a valid sample after multiple attempts. Consider "
            "increasing `max_length`",
            "--max_length",
        ),
        why="GRPO draws another row for each that fails, a few times; the warnings above say why "
        "each failed",
    ),
    Check(
        r"Servers not reachable after \S{1,20}?s?:",
        "GRPO waits for the vLLM server of swift rollout, which does not answer at that address",
        (
            "swift rollout --model MODEL ...   in its own terminal on its own GPUs, before the "
            "training; its log shows whether it started",
            "--vllm_server_host and --vllm_server_port as that server prints them",
            "or --vllm_mode colocate: vLLM inside the training",
        ),
        (
            "ConnectionError: Servers not reachable after 240.0s: ['http://127.0.0.1:8000']",
            "swift rollout",
        ),
    ),
    Check(
        r"[Oo]nly supports (?:sft_type == 'lora'|lora (?:& llamapro )?series models)|"
        r"is a quantized model and does not support merge-lora|int8 model is not supported",
        "merge_lora adds a LoRA adapter to weights in 16 bits; this is another kind of training, "
        "or its base is quantized",
        (
            "the 16-bit form of the same model as the base (no -AWQ, -GPTQ, -Int4), then the merge",
            "a training of all weights has nothing to merge: its checkpoint is the model",
        ),
        (
            "AssertionError: qwen-7b-chat-int4 is a quantized model and does not support "
            "merge-lora.",
            "16-bit form",
        ),
    ),
    Check(
        r"int4(?:, int8 or awq| and int8) models do not need to be quantized|"
        r"is already a quantized model and does not need to be quantized again",
        "the model is quantized already, and the command asks to quantize it once more",
        (
            "without --quantization_bit (ms-swift 3: --quant_bits), for this model",
            "or the 16-bit form of the model with it",
        ),
        (
            "AssertionError: int4 and int8 models do not need to be quantized again.",
            "without --quantization_bit",
        ),
    ),
    Check(
        r"Full parameter fine-tuning does not support quantization",
        "all weights are to be trained, and quantized ones cannot be",
        (
            "--sft_type lora   beside --quantization_bit (ms-swift 3: --train_type, 4: "
            "--tuner_type)",
            "or no --quantization_bit for a full training",
        ),
        (
            "AssertionError: Full parameter fine-tuning does not support quantization.",
            "--sft_type lora",
        ),
    ),
    Check(
        r"you need to merge lora",
        "vLLM is to serve a LoRA checkpoint that was not merged",
        (
            "swift export --ckpt_dir CHECKPOINT --merge_lora true   then the folder it writes",
            "or --vllm_enable_lora true, for a model that vLLM serves with adapters",
        ),
        (
            'Traceback (most recent call last):\n  File "/x/swift/llm/utils/vllm_utils.py", line '
            "585, in prepare_vllm_engine_template\n    assert x\nAssertionError: you need to merge "
            "lora",
            "swift export",
        ),
        is_own=False,
    ),
    Check(
        r"V?LLM does not support bnb|lmdeploy does not support bnb|not support bnb",
        "the engine does not quantize with bitsandbytes at loading",
        (
            "--infer_backend pt   with --quantization_bit (ms-swift 3: --quant_method bnb)",
            "or a checkpoint in AWQ or GPTQ, without that option",
        ),
        (
            'Traceback (most recent call last):\n  File "/x/swift/llm/utils/argument.py", line '
            "9, in handle_infer_backend\n    assert x\nAssertionError: VLLM does not support bnb.",
            "--infer_backend pt",
        ),
        is_own=False,
    ),
    Check(
        r"AssertionError: (?:self|args)\.(?:ckpt_dir|adapters)(?: is not specified\.|: "
        r"(?P<given>[^\n]{0,200}))",
        "swift wants one checkpoint, and the command gives none, several, or a path that is no "
        "folder",
        (
            "--adapters OUTPUT/vN-DATE/checkpoint-STEP   (ms-swift 2 and 3: --ckpt_dir too)",
            "ls -d   of that folder, from where swift runs",
        ),
        (
            'Traceback (most recent call last):\n  File "/x/swift/llm/argument/base_args/'
            'base_args.py", line 35, in _handle_ckpt_dir\n    assert x\nAssertionError: '
            "self.ckpt_dir: output/checkpoint-10",
            "checkpoint-STEP",
        ),
        is_own=False,
    ),
    Check(
        r"AssertionError: args_path: (?P<path>[^\n]{1,200})",
        "the checkpoint has no args.json, from which ms-swift takes the settings of its training",
        (
            "--load_args false   and --model MODEL beside --adapters: settings from the command",
            "or the checkpoint's folder with the args.json that swift sft wrote there",
        ),
        (
            'Traceback (most recent call last):\n  File "/x/swift/arguments/base_args/'
            'base_args.py", line 248, in load_args_from_ckpt\n    assert x\nAssertionError: '
            "args_path: /out/checkpoint-10/args.json",
            "--load_args false",
        ),
        why="PEFT's adapters of other trainers lack that file",
        is_own=False,
    ),
    Check(
        r"args\.max_model_len exceeds the maximum max_model_len",
        "max_model_len is larger than the context in the model's config",
        ("--max_model_len   at most what the message has as the model's",),
        (
            "ValueError: args.max_model_len exceeds the maximum max_model_len supported by the "
            "model.args.max_model_len: 65536, model.max_model_len: 8192",
            "--max_model_len",
        ),
    ),
    Check(
        r"CPO/ORPO or LoRA training does not require a ref_model",
        "a reference model was given where none is used",
        (
            "without --ref_model: under LoRA the base without its adapter is the reference",
        ),
        (
            "ValueError: CPO/ORPO or LoRA training does not require a ref_model to be passed in.",
            "without --ref_model",
        ),
    ),
    Check(
        r"Unsupported liger model_type: (?P<name>\S{1,40})",
        "ms-swift does not put Liger's kernels into the model type {name}",
        ("without --use_liger_kernel (ms-swift 2 and 3.0: --use_liger)", "or pip install -U "
         "ms-swift liger-kernel"),
        ("ValueError: Unsupported liger model_type: gemma3", "without --use_liger_kernel"),
    ),
    Check(
        r"Invalid reasoning_parser: (?P<name>\S{1,40})\. Available parsers",
        "the installed vLLM has no reasoning parser {name}",
        ("--vllm_reasoning_parser   with one that the message lists", "or pip install -U vllm"),
        (
            "ValueError: Invalid reasoning_parser: qwen9. Available parsers: ['deepseek_r1']",
            "with one that the message lists",
        ),
    ),
)  # fmt: skip

KINDS: tuple[General, ...] = (
    kind_of(
        "setting-refused-by-swift",
        r"[/\\](?:ms-)?swift[/\\]",
        "read in the source of ms-swift, 1.7 to 4.5",
        _SETTINGS,
    ),
)
