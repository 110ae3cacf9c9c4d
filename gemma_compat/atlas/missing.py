"""Look up names, attributes, arguments and table keys that an error misses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ._container import Folder
from ._package import DATA, PackageIndex, indexed, opened, releases_of
from .attributes import attribute
from .defining import is_alone
from .frames import Error, Frame, Traceback
from .intervals import intervals
from .lacking import Missing, index_of, index_of_names, keyed, made
from .starred import by_star, is_open
from .tables import head_table
from .unsupported import MODEL_TEXTS, find_model

_NAME = re.compile(
    r"cannot import name ['\"]?(?P<name>\w+)['\"]? from ['\"]?(?!partially\b)(?P<module>[\w.]*\w)"
)
_MODULE = re.compile(r"No module named ['\"](?P<name>[\w.]+)['\"]")
_OF_MODULE = re.compile(
    r"module ['\"]?(?P<module>[\w.]+)['\"]? has no attribute ['\"]?(?P<name>\w+)"
)
_OF_OBJECT = re.compile(
    r"(?:type object )?['\"](?P<owner>\w+)['\"](?: object)? "
    r"has no attribute ['\"](?P<name>\w+)['\"]"
)
_ARGUMENT = re.compile(
    r"(?P<function>[\w.<>]+)\(\) got (?:an )?unexpected keyword argument ['\"](?P<name>\w+)['\"]"
)
_KEY = re.compile(r"^['\"](?P<name>[\w.-]+)['\"]$")
_MODEL_TYPE = re.compile(r"model type [`'\"](?P<name>[\w-]+)[`'\"] but Transformers does not")
_HEAD = re.compile(
    r"Unrecognized configuration class <class '[\w.]*?(?P<name>\w+)'> "
    r"(?:for this kind of \w+: |to build an )(?P<head>Auto\w+)"
)


def missing(traceback: Traceback, folder: Folder = DATA) -> tuple[Missing, ...]:
    """Return what the traceback's error misses; empty if it misses nothing that is indexed."""
    error = traceback.error
    if error is None:
        return ()
    for pattern, find in _KINDS:
        match = pattern.search(error.message)
        if match:
            return tuple(find(match, error, traceback.frames, folder))
    return ()


def _name(
    match: re.Match[str], error: Error, frames: tuple[Frame, ...], folder: Folder
) -> Iterator[Missing]:
    index = index_of_names(match["module"], folder)
    if index is None:
        return
    name, module = match["name"], match["module"]
    here, elsewhere = set[int](), {}
    # A model's folder exports what its modules define.
    inner = f"{module}." if module.count(".") >= 2 and not index.is_of_texts else "-"
    entries, spans = index.symbols(name)
    for entry in entries:
        found = {r for span in entry[1].values() for r in releases_of(spans[span])}
        if entry[0] == module or entry[0].startswith(inner):
            here |= found
        elif "class" in entry[1] or "function" in entry[1] or "exported" in entry[1]:
            elsewhere[entry[0]] = intervals(index, found)
    here |= _having(index, f"{module}.{name}")  # ``from package import name`` imports modules too
    if not index.is_of_texts:
        found_by_star, unknown = by_star(index, module, name, folder)
        here |= found_by_star
        if unknown - here:
            return
    if index.is_of_texts and is_open(index, module, name) and here != _having(index, module):
        return
    if not here and not _is_whole(index, module):
        return
    first = () if here else tuple(sorted(elsewhere.items())[:3])
    yield made("name", name, module, index, here, error, first)


def _is_whole(index: PackageIndex, module: str) -> bool:
    """Return whether the whole package was read; of torch and vLLM only some modules were.

    Of a package of texts nothing is said that no release has: older ones may.
    """
    return not index.is_of_texts and module.partition(".")[0] in index.block("modules")["rows"]


def _having(index: PackageIndex, module: str) -> frozenset[int]:
    block = index.block("modules")
    span = block["rows"].get(module)
    return releases_of(block["spans"][span]) if span is not None else frozenset()


def _having_below(index: PackageIndex, module: str) -> frozenset[int]:
    """Return the releases that have a module below this one, which then is a package there."""
    block = index.block("modules")
    below = [span for name, span in block["rows"].items() if name.startswith(f"{module}.")]
    return frozenset[int]().union(*(releases_of(block["spans"][span]) for span in below))


def _module(
    match: re.Match[str], error: Error, frames: tuple[Frame, ...], folder: Folder
) -> Iterator[Missing]:
    index = index_of_names(match["name"], folder)
    name = match["name"]
    if index is None or "." not in name:
        return
    found = _having(index, name)
    if found and not _is_whole(index, name):  # of a folder only some modules were read
        found |= _having_below(index, name)
    if found or _is_whole(index, name):
        yield made("module", name, name.rpartition(".")[0], index, found, error)


def _argument(
    match: re.Match[str], error: Error, frames: tuple[Frame, ...], folder: Folder
) -> Iterator[Missing]:
    """Look up a parameter of a function. A method printed without its class cannot be found."""
    owner, _, method = match["function"].rpartition(".")
    passed = dict.fromkeys(frame.module for frame in reversed(frames))
    for module in [*passed, *(item for item in indexed(folder) if item not in passed)]:
        if module not in indexed(folder) or method.startswith("<"):
            continue
        is_shown = module in passed and owner  # a bare name may be imported from elsewhere
        if not is_shown and not is_alone(owner or method, module, folder):
            continue
        index = opened(module, folder)
        found, exists = _parameters(index, owner, method, match["name"])
        if exists:
            yield made("argument", match["name"], match["function"], index, found, error)
            return


def argument_in(package: str, function: str, name: str, folder: Folder = DATA) -> Missing | None:
    """Return which releases of a package's function take the argument; ``None`` if not indexed.

    Args:
        package: the top-level module of the package whose function it is.
        function: as an error names it: ``Class.method``, or a bare function.
    """
    if package not in indexed(folder):
        return None
    index = opened(package, folder)
    owner, _, method = function.rpartition(".")
    found, exists = _parameters(index, owner, method, name)
    return (
        made("argument", name, function, index, found, Error("TypeError", "")) if exists else None
    )


def _parameters(
    index: PackageIndex, owner: str, method: str, name: str, depth: int = 4
) -> tuple[frozenset[int], bool]:
    """Return the releases in which a function takes the argument, and whether it is known at all.

    A dataclass takes its fields; a class without ``__init__`` takes those of its base.
    """
    entries, spans = index.symbols(owner or method)
    found, exists = set[int](), False
    for entry in entries:
        if len(entry) < 5:
            continue
        parameters = entry[4].get(method if owner else "", {})
        written = frozenset[int]().union(
            *(releases_of(spans[span]) for span in parameters.values())
        )
        if parameters:
            exists = True
            found |= releases_of(spans[parameters[name]]) if name in parameters else frozenset()
        if method != "__init__" or "class" not in entry[1]:
            continue
        # The releases in which the class has no ``__init__``.
        if others := releases_of(spans[entry[1]["class"]]) - written:
            exists = True
            if name in entry[3]:
                found |= releases_of(spans[entry[3][name]]) & others
            for base, span in entry[2].items() if depth else ():
                simple = base.rpartition(".")[2].partition("[")[0]
                held, _ = _parameters(index, simple, method, name, depth - 1)
                found |= held & releases_of(spans[span]) & others
    return frozenset(found), exists


def _model_type(
    match: re.Match[str], error: Error, frames: tuple[Frame, ...], folder: Folder
) -> Iterator[Missing]:
    index = index_of("transformers", folder)
    if index is not None:
        table, name = "CONFIG_MAPPING_NAMES", match["name"]
        yield made("model type", name, table, index, keyed(index, table, name), error)


def _head(
    match: re.Match[str], error: Error, frames: tuple[Frame, ...], folder: Folder
) -> Iterator[Missing]:
    """Look up a model in the table of a task head; its model type comes from the config's class."""
    index = index_of("transformers", folder)
    if index is None or not (table := head_table(match["head"])):
        return
    block = index.block("tables")
    tables = (block["rows"] or {"tables": {}})["tables"]
    names = {
        key
        for name, rows in tables.items()
        if name.endswith(":CONFIG_MAPPING_NAMES")
        for key, values in rows.items()
        if match["name"] in values[::2]
    }
    for key in sorted(names):
        yield made("key", key, match["head"], index, keyed(index, table, key), error)


def _key(
    match: re.Match[str], error: Error, frames: tuple[Frame, ...], folder: Folder
) -> Iterator[Missing]:
    """Look up a key of a table in the package that raised the error."""
    if error.kind != "KeyError" or not frames:
        return
    for frame in reversed(frames):
        if frame.module == "torch":
            continue
        index = index_of(frame.module, folder)
        if index is None:
            return
        block = index.block("tables")
        for name, rows in (block["rows"] or {"tables": {}})["tables"].items():
            if match["name"] in rows and name.partition(":")[0] == _dotted(frame.path):
                table = name.rpartition(":")[2]
                yield made(
                    "key", match["name"], table, index, keyed(index, table, match["name"]), error
                )
        return


def _dotted(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


_Finder = Callable[[re.Match[str], Error, tuple[Frame, ...], Folder], Iterator[Missing]]
_KINDS: tuple[tuple[re.Pattern[str], _Finder], ...] = (
    *((pattern, find_model) for pattern in MODEL_TEXTS),
    (_MODEL_TYPE, _model_type),
    (_HEAD, _head),
    (_NAME, _name),
    (_MODULE, _module),
    (_OF_MODULE, _name),
    (_OF_OBJECT, attribute),
    (_ARGUMENT, _argument),
    (_KEY, _key),
)
