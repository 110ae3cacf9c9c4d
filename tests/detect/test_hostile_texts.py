"""Requirements and YAML that are no such thing: read at once, or one clear line."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from gemma_compat.detect.checkpoint import read_checkpoint
from gemma_compat.detect.foreign_yaml import read_yaml
from gemma_compat.detect.pins import find_pins
from gemma_compat.detect.requirements import read_requirements
from gemma_compat.errors import UsageError


def test_files_that_include_each_other_are_read_once(tmp_path: Path) -> None:
    """Ten lines that include the next of nine files would be a thousand million readings."""
    for number in range(9):
        text = f"-r {number + 1}.txt\n" * 10 + f"-r {number}.txt\n"
        (tmp_path / f"{number}.txt").write_text(text)
    (tmp_path / "9.txt").write_text("torch==2.6.0\n")
    assert read_requirements(str(tmp_path / "0.txt")).versions == {"torch": "2.6.0"}
    assert find_pins(str(tmp_path / "0.txt"))["torch"].line == 1


def test_more_files_than_any_project_has(tmp_path: Path) -> None:
    for number in range(200):
        (tmp_path / f"{number}.txt").write_text(f"-r {number + 1}.txt\n")
    with pytest.raises(UsageError, match="more than 100 files"):
        read_requirements(str(tmp_path / "0.txt"))


@pytest.mark.parametrize("piece", ["'a[", "/a@", "a[", " --hash=", "a==1;"])
def test_a_line_without_end_is_read_at_once(piece: str, tmp_path: Path) -> None:
    """Seconds of the processor, which patterns that grow with the square would take by the hour."""
    file = tmp_path / "requirements.txt"
    file.write_text("git+" + piece * 300_000 + "\ntorch==2.6.0\n")
    begun = time.process_time()
    assert read_requirements(str(file)).versions["torch"] == "2.6.0"
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[" * 5000 + "]" * 5000, ["[" * 4999 + "]" * 4999]),
        ("[ [ [1] ] ]", ["[ [1] ]"]),
        ("[a, 2, 'c']", ["a", 2, "c"]),
        ("9" * 5000, "9" * 5000),
        ("1e999", "1e999"),
        ("nan", "nan"),
        ("2e-4", 2e-4),
    ],
)
def test_a_value_of_yaml(text: str, value: Any) -> None:
    assert read_yaml(f"a: {text}") == {"a": value}


def test_headers_of_many_files_have_one_limit(tmp_path: Path) -> None:
    """A checkpoint of many files, each with a header just under the limit of one."""
    text = b'{"a": {"dtype": "BF16"}' + b" " * (3 << 20) + b"}"
    names = [f"{number}.safetensors" for number in range(8)]
    for name in names:
        (tmp_path / name).write_bytes(len(text).to_bytes(8, "little") + text)
    index = ",".join(f'"{name}": "{name}"' for name in names)
    (tmp_path / "model.safetensors.index.json").write_text(f'{{"weight_map": {{{index}}}}}')
    facts, reasons = read_checkpoint(tmp_path)
    assert not facts.known("names")
    assert "not a safetensors file" in reasons["checkpoint"]
