"""The tests of one rule: ``make test-rule RULE=GC105``.

Reads the Markdown rules into the index, writes the rule's golden text where there is none or it no
longer holds, and runs the rule's own tests and the contract for it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from . import rule_index


def main(arguments: Sequence[str]) -> int:
    """Return the exit status of the first step that fails, else 0; 2 on wrong usage."""
    if len(arguments) != 1 or not arguments[0]:
        print("test-rule: error: give RULE=, a code or a name", file=sys.stderr)
        return 2
    if status := rule_index.main():
        return status
    from gemma_compat.errors import UsageError
    from gemma_compat.rules import find

    try:
        rule = find(arguments[0])
    except UsageError as error:
        print(f"test-rule: error: {error}", file=sys.stderr)
        return 2
    stem = rule.name.replace("-", "_")
    pytest = [sys.executable, "-m", "pytest", "-q"]
    return subprocess.run([*pytest, "tests/rules", "-k", f"{rule.code} or {stem}"]).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
