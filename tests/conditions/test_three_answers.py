"""No condition says "unknown" where the answer is the same whatever the unknown fact is.

Each fact that a condition reads is made unknown in turn, all others known. Where every value that
the fact can have leads to one answer, the condition must give it; and where it gives an answer,
every value must lead to that one.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache, partial
from itertools import product
from math import prod
from typing import Any

import pytest

from gemma_compat.engine.condition import Condition, any_of, condition
from gemma_compat.facts import UNKNOWN, Facts, Gpu, Package, Record

from . import domains
from .reach import UNDECIDED, all_conditions, ask, paths_read

CONDITIONS = all_conditions()
MOST = 200  # assignments of a condition; a sample where there are more
# Conditions that say "unknown" too often today, each with what they do. Only to become shorter.
TOO_OFTEN_UNKNOWN = {
    # On the newest transformers no type that is known today is too new.
    "rules.loading.model_type_newer_than_transformers.is_too_old",
    # Reentrant or not, and cached or not: both depend on whether the run checkpoints.
    "GC107[0]",
}
# The same for one condition, by its phrase: the beginnings of the paths.
ASSUMED_BY: dict[str, tuple[str, ...]] = {
    # A package that a stack does not name asks for nothing, and pip installs what is asked of it.
    "a package asks for another release of a library than is installed": ("packages.",),
    # TRL does not bring them: a stack that does not name them has neither.
    "neither mergekit nor weave is installed": ("packages.mergekit", "packages.weave"),
}
# Facts without which a condition may answer although they could change the answer, and why.
_LIVE = "only a model in hand shows it: without one the run, the files or the releases decide"
_LOOP = "only the author of a training loop knows it; what a Trainer does is known"
_PULLED = "a stack that does not name it has the one that pip installs beside transformers"
_CURE = "what an Unsloth of unknown release does by itself is not counted on"
ASSUMED = {
    "model.live": "a model that is not known to be in hand is judged by its files",
    "model.accepts_loss_kwargs": _LIVE,
    "model.adapted_modules": _LIVE,
    "model.embedding_rows": _LIVE,
    "model.external_checkpointing": _LIVE,
    "model.external_reentrant": _LIVE,
    "model.external_cuts_gradients": _LIVE,
    "model.gradient_checkpointing": _LIVE,
    "model.loaded": _LIVE,
    "model.loss_ignores_token_count": _LIVE,
    "model.peft": _LIVE,
    "model.per_layer_embedding_rows": _LIVE,
    "unsloth.carries_shared_kv": _LIVE,
    "packages.unsloth": "an Unsloth whose release is not known does nothing by itself",
    "packages.unsloth.version": "an Unsloth whose release is not known does nothing by itself",
    "packages.huggingface-hub": _PULLED,
    "packages.huggingface-hub.version": _PULLED,
    "packages.tokenizers": _PULLED,
    "packages.tokenizers.version": _PULLED,
    "unsloth.requires": "what a published Unsloth asks for is known without its metadata",
    "model.quantization_bits": "a model that nobody says is quantized is not",
    "model.num_kv_shared_layers": "the configs of some model types have no such field",
    "model.use_reentrant": _LIVE,
    "model.model_type": "a rule asks for it first",
    "training.gradient_checkpointing": "until the run says so, the layers keep what they have",
    "training.peft": "a model in hand without an adapter is trained as it is",
    "training.passes_cache": _LOOP,
    "training.smooths_labels": "off by default: a run that says nothing of it does not smooth",
    "training.reads_top_config": _LOOP,
    "unsloth.used": "its variables and what it left on the model show it too",
    "cuda_driver": "the driver's release shows it too",
    "torch.arch_list": "the CUDA release that torch was built for shows it too",
    "packages.unsloth-zoo.version": _CURE,
}

Values = tuple[Any, ...]
Holes = Iterator[tuple[str, Values, list[Values]]]


def made(paths: tuple[str, ...], values: Values) -> Facts:
    """These facts, and all others unknown."""
    parts: dict[str, dict[str, Any]] = defaultdict(dict)
    for path, value in zip(paths, values, strict=True):
        area, _, name = path.rpartition(".")
        if value is not UNKNOWN:
            parts[area][name] = value
    whole = {"packages": parts.pop("packages", {}), **parts.pop("", {})}
    return Facts(**whole, **{area: AREAS[area](**fields) for area, fields in parts.items()})


AREAS = {name: type(part) for name, part in vars(Facts()).items() if isinstance(part, Record)}


def read_by(item: Condition) -> tuple[str, ...]:
    """The facts that the condition reads, whatever the others are."""
    found: set[str] = set()
    for facts in (*domains.example_facts(), Facts()):
        found |= paths_read(item, facts)
    known = frozenset[str]()
    while known != found:
        known = frozenset(found)
        paths = whole(known)
        choices = [(*domains.values(path, item), UNKNOWN) for path in paths]
        for values in sample(choices, item.phrase):
            found |= paths_read(item, made(paths, values))
    return tuple(sorted(found))


def whole(paths: Iterable[str]) -> tuple[str, ...]:
    """Without the fields of single GPUs, which are parts of ``gpus``."""
    return tuple(path for path in sorted(paths) if not path.startswith("gpus."))


def sample(choices: list[Values], seed: str) -> Iterator[Values]:
    """All combinations of these values, or some of them, always the same ones."""
    if prod(map(len, choices)) <= MOST:
        yield from product(*choices)
        return
    dice = random.Random(seed)
    for _ in range(MOST):
        yield tuple(dice.choice(values) for values in choices)


def holes(item: Condition, read: tuple[str, ...], values: Values) -> Holes:
    """Each fact made unknown: its path, what is left, and all that it could have been."""
    paths = whole(read)
    for place, (path, value) in enumerate(zip(paths, values, strict=True)):
        possible = domains.completions(path, item)
        variants = [(path, UNKNOWN, possible)]
        if isinstance(value, Package):
            there = tuple(x for x in possible if isinstance(x, Package))
            variants.append((f"{path}.version", Package(name=value.name), there))
        for field in _fields(read) if path == "gpus" else ():
            for number in range(len(value)):
                cards = tuple(_with(value, number, field, x) for x in domains.of_gpu(field))
                unread = _with(value, number, field, UNKNOWN)
                variants.append((f"gpus[{number}].{field}", unread, cards))
        for name, unread, others in variants:
            made_so = [(*values[:place], x, *values[place + 1 :]) for x in (unread, *others)]
            yield name, made_so[0], [x for x in made_so[1:] if _is_possible(paths, x)]


def _fields(read: tuple[str, ...]) -> list[str]:
    """Of single GPUs."""
    return [path.removeprefix("gpus.") for path in read if path.startswith("gpus.")]


def _is_possible(paths: tuple[str, ...], values: Values) -> bool:
    return domains.is_possible(dict(zip(paths, values, strict=True)))


def _with(gpus: tuple[Gpu, ...], number: int, field: str, value: Any) -> tuple[Gpu, ...]:
    changed = gpus[number].replace(**{field: value})
    return (*gpus[:number], changed, *gpus[number + 1 :])


@lru_cache(maxsize=None)
def faults(item: Condition) -> tuple[list[str], list[tuple[str, str]]]:
    """Where it says "unknown" and the answer is certain; where it answers and that is not.

    A case is a sentence; of the second kind it comes with the path of the fact.
    """
    answers: dict[Values, bool | str] = {}

    def answer(values: Values) -> bool | str:
        if values not in answers:
            answers[values] = ask(item, made(paths, values))
        return answers[values]

    careful: list[str] = []
    sure: list[tuple[str, str]] = []
    read = read_by(item)
    paths = whole(read)
    choices = [domains.values(path, item) for path in paths]
    for values in filter(partial(_is_possible, paths), sample(choices, item.phrase)):
        for path, left, completed in holes(item, read, values):
            possible = {answer(other) for other in completed}
            if UNDECIDED in possible or not possible:
                continue  # a build from before a release: known, and in no range
            given = answer(left)
            rest = ", ".join(f"{name} {value!r}" for name, value in zip(paths, left, strict=True))
            if given == UNDECIDED and len(possible) == 1:
                careful.append(f"without {path} it is {possible.pop()} in any case: {rest}")
            elif given != UNDECIDED and possible != {given}:
                sure.append((path, f"without {path} it says {given}: {rest}"))
    return careful, sure


def named() -> list[Any]:
    listed = pytest.mark.xfail(strict=True, reason="listed in TOO_OFTEN_UNKNOWN")
    return [
        pytest.param(item, id=name, marks=[listed] if name in TOO_OFTEN_UNKNOWN else [])
        for name, item in CONDITIONS.items()
    ]


@pytest.mark.parametrize("item", named())
def test_it_is_unknown_only_where_the_answer_depends_on_it(item: Condition) -> None:
    careful, _ = faults(item)
    assert not careful, f"{len(careful)} such cases; the first: {careful[0]}"


@pytest.mark.parametrize("item", CONDITIONS.values(), ids=CONDITIONS)
def test_it_answers_only_where_nothing_could_change_it(item: Condition) -> None:
    own = ASSUMED_BY.get(item.phrase, ())
    sure = [
        text for path, text in faults(item)[1] if path not in ASSUMED and not path.startswith(own)
    ]
    assert not sure, f"{len(sure)} such cases; the first: {sure[0]}"


def test_both_lists_are_of_today() -> None:
    assert CONDITIONS.keys() >= TOO_OFTEN_UNKNOWN
    assumed = {path for item in CONDITIONS.values() for path, _ in faults(item)[1]}
    assert ASSUMED.keys() <= assumed


# The test itself, on conditions whose faults are known.


@condition("both")
def reads_both(facts: Facts) -> bool:
    return facts.model.use_cache and facts.training.evaluates


@condition("defaults")
def takes_unknown_for_no(facts: Facts) -> bool:
    return bool(facts.model.get("use_cache"))


@condition("any GPU")
def stops_at_the_first_gpu(facts: Facts) -> bool:
    return any(gpu.compute_capability < (8, 0) for gpu in facts.gpus)


@condition("evaluates")
def reads_one(facts: Facts) -> bool:
    return facts.training.evaluates


@pytest.mark.parametrize(
    ("item", "careful", "sure"),
    [
        (reads_both, True, False),
        (takes_unknown_for_no, False, True),
        (stops_at_the_first_gpu, True, False),
        (reads_one, False, False),
        (any_of(reads_one, Condition("caches", lambda facts: facts.model.use_cache)), False, False),
    ],
    ids=lambda value: getattr(value, "phrase", None),
)
def test_the_test_sees(item: Condition, careful: bool, sure: bool) -> None:
    assert [bool(found) for found in faults(item)] == [careful, sure]
