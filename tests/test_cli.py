"""The command line, end to end: what is printed where, and the exit status."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from gemma_compat import __version__, _cli
from gemma_compat.facts import Facts, ModelFacts, Package, TrainingFacts

ROOT = Path(__file__).resolve().parent.parent
BROKEN = {
    "model_type": "gemma3_text",
    "architectures": ["Gemma3ForCausalLM"],
    "torch_dtype": "bfloat16",
    "num_hidden_layers": 26,
}


def stub(folder: Path, **versions: str) -> Path:
    """Packages that must not be imported, with metadata that states these versions."""
    for name, version in versions.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text("raise RuntimeError('imported')\n")
        info = folder / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n")
    if "torch" in versions:
        text = f"__version__ = '{versions['torch']}'\ncuda = '12.4'\nhip = None\n"
        (folder / "torch" / "version.py").write_text(text)
    return folder


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """transformers 4.50.3 and a torch that raises when it is imported."""
    return stub(tmp_path / "stack", transformers="4.50.3", torch="2.6.0+cu124")


def run(*arguments: str, first: Path | None = None, **options: Any) -> Any:
    path = os.pathsep.join(map(str, filter(None, [first, ROOT])))
    return subprocess.run(
        [sys.executable, "-m", "gemma_compat", *arguments],
        env={**os.environ, "PYTHONPATH": path, **options.pop("env", {})},
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )


def write(path: Path, content: Any) -> str:
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def model_and_args(folder: Path, config: Any = None, **args: Any) -> list[str]:
    model = write(folder / "config.json", BROKEN if config is None else config)
    run_args = {"bf16": True, "eval_strategy": "steps", **args}
    return ["--model", model, "--args", write(folder / "args.json", run_args)]


def is_one_error_line(done: Any) -> bool:
    lines = done.stderr.splitlines()
    return len(lines) == 1 and lines[0].startswith("gemma_compat: error: ") and not done.stdout


def test_bare_report_is_a_page_and_exits_0(tmp_path: Path) -> None:
    healthy = stub(tmp_path / "stack", transformers="5.24.0", torch="2.6.0+cu124")
    done = run("report", first=healthy)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"gemma_compat {__version__}\n")
    assert len(done.stdout.splitlines()) <= 45
    assert not done.stderr


@pytest.mark.parametrize("more", [[], ["--model", "google/gemma-3-1b-it"], ["--gpu", "L4"]])
def test_a_stack_without_transformers_is_no_healthy_one(more: list[str]) -> None:
    if find_spec("transformers"):
        pytest.skip("this environment has it")
    done = run("report", *more)
    assert done.returncode == 3
    assert "Nothing can train here: without" in done.stdout
    assert "No known failure" not in done.stdout


def test_finding_exits_1_with_the_command_to_type(stack: Path, tmp_path: Path) -> None:
    done = run("report", *model_and_args(tmp_path), first=stack)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "error GC101 hybridcache-without-float" in done.stdout
    assert "'transformers>=4.51.0'" in done.stdout


def test_adapter_is_judged_with_the_model(stack: Path, tmp_path: Path) -> None:
    model = write(tmp_path / "config.json", {"model_type": "gemma4", "vision_config": {}})
    write(tmp_path / "adapter_config.json", {"peft_type": "LORA", "target_modules": ["q_proj"]})
    given = ["--model", model, "--with", "transformers==5.23.0", "--select", "GC701"]
    assert run("report", *given, first=stack).returncode == 0
    done = run("report", *given, "--adapter", str(tmp_path), first=stack)
    assert done.returncode == 1 and "Gemma4ClippableLinear" in done.stdout
    done = run("report", "--adapter", str(tmp_path / "none"), first=stack)
    assert done.returncode == 2 and is_one_error_line(done)


def test_tokenizer_may_lie_elsewhere_than_the_model(stack: Path, tmp_path: Path) -> None:
    model = write(tmp_path / "config.json", {"model_type": "gemma3_text"})
    folder = tmp_path / "tokenizer"
    folder.mkdir()
    write(folder / "tokenizer_config.json", {"add_bos_token": False, "bos_token": "<bos>"})
    given = ["--model", model, "--select", "GC805", "--fail-on", "warning"]
    assert run("report", *given, first=stack).returncode == 0
    done = run("report", *given, "--tokenizer", str(folder), first=stack)
    assert done.returncode == 1 and "GC805" in done.stdout
    done = run("report", "--tokenizer", str(tmp_path), first=stack)
    assert done.returncode == 2 and is_one_error_line(done)


def test_broken_torch_does_not_stop_the_report(stack: Path) -> None:
    done = run("report", first=stack)
    assert done.returncode == 0, done.stderr
    assert "torch 2.6.0+cu124 (CUDA 12.4)" in done.stdout
    assert "not tried" in done.stdout


def test_probe_prints_why_torch_does_not_import(stack: Path) -> None:
    done = run("report", "--probe", first=stack)
    assert done.returncode == 1, done.stderr
    assert "torch failed: RuntimeError: imported" in done.stdout
    assert "torch and transformers cannot be imported" in done.stdout
    assert "No known failure" not in done.stdout
    assert "Not decided" in done.stdout


def test_probe_survives_a_torch_that_crashes_the_interpreter(stack: Path) -> None:
    code = "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n"
    (stack / "torch" / "__init__.py").write_text(code)
    done = run("report", "--probe", first=stack)
    assert "torch crashed with signal 11" in done.stdout
    assert "Not decided" in done.stdout


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (["--fail-on", "never"], 0),
        (["--fail-on", "warning"], 1),
        (["--ignore", "GC101"], 0),
        (["--ignore", "hybridcache-without-float"], 0),
        (["--select", "GC101"], 1),
        (["--select", "GC102"], 0),
        (["--select", "GC102,GC101"], 1),
        (["--select", "GC101", "--select", "GC102"], 1),
    ],
)
def test_thresholds_and_selection(
    options: list[str], status: int, stack: Path, tmp_path: Path
) -> None:
    done = run("report", *model_and_args(tmp_path), *options, first=stack)
    assert done.returncode == status, done.stdout + done.stderr


def test_undetermined_fails_only_when_asked(stack: Path) -> None:
    assert run("report", "--select", "GC101", first=stack).returncode == 0
    asked = run("report", "--select", "GC101", "--fail-on-undetermined", first=stack)
    assert asked.returncode == 1


def test_json_is_one_document_and_nothing_else(stack: Path, tmp_path: Path) -> None:
    done = run("report", "--format", "json", *model_and_args(tmp_path), first=stack)
    document = json.loads(done.stdout)
    assert done.returncode == 1 and not done.stderr
    assert "GC101" in [finding["code"] for finding in document["findings"]]
    assert document["facts"]["packages"]["transformers"]["version"] == "4.50.3"
    assert str(tmp_path) not in done.stdout and str(ROOT) not in done.stdout


def test_markdown_holds_no_path(stack: Path, tmp_path: Path) -> None:
    done = run("report", "--format", "markdown", *model_and_args(tmp_path), first=stack)
    assert done.stdout.startswith("### gemma_compat")
    assert str(tmp_path) not in done.stdout and str(ROOT) not in done.stdout


def test_model_that_is_no_gemma_is_one_line_and_no_failure(tmp_path: Path) -> None:
    model = write(tmp_path / "config.json", {"model_type": "llama"})
    done = run("report", "--model", model)
    assert done.returncode == 0 and not done.stderr
    assert len(done.stdout.splitlines()) == 1 and "'llama' is not a Gemma" in done.stdout


def test_newer_gemma_says_what_was_not_checked(stack: Path, tmp_path: Path) -> None:
    model = write(tmp_path / "config.json", {"model_type": "gemma7"})
    done = run("report", "--model", model, first=stack)
    assert done.returncode == 0
    assert "Not checked: model_type 'gemma7' is newer" in done.stdout


BAD_FILES = {
    "missing": None,
    "invalid": b"{'model_type'",
    "list": b"[1, 2]",
    "null": b"null",
    "not_utf8": b'{"model_type": "\xff\xfe\x00"}',
    "deep": b'{"a": ' * 100_000 + b"1" + b"}" * 100_000,
    "deep_list": b"[" * 100_000,
    "empty": b"",
}


@pytest.mark.parametrize("option", ["--model", "--args"])
@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("kind", BAD_FILES)
def test_malformed_file(option: str, form: str, kind: str, tmp_path: Path) -> None:
    file = tmp_path / "input.json"
    content = BAD_FILES[kind]
    if content is not None:
        file.write_bytes(content)
    done = run("report", option, str(file), "--format", form)
    assert done.returncode == 2, done.stdout
    assert is_one_error_line(done), done.stderr
    assert "input.json" in done.stderr


@pytest.mark.parametrize("option", ["--model", "--args"])
def test_directory_without_the_file(option: str, tmp_path: Path) -> None:
    done = run("report", option, str(tmp_path))
    assert done.returncode == 2 and is_one_error_line(done), done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["report", "--nonsense"],
        ["report", "--format", "xml"],
        ["report", "--fail-on", "sometimes"],
        ["report", "--select", "GC999"],
        ["report", "--select", ","],
        ["report", "stray"],
        ["report", "--mod", "x"],
        ["rule", "GC999"],
        ["run"],
        ["run", "no_such_script.py"],
        ["run", "-m"],
        ["run", "-m", "no_such_module_at_all"],
    ],
)
def test_wrong_usage_is_one_line_and_2(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2 and is_one_error_line(done), (done.stdout, done.stderr)


def test_unknown_rule_names_the_nearest() -> None:
    assert "nearest: GC101 hybridcache-without-float" in run("rule", "hybridcach").stderr


@pytest.mark.parametrize("name", ["GC101", "gc101", "hybridcache-without-float"])
def test_rule_page(name: str) -> None:
    done = run("rule", name)
    assert done.returncode == 0
    assert done.stdout.startswith("GC101 hybridcache-without-float\n")


def test_rule_list_in_every_format() -> None:
    assert "GC101" in run("rule").stdout
    assert json.loads(run("rule", "--format", "json").stdout)["rules"][0]["code"]
    assert run("rule", "--format", "markdown").stdout.startswith("| code |")


def test_version_and_help() -> None:
    assert run("--version").stdout == f"gemma_compat {__version__}\n"
    for arguments in (["--help"], ["report", "--help"], ["run", "--help"], ["rule", "-h"]):
        done = run(*arguments)
        assert done.returncode == 0 and done.stdout.startswith("usage: gemma_compat"), arguments


def test_script_gets_its_arguments_and_its_exit_status(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("import sys\nprint(__name__, sys.argv[1:])\nsys.exit(7)\n")
    done = run("run", str(script), "--format", "xml", "--help", "report")
    assert done.stdout == "__main__ ['--format', 'xml', '--help', 'report']\n"
    assert done.returncode == 7


def test_script_that_misuses_the_library_gets_its_own_traceback(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("from gemma_compat.rules import find\nfind('GC999')\n")
    done = run("run", str(script))
    assert done.returncode == 1
    assert "Traceback" in done.stderr and "train.py" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
def test_reader_that_goes_away_is_no_error(stack: Path, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    arguments = [sys.executable, "-m", "gemma_compat", "report", *model_and_args(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(stack), str(ROOT)])}
    done = subprocess.run(
        arguments, stdout=writing, stderr=subprocess.PIPE, env=environment, text=True, timeout=60
    )
    os.close(writing)
    assert done.stderr == ""
    assert done.returncode == 1  # the findings are there all the same


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_full_disk_is_an_error_line() -> None:
    with open("/dev/full", "w") as full:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-m", "gemma_compat", "rule"],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
            timeout=60,
        )
    assert done.returncode == 2
    assert done.stderr.startswith("gemma_compat: error: cannot write the report: No space left")


def test_terminal_that_knows_ascii_only(stack: Path, tmp_path: Path) -> None:
    model = write(tmp_path / "config.json", {"model_type": "gemma\u00e9\ud800"})
    done = run("report", "--model", model, first=stack, env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert "gemma\\xe9" in done.stdout


def test_interrupt_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: Any, **options: Any) -> Facts:
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("not interrupted")

    monkeypatch.setattr("gemma_compat.detect.detect_facts", interrupted)
    # A shell's background job ignores the signal, and Python then installs no handler of its own.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert _cli.main(["report"]) == 130
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("packages", "status"),
    [
        ({}, 3),  # nothing could be read
        ({"transformers": Package(name="transformers", problem="half-removed")}, 3),
        ({"transformers": None}, 3),  # known absent: nothing can train
        ({"transformers": Package(name="transformers", version="4.49.0")}, 0),
    ],
)
def test_3_where_no_rule_could_be_judged(
    packages: dict[str, Any],
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    facts = Facts(
        packages=packages,
        model=ModelFacts(model_type="gemma3_text", dtype="bfloat16"),
        training=TrainingFacts(mixed_precision="bf16", evaluates=True),
    )
    monkeypatch.setattr("gemma_compat.detect.detect_facts", lambda *a, **k: facts)
    assert _cli.main(["report", "--select", "GC101"]) == status
    assert capsys.readouterr().out
