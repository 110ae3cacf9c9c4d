"""Write ``docs/matrix.md`` from the rules and the evidence; the site has its own page of it."""

from __future__ import annotations

from pathlib import Path

from gemma_compat.engine.matrix import make_matrix
from gemma_compat.report.matrix import render_markdown
from gemma_compat.rules import all_rules

TARGET = Path(__file__).resolve().parent.parent / "docs" / "matrix.md"
TITLE = "# What breaks on which release of transformers\n\n"


def main() -> None:
    """Write the page anew."""
    TARGET.write_text(TITLE + render_markdown(make_matrix(all_rules())), encoding="utf-8")
    print("docs/matrix.md")


if __name__ == "__main__":
    main()
