"""Which releases have the name, argument or module that an error misses, by the release atlas."""

from __future__ import annotations

import re

from ... import versions
from ...atlas import IndexUnusable, Missing, missing, read_tracebacks
from ...atlas.intervals import Interval, told
from ...atlas.missing import argument_in
from ...values import Value
from ..answer import Answer
from ..places import distribution_of
from .base import Case
from .installing.same_name import DISTRIBUTIONS as _OF_ANOTHER_NAME

_SUBJECTS = {
    "name": "{owner} has {name}",
    "module": "the module {name} exists",
    "attribute": "the code of {owner} sets {name}",
    "argument": "{owner}() has {name} in its signature",
    "model type": "transformers knows {name}",
    "key": "{owner} has an entry for {name}",
}


class Released(Value):
    """What an error misses, beside the release that the log states.

    Attributes:
        found: what is missing, and the releases that have it.
        version: the release that the log states; empty where it states none.
    """

    found: Missing
    version: str

    @property
    def contradicts(self) -> bool:
        """Return whether the stated release has what the error misses."""
        return any(
            versions.contains(f">={item.first},<={item.last}", self.version)
            for item in self.found.releases
            if self.version
        )

    @property
    def is_before_all(self) -> bool:
        """Return whether the stated release is older than all that were read, and so unknown."""
        releases = self.found.releases
        if not self.version or not releases or not releases[0].from_start:
            return False
        return versions.contains(f"<{releases[0].first}", self.version)

    @property
    def is_after_all(self) -> bool:
        """Return whether the stated release is newer than all that were read."""
        newest = self.found.newest
        return bool(self.version and newest) and versions.contains(f">{newest}", self.version)

    @property
    def is_everywhere(self) -> bool:
        """Return whether every release that was read has it."""
        releases = self.found.releases
        return bool(releases) and releases[0].from_start and releases[0].to_end

    @property
    def happened(self) -> str:
        """Return one sentence without its full stop."""
        found = self.found
        subject = _SUBJECTS[found.kind].format(name=found.name, owner=found.owner)
        here = f"; here it is {self.version}" if self.version else ""
        if not found.releases:
            return (
                f"no {found.package} from {found.oldest} to {found.newest} has {self.thing}{here}"
            )
        if self.contradicts:
            return (
                f"{subject} in {found.package} {self.version}, which the log states: what ran is "
                "another release"
            )
        is_named = found.owner.partition(".")[0] == found.package
        package = "" if is_named and found.kind in {"name", "module"} else f"{found.package} "
        if self.is_everywhere and found.kind == "argument":
            ends = f"{found.releases[0].first} to {found.releases[-1].last}"
            return f"{subject} in every release of {found.package} from {ends}{here}"
        only = "" if self.is_everywhere else " only, of those read"
        return f"{subject} in {package}{told(found.releases)}{only}{here}"

    @property
    def thing(self) -> str:
        """Return what is missing, for a sentence."""
        found = self.found
        texts = {
            "module": f"a module {found.name}",
            "argument": f"an argument {found.name} of {found.owner}()",
            "key": f"an entry for {found.name} in {found.owner}",
        }
        return texts.get(found.kind, f"{found.name} in {found.owner}")

    @property
    def places(self) -> str:
        """Return which other modules have it, if the one that was asked never does."""
        return "; ".join(f"{name} has it in {told(spans)}" for name, spans in self.found.elsewhere)

    @property
    def command(self) -> str:
        """Return what to type to get a release that has it; empty if there is none."""
        found = self.found
        if not found.releases:
            return ""
        if self.contradicts:
            return f"pip install --force-reinstall {found.package}   and restart the kernel"
        last = found.releases[-1]
        if self.is_newer and not self.is_everywhere:
            return f"pip install -U '{found.package}>={last.first}'"
        return f"pip install '{found.package}>={last.first},{_up_to(last)}'"

    @property
    def is_newer(self) -> bool:
        """Return whether the newest release has it, and the stated one is not newer still."""
        releases = self.found.releases
        return bool(releases) and releases[-1].to_end and not self.is_after_all


def _up_to(interval: Interval) -> str:
    """Return the upper bound for pip, which takes a pre-release where a bound names one."""
    last = versions.parse(interval.last)
    if last.is_prerelease and versions.parse(interval.first).base_version != last.base_version:
        return f"<{last.base_version}"
    return f"<={interval.last}"


# Whose names scripts import; a name is often looked for in the wrong one.
_IMPORTED_FROM = ("transformers", "peft", "trl", "accelerate", "huggingface_hub")


def import_of(found: Missing) -> str:
    """Return the import that works, for a name that no release has where it is looked for.

    It may be another package's, or be written with a line between figure and letter. Empty if not.
    """
    module = found.owner.partition(".")[0]
    with_line = re.sub(r"(\d)(?=[A-Z])", r"\1_", found.name)
    tried = [(package, found.name) for package in _IMPORTED_FROM if package != module]
    tried += [(module, name) for name in (with_line, found.name.replace("_", ""))]
    for package, name in tried:
        asked = f"ImportError: cannot import name '{name}' from '{package}'"
        if (package, name) == (module, found.name):
            continue
        items = [item for traceback in read_tracebacks([asked]) for item in missing(traceback)]
        if any(item.releases and item.releases[-1].to_end for item in items):
            return f"from {package} import {name}"
    return ""


def upgrade(who: str) -> str:
    """Return the command that upgrades the package of a module; Unsloth's two go together."""
    if who.startswith("unsloth"):
        return "pip install -U unsloth unsloth_zoo"
    return f"pip install -U {_OF_ANOTHER_NAME.get(who) or distribution_of(who)}"


def _may_be_a_namesake(found: Missing, case: Case) -> bool:
    """Return whether a function that is named without its class may be another of that name."""
    module = found.package.replace("-", "_")
    passed = re.search(rf"-packages[/\\]{module}[/\\]", case.frames) is not None
    if found.kind != "argument":
        return False
    if found.owner.endswith(".__init__"):
        return not passed and not found.releases
    return "." not in found.owner and not found.releases or not passed


def in_which(case: Case) -> Released | None:
    """Return which releases know the model that a framework says it does not know.

    ``None`` where that is not indexed, or where the stated release knows it: then something else
    is meant.
    """
    known = released(case)
    return None if known is None or known.contradicts else known


def released(case: Case, message: str = "") -> Released | None:
    """Return what the error misses; ``None`` if no index has it.

    Args:
        message: an error that is looked up in place of the log's.
    """
    if message:
        lines = [message]
    elif case.error is None:
        return None
    else:
        lines = case.error.around.splitlines()
        if case.error.hit.kind == "quoted":  # words stand before the error, as in a title
            lines.append(f"{case.error.kind}: {case.error.message.splitlines()[0]}")
    try:
        found = [item for traceback in read_tracebacks(lines) for item in missing(traceback)]
    except IndexUnusable:
        return None
    if not found or found[-1].kind not in _SUBJECTS or _may_be_a_namesake(found[-1], case):
        return None
    return _stated(found[-1], case)


def released_in(case: Case, package: str, function: str, argument: str) -> Released | None:
    """Return which releases of a package take an argument; ``None`` if no index has the function.

    Args:
        package: whose function it is, as the log and the wheels show.
    """
    try:
        found = argument_in(package, function, argument)
    except IndexUnusable:
        return None
    return _stated(found, case) if found is not None else None


def _stated(found: Missing, case: Case) -> Released | None:
    """Return what is missing beside the stated release; ``None`` where that is older than all."""
    package = case.facts.packages.get(found.package)
    version = str(package.get("version", "")) if package is not None else ""
    known = Released(found, version if versions.is_valid(version) else "")
    return None if known.is_before_all else known


def of_another_release(known: Released) -> Answer:
    """Answer an argument that the release which the log states does take."""
    name, function = known.found.name, known.found.owner
    return Answer(
        f"{function}() is given {name}: {known.happened}",
        (
            f"python -c 'import {known.found.package} as p; print(p.__file__, p.__version__)'   in "
            "that very environment",
            known.command,
        ),
        why="an update in a running kernel, another environment, or a copy that was installed "
        "beside it",
        known=f"read in the wheels of {known.found.package}; that the log's release is the one "
        "that ran is what the log says",
        certain=False,
        settles=False,
    )
