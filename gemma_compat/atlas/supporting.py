"""Find which releases support a Gemma, by tables, classes, files and comparisons in their code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ..errors import UsageError
from ..tables import checkpoints
from ..values import Value
from ._container import Folder, IndexUnusable
from ._package import DATA, PackageIndex, indexed, opened, releases_of, texts, worded
from .intervals import Interval, intervals
from .tables import (
    FRAMEWORKS,
    ORDER,
    Meaning,
    meaning_of,
    meaning_of_code,
    meaning_of_file,
)

# The family in a file's name: ``gemma3_training``, ``diffusion_gemma``.
_FAMILY = re.compile(r"(?:(?:diffusion|embedding|recurrent)_)?[a-z0-9]*gemma\d*n?")


class Evidence(Value):
    """One thing in a package that names the model.

    Attributes:
        kind: ``table``, ``file`` or ``branch`` (code that compares with the model type).
        what: its name: ``AutoModelForCausalLM``, ``default targets of LoRA``.
        where: the module and name, or the path, that can be looked up.
        key: the entry: a model type, a class, a checkpoint's name.
        value: what the table has for it; empty where there is none.
        releases: those that have it.
        says: what it means, with ``{what}``, ``{key}``, ``{methods}`` or ``{places}`` to fill in.
        method: the PEFT method that it is about; empty for anything else.
    """

    kind: str
    what: str
    where: str
    key: str
    value: str
    releases: tuple[Interval, ...]
    says: str
    method: str = ""


class PackageSupport(Value):
    """One package.

    Attributes:
        package: the distribution.
        oldest, newest: the releases that were read.
        since: the first release with any of the evidence; empty where there is none.
        evidence: tables first.
    """

    package: str
    oldest: str
    newest: str
    since: str
    evidence: tuple[Evidence, ...]


class Support(Value):
    """Which releases support one model.

    Attributes:
        asked: the name as given.
        model_types: its model types in a config, the outer one first.
        packages: the indexed packages, in the order in which they are shown.
    """

    asked: str
    model_types: tuple[str, ...]
    packages: tuple[PackageSupport, ...]


def supports(name: str, folder: Folder = DATA) -> Support:
    """Return which releases support a model.

    Args:
        name: a checkpoint (``google/gemma-3-4b-it``) or a model type (``gemma3_text``).

    Raises:
        UsageError: no such model; the message names near ones.
        IndexUnusable: the index is missing or cannot be read.
    """
    if "transformers" not in indexed(folder):
        raise IndexUnusable("the release atlas is not installed")
    types, checkpoint = _resolved(name, opened("transformers", folder))
    classes = _classes(types, opened("transformers", folder))
    indices = [
        *(opened(module, folder) for module in ORDER if module in indexed(folder)),
        *(texts(module, folder) for module in FRAMEWORKS if module in worded(folder)),
    ]
    made = [_package(index, types, classes, checkpoint) for index in indices]
    return Support(name, types, tuple(made))


def _resolved(name: str, index: PackageIndex) -> tuple[tuple[str, ...], str]:
    """Return the model types of a name, and the checkpoint's name if it is one."""
    found = checkpoints.find(name)
    known = _table(index, "CONFIG_MAPPING_NAMES")
    if found is not None and "model_type" in found.config:
        inner = found.config.get("text_config", {}).get("model_type")
        outer = str(found.config["model_type"])
        return tuple(dict.fromkeys([outer, *([inner] if inner else _inner(outer, known))])), (
            found.published_as
        )
    plain = name.strip().lower().replace("-", "_")
    for candidate in (plain, plain.replace("_", "")):
        if candidate in known and "gemma" in candidate:
            return tuple(dict.fromkeys([candidate, *_inner(candidate, known)])), ""
    raise UsageError(f"no Gemma is called {name!r}; nearest: {', '.join(_near(name, known))}")


def _inner(model_type: str, known: dict[str, Any]) -> list[str]:
    text = f"{model_type}_text"
    return [text] if text in known else []


def _near(name: str, known: dict[str, Any]) -> list[str]:
    import difflib

    types = [key for key in known if "gemma" in key]
    names = {item.lower(): item for item in (*types, *checkpoints.names())}
    key = name.strip().rpartition("/")[2].lower()
    near = difflib.get_close_matches(key, names, n=3, cutoff=0.4)
    return [names[item] for item in near] or ["gemma2", "gemma3", "gemma4"]


def _rows(index: PackageIndex) -> dict[str, Any]:
    found: dict[str, Any] = index.block("tables")["rows"] or {
        "tables": {},
        "branches": {},
        "files": {},
        "named": {},
    }
    return found


def _table(index: PackageIndex, wanted: str) -> dict[str, Any]:
    """Return the rows of all tables of that name, over all modules."""
    found: dict[str, Any] = {}
    for name, rows in _rows(index)["tables"].items():
        if name.rpartition(":")[2] == wanted:
            found.update(rows)
    return found


def _classes(types: Sequence[str], index: PackageIndex) -> frozenset[str]:
    """Return the model classes of these types, as transformers' own tables name them."""
    found = set()
    for name, rows in _rows(index)["tables"].items():
        if re.search(r":MODEL_\w*MAPPING_NAMES$", name):
            for key in types:
                for value in rows.get(key, ())[::2]:
                    found.update(re.findall(r"\w*Gemma\w*", value))
    return frozenset(found)


def _package(
    index: PackageIndex, types: Sequence[str], classes: frozenset[str], checkpoint: str
) -> PackageSupport:
    evidence = [
        *_tables(index, types, classes, checkpoint),
        *_branches(index, types),
        *_files(index, types),
    ]
    numbers = [index.number(item.releases[0].first) for item in evidence if item.releases]
    first = min((number for number in numbers if number is not None), default=None)
    return PackageSupport(
        index.distribution,
        index.releases[0].version,
        index.releases[-1].version,
        index.releases[first].version if first is not None else "",
        tuple(evidence),
    )


def _tables(
    index: PackageIndex, types: Sequence[str], classes: frozenset[str], checkpoint: str
) -> Iterator[Evidence]:
    """Yield the entries of tables; an entry that moved to another module counts as one."""
    spans = index.block("tables")["spans"]
    wanted = {*types, *classes, *_spellings(checkpoint)}
    if index.module == "swift":  # ms-swift's names for the multimodal ones
        wanted |= {f"{name}_vision" for name in types}
    found: dict[tuple[Meaning, str], list[tuple[frozenset[int], str, str]]] = {}
    for name, rows in _rows(index)["tables"].items():
        meaning = meaning_of(name)
        if meaning is None:
            continue
        for key in sorted(wanted & rows.keys(), key=_by(types)):
            for value, span in zip(rows[key][::2], rows[key][1::2], strict=True):
                entry = (releases_of(spans[span]), value, name)
                found.setdefault((meaning, key), []).append(entry)
    for (meaning, key), entries in found.items():
        numbers = frozenset().union(*(item[0] for item in entries))
        _, value, name = max(entries, key=lambda item: max(item[0]))
        held = intervals(index, numbers)
        yield Evidence("table", meaning.what, name, key, value, held, meaning.says, meaning.method)


def _by(types: Sequence[str]) -> Any:
    return lambda key: (types.index(key) if key in types else len(types), key)


def _spellings(checkpoint: str) -> set[str]:
    bare = checkpoint.rpartition("/")[2]
    owned = {f"{owner}/{bare}" for owner in ("google", "unsloth")}
    return {*owned, bare} if bare else set()


def _branches(index: PackageIndex, types: Sequence[str]) -> Iterator[Evidence]:
    """Yield code that compares with the model type; transformers' own is left out, and that of
    frameworks but for the places that decide.
    """
    if index.module == "transformers":
        return
    spans = index.block("tables")["spans"]
    for site, names in _rows(index)["branches"].items():
        meaning = meaning_of_code(site)
        if meaning is None and index.module in FRAMEWORKS:
            continue
        for name in types:
            if name in names and meaning is not None:
                found = intervals(index, releases_of(spans[names[name]]))
                yield Evidence("branch", meaning.what, site, name, "", found, meaning.says)
            elif name in names:
                found = intervals(index, releases_of(spans[names[name]]))
                what = "code for this model type"
                yield Evidence("branch", what, site, name, "", found, "code for {key} in {places}")


def _files(index: PackageIndex, types: Sequence[str]) -> Iterator[Evidence]:
    if index.module == "transformers":
        return
    spans = index.block("tables")["spans"]
    stems = _stems(types)
    for path, span in sorted(_rows(index)["files"].items()):
        if index.module in FRAMEWORKS:
            meaning, key = meaning_of_file(path)
            if meaning is not None and key in types:
                found = intervals(index, releases_of(spans[span]))
                yield Evidence("file", meaning.what, path, key, "", found, meaning.says)
            continue
        base = path.rpartition("/")[2].partition(".")[0].lower()
        family = _FAMILY.search(base)
        if family and family[0].replace("_", "") in stems and "test" not in path:
            found = intervals(index, releases_of(spans[span]))
            what = _file_meaning(path)
            yield Evidence("file", what, path, base, "", found, "{what}: {places}")


def _file_meaning(path: str) -> str:
    if path.endswith(".jinja"):
        training = "training" in path
        return "chat template for training" if training else "chat template"
    return "file for this family"


def _stems(types: Sequence[str]) -> set[str]:
    return {item.removesuffix("_text").replace("_", "") for item in types}


def only(support: Support, package: str) -> Support:
    """Return the answer for one package. ``UsageError`` if the index lacks it."""
    wanted = re.sub(r"[-_.]+", "-", package.strip().lower())
    named = {item.package: item for item in support.packages}
    if wanted not in named:
        raise UsageError(f"the atlas does not have {package!r}; it has {', '.join(named)}")
    return Support(support.asked, support.model_types, (named[wanted],))
