"""LM Studio and other desktop programs that show less than the error of the llama.cpp in them."""

from __future__ import annotations

import re

from ..answer import Answer
from .base import Case, General

_PROGRAM = re.compile(r"(?i)lm ?studio|lmstudio|LMSInternal|\bjan\b|koboldcpp|gpt4all|msty")


def _hidden(case: Case) -> Answer | None:
    text = case.near
    if not _PROGRAM.search(text):
        return None
    sizes = re.search(r"Total: (?P<size>\d+\.\d+) GB", text)
    free = re.search(r"Free: (?P<size>\d+\.\d+) GB", text)
    known = "the message hides the error of the llama.cpp within"
    if sizes and free and float(sizes["size"]) > float(free["size"]):
        known += (
            f"; the log estimates {sizes['size']} GB for the model, and {free['size']} GB are free"
        )
    return Answer(
        "the program only reports that the model did not load; the reason stands in its own log",
        (
            "update the runtimes, not the program alone (LM Studio: Ctrl+Shift+R)",
            "LM Studio: lms log stream   while it loads, or Developer, Logs",
            "llama-cli -m FILE.gguf -p hi   of a new llama.cpp: it prints the error itself",
            "fewer layers on the GPU and a shorter context, or the CPU runtime: is it the memory?",
        ),
        why="a runtime from before the model, too little memory, or a damaged or foreign file all "
        "end so",
        known=known,
        settles=False,
    )


DESKTOP: tuple[General, ...] = (
    General(
        "desktop-program-does-not-load",
        r"Failed to load (?:the )?model|Error loading model\.|exited before becoming healthy|"
        r"(?:[Ff]ails?|[Ff]ailed|cannot|can't|not able|[Uu]nable) (?:to )?load\w{0,3}\b[^\n]{0,60}"
        r"(?:LM ?Studio|macOS|GGUF|gguf)|GGUF[^\n]{0,80}(?:[Ff]ails?|[Ff]ailed) to [Ll]oad|"
        r"Fail to Load in LM Studio",
        _hidden,
        {
            "LM Studio 0.4.9 (Build 1)\nFailed to load the model\n\nError loading model.\n\n(Exit "
            "code: null).": "Ctrl+Shift+R",
            "Gemma 4 GGUF Models Fail to Load in LM Studio 0.4.19": "runtimes",
            "LM Studio\nEngine protocol runtime llama-server exited before becoming healthy. "
            "exitCode=3221226505": "log stream",
            "LM Studio: GPU 0 (Used: 1.57 GB, Total: 8.59 GB, Free: 7.02 GB)\n  Total: 19.55 GB\n"
            "Failed to load the model": "7.02 GB are free",
            "Failed to load model": "",
        },
        alone=True,
    ),
)
