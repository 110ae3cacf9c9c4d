"""Tell how an error stands in a text: of a run, or told as past, possible, passed on, explained."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..values import Value
from .documentation import CHANGE, LESSON, kind_of_text
from .told.sentences import MOST_LINES, Sentence, sentences

if TYPE_CHECKING:
    from .explanation import Cause, Generally
    from .raised import Raised
    from .read_log import LogReading

SOLVED, SUPPOSED, PASSED_ON = "solved", "supposed", "passed-on"
_LONGEST = 400  # lines of a text that a person wrote


class Framing(Value):
    """How the error of a text stands in it, where it is not simply the error of a run.

    Attributes:
        kind: ``solved`` (the text says that it is over), ``supposed`` (one that may come),
            ``change`` (a commit, a request to take it), ``lesson`` (a manual, a tutorial), or
            ``passed-on`` (another error, which nothing knows, only passes it on).
        line: the line that says so, or that of the other error; 0 where the whole text does.
    """

    kind: str
    line: int = 0

    def said_of(self, told: str) -> str:
        """Return what is told of the error, in the frame that the text puts around it."""
        if self.kind == SOLVED:
            return f"Line {self.line:,} says that this is solved; so it was: {told}"
        if self.kind == SUPPOSED:
            return f"Line {self.line:,} speaks of an error that may come, not of a run; {told}"
        if self.kind == CHANGE:
            return f"This describes a change, not a run; it names: {told}"
        if self.kind == LESSON:
            return f"This explains, and reports no run; it shows: {told}"
        return f"{told}. The last error, line {self.line:,}, only passes it on"


def framing_of(
    reading: LogReading, causes: Iterable[Cause], general: Iterable[Generally]
) -> Framing | None:
    """Return how the error of a text stands in it; ``None`` for that of a run or a report."""
    if reading.log.figures.losses or reading.log.finished_at:
        return None
    if line := _solved_at(reading, causes, general):
        return Framing(SOLVED, line)
    if line := _supposed_at(reading):
        return Framing(SUPPOSED, line)
    kind = "" if reading.lines > _LONGEST else kind_of_text(reading.opening)
    return Framing(kind) if kind else None


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
    r"^\W{0,4}after ?: (?!.*(?:error|fail|crash))|^\W*closing\b[^?]{0,40}$|"
    r"(?:^\W*|[,;:] ?|\band )(?:that|this|it) (?:worked|did the trick)\b(?! (?:\w+ )?(?:before|"
    r"until|"
    r"last|back|previously|yesterday|earlier|in the past|for (?!me\b|us\b)))|"
    r"(?:就|现在|已经?)(?:一切|都|又)?(?:正常|好)了?(?:[，。！]|$)|"
    r"已经?解决(?!不)|解决了(?!吗|么)|问题解决|升级[^，。\n]{0,20}(?:后|"
    r"之后)[^，。\n]{0,6}(?:好了|正常了)"
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


def _solved_at(reading: LogReading, causes: Iterable[Cause], general: Iterable[Generally]) -> int:
    """Return the line that says that the error of a report is over; 0 where none does.

    A title, the sentence of the error itself, or one below it counts.
    """
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
    if any(item.text.rstrip().endswith(("?", "？")) for item in below):
        return False  # who asks goes on
    return not any(_BUT.match(item.text) for item in below[:1])


# What announces an error that a reader may meet.
_MAY_COME = re.compile(
    r"(?i)\b(?:if|when(?:ever)?|in case|should) (?:you|the user|users|one)(?:'re| are)? "
    r"(?:\w+ ){0,3}"
    r"(?:sees?|gets?|encounters?|hits?|faces?|runs? into|receives?|comes? across)\b|"
    r"\byou(?:'ll| may| might| will| can| could| would)? (?:\w+ ){0,2}"
    r"(?:see|get|run into|encounter|hit|face|receive)\b|"
    r"\berrors? like (?:this|the following|these)\b|"
    r"\b(?:common|known|typical|frequent) (?:errors?|issues?|problems?)\b|"
    r"^\W*(?:troubleshooting|faq|raises)\b|\bwhat (?:does|is|do)\b[^\n]{0,30}$|"
    r"(?:如果|若|当|假如)(?:你|您|用户)?[^\n]{0,8}(?:遇到|出现|看到|碰到|报)|常见(?:问题|错误|报错)"
)
# Who tells what happened: a person, or the form of an issue.
_HAPPENED = re.compile(
    r"\b(?:I|I'm|I've|[Mm]y|me)\b|我|\b(?:is|are) there any|(?i:has any(?:one|body)|please help)|"
    r"(?i:^\W{0,6}(?:describe the bug|bug description|(?:steps )?to reproduce|system info|"
    r"what happened|actual behaviou?r)\b)",
    re.MULTILINE,
)
# What a program prints, and no text about it.
_PRINTED = re.compile(
    r"\d%\||\bit/s\b|^\W{0,3}(?:INFO|WARNING|ERROR|DEBUG)\b|^\W?\d{4}-\d\d-\d\d[T ]|^\[rank\d",
    re.MULTILINE,
)
_HEADING = re.compile(r"^#{1,6} |^[A-Z][\w ]{3,40}:?$")
_FENCE = re.compile(r"^\W*(?:`{3}|~{3})|^\W*$")
_WORD = re.compile(r"[A-Za-z][a-z']+|[\u4e00-\u9fff]{2}")
_FEWEST_WORDS = 3
_ABOVE = 2  # rows above an error that announce it


def _supposed_at(reading: LogReading) -> int:
    """Return the line that announces the error as one that may come; 0 where it came.

    All errors of the text must be announced so, and what to do must stand below them.
    """
    found = [item for item in (*reading.raised, reading.told) if item is not None]
    if not found or reading.lines > MOST_LINES:
        return 0
    text = reading.opening.decode("utf-8", "replace")
    if _HAPPENED.search(text) or _PRINTED.search(text):
        return 0
    rows = text.splitlines()
    if not _goes_on(rows, found[-1]):
        return 0
    lines = [_announced_at(rows, item) for item in found]
    return lines[0] if all(lines) else 0


def _goes_on(rows: list[str], last: Raised) -> bool:
    """Return whether a sentence stands below the last error, or behind it in its line."""
    behind = [last.hit.text[last.hit.match.end() :]] if last.hit.kind == "quoted" else []
    below = rows[last.line + last.message.count("\n") :]
    return any(len(_WORD.findall(row)) >= _FEWEST_WORDS for row in (*behind, *below))


def _announced_at(rows: list[str], item: Raised) -> int:
    """Return the line above an error, or its own, that announces it; 0 without one."""
    before = item.hit.text[: item.hit.match.start()]
    if _MAY_COME.search(before):
        return item.line
    start = item.line - 1
    while start and not _begins(rows[start]) and _is_of_traceback(rows[start - 1]):
        start -= 1
    above = [(n, row) for n, row in enumerate(rows[:start], 1) if not _FENCE.match(row)]
    near = above[-_ABOVE:]
    heading = next(((n, row) for n, row in reversed(above) if _HEADING.match(row)), None)
    for number, row in [*reversed(near), *([heading] if heading else [])]:
        if _MAY_COME.search(row):
            return number
    return 0


def _begins(row: str) -> bool:
    return "Traceback (most recent call last)" in row


def _is_of_traceback(row: str) -> bool:
    return _begins(row) or row.startswith((" ", "\t"))
