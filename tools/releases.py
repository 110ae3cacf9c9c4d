"""Renew ``gemma_compat/data/releases.jsonl``: what was published, when, and what each release pins.

    python -m tools.releases              asks the package index that pip is configured for

Versions, dates and yanks are the index's list (PEP 691). What a release requires is in its wheel's
METADATA: fetched alone where the index offers that (PEP 658), else cut out of the wheel by range
requests, so that no wheel is downloaded. Releases that are listed already are not asked again.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from gemma_compat import versions
from gemma_compat.data import releases as published

from .archives import TIMEOUT, IndexFailed, metadata_of

FILE = Path(__file__).resolve().parent.parent / "gemma_compat" / "data" / "releases.jsonl"
# Gemma 2 came in June 2024; what was released before is of no use to anybody's Gemma.
SINCE = "2024-06-01"
PACKAGES = (
    "accelerate",
    "axolotl",
    "bitsandbytes",
    "datasets",
    "deepspeed",
    "flash-attn",
    "huggingface-hub",
    "liger-kernel",
    "llamafactory",
    "ms-swift",
    "peft",
    "sentence-transformers",
    "timm",
    "tokenizers",
    "torch",
    "torchao",
    "torchaudio",
    "torchvision",
    "transformers",
    "triton",
    "trl",
    "unsloth",
    "unsloth-zoo",
    "vllm",
    "xformers",
)
# Published as source only: built where they are installed.
SOURCE_ONLY = {"deepspeed", "flash-attn"}
# Extras whose pins hold wherever the package that they name is used beside this one, although
# the caller does not ask for the extra: a transformers that finds an older torch does without it.
BESIDE = {
    "transformers": {"torch"},
    "trl": {"peft", "quantization", "bitsandbytes", "liger", "vllm", "deepspeed"},
}
_JSON = "application/vnd.pypi.simple.v1+json"
_FROM_METADATA = ("python", "cuda", "requires", "beside")
_THREADS = 8


def index_address() -> str:
    """Return the index that pip uses, as configured, else pip's own default."""
    pip = [sys.executable, "-m", "pip"]
    asked = subprocess.run(
        [*pip, "config", "get", "global.index-url"], capture_output=True, text=True, check=False
    )
    if asked.returncode == 0 and asked.stdout.strip():
        return asked.stdout.strip().rstrip("/")
    helped = subprocess.run(
        [*pip, "download", "--help"], capture_output=True, text=True, check=True
    )
    match = re.search(r"--index-url.*?\(default\s+(\S+?)\)", helped.stdout, re.DOTALL)
    if match is None:
        raise IndexFailed("pip does not say which index it asks")
    return match[1].rstrip("/")


def refresh(old: Mapping[str, Any]) -> dict[str, Any]:
    """Return the new content of the file; releases in ``old`` keep what is known about them."""
    index = index_address()
    found = {}
    for name in PACKAGES:
        listed = _listed(index, name)
        known = old.get("packages", {}).get(name, {})
        with ThreadPoolExecutor(_THREADS) as pool:
            asked = [(name, wheels, known.get(version)) for version, wheels in listed.items()]
            entries = pool.map(_entry, *zip(*asked, strict=True))
            found[name] = {v: e for v, e in zip(listed, entries, strict=True) if e is not None}
        print(f"{name}: {len(found[name])} releases", file=sys.stderr, flush=True)
    return {"asked": date.today().isoformat(), "packages": found}


def _listed(index: str, name: str) -> dict[str, list[dict[str, Any]]]:
    """Version to its wheels, oldest first; final releases only."""
    request = urllib.request.Request(f"{index}/{name}/", headers={"Accept": _JSON})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        if _JSON not in answer.headers.get("content-type", ""):
            raise IndexFailed(f"{index} does not speak {_JSON}")
        files = json.load(answer)["files"]
    wheels: dict[str, list[dict[str, Any]]] = {}
    ending = ".tar.gz" if name in SOURCE_ONLY else ".whl"
    for file in files:
        if file["filename"].endswith(ending) and file.get("upload-time", "") >= SINCE:
            version = _version_in(file["filename"].removesuffix(ending), ending)
            if versions.is_valid(version) and not versions.parse(version).is_prerelease:
                file["url"] = urllib.parse.urljoin(f"{index}/{name}/", file["url"])
                wheels.setdefault(version, []).append(file)
    return {version: wheels[version] for version in sorted(wheels, key=versions.parse)}


def _version_in(stem: str, ending: str) -> str:
    """Return the version that a file's name states, without its ending."""
    return stem.split("-")[1] if ending == ".whl" else stem.rpartition("-")[2]


def _entry(
    name: str, wheels: list[dict[str, Any]], known: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """Return what to keep of one release; ``None`` if no wheel is for Linux."""
    wheels = [w for w in wheels if re.search(r"-any\.whl$|linux.*x86_64|gz$", w["filename"])]
    if not wheels:
        return None
    entry: dict[str, Any] = {"date": min(file["upload-time"] for file in wheels)[:10]}
    if all(file.get("yanked") for file in wheels):
        entry["yanked"] = True
    if tags := _interpreters(wheels):
        entry["pythons"] = tags
    if known is None:
        known = _requirements(metadata_of(wheels[-1]), BESIDE.get(name, set()))
    return {**entry, **{key: known[key] for key in _FROM_METADATA if key in known}}


def _interpreters(wheels: list[dict[str, Any]]) -> list[str]:
    """Return ``["3.10", ...]`` if every wheel is for one interpreter; empty if one is for all."""
    found = set()
    if wheels[-1]["filename"].endswith(".tar.gz"):
        return []
    for file in wheels:
        python, abi = file["filename"].removesuffix(".whl").split("-")[-3:-1]
        if not python.startswith("cp") or abi == "abi3":
            return []
        if not abi.endswith("t"):  # a build for the interpreter without its lock
            found.add(f"{python[2]}.{python[3:]}")
    return sorted(found, key=versions.parse)


def _requirements(metadata: str, extras: set[str]) -> dict[str, Any]:
    """Requires-Python, the pins among :data:`PACKAGES`, and the CUDA release of a torch."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    headers = HeaderParser().parsestr(metadata)
    lines = [Requirement(text) for text in headers.get_all("Requires-Dist", [])]
    ours = [line for line in lines if canonicalize_name(line.name) in set(PACKAGES)]
    beside = {
        f"{canonicalize_name(line.name)}{line.specifier}"
        for line in ours
        if line.specifier and any(_is_of(line, extra) for extra in extras)
    }
    entry: dict[str, Any] = {
        "requires": sorted(str(line) for line in ours if "extra" not in str(line.marker or ""))
    }
    if beside:
        entry["beside"] = sorted(beside)
    lines = [line for line in lines if "extra" not in str(line.marker or "")]
    if headers["Requires-Python"]:
        entry["python"] = headers["Requires-Python"]
    for line in lines:
        if re.fullmatch(r"nvidia-cuda-runtime(-cu\d+)?|cuda-toolkit", line.name):
            numbers = versions.bounds(str(line.specifier))[-1].split(".")
            entry["cuda"] = ".".join(numbers[:2])
    return entry


def _is_of(line: Any, extra: str) -> bool:
    return f'extra == "{extra}"' in str(line.marker or "")


def packed(data: Mapping[str, Any]) -> str:
    """Return the file's text: one package on each line, its equal lists stored once."""
    lines = [json.dumps({"asked": data["asked"]})]
    for name, releases in data["packages"].items():
        lists: dict[tuple[str, ...], int] = {}
        numbered = {
            version: {key: _numbered(key, value, lists) for key, value in entry.items()}
            for version, entry in releases.items()
        }
        line = {"name": name, "lists": list(lists), "releases": numbered}
        lines.append(json.dumps(line))
    return "\n".join(lines) + "\n"


def _numbered(key: str, value: Any, lists: dict[tuple[str, ...], int]) -> Any:
    if key not in ("requires", "beside"):
        return value
    return lists.setdefault(tuple(value), len(lists))


def unpacked(text: str) -> dict[str, Any]:
    """Return the inverse of :func:`packed`."""
    day, *packages = map(json.loads, text.splitlines())
    found = {package["name"]: published.unpacked(package) for package in packages}
    return {"asked": day["asked"], "packages": found}


def main() -> int:
    """Renew the file; says what is new. 1 if the index did not answer."""
    old = unpacked(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    try:
        new = refresh(old)
    except (IndexFailed, OSError) as error:
        print(f"releases: error: {error}", file=sys.stderr)
        return 1
    FILE.write_text(packed(new), encoding="utf-8")
    for name, releases in new["packages"].items():
        added = [v for v in releases if v not in old.get("packages", {}).get(name, {})]
        if added:
            print(f"{name}: {len(added)} new, up to {added[-1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
