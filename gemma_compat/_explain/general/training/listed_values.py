"""Values that a check of a package refuses, beside the list of those that it takes."""

from __future__ import annotations

import difflib
import re

from ...answer import Answer
from ..base import Case, General

# What takes the place of a value, by the list that has it: read in the releases before and after.
_RENAMED = {
    "ffd": "bfd",  # trl 0.19.1, 0.23.1: the strategy of packing
    "aot_pair": "aot_unpaired",  # trl 0.23.1, 1.16.0: the same formula
    "adamw_hf": "adamw_torch",  # transformers 4.57.6, 5.0.0
    "fp32": "no",
    "float32": "no",
    "float16": "fp16",
    "bfloat16": "bf16",
    "human": "user",
    "gpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "colocated": "colocate",
}
# Where the list begins.
_LISTED = re.compile(
    r"(?i)(?:must|should|has to|can only|to) be (?:either |(?:any|one) of:? |in )?(?=[\[({'\"`])|"
    r"(?:choose|pick|select)(?: one)? (?:from|between|one of|of|in)\s+|\buse (?=['\"])|"
    r"(?:supported|valid|available|allowed|possible) \w{3,12} are:? |"
    r"expected (?:one of )?(?=['\"\[])"
)
_WORD = re.compile(r"['\"`]([\w.+-]{1,40})['\"`]")
_GIVEN_AFTER = re.compile(
    r"(?i)\b(?:got|received|found|passed|is)\b[: ]+(?:value )?['\"`]?"
    r"(?P<value>[\w+-][\w.+-]{0,39}?)['\"`]?(?:\.? |[.,;]|$)(?! are| is)"
)
_GIVEN_BEFORE = re.compile(
    r"(?:Unknown|Invalid|Unsupported) (?:value for )?(?:"
    r"(?P<name>[\w `]{3,40}): (?P<quote>['\"`]?)(?P<value>[\w+-][\w.+-]{0,39}?)(?P=quote)|"
    r"(?P<quoted_name>[\w `]{3,40}?) (?:['\"](?P<quoted>[\w.+-]{1,40})['\"]|"
    r"(?P<passed>[\w.+-]{1,40}) passed))[.,;]? "
)
_NAME = re.compile(r"`?(?P<name>\w{3,40})`? (?:must|should|has to|can only) be ")


def nearest(value: str, choices: list[str]) -> str:
    """Return which of the values is meant; empty where none is near."""
    renamed = _RENAMED.get(value.lower(), "")
    if renamed in choices:
        return renamed
    found = difflib.get_close_matches(value.lower(), choices, 2, 0.8)
    return found[0] if len(found) == 1 else ""


def _parts(line: str) -> tuple[str, str, list[str]] | None:
    """Return name and value of the setting, and the values that are taken; ``None`` if unclear."""
    listed = _LISTED.search(line)
    if listed is None:
        return None
    before, rest = line[: listed.start()], line[listed.end() :]
    after = _GIVEN_AFTER.search(rest)
    choices = _WORD.findall(rest[: after.start()] if after else rest)
    given = _GIVEN_BEFORE.search(f"{before} ")
    name = _NAME.search(line)
    if given is not None:
        title = (given["name"] or given["quoted_name"]).strip(" `")
        value = given["value"] or given["quoted"] or given["passed"]
    elif after is not None and name is not None:
        title, value = name["name"], after["value"]
    else:
        return None
    return (title, value, choices) if len(set(choices)) > 1 and value not in choices else None


def _refused(case: Case) -> Answer | None:
    line = re.sub(r"^[\w.]{3,60}(?:Error|Exception|Type): ", "", case.hit.text.strip())
    found = _parts(line)
    if found is None:
        return None
    name, value, choices = found
    listed = ", ".join(dict.fromkeys(choices[:8])) + (", ..." if len(choices) > 8 else "")
    near = nearest(value, choices)
    package = case.packages[-1] if case.packages else ""
    newer = f"pip install -U {package}   where the value is newer than what is installed"
    if value == "kto_pair":
        return Answer(
            "DPOTrainer of this TRL has no loss kto_pair: KTOTrainer took it over",
            ("KTOTrainer and KTOConfig, with rows of prompt, completion and label (True, False)",),
            known="read in trl 0.9.6, which names KTOTrainer in its place",
        )
    return Answer(
        f"{name} is {value}, which is not one of the values that are taken here",
        (
            f"{near}   in place of {value}" if near else f"one of these: {listed}",
            *((newer,) if package else ()),
        ),
        why="values are compared letter by letter, and each release has its own list",
        known="the message has the value and the list",
    )


KINDS: tuple[General, ...] = (
    General(
        "value-beside-its-list",
        r"(?:ValueError|TypeError|KeyError|NotImplementedError|AssertionError): [^\n]{0,300}(?:"
        r"(?:must|should|has to|can only|to) be (?:either|any of|one of|in) |(?:[Cc]hoose|[Pp]ick|"
        r"[Ss]elect)(?: one)? (?:from|between|one of|of|in) |(?:[Ss]upported|[Vv]alid|[Aa]llowed|"
        r"[Pp]ossible) \w{3,12} are|(?:[Mm]ust|[Ss]hould) be [oO]ne of|[Uu]se '|"
        r"[Ee]xpected (?:one of )?['\"])",
        _refused,
        {
            "ValueError: Unknown loss type: kto_pair. Should be one of ['sigmoid', 'hinge', 'ipo', "
            "'exo_pair']": "KTOTrainer",
            "ValueError: Unknown loss type: aot_pair. Should be one of ['sigmoid', 'aot', "
            "'aot_unpaired', 'ipo']": "aot_unpaired in place of aot_pair",
            "ValueError: Invalid packing strategy 'ffd', must be one of ('bfd', 'bfd_split', "
            "'wrapped').": "bfd in place of ffd",
            "ValueError: vllm_mode must be either 'server' or 'colocate', got 'colocated'.": (
                "colocate in place of colocated"
            ),
            "ValueError: Unsupported truncation mode: keep_last, expected 'keep_start' or "
            "'keep_end'": "one of these: keep_start, keep_end",
            "ValueError: Invalid value for scale_rewards: groups. Must be one of 'batch', 'group', "
            "or 'none'.": "group in place of groups",
            "ValueError: Unknown mixed_precision mode: fp32. Choose between ['no', 'fp8', 'fp16', "
            "'bf16']": "no in place of fp32",
            "ValueError: Invalid role in message: gpt. Expected 'user', 'assistant', or "
            "'system'.": "assistant in place of gpt",
            "ValueError: Invalid packing strategy: bfd. Use 'ffd' or 'wrapped'.": "ffd, wrapped",
            "ValueError: Invalid `loss_type` dtf passed. Supported values are 'nll' and 'dft'.": (
                "one of these: nll, dft"
            ),
            "ValueError: x must be one of the rows": "",
            "ValueError: shape must be one of [4, 8], got 6": "",
            "Should mode be one of 'a' or 'b'? I got 'c'.": "",
            "ValueError: device must be one of 'cpu', 'cuda', got 'cuda'": "",
        },
    ),
)
