"""An error is known as well where a bug journal quotes its message, with other quotation marks."""

from __future__ import annotations

import io

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat._explain.patterns import pattern
from gemma_compat.report.explanation import render_text


def names(text: str) -> list[str]:
    return [item.name for item in explain_log(io.BytesIO(text.encode())).generally]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("### 3. `name 'model' is not defined`\n", "name-not-defined"),
        (
            "| `Invalid key: 5 is out of bounds for size 0` | no rows | a filter |\n",
            "no-column-left",
        ),
        ("It died with \"'int' object is not callable\" at step 0.\n", "value-that-is-called"),
    ],
)
def test_a_message_in_quotation_marks_counts_without_its_class(text: str, name: str) -> None:
    assert name in names(text)


@pytest.mark.parametrize(
    "text",
    [
        "raise ValueError(\"name 'model' is not defined\")\n",
        "`f` came first; then name 'model' is not defined is what one reads\n",
        "`name 'model' is not defined` was caught\n{'loss': 2.1, 'epoch': 0.1}\n",
    ],
)
def test_a_program_and_the_log_of_a_run_quote_no_failure(text: str) -> None:
    assert "name-not-defined" not in names(text)


@pytest.mark.parametrize("marks", ["''", "``", '""', "‘’", "“”"])
def test_quotation_marks_stand_for_each_other_in_a_message(marks: str) -> None:
    first, last = marks
    text = f"ImportError: cannot import name {first}is_offline_mode{last} from "
    text += f"{first}huggingface_hub{last}\n"
    assert "name-not-importable" in names(text)


def test_only_messages_are_read_with_other_marks() -> None:
    expression = r"'(?P<name>[^'\n]{1,40})' is here"
    message = pattern("general", None, expression).in_other_quotes
    assert message is not None
    found = message.search("`a` and `b` is here")
    assert found is not None and found["name"] == "b"
    assert pattern("fact", None, expression).in_other_quotes is None
    assert pattern("general", None, "no marks in it").in_other_quotes is None


def test_what_a_warning_tells_is_not_why_a_launcher_reports_a_failure() -> None:
    told = "x.py:102: UserWarning: Warning: Failed to import a: No module named 'neuronxcc.nki'\n"
    report = "subprocess.CalledProcessError: Command '['bash', 'run.sh']' returned non-zero exit "
    report += "status 1.\n"
    assert "module-missing" not in names(told + report)
    assert "module-missing" in names("  No module named 'neuronxcc.nki'\n" + report)


def test_a_warning_of_torch_after_an_error_is_no_part_of_its_message() -> None:
    text = "(EngineCore pid=119) ValueError: Something unheard of happened to layer 3\n"
    text += (
        "[rank0]:[W606 03:41:49.478629010 ProcessGroupNCCL.cpp:1575] Warning: WARNING: destroy\n"
    )
    found = explain_log(io.BytesIO(text.encode()))
    assert found.unknown is not None
    assert "NCCL" not in render_text(found)
