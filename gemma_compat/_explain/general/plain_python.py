"""Python's own errors that say little: what they mean in a fine-tune, and what to look at."""

from __future__ import annotations

import re

from ..answer import Answer
from .base import Case, General
from .released import upgrade

_ROWS = "the last frame of the script or of the trainer shows which value it is"


def _unpacked(case: Case) -> Answer:
    wanted = case.match["wanted"] or case.match["least"]
    got = re.search(r"got (?P<got>\d+)\)", case.hit.text)
    fewer = case.match["least"] is not None
    shapes = re.search(r"\.(?:shape|size\(\))", case.frames)
    has = f"{got['got']} of them" if got else "fewer of them" if fewer else "more of them"
    return Answer(
        f"a line takes a value apart into {wanted} parts, and it has {has}",
        (
            "print the value in that line; print(x.shape) where it is x.shape or x.size(): a row "
            "that was encoded alone has a batch dimension, and a second one makes it one too many"
            if not shapes
            else "x.unsqueeze(0) before that line, where the batch dimension is missing (one row "
            "that was encoded alone, without return_tensors)"
            if fewer
            else "print(x.shape) before that line: a dimension is one too many (x.squeeze(0), "
            "where each row was encoded as a batch of one)",
            "a function of another release returns more or fewer values: read its documentation "
            "for the release that is installed",
        ),
        why="the script, or code that it took from elsewhere, counts on a form that the data or "
        "the library do not have",
        known=_ROWS,
        certain=True,
        settles=False,
    )


def _bases_that_clash(case: Case) -> Answer:
    packages = [item for item in case.packages if item != "torch"]
    line = re.search(r"class (?P<name>\w{1,60})\((?P<bases>[^)\n]{1,120})\)", case.frames)
    of = f" ({line['name']}, of {line['bases']})" if line else ""
    newer = [upgrade(packages[-1])] if packages and not case.is_of_the_script else []
    return Answer(
        f"a class cannot be made from the bases that it names{of}: theirs do not go together",
        (
            *newer,
            "or the releases that the code was written for: a base became another kind of class "
            "since (its requirements.txt names them)",
            "in code of your own: leave out metaclass=..., or the base that is named twice",
        ),
        why="Python makes a class only where one base's metaclass, and one order of all bases, "
        "serves for all; an import that failed and left None or a stand-in as a base looks the "
        "same",
        known="the message; which base it is, the line of the class shows",
        settles=False,
    )


def _tuple(case: Case) -> Answer:
    """Answer a tuple that is read by a name, or by several numbers at once."""
    by = case.match["by"] or "str"
    if by in {"tuple", "float", "Tensor"}:
        return Answer(
            f"a tuple is read by a {by}, and takes one whole number at a time",
            (
                "x[0][1] in place of x[0, 1]; x[0] first, where the tensor is its first part "
                "(outputs of a model)",
                "print(type(x), len(x))   before the last frame's line",
            ),
            known=_ROWS,
            settles=False,
        )
    return Answer(
        f"a {case.match['kind'] or case.match['object']} is read as if it had names",
        (
            "return_dict=True in the call of the model   gives outputs with names",
            "a row that became a list: print(dataset[0]), and batched=True in map hands over "
            "columns",
        ),
        known=_ROWS,
        settles=False,
    )


def _no_entry(case: Case) -> Answer:
    """Answer a number that a dict or a table does not have."""
    number = case.match["number"]
    table = re.search(r"(?P<name>[A-Za-z_][\w.]{0,40})\[", case.code.rpartition("=")[2])
    if case.is_of_the_script and table is not None:
        name = table["name"]
        return Answer(
            f"the script asks {name} for the entry {number}, which it has not",
            (
                f"print({name}.keys())   before that line, and the type of each: '{number}' as a "
                "text is another key than the number",
                "a table of classes (id2label): one entry for each number in the data",
                "a pandas table: df.iloc[i], or df.reset_index(drop=True) after a filter",
            ),
            known="the statement that failed is the script's",
            settles=False,
        )
    return Answer(
        f"a dict, or a table, is asked for the entry {number}, which it has not",
        (
            "print(type(row), row) before that line: messages has to be a list of dicts, and a "
            "batch a dict of lists",
            "a pandas table that was split or filtered: df.reset_index(drop=True) before it "
            "becomes a data set",
        ),
        why="code that counts on a list got a dict; a table keeps the numbers of its rows when "
        "some are taken out; a number of a class or a layer may be missing in a table of names",
        known=_ROWS,
        certain=False,
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "bases-that-clash",
        r"metaclass conflict: the metaclass of a derived class|"
        r"Cannot create a consistent method resolution order|duplicate base class \w",
        _bases_that_clash,
        {
            "TypeError: metaclass conflict: the metaclass of a derived class must be a (non-strict)"
            " subclass of the metaclasses of all its bases": "theirs do not go together",
            'Traceback (most recent call last):\n  File "/x/site-packages/surya/a.py", line 3, in '
            "<module>\n    class A(B, metaclass=C):\nTypeError: metaclass conflict: the metaclass "
            "of a derived class must be a (non-strict) subclass": "pip install -U surya",
            "TypeError: Cannot create a consistent method resolution order (MRO) for bases A, B": (
                "bases"
            ),
            "TypeError: duplicate base class Generic": "named twice",
        },
    ),
    General(
        "parts-of-another-number",
        r"too many values to unpack \(expected (?P<wanted>\d+)|"
        r"not enough values to unpack \(expected (?:at least )?(?P<least>\d+)",
        _unpacked,
        {
            "ValueError: too many values to unpack (expected 2)": "into 2 parts",
            "ValueError: too many values to unpack (expected 3)": "print(x.shape)",
            "ValueError: not enough values to unpack (expected 4, got 3)": "into 4 parts",
        },
    ),
    General(
        "list-where-a-name-is-expected",
        r"unhashable type: '(?P<kind>list|dict|set|Tensor)'",
        lambda case: Answer(
            f"a {case.match['kind']} stands where a name or a number is looked up in a table",
            (
                "print the value in the last frame of the script",
                "messages: each content a text, or a list of parts only where the processor takes "
                "images",
            ),
            why="keys of a dict and members of a set are texts or numbers",
            known=_ROWS,
            settles=False,
        ),
        {"TypeError: unhashable type: 'list'": "a list stands"},
    ),
    General(
        "tuple-indexed-by-a-name",
        r"(?P<kind>tuple) indices must be integers or slices, not (?P<by>str|Tensor|tuple|"
        r"float)|'(?P<object>ModelOutput|tuple)' object is not a mapping",
        _tuple,
        {
            "TypeError: tuple indices must be integers or slices, not str": "return_dict=True",
            "TypeError: tuple indices must be integers or slices, not tuple": "x[0][1]",
        },
    ),
    General(
        "dict-read-by-number",
        r"KeyError: (?P<number>\d{1,7})(?:$|[^\w.:/-])",
        _no_entry,
        {
            "KeyError: 18": "reset_index",
            '"KeyError: 0" when trying to fine-tune on a data set': "list of dicts",
            "KeyError: 0.5": "",
            'Traceback (most recent call last):\n  File "/home/me/d.py", line 4, in f\n    '
            'row["label"] = id2label[row["label"]]\nKeyError: 3': "id2label.keys()",
        },
    ),
)
