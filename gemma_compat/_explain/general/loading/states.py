"""Keys of a state dict that do not fit: another wrapper, another class, an adapter for a model."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General


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


_OFFLOADED = Answer(
    "parts of the base are offloaded to disk, and PEFT looks for a layer of it by a name that the "
    "model does not have",
    (
        "device_map='cpu' for base and adapter (LLaMA-Factory: export_device: cpu), with memory "
        "for the whole model: nothing is offloaded then",
        "or a card, or max_memory, that takes the base whole",
    ),
    why="PEFT's _update_offload runs only where modules lie on disk; it makes that name from the "
    "file's own names",
    known="the frame is PEFT's _update_offload; read in peft 0.12.0",
    settles=False,
)


def _named_weight(case: Case) -> Answer | None:
    name = case.match["name"]
    if "pandas" in case.packages:
        return None  # a column of a table
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
    if "_update_offload" in case.around:
        return _OFFLOADED
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
        "size-mismatch-without-its-error",
        r"(?<!sum )(?<!hash )\bmismatch for (?P<name>[\w.]{0,120}(?:embed_tokens|lm_head|"
        r"lora_[AB])\b[\w.]{0,60})",
        _told_mismatch,
        {
            "[Bug]: mismatch for base_model.model.lm_head.modules_to_save.default.weight": (
                "resize_token_embeddings"
            ),
            "size mismatch for base_model.model.model.embed_tokens.weight": "base model",
            "a mismatch for a.lora_A.default.weight": "rank",
            "checksum mismatch for lm_head.safetensors": "",
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
            "    self._update_offload(offload_index, adapters_weights)\nKeyError: "
            "'base_model.model.model.model.layers.14.mlp.down_proj'": "device_map='cpu'",
            'Traceback (most recent call last):\n  File "/x/site-packages/pandas/core/indexes/base.'
            "py\", line 38, in get_loc\n    f()\nKeyError: 'body.weight'": "",
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
