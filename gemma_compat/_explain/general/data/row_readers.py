"""Who reads a key of a row that is not there: a collator, a framework or a trainer of TRL."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case

# A call of a collator, or a line of one: each row of a batch is asked for the key.
_COLLATES = re.compile(r"\bcollate_fn\(|\bin (?:torch_call|\w{0,20}collat\w*)\b")
_OVER_ROWS = re.compile(
    r"\bfor (?:instance|example|feature|item|row|sample|[a-z]|ex) in "
    r"(?:instances|examples|features|batch)\b"
)
# GRPO and its kin go over their rows so outside a collator.
_NO_COLLATOR = re.compile(r"[/\\](?:grpo|rloo|online_dpo)_trainer|[/\\]datasets[/\\]")
# What a tokenizer or a processor makes: a row lacks it before it goes through one.
_MADE = {"input_ids", "attention_mask", "labels"}
_OF_A_PROCESSOR = {"pixel_values", "token_type_ids", "images"}
_KEPT = (
    "remove_unused_columns=False   in the training arguments: without it the Trainer drops "
    "what the model's forward does not name"
)


_A_ROW = re.compile(r"\b(?:features?|examples?|instances?|items?|ex|f)(?:\[\w{1,3}\])?\[['\"]")
_STEP = re.compile(r"\b[1-9]\d{0,8}/\d{1,9} \[")  # of a progress bar


def _is_of_a_collator(case: Case, near: str) -> bool:
    """Return whether the frames show a collator: torch's call of it, or its own last frame."""
    if _COLLATES.search(near):
        return True
    place = case.places[-1] if case.places else None
    return place is not None and place.function == "__call__" and bool(_A_ROW.search(place.code))


def in_a_collator(case: Case, name: str) -> Answer | None:
    """Answer a key that a collator misses in the rows of its batch."""
    near = f"{case.frames}\n" + "\n".join(case.hit.before.splitlines()[-6:])
    is_shown = _is_of_a_collator(case, near)
    if not (is_shown or _OVER_ROWS.search(near)) or _NO_COLLATOR.search(near):
        return None
    if name in _OF_A_PROCESSOR:
        return None
    look = (
        f"print(trainer.train_dataset[0].keys())   : where {name} is not among them, the rows "
        "lack it, and the collator is not at fault"
    )
    made = (
        "tokenizer(row['text']) in dataset.map   before the trainer is made, where they hold "
        "text or messages alone",
    )
    do = (look, _KEPT, *made) if name in _MADE else (_KEPT, look)
    if _STEP.search(case.above):
        do = (
            "print(trainer.eval_dataset[0].keys())   : steps went well before, so the rows of the "
            "evaluation may not be prepared as those of the training are",
            *do,
        )
    return Answer(
        f"a collator reads {name} of each row, and the rows that reach it have no such key",
        do,
        why="a Trainer drops columns before the collator sees them; rows that never had the key "
        "look the same from there",
        known="the line that reads it goes over the rows of a batch; which of the two it is, the "
        "log does not say",
        certain=is_shown,
        settles=False,
    )


def of_an_entry(case: Case, name: str) -> Answer | None:
    """Answer a column that LLaMA-Factory's dataset_info.json asks for."""
    if re.search(r"\[dataset_attr\.\w+_tag\]|tag_mapping\[", case.frames):
        return Answer(
            f"LLaMA-Factory does not find {name} among the names of a turn: the entry's tags are "
            "others than those of the file",
            (
                'in dataset_info.json: "tags": {"role_tag": "role", "content_tag": "content", '
                '"user_tag": "user", "assistant_tag": "assistant", "system_tag": "system"}   as '
                "the turns of the file have them",
                "print(rows[0]['messages'][0])   : which names a turn has, and which roles",
            ),
            why="without tags an entry of the kind sharegpt reads from and value, human and gpt",
            known="the line of code takes the name from the entry's tags",
        )
    is_told = not case.frames and re.search(
        r"dataset_info\.json|llamafactory|LLaMA.?Factory", case.near
    )
    if is_told or re.search(r"[/\\]llamafactory[/\\]data[/\\](?:converter|aligner)", case.frames):
        return Answer(
            f"the rows have no column {name}, which the data set's entry in dataset_info.json asks "
            "for",
            (
                'in dataset_info.json: "columns": {"prompt": "NAME IN THE FILE", "response": '
                '"NAME IN THE FILE"}',
                'or "formatting": "sharegpt", "columns": {"messages": "NAME IN THE FILE"}   for '
                "rows that hold turns",
            ),
            why="without formatting (so it is spelt) an entry is alpaca, with columns instruction, "
            "input and output",
            known="the KeyError comes out of LLaMA-Factory's converter of rows"
            if not is_told
            else "the report is of LLaMA-Factory; who raises it, no frame shows",
            certain=not is_told,
        )
    return None


_FIELDS = (
    "in the YAML, below datasets: the type that the rows are of, and field, field_messages or "
    "field_instruction with a name from that list"
)
_SWIFT = re.compile(r"[/\\]swift[/\\]|\bswift(?:/cli/)? ?(?:sft|rlhf|pt|infer)\b")


def of_verl(case: Case, name: str) -> bool:
    """Return whether a key is one of verl's rows, and the log one of verl."""
    keys = {"reward_model", "data_source", "ground_truth", "extra_info"}
    return name in keys and re.search(r"\bverl\b", f"{case.frames}\n{case.near}") is not None


def _of_axolotl(name: str) -> Answer:
    return Answer(
        f"axolotl reads {name} of the rows, and a row has no such column",
        (
            "print(dataset.column_names, dataset[0])   of the data set as it is on the Hub or "
            "on the disk",
            _FIELDS,
        ),
        why="each type of data set has its own names of columns; the YAML can give others",
        known="the frames are axolotl's; which names the rows have, the log does not say",
        settles=False,
    )


def _of_verl(name: str) -> Answer:
    return Answer(
        f"verl reads {name} of each row, and the file has no such column: it is not prepared "
        "for verl",
        (
            "python examples/data_preprocess/gsm8k.py   (it has a script for each known data "
            "set), and data.train_files=FOLDER/train.parquet",
            "rows of your own: data_source, prompt (turns), ability, reward_model: {'style': "
            "'rule', 'ground_truth': ...}, extra_info",
        ),
        why="a data set as the Hub has it holds question and answer; verl's rewards look for "
        "the answer under reward_model",
        known="the key is one of verl's rows, and the log is of verl",
        settles=False,
    )


def in_a_framework(case: Case, name: str) -> Answer | None:
    """Answer a key that a framework's own code, or the TRL below it, reads of its rows."""
    if re.search(r"[/\\]axolotl[/\\]", case.frames):
        return _of_axolotl(name)
    if of_verl(case, name):
        return _of_verl(name)
    near = f"{case.frames}\n{case.near}"
    is_of_trl = re.search(r"[/\\]trl[/\\]trainer[/\\]", case.frames)
    if name in _MADE and _SWIFT.search(near) and not is_of_trl:
        return _not_encoded(name)
    if not case.frames and _SWIFT.search(near):
        return _not_read(name)
    if is_of_trl and _SWIFT.search(near):
        return Answer(
            f"TRL's trainer reads {name} of rows that ms-swift has prepared in another form: "
            "the two are of different times",
            (
                "pip install -U ms-swift   with the trl that it asks for: pip show ms-swift",
                "pip check   names the pair where one is too new",
            ),
            why="ms-swift takes query and response and hands TRL what a TRL of the same time "
            "reads; the rows are not to be renamed for it",
            known="a frame is TRL's, and the command ms-swift's; the releases were not compared",
            certain=False,
            settles=False,
        )
    return None


def _not_read(name: str) -> Answer:
    return Answer(
        f"ms-swift does not find {name} in a row as it has read it",
        (
            "head -c 500 FILE   : the names beside those of its documentation for this kind of "
            "training (messages; rejected_response; label as true or false, not as text)",
            f'--columns \'{{"NAME IN THE FILE": "{name}"}}\'   where the file has another name',
            "pip install -U ms-swift   where the file has it: a matter of ms-swift then",
        ),
        known="the command is ms-swift's; the report shows no frame, so who reads it is open",
        certain=False,
        settles=False,
    )


def _not_encoded(name: str) -> Answer:
    return Answer(
        f"a row that ms-swift has encoded has no {name}",
        (
            "--strict true   : it stops at the row that cannot be encoded, and shows it",
            "a longer --max_length, or --truncation_strategy left: rows above it are dropped",
            "pip install -U ms-swift",
        ),
        why="a row that is broken or too long comes back empty from ms-swift's template; the "
        "columns of the file are not to be renamed for it",
        known="the command or a frame is ms-swift's; which row it is, the log does not say",
        certain=False,
        settles=False,
    )


_OF_A_NAME = re.compile(r"\[(?P<name>(?:\w+\.){0,3}\w*(?:field|column|_key|_col)\w*)\]")


def name_that_is_none(case: Case) -> Answer | None:
    """Answer a row that is asked for ``None``, as the setting with the column's name is unset."""
    found = _OF_A_NAME.search("\n".join(case.around.splitlines()[-30:]))
    if found is None:
        return None
    setting = found["name"].rpartition(".")[2]
    return Answer(
        f"a row is asked for the column None: {setting} is not set",
        (
            f"{setting}='text'   with the name from print(dataset.column_names)",
            "or formatting_func, or rows that the trainer knows by itself (messages; prompt and "
            "completion)"
            if "text" in setting
            else "or leave the option out that makes the trainer read it",
        ),
        known="the line of code in the traceback takes the column's name from that setting",
    )


_OF_A_TURN = {"role", "content", "from", "value"}
_A_WHOLE_ROW = re.compile(r"\b(?:row|example|sample|batch|data|dataset|features?|df)s?\w{0,6}\[")


def of_a_turn(case: Case, name: str) -> Answer | None:
    """Answer a key that a turn has in one form of conversations and not in the other."""
    if name not in _OF_A_TURN or _A_WHOLE_ROW.search(case.code):
        return None
    other = "from and value" if name in {"role", "content"} else "role and content"
    return Answer(
        f"a turn of a conversation has no key {name}, most likely: its names are others",
        (
            "print(dataset[0])   : which names the turns have, role and content or from and value",
            "standardize_sharegpt(dataset)   of unsloth.chat_templates makes role and content of "
            "from and value"
            if name in {"role", "content"}
            else "[{'from': turn['role'], 'value': turn['content']} for turn in messages]   for "
            "code that wants ShareGPT's names",
        ),
        why=f"conversations come in two forms, and code for one does not find its names in the "
        f"other: {other} here, or a turn without text (tool_calls alone)",
        known="the name is one of a turn; what the row looks like, the message does not say",
        certain=False,
        settles=False,
    )


def of_a_table(case: Case, name: str) -> Answer | None:
    """Answer a column that pandas does not find in a table."""
    if not re.search(r"[/\\]pandas[/\\]core", case.frames):
        return None
    return Answer(
        f"the table (pandas) has no column {name}",
        (
            "print(df.columns.tolist())   : blanks, capitals or \\ufeff (encoding='utf-8-sig') "
            "in a "
            "name, or all names in one (sep='\\t')",
            f"df = df.rename(columns={{'OLD': '{name}'}})",
        ),
        known="the frames are those of pandas, which looks a column up",
        settles=False,
    )
