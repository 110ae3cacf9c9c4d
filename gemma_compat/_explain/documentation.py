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
    r":(?:meth|class|func|ref|doc|mod|attr|exc|term):`|\[\[[\w-]+\]\]|"
    r"^> \[!(?:NOTE|TIP|WARNING|IMPORTANT|"
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
    r"error (?:report|details)|your (?:current )?environment|labels: |issue #\d|backend|what is "
    r"the issue|"
    r"ollama version|name and version|problem description|first bad commit|relevant log output|"
    r"reminder|"
    r"your hardware and system info|before submitting a new issue|please check that this issue|"
    r"is there an existing issue|who can help|how to reproduce|bug 描述|问前必查项目|详细描述问题|"
    r"问题描述|"
    r"系统信息|系統信息|复现过程|复现方法|期望行为|当前行为)\b",
    re.MULTILINE | re.ASCII,
)
# A title that complains, and how Chinese reports begin.
_COMPLAINT = re.compile(
    r"(?ia)\A[^\n]{0,60}(?:无法|不能|卡住|卡在|乱码|为什么|怎么|失效|無法|為什麼)|"
    r"\A[^\n]{0,40}(?:\b(?:bug|issue|unable to|fails?|not (?:work|possible|able)|can(?:no|.)t|"
    r"warnings?)\b|error\b|n.t\b|报错|错误|问题|异常|失败|导致无法)|请问|大佬|求助|我(?:的|在|用|"
    r"想)|报错如下|为什么会"
)
# Who reports: a person, or a question.
_PERSON = re.compile(r"\b(?:I(?!/O)|i(?!\.)|I'm|I've|I'd|im|my|My|me)\b|[?？]\s*$", re.M | re.ASCII)
# Questions with their answers, and news of a release.
_QUESTION = re.compile(r"^\W{0,6}Q(?:uestion)? ?\d*[:.)]", re.MULTILINE)
_ANSWER = re.compile(r"^\W{0,6}A(?:nswer)? ?\d*[:.)]", re.MULTILINE)
_NEWS = re.compile(
    r"(?i)^[^\n]{0,60}\b(?:release|version|v)\W{0,2}\d[\w.]*[^\n.!]{0,30} (?:is (?:out|here|"
    r"now available|"
    r"released)|released)\b"
)
_ABSTRACT = re.compile(
    r"(?i)\b(?:this|our|the) (?:paper|work|study|survey|thesis|report) (?:shows?|presents?|"
    r"proposes?|introduces?|"
    r"investigates?|studies|examines?)\b|^\W{0,4}abstract\b|"
    r"\bwe (?:propose|present|introduce|show that|demonstrate|find that|investigate)\b",
    re.MULTILINE,
)
# What describes a change: a commit, a request to take it.
_OF_A_CHANGE = re.compile(
    r"\A\W{0,4}(?:(?:\[[\w ,&./-]{2,40}\] ?)*(?:feat|fix|chore|docs?|refactor|perf|test|ci|build|"
    r"style|revert)"
    r"(?:\([^)\n]{1,40}\))?!?: |[^\n]{8,120} \(#\d{1,6}\)[ \t]*(?:\n|\Z)|Merge (?:pull request|"
    r"branch)\b|"
    r"diff --git |From [0-9a-f]{40} |commit [0-9a-f]{40}\b)|"
    r"^\W{0,4}(?:What does this PR do|Checklist Before (?:Starting|Submitting)|Signed-off-by: |"
    r"Co-authored-by: )|\b(?:[Tt]his|[Tt]he) (?:PR|pull request|MR|merge request|commit|patch|"
    r"changeset) "
    r"(?:adds|fixes|fixed|fix|removes|changes|makes|introduces|updates|implements|refactors|allows|"
    r"enables|moves)\b",
    re.MULTILINE,
)
# How the title of a change begins, and that of a request as well.
_TITLE_OF_A_CHANGE = re.compile(
    r"\A\W{0,4}(?:[\w/.-]{2,40}: )?(?:Fix(?:es|ed)?|Remove[sd]?|Updates?|Bump|Refactor|Rename|"
    r"Avoid|"
    r"Handle|Revert|Skip|Prevent|Don't|Do not|Drop|Clean ?up) [^\n?]{4,100}(?:\n\s*\n|\s*\Z)"
)
# What teaches with an error: it is made on purpose.
_LESSON = re.compile(
    r"(?i)\b(?:in this (?:lesson|tutorial|chapter|section|exercise|guide|article|post|course|"
    r"example|unit)|"
    r"(?:running|executing) (?:this|it|that|the (?:code|cell|script)) (?:gives|prints|raises|"
    r"throws|produces|yields|"
    r"results|shows|will)|the fix is to|usually means|typically means|on purpose|let's|let us|"
    r"we(?:'ll| will| get| see)|"
    r"try it|you (?:will|should|would|might|may) (?:see|get)|you'll (?:see|get))\b"
)
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


# A row of a list or a table of troubles: what is printed, and behind it what to do.
_TROUBLE = re.compile(
    r"\s*(?:[-*] |\d+[.)] )\*{0,2}`[^`\n]{1,300}`\*{0,2}\s?(?::|→|->|=>|—|–) ?\S|"
    r"\s*\|[^|\n]{0,20}[`\"][^|\n]{1,300}\|\s*[^|\s][^|\n]*\s[^|\n]{6,}\|"
)


def is_form(text: str) -> bool:
    """Return whether a text has the headings of a form for issues, which reports a run."""
    return _FORM.search(text) is not None


def is_trouble(line: str) -> bool:
    """Return whether a line is one of a list of troubles, each with its cure."""
    return _TROUBLE.match(line) is not None


@lru_cache(maxsize=2)
def is_documentation(opening: bytes) -> bool:
    """Return whether a text describes software to its readers: a manual, a list of changes.

    Args:
        opening: how it begins.
    """
    text = opening.decode("utf-8", "replace")
    if _FORM.search(text):
        return False
    if len(_CHANGE.findall(text)) >= _CHANGES or _NEWS.search(text) or _ABSTRACT.search(text):
        return True
    if len(_QUESTION.findall(text)) > 1 and len(_ANSWER.findall(text)) > 1:
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


CHANGE, LESSON = "change", "lesson"
_FEWEST_MARKS = 2


@lru_cache(maxsize=2)
def kind_of_text(opening: bytes) -> str:
    """Return what else than a report a text with an error in it is; empty where it is a report.

    A description of a change names what it mends, and a lesson shows an error on purpose.

    Args:
        opening: how it begins.
    """
    text = opening.decode("utf-8", "replace")
    if _FORM.search(text):
        return ""
    is_mine = _MINE.search(text) is not None
    if _OF_A_CHANGE.search(text) or _TITLE_OF_A_CHANGE.search(text) and not is_mine:
        return CHANGE
    is_lesson = len({match[0].lower() for match in _LESSON.finditer(text)}) >= _FEWEST_MARKS
    if is_documentation(opening) or is_lesson and not is_mine:
        return LESSON
    return ""


# A person's own run, which no lesson has.
_MINE = re.compile(r"\b(?:I(?!/O)|I'm|I've|my|[Mm]y|our|Our)\b")
