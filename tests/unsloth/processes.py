"""A script with real Unsloth in a process and folder of its own, and the JSON it ends with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.environments import ROOT, ensure_unsloth

SCRIPTS = Path(__file__).parent / "scripts"
_NEVER_PASSED_ON = ("UNSLOTH_", "ACCELERATE_")


def make_checkpoints(home: Path, *model_types: str, transformers: str = "5.17.0") -> Path:
    """Tiny checkpoints, written by this transformers, in ``home``."""
    command = [sys.executable, "-m", "tests.unsloth.checkpoints", str(home), *model_types]
    environment = environment_for(transformers, kernels=False)
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    return home


def environment_for(transformers: str, kernels: bool) -> dict[str, str]:
    places = [str(ROOT), *map(str, ensure_unsloth(transformers, kernels))]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_NEVER_PASSED_ON)}
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(places),
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "OMP_NUM_THREADS": "1",
    }


def run(
    script: str,
    *arguments: str,
    folder: Path,
    transformers: str = "5.17.0",
    kernels: bool = True,
    launcher: Sequence[str] = (),
    **environment: str,
) -> dict[str, Any]:
    """Run it; the last line that it prints is JSON. Fails with the end of what it printed.

    Args:
        script: the name of a file in ``scripts``, or of a file in ``folder``.
        folder: the working directory: Unsloth writes its compiled cache there.
        transformers, kernels: which Unsloth, see ``tools.environments``.
        launcher: what comes between the interpreter and the script.
    """
    path = SCRIPTS / script if (SCRIPTS / script).exists() else folder / script
    command = [sys.executable, *launcher, str(path), *arguments]
    environment = {**environment_for(transformers, kernels), **environment}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines or not lines[-1].startswith("{"):
        raise AssertionError(
            f"{script}: status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
        )
    return {**json.loads(lines[-1]), "stderr": done.stderr}
