"""Parts of a model that are a dict, a tuple or a list, and are read as objects."""

from __future__ import annotations

from ...answer import Answer


def cache_as_tuples(kind: str, name: str) -> Answer:
    """Answer a cache given as tuples, or in another kind that lacks the method."""
    return Answer(
        f"past_key_values is a {kind}, and the model calls .{name}() of a Cache",
        (
            "from transformers import DynamicCache; DynamicCache(past)   for one that was kept as "
            "tuples (transformers 4: DynamicCache.from_legacy_cache(past))",
            "or past_key_values=None, and use_cache=False in training",
            "prefix or prompt tuning: pip install -U peft",
        ),
        why="a Gemma of this transformers reads keys and values from a Cache object; tuples of "
        "tuples are what releases before handed over",
        known="the message: only a Cache has this method; who made the tuple, the frames show",
        settles=False,
    )


def config_as_dict(name: str) -> Answer:
    """Answer a part of a config that stayed a dict."""
    return Answer(
        f"a part of the model's config is a plain dict, and .{name} is asked of it as of a config",
        (
            "pip install -U transformers   and what the last frames are of (vllm, peft, unsloth)",
            "or AutoConfig.from_pretrained(...) in place of a config made from a dict by hand",
        ),
        why="a release that does not know the model leaves its text_config or vision_config as the "
        "dict that config.json holds",
        known="the message; which release makes a config of it is not in it",
        certain=False,
        settles=False,
    )


def loading_attributes() -> Answer:
    """Answer a dict of quantization beside a checkpoint that is quantized already."""
    return Answer(
        "the checkpoint is quantized already, and quantization_config was given as a dict beside "
        "its own",
        (
            "leave quantization_config out: the checkpoint's config.json has it",
            "or its class (GPTQConfig, AwqConfig, CompressedTensorsConfig) instead of the dict",
            "pip install -U   of the program that hands it over (lm-eval, a loader), if it is not "
            "the script",
        ),
        why="transformers asks the argument for get_loading_attributes() where the checkpoint has "
        "a quantization of GPTQ, AWQ, AutoRound, FP8, compressed-tensors or MXFP4",
        known="read in transformers 4.57.6; who hands it over, the frames show",
    )
