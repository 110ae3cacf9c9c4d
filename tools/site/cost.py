"""What gemma_compat costs beside other commands: the figures of ``make bench``, as tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from .figures import MEASURED

_TOP = """\
# What it costs

Figures of `make bench`, from [bench.json](bench.json). A ratio compares CPU with that of an empty
interpreter (`python -I -c pass`) in the same run, the two taking turns, so it hardly depends on the
machine. Times and sizes do. The load of the machine, for each of its cores, stands beside each
figure: above 1, others were at work.

What a MB of a log costs is such a ratio too, with the speed on that machine beside it. A limit in
milliseconds held on one machine and broke on another that was half as fast. Where an empty
interpreter takes 10.4 ms, as where the first figures were measured, a ratio of 1 is 100 MB/s.

`make bench` writes them anew, and fails where a limit is broken or a ratio is more than 15% above
the committed one. One part: `python benchmarks/run.py --only logs`.
"""
_PEERS = """
## Beside other commands

In one environment (transformers, accelerate, torch for the CPU), with the peak memory of each.
Repeat it with `python benchmarks/run.py --only peers`.
"""
_HEAD = "\n| what | measured | limit | load | |\n| --- | ---: | ---: | ---: | --- |\n"


def page() -> str:
    """Return the page as Markdown."""
    document = json.loads((MEASURED / "bench.json").read_text(encoding="utf-8"))
    figures = document["figures"]
    peers = [item for item in figures if item["what"].startswith("python -m ")]
    ours = [item for item in figures if item not in peers]
    peers.sort(key=lambda item: float(item["measured"]))
    return _TOP + _HEAD + "".join(_rows(ours)) + _PEERS + _HEAD + "".join(_rows(peers))


def _rows(figures: Iterable[dict[str, Any]]) -> Iterator[str]:
    for item in figures:
        measured = "not measured" if item["measured"] is None else _value(item["measured"], item)
        limit = "" if item["limit"] is None else _value(item["limit"], item)
        load = "" if item["load"] is None else f"{item['load']:.1f}"
        yield f"| {item['what']} | {measured} | {limit} | {load} | {item['note']} |\n"


def _value(number: float, item: dict[str, Any]) -> str:
    digits = 0 if number >= 100 else 1 if number >= 10 else 2
    return f"{number:.{digits}f} {item['unit']}"
