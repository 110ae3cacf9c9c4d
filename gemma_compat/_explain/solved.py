"""Find where a report says that its error is over: then it is told as what happened once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .told.sentences import Sentence, sentences

if TYPE_CHECKING:
    from .explanation import Cause, Generally
    from .read_log import LogReading

# What is put before the title of a report once it is over.
_MARKED = re.compile(r"(?i)^\W{0,4}(?:solved|fixed|resolved)(?:\]|\)|:)|^\W{0,4}已解决")
_SOLVED = re.compile(
    r"(?i)\b(?:fixed|solved|resolved|cured) (?:it |this |that |the (?:issue|problem|error) |"
    r"for me )?"
    r"(?:by|with|via|after)\b|"
    r"\b(?:that|this|it|which|grad\w+|reinstall\w*|restart\w*|\d+) (?:has |have )?(?:fixed|solved|"
    r"resolved) (?:it|this|that|the (?:issue|problem|error)|my (?:issue|problem|error))\b|"
    r"\b(?:up|down)grad\w+ (?:[\w.-]+ ){1,4}(?:fixed|solved|resolved|cured) (?:it|this|that)\b|"
    r"\b(?:issue|problem|error|bug|it|this)(?:'s| is| was| has been| got) (?:now )?(?:solved|"
    r"resolved|fixed)(?: now)?(?=\W*$|[.,;!] | for me| by | with | after )|"
    r"\b(?:it|this|that|everything|training|now it|all) (?:now )?works (?:now|again|fine now)|"
    r"\bnow (?:it|everything|training) works\b|"
    r"\b(?:is|are|was|were|it's) gone (?:after|since|now|with|once)\b|\bwent away (?:after|with|"
    r"once|"
    r"when)\b|\bno longer (?:happens|occurs|crashes|fails|hangs)\b|"
    r"\b(?:I|we) used to (?:get|see|have|hit|run into)\b|"
    r"\b(?:everything|all|training|it|this) (?:now )?(?:works?|trains?|runs?) (?:fine|well|again|"
    r"great|perfectly|as expected)(?: now)?\b|\bhas been (?:running|training|"
    r"stable)[^.;]{0,40}\b(?:without "
    r"(?:a |any )?(?:problems?|issues?|errors?)|fine|well|since)\b|\bit was my (?:own )?(?:mistake|"
    r"fault|error)\b|"
    r"^\W{0,4}after ?: (?!.*(?:error|fail|crash))|^\W*closing\b[^?]{0,40}$|\b(?:that|this|"
    r"it) (?:worked|did the trick)\b|"
    r"(?:就|现在|已经?)(?:一切|都|又)?(?:正常|好)了?(?:[，。！]|$)|"
    r"已经?解决(?!不)|解决了(?!吗|么)|问题解决|升级[^，。\n]{0,20}(?:后|之后)[^，。\n]{0,6}(?:好了|正常了)"
)
# What asks for it, wishes it, or takes it back.
_NOT_SOLVED = re.compile(
    r"(?i)\b(?:not|n't|never|can|could|be|being|should|may|might|if|whether|until|unless|hope|wish|"
    r"would|how|supposedly|already|thought|think|claim\w*|supposed|was said|PR|pull request) "
    r"(?:\w+ ){0,4}$"
)
_BUT = re.compile(
    r"(?i)\b(?:but|however|though|although|yet|still|again I|anymore)\b|[?？]|但|不过|又"
)

_SOLVED_BEFORE = re.compile(
    r"(?i)\b(?:I|we)(?: have|'ve)? (?:already )?(?:fixed|solved|resolved|got rid of|got past) "
    r"(?:the|this|that|an?|my)(?: [\w'-]+){0,3}\W*$"
)


def end_of_solution(before: str, behind: str) -> int | None:
    """Return where the text behind an error has said that it is over; ``None`` if none says so.

    Args:
        before: its line up to the error.
        behind: the text that follows the error.
    """
    found = _SOLVED.search(behind)
    if found is not None and not _NOT_SOLVED.search(behind[: found.start()]):
        return found.end()
    return 0 if _SOLVED_BEFORE.search(before) else None


def solved_at(reading: LogReading, causes: Iterable[Cause], general: Iterable[Generally]) -> int:
    """Return the line that says that the error of a report is over; 0 where none does.

    A title, the sentence of the error itself, or one below it counts.
    """
    if reading.log.finished_at or reading.log.figures.losses:
        return 0
    of_causes = (line.number for cause in causes for line in cause.lines)
    lines = [*of_causes, *(item.line.number for item in general)]
    lines += [item.line for item in (*reading.raised, reading.told) if item is not None]
    if not lines:
        return 0
    told = list(sentences(reading.opening, reading.lines))
    for number, sentence in enumerate(told):
        is_marked = number == 0 and _MARKED.search(sentence.text)
        if is_marked or sentence.line >= max(lines) and _says_so(sentence, told[number + 1 :]):
            return sentence.line
    return 0


def _says_so(sentence: Sentence, below: list[Sentence]) -> bool:
    found = _SOLVED.search(sentence.text)
    if found is None or _NOT_SOLVED.search(sentence.text[: found.start()]):
        return False
    rest = sentence.text[found.end() :]
    but = _BUT.search(rest)
    if but is not None and _SOLVED.search(rest, but.end()) is None:
        return False
    return not any(_BUT.match(item.text) for item in below[:1])
