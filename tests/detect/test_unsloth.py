"""Unsloth as it is read from files, from ``sys.modules`` and from a model; it is never imported."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from gemma_compat.detect.unsloth import read_unsloth
from gemma_compat.facts import Package
from gemma_compat.live import upstream
from gemma_compat.live.snapshot import Snapshot

METADATA = """Metadata-Version: 2.4
Name: unsloth
Version: 2026.10.9
Requires-Dist: unsloth_zoo>=2026.10.9
Requires-Dist: transformers!=5.0.0,<=5.17.0,>=4.52.4
Requires-Dist: trl (<=1.15.0)
Requires-Dist: triton>=3.0.0; "linux" in sys_platform
Requires-Dist: torchvision
Requires-Dist: vllm==1; extra == "vllm"

Requires-Dist: not-a-header>=1
"""
FAST = "LlamaModel_fast_forward"
NEW = '"""\n2026.10.9\n2026.10.9\n5.17.0\n1.15.0\n__UNSLOTH_VERSIONING__\n"""\n'


@pytest.fixture
def package(tmp_path: Path) -> Package:
    info = tmp_path / "unsloth-2026.10.9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA)
    return Package(name="unsloth", version="2026.10.9", location=str(tmp_path))


def read(package: Package | None, model: Any = None, **environment: str) -> Any:
    live = None if model is None else Snapshot(model)
    return read_unsloth({"unsloth": package}, live, environment)


def test_not_installed(tmp_path: Path) -> None:
    facts, reasons = read(None, UNSLOTH_COMPILE_LOCATION=str(tmp_path / "none"))
    assert (facts.used, facts.requires, facts.backend) == (False, {}, None)
    assert facts.compiled_caches is None and not reasons


def test_installed_and_only_files_at_hand(package: Package) -> None:
    facts, reasons = read(package)
    assert not facts.known("used") and "unsloth.used" in reasons
    assert facts.requires == {
        "unsloth-zoo": ">=2026.10.9",
        "transformers": "!=5.0.0,<=5.17.0,>=4.52.4",
        "trl": "<=1.15.0",
        "triton": ">=3.0.0",
    }


def test_nothing_is_said_where_the_inventory_is_not_known() -> None:
    facts, reasons = read_unsloth({}, None, {})
    assert not facts.known("used") and reasons


def test_headers_of_the_compiled_cache(package: Package, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "unsloth_compiled_module_gemma3.py").write_text(NEW + "import torch\n")
    (cache / "Linear_peft_forward.py").write_text(NEW)
    (cache / "UnslothSFTTrainer.py").write_text(NEW.replace("5.17.0", "5.5.0"))
    (cache / "mine.py").write_text("print()\n")
    facts, _ = read(package, UNSLOTH_COMPILE_LOCATION=str(cache))
    assert facts.compiled_caches == (
        "unsloth-zoo 2026.10.9, unsloth 2026.10.9, transformers 5.17.0, trl 1.15.0",
        "unsloth-zoo 2026.10.9, unsloth 2026.10.9, transformers 5.5.0, trl 1.15.0",
    )


@pytest.mark.parametrize(
    ("names", "late"),
    [
        # An entry comes when an import has ended: Unsloth's own after what it imported.
        (["unsloth.import_fixes", "transformers", "trl", "unsloth"], ()),
        (
            ["transformers", "trl", "unsloth.import_fixes", "peft", "unsloth"],
            ("transformers", "trl"),
        ),
        (["transformers", "trl"], ()),
    ],
)
def test_the_order_of_imports(
    package: Package, names: list[str], late: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [*names, "unsloth", "unsloth_zoo", "transformers", "trl", "peft"]:
        monkeypatch.delitem(sys.modules, name, raising=False)
    for name in names:
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    facts, _ = read(package)
    assert facts.imported_after == late
    assert facts.get("used", False) is ("unsloth" in names)


def test_the_backend_is_asked_of_the_loaded_module(
    package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoo = ModuleType("unsloth_zoo")
    zoo.DEVICE_TYPE = "cpu"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "unsloth_zoo", zoo)
    monkeypatch.setitem(sys.modules, "unsloth", ModuleType("unsloth"))
    assert read(package)[0].backend == "cpu"


# Reading a model: classes made by hand.


def function(home: str, file: str = "x.py", body: str = "pass", name: str = "forward") -> Any:
    """A function that was made in module ``home`` from ``file``."""
    space: dict[str, Any] = {"__name__": home}
    exec(compile(f"def {name}(self, *args):\n    {body}\n", file, "exec"), space)  # noqa: S102
    return space[name]


class Module:
    """Enough of a module: its class and what it holds."""

    _modules: dict[str, Any] = {}

    def named_modules(self) -> Iterator[tuple[str, Any]]:
        yield "", self


def of_class(**members: Any) -> Any:
    return type("Gemma9Attention", (Module,), members)()


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (function("unsloth_zoo.temporary_patches.gemma"), True),
        (function("unsloth.models.llama"), True),
        (function("transformers.models.gemma3", "/home/me/unsloth/venv/transformers/x.py"), False),
        (function("unsloth_compiled_module_gemma3", "unsloth_compiled_module_gemma3.py"), False),
    ],
)
def test_whose_code_a_method_runs(made: Any, told: bool) -> None:
    model = of_class(forward=made, _original_module_forward=function("unsloth_zoo.x"))
    assert upstream.patched_methods(model) == (["Gemma9Attention.forward"] if told else [])


def test_wrappers_are_looked_through() -> None:
    outer = function("torch._dynamo.eval_frame")
    outer._torchdynamo_orig_callable = function("unsloth_zoo.temporary_patches.gemma")
    assert upstream.patched_methods(of_class(forward=outer)) == ["Gemma9Attention.forward"]
    loop = function("x")
    loop.__wrapped__ = loop
    assert upstream.patched_methods(of_class(forward=loop)) == []


def test_what_its_compiler_wrote() -> None:
    made = function("anything", "/tmp/cache/unsloth_compiled_module_gemma3.py")
    assert upstream.rebuilt_classes(of_class(forward=made)) == ["Gemma9Attention"]


@pytest.mark.parametrize(
    ("scale", "home", "body", "name", "twice"),
    [
        (48.0, "unsloth.models.llama", "pass", "LlamaModel_fast_forward", True),
        (
            48.0,
            "unsloth.models.llama",
            "embedding_applies_scale(0)",
            "LlamaModel_fast_forward",
            False,
        ),
        (None, "unsloth.models.llama", "pass", "LlamaModel_fast_forward", False),
        (48.0, "transformers.models.gemma", "pass", "forward", False),
    ],
)
def test_embeddings_scaled_twice(
    scale: float | None, home: str, body: str, name: str, twice: bool
) -> None:
    model = type("GemmaModel", (), {"forward": function(home, body=body, name=name)})()
    model.embed_tokens = SimpleNamespace(embed_scale=scale)
    assert upstream.scales_embeddings_twice(model) is twice
