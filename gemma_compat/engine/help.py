"""What to type against a failure: the upgrade, the setting, the call of ``patch``. Pure."""

from __future__ import annotations

from collections.abc import Mapping


def help_text(releases: Mapping[str, str], then: str, setting: str, patch_call: str) -> str:
    """Return the alternatives that exist, joined by "or".

    ``pip install -U 'transformers>=4.51.0', or gemma_compat.patch(model)``

    Args:
        releases: distribution name to the first release without the failure.
        then: what to do after the upgrade.
        setting: what to type or to set instead.
        patch_call: the call that applies the cure.
    """
    upgrade = upgrade_command(releases)
    if upgrade and then:
        upgrade += f", and {then}"
    return ", or ".join(part for part in (upgrade, setting, patch_call) if part)


def upgrade_command(releases: Mapping[str, str]) -> str:
    """Return ``pip install -U 'unsloth>=2026.7.1' unsloth_zoo``; empty without releases."""
    if not releases:
        return ""
    wanted = dict(releases)
    if "unsloth-zoo" in wanted and "unsloth" not in wanted:
        wanted = {"unsloth": "", **wanted}  # the two belong together
    return "pip install -U " + " ".join(map(_requirement, wanted, wanted.values()))


def _requirement(name: str, release: str) -> str:
    shown = "unsloth_zoo" if name == "unsloth-zoo" else name
    return f"'{shown}>={release}'" if release else shown
