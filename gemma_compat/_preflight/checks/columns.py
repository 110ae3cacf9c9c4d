"""Check rows without labels of tokens: preferences, judged answers, classes, prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..result import CheckResult
from ..text import decode, marks_of, tokenizer_of
from . import preferences
from ._answers import does_not_apply, failed, not_run, passed, warned

if TYPE_CHECKING:
    from ..subject import Subject

_ROWS = 1_000
_ENOUGH = 8  # with fewer rows, equal ones prove nothing
_SOME = 0.2  # share of pairs that hold the same text twice


def columns_make_sense(subject: Subject) -> CheckResult:
    """Check pairs for a difference, labels for more than one value, prompts for more than one."""
    if subject.is_causal:
        return does_not_apply("the rows are text with labels, which other checks look at")
    columns = _columns(subject)
    found = (
        _of_pairs(subject, columns)
        or _of_prompts_twice(columns)
        or preferences.of_no_prompt(columns)
        or preferences.of_scores(subject)
        or _of_completions(subject)
        or _of_judgements(columns)
        or _of_classes(subject)
        or _of_prompts(columns)
        or _of_plain_text(subject, columns)
    )
    if found is not None:
        return found
    if _classes(subject):
        return passed(f"all labels are below {subject.base.config.num_labels}")
    return passed(f"looked at {', '.join(columns)}") if columns else not_run("no known columns")


def _columns(subject: Subject) -> dict[str, list[Any]]:
    """Return up to a thousand values of the columns that this check knows."""
    data: Any = getattr(subject.trainer, "train_dataset", None)
    names = getattr(data, "column_names", None)
    if not isinstance(names, list) or not hasattr(data, "select_columns") or not len(data):
        return {}
    known = [
        n
        for n in names
        if n in ("label", "prompt") or n.startswith(("chosen", "rejected", "prompt_i"))
    ]
    size = min(len(data), _ROWS)
    return {name: list(data.select_columns([name])[:size][name]) for name in known}


def _of_pairs(subject: Subject, columns: dict[str, list[Any]]) -> CheckResult | None:
    """Judge pairs of which both sides are the same text."""
    for name, chosen in columns.items():
        rejected = columns.get("rejected" + name.removeprefix("chosen"))
        is_text = isinstance(chosen[0], (str, list))
        if not name.startswith("chosen") or rejected is None or not is_text:
            continue
        same = [
            at for at, (one, two) in enumerate(zip(chosen, rejected, strict=True)) if one == two
        ]
        if len(same) <= _SOME * len(chosen):
            return None
        tell = failed if len(same) == len(chosen) else warned
        sizes = {len(chosen[at]) for at in same}
        is_cut = len(sizes) == 1 and isinstance(chosen[same[0]][0], int) and max(sizes) > 8
        return tell(
            f"chosen and rejected are the same in {len(same)} of {len(chosen)} rows: nothing can "
            "be learned from them" + (f" (each is cut at {max(sizes)} tokens)" if is_cut else ""),
            where=f"row {same[0]}: {_shown(subject, chosen[same[0]])}",
            help="a longer max_length: the answers differ behind it"
            if is_cut
            else "look for the columns that the two answers come from",
        )
    return None


def _of_plain_text(subject: Subject, columns: dict[str, list[Any]]) -> CheckResult | None:
    """Judge pairs without any turn mark, where the tokenizer's chat template writes them."""
    marks, template = marks_of(subject), getattr(tokenizer_of(subject), "chat_template", None)
    if marks is None or not any(name.startswith("chosen") for name in columns):
        return None
    if not isinstance(template, str) or marks[0].start not in template:
        return None
    batches = [subject.batch, *subject.scanned[1:]]
    tokens = [value for b in batches for name, value in b.items() if name.endswith("input_ids")]
    if not tokens or any(bool((value == marks[1]).any()) for value in tokens):
        return None
    return warned(
        f"no pair holds {marks[0].start}: they are plain text, and the chat template is not used",
        where=f"row 0: {_shown(subject, next(iter(columns.values()))[0])}",
        help="prompt, chosen and rejected as lists of messages; nothing, if you train a base model "
        "on plain text",
    )


def _shown(subject: Subject, value: Any) -> str:
    """Return the beginning of a text or of tokens, on one line."""
    is_ids = isinstance(value, list) and all(isinstance(item, int) for item in value)
    text = decode(subject, value[:40]) if is_ids else str(value)
    return text[:120].replace("\n", "\\n")


def _of_prompts_twice(columns: dict[str, list[Any]]) -> CheckResult | None:
    """Judge pairs of which both sides begin with their prompt, which is put in front of them."""
    for name in ("prompt_ids", "prompt_input_ids", "prompt"):
        chosen, prompts = columns.get(name.replace("prompt", "chosen", 1)), columns.get(name)
        if chosen is None or prompts is None:
            continue
        whole = [_begins(side, asked) for side, asked in zip(chosen, prompts, strict=True)]
        if len(whole) < _ENOUGH or not all(whole):
            continue
        return failed(
            f"the prompt stands twice in all {len(whole)} rows: chosen and rejected begin with it",
            help="chosen and rejected without the prompt, or no prompt column (TRL finds it then)",
        )
    return None


def _begins(side: Any, prompt: Any) -> bool:
    """Return whether this answer begins with its prompt, a ``<bos>`` of one of them aside."""
    if isinstance(prompt, list) and prompt and isinstance(prompt[0], int):
        return len(prompt) > 3 and any(
            side[at : at + len(prompt) - 1] == prompt[1:] for at in (0, 1)
        )
    return isinstance(prompt, str) and len(prompt) > 3 and str(side).startswith(prompt)


def _of_completions(subject: Subject) -> CheckResult | None:
    """Judge completions of which nothing is left after the row was cut."""
    mask = subject.batch.get("completion_mask")
    if mask is None or getattr(mask, "ndim", 0) != 2:
        return None
    empty = int((mask.sum(dim=1) == 0).sum())
    if not empty:
        return None
    limit = subject.value("max_length")
    tell = failed if empty == len(mask) else warned
    return tell(
        f"{empty} of {len(mask)} completions are cut off whole"
        + (f" (max_length={limit})" if limit else ""),
        help="a longer max_length",
    )


def _of_judgements(columns: dict[str, list[Any]]) -> CheckResult | None:
    labels = columns.get("label", [])
    values = {label for label in labels if isinstance(label, (bool, int))}
    if len(labels) < _ENOUGH or len(values) != 1:
        return None
    return warned(
        f"every label is {values.pop()}, in {len(labels)} rows: there is nothing to tell apart",
        help="rows of every kind, in the order of the data where it is not shuffled",
    )


def _of_classes(subject: Subject) -> CheckResult | None:
    """Judge one class for each row: outside of the model's classes, or always the same."""
    labels = _classes(subject)
    if not labels:
        return None
    number = subject.base.config.num_labels
    values = sorted({int(value) for part in labels for value in part})
    if values[-1] >= number or (values[0] < 0 and values[0] != -100):
        return failed(
            f"labels go from {values[0]} to {values[-1]}, and the model has {number} classes",
            help=f"num_labels={values[-1] + 1} in from_pretrained, and labels from 0 on",
        )
    if len(values) == 1 and sum(len(part) for part in labels) >= _ENOUGH:
        return warned(
            f"every row has the class {values[0]}: there is nothing to tell apart",
            help="look for the column that the classes come from",
        )
    return None


def _classes(subject: Subject) -> list[Any]:
    """Return the labels of each batch if they are classes of the model; else an empty list."""
    number = getattr(getattr(subject.base, "config", None), "num_labels", None)
    if not type(subject.base).__name__.endswith("ForSequenceClassification"):
        return []
    batches = [subject.batch, *subject.scanned[1:]]
    labels = [b["labels"] for b in batches if getattr(b.get("labels"), "ndim", 0) == 1]
    if not labels or labels[0].is_floating_point() or not isinstance(number, int) or number < 2:
        return []
    return labels


def _of_prompts(columns: dict[str, list[Any]]) -> CheckResult | None:
    prompts = [str(value) for value in columns.get("prompt", [])]
    if len(prompts) >= _ENOUGH and len(set(prompts)) == 1:
        return warned(
            f"all {len(prompts)} rows looked at have the same prompt",
            where=f"row 0: {prompts[0][:120]}",
            help="look for the column that the prompts come from",
        )
    return None
