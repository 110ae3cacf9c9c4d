"""Run the command line: ``python -m gemma_compat``."""

from __future__ import annotations

import os
import sys


def _look_in_the_working_directory_last() -> None:
    """Move the working directory to the end of ``sys.path``.

    ``-m`` puts it first, where a project's ``packaging.py`` or ``re.py`` would be imported. ``run``
    sets the first entry to the script's own directory, as Python does.
    """
    if sys.path and sys.path[0] in {"", os.getcwd()} and sys.argv[1:2] != ["run"]:
        sys.path.append(sys.path.pop(0))


if __name__ == "__main__":
    _look_in_the_working_directory_last()
    from ._cli import main

    sys.exit(main())
