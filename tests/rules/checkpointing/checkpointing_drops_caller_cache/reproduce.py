"""Go on from a filled cache in a checkpointed training step; compare with the same unchecked.

Broken is the silent failure alone: another network is trained and nothing raised. Other releases
crash loudly (GC202 below 4.53, a mask of the wrong size from 5.2), and `patch` refuses by name;
both count as working here, and `seen` says which it was.

The fixture is tried first, in every observation: without checkpointing, the step behind the filled
cache must have the loss of the whole row at once, where nothing is cached. If it has not, the row
is invalid: it would show a mistake of the batch or of the cache made here, not the model's.
"""

from __future__ import annotations

import math
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
PREFIX = 5  # tokens in the cache


def observe(case: Case) -> Observation:
    _try_the_fixture(case.model_type)
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
    """A window longer than the row: what a cache keeps of a window is not what is asked here."""
    changes = {"num_kv_shared_layers": 0} if name == "gemma3n_text" else {}
    return tiny.build(name, sliding_window=64, **changes)


def _try_the_fixture(name: str) -> None:
    """Raise ``AssertionError`` unless the filled cache is right where nothing is checkpointed."""
    model = _build(name).train()
    behind = float(model(**_behind_a_cache(model, name)).loss)
    whole = float(model(**_whole_row(name)).loss)
    assert math.isclose(behind, whole, rel_tol=1e-5), f"fixture: loss {behind}, whole row {whole}"


def _inputs(model: Any, case: Case) -> dict[str, Any]:
    if case.variant == NO_CACHE:
        return {"batch": tiny.batch(case.model_type)}
    batch = _behind_a_cache(model, case.model_type)
    return {"past_key_values": batch.pop("past_key_values"), "batch": batch}


def _prefix(name: str) -> dict[str, Any]:
    prefix = tiny.batch(name, tokens=PREFIX, seed=9)
    del prefix["labels"]
    if name == "paligemma":  # without labels it sees both ways in it, whatever its token types
        prefix["token_type_ids"].zero_()
    return prefix


def _whole_row(name: str) -> dict[str, Any]:
    """Prefix and batch in one row, with the labels that have a prediction behind the cache."""
    import torch

    prefix, batch = _prefix(name), tiny.batch(name)
    row = {key: torch.cat([part, batch[key]], dim=1) for key, part in prefix.items()}
    ignored = torch.full((2, PREFIX + 1), -100)
    return {**row, "labels": torch.cat([ignored, batch["labels"][:, 1:]], dim=1)}


def _behind_a_cache(model: Any, name: str) -> dict[str, Any]:
    """A batch behind the tokens of the prefix, which are in the cache already."""
    import torch

    prefix, batch, cache, mode = _prefix(name), tiny.batch(name), _cache(model), model.training
    with torch.no_grad():
        model.eval()(**prefix, past_key_values=cache, use_cache=True)
    model.train(mode)
    batch["attention_mask"] = torch.ones(2, PREFIX + 24, dtype=torch.long)
    if "token_type_ids" in batch and not _wants_types_of_the_batch(name):
        both = [prefix["token_type_ids"], batch["token_type_ids"]]
        batch["token_type_ids"] = torch.cat(both, dim=1)
    return {**batch, "past_key_values": cache}


def _cache(model: Any) -> Any:
    """The kind of cache that `generate` makes for this model on this release."""
    import transformers

    config = model.config.get_text_config()
    if getattr(config, "cache_implementation", None) != "hybrid":  # 4.53 and newer
        return transformers.DynamicCache()
    return transformers.HybridCache(config, max_batch_size=2, max_cache_len=40, device="cpu")


def _wants_types_of_the_batch(name: str) -> bool:
    """Gemma 3 up to 4.52: of the tokens in hand. Later, as the mask is: of the cached ones too."""
    import transformers

    return name == "gemma3" and transformers.__version__ < "4.53"
