"""Answers where a command's own parser refuses its words."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case

_NO_SUCH_OUTTYPE = Answer(
    "convert_hf_to_gguf.py writes 16 bits or q8_0, and not this quantization",
    (
        "python convert_hf_to_gguf.py FOLDER --outtype bf16 --outfile model.gguf",
        "then llama-quantize model.gguf model-q4_k_m.gguf Q4_K_M",
    ),
    why="the smaller types are made from the 16-bit GGUF by another program",
    known="the command lists what it takes",
)


# Jupyter's own file: kernel-<number or UUID>.json.
_OF_A_KERNEL = r"--?f[ =]\S*\bkernel-\S*\d\S*\.json"
_KNOWN = "the command's own parser says so"
_CHOICES = re.compile(
    r"invalid choice: (?P<given>'[^'\n]{1,60}') \(choose from (?P<list>[^)\n]{2,200})\)"
)


def _one_of(option: str, choices: re.Match[str]) -> Answer:
    """Answer a value that is not among those that the parser lists."""
    return Answer(
        f"{option} does not take {choices['given']} in the installed release",
        (
            f"{option} with one of {choices['list']}",
            "or a newer release of the program, or its main branch, where the value is in its "
            "documentation",
        ),
        why="a parser lists what it takes; values come with releases",
        known=_KNOWN,
        settles=False,
    )


def words_of_a_command(case: Case) -> Answer:
    """Answer by the words: a launcher's, a notebook's, or the user's own."""
    required, one = case.match["required"], case.match["one"]
    names = (case.match["names"] or case.match["option"] or "").strip()
    if re.match(r"--local[-_]rank\b", names):
        return Answer(
            f"the launcher hands {names.split('=')[0].split()[0]} to the script, which does not "
            "take it",
            (
                "torchrun --nproc_per_node GPUS SCRIPT   in place of python -m "
                "torch.distributed.launch: it sets LOCAL_RANK in the environment",
                "parser.add_argument('--local-rank', '--local_rank', type=int, default=0)   for a "
                "script that reads it",
            ),
            why="torch.distributed.launch (and deepspeed) pass it as an argument; since torch 2.0 "
            "it is written with a dash",
            known=_KNOWN,
        )
    if "ipykernel_launcher" in case.hit.text or re.match(_OF_A_KERNEL, names):
        return Answer(
            "a script's parser runs in a notebook, and reads the words that started the kernel",
            ("parser.parse_args([])   or parse_args(['--NAME', 'VALUE', ...])",),
            why="parse_args() without a list takes sys.argv, which is the kernel's in a notebook",
            known=_KNOWN,
        )
    if one == "--outtype" and re.search(r"(?i)invalid choice: '(?:i?q\d)", case.hit.text):
        return _NO_SUCH_OUTTYPE
    if one and (choices := _CHOICES.search(case.hit.text)):
        return _one_of(one, choices)
    return Answer(
        f"the command lacks {required.strip()}"
        if required
        else f"the command is given words that it does not know: {names}"
        if names
        else f"the value of {one} is none that the command takes",
        ("the same command with --help lists the options of the installed release",),
        why="options are renamed between releases",
        known=_KNOWN,
        settles=False,
    )
