"""``explain``: what a log or a traceback means, or a rule's page."""

from __future__ import annotations

import argparse
import os
import re
import sys
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from . import assumptions
from .output import CLEAN, FINDINGS, FORMATS, NO_DIAGNOSIS, write

if TYPE_CHECKING:
    from .._explain.explanation import Explanation
    from ..facts import Facts

_FOR_MACHINES = ("github", "sarif")

_EXITS = """\
exit status: 0 no failure in it, or one that the run survived; 1 a known failure;
2 wrong usage or input; 3 a failure that no rule knows, or a traceback that is cut off
"""


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "explain",
        help="what a log or a traceback means",
        description="What a log or a traceback means: what happened, why, what to do.",
        epilog=_EXITS,
        allow_abbrev=False,
    )
    parser.set_defaults(command=_explain)
    text = "a log file, - for standard input, or a rule's code"
    parser.add_argument("what", metavar="LOG", help=text)
    parser.add_argument("--format", choices=(*FORMATS, *_FOR_MACHINES), default="text")
    parser.add_argument("--verbose", action="store_true", help="all of it, not only a screen")
    parser.add_argument("--model", metavar="DIR", help="the model, where the log does not say")
    parser.add_argument("--args", metavar="FILE", help="the training arguments as JSON")
    assumptions.add_options(parser)


def _explain(options: argparse.Namespace) -> int:
    is_code = re.fullmatch(r"[A-Z]{2,12}\d{3,4}", options.what, re.IGNORECASE)
    if is_code and not os.path.exists(options.what):
        return _page(options)
    from ..report import explanation as renderer

    found = _explained(options)
    if found.is_blank:
        raise UsageError(f"{options.what}: {renderer.headline(found)}")
    if options.format == "text":
        write(renderer.render_text(found, verbose=options.verbose), "text")
    elif options.format in _FOR_MACHINES:
        from ..report import explanation_machines as machines

        file = "" if options.what == "-" else options.what
        write(getattr(machines, f"render_{options.format}")(found, file))
    else:
        write(getattr(renderer, f"render_{options.format}")(found))
    survived = found.outlived_at or (found.unknown is not None and found.unknown.went_on_at)
    if survived and found.leading is None:
        return CLEAN
    if found.causes:
        return FINDINGS
    if found.cut_at:
        return NO_DIAGNOSIS
    is_open = found.unrecognised or found.generally
    return NO_DIAGNOSIS if is_open else CLEAN


def _page(options: argparse.Namespace) -> int:
    from ..report import rule_page
    from ..rules import find

    if options.format in _FOR_MACHINES:
        raise UsageError(f"{options.what} is a rule: --format {options.format} is for a log")
    write(getattr(rule_page, f"page_{options.format}")(find(options.what)), options.format)
    return CLEAN


def _explained(options: argparse.Namespace) -> Explanation:
    from .._explain.explain import explain_log
    from .._files import opened_log

    def given(facts: Facts) -> Facts:
        return _given(options, facts)

    if options.what == "-":
        if sys.stdin is None:
            raise UsageError("there is no standard input")
        return explain_log(sys.stdin.buffer, given)
    try:
        with opened_log(options.what) as file:
            return explain_log(file, given)
    except (OSError, ValueError) as error:
        raise UsageError(f"{options.what}: {getattr(error, 'strerror', error) or error}") from error


def _given(options: argparse.Namespace, facts: Facts) -> Facts:
    """Return what the options say, put over what the log says."""
    if options.model:
        from ..detect.model import assumed_of, read_model

        model, _ = read_model(options.model)
        assumed = assumed_of(options.model) or {"model": "--model"}
        facts = facts.replace(model=model, assumed={**facts.assumed, **assumed})
    if options.args:
        from ..detect.training import read_training

        run, _ = read_training(options.args, facts.packages.get("transformers"))
        stated = {name: value for name, value in vars(run).items() if run.known(name)}
        assumed = {**facts.assumed, "training": "--args"}
        facts = facts.replace(training=facts.training.replace(**stated), assumed=assumed)
    return assumptions.apply(options, facts, of_this_machine=False)
