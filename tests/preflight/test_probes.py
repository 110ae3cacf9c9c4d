"""Where a probe raises, its check says so with the error: it never passes for that."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
import torch
import transformers

import gemma_compat
from gemma_compat._preflight import reference
from gemma_compat._preflight.result import CheckResult, Outcome
from gemma_compat._preflight.subject import Subject
from gemma_compat.live.tree import text_models

from .. import tiny
from . import runs

PLANTED = "planted here"


class Halved(transformers.Trainer):
    """Trains half of the loss, which may be meant."""

    def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, **_: Any) -> Any:
        output = model(**inputs, use_cache=False)
        return (output.loss / 2, output) if return_outputs else output.loss / 2


class AddedTo(Halved):
    """Stands for a library's Trainer that adds something to the loss."""

    def compute_loss(self, *arguments: Any, **named: Any) -> Any:
        return super().compute_loss(*arguments, **named)


AddedTo.compute_loss.__module__ = "trl.trainer"


def _raise_if(is_wrong: Any, patch: pytest.MonkeyPatch) -> None:
    """Make each call of the model through ``Subject.call`` raise where this holds for its batch."""
    call = Subject.call

    def raising(self: Subject, batch: Any = None, **arguments: Any) -> Any:
        if is_wrong(self.batch if batch is None else batch):
            raise RuntimeError(PLANTED)
        return call(self, batch, **arguments)

    patch.setattr(Subject, "call", raising)


def _of(name: str, folder: Any, cls: Any = None, model: Any = None, **given: Any) -> CheckResult:
    made = tiny.build("gemma3_text") if model is None else model
    made.config.use_cache = False
    return gemma_compat.preflight(runs.trainer(made, folder, cls=cls, **given)).of(name)


def _says_why(found: CheckResult, error: str = f"RuntimeError: {PLANTED}") -> None:
    assert found.outcome is Outcome.NOT_RUN and found.is_unknown, found
    assert error in found.figure, found.figure


def test_logits_without_labels(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _raise_if(lambda batch: "labels" not in batch, monkeypatch)
    _says_why(_of("loss-agrees", tmp_path, Halved))


def test_logits_that_are_none(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    call = Subject.call

    def without_logits(self: Subject, batch: Any = None, **arguments: Any) -> Any:
        found = call(self, batch, **arguments)
        found.logits = None
        return found

    monkeypatch.setattr(Subject, "call", without_logits)
    _says_why(_of("loss-agrees", tmp_path, Halved), "gives no logits for each of its tokens")


def test_the_models_own_loss(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _raise_if(lambda batch: "labels" in batch, monkeypatch)
    _says_why(_of("loss-agrees", tmp_path, AddedTo))


def test_frequencies_that_cannot_be_made_again(tmp_path: Any) -> None:
    model = tiny.build("gemma3_text")
    rotary = text_models(model)[0][1].rotary_emb

    class NeedsMore(type(rotary)):  # type: ignore[misc]
        def __init__(self, config: Any, more: int) -> None:
            super().__init__(config)

    rotary.__class__ = NeedsMore
    found = _of("rotary-is-the-configs", tmp_path, model=model)
    _says_why(found, "TypeError")
    assert "'more'" in found.figure


def test_a_disk_without_room_for_a_config(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> Iterator[str]:
        raise OSError(28, PLANTED)

    run = runs.trainer(tiny.build("gemma3_text"), tmp_path)
    monkeypatch.setattr(tempfile, "TemporaryDirectory", full)
    found = gemma_compat.preflight(run).of("checkpoint-can-be-saved")
    _says_why(found, f"OSError: [Errno 28] {PLANTED}")


def test_what_a_missing_bos_costs(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """That no row has it is seen, and said; only how much it costs is unknown."""

    def raising(*_: Any, **__: Any) -> Any:
        raise RuntimeError(PLANTED)

    rows = runs.text()
    rows["input_ids"][:, 0] = rows["labels"][:, 0] = 20
    run = runs.trainer(tiny.build("gemma3_text"), tmp_path, rows)
    monkeypatch.setattr(reference, "reference_of", raising)
    found = gemma_compat.preflight(run).of("one-bos")
    assert found.outcome is Outcome.WARNING
    assert f"How much was not measured: RuntimeError: {PLANTED}" in found.figure


def test_a_schedule_that_needs_an_argument(tmp_path: Any) -> None:
    found = _of("schedule-moves", tmp_path, lr_scheduler_type="cosine_with_min_lr")
    _says_why(found, "ValueError: One of min_lr")


def test_the_token_types_of_an_image(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny.build("gemma3")
    rows = runs.text(4, "gemma3")
    token = model.config.image_token_id if hasattr(model.config, "image_token_id") else 250
    rows["input_ids"][:, 3:7] = token
    rows["labels"] = torch.where(rows["input_ids"] == token, -100, rows["input_ids"])
    _raise_if(lambda batch: "labels" in batch, monkeypatch)
    found = _of("images-see-themselves", tmp_path, model=model, rows=rows)
    if found.figure.startswith("follows from"):
        found = gemma_compat.preflight(model, rows, skip=[found.figure.split()[-1]]).of(found.name)
    _says_why(found)
