"""What ms-swift checks in the rows that it reads."""

from __future__ import annotations

from ..base import General
from ..checks import Check, kind_of

_ROWS: tuple[Check, ...] = (
    Check(
        r"(?:num_media|Number of media): (?P<files>\d+), (?:num_media_tags|number of media_tags): "
        r"(?P<tags>\d+)",
        "a row has {tags} placeholders in its text and {files} files in its list",
        (
            "one <image>, <video> or <audio> in the whole row for each file of its list; a query "
            "may hold the word itself, which counts too",
            "pip install -U ms-swift   : from 3.1.1 on it warns, and leaves the surplus as text",
        ),
        (
            "AssertionError: Number of media: 1, number of media_tags: 2",
            "2 placeholders in its text and 1 files",
        ),
        why="system, history, query and response are searched together; missing placeholders are "
        "put before the first message, surplus ones are refused",
    ),
    Check(
        r"dataset\.features\.keys\(\): (?P<keys>dict_keys\([^\n]{1,200}?\))",
        "ms-swift 2 finds none of its forms of rows in the columns: {keys}",
        (
            'rows of {"query": ..., "response": ...}, or of {"messages": [{"role": "user", '
            '"content": ...}, ...]}',
            "DPO and ORPO: the same with rejected_response; KTO: with label",
            "or pip install -U ms-swift   : 3 takes more names, and --columns renames them",
        ),
        (
            "ValueError: dataset.features.keys(): dict_keys(['prompt', 'chosen', 'rejected'])\n"
            "required_keys_mapping: {'swift': ['response'], 'chatml': ['messages']}",
            "rejected_response",
        ),
    ),
    Check(
        r"Failed to access dataset attributes, ?train_dataset is None",
        "every row of the data was left out: empty, or longer than max_length",
        (
            "--max_length 4096   (-1 for no limit), where rows are longer",
            "rows with a query and a response that are not empty",
        ),
        (
            "AttributeError: Failed to access dataset attributes,train_dataset is None. This "
            "might be because: (1) The dataset contains None",
            "--max_length",
        ),
    ),
    Check(
        r"self\.dataset: \[\], Please input the training dataset",
        "swift was given no --dataset; where a line of the command lacks its backslash, the lines "
        "below it do not count",
        (
            "a backslash at the end of each line of the command but the last, no blank behind it",
            "--dataset FILE.jsonl   or the name of a data set",
        ),
        (
            "ValueError: self.dataset: [], Please input the training dataset.",
            "backslash",
        ),
    ),
    Check(
        r"ValueError: rejected_response: ",
        "a row of preferences has no rejected answer, or one that is the same as the chosen one",
        (
            "rejected_response in each row: a text that differs from the last message",
            "--strict false   leaves such rows out",
        ),
        (
            'Traceback (most recent call last):\n  File "/x/site-packages/swift/llm/dataset/'
            'preprocessor/core.py", line 9, in _check_rejected_response\n    raise\nValueError: '
            "rejected_response: None",
            "differs from the last message",
        ),
        is_own=False,
    ),
    Check(
        r"ValueError: (?P<role>user|assistant)_message: ",
        "the turns of a row are not user and assistant in turn, or one has no content",
        (
            "messages: system (at most one, first), then user and assistant by turns, each with "
            "role and content",
            "--strict false   leaves such rows out",
        ),
        (
            'Traceback (most recent call last):\n  File "/x/site-packages/swift/llm/dataset/'
            'preprocessor/core.py", line 9, in _check_messages\n    raise\nValueError: '
            "assistant_message: {'role': 'user', 'content': 'x'}",
            "by turns",
        ),
        why="ms-swift 3.0 checks each pair: a user's (or tool's) message, then an assistant's",
        is_own=False,
    ),
    Check(
        r"The template does not support `?system`?",
        "the template has no place for a system message, and the rows or the command have one",
        (
            "rows without a system message, and no --system; its text before the first user turn",
            "or the --template of a model that takes one",
        ),
        (
            "AssertionError: The template does not support `system`, template_type: gemma",
            "before the first user turn",
        ),
    ),
    Check(
        r"The local path does not exist, dataset_id: `(?P<path>[^`\n]{1,200})`",
        "there is no file or folder of data at {path}",
        ("ls -l {path}   on the machine (or in the container) that runs this",),
        (
            "ValueError: The local path does not exist, dataset_id: `/data/rows.jsonl`. "
            "os.path.exists(dataset_id): False",
            "ls -l /data/rows.jsonl",
        ),
    ),
    Check(
        r"The custom dataset only supports CSV, JSONL or JSON format",
        "ms-swift 2 reads rows from .csv, .jsonl and .json alone, by the file's name",
        ("a file that ends so; or pip install -U ms-swift, which takes parquet and folders too",),
        ("ValueError: The custom dataset only supports CSV, JSONL or JSON format.", ".jsonl"),
    ),
    Check(
        r"val_sample: (?P<asked>\d+), len\(val_dataset\): (?P<there>\d+)",
        "{asked} rows are asked for to evaluate on, and there are {there}",
        ("--val_dataset 'FILE#{there}', or fewer", "or --split_dataset_ratio 0.01"),
        ("AssertionError: val_sample: 500, len(val_dataset): 20", "there are 20"),
    ),
)

KINDS: tuple[General, ...] = (
    kind_of(
        "row-refused-by-swift",
        r"[/\\](?:ms-)?swift[/\\]",
        "read in the source of ms-swift, 1.7 to 4.5",
        _ROWS,
    ),
)
