"""Change the last token of a training batch, and look for earlier positions that notice."""

from __future__ import annotations

import torch

import gemma_compat
from gemma_compat.facts import TrainingFacts
from tests import tiny
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("paligemma",)
WITHOUT, WITH = "train, no token types", "train, token types"
VARIANTS = (WITHOUT, WITH)


def observe(case: Case) -> Observation:
    model = tiny.build(case.model_type).train()
    batch = tiny.batch(case.model_type)
    if case.variant == WITHOUT:
        del batch["token_type_ids"]
    training = TrainingFacts(supplies_token_types=case.variant == WITH)
    facts = gemma_compat.detect_facts(model=model).replace(training=training)
    other = {name: value.clone() for name, value in batch.items()}
    other["input_ids"][:, -1] = (other["input_ids"][:, -1] + 7) % 200 + 3
    try:
        with torch.no_grad():
            logits = [model(**each, use_cache=False).logits for each in (batch, other)]
    except ValueError as error:  # refused: nothing is trained on what it may not see
        return Observation(facts, broken=False, seen=str(error))
    moved = (logits[0] - logits[1]).abs().amax(dim=(0, 2)) > 1e-6
    earlier = int(moved[:-1].sum())
    seen = f"{earlier} of {moved.numel() - 1} earlier positions see the last token"
    return Observation(facts, broken=bool(earlier), seen=seen)
