"""The failures that were collected before there were rules, and which rules account for each.

``F`` entries were met with transformers, TRL, PEFT, accelerate, bitsandbytes and torch; ``U``
entries with Unsloth. A rule names the entries it covers in ``covers``; an entry that no rule can
judge is covered by a rule that is a page only (``undetectable``). :func:`render` is the table in
``docs/rules/catalogue.md``, and a test asks that no entry is left out.
"""

from __future__ import annotations

from collections.abc import Iterable

from gemma_compat.engine.rule import Rule

ENTRIES: dict[str, str] = {
    "F1": "Names of removed caches cannot be imported from transformers 5 (peft, liger)",
    "F2": "float16 overflows in Gemma 3's residual stream",
    "F3": "token_type_ids is required when training",
    "F4": "PEFT refuses Gemma4ClippableLinear",
    "F5": "Gemma 4 loses shared keys and values without a cache",
    "F6": "Gemma 3n loses shared keys and values without a cache",
    "F7": "'HybridCache' object has no attribute 'float'",
    "F8": "Evaluation gathers the cache",
    "F9": "FlashAttention refuses the device or the head dimension",
    "F10": "bfloat16 is called supported where it is emulated; dtypes and flags that disagree",
    "F11": "Loss and gradients multiplied by gradient accumulation",
    "F12": "Composite configs have no vocab_size, hidden_size and so on",
    "F13": "A multimodal checkpoint in a text class: random weights",
    "F14": "Checkpoints written with doubled nesting",
    "F15": "Adapter keys that do not match across releases",
    "F16": "Target modules that hit towers and routers, or have no default",
    "F17": "Reentrant checkpointing detaches shared keys and values",
    "F18": "Checkpointing from outside with a cache in training",
    "F19": "Parameters that DDP waits for in vain",
    "F20": "Fully masked rows in SDPA become NaN",
    "F21": "SDPA drops attention soft-capping",
    "F22": "ZeRO-3 initialises partitioned embeddings",
    "F23": "FSDP: the layer class to wrap, FSDP2's rebuilt dict, tied embeddings",
    "F24": "Logits over 262,144 tokens fill the memory",
    "F25": "Experts that are not Linear: neither quantized nor adapted, grouped matmul",
    "F26": "Two <bos> or none, an untrained end of turn, no generation blocks in the template",
    "F27": "Image tokens without images",
    "F28": "An architecture that this transformers does not know",
    "F29": "The default dtype of transformers 5 and its renamed arguments",
    "F30": "An untied lm_head that the config still calls tied",
    "F31": "vLLM misses the keys and values of layers that share them",
    "F32": "New tokens without rows in the per-layer embeddings",
    "F33": "Checkpointing on towers that cannot be checkpointed",
    "F34": "Packed samples that attend to each other",
    "F35": "Generation while training: masks of another shape",
    "F36": "EmbeddingGemma attends causally",
    "F37": "Compiled flex attention that falls back or has no backward",
    "F38": "The advice to train with eager attention",
    "U01": "'HybridCache' object has no attribute 'float', under Unsloth",
    "U02": "Gemma 4 loses shared keys and values, under Unsloth",
    "U03": "Gemma 3n loses shared keys and values, under Unsloth",
    "U04": "Unsloth's reentrant checkpointing detaches shared keys and values",
    "U05": "Gemma 1 and 2: embeddings scaled twice",
    "U06": "Gemma 3 in float16: NaN, under Unsloth",
    "U07": "Gemma 4 in float16: NaN gradients, under Unsloth",
    "U08": "Full fine-tuning in forced float32: half against float",
    "U09": "Half expected, float found, on cards without bfloat16",
    "U10": "Gemma 4 audio: dtypes differ when features are merged",
    "U11": "Gemma 4 audio: a mask value that float16 cannot hold",
    "U12": "Gemma 4's vision pooler overflows float16",
    "U13": "token_type_ids is required when training, under Unsloth",
    "U14": "num_items_in_batch is ignored, under Unsloth",
    "U15": "An output without a loss",
    "U16": "ArgsMismatchError in a compiled norm",
    "U17": "A stale compiled cache, or a pair of releases that do not belong together",
    "U18": "Flex attention needs more shared memory than the card has",
    "U19": "Flex attention with transposed inputs",
    "U20": "The vision tower does not support flex attention",
    "U21": "NaN in bfloat16, cause not public",
    "U22": "PEFT refuses Gemma4ClippableLinear, under Unsloth",
    "U23": "GRPO: the KL divergence explodes at the first step",
    "U24": "Non-reentrant checkpointing of audio layers: strides differ",
    "U25": "Audio features and audio tokens do not match",
    "U26": "An audio decoder object where an array is needed",
    "U27": "A static cache without shared layers: list index out of range",
    "U28": "A static cache makes image tokens attend causally",
    "U29": "Token types misaligned with prompt-completion data",
    "U30": "Experts' LoRA: contraction dimensions differ",
    "U31": "A merge that drops the experts",
    "U32": "A fused loss with zero gradients",
    "U33": "GRPO on 31B: workspace out of memory",
    "U34": "SDPA takes 2.5 GB more on 31B",
    "U35": "FlashAttention 2 with head dimension 512, under Unsloth",
    "U36": "A message that hides why a model is not supported",
    "U37": "Layers that are quantized without a quant_state",
    "U38": "Prequantised weights initialised as bytes",
    "U39": "The processor where a tokenizer is needed",
    "U40": "No <bos>, or two",
    "U41": "A merge that writes another end-of-sequence token",
    "U42": "Every label is masked",
    "U43": "Gemma 2: empty cache layers, soft-capping without flash attention, batch inference",
    "U44": "Empty logits are gathered at evaluation",
    "U45": "Left padding in float16: NaN",
    "U46": "ROCm: NaN in compiled Gemma 3",
    "U47": "Gemma 4 over several GPUs: devices differ, layer_scalar has none",
    "U48": "DPO: the reference adapter breaks the recomputation",
    "U49": "Quantisation-aware training of the embeddings explodes",
    "U50": "head_dim differs by layer",
    "U51": "PaliGemma has no support of its own in Unsloth",
    "U52": "LoRA on embeddings ignores their scale",
}


def uncovered(rules: Iterable[Rule]) -> list[str]:
    """The entries that no rule names."""
    named = {entry for rule in rules for entry in rule.covers}
    return [entry for entry in ENTRIES if entry not in named]


def render(rules: Iterable[Rule]) -> str:
    """The table in markdown: entry, title, rules that account for it, and how they are known."""
    lines = ["# The catalogue of failures, and the rules that account for it", ""]
    lines += ["| entry | failure | rules |", "| --- | --- | --- |"]
    known = tuple(rules)
    for entry, title in ENTRIES.items():
        links = [_link(rule) for rule in known if entry in rule.covers]
        lines.append(f"| {entry} | {title} | {', '.join(links)} |")
    return "\n".join(lines) + "\n"


def _link(rule: Rule) -> str:
    how = "page only" if rule.undetectable else rule.evidence.value
    return f"[{rule.code}]({rule.code}.md) ({how})"
