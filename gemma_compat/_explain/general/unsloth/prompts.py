"""What Unsloth refuses in templates, texts and LoRA settings."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, always
from .saving import SAYS, UPGRADE, Refusal

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


# Shared with a text without Unsloth's name before it, as titles have it.
NO_GENERATION_PROMPT = always(
    "the chat template of this tokenizer does not end a prompt as Unsloth asks: "
    "add_generation_prompt is missing from it or does not work",
    'tokenizer = get_chat_template(tokenizer, chat_template="gemma-3")   (the name for this model)',
    "or the instruction-tuned checkpoint's tokenizer_config.json and chat_template.jinja",
    known="Unsloth names the tokenizer; a newer Unsloth repairs more templates",
    settles=False,
)


RESIZED = always(
    "add_new_tokens stopped: the embeddings have another number of rows than it reckons with",
    UPGRADE,
    "or tokenizer.add_tokens(NEW); model.resize_token_embeddings(max(len(tokenizer), "
    "model.get_input_embeddings().num_embeddings))",
    why="a Gemma's embeddings are padded (Gemma 3: 262,208 rows for 262,145 tokens), so "
    "that new tokens fit without more rows; older releases expect old rows plus new tokens",
    known="read in unsloth_zoo 2025.5.8 and 2025.12.8, which expect that sum; 2026.5.5 and "
    "2026.10.9 reckon with the padding",
    settles=True,
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
        r"(?:Embedding matrix|LM Head matrix|Model's config vocab_size)[^\n]{0,12} did"
        r"(?: not get resized|\s*$)",
        RESIZED,
        (
            "RuntimeError: Unsloth: Embedding matrix size did not get resized properly. Please "
            "file a bug report!",
            "reckon with the padding",
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
