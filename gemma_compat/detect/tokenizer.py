"""A tokenizer and its chat template, from a live object or from the files beside a model.

A Gemma's ``tokenizer.json`` has 33 MB, nearly all of it vocabulary. What is wanted stands before
that, so the file is read only as far as that. Nothing is imported, and a template is never
rendered: its text tells what it writes.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

from .. import _files
from ..errors import UnknownFact, UsageError
from ..facts import TokenizerFacts
from ..values import Value
from ._ask import ask
from ._json import read_object
from .checkpoint import folder_of

Reading = tuple[TokenizerFacts, dict[str, str]]

_CONFIG, _FAST = "tokenizer_config.json", "tokenizer.json"
_HEAD = 8 * 2**20  # bytes of tokenizer.json; Gemma 3's 6,400 added tokens take 1.2 MB
_BLOCK = 2**16  # bytes that are read at a time
_SPOTS = 256  # ids that are looked at, to see whether they have gaps
_POST_PROCESSOR = rb'"post_processor"\s*:\s*'
_GENERATION = r"\{%[-+]?\s*generation\s*[-+]?%\}"
_WRITES_BOS = r"\{\{[-+]?[^{}]*\bbos_token\b"
_NO_SYSTEM = r"raise_exception\(\s*['\"]System role not supported"
_TURN_ENDS = ("<end_of_turn>", "<turn|>")


def read_tokenizer(tokenizer: Any, model: Any = None) -> Reading:
    """Return the facts of a tokenizer, and why some are unknown.

    Args:
        tokenizer: a live tokenizer or processor, a directory, or ``None``.
        model: as for ``read_model``; its directory is read where no tokenizer is given.

    Raises:
        UsageError: a directory without a tokenizer, or an object that is not a tokenizer.
    """
    if tokenizer is None:
        return _beside(model)
    if isinstance(tokenizer, (str, os.PathLike)):
        folder = os.fspath(tokenizer)
        if not _holds_one(folder):
            raise UsageError(f"{folder}: has no {_CONFIG} and no {_FAST}")
        return _read_files(folder)
    live = getattr(tokenizer, "tokenizer", None) or tokenizer  # a processor holds one
    if not hasattr(live, "bos_token") or not callable(live):
        raise UsageError(f"a tokenizer or a processor, not {type(tokenizer).__name__}")
    answers, reasons = ask("tokenizer", _OF_LIVE, _Live(tokenizer, live))
    return TokenizerFacts(**answers), reasons


def _beside(model: Any) -> Reading:
    try:
        folder = folder_of(model)
    except UnknownFact:
        return TokenizerFacts(), {"tokenizer": "no tokenizer was given"}
    if not _holds_one(folder):
        return TokenizerFacts(), {"tokenizer": f"there is no {_CONFIG} in {folder}"}
    try:
        return _read_files(folder)
    except UsageError as error:  # the user did not name these files
        return TokenizerFacts(), {"tokenizer": str(error)}


def _holds_one(folder: str) -> bool:
    return any(os.path.isfile(os.path.join(folder, name)) for name in (_CONFIG, _FAST))


# A directory.


class _Files(Value):
    """The directory and what its ``tokenizer_config.json`` says, nothing where there is none."""

    folder: str
    config: Mapping[str, Any]

    def stated(self, name: str) -> Any:
        if name not in self.config:
            raise UnknownFact("tokenizer", f"{_CONFIG} does not state {name}")
        return self.config[name]


def _read_files(folder: str) -> Reading:
    path = os.path.join(folder, _CONFIG)
    files = _Files(folder, read_object(path) if os.path.isfile(path) else {})
    answers, reasons = ask("tokenizer", _OF_FILES, files)
    return TokenizerFacts(**answers), reasons


def _adds_bos(files: _Files) -> bool:
    """Return whether a BOS is added: by the post-processor, in older files by the config."""
    processor = _post_processor(os.path.join(files.folder, _FAST))
    stated = files.config.get("add_bos_token")
    if isinstance(stated, bool):
        return stated
    if not isinstance(processor, dict):
        raise UnknownFact("tokenizer", f"neither {_CONFIG} nor {_FAST} says whether <bos> is added")
    return _token(files.config.get("bos_token")) in _special_tokens(processor)


def _post_processor(path: str) -> Any:
    """Return the entry of that name in ``tokenizer.json``; ``None`` where there is none."""
    if not os.path.isfile(path):
        return None
    try:
        with _files.opened(path) as file:
            return _first_value(iter(lambda: file.read(_BLOCK), b""))
    except OSError:
        return None


def _first_value(blocks: Iterable[bytes]) -> Any:
    """Return what follows the name in these blocks, reading no further than its end."""
    head = b""
    for block in islice(blocks, _HEAD // _BLOCK):
        head += block
        found = re.search(_POST_PROCESSOR, head)
        if found is None:
            head = head[-_BLOCK:]  # the name may be cut in two
            continue
        try:
            text = head[found.end() :].decode("utf-8", "replace")
            return json.JSONDecoder().raw_decode(text)[0]
        except (ValueError, RecursionError):
            head = head[found.start() :]  # cut off, so far
    return None


def _special_tokens(processor: Mapping[str, Any]) -> set[Any]:
    """Return the tokens that a ``TemplateProcessing`` puts around one text."""
    parts = [processor, *processor.get("processors", ())]
    steps = [step for part in parts for step in part.get("single", ()) if isinstance(step, dict)]
    return {step["SpecialToken"].get("id") for step in steps if "SpecialToken" in step}


def _template_in(files: _Files) -> str | None:
    """Return the template from its separate file, else from the config."""
    path = os.path.join(files.folder, "chat_template.jinja")
    if os.path.isfile(path):
        try:
            return _files.read_text(path, _files.TEMPLATE)
        except OSError as error:
            raise UnknownFact("tokenizer", f"{path}: {error.strerror or error}") from error
    older = os.path.join(files.folder, "chat_template.json")
    found = read_object(older) if os.path.isfile(older) else files.config
    return _default_template(found.get("chat_template"))


# A live object.


class _Live(Value):
    """What was given (perhaps a processor, whose template wins), and the tokenizer in it."""

    outer: Any
    tokenizer: Any


def _encodes_with_bos(live: _Live) -> bool:
    bos = live.tokenizer.bos_token_id
    return bos is not None and list(live.tokenizer("a")["input_ids"])[:1] == [bos]


def _largest_id(live: _Live) -> int:
    """Return the largest id. A dict of all 262,144 tokens is made only where ids may have gaps."""
    fast = getattr(live.tokenizer, "backend_tokenizer", None)
    if fast is None:
        return int(max(live.tokenizer.get_vocab().values()))
    size, added = fast.get_vocab_size(with_added_tokens=False), fast.get_added_tokens_decoder()
    inside = [*range(0, size, max(1, size // _SPOTS)), size - 1]
    past = [number for number in range(size, size + _SPOTS) if number not in added]
    tokens = [fast.id_to_token(number) for number in (*inside, *past)]
    if size and None not in tokens[: len(inside)] and not any(tokens[len(inside) :]):
        return int(max((size - 1, *added)))
    return int(max(live.tokenizer.get_vocab().values()))


def _template_of(live: _Live) -> str | None:
    found = getattr(live.outer, "chat_template", None)
    return _default_template(found or getattr(live.tokenizer, "chat_template", None))


# Both.


def _token(value: Any) -> str | None:
    """Return a token, which may be written as an object with its ``content``."""
    if isinstance(value, Mapping):
        value = value.get("content")
    return None if value is None else str(value)


def _default_template(found: Any) -> str | None:
    """Return the template; of several named ones, the one called ``default``."""
    if isinstance(found, list):
        found = {item.get("name"): item.get("template") for item in found}
    if isinstance(found, Mapping):
        found = found.get("default")
    return None if found is None else str(found)


def _of_template(
    template_in: Callable[[Any], str | None], bos_in: Callable[[Any], str | None]
) -> dict[str, Callable[[Any], Any]]:
    """Return the facts that the text of a template states."""

    def text(source: Any) -> str:
        found = template_in(source)
        if found is None:
            raise UnknownFact("tokenizer", "there is no chat template")
        return found

    def writes_bos(source: Any) -> bool:
        found, bos = text(source), bos_in(source)
        return bool(re.search(_WRITES_BOS, found)) or (bos is not None and bos in found)

    return {
        "chat_template": lambda source: template_in(source) is not None,
        "template_writes_bos": writes_bos,
        "template_marks_generation": lambda source: bool(re.search(_GENERATION, text(source))),
        "template_takes_system": lambda source: not re.search(_NO_SYSTEM, text(source)),
        "turn_end": lambda source: next((t for t in _TURN_ENDS if t in text(source)), None),
    }


_OF_FILES: dict[str, Callable[[_Files], Any]] = {
    "padding_side": lambda files: str(files.stated("padding_side")),
    "adds_bos": _adds_bos,
    "bos_token": lambda files: _token(files.stated("bos_token")),
    "eos_token": lambda files: _token(files.stated("eos_token")),
    **_of_template(_template_in, lambda files: _token(files.config.get("bos_token"))),
}
_OF_LIVE: dict[str, Callable[[_Live], Any]] = {
    "padding_side": lambda live: str(live.tokenizer.padding_side),
    "adds_bos": _encodes_with_bos,
    "bos_token": lambda live: _token(live.tokenizer.bos_token),
    "eos_token": lambda live: _token(live.tokenizer.eos_token),
    "largest_id": _largest_id,
    **_of_template(_template_of, lambda live: _token(live.tokenizer.bos_token)),
}
