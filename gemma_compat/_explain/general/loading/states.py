"""Keys of a state dict that do not fit: another wrapper, another class, an adapter for a model."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General
from .saved_sizes import size_mismatch
from .state_keys import by_names

# A mark in a key, then what it says and what to do.
_MARKS = (
    (
        r"_fsdp_wrapped_module\.|_checkpoint_wrapped_module\.|_forward_module\.",
        "the keys carry the name of a wrapper (FSDP, activation checkpointing, Lightning)",
        "load into the plain model, before it is wrapped; or {k.replace('_fsdp_wrapped_module.', "
        "''): v for k, v in state.items()}",
    ),
    (
        r"lora_[AB]|lora_embedding|base_model\.model\.",
        "the keys are of an adapter, and one of the two is not",
        "PeftModel.from_pretrained(base, FOLDER)   for an adapter; merge_and_unload() before a "
        "whole model is saved",
    ),
    (
        r"_orig_mod\.",
        "the keys carry the name of a compiled model (_orig_mod)",
        "{k.removeprefix('_orig_mod.'): v for k, v in state.items()}",
    ),
    (
        r"\babsmax|quant_map|quant_state|nested_absmax|\bSCB\b",
        "the keys are of weights in 4 or 8 bits, and the model that takes them is not quantized",
        "from_pretrained(FOLDER)   with the quantization_config that was saved beside them",
    ),
)


# A message that a terminal has wrapped.
_SHAPES = re.compile(
    r"size mismatch for \S{1,300}: copying a param with shape\s+torch\.Size\(\[(?P<saved>[\d, ]*)"
    r"\]\)\s+from checkpoint,\s+the shape\s+in\s+current model\s+is\s+torch\.Size\(\["
    r"(?P<here>[\d, ]*)\]\)"
)


def _resized() -> Answer:
    return Answer(
        "the embeddings (embed_tokens, lm_head) have another number of rows in the file than in "
        "the model",
        (
            "model.resize_token_embeddings(len(tokenizer))   before the weights are loaded, with "
            "the tokenizer that was saved beside them",
            "or the base model that was trained on, where this is another one",
        ),
        why="tokens were added, or the vocabulary padded, before training",
        known="the message names the weight; the shapes are not in this log",
        settles=False,
    )


def _keys(case: Case) -> Answer | None:
    text = f"{case.hit.text}\n{case.message}"
    shapes = _SHAPES.search(f"{text}\n{case.hit.after}")
    if shapes is not None:
        return size_mismatch(case.replace(hit=case.hit.replace(match=shapes, text=shapes[0])))
    if "size mismatch for" in text and re.search(r"embed_tokens|lm_head", text):
        return _resized()
    found = by_names(f"{text}\n{case.hit.after}")
    if found is not None:
        return found
    for mark, says, do in _MARKS:
        if re.search(mark, text):
            return Answer(
                f"the saved weights do not fit the model that takes them: {says}",
                (do, "or load with from_pretrained, which knows these names"),
                known="the message lists the keys",
                settles=False,
            )
    return None


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


def _told_mismatch(case: Case) -> Answer | None:
    """Answer a title or a cut log that names the weight; the whole error is another kind's."""
    near = case.hit.before[-6000:] + case.hit.text
    if "Error(s) in loading state_dict" in near or "torch.Size" in case.hit.text:
        return None
    if "lora_" not in case.match["name"]:
        return _resized().replace(certain=False)
    return Answer(
        "a matrix of the adapter has another shape in the file than in the model",
        ("load the base model that adapter_config.json names, with the rank that it states",),
        why="another size of the model, another rank, or another class of it",
        known="the message names the weight; the shapes are not in this log",
        certain=False,
        settles=False,
    )


def _named_weight(case: Case) -> Answer:
    name = case.match["name"]
    if (
        name.rpartition("model.")[2] in {"lm_head.weight", "Im_head.weight"}
        and not case.log.is_other
    ):
        return Answer(
            "lm_head.weight is looked up where there is none: a Gemma's head is its embeddings",
            (
                "a newer release of the program that asks for it: one that knows tied heads leaves "
                "the key out",
                "the file has it and the model does not: leave it out of the file and its index",
                "the model has it and the file or its index does not: leave it out of what is "
                "saved, and tie_weights() after loading",
            ),
            why="the files of a Gemma hold that matrix once, as embed_tokens; a merge or an export "
            "may write it twice",
            known="the message has the name; which side lacks it, the last frame shows",
            certain=False,
            settles=False,
            of_gemma=True,
        )
    return Answer(
        "a weight is looked up by a name that the file or the model does not have",
        (
            "print([k for k in state][:8])   beside the name in the message: a prefix is most "
            "often "
            "the difference",
            "or the converter or loader of a release that knows this model",
        ),
        why="a converter, a merge or an own loader is written for another layout"
        + (" (an adapter's keys begin with base_model.model)" if "base_model" in name else ""),
        known="the message has the name",
        settles=False,
    )


_RESUMED = re.compile(
    r"(?i)\bresum\w*|\b(?:load|continu|restor)\w* [^\n.]{0,30}(?:checkpoint|ckpt)"
)
_OTHER_NUMBER = re.compile(
    r"(?i)\b(?:different|another|other|more|fewer|changed?|new) (?:number|count|amount) of "
    r"(?:workers?|gpus?|nodes?|ranks?|process\w*|devices?|cards?)|"
    r"\b(?:different|another|changed?|new) world[_ ]size"
)


def _of_another_world(case: Case) -> Answer | None:
    if not (_RESUMED.search(case.near) and _OTHER_NUMBER.search(case.near)):
        return None
    return Answer(
        "two tensors of one operation have sizes that do not fit, after a run was resumed on "
        "another number of processes: parts of weights and of the optimizer's state that were cut "
        "for the first number do that",
        (
            "resume on as many processes as saved the checkpoint",
            "or save it whole or in a form that is cut anew: fsdp_state_dict_type FULL_STATE_DICT, "
            "or SHARDED_STATE_DICT read with torch.distributed.checkpoint; Lightning: "
            "FSDPStrategy(state_dict_type='full')",
            "or leave the optimizer out: the weights alone, with a new optimizer",
        ),
        why="each process of FSDP or ZeRO holds one part of a flat weight and the state that "
        "belongs to it: total size / number of processes",
        known="the text says that the number changed; the message has both sizes",
        certain=False,
        settles=False,
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
    General(
        "size-mismatch-without-its-error",
        r"\bmismatch for (?P<name>[\w.]{0,120}(?:embed_tokens|lm_head|lora_[AB])\b[\w.]{0,60})",
        _told_mismatch,
        {
            "[Bug]: mismatch for base_model.model.lm_head.modules_to_save.default.weight": (
                "resize_token_embeddings"
            ),
            "size mismatch for base_model.model.model.embed_tokens.weight": "base model",
            "a mismatch for a.lora_A.default.weight": "rank",
        },
        alone=True,
    ),
    General(
        "weight-by-another-name",
        r"KeyError: '(?P<name>[\w.]{3,200}\.(?:weight|bias|lora_[AB](?:\.\w{1,20})?|absmax|scales|"
        r"qweight)|base_model\.model\.[\w.]{3,200})'",
        _named_weight,
        {
            "KeyError: 'base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight'": "prefix",
            "while saving google/gemma-7b-it\nKeyError: 'model.lm_head.weight'": "embeddings",
        },
    ),
    General(
        "resumed-on-another-number-of-processes",
        r"The size of tensor a \(\d+\) must match the size of tensor b \(\d+\) at",
        _of_another_world,
        {
            "# tensor size mismatch when resuming from ckpt with different number of workers using "
            "fsdp\n\nRuntimeError: The size of tensor a (56) must match the size of tensor b (14) "
            "at non-singleton dimension 0": "on as many processes",
            "# I resumed with a different learning rate\n\nRuntimeError: The size of tensor a (56) "
            "must match the size of tensor b (14) at non-singleton dimension 0": "",
        },
    ),
)
