"""GPUs by name: the tables are whole, and a text becomes the facts that it states."""

from __future__ import annotations

import json
import re

import pytest

from gemma_compat._cli import main
from gemma_compat.errors import UsageError
from gemma_compat.facts import Gpu
from gemma_compat.tables import gpus
from gemma_compat.tables.cards_table import CARDS
from gemma_compat.tables.gpu_tables import ARCHITECTURES
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
        assert "MI300X" in out and "TPU v5e" in out

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
        assert re.search(r"nearest: .*\bT4\b", capsys.readouterr().err)


# As people type them and as NVML gives them; with the card and the MiB that are meant.
_NAMES = [
    ("RTX 4070 Ti SUPER", "RTX 4070 Ti SUPER", 16384),
    ("NVIDIA GeForce RTX 4070 Ti SUPER", "RTX 4070 Ti SUPER", 16384),
    ("RTX 4070 Ti", "RTX 4070 Ti", 12288),
    ("RTX 4070", "RTX 4070", 12282),
    ("4080 Laptop", "RTX 4080 Laptop", 12288),
    ("NVIDIA GeForce RTX 4080 Laptop GPU", "RTX 4080 Laptop", 12288),
    ("RTX 4080 mobile", "RTX 4080 Laptop", 12288),
    ("RTX 2070 with Max-Q Design", "RTX 2070 Laptop", 8192),
    ("4090D", "RTX 4090 D", 24576),
    ("RTX 4090 Laptop GPU", "RTX 4090 Laptop", 16384),
    ("A800-80GB", "A800-80GB", 81920),
    ("NVIDIA A800-SXM4-80GB", "A800-80GB", 81920),
    ("H800", "H800-SXM", 81920),
    ("H20", "H20", 97871),
    ("H20-141GB", "H20-141GB", 144384),
    ("L20", "L20", 49152),
    ("L40", "L40", 49152),
    ("V100S", "V100S-32GB", 32768),
    ("Tesla V100S-PCIE-32GB", "V100S-32GB", 32768),
    ("Quadro RTX 8000", "Quadro RTX 8000", 49152),
    ("TITAN RTX", "TITAN RTX", 24576),
    ("TITAN V", "TITAN V", 12288),
    ("RTX 3090 Ti", "RTX 3090 Ti", 24576),
    ("RTX 5060 Ti 16GB", "RTX 5060 Ti-16GB", 16384),
    ("GTX 1660 Ti", "GTX 1660 Ti", 6144),
    ("GTX 750 Ti", "GTX 750 Ti", 2048),
    ("Tesla M60", "M60", 8192),
    ("NVIDIA RTX 5880 Ada Generation", "RTX 5880 Ada", 49152),
    ("B200", "B200", 183359),
    ("B300", "B300", 275040),
    ("RTX PRO 6000 Blackwell", "RTX PRO 6000", 97887),
    ("a100 80g", "A100-80GB", 81920),
    ("A100 PCIe 40 GB", "A100-40GB", 40960),
    ("Tesla V100 SXM2 32 GB", "V100-32GB", 32768),
    ("GTX 1070 Max-Q", "GTX 1070 Laptop", 8192),
    ("RTX 3050 Laptop 6GB", "RTX 3050 Laptop-6GB", 6144),
    ("RTX 2050", "RTX 2050", 4096),
    ("Quadro P5200", "P5200", 16384),
    ("RTX 500 Ada Laptop", "RTX 500 Ada Laptop", 4096),
    ("a100-40", "A100-40GB", 40960),
    ("4090 24gb", "RTX 4090", 24564),
    ("T4 16GB", "T4", 15360),
    ("H100 94GB", "H100-NVL", 95830),
    ("RTX 6000 48GB", "RTX 6000 Ada", 49140),
    ("2080ti 22g", "RTX 2080 Ti with 22 GB", 22528),
]


@pytest.mark.parametrize(("text", "name", "memory"), _NAMES)
def test_a_name_is_that_of_one_card(text, name, memory):
    (gpu,) = gpus.parse(text)
    assert (gpu.name, gpu.memory_total) == (name, memory)


@pytest.mark.parametrize("text", ["2xT4", "T4x2", "T4 x2", "2 * T4"])
def test_the_count_stands_before_or_after(text):
    assert [gpu.name for gpu in gpus.parse(text)] == ["T4", "T4"]


@pytest.mark.parametrize("text", ["a100 0g", "A100 9999GB", "a100-41", "T4 x", "x2"])
def test_a_size_or_count_that_says_nothing_is_no_card(text):
    with pytest.raises(UsageError):
        gpus.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "RTX 5060 Ti",
        "GTX 970M",
        "RTX 3050 Laptop",
        "RTX 3060",
        "RTX 3080",
        "RTX 3050",
        "A800",
        "A100",
    ],
)
def test_a_name_that_leaves_the_size_open_has_no_memory(text):
    (gpu,) = gpus.parse(text)
    assert gpu.name == text and not gpu.known("memory_total") and gpu.known("compute_capability")


@pytest.mark.parametrize("text", ["DGX Spark", "GB10", "Jetson Orin Nano", "Jetson AGX Thor"])
def test_memory_that_is_shared_with_the_cpu_is_not_stated(text):
    (gpu,) = gpus.parse(text)
    assert not gpu.known("memory_total") and gpu.known("compute_capability")


def test_one_name_of_two_generations_says_only_what_both_have():
    (gpu,) = gpus.parse("RTX 6000")
    assert not gpu.known("compute_capability") and not gpu.known("memory_total")


_OTHERS = """
MI50;MI100;MI210;MI250X;MI300X;MI300A;MI325X;MI355X;RX 7900 XTX;Radeon RX 6800 XT;RX 9070 XT
AMD Instinct MI300X;Radeon PRO W7900;M1 Max;Apple M4 Pro;Arc A770;Intel Arc B580;Gaudi 3;gfx942
TPU v2;TPU v5e;Google Cloud TPU v6e;TPU v7;Strix Halo;gfx1100;7900xtx;A770;v5p-8;TPU v3-8
M3 Max 64GB;MI300X 192GB;RX 6500 XT;RX 9070 GRE
"""


@pytest.mark.parametrize("text", re.split(r"[;\n]", _OTHERS.strip()))
def test_cards_of_other_makers(text):
    found = gpus.other_card(text)
    assert found is not None and found.maker in {"AMD", "Apple", "Google", "Intel"}
    named = gpus.named(f"2x{text}")
    assert named.gpus == () and named.others == (found, found) and named.unknown == ()


def test_memory_that_is_shared_is_what_the_name_says():
    assert gpus.other_card("M3 Max 64GB").memory == 64 and gpus.other_card("M3 Max").memory is None
    assert gpus.other_card("MI300X 100GB") is None


def test_a_name_is_never_that_of_another_makers_card():
    assert gpus.other_card("RTX 4090") is None and gpus.other_card("T4") is None
    assert gpus.other_card("M40") is None and gpus.other_card("") is None


@pytest.mark.parametrize("text", ["tpu", "Voodoo", "X999"])
def test_nothing_is_offered_from_another_line(text):
    with pytest.raises(UsageError, match="see gemma_compat gpu"):
        gpus.parse(text)


def test_one_unknown_card_does_not_refuse_a_report(capsys):
    found = gpus.named("T4,RTX 4095")
    assert [gpu.name for gpu in found.gpus] == ["T4", "RTX 4095"]
    assert not found.gpus[1].known("memory_total") and "nearest: RTX 4090" in found.unknown[0]
    stack = ["--with", "transformers==5.23.0,torch==2.13.0"]
    assert main(["report", "--model", "google/gemma-3-1b-it", "--gpu", "RTX 4095", *stack]) in {
        0,
        1,
    }
    assert "RTX 4095" in capsys.readouterr().out


def test_an_unknown_card_is_noted(capsys):
    main(["report", "--model", "google/gemma-3-1b-it", "--gpu", "RTX 4095"])
    note = "gemma_compat: note: no GPU is known as 'RTX 4095'; nearest: RTX 4090"
    assert capsys.readouterr().err.startswith(note)
    assert main(["memory", "--model", "google/gemma-3-1b-it", "--gpu", "RTX 4095"]) == 2
    assert "note" not in capsys.readouterr().err, "an error says it"
