"""Caches of keys and values that code of another time takes for tuples."""

from __future__ import annotations

from ...answer import Answer
from ...places import distribution_of
from ...unknown import OF_MODEL
from ..base import Case, General
from ..released import upgrade

_CACHES = (
    r"(?:Dynamic|Hybrid|Static|Offloaded|Quantized|SlidingWindow|EncoderDecoder|HybridChunked)"
)
_HUB = "pip install 'transformers<5'   for code from the Hub (trust_remote_code) of that time"
_OLDER = "pip install 'transformers<5'   where code from the Hub, or an old package, asks for it"


def newer_reader(case: Case) -> tuple[str, ...]:
    """Return the command that renews the package whose line reads the name; nothing for a script,
    for code from the Hub and for transformers.
    """
    place = case.places[-1] if case.places else None
    if place is None or not place.module or place.module in {"transformers", "torch", OF_MODEL}:
        return ()
    return (upgrade(distribution_of(place.module)),)


def _is_of_the_hub(case: Case) -> bool:
    return bool(case.places) and case.places[-1].module == OF_MODEL


def _without_tuples(case: Case) -> Answer:
    name = case.match["name"]
    instead = (
        "DynamicCache(past)   in place of DynamicCache.from_legacy_cache(past)"
        if name.startswith("from")
        else "[(layer.keys, layer.values) for layer in cache.layers]   in place of "
        "cache.to_legacy_cache()"
    )
    return Answer(
        f"transformers 5 has no {name}: a cache is no longer made of, or turned into, tuples",
        (_HUB, instead)
        if _is_of_the_hub(case)
        else (*newer_reader(case), instead, *(() if newer_reader(case) else (_OLDER,))),
        why="both were taken out with transformers 5.0",
        known="read in transformers 4.57.6, which has both, and 5.23.0, which has neither",
    )


def _as_a_tuple(case: Case) -> Answer:
    dropped = case.match["owner"] == "Dynamic" and case.match["what"] == "subscriptable"
    layers = (
        "cache.layers[i].keys, cache.layers[i].values   (transformers 4.54 and newer), "
        "cache.key_cache[i] before"
    )
    off = "use_cache=False   in training, and for code that does not need it"
    older = (_HUB if _is_of_the_hub(case) else _OLDER,) if dropped else ()
    own = case.is_of_the_script
    first = newer_reader(case) or (() if own else older)
    return Answer(
        "code of an older time takes the cache for a tuple of keys and values, and it is an object",
        (*first, *((layers, off) if own else (off, layers))),
        why="transformers replaced tuples by Cache objects from 4.36 on, for Gemma 2 and later "
        "from their first release"
        + ("; a DynamicCache could be indexed like a tuple until 5.0" if dropped else ""),
        known="the message names the class"
        + (
            "; read in transformers 4.57.6, whose DynamicCache takes an index, and 5.23.0"
            if dropped
            else ""
        ),
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "cache-without-tuples",
        r"'DynamicCache'(?: object)? has no attribute '(?P<name>(?:from|to)_legacy_cache)'",
        _without_tuples,
        {
            "AttributeError: type object 'DynamicCache' has no attribute 'from_legacy_cache'": (
                "DynamicCache(past)"
            ),
            "AttributeError: 'DynamicCache' object has no attribute 'to_legacy_cache'": (
                "layer.keys"
            ),
        },
    ),
    General(
        "cache-used-as-a-tuple",
        rf"'(?P<owner>{_CACHES})Cache' object (?:is not (?P<what>subscriptable|iterable)|"
        r"does not support item assignment)",
        _as_a_tuple,
        {
            "TypeError: 'HybridCache' object is not subscriptable": "use_cache=False",
            "TypeError: 'DynamicCache' object is not iterable": "use_cache=False",
            "TypeError: 'DynamicCache' object is not subscriptable": "transformers<5",
        },
    ),
)
