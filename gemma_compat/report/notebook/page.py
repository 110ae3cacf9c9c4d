"""The one place that writes HTML for notebooks: no dependency, no request, every value escaped.

It reads in Colab, Kaggle, JupyterLab and VS Code in their light and dark themes: text keeps the
colour of the page, and backgrounds let it show through. Where a viewer drops styles and scripts
(GitHub), plain headings, paragraphs and folds remain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...language import said
from ..wording import printable

GOOD, NOTICE, WARNING, ERROR, UNKNOWN = "good", "notice", "warning", "error", "unknown"


@dataclass(frozen=True)
class Card:
    """One finding.

    Attributes:
        tone: one of the five above.
        badge: a word in a coloured box.
        title: what it is about.
        aside: how it is known; empty where there is nothing to add.
        texts: paragraphs.
        rows: labels and texts.
        paste: the line to paste, with a button that copies it; empty without one.
    """

    tone: str
    badge: str
    title: str
    aside: str = ""
    texts: tuple[str, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()
    paste: str = ""


@dataclass(frozen=True)
class Fold:
    """Details behind a line.

    Attributes:
        title: the line.
        rows: of a table; the first text of each is its label.
        lines: paragraphs below it.
        text: a report as a terminal shows it, its spaces kept.
    """

    title: str
    rows: tuple[tuple[str, ...], ...] = ()
    lines: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Page:
    """What one result shows, top down: verdict, line to paste, texts, cards, folds."""

    tone: str
    verdict: str
    paste: str = ""
    texts: tuple[str, ...] = ()
    cards: tuple[Card, ...] = ()
    folds: tuple[Fold, ...] = ()


_SHELL = re.compile(r"(?:pip|python3?|rm|export|hf|gemma-compat) [^\n]*")
_QUOTED = re.compile(r"`([^`\n]+)`")


def to_paste(text: str) -> str:
    """Return the command or code in an advice: the text if it is one, else what it quotes first."""
    if _is_typed(text):
        return text
    found = _QUOTED.search(text)
    return found[1] if found and _is_typed(found[1]) else ""


def _is_typed(text: str) -> bool:
    """Tell a shell command, a call, an assignment and keyword arguments from a sentence."""
    import ast

    if _SHELL.fullmatch(text):
        return True
    if not {"=", "("} & set(text):
        return False
    try:
        ast.parse(f"f({text})")
    except (SyntaxError, ValueError):
        return _is_assignment(text)
    return True


def _is_assignment(text: str) -> bool:
    import ast

    try:
        return isinstance(ast.parse(text).body[0], ast.Assign)
    except (SyntaxError, ValueError, IndexError):
        return False


def render(page: Page) -> str:
    """Return the page as one HTML element."""
    parts = [f'<p class="gc-verdict gc-{page.tone}"><b>{_text(page.verdict)}</b></p>']
    parts += [_paste(page.paste)] if page.paste else []
    parts += [f"<p>{_text(text)}</p>" for text in page.texts]
    parts += [_card(card) for card in page.cards]
    parts += [_fold(fold) for fold in page.folds if fold.rows or fold.lines or fold.text]
    return f'<div class="gemma-compat"><style>{_STYLE}</style>{"".join(parts)}</div>'


def _text(text: str) -> str:
    """Return the text escaped for HTML; what stands in backticks becomes code."""
    import html

    escaped = html.escape(printable(said(text)))
    return _QUOTED.sub(r"<code>\1</code>", escaped).replace("\n", "<br>")


def _card(card: Card) -> str:
    aside = f' <span class="gc-aside">{_text(card.aside)}</span>' if card.aside else ""
    head = f'<p><span class="gc-badge">{_text(card.badge)}</span> <b>{_text(card.title)}</b>{aside}'
    texts = "".join(f"<p>{_text(text)}</p>" for text in card.texts)
    rows = _table(card.rows) if card.rows else ""
    paste = _paste(card.paste) if card.paste else ""
    return f'<div class="gc-card gc-{card.tone}">{head}</p>{texts}{paste}{rows}</div>'


def _paste(text: str) -> str:
    import html

    code = html.escape(printable(text))
    button = f'<button type="button" onclick="{_COPY}">copy</button>'
    return f'<div class="gc-paste"><pre><code>{code}</code></pre>{button}</div>'


def _fold(fold: Fold) -> str:
    import html

    lines = "".join(f"<p>{_text(line)}</p>" for line in fold.lines)
    rows = _table(fold.rows) if fold.rows else ""
    text = f"<pre>{html.escape(printable(fold.text))}</pre>" if fold.text else ""
    return f"<details><summary>{_text(fold.title)}</summary>{rows}{lines}{text}</details>"


def _table(rows: tuple[tuple[str, ...], ...]) -> str:
    body = "".join(
        "<tr><th>{}</th>{}</tr>".format(
            _text(first), "".join(f"<td>{_text(text)}</td>" for text in rest)
        )
        for first, *rest in rows
    )
    return f"<table>{body}</table>"


# Holds no value of a result. Where the clipboard is closed (an old frame), the text is selected.
_COPY = (
    "var b=this,c=b.parentNode.querySelector('code');"
    "function pick(){var r=document.createRange();r.selectNodeContents(c);var s=getSelection();"
    "s.removeAllRanges();s.addRange(r);try{document.execCommand('copy')}catch(e){}}"
    "function done(){b.textContent='copied';setTimeout(function(){b.textContent='copy'},1500)}"
    "if(navigator.clipboard){navigator.clipboard.writeText(c.textContent)"
    ".then(done,function(){pick();done()})}else{pick();done()}"
)

_STYLE = """
.gemma-compat{--gc-good:#1a7f37;--gc-notice:#0969da;--gc-warning:#9a6700;--gc-error:#cf222e;
--gc-unknown:#6e7781;--gc-on:#fff;max-width:58rem;font-size:14px;line-height:1.5;text-align:left;
color:var(--vscode-editor-foreground,var(--jp-content-font-color1,
var(--colab-primary-text-color,inherit)))}
@media (prefers-color-scheme:dark){.gemma-compat{--gc-good:#3fb950;--gc-notice:#58a6ff;
--gc-warning:#d29922;--gc-error:#ff7b72;--gc-unknown:#9198a1;--gc-on:#111}}
[data-jp-theme-light=true] .gemma-compat,.vscode-light .gemma-compat,
html[theme=light] .gemma-compat{--gc-good:#1a7f37;--gc-notice:#0969da;--gc-warning:#9a6700;
--gc-error:#cf222e;--gc-unknown:#6e7781;--gc-on:#fff}
[data-jp-theme-light=false] .gemma-compat,.vscode-dark .gemma-compat,
html[theme=dark] .gemma-compat{--gc-good:#3fb950;--gc-notice:#58a6ff;--gc-warning:#d29922;
--gc-error:#ff7b72;--gc-unknown:#9198a1;--gc-on:#111}
.gemma-compat .gc-good{--gc-tone:var(--gc-good)}.gemma-compat .gc-notice{--gc-tone:var(--gc-notice)}
.gemma-compat .gc-warning{--gc-tone:var(--gc-warning)}
.gemma-compat .gc-error{--gc-tone:var(--gc-error)}
.gemma-compat .gc-unknown{--gc-tone:var(--gc-unknown)}
.gemma-compat p{margin:.35em 0}
.gemma-compat .gc-verdict{font-size:1.1em;border-left:5px solid var(--gc-tone);padding:.2em .7em}
.gemma-compat .gc-card{border:1px solid rgba(127,127,127,.35);
border-left:5px solid var(--gc-tone);border-radius:6px;padding:.3em .8em;margin:.6em 0}
.gemma-compat .gc-badge{background:var(--gc-tone);color:var(--gc-on);border-radius:4px;
padding:.05em .5em;font-size:.85em}
.gemma-compat .gc-aside{opacity:.75;font-size:.9em}
.gemma-compat code{background:rgba(127,127,127,.16);color:inherit;border-radius:4px;
padding:.1em .3em;font-size:.93em;overflow-wrap:anywhere}
.gemma-compat .gc-paste{display:flex;gap:.5em;align-items:center;margin:.5em 0}
.gemma-compat .gc-paste pre{flex:1;min-width:0;margin:0;padding:.5em .7em;overflow-x:auto;
background:rgba(127,127,127,.16);color:inherit;border-radius:4px}
.gemma-compat .gc-paste code{background:none;padding:0;overflow-wrap:normal}
.gemma-compat .gc-paste button{font:inherit;font-size:.85em;color:inherit;cursor:pointer;
background:rgba(127,127,127,.12);border:1px solid rgba(127,127,127,.5);border-radius:4px;
padding:.25em .7em}
.gemma-compat details pre{white-space:pre-wrap;background:none;color:inherit;font-size:.9em}
.gemma-compat details{margin:.5em 0}.gemma-compat summary{cursor:pointer}
.gemma-compat table{border-collapse:collapse;margin:.4em 0;color:inherit;font-size:.95em}
.gemma-compat th,.gemma-compat td{text-align:left!important;vertical-align:top;
padding:.15em .8em .15em 0;font-weight:normal;background:none;
color:inherit;white-space:normal;overflow-wrap:anywhere}
.gemma-compat th{opacity:.75;white-space:nowrap}.gemma-compat tr{background:none!important}
""".replace("\n", "")
