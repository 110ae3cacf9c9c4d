"""What published releases ask of others is looked up as `advise` reads it."""

from __future__ import annotations

import pytest

from gemma_compat.advise import load_releases
from gemma_compat.tables.published_pins import pins_of


@pytest.mark.parametrize("name", ["transformers", "trl", "peft", "unsloth", "torchvision"])
def test_every_release_has_the_pins_that_advise_sees(name: str) -> None:
    for release in load_releases().of(name):
        pins = pins_of(name, release.version, beside=False)
        assert pins is not None, release.version
        seen = dict(release.pins("3.12.0", ()))
        assert pins.keys() <= seen.keys()
        assert {key: seen[key] for key in pins} != {} or not seen


def test_a_local_label_is_dropped_and_names_are_normalised() -> None:
    assert pins_of("torchvision", "0.28.0+cu126") == pins_of("torchvision", "0.28.0") != {}
    assert "unsloth-zoo" in (pins_of("unsloth", "2026.10.9") or {})


def test_what_holds_beside_is_told_apart() -> None:
    assert "torch" in (pins_of("transformers", "5.24.0") or {})
    assert "torch" not in (pins_of("transformers", "5.24.0", beside=False) or {})


def test_a_package_that_is_named_twice_keeps_both_pins() -> None:
    pins = pins_of("trl", "1.16.0") or {}
    assert set(pins["transformers"].split(",")) == {">=4.56.2", "!=5.1.0"}


@pytest.mark.parametrize("version", ["99.0", "", "a version", "5.24.0.dev0"])
def test_a_release_without_data_is_none(version: str) -> None:
    assert pins_of("transformers", version) is None
