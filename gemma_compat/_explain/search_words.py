"""Choose the words of an error to search for: its fixed part, and nothing of the user's own."""

from __future__ import annotations

import re

_MOST = 90  # characters
# What differs from run to run, or says something of whose run it is.
_VARIES = re.compile(
    r"https?://\S+|\S+@\S+|(?:[A-Za-z]:)?[\w.~-]*[/\\][^\s'\"`,;)]*|0x[0-9a-fA-F]+|"
    r"(?:[\"`]|(?<!\w)'|\b[bBrRuUfF]{1,2}')(?:[^\"'`\n]|(?<=\w)'(?=\w)){0,200}[\"'`]|[\[({][^\])}\n]{0,200}[\])}]|"
    r"(?<!\w)-?\d[\w.,:%x-]*|[\[\](){}<>=\"`|]|(?<!\w)'|'(?!\w)"  # "isn't" is one word
)
_NAME = re.compile(r"(?:[\"`]|(?<!\w)')([A-Za-z_][\w.]{2,60})[\"'`]")
_STOPS = re.compile(r"(?<=[\w)])[.;!?](?=\s|$)|\n")


def search_words(kind: str, message: str, package: str, own_names: bool) -> str:
    """Return what to type into a search: the package, and the fixed words; in quotes without gaps.

    Args:
        kind: the exception's class.
        message: its text.
        package: the module that raised it; empty where it is unknown.
        own_names: whether names that it quotes may be the user's own, and are left out.
    """
    if not own_names:
        message = _NAME.sub(r"\1", message)
    parts = [part.strip(" ,:;.-–—?!…") for part in _VARIES.split(_first_sentence(message))]
    parts = [part for part in parts if re.search(r"\w{2}", part)]
    if len(parts) == 1 and len(parts[0].split()) > 1:
        text = f'"{_cut(parts[0])}"'
    else:  # of a text with gaps, a search for the whole of it finds nothing
        text = _cut(" ".join(parts if len(parts) > 1 else [kind, *parts]))
    return f"{package} {text or kind}".strip()


def _cut(text: str) -> str:
    """Return the text's first words, a line of them at most."""
    while len(text) > _MOST and " " in text:
        text = text.rpartition(" ")[0]
    return text.rstrip(" ,:;")


def _first_sentence(message: str) -> str:
    """Return the first sentence that has more than two words, without the line breaks in it."""
    parts = [part.strip() for part in _STOPS.split(message) if len(part.split()) > 2]
    return parts[0] if parts else message
