"""Attention implementations that are not installed, or not for this model or card."""

from __future__ import annotations

import re

from ...answer import Answer
from ...unknown import OF_MODEL, PACKAGE
from ..base import Case, General


def _no_kernel(case: Case) -> Answer | None:
    said = f"{case.around}{case.near}"
    if "Invalid backend" in case.hit.text and "scaled_dot_product" not in said:
        return None
    if "enable_gqa" in said:
        return Answer(
            "torch's memory-efficient kernel does not take grouped keys and values (enable_gqa), "
            "and the other kernels were switched off or refuse these heads",
            (
                "torch.backends.cuda.enable_math_sdp(True)   (more memory: scores of all pairs)",
                'or attn_implementation="eager"',
                "or an attention mask in the batch: transformers then repeats keys and values "
                "itself",
            ),
            why="transformers hands enable_gqa=True where there is no mask; heads of 512 (the full "
            "layers of Gemma 4) are beyond torch's flash kernel",
            known="the line below the error names the option",
            certain=False,
            settles=False,
        )
    return Answer(
        "none of torch's fused attention kernels takes this precision, head size or mask on "
        "this card",
        (
            'attn_implementation="eager"',
            "or torch.backends.cuda.enable_mem_efficient_sdp(False) and enable_flash_sdp(False): "
            "the plain one is left",
        ),
        why="the fused kernels want half precision, heads of at most 256 and an aligned mask; "
        "bfloat16 only from Ampere on",
        settles=False,
    )


_SDPA = 'attn_implementation="sdpa"   ("eager" for Gemma 2, whose scores are capped)'
_INSTALL = "pip install flash-attn --no-build-isolation   with a CUDA toolkit, on Ampere or newer"
_WITHOUT_A_CARD = Answer(
    "flash-attn was asked for, and torch sees no CUDA device here",
    (
        "python -c 'import torch; print(torch.__version__, torch.cuda.is_available())'   : a build "
        "for CPU, no driver, or a session without a GPU?",
        f"or {_SDPA}",
    ),
    known="transformers says so",
    settles=False,
)


def _no_flash(case: Case) -> Answer:
    if re.search(r"not available on CPU", case.hit.text):
        return _WITHOUT_A_CARD
    older = re.search(r"(?i)detected version (?P<here>\d[\w.]{0,20}?)\.?(?:\s|$)", case.hit.text)
    if older:
        return Answer(
            f"flash-attn {older['here']} is installed, and transformers wants a newer one",
            ("pip install -U flash-attn --no-build-isolation", f"or {_SDPA}"),
            known="transformers names the release that it wants",
        )
    part = re.search(r"No module named '(?P<part>flash_attn[\w.]{0,80})", case.hit.text)
    if part:
        return _imported(case, part["part"])
    return Answer(
        "flash-attn was asked for and is not installed (or too old) here",
        (_SDPA, f"or {_INSTALL}"),
        why="a config, a template of a trainer, or the script names it; no Gemma needs it",
        known="transformers says so",
    )


def _imported(case: Case, part: str) -> Answer:
    """Answer an import of flash_attn, by who imports it."""
    place = case.places[-1] if case.places else None
    here = "flash_attn" if part == "flash_attn" else part
    is_part = "." in part or part not in {"flash_attn", "flash_attn_interface"}
    if place is None or place.module == "transformers":
        return Answer(
            f"{here} is imported, and flash-attn is not installed here, or a release without it",
            (_INSTALL, f"or {_SDPA}, where it is transformers that wants it"),
            known="the message; who wants it, the frames say",
        )
    who = place.module if place.owner == PACKAGE else "the script"
    who = "the model's own code" if place.module == OF_MODEL else who
    return Answer(
        f"{who} imports {here}, which the installed flash-attn does not have, or flash-attn is not "
        "installed"
        if is_part
        else f"{who} imports {here}, which is not installed",
        (
            _INSTALL,
            "the release of flash-attn that its own list of requirements names",
            f"or {_SDPA}, where the import is not asked for then",
        ),
        known="the message and the last frame",
        settles=not is_part,
    )


def _no_attention(case: Case) -> Answer:
    return Answer(
        f"{case.match['name']} does not run with the attention that was asked for, in this "
        "transformers",
        (
            'attn_implementation="eager"',
            "or pip install -U transformers, where a newer one supports it",
        ),
        why="each family declares which implementations it supports, some of them releases later",
        known="transformers says so",
        of_gemma="emma" in case.match["name"],
    )


_TRAINS = re.compile(r"(?i)\b(?:train|fine-?tun)|\btrainer\b|微调|训练|qlora")


def _in_float32(case: Case) -> Answer:
    """Answer by what ran: a trainer hands over 16 bits by autocast, generation by the weights."""
    load = "from_pretrained(..., dtype=torch.bfloat16)   (torch_dtype before transformers 4.56)"
    other = 'or attn_implementation="sdpa", which takes float32'
    trained = (
        "bf16=True (fp16=True on a card without bfloat16) in the trainer's arguments, which runs "
        "each step under autocast"
    )
    around = (
        "or with torch.autocast('cuda', dtype=torch.bfloat16):   around generate or the forward, "
        "where norms or an adapter stay in float32"
    )
    newer = "or pip install -U unsloth unsloth_zoo"
    is_unsloth = "nsloth" in f"{case.near}{case.around}"
    is_refused = case.match[0].startswith(("Flash Attention", "Flash attention"))
    if is_refused and case.phase != "training":  # transformers looks at the dtype as it loads
        do: tuple[str, ...] = (load, other)
    elif case.phase in {"generating", "evaluating"}:
        do = (load, around, other)
    elif case.phase == "training" or is_unsloth or _TRAINS.search(case.near):
        do = (trained, f"or {load}", *((newer,) if is_unsloth else ()), other)
    else:
        do = (load, f"in training: {trained}", other)
    return Answer(
        "flash-attn was handed float32, and it computes in 16 bits only",
        do,
        why="without a dtype a checkpoint may be loaded in float32, and norms or adapters in "
        "float32 hand it on where no autocast is on",
        known="the message has the dtypes",
    )


def _unknown_attention(case: Case) -> Answer:
    listed = case.hit.text.partition("only possible arguments are")[2]
    names = re.findall(r"attn_implementation=\W{0,2}([\w-]{2,30})", listed)
    best = next((name for name in ("sdpa", "eager", *names) if name in names), "")
    found = re.search(r'attn_implementation=\\?"(?P<it>[^"\\\n]{1,40})', case.match[0])
    asked = found["it"] if found else ""
    meant = next((name for name in names if "flash" in asked and name.startswith("flash")), "")
    return Answer(
        f"this model has no attention {asked or 'of that name'} in this transformers",
        (
            *((f'attn_implementation="{meant}"   : a name of the list',) if meant else ()),
            f'attn_implementation="{best}"' if best else 'attn_implementation="sdpa"   or "eager"',
            *(() if meant else ("or pip install -U transformers, where a newer one has it",)),
        ),
        known="the message lists those that exist",
    )


def _two_head_sizes(case: Case) -> Answer | None:
    """Answer 512 beside 256 on a Gemma 4, whose two kinds of layers have heads of these sizes."""
    types = {str(case.facts.model.get("model_type", ""))} | set(case.log.model_types)
    if not any(name.startswith("gemma4") for name in types):
        return None
    return Answer(
        "sizes of Gemma 4's two kinds of layers are mixed: its full-attention layers have heads of "
        "512, its sliding ones of 256",
        (
            "pip install -U   of what runs its layers one by one: auto-round, llm-compressor, "
            "gptqmodel, a pipeline",
            "in own code: each layer type has its rotary embedding; hand cos and sin of that "
            "layer's type over",
        ),
        why="code that computes the position embeddings (or a mask) once and gives them to every "
        "layer was written for models with one size",
        known="both sizes are in the message and are those of this model; which code mixes them, "
        "the frames show",
        certain=False,
        of_gemma=True,
    )


KINDS: tuple[General, ...] = (
    General(
        "flash-attention-in-float32",
        r"Flash ?Attention[ \d.]{0,6} only supports? (?:torch\.)?(?:float16|fp16)|"
        r"FlashAttention only supports? fp16 and bf16",
        _in_float32,
        {
            "ValueError: Flash Attention 2.0 only supports torch.float16 and torch.bfloat16 "
            "dtypes. You passed torch.float32": "bfloat16",
            'File "/x/site-packages/transformers/trainer.py", line 9, in '
            "training_step\n    x(y)\nRuntimeError: FlashAttention only support fp16 and bf16 "
            "data type": "bf16=True",
            'File "/x/site-packages/transformers/generation/utils.py", line 9, in '
            "generate\n    x(y)\nRuntimeError: FlashAttention only support fp16 and bf16 data "
            "type": "autocast",
        },
    ),
    General(
        "heads-of-two-sizes",
        r"size of tensor a \((?:512|256)\) must match the size of tensor b \((?:256|512)\)",
        _two_head_sizes,
        {
            "google/gemma-4-26B-A4B\nRuntimeError: The size of tensor a (512) must match the "
            "size of tensor b (256) at non-singleton dimension 3": "sliding",
            "google/gemma-2-9b\nRuntimeError: The size of tensor a (512) must match the size "
            "of tensor b (256) at non-singleton dimension 3": "",
        },
    ),
    General(
        "flash-attention-not-installed",
        r"FlashAttention[234]? has been toggled on, but|Flash Attention 2 is not available|"
        r"the package (?:flash_attn|for FlashAttention\d) (?:seems to be not|doesn't seem to be) "
        r"installed|No module named 'flash_attn|Could not find any flash attn implementation",
        _no_flash,
        {
            "ImportError: FlashAttention2 has been toggled on, but it cannot be used due to the "
            "following error: the package flash_attn seems to be not installed.": "sdpa",
            "ValueError: FlashAttention2 has been toggled on, but it cannot be used due to the "
            "following error: Flash Attention 2 is not available on CPU. Please make sure torch "
            "can "
            "access a CUDA device.": "sees no CUDA device",
            "ImportError: FlashAttention2 has been toggled on, but it cannot be used due to the "
            "following error: you need flash_attn package version to be greater or equal than "
            "2.1.0. Detected version 1.0.9.": "flash-attn 1.0.9 is installed",
            'Traceback (most recent call last):\n  File "train.py", line 5, in <module>\n    from '
            "flash_attn import flash_attn_func\nModuleNotFoundError: No module named "
            "'flash_attn'": ("the script imports"),
        },
    ),
    General(
        "attention-not-supported",
        r"(?P<name>\w{3,60}) does not support (?:Flash Attention|an attention implementation "
        r"through)|Specified `attn_implementation=\"[^\"\n]{1,40}\"` is not supported(?: for "
        r"(?P<other>\w{1,60}))?",
        lambda case: _no_attention(case) if case.match["name"] else _unknown_attention(case),
        {
            "ValueError: RecurrentGemmaForCausalLM does not support an attention implementation "
            "through torch.nn.functional.scaled_dot_product_attention yet.": "eager",
            'ValueError: Specified `attn_implementation="xformers"` is not supported. The only '
            "possible arguments are": "sdpa",
            'ValueError: Specified `attn_implementation="sdpa"` is not supported. The only '
            "possible "
            'arguments are `attn_implementation="eager"` (manual attention implementation)': (
                'attn_implementation="eager"'
            ),
        },
    ),
    General(
        "no-kernel-for-these-scores",
        r"cutlassF: no kernel found to launch|No available kernel\.\s+Aborting execution|"
        r"RuntimeError: Invalid backend$|No available kernel\. Aborting|"
        r"\(\*bias\): last dimension must be contiguous",
        _no_kernel,
        {
            "RuntimeError: cutlassF: no kernel found to launch!": "eager",
            "torch.nn.functional.scaled_dot_product_attention(\nRuntimeError: Invalid backend": (
                "eager"
            ),
            "RuntimeError: Invalid backend": "",
            "RuntimeError: No available kernel. Aborting execution.\nINFO: Memory efficient kernel "
            "does not support `enable_gqa=True`.": "enable_math_sdp",
        },
    ),
)
