"""Fields of a config that are elsewhere, or that a release of transformers moved."""

from __future__ import annotations

from .... import versions
from ...answer import Answer
from ..base import Case, General

_MOVED = {
    "rope_theta": 'config.rope_parameters["rope_theta"]',
    "rope_local_base_freq": 'config.rope_parameters["sliding_attention"]["rope_theta"]',
    "sliding_window_pattern": "config.layer_types   , a name for each layer",
}
_BY_LAYER = (
    'config.rope_parameters["full_attention"]["rope_theta"]   and ["sliding_attention"], by kind '
    "of layer"
)
_LAYER_TYPES = (
    "layer_types took its place, which names the kind of each layer",
    "the message; Gemma 3's config has the field in transformers 4.50.3 and layer_types in 4.57.6; "
    "the release between is that of reports",
)
_POSITIONS = (
    "transformers 5 gathers what belongs to the positions in config.rope_parameters, for Gemma 3 "
    "and 4 one for each kind of layer",
    "the message; the configs of Gemma 1 to 4 were read out in transformers 5.23.0, and 4.57.6 has "
    "the field",
)
_FIELDS = (
    r"head_dim|hidden_size|num_hidden_layers|num_attention_heads|num_key_value_heads|vocab_size|"
    r"intermediate_size|max_position_embeddings|rope_theta|rope_scaling|rope_local_base_freq|"
    r"sliding_window|sliding_window_pattern|layer_types|query_pre_attn_scalar|rms_norm_eps|"
    r"hidden_activation|attn_logit_softcapping|final_logit_softcapping|text_config|vision_config|"
    r"image_token_index|mm_tokens_per_image"
)


_NO_READERS = {"transformers", "torch", "accelerate", "trl"}  # they only call the model


def _moved(case: Case) -> Answer | None:
    name, owner = case.match["name"], case.match["owner"]
    since = "4.53" if name == "sliding_window_pattern" else "5"
    package = case.facts.packages.get("transformers")
    here = str(package.get("version", "")) if package is not None else ""
    if versions.is_valid(here) and versions.contains(f"<{since}.0.dev0", here):
        return None
    layered = name == "rope_theta" and owner.startswith(("Gemma3", "Gemma4", "T5"))
    where = _BY_LAYER if layered else _MOVED[name]
    who = next((item for item in reversed(case.packages) if item not in _NO_READERS), "")
    if not who and case.facts.packages.get("vllm") is not None:
        who = "vllm"
    older = f"or pip install 'transformers<{since}'"
    why, known = _LAYER_TYPES if since == "4.53" else _POSITIONS
    return Answer(
        f"{who or 'the code'} reads {name} of the config, which transformers {since} and newer "
        "keep elsewhere",
        (f"pip install -U {who}", older, f"{where}   in code of your own")
        if who
        else (where, older),
        why=why,
        known=known,
        settles=False,
        of_gemma=owner.startswith("Gemma"),
    )


def _not_in_the_file(case: Case) -> Answer:
    name = case.match["field"]
    return Answer(
        f"{name} is looked up in a config that does not hold it",
        (
            f"AutoConfig.from_pretrained(MODEL).get_text_config().{name}   has it, with the "
            "defaults that the file leaves out",
            "pip install -U   the package of the last frame, where it is not code of your own",
        ),
        why="config.json holds what differs from the defaults alone; a multimodal Gemma has the "
        "sizes in text_config; transformers 5 writes positions into rope_parameters",
        known="the key in the message; whose file it is, the frames say",
        certain=False,
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "field-that-transformers-moved",
        r"'(?P<owner>(?:T5Gemma|Gemma|RecurrentGemma|Llama|Qwen|Mistral)\w{0,30}Config)' object "
        r"has no attribute '(?P<name>rope_theta|rope_local_base_freq|sliding_window_pattern)'",
        _moved,
        {
            "AttributeError: 'Gemma3TextConfig' object has no attribute 'rope_theta'": (
                "full_attention"
            ),
            "AttributeError: 'GemmaConfig' object has no attribute 'rope_theta'": (
                'rope_parameters["rope_theta"]'
            ),
            "transformers==4.53.1\nvllm==0.8.4\nAttributeError: 'Gemma3TextConfig' object has no "
            "attribute 'sliding_window_pattern'": "pip install -U vllm",
            "transformers==4.57.1\nAttributeError: 'Gemma3TextConfig' object has no attribute "
            "'rope_theta'": "",
            "AttributeError: 'Gemma3Config' object has no attribute 'abc'": "",
        },
    ),
    General(
        "field-not-in-the-file",
        rf"KeyError: [`'\"](?P<field>{_FIELDS})[`'\"]",
        _not_in_the_file,
        {
            "KeyError: 'head_dim'": "get_text_config().head_dim",
            "Fix `KeyError: 'head_dim'` when loading Gemma 3 Hugging Face presets": (
                "get_text_config"
            ),
            "KeyError: 'rope_theta'": "rope_parameters",
            "KeyError: 'my_field'": "",
        },
    ),
)
