"""``run``: a script, unchanged, with the hook installed."""

from __future__ import annotations

import argparse
from typing import Any

from ..errors import NothingToRun
from .output import USAGE, complain

_USAGE = "[-m MODULE | SCRIPT] [ARGUMENT ...]"


def add(commands: argparse._SubParsersAction[Any]) -> None:
    """For the list of commands and ``--help`` only: what follows ``run`` is the script's."""
    commands.add_parser(
        "run",
        usage=f"gemma_compat run {_USAGE}",
        help="run a script, with every model patched that it trains",
        description="Run an unmodified script as python would, with gemma_compat.install() done.",
    )


def run(arguments: list[str]) -> int:
    """What the script raises goes through, as it would without us; only our own errors do not."""
    from ..hooks.run import run_script

    try:
        return run_script(arguments)
    except NothingToRun as error:
        complain(error)
        return USAGE
