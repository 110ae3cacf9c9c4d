"""``import gemma_compat`` and a report load nothing heavy. Asserted by module, never by time."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {"torch", "transformers", "pynvml", "packaging", "rich", "numpy", "importlib.metadata"}


def loaded_after(code: str) -> set[str]:
    """The modules that a fresh interpreter holds after ``code``."""
    path = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n"
    program = f"{path}{code}\nprint(*sys.modules, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], stdout=subprocess.PIPE, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_the_package_loads_only_itself() -> None:
    added = loaded_after("import gemma_compat") - loaded_after("pass")
    assert added == {"gemma_compat"} | ({"__future__"} & added)


@pytest.mark.parametrize(
    "code",
    [
        "import gemma_compat._cli",
        "import gemma_compat; gemma_compat.install; gemma_compat.patch; gemma_compat.detect_facts",
        "from gemma_compat.rules import all_rules; all_rules()",
        "import gemma_compat.report.text, gemma_compat.report.json, gemma_compat.report.markdown",
    ],
)
def test_nothing_heavy_is_loaded(code: str) -> None:
    assert not HEAVY & loaded_after(code)


def test_a_report_loads_nothing_that_it_inspects() -> None:
    code = (
        "import contextlib, io\n"
        "from gemma_compat._cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    main(['report'])"
    )
    assert not (HEAVY - {"packaging"}) & loaded_after(code)


def test_a_report_on_a_model_compiles_no_dataclass(tmp_path: Path) -> None:
    """``dataclasses`` and what it imports took a tenth of it."""
    (tmp_path / "config.json").write_text('{"model_type": "gemma3_text"}', encoding="utf-8")
    code = (
        "import contextlib, io\n"
        "from gemma_compat._cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        f"    main(['report', '--model', {str(tmp_path)!r}])"
    )
    assert not {"dataclasses", "inspect"} & loaded_after(code)


@pytest.mark.parametrize(
    "log",
    [
        "{'loss': 1.5}\\n",
        "RuntimeError: CUDA out of memory\\n",
        "NVIDIA A100-SXM4-80GB\\nValueError: no such row\\n",
    ],
)
def test_to_explain_a_log_loads_little(log: str, tmp_path: Path) -> None:
    """``dataclasses`` and what it imports took a quarter of it."""
    (tmp_path / "log").write_text(log, encoding="utf-8")
    code = (
        "import contextlib, io\n"
        "from gemma_compat._cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        f"    main(['explain', {str(tmp_path / 'log')!r}])"
    )
    unneeded = {"gemma_compat.conditions.unsloth", "gemma_compat.report.sharing"}
    assert not ({"dataclasses", "inspect", "packaging"} | unneeded) & loaded_after(code)


def test_every_public_name_can_be_reached() -> None:
    import gemma_compat

    needs_transformers = set() if find_spec("transformers") else {"GemmaCompatCallback"}
    for name in set(gemma_compat.__all__) - needs_transformers:
        assert getattr(gemma_compat, name) is not None
    assert set(gemma_compat.__all__) == set(dir(gemma_compat))


def test_unknown_name_is_an_attribute_error() -> None:
    import gemma_compat

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        gemma_compat.nothing  # noqa: B018
