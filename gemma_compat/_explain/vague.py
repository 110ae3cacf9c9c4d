"""List symptoms that many causes share, and what must stand beside one to prove a rule.

A rule may name a text that any model can print. Such a text alone does not make a cause: the frames
or the message must say more, or every condition of the rule must be known to hold.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..engine.rule import Rule
from ..values import Value
from .scan import Hit


class Vague(Value):
    """One such text.

    Attributes:
        text: matched against the match of a symptom.
        beside: what the traceback or message must contain; empty if nothing there can decide.
        for_names: expressions on a rule's name, with what to require instead for such rules.
        facts_suffice: whether a rule whose conditions all hold needs nothing beside.
        possible_by_facts: whether a rule needs nothing beside if a condition on the run holds and
            none is contradicted.
    """

    text: str
    beside: str = ""
    for_names: tuple[tuple[str, str], ...] = ()
    facts_suffice: bool = True
    possible_by_facts: bool = False


VAGUE: tuple[Vague, ...] = (
    Vague(
        r"device-side assert",
        for_names=(
            ("float16|overflow", r"probability tensor|generate\(|multinomial"),
            ("token|rows", r"srcIndex < srcSelectDimSize|indexSelect|Indexing\.cu"),
        ),
        facts_suffice=False,
    ),
    Vague(r"out of memory\. Tried", r"cross_entropy|logits|lm_head|loss_function|log_softmax"),
    Vague(r"'loss'|grad_norm|nan values|nan|probability tensor", possible_by_facts=True),
    Vague(
        r"KeyError: '\w*gemma",
        # such a line tells of the table of another library
        r"models/auto|configuration_auto|CONFIG_MAPPING|"
        r"^(?!.*(?:File|(?i:tensorrt)|trtllm|from_hugging_face|GemmaConfig))",
        for_names=(("liger", r"liger_kernel|LIGER"),),
    ),
    Vague(r"KeyError: '(?:sliding|full)_attention", r"shared_kv_states|^(?!.*File)"),
    Vague(r"same device"),
    # transformers calls every layer by forward_with_checkpointing, whether it is on or not
    Vague(
        r"size of tensor a",
        r"utils/checkpoint\.py|CheckpointFunction|checkpoint_wrapper|cache_utils",
        for_names=(("refill|recomput", r"unpack_hook|recompute_fn|recomputation|cache_utils"),),
    ),
    Vague(r"list index out of range", r"cache_utils|static|layer_types"),
    Vague(r"array element with a sequence|rfft", r"audio|feature_extraction"),
    Vague(r"Unable to create tensor", r"unsloth|image|pixel"),
    Vague(r"No columns in the dataset"),
    Vague(
        r"index 0 is out of bounds for dimension 0",
        r"padding_idx|_init_weights|initialize_weights|partition_param",
    ),
    Vague(r"^.?not implemented for .BFloat16"),
    Vague(r"expected (?:scalar|m)", r"unsloth|gemma"),
    Vague(r"index out of range in self", r"embedding"),
    Vague(
        r"torch\.finfo\(\) requires",
        r"modeling_gemma4|Clippable|audio_tower|ffw_layer|linear_start",
    ),
    Vague(r"out of resource|triton configs|recompile_limit", r"flex_attention|FlexAttention"),
    Vague(r"Missing required positional|Observed exception|missing a required", r"unsloth|norm"),
)
# Hardly any other model prints these. Every other text points to a Gemma's rule only where the log
# is of a Gemma.
_OF_GEMMA = re.compile(
    r"HybridCache|shared_kv_states|vocab_offset|per_layer|layer_scalar|Clippable"
)
# Such a message states the failure itself: where release and model fit a rule, nothing that is open
# about the run can make it another.
_STATES_IT = re.compile(
    r"Please specify `target_modules`|FlashAttention (?:only supports|forward only|backward for)|"
    r"Cache' object has no attribute 'float'|_pad_across_processes|EmptyLogits|_grouped_mm|"
    r"FlexAttention does not support backward|argument 'softcap'|purely quantized|"
    r"AmbiguousGlobalPerLayer|token_type_ids|dimension 0 with size 2",
)

# Such a text names a class that came with the first release of its rules: an older one cannot
# print it.
_OF_ITS_RELEASES = re.compile(r"Target module Gemma4ClippableLinear")


# Completes "it holds if".
TOO_LITTLE = "more points to it than a text that many causes share"
NUMBERS_FIRST = "the run is in float16; its first losses are numbers, which speaks against that"


def has_evidence(hits: Sequence[Hit], around: str, rule: Rule) -> bool:
    """Return whether a hit is a text that few causes share, or stands beside what decides."""
    return any(_is_particular(hit, around, rule) for hit in hits)


def _is_particular(hit: Hit, around: str, rule: Rule) -> bool:
    vague = _of(hit)
    if vague is None:
        return True
    beside = vague.beside
    for name, other in vague.for_names:
        beside = other if re.search(name, rule.name) else beside
    return bool(beside) and re.search(beside, around, re.DOTALL) is not None


def facts_suffice(hits: Sequence[Hit], certain: bool, holds: int, header: int) -> bool:
    """Return whether facts alone make a rule a cause by these hits.

    Args:
        hits: where its symptoms were seen.
        certain: whether every condition of the rule holds.
        holds, header: how many conditions hold, and how many are about release and model.
    """
    found = [_of(hit) for hit in hits]
    if certain and any(item is None or item.facts_suffice for item in found):
        return True
    return holds > header and any(item is not None and item.possible_by_facts for item in found)


def is_vague(hits: Sequence[Hit]) -> bool:
    """Return whether many causes share all of these texts."""
    return bool(hits) and all(_of(hit) is not None for hit in hits)


def states_the_failure(hits: Sequence[Hit]) -> bool:
    """Return whether one of these texts says itself what failed."""
    return any(_STATES_IT.search(hit.text) for hit in hits)


def names_its_releases(hits: Sequence[Hit]) -> bool:
    """Return whether only releases that a rule is about print one of these texts."""
    return any(_OF_ITS_RELEASES.search(hit.match[0]) for hit in hits)


def is_shared(hits: Sequence[Hit]) -> bool:
    """Return whether any model prints all of these texts."""
    return not any("gemma" in h.match[0].lower() or _OF_GEMMA.search(h.match[0]) for h in hits)


def _of(hit: Hit) -> Vague | None:
    if "gemma" in hit.match[0].lower() and "KeyError" not in hit.match[0]:
        return None
    return next((item for item in VAGUE if re.search(item.text, hit.match[0])), None)
