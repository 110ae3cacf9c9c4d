"""No healthy set-up and no public configuration is stopped, or warned of for nothing.

All of them are for `make test-all`; a few are quick enough for `make test`. Where the published
weights are (`make real`), the set-ups run on them too.
"""

from __future__ import annotations

from typing import Any

import pytest
import transformers

from gemma_compat import versions

from .healthy import Healthy, NotHere, all_healthy, missing, problems, tried
from .public import Configuration, configurations, setup
from .stage import Stage, weights

# The taught model takes seconds to make: these bring a network of their own.
QUICK = {
    "own loop, LoRA, checkpointed",
    "Gemma 3n, LoRA",
    "Gemma 4, experts",
    "LoRA on the embeddings",
    "code with its lines",
    "tags of first tokens",
    "embeddings, masked mean",
}
PUBLIC = ("gemma3n/gemma-3n-e2b-qlora", "gemma4-unified/12b-text")
# Packed samples see each other on it (GC803).
SEE_EACH_OTHER = versions.contains("<4.53.1", transformers.__version__)

SETUPS = [
    pytest.param(one, marks=[] if one.name in QUICK else pytest.mark.slow, id=one.name)
    for one in all_healthy()
]
SOURCES = [
    pytest.param(
        one,
        marks=[] if any(part in one.source for part in PUBLIC) else pytest.mark.slow,
        id=f"{number} {one.source.rpartition('/')[2]}",
    )
    for number, one in enumerate(configurations())
]


def _has_passed(one: Healthy, stage: Stage) -> None:
    if "packed" in one.name and SEE_EACH_OTHER:
        pytest.skip("packed samples see each other on this release (GC803)")
    if missing(one):
        pytest.skip(f"{missing(one)} is not installed")
    try:
        result = tried(one, stage)
    except NotHere as error:
        pytest.skip(str(error))
    assert not problems(one, result), str(result)
    assert result.passes < 4, str(result)


@pytest.mark.parametrize("one", SETUPS)
def test_a_healthy_setup_is_let_through(one: Healthy, tmp_path: Any) -> None:
    _has_passed(one, Stage("small", str(tmp_path)))


@pytest.mark.parametrize("one", SOURCES)
def test_a_public_configuration_is_let_through(one: Configuration, tmp_path: Any) -> None:
    if one.packed and SEE_EACH_OTHER:
        pytest.skip("packed samples see each other on this release (GC803)")
    _has_passed(setup(one), Stage("small", str(tmp_path)))


@pytest.mark.slow
@pytest.mark.skipif(weights() is None, reason="the published weights are not here: make real")
@pytest.mark.parametrize(
    "one", [item for item in all_healthy() if not item.network], ids=lambda one: one.name
)
def test_a_healthy_setup_on_the_published_weights_is_let_through(
    one: Healthy, tmp_path: Any
) -> None:
    _has_passed(one, Stage("real", str(tmp_path)))


def test_sixty_public_configurations_are_held_with_their_sources() -> None:
    found = configurations()
    assert len(found) >= 60
    assert all("/" in one.source and "@" in one.source for one in found)
    assert {one.source.partition("/")[0] for one in found} == {
        "axolotl-ai-cloud",
        "hiyouga",
        "huggingface",
        "unslothai",
    }
