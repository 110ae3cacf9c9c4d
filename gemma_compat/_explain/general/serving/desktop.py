"""LM Studio and other desktop programs that show less than the error of the llama.cpp in them."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_PROGRAM = re.compile(
    r"(?i)lm ?studio|lmstudio|LMSInternal|\bjan (?:app|ai|v?\d+\.\d)|\bjan\.ai\b|koboldcpp|gpt4all|"
    r"msty"
)


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


def _older_template(case: Case) -> Answer | None:
    """Answer where a program is told to write the turns of Gemma 1 to 3 for a Gemma 4."""
    named = re.search(r"(?i)gemma[-_]?(?P<number>\d)", case.hit.text)  # the command's own model
    if named and named["number"] != "4" or not re.search(r"(?i)gemma-?_?4", case.near):
        return None
    is_llama = re.search(r"(?i)llama[-_. ]?(?:server|cli|cpp)|\.gguf\b", case.near)
    return Answer(
        f"{'llama-server' if is_llama else 'a program'} is started with the template of Gemma 1 "
        "to 3 for a Gemma 4",
        (
            "--jinja, and no --chat-template: the template in the GGUF is then used",
            "--chat-template-file chat_template.jinja   of the base checkpoint, where the GGUF "
            "has none",
        )
        if is_llama
        else (
            "--help   of that program: the name of Gemma 4's template, if its release has one",
            "or the checkpoint's own chat_template.jinja",
        ),
        why="Gemma 4 has other marks (<|turn>, <|channel>), thoughts and tool calls; what looks "
        "for the marks of Gemma 1 to 3 finds none in its rows",
        known="both are in the log: the option, and the model's name",
        of_gemma=True,
    )


KINDS: tuple[General, ...] = (
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
            "Jan 12 10:22:01 host python[123]: ERROR Failed to load model: x.json is missing": "",
        },
        alone=True,
    ),
    General(
        "answer-not-in-the-tools-form",
        r"produced output that does not match the expected [\w-]{2,40} format|"
        r"expected peg-\w{2,30} format|"
        r"Failed to parse (?:input|tool call)[^\n]{0,60}peg-",
        always(
            "llama-server could not read the model's answer in the form that its template "
            "prescribes "
            "for thoughts and tool calls",
            "update llama.cpp: its readers of these forms (peg-...) are new and change often",
            "--jinja with the template of the base checkpoint (chat_template.jinja), no "
            "--chat-template "
            "of another family",
            "plain sampling (temperature 1.0, top_k 64, top_p 0.95), without xtc, min_p or a draft "
            "model: does it go away?",
            why="a fine-tune without tool calls in its rows, strong quantization or sampling "
            "makes an "
            "answer leave the form",
            known="the server names the form; which of these it is, it does not say",
            settles=False,
        ),
        {
            '{"error":{"code":500,"message":"The model produced output that does not match the '
            'expected peg-gemma4 format","type":"server_error"}}': "--jinja",
            "ValueError: row 3 does not match the expected chat format": "",
        },
        alone=True,
    ),
    General(
        "token-of-another-type-in-a-gguf",
        r"control-looking token: {1,8}\d+ '[^'\n]{1,40}' was not control-type",
        always(
            "the GGUF has a mark of the template as an ordinary token; llama.cpp corrects that at "
            "loading",
            "nothing, where answers are as they should be",
            "else convert again with a new convert_hf_to_gguf.py, and the tokenizer files of the "
            "base "
            "checkpoint in the folder",
            known="llama.cpp says that it overrides the type",
            certain=False,
            settles=False,
        ),
        {
            "W load: control-looking token:     50 '<|tool_response>' was not control-type; this "
            "is "
            "probably a bug in the model.": "overrides",
        },
        alone=True,
    ),
    General(
        "template-of-an-older-gemma",
        r"--chat-template gemma\b",
        _older_template,
        {
            "llama-server --model gemma-4-26B-A4B-it-Q4_K_M.gguf --chat-template gemma": "--jinja",
            "SpecForge, --chat-template gemma, target gemma-4-31B: an all-zero loss mask": "--help",
            "llama-server --model gemma-3-4b-it.gguf --chat-template gemma": "",
            "see gemma-4\nllama-server -m gemma-3-4b.gguf --chat-template gemma": "",
        },
        alone=True,
    ),
)
