"""A rule's page in Chinese: conditions and paragraphs are translated, error texts are not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gemma_compat import language
from gemma_compat.report import rule_page
from gemma_compat.rules import find


@pytest.fixture(autouse=True)
def _chinese() -> Iterator[None]:
    language.use("zh")
    yield
    language.use(None)


def test_the_conditions_and_the_cause_are_chinese_and_nothing_is_half_translated() -> None:
    page = rule_page.page_text(find("GC804"))
    assert (
        "触发条件      没有使用 flash attention 且 训练时 use_cache 保持开启 且 梯度检查点关闭"
        in page
    )
    assert "\n## 原因\n只有在没有缓存时，" in page and " and " not in page.partition("\n## ")[0]


def test_an_error_text_stays_as_it_is() -> None:
    symptom = r"KeyError: '(?:sliding|full)_attention'"
    assert symptom in rule_page.page_text(find("GC1001"))


def test_the_list_has_chinese_titles_in_even_columns() -> None:
    (line,) = rule_page.list_text([find("GC101")]).splitlines()
    assert line.startswith("GC101  错误     hybridcache-without-float  模型输出中的")


def test_markdown_stays_english() -> None:
    page = rule_page.page_markdown(find("GC804"))
    language.use("en")
    assert page == rule_page.page_markdown(find("GC804"))
