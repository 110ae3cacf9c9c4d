"""The datasets library: files that it cannot find, read or join."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .arrow import by_arrow


def _not_found(case: Case) -> Answer:
    if "is neither a `Dataset` directory" in case.hit.text:
        return Answer(
            "the folder holds no data set that save_to_disk wrote, or not a whole one",
            (
                "ls FOLDER   : dataset_dict.json (of several splits), or dataset_info.json and "
                "state.json",
                "rm -r FOLDER and run again, where a framework keeps its tokenized rows there "
                "(tokenized_path)",
            ),
            why="load_from_disk goes by these files; a copy or a save that broke off lacks them",
            known="datasets says so",
        )
    local = re.search(r"Unable to find '(?P<path>(?:[/~.]|[A-Z]:\\)[^'\n]{1,200})'", case.hit.text)
    if local:
        return Answer(
            "there is no file or folder with data at the path that is given",
            (
                "ls -l PATH   from the folder in which the command runs; the path of one file, "
                "where a folder is given",
                "axolotl: path: PATH/FILE.jsonl, ds_type: json; else load_dataset('json', "
                "data_files='PATH/FILE.jsonl')",
            ),
            known="datasets looked there: the path in the message is one on the disk",
            settles=False,
        )
    return Answer(
        "there is no data set of that name or at that path for this account",
        (
            "the whole name, OWNER/NAME, as on its page; hf auth login, where it is private or "
            "gated",
            "files of your own: load_dataset('json', data_files='path/to/file.jsonl')",
        ),
        why="a private data set looks the same as one that is not there, and a path that does not "
        "exist here is taken for a name",
        known="the message; which of these it is, it does not say",
        certain=False,
    )


def _not_built(case: Case) -> Answer:
    """Answer what datasets wraps around any error by Arrow's own line above it, if it is there."""
    own = re.findall(
        r"Arrow(?:Invalid|TypeError|NotImplementedError): [^\n]{1,200}", case.hit.before
    )
    if not own:
        own = re.findall(r"[^\n]*column names don't match", case.hit.before[-12_000:])
    if own:
        return by_arrow(case.replace(error=None, hit=case.hit.replace(text=own[-1])))
    return Answer(
        "datasets could not build the data set from its files; the error before this one says why",
        (
            "look at the first traceback, above 'The above exception was the direct cause'",
            "load_dataset(..., download_mode='force_redownload')   where a file is damaged",
        ),
        known="datasets wraps every error of this step in this one",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "data-set-scripts-are-gone",
        r"Dataset scripts are no longer supported|"
        r"contains custom code which must be executed to correctly load the dataset",
        always(
            "the data set is a script that loads it, which datasets 4 no longer runs",
            "load_dataset(NAME, revision='refs/convert/parquet')",
            "or pip install 'datasets<4', with trust_remote_code=True",
            why="the Hub keeps a Parquet copy of most such data sets in that branch",
        ),
        {"RuntimeError: Dataset scripts are no longer supported, but found data.py": "datasets<4"},
    ),
    General(
        "no-such-data-set",
        r"DatasetNotFoundError|doesn't exist on the Hub or cannot be accessed|"
        r"Couldn't find (?:a dataset script|any data file) at|is neither a `Dataset` directory|"
        r"Unable to find '[^'\n]{1,200}'(?: at|$)|No \(supported\) data files found|"
        r"doesn't contain any data files",
        _not_found,
        {
            "datasets.exceptions.DatasetNotFoundError: Dataset 'x/y' doesn't exist on the Hub or "
            "cannot be accessed.": "hf auth login",
            "FileNotFoundError: Unable to find '/home/u/a/corpus' at /home/u/a": "ls -l",
            "FileNotFoundError: Directory tok is neither a `Dataset` directory nor a `DatasetDict` "
            "directory.": "save_to_disk",
        },
    ),
    General(
        "data-set-of-several-parts",
        r"BuilderConfig '?[^'\n]{1,80}'? not found\. Available|Config name is missing\. Please|"
        r"Unknown split \"[^\"\n]{1,60}\"|Bad split: |[Pp]lease first select a split|"
        r"no \w{1,20} split found for dataset",
        always(
            "the data set has several configurations or splits, and the one that is read is not "
            "among them",
            "load_dataset(NAME, CONFIG, split='train')",
            "dataset['train']   where load_dataset returned all splits",
            known="the message lists those that are there",
        ),
        {
            "ValueError: Unknown split \"test\". Should be one of ['train'].": "split='train'",
            'KeyError: "Invalid key: 0. Please first select a split. For example: '
            "`my_dataset_dictionary['train'][0]`.\"": "dataset['train']",
        },
    ),
    General(
        "data-set-saved-to-disk",
        r"dataset that was saved using `save_to_disk`|"
        r"Expected to load a `Dataset` object, but (?:got a `DatasetDict`|provided path)",
        always(
            "the folder was written by save_to_disk, and load_dataset does not read that",
            "datasets.load_from_disk(FOLDER)",
        ),
        {
            "ValueError: You are trying to load a dataset that was saved using `save_to_disk`. "
            "Please use `load_from_disk` instead.": "load_from_disk(FOLDER)"
        },
    ),
    General(
        "no-column-left",
        r"\bInvalid key: \d+ is out of bounds for size 0",
        always(
            "the data set that reaches the trainer has no rows or no columns left",
            "remove_unused_columns=False   with a collator that reads your columns",
            "print(len(dataset), dataset.column_names)   right before the trainer is made",
            why="the Trainer drops every column that the model's forward does not name; if none "
            "is left, the data set counts as empty",
            known="the message has the size 0; which of the two it is, it does not say",
            certain=True,
            settles=False,
        ),
        {"IndexError: Invalid key: 5 is out of bounds for size 0": "remove_unused_columns"},
    ),
    General(
        "columns-of-two-data-sets",
        r"features can't be aligned|features .{0,80}don't match|"
        r"Column mismatch between batch|External features info don't match|"
        r"Features of the new split don't match",
        always(
            "two data sets that are joined have columns of different types",
            "dataset_b = dataset_b.cast(dataset_a.features)",
            "or select_columns(...) on both first: the columns that the trainer reads",
            known="the message names the column and both types",
        ),
        {
            "ValueError: The features can't be aligned because the key messages of features {x} "
            "has unexpected type": "cast"
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
        r"offset overflow while concatenating|overflow with type",
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
            )
            if re.search(r"Trainer|_prepare_dataset|train_dataset|trl", case.near)
            else None
        ),
        {
            "trainer = SFTTrainer(train_dataset=rows)\nAttributeError: 'list' object has no "
            "attribute 'column_names'": "from_list",
            "AttributeError: 'list' object has no attribute 'map'": "",
        },
        alone=True,
    ),
)
