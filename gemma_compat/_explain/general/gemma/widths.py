"""Sizes and names in which one family of Gemma differs from another, where code expects one."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General


def _two_heads(case: Case) -> Answer | None:
    if case.log.is_other or not re.search(
        r"(?i)gemma[-_ ]?4|global_head_dim|[^\n]*\bhead_dim\b[^\n]*Expected",
        f"{case.near}{case.around}",
    ):
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


def _under_ulysses(case: Case) -> Answer | None:
    if not re.search(r"swift[/\\]sequence_parallel[/\\]", case.frames):
        return None
    return Answer(
        "ms-swift's sequence parallelism (Ulysses) does not go with this model: its code handled "
        "the tensor that fails",
        (
            "--sequence_parallel_size 1",
            "with the memory that it saved found otherwise: a shorter max_length, gradient "
            "checkpointing, ZeRO-3 or FSDP2 with offload",
            "or pip install -U ms-swift",
        ),
        why="it puts other attention and masks in place. Gemma 4 has two kinds of masks in a dict, "
        "heads of 256 and 512, few key-value heads and embeddings per layer, and each of them has "
        "broken it in some release",
        known="the frames are those of swift/sequence_parallel; seen in ms-swift 4.1.2 and 4.2.0 "
        "with transformers 5.5.4, by its users",
        certain=False,
        settles=False,
    )


def _no_key_projection(case: Case) -> Answer:
    name = case.match["name"]
    return Answer(
        f"the last layers of this Gemma have no {name}: they take keys and values from an earlier "
        "layer",
        (
            "only the first num_hidden_layers - num_kv_shared_layers layers have one: "
            "hasattr(layer.self_attn, 'k_proj') in the code that walks over them",
            "an exporter (litert_torch) wants the checkpoint as published: "
            "Gemma4ForConditionalGeneration, no class of the text alone",
        ),
        why="E2B shares in its last 20 layers, E4B in its last 18; the larger Gemma 4 share none",
        known="the class and the attribute; read in transformers 5.23.0",
        certain=False,
        settles=False,
        of_gemma=True,
    )


def _of_the_outer_class(case: Case) -> Answer:
    """Answer code that reads vocab_size of the multimodal Gemma 3, which moved inside in 4.52."""
    near = f"{case.around}\n{case.near}"
    patch = next((do for words, do in _PATCHES if re.search(words, near)), None)
    return Answer(
        "vocab_size of Gemma3ForConditionalGeneration is read, and transformers 4.52 and newer have"
        " it on the model within",
        (
            *([patch] if patch else ()),
            "pip install 'transformers<4.52'   where what reads it is to stay as it is",
            *(["model.config.text_config.vocab_size   in code of your own"] if not patch else ()),
        ),
        why="4.52 split the class; a patch of its forward, written for an older one, asks the "
        "outer object",
        known="read in transformers 4.51.3, whose outer class sets it, and 4.52.4",
        settles=False,
        of_gemma=True,
    )


_PATCHES = (
    (
        r"(?i)cut_?-?cross_?-?entropy|\bcce\b",
        "pip install -U   of cut-cross-entropy (with axolotl: axolotl too, and the fork's commit "
        "that its docs name); or training without that plugin",
    ),
    (r"(?i)\bliger", "pip install -U liger-kernel; or use_liger_kernel=False"),
)


KINDS: tuple[General, ...] = (
    General(
        "vocab-size-of-the-outer-class",
        r"'Gemma3ForConditionalGeneration' object has no attribute 'vocab_size'",
        _of_the_outer_class,
        {
            "uses axolotl.integrations.cut_cross_entropy\nAttributeError: "
            "'Gemma3ForConditionalGeneration' object has no attribute 'vocab_size'": (
                "without that plugin"
            ),
            "liger_kernel\nAttributeError: 'Gemma3ForConditionalGeneration' object has no "
            "attribute 'vocab_size'": "pip install -U liger-kernel",
            "AttributeError: 'Gemma3ForConditionalGeneration' object has no attribute "
            "'vocab_size'": "model.config.text_config.vocab_size",
            "AttributeError: 'Gemma3ForConditionalGeneration' object has no attribute 'vocab'": "",
        },
    ),
    General(
        "ulysses-and-this-model",
        r"'dict' object has no attribute 'shape'|RuntimeError: Invalid backend|"
        r"The size of tensor a \(\d+\) must match the size of tensor b|"
        r"max\(\): Expected reduction dim to be specified|missing 1 required positional argument",
        _under_ulysses,
        {
            'Traceback (most recent call last):\n  File "/x/swift/sequence_parallel/ulysses.py", '
            "line 490, in _do_pad\n    length = tensor.shape[dim]\nAttributeError: 'dict' object "
            "has no attribute 'shape'": "--sequence_parallel_size 1",
            "AttributeError: 'dict' object has no attribute 'shape'": "",
        },
    ),
    General(
        "layers-without-a-key-projection",
        r"'Gemma4Text\w{0,12}Attention' object has no attribute "
        r"'(?P<name>k_proj|v_proj|k_norm|v_norm)'",
        _no_key_projection,
        {
            "fails with\n    `'Gemma4TextAttention' object has no attribute 'k_proj'`": "E2B",
        },
        alone=True,
    ),
    General(
        "tower-one-step-deeper",
        r"'(?P<owner>(?:Gemma3|Gemma3n|Gemma4|PaliGemma)ForConditionalGeneration)' object has no "
        r"attribute '(?P<name>vision_tower|multi_modal_projector|embed_vision)'",
        lambda case: (
            None
            if case.packages  # whose frames they are, says who has to change it
            else Answer(
                f"{case.match['owner']} has no {case.match['name']} at its outside in this "
                "transformers: it is of the model within",
                (
                    f"model.model.{case.match['name']}   from transformers 4.52 on",
                    "or transformers 4.57, whose outer class still has it, for a program that "
                    "cannot be changed",
                ),
                why="4.52 put the towers into model.model; 4.57 has a property for the old path, "
                "5.23 has none",
                known="the message; read in transformers 4.57.6 and 5.23.0 (Gemma 3)",
                settles=False,
                certain=False,
            )
        ),
        {
            "AttributeError: 'Gemma3ForConditionalGeneration' object has no attribute "
            "'vision_tower'": "model.model.vision_tower",
        },
        alone=True,
    ),
    General(
        "model-without-its-head-for-an-adapter",
        r"'(?P<name>\w{2,40}Model)' object has no attribute 'prepare_inputs_for_generation'",
        lambda case: (
            None
            if case.is_of_the_script
            else Answer(
                f"an adapter of the kind CAUSAL_LM wants a class with a head: "
                f"{case.match['name']} has "
                "none",
                (
                    "PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(BASE), "
                    "ADAPTER)   "
                    "(multimodal: AutoModelForImageTextToText), not .language_model or AutoModel",
                    "or task_type='FEATURE_EXTRACTION' in adapter_config.json, for embeddings",
                ),
                why="PEFT takes prepare_inputs_for_generation from the model for that kind of task",
                known="the message names the class",
                settles=False,
            )
        ),
        {
            "`'Gemma4TextModel' object has no attribute 'prepare_inputs_for_generation'`": (
                "AutoModelForCausalLM"
            ),
            'File "t.py", line 3, in <module>\n    model.prepare_inputs_for_generation(ids)\n'
            "AttributeError: 'MyModel' object has no attribute 'prepare_inputs_for_generation'": "",
        },
        alone=True,
    ),
    General(
        "heads-of-two-widths",
        r"Expected (?:size )?(?P<one>256|512)\b[^\n]{0,30} but got (?:size )?(?:512|256)\b",
        _two_heads,
        {
            "Per-layer head_dim: `Expected 256 in dimension 3 but got 512 for tensor number 1` "
            "(gemma-4-E2B)": "global_head_dim",
            "RuntimeError: Sizes of tensors must match except in dimension 2. Expected size 256 "
            "but got size 512 for tensor number 1 in the list. (resnet)": "",
            "meta-llama/Llama-3.1-8B\n    torch.cat([past_key, key])\nRuntimeError: Sizes of "
            "tensors must match except in dimension 2. Expected size 256 but got size 512": "",
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
