"""Every model type of a Gemma in this transformers is one that we know, or a part of one."""

from __future__ import annotations

from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

from gemma_compat.tables.families import FIRST_RELEASES, PARTS, is_gemma


def test_every_gemma_of_this_release_is_known() -> None:
    theirs = {name for name in CONFIG_MAPPING_NAMES if is_gemma(name)}
    assert len(theirs) >= 5
    assert theirs <= FIRST_RELEASES.keys() | PARTS.keys()
    assert set(PARTS.values()) <= FIRST_RELEASES.keys()
