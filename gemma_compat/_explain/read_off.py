"""Read off the last traceback which releases fit it, and which names are missing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..engine.rule import Rule
from ..facts import Facts, Package
from .explanation import ReadOff
from .places import distribution_of, places_of, raiser_of

if TYPE_CHECKING:
    from ..atlas import Statement
    from .raised import Raised
    from .read_log import LogReading

READ_OFF = "read off the traceback"


# Frames in the source of a package that is not installed, and frameworks by their commands.
_SOURCE = re.compile(r"[/\\](?:src|python|verl|mlx-lm|mlx-vlm|ms-swift)[/\\]\w+[/\\]\S*\.py")
_FRAMEWORKS = re.compile(
    r"\b(?:(?P<llamafactory>llama-?factory)|(?P<axolotl>axolotl)|(?P<verl>verl)|"
    r"(?P<ms_swift>ms-swift|swift (?:sft|pt|rlhf|infer|export|deploy))|(?P<mlx_lm>mlx[_-]lm)|"
    r"(?P<mlx_vlm>mlx[_-]vlm)|(?P<lm_eval>lm[_-]eval)|(?P<torchtune>torchtune)|"
    r"(?P<litgpt>litgpt)|(?P<sglang>sglang)|(?P<vllm>vllm)|(?P<deepspeed>deepspeed)|"
    r"(?P<gptqmodel>gptqmodel)|(?P<autoawq>autoawq)|(?P<llmcompressor>llm-?compressor)|"
    r"(?P<openrlhf>openrlhf)|(?P<keras_hub>keras[_-]hub))\b",
    re.IGNORECASE,
)


def _named(last: Raised, stated: Iterable[str]) -> tuple[str, ...]:
    """Return the distributions of which the log speaks, for an error without frames."""
    found = _FRAMEWORKS.finditer(f"{last.hit.before}{last.around}")
    written = ((match.lastgroup or "").replace("_", "-") for match in found)
    return tuple(dict.fromkeys([*written, *stated]))


def read_off(
    reading: LogReading, facts: Facts, rules: Sequence[Rule] = ()
) -> tuple[tuple[ReadOff, ...], Facts]:
    """Return sentences on the last traceback, and the facts with the one release that fits it.

    A release becomes a fact only if the log states none and exactly one fits. An error that only
    one rule's failure raises becomes a hit of that rule, whatever the release's wording.
    """
    last = reading.last
    if last is None:
        return (), facts
    stated = {
        name: str(package.version)
        for name, package in facts.packages.items()
        if package is not None and package.known("version")
    }
    has_frames = "-packages" in last.around or _SOURCE.search(last.around)
    named = () if has_frames else _named(last, stated)
    if not has_frames and not named:
        return (), facts
    from ..atlas import read_off as look_up
    from ..atlas import read_tracebacks

    answer = look_up(read_tracebacks(last.around.splitlines()), stated=stated, named=named)
    packages, assumed = dict(facts.packages), dict(facts.assumed)
    for fit in answer.fits:
        if fit.exact and fit.single and fit.package not in packages:
            packages[fit.package] = Package(name=fit.package, version=fit.single)
            assumed[f"packages.{fit.package}"] = READ_OFF
        if fit.exact and fit.package not in packages:
            reading.fits[fit.package] = tuple(fit.releases)
    keys = {origin.key for origin in answer.origins}
    for rule in rules:
        if not keys.isdisjoint(rule.raised_at):
            reading.symptoms.setdefault(rule.code, [last.hit])
    kept = _of_the_raiser(answer.statements, last)
    said = tuple(ReadOff(item.kind, item.text, item.command) for item in kept)
    if answer.note:
        said = (ReadOff("note", answer.note, ""),)
    return said, facts.replace(packages=packages, assumed=assumed)


def _of_the_raiser(statements: Sequence[Statement], last: Raised) -> list[Statement]:
    """Leave out what is said of the code of a package that only called what raised.

    A later release of it has nothing to do with the error.
    """
    places = places_of(last)
    raiser = raiser_of(places)
    package = distribution_of(raiser.module) if raiser else ""
    return [
        item
        for item in statements
        if item.kind not in {"origin", "change"} or not places or item.package == package
    ]
