"""Texts, lists and tables that are read by a name or a number as if they were rows."""

from __future__ import annotations

import re

from ...answer import Answer
from ...unknown import PACKAGE
from ..base import Case, General
from .values import row_of_another_kind

_NAMED = re.compile(r"(?P<value>[A-Za-z_][\w.]*(?:\[\d\])?)\[(?P<key>['\"]\w{1,40}['\"])\]")
_FRAMEWORKS = {
    "swift": "ms-swift",
    "llamafactory": "llamafactory",
    "axolotl": "axolotl",
    "unsloth_zoo": "unsloth unsloth_zoo",
    "unsloth": "unsloth unsloth_zoo",
}


def _reward(case: Case) -> Answer | None:
    """Answer a reward function that takes a completion's text for a list of messages."""
    near = case.hit.before[-4000:] + case.around + case.hit.after[:1500]
    if not re.search(r"completion\[0\]\[.content.\]|completions?\b[^\n]{0,80}content", near):
        return None
    return Answer(
        "a reward function takes a completion for a list of messages, and it is a text here",
        (
            "text = completion if isinstance(completion, str) else completion[0]['content']",
            "or a conversational prompt: [{'role': 'user', 'content': ...}] in the column prompt, "
            "in place of a text",
        ),
        why="TRL hands over what the prompt is: for a text a text, for messages a list with one "
        "message",
        known="the message, and the line of the reward function in the log",
        certain=False,
    )


def _unpacked_output(case: Case) -> Answer | None:
    """Answer a model's output that was unpacked like a tuple, and is a dict: its names come."""
    code = case.code or case.hit.before.rstrip().rpartition("\n")[2]
    if _NAMED.search(code) or not re.search(r"\[[^\]\n'\"]{0,30}:", code):
        return None
    return Answer(
        "a text is sliced as a tensor is: most likely the name of a field, since a model's output "
        "was unpacked like a tuple",
        (
            "outputs = model(...); outputs.last_hidden_state (or .logits, .pooler_output)   in "
            "place of a, b = model(...)",
            "or model(..., return_dict=False), which gives a tuple",
        ),
        why="transformers from 4.0 on returns an object with names, and unpacking it gives the "
        "names; the data are not at fault",
        known="the line in the traceback slices it over dimensions; who made it, the line before "
        "shows",
        certain=False,
        settles=False,
    )


def _in_a_framework(case: Case, kind: str) -> Answer | None:
    """Answer a framework whose own code reads a name of a text or a list."""
    place = case.places[-1] if case.places else None
    who = _FRAMEWORKS.get(place.module) if place is not None and place.owner == PACKAGE else None
    if who is None:
        return None
    found = _NAMED.search(case.code)
    what = f"{found['value']}[{found['key']}]" if found else "a name"
    column = "tools" if "tool" in case.code else "messages"
    return Answer(
        f"{who.split()[-1]}'s own code reads {what} of a {kind}",
        (
            f"pip install -U {who}   where the rows are as its documentation has them",
            f"print(type(row['{column}']), row['{column}'])   of the data as they are read: a text "
            "in place of a list is to be read with json.loads",
        ),
        why="a form of rows that its documentation names may be newer than the release that is "
        "installed; or a column holds JSON as text",
        known=f"the frame is {who.split()[-1]}'s; which of the two it is, the message does not say",
        certain=False,
        settles=False,
    )


def _by_name(case: Case) -> Answer:
    kind = "list" if case.match["kind"] == "list" else "text"
    special = _reward(case) or _unpacked_output(case) or _in_a_framework(case, kind)
    if special is not None:
        return special
    found = dict.fromkeys(match["value"] for match in _NAMED.finditer(case.code))
    if not found or not case.is_of_the_script:
        return row_of_another_kind(kind, case)
    values = list(found)
    one = values[0] if len(values) == 1 else "VALUE"
    return Answer(
        f"the script reads {values[0]} by a name, and it is a {kind}"
        if len(values) == 1
        else f"the script reads {', '.join(values[:4])} by names, and one of them is a {kind}",
        (
            f"print({', '.join(f'type({value})' for value in values[:4])})   before that line",
            "a JSON file with one object at the top is a dict, and going through it gives its "
            "names: go through the list in it, or its .values()"
            if kind == "text"
            else f"{one}[0][...], or for row in {one}: a list has no names",
            f"json.loads({one})   where it is JSON as text; in a map with batched=True each "
            "column is a list of all rows",
        ),
        known="the line that raised is in the traceback; where the value comes from, it does not "
        "say",
        settles=False,
    )


def _no_data_set(case: Case) -> Answer | None:
    """Answer a loader that asks a table or a dict for a row by its number."""
    near = f"{case.frames}\n{case.code}"
    if re.search(r"[/\\]pandas[/\\]core", near) and re.search(r"_utils[/\\]fetch|dataloader", near):
        return Answer(
            "a loader asks a pandas table for a row by its number, and a table is asked for "
            "columns so",
            (
                "train_dataset=datasets.Dataset.from_pandas(df)   in place of the table itself",
                "or df.iloc[i] in a data set of your own; df.reset_index(drop=True) after a "
                "split or a filter",
            ),
            known="the frames go from torch's loader to pandas",
        )
    if re.search(r"self\.dataset\[idx\]", case.code):
        return Answer(
            "a loader asks what it was given as a data set for a row by its number, and that is a "
            "dict or a table",
            (
                "print(type(trainer.train_dataset))",
                "datasets.Dataset.from_dict(columns), or .from_list(rows), in place of a dict",
                "datasets.Dataset.from_pandas(df), or df.reset_index(drop=True), for a table",
            ),
            known="the last frame is torch's loader, which reads a row by its number",
            settles=False,
        )
    return None


KINDS: tuple[General, ...] = (
    General(
        "table-in-place-of-a-data-set",
        r"KeyError: (?P<name>\d{1,9})\s*$",
        _no_data_set,
        {
            '  File "/x/site-packages/torch/utils/data/_utils/fetch.py", line 51, in f\n    data '
            '= [self.dataset[idx] for idx in i]\n  File "/x/site-packages/pandas/core/frame.py", '
            "line 3893, in __getitem__\n    indexer = self.columns.get_loc(key)\nKeyError: 1462": (
                "from_pandas"
            ),
            '  File "/x/site-packages/torch/utils/data/_utils/fetch.py", line 51, in f\n    data '
            "= [self.dataset[idx] for idx in i]\nKeyError: 3": "from_dict",
            "KeyError: 1462": "",
        },
    ),
    General(
        "text-indexed-by-a-name",
        r"(?P<kind>string|list) indices must be integers|"
        r"byte indices must be integers",
        _by_name,
        {
            "TypeError: string indices must be integers, not 'str'": "json.loads",
            "TypeError: list indices must be integers or slices, not str": "batched=True",
            "responses = [completion[0]['content'] for completion in completions]\nTypeError: "
            "string indices must be integers": "isinstance(completion, str)",
            '  File "/w/modeling.py", line 23, in forward\n    cls_reps = reps[:, 0]\nTypeError: '
            "string indices must be integers": "return_dict=False",
            'Traceback (most recent call last):\n  File "/w/data.py", line 9, in f\n    image '
            "= Image.open(item['img'])\nTypeError: string indices must be integers": "type(item)",
            'Traceback (most recent call last):\n  File "/w/a.py", line 9, in f\n    t = P["a"].x'
            "(e['b'])\nTypeError: string indices must be integers": "P, e by names",
            'Traceback (most recent call last):\n  File "/w/ms-swift/swift/llm/template/a.py", '
            "line 5, in f\n    names.append(tool['function']['name'])\nTypeError: string indices "
            "must be integers, not 'str'": "pip install -U ms-swift",
        },
    ),
)
