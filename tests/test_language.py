"""Chinese output: nothing lost on the way, nothing of it in what machines read."""

from __future__ import annotations

import gettext
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gemma_compat import language
from gemma_compat._cli import main
from gemma_compat._explain.explain import explain_log
from gemma_compat.errors import UsageError
from gemma_compat.report import explanation
from gemma_compat.report.wide import columns, wrap_wide
from gemma_compat.rules import find

LOG = Path(__file__).parent / "explain" / "logs" / "F7-hybridcache-at-evaluation.log"
HOME = Path(language.__file__).parent / "locale"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Codes, releases, names with dots or underscores, what is quoted or called.
CODE = re.compile(
    r"GC\d+|``.+?``|`[^`]+`|\w+=[\w.]*\w|\d+\.\d+(?:\.\d+)?|\w+_\w+|\w+\([^)]*\)|--[\w-]+"
)


@pytest.fixture
def chinese() -> Iterator[None]:
    language.use("zh")
    yield
    language.use(None)


def pairs() -> list[tuple[str, str]]:
    """Return every sentence of the Chinese catalogue with its translation."""
    file = HOME / "zh" / "LC_MESSAGES" / f"{language.DOMAIN}.mo"
    with file.open("rb") as opened:
        known = gettext.GNUTranslations(opened)._catalog  # type: ignore[attr-defined]
    return [(old, new) for old, new in known.items() if old]


def test_each_language_has_its_folder() -> None:
    folders = {item.name for item in HOME.iterdir() if item.is_dir()}
    assert {"en", *folders} == set(language.available())


def lost(old: str, new: str) -> set[str]:
    """Return the placeholders and the code of a sentence that its translation has not."""
    values = set(re.findall(r"\{\d\}", old)) - set(re.findall(r"\{\d\}", new))
    plural = {value for value in values if re.search(rf"\w{re.escape(value)}", old)}
    code = {item for item in CODE.findall(old) if item.strip("`") not in new}
    return (values - plural) | code


def test_no_placeholder_and_no_code_is_lost() -> None:
    found = {old: lost(old, new) for old, new in pairs() if lost(old, new)}
    assert not found


@pytest.mark.parametrize(
    ("old", "new", "missing"),
    [
        ("transformers {0} drops {1}", "transformers {0} 丢弃", {"{1}"}),
        ("pass use_cache=False", "传入 use_cache", {"use_cache=False"}),
        ("upgrade to 5.6.0 (GC104)", "升级到 5.6（GC104）", {"5.6.0"}),
        ("{0} line{1} read", "已读取 {0} 行", set()),
    ],
)
def test_a_loss_is_found(old: str, new: str, missing: set[str]) -> None:
    assert lost(old, new) == missing


def test_the_compiled_catalogue_is_the_readable_one() -> None:
    pytest.importorskip("babel", reason="catalogues are made with babel (requirements/check.txt)")
    from babel.messages.pofile import read_po

    file = HOME / "zh" / "LC_MESSAGES" / f"{language.DOMAIN}.po"
    written = read_po(io.BytesIO(file.read_bytes()))
    assert {str(m.id): m.string for m in written if m.id and m.string} == dict(pairs())


# The rules that people meet first: the field test, and what the founding reports were about.
MET_FIRST = re.findall(
    r"GC\d+",
    """
    GC101 GC102 GC103 GC104 GC201 GC202 GC203 GC204 GC301 GC302
    GC304 GC308 GC401 GC402 GC406 GC501 GC601 GC603 GC604 GC609
    GC612 GC701 GC702 GC704 GC801 GC803 GC805 GC807 GC901 GC902
    GC903 GC1001 GC1004 GC1101 GC1102 GC1103 GC1104 GC1115 GC1126 GC1201
    """,
)


def test_the_forty_rules_that_people_meet_first_have_their_titles() -> None:
    known = dict(pairs())
    missing = [code for code in MET_FIRST if find(code).title not in known]
    assert len(missing) <= 4, f"{missing}: make translations, and translate their titles"


@pytest.mark.parametrize(
    "text",
    [
        "--strict false   leaves such rows out",
        "python -m xformers.info   prints why it does not load",
        "--max-lora-rank: the next larger one of {0}",
    ],
)
def test_what_stands_behind_an_option_or_a_command_is_translated(text: str) -> None:
    assert text in dict(pairs())


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"GEMMA_COMPAT_LANG": "zh"}, "zh"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"GEMMA_COMPAT_LANG": "en", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LANG": "zh-Hans"}, "zh"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({"GEMMA_COMPAT_LANG": "../../etc"}, "en"),
    ],
)
def test_the_environment_chooses(environment: dict[str, str], expected: str) -> None:
    assert language.current(environment) == expected


def test_an_unknown_language_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="no language 'fr'; there are en, zh"):
        language.use("fr")
    assert main(["rule", "GC101", "--lang", "fr"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    language.use(None)


@pytest.mark.usefixtures("chinese")
def test_an_explanation_is_chinese_and_its_commands_are_not() -> None:
    with LOG.open("rb") as log:
        text = explanation.render_text(explain_log(log))
    first = text.splitlines()[0]
    assert first.startswith("第 20 行：") and "HybridCache" in first
    assert "\n    pip install -U 'transformers>=4.51.0'\n" in text
    assert "AttributeError: 'HybridCache' object has no attribute 'float'" in text
    assert all(columns(line) <= 88 for line in text.splitlines())


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize(
    ("name", "quote"),
    [
        ("F3-token-type-ids-gemma3", "`token_type_ids` is required as a model input when"),
        ("F10-unscale-fp16", "Attempting to unscale FP16 gradients"),
        ("F8-dynamiccache-gathered", "passed to `_pad_across_processes`"),
    ],
)
def test_what_the_log_says_is_not_translated(name: str, quote: str) -> None:
    with (LOG.parent / f"{name}.log").open("rb") as log:
        text = explanation.render_text(explain_log(log))
    assert quote in text and re.search(r"^错误，第 \d+ 行：\w", text, re.MULTILINE)


@pytest.mark.usefixtures("chinese")
def test_a_sentence_and_what_was_added_to_it_are_both_translated() -> None:
    assert language.said("the message names the tensor; here it is 5.0") == (
        "报错信息给出了该张量；这里是 5.0"
    )
    half = "nobody knows this; here it is 5.0 and not what was asked"
    assert language.said(half) == half


@pytest.mark.parametrize("log", sorted(LOG.parent.glob("*.log"))[::3], ids=lambda log: log.stem)
def test_every_command_is_the_same_in_both_languages(log: Path) -> None:
    text = {}
    for name in ("en", "zh"):
        language.use(name)
        with log.open("rb") as opened:
            text[name] = explanation.render_text(explain_log(opened))
    language.use(None)
    to_type = " ".join(" ".join(text["en"].split("\n\n")[1:3]).split())
    shown = re.sub(r"\s+", "", text["zh"])
    for command in re.findall(r"pip install -U '[^']+'|gemma_compat\.\w+\([^)]*\)", to_type):
        assert re.sub(r"\s+", "", command) in shown, (command, text["zh"])
    assert "Project-Id-Version" not in text["zh"]


@pytest.mark.usefixtures("chinese")
def test_code_in_an_untranslated_sentence_stays_as_it_is() -> None:
    advice = "fp16=False, bf16=False and from_pretrained(..., dtype=torch.float32), since T4"
    assert language.said(advice) == advice
    listing = "或： print({n.split('.')[-1] for n, _ in model.named_modules()}) 可显示现有的名称"
    assert language.said(listing) == listing  # {0} in {1} would cut its brackets
    published = "the model (what is published of gemma3); transformers (here)"
    assert language.said_list(published) == "模型（gemma3 的公开信息）; transformers (here)"
    prose = "make the weights of this and the flags of that agree"
    assert language.said(prose) == prose  # {0} and {1} would take it apart
    assert language.said("the version of liger-kernel and the run: error GC902, warning GC6") in (
        "the version of liger-kernel and the run: error GC902, warning GC6",
    )


@pytest.mark.parametrize("form", ["json", "markdown", "sarif", "github", "junit"])
def test_what_machines_read_and_issues_get_is_english(
    form: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = ["report", "--model", "gemma3", "--with", "transformers==4.50.3", "--format", form]
    shown = {}
    for name in ("en", "zh"):
        monkeypatch.setenv("GEMMA_COMPAT_LANG", name)
        main(line)
        shown[name] = capsys.readouterr().out
    assert shown["en"] == shown["zh"] and not CHINESE.search(shown["zh"])


@pytest.mark.parametrize("form", ["json", "markdown"])
def test_an_explanation_for_machines_is_english(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["explain", str(LOG), "--format", form, "--lang", "zh"])
    assert not CHINESE.search(capsys.readouterr().out)
    language.use(None)


def test_wide_lines_keep_their_columns() -> None:
    text = "训练循环传入的缓存在梯度检查点下会被填充两次，随后 backward 崩溃。" * 3
    lines = wrap_wide(text, "  现象： ", " " * 9, 40, None)
    assert all(columns(line) <= 42 for line in lines)  # a mark may stand beyond the edge
    assert "".join(line.strip() for line in lines).replace(" ", "") == (
        "现象：" + text.replace(" ", "")
    )


@pytest.mark.parametrize(
    "line", [["--lang", "zh", "rule"], ["--lang=zh", "rule"], ["rule", "--lang=zh"]]
)
def test_the_language_stands_before_or_behind_the_command(
    line: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*line, "GC101"]) == 0
    assert "错误" in capsys.readouterr().out
    language.use(None)


@pytest.mark.parametrize("line", [["--lang", "zh", "run"], ["run", "--lang", "zh"]])
def test_a_script_is_run_in_the_language(
    line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "script.py"
    script.write_text("from gemma_compat import language; print(language.current())\n")
    assert main([*line, str(script)]) == 0
    assert capsys.readouterr().out == "zh\n"
    language.use(None)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (["memory", "--model", "gemma-3-27b-it", "--gpu", "T4", "--lora"], "T4 放不下："),
        (["memory", "--model", "gemma-3-4b-it", "--gpu", "all", "--lora"], "放得下"),
        (["advise", "--tune", "--model", "gemma-3-4b-it", "--gpu", "T4"], "权重用 4 位"),
    ],
)
def test_memory_and_tuning_are_chinese_and_a_cards_name_stays_in_one_line(
    line: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*line, "--max-length", "1024", "--lang", "zh"]) in (0, 1)
    shown = capsys.readouterr().out
    assert expected in shown and not re.search(r"\b(RTX|GTX)\n", shown)
    language.use(None)


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (["gpu", "L4"], ["显存 ", "计算能力 ", "是", "共享\n内存很少"]),
        (["gpu", "MI300X"], ["显存 ", "来源"]),
        (["gpu"], ["Tensor Core：fp16", "其他厂商", "与 CPU 共用"]),
        (["matrix", "--model-type", "gemma3"], ["transformers 的各个版本", "此版本中没有"]),
        (
            ["supports", "--model", "gemma3"],
            ["模型类型", "4.52.0 到 5.24.0: AutoModel 有 gemma3", "不写 target_modules"],
        ),
    ],
    ids=lambda item: " ".join(item) if isinstance(item, list) else None,
)
def test_what_the_tables_say_is_chinese_too(
    command: list[str], shown: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The labels, values and sentences; sources and names stay as they are published."""
    assert main(["--lang", "zh", *command]) == 0
    said = capsys.readouterr().out
    language.use(None)
    assert not [text for text in shown if text not in said]
