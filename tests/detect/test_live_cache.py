"""Which functions read ``use_cache`` from a config: the shapes that transformers has used."""

from __future__ import annotations

import functools

import pytest

from gemma_compat.detect.live_cache import reads_config


def reads_itself(self, use_cache=None):
    use_cache = use_cache if use_cache is not None else self.config.use_cache
    return use_cache


def hands_down(self, use_cache=None, **kwargs):
    return self.language_model(use_cache=use_cache, **kwargs)


def merges_defaults(function):
    @functools.wraps(function)
    def wrapper(self, *args, **kwargs):
        names = ["use_cache", "vision_feature_layer", "vision_aspect_ratio"]
        for name in names:
            kwargs.setdefault(name, getattr(self.config, name, None))
        return function(self, *args, **kwargs)

    return wrapper


def checks_inputs(function):
    @functools.wraps(function)
    def wrapper(self, *args, **kwargs):
        kwargs["use_cache"] = kwargs.get("use_cache") or getattr(self.config, "use_cache", None)
        return function(self, *args, **kwargs)

    return wrapper


def returns_tuples(function):
    @functools.wraps(function)
    def wrapper(self, *args, **kwargs):
        return function(self, *args, **kwargs).to_tuple()

    return wrapper


@pytest.mark.parametrize(
    ("forward", "expected"),
    [
        (reads_itself, True),
        (hands_down, False),
        (returns_tuples(hands_down), False),
        (returns_tuples(reads_itself), True),
        (merges_defaults(hands_down), True),
        (checks_inputs(hands_down), True),
        (returns_tuples(merges_defaults(hands_down)), True),
        (len, False),
    ],
)
def test_reads_config(forward, expected):
    assert reads_config(forward) is expected
