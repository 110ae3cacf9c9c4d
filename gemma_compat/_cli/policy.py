"""The policy file of a report: found, and put under what the command line states."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from ..errors import UsageError

if TYPE_CHECKING:
    from ..engine.rule import Rule
    from ..policy import Ignore, Policy

_FILES = ("args", "adapter", "tokenizer", "requirements")
_OPTIONS = {"requirements": "stack_file"}  # the names under which argparse keeps them
_OF_A_NODE = ("model", "args", "adapter", "tokenizer")  # what --all-ranks accepts


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--config`` and ``--no-config``."""
    group = parser.add_argument_group(
        "policy", "gemma-compat.toml or [tool.gemma-compat] of pyproject.toml, the nearest upwards"
    )
    which = group.add_mutually_exclusive_group()
    which.add_argument("--config", metavar="FILE", help="this policy file")
    which.add_argument("--no-config", action="store_true", help="read no policy file")


def read(options: argparse.Namespace) -> Policy | None:
    """Return the policy that counts for these options; ``None`` where there is none.

    Raises:
        UsageError: a file that cannot be read, or a key or value that there is not.
    """
    if options.no_config:
        return None
    from ..detect.policy_file import find_policy, read_policy

    file = find_policy() if options.config is None else read_policy(options.config)
    if file is None:
        return None
    from ..policy import policy_of

    return _resolved(policy_of(file.path, file.table, file.text))


def _resolved(policy: Policy) -> Policy:
    """Return the policy with its paths, which are relative to its file."""
    folder = os.path.dirname(policy.path)
    target = dict(policy.target)
    for name in _FILES:
        if isinstance(target.get(name), str):
            target[name] = os.path.join(folder, target[name])
    if "model" in target:  # a directory, or the name of a published model
        path = os.path.join(folder, target["model"])
        target["model"] = path if os.path.exists(path) else target["model"]
    return policy.replace(target=target)


def put(options: argparse.Namespace, policy: Policy | None) -> None:
    """Put what the policy states where the command line leaves it open."""
    if policy is not None:
        for name, value in policy.target.items():
            if options.merge is None and (not options.all_ranks or name in _OF_A_NODE):
                _put_one(options, name, value)
        options.fail_on = options.fail_on or policy.fail_on
        options.fail_on_undetermined = options.fail_on_undetermined or policy.fail_on_undetermined
        options.select = options.select or list(policy.select)
    options.fail_on = options.fail_on or "error"


def _put_one(options: argparse.Namespace, name: str, value: Any) -> None:
    if name == "with":  # the command line comes last, and so wins
        options.versions = [*value, *options.versions]
    elif name == "without":
        options.without = [*value, *options.without]
    else:
        place = _OPTIONS.get(name, name)
        if getattr(options, place) is None:
            setattr(options, place, value)


def ignores(policy: Policy, rules: tuple[Rule, ...]) -> dict[str, Ignore]:
    """Return the ignores by the code of their rule.

    Raises:
        UsageError: a rule that does not exist; a typo would accept nothing, silently.
    """
    return {_code(policy, item.rule, rules): item for item in policy.ignore}


def with_severities(policy: Policy, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Return the rules with the severities of the policy. Raises as :func:`ignores`."""
    from ..policy import with_severities

    changed = {_code(policy, name, rules): value for name, value in policy.severity.items()}
    return with_severities(rules, changed)


def _code(policy: Policy, name: str, rules: tuple[Rule, ...]) -> str:
    from ..rules import find

    try:
        return find(name, rules).code
    except UsageError as error:
        raise UsageError(f"{policy.path}: {error}") from error
