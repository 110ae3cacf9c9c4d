"""Find where the texts that rules search for are raised: ``python -m tools.atlas.symptoms [CODE
...]``.

A symptom is a regular expression of an error's text. The atlas has the texts that each release can
print, with holes for the parts that vary. A text contains a symptom if it matches with some
filling. A symptom that is never found comes from elsewhere (Python, torch's C++, a metric);
``NOT_IN_WHEELS`` in ``tests/atlas/test_symptoms.py`` gives the reason for each.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from gemma_compat import versions
from gemma_compat.atlas._container import Folder
from gemma_compat.atlas._package import DATA, HOLE, PackageIndex, indexed, opened, releases_of
from gemma_compat.atlas.intervals import intervals, told
from gemma_compat.engine.rule import Rule
from gemma_compat.rules import all_rules

# What may stand in a hole, as releases print it.
_FILLINGS = (
    "1",
    "2",
    "gemma3",
    "Gemma3Model",
    "Gemma2ForCausalLM",
    "Gemma4ClippableLinear(",
    "<class 'transformers.cache_utils.DynamicCache'>",
    "_pad_across_processes",
    "torch.float32 (default)",
    "torch.bfloat16",
    "mm_token_type_ids",
    "Image",
    "Audio",
    "0",
    "Gemma4AudioModel",
    "<class 'unsloth.models._utils.EmptyLogits'>",
    "DynamicCache",
    "is_torch_tensor",
)
_MOST_HOLES = 3


@dataclass(frozen=True)
class Found:
    """A text of a package that a symptom matches.

    Attributes:
        package: the distribution.
        sites: ``path:function`` of each place that prints it.
        versions: the releases in which it is printed there.
    """

    package: str
    sites: tuple[str, ...]
    versions: tuple[str, ...]
    told: str


def find(symptom: str, folder: Folder = DATA) -> list[Found]:
    """Return the packages that print a text which the symptom matches."""
    expression, words = re.compile(symptom), _words(symptom)
    found = []
    for module in indexed(folder):
        index = opened(module, folder)
        numbers: set[int] = set()
        sites: set[str] = set()
        for text, places in _texts(module, folder):
            if (not words or any(word in text for word in words)) and _matches(expression, text):
                numbers.update(r for _, releases in places for r in releases)
                sites.update(site for site, _ in places)
        if numbers:
            named = index.names(numbers)
            found.append(
                Found(
                    index.distribution, tuple(sorted(sites)), named, told(intervals(index, numbers))
                )
            )
    return found


@lru_cache(maxsize=None)
def _texts(module: str, folder: Folder) -> list[tuple[str, list[tuple[str, frozenset[int]]]]]:
    """Return every text of a package after its class, with its places and their releases."""
    index: PackageIndex = opened(module, folder)
    block = index.block("messages")
    return [
        (
            f"{block['kinds'][rows[0][0]]}: {text}",
            [
                (f"{block['paths'][path]}:{function}", releases_of(block["spans"][span]))
                for _, path, function, span in rows
            ],
        )
        for text, rows in block["rows"]
    ]


def _matches(expression: re.Pattern[str], text: str) -> bool:
    """Return whether the symptom matches the text with some filling of its holes."""
    if HOLE not in text:
        return expression.search(text) is not None
    if any(expression.search(text.replace(HOLE, filling)) for filling in _FILLINGS):
        return True
    parts = text.split(HOLE)
    words = _words(expression.pattern)
    if len(parts) > _MOST_HOLES + 1 or 2 * sum(word in text for word in words) < len(words):
        return False
    # Two holes may hold different things; what a third one holds has never mattered.
    rest = ("1",) * (len(parts) - 3) + ("",)
    return any(
        expression.search("".join(map("".join, zip(parts, (one, other, *rest), strict=True))))
        for one, other in product(_FILLINGS, repeat=2)
        if len(parts) > 2
    )


def _words(pattern: str) -> list[str]:
    """Return the long words of a pattern; as a cheap first test, a match contains one of them."""
    return re.findall(r"[A-Za-z]{6,}", re.sub(r"\\.", " ", pattern))


def in_scope(rule: Rule, found: Found) -> bool:
    """Return whether a release that prints the text is in a scope of the rule."""
    bounds = [
        scope.packages[found.package] for scope in rule.scopes if found.package in scope.packages
    ]
    if not bounds:
        return True  # the rule says nothing about this package
    return any(versions.contains(bound, item) for bound in bounds for item in found.versions)


def checked(rules: Sequence[Rule]) -> Iterator[tuple[Rule, str, list[Found]]]:
    """Yield each rule, each of its symptoms, and where it is found."""
    for rule in rules:
        for symptom in rule.symptoms:
            yield rule, symptom, find(symptom)


def main(arguments: Sequence[str]) -> int:
    """Print a line for each symptom and place."""
    rules = [rule for rule in all_rules() if not arguments or rule.code in arguments]
    for rule, symptom, places in checked(rules):
        print(f"{rule.code}  {symptom}")
        for place in places:
            outside = "" if in_scope(rule, place) else "   OUTSIDE ITS SCOPE"
            print(f"    {place.package} {place.told}{outside}")
            for site in place.sites[:6]:
                print(f"        {site}")
        if not places:
            print("    in no package of the index")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
