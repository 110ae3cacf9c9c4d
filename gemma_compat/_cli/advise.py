"""``advise``: which versions work for a model, a GPU and a kind of run."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..progress import waiting
from . import assumptions
from .output import CLEAN, FINDINGS, FORMATS, write

if TYPE_CHECKING:
    from ..advise import Question, Releases
    from ..facts import Facts

_EXITS = """\
exit status: 0 a set was found; 1 nothing satisfies all of it; 2 wrong usage or input
"""


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "advise",
        help="the newest versions that work together for a model, a GPU and a run",
        description="The newest set of releases whose own pins agree and that no rule calls an "
        "error. Asks no index: release data ships with gemma_compat.",
        epilog=_EXITS,
        allow_abbrev=False,
    )
    parser.set_defaults(command=_advise, versions=[])
    option = parser.add_argument
    option("--model", metavar="MODEL", required=True, help="a directory, config.json, name or type")
    option("--args", metavar="FILE", help="the training arguments as JSON or YAML")
    option("--adapter", metavar="DIR", help="the directory of a PEFT adapter")
    option(
        "--with",
        dest="requirements",
        action="append",
        default=[],
        metavar="REQUIREMENT",
        help="unsloth, vllm, deepspeed, 'trl<1', ...: this package too, in these versions (several "
        "times)",
    )
    option(
        "--requirements",
        dest="stack_file",
        metavar="FILE",
        help="as if this stack were installed: a requirements.txt, pylock.toml, uv.lock, "
        "poetry.lock or environment.yml",
    )
    option("--without", action="append", default=[], metavar="NAME", help="these are not installed")
    option("--keep", action="append", default=[], metavar="NAME", help="at its installed version")
    option("--fresh", action="store_true", help="as in an empty environment")
    option("--python", metavar="VERSION", help="for this Python; the running one if not given")
    option("--allow-patched", action="store_true", help="accept errors that patch(model) cures")
    _add_tuning(parser)
    option("--format", choices=FORMATS, default="text")
    option("--verbose", action="store_true", help="with all that is not decided for the set")
    assumptions.add_situation_options(parser)


def _add_tuning(parser: argparse.ArgumentParser) -> None:
    text = "propose settings that fit the card instead"
    parser.add_argument("--tune", action="store_true", help=text)
    text = "with --tune: rows a step, 16 by default"
    parser.add_argument("--effective-batch", type=assumptions.positive, metavar="N", help=text)


def _advise(options: argparse.Namespace) -> int:
    from ..advise import Advice, advise, load_releases
    from ..rules import all_rules

    if options.tune:
        from .tune import tune

        return tune(options, _facts(options))
    with waiting("advise: searching for a set that works"):
        releases = load_releases()
        answer = advise(question(options, releases), releases, all_rules())
    renderer = import_module("gemma_compat.report.advice")
    more = {"verbose": options.verbose} if options.format == "text" else {}
    write(getattr(renderer, f"render_{options.format}")(answer, **more), options.format)
    return CLEAN if isinstance(answer, Advice) else FINDINGS


def question(options: argparse.Namespace, releases: Releases) -> Question:
    """Return what the options ask.

    Raises:
        UsageError: a model, requirement, package or version that cannot be.
    """
    from ..advise import Question
    from ..advise.question import make_wants
    from ..facts import TorchBuild
    from ..tables.families import is_gemma

    facts = assumptions.apply(options, _facts(options))
    if options.fresh:
        facts = facts.replace(packages={}, torch=TorchBuild())
    if not facts.model.known("model_type") or not is_gemma(facts.model.model_type):
        raise UsageError(f"{options.model}: it is not known to be a Gemma; nothing can be advised")
    installed = _installed(facts, releases)
    wants = make_wants(
        facts,
        releases,
        requirements=[*options.requirements, *installed],
        keep={name: _version_of(name, facts) for name in options.keep},
        trl=options.trainer == "trl",
    )
    return Question(
        facts=facts,
        wants=wants,
        python=_python(options, facts),
        installed=installed,
        allow_patched=options.allow_patched,
    )


def _facts(options: argparse.Namespace) -> Facts:
    """Return facts that hold nothing about the model but its type."""
    import os

    from ..detect import detect_facts
    from ..facts import ModelFacts
    from ..tables.families import is_known
    from .inputs import read_arguments

    read_arguments(options)
    if is_known(options.model) and not os.path.exists(options.model):
        facts = detect_facts(None, options.args, adapter=options.adapter)
        reasons = {**facts.reasons, "model": "only its model_type was given"}
        return facts.replace(model=ModelFacts(model_type=options.model), reasons=reasons)
    return detect_facts(options.model, options.args, adapter=options.adapter)


def _installed(facts: Facts, releases: Releases) -> dict[str, str]:
    """Return the packages with release data that are here, with a version that can be read."""
    found = {name: facts.packages.get(name) for name in releases.names}
    return {n: p.version for n, p in found.items() if p is not None and p.known("version")}


def _version_of(name: str, facts: Facts) -> str:
    from ..advise.releases import normalise

    package = facts.packages.get(normalise(name))
    version = package.get("version") if package is not None else None
    if version is None:
        raise UsageError(f"--keep {name}: it is not installed here; write --with '{name}==VERSION'")
    return str(version)


def _python(options: argparse.Namespace, facts: Facts) -> str:
    from ..versions import is_valid

    if options.python is None:
        return str(facts.python)
    if not is_valid(options.python):
        raise UsageError(f"--python {options.python!r} is not a version, as in 3.12")
    return str(options.python)
