"""What tools write of a stack, besides requirements and lock files, is read whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from gemma_compat.detect.pins import find_pins
from gemma_compat.detect.requirements import read_requirements
from gemma_compat.errors import UsageError

WRITTEN = {
    "conda list --export": "_openmp_mutex=4.5=1\npytorch=2.6.0=py3.11_cuda12\npeft=0.15.2=pypi_0",
    "conda list --explicit": (
        "@EXPLICIT\nhttps://conda.anaconda.org/x/linux-64/pytorch-gpu-2.6.0-cuda126_303.conda#ab\n"
        "https://conda.anaconda.org/x/noarch/peft-0.15.2-pyhd8_0.tar.bz2\n"
    ),
    "pip list --format=json": (
        '[{"name": "torch", "version": "2.6.0"}, {"name": "peft", "version": "0.15.2"}]'
    ),
    "Pipfile.lock": (
        '{"_meta": {"sources": []}, "default": {"torch": {"version": "==2.6.0"},'
        ' "peft": {"hashes": [], "version": "==0.15.2"}}, "develop": {"trl": {"version": "==1.0"}}}'
    ),
    "wheels": (
        "torch @ https://download.pytorch.org/whl/torch-2.6.0-cp311-cp311-linux_x86_64.whl ; x\n"
        "https://files.pythonhosted.org/packages/peft-0.15.2-1-py3-none-any.whl\n"
    ),
    "options": "torch==2.6.0 --index-url https://download.pytorch.org/whl\npeft==0.15.2\n",
    "pyproject.toml": '[project]\nname = "x"\ndependencies = [\n"torch==2.6.0", "peft==0.15.2"]',
}


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])  # the last: of PowerShell
@pytest.mark.parametrize("tool", WRITTEN)
def test_what_a_tool_writes_is_read_whole(tool: str, coding: str, tmp_path: Path) -> None:
    file = tmp_path / ("pyproject.toml" if tool.endswith("toml") else "requirements.txt")
    file.write_text(WRITTEN[tool], encoding=coding)
    found = read_requirements(str(file))
    assert (found.versions, found.open) == ({"torch": "2.6.0", "peft": "0.15.2"}, {})
    assert find_pins(str(file)).keys() == {"torch", "peft"}


@pytest.mark.parametrize("text", ['{"default": ', "[{" * 9999, '{"default": 3}', '[{"name": 3}]'])
def test_json_of_another_shape_is_one_clear_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "Pipfile.lock").write_text(text)
    with pytest.raises(UsageError, match="not a JSON file|names no package"):
        read_requirements(str(tmp_path / "Pipfile.lock"))


def test_two_releases_for_two_machines_leave_it_open(tmp_path: Path) -> None:
    """As uv writes a fork; the first was taken for the stack's."""
    block = '[[package]]\nname = "{}"\nversion = "{}"\n'
    pairs = [("numpy", "2.2.6"), ("numpy", "2.4.1"), ("numpy", "2.2.6")]
    pairs += [("torch", "2.6.0"), ("torch", "2.6.0+cpu"), ("peft", "0.15.2")]
    (tmp_path / "uv.lock").write_text("\n".join(block.format(*pair) for pair in pairs))
    found = read_requirements(str(tmp_path / "uv.lock"))
    assert found.open == {"numpy": "2.2.6 or 2.4.1"}
    assert found.versions == {"torch": "2.6.0", "peft": "0.15.2"}
