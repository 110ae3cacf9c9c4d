"""CUDA libraries that do not fit torch: what was found, compared. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts import Facts
from .gate import Remark
from .rule import Severity

NAME = "library-mismatch"


def mismatches(facts: Facts) -> Iterator[Remark]:
    """Yield a remark for each library that is another one than torch was built for.

    Nothing is said where a stack is assumed: the libraries are those of this machine.
    """
    if facts.assumed:
        return
    for name in ("cuDNN", "NCCL"):
        yield from _of_wheel(name, facts.libraries)
    yield from _bitsandbytes(facts)
    yield from _toolkit(facts)


def _of_wheel(name: str, libraries: dict[str, str]) -> Iterator[Remark]:
    wanted = libraries.get(f"{name} for torch")
    if wanted is None:
        return
    loaded, installed = libraries.get(f"{name} loaded"), libraries.get(name)
    beside = libraries.get(f"{name} on LD_LIBRARY_PATH")
    if loaded is not None and not _same(loaded, wanted):
        text = f"{name} {loaded} is loaded; this torch was built with {wanted}"
        yield Remark(NAME, Severity.WARNING, text, _again(beside))
    elif installed is not None and installed != wanted:
        text = f"{name} {installed} is installed; this torch was built with {wanted}"
        yield Remark(NAME, Severity.WARNING, text, _again(None))
    elif loaded is None and beside is not None and not _same(beside, wanted):
        text = f"LD_LIBRARY_PATH holds {name} {beside}; this torch was built with {wanted}"
        yield Remark(NAME, Severity.NOTICE, text, "see which one is loaded: --probe")


def _again(beside: str | None) -> str:
    if beside is not None:
        return "take its folder off LD_LIBRARY_PATH"
    return "install torch again, with the packages that it requires"


def _bitsandbytes(facts: Facts) -> Iterator[Remark]:
    """Say that there is no library for torch's CUDA; a release may then refuse or take another."""
    builds, cuda = facts.libraries.get("bitsandbytes for CUDA"), facts.torch.get("cuda")
    chosen = "BNB_CUDA_VERSION" in facts.get("environment", {})
    if builds is None or cuda is None or chosen or _short(cuda) in builds.split(", "):
        return
    text = f"bitsandbytes has libraries for CUDA {builds}; this torch is built for {cuda}"
    yield Remark(NAME, Severity.WARNING, text, "see whether it works: --probe; or another release")


def _toolkit(facts: Facts) -> Iterator[Remark]:
    """Say that torch refuses to build extensions with another major release of CUDA."""
    toolkit, cuda = facts.libraries.get("CUDA toolkit"), facts.torch.get("cuda")
    if toolkit is None or cuda is None or toolkit.split(".")[0] == cuda.split(".")[0]:
        return
    text = f"the CUDA toolkit is {toolkit}; this torch is built for {cuda} and builds no extension"
    yield Remark(NAME, Severity.NOTICE, text, f"for flash-attn and others: CUDA_HOME of {cuda}")


def _same(short: str, wanted: str) -> bool:
    """Return whether a version that may state fewer parts (``9``, ``9.1.0``) is this one."""
    parts = short.split(".")
    return wanted.split(".")[: len(parts)] == parts


def _short(version: str) -> str:
    return ".".join(version.split(".")[:2])
