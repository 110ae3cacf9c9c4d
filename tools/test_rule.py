"""The tests of one rule: ``make test-rule RULE=GC105``.

It writes both indexes, that of the rules and that of explain, writes the rule's golden text if
there is none, and runs the rule's own tests, the contract for it and the search for its symptoms in
released packages. If all pass, it writes the pages that count or list rules: README and ``docs/``.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from . import counts, explain_index, rule_index, rules_docs
from .new_rule import PLACEHOLDER, ROOT

if TYPE_CHECKING:
    from gemma_compat.engine.rule import Rule


def main(arguments: Sequence[str]) -> int:
    """Return the exit status of the first step that fails, else 0; 2 on wrong usage."""
    if len(arguments) != 1 or not arguments[0]:
        print("test-rule: error: give RULE=, a code or a name", file=sys.stderr)
        return 2
    if status := rule_index.main():
        return status
    explain_index.main()  # has the words of its symptoms
    from gemma_compat.errors import UsageError
    from gemma_compat.rules import find

    try:
        rule = find(arguments[0])
    except UsageError as error:
        print(f"test-rule: error: {error}", file=sys.stderr)
        return 2
    if left := unfilled(rule):
        print(f"test-rule: FILL IN is left in {', '.join(left)}", file=sys.stderr)
        return 1
    if not _write_golden(rule):
        return 1
    status = _run_tests(rule)
    if status == 0:
        counts.main([])
        rules_docs.main()
    return status


def unfilled(rule: Rule, root: Path = ROOT) -> list[str]:
    """Return the files of a rule and of its proof that a skeleton still asks to be filled in.

    A golden text made of them would have to be made anew.
    """
    stem = f"{rule.family}/{rule.name.replace('-', '_')}"
    files = [root / "gemma_compat" / "rules" / f"{stem}.{kind}" for kind in ("py", "md")]
    files += sorted((root / "tests" / "rules" / stem).glob("*.py"))
    return [
        str(file.relative_to(root))
        for file in files
        if file.is_file() and PLACEHOLDER in file.read_text(encoding="utf-8")
    ]


def _write_golden(rule: Rule) -> bool:
    """Write the golden text if there is none; return whether there is one now."""
    from tests.rules import golden  # the tests are needed only here

    if golden.path_of(rule).exists():
        return True
    try:
        print(f"{golden.rewrite_one(rule)}: read it as the user will", flush=True)
    except LookupError as error:
        print(f"test-rule: no golden text: {error.args[0]}", file=sys.stderr)
        return False
    return True


def _run_tests(rule: Rule) -> int:
    """Return pytest's exit status on the tests about this rule."""
    which = ["tests/rules", "tests/atlas/test_symptoms.py"]
    names = f"{rule.code} or {rule.name.replace('-', '_')}"
    return subprocess.run([sys.executable, "-m", "pytest", "-q", *which, "-k", names]).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
