"""Real Unsloth, in processes of its own. ``make unsloth`` runs all, ``make test`` the CPU backend.

Elsewhere nothing here is collected: the environments take a minute to build.
"""

from __future__ import annotations

import os

_RUNS = {"cpu": ["test_cpu_backend.py"], "all": ["test_*.py"]}
_wanted = _RUNS.get(os.environ.get("UNSLOTH_RUNS", ""), [])
collect_ignore_glob = [] if _wanted == _RUNS["all"] else ["test_*.py"]
if _wanted == _RUNS["cpu"]:
    collect_ignore_glob = ["test_[!c]*.py"]
