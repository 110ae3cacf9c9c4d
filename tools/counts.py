"""Count the figures in README and docs, and write them between marks; a test checks them.

    python -m tools.counts            write them
    python -m tools.counts --check    exit 1 and name the files that are out of date

A mark is ``<!-- counted: NAME -->`` ... ``<!-- end -->``; each name is a function below.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from gemma_compat.engine.rule import Applicability, Evidence, Rule
from gemma_compat.rules import all_rules
from tests.evidence.machine import rows as record

ROOT = Path(__file__).resolve().parent.parent
MARK = re.compile(r"<!-- counted: ([\w-]+) -->\n.*?<!-- end -->", re.DOTALL)

# What the digits of a code before the last two stand for, and the worst of it.
FAMILIES = {
    1: ("key-value cache", "`'HybridCache' object has no attribute 'float'`"),
    2: (
        "gradient checkpointing",
        "gradients of shared keys are lost under reentrant checkpointing",
    ),
    3: ("attention", "SDPA leaves out Gemma 2's soft-capping, silently"),
    4: ("precision", "Gemma 3 overflows float16"),
    5: ("loss", "loss and gradients multiplied by gradient accumulation, silently"),
    6: ("loading and saving", "random weights from a multimodal checkpoint"),
    7: ("adapters", "adapters on vision towers; keys that another release does not find"),
    8: ("data", "packed samples that see each other; a missing `<bos>`"),
    9: (
        "imports and builds",
        "`cannot import name 'HybridCache'`; no kernels for the card",
    ),
    10: ("several processes", "FSDP2 loses shared keys and values"),
    11: ("Unsloth", "failures that only another release of it cures"),
    12: ("memory", "logits over 262,144 tokens"),
    13: ("compiling", "a compiled RecurrentGemma computes another network, silently"),
}


def families(rules: Sequence[Rule]) -> str:
    """Return a table: codes, family, number of rules, how many of them were run, the worst."""
    rows = ["| codes | family | rules | run | for example |", "| --- | --- | --- | --- | --- |"]
    for digits, (name, worst) in FAMILIES.items():
        own = [rule for rule in rules if rule.order // 100 == digits]
        ran = sum(rule.evidence is Evidence.RAN for rule in own)
        rows.append(f"| GC{digits}xx | {name} | {len(own)} | {ran} | {worst} |")
    return "\n".join(rows)


def evidence(rules: Sequence[Rule]) -> str:
    """Return one sentence: how many rules there are, and how each is known."""
    count = Counter(rule.evidence for rule in rules)
    return (
        f"{len(rules)} rules. {count[Evidence.RAN]} were run on real releases on both sides of "
        f"their bounds, with tiny random models; {count[Evidence.SOURCE]} were read in the "
        f"released source; {count[Evidence.REPORTED]} are reported by others. Each page and each "
        "finding says which."
    )


def evidence_zh(rules: Sequence[Rule]) -> str:
    """Return the sentence of :func:`evidence` in Chinese."""
    count = Counter(rule.evidence for rule in rules)
    ran, read, told = (count[kind] for kind in (Evidence.RAN, Evidence.SOURCE, Evidence.REPORTED))
    return (
        f"共 {len(rules)} 条规则。其中 {ran} 条在真实版本上用微型随机模型运行过，"
        f"涵盖其版本边界的两侧；{read} 条是阅读已发布的源码所得；{told} 条由他人报告。"
        "每个页面和每条发现都会注明。"
    )


def cures(rules: Sequence[Rule]) -> str:
    """Return the codes that ``patch`` acts on by itself, and those that need consent."""

    def codes(applicability: Applicability) -> str:
        own = [rule for rule in rules if rule.patch and rule.applicability is applicability]
        return ", ".join(rule.code for rule in own)

    return (
        "`patch(model)` cures what it safely can, and stops the run where nothing can cure it: "
        f"{codes(Applicability.SAFE)}. Cures that change what is computed need your consent, "
        f"`unsafe=True` or `select=[CODE]`: {codes(Applicability.UNSAFE)}."
    )


def rows(rules: Sequence[Rule]) -> str:
    """Return one sentence: how many observations there are, and what they showed."""
    seen = [row for rule in rules for row in record.read(rule.code)]
    bare = [row for row in seen if not row.patched and row.outcome != record.INVALID]
    cured = [row for row in seen if row.patched and row.outcome == record.WORKING]
    broken = sum(row.outcome == record.BROKEN for row in bare)
    return (
        f"{len({row.code for row in seen})} rules have rows: {len(bare):,} observations without a "
        f"cure, {broken:,} of them broken, and {len(cured):,} with one, which work (for GC204 that "
        'means refused by name; for GC102, "broken" means that a cache was built).'
    )


COUNTED: dict[str, Callable[[Sequence[Rule]], str]] = {
    "families": families,
    "evidence": evidence,
    "evidence-zh": evidence_zh,
    "cures": cures,
    "rows": rows,
}


def counted(text: str, rules: Sequence[Rule]) -> str:
    """Return the text with every marked part written anew. ``KeyError`` for an unknown name."""
    return MARK.sub(
        lambda found: f"<!-- counted: {found[1]} -->\n{COUNTED[found[1]](rules)}\n<!-- end -->",
        text,
    )


def main(arguments: Sequence[str]) -> int:
    rules = all_rules()
    stale = []
    for file in [*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").glob("*.md"))]:
        text = file.read_text(encoding="utf-8")
        new = counted(text, rules)
        if new != text:
            stale.append(file.relative_to(ROOT))
            if "--check" not in arguments:
                file.write_text(new, encoding="utf-8")
    for file in stale:
        print(f"{file}: {'out of date: make counts' if '--check' in arguments else 'written'}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
