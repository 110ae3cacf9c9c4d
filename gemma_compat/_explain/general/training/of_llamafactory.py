"""Settings that LLaMA-Factory does not know: renamed, gone, or of another command."""

from __future__ import annotations

from ...answer import Answer

# Settings of an older LLaMA-Factory by what newer ones call them, and since which of the releases
# that were read (0.2.2, 0.5.3, 0.7.1, 0.8.3, 0.9.1, 0.9.3 and 0.9.5).
_OF_LLAMAFACTORY = {
    "checkpoint_dir": ("adapter_name_or_path", "0.5"),
    "resume_lora_training": ("create_new_adapter: false", "0.5"),
    "neft_alpha": ("neftune_noise_alpha", "0.5"),
    "dpo_ref_model": ("ref_model", "0.5"),
    "cache_path": ("tokenized_path", "0.7"),
    "sft_packing": ("packing", "0.7"),
    "num_layer_trainable": ("freeze_trainable_layers", "0.7"),
    "name_module_trainable": ("freeze_trainable_modules", "0.7"),
    "dpo_beta": ("pref_beta", "0.8"),
    "orpo_beta": ("pref_beta", "0.8"),
    "dpo_loss": ("pref_loss", "0.8"),
    "dpo_ftx": ("pref_ftx", "0.8"),
    "image_dir": ("media_dir", "0.9.3"),
    "image_resolution": ("image_max_pixels", "0.9.3"),
    "video_resolution": ("video_max_pixels", "0.9.3"),
    "train_mm_proj_only": ("freeze_vision_tower: true, freeze_language_model: true", "0.9.3"),
    "new_special_tokens": ("add_special_tokens", "0.9.3"),
    "use_cache": ("use_kv_cache", "0.9.5"),
}
# What no newer release has, and why it is not needed.
_GONE_FROM_LLAMAFACTORY = {
    "visual_inputs": "0.9 takes pictures from the template",
    "reserved_label_len": "0.8 cuts prompt and answer by their lengths",
}


def _renamed_in_llamafactory(names: list[str]) -> Answer | None:
    """Answer settings that a newer LLaMA-Factory has under another name, or no longer."""
    renamed = [name for name in names if name in _OF_LLAMAFACTORY]
    gone = [name for name in names if name in _GONE_FROM_LLAMAFACTORY]
    if not (renamed or gone):
        return None
    told = [
        f"{name} is {_OF_LLAMAFACTORY[name][0]} since {_OF_LLAMAFACTORY[name][1]}"
        for name in renamed[:3]
    ]
    return Answer(
        "the YAML has settings of another LLaMA-Factory: " + ", ".join((*renamed, *gone)),
        (
            *told,
            *(f"without {name}: {_GONE_FROM_LLAMAFACTORY[name]}" for name in gone),
            "or the release that the YAML was written for, where the newer name is the one refused",
        ),
        why="settings are renamed between its releases, and unknown ones are refused",
        known="the parser lists what nothing took; the names were read in releases of 0.2.2 to "
        "0.9.5",
    )


def of_llamafactory(names: list[str], listed: str) -> Answer:
    """Answer what nothing took, by its names; ``listed`` are the first of them for a sentence."""
    if found := _renamed_in_llamafactory(names):
        return found
    if {"output_dir", "do_train", "do_predict"} & set(names):
        return Answer(
            f"a YAML file of training was given to a command that does not train: {listed}",
            (
                "llamafactory-cli train FILE.yaml   for do_train and do_predict alike",
                "for chat, webchat, api and export: a YAML with model_name_or_path, "
                "adapter_name_or_path, template and finetuning_type alone (examples/inference)",
            ),
            why="chat, webchat, api and export know no TrainingArguments, such as output_dir",
            known="the parser lists what nothing took, and output_dir or do_train is among it",
        )
    return Answer(
        f"this LLaMA-Factory's command knows no option {listed}",
        (
            "pip install -U llamafactory   (a checkout: git pull, pip install -e .), where the "
            "option is newer",
            "the example YAML of that command in the same release has the names: examples/",
        ),
        why="options come with a release, and train, chat, export and eval take different ones",
        known="the parser lists what nothing took; why it does not know them, it does not say",
        settles=False,
    )
