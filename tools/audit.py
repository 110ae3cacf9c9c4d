"""Known vulnerabilities of what is pinned: pip-audit against OSV, never green without an answer.

python -m tools.audit             # says so in one line where OSV cannot be reached
AUDIT=required python -m tools.audit   # 1 in that case: what CI runs
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FILES = ("image.txt", "core.txt", "check.txt")
SECONDS = 90.0


def main() -> int:
    """Run pip-audit and say what it found: 1 for a vulnerability, or where it is required."""
    required = os.environ.get("AUDIT") == "required"
    text, problem = _run([str(ROOT / "requirements" / name) for name in FILES])
    found, skipped = _read(text) if problem is None else ([], [])
    for line in found:
        print(line)
    if problem is None and skipped:
        names = ", ".join(skipped[:5]) + (" ..." if len(skipped) > 5 else "")
        problem = f"no answer for {len(skipped)} packages ({names})"
    if problem is not None:
        print(f"pip-audit: NOT AUDITED: {problem}; AUDIT=required makes this an error")
    elif not found:
        print("pip-audit: no known vulnerability")
    return int(bool(found) or (required and problem is not None))


def _run(files: Sequence[str]) -> tuple[str, str | None]:
    """Return what pip-audit printed, or why it gave no answer."""
    command = [sys.executable, "-m", "pip_audit", "--vulnerability-service", "osv", "--no-deps"]
    command += ["--disable-pip", "--format", "json", "--progress-spinner", "off"]
    for file in files:
        command += ["--requirement", file]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return "", f"not finished within {SECONDS:g} s"
    if not done.stdout.strip():
        last = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        return "", f"OSV gave no answer ({last[:120]})"
    return done.stdout, None


def _read(text: str) -> tuple[list[str], list[str]]:
    """Return a line for each vulnerability, and the packages without an answer."""
    found: list[str] = []
    skipped: list[str] = []
    for item in json.loads(text)["dependencies"]:
        if "vulns" not in item:
            skipped.append(str(item["name"]))
        found += [_line(item, each) for each in item.get("vulns", ())]
    return found, skipped


def _line(item: Mapping[str, Any], each: Mapping[str, Any]) -> str:
    fixed = ", ".join(each.get("fix_versions", ())) or "no release"
    return f"pip-audit: {item['name']} {item['version']}: {each['id']}, fixed in {fixed}"


if __name__ == "__main__":
    sys.exit(main())
