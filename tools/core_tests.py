"""Run the plain tests on every other Python that is installed, in environments without torch."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".environments"
REQUIREMENTS = ROOT / "requirements" / "core.txt"
PYTHONS = ("3.10", "3.12", "3.13")


def main() -> int:
    """Test on each; 1 if one failed, or if there is none."""
    found = [(python, path) for python in PYTHONS if (path := find_python(python))]
    missing = sorted(set(PYTHONS) - {python for python, _ in found})
    if missing:
        print(f"not here, so not tested: Python {', '.join(missing)}", flush=True)
    failed = [python for python, path in found if _fails(python, path)]
    if failed:
        print(f"failed on Python {', '.join(failed)}")
    return int(bool(failed) or not found)


def find_python(python: str) -> Path | None:
    """Return an interpreter of this release that starts, from ``PATH`` or pyenv; ``None`` if none
    does.
    """
    name = f"python{python}"
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    on_path = shutil.which(name)
    candidates = [Path(on_path)] if on_path else []
    for candidate in (*candidates, *sorted(pyenv.glob(f"{python}.*/bin/{name}"))):
        # pyenv's shims are on PATH for releases that they then refuse to start.
        result = subprocess.run([candidate, "-c", ""], capture_output=True, check=False)
        if result.returncode == 0:
            return candidate
    return None


def _fails(python: str, interpreter: Path) -> bool:
    print(f"plain tests on Python {python}, without torch", flush=True)
    venv = HOME / f"core-{python}"
    ready = venv / ".stamp"
    if not ready.exists() or ready.read_text() != REQUIREMENTS.read_text():
        _run([str(interpreter), "-m", "venv", "--clear", str(venv)])
        pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        _run([*pip, "--disable-pip-version-check", "-r", str(REQUIREMENTS)])
        ready.write_text(REQUIREMENTS.read_text())
    command = [str(venv / "bin" / "python"), "-m", "pytest", "-q", "--ignore=tests/live"]
    return subprocess.run(command, cwd=ROOT, check=False).returncode != 0


def _run(command: list[str]) -> None:
    subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    sys.exit(main())
