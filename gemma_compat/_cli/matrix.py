"""``matrix``: what breaks on which release."""

from __future__ import annotations

import argparse
from typing import Any

from .output import CLEAN, FORMATS, write


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "matrix", help="what breaks on which release, and how that is known", allow_abbrev=False
    )
    parser.set_defaults(command=_matrix)
    parser.add_argument("--model-type", metavar="TYPE", help="only this model type")
    parser.add_argument("--package", default="transformers", help="whose releases; %(default)s")
    parser.add_argument("--format", choices=FORMATS, default="text")


def _matrix(options: argparse.Namespace) -> int:
    from ..engine.matrix import make_matrix
    from ..report import matrix as renderer
    from ..rules import all_rules

    made = make_matrix(all_rules(), options.package, options.model_type)
    write(getattr(renderer, f"render_{options.format}")(made))
    return CLEAN
