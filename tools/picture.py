"""README's picture: what ``explain`` prints on a terminal, as an SVG, from a log of the tests.

python -m tools.picture            write docs/images/explain.svg
python -m tools.picture --check    exit 1 if a file is not what the command prints today
"""

from __future__ import annotations

import html
import io
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from gemma_compat import language
from gemma_compat._cli.colour import painted
from gemma_compat._explain.explain import explain_log
from gemma_compat.report.explanation import render_text
from gemma_compat.report.wide import columns
from gemma_compat.report.wording import WIDTH

ROOT = Path(__file__).resolve().parent.parent
LOG = ROOT / "tests" / "explain" / "logs" / "F7-hybridcache-at-evaluation.log"
FOLDER = ROOT / "docs" / "images"
COMMAND = "gemma-compat explain train.log"

# Colours of a dark window: it has its own background, so it reads on a light and a dark page.
_THEME = TerminalTheme(
    background=(22, 27, 34),
    foreground=(230, 237, 243),
    normal=[
        (72, 79, 88),
        (255, 123, 114),
        (126, 231, 135),
        (227, 179, 65),
        (121, 192, 255),
        (210, 168, 255),
        (86, 211, 219),
        (177, 186, 196),
    ],
)
# As rich's own template, without its fonts from another host and without the buttons of a window.
_FORMAT = """\
<svg class="{unique_id}" viewBox="0 0 {width} {terminal_height}" \
xmlns="http://www.w3.org/2000/svg" role="img">
<title>Terminal: what happened, what to type, and why</title>
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; white-space: pre;
}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
<rect fill="#161b22" x="0" y="0" width="{width}" height="{terminal_height}" rx="8" />
<g transform="translate(9, 6)" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


_TEXT = re.compile(r'(<text [^>]*textLength=")([\d.]+)("[^>]*>)([^<]*)(?=</text>)')


def _widened(found: re.Match[str]) -> str:
    """Give a text the width of its columns: rich counts a Chinese character as one."""
    start, length, middle, text = found.groups()
    plain = html.unescape(text)
    wide = float(length) * columns(plain) / max(1, len(plain))
    return f"{start}{wide:.1f}{middle}{text}"


def drawn(lang: str) -> str:
    """Return the picture of what the command prints today, in that language."""
    language.use(lang)
    with LOG.open("rb") as log:
        text = painted(render_text(explain_log(log)))
    language.use(None)
    command = COMMAND if lang == "en" else f"{COMMAND} --lang {lang}"
    console = Console(record=True, width=WIDTH + 2, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(f"\x1b[2m$\x1b[0m \x1b[1m{command}\x1b[0m"))
    console.print(Text.from_ansi(text))  # its last, empty line is the margin below
    svg = console.export_svg(theme=_THEME, code_format=_FORMAT, unique_id="explain")
    svg = _TEXT.sub(_widened, svg)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def main(arguments: Sequence[str]) -> int:
    stale = []
    for lang in language.available():
        name = "explain.svg" if lang == "en" else f"explain.{lang}.svg"
        new = drawn(lang)
        target = FOLDER / name
        if target.exists() and target.read_text(encoding="utf-8") == new:
            continue
        stale.append(name)
        if "--check" not in arguments:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(new, encoding="utf-8")
    for name in stale:
        said = "out of date: make counts" if "--check" in arguments else "written"
        print(f"docs/images/{name}: {said}")
    return int(bool(stale) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
