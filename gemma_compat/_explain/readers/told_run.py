"""Read the size of a run as sentences and scripts tell of it, for estimates of memory only.

No rule judges these: a sentence may speak of another run. Where a log tells of two values of one
thing, neither counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .base import MENTIONED, STATED, Read, Reader, Reading, always, unless_advice
from .saying import Guard, is_another, is_taken_back
from .told_cards import TOLD_CARDS

_PARAGRAPH = 16_384  # bytes
_MOST = 30  # matches of one form
_SETTING = r"[\"']?\s?[=:]\s?[\"']?"


def _told(topic: str, value: object) -> Read:
    return _if_meant(always((f"told.{topic}", value), strength=MENTIONED))


def _if_meant(read: Read, is_left_out: Guard = is_taken_back) -> Read:
    """Return the reader for each match of the line, without what it takes back, or advises."""

    def checked(match: re.Match[str]) -> Iterator[Reading]:
        for item in match.re.finditer(match.string):
            if not is_left_out(item):
                yield from read(item)

    return unless_advice(checked)


def _number(topic: str, strength: int = MENTIONED) -> Read:
    def read(match: re.Match[str]) -> Iterator[Reading]:
        text = match["value"].replace(",", "").lower()
        value = int(text.rstrip("k")) * (1024 if text.endswith("k") else 1)
        if value:
            yield Reading(f"told.{topic}", value, strength)

    return _if_meant(read)


def _length(match: re.Match[str]) -> Iterator[Reading]:
    """Read a length that is only called "seq": a number in a row of others is none."""
    yield from (item for item in _number("tokens")(match) if item.value % 64 == 0)


def _model(match: re.Match[str]) -> Iterator[Reading]:
    """Read family and size, in whatever way they are joined."""
    family = (match["family"] or "").lower()
    size = match["size"].lower()
    if match.string[match.end() :].lower().startswith(("-a4b", " a4b")):
        size += "-a4b"
    name = f"gemma-{family}-{size}" if family else f"gemma-{size}"
    yield Reading("told.model", {"gemma-4-26b": "gemma-4-26b-a4b"}.get(name, name), MENTIONED)


def _optimizer(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("told.optimizer", match["value"].lower(), STATED)


# Memory that is used, left or asked for is not what the card has.
_OF_USE = re.compile(
    r"(?i)\b(?:us(?:es?|ed|ing|age)|tak(?:es?|en|ing)|consum\w+|need(?:s|ed)?|requir\w+|only have|"
    r"left|free|remain\w*|allocat\w+|peak\w*|at least|exceed\w*|more than|over|up to|about|"
    r"around|save[sd]?|extra|占用|需要|剩)\W{0,3}(?:\w+ ){0,2}$"
)


def _memory(match: re.Match[str]) -> Iterator[Reading]:
    after = match.string[match.end() : match.end() + 12]
    if _OF_USE.search(match.string[: match.start()][-50:]) or re.match(
        r"(?i)\W{0,2}(?:usage|left|free|remain|is used|used|in use|consum)", after
    ):
        return
    yield Reading("told.memory", int(match["value"] or match["ram"]), MENTIONED)


def _share(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("told.share", float(match["value"]), STATED)


def _deepspeed(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("told.deepspeed", True, STATED)
    if match["stage"]:
        yield Reading("told.stage", 3, STATED)


# "bs8x" and "bs8lr": a part of two letters would be looked for in each word.
_BATCH_WORDS = (
    *("batch*", "microbatch*", "microbs*", "bs"),
    *(f"bs{letter}*" for letter in map(chr, range(ord("a"), ord("z") + 1))),
)
_OF_LENGTH = ("sequence", "context", "seq", "max")
_LENGTH_WORDS = (
    *(f"{what}*|{of} {what}" for of in _OF_LENGTH for what in ("len", "window", "size")),
    *(f"{of}{what}*" for of in _OF_LENGTH for what in ("len", "window", "size")),
    *(f"*{of}{what}" for of in _OF_LENGTH for what in ("len", "length", "window", "size")),
)

_FORMS: tuple[Reader, ...] = (
    Reader(
        r"(?i:gemma)[ _-]{0,2}(?:(?P<family>3n|[234])[ _(-]{1,3})?"
        r"(?P<size>(?i:e?\d{1,2}b|270m))(?![a-zA-Z0-9])",
        _if_meant(_model, is_another),
        {
            "gemma3_27b_it": {"told.model": "gemma-3-27b"},
            "gemma3-27b OOM": {"told.model": "gemma-3-27b"},
            "Full fine-tuning of Gemma 3n (E4B)": {"told.model": "gemma-3n-e4b"},
            "gemma 7b on a T4": {"told.model": "gemma-7b"},
            "it works with Gemma 3 4B": {"told.model": ...},
            "Can't train gemma 2 9b on a T4": {"told.model": "gemma-2-9b"},
            "it works with Gemma 3 4B; Gemma 3 27B fails": {"told.model": "gemma-3-27b"},
        },
        words=("*gemma*",),
    ),
    Reader(
        r"(?:\blora_r(?:ank)?[\"']?(?:\s?[=:]\s?| )|(?<![\w.\-])r ?[=:] ?|[\"']r[\"']: ?|"
        r"(?i:\blora (?:with )?(?:a )?rank(?: of)?(?:\s?[=:]\s?| )|\brank (?:of )?))"
        r"(?P<value>\d{1,4})(?=\s*(?:[,#)};.]|$| |\\|，))(?!\.\d)",
        _number("rank", STATED),
        {
            "    r = 8,": {"told.rank": 8},
            "# r=256 ": {"told.rank": 256},
            "--lora_rank 64 --x": {"told.rank": 64},
            "LoRA rank 32 on all layers": {"told.rank": 32},
            "lr=8": {"told.rank": ...},
            "local_rank: 3": {"told.rank": ...},
        },
        words=(*(f"r| r{' ' * blanks}0" for blanks in range(1, 5)), "rank"),
        needs=("0",),
    ),
    Reader(
        r"(?i:(?<![\w-])(?<!effective )(?<!total )(?<!global )(?<!eval )(?:micro[ -]?)?"
        r"(?:batch[ _-]?size|bsz?|batch)(?: of| is|\s?[=:]| at)? ?)(?P<value>\d{1,4})"
        r"(?![\d.x*]|\s?(?:[x*×%]|tokens|k\b))",
        _number("rows"),
        {
            "OOMs at a batch size of 40": {"told.rows": 40},
            "even with batch size 1": {"told.rows": 1},
            "bs=2": {"told.rows": 2},
            "an effective batch size of 64": {"told.rows": ...},
            "total batch size 64": {"told.rows": ...},
        },
        words=_BATCH_WORDS,
        needs=("0",),
    ),
    Reader(
        r"(?i:(?:sequence|context|seq|max)[ _-]?(?:len(?:gth)?|window|size)"
        r"(?: of| is| to|\s?[=:])? ?~?)"
        r"(?P<value>\d{1,3},\d{3}|\d{3,6}|(?<![A-Za-z])\d{1,3}[kK])(?![A-Za-z_\d.])",
        _number("tokens"),
        {
            "with a sequence length of 8192": {"told.tokens": 8192},
            "context length 8k": {"told.tokens": 8192},
            "I set max_seq_length to 2048": {"told.tokens": 2048},
            "--vllm_max_model_len 4096": {"told.tokens": ...},
        },
        words=_LENGTH_WORDS,
        needs=("0",),
    ),
    Reader(
        r"(?i:(?<![\w-])(?:seq|ctx)(?: of|\s?[=:])? ?~?)(?P<value>\d{3,6}|\d{1,3}[kK])(?![\d.\w])",
        _length,
        {
            "batch size 1, seq 2048 on a 3090": {"told.tokens": 2048},
            "packet seq 12345": {"told.tokens": ...},
        },
        words=("seq", "ctx", "seqk", "ctxk"),
        needs=("0",),
    ),
    Reader(
        r"(?i:(?<![\w-])(?P<value>\d{1,3},\d{3}|\d{3,6}|\d{1,3}k)[ -](?:tokens?|context)\b)"
        r"(?! (?:per(?! (?:row|sample|example|sequence))|in total|/))",
        _number("tokens"),
        {
            "rows of 17,500 tokens": {"told.tokens": 17500},
            "at 16k context": {"told.tokens": 16384},
            "2048 tokens per row": {"told.tokens": 2048},
            "3,000 tokens per second": {"told.tokens": ...},
        },
        words=tuple(
            f"{word}|{end} {word}" for word in ("token", "tokens", "context") for end in ("0", "k")
        ),
    ),
    Reader(
        r"(?i:\bq-?lora\b|\b(?:in |with |using )?4[ -]?bits?\b(?! (?:adam|optim))|\bnf4\b)",
        _if_meant(always(("told.bits", 4), ("told.peft", True), strength=MENTIONED)),
        {
            "I'm using 4-bit QLoRA": {"told.bits": 4},
            "without 4bit it needs more": {"told.bits": ...},
        },
    ),
    Reader(
        r"(?i:\bfull(?:[ -](?:parameter|param|weight|model))?[ -]?fine-?[ ]?tun\w{1,4}|"
        r"\bfull[ -](?:sft|grpo|training)\b|\bFFT\b)|全参(?:数)?(?:微调|训练)|全量(?:微调|训练)",
        _told("peft", False),
        {
            "full fine-tuning of a 27B": {"told.peft": False},
            "not full fine-tuning": {"told.peft": ...},
            "full_finetuning = False": {"told.peft": ...},
        },
        words=("full*", "fft", "全参", "全量"),
    ),
    Reader(
        r"deepspeed_engine_wrapped|[/\\]deepspeed[/\\]runtime[/\\](?:zero[/\\]stage(?P<stage>3))?|"
        r"--deepspeed\b",
        _deepspeed,
        {
            "self.deepspeed_engine_wrapped.backward(loss)": {"told.deepspeed": True},
            "x/deepspeed/runtime/zero/stage3.py": {"told.stage": 3},
        },
        limit=20,
    ),
    Reader(
        r"(?i:unsloth studio|--upgrade unsloth\b|which unsloth version|"
        r"gradient_checkpointing[\"']?\s?[:=]\s?[\"']?unsloth|"
        r"\bFast(?:Language|Vision)?Model\.from_pretrained|\b(?:with|using|in|use) unsloth\b)",
        always(("told.unsloth", True), strength=MENTIONED),
        {"gradient_checkpointing: unsloth": {"told.unsloth": True}},
        limit=3,
    ),
    Reader(
        r"rlhf_type[= ]grpo|\bGRPOConfig\(|\bGRPOTrainer\(|\bin _generate_and_score_completions",
        always(("told.rollouts", True), strength=STATED),
        {"--rlhf_type grpo \\": {"told.rollouts": True}},
        limit=5,
    ),
    Reader(
        r"(?i:(?<![a-z0-9_])lora(?![a-z0-9_]))(?! ?(?:_|\.|/|adapter was))",
        _told("peft", True),
        {"LoRA on Gemma 3": {"told.peft": True}, "lora_alpha = 8": {"told.peft": ...}},
        words=("lora",),
    ),
    Reader(
        r"(?i:\bZeRO)[ -]?(?:stage[ -]?)?(?P<value>[123])\b|"
        r"(?i:deepspeed stage )(?P<stage>[123])\b",
        _if_meant(
            lambda m: iter([Reading("told.stage", int(m["value"] or m["stage"]), MENTIONED)])
        ),
        {"with ZeRO-3 on 8 cards": {"told.stage": 3}, "zero 4": {"told.stage": ...}},
    ),
    Reader(
        r"\boptim(?:izer)?(?:_type)?(?:[\"']?\s?[=:]\s?[\"']?| )"
        r"(?P<value>(?:paged_)?(?:adamw|lion|ademamix|rmsprop|adafactor|adagrad|sgd)\w{0,16})\b",
        _optimizer,
        {
            'optim = "adamw_8bit",': {"told.optimizer": "adamw_8bit"},
            "--optim paged_adamw_32bit": {"told.optimizer": "paged_adamw_32bit"},
        },
    ),
    Reader(
        rf"\b(?:vllm_)?gpu_memory_utilization(?:{_SETTING}| )(?P<value>0?\.\d{{1,3}})",
        _share,
        {"--vllm_gpu_memory_utilization 0.4 \\": {"told.share": 0.4}},
    ),
    Reader(
        rf"\bvllm_mode(?:{_SETTING}| )colocate|\bfast_inference ?= ?True",
        always(("told.colocates", True), strength=STATED),
        {"--vllm_mode colocate \\": {"told.colocates": True}},
    ),
    Reader(
        r"(?i:(?<![\w.])(?P<value>\d{2,3}) ?g(?:i?b)?[)）]|"
        r"(?<![\w.])(?P<ram>\d{1,3})(?:\.\d\d)? ?gi?b"
        r"(?: of)? ?(?:v-?ram|gpu|card|gpu memory|显存|a100|h100|显卡))",
        unless_advice(_memory),
        {
            "out of memory error occurred with 15.89 GiB GPU capacity": {"told.memory": 15},
            "在2*8 H100（80g）上": {"told.memory": 80},
            "a 24GB GPU": {"told.memory": 24},
            "64 GB RAM": {"told.memory": ...},
            "I have 24 GB VRAM": {"told.memory": 24},
            "I only have about 1 GB of VRAM left": {"told.memory": ...},
            "it uses 34 GB of VRAM": {"told.memory": ...},
        },
        words=(
            *(f"{unit}|{blank}{unit}" for unit in ("g", "gb", "gib") for blank in ("0", "0 ")),
            *(
                f"{unit}{what}*"
                for unit in ("gb", "gib")
                for what in ("v", "gpu", "card", "a", "h")
            ),
        ),
    ),
)
# A run's own lines may repeat such a word thousands of times: the first few state it. And a
# line that is longer than any paragraph is data.
TOLD_RUN = tuple(
    item.replace(limit=min(item.limit, _MOST), longest=_PARAGRAPH)
    for item in (*_FORMS, *TOLD_CARDS)
)
