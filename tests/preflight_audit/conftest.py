"""These tests need torch and transformers; where those are not installed they are not collected."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("transformers") and find_spec("torch") else ["test_*.py"]
