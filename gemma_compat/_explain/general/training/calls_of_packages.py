"""Answer a call that fails where a package makes it: another release is the cure, not an edit."""

from __future__ import annotations

import re
from collections.abc import Callable

from ....values import Value
from ...answer import Answer
from ...places import distribution_of
from ..base import Case
from ..between import Call, call_of, called, is_certain, together
from ..released import Released

# Functions that several packages define or hand on, and whose they are.
_OWNERS = {
    "prepare_model_for_kbit_training": "peft",
    "get_peft_model": "peft",
    "inject_adapter_in_model": "peft",
    "init_empty_weights": "accelerate",
    "dispatch_model": "accelerate",
}

# Who calls methods that scripts write.
_CALLS_BACK = {"transformers", "trl", "peft", "accelerate", "torch", "lightning"}
_CALLS_BACK |= {"pytorch_lightning", "fastai", "keras", "ray"}


def owner_in(case: Case, function: str) -> str:
    """Return the package whose function a package calls, where the log and the wheels show it.

    A bare name may be of the script: then the caller's file has to import it.
    """
    call = call_of(case, called(function))
    if function in _OWNERS and (call.caller or not case.places):
        return _OWNERS[function]
    if not call.caller or call.is_own:
        return ""
    return call.owner if is_certain(call, called(function)) else ""


class Wrongly(Value):
    """How a call is wrong, as the sentences that say who makes it.

    Attributes:
        itself: of a package that calls its own function.
        itself_passing: the same, where what is too many may come from the script.
        calls: of a package that calls code whose package is not known.
        calls_other: of a package that calls what is of another one.
        reaches: of a package whose call another one hands on.
    """

    itself: str
    itself_passing: str
    calls: str
    calls_other: str
    reaches: str


def _unknown(caller: str, owner: str, function: str, name: str) -> Wrongly:
    return Wrongly(
        f"{caller} itself calls {function}() with {name}, an argument that it does not have; no "
        "line of the script has to change",
        f"{caller} itself calls {function}() with {name}, an argument that it does not have",
        f"{caller} calls {function}() with {name}, an argument that it does not have",
        f"{caller} calls {function}() of {owner} with {name}, an argument that it does not have",
        f"a call of {caller} reaches {function}() of {owner} with {name}, an argument that it does "
        "not have",
    )


def _missing(caller: str, owner: str, function: str, name: str) -> Wrongly:
    itself = (
        f"{caller} itself calls {function}() without {name}, which it asks for; no line of the "
        "script has to change"
    )
    return Wrongly(
        itself,
        itself,
        f"{caller} calls {function}() without {name}, which it asks for",
        f"{caller} calls {function}() of {owner} without {name}, which it asks for",
        f"a call of {caller} reaches {function}() of {owner} without {name}, which it asks for",
    )


def _too_many(caller: str, owner: str, function: str, name: str) -> Wrongly:
    itself = (
        f"{caller} itself calls {function}() with more values by position than it takes; no line "
        "of the script has to change"
    )
    return Wrongly(
        itself,
        itself,
        f"{caller} calls {function}() with more values by position than it takes",
        f"{caller} calls {function}() of {owner} with more values by position than it takes",
        f"a call of {caller} reaches {function}() of {owner} with more values by position than it "
        "takes",
    )


UNKNOWN, MISSING, TOO_MANY = _unknown, _missing, _too_many
_Wording = Callable[[str, str, str, str], Wrongly]


def by_a_package(
    case: Case, function: str, wording: _Wording, name: str = "", why: str = ""
) -> Answer | None:
    """Answer a call that a package makes, by whose function it reaches; else ``None``.

    What is handed to ``forward`` or to a method such as ``__init__`` may come from further above:
    then the package above is meant, and without one nothing is said.

    Args:
        function: as the message names it.
        wording: :data:`UNKNOWN`, :data:`MISSING` or :data:`TOO_MANY`.
        name: the argument.
        why: what is known of it besides.
    """
    method = function.rpartition(".")[2]
    call = call_of(case, called(function), method)
    call = call.replace(owner=_OWNERS.get(function, call.owner))
    if not call.caller or (call.caller == "torch" and not call.owner):
        return None
    hands_on = method.startswith("__") or method.endswith("forward")
    if call.is_own and hands_on:
        above = [item for item in case.packages if item not in {call.owner, "torch"}]
        if not above:
            return None
        said = wording(above[-1], call.owner, function, name)
        return _between(Call(above[-1], call.owner, call.is_shown), said.reaches, function, why)
    said = wording(call.caller, call.owner, function, name)
    if call.is_own:
        passes_on = wording is UNKNOWN and (method.startswith("_") or "**" in case.code)
        return _own(call, said, name if passes_on else "", why)
    return _between(call, said.calls_other if call.owner else said.calls, function, why)


def _own(call: Call, said: Wrongly, passed_on: str, why: str) -> Answer:
    """Answer a package that calls its own function wrongly.

    Args:
        passed_on: an argument that the caller may have from the script; empty where it has not.
    """
    return Answer(
        said.itself_passing if passed_on else said.itself,
        (
            *together(call),
            *((f"or leave {passed_on} out, where a line of yours gives it",) if passed_on else ()),
        ),
        why=why or "the release has that fault, or an update of it is half in a running process",
        known=f"the function is of {call.owner} by its name, and so is the line that calls it",
        certain=call.is_of_one_file and not passed_on,
        settles=False,
    )


def _between(call: Call, happened: str, function: str, why: str) -> Answer:
    """Answer a package that calls what is of another one, or what nothing here knows."""
    do = together(call)
    method = function.rpartition(".")[2]
    if not call.owner and not method.startswith("__"):
        own = f"where {method}() is one of your own: let it take what that line hands over"
        do = (own, *do) if call.caller in _CALLS_BACK else (*do, own)
    return Answer(
        happened,
        do,
        why=why or "the caller was written for another release of what it calls",
        known="the message and the last frame, which is the caller's"
        if call.is_shown
        else "the message and the rows above it",
        certain=is_certain(call, called(function)),
        settles=False,
    )


def read_by_a_package(case: Case, owner: str, name: str) -> Answer | None:
    """Answer a package that reads an attribute of a class which a package defines; else ``None``.

    What a method reads of ``self`` is its package's affair; any other object may be the script's
    choice, or of a checkpoint's files.
    """
    call = call_of(case, owner, name)
    of_itself = re.search(rf"\bself\.{re.escape(name)}\b", case.code) or not call.is_shown
    if not call.caller or not call.owner or call.caller == "torch":
        return None
    if call.is_own and not of_itself:
        return None
    return Answer(
        f"{call.caller} itself reads {name} of its {owner}, which has no such attribute here"
        if call.is_own
        else f"{call.caller} reads {name} of {owner} ({call.owner}), which has no such attribute "
        "here",
        (
            *together(call),
            *(
                ("or another copy of the checkpoint's config.json, where an entry is missing",)
                if owner.endswith("Config")
                else ()
            ),
        ),
        why="a name that another release of the two has"
        if not call.is_own
        else "the release has that fault, or another package has changed its classes (Unsloth, "
        "Liger), or an update of it is half in a running process",
        known="the message and the last frame; which release has that name, they do not say"
        if call.is_shown
        else "the message and the row above it; which release has that name, they do not say",
        certain=False,
        settles=False,
    )


def imports_from_itself(
    case: Case, package: str, name: str, known: Released | None
) -> Answer | None:
    """Answer a package whose own files do not fit each other; ``None`` for any other import.

    Args:
        name: what one of its files imports from another one.
        happened: which releases have the name; empty where that is not known.
    """
    place = case.places[-1] if case.places else None
    if place is None or place.module != package or package in {"torch", "triton"}:
        return None
    if not place.code.startswith("from "):
        return None
    if name not in place.code and not place.code.endswith(("(", ",", "\\")):
        return None
    which = f"; {known.happened}" if known is not None else ""
    return Answer(
        f"a file of {package} imports {name} from another file of {package}, which does not have "
        "it",
        (
            f"pip install --force-reinstall --no-deps {distribution_of(package)}   and restart "
            "the kernel or the program",
            f"without the code that puts something in place of {package}'s, where there is any",
        ),
        why="files of two releases are mixed: half of an upgrade, a running process that holds the "
        f"older one, or two copies of the package{which}",
        known="the last frame and the module that the message names are of one package",
        certain=False,
        settles=False,
    )
