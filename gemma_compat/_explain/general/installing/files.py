"""Files of any program: folders, rights, code pages, JSON and YAML."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always


def _code_page(case: Case) -> Answer:
    codec = case.match["codec"].lower()
    if codec in {"utf-8", "utf8"}:
        return Answer(
            "a file that is read as UTF-8 text is not UTF-8",
            (
                "file PATH   shows what it is; encoding='cp1252' (or its own) in open()",
                "or download it again, where it should be text",
            ),
            why="it is binary (compressed, a checkpoint, a Parquet file) or was saved in another "
            "code page",
            known="the message names the byte; which file it is, the frame above says",
            settles=False,
        )
    return Answer(
        f"Python reads or writes a UTF-8 text with the system's code page ({codec})",
        (
            "PYTHONUTF8=1 before the command   (Windows: set PYTHONUTF8=1)",
            "or encoding='utf-8' in the open() of the last frame",
        ),
        why="without it Python takes the code page of the system for text files, mostly on Windows",
        known="the message names the code page",
    )


def _not_json(case: Case) -> Answer:
    name = case.match["name"]
    if name == "Undefined":
        return Answer(
            "the chat template writes a value as JSON that the row does not have",
            (
                "give each turn and each tool all the keys that the template reads",
                "or tools=None, where there are none",
            ),
            why="Undefined is what a template gets for a missing key",
            known="the message",
            settles=False,
        )
    return Answer(
        f"a config or a log holds a value of the class {name}, which JSON cannot hold",
        (
            "plain values in what is saved: str(...), list(...), float(...)",
            "or pip install -U transformers peft trl, where it is a value that they set themselves "
            "(a dtype, a set of names, another config)",
        ),
        why="configs, trainer_state.json and the reports to a tracker are written as JSON",
        known="the message names the class; who put it there, the frames say",
        settles=False,
    )


def _yaml(case: Case) -> Answer:
    place = re.search(r"in \"(?P<file>[^\"\n]{1,300})\", line (?P<line>\d+)",
                      f"{case.hit.text}\n{case.hit.after[:600]}")  # fmt: skip
    file = re.split(r"[/\\]", place["file"])[-1] if place else ""
    where = f"line {place['line']} of {file}" if place else ""
    return Answer(
        "a file in YAML cannot be read" + (f": {where}" if where else ""),
        (
            f"look at {where or 'the line that the message names'} and the one above it: spaces "
            "and no tabs, the same indent for all keys of one level",
            "quotes around a value with a colon or a # in it",
        ),
        known="the YAML parser names the place",
    )


KINDS: tuple[General, ...] = (
    General(
        "file-where-a-folder-belongs",
        r"FileExistsError: \[(?:Errno 17|WinError 183)\][^\n']{0,80}'(?P<path>[^'\n]{1,200})'",
        lambda case: (
            Answer(
                f"a folder is to be made where something lies already: {case.match['path']}",
                ("ls -ld PATH   shows what it is: move a file away, or name another output_dir",),
                why="os.makedirs(..., exist_ok=True) takes a folder that is there, but no file and "
                "no broken link; without exist_ok not even a folder",
                known="the message has the path",
            )
            if case.says(r"makedirs|mkdir")
            else None
        ),
        {
            'File "<frozen os>", line 225, in makedirs\n'
            "FileExistsError: [Errno 17] File exists: '/x/out'": "lies already",
            "FileExistsError: [Errno 17] File exists: '/x/out'": "",
        },
    ),
    General(
        "text-in-another-code-page",
        r"'(?P<codec>[\w-]{2,20})' codec can't (?:de|en)code",
        _code_page,
        {
            "UnicodeDecodeError: 'charmap' codec can't decode byte 0x81 in position 1: character "
            "maps to <undefined>": "PYTHONUTF8=1",
            "UnicodeEncodeError: 'gbk' codec can't encode character '\\U0001f9a5' in position 0": (
                "PYTHONUTF8=1"
            ),
            "UnicodeDecodeError: 'utf-8' codec can't decode byte 0x80 in position 64: invalid "
            "start byte": "not UTF-8",
        },
    ),
    General(
        "no-json-in-a-file",
        r"JSONDecodeError: |is not a valid JSON file|is an invalid json file",
        always(
            "a file or a reply that should be JSON is empty, cut off or something else",
            "python -m json.tool FILE   names the place",
            "a data set of JSON lines: one object a line, not a list; a config.json: download it "
            "again",
            why="the frames above say who reads it: the config of a checkpoint, a data file, a "
            "settings file, or a reply over the network",
            settles=False,
        ),
        {"json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)": "json.tool"},
    ),
    General(
        "not-serializable",
        r"Object of type (?P<name>\w{1,60}) is not JSON serializable",
        _not_json,
        {
            "TypeError: Object of type LoraConfig is not JSON serializable": "plain values",
            "TypeError: Object of type Undefined is not JSON serializable": "template",
        },
    ),
    General(
        "yaml-that-is-not-yaml",
        r"(?:yaml\.)?(?:scanner\.ScannerError|parser\.ParserError|ScannerError|ParserError): "
        r"(?P<said>(?:mapping values are not allowed|while (?:scanning|parsing)|expected |could "
        r"not "
        r"find expected)[^\n]{0,80})",
        _yaml,
        {
            "yaml.scanner.ScannerError: mapping values are not allowed in this context\n  in "
            '"/x/train.yaml", line 18, column 12': "line 18 of train.yaml",
            "yaml.scanner.ScannerError: while scanning for the next token\nfound character '\\t' "
            "that "
            'cannot start any token\n  in "c.yaml", line 3, column 1': "spaces",
        },
    ),
    General(
        "not-allowed-to-write",
        r"\[Errno 13\] Permission denied|PermissionError: \[(?:Errno 13|WinError 5)\]|"
        r"PermissionError at |"
        r"Read-only file system",
        always(
            "the process may not write or read a file or folder there",
            "HF_HOME=/a/folder/of/yours before the command, where it is the Hub's cache",
            "output_dir in a folder that is yours; chown, where another user (root in a container) "
            "wrote it",
            known="the message names the path",
        ),
        {
            "PermissionError: [Errno 13] Permission denied: '/.cache'": "HF_HOME",
            "PermissionError: [WinError 5] Zugriff verweigert: 'C:/a.gguf'": "HF_HOME",
        },
    ),
)
