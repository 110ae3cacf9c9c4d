"""Symptoms told of weights whose names do not fit: a tied head, wrappers, a trained part."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Case
from .base import Symptom, told

_TIED = told(
    "lm_head.weight is said to be missing: a Gemma's head is its embeddings, and its files "
    "hold the matrix once, as embed_tokens",
    "model.load_state_dict(state, strict=False); model.tie_weights()   where your own code "
    "loads it",
    "a newer release of the program that asks for it: converters and trainers that know "
    "tied heads leave the key out",
    "only where something asks for the key: state['lm_head.weight'] = "
    "state['model.embed_tokens.weight']",
    why="tie_word_embeddings is a Gemma's default; a head that was trained "
    "apart from the embeddings is another matter, and has to be saved",
    of_gemma=True,
)


def _tied_head(case: Case) -> Answer | None:
    """Answer for a Gemma; other models may have a head apart from the embeddings."""
    return None if case.log.is_other else _TIED(case)


_part = told(
    "a trained head or trained embeddings are said not to arrive when the model is loaded",
    "from safetensors import safe_open; print([k for k in safe_open('FOLDER/"
    "adapter_model.safetensors', 'pt').keys() if 'lora' not in k])   : are they saved?",
    "print(model.get_output_embeddings().weight.float().norm(), "
    "model.get_input_embeddings().weight.float().norm())   before and after loading",
    "PeftModel.from_pretrained(base, FOLDER), with the base resized to the tokenizer first",
    "config.tie_word_embeddings   : a Gemma's head is its embeddings",
    why="a Gemma ties its head to its embeddings: trained apart they are two tensors, and "
    "what "
    "ties them again at loading, merging or export leaves one. A base without the added "
    "tokens, "
    "or another class than in training, has no place for them",
    of_gemma=True,
)
# A new head is random before its training; only afterwards something is missing.
_AFTERWARDS = re.compile(
    r"(?i)load|resum|restor|checkpoint|sav(?:ed|ing)|merg|inference|\bafter|appli|adapter|export"
)


def _not_loaded(case: Case) -> Answer | None:
    return _part(case) if _AFTERWARDS.search(case.hit.text) else None


WEIGHTS: tuple[Symptom, ...] = (
    Symptom(
        "tied-head-told-as-missing",
        r"\b(?:missing|lacks?|without|no|not find|not found|not have|expects?)\b[^\n.]{0,40}"
        r"lm_head(?:\.weight\b|['\"`]? (?:key|weight|tensor))|"
        r"lm_head(?:\.weight)?['\"`]*(?: keys?| weights?| tensor)? (?:is |are |was |being |seems? )"
        r"(?:to be )?(?:missing|absent|not (?:in|there|present|found|saved))|"
        r"(?:没有|缺少|缺失|找不到)[^\n。]{0,8}lm_head|lm_head[^\n。]{0,10}(?:缺失|缺少|丢失|不存在)",
        _tied_head,
        {
            "it seems to be missing the `lm_head.weight` key in the state dict of gemma": (
                "tie_weights"
            ),
            "Missing lm_head.weight key when using the Gemma 7B recipe": "tie_weights",
            "lm_head.weight is not in the weight map of gemma-7b-it": "tie_weights",
            "the checkpoint lacks lm_head weights after gemma-2 was trained": "tie_weights",
            "转换后没有 lm_head.weight": "tie_weights",
            "lm_head.weight is fine": "",
            "the lm_head is tied": "",
            "no problem with lm_head": "",
        },
        words=("lm_head",),
    ),
    Symptom(
        "wrapped-names-told",
        r"(?:\.|\b)(?:_orig_module|_orig_mod|_checkpoint_wrapped_module|_fsdp_wrapped_module)\.",
        told(
            "the names of the weights carry the name of a wrapper around each layer: a plain model "
            "knows none of them",
            "save what is inside: model = accelerator.unwrap_model(model), or model._orig_mod, "
            "before save_pretrained",
            "or rename what is saved: {re.sub(r'_orig_mod(ule)?\\.|_(checkpoint|fsdp)_wrapped_"
            "module\\.', '', k): v for k, v in state.items()}",
            why="torch.compile, FSDP, FSDPv2 on TPU and checkpointing put their own module around "
            "each layer, and a state dict that is taken from outside has its name in the keys; the "
            "values are whole",
        ),
        {
            "'model.layers.6._orig_module.mlp.down_proj.weight', 'model.layers.6._orig_module."
            "self_attn.k_proj.weight'": "unwrap_model",
            "keys look like _orig_mod.model.layers.0.mlp.up_proj.weight after saving": "re.sub",
            "the model is compiled": "",
        },
        words=("_orig_mod", "_wrapped_module"),
    ),
    Symptom(
        "trained-part-not-loaded",
        r"\b(?:lm_head|embed_tokens|embeddings?|modules_to_save|heads?|score|classifier|"
        r"projector)\b[^\n.]{0,60}"
        r"(?:(?:is|are|was|were|does|do|did)(?: not|n't) (?:being |get(?:ting)? )?(?:load|restor|"
        r"appli|used|updat|"
        r"tak)\w*|not (?:be )?(?:load|restor)\w*|(?:newly|randomly|re-?)(?: ?initiali[sz]ed)|"
        r"random)|"
        r"\bwithout (?:the )?(?:lm_head|embed_tokens)[^\n.]{0,20}load",
        _not_loaded,
        {
            "the lm_head and embed_tokens were saved but are not loaded": "tie_word_embeddings",
            "the classifier head is newly initialized after loading my checkpoint": "safe_open",
            "The score head is randomly initialized at the start and learns slowly": "",
        },
        words=(
            "lm_head",
            "embed",
            "modules_to_save",
            "head",
            "score",
            "classifier",
            "projector",
        ),
        effects=("random-weights", "wrong-weights-saved"),
    ),
)
