"""Read what a sentence tells of a setting of the run that failed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .readers.saying import is_beside
from .setting_names import expression, normal

_SENTENCE = re.compile(r"(?<=[.!?;])\s+(?=\W{0,3}[A-Z])|(?<=[。！？；])")
# What a person says who tells of another run, asks, plans or repeats what others say.
_OTHER_RUN = re.compile(
    r"(?i)\b(?:earlier|sooner|before|previously|another|different|other|new|next|then|later|now|"
    r"works?|worked|it (?:trains|ran|runs)(?! (?:out|into)\b)|reject\w*|refus\w*|ignor\w*|fine|"
    r"instead|slow\w*|nan|helps|helped|fix\w*|solv\w*|resolv\w*|if|whether|"
    r"should|could|would|can|might|may|must|need(?:ed)?|want|plan|will|going to|expected|docs?|"
    r"documentation|suggest\w*|recommend\w*|advi[sc]e\w*|someone|they|he|she|colleague|tutorial|"
    r"example|default\w*|unlike|only when|except|succe\w+|how|which|what|until|unless|either|or|"
    r"tells?|told|says?|asks?|supports?|requires?|allows?)\b|[?？]|"
    r"正常|解决|建议|可以|应该|如果|能否|是否|吗|另|别的|换成|之前|以前|怎么"
)
# Who tells what is so: a person of themselves, or of what is or was done.
_SPOKEN = re.compile(
    r"(?i)\b(?:I|I'm|I've|we|we're|we've|my|our|tried|already|even|still|am|was|were|is|are|has|"
    r"have|"
    r"been)\b|^\W*(?:with|using)\b|batch size per device = |我|已|都|了|还是|仍"
)
# What ends that doubt: it was tried, and nothing changed.
_IN_VAIN = re.compile(
    r"(?i)\b(?:same (?:error|problem|issue|result|thing|oom)|still (?:\w+ ){0,3}?(?:same|error|"
    r"ooms?|out of memory|fails?|crash\w*|get|gets|happens|occurs|runs? out)|no (?:luck|effect|"
    r"help|success|difference|change)|to no avail|in vain|without (?:success|luck|effect)|nothing "
    r"(?:changed|changes|helps|helped|works|worked)|(?:not|n't|never|none of \w+(?: \w+)?) "
    r"(?:\w+ )?(?:help(?:ed)?|work(?:ed)?|change anything|make a difference))\b|"
    r"还是|依然|仍然|仍|没用|没有用|无效|同样的(?:错误|问题|报错)|不行|也(?:不行|报错|一样|会)"
)
_DENIED = re.compile(
    r"(?i)(?:\b(?:no|not|never|without|disabl\w+|remov\w+|turn\w* off|instead of|other than|"
    r"drop\w*|"
    r"unset|rather than|lacks?|missing)|n't|没有?|不|关闭?|取消)\W{0,3}(?:\w+ ){0,2}$"
)
_AT_PAINS = re.compile(r"(?i)\b(?:tried|tested|trying|attempt\w*)\b|试过|尝试|试了")
# What leads from a name to its value in a sentence: "batch size is already set to 1".
_TO_VALUE = re.compile(
    r"[`'\"*]{0,3}\s*(?:\([\w ]{1,20}\)\s*)?(?:(?:=|:|is|was|were|of|to|at|down|set|already|only|"
    r"just|"
    r"even|reduced|lowered|equals?|from \S+|已经?|都|设置?[为成]?|设成|调[到成为]|改[为成]|降到?|"
    r"是|为)\s*){0,5}"
    r"[`'\"*]{0,3}(?P<value>(?i:true|false|none|null)\b|-?\d[\d.]*(?:e-?\d+)?(?![\w/])|"
    r"(?<=[=\"'`])(?:torch\.)?[a-z][\w:.]*)"
)
_ON_BEHIND = re.compile(
    r"[`'\"*]{0,3}\s*(?:(?:is|was|are|has been|already|also|both)\s+){0,3}"
    r"(?:enabled|on|activated|turned on|switched on|used|in use|set)\b|[`'\"*]{0,3}\s*(?:已经?|"
    r"都)?(?:开启|打开|启用|开了)"
)
_ON_BEFORE = re.compile(
    r"(?i)(?:\b(?:enabl\w+|us(?:e|ed|ing)|with|activat\w+|turn\w* on|switch\w* on|added|adding|"
    r"have|"
    r"having|tried|even)|开启了?|打开了?|启用了?|使用了?|用了|开了|试过)\W{0,3}(?:the |both |"
    r"also )?[`'\"*]{0,3}$"
)


# One of a list of what is used: "with LoRA, bf16 and gradient checkpointing".
_LISTED = re.compile(
    r"(?i)\b(?:us(?:e|ed|ing)|with|have|set|added|tried|enabled)\b[^.:;]{0,80}(?:,|\band|\bplus|、)"
    r"\W{0,3}(?:the |both |also )?[`'\"*]{0,3}$"
)
# A batch that is not the one of a step on one card.
_OF_OTHERS = re.compile(
    r"(?i)(?:eval\w*|test|validation|inference|generation|effective|total|global|rollout)[-_ ]$"
)


def sentences(text: str, below: str) -> Iterator[tuple[str, str]]:
    """Yield each sentence of a line with the one behind it.

    Args:
        below: the next line that is not empty.
    """
    parts = _SENTENCE.split(text)
    yield from zip(parts, [*parts[1:], _SENTENCE.split(below)[0]], strict=True)


def told(name: str, text: str, below: str) -> Iterator[tuple[str, bool]]:
    """Yield each value that the sentences of a line tell of a setting, and whether it was tried."""
    for sentence, behind in sentences(text, below):
        for match in re.finditer(expression(name), sentence):
            if _OF_OTHERS.search(sentence[: match.start()]) or is_beside(match):
                continue
            value = _value(match, sentence)
            if value and is_of_the_run(sentence, behind):
                yield value, _AT_PAINS.search(sentence) is not None


def was_changed(name: str, verbs: str, text: str, below: str) -> bool:
    """Return whether a sentence of a line says that a setting was changed in one direction.

    Args:
        verbs: an expression for what says so: ``reduc|lower``.
    """
    plain = expression(name)
    change = (
        rf"(?i:\b(?:{verbs})\w*)\W+(?:[\w.-]+\W+){{0,4}}?{plain}|"
        rf"{plain}\W+(?:is|was|has been)\W+(?i:{verbs})"
    )
    return any(
        re.search(change, sentence) is not None and is_of_the_run(sentence, behind)
        for sentence, behind in sentences(text, below)
    )


def _value(match: re.Match[str], sentence: str) -> str:
    """Return the value that a sentence tells of the setting that matched; empty for none."""
    before, behind = sentence[: match.start()], sentence[match.end() :]
    is_denied = _DENIED.search(before[-60:]) is not None
    found = _TO_VALUE.match(behind)
    if found is not None:
        return "" if is_denied else normal(found["value"])
    if _ON_BEHIND.match(behind) or _ON_BEFORE.search(before[-40:]) or _LISTED.search(before):
        return "false" if is_denied else "true"
    return "false" if is_denied else ""


def is_of_the_run(sentence: str, behind: str) -> bool:
    """Return whether a sentence speaks of the run that failed, or of a try that changed nothing."""
    rest = _IN_VAIN.sub("", sentence)
    if _OTHER_RUN.search(rest) or not _SPOKEN.search(sentence):
        return False
    if rest != sentence:
        return True
    start = re.match(
        r"\W*(?:but|then|and|now|this|that|it|with (?:this|that)|不过|但)\b[^\n]{0,160}",
        behind,
        re.I,
    )
    return start is None or _OTHER_RUN.search(_IN_VAIN.sub("", start[0][3:])) is None
