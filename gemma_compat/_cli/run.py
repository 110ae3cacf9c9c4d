"""``run``: run a script, unchanged, with the hook installed."""

from __future__ import annotations

import argparse
import difflib
from typing import Any

from .. import language
from ..errors import (
    GemmaCompatError,
    NothingToRun,
    PreflightFailed,
    RankFailed,
    UsageError,
)
from .output import FINDINGS, USAGE, complain

_USAGE = (
    "[--preflight [--skip CHECK] [--continue] [--verbose]] [--watch] [--lang LANG] "
    "[-m MODULE | SCRIPT] [ARGUMENT ...]"
)
_WITH_VALUE = {"--skip": "the name of a check", "--lang": "the name of a language"}
_OPTIONS = {"--preflight", "--watch", "--continue", "--verbose", *_WITH_VALUE}


def add(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``run`` to the list of commands and ``--help``; its arguments are the script's."""
    commands.add_parser(
        "run",
        usage=f"gemma_compat run {_USAGE}",
        help="run a script, with every model patched that it trains",
        description="Run an unmodified script as python would, with gemma_compat.install() done. "
        "--preflight tries one batch before the first step and stops if a check fails; --skip "
        "CHECK (as often as needed) leaves one out, --continue trains all the same, --verbose "
        "prints every check. --watch adds memory and speed to the Trainer's log, --lang says in "
        "which language.",
    )


def run(arguments: list[str]) -> int:
    """Run the script or module; let what it raises pass, except errors of gemma_compat."""
    from ..hooks.run import run_script

    try:
        preflight, watch = _options(arguments)
    except (UsageError, NothingToRun) as error:
        complain(error)
        return USAGE
    try:
        return run_script(arguments, preflight=preflight, watch=watch)
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


def _options(arguments: list[str]) -> tuple[bool | dict[str, Any], bool]:
    """Take our options off the front, and return what they say of preflight and watch.

    What follows the script is the script's. ``--skip`` and ``--continue`` ask for preflight too.
    """
    flags: set[str] = set()
    skip: list[str] = []
    while arguments and arguments[0].partition("=")[0] in _OPTIONS:
        name, _, value = arguments.pop(0).partition("=")
        if name in _WITH_VALUE and not value:
            if not arguments:
                raise NothingToRun(f"{name} needs {_WITH_VALUE[name]}")
            value = arguments.pop(0)
        if name == "--lang":
            language.use(value)
        elif name == "--skip":
            skip.append(value)
        else:
            flags.add(name)
    if arguments and arguments[0].startswith("--"):
        near = difflib.get_close_matches(arguments[0], _OPTIONS, n=1, cutoff=0.6)
        hint = f"the nearest is {near[0]}" if near else f"there are {', '.join(sorted(_OPTIONS))}"
        raise NothingToRun(f"run has no option {arguments[0]}; {hint}")
    watch = "--watch" in flags
    asked = bool(skip) or bool(flags & {"--preflight", "--continue"})
    if "--verbose" in flags and not asked:
        raise NothingToRun("--verbose prints every check of --preflight: give both")
    if skip or flags & {"--continue", "--verbose"}:
        from .._preflight.checks.asking import checked_names

        checked_names(skip)
        how = {"go_on": "--continue" in flags, "verbose": "--verbose" in flags}
        return {"skip": skip, **how}, watch
    return asked, watch
