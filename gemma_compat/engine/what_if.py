"""Facts of another machine, model or run: what the user gave, put over what was detected.

    >>> from gemma_compat.facts import Facts
    >>> from gemma_compat.engine.what_if import Assumptions, assume
    >>> facts = assume(Facts(), Assumptions(versions={"transformers": "4.50.3"}))
    >>> facts.version("transformers"), facts.assumed
    ('4.50.3', {'packages.transformers': '--with'})

Pure. If an assumption names another machine, detected facts of this one become unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import versions
from ..facts import UNKNOWN, Facts, Gpu, Package, TorchBuild, UnslothFacts
from ..values import Value

_NOT_NAMED = "not installed here and not named in --with"
_ELSEWHERE = "the GPUs are assumed, so this machine says nothing about it"
_OF_THE_MACHINE = {"gpus", "other_gpus", "driver", "cuda_driver", "environment", "torch"}


class Assumptions(Value):
    """What the user gave.

    Attributes:
        versions: distribution name to version; ``None`` for known absent.
        gpus: the GPUs, or ``None`` for those of this machine.
        other_gpus: GPUs of other makers, one text each.
        unknown_gpus: a line for each name that no table has.
        model, training, adapter: fields of the facts of that name.
        how: dotted topic to the option that gave it.
    """

    versions: Mapping[str, str | None] = {}
    gpus: tuple[Gpu, ...] | None = None
    other_gpus: tuple[str, ...] = ()
    unknown_gpus: tuple[str, ...] = ()
    model: Mapping[str, Any] = {}
    training: Mapping[str, Any] = {}
    adapter: Mapping[str, Any] = {}
    how: Mapping[str, str] = {}

    def __bool__(self) -> bool:
        given = self.versions or self.model or self.training or self.adapter
        return bool(given) or self.gpus is not None

    def topics(self) -> dict[str, str]:
        """Return every topic that is assumed, with the option that says so."""
        found = {f"packages.{name}": "--with" for name in self.versions}
        if self.gpus is not None:
            found["gpus"] = "--gpu"
        found |= {f"model.{name}": "an option" for name in self.model}
        found |= {f"training.{name}": "an option" for name in self.training}
        found |= {f"adapter.{name}": "an option" for name in self.adapter}
        return {topic: self.how.get(topic, text) for topic, text in found.items()}


def assume(facts: Facts, given: Assumptions, *, of_this_machine: bool = True) -> Facts:
    """Return the facts with what is given put over them.

    Args:
        of_this_machine: whether ``facts`` were detected here, so that what is missing here may
            be there. Facts of a log stay as they are where nothing is given.
    """
    if not given:
        return facts
    if given.versions:
        facts = _with_versions(facts, given.versions, of_this_machine)
    if given.gpus is not None and of_this_machine:
        facts = _with_gpus(facts, given.gpus, torch_is_given="torch" in given.versions)
        facts = facts.replace(other_gpus=given.other_gpus)
    elif given.gpus is not None:
        facts = facts.replace(gpus=given.gpus)
    reasons = dict(facts.reasons)
    if given.unknown_gpus:
        reasons["gpus"] = "; ".join(given.unknown_gpus)
    if given.training and not facts.training.to_dict():
        reasons["training"] = "no option says so"
    facts = facts.replace(
        reasons=reasons,
        model=facts.model.replace(**given.model),
        training=facts.training.replace(**given.training),
        adapter=facts.adapter.replace(**given.adapter),
        assumed={**facts.assumed, **given.topics()},
    )
    return _with_trainers_cache(facts, given)


def _with_versions(
    facts: Facts, versions: Mapping[str, str | None], of_this_machine: bool
) -> Facts:
    """Put the versions in; a package that is missing here and not named becomes unknown."""
    packages: dict[str, Package | None] = {
        name: item
        for name, item in facts.packages.items()
        if item is not None or not of_this_machine
    }
    missing = [name for name in facts.packages if name not in {**packages, **versions}]
    for name, version in versions.items():
        packages[name] = None if version is None else Package(name=name, version=version)
    reasons = {t: text for t, text in facts.reasons.items() if t.partition(".")[2] not in versions}
    changes: dict[str, Any] = {
        "packages": packages,
        "reasons": {**reasons, **{f"packages.{name}": _NOT_NAMED for name in missing}},
        "imports": {},
        "libraries": {},
    }
    if versions:  # a user who names unsloth means to use it; one who names only others does not
        changes["unsloth"] = UnslothFacts(used=versions.get("unsloth") is not None)
    if versions.get("torch"):
        changes["torch"] = _torch(str(versions["torch"]))
        changes["reasons"]["torch"] = "--with torch says nothing about its build"
    return facts.replace(**changes)


def _torch(version: str) -> TorchBuild:
    """Return the CUDA release that a version names: ``2.6.0+cu124`` does, ``2.6.0`` does not."""
    label = version.partition("+")[2]
    if label.startswith("cu") and label[2:].isdigit():
        return TorchBuild(version=version, cuda=f"{label[2:-1]}.{label[-1]}", hip=None)
    if label == "cpu":
        return TorchBuild(version=version, cuda=None, hip=None)
    return TorchBuild(version=version)


def _with_gpus(facts: Facts, gpus: tuple[Gpu, ...], torch_is_given: bool) -> Facts:
    """Put the GPUs in; driver, torch's build and environment of their machine become unknown."""
    gone = _OF_THE_MACHINE - {"torch"} if torch_is_given else _OF_THE_MACHINE
    kept = {t: r for t, r in facts.reasons.items() if t.partition(".")[0] not in gone}
    changes: dict[str, Any] = {"driver": UNKNOWN, "cuda_driver": UNKNOWN, "environment": UNKNOWN}
    unknown = ["driver", "cuda_driver", "environment"]
    if not torch_is_given and facts.packages.get("torch") is not None:
        changes["torch"] = TorchBuild(version=facts.torch.get("version", UNKNOWN))
        unknown.append("torch")
    reasons = {**kept, **dict.fromkeys(unknown, _ELSEWHERE)}
    changes |= {"gpus": gpus, "other_gpus": (), "imports": {}, "libraries": {}}
    return facts.replace(reasons=reasons, **changes)


def _with_trainers_cache(facts: Facts, given: Assumptions) -> Facts:
    """Return the facts with ``args.use_cache`` off where it is a default of the release.

    The Trainer of transformers 5 brought it, off by default.
    """
    package = facts.packages.get("transformers")
    version = package.get("version") if package is not None else None
    moved = given.training.get("trainer") or "transformers" in given.versions
    if not facts.training.get("trainer") or version is None or not moved:
        return facts
    major = versions.major(str(version))
    if major is None:
        return facts
    use_cache = None if major < 5 else False
    return facts.replace(training=facts.training.replace(use_cache=use_cache))
