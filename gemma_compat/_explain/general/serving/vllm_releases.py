"""What vLLM refuses by its release: dtypes, quantizations, modules that moved."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from ..released import in_which

_NOT_COMPILED = Answer(
    "the vLLM that is imported lacks its compiled part",
    (
        "start from another folder than a checkout of vLLM: its folder vllm/ comes before the "
        "installed package",
        "pip install --force-reinstall vllm   in a fresh environment",
    ),
    why="the compiled part comes with the wheel or with a build (pip install -e . in the checkout)",
    known="the name is that of the compiled part; why it is not there, the line does not say",
    settles=False,
)


def _moved(case: Case) -> Answer:
    module = case.match["module"]
    happened = f"the installed vLLM has no module {module}, which its caller takes from it"
    if re.fullmatch(r"vllm\.(?:\w{1,30}\.)?_\w{0,30}C(?:_\w{1,30})?", module):
        return _NOT_COMPILED
    if module == "vllm.transformers_utils.tokenizer":
        return Answer(
            happened,
            ("pip install -U unsloth unsloth_zoo", 'or pip install "vllm<0.22"'),
            why="vLLM 0.22 removed it; a newer Unsloth puts its own in its place",
            known="read in unsloth 2026.10.9, import_fixes.py",
        )
    newer = (
        "the import in the script, by the name that this vLLM has for it: pip show -f vllm lists "
        "its files"
        if case.is_of_the_script
        else "what calls vLLM (Unsloth, TRL) of the same time: pip install -U unsloth unsloth_zoo "
        "trl"
    )
    advised = "or the vLLM that it was written for: python -m gemma_compat advise --with vllm"
    known = in_which(case)
    if known is not None and known.found.releases and not known.is_everywhere:
        return Answer(
            happened,
            (newer, f"or {known.command}", advised),
            why=known.happened,
            known="read in the wheels of vllm",
            settles=False,
        )
    return Answer(
        happened,
        (newer, advised),
        why="vLLM moves its modules between releases",
        known="the message; which release has it is not in it",
        settles=False,
    )


def _dtype_of_the_method(case: Case) -> Answer:
    method, allowed = case.match["method"], case.match["allowed"] or "torch.float16"
    first = re.search(r"torch\.(\w+)", allowed)
    dtype = first[1] if first else "float16"
    text = case.above + case.around + case.hit.before + case.hit.after
    if method and method.lower() == "awq" and re.search(r"gemma-?[23]", text, re.IGNORECASE):
        return Answer(
            "vLLM computes AWQ in float16 only, and refuses float16 for this Gemma: this "
            "checkpoint cannot be served here",
            (
                "a checkpoint in compressed-tensors (llm-compressor), GPTQ or 4 bits "
                "(bitsandbytes), with --dtype bfloat16",
                "or --quantization awq_marlin, which takes bfloat16, on Ampere or newer",
            ),
            why="the activations of Gemma 2 and 3 exceed what float16 holds",
            known="the message; that float16 is refused is vLLM's own list of models",
            of_gemma=True,
        )
    return Answer(
        f"vLLM computes this quantization{f' ({method})' if method else ''} in other dtypes only",
        (f"--dtype {dtype}   (LLM(..., dtype='{dtype}'))",),
        why="config.json states the dtype of the model before it was quantized",
        known="the message lists what is supported",
    )


def _float16(case: Case) -> Answer:
    name = case.match["name"] or case.match["plain"].lower()
    half = "--dtype bfloat16   (LLM(..., dtype='bfloat16'))"
    full = "--dtype float32   (a card before Ampere has no bfloat16)"
    old = re.search(
        r"(?:Tesla |NVIDIA )?\b(?:T4|V100|P100|RTX 20\d\d|GTX 1\d\d\d)\b|Turing|Volta", case.near
    )
    return Answer(
        f"vLLM refuses float16 for {name}: its activations overflow in it",
        (full, f"or {half}, on Ampere or newer") if old else (half, f"or {full}"),
        why="a checkpoint quantized with AWQ or GPTQ that asks for float16 has the same message: "
        "it cannot be served with this vLLM, one in compressed-tensors or 4 bits can",
        known="vLLM says so",
        of_gemma=name.startswith("gemma"),
    )


KINDS: tuple[General, ...] = (
    General(
        "vllm-moved-a-module",
        r"No module named '(?P<module>vllm\.[\w.]{2,100})'",
        _moved,
        {
            "ModuleNotFoundError: No module named 'vllm.transformers_utils.tokenizer'": "vllm<0.22",
            "ModuleNotFoundError: No module named 'vllm.worker.worker'": "vllm>=0.3.2,<=0.10.2",
            "ModuleNotFoundError: No module named 'vllm.nothing.here'": "advise --with vllm",
            "ModuleNotFoundError: No module named 'vllm._C'": "another folder",
            'Traceback (most recent call last):\n  File "train.py", line 2, in <module>\n    '
            "from vllm.helper import x\nModuleNotFoundError: No module named 'vllm.helper'": (
                "the import in the script"
            ),
        },
        alone=True,
    ),
    General(
        "dtype-not-of-the-quantization",
        r"is not supported for quantization method (?P<method>\w{2,30})\. Supported dtypes: "
        r"\[(?P<allowed>[^\]\n]{2,80})\]|marlin_gemm only supports (?:bfloat16|float16)",
        _dtype_of_the_method,
        {
            "ValueError: torch.bfloat16 is not supported for quantization method awq. Supported "
            "dtypes: [torch.float16]": "--dtype float16",
            "vllm serve x/gemma-3-27b-it-awq\nValue error, torch.bfloat16 is not supported for "
            "quantization method awq. Supported dtypes: [torch.float16]": "compressed-tensors",
        },
        alone=True,
    ),
    General(
        "config-registered-twice",
        r"'(?P<name>\w{2,30})' is already used by a Transformers config, pick another name",
        lambda case: (
            None
            if case.is_of_the_script
            else Answer(
                f"a config {case.match['name']} is registered that transformers has itself by "
                "now: an older vLLM does so",
                (
                    'pip install -U "vllm>=0.10.1"'
                    if case.match["name"] == "aimv2"
                    else "pip install -U vllm   (or the package of the last frame)",
                    "or the transformers that it was released with",
                ),
                why="vLLM brings configs of models that transformers does not know yet; a newer "
                "transformers knows them",
                known="the message; Unsloth 2025.9.7 mends vLLM before 0.10.1 for aimv2 (read in "
                "its import_fixes.py)",
            )
        ),
        {
            "ValueError: 'aimv2' is already used by a Transformers config, pick another name.": (
                "vllm>=0.10.1"
            ),
            'Traceback (most recent call last):\n  File "/w/e.py", line 5, in f\n    '
            "AutoConfig.register('gemma3', C)\nValueError: 'gemma3' is already used by a "
            "Transformers config, pick another name.": "",
        },
        alone=True,
    ),
    General(
        "vllm-refuses-float16",
        r"The model type '(?P<name>\w{2,40})' does not support float16|"
        r"\b(?P<plain>[Gg]emma[- ]?3n?) does not support float16",
        _float16,
        {
            "ValueError: The model type 'gemma3_text' does not support float16. Reason: Numerical "
            "instability. Please use bfloat16 or float32 instead.": "--dtype bfloat16",
            "Tesla T4\nValueError: The model type 'gemma3' does not support float16. Reason: "
            "Numerical instability.": "on Ampere or newer",
            "a validation error stating Gemma3 does not support float16 due to numerical "
            "instability": "--dtype bfloat16",
        },
        alone=True,
    ),
    General(
        "no-four-bits-in-vllm",
        r"(?P<name>\w{2,80}) does not support BitsAndBytes quantization(?: yet)?|"
        r"BitsAndBytes quantization[^\n]{0,40}is not supported (?:yet|for)",
        lambda case: Answer(
            "this server does not load this model in 4 bits by bitsandbytes",
            (
                "serve the 16-bit checkpoint (the merged model, or the base with the adapter)",
                "pip install -U sglang   : each release takes more classes"
                if re.search("(?i)sglang", case.near + case.around)
                else "pip install -U vllm   : each release takes more classes",
            ),
            known="the server says so; which release does, it does not say",
        ),
        {
            "AttributeError: Model Gemma3ForConditionalGeneration does not support BitsAndBytes "
            "quantization yet. No 'packed_modules_mapping' found.": "16-bit"
        },
        alone=True,
    ),
    General(
        "rope-of-another-release",
        r"rope_parameters should have a 'rope_type' key",
        always(
            "vLLM reads the checkpoint's rope_parameters otherwise than transformers wrote them",
            "pip install -U vllm   (or the release of transformers that this vLLM names)",
            "or a copy of the folder whose config.json has the rope_scaling of the base checkpoint",
            why="Gemma 3 has one entry for each kind of layer (full_attention, "
            "sliding_attention); where a rope_theta stands beside them, the whole is read as one "
            "entry, and that has no rope_type",
            known="the message is the check of rope_parameters; that the nested form is the cause "
            "was reported for vLLM 0.13.0 with configs of transformers 4.57, and not run here",
            certain=False,
        ),
        {"ValueError: rope_parameters should have a 'rope_type' key": "pip install -U vllm"},
        alone=True,
    ),
)
