"""The shipped release data, and what a release says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

import gemma_compat
from gemma_compat import versions
from gemma_compat.advise import load_releases, support
from gemma_compat.advise.question import ORDER
from gemma_compat.data import releases as data
from tools import releases as tool

FILE = Path(gemma_compat.__file__).parent / "data" / "releases.jsonl"


def test_it_is_small() -> None:
    assert FILE.stat().st_size < 300_000


def test_packing_is_exact() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert tool.packed(tool.unpacked(text)) == text


def test_every_package_has_its_place_in_the_order() -> None:
    assert set(load_releases().names) == set(ORDER) == set(tool.PACKAGES)


def test_newest_first_and_no_pre_releases() -> None:
    for name in ORDER:
        found = [versions.parse(r.version) for r in load_releases().of(name)]
        assert found == sorted(found, reverse=True)
        assert not any(version.is_prerelease for version in found)


@pytest.mark.parametrize(
    ("name", "version", "pin"),
    [
        ("unsloth", "2026.10.9", ("transformers", "5.17.0")),
        ("transformers", "4.57.6", ("huggingface-hub", "0.36.0")),
        ("torch", "2.6.0", ("triton", "3.2.0")),
    ],
)
def test_pins(name: str, version: str, pin: tuple[str, str]) -> None:
    release = load_releases().get(name, version)
    assert release is not None
    specifier = dict(release.pins("3.11.7", ()))[pin[0]]
    assert versions.contains(specifier, pin[1])
    assert not versions.contains(specifier, "99")


def test_of_what_cuda_a_torch_is_built_for() -> None:
    found = {r.version: r.cuda for r in load_releases().of("torch")}
    assert (found["2.6.0"], found["2.10.0"], found["2.11.0"]) == ("12.4", "12.8", "13.0")


METADATA = """\
Name: transformers
Requires-Python: >=3.11
Requires-Dist: tokenizers<0.24,>=0.23.1
Requires-Dist: tqdm
Requires-Dist: triton==3.7.1; platform_system == "Linux"
Requires-Dist: nvidia-cuda-runtime-cu12==12.4.127; platform_system == "Linux"
Requires-Dist: torch>=2.6; extra == "torch"
Requires-Dist: accelerate>=1.1; extra == "all"

text
"""


def test_what_is_kept_of_the_metadata() -> None:
    assert tool._requirements(METADATA, {"torch"}) == {
        "requires": ["tokenizers<0.24,>=0.23.1", 'triton==3.7.1; platform_system == "Linux"'],
        "beside": ["torch>=2.6"],
        "python": ">=3.11",
        "cuda": "12.4",
    }


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a-1-py3-none-any.whl"], []),
        (["a-1-cp39-abi3-manylinux_2_17_x86_64.whl"], []),
        (["a-1-cp310-cp310-x.whl", "a-1-cp311-cp311-x.whl"], ["3.10", "3.11"]),
        (["a-1-cp313-cp313-x.whl", "a-1-cp314-cp314t-x.whl"], ["3.13"]),
    ],
)
def test_interpreters(names: list[str], expected: list[str]) -> None:
    assert tool._interpreters([{"filename": name} for name in names]) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2025.3.19", "2025.3.17"),  # both of 2025-03-26
        ("2025.8.2", "2025.8.3"),  # two of each on 2025-08-08
        ("2026.10.9", None),  # the newest
        ("1.0", None),
    ],
)
def test_what_an_unsloth_was_published_with(version: str, expected: str | None) -> None:
    assert load_releases().companion("unsloth", version, "unsloth-zoo") == expected


@pytest.mark.parametrize(
    ("model_type", "since"),
    [("gemma3", "0.5.7"), ("gemma4_text", "0.8.0"), ("gemma4", "0.8.1"), ("gemma3n", "")],
)
def test_since_when_liger_has_kernels(model_type: str, since: str) -> None:
    assert support.liger_since(model_type) == since


def test_an_unknown_model_has_no_answer_about_kernels() -> None:
    assert support.liger_since("gemma99") is None


def test_only_the_line_of_the_package_that_is_asked_about_is_parsed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    day, *packages = FILE.read_bytes().splitlines()
    broken = [line if b'"peft"' in line[:20] else line[:60] for line in packages]
    monkeypatch.setattr(data, "_lines", lambda: {data._name(x): x for x in broken} | {"": day})
    data.releases_of.cache_clear()
    try:
        assert "0.19.1" in data.releases_of("peft")
        assert data.releases_of("nothing") == {}
        with pytest.raises(ValueError):
            data.releases_of("trl")
    finally:
        data.releases_of.cache_clear()
