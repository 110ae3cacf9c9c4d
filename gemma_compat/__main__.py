"""``python -m gemma_compat``."""

from __future__ import annotations

import os
import sys


def _look_in_the_working_directory_last() -> None:
    """``-m`` puts it first, where a ``packaging.py`` or ``re.py`` of a project would be taken.

    ``run`` sets the first entry to the script's own directory, as Python does.
    """
    if sys.path and sys.path[0] in {"", os.getcwd()} and sys.argv[1:2] != ["run"]:
        sys.path.append(sys.path.pop(0))


if __name__ == "__main__":
    _look_in_the_working_directory_last()
    from ._cli import main

    sys.exit(main())
