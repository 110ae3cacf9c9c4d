"""One warm process for one environment: reads cases, forks for each, writes rows' outcomes.

Importing torch and transformers takes seconds and an observation milliseconds, so they are
imported once. The fork gives every observation a fresh interpreter state: accelerate keeps
process-wide state, and a patch of a class would reach the next observation.

    python -m tests.evidence.machine.worker     # JSON lines on stdin, JSON lines on stdout
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
import traceback
from typing import Any

# A reproduction imports transformers itself; named here, they are warm before the first fork.
_WARM = ("torch", "transformers", "transformers.trainer", "accelerate", "peft")


def main() -> int:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print must not mix with the answers
    _warm_up()
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(observe_in_child(request)), file=answers, flush=True)
    return 0


def _warm_up() -> None:
    from importlib import import_module

    import torch

    torch.set_num_threads(1)
    for name in _WARM:
        try:
            import_module(name)
        except ImportError as error:  # a reproduction that needs it will say so
            print(f"not warm: {name}: {error}", file=sys.stderr)


def observe_in_child(request: dict[str, Any]) -> dict[str, Any]:
    """The outcome of one case; a crash or a timeout is an ``invalid`` outcome."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _answer_and_exit(request, writer)
    os.close(writer)
    text, timed_out = _read_until(reader, request["timeout"])
    if timed_out:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if timed_out:
        return _invalid(f"no answer within {request['timeout']} s")
    if not text:
        return _invalid(f"the process ended without an answer (wait status {status})")
    answer: dict[str, Any] = json.loads(text)
    return answer


def _answer_and_exit(request: dict[str, Any], writer: int) -> None:
    """In the child: observe, send the answer, and leave without any clean-up of the parent's."""
    try:
        answer = _observe(request)
    except BaseException as error:  # probe boundary: a reproduction that crashes is no evidence
        traceback.print_exc()
        answer = _invalid(f"{type(error).__name__}: {error}")
    with os.fdopen(writer, "w", encoding="utf-8") as pipe:
        json.dump(answer, pipe)
    os._exit(0)


def _observe(request: dict[str, Any]) -> dict[str, Any]:
    from ..observation import Case
    from .reproductions import load

    case = Case(request["model_type"], request["variant"], request["patched"])
    seen = load(request["code"]).observe(case)
    return {
        "outcome": "broken" if seen.broken else "working",
        "seen": _one_line(seen.seen),
        "facts": trim(seen.facts.to_dict()),
    }


def trim(facts: dict[str, Any]) -> dict[str, Any]:
    """Without what no rule reads and what belongs to this machine alone."""
    packages = {
        name: {"name": name, "version": item["version"]}
        for name, item in facts.get("packages", {}).items()
        if item and "version" in item
    }
    model = {key: value for key, value in facts.get("model", {}).items() if key != "configs"}
    return {
        "packages": {name: packages[name] for name in _RECORDED if name in packages},
        "model": model,
        "training": facts.get("training", {}),
        **{part: facts[part] for part in _PARTS if facts.get(part)},
        **_settings(facts),
    }


def _settings(facts: dict[str, Any]) -> dict[str, Any]:
    """What Unsloth says of itself, and whether there is no GPU; nothing else of this machine."""
    without = {"gpus": []} if facts.get("gpus") == [] else {}
    if "environment" not in facts:
        return without
    found = facts["environment"].items()
    unsloth = {name: value for name, value in found if name.startswith("UNSLOTH_")}
    return {**without, "environment": unsloth}


_PARTS = ("checkpoint", "adapter", "tokenizer")
_RECORDED = ("torch", "transformers", "accelerate", "peft", "trl", "bitsandbytes")


def _invalid(seen: str) -> dict[str, Any]:
    return {"outcome": "invalid", "seen": _one_line(seen), "facts": {}}


def _one_line(text: str) -> str:
    return " ".join(text.split())[:160]


def _read_until(descriptor: int, timeout: float) -> tuple[str, bool]:
    """Everything written until the pipe closes, and whether the time ran out first."""
    end = time.monotonic() + timeout
    parts: list[bytes] = []
    with os.fdopen(descriptor, "rb", buffering=0) as pipe:
        while True:
            ready, _, _ = select.select([pipe], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                return "", True
            part = pipe.read(65536)
            if not part:
                return b"".join(parts).decode("utf-8"), False
            parts.append(part)


if __name__ == "__main__":
    sys.exit(main())
