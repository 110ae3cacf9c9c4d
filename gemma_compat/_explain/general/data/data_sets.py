"""The datasets library: files that it cannot find, read or join."""

from __future__ import annotations

import re

from ...answer import Answer
from ...unknown import OWN
from ..base import Case, General, always
from .arrow import by_arrow

_BY_A_READER = re.compile(
    r"(?:Arrow(?:Invalid|TypeError|NotImplementedError|CapacityError)|ParserError)(?:'>)?: "
    r"[^\n]{1,200}|[^\n]*column names don't match|Couldn't cast array of type [^\n]{1,200}"
)


_A_CAUSE = re.compile(
    r"(?m)^(?:\w+\.){0,6}(\w{2,40}(?:Error|Exception|BadZipFile)): ([^\n]{1,200})"
)


def _of_a_cause(kind: str, said: str) -> Answer:
    """Answer the error that stands above the one which wraps it."""
    happened = f"datasets could not build the data set: {kind} in its files or their reader"
    do: tuple[str, ...] = (
        "load_dataset('json', data_files='ONE_FILE')   (csv, parquet)   file by file: which one "
        "fails",
        "load_dataset(..., download_mode='force_redownload')   where a file is damaged",
    )
    if "No space left" in said:
        happened = "the disk that holds the cache of datasets is full"
        do = ("df -h ~/.cache/huggingface", "HF_HOME=/LARGER/DISK before the command")
    elif kind == "UnicodeDecodeError":
        happened = "datasets could not build the data set: a file is not UTF-8"
        do = (
            "load_dataset('csv', data_files=FILE, encoding='latin-1')   (or cp1252, gb18030)",
            "iconv -f cp1252 -t utf-8 FILE > NEW",
        )
    elif kind == "FileNotFoundError":
        happened = "datasets could not build the data set: a file that it names is not there"
    return Answer(
        happened,
        do,
        known=f"the error above this one is a {kind}, which datasets wraps",
        settles=False,
    )


def _not_built(case: Case) -> Answer:
    """Answer what datasets wraps around any error by Arrow's own line above it, if it is there."""
    own = _BY_A_READER.findall(case.hit.before[-12_000:])
    if own:
        said = by_arrow(case.replace(error=None, hit=case.hit.replace(text=own[-1])))
        if said is not None:
            return said
    causes = _A_CAUSE.findall(case.hit.before[-12_000:])
    if causes:
        return _of_a_cause(*causes[-1])
    return Answer(
        "datasets could not build the data set from its files; the error that it wraps says why",
        (
            "the first traceback of the run, above 'The above exception was the direct cause'",
            "load_dataset(..., download_mode='force_redownload')   where a file is damaged",
        ),
        known="datasets wraps every error of this step in this one, and that error is not in "
        "this log",
        settles=False,
    )


def _nothing_left(case: Case) -> Answer:
    """Tell a row that a script asks for from what a loader does: columns are dropped before it."""
    asking = [place for place in case.places if place.module != "datasets"]
    if asking and asking[-1].owner == OWN and ".train(" not in asking[-1].code:
        return Answer(
            "the data set has no rows: one was asked for by its number",
            (
                "print(dataset)   after each filter, map and split: which one leaves nothing",
                "the log above: how many rows were read, and how many dropped (too long, empty, "
                "without an answer)",
            ),
            known="the message has the size 0, and the script itself asks for the row",
            settles=False,
        )
    return Answer(
        "the data set that reaches the trainer has no rows or no columns left",
        (
            "remove_unused_columns=False   with a collator that reads your columns",
            "print(len(dataset), dataset.column_names)   right before the trainer is made",
        ),
        why="the Trainer drops every column that the model's forward does not name; if none "
        "is left, the data set counts as empty",
        known="the message has the size 0; which of the two it is, it does not say",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "rows-counted-otherwise",
        r"\b(?:NonMatchingSplitsSizesError|ExpectedMoreSplitsError|UnexpectedSplitsError|"
        r"NonMatchingChecksumError|ExpectedMoreDownloadedFilesError)\b",
        always(
            "the files of the data set have other rows, splits or checksums than its description "
            "says",
            "load_dataset(NAME, download_mode='force_redownload')   where a download broke off, or "
            "the data set was changed on the Hub",
            "load_dataset(NAME, verification_mode='no_checks')   where a part of its files is "
            "named "
            "with data_files, or the description (dataset_info in its README) is old",
            known="datasets compares both; which of the two is right, it does not say",
            settles=False,
        ),
        {
            "datasets.exceptions.NonMatchingSplitsSizesError: [{'expected': "
            "SplitInfo(name='train', "
            "num_bytes=1)}]": "no_checks"
        },
    ),
    General(
        "no-column-left",
        r"\bInvalid key: \d+ is out of bounds for size 0",
        _nothing_left,
        {
            "IndexError: Invalid key: 5 is out of bounds for size 0": "remove_unused_columns",
            'Traceback (most recent call last):\n  File "/w/train.py", line 5, in <module>\n    '
            'print(dataset[0])\n  File "/x/site-packages/datasets/arrow_dataset.py", line 2777, in '
            "__getitem__\n    return self._getitem(key)\nIndexError: Invalid key: 0 is out of "
            "bounds "
            "for size 0": "has no rows",
            "IndexError   Traceback (most recent call last)\n<ipython-input-1-a> in "
            "<module>\n----> 1 "
            "trainer.train()\n\n11 frames\n/x/site-packages/datasets/formatting/formatting.py in "
            "f(a)"
            "\n--> 526   raise IndexError(a)\n\nIndexError: Invalid key: 28 is out of bounds for "
            "size 0": ("remove_unused_columns"),
        },
    ),
    General(
        "columns-of-two-data-sets",
        r"features can't be aligned|same features but features for .{1,80} don't match|"
        r"Column mismatch between batch|External features info don't match|"
        r"Features of the new split don't match",
        always(
            "columns that have to be equal are not: of two data sets, or of features and rows",
            "dataset_b = dataset_b.cast(dataset_a.features)",
            "or select_columns(...) on both first: the columns that the trainer reads",
            known="the message names what differs",
        ),
        {
            "RuntimeError: text features and image features shapes don't match": "",
            "ValueError: The features can't be aligned because the key messages of features {x} "
            "has unexpected type": "cast",
        },
    ),
    General(
        "mapped-function-returns",
        r"`function` which is applied to all elements of table returns a",
        always(
            "a function that is mapped over the rows must return a dict, and does not",
            "return {'text': ...}   from the function; batched=True: a list in each key",
            known="the message names what it returned",
        ),
        {
            "TypeError: Provided `function` which is applied to all elements of table returns a "
            "variable of type <class 'str'>.": "return {'text'"
        },
    ),
    General(
        "rows-of-two-kinds",
        r"ArrowInvalid: |ArrowTypeError: |ArrowNotImplementedError: |cannot mix list and non-list|"
        r"Couldn't cast|DatasetGenerationCastError|All the data files must have the same columns|"
        r"offset overflow while concatenating|overflow with type|ArrowCapacityError: |"
        r"pandas\.errors\.ParserError: ",
        by_arrow,
        {
            "pyarrow.lib.ArrowInvalid: cannot mix list and non-list, non-null values": "alike",
            "pyarrow.lib.ArrowInvalid: JSON parse error: Column(/messages/[]/content) changed from "
            "string to array in row 3": "alike",
            "pyarrow.lib.ArrowInvalid: JSON parse error: Invalid value. in row 0": "json-lines",
            "pyarrow.lib.ArrowInvalid: Column 1 named input_ids expected length 1000 but got "
            "length 37": "remove_columns",
            "pyarrow.lib.ArrowInvalid: Parquet magic bytes not found in footer.": "damaged",
            "datasets.table.CastError: Couldn't cast\na: string\nto\n{'b': Value('string')}\n"
            "because column names don't match": "same columns",
        },
    ),
    General(
        "column-that-changes-its-type",
        r"JSON parse error: Column\([^)\n]{0,120}\) changed from \w+ to \w+ in row \d+",
        by_arrow,
        {
            "# error <class 'pyarrow.lib.ArrowInvalid'>: JSON parse error: Column() changed from "
            "object to array in row 0": "alike"
        },
        alone=True,
    ),
    General(
        "data-set-not-built",
        r"DatasetGenerationError: An error occurred while generating the dataset",
        _not_built,
        {
            "pyarrow.lib.ArrowInvalid: JSON parse error: Invalid value. in row 1\n\n"
            "The above exception was the direct cause of the following exception:\n\n"
            "datasets.exceptions.DatasetGenerationError: An error occurred while generating the "
            "dataset": "--json-lines",
            "datasets.exceptions.DatasetGenerationError: An error occurred while generating the "
            "dataset": "first traceback",
            "OSError: [Errno 28] No space left on device\n\nThe above exception was the direct "
            "cause "
            "of the following exception:\n\ndatasets.exceptions.DatasetGenerationError: An error "
            "occurred while generating the dataset": "HF_HOME",
            "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xe9 in position 1: "
            "invalid\n\nThe "
            "above exception was the direct cause of the following "
            "exception:\n\ndatasets.exceptions."
            "DatasetGenerationError: An error occurred while generating the dataset": "latin-1",
            "KeyError: 'a'\n\nThe above exception was the direct cause of the following "
            "exception:\n\n"
            "datasets.exceptions.DatasetGenerationError: An error occurred while generating the "
            "dataset": "file by file",
        },
    ),
    General(
        "list-in-place-of-a-data-set",
        r"'list' object has no attribute '(?:column_names|map|features|select)'",
        lambda case: (
            Answer(
                "a plain list is given where a trainer expects a data set",
                ("train_dataset=datasets.Dataset.from_list(rows)   and the same for eval_dataset",),
                why="TRL's trainers ask a data set for its columns and map it; a list has neither",
                known="the message; that the list is the data set is read off the name",
                certain=bool(case.places) and not case.is_of_the_script,
            )
            if re.search(r"Trainer|_prepare_dataset|train_dataset|\btrl\b", case.near)
            and not (
                case.is_of_the_script and not re.search(r"(?<!meta)data|rows|train|eval", case.code)
            )
            else None
        ),
        {
            "trainer = SFTTrainer(train_dataset=rows)\nAttributeError: 'list' object has no "
            "attribute 'column_names'": "from_list",
            "AttributeError: 'list' object has no attribute 'map'": "",
            "ctrl+c stops it\nAttributeError: 'list' object has no attribute 'select'": "",
            'from trl import SFTTrainer\nTraceback (most recent call last):\n  File "/w/a.py", '
            "line 3, "
            "in <module>\n    x = files.map(read)\nAttributeError: 'list' object has no attribute "
            "'map'": "",
        },
        alone=True,
    ),
)
