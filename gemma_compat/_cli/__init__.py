"""The command line. Each command is a module with ``add(commands)``, found by its name here.

Exit status: 0 nothing at or above the threshold, 1 findings, 2 wrong usage or input, 3 no diagnosis
could be made, 130 interrupted. ``run`` ends as the script does.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any, NoReturn

from .. import language
from .._version import __version__
from ..errors import GemmaCompatError, UsageError
from .output import FINDINGS, INTERRUPTED, NO_DIAGNOSIS, USAGE, complain, write

# In the order of ``--help``.
COMMANDS = ("report", "explain", "run", "rule", "matrix", "supports", "gpu", "memory", "advise")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status. ``argv`` is ``sys.argv[1:]`` if not given."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    first = _take_language(arguments)
    if arguments[:1] == ["run"] and not {"-h", "--help"} & set(arguments[1:2]):
        from .run import run

        return run([*first, *arguments[1:]])
    try:
        options = _parser(arguments).parse_args([*arguments, *first])
        options.arguments = arguments
        gc.freeze()  # what is loaded by now is needed to the end
        language.use(options.lang)
        status: int = options.command(options)
        return status
    except GemmaCompatError as error:
        complain(error)
        return USAGE if isinstance(error, UsageError) else NO_DIAGNOSIS
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as stop:  # argparse ends so after --help and --version
        return _status_of(stop)


def _take_language(arguments: list[str]) -> list[str]:
    """Take ``--lang zh`` or ``--lang=zh`` off the front; return it, empty where it is not there."""
    size = 0
    if arguments and arguments[0].partition("=")[0] == "--lang":
        size = 1 if "=" in arguments[0] else 2
    taken, arguments[:size] = arguments[:size], []
    return taken


def _status_of(stop: SystemExit) -> int:
    """Return the exit status as Python does: a text is an error message with status 1."""
    if isinstance(stop.code, int):
        return stop.code
    if stop.code is not None:
        complain(str(stop.code))
    return 0 if stop.code is None else FINDINGS


class _Formatter(argparse.HelpFormatter):
    """Help as wide as the terminal. ``argparse`` makes one for every option, to check it."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


@lru_cache(maxsize=1)
def _columns() -> int:
    """Return the terminal's width as ``shutil`` does, which imports four modules to copy files."""
    try:
        return int(os.environ.get("COLUMNS", "")) or os.get_terminal_size(1).columns or 80
    except (ValueError, OSError):
        return 80


class _Parser(argparse.ArgumentParser):
    """Print one line on stderr for wrong usage, as for every other error."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"formatter_class": _Formatter, **given})

    def _print_message(self, message: str, file: Any = None) -> None:
        """Write help and version as all else; of a full disk argparse says nothing, or too much."""
        write(message)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuse what is left over here, where the command's own options are known."""
        found, rest = super().parse_known_args(args, namespace)
        if rest:
            self.error(f"unrecognized arguments: {' '.join(rest)}{self._near_options(rest)}")
        return found, rest

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}{_near_choice(message)} (see {self.prog} --help)")

    def _near_options(self, rest: Sequence[str]) -> str:
        names = [item.partition("=")[0] for item in rest if item.startswith("--")]
        return _nearest(names, [item for item in self._option_string_actions if item[:2] == "--"])


def _near_choice(message: str) -> str:
    """Return the choice that a misspelt one is nearest to; empty for every other message."""
    import re

    found = re.search(r"invalid choice: '([^']+)' \(choose from (.+)\)$", message)
    choices = [item.strip("' ") for item in found[2].split(",")] if found else []
    return _nearest([found[1]], choices) if found else ""


def _nearest(names: Sequence[str], known: Sequence[str]) -> str:
    import difflib

    near = [match for n in names for match in difflib.get_close_matches(n, known, n=1, cutoff=0.6)]
    return f"; nearest: {', '.join(near)}" if near else ""


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    # Its own words are in English. To look for translations it imports locale: half a MiB.
    vars(argparse)["_"] = str
    parser = _Parser(
        prog="gemma_compat",
        description="Know, before training starts, whether this stack fine-tunes Gemma right.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"gemma_compat {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, prog=parser.prog)
    # Only the one that is asked for is loaded; all of them for help and for errors.
    wanted = [name for name in COMMANDS if arguments[:1] == [name]]
    for name in wanted or COMMANDS:
        import_module(f".{name}", __package__).add(commands)
    for command in commands.choices.values():
        command.add_argument("--lang", metavar="LANG", help="language of text output: en, zh")
    return parser
