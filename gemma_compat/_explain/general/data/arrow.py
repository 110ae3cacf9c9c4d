"""What Arrow says of files and columns that it cannot read or join."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case
from .arrow_values import FROM_PYTHON

# What Arrow says of a column whose values are not all of one type.
_MIXED = re.compile(
    r"mix list and non-list|Could not convert|Expected bytes, got|changed from|Couldn't cast|"
    r"[Uu]nsupported cast|tried to convert|was truncated|incompatible types|not in range"
)


def by_arrow(case: Case) -> Answer | None:
    """Tell broken files, mapped functions and mixed columns apart; nothing of another sentence."""
    text = f"{case.hit.text}\n{case.message}"
    if "Couldn't cast" in text:  # both lists of columns stand before what is wrong with them
        text += case.hit.after[:4000]
    if re.search(r"cast from (?:struct|list)", text) and _IS_AN_ENTRY.search(case.around):
        return _ENTRY
    if re.search(r"expected length \d+ but got length \d+", text):
        return _of_lengths(case)
    for pattern, answer in (*FROM_PYTHON, *_OF_ARROW):
        if re.search(pattern, text):
            return answer
    if not (_MIXED.search(text) or "GenerationCastError" in text):
        return None
    return Answer(
        "a column holds values of two kinds, and Arrow wants one type for each column",
        (
            "make them alike before the data set is built: always a list, always text, no None "
            "beside a dict",
            "content of a turn: text in every row, or a list of parts in every row",
        ),
        known="the message names the types",
        settles=False,
    )


# Each row of a map comes back as one batch; a table is made of a dict of columns at once.
_MAPS = re.compile(r"\bmap\(|\bin (?:_?map\w*|write_batch|_write_batch)\b|arrow_writer")
_OF_COLUMNS = re.compile(r"\bfrom_(?:dict|pydict|pandas|arrays)\b")


def _of_lengths(case: Case) -> Answer:
    """Answer columns of different lengths, by who makes the table."""
    keep = "dataset.map(f, batched=True, remove_columns=dataset.column_names)"
    counted = "print({name: len(column) for name, column in columns.items()})"
    seen = f"{case.frames}\n{case.code}"
    if _MAPS.search(seen):
        return Answer(
            "a function that was mapped in batches returns another number of rows than it got",
            (keep, "or batched=False, or a list of one value for each row in every column"),
            why="the old columns keep their length beside the new ones",
            known="the message has the column and both lengths, and the frames are those of map",
        )
    if _OF_COLUMNS.search(seen):
        return Answer(
            "the columns that a data set is made of have different lengths",
            (f"{counted}   right before it is made", "one value for each row in every column"),
            known="the message has the column and both lengths, and the frames make the table",
        )
    return Answer(
        "two columns of one table have different lengths",
        (
            f"{keep}   where a function is mapped: the old columns keep their length",
            f"{counted}   where the table is made of a dict (Dataset.from_dict)",
        ),
        known="the message has the column and both lengths; who makes the table, it does not say",
        settles=False,
    )


_IS_AN_ENTRY = re.compile(r"[/\\](?:llamafactory|llmtuner)[/\\]")
_ENTRY = Answer(
    "LLaMA-Factory takes a column for text that holds turns or lists",
    (
        'in dataset_info.json: "formatting": "sharegpt", "columns": {"messages": "NAME IN THE '
        'FILE"}, "tags": {...}',
        "print(dataset[0])   : what the columns of the entry hold; rows of one kind in each file",
    ),
    why="an entry without formatting is alpaca, whose columns are text",
    known="Arrow names both types, and the frames are LLaMA-Factory's; that the entry says no "
    "formatting is likely",
    certain=False,
    settles=False,
)
_OF_ARROW = (
    (
        r"column names don't match|must have the same columns",
        Answer(
            "the files of the data set do not have the same columns",
            (
                "load_dataset('json', data_files=[...])   with the files of one kind alone; join "
                "them after select_columns([...]) on each",
                "of a data set on the Hub: load_dataset(NAME, data_files='PATH/OF/ONE.jsonl'), or "
                "the name of a configuration",
                "load_dataset(..., verification_mode='no_checks', download_mode="
                "'force_redownload')   where a cached description is of other columns",
            ),
            why="the first file, or the description on the data set's page, sets the columns, and "
            "each other file has to have them",
            known="datasets names the columns of the file, and below 'to' those that it expects",
            settles=False,
        ),
    ),
    (
        r"JSON parse error: (?!Column\()|straddling object",
        Answer(
            "a data file is not the JSON that is expected: one object a line, all complete",
            (
                "python -m json.tool --json-lines FILE   names the line",
                "one list of objects: load_dataset('json', data_files=FILE, field=...), or write "
                "it out line by line",
            ),
            why="a line is cut off, holds a comment or NaN, or an object goes over several lines",
            known="the parser of Arrow says so; its row is counted within a block",
            settles=False,
        ),
    ),
    (
        r"magic bytes|Not an Arrow file|file size is 0|Invalid Parquet|footer|"
        r"Tried reading schema message, was null",
        Answer(
            "a data file is damaged, or is not of the format that it is read as",
            (
                "ls -l FILE, head -c 200 FILE   (a Git LFS pointer is three lines of text)",
                "download it again: load_dataset(..., download_mode='force_redownload')",
            ),
            known="the reader does not find the marks of the format",
        ),
    ),
    (
        r"offset overflow|overflow with type|array of more than|array cannot contain more than",
        Answer(
            "a block of rows is larger than the 2 GiB that one array may hold",
            ("writer_batch_size=100 in map (images, audio, long texts)",),
            known="Arrow says so",
        ),
    ),
)


def lost_a_process(case: Case) -> Answer:
    """Answer a map whose process died, by the system and by what was left in memory."""
    near = case.hit.before[-4000:] + case.around + case.hit.after[:4000]
    if re.search(r"\bWindows\b|[A-Z]:\\|win32", near):
        return Answer(
            "a process that maps over the rows died: on Windows each imports the script anew, and "
            "finds what it needs there or does not",
            (
                "num_proc=None (dataset_num_proc=None in SFTConfig): the rows are mapped in the "
                "process itself",
                "pip install -U unsloth unsloth_zoo   : some older ones start processes on Windows "
                "whatever the setting says",
                "all that the script does below if __name__ == '__main__':",
                "or the machine's memory is full: fewer processes, a smaller batch_size in map",
            ),
            why="Windows has no fork: functions and modules that are made at run time (Unsloth's "
            "compiled trainers) are not there in a process that starts afresh",
            known="datasets says that it died; why is not in this log, the line above it may say",
            certain=False,
            settles=False,
        )
    return Answer(
        "a process that maps over the rows was killed: most often the machine's memory is full",
        (
            "num_proc=1 (dataset_num_proc=1), or fewer than now",
            "or a smaller batch_size and writer_batch_size in map",
        ),
        known="datasets says that it died; why is not in the log",
        certain=False,
    )
