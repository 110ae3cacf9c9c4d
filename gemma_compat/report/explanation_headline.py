"""What happened, in one sentence: it states what is certain, and says so where nothing is."""

from __future__ import annotations

from .._explain.explanation import NAN, Explanation, Generally, ReadOff
from . import explanation_unknown

# Errors of the code itself. Unsloth's patches are mended from release to release; what other
# packages change has most often nothing to do with the error.
_OF_THE_CODE = {
    "NameError", "UnboundLocalError", "AttributeError", "ImportError", "SyntaxError", "TypeError",
    "KeyError",
}  # fmt: skip


def headline(found: Explanation, is_private: bool = False) -> str:
    """Return one sentence; it states what is certain, and says so where nothing is.

    Args:
        is_private: whether only the log's owner sees it, so that an error's own text may stand in
            it.
    """
    told = _headline(found, is_private)
    if found.went_on_at and found.leading is not None and found.leading.raised:
        told = f"{told}. A run went on after it (line {found.went_on_at:,})"
    return found.framing.said_of(told) if found.framing and is_error_told(found) else told


def is_error_told(found: Explanation) -> bool:
    """Return whether the headline tells of an error or a failure."""
    return found.leading is not None or found.unknown is not None


def _headline(found: Explanation, is_private: bool) -> str:
    leading = found.leading
    if leading is None:
        return _nothing_known(found, is_private)
    if isinstance(leading, Generally):
        at = at_line(leading.line.number)
        return f"{at}{leading.answer.happened}"
    at = at_line(leading.lines[-1].number if leading.lines else 0)
    if leading.is_certain:
        return f"{at}{leading.rule.title}"
    if leading.is_known_by_text:
        return f"{at}the message is that of {leading.rule.code}: {leading.rule.title}"
    stated = (i.answer for i in found.generally if i.raised and (i.answer.certain or i.name == NAN))
    general = next(stated, None)
    error = f"{at}{leading.because or (general.happened if general else _of_error(found))}"
    return f"{error}. {leading.rule.code} may be the cause; the log does not say enough to tell"


def at_line(line: int) -> str:
    return f"Line {line:,}: " if line else ""


def change_of_origin(found: Explanation) -> ReadOff | None:
    """Return the later release that changed the code that raised an error nothing here knows."""
    if found.unknown is None or found.leading is not None or found.unknown.went_on_at:
        return None
    if found.error_kind not in _OF_THE_CODE:
        return None
    changes = (item for item in found.read_off if item.kind == "change" and item.command)
    return next((item for item in changes if "unsloth" in item.command), None)


def of_code(found: Explanation) -> tuple[ReadOff, ...]:
    """Return what the atlas says, without what is said of the raising function above."""
    if found.unknown is None or found.leading is not None:
        return found.read_off
    return tuple(
        _alone(item)
        for item in found.read_off
        if item.kind != "origin" or not item.text.startswith("The last ")
    )


def _alone(item: ReadOff) -> ReadOff:
    """Return an upgrade with what it does not say."""
    if item.kind == "change" and item.command and "not to say" not in item.text:
        return item.replace(text=f"{item.text}; that does not say that the failure is gone")
    return item


def _of_change(change: ReadOff) -> str:
    """Return the sentence about a change as one that stands alone."""
    return change.text.replace("That function", "The function that raised it").replace(
        "The code that raised this", "The code that raised it"
    )


def _of_error(found: Explanation) -> str:
    if found.error is None:
        return "a text that is known"
    return found.error_kind or "an error"


def _unrecognised(found: Explanation, is_private: bool) -> str:
    unknown = found.unknown
    assert unknown is not None
    at, kind = at_line(unknown.line), explanation_unknown.sentence(unknown, is_private)
    if unknown.went_on_at:
        return (
            f"{at}{kind}. Training went on after it (line {unknown.went_on_at:,}), so it did not "
            "end the run"
        )
    if found.if_gemma:
        rule = found.if_gemma[0].rule
        return (
            f"{at}{kind}. If the model is a Gemma, which the log does not say, it may be "
            f"{rule.code}: {rule.title}"
        )
    known = "no rule here knows it"
    if found.ruled_out or found.doubted:
        known = "no rule here knows it for this release and model"
    change = change_of_origin(found)
    more = f". {_of_change(change)}, which may or may not cure it" if change else ""
    if unknown.is_told:
        return (
            f"{at}{kind}, and no rule here knows it; whether it ended the run, the log does not "
            "show"
        )
    return f"{at}{kind}, and {known}{more}"


def _nothing_known(found: Explanation, is_private: bool) -> str:
    read = f"{found.lines:,} line{'' if found.lines == 1 else 's'} read"
    if found.skimmed:
        read = f"{found.lines:,} lines, many of them only skimmed"
    if found.is_blank:
        return "the log is empty: that says nothing about the run"
    if found.outlived_at and found.error:
        met = next((item.answer.happened for item in found.generally if item.raised), "")
        return (
            f"{read}: training ended normally (line {found.outlived_at:,}); "
            f"{found.error_kind or 'an error'} at line {found.error.number:,} did not stop it"
            + (f" ({met})" if met else "")
        )
    if found.unrecognised:
        return _unrecognised(found, is_private)
    if found.other_models:
        other = found.other_models[0]
        return f"{read}: the log is about {other}, no matter of Gemma, so no rule was asked"
    if found.also:
        return (
            f"{read}: none is an error, but {found.also[0].rule.code}: {found.also[0].rule.title}"
        )
    if found.causes:
        return f"{read}: nothing in them is an error, but something is wrong in what they state"
    only = ", only benign notices" if found.notices else ""
    return f"{read}: no failure in them is known here{only}. That does not prove health"
