"""Answer sentences that tell of too little memory."""

from __future__ import annotations

import re

from ..answer import Answer
from .base import Case
from .memory import SERVING
from .memory_answers import TOLD, by_estimate, card_has
from .memory_command import command
from .memory_estimate import Run, lacks, not_set, run_of, weights_of
from .memory_phases import is_told_at_loading, told_phase

_GIB = 1 << 30


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


_BESIDE_AN_ENGINE = Answer(
    "memory is said to run out in a run that trains beside a vLLM engine on the same card",
    (
        "gpu_memory_utilization=0.5   at loading (Unsloth) or as vllm_gpu_memory_utilization "
        "(TRL), lower until a step fits",
        "a shorter max_seq_length (it sizes the engine's cache), fewer num_generations, "
        "per_device_train_batch_size=1",
        "UNSLOTH_VLLM_STANDBY=1 before the import (vllm_enable_sleep_mode=True in TRL): the "
        "engine gives its cache back while the model is trained",
        "resuming: start a fresh process, and load neither model nor engine a second time",
    ),
    why="the engine takes its share of the whole card once, for weights and cache; what is left "
    "has to hold gradients, optimizer, activations and the logits of every completion",
    known=TOLD,
    certain=False,
    settles=False,
)


def _has_its_engine(case: Case) -> bool:
    near = case.hit.before[-3000:] + case.hit.text + case.hit.after
    return (
        re.search(
            r"UNSLOTH_VLLM_STANDBY|fast_inference ?= ?True|Unsloth Standby|vllm_mode|colocate|"
            r"gpu_memory_utilization|vllm_gpu_memory|GRPO[^\n]{0,200}\b[vV](?:llm|LLM)|"
            r"\b[vV](?:llm|LLM)\b[^\n]{0,200}GRPO",
            near,
        )
        is not None
    )


def told_memory(case: Case) -> Answer | None:
    """Answer a sentence that tells of too little memory."""
    if case.log.figures.losses and case.hit.match[0].startswith(("{", "[")):
        return None
    line = case.hit.text
    if re.search(r"(?i)\bvllm serve|vllm server", line) and not re.search("(?i)train|tun", line):
        return SERVING.replace(known=TOLD, certain=False)
    run = run_of(case)
    found = told_phase(case)
    if found is None and _has_its_engine(case):
        return _BESIDE_AN_ENGINE
    if found is None:
        found = _of_loading(run) if is_told_at_loading(case) else by_estimate(case, told=True)
    if found is not None:
        return found
    return Answer(
        "the text tells of memory that does not suffice, and states too little for an estimate",
        (command(run), *not_set(run)),
        why=f"{lacks(run)}; weights, gradients, optimizer and, for a vocabulary of 262,144, the "
        "logits of a long row compete for the card; the line 'Tried to allocate ...' tells which "
        "it was",
        known="a sentence tells of it, and no cause is known from that; what decides stands above",
        certain=False,
        settles=False,
    )
