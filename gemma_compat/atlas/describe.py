"""Turn what the atlas found in a log into sentences.

Each sentence says what is known and no more: a change of the code is never called a fix.
"""

from __future__ import annotations

from ..values import Value
from .fitting import Contradiction, Fit
from .intervals import Interval, told
from .lacking import Missing
from .raising import Origin

READ_OFF = "read off the traceback"


class Statement(Value):
    """One sentence about a log.

    Attributes:
        kind: ``fit``, ``contradiction``, ``origin``, ``change`` or ``missing``.
        package: the distribution that it is about.
        text: the sentence.
        command: what to type to try it; empty where nothing follows.
        lines: the lines of the log that it rests on, from 1.
    """

    kind: str
    package: str
    text: str
    command: str = ""
    lines: tuple[int, ...] = ()


def of_fit(fit: Fit) -> Statement:
    """Return the sentence on which releases the frames fit."""
    named = _range(fit)
    if fit.exact:
        text = f"{fit.package} {named} ({READ_OFF}: {_frames(fit.frames)})"
    else:
        text = (
            f"{fit.package}: no release fits exactly; nearest {named} "
            f"({fit.fitted} of {fit.frames} frames fit: a build from the source, changed files, "
            f"or tracebacks of several environments)"
        )
    return Statement("fit", fit.package, text, lines=fit.lines)


def of_contradiction(found: Contradiction) -> Statement:
    """Return the sentence that the stated release is not the one of the traceback."""
    text = (
        f"The log states {found.package} {found.stated}, but the traceback fits "
        f"{_range(found.fit)} only: it is of another environment, or {found.package} "
        f"was changed"
    )
    return Statement("contradiction", found.package, text, lines=found.fit.lines)


def of_origin(origin: Origin) -> tuple[Statement, ...]:
    """Return the sentences on who raises the error, and when that code changed next."""
    where = f"{origin.site.function or 'the module itself'} in {origin.site.path}"
    found = []
    if origin.wording:
        releases = told(origin.releases)
        text = f"Raised by {where}; {origin.package} raises this text there in {releases}"
        found.append(Statement("origin", origin.package, text, lines=(origin.at,)))
    else:
        text = f"The last {origin.package} function in the traceback is {where}"
        found.append(Statement("origin", origin.package, text, lines=(origin.at,)))
    if origin.unworded_in:
        found.append(_unworded(origin))
    elif origin.is_followed:
        found.append(_change(origin))
    return tuple(found)


def _unworded(origin: Origin) -> Statement:
    """Return the sentence that later releases do not raise this text; no release is proposed to
    one that does not raise it either.
    """
    first = origin.unworded_in
    which = first if first == origin.newest else f"{first} to {origin.newest}"
    text = (
        f"{origin.package} {which}, the newest one read, raises no error in these words: that is "
        f"not to say that what caused it is gone"
    )
    command = f'python -m pip install "{origin.package}>={first}"' if origin.is_held else ""
    return Statement("change", origin.package, text, command, (origin.at,))


def _change(origin: Origin) -> Statement:
    subject = "The code that raised this" if origin.wording else "That function"
    if not origin.changed_in:
        text = (
            f"{subject} is the same in every {origin.package} release from {origin.judged_in} "
            f"to {origin.newest}, the newest one read"
        )
        return Statement("change", origin.package, text, lines=(origin.at,))
    if origin.gone:
        text = f"{subject} is no longer in that place from {origin.package} {origin.changed_in} on"
    else:
        text = f"{subject} was changed in {origin.package} {origin.changed_in}"
    command = f'python -m pip install "{origin.package}>={origin.changed_in}"'
    return Statement("change", origin.package, text, command, (origin.at,))


def of_missing(found: Missing) -> Statement:
    """Return the sentence on which releases have what the error misses."""
    subject = _SUBJECTS[found.kind].format(name=repr(found.name), owner=found.owner)
    if found.kind == "attribute":
        # What the script or another package sets on the object is in no index.
        text = f"{subject} in {found.package} {told(found.releases)}, as far as its classes show"
    elif found.releases:
        text = f"{subject} in {found.package} {told(found.releases)}"
    else:
        text = f"{subject} in no {found.package} release from {found.oldest} to {found.newest}"
    if found.elsewhere:
        places = "; ".join(f"{module} defines it in {told(r)}" for module, r in found.elsewhere)
        text += f" ({places})"
    return Statement("missing", found.package, text, lines=(found.at,))


_SUBJECTS = {
    "name": "{owner} has the name {name}",
    "module": "The module {name} exists",
    "attribute": "The code of {owner} sets the attribute {name}",
    "argument": "{owner}() takes the argument {name}",
    "model type": "The model type {name} is known",
    "key": "{owner} has an entry for {name}",
}


def _range(fit: Fit) -> str:
    """Return the releases as ``4.44.0 to 4.44.2 or 5.23.0 (the newest read)``."""
    parts = [
        f"{item.first} or {item.last}"
        if _are_two(fit, item) and not (item.from_start or item.to_end)
        else str(item)
        for item in fit.intervals
    ]
    return " or ".join(parts)


def _are_two(fit: Fit, item: Interval) -> bool:
    return fit.releases.index(item.last) - fit.releases.index(item.first) == 1


def _frames(count: int) -> str:
    return "1 frame" if count == 1 else f"{count} frames"
