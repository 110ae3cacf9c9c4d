"""The catalogues of ``gemma_compat/locale``: what is to be translated is read off the source.

    python -m tools.translations            merge new sentences into every catalogue, compile them
    python -m tools.translations --check    exit 1 if a catalogue or a compiled one is out of date
    python -m tools.translations --missing  list what is not translated

A sentence is a string of the modules in :data:`FRAMES` and of every rule, an f-string with ``{0}``,
``{1}`` in place of its values. A sentence that is no longer in the source leaves the catalogue.
:mod:`tools.composed_sentences` has those that the layout puts together.
"""

from __future__ import annotations

import ast
import io
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from gemma_compat._version import __version__
from gemma_compat.engine.rule import Rule
from gemma_compat.language import DOMAIN, LANGUAGES
from gemma_compat.report.explanation_causes import section
from gemma_compat.rules import all_rules

from .composed_sentences import COMPOSED

PACKAGE = Path(__file__).resolve().parent.parent / "gemma_compat"
HOME = PACKAGE / "locale"
# Rooms whose sentences a person reads first.
FRAMES = (
    *sorted(
        str(file.relative_to(PACKAGE)) for file in PACKAGE.glob("_explain/general/**/[!_]*.py")
    ),
    "_explain/answer.py",
    "_explain/cut.py",
    "_explain/figures.py",
    "_explain/framing.py",
    "_explain/in_place.py",
    "_explain/judge.py",
    "_explain/log_facts.py",
    "_explain/log_gpus.py",
    "_explain/notices.py",
    "_explain/gemma_notices.py",
    "_explain/questions.py",
    "_explain/read_off.py",
    "_explain/unexplained.py",
    *sorted(
        str(file.relative_to(PACKAGE))
        for file in PACKAGE.glob("_explain/told/[!_]*.py")
        if file.name != "languages.py"  # what it has is read, and not said
    ),
    *sorted(str(file.relative_to(PACKAGE)) for file in PACKAGE.glob("_preflight/**/*.py")),
    *sorted(str(file.relative_to(PACKAGE)) for file in PACKAGE.glob("conditions/[!_]*.py")),
    "advise/conflict.py",
    "advise/explanation.py",
    "advise/verdicts.py",
    "atlas/describe.py",
    "atlas/supporting.py",
    "atlas/tables.py",
    "memory/estimate.py",
    "memory/judging.py",
    "memory/situation.py",
    "memory/tuning.py",
    "report/advice.py",
    "report/applied.py",
    "report/deciding.py",
    "report/explanation.py",
    "report/explanation_causes.py",
    "report/explanation_headline.py",
    "report/explanation_unknown.py",
    "report/gpu_page.py",
    "report/header.py",
    "report/matrix.py",
    "report/memory.py",
    "report/memory_estimate.py",
    "report/open_questions.py",
    "report/preflight.py",
    "report/supports_page.py",
    "report/text.py",
    "report/tuning.py",
    "report/wording.py",
    "report/notebook/applied.py",
    "report/notebook/diagnosis.py",
    "report/notebook/explanation.py",
    "report/notebook/preflight.py",
    "tables/gpu_tables.py",
    "tables/torch_wheels.py",
)
# What a person does not read. Three blanks part code from words, and these are for people.
_CODE = re.compile(
    r"^(?!.*   )(?:--|python -m)(?!.*[a-z]: )|^https?:(?!.*   )|\(\?(?!.*   )|\\[.d(w](?!.*   )"
    r"|^[\w.]+Error\b|\{\}"
    r"|^[^\n]*[^ \n|<]\|[^ \n|>](?!.*   )|^\||\($"  # a regular expression, a table, a call cut off
    r"|^(pip install|sudo) (?!.*(,|\band|   |: |\. ))"  # a command and nothing else
)
# Calls that hold texts to look for, and which of their arguments are what is said.
_LOOKED_FOR = {
    **dict.fromkeys(("General", "Symptom", "Notice"), (2,)),
    **dict.fromkeys(("Part", "Refusal"), (1,)),
    "Row": (2, 3, 4),
    "Check": (1, 2),
    "refused": (3,),
}
_NOT_SAID = {"examples", "words", "loosely", "effects"}
_WORDS = re.compile(r"[A-Za-z]{2,}.*[ :]|^[A-Z][a-z]+$|^[a-z]+:$")


def sentences() -> dict[str, str]:
    """Return every sentence to translate, and where it stands."""
    found: dict[str, str] = dict.fromkeys(COMPOSED, "composed")
    for name in FRAMES:
        for text in _strings(PACKAGE / name):
            found.setdefault(text, name)
    for rule in all_rules():
        for text in _of_rule(rule):
            found.setdefault(text, rule.code)
    return found


def _of_rule(rule: Rule) -> Iterator[str]:
    """Yield its title, what it breaks, its setting, its conditions, and what its file says.

    The error texts that it looks for, and what was read for it, are not for people.
    """
    kept = {*rule.symptoms, *rule.raised_at, *rule.read_in, rule.docs}
    yield rule.title
    yield from (section(rule, heading) for heading in ("What breaks", "Why", "Cure"))
    yield from (rule.breaks, rule.fix.setting, rule.fix.then, rule.undetectable)
    yield from (item.phrase for item in (*rule.when, *rule.refused_if))
    yield from (item.phrase for scope in rule.scopes for item in scope.when)
    file = PACKAGE / "rules" / rule.family / f"{rule.name.replace('-', '_')}.py"
    if file.exists():
        yield from (text for text in _strings(file) if text not in kept)


def _strings(file: Path) -> Iterator[str]:
    """Yield the sentences of a file that are not docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    skipped: set[int] = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            skipped.add(id(body[0].value))
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in ast.walk(node) if part is not node}
        if isinstance(node, ast.Call) and ast.unparse(node.func) in _LOOKED_FOR:
            skipped |= {id(part) for part in _looked_for(node)}
    for node in ast.walk(tree):
        text = "" if id(node) in skipped else _text(node).strip()
        if _WORDS.search(re.sub(r"\{\d\}", "", text)) and not _CODE.search(text):
            yield text


def _looked_for(found: ast.Call) -> Iterator[ast.AST]:
    """Yield name, pattern and examples of such a call: all but what it answers."""
    said = _LOOKED_FOR[ast.unparse(found.func)]
    named = (item.value for item in found.keywords if item.arg in _NOT_SAID)
    for given in (*(item for n, item in enumerate(found.args) if n not in said), *named):
        yield from ast.walk(given)


def _text(node: ast.AST) -> str:
    """Return a string with ``{0}``, ``{1}`` in place of its values (f-string, ``str.format``)."""
    number = iter(range(10))
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"\{[a-z]+\}", lambda _: f"{{{next(number, 9)}}}", node.value)
    if not isinstance(node, ast.JoinedStr):
        return ""
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else f"{{{next(number, 9)}}}"
        for part in node.values
    )


def _merged(language: str) -> tuple[Catalog, bytes, bytes]:
    """Return the catalogue with today's sentences, and its two files."""
    file = HOME / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    old = read_po(io.BytesIO(file.read_bytes())) if file.exists() else Catalog()
    new = Catalog(
        locale=language,
        project="gemma_compat",
        version=__version__,
        header_comment=f"# gemma_compat in {language}; make translations merges new sentences.",
        msgid_bugs_address="-",
        last_translator="-",
        language_team="-",
        fuzzy=False,
    )
    new.creation_date = new.revision_date = datetime(2026, 1, 1, tzinfo=timezone.utc)
    for text, where in sorted(sentences().items(), key=lambda item: (item[1], item[0])):
        if text:
            known = old.get(text)
            new.add(text, str(known.string) if known else "", auto_comments=[where])
    po, mo = io.BytesIO(), io.BytesIO()
    write_po(po, new, width=96, omit_header=False)
    write_mo(mo, new)
    return new, po.getvalue(), mo.getvalue()


def main(arguments: Sequence[str]) -> int:
    templates = "".join(f"{text}\n" for text in sorted(sentences()) if re.search(r"\{\d\}", text))
    files = {HOME / "templates.txt": templates.encode()}
    for language in LANGUAGES[1:]:
        catalogue, po, mo = _merged(language)
        folder = HOME / language / "LC_MESSAGES"
        files |= {folder / f"{DOMAIN}.po": po, folder / f"{DOMAIN}.mo": mo}
        missing = [str(item.id) for item in catalogue if item.id and not item.string]
        print(f"{language}: {len(catalogue) - len(missing)} of {len(catalogue)} translated")
        if "--missing" in arguments:
            print("\n".join(missing))
    stale = [f for f, data in files.items() if not f.exists() or f.read_bytes() != data]
    for file in stale:
        print(f"{file.relative_to(PACKAGE.parent)}: out of date: make translations")
        if "--check" not in arguments:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(files[file])
    return int(bool(stale) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
