"""Plant the accidents and print what preflight says of each.

python -m tests.preflight_audit            all of them
python -m tests.preflight_audit bos lora   those with one of these words in their name
"""

from __future__ import annotations

import sys
import tempfile

from . import faults
from .healthy import NotHere
from .planted import table, tell


def main(words: list[str]) -> None:
    chosen = [f for f in faults.all_faults() if not words or any(w in f.name for w in words)]
    found = []
    for fault in chosen:
        with tempfile.TemporaryDirectory() as folder:
            try:
                found.append((fault, tell(fault, folder)))
            except NotHere as error:
                print(f"{'not here':19} {fault.name:45} {error}", flush=True)
                continue
            print(table(found[-1:]).splitlines()[0], flush=True)
    print(table(found))


if __name__ == "__main__":
    main(sys.argv[1:])
