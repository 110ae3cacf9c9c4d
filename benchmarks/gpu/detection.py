"""The machine as we see it, that seeing it leaves no trace of CUDA, and what it costs."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from .options import Options, Record, attempt, environment

LIMIT_MS, LIMIT_RATIO = 100, 30
_PACKAGES = ("torch", "transformers", "accelerate", "peft", "nvidia-ml-py", "flash-attn")
_OURS = """
import json, sys, time
began = time.perf_counter()
from gemma_compat.detect._deadline import Deadline
from gemma_compat.detect.gpu import GpuQuestion
reading = GpuQuestion(sys.path).answer(Deadline(3))
spent = time.perf_counter() - began
reason = reading.reasons.get("gpus")
answer = None if reason else [gpu.get("compute_capability") for gpu in reading.gpus]
print(json.dumps({"ms": spent * 1000, "answer": answer, "reason": reason}))
"""
_TORCH = """
import json, time
began = time.perf_counter()
import torch
imported = time.perf_counter() - began
count = torch.cuda.device_count() if torch.cuda.is_available() else 0
made = [torch.cuda.get_device_properties(index) for index in range(count)]
answer = [[item.major, item.minor] for item in made]
spent = time.perf_counter() - began
print(json.dumps({"ms": spent * 1000, "import_ms": imported * 1000, "answer": answer}))
"""
_FORK = """
import json, os, sys
from gemma_compat.detect import detect_facts
detect_facts()
maps = open("/proc/self/maps").read() if os.path.exists("/proc/self/maps") else ""
found = {"libcuda": "libcuda.so" in maps, "libnvidia_ml": "libnvidia-ml" in maps,
         "torch": "torch" in sys.modules}
child = os.fork()
if not child:
    import torch
    if torch.cuda.is_available():
        torch.ones(8, device="cuda").sum().item()
    os._exit(0)
found["fork_status"] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(json.dumps(found))
"""


def machine(options: Options) -> Iterator[Record]:
    """Versions, the GPUs, torch's kernels by file and by torch, and what detection loads."""
    yield {
        "python": ".".join(map(str, sys.version_info[:3])),
        "packages": {name: _version(name) for name in _PACKAGES},
    }
    yield attempt({"what": "facts"}, _facts)
    yield attempt({"what": "kernels"}, _kernels)
    yield attempt({"what": "traces"}, lambda: _child(_FORK))


def measure(options: Options) -> Iterator[Record]:
    """Cold processes, taking turns; the first of each reads the files from disk."""
    rounds = 2 if options.tiny else 7
    ours: list[Record] = []
    theirs: list[Record] = []
    for turn in range(rounds + 1):
        made = _child(_OURS), _child(_TORCH)
        if turn and options.remaining() > 0:
            ours.append(made[0])
            theirs.append(made[1])
    mine, other = (statistics.median(item["ms"] for item in runs) for runs in (ours, theirs))
    facts = _facts()
    yield {
        "card": ", ".join(str(gpu.get("name")) for gpu in facts["gpus"]),
        "date": time.strftime("%Y-%m-%d"),
        "ours_ms": round(mine, 1),
        "torch_ms": round(other, 1),
        "torch_import_ms": round(statistics.median(item["import_ms"] for item in theirs), 1),
        "ratio": round(other / mine, 1),
        "all_ours_ms": [round(item["ms"], 1) for item in ours],
        "all_torch_ms": [round(item["ms"], 1) for item in theirs],
        "answers": {"ours": ours[-1]["answer"], "torch": theirs[-1]["answer"]},
        "reason": ours[-1]["reason"],
        "limit_ms": LIMIT_MS,
        "limit_ratio": LIMIT_RATIO,
        "holds": mine <= LIMIT_MS and other / mine >= LIMIT_RATIO,
    }


def _facts() -> Record:
    """GPUs without their UUIDs, which are nobody's business in a committed table."""
    from gemma_compat.detect import detect_facts

    facts = detect_facts()
    gpus = [gpu.to_dict() for gpu in facts.gpus]
    for gpu in gpus:
        gpu.pop("uuid", None)
    return {
        "gpus": gpus,
        "driver": facts.get("driver"),
        "cuda_driver": facts.get("cuda_driver"),
        "torch": facts.torch.to_dict(),
        "reasons": dict(facts.reasons),
    }


def _kernels() -> Record:
    """The list read from torch's library against the one that torch returns."""
    from gemma_compat.detect.torch_build import read_torch_build

    build, reasons = read_torch_build(sys.path)
    read = list(build.get("arch_list", ())) if build.known("arch_list") else None
    import torch

    asked = getattr(torch._C, "_cuda_getArchFlags", lambda: None)()
    return {
        "from_file": read,
        "from_torch": asked.split() if asked else [],
        "agrees": read is not None and read == (asked or "").split(),
        "reason": reasons.get("torch.arch_list", ""),
    }


def _child(code: str) -> Record:
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, timeout=60
    )
    lines = result.stdout.strip().splitlines()
    if not lines:
        raise RuntimeError((result.stderr.strip().splitlines() or ["no output"])[-1])
    answer: Record = json.loads(lines[-1])
    return answer


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
