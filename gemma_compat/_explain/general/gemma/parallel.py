"""What Automodel and Megatron-Bridge refuse of a Gemma that is split over cards."""

from __future__ import annotations

import re

from ....values import Value
from ...answer import Answer
from ..base import Answering, Case, always

AUTOMODEL = "the message; the check was read in nemo_automodel 0.7.0"
BRIDGE = "the message; the check was read in Megatron-Bridge's source (November 2026)"


class Part(Value):
    """One sentence about a part of Gemma.

    Attributes:
        text: a regular expression of what is printed.
        answer: returns the answer to a case.
        example: a text that has it, and a word of the answer.
    """

    text: str
    answer: Answering
    example: tuple[str, str]


def _heads(case: Case) -> Answer:
    sizes = re.search(r"incompatible_head_counts=(\[[^\]\n]{1,120}\]), tp_size=(\d+)", case.around)
    return Answer(
        "the heads of some layers do not divide by tp_size"
        + (f": {sizes[1]} (heads, heads of keys and values) by {sizes[2]}" if sizes else ""),
        (
            "tp_size: 1, and FSDP over all cards",
            "or a tp_size that divides every number in the message",
        ),
        why="the layers of Gemma 4 with full attention can have fewer heads of keys and values "
        "than those with a sliding window",
        known=AUTOMODEL,
    )


PARALLEL: tuple[Part, ...] = (
    Part(
        r"Gemma4DenseProvider currently supports PP=1 only",
        always(
            "Megatron-Bridge's dense Gemma 4 does not run with pipeline parallelism",
            "pipeline_model_parallel_size=1, no virtual stages; tensor parallelism or recomputing "
            "saves the memory",
            known=BRIDGE,
        ),
        ("NotImplementedError: Gemma4DenseProvider currently supports PP=1 only.", "parallel_size"),
    ),
    Part(
        r"Gemma 4 MoE's separate router/shared/routed inputs do not yet support",
        always(
            "Megatron-Bridge's Gemma 4 with experts does not take the options that the message "
            "lists",
            "leave those options out, or set them to their defaults",
            why="router, shared and routed experts of Gemma 4 each have their own normalisation, "
            "which those options pass over",
            known=BRIDGE,
        ),
        (
            "ValueError: Gemma 4 MoE's separate router/shared/routed inputs do not yet support: "
            "mlp_chunks_for_training > 1",
            "their defaults",
        ),
    ),
    Part(
        r"Gemma 4 separate shared-expert normalization requires overlap to be disabled",
        always(
            "shared experts are overlapped with the communication, which Megatron-Bridge's "
            "Gemma 4 does not take",
            "moe_shared_expert_overlap=False",
            known=BRIDGE,
        ),
        (
            "NotImplementedError: Gemma 4 separate shared-expert normalization requires overlap "
            "to be disabled",
            "moe_shared_expert_overlap",
        ),
    ),
    Part(
        r"Gemma 3 VL (?:does not support context parallelism|requires automatic or fused)",
        always(
            "Megatron-Bridge's Gemma 3 with images needs fused attention and no context "
            "parallelism",
            "context_parallel_size=1",
            "attention_backend auto or fused",
            why="tokens of one image see each other, which needs a bias on the attention",
            known=BRIDGE,
        ),
        (
            "ValueError: Gemma 3 VL does not support context parallelism with attention bias.",
            "context_parallel_size=1",
        ),
    ),
    Part(
        r"Gemma4 TP requires every layer attention head count",
        _heads,
        (
            "ValueError: Gemma4 TP requires every layer attention head count to be divisible by "
            "tp_size; got incompatible_head_counts=[(16, 2)], tp_size=4.",
            "[(16, 2)] (heads, heads of keys and values) by 4",
        ),
    ),
    Part(
        r"Gemma4 E-series TP requires input_ids when per_layer_inputs are not provided",
        always(
            "with tensor parallelism Gemma 4 E2B and E4B need input_ids, and got embeddings alone",
            "give the model input_ids, or per_layer_inputs with the embeddings",
            "or tp_size: 1",
            why="their second table of embeddings is looked up by token ids; a table that is "
            "split over cards cannot be searched backwards for them",
            known=AUTOMODEL,
        ),
        (
            "ValueError: Gemma4 E-series TP requires input_ids when per_layer_inputs are not "
            "provided; the sharded embedding table cannot reverse arbitrary inputs_embeds",
            "tp_size: 1",
        ),
    ),
    Part(
        r"Gemma4 MoE does not support tensor parallelism",
        always(
            "Automodel does not split Gemma 4 with experts by tensor parallelism",
            "tp_size: 1 and ep_size: a number of cards that divides the experts",
            known=AUTOMODEL,
        ),
        (
            "ValueError: Gemma4 MoE does not support tensor parallelism; use expert parallelism "
            "instead.",
            "ep_size",
        ),
    ),
)
