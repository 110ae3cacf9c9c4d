"""What was given in place of a repository's name: a path, nothing, an address, an object."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case

_GIVEN = re.compile(
    r"(?:'namespace/repo_name'|length is 96|<class '[^'\n]{1,80}'>|in repo_id): "
    r"'(?P<it>[^'\n]{0,300})"
)
_OBJECT = re.compile(
    r"\w{3,60}(?:\(|\.\w{3,40} object at)|"
    r"<(?:class|[\w.]+ object|[\w.]+\.\w+)\b|\{['\"]|[\[{]$|\[['\"<]"
)
_PLACEHOLDER = re.compile(r"<[\w ./-]+>|\{[\w.]+\}|\[[\w ./-]+\]|\$\{?\w+\}?")
_ADDRESS = re.compile(
    r"https?://(?:[\w-]+\.)?(?:huggingface\.co|hf\.co|hf-mirror\.com)/(?:datasets/|spaces/)?"
    r"(?P<name>[\w.-]+(?:/[\w.-]+)?)"
)
_NONE = Answer(
    "no name is given: what should name a model or a folder is None",
    (
        "print the argument of from_pretrained   before the last line of your own script",
        "a field of a config or a variable of the environment that was not set gives None",
    ),
    known="the message has the value",
    settles=False,
)


def _object(given: str) -> Answer:
    return Answer(
        "an object is given where the name of a repository or a folder is wanted",
        (
            "the folder in which it was saved: model.save_pretrained(FOLDER), then "
            "from_pretrained(FOLDER)",
            "or the object to an argument that takes one: Trainer(model=model, "
            "processing_class=tokenizer)",
        ),
        known=f"the message has the value, which begins with {given[:30]}",
        settles=False,
    )


def no_name(case: Case) -> Answer:
    """Answer by what was given."""
    said = f"{case.hit.text}\n{case.hit.after[:300]}"
    found = _GIVEN.search(said)
    given = found["it"] if found else ""
    address = _ADDRESS.match(given)
    if "<class 'NoneType'>" in said or given == "None":
        return _NONE
    if address:
        return Answer(
            "the whole address of a page is given where the name of a repository is wanted",
            (f"{address['name']} alone, without what stands before it",),
            known="the message has the value",
        )
    if _PLACEHOLDER.fullmatch(given):
        return Answer(
            f"{given} stands where a name was to be filled in",
            ("OWNER/NAME of the page at huggingface.co, or the folder, in its place",),
            known="the message has the value",
            settles=False,
        )
    if _OBJECT.match(given):
        return _object(given)
    if re.fullmatch(r"(?!(?:cuda|mps|cpu|[A-Za-z]):)[\w.-]+:[\w.-]+", given):
        return Answer(
            f"{given} is a name of Ollama's, with a tag behind the colon, and not one of the Hub",
            ("OWNER/NAME of the page at huggingface.co, as google/gemma-3-4b-it for gemma3:4b",),
            known="the message has the value",
            settles=False,
        )
    if re.fullmatch(r"[^/\\\n]+(?:/[^/\\\n]+)?", given) and re.search(r"\s", given):
        return Answer(
            "the name of the repository has a blank, which no name of the Hub has",
            ("OWNER/NAME as its page shows it: the button beside the title copies it",),
            known="the message has the value",
        )
    return _path(given)


def _path(given: str) -> Answer:
    return Answer(
        "a path was taken for the name of a repository, most often since there is no such folder"
        if re.match(r"[/~.\\]|[A-Za-z]:|[^/]+/[^/]+/", given)
        else "what was given cannot be the name of a repository",
        (
            "ls -d PATH   from the folder in which the command runs",
            "or OWNER/NAME, with nothing before and after it",
        ),
        why="what is not a folder is looked up at the Hub, and names there have one slash at most",
        known="the message shows what was looked up" if given else "the message",
    )
