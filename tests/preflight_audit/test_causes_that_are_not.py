"""A check that sees something else than its own accident does not name its own."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers

import gemma_compat
from gemma_compat._preflight.checks import english
from gemma_compat._preflight.result import Outcome

from .. import tiny
from ..preflight import runs
from . import small
from .faults_adapter import lora
from .planted import run


def test_equal_positions_are_not_called_dropout() -> None:
    rows = runs.text(2)
    rows["position_ids"] = torch.zeros_like(rows["input_ids"])
    found = gemma_compat.preflight(tiny.build("gemma3_text"), rows)
    assert found.of("positions-count-up").outcome is Outcome.FAIL
    assert found.of("evaluation-runs").outcome is Outcome.PASS, found.of("evaluation-runs")


def test_dropout_that_stays_on_is_still_named() -> None:
    model = tiny.build("gemma3_text")
    model.model.norm.register_forward_hook(
        lambda module, args, out: torch.nn.functional.dropout(out, 0.3, training=True)
    )
    found = gemma_compat.preflight(model, runs.text(2), skip=["loss-agrees"])
    assert "random is on" in found.of("evaluation-runs").figure, str(found)


def test_questions_to_classify_need_no_answer(tmp_path: Any) -> None:
    cls = getattr(transformers, "Gemma3TextForSequenceClassification", None)
    if cls is None:
        pytest.skip("this release has no classifier of this family")
    config = tiny.build("gemma3_text", vocab_size=small.VOCAB).config
    config.num_labels = 2
    made = small.tokenizer()
    texts = [text for question, answer in small.QA for text in (question, answer)]
    rows = [
        {"input_ids": made(text)["input_ids"], "labels": at % 2} for at, text in enumerate(texts)
    ]
    given = run(
        cls(config),
        tmp_path,
        rows,
        tokenizer=made,
        keywords={"data_collator": transformers.DataCollatorWithPadding(made)},
    )
    found = gemma_compat.preflight(**given).of("text-is-clean")
    assert found.outcome is Outcome.PASS, found


def test_an_embedding_model_may_read_in_both_directions(tmp_path: Any) -> None:
    cls = transformers.Gemma3TextModel
    if not hasattr(tiny.build("gemma3_text").config, "use_bidirectional_attention"):
        pytest.skip("this release has no such field")
    tiny.build("gemma3_text").save_pretrained(tmp_path / "home")
    found = gemma_compat.preflight(**_embedding(cls, tmp_path)).of("config-is-the-checkpoints")
    assert found.outcome is Outcome.PASS, found


def _embedding(cls: Any, folder: Any) -> dict[str, Any]:
    """Return a run of a trainer that pulls each row towards itself."""

    class Embeds(transformers.Trainer):  # type: ignore[misc]
        def compute_loss(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            found = model(input_ids=inputs["asked"]).last_hidden_state.mean(1)
            return torch.nn.functional.cross_entropy(
                found @ found.T / 100, torch.arange(len(found))
            )

    model = cls.from_pretrained(folder / "home", use_bidirectional_attention=True)
    rows = [{"asked": row} for row in runs.text()["input_ids"]]
    arguments = transformers.TrainingArguments(
        str(folder), use_cpu=True, report_to=[], remove_unused_columns=False, max_steps=4
    )
    return {"subject": Embeds(model, arguments, train_dataset=rows)}


def test_a_model_of_other_text_than_english_is_whole(monkeypatch: Any) -> None:
    backwards = " ".join(reversed(english.SENTENCES.split(" ")))
    monkeypatch.setattr(english, "SENTENCES", backwards)
    rows = small.chats()
    found = gemma_compat.preflight(small.model(), rows, tokenizer=small.tokenizer())
    known = found.of("model-knows-english")
    assert known.outcome is Outcome.PASS and "on your rows" in known.figure, known


@pytest.mark.parametrize("name", ["second", "ref"])
def test_adapters_that_wait_rightly_are_let_wait(name: str, tmp_path: Any) -> None:
    peft = pytest.importorskip("peft")
    model = lora(tiny.build("gemma3_text"))
    model.add_adapter(name, peft.LoraConfig(r=8, target_modules=["q_proj", "v_proj"]))
    if name == "ref":  # beside a trained one
        with torch.no_grad():
            for path, parameter in model.named_parameters():
                if "lora_B.default" in path:
                    parameter.add_(0.01)
    given = run(model, tmp_path, runs.text(), learning_rate=2e-4)
    found = gemma_compat.preflight(**given).of("something-trains")
    assert found.outcome is Outcome.PASS, found
