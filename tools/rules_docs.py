"""Writes ``docs/rules/``: an index and a page for each rule, from the rules' own docstrings."""

from __future__ import annotations

import shutil
from pathlib import Path

from gemma_compat.report.rule_page import list_markdown, page_markdown
from gemma_compat.rules import all_rules

TARGET = Path(__file__).resolve().parent.parent / "docs" / "rules"


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
    print(f"{TARGET.name}/: {len(rules)} rules")


if __name__ == "__main__":
    main()
