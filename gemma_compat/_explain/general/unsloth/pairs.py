"""Unsloth beside packages of another time, where it fails inside its own code."""

from __future__ import annotations

from ...answer import Answer
from ..base import Case, General
from .saving import UPGRADE


def _rotary(case: Case) -> Answer | None:
    if "fast_forward_inference" not in case.near and "Qn *= cos" not in case.near:
        return None
    return Answer(
        "Unsloth's fast generation gets the positions of the whole sequence where it needs the "
        "last one",
        (
            UPGRADE,
            "or transformers 4, where this Unsloth allows it: pip show unsloth",
        ),
        why="transformers 5 hands over all positions at each step of generation. Unsloth takes "
        "the last of them in 2026.7.1, and does not in 2026.3.17",
        known="the frame is of Unsloth's inference; read in unsloth 2026.3.17 and 2026.7.1, "
        "models/gemma2.py and models/llama.py. Which release changed it was not looked up",
        certain=False,
        settles=False,
    )


def _of_grpo(case: Case) -> Answer | None:
    text = f"{case.above}\n{case.near}"
    if "nsloth" not in text or not any(name in text for name in ("GRPO", "grpo_")):
        return None
    return Answer(
        "GRPO under Unsloth meets two dtypes in a LoRA product: it may run in float16 beside "
        "weights of another dtype",
        (
            "import os; os.environ['ACCELERATE_MIXED_PRECISION'] = 'bf16'   before the trainer is "
            "made, where bf16=True is set",
            UPGRADE,
            "one dtype everywhere: dtype=torch.bfloat16 in from_pretrained, bf16=True in "
            "GRPOConfig (float16 and fp16=True on a T4)",
        ),
        why="unsloth_zoo takes autocast's dtype for the loss from the variable "
        "ACCELERATE_MIXED_PRECISION, and float16 where it is not set; `accelerate launch` sets "
        "it, a plain python does not",
        known="read in unsloth_zoo 2025.8.1 and 2026.7.1, rl_replacements.py; that this is the "
        "cause here is inferred",
        certain=False,
        settles=False,
    )


def _docstring(case: Case) -> Answer | None:
    if case.is_of_the_script or "nsloth" not in f"{case.above}\n{case.near}":
        return None
    return Answer(
        "Unsloth compiles source of transformers anew, and the installed transformers is one that "
        "this Unsloth does not know",
        (
            UPGRADE,
            "or the transformers that this Unsloth allows: pip show unsloth names it",
            "restart the kernel, and delete unsloth_compiled_cache",
        ),
        why="auto_docstring is a decorator of transformers: code that is taken out of its module "
        "without its imports lacks the name",
        known="the message; that it is Unsloth's rewriting is inferred from the log",
        certain=False,
        settles=False,
    )


def _empty_logits(case: Case) -> Answer | None:
    near = f"{case.above}\n{case.near}"
    if "nsloth" not in near or "logits" not in near:
        return None
    return Answer(
        "something reads the logits, and Unsloth put a placeholder in their place",
        (
            "import os; os.environ['UNSLOTH_RETURN_LOGITS'] = '1'   before unsloth is imported",
            "pip install -U unsloth unsloth_zoo   for one that knows this TRL",
        ),
        why="Unsloth computes the loss without logits; its placeholder answers each name with a "
        "function, so what reads it fails with a function or method in the message",
        known="the lines of the log name logits and Unsloth; that the placeholder is what is read "
        "is inferred",
        certain=False,
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "placeholder-in-place-of-logits",
        r"'(?:function|method)' object is not (?:subscriptable|iterable)|"
        r"unsupported operand type\(s\) for [^\n]{1,20}: '(?:EmptyLogits|function)'",
        _empty_logits,
        {
            "unsloth_compiled_cache/UnslothSFTTrainer.py\n    logits = logits[..., :-1, :]\n"
            "TypeError: 'function' object is not subscriptable": "UNSLOTH_RETURN_LOGITS",
            "TypeError: 'function' object is not subscriptable": "",
            "import unsloth\nTypeError: 'function' object is not subscriptable": "",
        },
    ),
    General(
        "value-of-gradient-checkpointing",
        r"assert ?\(use_gradient_checkpointing in \(True, False",
        lambda case: Answer(
            "use_gradient_checkpointing has a value that Unsloth does not know",
            ("use_gradient_checkpointing='unsloth' in get_peft_model   (or True, False)",),
            why="a text from a config ('true', 'full', another library's name) arrives there as "
            "it is",
            known="read in unsloth_zoo 2026.10.9, training_utils.py: it takes these three",
        ),
        {
            '    assert(use_gradient_checkpointing in (True, False, "unsloth",))\nAssertionError': (
                "='unsloth'"
            )
        },
        alone=True,
    ),
    General(
        "transformers-before-unpack-was-moved",
        r"Unsloth: Unpack has been moved|Unpack has been moved!",
        lambda case: Answer(
            "this unsloth_zoo looks for Unpack where this transformers does not have it: the two "
            "are of different times",
            (
                "pip install -U transformers unsloth unsloth_zoo   and restart the kernel",
                "or the transformers that pip show unsloth_zoo asks for",
            ),
            known="unsloth_zoo says so; which of the two is older, it does not say",
            settles=False,
        ),
        {"ImportError: Unsloth: Unpack has been moved! Please try another": "pip install -U"},
        alone=True,
    ),
    General(
        "positions-of-the-whole-sequence",
        r"output with shape \[\d+, \d+, 1, \d+\] doesn't match the broadcast shape \[\d+, \d+, "
        r"\d+, \d+\]",
        _rotary,
        {
            "RuntimeError: output with shape [8, 14, 1, 64] doesn't match the broadcast shape [8, "
            "14, 73, 64]\nLlamaAttention_fast_forward_inference  Qn *= cos": "positions",
            "RuntimeError: output with shape [8, 14, 1, 64] doesn't match the broadcast shape [8, "
            "14, 73, 64]": "",
        },
        alone=True,
    ),
    General(
        "two-dtypes-in-the-loss-of-grpo",
        r"self and mat2 must have the same dtype, but got (?:Half and (?:Float|BFloat16)|"
        r"(?:Float|BFloat16) and Half)|"
        r"expected mat1 and mat2 to have the same dtype, but got: (?:c10::(?:BFloat16|Half)|float) "
        r"!= (?:c10::(?:BFloat16|Half)|float)",
        _of_grpo,
        {
            "unsloth 2026.7.1, GRPO step 7\nRuntimeError: self and mat2 must have the same dtype, "
            "but got Half and Float": "ACCELERATE_MIXED_PRECISION",
            "unsloth SFT\nRuntimeError: self and mat2 must have the same dtype, but got Half and "
            "Float": "",
            "TRL GRPO\nRuntimeError: self and mat2 must have the same dtype, but got Half and "
            "Float": "",
        },
        alone=True,
    ),
    General(
        "docstring-decorator-undefined",
        r"NameError: name '(?:auto_docstring|auto_class_docstring|can_return_tuple)' is not "
        r"defined",
        _docstring,
        {
            "import unsloth\nNameError: name 'auto_docstring' is not defined": "pip show unsloth",
            "NameError: name 'auto_docstring' is not defined": "",
            'unsloth 2025.8\nTraceback (most recent call last):\n  File "/home/t.py", line 3, in '
            "f\n    @auto_docstring\nNameError: name 'auto_docstring' is not defined": "",
        },
    ),
)
