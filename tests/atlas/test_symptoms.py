"""The texts that rules look for, against the texts that released packages print."""

from __future__ import annotations

from functools import lru_cache

import pytest

from gemma_compat.atlas._package import opened
from gemma_compat.engine.rule import Rule
from gemma_compat.rules import all_rules
from tools.atlas import symptoms

from ..rules.made import proof_of

# Symptoms that no indexed package prints with ``raise`` or a logger, by where they come from. A
# part of a symptom stands for all that contain it.
NOT_IN_WHEELS = {
    "transformers' dependency_versions_check.py, which builds the text from its table of pins": (
        "is required for a normal functioning of this module",
    ),
    "Python itself": (
        "object has no attribute",
        "has no attribute '?gemma3_text",
        "cannot import name",
        "No module named",
        "KeyError: '",
        "got an unexpected keyword argument",
        "unexpected keyword argument",
        "IndexError: index out of range in self",
    ),
    "torch's C++ and CUDA": (
        "The size of tensor a",
        "Trying to backward through the graph a second time",
        "torch\\._grouped_mm",
        "probability tensor contains",
        "not implemented for 'B",
        "_amp_foreach_non_finite_check_and_unscale_cuda",
        "device-side assert triggered",
        "no kernel image is available",
        "The NVIDIA driver on your system is too old",
        "CUDA driver version is insufficient",
        "Expected to have finished reduction",
        "index 0 is out of bounds for dimension 0",
        "index 2 is out of bounds for dimension 0",
        "doesn't match the broadcast shape",
        "returned nan values",
        "have the same dtype, but got",
        "expected scalar type",
        "masked_scatter_: expected self and source",
        "value cannot be converted to type at::Half",
        "expected size \\d+==\\d+",
        "contraction dimension of mat_a and mat_b",
        "Expected all tensors to be on the same device",
        "CUDA out of memory",
        "linalg\\.vector_norm",
    ),
    "torch's compiler and Triton, whose files are not indexed": (
        "No valid triton configs",
        "out of resource",
        "recompile_limit reached",
        "ArgsMismatchError",
        "Missing required positional argument: x",
    ),
    "flash-attn": ("FlashAttention ",),
    "numpy": ("ufunc 'rfft_n_even'", "setting an array element with a sequence"),
    "vLLM": ("Following weights were not initialized from checkpoint",),
    "a line of the training log": ("'loss': ", "grad_norm'"),
    "the table of loaded weights": ("UNEXPECTED", "MISSING"),
    "torch, for an operator that nobody registered": ("operator torchvision::nms",),
    "a check inside torch, printed in lower case by a warning": ("contains either `?inf",),
    "text that Unsloth assembles and runs": ("Skipping .* no quant_state",),
    "the name of a function in a traceback": ("in chunked_hidden_states_selective_log_softmax",),
    "a message put together over several statements": (
        "device_map does not give any device",
        "for this kind of AutoModel",
        "no Liger kernels supported for model type",
        "You should supply an encoding",
    ),
    "the line of source that a traceback prints": (
        "= shared_kv_states",
        "hard_emb = self",
        "Gemma3nMultimodalEmbedder_forward",
        "query_norm_out_fp16 = q_norm",
    ),
}
RULES = [rule for rule in all_rules() if rule.symptoms]
ALL = [(rule.code, symptom) for rule in RULES for symptom in rule.symptoms]
# Printed in releases outside a bound of the rule only; each says why the rule is right.
OUTSIDE = {
    "IndexError: list index out of range": "Python's words; transformers has them too",
}


@lru_cache(maxsize=None)
def found(symptom: str) -> tuple[symptoms.Found, ...]:
    return tuple(symptoms.find(symptom))


def elsewhere(symptom: str, code: str = "") -> str | None:
    """Return where a symptom comes from that no indexed package prints, by rule or by the list."""
    if code and symptom in (named := named_beside(rule_of(code))):
        return named[symptom]
    for source, parts in NOT_IN_WHEELS.items():
        if any(part in symptom for part in parts):
            return source
    return None


def rule_of(code: str) -> Rule:
    return next(rule for rule in RULES if rule.code == code)


def named_beside(rule: Rule) -> dict[str, str]:
    """Return symptom to source, from lines ``SOURCE: SYMPTOM`` beside the rule's proof."""
    file = proof_of(rule) / "elsewhere.txt"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return {symptom: source for source, _, symptom in (line.partition(": ") for line in lines)}


@pytest.mark.parametrize(("code", "symptom"), ALL)
def test_a_symptom_is_printed_in_the_releases_of_its_scope(code: str, symptom: str) -> None:
    places = found(symptom)
    if not places:
        assert elsewhere(symptom, code), (
            f"no package of the index prints it. If it comes from elsewhere (Python, torch's C++), "
            f"write the line 'SOURCE: {symptom}' into {proof_of(rule_of(code)) / 'elsewhere.txt'}"
        )
        return
    inside = [place for place in places if symptoms.in_scope(rule_of(code), place)]
    assert inside or symptom in OUTSIDE


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_no_source_is_named_beside_a_rule_for_what_is_printed(rule: Rule) -> None:
    for symptom in named_beside(rule):
        assert symptom in rule.symptoms and not found(symptom), symptom


def test_no_source_is_named_for_what_is_printed() -> None:
    """A line of the list that has become wrong fails here."""
    parts = {part for group in NOT_IN_WHEELS.values() for part in group}
    unused = {part for part in parts if not any(part in symptom for _, symptom in ALL)}
    assert not unused
    for part in parts:
        covered = [symptom for _, symptom in ALL if part in symptom]
        assert any(not found(symptom) for symptom in covered), part


@pytest.mark.parametrize(
    ("code", "site"), [(rule.code, site) for rule in all_rules() for site in rule.raised_at]
)
def test_a_raise_site_exists_and_raises_in_the_scope(code: str, site: str) -> None:
    kind, _, place = site.partition(" ")
    path, _, function = place.partition(":")
    index = opened(path.partition("/")[0])
    block = index.block("messages")
    raising = [
        symptoms.releases_of(block["spans"][span])
        for _, rows in block["rows"]
        for number, at, name, span in rows
        if (block["kinds"][number], block["paths"][at], name) == (kind, path, function)
    ]
    assert raising, site
    rule = next(rule for rule in all_rules() if rule.code == code)
    named = index.names({number for numbers in raising for number in numbers})
    assert symptoms.in_scope(rule, symptoms.Found(index.distribution, (site,), named, ""))


def test_a_planted_fault_is_found() -> None:
    assert not found("a text that nobody prints, ever")
    assert elsewhere("a text that nobody prints, ever") is None
    (place,) = found("Found missing adapter keys while loading the checkpoint")
    assert place.package == "peft" and "0.13.2" not in place.versions
