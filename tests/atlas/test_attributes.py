"""Attributes that an error misses: what is said rests on what the index's classes show."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat.atlas import missing, read_tracebacks
from gemma_compat.atlas._package import DATA, PackageIndex
from gemma_compat.report.explanation import render_text
from tests.atlas.made import make_index
from tools.atlas import pack

OLD, NEW = "1.0.0", "1.1.0"


def found(folder: Path, owner: str, name: str = "x") -> list[str]:
    error = f"AttributeError: '{owner}' object has no attribute '{name}'"
    (traceback,) = read_tracebacks([error])
    return [str(item) for answer in missing(traceback, folder) for item in answer.releases]


def index(folder: Path, old: str, new: str) -> Path:
    """Return an index of one package whose one file differs between two releases."""
    return make_index(folder, "trl", {OLD: {"trl/a.py": old}, NEW: {"trl/a.py": new}})


@pytest.fixture
def uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the index as the extraction did that counted assignments alone."""
    monkeypatch.setattr(pack, "VERSION", 1)


BODY = "    def f(self):\n        self.x = 1\n"
OTHER = "    def f(self): ...\n"


@pytest.mark.usefixtures("uncounted")
@pytest.mark.parametrize("bases", ["nn.Module", "Above", "dict", "Generic[T], elsewhere.Mixin"])
def test_of_an_uncounted_index_nothing_is_said_of_modules_and_unread_bases(
    bases: str, tmp_path: Path
) -> None:
    above = "class Above(torch.nn.Module): ...\n"
    folder = index(
        tmp_path, f"{above}class A({bases}):\n{BODY}", f"{above}class A({bases}):\n{OTHER}"
    )
    assert found(folder, "A") == []


@pytest.mark.usefixtures("uncounted")
def test_of_an_uncounted_index_a_class_that_was_read_whole_is_told(tmp_path: Path) -> None:
    above = "class Above(Generic[T]): ...\n"
    folder = index(tmp_path, f"{above}class A(Above):\n{BODY}", f"{above}class A(Above):\n{OTHER}")
    assert found(folder, "A") == ["1.0.0 (the oldest read)"]
    assert found(folder, "A", "f") == []  # every release has it, and the error disproves that


def test_two_classes_of_a_name_are_not_told_apart(tmp_path: Path) -> None:
    both = {"trl/a.py": f"class A:\n{BODY}", "trl/b.py": f"class A:\n{OTHER}"}
    gone = {"trl/b.py": f"class A:\n{OTHER}"}
    assert found(make_index(tmp_path, "trl", {OLD: both, NEW: gone}), "A") == []


def test_an_attribute_of_the_atlas_alone_is_never_certain() -> None:
    error = "AttributeError: 'LoraModel' object has no attribute '_unloading_checks'\n"
    said = " ".join(render_text(explain_log(io.BytesIO(error.encode()))).split())
    assert "certain;" not in said.replace("not certain;", "")


def test_registered_tables_of_a_rotary_embedding_are_not_called_absent() -> None:
    for owner in ("GemmaFixedRotaryEmbedding", "LlamaRotaryEmbedding"):
        error = f"AttributeError: '{owner}' object has no attribute 'cos_cached'\n"
        said = " ".join(render_text(explain_log(io.BytesIO(error.encode()))).split())
        assert " only" not in said and "certain; " not in said.replace("not certain; ", "")


WAYS = [
    "    def f(self): self.{name} = 1",
    "    def f(self): self.{name}, [*self.y] = 1, [2]",
    "    def f(self):\n        for self.{name} in a: pass",
    "    def f(self):\n        with a as self.{name}: pass",
    "    def f(self): self.register_buffer('{name}', t, persistent=False)",
    "    def f(self): self.register_parameter(name='{name}', param=t)",
    "    def f(self): self.add_module('{name}', t)",
    "    def f(self): setattr(self, '{name}', 1)",
    "    def f(self): object.__setattr__(self, '{name}', 1)",
    "    def f(self): super().__setattr__('{name}', 1)",
    "    def f(self): self.__dict__['{name}'] = 1",
    "    def f(self): type(self).{name} = 1",
    "    @classmethod\n    def f(cls): cls.{name} = 1",
    "    {name} = 1",
    "    y, (*{name},) = 1, (2,)",
    "    if a:\n        {name} = 1",
    "    if a:\n        def {name}(self): ...",
    "    import {name}",
    "    @property\n    def {name}(self): ...",
    "    @wrapped\n    class {name}: ...",
]


@pytest.mark.parametrize("way", WAYS)
def test_each_way_by_which_a_class_gives_itself_an_attribute_counts(
    way: str, tmp_path: Path
) -> None:
    has, has_not = (f"class A(nn.Module):\n{way.format(name=name)}\n" for name in ("x", "z"))
    assert found(index(tmp_path, has, has_not), "A") == ["1.0.0 (the oldest read)"]


@pytest.mark.parametrize(
    "newer",
    [
        "class A(nn.Module):\n    def __getattr__(self, name): ...",
        "class A(nn.Module):\n    def f(self): setattr(self, name, 1)",
        "class A(nn.Module):\n    def f(self): self.register_buffer(f'{a}', t)",
        "class A(nn.Module):\n    def f(self): self.__dict__.update(a)",
        "class A(nn.Module): ...\ndef g(module): module.x = 1",
        "class A(nn.Module): ...\ndef g(self): self.x = 1\nA.g = g",
        "class A(nn.Module): ...\nclass B:\n    def f(self): self.a.x = 1",
        "class A(nn.Module): ...\nsetattr(a, 'x', 1)",
        "class A(nn.Module): ...\na.register_buffer('x', t)",
        "class A(nn.Linear): ...",
        "class A(elsewhere.Mixin): ...",
        "class A(Above): ...\nclass Above(elsewhere.Mixin): ...",
        "class A(Above): ...\nclass Above(made()): ...",
    ],
)
def test_nothing_is_said_where_a_release_may_have_it_by_what_is_not_in_the_class(
    newer: str, tmp_path: Path
) -> None:
    assert found(index(tmp_path, f"class A(nn.Module):\n{BODY}", f"{newer}\n"), "A") == []


def test_what_a_class_within_sets_on_itself_is_not_the_outer_ones(tmp_path: Path) -> None:
    inner = "class A(nn.Module):\n    def f(self):\n        class B:\n            x = 1\n"
    inner += "            def g(self): self.x = 1\n"
    assert found(index(tmp_path, inner, f"class A(nn.Module):\n{OTHER}"), "A") == []
    assert found(index(tmp_path / "b", f"class A(nn.Module):\n{BODY}", inner), "A") == [
        "1.0.0 (the oldest read)"
    ]


def test_a_name_that_is_put_together_answers_for_those_alone_that_fit(tmp_path: Path) -> None:
    newer = "class A(nn.Module):\n    def f(self): setattr(self, f'{a}_x', 1)\n"
    folder = index(tmp_path, f"class A(nn.Module):\n{BODY}", newer)
    assert found(folder, "A") == ["1.0.0 (the oldest read)"]
    older = BODY.replace("self.x", "self.a_x")
    folder = index(tmp_path / "b", f"class A(nn.Module):\n{older}", newer)
    assert found(folder, "A", "a_x") == []


@pytest.mark.parametrize(
    ("above", "says"),
    [
        ("class Above(nn.Module):\n    def f(self): self.y = 1\n", ["1.0.0 (the oldest read)"]),
        ("class Above(nn.Module):\n    def f(self): self.x = 1\n", []),
        ("class Above(nn.Module):\n    def __getattr__(self, name): ...\n", []),
        ("class Above(nn.Linear): ...\n", []),
    ],
)
def test_a_base_in_another_indexed_package_is_looked_at(
    above: str, says: list[str], tmp_path: Path
) -> None:
    make_index(tmp_path, "peft", {OLD: {"peft/a.py": above}})
    old, new = (f"from peft import Above\nclass A(Above):\n{body}" for body in (BODY, OTHER))
    assert found(index(tmp_path, old, new), "A") == says


def test_the_files_own_data_name_the_extraction(tmp_path: Path) -> None:
    folder = index(tmp_path, "a = 1\n", "b = 1\n")
    assert PackageIndex("trl", folder).counts_attributes


@pytest.mark.parametrize(
    ("owner", "name", "says"),
    [
        # Assigned in some releases, registered in others: every release has it.
        ("GemmaFixedRotaryEmbedding", "cos_cached", []),
        ("LlamaRotaryEmbedding", "sin_cached", []),
        ("GemmaFixedRotaryEmbedding", "multi_gpu_cos_cached", ["2025.7.2 to "]),
        ("LycorisLayer", "rank_dropout_scale", ["0.14.0 to "]),
        ("DynamicCache", "get_max_length", ["4.38.0 (the oldest read) to 4.48.3", "5.13.0 to "]),
        ("Gemma3ForConditionalGeneration", "layers", []),
        ("ClusterConfig", "ipex_config", ["0.28.0 (the oldest read) to 1.12.0"]),
        ("VLLMGeneration", "_sync_fsdp_params_to_vllm", ["1.6.0 to 1.10.0"]),
    ],
)
def test_the_shipped_index_counts_every_way(owner: str, name: str, says: list[str]) -> None:
    told = found(DATA, owner, name)
    assert len(told) == len(says)
    assert all(text.startswith(start) for text, start in zip(told, says, strict=True)), told
