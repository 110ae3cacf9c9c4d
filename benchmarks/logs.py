"""What reading a log costs: CPU for each MB, as a multiple of an empty interpreter's.

A limit in ms would hold on one machine only. Where ``pass`` takes 10.4 ms, as where the first
figures were measured, a multiple of 1 is 100 MB/s.
"""

from __future__ import annotations

import io
import random
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from .figure import Figure

SIZE = 24_000_000  # bytes of each log; of those whose lines all differ the first 256 KB cost most
LIMIT = 1.0  # times an empty interpreter's CPU, for each 10^6 bytes


def measure(root: Path, rounds: int) -> Iterator[Figure]:
    """One figure for each kind of log, all rules looked for; the kinds take turns."""
    sys.path.insert(0, str(root))
    from gemma_compat._explain.explain import explain_log

    from .processes import Case  # which measures logs made here

    logs = {name: _log(make) for name, make in (_KINDS | _NOISE).items()}
    logs[_BINARY] = random.Random(0).randbytes(SIZE // 8) * 8
    costs: dict[str, list[float]] = {name: [] for name in logs}
    empty = Case(["-I", "-c", "pass"])
    for _ in range(max(3, rounds // 3)):
        for name, data in logs.items():
            empty.take_turn(root)
            start = time.process_time()
            explain_log(io.BytesIO(data))
            costs[name].append((time.process_time() - start) * 1e6 / len(data))
    for name, seen in costs.items():
        cost = statistics.median(seen)
        ratio = cost / statistics.median(empty.seconds)
        yield Figure(f"CPU for a MB of {name} / pass", ratio, LIMIT, "x", f"{1 / cost:.0f} MB/s")


def tracebacks() -> bytes:
    """Return a log that is nothing but tracebacks."""
    return _log(_tracebacks)


def _log(line: Callable[[random.Random, int], str]) -> bytes:
    """Lines until the size is reached, the same in every run."""
    dice, size = random.Random(0), 0
    lines: list[str] = []
    while size < SIZE // 8:
        lines.append(line(dice, len(lines)))
        size += len(lines[-1])
    return ("".join(lines) * 8).encode()


def _run(dice: random.Random, step: int) -> str:
    if step % 3 == 0:
        bar = f"{step % 100:3d}%|{'#' * (step % 10):<10}| {step}/90000"
        return f"\r{bar} [00:{step % 60:02d}<1:00:00]\n"
    loss, norm = dice.random(), dice.random()
    return f"{{'loss': {loss:.4f}, 'grad_norm': {norm:.6f}, 'epoch': {step / 9000:.2f}}}\n"


def _logger(dice: random.Random, step: int) -> str:
    name = dice.choice(("transformers.trainer", "accelerate.utils.other", "trl.trainer.utils"))
    text = dice.choice(
        ("Saving model checkpoint to ./out", "Gradient accumulation steps = 8", "model is loaded")
    )
    return f"2026-01-01 10:{step % 60:02d}:00,{step % 1000:03d} - INFO - {name} - {text}-{step}\n"


def _tracebacks(dice: random.Random, step: int) -> str:
    frame = (
        f'  File "/usr/lib/python3.11/site-packages/torch/nn/modules/module.py", line {step}, in'
    )
    call = "_call_impl\n    return forward_call(*args, **kwargs)\n"
    end = f"RuntimeError: shape mismatch at step {step}\n" if step % 20 == 0 else ""
    return f"{frame} {call}{end}"


def _words(dice: random.Random, step: int) -> str:
    return f"loss {step / 7:.3f} lr 2e-05 "


def _json(dice: random.Random, step: int) -> str:
    return f'{{"step": {step}, "loss": {dice.random():.4f}, "grad_norm": 1.5, "text": "a b"}}, '


def _base64(dice: random.Random, step: int) -> str:
    return "".join(dice.choices(_ALPHABET, k=76))


def _hexadecimal(dice: random.Random, step: int) -> str:
    return f"{dice.getrandbits(256):064x}\n"


def _progress(dice: random.Random, step: int) -> str:
    size = (
        f"{dice.random() * 5:.2f}G/4.99G [00:{step % 60:02d}<01:12, {dice.random() * 99:.1f}MB/s]"
    )
    end = "\n" if step % 100 == 99 else "\r"
    return f"model-{step % 12:05d}.safetensors: {step % 100}%|{'#' * (step % 10):<10}| {size}{end}"


def _floats(dice: random.Random, step: int) -> str:
    return ",".join(f"{dice.gauss(0, 1):.6f}" for _ in range(12)) + "\n"


def _chinese(dice: random.Random, step: int) -> str:
    return "".join(chr(dice.randrange(0x4E00, 0x5E00)) for _ in range(60)) + "\n"


def _random_words(dice: random.Random, step: int) -> str:
    words = ("".join(dice.choices(_LETTERS, k=dice.randint(2, 11))) for _ in range(10))
    return " ".join(words) + "\n"


def _base64_lines(dice: random.Random, step: int) -> str:
    return _base64(dice, step) + "\n"


def _dump(dice: random.Random, step: int) -> str:
    data = dice.randbytes(16)
    pairs = " ".join(data[at : at + 2].hex() for at in range(0, 16, 2))
    shown = "".join(chr(code) if 32 <= code < 127 else "." for code in data)
    return f"{step * 16:08x}: {pairs}  {shown}\n"


def _checksums(dice: random.Random, step: int) -> str:
    return f"{dice.getrandbits(256):064x}  ./data/part-{step:05d}.parquet\n"


def _uuids(dice: random.Random, step: int) -> str:
    return f"{uuid.UUID(int=dice.getrandbits(128))}\n"


def _addresses(dice: random.Random, step: int) -> str:
    host, token = "".join(dice.choices(_LETTERS, k=8)), "".join(dice.choices(_ALPHABET[:62], k=22))
    return f"https://{host}.example.com/{dice.getrandbits(64):x}?id={step}&token={token}\n"


def _another_traceback(dice: random.Random, step: int) -> str:
    name = "".join(dice.choices(_LETTERS, k=7))
    if step % 10 == 9:
        return f"ValueError: {name} is not valid\n"
    return (
        f'  File "/srv/{name}.py", line {step % 999}, in {name}\n    return self.{name}(request)\n'
    )


def _name(dice: random.Random, most: int = 9) -> str:
    return "".join(dice.choices(_LETTERS, k=dice.randint(1, most)))


def _source(dice: random.Random, step: int) -> str:
    """A line of C."""
    first, second, third = _name(dice), _name(dice), _name(dice, 4)
    return dice.choice(
        (
            f"    if ({first}->{third} != NULL && {second}({third}, {step % 64}) < 0)\n",
            f"static int {first}_{second}(struct {first} *{third}, size_t n)\n{{\n",
            f"        /* a {first} on the {second}, with 2 x {third} */\n",
            f"        return {first}[{third}] | {second.upper()};\n}}\n",
            f"#define {first.upper()}_{third.upper()} 0x{dice.getrandbits(32):08x}\n",
        )
    )


def _rows_of_sql(dice: random.Random, step: int) -> str:
    values = f"{step}, '{_name(dice)}', '{_name(dice)} {_name(dice)}', {dice.random() * 99:.2f}"
    return f"INSERT INTO orders (id, name, note, price) VALUES ({values}, NULL);\n"


def _minified(dice: random.Random, step: int) -> str:
    """A line of a script without blanks."""
    names = [_name(dice, 2) for _ in range(400)]
    calls = (f"{a}.{b}({c},{a}=>{a}?{b}:{c})" for a, b, c in zip(*[iter(names)] * 3, strict=False))
    return f"!function({names[0]}){{{';'.join(calls)}}}();\n"


def _stack(dice: random.Random, step: int) -> str:
    """A frame as debuggers print it."""
    name, at = f"{_name(dice)}_{_name(dice)}", f"{dice.getrandbits(44):016x}"
    return f"#{step % 40:<2} 0x{at} in {name} (self=0x{at[4:]}, n={step % 99}) from lib{name}.so\n"


def _prose(dice: random.Random, step: int) -> str:
    return " ".join(dice.choices(_OFTEN.split(), k=14)).capitalize() + ".\n"


_OFTEN = (
    "a a the the the of to and in on with my have using one that it is was for as are be this by"
    " not or from at which but his they all an were when there been more about other some than its"
    " time people way day thing man world life hand part child eye woman place work week case point"
    " said made found used asked felt left put 12 in 2024,"
)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_KINDS = {
    "a run's log (losses, progress bars)": _run,
    "a log of Python's logging": _logger,
    "one line of base64": _base64,
    "tracebacks without end": _tracebacks,
    "one line of words": _words,
    "one line of JSON": _json,
    "lines of hexadecimal digits": _hexadecimal,
}
_KINDS |= {"rows of floats": _floats, "lines of Chinese": _chinese}
_NOISE = {
    "bars drawn over each other": _progress,
    "random words": _random_words,
    "lines of base64": _base64_lines,
    "a dump of xxd": _dump,
    "a list of checksums": _checksums,
    "a list of UUIDs": _uuids,
    "addresses with tokens": _addresses,
    "tracebacks of other programs": _another_traceback,
    "source in C": _source,
    "rows of SQL": _rows_of_sql,
    "a minified script": _minified,
    "frames of a debugger": _stack,
    "English sentences": _prose,
}
_BINARY = "a binary file"
