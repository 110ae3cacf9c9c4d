"""What may leave the machine: an allow-list of fields, and no path, name or token in any text.

A report in markdown or JSON is made to be pasted into a public issue. Messages can quote what the
system said, paths included, so texts are cleaned as well.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

from ..engine.gate import Gate
from ..engine.rule import Diagnosis, Finding, Undetermined
from ..facts import Facts
from . import _shared_values

_PACKAGE_FIELDS = ("name", "version", "editable", "vcs", "problem")
_GPU_FIELDS = (
    "index",
    "name",
    "architecture",
    "compute_capability",
    "memory_total",
    "memory_free",
    "ecc",
    "mig",
)
_FACTS_FIELDS = (
    "python",
    "platform",
    "packages",
    "torch",
    "gpus",
    "other_gpus",
    "driver",
    "cuda_driver",
    "model",
    "training",
    "checkpoint",
    "adapter",
    "tokenizer",
    "unsloth",
    "assumed",
)
# What these hold of texts are names: of classes, dtypes, methods, modules and parameters.
_NAMED = {"model", "training", "checkpoint", "adapter", "tokenizer"}
_PUBLIC_HOSTS = ("https://github.com/", "https://gitlab.com/", "https://huggingface.co/")

# An absolute path up to its last separator. A blank belongs to it only if a separator follows.
_PATH = (
    r"""(?<!<path>)(?<![\w/\\.:-])(?:file://)?(?:~[\w.-]*|[A-Za-z]:|\\)?[/\\]"""
    r"""(?:[^/\\\n"'`<>|:;,()]*[/\\])*(?P<last>[^/\\\s"'`<>|:;,()]*)"""
)
_HOMES = r"(?:^~|[/\\](?:home|Users)[/\\])[^/\\]*$|^[/\\]root$"
_ROUNDS = 8  # what is cut can leave a shorter path behind: "\\~a:\\"
# How tokens begin: of Hugging Face, GitHub, GitLab, OpenAI, Slack, AWS, and a web token.
_BEGINNINGS = (
    *("hf_", "api_org_", "gho_", "ghp_", "ghr_", "ghs_", "ghu_", "github_pat_", "glpat-", "sk-"),
    *("xoxa-", "xoxb-", "xoxp-", "AKIA", "ASIA", "eyJ"),
)
_TOKEN = rf"\b(?:{'|'.join(_BEGINNINGS)})[\w-]{{8,}}"
_LOGIN = r"(?<=://)(?:[^/@\s]+|[^/@:\s]+:[^@\s]*)@"  # a password may hold a slash
_MAIL = r"(?<![\w/.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"


def clean(text: str) -> str:
    """Return the text with every absolute path cut to its last part, and no login or token."""
    if "/" not in text and "\\" not in text and "@" not in text:  # no path, login or address
        return _without_tokens(text)
    for _ in range(_ROUNDS):
        before = text
        if "@" in text:
            text = re.sub(_MAIL, "<address>", re.sub(_LOGIN, "", text))
        text = _without_tokens(re.sub(_PATH, _shorten, text))
        if text == before:
            break
    return text


def _without_tokens(text: str) -> str:
    if not any(beginning in text for beginning in _BEGINNINGS):  # to look for these is fast
        return text
    return re.sub(_TOKEN, "<token>", text)


def _shorten(match: re.Match[str]) -> str:
    if re.search(_HOMES, match[0]) or not match["last"]:
        return "<path>"
    return f"<path>/{match['last']}"


class _Cleaned(dict[str, str]):
    """Texts of one document and what cleaning makes of them; most stand there many times."""

    def __missing__(self, text: str) -> str:
        self[text] = clean(text)
        return self[text]


def clean_values(value: Any) -> Any:
    """Return a JSON value with every string cleaned, keys too; turn what JSON lacks into text."""
    return _clean_values(value, _Cleaned())


def _clean_values(value: Any, cleaned: _Cleaned) -> Any:
    if isinstance(value, str):
        return cleaned[value]
    if isinstance(value, dict):
        return {cleaned[str(key)]: _clean_values(item, cleaned) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean_values(item, cleaned) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, (bool, int, float)) else cleaned[str(value)]


def shareable_facts(facts: Facts) -> dict[str, Any]:
    """Return the known facts that may be shared, with the reasons for the unknown ones."""
    known = facts.to_dict()
    shared = _only(known, _FACTS_FIELDS)
    shared["packages"] = {
        name: package if package is None else _package(package)
        for name, package in known["packages"].items()
    }
    if "gpus" in known:
        shared["gpus"] = [_only(gpu, _GPU_FIELDS) for gpu in known["gpus"]]
    if "environment" in known:
        shared["environment"] = _shared_values.environment(known["environment"])
    shared["libraries"] = _each_text(_shared_values.libraries, known["libraries"])
    shared["imports"] = _each_text(_shared_values.reason, known["imports"])
    for area in _NAMED & shared.keys():
        shared[area] = _each_text(_shared_values.name, shared[area])
    if "unsloth" in shared:
        of_unsloth = _shared_values.of_unsloth
        shared["unsloth"] = {
            name: _each_text(of_unsloth(name), value) for name, value in shared["unsloth"].items()
        }
    if "torch" in shared:
        shared["torch"] = {name: _of_torch(name, value) for name, value in shared["torch"].items()}
    shared["reasons"] = _each_text(_shared_values.reason, known["reasons"])
    cleaned: dict[str, Any] = clean_values(shared)
    return cleaned


def shareable(diagnosis: Diagnosis) -> Diagnosis:
    """Return the diagnosis with the facts that may be shared, and no other value in its texts."""
    shared = shareable_facts(diagnosis.facts)
    pairs = dict(_hidden(diagnosis.facts.to_dict(), shared))
    return diagnosis.replace(
        facts=Facts.from_dict(shared),
        findings=tuple(_shown_finding(pairs, item) for item in diagnosis.findings),
        undetermined=tuple(_shown_undetermined(pairs, item) for item in diagnosis.undetermined),
        not_checked=tuple(_without(pairs, text) for text in diagnosis.not_checked),
    )


def _shown_finding(pairs: dict[str, str], item: Finding) -> Finding:
    message, help_text = _without(pairs, item.problem.message), _without(pairs, item.problem.help)
    return item.replace(problem=item.problem.replace(message=message, help=help_text))


def _shown_undetermined(pairs: dict[str, str], item: Undetermined) -> Undetermined:
    missing = tuple(
        (topic, _shared_values.reason(_without(pairs, reason))) for topic, reason in item.missing
    )
    return item.replace(missing=missing)


def shareable_gate(gate: Gate, facts: Facts) -> Gate:
    """Return what stands beside the diagnosis with the values of these facts that may be shared.

    Of other people's rules their package and codes are told, and not what their errors said.
    """
    pairs = dict(_hidden(facts.to_dict(), shareable_facts(facts)))

    def shown(text: str) -> str:
        return clean(_without(pairs, text))

    def shown_answer(item: Finding | Undetermined) -> Finding | Undetermined:
        if isinstance(item, Finding):
            return _shown_finding(pairs, item)
        return _shown_undetermined(pairs, item)

    return gate.replace(
        remarks=tuple(
            item.replace(message=shown(item.message), help=shown(item.help))
            for item in gate.remarks
        ),
        policy=os.path.basename(gate.policy) if os.path.isabs(gate.policy) else gate.policy,
        ignored=tuple(item.replace(answer=shown_answer(item.answer)) for item in gate.ignored),
        plugins=tuple(clean(_shared_values.reason(note)) for note in gate.plugins),
    )


def _hidden(known: Any, shared: Any) -> Iterator[tuple[str, str]]:
    """Yield each text of the facts that is shared as another one, with that one."""
    if isinstance(known, str):
        if isinstance(shared, str) and known != shared:
            yield known, shared
    elif isinstance(known, dict) and isinstance(shared, dict):
        for name in known.keys() & shared.keys():
            yield from _hidden(known[name], shared[name])
    elif isinstance(known, (list, tuple)) and isinstance(shared, (list, tuple)):
        for one, other in zip(known, shared, strict=False):
            yield from _hidden(one, other)


def _without(pairs: dict[str, str], text: str) -> str:
    for hidden, shown in pairs.items():
        if hidden.strip():
            by = shown.replace("\\", "\\\\")
            text = re.sub(rf"(?<!\w){re.escape(hidden)}(?!\w)", by, text)
    return text


def _each_text(change: Callable[[str], str], value: Any) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _each_text(change, item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_each_text(change, item) for item in value]
    return value


def _of_torch(name: str, value: Any) -> Any:
    if name == "device_problem":
        return _each_text(_shared_values.device_problem, value)
    return _each_text(_shared_values.version if name != "arch_list" else _shared_values.name, value)


def _package(package: dict[str, Any]) -> dict[str, Any]:
    shared = _only(package, _PACKAGE_FIELDS)
    if isinstance(shared.get("version"), str):
        shared["version"] = _shared_values.version(shared["version"])
    if isinstance(shared.get("problem"), str):
        shared["problem"] = _shared_values.reason(shared["problem"])
    if shared.get("vcs"):
        shared["vcs"] = _public_address(shared["vcs"])
    return shared


def _public_address(vcs: str) -> str:
    """Return where a public host serves it, the address; else only that it came from a
    repository.
    """
    address = re.sub(_LOGIN, "", vcs).partition("?")[0].partition("#")[0]
    return address if address.partition("+")[2].startswith(_PUBLIC_HOSTS) else "a repository"


def _only(values: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values}
