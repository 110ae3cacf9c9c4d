"""Made-up releases, rules and questions: small enough to see the right answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gemma_compat.advise import Question, Release, Releases, Want
from gemma_compat.engine.rule import Applicability, Evidence, Problem, Rule, Scope
from gemma_compat.facts import Facts, ModelFacts

from ..made import rule as made_rule

MODEL = "gemma3_text"
# Numbers stand for releases: 2 is 2.0.0.
Universe = Mapping[str, Mapping[int, Iterable[str]]]


def releases(universe: Universe, **changes: Mapping[str, Any]) -> Releases:
    """``{"trl": {1: ["transformers<=2"]}}``; ``changes`` by ``name_number`` alter a release."""
    by_name = {}
    for name, found in universe.items():
        by_name[name] = {
            f"{number}.0.0": Release(
                name=name,
                version=f"{number}.0.0",
                date=f"2026-01-{number:02}",
                requires=tuple(requires),
                **changes.get(f"{name}_{number}".replace("-", "_"), {}),
            )
            for number, requires in found.items()
        }
    return Releases("2026-11-24", by_name)


def question(*requirements: str, facts: Facts | None = None, **changes: Any) -> Question:
    """``question("transformers", "trl<2")``."""
    from packaging.requirements import Requirement

    wants = []
    for text in requirements:
        parsed = Requirement(text)
        wants.append(
            Want(parsed.name, str(parsed.specifier), f"you asked for {text}", f"with {text}")
        )
    facts = facts or Facts(model=ModelFacts(model_type=MODEL))
    return Question(facts=facts, wants=tuple(wants), python="3.11.7", **changes)


def rule(code: str, packages: Mapping[str, str], **changes: Any) -> Rule:
    """Return a rule that fires where all of these specifiers hold."""
    given: dict[str, Any] = {
        "name": f"defect-{code.lower()}",
        "applicability": Applicability.DISPLAY_ONLY,
        "scopes": (Scope(frozenset({MODEL}), packages),),
        "describe": lambda facts: Problem("it breaks", "do something"),
        "evidence": Evidence.SOURCE,
    }
    return made_rule(code, **{**given, **changes})
