"""``run``: a script, unchanged, with the hook installed."""

from __future__ import annotations

import argparse
from typing import Any

from ..errors import GemmaCompatError, NothingToRun, PreflightFailed, RankFailed
from .output import FINDINGS, USAGE, complain

_USAGE = "[--preflight] [--watch] [-m MODULE | SCRIPT] [ARGUMENT ...]"
_OPTIONS = ("--preflight", "--watch")  # before the script; what follows it is the script's


def add(commands: argparse._SubParsersAction[Any]) -> None:
    """For the list of commands and ``--help`` only: what follows ``run`` is the script's."""
    commands.add_parser(
        "run",
        usage=f"gemma_compat run {_USAGE}",
        help="run a script, with every model patched that it trains",
        description="Run an unmodified script as python would, with gemma_compat.install() done. "
        "--preflight tries one batch before the first step and stops if a check fails; --watch "
        "adds memory and speed to the Trainer's log.",
    )


def run(arguments: list[str]) -> int:
    """What the script raises goes through, as it would without us; only our own errors do not."""
    from ..hooks.run import run_script

    options = {}
    while arguments and arguments[0] in _OPTIONS:
        options[arguments.pop(0).removeprefix("--")] = True
    try:
        return run_script(arguments, **options)
    except NothingToRun as error:
        complain(error)
        return USAGE
    except PreflightFailed:
        return FINDINGS  # the table was printed when it was made
    except RankFailed as error:
        if not isinstance(error.__cause__, GemmaCompatError | None):
            raise  # a traceback is all that tells where
        if error.tells:
            complain(error)
        return FINDINGS
