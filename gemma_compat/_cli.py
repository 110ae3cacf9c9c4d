"""The command line: ``report``, ``run``, ``rule`` and ``matrix``.

Exit status: 0 nothing at or above the threshold, 1 findings, 2 wrong usage or input, 3 no diagnosis
could be made, 130 interrupted. ``run`` ends as the script does.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn

from . import __version__
from .errors import GemmaCompatError, NothingToRun, UsageError

if TYPE_CHECKING:
    from .facts import Facts
    from .plan import Plan
    from .rule import Diagnosis, Rule

CLEAN, FINDINGS, USAGE, NO_DIAGNOSIS, INTERRUPTED = 0, 1, 2, 3, 130
_FORMATS = ("text", "json", "markdown")
_RUN_USAGE = "[-m MODULE | SCRIPT] [ARGUMENT ...]"
_EXITS = """\
exit status: 0 nothing at or above the threshold; 1 findings; 2 wrong usage or input;
3 no diagnosis could be made
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status. ``argv`` is ``sys.argv[1:]`` if not given."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["run"] and not {"-h", "--help"} & set(arguments[1:2]):
        return _run(arguments[1:])
    try:
        options = _parser().parse_args(arguments)
        status: int = options.command(options)
        return status
    except GemmaCompatError as error:
        _complain(error)
        return USAGE if isinstance(error, UsageError) else NO_DIAGNOSIS
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as stop:  # argparse ends so after --help and --version
        return int(stop.code or 0)


def _run(arguments: list[str]) -> int:
    """What the script raises goes through, as it would without us; only our own errors do not."""
    from .hooks.run import run_script

    try:
        return run_script(arguments)
    except NothingToRun as error:
        _complain(error)
        return USAGE


def _report(options: argparse.Namespace) -> int:
    from .detect import detect_facts
    from .diagnosis import judge_all
    from .plan import make_plan

    rules = _chosen_rules(options)
    facts = detect_facts(options.model, options.args, probe=options.probe)
    diagnosis = judge_all(facts, rules)
    _print(_renderer(options.format)(diagnosis, make_plan(diagnosis)))
    return _status(diagnosis, rules, options)


def _renderer(form: str) -> Callable[[Diagnosis, Plan], str]:
    """``render_diagnosis`` of the one module that is needed."""
    from importlib import import_module

    render: Callable[[Diagnosis, Plan], str]
    render = import_module(f".report.{form}", __package__).render_diagnosis
    return render


def _chosen_rules(options: argparse.Namespace) -> tuple[Rule, ...]:
    from .rules import all_rules, find

    rules = all_rules()
    selected = {find(name, rules).code for name in options.select}
    ignored = {find(name, rules).code for name in options.ignore}
    return tuple(
        rule
        for rule in rules
        if rule.code not in ignored and (rule.code in selected or not selected)
    )


def _status(diagnosis: Diagnosis, rules: Sequence[Rule], options: argparse.Namespace) -> int:
    if _nothing_was_judged(diagnosis, rules):
        return NO_DIAGNOSIS
    if options.fail_on_undetermined and diagnosis.undetermined:
        return FINDINGS
    if options.fail_on == "never":
        return CLEAN
    from .rule import Severity

    threshold = Severity(options.fail_on).rank
    reached = any(item.rule.severity.rank <= threshold for item in diagnosis.findings)
    return FINDINGS if reached else CLEAN


def _nothing_was_judged(diagnosis: Diagnosis, rules: Sequence[Rule]) -> bool:
    """Whether every rule about this model waits for a package that could not be read."""
    asked = {rule.code for rule in rules if _is_about(rule, diagnosis.facts)}
    waiting = {
        item.rule.code
        for item in diagnosis.undetermined
        if any(topic.startswith("packages") for topic, _ in item.missing)
    }
    return bool(asked) and not diagnosis.findings and asked <= waiting


def _is_about(rule: Rule, facts: Facts) -> bool:
    if not facts.model.known("model_type"):
        return True
    return facts.model.model_type in rule.model_types


def _rule(options: argparse.Namespace) -> int:
    from .report import rule_page
    from .rules import all_rules, find

    if options.name is None:
        _print(getattr(rule_page, f"list_{options.format}")(all_rules()))
    else:
        _print(getattr(rule_page, f"page_{options.format}")(find(options.name)))
    return CLEAN


def _matrix(options: argparse.Namespace) -> int:
    from .matrix import make_matrix
    from .report import matrix as renderer
    from .rules import all_rules

    made = make_matrix(all_rules(), options.package, options.model_type)
    _print(getattr(renderer, f"render_{options.format}")(made))
    return CLEAN


class _Parser(argparse.ArgumentParser):
    """One line on stderr for wrong usage, like every other error."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="gemma_compat",
        description="Know, before training starts, whether this stack fine-tunes Gemma right.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"gemma_compat {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_report(commands)
    commands.add_parser(
        "run",
        usage=f"gemma_compat run {_RUN_USAGE}",
        help="run a script, with every model patched that it trains",
        description="Run an unmodified script as python would, with gemma_compat.install() done.",
    )
    _add_rule(commands)
    _add_matrix(commands)
    return parser


def _add_report(commands: argparse._SubParsersAction[_Parser]) -> None:
    add = commands.add_parser(
        "report",
        help="what is known to break here, and what to do",
        description="What is known to break here, and what to do. Changes nothing.",
        epilog=_EXITS,
        allow_abbrev=False,
    )
    add.set_defaults(command=_report)
    option = add.add_argument
    option("--model", metavar="DIR", help="a model directory or its config.json")
    option("--args", metavar="FILE", help="the training arguments as JSON")
    option("--format", choices=_FORMATS, default="text")
    option("--probe", action="store_true", help="try to import torch, in a child process")
    option("--fail-on", choices=("error", "warning", "never"), default="error")
    option("--fail-on-undetermined", action="store_true", help="exit 1 if a rule is undecided")
    for name, text in (("--select", "only these rules"), ("--ignore", "all but these rules")):
        text += ": codes or names, comma-separated"
        option(name, metavar="CODES", action="extend", type=_codes, default=[], help=text)


def _add_rule(commands: argparse._SubParsersAction[_Parser]) -> None:
    add = commands.add_parser(
        "rule", help="the page of one rule; all rules without a name", allow_abbrev=False
    )
    add.set_defaults(command=_rule)
    add.add_argument("name", nargs="?", metavar="CODE", help="a rule's code or name")
    add.add_argument("--format", choices=_FORMATS, default="text")


def _add_matrix(commands: argparse._SubParsersAction[_Parser]) -> None:
    add = commands.add_parser(
        "matrix", help="what breaks on which release, and how that is known", allow_abbrev=False
    )
    add.set_defaults(command=_matrix)
    add.add_argument("--model-type", metavar="TYPE", help="only this model type")
    add.add_argument("--package", default="transformers", help="whose releases; %(default)s")
    add.add_argument("--format", choices=_FORMATS, default="text")


def _codes(text: str) -> list[str]:
    names = text.replace(",", " ").split()
    if not names:
        raise argparse.ArgumentTypeError("expected codes or names of rules")
    return names


def _complain(error: Exception) -> None:
    if sys.stderr is not None:
        line = " ".join(str(error).split())
        sys.stderr.write(_encodable(f"gemma_compat: error: {line}\n", sys.stderr.encoding))


def _print(text: str) -> None:
    """Write to stdout, whatever its encoding; a reader that has gone away is no error."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.write(_encodable(text, sys.stdout.encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        pass
    except OSError as error:
        raise UsageError(f"cannot write the report: {error.strerror or error}") from error


def _encodable(text: str, encoding: str | None) -> str:
    encoding = encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
