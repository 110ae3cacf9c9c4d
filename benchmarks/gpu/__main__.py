"""``python -m benchmarks.gpu run --out gpu.json``, then ``... render gpu.json``.

Parts whose names begin with ``costs``, ``compiled``, ``steps`` and ``reentry`` have a page that
several runs make up: ``python -m benchmarks.gpu costs FILE...`` writes
``docs/measurements/costs.json`` and its page. That file first among them keeps what it has.

``run`` needs an NVIDIA GPU, torch, transformers, accelerate, peft and nvidia-ml-py, and no network;
``--device cpu --tiny`` runs all of it on small models without one.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from . import costs_page, render, runner
from .options import Options
from .parts import PARTS

MEASURED = Path(__file__).resolve().parents[2] / "docs" / "measurements"
PAGE = MEASURED / "gpu.md"


def main() -> int:
    """Run, or render what was run; 1 if a part failed."""
    arguments = _parser().parse_args()
    status: int = arguments.command(arguments)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="measure")
    run.set_defaults(command=_run)
    run.add_argument("--out", type=Path, default=Path("gpu.json"))
    run.add_argument("--limit", type=float, default=460, help="seconds for everything (460)")
    run.add_argument("--only", default="", help="parts, comma-separated: " + ", ".join(PARTS))
    part = commands.add_parser("part", help="one part, as `run` starts it")
    part.set_defaults(command=_part)
    part.add_argument("name", choices=list(PARTS))
    part.add_argument("--seconds", type=float, default=600)
    for each in (run, part):
        each.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
        each.add_argument("--tiny", action="store_true", help="small models and few turns")
        each.add_argument(
            "--where", action="append", default=[], help="only this circumstance of the costs"
        )
    page = commands.add_parser("render", help="the tables, into docs/measurements/gpu.md")
    page.set_defaults(command=_render)
    page.add_argument("file", type=Path)
    page.add_argument("--to", type=Path, default=PAGE)
    costs = commands.add_parser("costs", help="what the cures cost: one page from several runs")
    costs.set_defaults(command=_costs)
    costs.add_argument("files", type=Path, nargs="*", help="runs; none writes the page anew")
    costs.add_argument("--to", type=Path, default=MEASURED / "costs.json")
    return parser


def _run(arguments: argparse.Namespace) -> int:
    names = [name for name in arguments.only.split(",") if name] or list(PARTS)
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"no such part: {', '.join(unknown)}", file=sys.stderr)
        return 2
    document = runner.run(arguments.out, names, _options(arguments), arguments.limit)
    failed = [name for name, part in document["parts"].items() if part.get("error")]
    print(f"{arguments.out}: {len(document['parts'])} parts, {len(failed)} failed", file=sys.stderr)
    return 1 if failed else 0


def _part(arguments: argparse.Namespace) -> int:
    return runner.run_part(arguments.name, _options(arguments), arguments.seconds)


def _options(arguments: argparse.Namespace) -> Options:
    return Options(arguments.device, arguments.tiny, where=tuple(arguments.where))


def _render(arguments: argparse.Namespace) -> int:
    text = render.render(json.loads(arguments.file.read_text(encoding="utf-8")))
    arguments.to.parent.mkdir(parents=True, exist_ok=True)
    arguments.to.write_text(text, encoding="utf-8")
    print(arguments.to)
    return 0


def _costs(arguments: argparse.Namespace) -> int:
    if arguments.files:
        runs = [json.loads(file.read_text(encoding="utf-8")) for file in arguments.files]
        text = json.dumps(costs_page.merged(runs), indent=1)
        arguments.to.write_text(text + "\n", encoding="utf-8")
    found = json.loads(arguments.to.read_text(encoding="utf-8"))
    page = arguments.to.with_suffix(".md")
    page.write_text(costs_page.page(found), encoding="utf-8")
    print(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
