"""vLLM, which serves what was trained and generates for GRPO."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_SHARE = "gpu_memory_utilization=0.9, if nothing else is on the card; less, if a trainer is"


def _figure(pattern: str, case: Case) -> str:
    text = " ".join(f"{case.hit.before[-300:]} {case.hit.text} {case.hit.after[:600]}".split())
    found = re.search(pattern, text)
    return found[1] if found else ""


def _beside_a_trainer(case: Case) -> str:
    """Return what to set first where a trainer started the engine; else nothing."""
    near = case.near + case.around
    if re.search(r"vllm[-_]serve", near):  # TRL's server has vLLM's own names
        return ""
    if re.search(r"packages[/\\]unsloth|fast_inference|FastLanguageModel", near):
        return (
            "gpu_memory_utilization=0.6 or more in from_pretrained, with a smaller max_seq_length: "
            "the share is too small for the weights"
        )
    if re.search(r"[/\\]trl[/\\]|vllm_gpu_memory_utilization|GRPO(?:Trainer|Config)", near):
        return (
            "vllm_gpu_memory_utilization=0.5 or more, with a smaller max_completion_length (newer "
            "TRL: vllm_max_model_length): the share is too small for the weights"
        )
    return ""


def _cache(case: Case) -> Answer:
    if "No available memory" in case.match[0]:
        return Answer(
            "weights and work space already take all of vLLM's share of the card: no block of the "
            "cache fits",
            (
                _beside_a_trainer(case) or _SHARE,
                "or fewer bytes of weights for each card: a quantized checkpoint, or "
                "tensor_parallel_size over more cards",
                "or a smaller max_num_batched_tokens and max_num_seqs, and fewer images for each "
                "prompt (limit_mm_per_prompt)",
            ),
            why="vLLM takes a share of the card (gpu_memory_utilization), subtracts the weights "
            "and the peak of a trial run, and keeps the rest for the cache",
            known="vLLM says so",
            settles=False,
        )
    asked = _figure(r"max seq len \((\d{1,9})\)", case)
    fits = _figure(r"maximum model length is (\d{1,9})", case) or _figure(
        r"stored in KV cache \((\d{1,9})\)", case
    )
    length = fits or "4096"
    return Answer(
        f"the keys and values of one sequence of {asked or 'maximal'} tokens do not fit into what "
        "vLLM has left for the cache" + (f": {fits} tokens do" if fits else ""),
        (
            f"max_model_len={length}   or less (vllm serve: --max-model-len {length}; Unsloth: "
            "max_seq_length)",
            f"or {_SHARE}",
            "or kv_cache_dtype='fp8', or more cards (tensor_parallel_size)",
        ),
        why="without max_model_len vLLM takes the model's own maximum from config.json",
        known="vLLM says so, with the figures" if fits else "vLLM says so",
    )


def _own_jinja(case: Case) -> Answer | None:
    """Answer for a program that renders templates without Python's Jinja."""
    around = f"{case.hit.before}{case.hit.text}{case.hit.after}"
    if not re.search(r"(?i)jinja|template|gpt4all", around):
        return None
    return Answer(
        "the program that serves the model cannot read or render its chat template",
        (
            "update the program (GPT4All, LM Studio, llama.cpp), or set its prompt template by "
            "hand",
            "llama-server --chat-template gemma   (llama.cpp's own for Gemma, without Jinja)",
        ),
        why="such programs have their own Jinja, which knows less than Python's; a template can "
        "also refuse the messages: Gemma 1 and 2 take no system role",
        known="the message; what in the template it stumbles over, it says only in part",
        settles=False,
    )


def _share(case: Case) -> Answer:
    free, size = float(case.match["free"]), float(case.match["all"])
    fitting = max(int(100 * free / size) - 1, 1)
    if free > 0.85 * size:
        return Answer(
            f"vLLM was told to take more than is free: {free:g} of {size:g} GiB are",
            (
                f"gpu_memory_utilization={fitting / 100:.2f}   (vllm serve: "
                f"--gpu-memory-utilization {fitting / 100:.2f})",
                "nvidia-smi   shows who holds the rest, a display or a small process",
            ),
            why="the share is counted of the whole card, and a part of it is never free",
            known="vLLM prints both sizes",
        )
    return Answer(
        f"the card has {free:g} of {size:g} GiB free when vLLM starts: other processes hold the "
        "rest",
        (
            "nvidia-smi   and stop what is left of an earlier run; or another card: "
            "CUDA_VISIBLE_DEVICES=1",
            f"or gpu_memory_utilization={fitting / 100:.2f}, where the model fits into that",
            "in one script: the engine before what else takes the card, or del and "
            "torch.cuda.empty_cache() of what was there",
        ),
        known="vLLM prints both sizes",
    )


def _engine_failed(case: Case) -> Answer | None:
    if case.error is None or not case.error.is_of_a_launcher:
        return None
    return Answer(
        "this is only vLLM's report that its engine's process failed; rows above it speak of an "
        "error that came first"
        if case.has_an_error_above
        else "this is only vLLM's report that its engine's process failed; its own error stands "
        "above it, and is not in this log",
        ("the lines above it: the first traceback or error of EngineCore or of a worker",),
        known="the message",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "template-another-engine-refuses",
        r"[Ss]yntax error: \d+:\d+: error: |Error rendering prompt with jinja template|"
        r"[Ff]ailed to parse (?:chat|Jinja) ?template",
        _own_jinja,
        {
            "Jinja error: \"Syntax error: 4:2: error: Unexpected token '}'. Expected: '>'\"": (
                "prompt template"
            ),
            "Syntax error: 4:2: error: Unexpected token": "",
            'Error rendering prompt with jinja template: "Error: Cannot call something"': (
                "prompt template"
            ),
        },
        alone=True,
    ),
    General(
        "embeddings-in-float32-only",
        r"Could not start backend: (?P<name>\w{2,40}) is only supported in fp32 precision",
        lambda case: Answer(
            f"this text-embeddings-inference computes {case.match['name']} in float32 only",
            ("text-embeddings-router --dtype float32 ...",),
            why="EmbeddingGemma is a Gemma 3, whose activations pass float16's largest number; the "
            "server refuses float16 for it"
            if case.match["name"].startswith("Gemma3")
            else "the server has no kernels of another precision for this class",
            known="the server says so",
        ),
        {
            "Could not start backend: Gemma3 is only supported in fp32 precision": (
                "--dtype float32"
            ),
            "Could not start Candle backend: Could not start backend: Qwen3 is only supported in "
            "fp32 precision": "--dtype float32",
            "ValueError: MyKernel is only supported in fp32 precision": "",
        },
        alone=True,
    ),
    General(
        "no-room-for-the-cache",
        r"No available memory for the cache blocks|"
        r"larger than the (?:maximum number of tokens that can be stored|available KV cache)|"
        r"KV cache is needed, which is larger than",
        _cache,
        {
            "ValueError: The model's max seq len (131072) is larger than the maximum number of "
            "tokens that can be stored in KV cache (27648).": "max_model_len=27648",
            "ValueError: To serve at least one request with the model's max seq len (1048576),\n"
            "22.5 GiB KV cache is needed, which is larger than the available KV cache memory "
            "(17.39 GiB).\nBased on the available memory, the estimated maximum model length is "
            "810208.": "max_model_len=810208",
            "ValueError: No available memory for the cache blocks. Try increasing "
            "`gpu_memory_utilization` when initializing the engine.": "quantized",
            "trl vllm-serve --model google/gemma-3-27b-it  # for the GRPO run\n"
            "ValueError: No available memory for the cache blocks.": "gpu_memory_utilization=0.9",
            'File "/x/site-packages/trl/trainer/grpo_trainer.py", line 600, in __init__\n    f()\n'
            "ValueError: No available memory for the cache blocks.": "vllm_gpu_memory_utilization",
        },
        alone=True,
    ),
    General(
        "share-of-the-card-taken",
        r"Free memory on device (?:\S{1,12} )?\((?P<free>[\d.]{1,9})/(?P<all>[\d.]{1,9}) GiB\)"
        r".{0,40}less than desired GPU memory utilization",
        _share,
        {
            "ValueError: Free memory on device (10.0/23.6 GiB) on startup is less than desired GPU "
            "memory utilization (0.9, 21.2 GiB).": "nvidia-smi",
            "ValueError: Free memory on device cuda:0 (19.77/22.05 GiB) on startup is less than "
            "desired GPU memory utilization (0.9, 19.84 GiB).": "gpu_memory_utilization=0.88",
        },
        alone=True,
    ),
    General(
        "longer-than-the-model",
        r"User-specified max_model_len \((?P<asked>\d+)\) is greater than the derived",
        lambda case: Answer(
            f"vLLM was asked for a context of {case.match['asked']} tokens, and config.json allows "
            "fewer",
            (
                "a smaller --max-model-len (or none: vLLM then takes what config.json says)",
                "or look at max_position_embeddings in FOLDER/config.json: a merge or "
                "max_seq_length may have written it",
            ),
            known="vLLM prints both lengths",
        ),
        {
            "ValueError: User-specified max_model_len (32768) is greater than the derived "
            "max_model_len (max_position_embeddings=8192)": "--max-model-len"
        },
        alone=True,
    ),
    General(
        "memory-changed-under-vllm",
        r"Error in memory profiling\.",
        always(
            "another process freed or took memory on the card while vLLM measured it",
            "nvidia-smi   and stop what is left of an earlier run, then start again",
            why="vLLM compares the free memory before and after a trial run",
            known="vLLM says so",
        ),
        {
            "AssertionError: Error in memory profiling. Initial free memory 20.1 GiB, current free "
            "memory 30.2 GiB.": "nvidia-smi"
        },
        alone=True,
    ),
    General(
        "more-images-than-allowed",
        r"At most (?P<most>\d+) (?P<kind>image|audio|video)\(s\) may be provided",
        lambda case: Answer(
            f"the request holds more than {case.match['most']} {case.match['kind']}(s), the limit "
            "that vLLM was started with",
            (f"--limit-mm-per-prompt '{{\"{case.match['kind']}\": 4}}'   (as many as are sent)",),
            known="vLLM says so",
        ),
        {
            "ValueError: At most 1 image(s) may be provided in one request.": "limit-mm-per-prompt",
        },
        alone=True,
    ),
    General(
        "no-model-in-that-folder",
        r"No supported config format found in|"
        r"Invalid repository ID or local directory specified",
        always(
            "vLLM found no config.json under that name or in that folder, or could not read it",
            "ls FOLDER, or hf download NAME config.json   : is it there, and does this machine "
            "get it? A gated name, or a Hub out of reach, ends so too",
            "the folder with the merged model, or the repository's exact name",
            "an adapter alone: vllm serve BASE --enable-lora --lora-modules NAME=FOLDER",
            "a GGUF: the path of the .gguf file itself, with --tokenizer BASE",
            known="vLLM says so; read in its get_config: any error of that look is told so",
            settles=False,
        ),
        {
            "ValueError: No supported config format found in /models/x.": "--enable-lora",
            "ValueError: Invalid repository ID or local directory specified: "
            "'google/gemma-3-4b-it'.": "or could not read it",
        },
        alone=True,
    ),
    General(
        "engine-failed",
        r"Engine (?:core )?(?:initialization failed|process failed to start)",
        _engine_failed,
        {
            "RuntimeError: Engine core initialization failed. See root cause above.": (
                "is not in this log"
            ),
            "EngineCore failed to start: gemma9 is unknown to us\n"
            "RuntimeError: Engine core initialization failed. See root cause above.": (
                "that came first"
            ),
        },
    ),
)


def is_serving(case: Case) -> bool:
    """Return whether vLLM raised the error, where nothing is trained."""
    return (
        re.search(r"[/\\]vllm[/\\]|EngineCore|\bvllm serve\b", case.above + case.around) is not None
    )
