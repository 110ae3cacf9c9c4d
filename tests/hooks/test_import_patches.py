"""Cures at import, in a fresh interpreter, on a package that stands in for transformers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gemma_compat.engine.plan import make_plan
from gemma_compat.engine.rule import Diagnosis, Finding
from gemma_compat.facts import Facts
from gemma_compat.rules import find

ROOT = Path(__file__).resolve().parents[2]
OLD_PEFT = "from transformers import HybridCache\nfrom transformers.cache_utils import SinkCache\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A directory with a transformers 5 that lacks the names, and a peft that asks for them."""
    package = tmp_path / "transformers"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "cache_utils.py").write_text("class DynamicCache: pass\n")
    (package / "processing_utils.py").write_text(
        "import sys, types\n"
        "new = types.ModuleType('transformers')\n"
        "new.__path__, new.__spec__ = sys.modules['transformers'].__path__, __spec__\n"
        "sys.modules['transformers'] = new\n"
    )
    (tmp_path / "peft.py").write_text(OLD_PEFT)
    for name, version in (("transformers", "5.0.0"), ("peft", "0.17.1")):
        folder = tmp_path / f"{name}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n")
    return tmp_path


def python(site: Path, code: str) -> str:
    program = f"import sys\nsys.path[:0] = [{str(ROOT)!r}, {str(site)!r}]\n{code}"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


INSTALL = "import gemma_compat\ngemma_compat.install(select=['GC901'])\n"


@pytest.mark.parametrize(
    ("code", "imports"),
    [
        ("import peft", False),
        ("import gemma_compat\ngemma_compat.install()\nimport peft", False),  # it asks for consent
        ("import gemma_compat\ngemma_compat.install(select=['GC101'])\nimport peft", False),
        (f"{INSTALL}import peft", True),
        ("import gemma_compat\ngemma_compat.install(unsafe=True)\nimport peft", True),
        (
            "import gemma_compat\ngemma_compat.install(unsafe=True, ignore=['GC901'])\nimport peft",
            False,
        ),
        (f"import transformers.cache_utils\n{INSTALL}import peft", True),  # imported before
        (f"import gemma_compat\ngemma_compat.install()\n{INSTALL}import peft", True),
        (f"{INSTALL}import transformers.processing_utils, peft", True),  # runs transformers again
        (f"{INSTALL}gemma_compat.uninstall()\nimport peft", False),
    ],
)
def test_what_makes_it_importable(site: Path, code: str, imports: bool) -> None:
    out = python(site, f"{code}\nprint('imported')")
    assert ("imported" in out.splitlines()) is imports, out
    assert ("cannot import name" in out) is not imports, out


def test_uninstall_takes_the_names_away_again(site: Path) -> None:
    code = f"""import transformers.cache_utils as utils
before, finders = dict(vars(utils)), list(sys.meta_path)
{INSTALL}assert hasattr(utils, 'HybridCache')
gemma_compat.install(select=['GC901'])
assert gemma_compat.uninstall() == ()
assert dict(vars(utils)) == before and sys.meta_path == finders
print('exact')"""
    assert "exact" in python(site, code).splitlines()


def test_what_somebody_else_put_there_since_stays(site: Path) -> None:
    code = f"""import transformers.cache_utils as utils
{INSTALL}utils.HybridCache = int
print(gemma_compat.uninstall())"""
    assert "transformers.cache_utils.HybridCache is now int" in python(site, code)


def test_patch_leaves_it_to_install() -> None:
    rule = find("GC901")
    assert rule.at_import
    finding = Finding(rule, rule.describe(_facts()))
    plan = make_plan(Diagnosis(_facts(), (finding,), ()))
    assert plan.patches == () and "install(select=['GC901'])" in plan.skips[0].reason


def _facts() -> Facts:
    from ..conftest import facts_for

    return facts_for("gemma3", "5.0.0", packages={"peft": "0.17.1"})
