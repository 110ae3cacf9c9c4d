"""What may be shared of a line: words on a list. What is not on it is hidden, whatever it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemma_compat._explain.excerpt import HIDDEN, WIDTH, Words
from gemma_compat.rules import all_rules

WORDS = Words(all_rules())


@pytest.mark.parametrize(
    "text",
    [
        "AttributeError: 'HybridCache' object has no attribute 'float'",
        "RuntimeError: The size of tensor a (1024) must match the size of tensor b (2048)",
        "`use_cache=True` is incompatible with gradient checkpointing. Setting `use_cache=False`.",
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.96 GiB.",
        "ValueError: `token_type_ids` is required as a model input when training",
        "AttributeError: 'Gemma3Config' object has no attribute 'vocab_size'",
        "ModuleNotFoundError: No module named 'transformers.models.gemma3_text'",
        "Unsupported types (<class 'transformers.cache_utils.DynamicCache'>) passed to `to`",
        "Only nested list/tuple/dicts of objects that are valid",
    ],
)
def test_a_known_error_is_shown_whole(text: str) -> None:
    assert WORDS.excerpt(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cannot open /home/lovelace/secret.json", f"cannot open {HIDDEN}"),
        (r"cannot open C:\Users\lovelace\x.py", f"cannot open {HIDDEN}"),
        ("token hf_abcdefghijkl failed", f"token {HIDDEN} failed"),
        ("in transformers_modules.lovelace.x failed", f"in {HIDDEN} failed"),
        ("in triton.acme.internal failed", f"in {HIDDEN} failed"),
        ("host gpu-7.corp.example failed", f"host {HIDDEN} failed"),
        ("address 10.0.0.12 failed", f"address {HIDDEN} failed"),
        ("address fe80::1 failed", f"address {HIDDEN} failed"),
        ("user lovelace failed", f"user {HIDDEN} failed"),
        ("lovelace@example.org failed", f"{HIDDEN} failed"),
        ("LovelaceError: failed", f"{HIDDEN}: failed"),
        ("id 123456789012 failed", f"id {HIDDEN} failed"),
        ("one /two three/ four", f"one {HIDDEN} four"),
        ("the project Enchantress of Numbers failed", f"the {HIDDEN} of {HIDDEN} failed"),
        ("loading google/gemma-3-4b-it failed", "loading 'google/gemma-3-4b-it' failed"),
        ("/home/ada/site-packages/transformers/trainer.py", f"{HIDDEN}/transformers/trainer.py"),
        ("/home/ada/site-packages/secret/trainer.py", HIDDEN),
    ],
)
def test_what_is_not_on_the_list_is_hidden(text: str, shown: str) -> None:
    found = WORDS.excerpt(text)
    if "three/" in text or "project" in text:
        assert "three" not in found and "Enchantress" not in found
    else:
        assert found.replace(f"{HIDDEN} {HIDDEN}", HIDDEN) == shown


secrets = st.from_regex(r"\A[bcdfghjklmnpqrtvwxz]{7,12}[0-9]{0,3}\Z")


@given(secrets, st.sampled_from(["{}", "/{}/x", "a.{}.b", "{}@x", "x={}", "'{}'", "{}-1", "({})"]))
def test_no_made_up_word_gets_through(secret: str, form: str) -> None:
    assert secret not in WORDS.excerpt("failed for " + form.format(secret))


@given(st.text(max_size=400))
def test_any_text_gives_one_short_printable_line(text: str) -> None:
    found = WORDS.excerpt(text)
    assert len(found) <= WIDTH and found.replace(HIDDEN, "").isascii()
    assert "\n" not in found and "\x1b" not in found
