"""LiteRT-LM and MLC-LLM: what their small template engines and converters do not know."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always


def _no_method(case: Case) -> Answer | None:
    said = f"{case.around}{case.near}"
    if not re.search(r"(?i)litert|minijinja|jinja|chat.?template", said):
        return None
    return Answer(
        "the engine of templates in LiteRT-LM has no .get() of a mapping, which this chat template "
        "calls",
        (
            "message['role'] and 'tools' in message   in place of message.get(...), in "
            "chat_template, and bundle again",
            "or the bundle's own prompt template (LlmMetadata), without the Jinja one",
        ),
        why="it is a small engine in Rust, without the methods that Python's dict has",
        known="the message; that it is LiteRT-LM's, the text beside it says",
        certain=False,
        settles=False,
    )


_HOST = re.compile(r"https?://(?P<name>[\w.-]{3,80})")


def _no_credit(case: Case) -> Answer:
    """Answer a service that wants payment: the Hub's jobs, or another host that the line names."""
    host = _HOST.search(f"{case.hit.text}\n{case.hit.after[:300]}")
    known = "the status of the answer (402)"
    if host and not re.search(r"(?:huggingface\.co|hf\.(?:co|space))$", host["name"]):
        return Answer(
            f"{host['name']} wants payment: the account has no credit for this",
            ("the page of that service where the account's credits or its plan stand",),
            known=known,
            settles=False,
        )
    return Answer(
        "the service wants payment: the account has no credit for this",
        (
            "https://huggingface.co/settings/billing   credits, or a plan with jobs and inference"
            if host
            else "the billing page of that service; Hugging Face's: "
            "https://huggingface.co/settings/billing",
            "or train on a card of yours, Colab or Kaggle",
        ),
        known=known,
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "template-engine-without-get",
        r"unknown method: map has no method named get|map has no method named \w{2,20}|"
        r"uses map\.get\(\)",
        _no_method,
        {
            "LiteRT-LM's Jinja rejects: `unknown method: map has no method named get`": "in place",
            "Our tokenizer_config uses map.get(), unsupported by litert_lm's Jinja engine: garbage "
            "output": "LlmMetadata",
        },
        alone=True,
    ),
    General(
        "litert-engine-of-an-older-binding",
        r"Engine\(\): incompatible (?:function|constructor) arguments",
        always(
            "this litert_lm is older than the call: its Engine takes no such argument",
            "pip install -U litert-lm   (a Python that it has wheels for: 3.10 to 3.13)",
            why="older releases are bound by pybind11 with a fixed list of arguments; 0.11 has a "
            "class in Python that takes more, enable_speculative_decoding among them",
            known="the message is pybind11's; the releases are from a report, not read here",
            certain=False,
            settles=False,
        ),
        {"TypeError: Engine(): incompatible function arguments": "litert-lm"},
        alone=True,
    ),
    General(
        "mlc-knows-no-such-model",
        r"Unknown model type: (?P<name>gemma\w{0,20}|paligemma\w{0,9})",
        lambda case: (
            Answer(
                f"this MLC-LLM does not know the model type {case.match['name']}",
                (
                    "a newer MLC-LLM (its nightly wheels), where it has the model",
                    "or another runtime for the device: GGUF (llama.cpp), LiteRT-LM",
                ),
                why="each architecture is a module of mlc_llm.model, which comes with a release",
                known="the message; which release has it, it does not say",
                certain=False,
                settles=False,
            )
            if re.search(r"(?i)\bmlc", f"{case.around}{case.near}")
            else None
        ),
        {
            "MLC-LLM: Nightly still errors `ValueError: Unknown model type: gemma4`.": "GGUF",
            "ValueError: Unknown model type: gemma4": "",
        },
        alone=True,
    ),
    General(
        "jobs-without-credit",
        r"402 (?:Client Error: )?Payment Required",
        _no_credit,
        {
            "Error: Client error '402 Payment Required' for url "
            "'https://huggingface.co/api/jobs/me'": "billing",
            "requests.exceptions.HTTPError: 402 Client Error: Payment Required for url: "
            "https://openrouter.ai/api/v1/chat/completions": "openrouter.ai wants payment",
        },
        alone=True,
    ),
)
