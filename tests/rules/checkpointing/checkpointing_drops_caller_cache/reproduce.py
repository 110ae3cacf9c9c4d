"""Go on from a filled cache in a checkpointed training step; compare with the same unchecked.

Broken is the silent failure alone: another network is trained and nothing raised. Other releases
crash loudly (GC202 below 4.53, a mask of the wrong size from 5.2), and `patch` refuses by name;
both count as working here, and `seen` says which it was.
"""

from __future__ import annotations

from typing import Any

import gemma_compat
from gemma_compat.errors import PatchRefused
from gemma_compat.facts import TrainingFacts
from tests import tiny
from tests.evidence.observation import Case, Observation
from tests.live import compare

MODEL_TYPES = ("gemma2", "gemma3_text", "gemma3n_text", "gemma3", "paligemma")
FILLED, NO_CACHE, UNCHECKPOINTED = (
    "training step, checkpointed, filled past_key_values",
    "training step, checkpointed, no past_key_values",
    "training step, filled past_key_values",
)
VARIANTS = (FILLED, NO_CACHE, UNCHECKPOINTED)
EVERY_MINOR = True


def observe(case: Case) -> Observation:
    model = _build(case.model_type).train()
    if case.variant != UNCHECKPOINTED:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    training = TrainingFacts(
        trainer=False,
        gradient_checkpointing=case.variant != UNCHECKPOINTED,
        use_reentrant=False,
        passes_cache=case.variant != NO_CACHE,
    )
    facts = gemma_compat.detect_facts(model=model).replace(training=training)
    if case.patched:
        gemma_compat.patch(model, select=["GC204"])
    try:
        run = compare.run(model, **_inputs(model, case))
    except PatchRefused as refusal:
        return Observation(facts, broken=False, seen=f"refused by name: {refusal}")
    except (IndexError, RuntimeError) as error:
        return Observation(facts, broken=False, seen=f"crashes loudly: {error}")
    plain = _build(case.model_type).eval()
    found = compare.differences(compare.run(plain, **_inputs(plain, case)), run)
    return Observation(facts, broken=not found.are_none(), seen=compare.one_line(found))


def _build(name: str) -> Any:
    changes = {"num_kv_shared_layers": 0} if name == "gemma3n_text" else {}
    return tiny.build(name, **changes)


def _inputs(model: Any, case: Case) -> dict[str, Any]:
    """A batch, behind five tokens that are in the cache already."""
    import torch
    from transformers import DynamicCache

    batch = tiny.batch(case.model_type)
    if case.variant == NO_CACHE:
        return {"batch": batch}
    prefix = tiny.batch(case.model_type, tokens=5, seed=9)
    del prefix["labels"]
    cache, mode = DynamicCache(), model.training
    with torch.no_grad():
        model.eval()(**prefix, past_key_values=cache, use_cache=True)
    model.train(mode)
    batch["attention_mask"] = torch.ones(2, 29, dtype=torch.long)
    if "token_type_ids" in batch:  # of the tokens in the cache as well, as the mask is
        both = [prefix["token_type_ids"], batch["token_type_ids"]]
        batch["token_type_ids"] = torch.cat(both, dim=1)
    return {"batch": batch, "past_key_values": cache}
