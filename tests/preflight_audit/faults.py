"""All planted accidents."""

from __future__ import annotations

from collections.abc import Iterator

from .planted import Fault


def all_faults() -> Iterator[Fault]:
    """Yield every accident, file by file."""
    from . import (
        faults_adapter,
        faults_batch,
        faults_data,
        faults_family,
        faults_labels,
        faults_loading,
        faults_loss,
        faults_model,
        faults_objective,
        faults_running,
        faults_saving,
        faults_settings,
        faults_targets,
        faults_text,
        faults_trl,
        faults_words,
    )

    yield from faults_settings.FAULTS
    yield from faults_batch.FAULTS
    yield from faults_loss.FAULTS
    yield from faults_model.FAULTS
    yield from faults_adapter.FAULTS
    yield from faults_text.FAULTS
    yield from faults_labels.FAULTS
    yield from faults_trl.FAULTS
    yield from faults_saving.FAULTS
    yield from faults_words.FAULTS
    yield from faults_family.FAULTS
    yield from faults_data.FAULTS
    yield from faults_targets.FAULTS
    yield from faults_objective.FAULTS
    yield from faults_loading.FAULTS
    yield from faults_running.FAULTS
