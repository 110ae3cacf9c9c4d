from __future__ import annotations

import re

import pytest

from gemma_compat.rules import find

RULE = find("GC909")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("TypeError: Trainer.__init__() got an unexpected keyword argument 'tokenizer'", True),
        ("SFTConfig.__init__() got an unexpected keyword argument 'max_seq_length'", True),
        ("TrainingArguments.__init__() got an unexpected keyword argument 'no_cuda'", True),
        ("forward() got an unexpected keyword argument 'tokens'", False),
    ],
)
def test_symptoms(text: str, found: bool) -> None:
    assert any(re.search(pattern, text) for pattern in RULE.symptoms) is found
