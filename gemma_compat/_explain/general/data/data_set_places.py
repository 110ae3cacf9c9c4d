"""Data sets that are not found, not let in, or of which another part is asked for."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_GATED_DATA_SET = Answer(
    "the data set is gated, and this account has no access to it (or is not logged in)",
    (
        "hf auth login   with a token of an account that was let in; on the data set's "
        "page: "
        "agree to its terms, or ask for access",
        "HF_TOKEN=... before the command   where a job has no login",
    ),
    known="the message says that it is gated; whether the login or the access is missing, "
    "the page shows",
    settles=False,
)


_NO_DATA_FILE = Answer(
    "the folder or repository has no data file that datasets reads",
    (
        "ls -R FOLDER   (the files on its page): .json, .jsonl, .csv, .parquet, .txt or "
        ".arrow files are read",
        "load_dataset('json', data_files='FOLDER/**/*.jsonl')   for files that lie "
        "deeper or "
        "end otherwise",
        "load_from_disk(FOLDER)   where save_to_disk wrote it",
    ),
    why="the place was found; what is in it is of no kind that datasets knows by its name",
    known="the message names the place",
    settles=False,
)


_NOT_A_SAVED_ONE = Answer(
    "the folder holds no data set that save_to_disk wrote, or not a whole one",
    (
        "ls FOLDER   : dataset_dict.json (of several splits), or dataset_info.json and state.json",
        "rm -r FOLDER and run again, where a framework keeps its tokenized rows there "
        "(tokenized_path)",
    ),
    why="load_from_disk goes by these files; a copy or a save that broke off lacks them",
    known="datasets says so",
)


def _not_found(case: Case) -> Answer | None:
    """Tell a name that is not there from one that is gated, and a place without data files."""
    if case.match[0].startswith("Unable to find") and (
        "FileNotFoundError" not in case.hit.text or case.is_of_the_script
    ):
        return None  # a library or a file that another program looks for
    if _GATED.search(f"{case.hit.text}\n{case.message}"):
        return _GATED_DATA_SET
    if re.search(r"\(supported\) data files found|contain any data files", case.hit.text):
        return _NO_DATA_FILE
    if "is neither a `Dataset` directory" in case.hit.text:
        return _NOT_A_SAVED_ONE
    local = re.search(
        r"Unable to find '(?P<path>(?:[/~.]|[A-Z]:\\)[^'\n]{1,200}|[\w./-]{1,120}\.\w{2,7})'",
        case.hit.text,
    )
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


_GATED = re.compile(
    r"is a gated dataset|to ask for access|Access to dataset \S{1,120} is restricted"
)


def _by_a_script(case: Case) -> Answer:
    parquet = "load_dataset(NAME, revision='refs/convert/parquet')"
    if "custom code" in case.hit.text:
        return Answer(
            "the data set is a script that loads it, and the call does not allow to run it",
            ("load_dataset(NAME, trust_remote_code=True)   once its code was looked at", parquet),
            why="datasets before 4.0 runs such a script where it is allowed; from 4.0 on it runs "
            "none",
            known="the message asks for the argument",
        )
    return Answer(
        "the data set is a script that loads it, which datasets 4 no longer runs",
        (parquet, "or pip install 'datasets<4', with trust_remote_code=True"),
        why="the Hub keeps a Parquet copy of most such data sets in that branch; a folder of that "
        "name here, with a script in it, is taken before the Hub",
    )


def _no_split_for_axolotl(text: str) -> Answer | None:
    found = re.search(r"no (\w{1,20}) split found for dataset (\S{1,120}?),?(?:\s|$)", text)
    if found is None:
        return None
    return Answer(
        f"axolotl finds no split {found[1]} in the data set {found[2]}",
        ("split: NAME   below that path in datasets: of the YAML, one that the data set has",),
        why="it takes train where the YAML names none",
        known="axolotl says so; read in utils/data of 0.5.0 and 0.18.0",
    )


def _which_part(case: Case) -> Answer:
    """Answer a split or configuration that is not there, or was not chosen."""
    text = f"{case.hit.text}\n{case.message}"
    split = re.search(
        r"Unknown split \"?([\w\[\]:%.-]{1,40}?)\"?\. Should be one of (\[[^\]\n]{1,80}\])", text
    )
    if split:
        return Answer(
            f"the data set has no split {split[1]}; it has {split[2]}",
            (
                "split=... with one of these",
                "load_dataset(NAME, split='train').train_test_split(test_size=0.05)   where a part "
                "is to be evaluated on",
            ),
            known="the message lists those that are there",
        )
    config = re.search(r"BuilderConfig '?([^'\n]{1,80}?)'? not found", text)
    if config:
        return Answer(
            f"the data set has no configuration {config[1]}",
            (
                "load_dataset(NAME, CONFIG)   with one of those that the message lists; the second "
                "argument does not name a split: split='train'",
            ),
            known="the message lists those that are there",
        )
    if "Config name is missing" in text:
        return Answer(
            "the data set needs a configuration, and none was named",
            ("load_dataset(NAME, CONFIG, split='train')   with one that the message lists",),
            known="the message lists those that are there",
        )
    return _no_split_for_axolotl(text) or Answer(
        "one split of the data set has to be chosen first, or the one that is read is not there",
        (
            "dataset['train']   where load_dataset returned all splits",
            "load_dataset(NAME, split='train')",
        ),
        known="the message is of a dict of splits",
    )


KINDS: tuple[General, ...] = (
    General(
        "data-set-scripts-are-gone",
        r"Dataset scripts are no longer supported|"
        r"contains custom code which must be executed to correctly load the dataset",
        _by_a_script,
        {
            "RuntimeError: Dataset scripts are no longer supported, but found data.py": (
                "datasets<4"
            ),
            "ValueError: The repository for squad contains custom code which must be executed to "
            "correctly load the dataset. Please pass the argument `trust_remote_code=True`": (
                "trust_remote_code=True)"
            ),
        },
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
            "FileNotFoundError: Unable to find 'train.jsonl'": "ls -l",
            "RuntimeError: Unable to find 'libfoo.so'": "",
            "FileNotFoundError: Directory tok is neither a `Dataset` directory nor a `DatasetDict` "
            "directory.": "save_to_disk",
        },
    ),
    General(
        "data-set-of-several-parts",
        r"BuilderConfig '?[^'\n]{1,80}'? not found\. Available|Config name is missing\. Please|"
        r"Unknown split \"[^\"\n]{1,60}\"|Bad split: |[Pp]lease first select a split|"
        r"no \w{1,20} split found for dataset",
        _which_part,
        {
            "ValueError: Unknown split \"test\". Should be one of ['train'].": "train_test_split",
            "ValueError: Config name is missing.\nPlease pick one among the available configs: "
            "['main', 'socratic']": "needs a configuration",
            "ValueError: BuilderConfig 'x' not found. Available: ['main']": "no configuration x",
            "ValueError: no train split found for dataset me/rows, you may specify a split with "
            "'split: ...'": "split: NAME",
            'KeyError: "Invalid key: 0. Please first select a split. For example: '
            "`my_dataset_dictionary['train'][0]`.\"": "dataset['train']",
        },
    ),
    General(
        "data-set-saved-to-disk",
        r"dataset that was saved using `save_to_disk`|"
        r"Expected to load a `Dataset(?:Dict)?` object,? but (?:got a `Dataset|provided path)",
        always(
            "the folder was written by save_to_disk, and is read as something else",
            "datasets.load_from_disk(FOLDER)   : it takes a Dataset and a DatasetDict",
            "load_from_disk(FOLDER)['train']   where one of several splits is meant",
        ),
        {
            "ValueError: You are trying to load a dataset that was saved using `save_to_disk`. "
            "Please use `load_from_disk` instead.": "load_from_disk(FOLDER)",
            "FileNotFoundError: No such file: 'd/dataset_info.json'. Expected to load a `Dataset` "
            "object, but got a `DatasetDict`.": "['train']",
        },
    ),
)
