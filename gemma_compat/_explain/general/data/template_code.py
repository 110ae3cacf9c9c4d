"""Chat templates as code: what they join, and what a renderer does not take."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General


def _no_text_in_a_turn(kind: str) -> Answer:
    return Answer(
        f"the chat template joins the content of a turn to a text, and it is {kind} there"
        if kind != "NoneType"
        else "the chat template joins the content of a turn to a text, and it is None there",
        (
            "{'role': 'assistant', 'content': ''}   in place of None (a turn with tool_calls alone "
            "has none)",
            "dataset.filter(lambda row: all(turn['content'] for turn in row['messages']))",
        )
        if kind == "NoneType"
        else ("{'role': ..., 'content': json.dumps(value)}   : a text in each turn",),
        known="the frames are of the template; which turn it is, the message does not say",
        certain=False,
        settles=False,
    )


def _list_in_a_template(case: Case) -> Answer | None:
    if not re.search(r"<template>|jinja|chat_template", case.frames):
        return None
    kind = re.search(r"not \"(\w+)\"", case.hit.text)
    if kind and kind[1] != "list" and "to list" not in case.hit.text:
        return _no_text_in_a_turn(kind[1])
    if _BY_VLLM.search(f"{case.frames}{case.above}"):
        return Answer(
            "the model's chat template expects text as content, and vLLM hands it a list of parts",
            (
                "vllm serve ... --chat-template-content-format string   for requests of text alone",
                "or --chat-template FILE: the template of a checkpoint that takes images",
            ),
            why="vLLM guesses from the template which of the two it takes",
            known="the template joins the content to a text; the frames are of vLLM and of the "
            "template",
            certain=False,
            settles=False,
        )
    return Answer(
        "the chat template expects text as content, and a turn holds a list of parts",
        (
            "{'role': 'user', 'content': 'text'}   for each turn",
            "or the template of the multimodal checkpoint, where there are images",
        ),
        why="text-only members (Gemma 1, 2, 3 270M and 1B) have a template for text; the one of "
        "the multimodal takes [{'type': 'text', 'text': ...}]",
        known="the template joins the content to a text; the frames are of the template",
        certain=False,
    )


def _dialect(case: Case) -> Answer:
    """Tell a tag that this renderer lacks from a template that is written wrongly."""
    original = (
        "or the template of the original checkpoint: tokenizer.chat_template = base.chat_template"
    )
    unknown = r"unknown tag (?!'(?:end|el))|No (?:filter|test) named"
    if re.search(unknown, f"{case.hit.text} {case.message}"):
        return Answer(
            "the chat template uses what this renderer does not know",
            (
                "pip install -U transformers jinja2   (or vllm, llama.cpp: whichever renders it)",
                original,
            ),
            why="{% generation %} is an addition of transformers 4.43 and newer; others are Jinja "
            "extensions",
            known="Jinja names the tag or filter",
            settles=False,
        )
    return Answer(
        "the chat template breaks the rules of Jinja: it cannot be read",
        (
            "print(tokenizer.chat_template)   : a bracket or a quotation mark that was lost, a "
            "block "
            "without its end, a Python f-string around it, at the place that Jinja names",
            original,
            "pip install -U transformers jinja2   where the template is the checkpoint's own and "
            "was not changed",
        ),
        why="escapes are lost where a template is pasted from JSON into Python, or the other way",
        known="Jinja names the place",
        settles=False,
    )


_BY_VLLM = re.compile(r"[/\\]vllm[/\\]entrypoints|chat_utils\.py")


def _quoted(said: str) -> str:
    """Return the template's sentence where it is one, and not a text of the messages."""
    plain = re.fullmatch(r"[A-Za-z][\w ,'/;()-]{2,120}[.!]?", said.strip())
    return f", in its own words: {plain[0].rstrip('.')}" if plain else ""


_RENDERS = re.compile(
    r"transformers|chat_template|vllm|sglang|llama_cpp|mlx_lm|[/\\](?:trl|unsloth\w*|swift)[/\\]"
)


def _not_handed(case: Case) -> Answer | None:
    """Answer a name that a template reads and the call did not hand to it, or that a part lacks."""
    name, part = case.match["name"], case.match["part"]
    if case.packages and not _RENDERS.search(case.frames):
        return None  # a page or a prompt of another program
    if part:
        return Answer(
            f"the chat template reads {part} of something that has no such key",
            (
                "print(messages)   : content as a list of {'type': 'text', 'text': ...}, a tool "
                "call "
                "as {'type': 'function', 'function': {'name': ..., 'arguments': ...}}",
                "print(tokenizer.chat_template)   : where it reads it",
            ),
            why="a template for several kinds of input reads type and text of each part, one with "
            "tools name and arguments of each call",
            known="Jinja names the key; which part it is, the message does not say",
            settles=False,
        )
    return Answer(
        f"the chat template reads {name}, which it was not given",
        (
            f"apply_chat_template(messages, {name}=...)   : names beside messages are handed on to "
            "the template",
            "print(tokenizer.chat_template)   : a template of your own reads messages, bos_token, "
            "eos_token, add_generation_prompt and tools, and its own loop's names",
        ),
        known="Jinja names it",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "template-refuses-the-messages",
        r"jinja2\.exceptions\.TemplateError: (?P<said>[^\n]{3,200})",
        lambda case: (
            None
            if case.packages and not _RENDERS.search(case.frames)
            else Answer(
                f"the chat template refuses the messages{_quoted(case.match['said'])}",
                (
                    "print(tokenizer.apply_chat_template(messages, tokenize=False))   with fewer "
                    "turns, "
                    "to see which it takes",
                    "print(tokenizer.chat_template)   : the condition before raise_exception(...) "
                    "with that sentence",
                    "or the template of another checkpoint of the family, where the turns are "
                    "right",
                ),
                why="a template may check roles, their order, images and tools, and raise",
                known="raise_exception of a template prints so",
                settles=False,
            )
        ),
        {
            "jinja2.exceptions.TemplateError: No user query found in messages.": "No user query",
            'Traceback (most recent call last):\n  File "/x/site-packages/cookiecutter/a.py", line '
            "9, in f\n    g()\njinja2.exceptions.TemplateError: bad project name here": "",
            "jinja2.exceptions.TemplateError: Conversations must start with a user prompt.": (
                "raise_exception"
            ),
        },
    ),
    General(
        "template-reads-what-is-not-there",
        r"UndefinedError: '(?:(?P<name>\w{1,40})' is undefined|dict object' has no attribute "
        r"'(?P<part>type|text|image|name|arguments|function|parameters|tool_calls|id)')",
        _not_handed,
        {
            "jinja2.exceptions.UndefinedError: 'tools' is undefined": "messages, tools=",
            "jinja2.exceptions.UndefinedError: 'dict object' has no attribute "
            "'type'": "'text': ...",
            'Traceback (most recent call last):\n  File "/x/site-packages/flask/templating.py", '
            "line 3, in render_template\n    f()\njinja2.exceptions.UndefinedError: 'user' is "
            "undefined": "",
        },
    ),
    General(
        "parts-where-text-is-expected",
        r"can only concatenate (?:str \(not \"(?:list|dict|NoneType|int)\"\) to str|"
        r"list \(not \"str\"\) to list)",
        _list_in_a_template,
        {
            'Traceback (most recent call last):\n  File "<template>", line 1, in top-level '
            'template code\nTypeError: can only concatenate str (not "list") to str': "parts",
            'TypeError: can only concatenate str (not "list") to str': "",
            'Traceback (most recent call last):\n  File "<template>", line 1, in top-level '
            'template code\nTypeError: can only concatenate str (not "NoneType") to str': "is None",
            'Traceback (most recent call last):\n  File "/x/packages/vllm/entrypoints/chat_utils.py'
            '", line 9, in f\n    g()\n  File "<template>", line 23, in top-level template code\n'
            'TypeError: can only concatenate str (not "list") to str': "content-format",
        },
    ),
    General(
        "template-in-another-dialect",
        r"TemplateSyntaxError: |Encountered unknown tag '\w{1,30}'|"
        r"No (?:filter|test) named '\w{1,30}'",
        _dialect,
        {
            "jinja2.exceptions.TemplateSyntaxError: Encountered unknown tag 'generation'.": (
                "transformers jinja2"
            ),
            "jinja2.exceptions.TemplateSyntaxError: Encountered unknown tag 'endif'.": (
                "rules of Jinja"
            ),
            "jinja2.exceptions.TemplateSyntaxError: expected token 'end of print statement', got "
            "'role'": "rules of Jinja",
        },
    ),
)
