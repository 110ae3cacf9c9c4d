"""Estimate whether a run fits into a GPU's memory, from published sizes: no torch, no weights.

    >>> from gemma_compat.memory import judge
    >>> judge("google/gemma-3-1b-it", facts).fits

``docs/measurements/memory.md`` compares the estimates with measured peaks.
"""

from __future__ import annotations

from .estimate import CUDA, Estimate, Part, estimate
from .judging import Change, Judgement, judge, judge_setup, memory_of, usable
from .reading import read_shape
from .setup import ALL_LINEAR, Adapter, Setup
from .shape import MissingFigure, Shape
from .situation import read_setup

__all__ = [
    "ALL_LINEAR",
    "CUDA",
    "Adapter",
    "Change",
    "Estimate",
    "Judgement",
    "MissingFigure",
    "Part",
    "Setup",
    "Shape",
    "estimate",
    "judge",
    "judge_setup",
    "memory_of",
    "read_setup",
    "read_shape",
    "usable",
]
