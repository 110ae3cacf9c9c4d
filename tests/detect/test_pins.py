"""The line that states a package, in every kind of file that ``--requirements`` reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from gemma_compat.detect.packages import DISTRIBUTIONS
from gemma_compat.detect.pins import find_pins
from gemma_compat.detect.requirements import read_requirements

FILES = {
    "requirements.txt": (
        "# torch==1.0 is old\n"
        "torch==2.6.0 \\\n    --hash=sha256:trl\n"
        "trl>=0.20  # transformers==9\n"
        "Flash_Attn==2.7.4 ; python_version < '3.12'\n"
        "git+https://github.com/huggingface/peft.git@main\n",
        {"torch": 2, "trl": 4, "flash-attn": 5, "peft": 6},
    ),
    "uv.lock": (
        'version = 1\n[[package]]\nname = "transformers"\nversion = "4.50.3"\n'
        '[package.metadata]\nx = 1\n\n[[package]]\nname = "torch"\nversion = "2.6.0"\n',
        {"transformers": 3, "torch": 9},
    ),
    "environment.yml": (
        "name: x\ndependencies:\n  - pytorch=2.6.0\n  - pip:\n    - trl==0.16.0\n",
        {"torch": 3, "trl": 5},
    ),
    "freeze.txt": ("Package Version\n------- -------\npeft    0.15.0\n", {"peft": 3}),
}


@pytest.mark.parametrize("name", FILES)
def test_each_kind_of_file(name: str, tmp_path: Path) -> None:
    text, lines = FILES[name]
    path = tmp_path / name
    path.write_text(text)
    found = find_pins(str(path))
    assert {key: place.line for key, place in found.items()} == lines
    stated = read_requirements(str(path))
    assert found.keys() == {*stated.versions, *stated.open} & DISTRIBUTIONS.keys()


def test_an_included_file_is_named_itself(tmp_path: Path) -> None:
    (tmp_path / "base.txt").write_text("\ntransformers==4.50.3\n")
    (tmp_path / "requirements.txt").write_text("-r base.txt\ntrl==0.16.0\n")
    found = find_pins(str(tmp_path / "requirements.txt"))
    assert Path(found["transformers"].file).name == "base.txt" and found["transformers"].line == 2
    assert Path(found["trl"].file).name == "requirements.txt" and found["trl"].line == 2
