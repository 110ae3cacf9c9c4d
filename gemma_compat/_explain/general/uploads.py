"""What is pushed to the Hub and does not arrive, and bases that are not found when merging."""

from __future__ import annotations

from ..answer import Answer
from .base import General, always

UPLOADS: tuple[General, ...] = (
    General(
        "base-not-found-for-the-merge",
        r"not found locally or on Hugging ?Face|No '\.safetensors' files found for the base model",
        always(
            "the merge looks for the safetensors of the base model, and finds none under the name "
            "that the model states",
            "from huggingface_hub import list_repo_files; list_repo_files(BASE)   : model*."
            "safetensors have to be there",
            "where the base is itself an adapter, or pytorch_model.bin: merge or save it as "
            "safetensors first, and train or load on that",
            "a base on this disk: the folder has to be where config.json or adapter_config.json "
            "says, on this machine",
            why="Unsloth merges file by file: it reads the base's safetensors again, from disk or "
            "from the Hub",
            known="Unsloth says so; the base's name stands in adapter_config.json",
            settles=False,
        ),
        {
            "RuntimeError: No '.safetensors' files found for the base model: me/gemma": (
                "list_repo_files"
            ),
            "model.push_to_hub_merged Error: not found locally or on HuggingFace": "safetensors",
        },
        alone=True,
    ),
    General(
        "repository-given-twice",
        r"unsloth_push_to_hub_\w{3,20}\(\) got multiple values for argument '(?P<name>\w{2,30})'",
        lambda case: Answer(
            f"{case.match['name']} is given twice: the first positional argument is already that",
            (
                'model.push_to_hub_gguf("OWNER/NAME", tokenizer, quantization_method="q8_0", '
                'token="hf_...")',
            ),
            why="older notebooks gave a folder first and repo_id by name; newer Unsloth takes the "
            "repository first",
            known="the message names the argument",
        ),
        {
            "unsloth_push_to_hub_gguf() got multiple values for argument 'repo_id'": ("OWNER/NAME"),
        },
        alone=True,
    ),
)
