"""A page for each rule, and the index of them by family."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from gemma_compat.engine.rule import Evidence, Rule
from gemma_compat.report.rule_page import list_json, page_markdown

from ..counts import FAMILIES

KNOWN = {Evidence.RAN: "run", Evidence.SOURCE: "read in the source", Evidence.REPORTED: "reported"}
_INDEX = """\
---
hide: [navigation]
---

# Rules

A rule for each known failure. **Run**: seen broken and working on real releases, on both sides of
its bounds. **Read in the source** and **reported** were not run here, and say so everywhere.
On the command line: `gemma-compat rule GC101`; all of it as [JSON](rules.json).

<input class="gc-filter" type="search" placeholder="Filter: a code, a word, error, patch, reported"
aria-label="Filter the rules" data-gc-filter=".gc-rules">

"""


def pages(rules: Sequence[Rule]) -> dict[str, str]:
    """Return the text of each page by its path."""
    made = {f"rules/{rule.code}.md": _page(rule) for rule in rules}
    return {**made, "rules/index.md": _index(rules), "rules/rules.json": list_json(rules)}


def _page(rule: Rule) -> str:
    head, title, rest = page_markdown(rule).split("\n\n", 2)
    # A cell such as x[0]['keys'] is a link to Markdown.
    rest = re.sub(r"^\|.*", lambda row: row[0].replace("][", "]&#91;"), rest, flags=re.MULTILINE)
    # mkdocs reads <! as the beginning of a declaration, also inside of code.
    rest = re.sub(r"`([^`\n]*<![^`\n]*)`", lambda code: _spelled(code[1]), rest)
    return f"{head}\n\n{title}\n\n{_badges(rule)}\n\n{rest}"


def _spelled(code: str) -> str:
    """Return code as HTML in which nothing is Markdown or a tag."""
    plain = code.replace(r"\|", "|")
    letters = (x if x.isalnum() or x == " " else f"&#{ord(x)};" for x in plain)
    return f"<code>{''.join(letters)}</code>"


def _badges(rule: Rule) -> str:
    texts = [(rule.severity.value, rule.severity.value)]
    texts += [("silent", "silent: no error is raised")] if rule.silent else []
    texts += [(f"known-{rule.evidence.value}", KNOWN[rule.evidence]), ("cure", cure(rule))]
    return " ".join(f'<span class="gc-badge gc-{kind}">{text}</span>' for kind, text in texts)


def cure(rule: Rule) -> str:
    """Return who cures it, in two words or three."""
    if rule.patch is None:
        return "by hand"
    return "patch" if rule.applicability.value == "safe" else "patch, with consent"


def _index(rules: Sequence[Rule]) -> str:
    parts = [_INDEX]
    for digits, (name, _) in FAMILIES.items():
        own = [rule for rule in rules if rule.order // 100 == digits]
        rows = "".join(map(_row, own))
        parts.append(f"## GC{digits}xx: {name}\n\n")
        parts.append(f'<table class="gc-rules">{_HEAD}<tbody>{rows}</tbody></table>\n\n')
    return "".join(parts)


_HEAD = "<thead><tr><th>code</th><th>what breaks</th><th>known</th><th>cure</th></tr></thead>"


def _row(rule: Rule) -> str:
    badge = f'<span class="gc-badge gc-{rule.severity.value}">{rule.severity.value}</span>'
    silent = " silent" if rule.silent else ""
    title = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(rule.title))
    return (
        f'<tr><td><a href="{rule.code}/">{rule.code}</a><br>{badge}{silent}</td>'
        f"<td>{title}<br><small>{rule.name}</small></td>"
        f"<td>{KNOWN[rule.evidence]}</td><td>{cure(rule)}</td></tr>"
    )
