"""Tell whether a line says that the run has a thing, or only names it beside the run.

People name what works for others, what they compare with and what a comment in code lists. None of
that is the run's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .base import Read, Reading, unless_advice

SWITCH = {"true": True, "false": False, "none": None, "null": None, "yes": True, "no": False}
# How Python, JSON, YAML and a command line write that a name has a value.
IS = r"[\"']?(?:\s?[=:]\s?| )[\"']?"

# Where one part of a sentence ends and another begins.
_BREAK = re.compile(
    r"[;；。()（）]|[.!?](?=\s|$)|[,，、](?=\s|\D)|\s(?:but|while|whereas|although|though)\s|"
    r"\sand (?=with |on |in |using |it )|但是?|而(?=在)"
)
# Such a part is about something that is compared with, asked about or only possible.
_BESIDE = re.compile(
    r"(?i)\bworks\b|\bworked\b|(?<!not )(?<!am )(?<!'m )\bworking\b(?! with)|"
    r"(?<!not )(?<!n't )\bwork (?:fine|well|ok|okay|with|on|in)\b|"
    r"\b(?:is|are|was|were|runs?|ran|trains?|trained) (?:\w+ )?"
    r"(?:fine|ok|okay|good|well|perfectly)\b(?!-| ?tun)|"
    r"\bno (?:such |more )?(?:problems?|issues?|errors?)\b|"
    r"\bwithout (?:any |a )?(?:problems?|issues?|errors?)\b|"
    r"\b(?:does|do|did)(?: not|n't) (?:have|happen|occur|appear|show)\b|\bunlike\b|"
    r"\bcompared (?:to|with)\b|\b(?:faster|slower|better|worse|more|less|other|rather|older|newer) "
    r"than\b|\binstead\b|\bif (?:I|you|we|one)\b|\b(?:can|could|should|may|would) (?:I|we|one)\b|"
    r"\b(?:solve[sd]|fixe[sd]|resolve[sd]|help(?:s|ed))(?: (?:it|this|that|the|my|for|me)\b|\s*$)|"
    r"\b(?:is|are|was) gone\b|"
    r"\b(?:goes|go|went) away\b|\b(?:up|down)grad(?:ed|ing)\b|\bma(?:kes?|de) (?:it|this) work\b|"
    r"\b(?:can ?not|can't|could(?: not|n't)|unable to) reproduce\b|\b(?:does|did)\s*$|"
    r"\b(?:docs?|documentation|README|blog|paper|guide) (?:say|state|suggest|show|use)s?\b|"
    r"正常|没问题|没有问题|可以跑|能跑|相比|解决了"
)
_CODE = re.compile(r"[=(),\[\]\"':\w]\s+#+\s")


def part(match: re.Match[str]) -> str:
    """Return the part of the sentence that the match is in."""
    text, start = match.string, 0
    for found in _BREAK.finditer(text):
        if found.start() >= match.end():
            return text[start : found.start()]
        if found.end() <= match.start():
            start = found.end()
    return text[start:]


def is_beside(match: re.Match[str]) -> bool:
    """Return whether what matched is only compared with, asked about or possible."""
    return bool(_BESIDE.search(part(match)))


def is_in_comment(match: re.Match[str]) -> bool:
    """Return whether what matched stands in a comment behind code."""
    return bool(_CODE.search(match.string[: match.start() + 1]))


def is_commented_out(match: re.Match[str]) -> bool:
    """Return whether what matched is a line of code that is switched off."""
    return bool(re.match(r"\s*(?:\d+\s+)?#\s?(?:--|-\s)?$", match.string[: match.start()]))


def of_the_run(read: Read) -> Read:
    """Return the reader restricted to what is set, not what a comment or a comparison names."""
    checked = unless_advice(read)

    def read_it(match: re.Match[str]) -> Iterator[Reading]:
        if not (is_in_comment(match) or is_commented_out(match) or is_beside(match)):
            yield from checked(match)

    return read_it
