"""No text of a config, of arguments or of a library's error reaches a report that is shared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.detect.config import read_config
from gemma_compat.detect.training import read_training
from gemma_compat.engine.diagnosis import judge_all
from gemma_compat.engine.plan import make_plan
from gemma_compat.errors import GemmaCompatError
from gemma_compat.facts import Facts, Package, TorchBuild
from gemma_compat.report import json as json_report
from gemma_compat.report import markdown, sharing
from gemma_compat.report._shared_values import HIDDEN
from gemma_compat.rules import all_rules
from gemma_compat.tables import checkpoints

from ..clean.sets import CLEAN
from ..fuzz.cases import ARGUMENTS

HOST = "zq7.corp.example"
HERE = Package(name="transformers", version="5.5.1")


def with_host(value: Any) -> Iterator[tuple[str, Any]]:
    """Copies of the value, with the host in another place each, and the name of the place."""
    items = list(value.items()) if isinstance(value, dict) else list(enumerate(value[:1]))
    for key, item in items:
        for place, changed in ((str(key), HOST), (f"{key} in a list", [HOST]), *inside(key, item)):
            copy: Any = dict(value) if isinstance(value, dict) else list(value)
            copy[key] = changed
            yield place, copy


def inside(key: Any, item: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(item, (dict, list)):
        for place, changed in with_host(item):
            yield f"{key}.{place}", changed


def configs() -> dict[str, dict[str, Any]]:
    found = (checkpoints.find(name) for name in checkpoints.names())
    known = {item.config["model_type"]: dict(item.config) for item in found if item is not None}
    quantized = {"quant_method": "bitsandbytes", "bnb_4bit_compute_dtype": "float16"}
    more = {"quantization_config": quantized, "_attn_implementation": "sdpa"}
    return {name: {**config, **more} for name, config in known.items()}


def facts_with_the_host() -> Iterator[tuple[str, Facts]]:
    packages = {"transformers": HERE}
    for name, config in configs().items():
        for place, changed in with_host(config):
            try:
                model = read_config(changed, "config.json")[0]
            except GemmaCompatError:
                continue
            yield f"{name}: {place}", Facts(packages=packages, model=model)
    model = read_config(configs()["gemma3_text"], "config.json")[0]
    for place, changed in with_host({**ARGUMENTS, "loss_type": "nll", "hub_token": "x"}):
        try:
            run = read_training(changed, HERE)[0]
        except GemmaCompatError:
            continue
        yield f"arguments: {place}", Facts(packages=packages, model=model, training=run)
    torch = Package(name="torch", version="2.6.0")
    for name in ("version", "cuda", "hip", "device_problem"):
        build = TorchBuild(**{name: f"2.6.0+{HOST}"})
        yield f"torch.{name}", Facts(packages={**packages, "torch": torch}, torch=build)
    for version in (HOST, f"5.5.1+{HOST}"):
        yield version, Facts(packages={"transformers": Package(name="x", version=version)})
    for said in ("failed: RuntimeError", "NVML", "reading it failed: OSError"):
        reasons = dict.fromkeys(("gpus", "model.dtype", "torch"), f"{said}: {HOST}")
        yield said, Facts(packages=packages, reasons=reasons, imports={"torch": f"{said}: {HOST}"})


def shared(facts: Facts) -> Iterator[str]:
    diagnosis = judge_all(facts, all_rules())
    for form in (json_report, markdown):
        yield form.render_diagnosis(diagnosis, make_plan(diagnosis))


@pytest.mark.long
def test_a_host_does_not_get_out_wherever_it_stands() -> None:
    places = 0
    for place, facts in facts_with_the_host():
        places += 1
        for text in shared(facts):
            assert HOST not in text, place
    assert places > 300


@pytest.mark.long
def test_the_places_do_hold_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the patterns it gets out of many, so the test above tests something."""
    for pattern in ("name", "reason", "version", "device_problem"):
        monkeypatch.setattr(sharing._shared_values, pattern, lambda text: text)
    out = [place for place, facts in facts_with_the_host() if HOST in "".join(shared(facts))]
    assert len(out) > 20


def test_what_is_published_is_shown() -> None:
    """Of healthy stacks, published checkpoints and usual arguments nothing is hidden."""
    every = [item.facts() for item in CLEAN]
    every += [Facts(model=read_config(config, "config.json")[0]) for config in configs().values()]
    every += [Facts(packages={"transformers": HERE}, training=read_training(ARGUMENTS, HERE)[0])]
    for facts in every:
        assert HIDDEN not in str(sharing.shareable_facts(facts))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("NVML: Driver/library version mismatch", "NVML: Driver/library version mismatch"),
        (f"nvidia-ml-py is not usable: {HOST}", f"nvidia-ml-py is not usable: {HIDDEN}"),
        ("cannot read <path>/x: Permission denied", "cannot read <path>/x: Permission denied"),
        ("cannot read <path>/x.py: refused by lic7", f"cannot read <path>/x.py: {HIDDEN}"),
        ("only a live model shows it", "only a live model shows it"),
        (f"'{HOST}' is not a version number", f"{HIDDEN} is not a version number"),
        ("'v5' is not a version number", "'v5' is not a version number"),
    ],
)
def test_reasons(text: str, shown: str) -> None:
    facts = Facts(reasons={"gpus": text})
    assert sharing.shareable_facts(facts)["reasons"] == {"gpus": shown}
