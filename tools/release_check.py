"""Build what would be released, twice, and try it: run by ``make release-check``.

It needs build, twine and hatchling (``requirements/release.txt``), and an index for ``packaging``
and ``nvidia-ml-py``. Nothing is uploaded.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EPOCH = "1767225600"  # any fixed time: 2026-01-01
# Tests that need neither torch nor the developer's tools: what a distributor would run.
TESTS = ("tests/test_cli.py", "tests/policy", "tests/report", "tests/test_facts.py", "tests/nodes")
STACK = "torch==2.6.0\ntransformers==4.50.3\n"


class Failed(Exception):
    """What is wrong, in one line."""


def main() -> int:
    """Say what was checked; 1 with the first thing that is wrong."""
    with tempfile.TemporaryDirectory(prefix="gemma_compat-release-") as folder:
        try:
            for line in check(Path(folder)):
                print(f"release-check: {line}", flush=True)
        except Failed as error:
            print(f"release-check: FAILED: {error}")
            return 1
    return 0


def check(folder: Path) -> Iterator[str]:
    """Yield a line for each thing that holds.

    Raises:
        Failed: the first that does not.
    """
    first, second = (build(ROOT, folder / name) for name in ("first", "second"))
    same(first, second)
    yield f"two builds have the same bytes: {', '.join(path.name for path in first)}"
    wheel, sdist = sorted(first, key=lambda path: path.suffix != ".whl")
    complete(wheel)
    yield "the wheel holds every file of the package, the licence and py.typed"
    yield metadata(wheel)
    _run([sys.executable, "-m", "twine", "check", "--strict", *map(str, first)], "twine check")
    yield "twine check --strict passes"
    source = unpacked(sdist, folder / "source")
    same((wheel,), build(source, folder / "third", "--wheel"))
    yield "the sdist alone builds the same wheel"
    python = installed(wheel, folder / "venv")
    yield "the wheel works in an empty environment, and brings neither torch nor transformers"
    for line in tested(source, python):
        yield f"tests of the sdist against the installed wheel: {line}"


def build(source: Path, target: Path, *options: str) -> tuple[Path, ...]:
    """Return the sdist and the wheel, or what the options ask for, at a fixed time."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(target), *options]
    _run([*command, str(source)], "build", SOURCE_DATE_EPOCH=EPOCH)
    return tuple(sorted(target.iterdir()))


def same(first: tuple[Path, ...], second: tuple[Path, ...]) -> None:
    """Compare the files byte by byte.

    Raises:
        Failed: a file that differs.
    """
    for one, other in zip(first, second, strict=True):
        digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (one, other)}
        if one.name != other.name or len(digests) > 1:
            raise Failed(f"{one.name} and {other.name} differ")


def complete(wheel: Path) -> None:
    """Compare the wheel with the files that git tracks, or that lie in the package.

    Raises:
        Failed: a file that is missing, or one too many.
    """
    package = ROOT / "gemma_compat"
    wanted = {
        str(path.relative_to(ROOT))
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    names = set(zipfile.ZipFile(wheel).namelist())
    held = {name for name in names if ".dist-info/" not in name}
    if wanted != held:
        raise Failed(f"the wheel differs from the package: {sorted(wanted ^ held)[:5]}")
    for needed in ("gemma_compat/py.typed", "LICENSE"):
        if not any(name.endswith(needed) for name in names):
            raise Failed(f"{needed} is not in the wheel")


def metadata(wheel: Path) -> str:
    """Return what stands in the metadata; say where an address is missing.

    Raises:
        Failed: another version, or no licence or dependencies.
    """
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [item for item in archive.namelist() if item.endswith(".dist-info/METADATA")]
        text = archive.read(name).decode("utf-8").partition("\n\n")[0]
    version = _version()
    for line in (f"Version: {version}", "License-Expression: Apache-2.0", "License-File: LICENSE"):
        if line not in text:
            raise Failed(f"METADATA has no {line!r}")
    if not {"Requires-Dist: torch", "Requires-Dist: transformers"}.isdisjoint(text.splitlines()):
        raise Failed("METADATA requires what it inspects")
    addresses = text.count("Project-URL: ")
    note = f"{addresses} addresses" if addresses else "NO Project-URL: set it before publishing"
    return f"METADATA: version {version}, licence, classifiers; {note}"


def _version() -> str:
    scope: dict[str, str] = {}
    for line in (ROOT / "gemma_compat" / "_version.py").read_text("utf-8").splitlines():
        if line.startswith("__version__"):
            scope["version"] = line.partition('"')[2].rstrip('"')
    return scope["version"]


def unpacked(sdist: Path, target: Path) -> Path:
    """Return the folder that the sdist holds."""
    with tarfile.open(sdist) as archive:
        archive.extractall(target, filter="data")
    (folder,) = target.iterdir()
    return folder


def installed(wheel: Path, target: Path) -> Path:
    """Return an interpreter that has the wheel and nothing else; the commands work there.

    Raises:
        Failed: a command that ends otherwise than it should.
    """
    venv.create(target, with_pip=True, symlinks=os.name != "nt")
    python = target / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, str(wheel)], "install")
    listed = _run([str(python), "-m", "pip", "list"], "pip list").lower()
    if "torch" in listed or "transformers" in listed:
        raise Failed("the install brought what it inspects")
    command = str(target / "bin" / "gemma-compat")
    if _version() not in _run([command, "--version"], "gemma-compat --version"):
        raise Failed("gemma-compat --version says another version")
    (target / "requirements.txt").write_text(STACK)
    model = ["--model", "google/gemma-3-4b-it", "--gpu", "T4", "--bf16", "--evaluates"]
    report = [command, "report", "--no-config", "--requirements", "requirements.txt", *model]
    done = subprocess.run(report, cwd=target, capture_output=True, text=True, check=False)
    if done.returncode != 1 or "GC101" not in done.stdout:
        raise Failed(f"a broken stack passes: {done.returncode}, {done.stderr[-200:]}")
    return python


def tested(source: Path, python: Path) -> Iterator[str]:
    """Run tests of the sdist with the installed package; its own copy is moved away.

    Yields:
        what pytest says of each.
    """
    _run(
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        + ["--requirement", str(source / "requirements" / "core.txt"), "jsonschema"],
        "install of the tests' packages",
    )
    (source / "gemma_compat").rename(source / "not_imported")
    for test in TESTS:
        command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", test]
        yield f"{test}: {_run(command, test, source).strip().splitlines()[-1]}"


def _run(command: list[str], what: str, cwd: Path | None = None, **environ: str) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last = (done.stdout + done.stderr).strip().splitlines()[-15:]
        raise Failed(f"{what} ended with {done.returncode}:\n" + "\n".join(last))
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
