"""What makes ``report`` a gate: the policy, the formats for machines, and the exit status."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..values import Value
from . import policy as policies
from .output import CLEAN, FINDINGS, FORMATS, NO_DIAGNOSIS, write, write_file

if TYPE_CHECKING:
    from ..engine.gate import Gate, Remark
    from ..engine.place import Place
    from ..engine.rule import Diagnosis, Rule, Undetermined
    from ..memory import Judgement
    from ..policy import Policy
    from ..policy.apply import Outcome

FOR_MACHINES = ("github", "sarif", "junit")
REPORT_FORMATS = (*FORMATS, *FOR_MACHINES)


class Judged(Value):
    """A report that is ready to be written.

    Attributes:
        diagnosis: without what the policy ignores.
        gate: everything beside it.
        status: the exit status.
        too_large: the memory of a run that certainly does not fit.
    """

    diagnosis: Diagnosis
    gate: Gate
    status: int
    too_large: Judgement | None


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--fail-on``, ``--format``, ``--output`` and related options."""
    option = parser.add_argument
    option("--format", choices=REPORT_FORMATS, default="text")
    text = "write that format there, and the text here"
    option("--output", metavar="FILE", help=text)
    option("--fail-on", choices=("error", "warning", "never"), help="error if not given")
    text = "exit 1 if a rule is undecided that an option here would decide"
    option("--fail-on-undetermined", action="store_true", help=text)
    policies.add_options(parser)


def files_of(options: argparse.Namespace, policy: Policy | None) -> dict[str, Place]:
    """Return the files that state the run and the model, before they are read."""
    from ..engine.place import Place

    found: dict[str, Place] = {}
    if isinstance(options.args, str):
        found["training"] = Place(options.args)
    elif options.args is not None and policy is not None:
        found["training"] = Place(policy.path)
    if isinstance(options.model, str) and os.path.exists(options.model):
        inside = os.path.join(options.model, "config.json")
        found["model"] = Place(inside if os.path.isfile(inside) else options.model)
    return found


def judged(
    options: argparse.Namespace,
    policy: Policy | None,
    whole: Diagnosis,
    rules: tuple[Rule, ...],
    *,
    files: Mapping[str, Place],
    remarks: Iterable[Remark] = (),
    too_large: Judgement | None = None,
) -> Judged:
    """Return the report that the policy makes of a diagnosis, with its exit status."""
    from ..engine.gate import Gate
    from ..engine.libraries import mismatches
    from ..rules import plugins

    outcome = None if policy is None else _outcome(policy, whole, rules)
    left, of_policy = (outcome.diagnosis, outcome.remarks) if outcome else (whole, ())
    gate = Gate(
        rules=rules,
        fail_on=options.fail_on,
        remarks=(*_imports(whole), *mismatches(whole.facts), *remarks, *of_policy),
        policy="" if policy is None else policy.path,
        ignored=outcome.ignored if outcome else (),
        pins=_pins(options),
        files=files,
        plugins=plugins().notes,
    )
    status = _status(whole, left, gate, options.fail_on_undetermined)
    if too_large is not None and options.fail_on != "never":  # certain, whatever is installed
        status = FINDINGS
    return Judged(left, gate, status, too_large)


def _outcome(policy: Policy, whole: Diagnosis, rules: tuple[Rule, ...]) -> Outcome:
    """Return what the policy leaves of the diagnosis today."""
    from datetime import date

    from ..policy import apply_policy

    return apply_policy(whole, policies.ignores(policy, rules), date.today())


def write_report(options: argparse.Namespace, found: Judged) -> int:
    """Write the report to where the options say; return its exit status."""
    if options.output is not None:
        write_file(options.output, _rendered(found, options.format, verbose=True))
        write(_rendered(found, "text", verbose=options.verbose), "text")
    else:
        write(_rendered(found, options.format, verbose=options.verbose), options.format)
    return found.status


def _rendered(found: Judged, form: str, *, verbose: bool) -> str:
    from ..engine.plan import make_plan
    from ..report import remarks

    module = import_module(f"gemma_compat.report.{form}")
    if form != "text":  # it may leave the machine
        from ..report.sharing import shareable, shareable_gate

        shown = shareable(found.diagnosis) if form in FOR_MACHINES else found.diagnosis
        gate = shareable_gate(found.gate, found.diagnosis.facts)
        found = found.replace(diagnosis=shown, gate=gate)
    if form in FOR_MACHINES:
        text: str = module.render(found.diagnosis, _for_machines(found))
        return text
    more: dict[str, Any] = {"verbose": verbose} if form == "text" else {}
    text = module.render_diagnosis(found.diagnosis, make_plan(found.diagnosis), **more)
    if found.too_large is not None:
        from ..report import memory

        text = memory.appended(text, form, found.too_large)
    return remarks.appended(text, form, found.gate)


def _for_machines(found: Judged) -> Gate:
    """Return the gate with what the text says outside of findings, each as a remark."""
    from ..engine.gate import Remark
    from ..engine.rule import Severity
    from ..report.wording import verdict

    more = []
    if found.status == NO_DIAGNOSIS:
        more.append(Remark("no-diagnosis", Severity.ERROR, verdict(found.diagnosis)))
    if found.too_large is not None:
        from ..report import memory

        text = memory.summary(found.too_large, "this GPU")
        help_text = "gemma_compat memory tells what would fit"
        more.append(Remark("memory-too-large", Severity.ERROR, text, help_text))
    return found.gate.replace(remarks=(*found.gate.remarks, *more))


def _imports(diagnosis: Diagnosis) -> Iterable[Remark]:
    """Yield an error for each module whose import failed, a warning for one that did not end."""
    from ..engine.diagnosis import failed_imports
    from ..engine.gate import Remark
    from ..engine.rule import Severity
    from ..report._shared_values import reason

    facts = diagnosis.facts
    for name in failed_imports(facts):
        said = reason(facts.imports[name])
        yield Remark("import-failed", Severity.ERROR, f"import {name}: {said}")
    for name, said in facts.imports.items():
        if said.startswith("not finished"):
            help_text = "give it longer: --timeout SECONDS"
            yield Remark("import-unfinished", Severity.WARNING, f"import {name}: {said}", help_text)


def _pins(options: argparse.Namespace) -> dict[str, Place]:
    if options.stack_file is None:
        return {}
    from ..detect.pins import find_pins

    return find_pins(options.stack_file)


def _status(whole: Diagnosis, left: Diagnosis, gate: Gate, undetermined: bool) -> int:
    from ..engine.diagnosis import missing_packages, nothing_was_judged
    from ..report.wording import not_a_gemma

    absent = not whole.findings and missing_packages(whole.facts)
    if (absent and not not_a_gemma(whole)) or nothing_was_judged(whole, gate.rules):
        return NO_DIAGNOSIS
    if undetermined and any(_could_be_given(item, left) for item in left.undetermined):
        return FINDINGS
    severities = [item.rule.severity for item in left.findings]
    severities += [item.severity for item in gate.remarks]
    return FINDINGS if any(map(gate.reaches, severities)) else CLEAN


def _could_be_given(item: Undetermined, diagnosis: Diagnosis) -> bool:
    """Return whether options decide it: what only that machine or live model shows does not count.

    Nor do the weights of a model that was given: no option names them.
    """
    from ..report.deciding import option_for

    facts = diagnosis.facts
    given = facts.model.known("model_type")
    topics = [topic for topic, _ in item.missing]
    return all(
        option_for(topic, facts).startswith("--")
        and not (given and topic.partition(".")[0] == "checkpoint")
        for topic in topics
    )


def refuse_for_jobs(options: argparse.Namespace) -> None:
    """Raise for what a report of a whole job does not have.

    Raises:
        UsageError: such an option was given.
    """
    if options.format in FOR_MACHINES:
        raise UsageError(f"--format {options.format} is for the report of one machine")
    if options.compare is not None:
        raise UsageError("--compare is for the report of one machine; --merge compares a job")


def chosen_for_job(policy: Policy | None, rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Return the rules without those that the policy ignores today."""
    from datetime import date

    if policy is None:
        return tuple(rules)
    ignore = policies.ignores(policy, tuple(rules))
    valid = {code for code, item in ignore.items() if not item.is_over(date.today())}
    return tuple(rule for rule in rules if rule.code not in valid)
