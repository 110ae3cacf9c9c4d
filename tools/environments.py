"""Environments with other releases, as overlays: directories to put on ``PYTHONPATH``.

    python -m tools.environments 4.50.3 5.23.0    build those; prints where each is
    python -m tools.environments unsloth          those for Unsloth on a CPU
    python -m tools.environments trl-1.16.0 datasets    one package each, to go with those
    python -m tools.environments notebook         what executes the example notebooks

An overlay holds transformers with its dependencies, and the accelerate and peft that fit it, on
top of the one torch of this interpreter. That takes 250 MB and 20 seconds a release, where a
virtual environment with a second torch takes gigabytes. A finished overlay is left alone; one
that was interrupted, or that was built from other pins or for another Python, is built anew.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".environments"
CONSTRAINT = ROOT / "requirements" / "torch.txt"

# What fits each major release of transformers; installed without their dependencies, among
# which is torch.
COMPANIONS = {
    "4": ("accelerate==1.5.2", "peft==0.15.2"),
    "5": ("accelerate==1.15.0", "peft==0.21.2"),
}
DATASETS = "datasets==4.8.5"
NOTEBOOK = ("ipykernel==7.4.0", "nbclient==0.11.0")
# Unsloth and what it imports beside these, by the transformers that it runs on; without the parts
# that do not train. Kernels are only needed for its GPU code path.
UNSLOTH = {
    "5.17.0": ("unsloth==2026.10.9", "unsloth_zoo==2026.10.9", "trl==1.15.0"),
    "4.50.3": ("unsloth==2025.3.19", "unsloth_zoo==2025.3.17", "trl==0.15.2"),
}
_UNSLOTH_IMPORTS = (
    "cut_cross_entropy==25.1.1",
    "einops==0.8.2",
    "pillow==13.0.0",
    "protobuf==7.36.2",
    "sentencepiece==0.2.3",
)
KERNELS = ("triton==3.9.0", "bitsandbytes==0.50.2")
_STAMP = ".pins"


class EnvironmentFailed(Exception):
    """A release could not be installed; the message says why, in one line."""


def ensure_overlay(transformers: str) -> Path:
    """Return the overlay of this transformers with accelerate and peft; build it if it is
    missing.
    """
    companions = COMPANIONS.get(transformers.partition(".")[0])
    if companions is None:
        raise EnvironmentFailed(f"transformers {transformers}: only 4.x and 5.x are supported")
    steps = ([f"transformers=={transformers}"], ["--no-deps", *companions])
    return _ensure(f"transformers-{transformers}", steps)


def ensure_companion(name: str, version: str) -> Path:
    """Return a directory with this package without its dependencies; build it if it is missing."""
    return _ensure(f"{name}-{version}", (["--no-deps", f"{name}=={version}"],))


def ensure_datasets() -> Path:
    """Return what TRL needs beside an overlay. Put it last on the path: the overlay's hub
    must win.
    """
    return _ensure("datasets", ([DATASETS],))


def ensure_notebook() -> Path:
    """Return what executes notebooks. Put it last on the path, as ``datasets``."""
    return _ensure("notebook", (list(NOTEBOOK),))


def ensure_unsloth(transformers: str, kernels: bool = False) -> list[Path]:
    """Return the overlays that make up Unsloth on this transformers, in the order of the path.

    Args:
        transformers: a key of :data:`UNSLOTH`.
        kernels: with triton and bitsandbytes (1.2 GB), for its GPU code path.
    """
    name = UNSLOTH[transformers][0].replace("==", "-")
    parts = [_ensure(name, (["--no-deps", *UNSLOTH[transformers], *_UNSLOTH_IMPORTS],))]
    if kernels:
        parts.append(_ensure("kernels", (["--no-deps", *KERNELS],)))
    return [*parts, ensure_overlay(transformers), ensure_datasets()]


def _ensure(name: str, steps: Sequence[Sequence[str]]) -> Path:
    """Return ``HOME/name``, made by one pip call for each of ``steps``. Processes may race
    for it.
    """
    target, partial = HOME / name, HOME / f"{name}.partial"
    wanted = _pins(steps)
    with _lock(HOME / f".{name}.lock"):
        if _stamp(target) == wanted:
            return target
        for leftover in (target, partial):
            shutil.rmtree(leftover, ignore_errors=True)
        print(f"building {target.relative_to(ROOT)} ...", file=sys.stderr, flush=True)
        for step in steps:
            _install(partial, step)
        (partial / _STAMP).write_text(wanted, encoding="utf-8")
        partial.rename(target)  # only now is it there: an interrupted one never is
    return target


def _install(target: Path, arguments: Sequence[str]) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-warn-conflicts"]
    command += ["--constraint", str(CONSTRAINT), "--target", str(target), *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        lines = [line for line in result.stderr.splitlines() if line.startswith("ERROR")]
        wanted = " ".join(item for item in arguments if not item.startswith("--"))
        reason = (lines or result.stderr.strip().splitlines() or ["pip failed"])[-1]
        raise EnvironmentFailed(f"{wanted} cannot be installed: {reason.removeprefix('ERROR: ')}")


def _pins(steps: Sequence[Sequence[str]]) -> str:
    """Return what an overlay was built from and for, one line each."""
    python = f"python {sys.version_info.major}.{sys.version_info.minor}"
    return "\n".join([python, *(" ".join(step) for step in steps)]) + "\n"


def _stamp(target: Path) -> str | None:
    try:
        return (target / _STAMP).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


@contextmanager
def _lock(file: Path) -> Iterator[None]:
    """Let one process in at a time; the system releases the lock when a process dies."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _label(asked: str) -> str:
    return f"transformers {asked}" if asked[:1].isdigit() else asked


def overlays(asked: str) -> list[Path]:
    """Return the overlays for one word of the command line: ``5.23.0``, ``trl-1.16.0`` or a
    name.
    """
    if asked == "unsloth":
        return ensure_unsloth("5.17.0")
    if asked == "datasets":
        return [ensure_datasets()]
    if asked == "notebook":
        return [ensure_notebook()]
    name, dash, version = asked.rpartition("-")
    if name == "transformers":
        return [ensure_overlay(version)]
    if dash and version[:1].isdigit():
        return [ensure_companion(name, version)]
    return [ensure_overlay(asked)]


def main(versions: Sequence[str]) -> int:
    """Build every one of them; 1 if one failed, after all were tried."""
    failed = False
    for version in versions:
        try:
            print(f"{_label(version)}:", *(path.relative_to(ROOT) for path in overlays(version)))
        except EnvironmentFailed as error:
            failed = True
            print(f"environments: error: {error}", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
