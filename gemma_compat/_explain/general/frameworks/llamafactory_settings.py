"""What LLaMA-Factory checks in its settings, beyond what it says of a pair of options."""

from __future__ import annotations

from ..base import General
from ..checks import Check, kind_of

_FRAMES = (
    'Traceback (most recent call last):\n  File "/x/src/llamafactory/a.py", line 9, in f\n'
    "    raise\n"
)

_SETTINGS: tuple[Check, ...] = (
    Check(
        r"Streaming mode should have an integer val size",
        "val_size is a fraction, and a streamed data set has no length to take it of",
        ("val_size: 100   (a number of rows), with streaming: true",),
        ("ValueError: Streaming mode should have an integer val size.", "val_size: 100"),
    ),
    Check(
        r"`max_samples` is incompatible with `streaming`",
        "max_samples counts rows of a loaded data set, and streaming loads none",
        ("no max_samples; max_steps bounds a streamed run",),
        ("ValueError: `max_samples` is incompatible with `streaming`.", "max_steps"),
    ),
    Check(
        r"Turn off `streaming` when saving dataset to disk",
        "tokenized_path writes the whole data set to disk, and streaming never has it whole",
        ("no tokenized_path, or streaming: false",),
        ("ValueError: Turn off `streaming` when saving dataset to disk.", "streaming: false"),
    ),
    Check(
        r"Cannot specify `val_size` if `dataset` is None",
        "val_size takes rows from dataset, and there is none",
        ("dataset: NAME beside it, or no val_size where eval_dataset is given",),
        ("ValueError: Cannot specify `val_size` if `dataset` is None.", "dataset: NAME"),
    ),
    Check(
        r"The length of (?P<which>dataset|eval dataset) and interleave probs should be identical",
        "interleave_probs has another number of values than {which} has names",
        ("interleave_probs: one number for each name, with a comma between two",),
        (
            "ValueError: The length of dataset and interleave probs should be identical.",
            "one number for each name",
        ),
    ),
    Check(
        r"Cannot create new adapter upon a quantized model",
        "a second adapter over a first one is not made on a quantized base",
        (
            "llamafactory-cli export   merges the first into the 16-bit base; then train on that "
            "folder with quantization_bit",
            "or create_new_adapter: false, which trains the first one on",
        ),
        ("ValueError: Cannot create new adapter upon a quantized model.", "create_new_adapter"),
        why="with create_new_adapter the first adapter is merged into the base at loading",
    ),
    Check(
        r"Cannot use multiple adapters in DeepSpeed ZeRO-3|"
        r"(?:Unsloth|KTransformers) model only accepts a single adapter",
        "adapter_name_or_path names several adapters, and here only one is loaded",
        ("llamafactory-cli export   merges them first, one after the other", "or ZeRO-2 without "
         "Unsloth, where the weights fit on each card"),
        ("AssertionError: Cannot use multiple adapters in DeepSpeed ZeRO-3.", "export"),
    ),
    Check(
        r"Cannot resize embedding layers of a quantized model",
        "the tokenizer has more tokens than the embeddings have rows, and quantized ones are not "
        "extended",
        (
            "no new tokens (add_tokens, add_special_tokens, resize_vocab) beside quantization_bit",
            "or train them in 16 bits: no quantization_bit",
        ),
        ("ValueError: Cannot resize embedding layers of a quantized model.", "add_tokens"),
    ),
    Check(
        r"Current model does not support resizing embedding layers",
        "the tokenizer has more tokens than the embeddings have rows, and the head of this model "
        "cannot be extended (it is another kind of layer)",
        ("no resize_vocab, add_tokens or add_special_tokens", "or the tokenizer of the base "
         "checkpoint, where tokens came in by another one"),
        (
            "ValueError: Current model does not support resizing embedding layers.",
            "no resize_vocab",
        ),
    ),
    Check(
        r"Cannot use device map for quantized models in training",
        "quantization_device_map: auto spreads a quantized model over several cards, for inference "
        "alone",
        ("no quantization_device_map in a YAML that trains: each card then holds the whole model",),
        (
            "ValueError: Cannot use device map for quantized models in training.",
            "no quantization_device_map",
        ),
    ),
    Check(
        r"Only 4-bit quantized model can use (?:fsdp\+qlora or )?auto device map",
        "of bitsandbytes' two forms only 4 bits go with FSDP, ZeRO-3 or a device map",
        ("quantization_bit: 4", "or DDP or ZeRO-2 with 8 bits"),
        (
            "ValueError: Only 4-bit quantized model can use fsdp+qlora or auto device map.",
            "quantization_bit: 4",
        ),
    ),
    Check(
        r"DeepSpeed ZeRO-3(?: or FSDP)? is incompatible with (?:PTQ-)?quantiz\w{2,4}(?: models)?|"
        r"(?:HQQ|EETQ) quantization is incompatible with DeepSpeed ZeRO-3",
        "ZeRO-3 and FSDP divide each weight over the cards, and this quantization (GPTQ, AWQ, "
        "AQLM, HQQ, EETQ) cannot be divided",
        (
            "the 16-bit form of the model, with quantization_bit: 4 (bitsandbytes), which FSDP and "
            "ZeRO-3 take",
            "or deepspeed: examples/deepspeed/ds_z2_config.json, where the weights fit a card",
        ),
        (
            "ValueError: DeepSpeed ZeRO-3 or FSDP is incompatible with PTQ-quantized models.",
            "quantization_bit: 4",
        ),
        why="0.9.5 takes a checkpoint in FP8 or MXFP4: it turns it into 16 bits first",
    ),
    Check(
        r"(?:DoRA is (?:not compatible with PTQ-quantized|currently not compatible with quantized)|"
        r"Cannot initialize PiSSA adapter on quantized) models",
        "DoRA and PiSSA compute with the base's own numbers, and a quantized checkpoint (GPTQ, "
        "AWQ) does not give them",
        (
            "use_dora: false, pissa_init: false   for this base",
            "or the 16-bit form of the model",
        ),
        ("ValueError: DoRA is not compatible with PTQ-quantized models.", "use_dora: false"),
    ),
    Check(
        r"Cannot use PiSSA for current training stage",
        "PiSSA changes the base, and PPO, KTO and DPO with a reference compare with it",
        ("pissa_init: false   in these stages",),
        ("ValueError: Cannot use PiSSA for current training stage.", "pissa_init: false"),
    ),
    Check(
        r"This device does not support `pure_bf16`",
        "pure_bf16 was asked for, and torch says that this card does not compute bfloat16",
        ("pure_bf16: false, fp16: true", "or an Ampere card or newer"),
        ("ValueError: This device does not support `pure_bf16`.", "fp16: true"),
    ),
    Check(
        r"(?:vLLM|vLLM/SGLang) backend is only available for API, CLI and Web",
        "llamafactory-cli train (do_predict) generates with transformers alone",
        (
            "infer_backend: huggingface   here",
            "or python scripts/vllm_infer.py --model_name_or_path MODEL --dataset NAME   of its "
            "checkout, for many rows",
        ),
        (
            "ValueError: vLLM backend is only available for API, CLI and Web.",
            "infer_backend: huggingface",
        ),
    ),
    Check(
        r"vLLM engine does not support bnb quantization",
        "quantization_bit quantizes with bitsandbytes, and LLaMA-Factory's vLLM engine loads none "
        "such",
        (
            "no quantization_bit with infer_backend: vllm",
            "or infer_backend: huggingface; or a merged checkpoint in AWQ or GPTQ",
        ),
        (
            "ValueError: vLLM engine does not support bnb quantization (GPTQ and AWQ are "
            "supported).",
            "no quantization_bit",
        ),
    ),
    Check(
        r"`predict_with_generate` cannot be set as True while training|"
        r"Cannot use `predict_with_generate` (?:if `eval_dataset` is None|and `compute_accuracy`)",
        "predict_with_generate writes answers for an evaluation: it goes neither with the training "
        "nor with compute_accuracy, and needs eval_dataset",
        (
            "a second YAML after the training: do_train: false, do_predict: true, "
            "eval_dataset: NAME, predict_with_generate: true",
        ),
        (
            "ValueError: Cannot use `predict_with_generate` if `eval_dataset` is None.",
            "eval_dataset: NAME",
        ),
    ),
    Check(
        r"RM and PPO stages do not support `load_best_model_at_end`",
        "the value head of these stages is a file apart, which load_best_model_at_end leaves out",
        ("load_best_model_at_end: false", "then the checkpoint that is best, by hand"),
        (
            "ValueError: RM and PPO stages do not support `load_best_model_at_end`.",
            "load_best_model_at_end: false",
        ),
    ),
    Check(
        r"`resume_from_checkpoint` will be supported in the future version|"
        r"PPOTrainer does not support eval dataset yet|PPO training does not support evaluation",
        "PPO in LLaMA-Factory neither resumes nor evaluates",
        ("no resume_from_checkpoint, eval_dataset, val_size and eval_strategy with stage: ppo",),
        ("NotImplementedError: PPOTrainer does not support eval dataset yet.", "stage: ppo"),
    ),
    Check(
        r"`num_layers` (?P<layers>\d+) should be divisible by `num_layer_trainable` (?P<of>\d+)",
        "LLaMA Pro puts {of} new layers evenly between the model's {layers}, and that does not "
        "come out even",
        ("freeze_trainable_layers: a divisor of {layers}",),
        (
            "ValueError: `num_layers` 26 should be divisible by `num_layer_trainable` 4.",
            "a divisor of 26",
        ),
    ),
    Check(
        r"Unknown attention type: (?P<name>\S{1,40})",
        "flash_attn has no value {name}",
        ("flash_attn: auto, disabled, sdpa, fa2   (0.9.5: fa3 too)",),
        ("NotImplementedError: Unknown attention type: flash_attention_2", "fa2"),
    ),
    Check(
        r"Unknown (?P<what>finetuning type|mixing strategy|load type|backend): "
        r"(?P<name>\S{1,40}?)\.?$",
        "LLaMA-Factory has no {what} of the name {name}",
        (
            "finetuning_type: lora, oft, freeze, full; mix_strategy: concat, interleave_under, "
            "interleave_over; infer_backend: huggingface, vllm, sglang",
        ),
        (_FRAMES + "NotImplementedError: Unknown finetuning type: qlora.", "lora, oft"),
        why="QLoRA is finetuning_type: lora with quantization_bit: 4",
        is_own=False,
    ),
    Check(
        r"Evaluation will be deprecated in the future",
        "llamafactory-cli eval is no longer there in this release",
        (
            "lm-eval --model hf --model_args pretrained=FOLDER --tasks mmlu   (lm-evaluation-"
            "harness)",
            "or llamafactory-cli train with do_predict: true, for your own rows",
        ),
        ("NotImplementedError: Evaluation will be deprecated in the future.", "lm-eval"),
    ),
)  # fmt: skip

KINDS: tuple[General, ...] = (
    kind_of(
        "setting-refused-by-llamafactory",
        r"[/\\](?:llamafactory|llmtuner)[/\\]",
        "LLaMA-Factory says so; read in its source, 0.2.2 to 0.9.5",
        _SETTINGS,
    ),
)
