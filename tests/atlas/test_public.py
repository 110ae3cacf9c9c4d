"""Tracebacks of public issues that state their releases, which are kept out of the input.

``public.json``: the issue, what it states, and the frames as facts (file, line, function, source
line; paths cut to the package). A stated release may be wrong: a notebook whose kernel is older
than its packages, a list from another environment. Such issues are named here with what was found.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from gemma_compat.atlas import Answer, read_off, read_tracebacks

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "public.json").read_text(encoding="utf-8")
)
# The frames are those of another release than the issue states; read in the wheels.
CONTRADICTED = {
    "huggingface/transformers#36503": "import_utils.py:1510 is 4.40's, not 4.49.0's",
    "huggingface/transformers#33774": "tokenization_auto.py:897 is 4.44's; 4.45.0 has it at 907",
    "huggingface/peft#3333": "0.19.1 does not import HybridCache; 0.16.0 to 0.17.1 do, in line 37",
    "sgl-project/sglang#3385": "both frames are 4.48's",
    "vllm-project/vllm#12189": "five frames are torch 2.5's, of four files",
}
# The notebook shows files that were replaced under the running kernel: nothing can be read off.
REPLACED = {"huggingface/transformers#36068"}


@lru_cache(maxsize=None)
def answer(number: int) -> Answer:
    return read_off(read_tracebacks(CASES[number]["lines"]))


def named(number: int) -> list[tuple[str, tuple[str, ...], bool]]:
    """For each stated package: the stated release, those named, and whether they fit exactly."""
    fits = {fit.package: fit for fit in answer(number).fits}
    return [
        (stated, fits[package].releases, fits[package].exact)
        for package, stated in CASES[number]["stated"].items()
        if package in fits
    ]


def is_among(stated: str, releases: tuple[str, ...]) -> bool:
    return any(item == stated or item.startswith(f"{stated}.") for item in releases)


SOUND = [
    number for number, case in enumerate(CASES) if case["issue"] not in {*CONTRADICTED, *REPLACED}
]


def test_there_are_as_many_as_there_should_be() -> None:
    assert len(CASES) >= 70 and len({case["issue"] for case in CASES}) == len(CASES)
    assert set(CONTRADICTED) <= {case["issue"] for case in CASES}


def test_the_true_release_is_among_those_named() -> None:
    right = [n for n in SOUND if named(n) and all(is_among(s, r) for s, r, _ in named(n))]
    missed = [CASES[n]["issue"] for n in SOUND if n not in right]
    assert len(right) / len(SOUND) >= 55 / 60, missed


def test_most_name_four_at_most() -> None:
    few = [n for n in SOUND if named(n) and all(len(r) <= 4 for _, r, _ in named(n))]
    assert len(few) / len(SOUND) >= 45 / 60


@pytest.mark.parametrize("number", SOUND, ids=lambda n: CASES[n]["issue"])
def test_no_single_release_is_false(number: int) -> None:
    for stated, releases, exact in named(number):
        assert not (exact and len(releases) == 1) or is_among(stated, releases)


@pytest.mark.parametrize("issue", sorted(CONTRADICTED))
def test_a_contradiction_is_said(issue: str) -> None:
    case = next(case for case in CASES if case["issue"] == issue)
    found = read_off(read_tracebacks(case["lines"]), case["stated"]).contradictions
    assert found, case["stated"]
