"""Unsloth and what it needs, as a directory to carry to a GPU machine without a network.

    python -m tools.unsloth_site .gpu-site --python 3.12

For a machine that has torch, triton, transformers, accelerate, peft, pandas and pyarrow. Of
bitsandbytes only the libraries for CUDA 13.0 and for the CPU are kept, of Unsloth only what
trains: 35 MB instead of 400.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = (
    "unsloth==2026.10.9",
    "unsloth_zoo==2026.10.9",
    "trl==1.15.0",
    "datasets==4.8.5",
    "dill==0.4.1",
    "multiprocess==0.70.19",
    "bitsandbytes==0.50.2",
    "cut_cross_entropy==25.1.1",
    "pydantic==2.14.3",
    "pydantic_core==2.50.4",
    "annotated_types==0.8.0",
    "typing_inspection==0.4.5",
)
NEVER_USED = ("studio", "unsloth_cli", "bin", "tests", "share")
LIBRARIES = ("libbitsandbytes_cuda130.so", "libbitsandbytes_cpu.so")
PLATFORMS = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_24", "manylinux_2_17")


def main() -> int:
    """Build the directory anew; prints its size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path)
    parser.add_argument("--python", default="3.12")
    options = parser.parse_args()
    shutil.rmtree(options.target, ignore_errors=True)
    _install(options.target, options.python)
    _cut(options.target)
    size = sum(file.stat().st_size for file in options.target.rglob("*") if file.is_file())
    print(f"{options.target}: {size / 2**20:.0f} MiB")
    return 0


def _install(target: Path, python: str) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
    command += ["--only-binary=:all:", "--python-version", python, "--implementation", "cp"]
    for platform in PLATFORMS:
        command += ["--platform", f"{platform}_x86_64"]
    subprocess.run([*command, "--target", str(target), *PACKAGES], check=True)


def _cut(target: Path) -> None:
    for name in NEVER_USED:
        shutil.rmtree(target / name, ignore_errors=True)
    for library in (target / "bitsandbytes").glob("*.so"):
        if library.name not in LIBRARIES:
            library.unlink()
    for cache in target.rglob("__pycache__"):
        shutil.rmtree(cache)


if __name__ == "__main__":
    sys.exit(main())
