"""Other people's rules: found by entry points, held to a contract, guarded, and never fatal.

    entry points of installed packages ──> modules ──> Rule, held to the contract ──> all_rules()

A package states ``[project.entry-points."gemma_compat.rules"]``. What is wrong with it is a line of
the report, and the rest of the report is as it would be without it.
"""

from __future__ import annotations

from .load import Loaded, load

__all__ = ["Loaded", "load"]
