"""vLLM, which serves what was trained and generates for GRPO."""

from __future__ import annotations

import re

from ..answer import Answer
from .base import Case, General, always

_LESS = (
    "max_model_len=4096   (Unsloth: max_seq_length=4096)",
    "or gpu_memory_utilization=0.9, if nothing else is on the card; less, if a trainer is",
)


def _architecture(case: Case) -> Answer:
    name = case.match["name"]
    vllm = case.facts.packages.get("vllm")
    version = f" {vllm.get('version', '')}" if vllm is not None else ""
    return Answer(
        f"this vLLM{version.rstrip()} does not know {name}",
        ("pip install -U vllm", "python -m gemma_compat advise --with vllm   finds a set"),
        why="an architecture comes with a release of vLLM, and it is named in config.json; a merge "
        "that wrote another name there has the same message",
        known="vLLM lists what it knows",
        settles=False,
    )


SERVING: tuple[General, ...] = (
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
        r"Model architectures \['(?P<name>\w{1,80})'\] (?:are not supported|failed to be)",
        _architecture,
        {
            "ValueError: Model architectures ['Gemma3ForConditionalGeneration'] are not supported "
            "for now.": "pip install -U vllm"
        },
        alone=True,
    ),
    General(
        "no-adapters-in-vllm",
        r"(?P<name>[A-Z]\w{1,80}) does not support LoRA yet",
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
