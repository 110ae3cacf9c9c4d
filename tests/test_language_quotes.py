"""Chinese output: what an error says, and what is searched for, stands as the log has it."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from gemma_compat import language
from gemma_compat._explain.explain import explain_log
from gemma_compat.report import explanation

SITE = "/usr/local/lib/python3.11/dist-packages"


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    language.use("zh")
    yield
    language.use(None)


def explained(error: str, file: str = f"{SITE}/frob/core.py", above: str = "") -> str:
    """Return what is said of a traceback that ends in an error."""
    log = (
        "Traceback (most recent call last):\n"
        f"{above}"
        f'  File "{file}", line 12, in spin\n'
        '    raise FrobError("...")\n'
        f"{error}\n"
    )
    return explanation.render_text(explain_log(io.BytesIO(log.encode())))


@pytest.mark.parametrize(
    ("text", "searched"),
    [("widget is stuck", 'frob "widget is stuck"'), ("Stuck in bay", 'frob "Stuck in bay"')],
)
def test_what_is_searched_for_is_not_translated(text: str, searched: str) -> None:
    assert f"搜索： {searched}\n" in explained(f"frob.FrobError: {text}")


def test_a_quotation_is_not_taken_apart() -> None:
    assert language.said('frob "widget is stuck"') == 'frob "widget is stuck"'
    assert language.said("layer_types is None") != "layer_types is None"


def test_an_errors_text_that_looks_like_a_list_does_not_keep_the_sentence_english() -> None:
    first = explained("frob.FrobError: one of Frob, Nob").splitlines()[0]
    assert first == "第 4 行：FrobError: one of Frob, Nob，这里没有规则认识它。"


def test_an_open_bracket_in_an_errors_text_does_not_keep_the_sentence_english() -> None:
    assert language.said(
        "Line 4: SyntaxError: '(' was never closed, and no rule here knows it."
    ) == ("第 4 行：SyntaxError: '(' was never closed，这里没有规则认识它。")


def test_the_releases_that_a_rule_was_judged_by_are_told_in_chinese() -> None:
    breaks = "PEFT keeps its own copy of the weights"
    said = language.said(f"with unsloth 2026.4.5, transformers 5.5.0, {breaks}")
    assert said == f"在 unsloth 2026.4.5、transformers 5.5.0 下，{breaks}"
    fit = "torch: no release fits exactly; nearest 2.1.0 (the oldest read) to 2.1.2 (1 of 2 frames "
    said = language.said(
        f"{fit}fit: a build from the source, changed files, or tracebacks of several environments)"
    )
    assert said.startswith("torch：没有完全吻合的版本；最接近的是 2.1.0（读过的最旧版本）到 2.1.2")
    two = "torch (read off the traceback); transformers (read off the traceback)"
    assert language.said_list(two) == "torch（从堆栈读出）; transformers（从堆栈读出）"
    went_on = "the import ended with ImportError, above; a package that the class needs is broken"
    assert language.said(f"{went_on} or of another release").startswith("上方的导入以 ImportError ")
    assert language.said("the same error on ranks 0, 1, 2") == "这些 rank 上有同样的错误：0, 1, 2"


def test_code_of_the_user_is_told_in_chinese() -> None:
    found = explained("RuntimeError: frob is off", "/usr/src/app/lib.py")
    assert '在你自己的代码中：spin, lib.py 第 12 行: raise FrobError("...")' in found


def test_both_figures_that_are_no_numbers_are_named_in_chinese() -> None:
    log = b"{'loss': nan, 'grad_norm': nan, 'learning_rate': 1e-05, 'epoch': 0.1}\n" * 3
    first = explanation.render_text(explain_log(io.BytesIO(log))).splitlines()[0]
    assert " is " not in first and " are " not in first
    assert "损失和 grad_norm" in first and "不是数" in first


def test_a_list_of_known_parts_is_translated_part_by_part() -> None:
    missing = "the length of the rows (--max-length), the rows of a batch (--batch-size)"
    told = "日志没有说明：行的长度（--max-length）、一个批次的行数（--batch-size）"
    assert language.said(f"the log does not state {missing}") == told
    unknown = f"{missing}, frobs of a kind that nobody translated"
    assert "frobs" in language.said(f"the log does not state {unknown}")


def test_no_space_stands_between_two_chinese_characters() -> None:
    said = language.said(
        "the script reads get_max_length of a Cache, which has no such attribute here"
    )
    assert said == "该脚本读取 Cache 的 get_max_length，而这里没有该属性"
