"""Columns that rows and batches lack."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General
from .row_readers import (
    in_a_collator,
    in_a_framework,
    of_a_table,
    of_a_turn,
    of_an_entry,
    of_verl,
)

# Keys of rows and batches, as data sets for fine-tuning name them.
_OF_A_ROW = re.compile(
    r"(?:text|messages|conversations?|prompt|completion|chosen|rejected|question|answer|"
    r"instruction|input|output|response|content|role|from|value|labels?|input_ids|"
    r"attention_mask|token_type_ids|pixel_values|images?|audio|query|context)$",
    re.IGNORECASE,
)


# What a server or an API answered has keys as a row has, and so has the environment.
_A_REPLY = re.compile(r"\.json\(\)|\benviron\[|\b(?:resp|response|reply|result|r)\[")


def _reads_a_row(case: Case) -> bool:
    """Return whether the code of the last frame looks something up in a row or a batch."""
    code = case.frames.rstrip().rpartition("\n")[2]
    return re.search(r"(?:dataset|batch|row|example|sample|features)s?\w{0,6}\[", code) is not None


# Who makes the keys that no data set has of itself, and what to do.
_TOKENIZED = (
    "a tokenizer",
    "print(trainer.train_dataset[0].keys())   : text or messages alone are rows that were not "
    "tokenized",
    "processing_class=processor.tokenizer   for text alone, where a processor makes the trainer "
    "take the rows for images and leave them as they are",
    "pip install -U trl unsloth unsloth_zoo   where the same rows work with a model for text alone",
    "no skip_prepare_dataset in dataset_kwargs, or tokenizer(row['text']) in dataset.map",
)
_MAKERS = {
    "input_ids": _TOKENIZED,
    "attention_mask": _TOKENIZED,
    "token_type_ids": (
        "a Gemma's processor",
        "print(batch.keys())   before the model is called",
        "the processor in place of its tokenizer, in a collator of your own too",
        "update the package whose frame is the last one: where it looks for the key, the frame "
        "shows",
    ),
    "pixel_values": (
        "a processor of images",
        "print(batch.keys())   before that line: a batch of rows without an image has none",
        "the processor in place of its tokenizer, and a collator that hands images to it",
        "remove_unused_columns=False   so that images reach the collator",
    ),
    "labels": (
        "a collator",
        "print(batch.keys())   before that line",
        "DataCollatorForLanguageModeling(tokenizer, mlm=False), or a collator of your own that "
        "sets batch['labels']",
    ),
}
# A line of code as IPython, rich and Python show it, without number and arrow.
_ASKED = r"""[^\n]*?\bif ['"]{name}['"] in (?P<has>\w+)[^\n]*\n[^\n]*?\b(?P<read>\w+)\[['"]{name}"""


def _asked_elsewhere(case: Case, name: str) -> Answer | None:
    """Answer code that asks one dict whether it has a key and reads it from another."""
    found = re.search(_ASKED.format(name=re.escape(name)), case.around)
    if found is None or found["has"] == found["read"]:
        return None
    packages = [item for item in case.packages if item not in {"torch", "IPython"}]
    who = packages[-1].replace("_", "-") if packages else ""
    both = "unsloth unsloth_zoo" if who.startswith("unsloth") else who
    return Answer(
        f"the code asks {found['has']} for {name} and then reads it from {found['read']}: a "
        "mistake in that code, not in the data",
        (f"pip install -U {both}   and restart the kernel",)
        if both
        else (f"read it from {found['has']} there",),
        known="both lines of code are in the traceback",
        settles=False,
    )


def _of_trl(case: Case, name: str) -> Answer | None:
    """Answer a column that TRL's trainers read."""
    if name == "images" and re.search(r"[/\\]trl[/\\]trainer[/\\]sft_trainer", case.frames):
        return Answer(
            "TRL's collator for images reads images of every row, and these rows have none",
            (
                "processing_class=processor.tokenizer   in SFTTrainer, if the data are text alone",
                "or a column images with a list of images for each row, and "
                "remove_unused_columns=False",
                "or pip install -U 'trl>=0.24', which chooses its collator by the rows",
            ),
            why="trl 0.22 and 0.23 take this collator for every processor, whatever the rows hold",
            known="the KeyError is raised in TRL's sft_trainer; read in trl 0.22.0, 0.23.1, 0.24.0",
            certain=False,
        )
    if name == "text" and re.search(r"dataset_text_field\]|_text_field\]", case.frames):
        trl = case.facts.packages.get("trl")
        is_of_twice = trl is not None and str(trl.get("version", "")).startswith("0.15.0")
        tokenized = "pip install 'trl>=0.15.1'   where the rows are tokenized: 0.15.0 does it again"
        return Answer(
            "the rows have no column text, and TRL does not take them for a conversation either",
            (
                *((tokenized,) if is_of_twice else ()),
                "print(dataset.column_names, dataset[0])",
                "messages: a list of {'role': 'user', 'content': ...} for each row   (not from and "
                "value)",
                "or SFTConfig(dataset_text_field='COLUMN'), or columns prompt and completion",
            ),
            why="a column messages counts where its turns have role and content; what counts as no "
            "format is read as a text",
            known="the last frame reads dataset_text_field",
        )
    return None


def _not_made(name: str, case: Case) -> Answer:
    """Answer a key that a tokenizer, processor or collator makes."""
    if name == "input_ids" and case.places and case.phase == "generating":
        return Answer(
            "generate was called without input_ids",
            (
                "print(inputs.keys())   right before the call",
                "inputs = tokenizer(text=TEXT, return_tensors='pt').to(model.device); "
                "model.generate(**inputs)   : by name, as a processor takes images first",
            ),
            known="the message, and the frames, which generate",
            settles=False,
        )
    return Answer(
        f"what is read there has no key {name}, which {_MAKERS[name][0]} makes",
        _MAKERS[name][1:],
        why="no column of a data set is to be renamed for it: rows that were not prepared "
        "lack it, and so does a batch of another collator or processor",
        known="the message; the frames say who reads it, and not who left it out",
        certain=False,
        settles=False,
    )


def _column(case: Case) -> Answer | None:
    """Answer a KeyError of a row: by the frames, or by a name that only rows and batches have."""
    name = case.match["name"]
    is_of_data = re.search(r"[/\\]datasets[/\\](?:arrow_dataset|formatting|table)", case.frames)
    of_a_collator = in_a_collator(case, name)
    is_of_a_row = is_of_data or of_a_collator or _OF_A_ROW.match(name) or "_mapping[" in case.code
    if not (is_of_a_row or of_verl(case, name) or _reads_a_row(case)):
        return None
    if _A_REPLY.search(case.code):
        return None
    particular = (
        _of_trl(case, name)
        or of_an_entry(case, name)
        or _asked_elsewhere(case, name)
        or of_a_collator
        or in_a_framework(case, name)
        or of_a_table(case, name)
        or (None if is_of_data else of_a_turn(case, name))
    )
    if particular is not None:
        return particular
    if name in _MAKERS and not is_of_data:
        return _not_made(name, case)
    return Answer(
        f"the rows have no column {name}" if is_of_data else f"a row or a batch has no key {name}",
        (
            "print(dataset.column_names, dataset[0])   and use the names that are there",
            f"or dataset.rename_column('OLD', '{name}')"
            if not re.search(r"_ids|_mask|label", name)
            else f"a map that makes {name}: is it run, and is its result what is read?",
        ),
        known="the KeyError comes out of the data set's own code, or of what it maps over the rows"
        if is_of_data
        else "the name is one of rows and batches; the frames say who reads it",
        certain=False,
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "column-missing",
        r"KeyError: '(?P<name>[\w -]{1,60})'",
        _column,
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/datasets/'
            "arrow_dataset.py\", line 3, in map\n    f()\nKeyError: 'text'": "column text",
            "KeyError: 'text'": "no key text",
            'Traceback (most recent call last):\n  File "/w/trl/trl/trainer/sft_trainer.py", line '
            '344, in torch_call\n    images = [example["images"] for example in examples]\n'
            "KeyError: 'images'": "processor.tokenizer",
            "KeyError: 'images'": "no key images",
            'Traceback (most recent call last):\n  File "/x/site-packages/llamafactory/data/'
            'converter.py", line 94, in __call__\n    if example[self.dataset_attr.prompt]:\n  '
            "File "
            '"/x/site-packages/datasets/formatting/formatting.py", line 283, in __getitem__\n    '
            "value = self.data[key]\nKeyError: 'instruction'": "dataset_info.json",
            "Traceback (most recent call last):\n  File "
            '"/x/site-packages/trl/trainer/sft_trainer.py"'
            ", line 1019, in tokenize_fn\n    output = processing_class(text=example["
            "dataset_text_field])\nKeyError: 'text'": "role",
            '  File "/w/src/llamafactory/data/aligner.py", line 148, in f\n    message['
            "dataset_attr.role_tag] not in tags\nKeyError: 'from'": "role_tag",
            '  File "/w/src/llamafactory/data/aligner.py", line 1, in f\n    {"role": tag_mapping['
            "message[dataset_attr.role_tag]]}\nKeyError: 'user'": "user_tag",
            "llamafactory-cli train a.yaml\nKeyError: 'instruction'": "formatting",
            "KeyError: 'input_ids'": "which a tokenizer makes",
            "It fails during inference with\nKeyError: 'input_ids'": "which a tokenizer makes",
            "KeyError: 'pixel_values'": "a processor of images makes",
            "/x/dist-packages/unsloth_zoo/loss_utils.py in _get(self, **kwargs)\n    315     "
            'if "token_type_ids" in x:\n--> 316         ids = kwargs["token_type_ids"]\n\n'
            "KeyError: 'token_type_ids'": "reads it from kwargs",
            "/x/dist-packages/unsloth_zoo/loss_utils.py in _get(self, x)\n    315     "
            'if "token_type_ids" in x:\n--> 316         ids = x["token_type_ids"]\n\n'
            "KeyError: 'token_type_ids'": "processor makes",
            "KeyError: 'gemma_x'": "",
            "    text += m['content']\nKeyError: 'content'": "standardize_sharegpt",
            '  File "/w/a.py", line 9, in f\n    t = '
            'requests.post(url).json()["content"]\nKeyError: '
            "'content'": "",
            '  File "/w/a.py", line 9, in f\n    a = os.environ["input"]\nKeyError: \'input\'': "",
            '  File "/w/a.py", line 9, in f\n    t = df["text"]\n  File '
            '"/x/site-packages/pandas/core/'
            "frame.py\", line 9, in __getitem__\n    f(key)\nKeyError: 'text'": "df.columns",
            '  File "/x/site-packages/torch/utils/data/_utils/fetch.py", line 61, in fetch\n    '
            'return self.collate_fn(data)\n  File "/w/finetune.py", line 28, in data_collator\n   '
            " seq_len = feature[\"seq_len\"]\nKeyError: 'seq_len'": "remove_unused_columns=False",
            "input_ids = [example[\"input_ids\"] for example in examples]\nKeyError: 'input_ids'": (
                "a collator reads"
            ),
            '  File "/w/axolotl/src/axolotl/prompt_tokenizers.py", line 69, in tokenize_prompt\n'
            '    a\n  File "/x/site-packages/datasets/formatting/formatting.py", line 270, in '
            "__getitem__\n    value = self.data[key]\nKeyError: 'text'": "field_messages",
            '  File "/x/site-packages/trl/trainer/dpo_trainer.py", line 85, in _tokenize\n    '
            "prompt = features[\"prompt\"]\nKeyError: 'prompt'\nswift rlhf --rlhf_type dpo": (
                "ms-swift has prepared"
            ),
            "swift rlhf --rlhf_type kto --dataset kto.json\nKeyError: 'label'": "--columns",
            "warning: windows overlap\nKeyError: 'ground_truth'": "",
            "python3 -m verl.trainer.main_ppo\nKeyError: 'reward_model'": "data_preprocess",
            "swift sft --packing true\nKeyError: 'input_ids'": "--strict true",
        },
    ),
)
