"""AutoAWQ, GPTQ and other quantizers, and bitsandbytes on a machine that it does not support."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from ..released import in_which
from .quantized import IN_4_BITS, ON_ONE_CARD

# Quantizers that list the model types they take: their last release, and how a log shows them.
_LAST = {"AutoGPTQ": "2024", "AutoAWQ": "May 2025"}
_TABLES = {
    "AutoGPTQ": r"auto_gptq|AutoGPTQ|auto-gptq",
    "AutoAWQ": r"[/\\]awq[/\\]|AutoAWQ|autoawq|AWQ_CAUSAL_LM_MODEL_MAP",
}


def _not_supported_by_quantizer(case: Case) -> Answer | None:
    """Answer AutoAWQ and AutoGPTQ, whose tables of model types ended with their last releases, and
    GPTQModel, whose newer releases know more.
    """
    known = in_which(case)
    if known is not None and known.found.releases:
        package = known.found.package
        return Answer(
            f"this {package} has no entry for the model type {case.match['name']}: it cannot "
            "quantize it",
            (known.command,),
            why=known.happened,
            known=f"the message; the releases were read in the wheels of {package}",
        )
    who = next((name for name, text in _TABLES.items() if re.search(text, case.near)), None)
    if who is None:
        return None
    return Answer(
        f"{who} has no entry for the model type {case.match['name']}: it cannot quantize it",
        (
            "llm-compressor (pip install llmcompressor), which quantizes by the model's modules",
            f"or {IN_4_BITS}",
        ),
        why=f"{who} lists the architectures that it can quantize; it has had no release since "
        f"{_LAST[who]}",
        known="the message",
    )


def _training_refused(case: Case) -> Answer | None:
    if "attach trainable adapters" in case.hit.text:
        return None  # it can be trained, with an adapter
    if "torch.compile" in case.hit.text:
        return Answer(
            "a quantized model was compiled before the trainer got it, and the Trainer refuses "
            "that",
            (
                "leave torch.compile(model) out; torch_compile=True in the arguments compiles "
                "later, if at all",
            ),
            why="the Trainer looks for the adapter on the model, and a compiled one hides it",
            known="transformers says so; read in 4.50.3 and 4.57.6, trainer.py",
        )
    method = re.search(r"QuantizationMethod\.(\w{2,20})", case.message)
    name = method[1] if method else "that method"
    return Answer(
        f"a checkpoint quantized with {name} cannot be trained, not even with an adapter, in this "
        "release",
        (f"train on the 16-bit checkpoint: {IN_4_BITS}",),
        known="transformers says so",
    )


def _missing_library(case: Case) -> Answer:
    name = case.match["library"]
    package = {"auto-awq": "autoawq"}.get(name, name)
    return Answer(
        f"the checkpoint is quantized in a format that needs {package}, which is not installed",
        (f"pip install {package}",),
        why="config.json beside the weights names the format (quantization_config)",
        known="transformers says so",
    )


def _no_finite_loss(case: Case) -> Answer | None:
    """Answer a quantizer that found no scale with a finite error; AutoAWQ raises without a text."""
    if not case.says(r"[/\\]awq[/\\]|NaN"):
        return None
    return Answer(
        "the quantizer found no scale whose error is a number: the layer's output is NaN or "
        "infinite on the calibration data",
        (
            "load the model in bfloat16 (or float32) before it is quantized: dtype=torch.bfloat16",
            "other calibration data: several hundred real texts, none of them empty",
            "python -m gemma_compat report --model DIR   on the 16-bit model: it has to answer "
            "sensibly first",
        ),
        why="AutoAWQ computes in float16, which the activations of larger Gemmas exceed; weights "
        "that are NaN already, or padding alone, give the same",
        known="the frame (or the message) is the quantizer's; where the NaN comes from is not in "
        "the log",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "quantizer-without-this-model",
        r"(?P<name>\w{2,40}) isn't supported yet\.",
        _not_supported_by_quantizer,
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/awq/models/auto.py", '
            'line 51, in check_and_get_model_type\n    raise TypeError(f"no")\n'
            "TypeError: gemma3 isn't supported yet.": "llmcompressor",
            'Traceback (most recent call last):\n  File "/x/site-packages/gptqmodel/models/auto'
            '.py", line 51, in check_and_get_model_type\n    raise TypeError(f"no")\n'
            "TypeError: gemma3 isn't supported yet.": "gptqmodel>=4.0.0",
            'Traceback (most recent call last):\n  File "/x/site-packages/awq/models/auto.py", '
            'line 51, in check_and_get_model_type\n    raise TypeError(f"no")\n'
            "TypeError: gemma2 isn't supported yet.": "autoawq>=0.2.7",
            "50 if config.model_type not in AWQ_CAUSAL_LM_MODEL_MAP.keys():\nTypeError: gemma3 "
            "isn't "
            "supported yet.": "llmcompressor",
            "TypeError: gemma3 isn't supported yet.": "",
        },
    ),
    General(
        "gptqmodel-without-this-model",
        r"Unsupport(?:ed)? model_type (?P<name>\w{2,40}),? and failed to auto-detect|"
        r"Unsupported model type: (?P<other>gemma\w{0,30})",
        lambda case: (
            Answer(
                "this quantizer (GPTQModel) does not know the model type "
                f"{case.match['name'] or case.match['other']}",
                (
                    "pip install -U gptqmodel   (or from its repository, for a new model)",
                    "or llm-compressor (pip install llmcompressor), which quantizes by the model's "
                    "modules",
                ),
                why="it has a class for each model type, and finds the layers of others only where "
                "they "
                "are laid out as usual",
                known="the message; which release knows it, it does not say",
                settles=False,
            )
            if re.search(r"(?i)gptq|module tree", case.near)
            else None
        ),
        {
            "ValueError: Unsupport model_type gemma4_unified, and failed to auto-detect module "
            "tree "
            "for model": "gptqmodel",
            "Uncaught Error: Unsupported model type: gemma3_text": "",
        },
        alone=True,
    ),
    General(
        "search-for-scales-failed",
        r"in _compute_best_scale|Quantization: Failed due to `?NaN`? loss|"
        r"Quantization failed due to NaN",
        _no_finite_loss,
        {
            'Traceback (most recent call last):\n  File "/x/awq/quantize/quantizer.py", '
            "line 409, in _compute_best_scale\n    raise Exception\nException": "bfloat16",
            "ValueError: Quantization: Failed due to `NaN` loss": "calibration",
            'Traceback (most recent call last):\n  File "/x/mine.py", line 4, in '
            "_compute_best_scale\n    raise ValueError\nValueError: x": "",
        },
    ),
    General(
        "quantized-saver-has-another-name",
        r"'(?P<kind>\w{2,40}(?:AWQ|GPTQ)\w{0,40})' object has no attribute "
        r"'(?P<name>save|save_pretrained|merge_and_unload)'",
        lambda case: Answer(
            f"{case.match['kind']} is a wrapper around the model, and its method for saving is "
            "called save_quantized",
            ("model.save_quantized('FOLDER')", "tokenizer.save_pretrained('FOLDER')"),
            known="the message names the class; the method is AutoAWQ's and AutoGPTQ's",
        ),
        {
            "AttributeError: 'Gemma2AWQForCausalLM' object has no attribute 'save'": (
                "save_quantized"
            )
        },
    ),
    General(
        "quantized-and-offloaded",
        r"Found modules on cpu/disk\. Using Exllama|"
        r"attempting to load an? [\w ]{2,20} model with a device_map that contains a CPU or disk",
        always(
            "a part of the quantized model was placed on the CPU or the disk, where its kernels do "
            "not run",
            f"{ON_ONE_CARD}   and nothing else on the card: nvidia-smi",
            "or a larger card, or a smaller checkpoint",
            why="device_map='auto' places what does not fit on the GPU elsewhere",
            known="transformers says so",
        ),
        {
            "ValueError: You are attempting to load an AWQ model with a device_map that contains a "
            "CPU or disk device. This is not supported.": "device_map"
        },
    ),
    General(
        "quantization-unknown",
        r"Unknown quantization type, got (?P<name>[\w-]{1,40})",
        lambda case: Answer(
            f"this transformers does not know the quantization format {case.match['name']}, which "
            "the checkpoint's config.json names",
            ("pip install -U transformers", "or the 16-bit checkpoint of the same model"),
            why="each format comes with a release of transformers; some are vLLM's alone",
            known="the message lists what this release knows",
            settles=False,
        ),
        {
            "ValueError: Unknown quantization type, got fp8 - supported types are: ['awq', "
            "'bitsandbytes_4bit']": "fp8"
        },
    ),
    General(
        "quantized-and-not-trainable",
        r"but that quantization method do(?:es)? not support training|"
        r"You (?:cannot|can't) fine-?tune[^\n]{0,60}quantiz",
        _training_refused,
        {
            "ValueError: The model you are trying to fine-tune is quantized with "
            "QuantizationMethod.AWQ but that quantization method do not support training.": "AWQ",
            "ValueError: You cannot fine-tune quantized model with `torch.compile()` make sure to "
            "pass a non-compiled model when fine-tuning a quantized model with PEFT": (
                "leave torch.compile(model) out"
            ),
        },
    ),
    General(
        "quantization-library-missing",
        r"(?:Loading an? |Using )[^\n]{2,40} quantized models? requires?[^\n]{0,60}?"
        r"`pip install (?:-U |--upgrade )?['\"]?(?P<library>[a-z][\w-]{1,40})",
        _missing_library,
        {
            "ImportError: Loading a GPTQ quantized model requires optimum "
            "(`pip install optimum`)": "pip install optimum",
            "ImportError: Using `compressed_tensors` quantized models requires the "
            "compressed-tensors library: `pip install compressed-tensors`": (
                "pip install compressed-tensors"
            ),
        },
    ),
    General(
        "bitsandbytes-sees-no-device",
        r"None of the available devices `available_devices = [^\n]{2,80}` are supported by the "
        r"bitsandbytes version",
        always(
            "bitsandbytes sees no device that it supports: no GPU is visible, or its build is not "
            "for this one",
            "python -c 'import torch; print(torch.cuda.is_available(), torch.version.cuda)'",
            "pip install -U bitsandbytes   once torch sees the GPU",
            "without such a GPU (a Mac, a CPU): load in 16 bits, with no quantization config",
            known="the message lists what was looked for; a torch for the CPU gives the same",
            settles=False,
        ),
        {
            "RuntimeError: None of the available devices `available_devices = None` are supported "
            "by the bitsandbytes version you have installed: `bnb_supported_devices = {'cuda'}`.": (
                "torch.cuda.is_available"
            )
        },
    ),
    General(
        "bitsandbytes-kernel-failed",
        r"(?:Error )?(?P<error>[a-z][\w ]{4,60}) at line \d{1,5} in file \S{0,80}"
        r"(?:csrc[/\\])?ops\.cu",
        lambda case: Answer(
            f"a kernel of bitsandbytes failed on the GPU: {case.match['error']}",
            (
                "nvidia-smi   : who holds the memory? a smaller batch, a shorter max_length",
                "python -m gemma_compat memory --model MODEL --gpu CARD   says what would fit",
            )
            if "out of memory" in case.match["error"]
            else (
                "pip install -U bitsandbytes",
                "python -m bitsandbytes   checks the installation on this card",
                "a Jetson: its wheels are for ARM servers. Build it there (cmake "
                "-DCOMPUTE_BACKEND=cuda -S . && make), or take the wheel of pypi.jetson-ai-lab.io",
            ),
            why="the card is full"
            if "out of memory" in case.match["error"]
            else "'named symbol not found' and 'no kernel image' mean that the build has no code "
            "for this card",
            known="the text is that of its CUDA code",
            settles=False,
        ),
        {
            "Error named symbol not found at line 90 in file /src/csrc/ops.cu": "bitsandbytes",
            "Error out of memory at line 380 in file /src/csrc/ops.cu": "nvidia-smi",
        },
        alone=True,
    ),
)
