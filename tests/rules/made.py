"""Facts made by hand, for the table tests of the rules."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from gemma_compat import rules, versions
from gemma_compat.data.releases import releases_of
from gemma_compat.engine.diagnosis import judge
from gemma_compat.engine.rule import Finding, Rule, Undetermined
from gemma_compat.facts import Facts

from ..conftest import facts_for
from ..made import few_facts

HOME = Path(rules.__file__).parent
_RUN = Path(__file__).parent.parent / "evidence" / "releases.json"


def file_of(rule: Rule) -> Path:
    """Where the rule is written: a Python or a Markdown file in its family's folder."""
    file = HOME / rule.family / rule.name.replace("-", "_")
    page = file.with_suffix(".md")
    return page if page.exists() else file.with_suffix(".py")


def proof_of(rule: Rule) -> Path:
    """The folder of its proof: test, reproduction, runs, bounds and golden text."""
    return Path(__file__).parent / rule.family / rule.name.replace("-", "_")


def facts(transformers: str | None, model: dict[str, Any], training: dict[str, Any]) -> Facts:
    """Return these facts, no Unsloth, and no others; ``None`` leaves transformers unknown."""
    return few_facts(
        {} if transformers is None else {"transformers": transformers},
        model=model,
        training=training,
        unsloth={"used": False, "carries_shared_kv": False},
    )


def answer(rule: Rule, made: Facts) -> str:
    """``fires``, ``no``, or what is missing: ``? training.evaluates``."""
    given = judge(rule, made)
    if isinstance(given, Finding):
        assert given.problem.message and given.problem.help
        return "fires"
    if isinstance(given, Undetermined):
        return "? " + " ".join(topic for topic, _ in given.missing)
    return "no"


def around(rule: Rule, release: str, *cases: Mapping[str, Any]) -> Iterator[Facts]:
    """For ``contract_facts()``: nothing unknown, for each model type with each of ``cases``.

    A case is keywords of ``facts_for``; ``transformers`` in it stands for ``release``.
    """
    for model_type in sorted(rule.model_types):
        for case in cases:
            yield facts_for(model_type, **{"transformers": release, **case})


@lru_cache(maxsize=None)
def published(package: str) -> tuple[str, ...]:
    """Every release that is known, of the file that has more of them."""
    lists = [
        json.loads(_RUN.read_text(encoding="utf-8")).get(package, ()),
        releases_of(package),
    ]
    return tuple(sorted(max(lists, key=len), key=versions.parse))
