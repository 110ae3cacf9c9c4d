"""These run where transformers and accelerate are, on the newest release that is here."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

collect_ignore_glob = [] if find_spec("transformers") and find_spec("accelerate") else ["test_*"]


@pytest.fixture(autouse=True)
def _newest() -> None:
    tiny = pytest.importorskip("tests.tiny")
    if "gemma4_text" not in tiny.available():
        pytest.skip("this transformers has no gemma4_text")
