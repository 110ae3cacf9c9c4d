"""What vLLM refuses of adapters, quantizations and prompts, by the sentence that it prints."""

from __future__ import annotations

from ..base import General
from ..checks import Check, kind_of

_CHECKS: tuple[Check, ...] = (
    Check(
        r"Cannot find the config file for (?P<method>[\w-]{2,30})",
        "vLLM was told that the folder is quantized by {method}, and the folder has no config of "
        "that",
        (
            "without --quantization {method}: vLLM reads the method from config.json itself",
            "or a folder that {method} wrote: quantization_config in config.json, or "
            "quantize_config.json (quant_config.json) beside it",
        ),
        ("ValueError: Cannot find the config file for awq", "without --quantization awq"),
        why="the option does not quantize anything: it names what the checkpoint is",
    ),
    Check(
        r"quantization method (?P<method>[\w-]{2,30}) is not supported for the current GPU\. "
        r"Minimum capability: (?P<least>\d{2,3})\. Current capability: (?P<here>\d{2,3})",
        "vLLM's kernel for {method} needs compute capability {least} (80 is Ampere), and this card "
        "has {here}",
        (
            "--quantization awq or gptq   where a checkpoint of that kind is taken by "
            "awq_marlin or gptq_marlin, which need Ampere",
            "or another form of the model: its 16-bit weights with --dtype float16, or a GGUF in "
            "llama.cpp",
        ),
        (
            "ValueError: The quantization method awq_marlin is not supported for the current GPU. "
            "Minimum capability: 80. Current capability: 75.",
            "--quantization awq",
        ),
    ),
    Check(
        r"When using LoRA, vocab size must be 32000 >= vocab_size <= (?P<most>\d+)",
        "this vLLM serves adapters on vocabularies up to {most} tokens, and this model's is larger "
        "(Gemma 3 and 4: 262,144 and more)",
        (
            "pip install -U vllm",
            "or model.merge_and_unload(), save_pretrained, and serve the merged model without "
            "--enable-lora",
        ),
        (
            "ValueError: When using LoRA, vocab size must be 32000 >= vocab_size <= 257024",
            "merge_and_unload",
        ),
        why="its kernel for the head has that bound",
    ),
    Check(
        r"Got lora_request [^\n]{0,200}but LoRA is not enabled",
        "a request names an adapter, and the engine was started without adapters",
        (
            "LLM(MODEL, enable_lora=True, max_lora_rank=RANK)   before generate(..., "
            "lora_request=...)",
            "vllm serve MODEL --enable-lora --lora-modules NAME=FOLDER --max-lora-rank RANK",
        ),
        (
            "ValueError: Got lora_request LoRARequest(lora_name='a', lora_int_id=1) but LoRA is "
            "not enabled!",
            "enable_lora=True",
        ),
    ),
    Check(
        r"max_lora_rank \((?P<rank>\d+)\) must be one of (?P<list>\([\d, ]{3,80}\))",
        "vLLM takes no max_lora_rank of {rank}",
        ("--max-lora-rank: the next larger one of {list}",),
        (
            "ValueError: max_lora_rank (12) must be one of (8, 16, 32, 64, 128, 256).",
            "next larger one",
        ),
        why="an adapter of a smaller rank fits into it",
    ),
    Check(
        r"LoRA added vocab size (?P<there>\d+) is greater than lora_extra_vocab_size (?P<most>\d+)",
        "the adapter adds {there} tokens, and vLLM was started for {most}",
        (
            "--lora-extra-vocab-size 512   (256 and 512 are taken)",
            "or the adapter merged into the resized base: merge_and_unload, save_pretrained with "
            "the tokenizer",
        ),
        (
            "ValueError: LoRA added vocab size 300 is greater than lora_extra_vocab_size 256.",
            "--lora-extra-vocab-size 512",
        ),
    ),
    Check(
        r"Number of requested LoRAs \((?P<asked>\d+)\) is greater than the number of GPU LoRA "
        r"slots \((?P<slots>\d+)\)",
        "one batch asks for {asked} adapters, and vLLM holds {slots} on the card at a time",
        ("--max-loras {asked}   (LLM(..., max_loras={asked}))",),
        (
            "RuntimeError: Number of requested LoRAs (2) is greater than the number of GPU LoRA "
            "slots (1).",
            "--max-loras 2",
        ),
    ),
    Check(
        r"(?P<folder>[^\s'\"]{2,200}) doesn't contain tensors",
        "there is no adapter in {folder}: vLLM looks for adapter_model.safetensors, .bin or .pt",
        (
            "ls {folder}   has to show adapter_config.json and adapter_model.safetensors",
            "the last checkpoint-N, or what trainer.save_model() wrote; a merged model is served "
            "as the model itself",
        ),
        (
            'Traceback (most recent call last):\n  File "/x/vllm/lora/lora_model.py", '
            "line 9, in f\n    raise\n"
            "ValueError: /out/adapter doesn't contain tensors",
            "ls /out/adapter",
        ),
        is_own=False,
    ),
    Check(
        r"Attempted to assign (?P<features>[\d +x=]{1,60}) multimodal tokens to (?P<places>\d+) "
        r"placeholders",
        "the prompt has {places} places for a picture's tokens, and they make {features}",
        (
            "the prompt by the processor's own template, one placeholder for each picture: "
            "llm.chat(messages), or apply_chat_template",
            "no placeholder that is part of the user's text; no truncation of such a prompt",
        ),
        (
            "ValueError: Attempted to assign 256 = 256 multimodal tokens to 257 placeholders",
            "257 places",
        ),
    ),
    Check(
        r"[Tt]he (?:\w+ )?prompt \((?:total )?length (?P<there>\d+)\) is (?:longer than|too long to"
        r" fit into) the (?:maximum model length of|model \(context length) (?P<most>\d+)",
        "the prompt has {there} tokens, and vLLM was started for {most} in all",
        (
            "--max-model-len N   above prompt and answer together, up to max_position_embeddings "
            "of config.json",
            "or a shorter prompt; each picture counts (256 and more)",
        ),
        (
            "ValueError: The decoder prompt (length 5000) is longer than the maximum model length "
            "of 4096.",
            "--max-model-len",
        ),
    ),
    Check(
        r"maximum context length is (?P<most>\d+) tokens\. However, you requested (?P<there>\d+) "
        r"tokens",
        "prompt and answer together are {there} tokens, and the server takes {most}",
        (
            "a smaller max_tokens in the request, or fewer messages",
            "vLLM: --max-model-len N, up to max_position_embeddings of config.json",
        ),
        (
            "ValueError: This model's maximum context length is 4096 tokens. However, you "
            "requested 5000 tokens (3000 in the messages, 2000 in the completion).",
            "a smaller max_tokens",
        ),
    ),
    Check(
        r"(?:Prefix caching is (?:not|currently not) supported with sliding window)",
        "this vLLM keeps no prefixes for a model with sliding windows, as Gemma's are",
        (
            "no --enable-prefix-caching",
            "or pip install -U vllm",
            "or --disable-sliding-window, which cuts the context to one window",
        ),
        (
            "NotImplementedError: Prefix caching is not supported with sliding window. Run with "
            "--disable-sliding-window to use prefix caching.",
            "no --enable-prefix-caching",
        ),
    ),
    Check(
        r"VLLM_ATTENTION_BACKEND is set to FLASHINFER, but flashinfer module was not found",
        "the environment asks for FlashInfer's attention, and that package is not installed",
        ("unset VLLM_ATTENTION_BACKEND", "or pip install flashinfer-python   for the installed "
         "torch"),
        (
            "ValueError: VLLM_ATTENTION_BACKEND is set to FLASHINFER, but flashinfer module was "
            "not found.",
            "unset VLLM_ATTENTION_BACKEND",
        ),
    ),
    Check(
        r"The model `(?P<name>[^`\n]{1,120})` does not exist\.",
        "the server has no model and no adapter of the name {name}",
        (
            "curl -s http://HOST:PORT/v1/models   lists the names that it has",
            "--served-model-name {name}, or --lora-modules {name}=FOLDER, at its start",
        ),
        (
            "ValueError: The model `gemma-lora` does not exist.",
            "--lora-modules gemma-lora=FOLDER",
        ),
        why="without --served-model-name the name is what vllm serve was given, path and all",
    ),
    Check(
        r"currently does not support BNB quantization for (?P<name>\S{1,80})",
        "this vLLM does not load {name} in 4 bits by bitsandbytes",
        (
            "vllm serve the 16-bit checkpoint (the merged model, or the base with --enable-lora)",
            "or pip install -U vllm: each release takes more classes",
        ),
        (
            "AssertionError: vllm currently does not support BNB quantization for "
            "Gemma3nForConditionalGeneration",
            "16-bit checkpoint",
        ),
    ),
    Check(
        r"rope_scaling should have a 'rope_type' key",
        "rope_scaling of config.json has neither rope_type nor type",
        (
            '"rope_scaling": null   as in the base checkpoint, or "rope_type": "linear" (yarn, '
            "llama3 ...) in it",
        ),
        ("ValueError: rope_scaling should have a 'rope_type' key", '"rope_scaling": null'),
    ),
    Check(
        r"`limit_mm_per_prompt` is only supported for multimodal models",
        "vLLM loads a class for text alone, and the command limits pictures",
        (
            "without --limit-mm-per-prompt",
            "or the whole checkpoint: architectures in config.json is "
            "...ForConditionalGeneration where it takes pictures",
        ),
        (
            "ValueError: `limit_mm_per_prompt` is only supported for multimodal models.",
            "without --limit-mm-per-prompt",
        ),
    ),
    Check(
        r"LLM\.(?P<call>\w{3,20})\(\) is only supported for (?:\(?conditional\)? )?generat\w{3,6} "
        r"models|This model does not support `--runner generate`",
        "vLLM took the model for one that gives embeddings or scores, and it is to write text",
        (
            "--runner generate   (older: --task generate), where config.json has a class "
            "...ForCausalLM or ...ForConditionalGeneration",
            "or llm.embed, llm.classify, llm.score, for an embedding model or a classifier",
        ),
        (
            "ValueError: LLM.generate() is only supported for generative models. Try passing "
            "`--runner generate`",
            "--runner generate",
        ),
    ),
    Check(
        r"GPU memory utilization must be less than 1\.0\. Got (?P<value>\S{1,20}?)\.?$",
        "gpu_memory_utilization is a share of the card, and {value} is not below 1",
        ("--gpu-memory-utilization 0.9",),
        (
            "ValueError: GPU memory utilization must be less than 1.0. Got 90.0.",
            "--gpu-memory-utilization 0.9",
        ),
    ),
    Check(
        r"max_num_batched_tokens \((?P<tokens>\d+)\) must be greater than or equal to max_num_seqs "
        r"\((?P<rows>\d+)\)",
        "vLLM may take {tokens} tokens at once, which is fewer than the {rows} sequences at once",
        ("--max-num-batched-tokens 2048, or --max-num-seqs {tokens}",),
        (
            "ValueError: max_num_batched_tokens (64) must be greater than or equal to max_num_seqs "
            "(256).",
            "--max-num-seqs 64",
        ),
    ),
)  # fmt: skip

KINDS: tuple[General, ...] = (
    kind_of(
        "check-of-vllm",
        r"[/\\]vllm[/\\]",
        "vLLM says so; read in its source, 0.4.3, 0.8.5 and 0.33.0",
        _CHECKS,
    ),
)
