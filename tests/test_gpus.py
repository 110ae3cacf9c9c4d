"""GPUs by name: the tables are whole, and a text becomes the facts that it states."""

from __future__ import annotations

import json
import re

import pytest

from gemma_compat._cli import main
from gemma_compat.errors import UsageError
from gemma_compat.facts import Gpu
from gemma_compat.tables import gpus
from gemma_compat.tables.gpu_tables import ARCHITECTURES, CARDS
from tests import conftest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "T4",
            [
                Gpu(
                    index=0,
                    name="T4",
                    architecture="Turing",
                    compute_capability=(7, 5),
                    memory_total=15360,
                )
            ],
        ),
        ("sm_75", [Gpu(index=0, architecture="Turing", compute_capability=(7, 5))]),
        ("12.0", [Gpu(index=0, architecture="Blackwell", compute_capability=(12, 0))]),
        ("sm_90a", [Gpu(index=0, architecture="Hopper", compute_capability=(9, 0))]),
        ("100", [Gpu(index=0, architecture="Blackwell", compute_capability=(10, 0))]),
        # the name leaves the memory open
        ("a100", [Gpu(index=0, name="A100", architecture="Ampere", compute_capability=(8, 0))]),
        ("H100", [Gpu(index=0, name="H100", architecture="Hopper", compute_capability=(9, 0))]),
        (
            "H100-80GB",
            [
                Gpu(
                    index=0,
                    name="H100",
                    architecture="Hopper",
                    compute_capability=(9, 0),
                    memory_total=81559,
                )
            ],
        ),
        (
            "GB10",
            [
                Gpu(
                    index=0,
                    name="GB10",
                    architecture="Blackwell (GB10)",
                    compute_capability=(12, 1),
                )
            ],
        ),
        (
            "NVIDIA GeForce RTX 4090",
            [
                Gpu(
                    index=0,
                    name="RTX 4090",
                    architecture="Ada Lovelace",
                    compute_capability=(8, 9),
                    memory_total=24564,
                )
            ],
        ),
        ("none", []),
    ],
)
def test_parse(text, expected):
    assert gpus.parse(text) == tuple(expected)


@pytest.mark.parametrize("text", ["2xA100-80GB", "2 x a100-80gb", "2*A100-80GB"])
def test_several(text):
    first, second = gpus.parse(text)
    assert (first.index, second.index) == (0, 1)
    assert first.memory_total == second.memory_total == 81920


def test_a_mixture_counts_on():
    assert [(g.index, g.name) for g in gpus.parse("2xL4, T4")] == [(0, "L4"), (1, "L4"), (2, "T4")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("H1000", "no GPU is known as 'H1000'; nearest: H200"),
        ("RTX 4095", "nearest: RTX 4090"),
        ("Voodoo", "no GPU is known as 'Voodoo'; see gemma_compat gpu"),
        ("", "names no GPUs"),
        ("T4,", "names no GPUs"),
        ("0xT4", "names no GPUs"),
        ("9999xT4", "names no GPUs"),
        ("3.5", "no architecture is known as '3.5'; known: 6.0"),
        ("sm_999", "no architecture is known as 'sm_999'"),
    ],
)
def test_what_is_not_known_is_said(text, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        gpus.parse(text)


@pytest.mark.parametrize("gpu", [g for g in vars(conftest).values() if isinstance(g, Gpu)])
def test_names_as_nvml_gives_them(gpu):
    (card,) = gpus.cards(gpu.name)
    assert card.compute_capability == gpu.compute_capability
    assert card.memory_total == gpu.memory_total


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_a_card_is_found_by_its_own_name_only(card):
    assert gpus.cards(card.name) == (card,)
    assert gpus.architecture(card.compute_capability)


@pytest.mark.parametrize("item", ARCHITECTURES, ids=lambda item: item.sm)
def test_every_figure_has_its_source(item):
    stated = ("fp16", "bf16", "fp8", "flash_attention_2", "shared_memory_per_block", "first_cuda")
    for name in stated:
        assert (getattr(item, name) is None) == (name not in item.sources), name
    assert item.meaning.endswith(".")


@pytest.mark.parametrize(
    ("capability", "shared", "kinds"),
    [
        ((6, 0), 49152, ""),
        ((7, 0), 98304, "fp16"),
        ((7, 5), 65536, "fp16"),
        ((8, 0), 166912, "fp16 bf16"),
        ((8, 6), 101376, "fp16 bf16"),
        ((8, 9), 101376, "fp16 bf16 fp8"),
        ((9, 0), 232448, "fp16 bf16 fp8"),
        ((10, 0), 232448, "fp16 bf16 fp8"),
        ((12, 0), 101376, "fp16 bf16 fp8"),
    ],
)
def test_figures_of_the_programming_guide(capability, shared, kinds):
    item = gpus.architecture(capability)
    assert item.shared_memory_per_block == shared
    assert [kind for kind in ("fp16", "bf16", "fp8") if getattr(item, kind)] == kinds.split()


class TestCommand:
    def test_a_card(self, capsys):
        assert main(["gpu", "t4"]) == 0
        out = capsys.readouterr().out
        assert "T4: Turing" in out
        assert "bfloat16 tensor cores     no" in out
        assert "CUDA Programming Guide" in out

    def test_the_list_names_every_card(self, capsys):
        assert main(["gpu"]) == 0
        out = capsys.readouterr().out
        assert all(f"      {card.name}" in out for card in CARDS)

    def test_unknown_is_said(self, capsys):
        assert main(["gpu", "GB10", "--format", "markdown"]) == 0
        out = capsys.readouterr().out
        assert "| memory | unknown | - |" in out
        assert "| FlashAttention 2 | unknown: no source found | - |" in out

    def test_json(self, capsys):
        assert main(["gpu", "A100", "--format", "json"]) == 0
        data = json.loads(capsys.readouterr().out)
        assert [card["memory_total_mib"] for card in data["cards"]] == [40960, 81920]
        assert data["architecture"]["sources"].keys() >= {"bf16", "compute_capability"}

    @pytest.mark.parametrize("form", ["text", "json", "markdown"])
    def test_every_format_of_the_list(self, form, capsys):
        assert main(["gpu", "--format", form]) == 0
        assert "RTX PRO 6000" in capsys.readouterr().out

    def test_a_typo_is_exit_status_2(self, capsys):
        assert main(["gpu", "T5"]) == 2
        assert "nearest: T4" in capsys.readouterr().err
