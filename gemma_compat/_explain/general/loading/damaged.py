"""Files of weights that are damaged, empty, or no files of weights."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General


def _damaged(case: Case) -> Answer:
    if re.search(r"in (?:_load_optimizer_and_scheduler|_load_rng_state)\b", case.frames):
        return Answer(
            "a file of the optimizer's or the run's state in the checkpoint is damaged or not "
            "whole",
            (
                'trainer.train(resume_from_checkpoint="out/checkpoint-N")   from an earlier '
                "checkpoint",
                "or without that state: rm CHECKPOINT/optimizer.pt CHECKPOINT/scheduler.pt   (the "
                "averages then start anew)",
                "df -h .   before the run goes on",
            ),
            why="the save was cut off: a full disk, a run that was killed while it saved, or a "
            "copy "
            "that broke off",
            known="the message and the frames: the weights themselves were loaded before",
        )
    if "constants.pkl" in case.hit.text:
        return Answer(
            "torch.jit.load reads a file that does not hold TorchScript",
            ("torch.load(FILE, map_location='cpu')   for what torch.save wrote",),
            known="the message; torch 2.13 says so of such a file",
            settles=False,
        )
    place = case.places[-1] if case.places else None
    if "load key" in case.match[0] and place is not None and "pickle.load" in place.code:
        return Answer(
            "pickle.load reads a file that does not begin like a pickle",
            (
                "head -c 60 FILE   : 'version https://git-lfs' is a pointer (git lfs pull), '<' a "
                "web page in its place",
            ),
            known="the message and the line of code",
            settles=False,
        )
    return _by_header(case)


_SAVED_HERE = re.compile(
    r"checkpoint-\d|in (?:load_peft_weights|load_adapter|_load_best_model|_load_from_checkpoint)\b|"
    r"adapter_model|saves[/\\]"
)
# What safetensors says, in the words of its releases, and what was found to make it say so.
_HEADERS = (
    (
        r"unknown variant `\w{1,12}`, expected one of",
        "the safetensors file has a dtype that the installed safetensors does not know",
        "pip install -U safetensors torch",
        "dtypes of fewer bits (F8_E8M0, F4) came with newer releases",
    ),
    (
        r"(?i)InvalidHeaderDeserialization|invalid JSON in header|invalid UTF-8 in header",
        "the safetensors file has no readable list of tensors: it holds none, or only zeros",
        "ls -l FILE   : some 40 bytes hold no tensor; then what saved it had none: a script that "
        "replaces model.state_dict (leave that line out), or ZeRO-3 without gathering",
        "older safetensors say so of a file without tensors, all of them of a file that was "
        "reserved on the disk and never written",
    ),
    (
        r"(?i)HeaderTooLarge|header too large|invalid load key",
        "the file is not a safetensors file (or torch checkpoint): it begins as something else",
        "head -c 60 FILE   : 'version https://git-lfs' is a pointer (git lfs pull), '<' or 'Entry' "
        "a page of the hub in place of the file, PK or \\x80 a .bin that was renamed, GGUF a GGUF",
        "a pointer of git-lfs, a web page, a pickle and a GGUF have no header of safetensors",
    ),
    (
        r"(?i)HeaderTooSmall|header too small",
        "the safetensors file is empty",
        "df -h .   : a full disk leaves such a file",
        "it has fewer than the eight bytes with which each such file begins",
    ),
    (
        r"(?i)MetadataIncompleteBuffer|incomplete metadata|invalid ?header ?length",
        "the safetensors file is cut short: its header lists more than the file holds",
        "ls -l FILE   beside the size on the model's page; df -h . for room",
        "a download, a copy or a save that broke off leaves the beginning alone",
    ),
)


def _by_header(case: Case) -> Answer:
    """Answer by what the message says of the file, and by who wrote it."""
    again = (
        "save it again, with room on the disk (df -h .), or take an earlier checkpoint",
        "a file that was downloaded: hf download MODEL --force-download",
    )
    if not _SAVED_HERE.search(case.around):
        again = (
            "delete it and download it again: hf download MODEL --force-download",
            "a file that you saved: save it again, with room on the disk (df -h .)",
        )
    for pattern, happened, look, why in _HEADERS:
        if re.search(pattern, case.match[0] + case.hit.text[case.match.end() :][:160]):
            return Answer(
                happened, (look, *again), why=why, known="the message; tried with such files"
            )
    return Answer(
        "a file of weights is damaged or not whole",
        (
            *again,
            "git lfs pull   where the repository was cloned: a pointer of some lines lies in its "
            "place",
        ),
        why="a download or a save that was cut off, a full disk, or a Git LFS pointer",
        known="the message; how it came about is not in the log",
    )


KINDS: tuple[General, ...] = (
    General(
        "damaged-weights",
        r"Error while deserializing header|HeaderTooLarge|HeaderTooSmall|MetadataIncompleteBuffer|"
        r"InvalidHeaderDeserialization|PytorchStreamReader failed|invalid load key, '[v<E]'",
        _damaged,
        {
            "Traceback (most recent call last):\n  File "
            '"/x/site-packages/transformers/trainer.py", '
            "line 3, in _load_optimizer_and_scheduler\n    torch.load(a)\nRuntimeError: "
            "PytorchStreamReader failed reading zip archive: failed finding central directory": (
                "earlier checkpoint"
            ),
            "safetensors_rust.SafetensorError: Error while deserializing header: HeaderTooLarge": (
                "git lfs pull"
            ),
            "safetensors_rust.SafetensorError: Error while deserializing header: header too "
            "small": "empty",
            "safetensors_rust.SafetensorError: Error while deserializing header: "
            "MetadataIncompleteBuffer": "cut short",
            "safetensors_rust.SafetensorError: Error while deserializing header: incomplete "
            "metadata, file not fully covered": "cut short",
            'Traceback (most recent call last):\n  File "/x/site-packages/peft/utils/'
            'save_and_load.py", line 270, in load_peft_weights\n    f()\n'
            "safetensors_rust.SafetensorError: Error while deserializing header: "
            "InvalidHeaderDeserialization": "40 bytes",
            "safetensors_rust.SafetensorError: Error while deserializing header: invalid JSON in "
            "header: unknown variant `F8_E8M0`, expected one of `BOOL`, `U8`": "-U safetensors",
            "_pickle.UnpicklingError: invalid load key, 'v'.": "pointer",
            'Traceback (most recent call last):\n  File "/w/a.py", line 3, in f\n    rows = '
            "pickle.load(open('x'))\n_pickle.UnpicklingError: invalid load key, '<'.": (
                "like a pickle"
            ),
            "RuntimeError: PytorchStreamReader failed locating file constants.pkl: file not "
            "found": "torch.load(FILE",
            "RuntimeError: PytorchStreamReader failed reading zip archive: failed finding central "
            "directory": "damaged",
        },
    ),
)
