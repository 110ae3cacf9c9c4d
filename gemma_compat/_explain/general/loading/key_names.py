"""Names of a state dict that say what file and model are: wrapped, adapted, quantized."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General
from .saved_sizes import size_mismatch
from .state_keys import by_names, sides
from .states import _resized

# A mark in a key; then what it says, and what to do, where the file has it and the model has not;
# then the same where the model has it alone.
_MARKS = (
    (
        r"_fsdp_wrapped_module\.|_checkpoint_wrapped_module\.|_forward_module\.",
        "the file's names carry that of a wrapper (FSDP, activation checkpointing, Lightning)",
        "{k.replace('_fsdp_wrapped_module.', ''): v for k, v in state.items()}   (or the wrapper "
        "that the names show)",
        "the model that takes them is wrapped already (FSDP, activation checkpointing, Lightning)",
        "load into the plain model, before it is wrapped",
    ),
    (
        r"^module\.",
        "the file's names begin with module., as those of a wrapped model (DDP, DataParallel, "
        "DeepSpeed) do",
        "{k.removeprefix('module.'): v for k, v in state.items()}",
        "the model that takes them is wrapped already (DDP, DataParallel, DeepSpeed: module.)",
        "model.module.load_state_dict(state)   or load before it is wrapped",
    ),
    (
        r"lora_[AB]|lora_embedding|base_model\.model\.",
        "the file is of an adapter, or of a model with one around it, and the model that takes it "
        "has none",
        "PeftModel.from_pretrained(base, FOLDER)   for an adapter; merge_and_unload() before a "
        "whole model is saved",
        "the model that takes the weights has an adapter around it, and the file is of a model "
        "without one",
        "load the weights before get_peft_model or PeftModel.from_pretrained, into the plain model",
    ),
    (
        r"_orig_mod\.",
        "the file's names carry that of a compiled model (_orig_mod)",
        "{k.removeprefix('_orig_mod.'): v for k, v in state.items()}",
        "the model that takes them is compiled already (_orig_mod)",
        "model._orig_mod.load_state_dict(state)   or load before torch.compile",
    ),
    (
        r"\babsmax|quant_map|quant_state|nested_absmax|\bSCB\b",
        "the file is of weights in 4 or 8 bits, and load_state_dict finds no place for their "
        "scales",
        "from_pretrained(FOLDER)   with the quantization_config that was saved beside them: a "
        "model in 4 bits does not take these names from load_state_dict either",
        "the model that takes them is in 4 or 8 bits, and the file is not",
        "load the file into a model in 16 bits; or from_pretrained(FOLDER, "
        "quantization_config=...), which quantizes it",
    ),
)
# A message that a terminal has wrapped.
_SHAPES = re.compile(
    r"size mismatch for \S{1,300}: copying a param with shape\s+torch\.Size\(\[(?P<saved>[\d, ]*)"
    r"\]\)\s+from checkpoint,\s+the shape\s+in\s+current model\s+is\s+torch\.Size\(\["
    r"(?P<here>[\d, ]*)\]\)"
)


def _keys(case: Case) -> Answer | None:
    text = f"{case.hit.text}\n{case.message}"
    shapes = _SHAPES.search(f"{text}\n{case.hit.after}")
    if shapes is not None:
        return size_mismatch(case.replace(hit=case.hit.replace(match=shapes, text=shapes[0])))
    if "size mismatch for" in text and re.search(r"embed_tokens|lm_head", text):
        return _resized()
    text = f"{text}\n{case.hit.after}"
    of_peft = "state_dict for Peft" in text
    return by_names(text) or _by_mark(*sides(text), of_peft=of_peft)


_ADAPTER = re.compile(r"\.lora_(?:A|B|embedding_[AB])\b|\.modules_to_save\b")


def _by_mark(model: list[str], file: list[str], *, of_peft: bool) -> Answer | None:
    """Answer by the names that only the model has, and those that only the file has."""
    if any(map(_ADAPTER.search, model)) and any(map(_ADAPTER.search, file)):
        return _TWO_ADAPTERS
    for mark, of_file, strip, of_model, other in _MARKS:
        in_model, in_file = (any(re.search(mark, name) for name in side) for side in (model, file))
        if in_model and not file and all(map(_ADAPTER.search, model)):
            return _LACKS_MATRICES
        if in_model != in_file and not (in_file and "lora_" in mark and of_peft):
            says, do = (of_file, strip) if in_file else (of_model, other)
            return Answer(
                f"the saved weights do not fit the model that takes them: {says}",
                (do, "or load with from_pretrained, which knows these names"),
                known="the message lists the names that only one side has",
                settles=False,
            )
    return None


_TWO_ADAPTERS = Answer(
    "file and model have adapters whose matrices are named differently",
    (
        "from peft import set_peft_model_state_dict; set_peft_model_state_dict(model, state)   in "
        "place of load_state_dict: it puts the adapter's name in",
        "or PeftModel.from_pretrained(base, FOLDER)",
        "where other layers or another rank_pattern are named: LoraConfig as adapter_config.json "
        "has it",
    ),
    why="PEFT leaves the adapter's name (default) out of its files, and the model in memory has "
    "it; other target_modules name other layers",
    known="the message lists matrices of an adapter as missing, and others as too many",
    settles=False,
)
_LACKS_MATRICES = Answer(
    "the file lacks matrices of the adapter that the model has",
    (
        "LoraConfig(target_modules=...)   as it was when the file was saved",
        "load_state_dict(state, strict=False)   only where these layers may start anew",
    ),
    known="the message lists nothing but matrices of an adapter as missing, and none too many",
    settles=False,
)
_MISSING = re.compile(r"Missing key\(s\) in state_dict: (?P<keys>[^\n]{1,400}?)\.?\s*(?:\n|$)")
_MORE = re.compile(r"Unexpected key\(s\)|size mismatch for")


def _tied_head(case: Case) -> Answer | None:
    """Answer keys of which nothing but the head is missing, and none is left over."""
    text = f"{case.message}\n{case.hit.after[:2000]}"
    missing = _MISSING.search(text)
    if missing is None or _MORE.search(text):
        return None
    if not re.fullmatch(r'"(?:[\w.]{1,80}\.)?lm_head\.weight"', missing["keys"]):
        return None
    return Answer(
        "the file has no lm_head.weight: the head of this model is its embeddings, and is not "
        "saved twice",
        (
            "model.load_state_dict(state, strict=False); model.tie_weights()",
            "or from_pretrained(FOLDER), which ties them",
        ),
        why="tie_word_embeddings is true in the configs of Gemma 1 to 4, and what saves a model "
        "leaves one of two names for the same weight out",
        known="the message lists the one key that is missing",
        settles=True,
    )


KINDS: tuple[General, ...] = (
    General(
        "tied-head-not-in-the-file",
        r"Error\(s\) in loading state_dict for \w{0,60}Gemma\w{0,60}:",
        _tied_head,
        {
            "RuntimeError: Error(s) in loading state_dict for GemmaForCausalLM:\n        Missing "
            'key(s) in state_dict: "lm_head.weight".': "tie_weights",
            "RuntimeError: Error(s) in loading state_dict for Gemma3ForCausalLM:\n\tMissing "
            'key(s) in state_dict: "lm_head.weight", "model.norm.weight".': "",
            "RuntimeError: Error(s) in loading state_dict for LlamaForCausalLM:\n\tMissing "
            'key(s) in state_dict: "lm_head.weight".': "",
        },
    ),
    General(
        "keys-with-a-mark",
        r"Error\(s\) in loading state_dict for \w{1,80}|"
        r"(?:Missing|Unexpected) key\(s\) in state_dict",
        _keys,
        {
            "RuntimeError: Error(s) in loading state_dict for Gemma3ForCausalLM:\n\tMissing key(s) "
            'in state_dict: "model.layers.0.self_attn.q_proj.base_layer.weight", '
            '"model.layers.0.self_attn.q_proj.lora_A.default.weight".': "PeftModel",
            "RuntimeError: Error(s) in loading state_dict for GemmaForCausalLM:\n\tUnexpected "
            'key(s) in state_dict: "_orig_mod.model.norm.weight".': "removeprefix('_orig_mod.')",
            "RuntimeError: Error(s) in loading state_dict for Qwen2ForCausalLM:\n\tMissing key(s) "
            'in state_dict: "model.norm.weight".\n\tUnexpected key(s) in state_dict: '
            '"module.model.norm.weight".': "removeprefix('module.')",
            "RuntimeError: Error(s) in loading state_dict for PeftModelForCausalLM:\n\tMissing "
            'key(s) in state_dict: "base_model.model.a.lora_A.default.weight".\n\tUnexpected '
            'key(s) in state_dict: "base_model.model.a.lora_A.weight".': (
                "set_peft_model_state_dict"
            ),
            "RuntimeError: Error(s) in loading state_dict for LlamaForCausalLM:\n\tMissing key(s) "
            'in state_dict: "model.a.weight.absmax".': "and the file is not",
            "RuntimeError: Error(s) in loading state_dict for PeftModelForCausalLM:\n\tUnexpected "
            'key(s) in state_dict: "base_model.model.a.base_layer.weight.absmax".': (
                "does not take these names"
            ),
            "RuntimeError: Error(s) in loading state_dict for PeftModelForCausalLM:\n\tMissing "
            'key(s) in state_dict: "base_model.model.a.lora_A.default.weight", '
            '"base_model.model.a.lora_B.default.weight".': "lacks matrices",
            "RuntimeError: Error(s) in loading state_dict for FullyShardedDataParallel:\n\tMissing "
            'key(s) in state_dict: "_fsdp_wrapped_module.lm_head.weight".': "before it is wrapped",
            "RuntimeError: Error(s) in loading state_dict for PeftModelForCausalLM:\n\tMissing "
            'key(s) in state_dict: "base_model.model.vision_model.embeddings.position_ids".': (
                "buffers alone"
            ),
            "RuntimeError: Error(s) in loading state_dict for LlamaForCausalLM:\n\tMissing key(s) "
            'in state_dict: "model.layers.0.q_proj.qzeros", "model.layers.0.k_proj.qzeros".': (
                "kinds of quantizer"
            ),
            "RuntimeError: Error(s) in loading state_dict for S:\n\tsize mismatch for logit_scale: "
            "copying a param with shape torch.Size([]) from checkpoint, the shape in current model "
            "is torch.Size([1]).": "a single number",
            "RuntimeError: Error(s) in loading state_dict for S:\n\tsize mismatch for router: "
            "copying a param with shape torch.Size([]) from checkpoint, the shape in current model "
            "is torch.Size([4, 4]).": "as they were when",
            "RuntimeError: Error(s) in loading state_dict for G:\n\tsize mismatch for "
            "model.embed_tokens.weight: copying a param with shape torch.Size([256000, 2048]) from "
            "checkpoint, the shape in current model is torch.Size([262144, 2560]).": (
                "config.json that was saved beside"
            ),
            "RuntimeError: Error(s) in loading state_dict for P:\n\tsize mismatch for "
            "a.embed_tokens.lora_embedding_A.default: copying a param with shape torch.Size([8, "
            "32002]) from checkpoint, the shape in current model is torch.Size([8, 32000]).": (
                "with 32002 tokens"
            ),
            "RuntimeError: Error(s) in loading state_dict for PeftModelForCausalLM:\n\tMissing "
            'key(s) in state_dict: "base_model.model.model.embed_tokens.weight", '
            '"base_model.model.model.layers.0.q_proj.base_layer.weight".': "an adapter alone",
            "RuntimeError: Error(s) in loading state_dict for PeftModelForCausalLM: size mismatch "
            "for base_model.model.model.embed_tokens.weight": "resize_token_embeddings",
            "RuntimeError: Error(s) in loading state_dict for PeftModelForCausalLM:\n        size "
            "mismatch for a.lora_A.default.weight: copying a param with shape torch.Size([32, 8]) "
            "from checkpoint, the shape in\ncurrent model is torch.Size([16, 8]).": "rank",
        },
    ),
)
