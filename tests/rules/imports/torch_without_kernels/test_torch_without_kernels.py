from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import UNKNOWN, Facts, Gpu
from gemma_compat.rules import find
from tests.conftest import A100, B200, H100, KERNELS, L4, T4, V100, facts_for
from tests.rules.made import answer

RULE = find("GC903")
CU128 = ("sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120", "compute_120")
RTX_5090 = Gpu(name="NVIDIA GeForce RTX 5090", compute_capability=(12, 0))
GB10 = Gpu(name="NVIDIA GB10", compute_capability=(12, 1))
B300 = Gpu(name="NVIDIA B300 SXM6 AC", compute_capability=(10, 3))
NEXT = Gpu(name="next year's", compute_capability=(13, 0))


def contract_facts() -> Iterator[Facts]:
    for model_type in RULE.model_types:
        for gpus in ((), (B200,), (H100,)):
            yield facts_for(model_type, "5.5.0", gpus=gpus)


def made(*gpus: Gpu, **torch: Any) -> Facts:
    facts = facts_for("gemma3", gpus=gpus)
    return facts.replace(torch=facts.torch.replace(**torch))


@pytest.mark.parametrize(
    ("gpu", "arch_list", "expected"),
    [
        (H100, KERNELS, "no"),
        (L4, KERNELS, "no"),  # sm_86 runs on 8.9
        (T4, KERNELS, "no"),
        (B200, KERNELS, "fires"),
        (RTX_5090, KERNELS, "fires"),
        (RTX_5090, CU128, "no"),
        (GB10, CU128, "no"),
        (B300, CU128, "no"),
        (V100, CU128, "fires"),
        (NEXT, CU128, "no"),  # compiled on the spot from compute_120
        (NEXT, CU128[:-1], "fires"),
        (H100, ("sm_90a",), "no"),
        (B300, ("sm_100a",), "fires"),
        (B300, ("sm_100f",), "no"),
        (A100, ("sm_86",), "fires"),  # not on an older minor number
        (H100, ("compute_80",), "no"),
        (H100, ("compute_80a",), "fires"),
        (H100, (), "fires"),
        (H100, ("nonsense",), "fires"),
    ],
)
def test_kernels(gpu, arch_list, expected):
    assert answer(RULE, made(gpu, arch_list=arch_list)) == expected


@pytest.mark.parametrize(
    ("gpu", "cuda", "expected"),
    [
        (B200, "12.4", "fires"),
        (B200, "12.8", "? torch.arch_list"),
        (B300, "12.8", "fires"),
        (V100, "13.0", "fires"),
        (V100, "12.8", "? torch.arch_list"),
        (H100, "12.6.1", "? torch.arch_list"),
        (NEXT, "12.6", "? torch.arch_list"),
        (H100, None, "fires"),
        (H100, UNKNOWN, "? torch.arch_list"),
    ],
)
def test_without_a_list_the_cuda_release_decides_what_it_can(gpu, cuda, expected):
    assert answer(RULE, made(gpu, cuda=cuda, arch_list=UNKNOWN)) == expected


def test_a_build_without_cuda():
    facts = made(H100, version="2.13.0+cpu", cuda=None, arch_list=())
    assert "is built without CUDA" in RULE.describe(facts).message
    assert answer(RULE, facts) == "fires"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"gpus": ()}, "no"),
        ({"gpus": UNKNOWN}, "? gpus"),
        ({"gpus": (Gpu(name="?"),)}, "? gpus.compute_capability"),
        ({"gpus": (H100, B200)}, "fires"),
    ],
)
def test_gpus(changes, expected):
    assert answer(RULE, facts_for("gemma3").replace(**changes)) == expected


def test_torch_is_not_installed():
    assert answer(RULE, facts_for("gemma3", gpus=(B200,), packages={"torch": None})) == "no"


@pytest.mark.parametrize(("gpu", "wheel"), [(RTX_5090, "cu128"), (V100, "cu126")])
def test_the_help_names_a_build_that_has_them(gpu, wheel):
    assert wheel in RULE.describe(made(gpu, arch_list=("sm_80",))).help
