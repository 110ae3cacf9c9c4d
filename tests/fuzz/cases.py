"""Inputs at random, each from its seed: what a report reads from outside, bent out of shape.

A case may end in an error of ours, in one line, and in no other. Texts are made from real ones, so
that most cases get past the first check.
"""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from gemma_compat import _files, versions
from gemma_compat._explain.explain import explain_log
from gemma_compat._version import SCHEMA_VERSION, __version__
from gemma_compat.detect.config import read_config
from gemma_compat.detect.node_files import BadFile, _parse
from gemma_compat.detect.training import read_training
from gemma_compat.engine.diagnosis import judge_all
from gemma_compat.engine.plan import make_plan
from gemma_compat.errors import GemmaCompatError, UnknownFact
from gemma_compat.facts import Facts, Package
from gemma_compat.nodes.documents import nodes_of
from gemma_compat.report import json as json_report
from gemma_compat.report import text as text_report
from gemma_compat.rules import all_rules
from gemma_compat.tables import checkpoints

from . import files

LOGS = Path(__file__).parent.parent / "explain" / "logs"
WEIRD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**63, 2**64, 1e308, -0.5, "", " ", "x", "0", "true", "None",
    "\x00", "\x1b[2J", "\ud800", "٤", "x" * 5000, "1!4.50.3", "v5", "dev", "../../etc/passwd",
    [], {}, [[]], [None], {"": None}, [1, "a", {}], {"a": {"b": []}}, "bfloat16", "sdpa", "vision",
)  # fmt: skip
PIECES = ("4.50.3", "5.0.0rc1", ".", "dev0", "+cu124", "!", "v", "-", "*", " ", "٤", "9" * 40, "a")
ARGUMENTS: dict[str, Any] = {
    "bf16": True, "fp16": False, "gradient_checkpointing": True, "use_cache": False,
    "gradient_checkpointing_kwargs": {"use_reentrant": True}, "per_device_train_batch_size": 2,
    "gradient_accumulation_steps": 4, "eval_strategy": "steps", "do_eval": True, "fsdp": "",
    "fsdp_config": {"version": 2}, "deepspeed": None, "optim": "adamw_torch", "packing": True,
    "output_dir": "out", "max_length": 1024, "prediction_loss_only": False,
}  # fmt: skip


def bent(value: Any, source: random.Random, depth: int = 0) -> Any:
    """The value with something in it replaced, removed, doubled or nested."""
    replaced = depth > 6 or (depth and source.random() < 0.15)
    if replaced or not isinstance(value, (dict, list)) or not value:
        return source.choice(WEIRD) if depth else value  # readers ask for an object first
    if isinstance(value, list):
        place = source.randrange(len(value))
        return [*value[:place], bent(value[place], source, depth + 1), *value[place + 1 :]]
    key = source.choice(list(value))
    changed = dict(value)
    kind = source.random()
    if kind < 0.1:
        del changed[key]
    elif kind < 0.2:
        changed[source.choice([str(item) for item in WEIRD])] = changed[key]
    elif kind < 0.3:
        changed[key] = [changed[key]] * source.randrange(3)
    else:
        changed[key] = bent(changed[key], source, depth + 1)
    return changed


def bent_several(value: Any, source: random.Random) -> Any:
    for _ in range(source.randrange(1, 4)):
        value = bent(value, source)
    return value


@lru_cache(maxsize=1)
def configs() -> list[dict[str, Any]]:
    found = (checkpoints.find(name) for name in checkpoints.names())
    return [dict(item.config) for item in found if item is not None]


@lru_cache(maxsize=1)
def logs() -> list[str]:
    return [path.read_text(encoding="utf-8", errors="replace") for path in sorted(LOGS.glob("*"))]


@lru_cache(maxsize=1)
def node() -> dict[str, Any]:
    facts = Facts(packages={"transformers": Package(name="transformers", version="4.50.3")})
    content = json.loads(json_report.render_diagnosis(*answered(facts)))
    return {**content, "schema_version": SCHEMA_VERSION, "tool_version": __version__}


def answered(facts: Facts) -> Any:
    diagnosis = judge_all(facts, all_rules())
    return diagnosis, make_plan(diagnosis)


def a_version(source: random.Random) -> None:
    text = "".join(source.choice(PIECES) for _ in range(source.randrange(5)))
    versions.major(text)
    versions.numbers(text)
    if versions.is_valid(text):
        versions.contains(">=4.50.0.dev0,<5.0.0rc1", text)
        versions.is_undecided("<5.0.0", text)
    try:
        Facts(packages={"peft": Package(name="peft", version=text)}).version("peft")
    except UnknownFact:
        pass


def a_text(source: random.Random) -> None:
    """JSON with bytes exchanged."""
    data = bytearray(json.dumps(bent_several(source.choice(configs()), source)).encode())
    for _ in range(source.randrange(4)):
        data[source.randrange(len(data))] = source.randrange(256)
    try:
        _files.parse_json(bytes(data))
    except ValueError as error:
        assert len(str(error).splitlines()) <= 1
    try:
        _parse(bytes(data))
    except BadFile:
        pass


def a_config(source: random.Random) -> Any:
    return read_config(bent_several(source.choice(configs()), source), "config.json")[0]


def some_arguments(source: random.Random) -> Any:
    version = source.choice(("4.50.3", "5.23.0", "dev", "1!4.50.3", "v5"))
    package = Package(name="transformers", version=version)
    return read_training(bent_several(ARGUMENTS, source), package)[0]


def a_node(source: random.Random) -> None:
    nodes_of(bent_several(node(), source), "node")


def a_report(source: random.Random) -> None:
    """All of it: judged, and in the formats that are shared."""
    version = source.choice(("4.50.3", "4.57.6", "5.5.1", "5.23.0", "dev", "1!4.50.3", "v5", ""))
    packages = {"transformers": Package(name="transformers", version=version)}
    facts = Facts(packages=packages, model=a_config(source), training=some_arguments(source))
    made = answered(facts)
    json_report.render_diagnosis(*made).encode("ascii")
    text_report.render_diagnosis(*made)


def a_log(source: random.Random) -> None:
    lines = source.choice(logs()).splitlines()[:200]
    for _ in range(source.randrange(1, 6)):
        place = source.randrange(len(lines) or 1)
        lines[place : place + 1] = [str(source.choice(WEIRD)), *lines[place : place + 1]]
        if source.random() < 0.3:
            source.shuffle(lines)
    text = "\n".join(lines).encode("utf-8", "replace")
    str(explain_log(io.BytesIO(text[: source.randrange(len(text) + 1)])))


# How many of a thousand cases: what is dear is rare.
MIX: tuple[tuple[int, Callable[[random.Random], Any]], ...] = (
    (360, a_version),
    (180, a_text),
    (173, a_config),
    (140, some_arguments),
    (40, a_node),
    (15, a_report),
    (5, a_log),
    *files.MIX,
)
_OURS = (GemmaCompatError, ValueError)


def run(seed: int) -> str:
    """Run one case; its kind. Raises what no case may raise."""
    source = random.Random(seed)
    kind = source.choices([action for _, action in MIX], [weight for weight, _ in MIX])[0]
    try:
        kind(source)
    except GemmaCompatError as error:
        if len(str(error)) > 10_000:
            raise AssertionError(f"an error of {len(str(error))} characters") from error
    except ValueError:
        if kind is not a_node:  # what a node's file says of itself is a ValueError
            raise
    return kind.__name__
