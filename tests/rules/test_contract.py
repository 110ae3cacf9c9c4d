"""What every rule keeps, tested over all of them: a new rule gets these tests for free."""

from __future__ import annotations

import builtins
import os
import re
import shlex
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import gemma_compat
from gemma_compat import rules, versions
from gemma_compat.engine.condition import Condition, RunKind
from gemma_compat.engine.diagnosis import judge, judge_all
from gemma_compat.engine.effects import EFFECTS
from gemma_compat.engine.rule import Applicability, Evidence, Finding, Rule, Scope
from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import all_rules
from gemma_compat.tables import families
from tools import rule_index

from ..conftest import facts_for
from .made import file_of

HOME = Path(rules.__file__).parent
PATCHING = HOME.parent / "patching"
TESTS = Path(__file__).parent
PLACEHOLDER = "FILL IN"  # as `make new-rule` writes it
SECTIONS = ("## What breaks", "## Why", "## Cure")
REMEDIES = ("disable", "enable", "use", "set", "force", "fix", "patch", "upgrade", "avoid", "turn")
ALL = all_rules()
CODES = {rule.code for rule in ALL}
WITH_LOGIC = [rule for rule in ALL if file_of(rule).suffix == ".py"]
PAGES = [rule for rule in ALL if file_of(rule).suffix == ".md"]

each_rule = pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.code)
judged = pytest.mark.parametrize(
    "rule", [rule for rule in ALL if not rule.undetectable], ids=lambda rule: rule.code
)


# The file, its name and its page.


def test_every_file_is_a_rule_and_every_rule_a_file() -> None:
    files = {
        file
        for file in (*HOME.glob("*/*.py"), *HOME.glob("*/*.md"))
        if not file.name.startswith("_")
    }
    assert files == {file_of(rule) for rule in ALL}
    assert len(files) == len(ALL)


def test_codes_and_names_are_unique_and_a_hundred_is_a_family() -> None:
    assert len(CODES) == len({rule.name for rule in ALL}) == len(ALL)
    assert all(re.fullmatch(r"GC[1-9]\d{2,3}", code) for code in CODES)
    folders: dict[str, set[str]] = {}
    for rule in ALL:
        folders.setdefault(rule.code[:-2], set()).add(rule.family)
    assert all(len(found) == 1 for found in folders.values()), folders
    assert len(set(map(frozenset, folders.values()))) == len(folders)


@each_rule
def test_the_file_can_be_held_in_the_head_and_nothing_is_left_to_fill_in(rule: Rule) -> None:
    text = file_of(rule).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    assert PLACEHOLDER not in text


def test_the_index_is_that_of_the_files() -> None:
    pytest.importorskip("tomllib")  # Python 3.11
    for file, text in rule_index.texts(rule_index.read_all()).items():
        assert file.read_text(encoding="utf-8") == text, "run `make index`"


@pytest.mark.parametrize("rule", WITH_LOGIC, ids=lambda rule: rule.code)
def test_a_rule_of_the_index_is_that_of_its_file(rule: Rule) -> None:
    """Field by field; of conditions the phrases, and of functions that they are there."""
    module = import_module(f"gemma_compat.rules.{rule.family}.{file_of(rule).stem}")
    stated = {**vars(module.RULE), "name": rule.name, "family": rule.family, "docs": module.__doc__}
    stated |= {name: getattr(module, name, None) for name in ("describe", "patch")}
    indexed = {name: getattr(rule, name) for name in Rule.field_names()}
    assert _comparable(indexed) == _comparable(stated)
    assert rule.title == module.RULE.replace(name=rule.name, docs=module.__doc__).title


def _comparable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _comparable(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_comparable(item) for item in value]
    if isinstance(value, Scope):
        stated = {name: getattr(value, name) for name in Scope.field_names()}
        return _comparable({**stated, "packages": dict(value.packages)})
    if isinstance(value, Condition):
        return isinstance(value, RunKind), value.phrase
    return callable(value) or value


@pytest.mark.parametrize("rule", PAGES, ids=lambda rule: rule.code)
def test_a_markdown_rule_claims_no_run_and_has_no_cure(rule: Rule) -> None:
    assert rule.evidence is not Evidence.RAN and rule.patch is None and rule.describe is None
    assert bool(rule.breaks) is not bool(rule.undetectable) or rule.family == "unsloth"


@pytest.mark.parametrize("rule", WITH_LOGIC, ids=lambda rule: rule.code)
def test_a_rule_in_python_has_words_of_its_own(rule: Rule) -> None:
    assert rule.describe is not None and not rule.undetectable and not rule.breaks
    assert table_test(rule)


@each_rule
def test_a_rule_that_was_read_says_where(rule: Rule) -> None:
    if rule.evidence is Evidence.SOURCE:
        assert rule.read_in, "says not where it was read"
    for place in rule.read_in:
        assert re.search(r"\d|\beach\b", place), "names no release"
        assert re.search(r"\.py|METADATA", place), "names no file"


@each_rule
def test_the_name_is_the_defect_and_not_the_remedy(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", rule.name)
    assert not rule.name.startswith(tuple(f"{word}-" for word in REMEDIES))


@each_rule
def test_the_page_has_its_sections_and_each_says_something(rule: Rule) -> None:
    headings = re.findall(r"^## .*$", rule.docs, re.MULTILINE)
    assert tuple(headings) == SECTIONS
    for part in re.split(r"^## .*$", rule.docs, flags=re.MULTILINE)[1:]:
        assert len(part.split()) >= 9  # a command, and that `patch` does nothing


FAMILIES = {
    "Gemma 1": {"gemma"},
    "Gemma 2": {"gemma2"},
    "Gemma 3": {"gemma3", "gemma3_text"},
    "Gemma 3n": {"gemma3n", "gemma3n_text"},
    "Gemma 4": {"gemma4", "gemma4_text"},
    "PaliGemma": {"paligemma"},
    "ShieldGemma": {"shieldgemma2"},
}
# Families that a page names and that its rule is not about.
COMPARED = {
    "GC301": {"Gemma 3"},  # has no soft-capping: nothing to leave out
    "GC303": {"Gemma 2"},  # reported for it on earlier releases
    "GC704": {"Gemma 1"},  # has a default in every release of PEFT
    "GC1166": {"Gemma 3", "Gemma 3n"},  # were run beside Gemma 4, and train
    "GC806": {"Gemma 2", "Gemma 3"},  # TRL has marked templates for these
}


def unclaimed(rule: Rule) -> set[str]:
    """Families that "What breaks" or "Why" names and that no scope has."""
    told = rule.docs.partition("## Cure")[0]
    named = set(re.findall(r"PaliGemma|ShieldGemma|Gemma (?:3n|[1-4])(?![\w.])", told))
    return {name for name in named if not FAMILIES[name] & rule.model_types}


@each_rule
def test_what_a_page_claims_of_a_family_a_scope_has(rule: Rule) -> None:
    assert unclaimed(rule) == COMPARED.get(rule.code, set())


def test_a_family_that_no_scope_has_is_noticed() -> None:
    rule = next(rule for rule in ALL if rule.code == "GC501")
    fewer = tuple(scope for scope in rule.scopes if "gemma3n" not in scope.model_types)
    assert unclaimed(replace(rule, scopes=fewer)) == {"Gemma 3n"}


@each_rule
def test_the_title_is_one_line_about_the_defect(rule: Rule) -> None:
    first, second = [*rule.docs.strip().splitlines(), ""][:2]
    assert first.endswith(".") and not second
    assert len(first) <= 100
    words = set(re.findall(r"[a-z_]+", rule.title.lower()))
    assert not words & {*REMEDIES, "instead", "should", "must", "please"}


@each_rule
def test_what_it_refers_to_exists(rule: Rule) -> None:
    assert {*rule.yields_to, *rule.after} <= CODES - {rule.code}
    assert set(re.findall(r"\bGC\d{3,4}\b", rule.docs)) <= CODES
    assert all(re.fullmatch(r"[\w.-]+/[\w.-]+#\d+", item) for item in rule.upstream)
    assert versions.parse(rule.since) <= versions.parse(gemma_compat.__version__)


@each_rule
def test_it_raises_an_error_that_can_be_searched_for_or_is_silent(rule: Rule) -> None:
    for symptom in rule.symptoms:
        assert not re.compile(symptom).search("")


@each_rule
def test_it_has_a_patch_unless_only_the_user_can_do_something(rule: Rule) -> None:
    assert (rule.patch is None) == (rule.applicability is Applicability.DISPLAY_ONLY)


# The scopes.


def specifiers(rule: Rule) -> Iterator[str]:
    for scope in rule.scopes:
        yield from scope.packages.values()


@each_rule
def test_specifiers_are_plain_and_the_lower_bound_comes_first(rule: Rule) -> None:
    for text in specifiers(rule):
        parts = [re.fullmatch(r"(>=|<|==|!=)([\w.]+)", part) for part in text.split(",")]
        assert all(parts), text
        bounds = [versions.parse(part[2]) for part in parts if part]
        assert bounds == sorted(bounds), text
        operators = [part[1] for part in parts if part]
        assert operators.count(">=") <= 1 and operators.count("<") <= 1
        assert operators == sorted(operators, key=[">=", "==", "!=", "<"].index), text
        versions.specifier(text)


@each_rule
def test_it_names_kinds_of_run_and_effects_that_exist(rule: Rule) -> None:
    assert all(isinstance(kind, RunKind) and kind.name for kind in rule.runs)
    assert rule.effects and set(rule.effects) <= set(EFFECTS)
    assert len(rule.effects) == len(set(rule.effects))


def test_every_effect_is_that_of_a_rule() -> None:
    assert {effect for rule in ALL for effect in rule.effects} == set(EFFECTS)


@each_rule
def test_what_the_cure_leaves_is_a_function_of_the_package(rule: Rule) -> None:
    """A model is known as cured by these names."""
    source = file_of(rule).read_text(encoding="utf-8")
    source += "".join(file.read_text(encoding="utf-8") for file in PATCHING.glob("*.py"))
    assert all(f"def {name}(" in source for name in rule.leaves)


@each_rule
def test_a_page_without_a_predicate_names_the_fact_that_it_lacks(rule: Rule) -> None:
    if rule.undetectable:
        assert rule.patch is None and not rule.when and len(rule.undetectable.split()) >= 3


@judged
def test_every_scope_says_for_whom_and_when(rule: Rule) -> None:
    for scope in rule.scopes:
        assert scope.model_types and scope.model_types <= families.KNOWN_MODEL_TYPES.keys()
        assert scope.packages or scope.when or rule.when


# The answers. ``on`` is a run in which everything happens that any rule asks about.

ON = {
    "gradient_checkpointing": True,
    "use_reentrant": True,
    "evaluates": True,
    "gathers_outputs": True,
    "external_checkpointing": True,
    "passes_cache": True,
    "mixed_precision": "bf16",
}
OFF = {**ON, **dict.fromkeys([name for name in ON if name != "mixed_precision"], False)}
OFF = {**OFF, "use_reentrant": None, "mixed_precision": "no"}
OTHER_MODELS: list[dict[str, Any]] = [
    {},
    {"num_kv_shared_layers": 0},
    {"text_model_type": "gemma2"},
    {"use_cache": False},
]


def releases_near(scope: Scope) -> list[str]:
    """The bounds themselves, which are inside or just outside, and both ends of time."""
    return ["4.38.0", *versions.bounds(scope.packages.get("transformers", "")), "5.23.0"]


def everything(rule: Rule) -> Iterator[Facts]:
    """Facts for its model types in which it could fire, and facts in which it should not.

    A rule that asks for more than the axes here has ``contract_facts()`` in its table test: facts
    in which it fires and facts in which it does not, for each of its model types.
    """
    if rule.describe is None:  # Markdown
        yield from import_module("tests.rules.test_pages").contract_facts(rule)
        return
    own = getattr(table_test(rule), "contract_facts", None)
    if own is not None:
        yield from own()
        return
    for scope in rule.scopes:
        axes = product(
            sorted(scope.model_types), releases_near(scope), (ON, OFF), (True, False), OTHER_MODELS
        )
        for model_type, release, run, trainer, model in axes:
            training = {**run, "trainer": trainer}
            yield facts_for(model_type, release, model=model, training=training)


def table_test(rule: Rule) -> ModuleType:
    stem = file_of(rule).stem
    return import_module(f"tests.rules.{rule.family}.{stem}.test_{stem}")


@lru_cache(maxsize=None)
def firing(rule: Rule) -> list[Facts]:
    """One set of facts for each model type and release under which it fires."""
    found: dict[tuple[str, str | None], Facts] = {}
    for facts in everything(rule):
        key = facts.model.model_type, facts.version("transformers")
        if key not in found and isinstance(judge(rule, facts), Finding):
            found[key] = facts
    return list(found.values())


@judged
def test_it_fires_for_each_of_its_model_types_and_not_always(rule: Rule) -> None:
    assert {facts.model.model_type for facts in firing(rule)} == rule.model_types
    spared = {f.model.model_type for f in everything(rule) if judge(rule, f) is None}
    assert spared == rule.model_types


@judged
def test_it_never_fires_for_another_model(rule: Rule) -> None:
    others = families.KNOWN_MODEL_TYPES.keys() - rule.model_types
    for facts in firing(rule):
        for name in (*others, "llama"):
            assert judge(rule, facts.replace(model=facts.model.replace(model_type=name))) is None


@judged
def test_judging_is_pure(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = firing(rule)
    before = [facts.to_dict() for facts in cases]
    expected = [judge(rule, facts) for facts in cases]

    def reads_the_world(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("a rule reads the world")

    monkeypatch.setattr(builtins, "open", reads_the_world)
    monkeypatch.setattr(socket, "socket", reads_the_world)
    monkeypatch.setattr(subprocess, "Popen", reads_the_world)
    for name in ("stat", "listdir", "getenv", "getcwd"):
        monkeypatch.setattr(os, name, reads_the_world)
    monkeypatch.setattr(builtins, "print", reads_the_world)
    again = [judge(rule, facts) for facts in cases]
    monkeypatch.undo()
    assert again == expected
    assert [facts.to_dict() for facts in cases] == before


@judged
def test_it_speaks_on_no_more_than_what_made_it_fire(rule: Rule) -> None:
    """Take away every fact that it can fire without: it must still have words for the rest.

    A message that reads an unknown fact would end the whole report.
    """
    for facts in firing(rule):
        for part in ("model", "training"):
            for name in getattr(facts, part).field_names():
                less = getattr(facts, part).replace(**{name: UNKNOWN})
                fewer = facts.replace(**{part: less})
                if isinstance(judge(rule, fewer), Finding):
                    facts = fewer
        assert isinstance(judge(rule, facts), Finding)


@each_rule
def test_nothing_known_raises_nothing(rule: Rule) -> None:
    judge_all(Facts(), [rule])
    for model_type in rule.model_types:
        facts = Facts().replace(model=Facts().model.replace(model_type=model_type))
        judge_all(facts, [rule])


@judged
def test_the_message_has_the_values_and_the_help_can_be_typed(rule: Rule) -> None:
    for facts in firing(rule):
        problem = rule.problem(facts)
        for text in (problem.message, problem.help):
            assert text == text.strip() and "\n" not in text and not text.endswith(".")
            assert "UNKNOWN" not in text and "None" not in text
        packages = {name for scope in rule.scopes for name in scope.packages}
        shown = [facts.model.model_type, *map(facts.version, {"transformers", *packages})]
        assert any(value and value in problem.message for value in shown)
        assert_a_shell_takes_it(problem.help)


def assert_a_shell_takes_it(text: str) -> None:
    """Each ``pip install`` in it: what a shell reads as a redirection or a pattern is quoted."""
    for command in re.findall(r"pip install .*?(?=, or |; |, then |$)", text):
        assert shlex.split(command)
        unquoted = re.sub(r"'[^']*'|\"[^\"]*\"", "", command)
        assert not re.search(r"[<>*|&$!]", unquoted), command


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("pip install -U 'transformers>=4.51.0', or gemma_compat.patch(model)", True),
        ('pip install "transformers>=4.51.0,<5"; train again', True),
        ("pip install -U transformers>=4.51.0", False),
        ("pip install 'transformers==4.57.*' peft<1", False),
    ],
)
def test_the_shell_check(text: str, fine: bool) -> None:
    if fine:
        assert_a_shell_takes_it(text)
    else:
        with pytest.raises(AssertionError):
            assert_a_shell_takes_it(text)
