"""Data sets, and a datasets library of another time than what reads or wrote them."""

from __future__ import annotations

from ...answer import Answer
from ..base import Case, General, always


def _not_a_dataclass(case: Case) -> Answer | None:
    """Answer a text that datasets raises on a newer file, and torch beside a newer Triton."""
    if case.is_of_the_script:
        return None  # its own call of fields()
    newer = "pip install -U 'datasets>=4.0.0'   and restart the kernel"
    triton = "pip install --force-reinstall torch   (it brings the triton of its release)"
    if "datasets" in case.packages or case.says(r"generate_from_dict"):
        return Answer(
            "the data set was written by a newer datasets than the one that reads it",
            (newer, "or delete its folder in ~/.cache/huggingface/datasets"),
            why="datasets 4 writes feature types that 3 does not know (List)",
            known="the frame is that of datasets; the type came with datasets 4.0.0",
        )
    if "triton" in case.packages or case.says(r"_inductor|AttrsDescriptor"):
        return Answer(
            "torch and the triton beside it are not of the same time",
            (triton,),
            why="torch reads the fields of a class of Triton's that is not a dataclass in a newer "
            "one",
            known="the frame is that of torch's compiler; the releases were not compared",
        )
    return Answer(
        "a class that is asked for its fields is not a dataclass: of two packages one is too new "
        "for the other",
        (f"{triton}, if it fails while something is imported", f"{newer}, if a data set is read"),
        why="a torch beside a newer Triton, and datasets 3 that reads a file of datasets 4, print "
        "the same line at the end",
        known="the message; the frames that would tell the two apart are not in the log",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "data-set-newer-than-its-reader",
        r"Feature type '(?P<name>\w{1,20})' not found\. Available feature types",
        always(
            "the data set was written by a newer datasets than the one that reads it",
            "pip install -U 'datasets>=4.0.0'   and restart the kernel",
            "or delete its folder in ~/.cache/huggingface/datasets, where the newer one left it",
            why="datasets 4 writes feature types that 3 does not know (List)",
            known="the message; the type came with datasets 4.0.0",
        ),
        {
            "ValueError: Feature type 'List' not found. Available feature types: ['Value', "
            "'ClassLabel']": "datasets>=4.0.0"
        },
    ),
    General(
        "not-a-dataclass",
        r"must be called with a dataclass type or instance",
        _not_a_dataclass,
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/torch/_inductor/runtime/'
            'hints.py", line 36, in <module>\n    f\nTypeError: must be called with a dataclass '
            "type or instance": "triton",
            'Traceback (most recent call last):\n  File "/x/site-packages/datasets/features/'
            'features.py", line 1474, in generate_from_dict\n    f\nTypeError: must be called with '
            "a dataclass type or instance": "datasets>=4.0.0",
            "TypeError: must be called with a dataclass type or instance": "two",
            'Traceback (most recent call last):\n  File "/w/a.py", line 1, in f\n    fields(cfg)\n'
            "TypeError: must be called with a dataclass type or instance": "",
        },
    ),
    General(
        "data-set-pattern",
        r"Invalid pattern: '\*\*' can only be an entire path component",
        always(
            "this datasets is older than the fsspec beside it",
            "pip install -U datasets   and restart the kernel",
            why="a newer fsspec reads ** in a path otherwise than the older datasets writes it",
            known="the message; the releases were not compared",
        ),
        {"ValueError: Invalid pattern: '**' can only be an entire path component": "-U datasets"},
    ),
)
