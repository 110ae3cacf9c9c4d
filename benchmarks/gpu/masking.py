"""Which GPUs are visible: our reading without CUDA against torch's, for each way to mask them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from .options import Options, Record, environment

_AT_ONCE = 6
_OURS = """
import json
from gemma_compat.detect import detect_facts
facts = detect_facts()
known = facts.known("gpus")
print(json.dumps({
    "uuids": [gpu.get("uuid") for gpu in facts.gpus] if known else None,
    "capabilities": [gpu.get("compute_capability") for gpu in facts.gpus] if known else None,
    "reason": facts.reason("gpus"),
}))
"""
# ``device_count`` may ask NVML; what counts is what the CUDA driver itself shows once it is up.
_TORCH = """
import json, torch
found = {"device_count": torch.cuda.device_count(), "uuids": [], "capabilities": [], "reason": ""}
try:
    torch.cuda.init()
    for index in range(torch._C._cuda_getDeviceCount()):
        device = torch.cuda.get_device_properties(index)
        found["uuids"].append("GPU-" + str(device.uuid))
        found["capabilities"].append([device.major, device.minor])
except (RuntimeError, AssertionError) as error:
    found["reason"] = str(error).splitlines()[0]
print(json.dumps(found))
"""


def measure(options: Options) -> Iterator[Record]:
    """One record for each case; ``agrees`` compares the lists of UUIDs, order included."""
    uuid = (_ask(_OURS, {}).get("uuids") or [None])[0]
    cases = list(_cases(uuid)) if not options.tiny else list(_cases(uuid))[:4]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(_compare, cases)


def _cases(uuid: str | None) -> Iterator[dict[str, str]]:
    """Environment variables of each case; those about a UUID only where there is a GPU."""
    yield {}
    values = ["", "-1", "0", "1", "0,1", "nonsense", "0,nonsense", "nonsense,0", "0,0", " 0 "]
    values += ["0,,1", "MIG-nonsense", "GPU-nonsense", "+0", "0x0", "00"]
    if uuid:
        values += [uuid, uuid[:12], "GPU-", uuid[4:], f"{uuid},{uuid}", f"{uuid},nonsense"]
        values += [f" {uuid}", uuid.upper(), f"0,{uuid}"]
    for value in values:
        yield {"CUDA_VISIBLE_DEVICES": value}
    for order in ("PCI_BUS_ID", "FASTEST_FIRST", "nonsense"):
        yield {"CUDA_VISIBLE_DEVICES": "0", "CUDA_DEVICE_ORDER": order}


def _compare(case: dict[str, str]) -> Record:
    ours, theirs = _ask(_OURS, case), _ask(_TORCH, case)
    failed = "failed" in ours or "failed" in theirs
    agrees = not failed and ours["uuids"] is not None and ours["uuids"] == theirs["uuids"]
    if agrees:
        agrees = [list(c) for c in ours["capabilities"]] == theirs["capabilities"]
    return {"case": case, "ours": ours, "torch": theirs, "agrees": agrees}


def _ask(code: str, case: dict[str, str]) -> Record:
    """What a fresh process prints on its last line, with these variables and no others of CUDA."""
    env = environment(**case)
    for name in {"CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"} - case.keys():
        env.pop(name, None)
    try:
        result = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60
        )
        answer: Record = json.loads(result.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return {"failed": (result.stderr.strip().splitlines() or ["no output"])[-1]}
    except subprocess.TimeoutExpired:
        return {"failed": "not finished within 60 s"}
    return answer
