"""What a failure does to a run: a name for each effect, for rules and for what observes runs.

A check that sees wrong gradients finds the rules that explain them by these names; a rule's page
and the JSON document print the names.
"""

from __future__ import annotations

from typing import Literal, get_args

Effect = Literal[
    "import-fails",
    "load-fails",
    "crash-in-training",
    "crash-in-evaluation",
    "crash-in-generation",
    "adapter-refused",
    "wrong-loss",
    "wrong-loss-scale",
    "wrong-gradients",
    "wrong-attention",
    "not-a-number",
    "float16-overflow",
    "nothing-learned",
    "random-weights",
    "weights-not-quantized",
    "wrong-weights-saved",
    "wrong-generation",
    "missing-bos",
    "wrong-turn-end",
    "labels-masked",
    "images-mismatch",
    "out-of-memory",
    "slow",
    "not-supported",
]
EFFECTS: tuple[Effect, ...] = get_args(Effect)

# A run that goes through with one of these has trained another network.
TRAINS_WRONG: frozenset[Effect] = frozenset(
    {
        "wrong-loss",
        "wrong-loss-scale",
        "wrong-gradients",
        "wrong-attention",
        "nothing-learned",
        "random-weights",
        "missing-bos",
    }
)
