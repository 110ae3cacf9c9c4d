"""Templates, tokenizers and processors that a checkpoint has or lacks."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_TEXT_ONLY = ("gemma", "gemma2", "gemma3_text", "vaultgemma")


def _no_template(case: Case) -> Answer:
    name = case.log.model_name
    is_base = bool(name) and not re.search(r"-it\b", name or "")
    tuned = "the -it checkpoint, which has a chat template"
    if is_base and name:
        stem = re.sub(r"-pt$", "", name)
        tuned = f"{stem}-it: the instruction-tuned checkpoint has a chat template"
    return Answer(
        f"{name} is a base checkpoint, and its tokenizer has no chat template"
        if is_base
        else "this tokenizer has no chat template",
        (
            tuned,
            "or set tokenizer.chat_template: take it from the tokenizer of the -it checkpoint",
        ),
        why="base (pretrained) checkpoints of Gemma come without one; the instruction-tuned ones "
        "(-it) bring it in their tokenizer",
        known="the message; that the base has none is a fact of its tokenizer_config.json",
        of_gemma=is_base,
    )


def _no_processor(case: Case) -> Answer:
    kind = case.facts.model.get("model_type")
    if kind in _TEXT_ONLY:
        return Answer(
            f"{case.model} is text-only and has no processor, and the multimodal template asks "
            "for one",
            (
                "template: gemma   (LLaMA-Factory), or the tokenizer alone: AutoTokenizer",
                "or a multimodal checkpoint of the family (Gemma 3 from 4B on)",
            ),
            why=f"its config is {kind}: no image or audio tower, and so no processor files",
            known="the model is named in the log, and its config is published",
            of_gemma=True,
        )
    if "was not found, please check and update your" in case.hit.text:
        return Answer(
            "LLaMA-Factory has a multimodal template and no processor for this checkpoint",
            (
                "template: gemma   for a text-only checkpoint (Gemma 3 270M and 1B, MedGemma 27B "
                "text)",
                "AutoProcessor.from_pretrained(MODEL)   says why a multimodal one has none: a "
                "transformers that is too old, a package or a file that is missing",
            ),
            why="it loads the processor quietly, goes on without one, and misses it at the first "
            "row",
            known="the message is LLaMA-Factory's; which of the two it is, the log does not say",
            settles=False,
        )
    return Answer(
        "no processor was found beside this checkpoint",
        ("copy preprocessor_config.json and processor_config.json from the base checkpoint",),
        why="a merged or converted folder often lacks them; a text-only member has none at all",
        known="the message; which of the two it is, the log does not say",
        certain=False,
    )


def _raw_rows(case: Case) -> Answer:
    columns = re.findall(r"'(\w{1,40})'", case.match["columns"])
    named = ", ".join(columns[:4])
    turns = {"messages", "conversations", "conversation"} & set(columns)
    apply = "tokenizer.apply_chat_template(row['messages'], tokenize=False) into a text column"
    return Answer(
        f"the rows reached the collator without input_ids: they have the columns {named}",
        (
            apply if turns else "tokenize the data set before the trainer is made",
            "or let the trainer prepare it: no skip_prepare_dataset=True, and its own collator",
        ),
        why="the trainer left the data as it was, because it was told to, or because its data "
        "collator or processor is one that expects to do that itself",
        known="the message lists the columns; which setting skipped the preparation is not in it",
        settles=False,
    )


_REWARDS_OF_TEXT = Answer(
    "a reward function returned something else than one number for each completion",
    ("return [float(score(text)) for text in completions]",),
    known="the last frame makes the tensor of rewards",
)


def _ragged(case: Case) -> Answer:
    if re.search(r"in _calculate_rewards\n[^\n]*\Z", case.frames):
        return _REWARDS_OF_TEXT
    named = re.search(r"features \(`(\w{1,40})` in this case\)", case.message)
    column = f"the column {named[1]}" if named else "a column"
    drop = "drop the text columns: remove_unused_columns=True, or dataset.remove_columns([...])"
    pad = "pad and truncate: a collator that pads labels too, max_length set"
    if not case.says(r"data_collator|in pad_without_fast|DataCollator|\bin collate"):
        pad = "tokenizer(texts, padding=True, truncation=True, return_tensors='pt')"
    of_ids = named is not None and named[1] in {"input_ids", "labels"}  # which hold no text
    return Answer(
        f"{column} holds lists of different lengths where a tensor is made of it"
        if of_ids
        else f"{column} holds text, or lists of different lengths, where a tensor is made of it",
        (pad, f"or {drop}") if of_ids else (drop, f"or {pad}"),
        why="only numbers of one length become a tensor; raw text and unpadded labels do not",
        known="the message" + ("; it names the column" if named else ""),
        settles=False,
    )


def _nothing_written(case: Case) -> Answer:
    """Tell packing, which needs tokens for one block, from a generator that yields nothing."""
    if case.says(r"packing the dataset|_packed_dataloader|ConstantLengthDataset"):
        return Answer(
            "packing gave not one full sequence: the rows together are shorter than one block",
            (
                "packing=False in the SFTConfig",
                "or a smaller max_seq_length (max_length in newer TRL), or more rows",
                "if there are rows enough: the first error of the traceback says what failed",
            ),
            why="packing joins rows and cuts them into blocks of max_seq_length; what does not "
            "fill one is dropped",
            known="TRL says so, of every error while it packs; an earlier one in the log is the "
            "cause then",
            certain=False,
        )
    return Answer(
        "a data set was to be written of no row at all",
        (
            "print(len(rows))   before it is built: a generator, a filter or a path gave none",
            "or Dataset.from_generator(..., features=Features({...})), where none is right",
        ),
        why="without a row the types of the columns cannot be told",
        known="datasets says so",
    )


# Not the source of a template, which holds the sentence too.
_NOT_QUOTED = r"(?<!raise_exception\(['\"])(?<!raise_exception\(\\['\"])"

KINDS: tuple[General, ...] = (
    General(
        "too-few-rows-to-pack",
        r"Error occurred while packing the dataset\.|"
        r"Please pass `features` or at least one example when writing data",
        _nothing_written,
        {
            "ValueError: Error occurred while packing the dataset. Make sure that your dataset has "
            "enough samples to at least yield one packed sequence.": "max_seq_length",
            "datasets.arrow_writer.SchemaInferenceError: Please pass `features` or at least one "
            "example when writing data": "no row",
        },
    ),
    General(
        "rows-untokenised",
        r"You should supply an encoding or a list of encodings to this method that includes "
        r"input_ids, but you provided \[(?P<columns>[^\]]{0,200})",
        _raw_rows,
        {
            "ValueError: You should supply an encoding or a list of encodings to this method that "
            "includes input_ids, but you provided ['messages']": "apply_chat_template"
        },
    ),
    General(
        "rows-of-text",
        r"too many dimensions 'str'|Unable to create tensor, you should probably activate "
        r"truncation|excessive nesting \(inputs type",
        _ragged,
        {
            "ValueError: too many dimensions 'str'": "text",
            'Traceback (most recent call last):\n  File "/x/site-packages/trl/trainer/grpo_trainer.'
            'py", line 1595, in _calculate_rewards\n    rewards_per_func[:, i] = torch.tensor('
            "output_reward_func)\nValueError: too many dimensions 'str'": "float(score",
            "ValueError: Unable to create tensor, you should probably activate truncation and/or "
            "padding with 'padding=True' 'truncation=True' to have batched tensors with the same "
            "length. Perhaps your features (`labels` in this case) have": "labels",
            "**Symptom**: `Unable to create tensor... excessive nesting (inputs type 'list' where "
            "type 'int' is expected)`": "remove_columns",
        },
        alone=True,
    ),
    General(
        "no-padding-token",
        r"(?:Asking|attempting) to pad (?:samples )?but the tokenizer",
        always(
            "this tokenizer has no padding token",
            "tokenizer.pad_token = tokenizer.eos_token",
            why="a Gemma's tokenizer brings <pad>; others need one before rows are batched",
        ),
        {
            "ValueError: Asking to pad but the tokenizer does not have a padding token.": (
                "pad_token"
            )
        },
    ),
    General(
        "prefetch-without-workers",
        r"prefetch_factor option could only be specified in multiprocessing",
        always(
            "prefetch_factor is set and no worker loads data, which this torch refuses",
            "dataloader_num_workers=1   (or more)",
            "or pip install -U 'torch>=2.0', where it may be None",
            why="a newer Trainer hands prefetch_factor on, and torch before 2.0 takes it with "
            "workers only",
            known="the message is that of torch's DataLoader",
        ),
        {
            "ValueError: prefetch_factor option could only be specified in multiprocessing.let "
            "num_workers > 0 to enable multiprocessing.": "dataloader_num_workers"
        },
    ),
    General(
        "collator-without-image-processor",
        r"UnslothVisionDataCollator is only for image models",
        always(
            "UnslothVisionDataCollator was given something without an image processor: a "
            "tokenizer, or the processor of a text-only model",
            "UnslothVisionDataCollator(model, processor)   with the processor that "
            "FastVisionModel.from_pretrained returns",
            "or no such collator where the rows hold text only",
            why="it asks whether what it was given has an image_processor",
            known="the message; the test is in unsloth_zoo's vision_utils.py (read in 2025.10.9)",
        ),
        {"TypeError: Unsloth: UnslothVisionDataCollator is only for image models!": "processor"},
    ),
    General(
        "no-chat-template",
        r"Cannot use chat template functions|chat_template is not set and no template|"
        r"No chat template is set for this processor|"
        r"does not have a chat template|tokenizer has no chat template|"
        r"No chat template is set for this processor|"
        r"default chat template is no longer allowed",
        _no_template,
        {
            "ValueError: Cannot use chat template functions because tokenizer.chat_template is not "
            "set and no template argument was passed!": "-it"
        },
    ),
    General(
        "no-processor-in-llama-factory",
        r"(?:[Pp]rocessor|[Ff]eature extractor) was not found, please check and update your",
        _no_processor,
        {
            "ValueError: Processor was not found, please check and update your model file.": (
                "template: gemma"
            ),
        },
        alone=True,
    ),
    General(
        "no-processor",
        r"Can't load (?:image|feature) processor|"
        r"does not appear to have a file named (?:preprocessor|processor)_config\.json",
        _no_processor,
        {
            "OSError: Can't load image processor for 'out'. If you were trying": (
                "preprocessor_config.json"
            ),
        },
    ),
    General(
        "roles-must-alternate",
        rf"{_NOT_QUOTED}Conversation roles must alternate",
        always(
            "the chat template wants user and assistant in turn, and the data do not alternate",
            "merge neighbouring turns of one role, and put a system prompt into the first user "
            "turn",
            why="the templates of Gemma 1 to 3 raise this themselves",
            known="the message is the template's own",
        ),
        {
            "jinja2.exceptions.TemplateError: Conversation roles must alternate user/": "merge",
            "{{ raise_exception('Conversation roles must alternate user/assistant/') }}": "",
        },
    ),
    General(
        "system-role",
        rf"{_NOT_QUOTED}System role not supported",
        always(
            "this chat template takes no system role",
            "put the system prompt into the first user turn",
            why="the templates of Gemma 1 and 2 refuse it; those of Gemma 3 and 4 take it",
            known="the message is the template's own",
            of_gemma=True,
        ),
        {
            "jinja2.exceptions.TemplateError: System role not supported": "user turn",
            "{% if a %}{{ raise_exception('System role not supported') }}{% endif %}": "",
            '"chat_template": "{{ raise_exception(\\"System role not supported\\") }}"': "",
        },
        alone=True,
    ),
)
