"""Files of any program: folders, what may not be read, written or run, and YAML."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General

# Where a file lies that may not be written, run or replaced, and what to do then.
_PLACES = (
    (
        r"(?i)WinError 5\][^\n]{0,200}site-packages|Could not install[^\n]{0,80}WinError 5\]",
        "pip cannot replace a file of a package: most often it is in use",
        (
            "end every Python and notebook that uses that environment, and run pip again: Windows "
            "does not replace a library that is loaded",
            "or a new environment: python -m venv tune, and pip install there",
        ),
    ),
    (
        r"Could not install packages|\bpip3? install",
        "pip may not write where it installs",
        (
            "python -m venv tune; source tune/bin/activate, and pip install there   in place of "
            "the system's Python",
            "or chown of that folder, where another user (root in a container) made it",
        ),
    ),
    (
        r"/(?:bin|Scripts)/[\w.-]{1,40}'|ptxas|llama-quantize|/[\w-]{1,40}\.sh'",
        "a program may not be run, or its folder is not open to this user for reading or writing",
        (
            "chmod +x PATH   of the program that the message names",
            "mount | grep noexec   where that changes nothing: a disk may forbid programs",
        ),
    ),
    (
        r"/kaggle/input|Errno 30|Read-only file system",
        "the folder can only be read",
        (
            "output_dir in a folder that can be written: /kaggle/working on Kaggle, /content on "
            "Colab",
            "where the Hub's cache lies there: HF_HOME=/a/folder/of/yours before the command",
        ),
    ),
    (
        r"\.cache|huggingface[/\\](?:hub|datasets|modules|token)|hub[/\\]models--|HF_HOME",
        "the process may not read or write the cache of the Hub",
        (
            "HF_HOME=/a/folder/of/yours before the command",
            "or sudo chown -R $USER ~/.cache/huggingface   where another user (root in a "
            "container) wrote it",
        ),
    ),
)


def _no_right(case: Case) -> Answer:
    """Answer a file that may not be read or written, by where it lies."""
    line = case.hit.text
    for place, happened, do in _PLACES:
        if re.search(place, line):
            return Answer(happened, do, known="the message names the path", settles=False)
    has_path = re.search(r"'[^'\n]{2,}'", line) is not None
    return Answer(
        "the process may not write or read a file or folder there",
        (
            "ls -ld PATH   shows whose it is; chown, where another user (root in a container) "
            "wrote it",
            "or output_dir in a folder that is yours",
            "HF_HOME=/a/folder/of/yours before the command, where it is the Hub's cache",
        ),
        known="the message names the path" if has_path else "the message",
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
        "not-allowed-to-write",
        r"\[Errno 13\] Permission denied|\[WinError 5\]|PermissionError: \[Errno 13\]|"
        r"PermissionError at |"
        r"Read-only file system",
        _no_right,
        {
            "PermissionError: [Errno 13] Permission denied: '/.cache'": "HF_HOME",
            "PermissionError: [Errno 13] Permission denied: '/data/huggingface-x/o'": "chown,",
            "PermissionError: [WinError 5] Zugriff verweigert: 'C:/a.gguf'": "ls -ld",
            "PermissionError: [Errno 13] Permission denied: '/workspace/out/checkpoint-5'": "chown",
            "ERROR: Could not install packages due to an OSError: [WinError 5] Access is denied: "
            "'C:\\venv\\Lib\\site-packages\\torch\\lib\\asmjit.dll'": "end every Python",
            "PermissionError: [Errno 13] Permission denied: '/x/site-packages/triton/backends/"
            "nvidia/bin/ptxas'": "chmod +x",
            "OSError: [Errno 30] Read-only file system: '/kaggle/input/a.json'": "/kaggle/working",
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
)
