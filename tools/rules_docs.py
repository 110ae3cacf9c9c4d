"""Write ``docs/rules/`` from the rules and ``docs/matrix.md`` from the evidence."""

from __future__ import annotations

import shutil
from pathlib import Path

from gemma_compat.engine.matrix import make_matrix
from gemma_compat.report.matrix import render_markdown
from gemma_compat.report.rule_page import list_json, list_markdown, page_markdown
from gemma_compat.rules import all_rules

DOCS = Path(__file__).resolve().parent.parent / "docs"
TARGET = DOCS / "rules"
MATRIX_TITLE = "# What breaks on which release of transformers\n\n"


def main() -> None:
    """Write every page anew."""
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    rules = all_rules()
    index = list_markdown(rules)
    for rule in rules:
        (TARGET / f"{rule.code}.md").write_text(page_markdown(rule), encoding="utf-8")
        index = index.replace(f"| {rule.code} |", f"| [{rule.code}]({rule.code}.md) |")
    (TARGET / "index.md").write_text(f"# Rules\n\n{index}", encoding="utf-8")
    (TARGET / "rules.json").write_text(list_json(rules), encoding="utf-8")
    matrix = MATRIX_TITLE + render_markdown(make_matrix(rules))
    (DOCS / "matrix.md").write_text(matrix, encoding="utf-8")
    print(f"docs/rules: {len(rules)} rules; docs/matrix.md")


if __name__ == "__main__":
    main()
