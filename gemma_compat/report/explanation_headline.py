"""What happened, in one sentence: it states what is certain, and says so where nothing is."""

from __future__ import annotations

from .._explain.explanation import Explanation, Generally, ReadOff

# Errors of the code itself. Unsloth's patches are mended from release to release; what other
# packages change has most often nothing to do with the error.
_OF_THE_CODE = {
    "NameError", "UnboundLocalError", "AttributeError", "ImportError", "SyntaxError", "TypeError",
    "KeyError",
}  # fmt: skip


def headline(found: Explanation) -> str:
    """Return one sentence; it states what is certain, and says so where nothing is."""
    leading = found.leading
    if leading is None:
        return _nothing_known(found)
    if isinstance(leading, Generally):
        at = at_line(leading.line.number)
        return f"{at}{leading.answer.happened}"
    at = at_line(leading.lines[-1].number if leading.lines else 0)
    if leading.is_certain:
        return f"{at}{leading.rule.title}"
    if leading.is_known_by_text:
        return f"{at}the message is that of {leading.rule.code}: {leading.rule.title}"
    general = next((i.answer for i in found.generally if i.raised and i.answer.certain), None)
    error = f"{at}{leading.because or (general.happened if general else _of_error(found))}"
    return f"{error}. {leading.rule.code} may be the cause; the log does not say enough to tell"


def at_line(line: int) -> str:
    return f"Line {line:,}: " if line else ""


def change_of_origin(found: Explanation) -> ReadOff | None:
    """Return the later release that changed the code that raised an error nothing here knows."""
    if found.leading is not None or not found.unrecognised:
        return None
    if found.error_kind not in _OF_THE_CODE:
        return None
    changes = (item for item in found.read_off if item.kind == "change" and item.command)
    return next((item for item in changes if "unsloth" in item.command), None)


def _of_change(change: ReadOff) -> str:
    """Return the sentence about a change as one that stands alone."""
    return change.text.replace("That function", "The function that raised it").replace(
        "The code that raised this", "The code that raised it"
    )


def _of_error(found: Explanation) -> str:
    if found.error is None:
        return "a text that is known"
    return found.error_kind or "an error"


def _unrecognised(found: Explanation) -> str:
    at, kind = at_line(found.unrecognised[0].number), _of_error(found)
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
    return f"{at}{kind}, and {known}{more}"


def _nothing_known(found: Explanation) -> str:
    read = f"{found.lines:,} line{'' if found.lines == 1 else 's'} read"
    if found.is_blank:
        return "the log is empty: that says nothing about the run"
    if found.cut_at and not found.generally:
        return (
            f"{at_line(found.cut_at)}a traceback begins here, and the log ends before its error: "
            "its last lines are needed"
        )
    if found.outlived_at and found.error:
        met = next((item.answer.happened for item in found.generally if item.raised), "")
        return (
            f"{read}: training ended normally (line {found.outlived_at:,}); "
            f"{found.error_kind or 'an error'} at line {found.error.number:,} did not stop it"
            + (f" ({met})" if met else "")
        )
    if found.unrecognised:
        return _unrecognised(found)
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
