"""Preflight in Chinese: a figure and its tolerance are two sentences; data stays as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gemma_compat import language
from gemma_compat._preflight.result import CheckResult, Outcome, Preflight
from gemma_compat.report import preflight

ENTRIES = {
    "the run's loss is 5.76687, the reference 5.93708, 0.029 apart; "
    "it agrees without the batch's attention_mask": "该运行的损失为 5.76687",
    "a step of 1e-06 changes 1.2% of the weights kept in bfloat16; "
    "the others round back to what they were": "其余的会舍入回原值",
    "3 added tokens, with an embedding that is trained": "3 个新增的 token，且词嵌入参与训练",
    "the learning rate comes to 0.05; recipes for Adam on all weights stay below 0.002": (
        "Adam 训练全部权重的常用配方"
    ),
}


@pytest.fixture(autouse=True)
def _chinese() -> Iterator[None]:
    language.use("zh")
    yield
    language.use(None)


def test_what_is_not_run_is_named_by_a_chinese_reason() -> None:
    checks = [CheckResult(name, Outcome.NOT_RUN, "needs the tokenizer") for name in ("one", "two")]
    idle = CheckResult("three", Outcome.NOT_RUN, "the model has no adapter", applies=False)
    text = preflight.render_text(Preflight("gemma3", (*checks, idle)))
    assert "未运行   需要分词器：one、two\n" in text
    assert "未运行   1 项在此没有可检查的对象：three\n没有失败项，2 项未知；" in text


def shown(**fields: str) -> str:
    check = CheckResult("the-check", Outcome.FAIL, **fields)
    text = preflight.render_text(Preflight("gemma3", (check,), verbose=True))
    return " ".join(text.split("\n", 1)[1].split())


@pytest.mark.parametrize("figure", ENTRIES)
def test_a_figure_and_what_it_was_held_against_are_both_translated(figure: str) -> None:
    text = shown(figure=figure, tolerance="at most 0.0001, float32")
    assert ENTRIES[figure] in text and "（不超过 0.0001，float32）" in text


def test_the_text_of_the_data_is_not_translated() -> None:
    place = "row 0, token 5: [the batch holds no padding], at most 3 rows"
    text = shown(figure="every label is -100: nothing is trained", where=place)
    assert "第 0 行，token 5: [the batch holds no padding], at most 3 rows" in text


def test_the_verdict_and_the_last_lines_of_a_stopped_run_are_chinese() -> None:
    checks = tuple(
        CheckResult(name, outcome, "needs the tokenizer")
        for name, outcome in (("labels-train", Outcome.FAIL), ("loss-is-low", Outcome.WARNING))
    )
    result = Preflight(model_type="gemma3", checks=checks)
    _, failed, *_, verdict, more = preflight.render_text(result).splitlines()
    assert failed.startswith("失败     labels-train") and verdict.startswith("1 项失败，1 个警告；")
    assert more == "查看每项检查的数值或原因：--verbose，或 print(result.table())"
    first, second = preflight.render_stopped(result).splitlines()
    assert first == "训练没有开始：1 项检查失败（labels-train）。"
    assert second.startswith("跳过某项检查：--skip labels-train，或 preflight=dict(")
