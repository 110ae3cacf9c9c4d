"""What is said of a tied head that PEFT trains as a copy is what merging and saving make of it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch

from gemma_compat import preflight

from .. import tiny
from . import runs

peft = pytest.importorskip("peft")
IDS = torch.arange(5, 30)[None]


def _model() -> Any:
    torch.manual_seed(0)
    return tiny.build("gemma3_text", num_hidden_layers=2)


def _adapted(model: Any, saved: list[str], method: str = "LoraConfig", **options: Any) -> Any:
    config = getattr(peft, method)(
        task_type="CAUSAL_LM",
        target_modules=["q_proj", "v_proj"],
        modules_to_save=saved,
        **options,
    )
    return peft.get_peft_model(model, config)


def _moved(model: Any) -> Any:
    """Return the model as training might leave it."""
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.05)
    return model


def _logits(model: Any) -> Any:
    with torch.no_grad():
        return model.eval()(input_ids=IDS).logits


def _said(model: Any, folder: Any) -> Any:
    result = preflight(runs.trainer(model, str(folder)))
    return next(check for check in result.checks if check.name == "head-is-trained")


def _is_read_back(model: Any, folder: Any, *, untied: bool = False) -> bool:
    """Return whether the merged model that is saved is read back as what it was."""
    from transformers import AutoModelForCausalLM

    before = _logits(model)
    merged = model.merge_and_unload()
    if untied:
        merged.config.tie_word_embeddings = False
    merged.save_pretrained(folder)
    return bool(
        torch.allclose(_logits(AutoModelForCausalLM.from_pretrained(folder)), before, atol=1e-4)
    )


@pytest.mark.parametrize("method", ["LoraConfig", "LoHaConfig"])
@pytest.mark.parametrize("saved", [["lm_head"], ["embed_tokens", "lm_head"]])
def test_a_copied_head_is_warned_of_where_merging_loses_it(
    saved: list[str], method: str, tmp_path: Any
) -> None:
    model = _moved(_adapted(_model(), saved, method))
    said = _said(model, tmp_path / "run")
    mine = type(model.base_model)._unload_and_optionally_merge
    if mine is not peft.LoraModel._unload_and_optionally_merge:
        assert said.outcome.value == "not run" and "otherwise than LoRA" in said.figure
        return
    if _is_read_back(copy.deepcopy(model), tmp_path / "merged"):
        assert said.outcome.value == "pass", said
        assert "merging keeps both" in said.figure
        return
    assert said.outcome.value == "warning", said
    assert "a merged model that is saved keeps one of them" in said.figure
    assert "tie_word_embeddings = False" in said.help
    assert _is_read_back(model, tmp_path / "mended", untied=True)


def test_an_adapter_with_a_copied_head_is_read_back_whole(tmp_path: Any) -> None:
    model = _moved(_adapted(_model(), ["lm_head"]))
    model.save_pretrained(tmp_path)
    again = peft.PeftModel.from_pretrained(_model(), tmp_path)
    assert torch.allclose(_logits(again), _logits(model), atol=1e-5)


def test_an_embedding_that_leaves_its_head_is_warned_of_and_the_help_holds(tmp_path: Any) -> None:
    said = _said(_moved(_adapted(_model(), ["embed_tokens"])), tmp_path / "run")
    assert said.outcome.value == "warning" and "they drift apart" in said.figure
    if "ensure_weight_tying" in said.help:
        tied = _adapted(_model(), ["embed_tokens", "lm_head"], ensure_weight_tying=True)
        assert _said(_moved(tied), tmp_path / "tied").outcome.value == "pass"
    else:
        model = _moved(_adapted(_model(), ["embed_tokens", "lm_head"]))
        assert _is_read_back(model, tmp_path / "mended", untied=True)


def test_the_trial_of_merging_draws_no_random_number() -> None:
    from gemma_compat._preflight.checks.merging import merging_unties

    model = _adapted(_model(), ["lm_head"])
    before = torch.get_rng_state()
    assert isinstance(merging_unties(model), bool)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_trial_of_merging_that_raises_is_an_unknown_with_its_error(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gemma_compat._preflight.checks import merging

    def fail() -> Any:
        raise RuntimeError("no such network")

    monkeypatch.setattr(merging, "_network", fail)
    said = _said(_moved(_adapted(_model(), ["lm_head"])), tmp_path)
    assert said.outcome.value == "not run" and "RuntimeError: no such network" in said.figure
