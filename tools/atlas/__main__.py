"""``make atlas``: read the new releases, then write the index.

    python -m tools.atlas [PACKAGE ...]

A new release costs one wheel. Everything that was read is kept in ``.atlas``, which git ignores.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from . import download, new, pack
from .selection import BY_NAME


def main(arguments: Sequence[str]) -> int:
    """Return 1 if a release could not be read; the index has the others."""
    unknown = [name for name in arguments if name not in BY_NAME]
    if unknown:
        print(f"atlas: error: no package {unknown[0]!r}; {', '.join(BY_NAME)}", file=sys.stderr)
        return 2
    before = new.shipped()
    failed = download.main(arguments)
    pack.main(arguments)
    for name, version in new.record(before):
        print(f"new: {name} {version}")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
