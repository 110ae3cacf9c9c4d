"""README's picture: what ``explain`` prints on a terminal, as an SVG, from a log of the tests.

python -m tools.picture            write docs/images/explain.svg
python -m tools.picture --check    exit 1 if the file is not what the command prints today
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from gemma_compat._cli.colour import painted
from gemma_compat._explain.explain import explain_log
from gemma_compat.report.explanation import render_text
from gemma_compat.report.wording import WIDTH

ROOT = Path(__file__).resolve().parent.parent
LOG = ROOT / "tests" / "explain" / "logs" / "F7-hybridcache-at-evaluation.log"
TARGET = ROOT / "docs" / "images" / "explain.svg"
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


def drawn() -> str:
    """Return the picture of what the command prints today."""
    with LOG.open("rb") as log:
        text = painted(render_text(explain_log(log)))
    console = Console(record=True, width=WIDTH + 2, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(f"\x1b[2m$\x1b[0m \x1b[1m{COMMAND}\x1b[0m"))
    console.print(Text.from_ansi(text))  # its last, empty line is the margin below
    svg = console.export_svg(theme=_THEME, code_format=_FORMAT, unique_id="explain")
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def main(arguments: Sequence[str]) -> int:
    new = drawn()
    old = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
    if new == old:
        return 0
    if "--check" in arguments:
        print(f"{TARGET.relative_to(ROOT)}: out of date: make counts")
        return 1
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(new, encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT)}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
