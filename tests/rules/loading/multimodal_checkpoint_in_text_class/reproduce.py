"""Save a multimodal Gemma, load it as a text-only class, and compare what arrived."""

from __future__ import annotations

import tempfile
from typing import Any

import torch

import gemma_compat
from gemma_compat.live.tree import text_models
from tests import tiny
from tests.evidence.observation import Case, Observation
from tests.live.saved import save, trained

MODEL_TYPES = ("gemma3_text", "gemma4_text")
PLAIN, MAPPED, OF_ITS_OWN = (
    "the text class, a multimodal checkpoint",
    "the same with key_mapping, on transformers 5",
    "the text class, a checkpoint of its own",
)
VARIANTS = (PLAIN, MAPPED, OF_ITS_OWN)
_MAPPINGS = {
    "gemma3_text": {"^language_model.model": "model"},
    "gemma4_text": {"^model.language_model": "model"},
}


def observe(case: Case) -> Observation:
    with tempfile.TemporaryDirectory() as folder:
        source = case.model_type
        if case.variant != OF_ITS_OWN:
            source = source.removesuffix("_text")
        saved = trained(source)
        save(saved, folder)
        model = _load(case, folder)
        facts = gemma_compat.detect_facts(model=model)
    return Observation(facts, *_compare(saved, model))


def _load(case: Case, folder: str) -> Any:
    import transformers

    cls, _ = tiny.BUILDERS[case.model_type](transformers)
    mapped = case.variant == MAPPED and not transformers.__version__.startswith("4.")
    options = {"key_mapping": _MAPPINGS[case.model_type]} if mapped else {}
    return cls.from_pretrained(folder, **options)


def _compare(saved: Any, loaded: Any) -> tuple[bool, str]:
    (_, one), (_, other) = (text_models(model)[0] for model in (saved, loaded))
    wrong = [
        name
        for name, value in other.state_dict().items()
        if not torch.equal(value.float(), one.state_dict()[name].float())
    ]
    total = len(other.state_dict())
    return bool(
        wrong
    ), f"{len(wrong)} of {total} weights of the text model are not the checkpoint's"
