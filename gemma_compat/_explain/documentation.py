"""Tell documentation, in which nothing happened, from a log and from what a person reports."""

from __future__ import annotations

import re
from functools import lru_cache

# A heading in Markdown, reStructuredText or a notebook, and an entry of a list of changes.
_HEADING = re.compile(r"^(?:#{1,5} \S|<h[1-4]\b|(?=\S[^\n]{2,80}\n(?:={4,}|~{4,})\s*$))", re.M)
_CHANGE = re.compile(
    r"^\s*[-*] [^\n]{5,300}(?:\(?#\d{2,6}\)?|\bby @[\w-]+|/pull/\d+|\([0-9a-f]{7,10}\))|"
    r"^#{1,4} \[?\d{4}-\d\d-\d\d|^#{1,4} \[?v?\d+\.\d+[^\n]{0,40}$|^#{1,4} (?:Added|Changed|"
    r"Fixed|Removed|Deprecated|"
    r"Bug ?fixes|"
    r"What's Changed|New Contributors)\b",
    re.MULTILINE,
)
# What readers are told: badges, links to sections, markup of pages, chapters that manuals have.
_PAGE = re.compile(
    r"img\.shields\.io|\]\(#[\w-]+\)|<hfoptions?\b|\[\[autodoc\]\]|<Tip\b|^!!! \w|^:::|^\.\. \w+::|"
    r"\[\[[\w-]+\]\]|^> \[!(?:NOTE|TIP|WARNING|IMPORTANT|"
    r"CAUTION)\]|"
    r"^#{1,4} [^\n]{0,6}(?:Installation|Install|Usage|Quick ?start|Getting started|License|"
    r"Citation|"
    r"Acknowledge?ments?|Contributing|Table of contents|Overview|Introduction|Features|"
    r"Prerequisites|Requirements|Next steps|Resources|References|FAQ|Troubleshooting|"
    r"Roadmap|Documentation|Examples?|Background|How it works|安装|快速开始|使用)\b",
    re.MULTILINE | re.IGNORECASE,
)
_FORM = re.compile(
    r"(?i)^\W{0,16}(?:describe the bug|bug description|expected behaviou?r|actual behaviou?r|"
    r"current behaviou?r|(?:steps )?to reproduce|reproduction|system info|what happened|"
    r"error (?:report|details)|your environment|labels: |issue #\d|backend)\b",
    re.MULTILINE | re.ASCII,
)
# A title that complains, and how Chinese reports begin.
_COMPLAINT = re.compile(
    r"(?ia)\A[^\n]{0,40}(?:\b(?:bug|issue|unable to|fails?|not (?:work|possible|able)|can(?:no|.)t|"
    r"warnings?)\b|error\b|n.t\b|报错|错误|问题|异常)|请问|大佬|求助|我(?:的|在|用|想)|报错如下|为什么会"
)
# Who reports: a person, or a question.
_PERSON = re.compile(r"\b(?:I(?!/O)|i(?!\.)|I'm|I've|I'd|im|my|My|me)\b|[?？]\s*$", re.M | re.ASCII)
_HEADINGS, _CHANGES, _ADDRESSED = 3, 3, 3
# What a program prints, and what announces it.
_PRINTED = re.compile(
    r"Traceback \(most|\d%\||\d(?:it/s|s/it)\b|^\[rank\d|^(?:\w+\.)*\w+(?:Error|Exception)(?::|$)|"
    r"^-+> ?\d|(?i:but you have|following error|error occurs|this error|the error)|loss['\"]?: ?\d",
    re.MULTILINE,
)
# Whom a manual speaks to, and how it speaks of what may happen.
_READER = re.compile(
    r"\b[Yy]ou(?:r|'ll|'re)?\b|\b(?:[Nn]ote that|[Tt]ypically|[Uu]sually|[Ff]or example|e\.g\.|"
    r"i\.e\.|[Tt]herefore|[Ww]e (?:recommend|suggest|provide|support))\b|^Note:",
    re.MULTILINE,
)


@lru_cache(maxsize=2)
def is_documentation(opening: bytes) -> bool:
    """Return whether a text describes software to its readers: a manual, a list of changes.

    Args:
        opening: how it begins.
    """
    text = opening.decode("utf-8", "replace")
    if _FORM.search(text):
        return False
    if len(_CHANGE.findall(text)) >= _CHANGES:
        return True
    if _COMPLAINT.search(text):
        return False
    headings, marks = len(_HEADING.findall(text)), len(_PAGE.findall(text))
    addressed = len(_READER.findall(text))
    if headings >= 2 * _HEADINGS or marks > 1:
        return True
    is_printed = _PRINTED.search(text) is not None
    if headings and addressed >= 2 * _ADDRESSED and not is_printed:
        return True
    if _PERSON.search(text):
        return False
    if headings >= _HEADINGS or marks:
        return True
    return addressed >= _ADDRESSED and not is_printed
