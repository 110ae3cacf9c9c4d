"""Tokenizers in directories made by hand, and live ones without transformers."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from gemma_compat import detect_facts
from gemma_compat.detect.tokenizer import (
    _BLOCK,
    _first_value,
    _largest_id,
    _Live,
    read_tokenizer,
)
from gemma_compat.errors import UsageError

TEMPLATE = "{{ bos_token }}{% for m in messages %}<start_of_turn>{{ m }}<end_of_turn>{% endfor %}"
ADDS = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<bos>", "type_id": 0}}]}


def folder(path: Path, config: Any = None, template: str | None = None, fast: Any = None) -> Path:
    if config is not None:
        (path / "tokenizer_config.json").write_text(json.dumps(config))
    if template is not None:
        (path / "chat_template.jinja").write_text(template)
    if fast is not None:
        (path / "tokenizer.json").write_text(json.dumps(fast, indent=2))
    return path


def test_a_directory(tmp_path: Path) -> None:
    config = {
        "add_bos_token": True,
        "bos_token": {"content": "<bos>"},
        "eos_token": "<eos>",
        "padding_side": "left",
        "chat_template": "not this one",
    }
    facts, reasons = read_tokenizer(folder(tmp_path, config, TEMPLATE))
    assert facts.to_dict() == {
        "adds_bos": True,
        "bos_token": "<bos>",
        "eos_token": "<eos>",
        "padding_side": "left",
        "chat_template": True,
        "template_writes_bos": True,
        "template_marks_generation": False,
        "template_takes_system": True,
        "turn_end": "<end_of_turn>",
    }
    assert not reasons


def test_a_tokenizer_without_a_maximum_length_is_read(tmp_path: Path) -> None:
    """transformers writes int(1e30) for it: a number of 31 digits."""
    facts, reasons = read_tokenizer(
        folder(tmp_path, {"model_max_length": int(1e30), "padding_side": "left"})
    )
    assert facts.padding_side == "left" and "tokenizer" not in reasons


@pytest.mark.parametrize(
    ("processor", "expected"),
    [
        (ADDS, True),
        ({"type": "Sequence", "processors": [ADDS]}, True),
        ({"type": "ByteLevel"}, False),
        (None, None),
    ],
)
def test_the_post_processor_says_where_the_config_does_not(
    tmp_path: Path, processor: Any, expected: bool | None
) -> None:
    fast = {"added_tokens": [], "post_processor": processor, "model": {"vocab": {}}}
    facts, reasons = read_tokenizer(folder(tmp_path, {"bos_token": "<bos>"}, fast=fast))
    assert facts.get("adds_bos") is expected
    assert ("tokenizer.adds_bos" in reasons) is (expected is None)


@pytest.mark.parametrize(
    ("template", "writes", "marks", "system", "end"),
    [
        (TEMPLATE, True, False, True, "<end_of_turn>"),
        ("{{- bos_token -}}{%- generation -%}x{%- endgeneration -%}", True, True, True, None),
        ("<bos>{{ m }}<turn|>", True, False, True, "<turn|>"),
        ("{{ raise_exception('System role not supported') }}", False, False, False, None),
        ("{# says generation #}{{ m }}", False, False, True, None),
    ],
)
def test_templates(
    tmp_path: Path, template: str, writes: bool, marks: bool, system: bool, end: str | None
) -> None:
    facts, _ = read_tokenizer(folder(tmp_path, {"bos_token": "<bos>"}, template))
    assert facts.template_writes_bos is writes
    assert facts.template_marks_generation is marks
    assert facts.template_takes_system is system
    assert facts.turn_end == end


def test_older_places_of_a_template(tmp_path: Path) -> None:
    named = [{"name": "tool", "template": "x"}, {"name": "default", "template": TEMPLATE}]
    assert read_tokenizer(folder(tmp_path, {"chat_template": named}))[0].template_writes_bos
    (tmp_path / "chat_template.json").write_text(json.dumps({"chat_template": "no"}))
    assert not read_tokenizer(tmp_path)[0].template_writes_bos


def test_no_template(tmp_path: Path) -> None:
    facts, reasons = read_tokenizer(folder(tmp_path, {"bos_token": None}))
    assert facts.chat_template is False and facts.bos_token is None
    assert reasons["tokenizer.turn_end"] == "there is no chat template"


@pytest.mark.parametrize("before", [0, _BLOCK - 60, 3 * _BLOCK - 5, 5 * _BLOCK])
def test_the_post_processor_is_found_in_any_block_and_no_further(
    tmp_path: Path, before: int
) -> None:
    """The name, or the value, may be cut in two. The vocabulary behind it is not read."""
    fast = {"added_tokens": "x" * before, "post_processor": ADDS, "model": "y" * 9 * _BLOCK}
    text = json.dumps(fast, indent=2).encode()
    blocks = [text[start : start + _BLOCK] for start in range(0, len(text), _BLOCK)]
    left = iter(blocks)
    assert _first_value(left) == ADDS
    assert len(blocks) - len(list(left)) <= before // _BLOCK + 2


def test_little_of_a_large_tokenizer_is_held_at_a_time(tmp_path: Path) -> None:
    """Gemma 3's added tokens take 1.2 MB before the post-processor."""
    fast = {"added_tokens": "x" * 1_200_000, "post_processor": ADDS, "model": "y" * 4_000_000}
    made = folder(tmp_path, fast=fast)
    read_tokenizer(made)
    tracemalloc.start()
    facts = read_tokenizer(made)[0]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert facts.known("adds_bos")
    assert peak < 600_000


@pytest.mark.parametrize("text", ["", "[1]", '{"post_processor": {', "\x00\xff", '{"a": 1}'])
def test_a_broken_fast_tokenizer_is_unknown(tmp_path: Path, text: str) -> None:
    (tmp_path / "tokenizer.json").write_text(text)
    assert not read_tokenizer(tmp_path)[0].known("adds_bos")


class Live:
    bos_token, eos_token, bos_token_id, padding_side = "<bos>", "<eos>", 2, "left"
    chat_template = TEMPLATE

    def __init__(self, adds: bool = True) -> None:
        self.adds = adds

    def __call__(self, text: str) -> dict[str, Any]:
        return {"input_ids": [2, 5] if self.adds else [5]}

    def get_vocab(self) -> dict[str, int]:
        return {"a": 5, "<bos>": 2, "<image_soft_token>": 262144}


class Fast:
    """A tokenizer of the tokenizers library, which counts its calls of ``get_vocab``."""

    def __init__(self, ids: Iterable[int], added: Iterable[int] = ()) -> None:
        self.ids, self.added, self.dicts = set(ids), dict.fromkeys(added), 0
        self.backend_tokenizer = self

    def get_vocab_size(self, with_added_tokens: bool) -> int:
        return len(self.ids | (self.added.keys() if with_added_tokens else set()))

    def get_added_tokens_decoder(self) -> dict[int, None]:
        return self.added

    def id_to_token(self, number: int) -> str | None:
        return "a" if number in self.ids or number in self.added else None

    def get_vocab(self) -> dict[str, int]:
        self.dicts += 1
        return {str(number): number for number in (*self.ids, *self.added)}


@pytest.mark.parametrize(
    ("fast", "largest", "dicts"),
    [
        (Fast(range(3000)), 2999, 0),
        (Fast(range(3000), added=[5, 3000, 3001]), 3001, 0),
        (Fast({*range(2990), *range(3000, 3010)}), 3009, 1),
        (Fast(range(0, 6000, 2)), 5998, 1),
        (Fast({*range(2999), 3005}), 3005, 1),
        (Fast([], added=[0, 1]), 1, 1),
    ],
)
def test_the_largest_id_needs_no_dict_of_a_vocabulary_without_gaps(
    fast: Fast, largest: int, dicts: int
) -> None:
    assert (_largest_id(_Live(fast, fast)), fast.dicts) == (largest, dicts)


class Processor:
    chat_template = "{{ bos_token }}<turn|>"

    def __init__(self) -> None:
        self.tokenizer = Live(adds=False)


def test_a_live_tokenizer() -> None:
    facts = detect_facts(tokenizer=Live()).tokenizer
    assert facts.adds_bos and facts.template_writes_bos and facts.largest_id == 262144
    assert facts.turn_end == "<end_of_turn>"


def test_a_processor_has_the_template() -> None:
    facts, _ = read_tokenizer(Processor())
    assert not facts.adds_bos and facts.turn_end == "<turn|>"


@pytest.mark.parametrize("given", [3, object(), "no/such/place"])
def test_what_is_no_tokenizer(given: Any) -> None:
    with pytest.raises(UsageError):
        read_tokenizer(given)


def test_beside_a_model(tmp_path: Path) -> None:
    folder(tmp_path, {"bos_token": "<bos>"}, TEMPLATE)
    (tmp_path / "config.json").write_text('{"model_type": "gemma3_text"}')
    assert detect_facts(str(tmp_path)).tokenizer.template_writes_bos
    (tmp_path / "tokenizer_config.json").write_text("{")
    facts = detect_facts(str(tmp_path))  # nobody asked for these files
    assert "tokenizer_config.json" in facts.reason("tokenizer.adds_bos")


def test_nothing_given() -> None:
    assert detect_facts().reason("tokenizer.adds_bos") == "no tokenizer was given"
