"""Tell whether a sentence says a thing of the run, or denies it, supposes it or names another's.

All guards of prose are here. People name what works for others, what they compare with and what a
comment in code lists. None of that is the run's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from .base import Read, Reading, unless_advice

Guard = Callable[[re.Match[str]], bool]
SWITCH = {
    "true": True, "false": False, "none": None, "null": None, "yes": True, "no": False, "on": True,
    "off": False,
}  # fmt: skip
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
# What names a thing beside the one that is meant. "Can't train Gemma 2 9B" names that one.
_ANOTHER = re.compile(
    r"(?i)(?:works? (?:with|in|for|fine(?: with)?)|instead of|other than|than|versus|\bvs\.?)"
    r"\W{0,3}(?:\w+ ){0,2}$"
)
# What takes back, asks or wishes a setting that follows it within a few words.
_TAKEN_BACK = re.compile(
    r"(?i)(?:\bno|\bnot|n't|without|\bor|\bif|disabl\w+|when I (?:use|try))\W{0,3}(?:\w+ ){0,2}$"
)
# What takes back, wishes or only supposes what follows it within a few words.
_DENIED = re.compile(
    r"(?i)(?:\b(?:no|not|never|without|cannot|avoid\w*|prevent\w*|against|fix(?:e[sd])?|"
    r"solve[sd]?|resolve[sd]?|reduc\w+|instead of|no longer|unlike|in case of|to see if|whether|"
    r"would|should|could|might|may|can(?= (?:cause|lead|result|make|help)\b))\b|n't)"
    r"\W{0,2}(?:(?!but|only|just|why|"
    r"errors?\b|warnings?\b|problems?\b|issues?\b)\w+ ){0,2}$|"
    r"\b(?:(?:if|in case) (?:you|your|the|it|there|a|an)|when(?:ever)? your?)\b[^.,;:]{0,40}$|"
    r"\bif you (?:see|get|encounter|run into|hit|face|experience|have)\b[^.,;]{0,70}$"
)
# A question that asks in general: nothing in it is said to have happened.
_ASKED = re.compile(
    r"(?i)^[\W_]*(?:(?:hi|hello|hey|question|also|and|or|but|so)\b[\w ]{0,20}[,:.!]? )?"
    r"(?:how (?:do|can|could|would|should) (?:I|we|you|one) (?:know|tell|check|detect|notice)\b|"
    r"how much (?:slower|faster|more|less|worse|better)\b|"
    r"which\b|what(?:'s| is| are) the (?:difference|best|recommended|right|usual|minimum)\b|"
    r"what (?:loss|should|would|happens (?:if|when)|does (?:it|this|that) do)\b|"
    r"is it (?:possible|safe|ok|okay|enough|worth) to\b|"
    r"(?:should|shall|may) (?:I|we|it)\b|(?:will|would) (?:I|we|it|the|a|my|this)\b|"
    r"do(?:es)? (?:I|we|you|it|this|that|the \w+) |did you\b|have you\b|"
    r"(?:can|could) (?:I|we) (?!fix|solve|avoid|stop|get rid|prevent))"
    r"[^?\uff1f]*[?\uff1f]\W*$"
)
# A report all the same: who asks why, or for help.
_ASKS_WHY = re.compile(r"(?i)\b(?:why|fix(?:ed)?|solve[sd]?|wrong|help)\b|为什么|怎么解决")
# Who tells of what is shown, taught or remembered, and not of a run.
_SHOWN = re.compile(
    r"(?i)\b(?:paper|study|studies|survey|article|authors?|literature|theory|lecture|experiments)\b"
    r"[^.;]{0,40}\b(?:shows?|showed|finds?|found|claims?|reports?|suggests?|says?|argues?)\b|"
    r"\bit(?:'s| is) (?:expected|normal|fine|(?:well[- ])?known) that\b|\b(?:never|no(?:body| one)|"
    r"none of us) (?:\w+ ){0,2}"
    r"(?:seen?|saw|had|met|observed?|noticed?|experienced?|encountered|reported|hit|got)\b|"
    r"\b(?:exam|homework|interview)\b|^\W*(?:idea|todo|fixme|proposal|suggestion|rfc)\b *[:\])]|"
    r"\b(?:colleague|friend|boss|some(?:body|one)|people|teacher)s? (?:of mine )?(?:said|says?|"
    r"told|claims?)\b"
)
# What is to be done where it happens: a rule, and not what a run did.
_RULE = re.compile(
    r"(?i)^\W*如果(?!我)[^。；\n]*(?:可以|请|建议|应该)|"
    r"^\W*(?:please )?(?:if|when|whenever|once|in case|should)\b(?! (?:I|we|my|our|using|"
    r"training|running)\b)"
    r"[^.;]*\b(?:should|must|will|would|ought|has to|have to|please|try|reduce|consider|make sure|"
    r"check|"
    r"restart|stop)\b"
)
# What is so no more: of a release before this one, and what a change makes impossible.
_BEFORE = re.compile(
    r"(?i)\b(?:previous|earlier|older|old) (?:releases?|versions?|image|one) (?:\w+ ){0,2}$"
)
_NOW = re.compile(r"(?i)[;,] ?(?:but |while |and )?(?:the )?(?:current|new|latest|this|now)\b")
_MADE_IMPOSSIBLE = re.compile(
    r"(?i)\bcan no longer (?:produce|happen|cause|lead|give|occur|crash|hang|fail|end|return)\b"
)
_OF_A_PERSON = re.compile(r"\b(?:I|I'm|I've|[Mm]y|me)\b")
# What takes it back behind it.
_OVER = re.compile(
    r"(?i)^[^.;:!?\n]{0,30}\b(?:(?:is|are|was|were|has been|have been|got|be) (?:now )?"
    r"(?:fixed|solved|resolved|gone|avoided|prevented)|(?:went|goes|go) away|"
    r"no longer (?:happens|occurs))\b"
)
# What praises it, where nothing near it denies.
_WELL = re.compile(r"(?i)^[^.;:!?\n]{0,40}\b(?:as expected|as intended|as it should|correctly)\b")
_ILL = re.compile(r"(?i)\b(?:not|no|nor|never|fail\w*|wrong\w*|without|nothing|instead|but)\b|n't")
# What takes it back within.
_NO_LONGER = re.compile(r"(?i)\b(?:is|are|was|were) no longer (?:NaN|inf)\b")
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


def is_another(match: re.Match[str]) -> bool:
    """Return whether what matched is named beside what the sentence is about."""
    return bool(_ANOTHER.search(match.string[max(0, match.start() - 60) : match.start()]))


def is_taken_back(match: re.Match[str]) -> bool:
    """Return whether a setting that matched is denied, asked about or another's."""
    before = match.string[max(0, match.start() - 60) : match.start()]
    return bool(_TAKEN_BACK.search(before)) or is_another(match)


def is_denied(match: re.Match[str]) -> bool:
    """Return whether the sentence denies, wishes or only supposes what matched."""
    before, after = match.string[: match.start()], match.string[match.end() :]
    is_over = _OVER.search(after[:60]) or _NO_LONGER.search(match[0]) or _is_well(match)
    return bool(_DENIED.search(before[-80:])) or bool(is_over)


def is_not_told(match: re.Match[str]) -> bool:
    """Return whether a sentence only asks about what matched, in general, or tells of others'."""
    text = match.string
    if _SHOWN.search(text[: match.end()]):
        return True
    if _MADE_IMPOSSIBLE.search(text):
        return True
    if _BEFORE.search(text[: match.start()]) and _NOW.search(text[match.end() :]):
        return True
    if _RULE.search(text) and not _OF_A_PERSON.search(text):
        return True
    for found in re.finditer(r"[^.!?\uff1f。]*[?\uff1f]", text):  # the question that it stands in
        if found.start() <= match.start() < found.end():
            return bool(_ASKED.match(found[0])) and not _ASKS_WHY.search(found[0])
    return False


def _is_well(match: re.Match[str]) -> bool:
    """Return whether the sentence says that what matched is as it should be."""
    text, start, end = match.string, match.start(), match.end()
    near = text[max(0, start - 40) : end + 60]
    return _WELL.search(text[end : end + 60]) is not None and _ILL.search(near) is None


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
