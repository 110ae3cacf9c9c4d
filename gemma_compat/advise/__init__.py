"""Recommend releases: the newest set whose own pins agree and that no rule objects to.

    >>> from gemma_compat.advise import advise, load_releases
    >>> answer = advise(question, load_releases(), all_rules())

Pure except for reading the shipped release data. resolvelib, which pip uses too, does the search;
it is an extra.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..engine.rule import Rule
from ..errors import UsageError
from .answer import Advice, Choice, Conflict
from .question import Question, Want
from .releases import Release, Releases, load_releases

__all__ = [
    "Advice",
    "Choice",
    "Conflict",
    "Question",
    "Release",
    "Releases",
    "Want",
    "advise",
    "load_releases",
]


def advise(question: Question, releases: Releases, rules: Iterable[Rule]) -> Advice | Conflict:
    """Return the newest set that satisfies the question, or a minimal set of conflicting
    constraints.

    Raises:
        UsageError: resolvelib is not installed, or a requirement names a package without data.
        SearchTooDeep: the search gave up without an answer.
    """
    _check_resolver()
    from .conflict import minimal_conflict
    from .explanation import explain
    from .search import Search

    search = Search(question, releases, tuple(rules))
    chosen = search.newest()
    if chosen is None:
        return minimal_conflict(search)
    return explain(search, chosen)


def _check_resolver() -> None:
    try:
        import resolvelib  # noqa: F401
    except ImportError as error:
        raise UsageError("advise needs resolvelib: python -m pip install resolvelib") from error
