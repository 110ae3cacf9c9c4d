"""For each cure, what it assumes of a batch and of the control flow; every line of its table tried.

``assumes.txt`` beside a rule's proof says of each circumstance what the cured model does there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from gemma_compat import versions  # noqa: E402
from gemma_compat.engine.rule import Rule  # noqa: E402
from gemma_compat.errors import CannotBeCured, PatchNotNeeded, PatchTargetMissing  # noqa: E402

from . import compare  # noqa: E402
from .assumed import (  # noqa: E402
    ABOUT_RIGHT,
    ANSWERS,
    AS_UNPATCHED,
    EITHER,
    NAMES,
    REFUSED,
    RULES,
    lines,
    made,
    right,
)
from .circumstances import CIRCUMSTANCES, SLOW  # noqa: E402
from .test_patch_contract import covers  # noqa: E402

torch.set_num_threads(1)
RELEASE = transformers.__version__
# The first releases that tell packed samples apart; a cured PaliGemma below refuses them.
TELL_SAMPLES_APART = {"paligemma": ">=5.0.0rc0"}
# A RecurrentGemma's convolution runs from one packed sample into the next (GC820).
REFUSES_PACKED_ROWS = {("GC203", "recurrent_gemma")}
# Compiled, it leaves out a normalisation before (GC1301), which no cure here ends.
COMPILED_RIGHT = {"recurrent_gemma": ">=5.0.0"}


def test_every_cure_has_a_table_of_every_circumstance() -> None:
    for rule in RULES:
        assert list(lines(rule)) == list(CIRCUMSTANCES), rule.code
        assert set(lines(rule).values()) <= set(ANSWERS), rule.code


def cases() -> Iterator[Any]:
    """The first model type of each rule is tried in ``make test``, the others in ``test-all``."""
    for rule in RULES:
        # GC622 is of Gemma 1 alone, which no other rule needs to be tried on.
        covered = [name for name in NAMES if covers(rule, name)] or ["gemma"]
        for name in covered:
            for circumstance in CIRCUMSTANCES:
                is_slow = circumstance in SLOW or name != covered[0]
                marks = pytest.mark.slow if is_slow else ()
                named = f"{rule.code}-{name}-{circumstance}"
                yield pytest.param(rule, name, circumstance, id=named, marks=marks)


@pytest.mark.parametrize(("rule", "name", "circumstance"), list(cases()))
def test_assumption(rule: Rule, name: str, circumstance: str) -> None:
    answer = lines(rule)[circumstance]
    first = TELL_SAMPLES_APART.get(name, ">=4.53.1")
    if "packed" in circumstance and not versions.contains(first, RELEASE):
        pytest.skip(f"transformers {RELEASE} knows no packed rows without flash attention")
    if "packed" in circumstance and (rule.code, name) in REFUSES_PACKED_ROWS:
        answer = REFUSED
    compiles_right = versions.contains(COMPILED_RIGHT.get(name, ">=0"), RELEASE)
    if circumstance == "torch.compile" and answer != ABOUT_RIGHT and not compiles_right:
        pytest.skip(f"transformers {RELEASE} compiles a {name} to another network")
    try:
        cured = made(rule.code, name)
    except (PatchNotNeeded, PatchTargetMissing) as error:
        pytest.skip(f"{rule.code} is for no {name} on {RELEASE}: {error}")
    got = outcome(circumstance, cured, name, False)
    assert (got == REFUSED) == (answer == REFUSED), got
    if answer == REFUSED:
        return
    if answer in (AS_UNPATCHED, EITHER):
        unpatched = outcome(circumstance, made(rule.code, name, cure=False), name, False)
        if answer == AS_UNPATCHED or is_like(unpatched, got):
            assert_like(unpatched, got, answer)
            return
    assert_like(outcome(circumstance, right(rule.code, name), name, True), got, answer)


def is_like(expected: Any, got: Any) -> bool:
    try:
        assert_like(expected, got, AS_UNPATCHED)
    except AssertionError:
        return False
    return True


def outcome(circumstance: str, model: Any, name: str, right: bool) -> Any:
    """What comes of it; an error as its type and first line."""
    try:
        return without_wrappers(CIRCUMSTANCES[circumstance](model, name, right))
    except CannotBeCured:
        return REFUSED
    except (RuntimeError, ValueError) as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"


def without_wrappers(made: Any) -> Any:
    if not isinstance(made, compare.Run):
        return made
    grads = {key.replace("_checkpoint_wrapped_module.", ""): g for key, g in made.grads.items()}
    return compare.Run(made.loss, grads)


def assert_like(expected: Any, got: Any, answer: str) -> None:
    assert type(expected) is type(got), (expected, got)
    if expected is None:
        pytest.skip("this model takes no such batch")
    elif isinstance(expected, str):
        assert got == expected and answer == AS_UNPATCHED
    elif answer == ABOUT_RIGHT:
        one, other = (
            made.loss if isinstance(made, compare.Run) else made.float().mean().item()
            for made in (expected, got)
        )
        assert other == pytest.approx(one, rel=0.01, abs=1e-3)
    elif isinstance(expected, compare.Run):
        compare.assert_same(expected, got)
    else:
        assert expected.shape == got.shape
        assert torch.allclose(expected.float(), got.float(), atol=1e-5)
