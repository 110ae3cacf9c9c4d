"""Run one command and print what it cost, as JSON: ``python -I turn.py COMMAND [ARGUMENT ...]``.

A program of its own, since Linux counts the peak memory of the process that starts another one as
the new one's: a benchmark that has held 200 MiB would find 200 MiB in every child.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes in ru_maxrss


def main() -> None:
    """Wait for the command; its output is thrown away, its children are counted with it."""
    process = subprocess.Popen(
        sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    cost = {
        "status": process.returncode,
        "seconds": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss * _UNIT,
    }
    print(json.dumps(cost))


if __name__ == "__main__":
    main()
