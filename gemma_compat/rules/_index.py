"""Rules from what ``make index`` wrote, without importing their files.

``index.json`` has the fields of ``Rule`` that judging and planning read. ``pages.jsonl`` has those
that are shown, rule by rule in the same order, and is opened for the first rule that is shown.
``sought.json`` has what ``explain`` searches a log for, and the words that it may quote. A
condition that rules share is named as ``model.shares_kv``: the module below ``conditions/`` and the
name in it. A combined one is its combinator and its parts. Of a condition that a rule's file
defines the index has the name, the phrase, and the fact that it reads first. The file is imported
once such a condition is tested and that fact is known, the rule describes what it found, or its
cure is applied: for most rules, on most machines, never.

Of a scope whose conditions read only of the model and the run, the index has the answers where
nothing is told of them (``engine/untold.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from importlib import import_module
from operator import attrgetter
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

from .. import conditions
from ..engine import condition
from ..engine.condition import Condition
from ..engine.rule import Applicability, Evidence, Fix, Rule, Scope, Severity
from ..errors import UnknownFact
from ..tables.families import is_known

if TYPE_CHECKING:
    from ..engine.untold import Untold
    from ..facts import Facts

LISTS = ("leaves", "at_import", "yields_to", "after")
# What is made of its parts, when it is asked for.
MADE = ("scopes", "when", "runs", "refused_if", "functions")
# What a scope has when it is made.
_OF_SCOPE = ("packages", "by_config", "fixed_in")
_SEVERITIES = {item.value: item for item in Severity}
_APPLICABILITIES = {item.value: item for item in Applicability}
SHOWN = (
    *("since", "effects", "evidence", "read_in", "fix", "breaks", "reports", "fixed_by", "docs"),
)
SOUGHT = ("symptoms", "raised_at")
FUNCTIONS = ("describe", "patch")
# What the front matter of a Markdown rule may state; its name, family and page are the file's.
OF_PAGES = {
    *("code", "since", "severity", "evidence", "effects", "scopes", "when", "runs", "fix"),
    *("undetectable", "breaks", "read_in", "symptoms", "raised_at", "reports", "fixed_by"),
    *("name", "family", "docs"),
}


def rule_of(
    entry: Mapping[str, Any],
    page: Callable[[], Mapping[str, Any]],
    sought: Callable[[], Mapping[str, Any]] = dict,
) -> Rule:
    """Return the rule of one entry. ``KeyError`` where it lacks what every rule has.

    Args:
        entry: what the index has of it: ``fields`` and ``lists`` as they are, and what others
            are made of. A field that is not there has its default.
        page: reads what is shown of it.
        sought: reads what is searched for.
    """
    rule = IndexedRule.__new__(IndexedRule)
    fields = vars(rule)
    fields.update(entry["fields"])
    fields["severity"] = _SEVERITIES[fields["severity"]]
    if "applicability" in fields:
        fields["applicability"] = _APPLICABILITIES[fields["applicability"]]
    fields["entry"], fields["page"], fields["sought"] = entry, page, sought
    if "lists" in entry:
        fields.update({name: tuple(items) for name, items in entry["lists"].items()})
    return rule


def _field(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _later(make: Callable[[Any], Any]) -> Any:
    """Return a field that is made of the rule when it is first read, and kept."""
    return cached_property(make)


def _of_page(name: str) -> Any:
    return _later(lambda rule: rule.read_page()[name])


class IndexedRule(Rule, eq=False):
    """A rule of ours. Conditions are made when it is judged, and its page is read when it is shown.

    Attributes:
        entry, page, sought: as of :func:`rule_of`.
    """

    entry: ClassVar[Mapping[str, Any]]
    page: ClassVar[Any]
    sought: ClassVar[Any]

    scopes = _later(lambda rule: tuple([_scope(item, rule.file) for item in rule.entry["scopes"]]))
    when = _later(lambda rule: _conditions(rule.entry.get("when", ()), rule.file))
    runs = _later(lambda rule: _conditions(rule.entry.get("runs", ()), rule.file))
    refused_if = _later(lambda rule: _conditions(rule.entry.get("refused_if", ()), rule.file))
    describe = _later(lambda rule: _function(rule, "describe"))
    patch = _later(lambda rule: _function(rule, "patch"))
    since = _of_page("since")
    effects = _of_page("effects")
    evidence = _of_page("evidence")
    read_in = _of_page("read_in")
    fix = _of_page("fix")
    breaks = _of_page("breaks")
    symptoms = _later(lambda rule: tuple(rule.sought().get("symptoms", ())))
    raised_at = _later(lambda rule: tuple(rule.sought().get("raised_at", ())))
    reports = _of_page("reports")
    fixed_by = _of_page("fixed_by")
    docs = _of_page("docs")

    @cached_property
    def title(self) -> str:
        return super().title

    @cached_property
    def file(self) -> str:
        """Return its file, as a module below this package."""
        return f"{self.family}.{self.name.replace('-', '_')}"

    @property
    def untold(self) -> Sequence[Sequence[Untold] | None]:
        if "entry" not in vars(self):  # a changed copy
            return super().untold
        return [scope.get("untold") for scope in self.entry["scopes"]]

    @property
    def packages(self) -> Sequence[Mapping[str, str]]:
        """Return the packages of each scope, without making the scopes."""
        if "scopes" in vars(self):
            return super().packages
        return [scope.get("packages", {}) for scope in self.entry["scopes"]]

    def read_page(self) -> dict[str, Any]:
        """Read its page: put the fields that are shown in place, and return them."""
        stated = {name: _field(value) for name, value in self.page().items()}
        stated["evidence"] = Evidence(stated["evidence"])
        stated["fix"] = Fix(**stated.get("fix", {}))
        shown = {name: stated.get(name, getattr(Rule, name)) for name in SHOWN}
        vars(self).update(shown)
        return shown

    def replace(self, **changes: Any) -> IndexedRule:
        """Return a copy with other values, with all fields made."""
        return IndexedRule(**{**{n: getattr(self, n) for n in self.field_names()}, **changes})


def _function(rule: IndexedRule, name: str) -> Callable[..., Any] | None:
    """Return ``describe`` or ``patch`` of the rule's file, which is imported by the first call."""
    if name not in rule.entry.get("functions", ()):
        return None
    return lambda *given: getattr(_imported(rule.file), name)(*given)


class IndexedScope(Scope, eq=False):
    """A scope of a rule of ours. Its conditions are made when it is judged.

    Attributes:
        entry: what the index has of it.
        file: the rule's file.
    """

    entry: ClassVar[Mapping[str, Any]]
    file: ClassVar[str]

    model_types = _later(lambda scope: frozenset(scope.entry["model_types"].split()))
    when = _later(lambda scope: _conditions(scope.entry.get("when", ()), scope.file))

    def replace(self, **changes: Any) -> IndexedScope:
        """Return a copy with other values, with all fields made."""
        return IndexedScope(**{**{n: getattr(self, n) for n in self.field_names()}, **changes})


def _scope(entry: Mapping[str, Any], file: str) -> Scope:
    scope = IndexedScope.__new__(IndexedScope)
    stated = {name: entry[name] for name in _OF_SCOPE if name in entry}
    vars(scope).update({"packages": {}, **stated}, entry=entry, file=file)
    return scope


def _conditions(entries: Iterable[str | Mapping[str, Any]], file: str) -> tuple[Any, ...]:
    return tuple(
        [_shared(item) if isinstance(item, str) else _made(item, file) for item in entries]
    )


@lru_cache(maxsize=None)  # a few hundred names
def _shared(name: str) -> Any:
    """Return the condition of this name: ``NO`` and ``YES`` are the engine's."""
    topic, _, name = name.rpartition(".")
    return getattr(import_module(f"{conditions.__name__}.{topic}") if topic else condition, name)


class IndexedCondition(Condition, eq=False):
    """A condition that rules do not share. What tests it is made when it is first tested.

    Attributes:
        entry: what the index has of it.
        file: the rule's file.
    """

    entry: ClassVar[Mapping[str, Any]]
    file: ClassVar[str]

    test = _later(lambda item: _test(item.entry, item.file))


def _made(entry: Mapping[str, Any], file: str) -> Condition:
    made = IndexedCondition.__new__(IndexedCondition)
    vars(made).update(phrase=entry["phrase"], entry=entry, file=file)
    return made


def _test(entry: Mapping[str, Any], file: str) -> Callable[[Facts], bool]:
    """Return what tests a condition: the file's own, or one that combines others."""
    if "own" in entry:
        return _own(entry, file)
    how = next(iter(entry))
    combined: Condition = getattr(condition, how)(
        *_conditions(entry[how], file), phrase=entry["phrase"]
    )
    return combined.test


def _own(entry: Mapping[str, Any], file: str) -> Callable[[Facts], bool]:
    """Return what tests a condition of the rule's file.

    Args:
        entry: its name there, and what answers it without the file: ``reads``, the topic of the
            fact that it reads first, if it reads one; ``without_gpus``, its answer where there are
            none, if that decides; ``release``, the package and the specifier that it asks for, with
            its answer where these hold; ``types``, the known model types for which it holds.
    """
    if "release" in entry:
        package, specifier, expected = entry["release"]
        return lambda facts: facts.has_release(package, specifier) is expected
    name, reads, without_gpus = entry["own"], entry.get("reads"), entry.get("without_gpus")
    types = entry["types"].split() if "types" in entry else None

    def test(facts: Facts) -> bool:
        if reads is not None:
            _require(facts, reads)
        if without_gpus is not None and facts.get("gpus") == ():
            return bool(without_gpus)
        if types is not None and is_known(facts.model.model_type):
            return facts.model.model_type in types
        answer: bool = getattr(_imported(file), name).test(facts)
        return answer

    return test


def _require(facts: Facts, topic: str) -> None:
    """Raise ``UnknownFact`` as the condition would, if this fact is unknown."""
    area, _, name = topic.partition(".")
    if area == "packages":
        facts.is_installed(name)
    elif not facts.known(area):
        raise UnknownFact(area)
    elif name:
        attrgetter(topic)(facts)


def _imported(file: str) -> ModuleType:
    return import_module(f"{__package__}.{file}")
