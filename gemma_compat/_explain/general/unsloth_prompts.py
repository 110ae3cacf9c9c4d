"""What Unsloth refuses in templates, texts and LoRA settings."""

from __future__ import annotations

import re

from ..answer import Answer
from .base import Case, always
from .unsloth_saving import SAYS, Refusal

_TOKENIZE = (
    "inputs = tokenizer.apply_chat_template(messages, add_generation_prompt=True, "
    "return_tensors='pt', return_dict=True).to('cuda')"
)


def _columns(case: Case) -> Answer:
    name = re.search(r"Your prompt includes '([^'\n]{1,60})'", case.around)
    column = f"{{{name[1]}}}" if name else "a column"
    return Answer(
        f"the merged_prompt of to_sharegpt names {column}, and the data set has no such column",
        (
            "print(dataset.column_names)   and name these in merged_prompt",
            "or dataset = dataset.rename_column(OLD, NEW)",
        ),
        known=SAYS,
    )


PROMPTS: tuple[Refusal, ...] = (
    Refusal(
        r"Your prompt includes '",
        _columns,
        (
            "KeyError: Unsloth: Your prompt includes 'input' but this does not exist in the "
            "dataset. Only allowed columns are ['question', 'answer']",
            "{input}",
        ),
    ),
    Refusal(
        r"Your dataset is probably already in ShareGPT format",
        always(
            "to_sharegpt is called on data that are conversations already",
            "leave to_sharegpt out, and call standardize_data_formats(dataset)",
            known=SAYS,
        ),
        (
            "TypeError: Unsloth: Your dataset is probably already in ShareGPT format!",
            "standardize_data_formats",
        ),
    ),
    Refusal(
        r"`[^`\n]{1,60}` is not a singular token in the tokenizer",
        always(
            "a text that should end an answer is more than one token of this tokenizer",
            "extra_eos_tokens=['<end_of_turn>']   (a special token of this model: Gemma 4 has "
            "<turn|>)",
            why="generation stops at single tokens only",
            known=SAYS,
        ),
        (
            "ValueError: Unsloth: `###` is not a singular token in the tokenizer.",
            "extra_eos_tokens",
        ),
    ),
    Refusal(
        r"(?:Passing text strings to `fast_generate`|`lora_request` is only supported|"
        r"`sampling_params` is only supported|`fast_generate` is called)",
        always(
            "fast_generate takes texts, sampling_params and lora_request from vLLM only, and this "
            "model was loaded without it",
            f"{_TOKENIZE}; model.generate(**inputs, max_new_tokens=256)",
            "or FastLanguageModel.from_pretrained(..., fast_inference=True), where vLLM takes the "
            "model",
            known=SAYS,
        ),
        (
            "ValueError: Unsloth: `sampling_params` is only supported when `fast_inference=True` "
            "(vLLM).",
            "model.generate",
        ),
    ),
    Refusal(
        r"LoRA is not enabled for this model",
        always(
            "the vLLM engine of this model was started without LoRA, and an adapter is to be added",
            "load again with fast_inference=True and max_lora_rank=64   (at least the adapter's r)",
            "or fast_inference=False",
            known=SAYS,
        ),
        ("RuntimeError: Unsloth: LoRA is not enabled for this model!", "max_lora_rank"),
    ),
    Refusal(
        r"`(?:unsloth_vllm_standby|UNSLOTH_VLLM_STANDBY)` is True|UNSLOTH_VLLM_STANDBY is True",
        always(
            "standby of the vLLM engine is asked for after Unsloth was imported",
            "import os; os.environ['UNSLOTH_VLLM_STANDBY'] = '1'   before the first import of "
            "unsloth",
            "or unsloth_vllm_standby=False",
            known=SAYS,
        ),
        (
            "RuntimeError: Unsloth: `unsloth_vllm_standby` is True, but  environment variable "
            "`UNSLOTH_VLLM_STANDBY` is not set to 1!",
            "before the first import",
        ),
    ),
)
