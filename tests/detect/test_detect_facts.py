"""``detect_facts`` as a whole: what it starts, what it imports, what its result survives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gemma_compat import detect_facts
from gemma_compat.detect import gpu
from gemma_compat.errors import UsageError
from gemma_compat.facts import (
    UNKNOWN,
    ConfigView,
    Facts,
    Gpu,
    ModelFacts,
    Package,
    TorchBuild,
    TrainingFacts,
)

ROOT = str(Path(__file__).parents[2])
HEAVY = ("torch", "transformers", "pynvml", "packaging", "importlib.metadata", "rich")


@pytest.fixture
def no_driver(monkeypatch):
    monkeypatch.setattr(gpu, "driver_traces", lambda environ: iter(()))


def test_without_anything_given(no_driver):
    facts = detect_facts()
    assert facts.python == ".".join(map(str, sys.version_info[:3]))
    assert facts.gpus == ()
    assert facts.driver is None
    assert facts.packages
    assert facts.reason("model.dtype") == "no model was given"
    assert facts.reason("training.evaluates") == "no training arguments were given"


def test_the_search_path_can_be_given(no_driver, tmp_path):
    facts = detect_facts(path=[str(tmp_path)])
    assert set(facts.packages.values()) == {None}
    assert not facts.torch.known("version")


def test_the_probe_runs_only_when_asked(no_driver, tmp_path):
    for name in ("torch", "transformers"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise ImportError('broken')")
    path = [str(tmp_path)]
    if "torch" not in sys.modules:
        assert detect_facts(path=path).imports["torch"] == "not tried"
    probed = detect_facts(path=path, probe=True, deadline_seconds=20)
    assert set(probed.imports.values()) == {"failed: ImportError: broken"}


def test_bad_input_starts_no_child(monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", None)
    monkeypatch.setattr(gpu, "driver_traces", lambda environ: iter(("trace",)))
    for arguments in ({"model": "no/such"}, {"args": {"bf16": "maybe"}}, {"args": "no/such"}):
        with pytest.raises(UsageError):
            detect_facts(**arguments, probe=True)


def test_nothing_heavy_is_imported():
    """In an interpreter of its own, with a model config and training arguments."""
    code = (
        f"import sys; sys.path.insert(0, {ROOT!r})\n"
        "from gemma_compat.detect import gpu\n"
        "gpu.driver_traces = lambda environ: iter(())\n"
        "from gemma_compat import detect_facts\n"
        "detect_facts({'model_type': 'gemma2'}, {'bf16': True})\n"
        f"print([name for name in {HEAVY + ('subprocess', 'ctypes')} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


NAMES = st.text("abcdefgh-", min_size=1, max_size=6)
TEXT = st.text(max_size=8)
COUNT = st.integers(0, 10**9)
VALUES = {
    "str": TEXT,
    "bool": st.booleans(),
    "int": COUNT,
    "str | None": st.none() | TEXT,
    "int | None": st.none() | COUNT,
    "bool | None": st.none() | st.booleans(),
    "str | bool | None": st.none() | st.booleans() | TEXT,
    "tuple[str, ...]": st.lists(TEXT, max_size=2).map(tuple),
    "float | None": st.none() | st.floats(allow_nan=False, allow_infinity=False),
    "tuple[int, int]": st.tuples(COUNT, COUNT),
    "tuple[str, ...] | None": st.none() | st.lists(TEXT, max_size=2).map(tuple),
}


def records(cls, **special):
    """Records of this class, each field unknown or of the type that it declares."""
    fields = {
        name: special.get(name) if name in special else VALUES[cls.__annotations__[name]]
        for name in cls.field_names()
    }
    return st.builds(cls, **{name: st.just(UNKNOWN) | made for name, made in fields.items()})


def tuples(made):
    return st.lists(made, max_size=2).map(tuple)


PACKAGES = st.dictionaries(
    NAMES,
    st.none()
    | st.builds(Package, name=TEXT, version=st.just(UNKNOWN) | TEXT, editable=st.booleans()),
    max_size=2,
)
FACTS = st.builds(
    Facts,
    python=st.just(UNKNOWN) | TEXT,
    packages=PACKAGES,
    torch=records(TorchBuild),
    gpus=st.just(UNKNOWN) | tuples(records(Gpu)),
    driver=st.just(UNKNOWN) | st.none() | TEXT,
    model=records(ModelFacts, configs=tuples(records(ConfigView))),
    training=records(TrainingFacts),
    imports=st.dictionaries(NAMES, TEXT, max_size=2),
    reasons=st.dictionaries(NAMES, TEXT, max_size=2),
)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(FACTS)
def test_facts_survive_json(facts):
    import json

    assert Facts.from_dict(json.loads(json.dumps(facts.to_dict()))) == facts


def test_detected_facts_survive_json(no_driver):
    import json

    facts = detect_facts({"model_type": "gemma2", "vocab_size": 8}, {"bf16": True})
    assert Facts.from_dict(json.loads(json.dumps(facts.to_dict()))) == facts


def test_a_field_that_does_not_exist_is_refused():
    for data in ({"topic": "x"}, {"model": {"topic": "x"}}, {"modle": {}}, []):
        with pytest.raises(ValueError):
            Facts.from_dict(data)


def test_a_variable_that_names_a_host_or_a_file_is_no_switch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from gemma_compat.detect.environment import read_environment

    for name in ("NCCL_ALGO", "NCCL_COMM_ID", "NCCL_DEBUG_FILE", "NCCL_HOSTID"):
        monkeypatch.setenv(name, "10.0.0.7:29500")
    found = read_environment()
    assert "NCCL_ALGO" in found
    assert not {"NCCL_COMM_ID", "NCCL_DEBUG_FILE", "NCCL_HOSTID"} & set(found)
