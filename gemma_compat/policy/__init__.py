"""A team's policy, as values: what to judge, what to accept until when, and what fails a gate.

    policy file ──> table ──> Policy ──> put over the options and over the diagnosis

Pure: ``detect/policy_file.py`` finds and reads the file, and ``_cli/policy.py`` puts both together.
"""

from __future__ import annotations

from .apply import Outcome, apply_policy, with_severities
from .settings import Ignore, Policy, policy_of

__all__ = ["Ignore", "Outcome", "Policy", "apply_policy", "policy_of", "with_severities"]
