"""What llama.cpp's converter refuses of a folder, beside a layout that it does not expect."""

from __future__ import annotations

from ..base import General
from ..checks import Check, kind_of

_CHECKS: tuple[Check, ...] = (
    Check(
        r"Missing or incomplete model files: (?P<files>\[[^\]\n]{1,160}\])",
        "model.safetensors.index.json names weights in {files}, and they are not in the folder",
        (
            "ls -l FOLDER   beside the base's list: copy or download the missing part again (hf "
            "download REPOSITORY --local-dir FOLDER)",
            "a merge that stopped: save_pretrained again, with room on the disk",
        ),
        (
            "ValueError: Missing or incomplete model files: ['model-00002-of-00002.safetensors']\n"
            "Missing tensors: ['model.layers.20.mlp.up_proj.weight']",
            "model-00002-of-00002.safetensors",
        ),
    ),
    Check(
        r"Mismatch between weight map and model parts for tensor names",
        "the folder's model.safetensors.index.json belongs to other files than those beside it",
        (
            "rm FOLDER/model.safetensors.index.json   where one model.safetensors has it all",
            "or an empty folder, and save_pretrained into it: a base's index that was copied, or "
            "an earlier save, is left over",
        ),
        (
            "ValueError: Mismatch between weight map and model parts for tensor names:\nMissing "
            "tensors: ['lm_head.weight']\nExtra tensors: []",
            "model.safetensors.index.json",
        ),
        why="the converter compares both lists of names; the rows below name those that differ",
    ),
    Check(
        r"vision_config / audio_config not found in hparams",
        "--mmproj makes the file of a picture encoder, and this config.json has none",
        (
            "without --mmproj for a text-only model: its one GGUF is the model",
            "or the whole checkpoint: config.json of the base with vision_config, and its "
            "vision_tower weights (a merge of the text part leaves both out)",
        ),
        ("ValueError: vision_config / audio_config not found in hparams", "without --mmproj"),
    ),
    Check(
        r"Failed to detect model architecture",
        "config.json of the folder has no architectures, by which the converter chooses",
        (
            "the base checkpoint's config.json into the folder",
            "ls FOLDER   : an adapter alone (adapter_config.json) is for convert_lora_to_gguf.py "
            "--base BASE_FOLDER",
        ),
        (
            'Traceback (most recent call last):\n  File "/x/llama.cpp/conversion/base.py", '
            "line 9, in f\n    raise\n"
            "ValueError: Failed to detect model architecture",
            "convert_lora_to_gguf.py",
        ),
        is_own=False,
    ),
    Check(
        r"sliding_window not found in model config",
        "config.json has no sliding_window, which this model's class needs",
        ("the base checkpoint's config.json into the folder",),
        (
            "ValueError: sliding_window not found in model config - this is required for the model",
            "base checkpoint's config.json",
        ),
    ),
    Check(
        r"Only MEAN, CLS, and LAST pooling types supported",
        "the embedding model pools in a way that llama.cpp has no number for",
        (
            "1_Pooling/config.json of the folder: pooling_mode_mean_tokens, _cls_token or "
            "_lasttoken true, as it was trained",
        ),
        (
            "NotImplementedError: Only MEAN, CLS, and LAST pooling types supported",
            "1_Pooling/config.json",
        ),
    ),
)

KINDS: tuple[General, ...] = (
    kind_of(
        "check-of-the-converter",
        r"llama\.cpp|convert_\w{2,12}_to_gguf|[/\\]conversion[/\\]|[/\\]gguf[/\\]",
        "the converter says so; read in llama.cpp of 2026",
        _CHECKS,
    ),
)
