"""What each rule says, kept as text beside its proof: ``make golden`` writes, a test compares.

A ``golden.txt`` begins with what the rule states and what it is given: facts, a path a line, and
for a rule with symptoms the line of a log. What follows is what the report and ``explain`` make of
that. Writing keeps what is given as long as the rule still answers to it, so a changed condition
shows as a difference. Else it is found anew: facts of the rule's contract, without those that
change no word of the finding; a line among the texts of its table test.
"""

from __future__ import annotations

import ast
import difflib
import inspect
import io
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from gemma_compat import rules
from gemma_compat._explain.explain import explain_log
from gemma_compat.engine.diagnosis import judge, judge_all
from gemma_compat.engine.plan import make_plan
from gemma_compat.engine.rule import Finding, Rule, Undetermined
from gemma_compat.facts import Facts
from gemma_compat.facts.checked import checked_facts
from gemma_compat.report.explanation import render_text
from gemma_compat.report.text import render_diagnosis
from gemma_compat.report.wording import wrap
from gemma_compat.rules import all_rules

from .stated import stated

TESTS = Path(__file__).parent
_SOURCES = Path(rules.__file__).parent
_FACTS, _LINE = "Given:", "Given the line:"
_INSTALLED = {"editable": False, "vcs": None, "problem": None}  # as nearly every package is


@dataclass(frozen=True)
class Given:
    """What a golden is made from.

    Attributes:
        facts: as ``Facts.to_dict`` has them; ``None`` for a rule that is a page only.
        line: the line of a log, for a rule with symptoms.
    """

    facts: dict[str, Any] | None
    line: str = ""


def path_of(rule: Rule) -> Path:
    """Where the golden of this rule is, or belongs: in the folder of its proof."""
    return TESTS / rule.family / rule.name.replace("-", "_") / "golden.txt"


# Writing.


def golden(rule: Rule, given: Given) -> str:
    """The whole text."""
    parts = [f"{rule.code} {rule.name}", stated(rule)]
    if given.facts is not None:
        parts.append("\n".join([_FACTS, *_lines(given.facts)]))
        parts += _report(rule, checked_facts(given.facts))
        parts += _without(rule, given.facts)
    if given.line:
        parts.append(f"{_LINE}\n  {given.line}")
        parts += _explained(rule, given)
    return "\n\n".join(parts) + "\n"


def _report(rule: Rule, facts: Facts) -> Iterator[str]:
    """The report on this rule alone, without its header and the line on how to read more."""
    diagnosis = judge_all(facts, [rule])
    said = render_diagnosis(diagnosis, make_plan(diagnosis), verbose=True).strip().split("\n\n")[1:]
    *said, closing = said
    yield from said
    would, _, _ = closing.rpartition("One rule in full")
    if would.strip():
        yield would.strip()


def _without(rule: Rule, given: dict[str, Any]) -> Iterator[str]:
    """What is said where one of the facts is not known."""
    lines: list[str] = []
    for path, fewer in _fewer(given):
        if path == "model.model_type":
            continue  # then every type is judged, and the answers are grouped
        answer = judge(rule, checked_facts(fewer))
        if isinstance(answer, Finding):
            said = f"fires, and says: {answer.problem.message}"
        elif isinstance(answer, Undetermined):
            missing = ", ".join(topic for topic, _ in answer.missing)
            said = f"waits for {missing}; fires if {answer.condition}"
        else:
            said = "says nothing"
        lines += wrap(said, first=f"  {path}: ", rest="    ")
    if lines:
        yield "\n".join(["Where this is not known:", *lines])


def _explained(rule: Rule, given: Given) -> Iterator[str]:
    """The verdict on a log of that line alone, and what is said of this rule."""
    known = Facts() if given.facts is None else checked_facts(given.facts)
    found = explain_log(io.BytesIO(f"{given.line}\n".encode()), lambda _: known)
    head, *paragraphs = render_text(found, verbose=True).split("\n\n")
    yield head
    name = f" {rule.code} {rule.name}"
    named = [place for place, text in enumerate(paragraphs) if name in text.split("\n")[0]]
    if named and paragraphs[named[0]].startswith(rule.severity.value):  # it leads: with its cure
        yield from paragraphs[: named[0] + 1]
    else:
        yield from (paragraphs[place] for place in named)


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    for path, value in _leaves(facts):
        yield f"  {path} = {json.dumps(value)}"


# Reading.


def read(text: str) -> Given:
    """What the golden says that it was made from. ``ValueError`` for a text of another form."""
    given = Given(None)
    for part in text.split("\n\n"):
        title, *lines = part.split("\n")
        if title == _FACTS:
            given = Given(_tree(lines), given.line)
        elif title == _LINE:
            given = Given(given.facts, lines[0].strip())
    return given


def _tree(lines: list[str]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for line in lines:
        path, _, value = line.strip().partition(" = ")
        _put(facts, path, json.loads(value))
    return facts


# Facts as paths: ``training.evaluates``, ``packages.transformers``, ``gpus``.


def _leaves(facts: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in sorted(facts.items()):
        if before == "" and isinstance(value, dict) and name not in {"environment", "imports"}:
            yield from _leaves(value, f"{name}.")
        elif before == "packages." and value == {**_INSTALLED, "name": name, **_version(value)}:
            yield f"{before}{name}", value["version"]
        else:
            yield f"{before}{name}", value


def _version(package: dict[str, Any] | None) -> dict[str, Any]:
    return {"version": package["version"]} if package and "version" in package else {}


def _put(facts: dict[str, Any], path: str, value: Any) -> None:
    area, dot, name = path.partition(".")
    if not dot:
        facts[area] = value
    elif area == "packages" and isinstance(value, str):
        facts.setdefault(area, {})[name] = {"name": name, "version": value, **_INSTALLED}
    else:
        facts.setdefault(area, {})[name] = value


def _fewer(facts: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each fact with the facts that are left without it."""
    leaves = list(_leaves(facts))
    for path, _ in leaves:
        rest: dict[str, Any] = {}
        for other, value in leaves:
            if other != path:
                _put(rest, other, value)
        yield path, rest


# What a golden is made from, found anew.


def kept(rule: Rule, given: Given) -> Given:
    """Of what it is given, that to which the rule answers."""
    facts = given.facts
    fires = facts is not None and isinstance(judge(rule, checked_facts(facts)), Finding)
    return Given(facts if fires else None, given.line if _matches(rule, given.line) else "")


def given_for(rule: Rule, before: Given) -> Given:
    """What the rule answers to: as before, or else found in its tests.

    Raises:
        LookupError: its tests have nothing; the message says what to write by hand.
    """
    given = kept(rule, before)
    facts, line = given.facts, given.line
    if facts is None and not rule.undetectable:
        facts = _facts_of_its_contract(rule)
    if rule.symptoms and not line:
        line = _line_of_its_tests(rule)
    return Given(facts, line)


def _facts_of_its_contract(rule: Rule) -> dict[str, Any]:
    """Facts of its contract under which it fires, less what changes no word of the finding."""
    from .test_contract import firing as firing_facts

    firing = [facts.to_dict() for facts in firing_facts(rule)]
    if not firing:
        raise LookupError(f"{rule.code}: it fires under none of the facts of its contract")
    facts = min(firing, key=_is_of_a_build_before_a_release)
    wanted = judge(rule, checked_facts(facts))
    for path, _ in list(_leaves(facts)):
        fewer = dict(_fewer(facts))[path]
        if judge(rule, checked_facts(fewer)) == wanted:
            facts = fewer
    for name in list(facts["gpus"][0]) if facts.get("gpus") else ():
        gpus = [{key: card[key] for key in card if key != name} for card in facts["gpus"]]
        if judge(rule, checked_facts({**facts, "gpus": gpus})) == wanted:
            facts = {**facts, "gpus": gpus}
    return facts


def _is_of_a_build_before_a_release(facts: dict[str, Any]) -> bool:
    return "dev" in json.dumps(facts["packages"])


def _line_of_its_tests(rule: Rule) -> str:
    """Return a text of its table test, of a log of the corpus or of its page with its symptom."""
    quoted = (" ".join(text.split()) for text in re.findall(r"`([^`]+)`", rule.docs))
    for line in (*_texts_of_its_test(rule), *_lines_of_the_corpus(), *quoted):
        if _matches(rule, line) and line.isprintable():
            return line
    raise LookupError(
        f"{rule.code}: its symptoms match no text of its table test, of the corpus of logs or in "
        f"backticks on its page; quote the error on the page, under 'What breaks'"
    )


def _matches(rule: Rule, line: str) -> bool:
    return any(re.search(symptom, line) for symptom in rule.symptoms)


def _texts_of_its_test(rule: Rule) -> Iterator[str]:
    from .test_contract import table_test

    if not any(path_of(rule).parent.glob("test_*.py")):
        return  # a page in Markdown is tested with the others, in test_pages.py
    tree = ast.parse(inspect.getsource(table_test(rule)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (line.strip() for line in node.value.splitlines())


@lru_cache(maxsize=None)
def _lines_of_the_corpus() -> tuple[str, ...]:
    logs = sorted(TESTS.parent.joinpath("explain", "logs").glob("*.log"))
    texts = [log.read_text(encoding="utf-8") for log in logs]
    return tuple(line.strip() for text in texts for line in text.splitlines())


def difference(before: str, after: str) -> str:
    """A unified diff; empty where there is none."""
    lines = before.splitlines(), after.splitlines()
    return "\n".join(difflib.unified_diff(*lines, "golden.txt", "now", lineterm=""))


def rewrite() -> list[str]:
    """Write all of them, and remove those of rules that are gone; return what changed, by path."""
    changed = []
    wanted = {path_of(rule): rule for rule in all_rules()}
    for path in sorted(set(TESTS.rglob("golden.txt")) - wanted.keys()):
        path.unlink()
        changed.append(f"gone {path.relative_to(TESTS)}")
    return [*changed, *(line for rule in wanted.values() if (line := rewrite_one(rule)))]


def rewrite_one(rule: Rule) -> str:
    """Write the golden text of one rule; return ``new`` or ``changed`` with its path, or ''."""
    path = path_of(rule)
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    after = golden(rule, given_for(rule, read(before)))
    if after == before:
        return ""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(after, encoding="utf-8")
    return f"{'changed' if before else 'new'} {path.relative_to(TESTS)}"


if __name__ == "__main__":
    sys.stdout.write("".join(f"{line}\n" for line in rewrite()))
