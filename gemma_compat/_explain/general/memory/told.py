"""Answer sentences that tell of too little memory."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case
from .answers import by_estimate
from .card import SERVING
from .command import command, smaller_run
from .estimate import Run, lacks, run_of, weights_of
from .merging import MERGE_TOLD
from .phases import is_told_at_loading, told_phase
from .rollouts import BESIDE_AN_ENGINE, WHY_BESIDE, has_its_engine, smaller_share
from .wording import TOLD, card_has

_SERVES = re.compile(r"(?i)\bollama\b|llama\.cpp|llama-server|lm studio|num_ctx|\.gguf\b|:Q\d_")
_TRAINS = re.compile(
    r"(?i)\b(?:re)?train|fine-?tun|\btun(?:e|ing)\b|lora\b|\bsft\b|grpo|save_pretrained"
)
_OF_SERVING = Answer(
    "memory is told of where a model is served: its weights, and the keys and values of the "
    "context",
    (
        "a shorter context: num_ctx (Ollama), --ctx-size (llama.cpp), --max-model-len (vLLM)",
        "keys and values in 8 bits: OLLAMA_FLASH_ATTENTION=1 OLLAMA_KV_CACHE_TYPE=q8_0, or "
        "--cache-type-k q8_0 --cache-type-v q8_0",
        "one request at a time: OLLAMA_NUM_PARALLEL=1, --parallel 1",
        "update the program: older ones keep the whole context for Gemma's sliding layers too",
    ),
    why="the cache grows with context and with requests at a time, whatever the weights' bits; the "
    "default context differs from program to program and from model to model",
    known=TOLD,
    certain=False,
    settles=False,
)


def _of_loading(run: Run) -> Answer | None:
    """Answer a sentence that says that it fails while the model is loaded."""
    found = weights_of(run)
    if found is None:
        return None
    bits = run.facts.model.get("quantization_bits")
    return Answer(
        "memory is said to run out while the model is loaded, before any step: its weights take "
        f"{found[1]:.0f} GiB" + (f", and {card_has(run)}" if run.memory else ""),
        (
            *(() if bits else ("load_in_4bit=True   in place of 16 bits",)),
            "nvidia-smi   before loading: is the card empty?",
            'device_map="auto"   where there are several cards, or a smaller model',
        ),
        why=f"{found[0]:.1f} billion numbers; several processes load a copy each",
        known=TOLD,
        certain=False,
        settles=False,
    )


# A script or a command that merges, in a report that trains nothing.
_MERGES = re.compile(
    r"\bmerge\w{0,40}\.(?:py|sh)\b|--merge[_-]lora\b|merge_and_unload|save_pretrained_merged|"
    r"save_method ?= ?[\"']merged|\bmergekit\b|\bexport_model\b"
)
_STEPS = re.compile(r"(?i)\btrainer\.train\(|per_device_train|\bepoch\b|\btraining (?:step|loop)")


# The system ends what fills the machine's memory; a full card gives an error instead.
_KILLED = re.compile(
    r"(?:^|\s)Killed(?:\s|$)|被(?:系统|直接|自动)?\s?(?:kill|杀)|\boom[-_ ]?kill\w*|"
    r"\b(?:process|job|it) (?:is|was|gets?|got) (?:simply |just )?killed\b|memory pressure",
    re.IGNORECASE | re.MULTILINE,
)
_OF_THE_MACHINE = Answer(
    "memory is said to run out, and the process to be killed: that is the machine's memory, most "
    "often, not the card's",
    (
        "free -g   while it runs; dmesg -T | grep -iE 'killed process|out of memory'   afterwards",
        "loading: dtype=torch.bfloat16, low_cpu_mem_usage=True; merging: max_shard_size='2GB', and "
        "a machine with twice the memory of the 16-bit weights",
        "rows: num_proc=1, dataloader_num_workers=0, streaming=True",
    ),
    why="a card that is full gives an error and ends no process",
    known=TOLD,
    certain=False,
    settles=False,
)
_BESIDE_AN_ENGINE = Answer(
    "memory is said to run out in a run that trains beside a vLLM engine on the same card",
    BESIDE_AN_ENGINE,
    why=WHY_BESIDE,
    known=TOLD,
    certain=False,
    settles=False,
)


def _beside_an_engine(case: Case) -> Answer:
    """Answer with the estimate first, where the log states enough for one."""
    found = by_estimate(case, told=True)
    share = smaller_share(case)
    if found is None:
        return _BESIDE_AN_ENGINE.replace(do=(*share, *BESIDE_AN_ENGINE[len(share) :]))
    return found.replace(
        do=(*found.do[:2], *share),
        why=f"a vLLM engine takes its share of the same card beside it; {found.why}",
    )


def told_memory(case: Case, runs_out: bool = True) -> Answer | None:
    """Answer a sentence that tells of memory.

    Args:
        runs_out: whether it tells of too little of it, and not of more than was meant.
    """
    if case.log.figures.losses and case.hit.match[0].startswith(("{", "[")):
        return None
    line = case.hit.text
    if re.search(r"(?i)\b(?:disk|storage)(?: space)?\b[^\n.]{0,30}\bout of memory", line):
        return None  # the disk is meant
    text = f"{case.hit.before}\n{line}" if case.hit.kind == "told" else line
    if _SERVES.search(text) and not _TRAINS.search(text):
        return _OF_SERVING
    if re.search(r"(?i)\bvllm serve|vllm server", line) and not re.search("(?i)train|tun", line):
        return SERVING.replace(known=TOLD, certain=False)
    run = run_of(case)
    found = told_phase(case)
    near = f"{case.hit.before[-1500:]}\n{line}\n{case.hit.after[:1500]}"
    if _KILLED.search(near) and not re.search("Tried to allocate", near):
        return _OF_THE_MACHINE if found is None else found
    if found is None and _MERGES.search(near) and not _STEPS.search(near):
        return MERGE_TOLD.replace(known=TOLD)
    if found is None and has_its_engine(case):
        return _beside_an_engine(case)
    if found is None:
        found = _of_loading(run) if is_told_at_loading(case) else by_estimate(case, told=True)
    if found is not None:
        return found
    happened = "memory that does not suffice" if runs_out else "how much memory is taken"
    return Answer(
        f"the text tells of {happened}, and states too little for an estimate",
        (*smaller_run(run), command(run)),
        why=f"{lacks(run)}; weights, gradients, optimizer and, for a vocabulary of 262,144, the "
        "logits of a long row compete for the card; the line 'Tried to allocate ...' tells which "
        "it was",
        known="a sentence tells of it, and no cause is known from that; what decides stands above",
        certain=False,
        settles=False,
    )
