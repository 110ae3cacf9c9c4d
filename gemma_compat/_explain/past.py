"""Leave out an error that a report says is over, where it goes on to tell of another failure.

"I had a KeyError; upgrading fixed it. Now grad_norm is nan": the KeyError is no longer asked about.
"""

from __future__ import annotations

import re

from .framing import end_of_solution

# An error as a report names it: its class and text, to the end of the line.
_ERROR = re.compile(
    r"(?P<quote>`{0,3})(?<![\w.])(?:[A-Za-z_]\w{0,60}\.){0,8}"
    r"(?P<kind>[A-Z]\w{2,40}(?:Error|Exception))\b[^\n]*|"
    r"\b(?P<text>CUDA out of memory|OOM)\b[^\n]*"
)
# Where its text ends before the line does: a sentence, a part of one.
_ENDS = re.compile(
    r"\.(?=\s+[A-Z])|[;，；。]|, (?=which|that|but|and|so|I)|"
    r"\s(?=(?:is|was|went) (?:now )?(?:gone|away|fixed|solved|resolved)\b)"
)
_EARLIER = re.compile(
    r"(?i)(?:^|[.!?。]\s{0,3})\W{0,4}(?:previously|earlier|yesterday|last (?:week|time|month)|"
    r"(?:I|we) (?:previously|initially|first) (?:had|got|hit|saw)|"
    r"the (?:earlier|previous|first|old)|之前|此前|最初|一开始|昨天|上次|原来)[^.!?。\n]*$"
)
_FRESH = re.compile(
    r"(?i)(?:^|[.!?;,，；。\n]\s{0,3}|\b(?:and|but) )\W{0,4}(?:but |and |however,? |then )?"
    r"(?:now\b|today\b|currently\b|this time\b|"
    r"(?:the|my|a) (?:new|next|current|remaining) (?:problem|error|issue|failure|question)\b|"
    r"(?:但是?|不过)?(?:现在|目前|今天|新的问题))(?P<said>[^\n]{0,300})"
)
_FAILS = re.compile(
    r"(?i)\bnan\b|\binf\b|error|exception|fail|crash|\booms?\b|out of memory|\bhang|\bstuck|"
    r"\bslow|wrong|\bflat\b|\bstays\b|not (?:learn|converge|decreas|work)|n't\b|garbage|nonsense|"
    r"\bkilled\b|报错|错误|失败|显存|卡住|不下降|不收敛|乱码|:\s*$"
)
_FIGURES = re.compile(r"['\"]?(?:loss|grad_norm)['\"]?\s*[:=]\s*['\"]?(?:nan|inf)\b", re.IGNORECASE)
# What says that it is not over after all.
_BACK = re.compile(
    r"(?i)\b(?:again|still|same (?:error|problem|issue|thing)|(?:came|comes|is|was) back|"
    r"return(?:s|ed)|reappear\w*|only (?:partly|partially|sometimes)|"
    r"but (?!now|then|today|this time|the (?:new|next)|(?:I|we) now))\b|又出现|再次|依然|仍然|还是"
)
_NEAR, _LINES = 400, 4  # characters and lines behind an error in which it is said to be over
_TRACEBACK = re.compile(r"Traceback \(most recent call last\)|^-{40,}")
_MOST_ERRORS = 40  # of a report; more are those of a log
_MOST_ROWS = 80  # of a traceback


def without_past(text: str) -> str:
    """Return the text with a dot for each error that is over, line for line."""
    if not (_FRESH.search(text) or _FIGURES.search(text)):
        return text
    errors = list(_ERROR.finditer(text))
    for found in reversed(errors) if len(errors) <= _MOST_ERRORS else ():
        start, end = found.start() + len(found["quote"] or ""), _end_of(found)
        if _is_over(text, start, end, found["kind"] or found["text"]):
            start = _start_of_traceback(text, start)
            left = "…" + "\n" * text.count("\n", start, end)
            text = text[:start] + left + text[end:]
    return text


def _end_of(found: re.Match[str]) -> int:
    if found["quote"]:
        closing = found.string.find(found["quote"], found.start("kind"), found.end())
        return closing if closing > 0 else found.end()
    ends = _ENDS.search(found[0])
    return found.start() + ends.start() if ends else found.end()


def _is_over(text: str, start: int, end: int, kind: str) -> bool:
    line = text.rfind("\n", 0, start) + 1
    before = text[line:start]
    behind = "\n".join(text[end : end + _NEAR].split("\n")[:_LINES])
    next_error = _ERROR.search(behind)
    told = end_of_solution(before, behind[: next_error.start()] if next_error else behind)
    if told is None and not _EARLIER.search(before):
        return False
    rest = text[end + (told or 0) :]
    return kind not in rest and not _BACK.search(rest[:_NEAR].partition("\n\n")[0]) and _fails(rest)


def _fails(rest: str) -> bool:
    """Return whether a text tells of a failure that is there now."""
    if _FIGURES.search(rest):
        return True
    return any(_FAILS.search(found["said"]) for found in _FRESH.finditer(rest))


def _start_of_traceback(text: str, start: int) -> int:
    """Return where the traceback begins that ends with the error; without one the error's place."""
    line = text.rfind("\n", 0, start) + 1
    if text[line:start].strip():
        return start
    rows = text[:line].splitlines(keepends=True)[-_MOST_ROWS:]
    for number in range(len(rows) - 1, -1, -1):
        if _TRACEBACK.search(rows[number]):
            return line - sum(map(len, rows[number:]))
        if rows[number].strip() and not rows[number].startswith((" ", "\t", "-->", "---")):
            break
    return start
