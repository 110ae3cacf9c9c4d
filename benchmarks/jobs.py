"""What one report for a job costs: ``report --merge`` over the facts of 100 to 10,000 nodes."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .figure import Figure
from .processes import Case, MiB

SIZES = (100, 1_000, 10_000)
MEMORY, LINEAR = 100.0, 1.5  # MiB for any number of nodes; growth over that of their number
RATIOS = {100: None, 1_000: 180.0, 10_000: 1_800.0}  # times an empty interpreter
_PACKAGES = (
    "accelerate==1.15.0 datasets==4.8.5 huggingface-hub==1.33.0 numpy==2.4.6 peft==0.21.2 "
    "safetensors==0.8.0 tokenizers==0.23.3 torch==2.13.0 torchvision==0.28.0 "
    "transformers==5.23.0 triton==3.7.1 trl==1.16.0 bitsandbytes==0.50.2 nvidia-ml-py==13.590.48"
)
_ABSENT = "deepspeed flash-attn liger-kernel sentencepiece torchao unsloth unsloth-zoo xformers"


def measure(root: Path) -> Iterator[Figure]:
    """For equal and for distinct nodes: CPU, peak memory, and growth from size to size.

    The same limits hold for both: nodes that differ are judged by what rules read of them.
    """
    for kind, change in _KINDS.items():
        before: tuple[int, float] | None = None
        for count in SIZES:
            seconds, peak, ratio = _merge(root, count, change)
            what = f"--merge of {count:,} nodes, {kind}"
            yield Figure(f"CPU of {what}", seconds, None, "s")
            yield Figure(f"{what} / pass", ratio, RATIOS[count], "x")
            yield Figure(f"peak memory of {what}", peak, MEMORY, "MiB")
            if before is not None:
                growth = seconds / before[1] / (count / before[0])
                yield Figure(f"time of {what} / linear growth", growth, LINEAR, "x")
            before = (count, seconds)


def _merge(root: Path, count: int, change: Callable[[dict[str, Any], int], None]) -> Any:
    """CPU seconds and peak MiB of one cold process, and its CPU over an empty interpreter's."""
    with tempfile.TemporaryDirectory() as folder:
        names = [_write(Path(folder), number, change) for number in range(count)]
        case = Case(["-m", "gemma_compat", "report", "--merge", *names])
        # The package is found there, since ``-m`` looks in the working directory first.
        (Path(folder) / "gemma_compat").symlink_to(root / "gemma_compat")
        case.take_turn(Path(folder))
        empty = Case(["-I", "-c", "pass"])
        for _ in range(7):
            empty.take_turn(Path(folder))
        base = statistics.median(empty.seconds)
        return case.seconds[-1], case.peak / MiB, case.seconds[-1] / base


def _write(folder: Path, number: int, change: Callable[[dict[str, Any], int], None]) -> str:
    from gemma_compat import __version__

    facts = facts_of_a_node()
    change(facts, number)
    document = {"schema_version": 1, "tool_version": __version__, "facts": facts}
    name = f"node{number:05d}.json"
    (folder / name).write_text(json.dumps(document, indent=2))
    return name


def facts_of_a_node() -> dict[str, Any]:
    """Of a node with eight H100s and a stack for TRL; no model, so that every Gemma is judged."""
    packages: dict[str, Any] = dict.fromkeys(_ABSENT.split())
    for pin in _PACKAGES.split():
        name, _, version = pin.partition("==")
        packages[name] = {"name": name, "version": version, "editable": False}
    gpu = {
        "name": "NVIDIA H100 80GB HBM3",
        "architecture": "Hopper",
        "compute_capability": [9, 0],
        "memory_total": 81559,
        "ecc": True,
        "mig": False,
    }
    return {
        "python": "3.11.7",
        "platform": "linux",
        "packages": packages,
        "torch": {"version": "2.13.0+cu126", "cuda": "12.6", "hip": None, "arch_list": ["sm_90"]},
        "gpus": [{"index": index, "memory_free": 80_000, **gpu} for index in range(8)],
        "other_gpus": [],
        "driver": "570.86.10",
        "cuda_driver": "12.8",
        "environment": {"NCCL_SOCKET_IFNAME": "eth0", "OMP_NUM_THREADS": "8"},
        "imports": {"torch": "not tried", "transformers": "not tried"},
        "reasons": {"model": "no model was given", "training": "no arguments were given"},
    }


def make_equal(facts: dict[str, Any], number: int) -> None:
    for gpu in facts["gpus"]:
        gpu["memory_free"] -= number % 1000  # moves, and takes no part


def make_distinct(facts: dict[str, Any], number: int) -> None:
    """Another driver, and other releases of packages that rules ask about, on every node."""
    facts["driver"] = f"570.{number}"
    facts["packages"]["transformers"]["version"] = f"4.{number % 60}.{number // 60}"
    facts["packages"]["trl"]["version"] = f"0.{number}.0"
    facts["environment"]["NCCL_SOCKET_IFNAME"] = f"eth{number}"


_KINDS: dict[str, Callable[[dict[str, Any], int], None]] = {
    "all equal": make_equal,
    "all distinct": make_distinct,
}

if __name__ == "__main__":
    for figure in measure(Path(__file__).resolve().parent.parent):
        print(figure, flush=True)
    sys.exit(0)
