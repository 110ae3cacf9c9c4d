"""A message that somebody broke over lines is known as the one line that was printed."""

from __future__ import annotations

import io

import pytest

from gemma_compat._explain.explain import explain_log


def names(text: str) -> list[str]:
    return [item.name for item in explain_log(io.BytesIO(text.encode())).generally]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "ValueError: LoRA rank 64 is greater than\nmax_lora_rank 16.\n",
            "adapter-rank-above-the-limit",
        ),
        (
            "Loading the merged gemma-3 says: ValueError: There is no module or\nparameter named "
            "'lm_head' in\nGemma3ForConditionalGeneration\n",
            "no-place-in-vllm",
        ),
        (
            "ValueError: Expected input batch_size (1324) to match target batch_size\n(0).\n",
            "labels-of-another-length",
        ),
    ],
)
def test_a_broken_message_is_read_as_one(text: str, name: str) -> None:
    assert name in names(text)


def test_what_a_person_writes_after_a_blank_line_is_no_part_of_it() -> None:
    text = "ValueError: LoRA rank 64 is greater than\n\nmax_lora_rank 16.\n"
    assert "adapter-rank-above-the-limit" not in names(text)


def test_the_log_of_a_run_is_not_read_again() -> None:
    text = "ValueError: LoRA rank 64 is greater than\nmax_lora_rank 16.\n"
    assert "adapter-rank-above-the-limit" not in names("step\n" * 90 + text)
