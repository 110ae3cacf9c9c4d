"""Warnings of transformers, PEFT and TRL that another thing is trained than was asked for."""

from __future__ import annotations

from ...answer import Answer
from .. import read_in
from ..base import Case, General, always

# Columns that carry images, sound or what is trained: no run can do without those that it has.
_NEEDED = ("labels", "pixel_values", "input_features")


def _dropped_columns(case: Case) -> Answer | None:
    names = [name for name in _NEEDED if name in case.match["names"].split(", ")]
    if not names:
        return None
    if names == ["labels"]:
        return Answer(
            "the Trainer takes the labels out of the rows, since the model's forward has no "
            "argument of that name",
            (
                "a class with a head: AutoModelForCausalLM (or the class of the task) in place of "
                "AutoModel",
                "or remove_unused_columns=False, where a collator or compute_loss uses them",
            ),
            why="what is gone before the collator reaches neither the model nor the loss",
            known=read_in.TRANSFORMERS,
        )
    return Answer(
        "the Trainer takes images, sound or labels out of the rows, since the model's forward has "
        "no argument of that name",
        (
            "the class that takes them: AutoModelForImageTextToText for a Gemma with images",
            "or remove_unused_columns=False, where a collator of your own uses them",
        ),
        why="what is gone before the collator reaches neither the model nor the loss",
        known=read_in.TRANSFORMERS,
    )


KINDS: tuple[General, ...] = (
    General(
        "columns-of-a-batch-dropped",
        r"don't have a corresponding argument in [^\n]{1,120} have been ignored: "
        r"(?P<names>[\w, ]{1,200})",
        _dropped_columns,
        {
            "The following columns in the Training set don't have a corresponding argument in "
            "`Gemma3ForCausalLM.forward` and have been ignored: id, pixel_values. If id, "
            "pixel_values are not expected by": "AutoModelForImageTextToText",
            "The following columns in the Training set don't have a corresponding argument in "
            "`BertModel.forward` and have been ignored: labels, text. If labels": "with a head",
            "The following columns in the Training set don't have a corresponding argument in "
            "`PeftModel.forward` and have been ignored: id, text. If id, text are not": "",
        },
        alone=True,
    ),
    General(
        "packed-without-flash-attention",
        r"You are using packing, but the attention implementation is not set to",
        always(
            "TRL packs several samples into a row under an attention that it does not trust to "
            "keep them apart",
            "attn_implementation='flash_attention_2' at loading, for a Gemma whose heads it takes "
            "(256; the full layers of Gemma 4 have 512)",
            "or packing=False",
            "python -m gemma_compat preflight   shows on one batch whether samples see each other",
            why="eager and sdpa cut a packed row only where transformers makes the mask from "
            "position ids (from 4.53.1) and no attention mask stands beside them",
            known="the message; read in trl 0.21.0. Whether samples see each other here, the line "
            "does not say",
            certain=False,
        ),
        {
            "UserWarning: You are using packing, but the attention implementation is not set to "
            "'flash_attention_2' or 'kernels-community/vllm-flash-attn3'.": "packing=False",
            "You are using packing, and the attention implementation is flash_attention_2": "",
        },
        alone=True,
    ),
    General(
        "completion-mask-moved",
        r"Mismatch between tokenized prompt and (?:the start of )?tokenized prompt ?\+ ?completion",
        always(
            "a prompt alone gives other tokens than the same prompt with its completion, so the "
            "loss begins some tokens too early or too late",
            "a completion that begins with the blank or line break, and a prompt that ends without",
            "with messages: the template's generation prompt must be how its answers begin",
            why="the first len(prompt) tokens are masked, whatever they are. A Gemma's tokenizer "
            "joins a blank to the word behind it",
            known="the message; read in trl 0.21.0",
        ),
        {
            "UserWarning: Mismatch between tokenized prompt and the start of tokenized "
            "prompt+completion. This may be due to unexpected tokenizer behavior": "too early",
            "Mismatch between tokenized prompt and tokenized prompt+completion; "
            "completion_only_loss masking will use the prompt token length.": "too early",
        },
        alone=True,
    ),
    General(
        "loading-options-ignored-by-the-trainer",
        r"You passed `?(?P<option>(?:ref_)?model_init_kwargs|quantization_config)`? to the [^\n]"
        r"{1,60}already instantiated\. The [^\n]{1,60} will be ignored",
        lambda case: Answer(
            f"{case.match['option']} has no effect: the model that the trainer got is loaded "
            "already",
            (
                "give these options to from_pretrained, where the model is loaded",
                "or give the trainer the model's name in place of the object",
            ),
            why="attention, dtype and quantization are settled at loading, and not changed later",
            known=read_in.TRL,
        ),
        {
            "You passed a dataset with a `text` field to the SFTTrainer": "",
            "UserWarning: You passed `model_init_kwargs` to the `SFTConfig`, but your model is "
            "already instantiated. The `model_init_kwargs` will be ignored.": "from_pretrained",
            "You passed model_init_kwargs to the `IterativeSFTConfig`, but your model is already "
            "instantiated. The `model_init_kwargs` will be ignored.": "from_pretrained",
        },
        alone=True,
    ),
    General(
        "formatting-of-processed-rows-ignored",
        r"You passed a dataset that is already processed \(contains an `input_ids` field\)",
        always(
            "formatting_func has no effect: the rows have input_ids, which are trained as they are",
            "remove input_ids from the dataset, so that the function is called",
            "or leave formatting_func out, where the rows are as meant",
            known=read_in.TRL,
        ),
        {
            "UserWarning: You passed a dataset that is already processed (contains an `input_ids` "
            "field) together with a formatting function.": "remove input_ids"
        },
        alone=True,
    ),
    General(
        "checkpointing-made-reentrant",
        r"`use_reentrant` is forced to `True` in this configuration",
        always(
            "TRL checkpoints with use_reentrant=True, although False was asked for (ZeRO-3 with "
            "PEFT)",
            "for a Gemma with shared keys and values (3n, Gemma 4 E2B and E4B): ZeRO-2, or no "
            "gradient checkpointing",
            "python -m gemma_compat rule GC201   has what that does to them",
            why="ZeRO-3 with PEFT needs it. A reentrant checkpoint cuts the gradient through keys "
            "and values that later layers share; other Gemmas lose nothing",
            known=read_in.TRL,
        ),
        {
            "You are using PEFT with DeepSpeed ZeRO-2 and gradient checkpointing": "",
            "You are using PEFT with DeepSpeed ZeRO-3 and gradient checkpointing with "
            "`use_reentrant=False`. `use_reentrant` is forced to `True` in this configuration to "
            "ensure correct training.": "GC201",
        },
        alone=True,
    ),
    General(
        "new-tokens-without-their-head",
        r"Cloning chat template added new tokens to the tokenizer, but 'lm_head' is not in",
        always(
            "new tokens came with the chat template, and the adapter trains no head: the model "
            "learns to read them and not to write them",
            "modules_to_save=['embed_tokens', 'lm_head'], with ensure_weight_tying=True where the "
            "two are one",
            "or the template of the Gemma itself, whose tokens exist: leave clone_chat_template "
            "out",
            known=read_in.TRL,
        ),
        {
            "Cloning chat template added new tokens to the tokenizer, but 'lm_head' is not in "
            "PEFT's `modules_to_save`.": "ensure_weight_tying"
        },
        alone=True,
    ),
    General(
        "smoothing-ignored",
        r"loss type that does not support label smoothing",
        always(
            "label_smoothing has no effect with this loss_type",
            "label_smoothing=0.0, or a loss_type that has it (sigmoid)",
            known=read_in.TRL,
        ),
        {
            "You are using the ipo loss type that does not support label smoothing. The "
            "`label_smoothing` parameter will be ignored.": "label_smoothing=0.0"
        },
        alone=True,
    ),
    General(
        "positions-dropped-by-peft",
        r"Position ids are not supported for parameter efficient tuning\. Ignoring position ids",
        always(
            "PEFT drops the position ids: behind a trained prompt all positions of a row count "
            "through",
            "packing=False and padding_free=False with prompt or P-tuning",
            "or train LoRA",
            why="positions that begin anew are what keeps packed samples apart",
            known=read_in.PEFT,
        ),
        {
            "UserWarning: Position ids are not supported for parameter efficient tuning. Ignoring "
            "position ids.": "packing=False"
        },
        alone=True,
    ),
    General(
        "token-types-dropped-by-peft",
        r"Token type ids are not supported for parameter efficient tuning\. Ignoring token type",
        always(
            "PEFT drops the token types behind a trained prefix or prompt",
            "train LoRA, where rows have images",
            "python -m gemma_compat rule GC812   has what that does to Gemma 3 and PaliGemma",
            why="from them these models know which tokens are an image and see each other; rows "
            "of text alone lose nothing on Gemma 3",
            known=read_in.PEFT,
        ),
        {
            "UserWarning: Token type ids are not supported for parameter efficient tuning. "
            "Ignoring token type ids": "GC812"
        },
        alone=True,
    ),
    General(
        "patterns-of-the-adapter-unmatched",
        r"The following (?P<option>rank_pattern|alpha_pattern) keys did not match any targeted",
        lambda case: Answer(
            f"{case.match['option']} names modules that the adapter does not have: they get the "
            "common r and lora_alpha",
            (
                "names as model.named_modules() prints them; in a Gemma 3 or 4 with images the "
                "text model's begin with model.language_model.layers (transformers from 4.52)",
            ),
            known=read_in.PEFT,
        ),
        {
            "The following rank_pattern keys matched 26 modules": "",
            "RuntimeWarning: The following rank_pattern keys did not match any targeted module and "
            "were ignored: ['model.layers.0.mlp.up_proj'].": "named_modules",
        },
        alone=True,
    ),
)
