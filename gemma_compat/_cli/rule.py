"""``rule``: the page of one rule, or the list of all."""

from __future__ import annotations

import argparse
from typing import Any

from .output import CLEAN, FORMATS, write


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "rule", help="the page of one rule; all rules without a name", allow_abbrev=False
    )
    parser.set_defaults(command=_rule)
    parser.add_argument("name", nargs="?", metavar="CODE", help="a rule's code or name")
    parser.add_argument("--format", choices=FORMATS, default="text")


def _rule(options: argparse.Namespace) -> int:
    from ..report import rule_page
    from ..rules import all_rules, find

    if options.name is None:
        write(getattr(rule_page, f"list_{options.format}")(all_rules()), options.format)
    else:
        write(getattr(rule_page, f"page_{options.format}")(find(options.name)), options.format)
    return CLEAN
