"""The GPU run's frame: a part that fails or hangs costs itself only, and the page hides cards."""

from __future__ import annotations

import json
import sys
import time
from types import ModuleType

import pytest

from benchmarks.gpu import costs_page, masking, render, runner
from benchmarks.gpu.options import Options, attempt, plain
from benchmarks.gpu.parts import PARTS, Part

CPU = Options("cpu", tiny=True)


@pytest.fixture
def parts(tmp_path, monkeypatch):
    """Parts of our own, in a module that a child process finds too."""
    made = tmp_path / "benchmarks_made.py"
    made.write_text(
        "import os, time\n"
        "from benchmarks.gpu import parts\n"
        "def fine(options):\n    print('noise')\n    yield {'value': float('nan')}\n"
        "def breaks(options):\n    yield {'value': 1}\n    raise RuntimeError('no kernel\\nmore')\n"
        "def dies(options):\n    yield {'value': 2}\n    os._exit(7)\n"
        "def hangs(options):\n    yield {'value': 3}\n    time.sleep(60)\n"
    )
    (tmp_path / "sitecustomize.py").write_text(
        "from benchmarks.gpu import parts\n"
        "import benchmarks_made, sys\n"
        "sys.modules['benchmarks.gpu.made'] = benchmarks_made\n"
        "for name in ('fine', 'breaks', 'dies', 'hangs'):\n"
        "    parts.PARTS[name] = parts.Part('made', name, 1)\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}")
    monkeypatch.setattr(runner, "_GRACE", 0.5)
    for name in ("fine", "breaks", "dies", "hangs"):
        monkeypatch.setitem(PARTS, name, Part("made", name, 20 if name != "hangs" else 1))
    return tmp_path


def test_each_part_leaves_its_records_and_its_error(parts):
    out = parts / "gpu.json"
    began = time.monotonic()
    made = runner.run(out, ["fine", "breaks", "dies", "hangs"], CPU, limit=60)["parts"]
    assert time.monotonic() - began < 40
    assert made["fine"]["records"] == [{"value": "nan"}] and "error" not in made["fine"]
    assert made["breaks"]["records"][0] == {"value": 1}
    assert made["breaks"]["error"] == "RuntimeError: no kernel"
    assert made["dies"]["records"] == [{"value": 2}]
    assert made["dies"]["error"] == "exit status 7"
    assert made["hangs"]["records"] == [{"value": 3}]
    assert made["hangs"]["error"].startswith("killed after")
    assert json.loads(out.read_text())["parts"] == made


def test_what_does_not_fit_into_the_time_is_said(parts):
    made = runner.run(parts / "gpu.json", ["fine"], CPU, limit=0)
    assert made["parts"]["fine"]["error"] == "not started: out of time"


def test_an_attempt_keeps_the_error():
    assert attempt({"a": 1}, lambda: {"b": 2}) == {"a": 1, "b": 2}
    failed = attempt({"a": 1}, lambda: {"b": 1 / 0})
    assert failed == {"a": 1, "error": "ZeroDivisionError: division by zero"}


def test_json_can_hold_it():
    value = plain({"a": (float("inf"), 1.5), 3: None})
    assert value == {"a": ["inf", 1.5], "3": None}
    json.dumps(value, allow_nan=False)


UUID = "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6"


def test_every_way_to_mask_is_tried():
    values = [case.get("CUDA_VISIBLE_DEVICES") for case in masking._cases(UUID)]
    assert {None, "", "-1", "0", "1", "0,1", UUID, UUID[:12], "nonsense"} <= set(values)
    assert any("CUDA_DEVICE_ORDER" in case for case in masking._cases(None))


def test_no_card_is_named_on_the_page():
    side = {"uuids": [UUID], "capabilities": [[9, 0]], "reason": ""}
    records = [
        {"case": case, "ours": side, "torch": side, "agrees": True} for case in masking._cases(UUID)
    ]
    text = render.render(document(masking={"records": records}))
    assert "1 GPU" in text and "agree" in text
    assert "8932f937" not in text.lower() and "20bd9faed9f6" not in text.lower()


def document(**parts):
    return {"date": "2026-01-01", "device": "cuda", "tiny": False, "seconds": 1, "parts": parts}


def test_a_page_of_nothing_says_so():
    text = render.render(document())
    assert text.count("Not run.") == 5
    failed = {"records": [{"failed": "RuntimeError: x"}], "error": "RuntimeError: x"}
    assert "Ended early: RuntimeError: x." in render.render(document(overflow=failed))


def test_a_page_of_patches():
    side = {"ms": 2.0, "min_ms": 1.0, "max_ms": 3.0, "steps": 12, "peak_mib": 10.0, "loss": 1.0}
    alike = {"cosine": 0.9, "lowest": 0.5, "at": "k_proj", "without_gradient_on_one_side": []}
    records = [
        {
            "model": "Gemma 4 E2B",
            "model_type": "gemma4_text",
            "parameters": 5_100_000_000,
            "layers": 35,
            "dtype": "bfloat16",
            "batch": [2, 1024],
            "attention": "sdpa",
        },
        {
            "circumstance": "reentrant checkpointing",
            "patches": ["GC201"],
            "selected": "all",
            "unpatched": side,
            "patched": side,
            "time_ratio": 1.0,
            "gradients": {"unpatched_with_reference": alike},
        },
        {"circumstance": "evaluation", "patches": [], "selected": "all", "note": "no safe patch"},
        {"circumstance": "own loop", "patches": ["GC1"], "selected": "all", "error": "E: | x"},
    ]
    text = render.render(document(**{"patches-gemma4-e2b": {"records": records}}))
    assert "## Patches: Gemma 4 E2B" in text and "5.10 billion" in text
    row = "| reentrant checkpointing | GC201 | 2 | 2 | 1 | 10 | 10 | 0.9 (lowest 0.5, k_proj) | - |"
    assert row in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert all(line.replace("\\|", "").count("|") == 10 for line in rows)


def test_rendering_needs_no_torch(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", ModuleType("broken"))
    from benchmarks.gpu import __main__ as command

    file = tmp_path / "gpu.json"
    file.write_text(json.dumps(document()))
    monkeypatch.setattr(
        sys, "argv", ["gpu", "render", str(file), "--to", str(tmp_path / "docs" / "gpu.md")]
    )
    assert command.main() == 0
    assert (tmp_path / "docs" / "gpu.md").read_text().startswith("# Measured on a GPU")


ABOUT = {
    "model": "Gemma 3 4B",
    "trains": "all weights",
    "batch": [2, 2048],
    "card": "a card",
    "torch": "2.11.0",
    "transformers": "5.17.0",
}
SIDE = {"ms": 4.0, "min_ms": 3.0, "peak_mib": 2048.0}


def cost(**more):
    start = {"circumstance": "own loop", "cure": "GC102", "unpatched": SIDE, "patched": SIDE}
    return {**start, "time_ratio": 1.0, **more}


def test_a_page_of_costs_from_two_runs():
    failed = cost(unpatched={"error": "RuntimeError: The size. Target"}, circumstance="wrappers")
    del failed["time_ratio"]
    late = {"circumstance": "own loop", "cure": "GC102", "note": "not measured: out of time"}
    never = {"circumstance": "evaluation", "cure": "GC102", "note": "not measured: out of time"}
    first = document(**{"costs-gemma3-4b": {"records": [ABOUT, cost(), failed]}})
    second = document(**{"costs-gemma3-4b": {"records": [ABOUT, late, never]}})
    text = costs_page.page(costs_page.merged([first, second]))
    assert "| own loop | GC102 | 4.0 (3.0) | 4.0 (3.0) | 1.000 | 1.000 | 2.00 | 2.00 | - |" in text
    assert "| wrappers | GC102 | `RuntimeError` | 4.0 (3.0) | - | - | - | 2.00 | - |" in text
    # What one run had no time for and another measured is not missing.
    missing = text.partition("## Not measured")[2].strip()
    what = "costs-gemma3-4b on transformers 5.17.0: GC102, evaluation"
    assert missing == f"- {what}: not measured: out of time"


def test_a_later_run_is_added_to_the_page():
    first = costs_page.merged([document(**{"costs-gemma3-4b": {"records": [ABOUT, cost()]}})])
    steps = {**ABOUT, "weights": "published"}
    on_cpu = {**SIDE, "peak_mib": 0.0}
    many = cost(unpatched={**on_cpu, "steps": 60}, patched=on_cpu, cure="nothing")
    second = document(**{"steps-gemma3-270m": {"records": [steps, many]}})
    text = costs_page.page(costs_page.merged([first, second]))
    assert "| own loop | GC102 |" in text
    assert "60 on each side on a card, published weights, 2 x 2,048 tokens." in text
    (row,) = [line for line in text.splitlines() if line.startswith("| Gemma 3 4B, a card |")]
    assert "| all weights | 5.17.0 | own loop | nothing |" in row
    assert row.endswith("| - | - | - |")  # what a CPU's memory was is not known


def test_reentry_is_held_against_its_cure():
    def case(circumstance, cure, fastest, rows=1):
        return {"rows": rows, "circumstance": circumstance, "cure": cure, "min_ms": fastest}

    records = [
        case("reentrant checkpointing", "nothing", 100.0),
        case("reentrant checkpointing", "GC201", 131.0),
        case("non-reentrant checkpointing", "nothing", 128.0),
        {"rows": 2, "note": "not measured: out of time"},
    ]
    found = document(
        **{
            "costs-gemma3-4b": {"records": [ABOUT, cost()]},
            "reentry-gemma4-e2b": {"records": [ABOUT, *records]},
        }
    )
    text = costs_page.page(costs_page.merged([found]))
    assert "takes 1.31 (1 row) times" in text and "takes 1.28 (1 row) times it" in text
    assert "| 1 | reentrant checkpointing | GC201 | - | 131.0 | - | - | - |" in text


def test_a_parameter_far_from_the_rest_is_shown():
    far = cost(gradients={"cosine": 0.999965, "lowest": 0.5247})
    found = document(**{"costs-gemma3-4b": {"records": [ABOUT, far]}})
    assert "| 1.0000, lowest 0.52 |" in costs_page.page(costs_page.merged([found]))


def test_the_page_of_costs_is_that_of_its_results():
    from benchmarks.gpu.__main__ import MEASURED

    found = json.loads((MEASURED / "costs.json").read_text(encoding="utf-8"))
    assert (MEASURED / "costs.md").read_text(encoding="utf-8") == costs_page.page(found)
