"""Is the batch what a Gemma is trained on? No forward is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...tables.families import turn_marks
from ..result import CheckResult
from ._answers import failed, not_run, passed, warned

if TYPE_CHECKING:
    from ..subject import Subject

_FOREIGN = ("<|im_start|>", "[INST]", "<|start_header_id|>", "<|assistant|>")


def one_bos(subject: Subject) -> CheckResult:
    """Exactly one ``<bos>`` a sample: two come from a template and a tokenizer that both add it."""
    bos = _token_id(subject, "bos_token_id")
    if bos is None:
        return not_run("neither tokenizer nor config names a bos token")
    rows = [_tokens(subject, index) for index in range(len(subject.batch["input_ids"]))]
    doubled = sum((row[1:].eq(bos) & row[:-1].eq(bos)).any().item() for row in rows)
    without = sum(not row.eq(bos).any().item() for row in rows)
    if doubled:
        return failed(f"{doubled} of {len(rows)} rows have <bos> twice in a row")
    if without == len(rows):
        return failed(f"no row has <bos> (token {bos}); Gemma degenerates without it")
    if without:
        return warned(f"{without} of {len(rows)} rows have no <bos>")
    return passed(f"<bos> in each of {len(rows)} rows, never doubled")


def labels_train(subject: Subject) -> CheckResult:
    """Some label in each row that is not masked (-100)."""
    labels = subject.batch["labels"]
    trained = (labels[:, 1:] != -100).sum(dim=1).tolist()
    empty = sum(count == 0 for count in trained)
    if empty == len(trained):
        return failed("every label is -100: nothing is trained")
    figure = f"{sum(trained)} of {labels[:, 1:].numel()} labels are trained"
    if empty:
        return warned(f"{figure}; {empty} of {len(trained)} rows train nothing")
    return passed(figure)


def turn_end_is_trained(subject: Subject) -> CheckResult:
    """The last end of turn of some row has a label, or the model never learns to stop."""
    marks = turn_marks(_model_type(subject))
    encode = getattr(_tokenizer(subject), "convert_tokens_to_ids", None)
    if encode is None or marks is None:
        return not_run("no tokenizer to look the end of turn up")
    token = encode(marks.end)
    ids, labels = subject.batch["input_ids"], subject.batch["labels"]
    if token is None or not ids.eq(token).any():
        return not_run(f"no {marks.end} in the batch")
    last = [
        labels[index, row.nonzero()[-1, 0]].item() != -100
        for index, row in enumerate(ids.eq(token))
        if row.any()
    ]
    if not any(last):
        return failed(f"{marks.end} is never trained: generation will not stop")
    return passed(f"{marks.end} is trained in {sum(last)} of {len(last)} rows")


def template_is_the_models(subject: Subject) -> CheckResult:
    """The chat template writes this model's turn marks, and no other family's."""
    template = getattr(_tokenizer(subject), "chat_template", None)
    if not isinstance(template, str):
        return not_run("no tokenizer with a chat template")
    marks = turn_marks(_model_type(subject))
    foreign = [mark for mark in _FOREIGN if mark in template]
    if foreign:
        return failed(f"the chat template writes {foreign[0]}, another model's mark")
    if marks and marks.start not in template:
        return warned(f"the chat template does not write {marks.start}")
    return passed(f"writes {marks.start}" if marks else "no foreign marks")


def images_match_tokens(subject: Subject) -> CheckResult:
    """Image tokens come with images, and images with image tokens."""
    token = _image_token(subject)
    if token is None:
        return not_run("the model takes no images")
    count = int(subject.batch["input_ids"].eq(token).sum())
    has_images = subject.batch.get("pixel_values") is not None
    if count and not has_images:
        return failed(f"{count} image tokens and no pixel_values")
    if has_images and not count:
        return failed("pixel_values and no image token")
    return passed(f"{count} image tokens, images {'given' if has_images else 'none'}")


def length_fits(subject: Subject) -> CheckResult:
    """The rows are not longer than the model's positions."""
    limit = getattr(_text_config(subject), "max_position_embeddings", None)
    tokens = subject.batch["input_ids"].shape[1]
    if not isinstance(limit, int):
        return not_run("the config has no max_position_embeddings")
    figure = f"{tokens} tokens of {limit}"
    return passed(figure) if tokens <= limit else failed(figure)


def _tokens(subject: Subject, row: int) -> Any:
    """The row without its padding."""
    ids = subject.batch["input_ids"][row]
    mask: Any = subject.batch.get("attention_mask")
    return ids if mask is None or mask.ndim != 2 else ids[mask[row].bool()]


def _tokenizer(subject: Subject) -> Any:
    """A processor holds one; a tokenizer is one."""
    return getattr(subject.tokenizer, "tokenizer", subject.tokenizer)


def _token_id(subject: Subject, name: str) -> int | None:
    for source in (_tokenizer(subject), _text_config(subject)):
        found = getattr(source, name, None)
        if isinstance(found, int):
            return found
    return None


def _text_config(subject: Subject) -> Any:
    config = getattr(subject.base, "config", None)
    return getattr(config, "text_config", None) or config


def _model_type(subject: Subject) -> str:
    return str(getattr(getattr(subject.base, "config", None), "model_type", ""))


def _image_token(subject: Subject) -> int | None:
    config = getattr(subject.base, "config", None)
    for name in ("image_token_id", "image_token_index"):
        found = getattr(config, name, None)
        if isinstance(found, int):
            return found
    return None
