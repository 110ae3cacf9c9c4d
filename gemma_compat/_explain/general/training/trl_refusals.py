"""What TRL's SFTTrainer refuses, where the cause is not what the message advises."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always


def _padding_free(case: Case) -> Answer:
    said = f"{case.above}\n{case.near}"
    unsloth = re.search(
        r"\bUnsloth|unsloth_|packages[/\\]unsloth|import unsloth|from unsloth", said
    )
    return Answer(
        "padding_free is on and packing is off, and then TRL does not cut rows at max_length"
        + (
            ": Unsloth sets padding_free by itself where the config leaves it open"
            if unsloth
            else ""
        ),
        (
            "padding_free=False in SFTConfig",
            *(
                ("UNSLOTH_DISABLE_AUTO_PADDING_FREE=1 before unsloth is imported",)
                if unsloth
                else ()
            ),
            "or max_length=None, with rows that were cut before",
        ),
        why="padding_free makes one row of a batch; nothing checks then whether a row is too long",
        known="read in trl 1.15.0, sft_trainer.py"
        + (", and unsloth 2026.10.9, trainer.py" if unsloth else ""),
        settles=False,
    )


def _two_numbers(case: Case) -> Answer:
    if "can not be both" in case.match[0]:
        return Answer(
            "generation_batch_size and steps_per_generation are both set, and one follows from "
            "the other",
            ("leave one of them out",),
            why="the first is per_device_train_batch_size x processes x the second",
            known="read in trl 0.19.1 to 1.16.0",
        )
    if "loss_weights" in case.match[0]:
        return Answer(
            "loss_weights and loss_type are lists of two lengths",
            ("loss_weights: one for each loss_type",),
        )
    return Answer(
        "vLLM is to be split over a number of cards that does not divide the number of processes",
        ("vllm_tensor_parallel_size: a divisor of the number of processes, such as 1",),
    )


KINDS: tuple[General, ...] = (
    General(
        "columns-of-a-processor",
        r"No columns in the dataset match the model's forward method signature: \([^)\n]*"
        r"\bimages\b",
        always(
            "TRL was given a processor, so it looks for the columns of rows with images, and the "
            "rows have a text column",
            "processing_class=tokenizer.tokenizer in SFTTrainer (the tokenizer inside the "
            "processor), where rows are texts alone",
            "or rows with messages (or prompt and completion), and images where there are any",
            why="a multimodal Gemma comes with a processor, also from Unsloth's "
            "FastLanguageModel and FastModel",
            known="the message lists the columns that it looks for: images is one of them",
            settles=False,
        ),
        {
            "ValueError: No columns in the dataset match the model's forward method signature: "
            "(messages, prompt, completion, images). The following columns have been ignored: "
            "[text].": "tokenizer.tokenizer",
            "ValueError: No columns in the dataset match the model's forward method signature: "
            "(input_ids, labels).": "",
        },
        alone=True,
    ),
    General(
        "rows-not-cut-without-padding",
        r"[Ww]hen `?padding_free=True`? without packing, `?max_length`? is not",
        _padding_free,
        {
            "unsloth_compiled_cache/UnslothSFTTrainer.py\nValueError: When padding_free=True "
            "without packing, max_length is not\nenforced.": "Unsloth sets padding_free",
            "ValueError: When `padding_free=True` without packing, `max_length` is not enforced.": (
                "padding_free=False"
            ),
        },
        alone=True,
    ),
    General(
        "assistant-mask-of-a-processor",
        r"Assistant-only loss is not yet supported for vision",
        always(
            "TRL takes this run for one with images, and its mask of assistant turns is for texts",
            "processing_class=tokenizer.tokenizer in SFTTrainer, where rows are texts alone: what "
            "from_pretrained returned is a processor, with the tokenizer inside",
            "assistant_only_loss=False, and train_on_responses_only (Unsloth) or rows of prompt "
            "and completion for the same end",
            "pip install -U trl transformers   where rows have images: newer TRL takes it with "
            "transformers>=5.18.0",
            why="SFTTrainer looks at the class of processing_class, and not at the rows: a "
            "multimodal Gemma comes with a processor",
            known="read in trl 1.15.0, sft_trainer.py, which asks only for vision data sets; older "
            "ones ask for a processor",
            settles=False,
        ),
        {
            "ValueError: Assistant-only loss is not yet supported for\n   vision-language "
            "models...": "tokenizer.tokenizer"
        },
        alone=True,
    ),
    General(
        "reward-rows-not-tokenized",
        r"features should include `input_ids_chosen`|KeyError: '(?:input_ids|attention_mask)_"
        r"(?:chosen|rejected)'",
        always(
            "RewardTrainer's collator wants pairs that are tokenized, and the rows are not",
            "pip install -U 'trl>=0.12'   : from there on the trainer tokenizes chosen and "
            "rejected itself",
            "or in dataset.map: input_ids_chosen, attention_mask_chosen, input_ids_rejected, "
            "attention_mask_rejected, with remove_unused_columns=False",
            why="up to trl 0.11 the script had to do it; an example of a newer TRL does not",
            known="the message is that of TRL's collator; read in trl 0.11.4 and 0.12.0",
            settles=False,
        ),
        {
            "ValueError: The features should include `input_ids_chosen`, `attention_mask_chosen`, "
            "`input_ids_rejected` and `attention_mask_rejected`": "trl>=0.12",
        },
    ),
    General(
        "rewards-and-settings-of-other-lengths",
        r"Length of loss_weights list \(\d+\) must match|`loss_weights` must have the same length|"
        r"vllm_tensor_parallel_size \(\d+\) must divide world size|"
        r"tensor_parallel_size \(\d+\) must divide world size|"
        r"'generation_batch_size' and 'steps_per_generation' can not be both",
        _two_numbers,
        {
            "ValueError: vllm_tensor_parallel_size (3) must divide world size (4) evenly.": (
                "a divisor"
            ),
            "ValueError: 'generation_batch_size' and 'steps_per_generation' can not be both "
            "configured at the same time": "leave one of them out",
        },
    ),
)
