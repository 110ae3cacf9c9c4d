"""vLLM, which serves what was trained and generates for GRPO."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from ..released import in_which
from .vllm_tensors import drafter_unknown

_LESS = (
    "max_model_len=4096   (Unsloth: max_seq_length=4096)",
    "or gpu_memory_utilization=0.9, if nothing else is on the card; less, if a trainer is",
)


def _architecture(case: Case) -> Answer:
    name = case.match["name"] or case.match["told"]
    if re.search(r"(?i)eagle|dspark|draft|assistant|mtp|dflash", name):
        return drafter_unknown(name)
    known = in_which(case) if case.match["name"] else None
    if case.says(r"dtensor_weight_loader|megatron_weight_loader|verl[/\\]|dict_keys\("):
        return Answer(
            f"verl's own loader, which hands weights to an old vLLM, does not know {name}",
            ("pip install -U verl 'vllm>=0.8'   : newer ones hand weights over by name",),
            why="with vLLM up to 0.6.3 verl lists each architecture in a table of its loaders",
            known="verl lists what it knows; its tables were read in 0.4.0",
        )
    package = "sglang" if case.packages[-1:] == ["sglang"] else "vllm"
    who = {"sglang": "SGLang", "vllm": "vLLM"}[package]
    installed = case.facts.packages.get(package)
    version = f" {installed.get('version', '')}" if installed is not None else ""
    happened = f"this {who}{version.rstrip()} does not know {name}"
    advised = ("python -m gemma_compat advise --with vllm   finds a set",)
    beside = advised if package == "vllm" else ()
    if known is not None and known.command:
        return Answer(
            happened,
            (known.command, *beside),
            why=known.happened,
            known=f"{who} says so; the releases were read in the wheels of {package}",
            settles=False,
        )
    return Answer(
        happened,
        (f"pip install -U {package}", *beside),
        why=f"an architecture comes with a release of {who}, and it is named in config.json; a "
        "merge that wrote another name there has the same message",
        known=f"{who} lists what it knows",
        settles=False,
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
        r"(?P<name>\w{2,40}) is only supported in fp32 precision",
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
        },
        alone=True,
    ),
    General(
        "no-room-for-the-cache",
        r"No available memory for the cache blocks|"
        r"larger than the (?:maximum number of tokens that can be stored|available KV cache)|"
        r"KV cache is needed, which is larger than",
        always(
            "vLLM has no memory left for the keys and values of one sequence of maximal length",
            *_LESS,
            why="vLLM takes a share of the card (gpu_memory_utilization), subtracts weights and a "
            "trial run, and keeps the rest for the cache; a Gemma states 128k tokens",
            known="vLLM says so",
        ),
        {
            "ValueError: The model's max seq len (131072) is larger than the maximum number of "
            "tokens that can be stored in KV cache (27648).": "max_model_len"
        },
        alone=True,
    ),
    General(
        "share-of-the-card-taken",
        r"Free memory on device .{0,80}less than desired GPU memory utilization",
        always(
            "something else already holds the memory that vLLM was told to take",
            "nvidia-smi   and stop what is left of an earlier run",
            "or a smaller gpu_memory_utilization",
            known="vLLM prints both sizes",
        ),
        {
            "ValueError: Free memory on device (10.0/23.6 GiB) on startup is less than desired GPU "
            "memory utilization (0.9, 21.2 GiB).": "nvidia-smi"
        },
        alone=True,
    ),
    General(
        "architecture-unknown-to-vllm",
        r"Model architectures \['(?P<name>\w{1,80})'\] are not\s+supported|"
        r"(?P<told>Gemma\w{0,12}For(?:CausalLM|ConditionalGeneration)) is not supported (?:by|in) "
        r"(?:this )?vLLM",
        _architecture,
        {
            "ValueError: Model architectures ['Gemma3ForConditionalGeneration'] are not supported "
            "for now.": "pip install -U vllm",
            'Traceback (most recent call last):\n  File "/x/site-packages/sglang/srt/models/'
            'registry.py", line 5, in _raise_for_unsupported\n    raise ValueError(\nValueError: '
            "Model architectures ['Gemma3ForConditionalGeneration'] are not supported for now.": (
                "sglang>=0.4.4.post2"
            ),
            "ValueError: Model architectures ['Gemma3ForConditionalGeneration'] are not supported "
            "for now. Supported architectures: dict_keys(['GPT2LMHeadModel'": "-U verl",
        },
        alone=True,
    ),
    General(
        "no-adapters-in-vllm",
        r"(?P<name>[A-Z]\w{1,80}) does not support LoRA(?: yet|, but LoRA is enabled)",
        lambda case: Answer(
            f"this vLLM does not serve adapters on {case.match['name']}",
            (
                "pip install -U vllm",
                "or serve the merged model: model.merge_and_unload(), save_pretrained, no adapter",
            ),
            why="the class has to be made for adapters, and newer releases of vLLM make more so",
            known="vLLM says so; which release does, it does not say",
            settles=False,
        ),
        {"ValueError: Gemma4ForConditionalGeneration does not support LoRA yet.": "merged"},
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
            "there is no config.json under that name or in that folder",
            "the folder with the merged model, or the repository's exact name",
            "an adapter alone: vllm serve BASE --enable-lora --lora-modules NAME=FOLDER",
            "a GGUF: the path of the .gguf file itself, with --tokenizer BASE",
            known="vLLM says so",
        ),
        {"ValueError: No supported config format found in /models/x.": "--enable-lora"},
        alone=True,
    ),
    General(
        "head-size-without-a-kernel",
        r"Head size (?P<size>\d+) is not supported by \w{3,40}|"
        r"Please use Flashinfer backend for models with logits_soft_cap",
        always(
            "this vLLM's attention backend has no kernel for this model's heads or soft cap",
            "pip install -U vllm",
            "or another backend: VLLM_ATTENTION_BACKEND=FLASHINFER (pip install flashinfer-python)",
            known="vLLM says so",
            settles=False,
        ),
        {
            "ValueError: Head size 256 is not supported by PagedAttention. Supported head sizes "
            "are: [64, 80, 96, 112, 128]": "backend"
        },
        alone=True,
    ),
    General(
        "engine-failed",
        r"Engine (?:core )?(?:initialization failed|process failed to start)",
        lambda case: (
            None
            if case.error is None or not case.error.is_of_a_launcher
            else Answer(
                "this is only vLLM's report that its engine's process failed; its own error stands "
                "above it, and is not in this log",
                ("the lines above it: the first traceback of EngineCore or of a worker",),
                known="the message",
                settles=False,
            )
        ),
        {"RuntimeError: Engine core initialization failed. See root cause above.": "above"},
    ),
)


def is_serving(case: Case) -> bool:
    """Return whether vLLM raised the error, where nothing is trained."""
    return (
        re.search(r"[/\\]vllm[/\\]|EngineCore|\bvllm serve\b", case.above + case.around) is not None
    )
