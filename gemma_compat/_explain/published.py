"""Look up what was published about the releases that a log states: their pins on each other."""

from __future__ import annotations

from ..facts import Facts, UnslothFacts

_PYTHON = "3.11"  # where the log does not say; Unsloth's pins do not depend on it


def with_pins(facts: Facts) -> Facts:
    """Return the facts with the pins of the stated Unsloth release, if they are published."""
    package = facts.packages.get("unsloth")
    if package is None or not package.known("version") or facts.unsloth.known("requires"):
        return facts
    from ..advise.releases import load_releases

    release = load_releases().get("unsloth", package.version)
    if release is None:
        return facts
    python = str(facts.get("python", _PYTHON))
    pins = {name: spec for name, spec in release.pins(python, facts.packages) if spec}
    found = {**vars(facts.unsloth), "requires": pins}
    return facts.replace(unsloth=UnslothFacts(**found))
