"""Write the pages, build the site, check its links."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from gemma_compat.rules import all_rules

from . import cost, examples, figures, links, matrix, rules

ROOT = Path(__file__).resolve().parents[2]
DOCS, PAGES, SITE = ROOT / "docs", ROOT / "build" / "docs", ROOT / "site"


def write_pages() -> None:
    """Write ``build/docs``: the pages of ``docs/``, and those that are made."""
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.copytree(DOCS, PAGES, ignore=shutil.ignore_patterns("rules", "mkdocs.yml"))
    known = all_rules()
    made = {
        **rules.pages(known),
        "matrix.md": matrix.page(known),
        "measurements/figures.md": figures.page(),
        "measurements/cost.md": cost.page(),
        "zh.md": _chinese(),
        **examples.pages(),
    }
    for name, text in made.items():
        file = PAGES / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    print(f"build/docs: {len(made)} pages made")


def _chinese() -> str:
    """Return the Chinese README with links that hold on the site."""
    text = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
    text = text.replace("](README.md)", "](index.md)").replace("](docs/", "](")
    return re.sub(r"\]\((examples/\w+)\.ipynb\)", r"](\1.md)", text)


def _built() -> bool:
    """Build the site; print the log where a warning stopped it. ``--quiet`` would let them pass."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--clean"]
    config = ["--config-file", str(DOCS / "mkdocs.yml"), "--site-dir", str(SITE)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, *config], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.stderr.write(done.stderr)
    return done.returncode == 0


def main(arguments: Sequence[str]) -> int:
    write_pages()
    if "--pages" in arguments:
        return 0
    if not _built():
        return 1
    problems = links.problems(SITE)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"site/: {len(list(SITE.rglob('*.html')))} pages, {len(problems)} bad links")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
