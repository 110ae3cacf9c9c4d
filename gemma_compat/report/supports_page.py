"""Which releases know a model, as text, markdown or JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..language import said
from .wording import wrap

if TYPE_CHECKING:
    from ..atlas.supporting import Evidence, PackageSupport, Support

_NOTE = (
    "Read in the released packages: a table without a model does not prove that the model fails, "
    "and an entry does not prove that it trains right. `gemma_compat matrix` says what breaks."
)
_MOST = 12  # lines of one package that the text shows


def render_text(support: Support) -> str:
    """Return a block for each package: first release, then table by table."""
    lines = [f"{support.asked}: {said('model type')} {', '.join(support.model_types)}", ""]
    for package in support.packages:
        lines.append(f"{package.package}: {said(_named(package))}")
        shown = _grouped(package)
        for item, keys in shown[:_MOST]:
            label, found = said(_label(item, keys)), "; ".join(map(said, _parts(item)))
            lines += wrap(f"{found}: {label}", first="  ", rest="      ")
        if len(shown) > _MOST:
            lines.append(said(f"  and {len(shown) - _MOST} more (--format json)"))
        lines.append("")
    return "\n".join([*lines, *wrap(_NOTE, first="", rest="")]) + "\n"


def render_markdown(support: Support) -> str:
    """Return one table a package."""
    lines = [f"# {support.asked}", "", f"Model type: {', '.join(support.model_types)}", ""]
    for package in support.packages:
        lines += [f"## {package.package}", "", f"{package.package}: {_named(package)}", ""]
        if package.evidence:
            lines += ["| what | entry | releases | where |", "| --- | --- | --- | --- |"]
            lines += [
                f"| {item.what} | `{item.key}` | {_releases(item)} | `{item.where}` |"
                for item in package.evidence
            ]
            lines.append("")
    return "\n".join([*lines, _NOTE]) + "\n"


def render_json(support: Support) -> str:
    """Return one document."""
    from .json import dump

    return dump(
        {
            "model": support.asked,
            "model_types": list(support.model_types),
            "packages": [_package(package) for package in support.packages],
        }
    )


def _package(package: PackageSupport) -> dict[str, Any]:
    return {
        "package": package.package,
        "read": {"oldest": package.oldest, "newest": package.newest},
        "since": package.since or None,
        "evidence": [
            {
                "kind": item.kind,
                "what": item.what,
                "where": item.where,
                "key": item.key,
                "value": item.value or None,
                "releases": [{"first": r.first, "last": r.last} for r in item.releases],
            }
            for item in package.evidence
        ],
    }


def _named(package: PackageSupport) -> str:
    """Return since when the package names the model, and which releases were read."""
    if not package.evidence:
        return f"nothing in it names this model ({package.oldest} to {package.newest} read)"
    return f"named from {package.since} on ({package.oldest} to {package.newest} read)"


def _grouped(package: PackageSupport) -> list[tuple[Evidence, list[str]]]:
    """Merge evidence that differs only in the PEFT method or the place, with all of these."""
    found: dict[tuple[Any, ...], tuple[Evidence, list[str]]] = {}
    for item in package.evidence:
        name = item.method or item.where.rpartition(":")[2]
        own = item.where if item.kind == "file" else "" if item.method else item.what
        key = (item.says, own, item.key, item.value, item.releases)
        found.setdefault(key, (item, []))[1].append(name)
    return list(found.values())


def _label(item: Evidence, names: list[str]) -> str:
    """Return what the evidence says; a class or function that the entry names in brackets."""
    label = item.says.format(
        what=item.what, key=item.key, methods=", ".join(names), places=names[0] + _more(names)
    )
    return f"{label} ({item.value})" if item.value.isidentifier() and not item.method else label


def _more(places: list[str]) -> str:
    return f" and {len(places) - 1} more" if len(places) > 1 else ""


def _releases(item: Evidence) -> str:
    return "; ".join(_parts(item))


def _parts(item: Evidence) -> Iterator[str]:
    """Yield the releases that were read with it; what was read stands above them."""
    for interval in item.releases:
        if interval.first == interval.last:
            yield interval.first
        else:
            yield f"{interval.first} to {interval.last}"
