"""What there is to observe: rule x model type x circumstances x environment.

Both neighbours of every bound with every model type that the release has, and the newest release
with the representative one; where a reproduction asks for it, the last patch of every minor
release too. A patched observation
is made wherever the unpatched one was broken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gemma_compat import versions
from gemma_compat.engine.rule import Rule
from gemma_compat.tables import families

from . import releases
from .reproductions import Reproduction

OLDEST = "4.48.0"


@dataclass(frozen=True, order=True)
class Cell:
    """One observation to make. ``environment`` as in :class:`~.rows.Row`."""

    environment: str
    code: str
    model_type: str
    variant: str
    patched: bool

    @property
    def key(self) -> tuple[str, str, str, bool, str]:
        return self.code, self.model_type, self.variant, self.patched, self.environment


def plan(rule: Rule, reproduction: Reproduction) -> list[Cell]:
    """The unpatched cells of a rule, over transformers and every other package it names."""
    packages = {name for scope in rule.scopes for name in scope.packages}
    found: dict[Cell, None] = {}
    for package in sorted(packages | {"transformers"}):
        near = near_bounds(rule, package)
        wide = minor_releases(package) if reproduction.every_minor else [releases.newest(package)]
        for version in sorted({*wide, *near}, key=versions.parse):
            for cell in cells_at(rule, reproduction, package, version, version in near):
                found[cell] = None
    return list(found)


def cells_at(
    rule: Rule, reproduction: Reproduction, package: str, version: str, every_type: bool
) -> Iterator[Cell]:
    """The cells of one release: the representative model type, or every one it has."""
    environment = environment_at(reproduction, package, version)
    transformers = pins_of(environment)["transformers"]
    existing = [m for m in reproduction.model_types if exists(m, transformers)]
    for model_type in existing if every_type else existing[:1]:
        for variant in reproduction.variants:
            yield Cell(environment, rule.code, model_type, variant, patched=False)


def environment_at(reproduction: Reproduction, package: str, version: str) -> str:
    """``peft==0.17.1,transformers==5.0.0``: the package that is walked first, then the others."""
    pins = {"transformers": releases.newest("transformers"), **reproduction.pins}
    others = sorted((name, pin) for name, pin in pins.items() if name != package)
    return ",".join(f"{name}=={pin}" for name, pin in [(package, version), *others])


def pins_of(environment: str) -> dict[str, str]:
    """Each pinned package with its version, the one that is walked first."""
    return dict(part.split("==", 1) for part in environment.split(","))


def exists(model_type: str, transformers: str) -> bool:
    """Whether this release of transformers has the model type."""
    return versions.contains(f">={families.KNOWN_MODEL_TYPES[model_type]}", transformers)


def minor_releases(package: str) -> list[str]:
    """The last patch release of each minor release from :data:`OLDEST` on."""
    last: dict[tuple[int, int], str] = {}
    for version in releases.published(package):
        parsed = versions.parse(version)
        new_enough = package != "transformers" or parsed >= versions.parse(OLDEST)
        if new_enough and not parsed.is_prerelease:
            last[(parsed.major, parsed.minor)] = version
    return list(last.values())


def near_bounds(rule: Rule, package: str) -> set[str]:
    """For each bound of the rule: the last published release below it, the first at or above."""
    near: set[str] = set()
    for bound in bounds_of(rule, package):
        near.update(neighbours(bound, releases.published(package)))
    return {version for version in near if package != "transformers" or _is_runnable(version)}


def bounds_of(rule: Rule, package: str) -> set[str]:
    texts = [scope.packages[package] for scope in rule.scopes if package in scope.packages]
    return {bound for text in texts for bound in versions.bounds(text)}


def neighbours(bound: str, published: Iterable[str]) -> tuple[str, ...]:
    """The last version below ``bound`` and the first not below it, as far as they exist."""
    ordered = sorted(published, key=versions.parse)
    below = [v for v in ordered if versions.parse(v) < versions.parse(bound)]
    above = [v for v in ordered if versions.parse(v) >= versions.parse(bound)]
    return (*below[-1:], *above[:1])


def _is_runnable(version: str) -> bool:
    """From the release before :data:`OLDEST` on: it is the other side of a bound there."""
    return versions.parse(version) >= versions.parse("4.47.1")
