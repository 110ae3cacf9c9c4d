"""Figures that are said to be defaults of transformers' configs are just that, in this release."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.tables import checkpoints

transformers = pytest.importorskip("transformers")
# From 5.16 a ``head_dim`` of some layers; what it says is compared by tests of the config.
MOVED = {"global_head_dim"}


def figures() -> Iterator[tuple[str, str, str, Any]]:
    """Checkpoint, text model type, field, value: what stands under a configuration file."""
    for name in checkpoints.names():
        found = checkpoints.find(name)
        assert found is not None
        text = found.config.get("text_config", found.config)
        for source, part in found.sources.items():
            if "/configuration_" in source:
                for field, value in part.get("text_config", part).items():
                    if field not in MOVED and not isinstance(value, (dict, list)):
                        yield name, text["model_type"], field, value


@pytest.mark.parametrize(("name", "model_type", "field", "value"), figures())
def test_a_default_is_the_default(name: str, model_type: str, field: str, value: Any) -> None:
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    if model_type not in CONFIG_MAPPING:
        pytest.skip(f"this release has no {model_type}")
    stated = CONFIG_MAPPING[model_type]().to_dict()[field]
    if isinstance(stated, list):  # Gemma 3n repeats it for each layer
        assert set(stated) == {value}
    else:
        assert stated == value


@pytest.mark.parametrize("name", checkpoints.names())
def test_its_class_exists(name: str) -> None:
    found = checkpoints.find(name)
    assert found is not None
    (architecture,) = found.config["architectures"]
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    if found.config["model_type"] not in CONFIG_MAPPING:
        pytest.skip(f"this release has no {found.config['model_type']}")
    assert hasattr(transformers, architecture)
