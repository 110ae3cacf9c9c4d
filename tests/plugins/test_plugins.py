"""Other people's rules: the one of the docs as a package, and packages that are broken."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gemma_compat.engine.diagnosis import judge, judge_all
from gemma_compat.engine.plan import make_plan
from gemma_compat.engine.rule import Finding, Undetermined
from gemma_compat.facts import Facts, ModelFacts
from gemma_compat.plugins import load
from gemma_compat.plugins.find import entry_points
from gemma_compat.rules import own_rules

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "plugins.md").read_text("utf-8")
RULE = """\
'''A made defect of Acme breaks it.'''
from gemma_compat.engine.condition import Condition
from gemma_compat.engine.rule import *
RULE = Rule(code={code!r}, severity=Severity.ERROR, effects=("slow",), evidence=Evidence.REPORTED,
    scopes=(Scope({{"gemma3"}}, {{}}, when=(Condition("it is so", {test}),)),), {more})
"""
YES = "lambda f: True"
BREAKS = 'breaks="it breaks", name="made-defect"'
counter = iter(range(1000))


def install(site: Path, module: str, text: str, package: str = "acme-rules") -> str:
    """Put a module and its metadata where an installer puts them; its unique name."""
    name = f"{module}_{next(counter)}"
    (site / f"{name}.py").write_text(text)
    info = site / f"{package.replace('-', '_')}-1.2.dist-info"
    info.mkdir(exist_ok=True)
    point = f"[console_scripts]\nx = y\n\n[gemma_compat.rules]\nrules = {name}\n"
    (info / "entry_points.txt").write_text(point)
    return name


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


def found(
    site: Path, code: str = "ACME101", test: str = "lambda f: True", more: str = BREAKS
) -> Any:
    install(site, "acme", RULE.format(code=code, test=test, more=more))
    return load(own_rules(), [str(site)])


def gemma3() -> Facts:
    return Facts(model=ModelFacts(model_type="gemma3"))


def test_a_rule_is_found_and_fires(site: Path) -> None:
    loaded = found(site)
    (rule,) = loaded.rules
    assert loaded.notes == ("acme-rules 1.2: ACME101",)
    assert isinstance(judge(rule, gemma3()), Finding)
    judged = judge_all(gemma3(), [*own_rules(), rule]).findings
    assert "ACME101" in [item.rule.code for item in judged]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"code": "GC999"}, "the prefix GC is gemma_compat's"),
        ({"code": "acme1"}, "expected capitals and three or four digits"),
        ({"more": 'breaks="x", name="hybridcache-without-float"'}, "GC101 is called"),
        ({"more": 'breaks="x", name="a-b", symptoms=(".*",)'}, "is found in every log"),
        ({"more": 'breaks="x", name="a-b", symptoms=("(",)'}, "symptoms: '('"),
        ({"more": 'name="a-b"'}, "describe or breaks"),
        ({"more": 'breaks="x", name="a-b", reports=("x",)'}, "owner/repository#number"),
        ({"more": 'breaks="x", name="a-b", when=(1,)'}, "expected conditions"),
        ({"more": 'breaks="x", name="a-b", patch=print'}, "patch: a cure that is"),
    ],
)
def test_a_rule_that_breaks_the_contract_is_named_and_left_out(
    changes: dict[str, str], said: str, site: Path
) -> None:
    loaded = found(site, **changes)
    assert not loaded.rules
    (note,) = loaded.notes
    assert note.startswith("acme-rules 1.2: no rule; skipped: ") and said in note


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("raise RuntimeError('broken\\nbadly')", "RuntimeError: broken badly"),
        ("import no_such_module_at_all", "ModuleNotFoundError"),
        ("raise SystemError", "SystemError"),
        ("x = 1", "holds no RULE"),
        ("RULE = 3", "a int in the place of"),
        ("RULES = [None]", "a NoneType in the place of"),
    ],
)
def test_a_broken_package_is_named_and_skipped(text: str, said: str, site: Path) -> None:
    install(site, "broken", text)
    loaded = load(own_rules(), [str(site)])
    assert not loaded.rules and said in loaded.notes[0] and "\n" not in loaded.notes[0]


def test_a_code_is_taken_once(site: Path) -> None:
    install(site, "one", RULE.format(code="ACME101", test="lambda f: True", more=BREAKS), "a-rules")
    install(site, "two", RULE.format(code="ACME101", test="lambda f: True", more=BREAKS), "b-rules")
    loaded = load(own_rules(), [str(site)])
    assert [rule.code for rule in loaded.rules] == ["ACME101"]
    assert "another rule has it" in loaded.notes[1]


def test_only_our_own_package_may_replace_a_rule_of_ours(site: Path) -> None:
    more = 'breaks="newer", name="hybridcache-without-float"'
    text = RULE.format(code="GC101", test="lambda f: True", more=more)
    install(site, "newer", text, "gemma-compat-rules")
    (rule,) = load(own_rules(), [str(site)]).rules
    assert rule.code == "GC101" and rule.breaks == "newer"


@pytest.mark.parametrize("test", ["lambda f: 1 / 0", "lambda f: 'yes'", "lambda f: f.moon"])
def test_a_condition_that_fails_leaves_the_rule_undecided(test: str, site: Path) -> None:
    (rule,) = found(site, test=test).rules
    answer = judge(rule, gemma3())
    assert isinstance(answer, Undetermined)
    ((topic, reason),) = answer.missing
    assert topic == "plugins" and reason.startswith("ACME101 of acme-rules ")


def test_a_message_that_fails_does_not_hide_the_finding(site: Path) -> None:
    (rule,) = found(site, more='name="made-defect", describe=lambda facts: 1 / 0').rules
    answer = judge(rule, gemma3())
    assert isinstance(answer, Finding)
    assert "ACME101 of acme-rules failed: ZeroDivisionError" in answer.problem.message


def test_a_cure_that_fails_is_an_error_by_name(site: Path) -> None:
    from gemma_compat.errors import PatchTargetMissing

    def boom(model: Any, ledger: Any) -> None:
        raise KeyError("x")

    sys.modules["acme_boom"] = type(sys)("acme_boom")
    sys.modules["acme_boom"].boom = boom  # type: ignore[attr-defined]
    more = f"{BREAKS}, patch=__import__('acme_boom').boom, applicability=Applicability.SAFE"
    (rule,) = found(site, more=more).rules
    assert make_plan(judge_all(gemma3(), [rule])).patches
    assert rule.patch is not None
    with pytest.raises(PatchTargetMissing, match="ACME101 of acme-rules failed: KeyError"):
        rule.patch(None, None)  # type: ignore[arg-type]


def test_the_switch_loads_none(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMMA_COMPAT_PLUGINS", "0")
    assert not found(site).notes


def test_only_the_group_is_read(tmp_path: Path) -> None:
    info = tmp_path / "other-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text(
        "[a]\nx = gemma_compat.rules\n[gemma_compat.rules.x]\ny = z\n"
    )
    (tmp_path / "file.dist-info").write_text("")
    assert entry_points([str(tmp_path), str(tmp_path / "none"), ""]) == []


# The package of the docs, built from its page.


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site-packages with the package that docs/plugins.md shows, as an installer leaves it."""
    folder = tmp_path_factory.mktemp("acme")
    (python,) = re.findall(r"```python\n# (\S+)\n(.*?)```", PAGE, re.DOTALL)
    (project,) = re.findall(r"```toml\n# pyproject.toml\n(.*?)```", PAGE, re.DOTALL)
    path = folder / python[0]
    path.parent.mkdir()
    path.write_text(python[1])
    (path.parent / "__init__.py").write_text("")
    tomllib = pytest.importorskip("tomllib")  # Python 3.11
    stated = tomllib.loads(project)["project"]
    info = folder / f"{stated['name'].replace('-', '_')}-{stated['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: {stated['name']}\nVersion: {stated['version']}\n")
    lines = [f"[{group}]" for group in stated["entry-points"]]
    for entries in stated["entry-points"].values():
        lines += [f"{name} = {value}" for name, value in entries.items()]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return folder


def run(acme: Path, *command: str) -> Any:
    path = os.pathsep.join([str(acme), str(ROOT)])
    return subprocess.run(
        [sys.executable, *command],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        cwd=acme,
        check=False,
    )


STACK = ["--model", "google/gemma-3-4b-it", "--packing", "--with", "torch==2.6.0"]


def test_the_rule_of_the_docs_fires_in_a_report(acme: Path) -> None:
    report = ["-m", "gemma_compat", "report", *STACK, "--format", "json", "--select", "ACME101"]
    done = run(acme, *report, "--with", "transformers==4.57.6")
    document = json.loads(done.stdout)
    assert done.returncode == 1, done.stderr
    assert [item["code"] for item in document["findings"]] == ["ACME101"]
    assert document["findings"][0]["help"] == "packing=False"
    assert document["plugins"] == ["acme-gemma-rules 1.0.0: ACME101"]
    assert run(acme, *report, "--with", "transformers==5.23.0").returncode == 0
    page = run(acme, "-m", "gemma_compat", "rule", "wrapper-drops-masks")
    assert page.stdout.startswith("ACME101 wrapper-drops-masks")


@pytest.mark.long
def test_the_contract_of_the_docs_passes_and_finds_a_planted_fault(acme: Path) -> None:
    (command,) = re.findall(r"```\n(pytest -p gemma_compat.plugins.contracts .*)\n```", PAGE)
    pytest_command = ["-m", *command.split(), "-p", "no:cacheprovider", "-q"]
    done = run(acme, *pytest_command)
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout
    path = acme / "acme_gemma_rules" / "wrapper_drops_masks.py"
    text = path.read_text()
    for old, new, said in (
        (
            'SILENT = (_facts("5.23.0"),)',
            'SILENT = (_facts("4.57.6"),)',
            "fires or cannot be decided",
        ),
        ('FIRES = (_facts("4.57.6"),)', 'FIRES = (_facts("4.49.0"),)', "does not fire"),
        ("SILENT = ", "OTHER = ", "needs a tuple of Facts"),
        ('"gemma3_text"', '"gemma33"', "no Gemma is called gemma33"),
    ):
        assert old in text
        path.write_text(text.replace(old, new))
        # Of one length and one second, it would be read from the bytecode of the former text.
        shutil.rmtree(path.parent / "__pycache__", ignore_errors=True)
        done = run(acme, *pytest_command)
        assert done.returncode == 1 and said in done.stdout, done.stdout
    path.write_text(text)
