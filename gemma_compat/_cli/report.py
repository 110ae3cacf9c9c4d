"""``report``: what is known to break here."""

from __future__ import annotations

import argparse
import gc
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from . import _elsewhere, assumptions
from . import gate as gates
from . import nodes as job
from . import policy as policies
from .output import note

if TYPE_CHECKING:
    from ..engine.gate import Remark
    from ..engine.rule import Diagnosis, Rule
    from ..facts import Facts
    from ..memory import Judgement
    from ..policy import Policy

_EXITS = """\
exit status: 0 nothing at or above the threshold; 1 findings; 2 wrong usage or input;
3 no diagnosis could be made
"""


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "report",
        help="what is known to break here, and what to do",
        description="What is known to break here, and what to do. Changes nothing.",
        epilog=_EXITS,
        allow_abbrev=False,
    )
    parser.set_defaults(command=_report)
    option = parser.add_argument
    option("--model", metavar="DIR", help="a model directory, its config.json or a known name")
    option("--args", metavar="FILE", help="training arguments: JSON, or YAML, also axolotl's")
    option("--adapter", metavar="DIR", help="the directory of a PEFT adapter")
    option("--tokenizer", metavar="DIR", help="a tokenizer's directory, if not the model's")
    option("--verbose", action="store_true", help="every notice and all that is not decided")
    option("--python", metavar="PATH", help="judge the packages of this interpreter or venv")
    text = "try to import torch, transformers, peft, trl, bitsandbytes, unsloth, in child processes"
    option("--probe", action="store_true", help=text)
    for name, text in (("--select", "only these rules"), ("--ignore", "all but these rules")):
        text += ": codes or names, comma-separated"
        option(name, metavar="CODES", action="extend", type=_codes, default=[], help=text)
    text = "what differs from a report saved with --format json; exits 1 where it matters"
    option("--compare", metavar="FILE", help=text)
    gates.add_options(parser)
    job.add_options(parser)
    assumptions.add_options(parser)


def _report(options: argparse.Namespace) -> int:
    from ..engine.diagnosis import judge_all

    if options.python is not None:
        return _elsewhere.report_of(options.python, options.arguments)
    policy = policies.read(options)
    policies.put(options, policy)
    rules = _chosen_rules(options, policy)
    gc.freeze()  # rules live as long as the process
    if job.is_asked(options):
        gates.refuse_for_jobs(options)
        if policy is not None:
            note(f"policy: {policy.path}")
        return job.run(options, gates.chosen_for_job(policy, rules), lambda: _detected(options))
    files = gates.files_of(options, policy)
    facts = _detected(options)
    _note_tool_environment(facts)
    diagnosis = judge_all(facts, rules)
    found = gates.judged(
        options,
        policy,
        diagnosis,
        rules,
        files=files,
        remarks=_compared(options, diagnosis),
        too_large=_too_large(options, facts),
    )
    return gates.write_report(options, found)


def _compared(options: argparse.Namespace, diagnosis: Diagnosis) -> Iterable[Remark]:
    if options.compare is None:
        return ()
    from .compare import drift

    return drift(options.compare, diagnosis)


def _too_large(options: argparse.Namespace, facts: Facts) -> Judgement | None:
    """Return the memory of a run that certainly does not fit its card, else ``None``.

    Judge only a run whose batch and length are stated, since an assumed one proves nothing.
    """
    stated = all(
        facts.training.get(name) is not None
        for name in ("per_device_train_batch_size", "max_length")
    )
    if not stated or not isinstance(options.model, str) or not facts.known("gpus"):
        return None
    from ..detect.model import config_of
    from ..memory import judge

    if facts.model.get("hidden_size") is None:  # a bare model type, or sizes that are not known
        return None
    try:
        found = judge(config_of(options.model), facts)
    except UsageError:  # a run that cannot be; the rules speak of it
        return None
    return found if found is not None and found.fits is False else None


def _note_tool_environment(facts: Facts) -> None:
    """Say that this environment is a tool's own, where it holds nothing that could train."""
    tool = _elsewhere.tool_environment()
    known = [facts.packages.get(name) for name in ("torch", "transformers")]
    if tool is not None and not any(known):
        note(
            f"{tool} runs gemma_compat in an environment that holds nothing else: to judge the one "
            "that trains, pass --python PATH (its interpreter, or the directory of the venv)"
        )


def _detected(options: argparse.Namespace) -> Facts:
    from ..detect import detect_facts
    from .inputs import read_arguments

    read_arguments(options)
    facts = detect_facts(
        options.model,
        options.args,
        tokenizer=options.tokenizer,
        adapter=options.adapter,
        probe=options.probe,
        **({} if options.timeout is None else {"probe_seconds": options.timeout}),
    )
    return assumptions.apply(options, facts)


def _chosen_rules(options: argparse.Namespace, policy: Policy | None) -> tuple[Rule, ...]:
    from ..rules import all_rules, find

    rules = all_rules()
    selected = {find(name, rules).code for name in options.select}
    ignored = {find(name, rules).code for name in options.ignore}
    if policy is not None:
        rules = policies.with_severities(policy, rules)
        policies.ignores(policy, rules)  # a wrong name is an error, whatever is selected
    return tuple(
        rule
        for rule in rules
        if rule.code not in ignored and (rule.code in selected or not selected)
    )


def _codes(text: str) -> list[str]:
    names = text.replace(",", " ").split()
    if not names:
        raise argparse.ArgumentTypeError("expected codes or names of rules")
    return names
