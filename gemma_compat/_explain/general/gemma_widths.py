"""Sizes and names in which one family of Gemma differs from another, where code expects one."""

from __future__ import annotations

import re

from ..answer import Answer
from .base import Case, General


def _two_heads(case: Case) -> Answer | None:
    if not re.search(r"(?i)gemma-?_?4|head_dim|past_key|kv_cache", f"{case.near}{case.around}"):
        return None
    return Answer(
        "keys or values of 256 meet those of 512: the layers of Gemma 4 have heads of two widths",
        (
            "a cache that transformers makes: DynamicCache(config=model.config), no tensors of "
            "one shape for all layers",
            "by hand: config.get_text_config().global_head_dim (512) where layer_types says "
            "full_attention, head_dim (256) elsewhere",
        ),
        why="sliding layers have head_dim, full ones global_head_dim; a hand-made cache or an "
        "export that takes one of them for every layer fails at the first layer of the other kind",
        known="the two widths, which are those of Gemma 4; what made the cache, the frames say",
        certain=False,
        settles=False,
        of_gemma=True,
    )


def _per_layer(case: Case) -> Answer | None:
    if not case.says(r"per_layer_(?:projection|inputs?)"):
        return None
    return Answer(
        "the embeddings per layer are as long as the whole row, and the hidden states are not "
        f"({case.match['b']} against {case.match['a']})",
        (
            "no sequence parallelism for this Gemma: --sequence_parallel_size 1 (Ulysses, context "
            "parallelism)",
            "or hand input_ids and inputs_embeds of one length to the model",
        ),
        why="Gemma 3n and the small Gemma 4 look up a second embedding for each layer by "
        "input_ids; what cuts inputs_embeds among cards leaves it whole",
        known="the frame names the embeddings per layer; what cut the row, the run's settings say",
        certain=False,
        settles=False,
        of_gemma=True,
    )


GEMMA_WIDTHS: tuple[General, ...] = (
    General(
        "heads-of-two-widths",
        r"Expected (?:size )?(?P<one>256|512)\b[^\n]{0,30} but got (?:size )?(?:512|256)\b",
        _two_heads,
        {
            "Per-layer head_dim: `Expected 256 in dimension 3 but got 512 for tensor number 1` "
            "(gemma-4-E2B)": "global_head_dim",
            "RuntimeError: Sizes of tensors must match except in dimension 2. Expected size 256 "
            "but got size 512 for tensor number 1 in the list. (resnet)": "",
        },
        alone=True,
    ),
    General(
        "embeddings-per-layer-of-another-length",
        r"The size of tensor a \((?P<a>\d+)\) must match the size of tensor b \((?P<b>\d+)\) at",
        _per_layer,
        {
            'File "/x/transformers/models/gemma4/modeling_gemma4.py", line 1713\n  return '
            "(per_layer_projection + per_layer_inputs) * self.per_layer_input_scale\nRuntimeError: "
            "The size of tensor a (79) must match the size of tensor b (158) at non-singleton "
            "dimension 1": "sequence_parallel_size",
            "RuntimeError: The size of tensor a (79) must match the size of tensor b (158) at "
            "non-singleton dimension 1": "",
        },
    ),
    General(
        "image-token-of-another-name",
        r"'(?P<config>Gemma(?:3n|4)\w{0,20}Config)' object has no attribute "
        r"'(?P<name>image|audio|boi|eoi)_token_index'",
        lambda case: Answer(
            f"the configs of Gemma 3n and 4 name it {case.match['name']}_token_id",
            (f"config.{case.match['name']}_token_id   in the code that reads it",),
            why="Gemma 3 has image_token_index, and its other name is image_token_id; later "
            "families have image_token_id alone. A package that asks for the old name was not "
            "made for this Gemma: a newer one, or without that feature",
            known="read in the configurations of transformers 5.23.0",
            settles=False,
            of_gemma=True,
        ),
        {
            "AttributeError: 'Gemma4Config' object has no attribute 'image_token_index'": (
                "image_token_id"
            )
        },
    ),
)
