"""The order of likelihood, and what the facts of a log do to a rule."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

import gemma_compat
from gemma_compat._cli import main
from gemma_compat._explain.excerpt import Words
from gemma_compat._explain.explain import explain_log
from gemma_compat._explain.explanation import CONFIRMED, DOUBTED, OPEN, Explanation
from gemma_compat._explain.judge import explain_reading
from gemma_compat._explain.notices import NOTICES
from gemma_compat._explain.read_log import read_log
from gemma_compat.engine.condition import condition
from gemma_compat.engine.diagnosis import Objection, objection
from gemma_compat.engine.rule import Applicability, Problem, Rule, Scope, Severity
from gemma_compat.report.explanation import render_markdown
from gemma_compat.rules import all_rules, find

from ..conftest import facts_for
from ..made import rule as made_rule

ERROR = "AttributeError: 'HybridCache' object has no attribute 'float'\n"
TRACE = 'Traceback (most recent call last):\n  File "x.py", line 1, in <module>\n'


@condition("the run packs")
def packs(facts: Any) -> bool:
    return bool(facts.training.packing)


def rule(code: str, symptom: str = "tensor broke", **changes: Any) -> Rule:
    given: dict[str, Any] = {
        "name": f"defect-{code.lower()}",
        "applicability": Applicability.DISPLAY_ONLY,
        "scopes": (Scope(frozenset({"gemma3"}), {"transformers": ">=5.0.0"}),),
        "describe": lambda facts: Problem("it broke", "mend it"),
        "symptoms": (symptom,),
        "docs": "A title.\n\n## What breaks\nThis.\n\n## Why\nThat.\n\n## Cure\nThe other.\n",
    }
    return made_rule(code, **{**given, **changes})


def explain(text: str, *rules: Rule) -> Explanation:
    reading = read_log(io.BytesIO(text.encode()), rules)
    return explain_reading(reading, rules, reading.log.facts, Words(rules))


GEMMA = "transformers==5.1.0\ngoogle/gemma-3-4b-it\n"


def test_facts_confirm_leave_open_doubt_and_rule_out() -> None:
    plain, waits = rule("GC901"), rule("GC902", when=(packs,))
    old = rule("GC903", scopes=(Scope(frozenset({"gemma3"}), {"transformers": "<5.0.0"}),))
    other = rule("GC904", scopes=(Scope(frozenset({"gemma2"}), {}),))
    found = explain(f"{GEMMA}RuntimeError: tensor broke\n", waits, old, other, plain)
    assert [(cause.rule.code, cause.fit) for cause in found.causes] == [
        ("GC901", CONFIRMED),
        ("GC902", OPEN),
    ]
    assert {out.rule.code for out in found.ruled_out} == {"GC903", "GC904"}
    found = explain(f"{GEMMA}packing=False\nRuntimeError: tensor broke\n", waits, plain)
    assert found.codes == ("GC901",)
    assert [(cause.rule.code, cause.fit) for cause in found.doubted] == [("GC902", DOUBTED)]


def test_a_version_that_is_only_asked_for_rules_nothing_out() -> None:
    text = "google/gemma-3-4b-it\nRuntimeError: tensor broke\nplease pip install transformers=={}"
    found = explain(text.format("4.50.3"), rule("GC901"))
    assert found.doubted[0].fit == DOUBTED and not found.causes and not found.ruled_out
    assert explain(text.format("5.1.0"), rule("GC901")).causes[0].fit == CONFIRMED


def test_what_was_raised_comes_before_what_was_logged() -> None:
    logged, raised = rule("GC901", "odd warning"), rule("GC902", "tensor broke", when=(packs,))
    text = f"{GEMMA}an odd warning\n" + "step\n" * 20 + f"{TRACE}RuntimeError: tensor broke\n"
    assert explain(text, logged, raised).codes == ("GC902", "GC901")


def test_the_longer_text_comes_first() -> None:
    vague, exact = rule("GC901", "broke"), rule("GC902", "tensor 7 broke in two")
    assert explain(f"{GEMMA}ValueError: tensor 7 broke in two", vague, exact).codes[0] == "GC902"


def test_a_page_is_known_by_its_text_alone() -> None:
    page = rule("GC901", undetectable="what nobody can tell")
    assert explain(f"{GEMMA}tensor broke", page).causes[0].fit == OPEN
    assert not explain("transformers==4.57.6\ntensor broke", page).causes


def test_a_notice_is_never_a_failure() -> None:
    found = explain(f"{GEMMA}tensor broke", rule("GC901", severity=Severity.NOTICE))
    assert not found.causes and found.notices[0].notice.name == "GC901"


def test_another_family_rules_out_unless_the_text_names_gemma() -> None:
    text = "transformers==5.1.0\nmodels/llama/modeling_llama.py\nRuntimeError: tensor broke Gemma3"
    assert not explain(text, rule("GC901")).causes
    assert explain(text, rule("GC901", "tensor broke Gemma3")).causes


def test_nothing_known_of_the_model_leaves_every_type_possible() -> None:
    both = Scope(frozenset({"gemma2", "gemma3"}), {"transformers": ">=5.0.0"})
    broke = rule("GC901", "HybridCache broke", scopes=(both,))
    found = explain("RuntimeError: HybridCache broke", broke)
    assert found.codes == ("GC901",) and found.causes[0].if_model == ("gemma2", "gemma3")
    assert "if the model is gemma2 or gemma3 and transformers is" in " ".join(str(found).split())


@condition("more than one GPU is visible")
def several(facts: Any) -> bool:
    return len(facts.gpus) > 1


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ("", OPEN),
        ("Tesla T4\n", OPEN),
        ("2 x Tesla T4\n", CONFIRMED),
        ("Tesla T4. Num GPUs = 1.\n", DOUBTED),
    ],
)
def test_a_gpu_that_is_named_need_not_be_the_only_one(text: str, fit: str) -> None:
    found = explain(f"{GEMMA}{text}RuntimeError: tensor broke\n", rule("GC901", when=(several,)))
    assert (found.causes or found.doubted)[0].fit == fit
    if text == "Tesla T4\n":
        assert found.causes[0].missing == ("gpus",)


def test_of_two_open_rules_the_one_of_which_more_holds_comes_first() -> None:
    bare = rule("GC901", scopes=(Scope(frozenset({"gemma3"}), {}, when=(packs,)),))
    more = rule("GC902", when=(packs,))
    found = explain(f"{GEMMA}RuntimeError: tensor broke\n", bare, more)
    assert found.codes == ("GC902", "GC901")
    assert "transformers is >=5.0.0" in found.causes[0].holds


def test_objection_names_the_question_that_says_no() -> None:
    facts = facts_for("gemma3", "4.57.6")
    assert objection(rule("GC901"), facts) == Objection(
        "transformers is >=5.0.0", "transformers", of_header=True
    )
    assert objection(rule("GC901", when=(packs,)), facts_for("gemma3", "5.1.0")) == Objection(
        "the run packs"
    )
    assert objection(rule("GC901"), facts_for("gemma3", "5.1.0")) is None
    assert objection(rule("GC901"), facts_for("gemma2", "5.1.0")) is not None


@pytest.mark.parametrize(
    "before",
    [
        "",
        "[rank3]: ",
        "[default0]:",
        "[1,0]<stderr>:",
        "(RayTrainWorker pid=4711, ip=10.0.0.7) ",
        "0: ",
        "2026-01-01T10:00:00.123456Z ",
        "2026-01-01 10:00:00,123 ",
        "E       ",
    ],
)
def test_an_exception_is_seen_behind_what_launchers_put_before_it(before: str) -> None:
    found = explain(f"{before}mylib.errors.OddError: nobody knows\n", rule("GC901"))
    assert len(found.unrecognised) == 1


@pytest.mark.parametrize(
    "text",
    [
        "retrying after ValueError: x",
        "    raise ValueError: x",
        "ERROR: no",
        "Error: no",
        "UserWarning: x",
        "AttributeError                Traceback (most recent call last)",
        "eval_error: 0.1",
    ],
)
def test_what_is_no_exception(text: str) -> None:
    assert not explain(text, rule("GC901")).unrecognised


# Notices.


@pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: notice.name)
def test_a_notice_says_what_it_means(notice: Any) -> None:
    assert len(notice.meaning.split()) >= 4 and notice.meaning.endswith(".")
    assert len({item.name for item in NOTICES}) == len(NOTICES)


SEEN = """\
cache-and-checkpointing
    `use_cache=True` is incompatible with gradient checkpointing. Setting `use_cache=False`
    `use_cache=True` is incompatible with gradient checkpointing. Setting `use_cache=False`...
    `use_cache = True` is incompatible with gradient checkpointing`. Setting `use_cache = False`.
cache-and-checkpointed-layer
    Caching is incompatible with gradient checkpointing in Gemma3DecoderLayer. Setting `use_ca
default-use-reentrant
    UserWarning: torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly.
eager-attention-advised
    It is strongly recommended to train Gemma3 models with the `eager` attention implementation
    It is strongly recommended to train Gemma3n models with the `eager` attention implementation
no-gradient-into-checkpoint
    UserWarning: None of the inputs have requires_grad=True. Gradients will be None
torch-dtype-renamed
    `torch_dtype` is deprecated! Use `dtype` instead!
tokenizer-renamed
    FutureWarning: `tokenizer` is deprecated and will be removed in version 5.0.0 for \
`Trainer.__init__`. Use `processing_class` instead.
generation-flags-ignored
    The following generation flags are not valid and may be ignored: ['top_p', 'top_k'].
label-names-unknown
    No label_names provided for model class `PeftModelForCausalLM`. Since `PeftModel` hides
"""


def seen_lines() -> list[tuple[str, str]]:
    found, name = [], ""
    for line in SEEN.splitlines():
        if line.startswith(" "):
            found.append((name, line.strip()))
        name = name if line.startswith(" ") else line
    return found


@pytest.mark.parametrize(("name", "line"), seen_lines())
def test_a_line_as_the_libraries_print_it_is_a_notice(name: str, line: str) -> None:
    found = explain_log(io.BytesIO(line.encode()))
    assert [seen.notice.name for seen in found.notices] == [name] and not found.causes


def test_flash_attention_without_a_gpu_is_no_mere_notice() -> None:
    text = "attempting to use Flash Attention 2 with a model not initialized on GPU"
    assert explain_log(io.BytesIO(text.encode())).notices
    assert not explain_log(io.BytesIO(f"{text} and with no GPU available".encode())).notices


def test_the_line_that_every_t4_user_sees() -> None:
    line = (
        "`use_cache=True` is incompatible with gradient checkpointing. Setting `use_cache=False`\n"
    )
    found = explain_log(io.BytesIO(line.encode() * 60))
    assert not found.causes and not found.unrecognised
    (seen,) = found.notices
    assert (seen.notice.name, seen.line.number, seen.count) == ("cache-and-checkpointing", 1, 50)


# The command, and Python.


@pytest.mark.parametrize(
    ("text", "status", "shown"),
    [
        (TRACE + ERROR, 1, "error GC101"),
        (TRACE + "ValueError: something else\n", 3, "no rule here knows"),
        ("loss 1.0\n", 0, "no failure"),
        ("transformers==5.23.0\n" + TRACE + ERROR, 3, "It resembles GC101"),
    ],
)
def test_the_command(
    text: str, status: int, shown: str, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "train.log"
    log.write_text(text)
    assert main(["explain", str(log)]) == status
    assert shown in capsys.readouterr().out


def test_standard_input_json_and_options(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Stdin:
        buffer = io.BytesIO((TRACE + ERROR).encode())

    monkeypatch.setattr("sys.stdin", Stdin)
    given = ["--with", "transformers==4.50.3", "--model", "google/gemma-3-4b-it", "--bf16"]
    assert main(["explain", "-", "--format", "json", "--evaluates", *given]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["codes"] == ["GC101"]
    (cause,) = document["causes"]
    assert cause["fit"] == "confirmed" and cause["lines"][0]["line"] == 3
    assert cause["lines"][0]["text"] == ERROR.strip()
    assert document["facts"]["packages"]["transformers"]["version"] == "4.50.3"


def test_training_arguments_from_a_file(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    log, args = tmp_path / "x.log", tmp_path / "args.json"
    log.write_text("transformers==4.50.3\ngoogle/gemma-3-4b-it\n" + TRACE + ERROR)
    args.write_text(json.dumps({"bf16": True, "eval_strategy": "steps"}))
    assert main(["explain", str(log), "--args", str(args), "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["causes"][0]["fit"] == "confirmed"
    assert main(["explain", str(log), "--args", str(tmp_path / "none.json")]) == 2


def test_a_code_is_its_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "gc101"]) == 0
    assert "## Why" in capsys.readouterr().out


@pytest.mark.parametrize("what", ["nowhere.log", "GC999", "a\0b"])
def test_what_cannot_be_read_exits_2(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", what]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_explain_takes_an_exception_text_and_a_path(tmp_path: Any) -> None:
    (tmp_path / "x.log").write_text(ERROR)
    assert gemma_compat.explain(ERROR).codes == ("GC101",)
    assert gemma_compat.explain(tmp_path / "x.log").codes == ("GC101",)
    assert gemma_compat.explain(ValueError("x")).unrecognised
    for wrong in (42, tmp_path / "nowhere.log"):
        with pytest.raises(gemma_compat.GemmaCompatError):
            gemma_compat.explain(wrong)


def test_given_arguments_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "transformers==4.50.3\ngoogle/gemma-3-4b-it\neval_strategy='steps'\n" + ERROR
    assert gemma_compat.explain(text).causes[0].fit == OPEN
    assert gemma_compat.explain(text, args={"bf16": True}).causes[0].fit == CONFIRMED
    off = gemma_compat.explain(text, args={"bf16": False, "fp16": False})
    assert not off.causes and off.doubted[0].fit == DOUBTED


def test_explaining_adds_a_note_and_lets_the_exception_go(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(AttributeError) as caught:
        with gemma_compat.explaining():
            raise AttributeError("'HybridCache' object has no attribute 'float'")
    (note,) = caught.value.__notes__
    assert "GC101" in note
    from gemma_compat.hooks import explaining as module

    monkeypatch.setattr(module, "SHOWS_NOTES", False)  # Python 3.10
    with pytest.raises(ValueError), gemma_compat.explaining():
        raise ValueError("x")
    assert "no rule here knows" in capsys.readouterr().err


def test_explaining_never_hides_the_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise OSError("no disk")

    from gemma_compat.hooks import explaining as module

    monkeypatch.setattr(module, "explain", broken)
    with pytest.raises(ValueError) as caught, gemma_compat.explaining():
        raise ValueError("x")
    assert caught.value.__notes__ == ["gemma_compat could not explain this: OSError: no disk"]
    with gemma_compat.explaining():
        pass
    with pytest.raises(KeyboardInterrupt) as stopped, gemma_compat.explaining():
        raise KeyboardInterrupt
    assert not hasattr(stopped.value, "__notes__")


@pytest.mark.parametrize("code", [item.code for item in all_rules() if item.symptoms])
def test_every_symptom_is_found_in_an_exception(code: str) -> None:
    """A sample text of each rule's symptom, wherever its model and releases are not named."""
    import re

    for symptom in find(code).symptoms:
        sample = symptom.replace(r"\d+", "7").replace(r"[\w.]*", "x").replace("\\", "")
        if re.search(symptom, sample):
            found = gemma_compat.explain(f"{TRACE}RuntimeError: {sample}\n")
            others = (*found.causes, *found.if_gemma, *found.doubted, *found.ruled_out)
            assert code in {item.rule.code for item in others}


def test_a_cause_that_no_line_shows_is_shared_beside_the_error() -> None:
    """The markdown was a traceback of ours: it asked for the cause's last line."""
    killed = "RuntimeError: DataLoader worker (pid 4) is killed by signal: Killed."
    log = f"transformers==4.45.0\ngoogle/gemma-3-4b-it\n{killed}\n"
    shared = render_markdown(explain_log(io.BytesIO(log.encode())))
    assert "- **GC604**" in shared
    assert "Error     RuntimeError" in shared
