"""The values that a fact can have: by its type, and those that occur in conditions and tests."""

from __future__ import annotations

import types
import typing
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from gemma_compat import versions
from gemma_compat.engine.condition import Condition
from gemma_compat.facts import UNKNOWN, Facts, Package, Record
from gemma_compat.facts.checked import checked_facts
from gemma_compat.rules import all_rules
from gemma_compat.tables.families import KNOWN_MODEL_TYPES

from ..conftest import A100, B200, H100, KERNELS, L4, T4, V100, facts_for
from ..rules import golden

# Facts about which a type says too little: all of their values, or more of them.
WHOLE: dict[str, tuple[Any, ...]] = {
    "model.model_type": (*KNOWN_MODEL_TYPES, "embedding_gemma2", "gemma9", "llama"),
    "model.vocab_size": (256000, 262144),
    "model.embedding_rows": (256000, 262144, 262400),
    "model.per_layer_embedding_rows": (None, 256000, 262144),
    "tokenizer.largest_id": (255999, 262143, 262144),
    "training.max_length": (None, 1024, 131072),
    "gpus": ((), (T4,), (A100,), (A100, T4), (L4,), (H100, H100), (B200,), (V100,)),
    "torch.cuda": (None, "11.8", "12.1", "12.6", "12.8", "13.0", "99.0"),
    "torch.arch_list": (KERNELS, ("sm_80", "compute_80"), ("sm_100",)),
    "cuda_driver": (None, "11.4", "12.2", "12.8", "13.0"),
    "driver": (None, "470.82.01", "525.60.13", "570.86.10", "580.65.06"),
}
MORE: dict[str, tuple[Any, ...]] = {
    "unsloth.requires": tuple(
        dict.fromkeys(("transformers", "trl", "peft", "unsloth-zoo"), text)
        for text in ("==1.0", "!=1.0")
    ),
    "checkpoint.names": (("model.vision_tower.encoder.layers.*.mlp.fc1.weight",),),
}
_CAPABILITIES = ((7, 0), (7, 5), (8, 0), (8, 6), (9, 0), (10, 0), (12, 0))
_LEAST, _MOST = 0, 10**15
_SMALL = T4.replace(memory_total=1)  # MiB


@lru_cache(maxsize=None)
def values(path: str, item: Condition) -> tuple[Any, ...]:
    """Values of the fact at this path, those that this condition tells apart among them."""
    if path in WHOLE:
        return WHOLE[path]
    if path.startswith("packages."):
        return tuple(_packages(path.partition(".")[2]))
    found = [*_by_type(hint_of(path)), *MORE.get(path, ()), *_seen().get(path, ())]
    found += _from_constants(hint_of(path), constants(item))
    return tuple(dict.fromkeys(map(_frozen, found)))


@lru_cache(maxsize=None)
def completions(path: str, item: Condition) -> tuple[Any, ...]:
    """What the fact could be where it is unknown: its values, and beyond the ends of a range."""
    beyond: tuple[Any, ...] = ((_SMALL,),) if path == "gpus" else ()
    if int in options_of(hint_of(path)):
        beyond = (_LEAST, _MOST)
    return tuple(dict.fromkeys((*values(path, item), *beyond)))


def of_gpu(field: str) -> tuple[Any, ...]:
    """What one field of a GPU could be."""
    if field == "compute_capability":
        return _CAPABILITIES
    cards = dict.fromkeys(card for cards in WHOLE["gpus"] for card in cards)
    ends = (1, _MOST) if field == "memory_total" else ()
    return tuple(dict.fromkeys((*(getattr(card, field) for card in cards), *ends)))


def is_possible(facts: Mapping[str, Any]) -> bool:
    """Whether such facts can be together: paths and values, some of which may be unknown."""
    if facts.get("torch.cuda", "") is None and facts.get("torch.arch_list", UNKNOWN) is not UNKNOWN:
        return False  # a build without CUDA has no kernels
    gpus = facts.get("gpus", UNKNOWN)
    drivers = [facts[name] for name in ("driver", "cuda_driver") if name in facts]
    known = [driver for driver in drivers if driver is not UNKNOWN]
    if gpus is not UNKNOWN and gpus:
        return None not in known  # a visible GPU has a driver
    return None not in known or not any(known)  # and of a driver both releases are known


def constants(item: Condition) -> frozenset[Any]:
    """The texts and numbers in the condition's own code, and in what that refers to."""
    return frozenset(_constants(item.test, set()))


def _constants(value: Any, seen: set[int]) -> Iterator[Any]:
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, (str, int, float)):
        yield value
    elif isinstance(value, Condition):
        yield from _constants(value.test, seen)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from (*_constants(key, seen), *_constants(inner, seen))
    elif isinstance(value, (tuple, list, set, frozenset)):
        for inner in value:
            yield from _constants(inner, seen)
    elif isinstance(value, types.FunctionType):
        for code in _codes(value.__code__):
            mine = [value.__globals__[name] for name in code.co_names if name in value.__globals__]
            ours = [x for x in mine if getattr(x, "__module__", "gemma_compat").startswith("gemma")]
            for inner in (*code.co_consts, *ours):
                yield from _constants(inner, seen)
        for cell in value.__closure__ or ():
            yield from _constants(cell.cell_contents, seen)


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """The code of a function and of what is written inside it."""
    yield code
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _codes(inner)


def hint_of(path: str) -> Any:
    """The declared type of the fact at this path; ``Any`` inside a mapping."""
    cls: Any = Facts
    for name in path.split("."):
        if typing.get_origin(cls) is dict:
            return Any
        cls = typing.get_type_hints(cls)[name]
    return cls


def options_of(hint: Any) -> tuple[Any, ...]:
    """The members of a union, or the type itself."""
    return typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)


def _by_type(hint: Any) -> Iterator[Any]:
    for option in options_of(hint):
        if option is bool:
            yield from (True, False)
        elif option is type(None):
            yield None
        elif option is int:
            yield from (0, 1, 2, 8)
        elif option is float:
            yield 30.0
        elif typing.get_origin(option) is tuple and typing.get_args(option)[0] is str:
            yield ()
        elif typing.get_origin(option) is dict:
            yield {}


def _from_constants(hint: Any, found: Iterable[Any]) -> Iterator[Any]:
    """Both sides of a number; a text as it is, in a tuple, and as a variable that is set."""
    texts = sorted({x for x in found if isinstance(x, str) and len(x) < 80 and " " not in x})
    numbers = sorted({x for x in found if type(x) is int})
    for option in options_of(hint):
        if option is str:
            yield from texts
            yield "another"
        elif option is int:
            near = (number + step for number in numbers for step in (-1, 0, 1))
            yield from (number for number in near if number >= 0)
        elif typing.get_origin(option) is tuple and typing.get_args(option)[0] is str:
            yield from ((text,) for text in texts)
        elif typing.get_origin(option) is dict:
            yield from ({text: flag} for text in texts if text.isupper() for flag in ("0", "1"))


def _packages(name: str) -> Iterator[Package | None]:
    """Absent; each release at a bound of a rule, and one below all and above all of them."""
    yield None
    yield Package(name=name, version="1.0", vcs="git+https://example.org/x@y")
    specifiers = (scope.packages.get(name, "") for rule in all_rules() for scope in rule.scopes)
    bounds = {bound for text in specifiers for bound in versions.bounds(text)}
    ordered = sorted({"0.0.1", *bounds, "9999.1"}, key=versions.parse)
    for version in ordered[:: max(1, len(ordered) // 8)]:
        yield Package(name=name, version=version)


@lru_cache(maxsize=None)
def _seen() -> Mapping[str, list[Any]]:
    """Path to values: in the goldens of the rules, and in the facts that tests start from."""
    found: dict[str, list[Any]] = defaultdict(list)
    for facts in example_facts():
        for path, value in leaves(facts):
            if value not in found[path]:
                found[path].append(value)
    return found


@lru_cache(maxsize=None)
def example_facts() -> tuple[Facts, ...]:
    """What the goldens were made from, and complete facts of each model type."""
    given = [golden.read(path.read_text("utf-8")) for path in golden.TESTS.rglob("golden.txt")]
    made = [checked_facts(item.facts) for item in given if item.facts is not None]
    return (*made, *(facts_for(name, gpus=(T4,)) for name in sorted(KNOWN_MODEL_TYPES)))


def leaves(facts: Facts) -> Iterator[tuple[str, Any]]:
    """Path and value of each fact that is known."""
    for area, value in vars(facts).items():
        if area == "packages":
            yield from ((f"packages.{name}", package) for name, package in value.items())
        elif isinstance(value, Record):
            known = {k: v for k, v in vars(value).items() if v is not UNKNOWN}
            yield from ((f"{area}.{name}", inner) for name, inner in known.items())
        elif value is not UNKNOWN and area not in {"reasons", "assumed"}:
            yield area, value


def _frozen(value: Any) -> Any:
    return Frozen(value) if isinstance(value, dict) else value


class Frozen(dict[str, Any]):
    """A mapping that can be a key."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(sorted(self.items())))
