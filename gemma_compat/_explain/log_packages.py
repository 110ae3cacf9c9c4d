"""Combine the readings of a log about its packages. Pure."""

from __future__ import annotations

from typing import Any

from ..facts import UNKNOWN, Package, TorchBuild


def packages_of(values: dict[str, Any]) -> dict[str, Package | None]:
    """Return the packages of the readings; ``None`` for one that is known to be absent."""
    found = {
        topic.removeprefix("packages."): version
        for topic, version in values.items()
        if topic.startswith("packages.")
    }
    return {
        name: None if version is None else Package(name=name, version=version)
        for name, version in found.items()
    }


def torch_of(version: str | None) -> TorchBuild:
    """Return what a release's label says of the build: CUDA, ROCm or neither."""
    if version is None:
        return TorchBuild()
    label = version.partition("+")[2]
    if label.startswith("cu") and label[2:].isdigit():
        return TorchBuild(version=version, cuda=f"{label[2:-1]}.{label[-1]}", hip=None)
    if label.startswith("rocm"):
        return TorchBuild(version=version, cuda=None, hip=label[4:] or UNKNOWN)
    return TorchBuild(version=version)
