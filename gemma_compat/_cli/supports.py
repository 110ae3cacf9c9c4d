"""``supports``: which releases of each package know a model, and by what evidence."""

from __future__ import annotations

import argparse
from typing import Any

from .output import CLEAN, FORMATS, write


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "supports",
        help="which releases of each package know a Gemma, and by what evidence",
        allow_abbrev=False,
    )
    parser.set_defaults(command=_supports)
    parser.add_argument(
        "--model", required=True, metavar="NAME", help="google/gemma-3-4b-it, or a model type"
    )
    parser.add_argument("--package", metavar="NAME", help="only this package")
    parser.add_argument("--format", choices=FORMATS, default="text")


def _supports(options: argparse.Namespace) -> int:
    from ..atlas._container import IndexUnusable
    from ..atlas.supporting import only, supports
    from ..errors import UsageError
    from ..report import supports_page

    try:
        found = supports(options.model)
    except IndexUnusable as error:
        raise UsageError(f"{error}; install gemma-compat again") from error
    if options.package:
        found = only(found, options.package)
    write(getattr(supports_page, f"render_{options.format}")(found))
    return CLEAN
