"""Roles and turns that a chat template refuses."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General

_SERVED = re.compile(
    r"server_error|Jinja Exception|\bsrv \b|llama-server|\bv1/chat|vllm/entrypoints|BadRequest|"
    r"LM ?Studio|ollama|status_code|HTTP/1|uvicorn|(?i:code|status|error|http)\W{1,4}(?:400|500)\b"
)


def _is_served(case: Case) -> bool:
    """Return whether a server renders: by the traceback, else by what is near."""
    return _SERVED.search(case.around if case.places else f"{case.near}{case.around}") is not None


def _roles(case: Case) -> Answer:
    """Tell a request to a server from rows that are rendered for training."""
    if _is_served(case):
        return Answer(
            "the chat template wants user and assistant in turn, and the messages of the request "
            "do not alternate",
            (
                "merge neighbouring messages of one role in the client, before they are sent; a "
                "system prompt goes into the first user turn",
                "or a template that does not ask for it: --chat-template FILE at the server",
            ),
            why="the server renders what the client sends; the model and its training are not at "
            "fault",
            known="the message is the template's own; that a request is rendered, the log shows",
            settles=False,
        )
    return Answer(
        "the chat template wants user and assistant in turn, beginning with user, and a row does "
        "not keep to it",
        (
            "bad = [i for i, row in enumerate(dataset) if any((turn['role'] == 'user') != (n % 2 "
            "== 0) for n, turn in enumerate(row['messages']))]   names the rows",
            "merge neighbouring turns of one role, and put a system prompt into the first user "
            "turn",
        ),
        why="the templates of Gemma 1 to 3, Llama 2 and Mistral raise this themselves; some of "
        "them count a system turn as well",
        known="the message is the template's own",
        settles=False,
    )


_HARNESS = re.compile(r"\blm_eval\b|lm-evaluation-harness")
_REQUEST = re.compile(r"openai_api|/entrypoints/|/srt/|\btgi\b|text_generation_server")


def _system(case: Case) -> Answer:
    """Tell a server and an evaluation harness, which render what others wrote."""
    said = f"{case.near}{case.around}{case.frames}"
    first = "put the system prompt into the first user turn"
    lines: tuple[str, ...] = (first,)
    if _HARNESS.search(said):
        lines = (
            "no --system_instruction, and a task without description: lm-eval sends either as a "
            "system turn",
        )
    elif _is_served(case) or _REQUEST.search(said):
        lines = (
            f"{first}, in the client",
            "or a template that takes one: --chat-template FILE at the server",
        )
    if "optional system message" in f"{case.hit.text} {case.message}":
        return Answer(
            "this chat template takes a system turn at the beginning alone, and turns of user and "
            "assistant after it",
            (
                "one system turn, as the first message; later ones into the user turn after them",
                "turns of a tool, or other roles, written into a user turn",
            ),
            known="the message is the template's own",
            settles=False,
        )
    is_gemma = "System role" in case.match[0]
    return Answer(
        "this chat template takes no system role"
        if is_gemma
        else "this chat template takes turns of user and assistant only",
        lines,
        why="the templates of Gemma 1 and 2 refuse it; those of Gemma 3 and 4 take it"
        if is_gemma
        else "templates of older Mistral models refuse a system turn, or a tool's, that way",
        known="the message is the template's own",
        of_gemma=is_gemma,
    )


# Not the source of a template, which holds the sentence too.
_NOT_QUOTED = r"(?<!raise_exception\(['\"])(?<!raise_exception\(\\['\"])"


KINDS: tuple[General, ...] = (
    General(
        "roles-must-alternate",
        rf"{_NOT_QUOTED}(?i:conversation roles must alternate)",
        _roles,
        {
            "jinja2.exceptions.TemplateError: Conversation roles must alternate user/": "merge",
            "max_steps=500\njinja2.exceptions.TemplateError: Conversation roles must alternate "
            "user/": ("a row does not keep to it"),
            "model.save_pretrained_gguf('x')  # for ollama\nTraceback (most recent call last):\n  "
            'File "/w/a.py", line 9, in f\n    tokenizer.apply_chat_template(m)\n'
            "jinja2.exceptions.TemplateError: Conversation roles must alternate user/": (
                "a row does not keep to it"
            ),
            "{{ raise_exception('Conversation roles must alternate user/assistant/') }}": "",
            'srv operator(): got exception: {"error":{"code":500,"message":"Error: Jinja Exception:'
            ' Conversation roles must alternate user/assistant/..."': "before they are sent",
        },
    ),
    General(
        "system-role",
        rf"{_NOT_QUOTED}(?:System role not supported|Only user and assistant roles are supported)",
        _system,
        {
            "jinja2.exceptions.TemplateError: System role not supported": "user turn",
            'File "/x/lm_eval/models/huggingface.py", line 1357, in apply_chat_template\n    '
            "x\njinja2.exceptions.TemplateError: System role not supported": "system_instruction",
            'File "/x/sglang/srt/openai_api/adapter.py", line 872, in v1_chat_generate\n    '
            "x\njinja2.exceptions.TemplateError: System role not supported": "--chat-template",
            "jinja2.exceptions.TemplateError: Only user and assistant roles are supported!": (
                "first user turn"
            ),
            "jinja2.exceptions.TemplateError: Only user and assistant roles are supported, with "
            "the "
            "exception of an initial optional system message!": "as the first message",
            "{% if a %}{{ raise_exception('System role not supported') }}{% endif %}": "",
            '"chat_template": "{{ raise_exception(\\"System role not supported\\") }}"': "",
        },
        alone=True,
    ),
)
