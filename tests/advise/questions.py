"""The questions whose answers are proven: each a line of options, as ``advise`` takes them."""

from __future__ import annotations

import argparse

from gemma_compat._cli import advise as command
from gemma_compat.advise import Advice, advise, load_releases
from gemma_compat.rules import all_rules

QUESTIONS = (
    "--model gemma2 --gpu L4 --full",
    "--model gemma3_text --gpu T4 --lora",
    "--model gemma3_text --gpu H100-SXM --trainer trl --lora",
    "--model gemma3 --gpu A100-80GB --trainer trl --lora",
    "--model gemma3n_text --gpu L4 --lora",
    "--model gemma4_text --gpu T4 --trainer trl --lora",
    "--model gemma4 --gpu H100-SXM --lora",
    "--model paligemma --gpu L4 --full",
    "--model gemma3_text --gpu T4 --with unsloth",
    "--model gemma4_text --gpu L4 --with unsloth --lora",
    "--model gemma3_text --gpu T4 --with transformers<5 --lora",
    "--model gemma2 --gpu V100-32GB --with transformers<5 --with torch<2.9 --full",
    "--model gemma3_text --gpu L4 --with transformers<5 --trainer trl --lora",
    "--model gemma4_text --gpu H100-SXM --with transformers<5.18 --lora",
)
PYTHON = "3.11.7"


def model_type(line: str) -> str:
    return line.split()[1]


def answer(line: str) -> dict[str, str]:
    """Today's answer for an empty environment, whatever this machine has."""
    parser = argparse.ArgumentParser()
    command.add(parser.add_subparsers())
    options = parser.parse_args(["advise", *line.split(), "--fresh", "--python", PYTHON])
    releases = load_releases()
    found = advise(command.question(options, releases), releases, all_rules())
    assert isinstance(found, Advice), line
    return found.versions
