"""What ``patch`` itself costs, and what a patched training step costs.

Run as a program it measures in this process and prints one JSON object a line; ``measure`` starts
that program, so that torch never swells the process that measures memory.
"""

from __future__ import annotations

import compileall
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure
from benchmarks.processes import Case

_PATCH_LIMIT = 5.8  # times an empty interpreter
_SECOND_LIMIT = 7  # times a walk and a read
_STEP_LIMIT = 1.005  # beside the yardstick row, which shows how far equal steps lie apart
_CARRIERS = {"GC104"}  # patches that work in every step: their cost is stated, not limited
_STEPS = 30
_SIZES_27B = {
    "hidden_size": 5376,
    "intermediate_size": 21504,
    "num_hidden_layers": 62,
    "num_attention_heads": 32,
    "num_key_value_heads": 16,
    "head_dim": 128,
}
_SIZES_31B = {**_SIZES_27B, "num_hidden_layers": 60, "head_dim": 256}


def measure(root: Path) -> Iterator[Figure]:
    """The figures of a child process; one line that says so where torch is not installed."""
    missing = [name for name in ("torch", "transformers") if find_spec(name) is None]
    if missing:
        note = f"{' and '.join(missing)} not installed"
        yield Figure("patch() and training steps", None, None, "ms", note)
        return
    path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH", "")]))
    # The first patch imports a hundred modules; without bytecode it would compile them, which
    # only the very first use after an installation does.
    compileall.compile_dir(root / "gemma_compat", quiet=2)
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks.models"],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    for line in result.stdout.splitlines():
        yield Figure(**json.loads(line))


def main() -> None:
    """Measure here, one JSON object a line."""
    import torch

    torch.set_num_threads(1)
    for figure in (*_patching(), *_steps()):
        print(json.dumps(asdict(figure)), flush=True)


def _patching() -> Iterator[Figure]:
    """The first call in a fresh process, which finds rules and packages, and later ones."""
    import gemma_compat

    model = _large("Gemma3", _SIZES_27B)
    applied, wall, first = _cost(lambda: gemma_compat.patch(model))
    codes = ", ".join(applied.codes) or "nothing to patch"
    what = "first patch(model) in a process, Gemma 3 27B on meta"
    empty = Case(["-I", "-c", "pass"])
    for _ in range(7):
        empty.take_turn(Path.cwd())
    ratio = first / 1000 / statistics.median(empty.seconds)
    yield Figure(f"CPU of {what} / pass", ratio, _PATCH_LIMIT, "x", f"{first:.0f} ms; {codes}")
    yield Figure("the same by the clock", wall, None, "ms", "depends on what else the machine does")
    for name, sizes in (("Gemma3", _SIZES_27B), ("Gemma4", _SIZES_31B)):
        yield from _later(name, _large(name, sizes))
    yield from _with_a_tokenizer(_large("Gemma3", _SIZES_27B))


def _later(name: str, model: Any) -> Iterator[Figure]:
    """The first and the second patch of a model in a process that has patched before."""
    import gemma_compat

    _, _, first = _cost(lambda: gemma_compat.patch(model))
    second, floor = _least(
        lambda: gemma_compat.patch(model), lambda: _walk_and_read(model), turns=40
    )
    what = f"{name} as large as {len(list(model.modules())):,} modules"
    yield Figure(f"CPU of another patch, {what}", first, None, "ms")
    note = f"the walk and the read: {floor:.2f} ms"
    title = f"a second patch / a walk and a read, {what}"
    yield Figure(title, second / floor, _SECOND_LIMIT, "x", note)


def _least(*calls: Callable[[], Any], turns: int) -> list[float]:
    """Return the least CPU of each call in ms; they take turns, so that a busy spell hits all."""
    taken = [[_cost(call)[2] for call in calls] for _ in range(turns)]
    return [min(column) for column in zip(*taken, strict=True)]


def _walk_and_read(model: Any) -> None:
    """Visit every module and read the source of the model's class: nothing can cost less."""
    for _ in model.modules():
        pass
    Path(str(sys.modules[type(model).__module__].__file__)).read_bytes()


def _with_a_tokenizer(model: Any) -> Iterator[Figure]:
    import tokenizers
    import transformers

    import gemma_compat

    vocabulary = {f"t{number}": number for number in range(262_144)}
    vocabulary |= {"<bos>": 262_144}
    fast = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="t0"))
    made = transformers.PreTrainedTokenizerFast(tokenizer_object=fast, bos_token="<bos>")
    made("a")  # its first call prepares it
    gemma_compat.patch(model)
    plain = min(_cost(lambda: gemma_compat.patch(model))[2] for _ in range(5))
    both = min(_cost(lambda: gemma_compat.patch(model, tokenizer=made))[2] for _ in range(5))
    what = "CPU that a tokenizer of 262,144 entries adds to a patch"
    yield Figure(what, max(0.0, both - plain), None, "ms")


def _large(name: str, sizes: dict[str, int]) -> Any:
    import torch
    import transformers

    config = getattr(transformers, f"{name}Config")(text_config=dict(sizes))
    with torch.device("meta"):
        return getattr(transformers, f"{name}ForConditionalGeneration")(config)


def _cost(call: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return what a call returns, and its ms by the clock and of CPU."""
    wall, cpu = time.perf_counter(), _cpu_seconds()
    result = call()
    return result, (time.perf_counter() - wall) * 1000, (_cpu_seconds() - cpu) * 1000


def _cpu_seconds() -> float:
    """Of this process and of the children it has waited for (NVML is asked in one)."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _steps() -> Iterator[Figure]:
    """Training steps of tiny models, where any overhead shows most."""
    from tests import tiny

    yield Figure(
        "CPU of a step / the same step", _ratio("gemma2", False)[0], None, "x", "yardstick"
    )
    for name in ("gemma2", "gemma3_text", "gemma3n_text", "gemma4_text"):
        if name in tiny.available():
            ratio, codes = _ratio(name, patched=True)
            limit = None if _CARRIERS & set(codes) else _STEP_LIMIT
            note = ", ".join(codes) or "nothing to patch"
            yield Figure(f"CPU of a patched step / unpatched, tiny {name}", ratio, limit, "x", note)


def _ratio(name: str, patched: bool) -> tuple[float, tuple[str, ...]]:
    """Median CPU of the second of two equal models' steps over the first's, taking turns."""
    import gemma_compat
    from tests import tiny

    plain, other = tiny.build(name).train(), tiny.build(name).train()
    codes = gemma_compat.patch(other).codes if patched else ()
    batch = tiny.batch(name, size=4, tokens=128)
    steps = [_step(plain, batch), _step(other, batch)]
    seconds: tuple[list[float], list[float]] = ([], [])
    for turn in range(_STEPS + 3):
        for step, times in zip(steps, seconds, strict=True):
            began = time.process_time()
            step()
            if turn >= 3:  # the first ones warm up
                times.append(time.process_time() - began)
    return statistics.median(seconds[1]) / statistics.median(seconds[0]), codes


def _step(model: Any, batch: dict[str, Any]) -> Callable[[], None]:
    def step() -> None:
        model(**batch).loss.backward()
        model.zero_grad()

    return step


if __name__ == "__main__":
    main()
