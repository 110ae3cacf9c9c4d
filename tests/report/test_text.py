"""The text report: complete, worst first, and never more than a page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gemma_compat._cli import main
from gemma_compat.engine.plan import Consent, Plan, Skip, make_plan
from gemma_compat.engine.rule import Applicability, Diagnosis, Problem, Severity
from gemma_compat.facts import Facts, ModelFacts, Package, TorchBuild, TrainingFacts
from gemma_compat.patching.apply import AppliedPatches
from gemma_compat.patching.ledger import Change
from gemma_compat.report.applied import render_text as render_applied
from gemma_compat.report.deciding import OPTIONS
from gemma_compat.report.text import render_diagnosis

from . import made


def render(known: Facts, *rules: object, verbose: bool = True) -> str:
    found = made.diagnosis(known, *rules)  # type: ignore[arg-type]
    return render_diagnosis(found, make_plan(found), verbose=verbose)


def short(known: Facts, *rules: object) -> list[str]:
    """The lines below the header, as a user sees them who asked for nothing more."""
    return render(known, *rules, verbose=False).partition("\n\n")[2].splitlines()


def test_header_names_what_is_installed_and_nothing_else() -> None:
    text = render(made.with_model())
    assert "transformers 4.50.3, torch 2.6.0+cu124 (CUDA 12.4)" in text
    assert "NVIDIA H200 (compute capability 9.0, 140 GiB); driver 550.54" in text
    assert "peft" not in text
    assert "gemma3, bfloat16" in text
    assert "mixed precision bf16" in text
    assert "not tried" in text


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (TorchBuild(version="2.13.0+cpu", cuda=None, hip=None), "torch 2.13.0+cpu (no CUDA)"),
        (TorchBuild(version="2.13.0", cuda=None, hip="6.2"), "torch 2.13.0 (ROCm 6.2)"),
        (TorchBuild(), "torch 2.6.0 (CUDA build unknown)"),
    ],
)
def test_torch_build(build: TorchBuild, text: str) -> None:
    assert text in render(made.facts(torch=build))


def test_missing_transformers_is_said() -> None:
    known = made.facts(packages={"transformers": None})
    assert "transformers not installed, torch unknown" in render(known)


def test_equal_gpus_are_counted() -> None:
    other = made.H200.replace(index=1, memory_free=1)
    assert "2 x NVIDIA H200" in render(made.facts(gpus=(made.H200, other)))


def test_reason_for_unknown_gpus_is_printed() -> None:
    known = Facts(reasons={"gpus": "NVML did not answer within 3 s"})
    assert "unknown: NVML did not answer within 3 s" in render(known)


def test_broken_and_duplicate_packages_are_printed() -> None:
    broken = Package(name="peft", problem="two versions are recorded: 0.15.2 and 0.21.2")
    text = render(made.facts(packages={"peft": broken}))
    assert "peft: two versions are recorded: 0.15.2 and 0.21.2" in text


def test_reason_of_a_known_absent_package_is_printed() -> None:
    known = made.facts(reasons={"packages.peft": "an interrupted uninstall left ~eft"})
    assert "Problem   peft: an interrupted uninstall left ~eft" in render(known)


def test_failed_import_is_printed_with_its_error() -> None:
    known = made.facts(imports={"torch": "failed: OSError: libcudart.so.12", "transformers": "ok"})
    assert "torch failed: OSError: libcudart.so.12, transformers ok" in render(known)


def test_findings_come_worst_first_with_message_and_help() -> None:
    notice = made.rule(1, severity=Severity.NOTICE)
    error = made.rule(2)
    text = render(made.with_model(), notice, error)
    assert text.index("error GC102 made-defect-2") < text.index("notice GC101 made-defect-1")
    assert "  it breaks, badly\n  help: pip install 'x>=2'" in text
    assert "1 error, 1 notice." in text


def test_evidence_is_said_only_where_nothing_was_run() -> None:
    reported = made.rule(2, evidence=made.REPORTED)
    text = render(made.with_model(), made.rule(1), reported)
    assert "made-defect-2 [reported by others, not run]" in text
    assert "made-defect-1\n" in text


def test_patch_that_is_withheld_says_why() -> None:
    unsafe = made.rule(applicability=Applicability.UNSAFE)
    assert "patch(model) leaves it: unsafe: allow it with" in render(made.with_model(), unsafe)


def test_model_types_are_grouped_without_a_model() -> None:
    assert "it breaks, badly [gemma2, gemma3, gemma3n]" in render(made.facts(), made.rule())


def test_undetermined_names_the_missing_fact_the_condition_and_the_severity() -> None:
    known = made.with_model().replace(training=TrainingFacts())
    text = render(known, made.rule(when=(made.ON_A_RUN,)))
    assert "Not decided, depends on the run (--args training_args.json):" in text
    assert "  if the run uses mixed precision\n    error GC101 made-defect-1" in text
    assert "No known failure found; 1 not decided." in text


def test_reason_why_a_fact_is_missing_is_printed() -> None:
    known = made.with_model().replace(
        model=ModelFacts(model_type="gemma3"), reasons={"model.dtype": "config.json has none"}
    )
    text = render(known, made.rule(when=(made.ON_WEIGHTS,)))
    assert "depends on the model:\n  unknown because config.json has none\n" in text


def test_unknown_package_is_a_group_of_its_own() -> None:
    known = made.with_model(packages={"torch": None}, reasons={"packages": "cannot read /x"})
    text = render(known, made.rule())
    assert "Not decided, depends on the version of transformers:" in text
    assert "unknown because cannot read /x" in text


@pytest.mark.parametrize("when", [(), (made.ON_A_RUN,), (made.ON_A_RUN, made.ON_WEIGHTS)])
def test_bare_report_with_sixty_rules_stays_a_page(when: tuple[object, ...]) -> None:
    long = Problem("it breaks " + "very " * 60, "pip install " + "x " * 60)
    rules = [made.rule(number, when=when, problem=long) for number in range(60)]
    text = render(made.facts(), *rules)
    assert len(text.splitlines()) <= 45
    for rule in rules:
        assert rule.code in text


def test_findings_on_a_model_are_never_shortened() -> None:
    text = render(made.with_model(), *(made.rule(number) for number in range(30)))
    assert text.count("it breaks, badly") == 30


def test_a_healthy_stack_ends_in_one_line() -> None:
    assert short(made.with_model()) == ["No known failure found."]


def test_a_notice_that_changes_nothing_is_a_word_in_that_line() -> None:
    harmless = made.rule(1, severity=Severity.NOTICE, effects=("slow",))
    [line] = short(made.with_model(), harmless)
    assert line.startswith("No known failure found (a notice, GC101, is folded")


@pytest.mark.parametrize(
    "change",
    [
        {"severity": Severity.WARNING},
        {"applicability": Applicability.UNSAFE},
        {"effects": ("not-a-number",)},
    ],
)
def test_nothing_else_is_folded(change: dict[str, object]) -> None:
    known = {"severity": Severity.NOTICE, "effects": ("slow",), **change}
    text = "\n".join(short(made.with_model(), made.rule(1, **known)))
    assert "GC101 made-defect-1" in text and "folded" not in text


def test_what_is_not_decided_is_five_lines_worst_first() -> None:
    known = made.with_model().replace(training=TrainingFacts())
    rules = [
        made.rule(number, when=(when,), severity=severity)
        for number, (when, severity) in enumerate(
            [
                (made.waits_for("tokenizer.adds_bos"), Severity.NOTICE),
                (made.waits_for("training.images"), Severity.WARNING),
                (made.waits_for("adapter.bias"), Severity.WARNING),
                (made.waits_for("packages.liger-kernel"), Severity.ERROR),
                (made.waits_for("training.packing"), Severity.ERROR),
                (made.waits_for("training.packing"), Severity.WARNING),
            ]
        )
    ]
    lines = short(known, *rules)[2:7]
    assert short(known, *rules)[7] == "" and "--verbose" in lines[0]
    assert lines[1].startswith("  error GC104 The made defect number 4 breaks it (and 1 more): ")
    assert [line.rsplit(": ")[1] for line in lines[1:]] == [
        "--[no-]packing",
        "--with liger-kernel==VERSION",
        "--[no-]images",
        "--adapter DIR",
    ]


def test_the_option_named_is_the_one_for_which_most_wait() -> None:
    known = made.with_model().replace(training=TrainingFacts())
    images, packing = (made.waits_for(f"training.{name}") for name in ("images", "packing"))
    lines = short(known, made.rule(1, when=(images, packing)), made.rule(2, when=(packing,)))
    assert lines[3].endswith("(and 1 more): --[no-]packing")


def test_a_model_that_is_given_is_not_asked_for_again() -> None:
    waits = made.rule(when=(made.waits_for("model.use_cache"),))
    assert short(made.with_model(), waits)[3].endswith(": diagnose(model)")
    assert short(made.facts(), waits)[3].endswith(": --model DIR")


def test_every_option_named_exists(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--help"]) == 0
    help_text = capsys.readouterr().out
    for text in OPTIONS.values():
        for option in text.partition(" ")[0].split("|"):
            assert option.replace("[no-]", "") in help_text, option


def test_a_rules_name_stands_for_a_title_that_does_not_fit() -> None:
    waits = made.waits_for("training.packing")
    rule = made.rule(when=(waits,), docs="word " * 40 + "\n")
    assert short(made.with_model(), rule)[3] == f"  error GC101 {rule.name}: --[no-]packing"


def test_lines_are_short_except_for_unbreakable_words() -> None:
    long = Problem("word " * 100, "pip install 'transformers>=4.51.0' " * 10)
    text = render(made.facts(), made.rule(problem=long), made.rule(2, when=(made.ON_A_RUN,)))
    assert max(map(len, text.splitlines())) <= 88


def test_model_that_is_no_gemma_gets_one_line() -> None:
    assert render(made.with_model("llama"), made.rule()) == (
        "gemma_compat: model_type 'llama' is not a Gemma; there is nothing to report.\n"
    )


def test_newer_gemma_says_what_was_not_asked() -> None:
    text = render(made.with_model("gemma7"), made.rule())
    assert "Not checked: model_type 'gemma7' is newer than this release" in text
    assert "Not asked: GC101" in text.replace("\n  ", " ")


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in render(made.with_model("gemma3\x1b[31m"))


class _Ledger:
    """The two attributes of a ledger that a report reads."""

    def __init__(self, code: str, *changes: Change) -> None:
        self.code = code
        self.changes = changes


def applied(found: Diagnosis, plan: Plan, *ledgers: _Ledger, **options: object) -> str:
    return render_applied(AppliedPatches(found, plan, ledgers=list(ledgers), **options))  # type: ignore[arg-type]


def test_applied_lists_found_changed_skipped_and_left() -> None:
    rules = (
        made.rule(1),
        made.rule(2, applicability=Applicability.UNSAFE),
        made.rule(3, patch=None, problem=Problem("another thing", "pip install 'y<3'")),
    )
    found = made.diagnosis(made.with_model(), *rules)
    change = Change("GC101", "model.config.use_cache", "True", "False")
    lines = applied(found, make_plan(found), _Ledger("GC101", change)).splitlines()
    assert lines[0] == "gemma_compat: patched gemma3: GC101"
    assert "  error GC101 it breaks, badly" in lines
    assert "  GC101 model.config.use_cache: True -> False" in lines
    assert any(line.startswith("  GC102 made-defect-2: unsafe") for line in lines)
    assert "  GC103 pip install 'y<3'" in lines


def test_applied_counts_equal_changes_on_many_layers() -> None:
    found = made.diagnosis(made.with_model(), made.rule())
    paths = [f"model.layers.{layer}.self_attn.forward_hook" for layer in range(62)]
    changes = [Change("GC101", path, "absent", "share") for path in paths]
    text = applied(found, make_plan(found), _Ledger("GC101", *changes))
    assert "model.layers.*.self_attn.forward_hook: absent -> share (62 places)" in text
    assert text.count("self_attn") == 1


def test_applied_to_a_clean_model_is_one_line() -> None:
    found = made.diagnosis(made.with_model())
    assert applied(found, make_plan(found)) == "gemma_compat: nothing was needed on gemma3"


def test_dry_run_says_so() -> None:
    found = made.diagnosis(made.with_model(), made.rule())
    text = applied(found, make_plan(found), dry_run=True)
    assert text.startswith(
        "gemma_compat: dry run on gemma3, nothing was changed; would apply GC101"
    )


def test_reverted_says_so() -> None:
    found = made.diagnosis(made.with_model(), made.rule())
    assert applied(found, make_plan(found)).startswith("gemma_compat: reverted on gemma3: GC101")


def test_a_second_patch_names_what_the_first_one_did() -> None:
    rules = (made.rule(), made.rule(2, leaves=("share",)))
    known = made.with_model()
    found = made.diagnosis(
        known.replace(model=known.model.replace(patched_with=("share",))), *rules
    )
    assert [item.rule.code for item in found.findings] == ["GC101"]
    assert [rule.code for rule in found.in_place] == ["GC102"]
    skips = (Skip(rules[0], "in place already", in_place=True),)
    assert applied(replace(found, findings=()), Plan(skips=skips)) == (
        "gemma_compat: gemma3 is already patched: GC101, GC102"
    )


def test_second_patch_says_that_all_was_in_place() -> None:
    found = made.diagnosis(made.with_model(), made.rule())
    text = applied(found, make_plan(found), _Ledger("GC101"))
    assert "GC101 everything was in place already" in text


def test_a_precaution_is_told_from_a_finding() -> None:
    known = made.with_model().replace(training=TrainingFacts())
    found = made.diagnosis(known, made.rule(when=(made.ON_A_RUN,)))
    text = " ".join(applied(found, make_plan(found), _Ledger("GC101")).split())
    assert "possible GC101 The made defect" in text and "cured as a precaution" in text
    assert "error GC101" not in text


def test_note_replaces_everything() -> None:
    found = made.diagnosis(made.with_model("llama"), made.rule())
    assert applied(found, Plan(), note="not a Gemma") == "not a Gemma"


def test_ignored_rule_is_skipped_by_name() -> None:
    found = made.diagnosis(made.with_model(), made.rule())
    plan = make_plan(found, Consent(ignore=frozenset({"GC101"})))
    assert "GC101 made-defect-1: ignored, as you asked" in applied(found, plan)
