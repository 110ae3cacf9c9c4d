"""What looks like a check of a framework and is none, or is another program's."""

from __future__ import annotations

import io

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat._explain.general import generals
from gemma_compat._explain.general.checks import Check, kind_of
from gemma_compat._explain.general.frameworks.llamafactory_templates import meant_by
from gemma_compat.report.explanation import render_text

_CHECKS = {item.name for item in generals() if item.name.startswith("check-of-")} | {
    "row-refused-by-swift",
    "setting-refused-by-swift",
    "row-refused-by-llamafactory",
    "setting-refused-by-llamafactory",
    "config-refused-by-axolotl",
    "setting-gone-from-axolotl",
}


def _names(text: str) -> set[str]:
    return {item.name for item in explain_log(io.BytesIO(text.encode())).generally}


def _of(file: str, error: str) -> str:
    return (
        f'Traceback (most recent call last):\n  File "/w/{file}", line 9, in f\n    raise error\n'
        f"{error}\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "NotFoundError: The model `gpt-5` does not exist or you do not have access to it.",
        _of("app.py", "ValueError: Allowed file types: png, jpg."),
        _of("app.py", "ValueError: only int4 and int8 are supported here"),
        _of("app.py", "ValueError: batch doesn't contain tensors"),
        _of("app.py", "RuntimeError: Expected a string, got 3"),
        _of("app.py", "RuntimeError: Failed to quantize a.bin to q8: no room"),
        _of("app.py", "ValueError: No file with name: a.json found in /data."),
        _of("app.py", "ValueError: Failed to detect model architecture"),
        _of("app.py", "AssertionError: Global batch size 10 is not divisible by dp size 4"),
        _of("app.py", "FileNotFoundError: Could not find model in /models/a"),
        _of("app.py", "KeyError: 'gemma is not supported yet. Only a are supported'"),
        _of("app.py", "ValueError: user_message: hello"),
        "[WARNING] Unable to find latest file at out/latest, if trying to load latest checkpoint\n"
        "{'loss': 1.2}\n{'loss': 1.1}\n",
        '    raise ValueError(f"reward_function {name} is not implemented in swift.plugin")',
    ],
)
def test_it_is_no_check_of_a_framework(text: str) -> None:
    assert not _names(text) & _CHECKS


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("[rank0]: ValueError: DeepSpeed is not compatible with MP.", "NPROC_PER_NODE"),
        ("**AssertionError:** num_media: 1, num_media_tags: 3, total_content: x", "3 placeholders"),
        ("ERROR 08-01 10:00:00 ValueError: Cannot find the config file for gptq", "gptq"),
        ("RuntimeError: launcher 'openmpi' not installed.", "openmpi"),
    ],
)
def test_a_check_is_found_in_other_dress(error: str, words: str) -> None:
    found = explain_log(io.BytesIO(f"{error}\n".encode()))
    assert words in " ".join(render_text(found, verbose=True).split())


def test_of_two_checks_the_first_answers_and_its_groups_are_filled() -> None:
    rows = (
        Check(r"has (?P<count>\d+) rows", "it has {count}", ("{count} at most",), ("", "")),
        Check(r"has \d", "it has some", ("none",), ("", "")),
    )
    kind = kind_of("made", "made", "said", rows)
    assert kind.text == r"has (?:\d+) rows|has \d" and list(kind.examples) == [""]


@pytest.mark.parametrize(
    ("name", "meant"),
    [("gemma-3", "gemma3"), ("Gemma_3n", "gemma3n"), ("qwen3", ""), ("gemma5", ""), ("phi3", "")],
)
def test_a_template_is_meant_only_where_its_figures_agree(name: str, meant: str) -> None:
    assert meant_by(name) == meant


@pytest.mark.parametrize(
    ("error", "not_said"),
    [
        ("ModuleNotFoundError: `synchronous` requires mlflow>=2.8.0", "module-missing"),
        (
            _of("gptqmodel/a.py", "FileNotFoundError: Offloaded tensor 'a.b' not found in offload"),
            "gguf-without-a-tensor",
        ),
        (
            _of("x/site-packages/swift/a.py", "ValueError: padding_free is not supported here"),
            "trl-refuses-the-pair",
        ),
        (
            _of(
                "x/site-packages/axolotl/a.py",
                "ValueError: hidden_size must be divisible by "
                "num_heads (got `hidden_size`: 10 and `num_heads`: 4).",
            ),
            "sizes-that-megatron-must-divide",
        ),
    ],
)
def test_a_message_of_one_program_is_not_answered_as_another_s(error: str, not_said: str) -> None:
    assert not_said not in _names(error)
