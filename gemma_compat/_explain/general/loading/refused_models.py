"""What from_pretrained, a model's methods and quantizers of transformers refuse."""

from __future__ import annotations

from ..base import General
from ..refused import Row, refused

_KNOWN = "the message; its condition was read in transformers 4.31.0 to 5.24.0"

_LOADING: tuple[Row, ...] = (
    Row(
        "ValueError: MPTForCausalLM does not support `device_map='auto'`. To implement support, "
        "the model class needs to implement the `_no_split_modules` attribute.",
        r"(\w{2,60}) does not support `device_map='(\w{2,20})'`\. To implement support",
        "{0} does not say which of its layers may not be split, so it cannot be spread over "
        "devices by device_map='{1}'",
        (
            'device_map={"": 0}   (the whole model on one card)',
            "or leave device_map out, and model.to('cuda')",
        ),
    ),
    Row(
        "ValueError: Passing along a `device_map` requires `low_cpu_mem_usage=True`",
        r"Passing along a `device_map` requires `low_cpu_mem_usage=True`",
        "device_map is set, and low_cpu_mem_usage=False beside it forbids the way of loading that "
        "it needs",
        ("leave low_cpu_mem_usage out, or set it to True",),
    ),
    Row(
        "ValueError: You can't pass `load_in_8bit` or any other `BitsAndBytesConfig` argument as a "
        "kwarg when passing `quantization_config` argument at the same time.",
        r"You can't pass `load_in_[48]bit` or any other `BitsAndBytesConfig` argument as a kwarg",
        "quantization is asked for twice: by quantization_config and by an argument beside it "
        "(load_in_8bit, load_in_4bit)",
        (
            "leave load_in_8bit and load_in_4bit out of from_pretrained: "
            "BitsAndBytesConfig(load_in_4bit=True) has them",
        ),
    ),
    Row(
        "ValueError: lm_head was specified in the `_keep_in_fp32_modules` list, but is not part of "
        "the modules in GemmaForCausalLM",
        r"(\w{1,60}) was specified in the `_keep_in_fp32_modules(?:_strict)?` list, but is not "
        r"part of the modules in (\w{2,60})",
        "the class {1} names {0} as a part to keep in float32, and the model has no such part",
        (
            "pip install -U 'transformers>=5'   : the check is gone there (4.51.3 and 4.57.6 have "
            "it, 4.46.3 and 5.0.0 have not)",
            "code of the checkpoint (trust_remote_code): its newest revision",
        ),
    ),
    Row(
        "ValueError: The state dictionary of the model you are trying to load is corrupted. Are "
        "you sure it was properly saved?",
        r"The state dictionary of the model you are trying to load is corrupted",
        "the checkpoint has weights of a model without the prefix that this class expects, and "
        "weights of a head among them: it was saved by another class, or in parts",
        (
            "python -c \"import json; print(json.load(open('FOLDER/config.json'))"
            "['architectures'])\"   and load it with that class",
            "save it again with save_pretrained of the whole model (after merge_and_unload, where "
            "an adapter was trained)",
        ),
    ),
    Row(
        "ValueError: You need to first quantize your model in order to dequantize it",
        r"You need to first quantize your model in order to dequantize it",
        "model.dequantize() is called on a model that no quantizer of transformers loaded",
        ("leave model.dequantize() out, where the weights are in bfloat16 or float16 already",),
    ),
    Row(
        "RuntimeError: The weights trying to be saved contained shared tensors [{'lm_head.weight', "
        "'model.embed_tokens.weight'}] which are not properly defined.",
        r"The weights trying to be saved contained shared tensors (\[[^\]\n]{2,300}\]) which are "
        r"not properly defined",
        "weights share their memory without the model's class saying so: {0}",
        (
            "model.config.tie_word_embeddings = True; model.tie_weights()   where the head is "
            "meant to be the embeddings",
            "else give one of them its own memory: module.weight = "
            "torch.nn.Parameter(module.weight.detach().clone())",
        ),
        "transformers 5 writes a shared weight once, and only where the class lists it as tied",
    ),
    Row(
        "ValueError: Multiple active adapters detected, saving multiple active adapters is not "
        "supported yet.",
        r"Multiple active adapters detected, saving multiple active adapters is not supported",
        "more than one adapter is active, and transformers saves one at a time",
        ('model.set_adapter("NAME")   and save_pretrained, for each adapter in turn',),
    ),
    Row(
        "ImportError: The package `optimum` is required to use Better Transformer.",
        r"The package `optimum` is required to use Better Transformer",
        "to_bettertransformer() is called, which needs optimum, and is gone from transformers 5",
        (
            'leave it out: attn_implementation="sdpa" in from_pretrained is the same attention '
            "(transformers 4.36 and newer take it by default)",
        ),
    ),
    Row(
        "ValueError: Some generation parameters are set in the model config. These should go into "
        "`model.generation_config`as opposed to `model.config`.",
        r"Some generation parameters are set in the model config\. These should go into",
        "the model's config holds settings of generate(), and transformers 5 does not save such a "
        "config",
        (
            "for name in (those of the message): setattr(model.generation_config, name, "
            "model.config.__dict__.pop(name))   before saving",
        ),
        "a script or an old checkpoint put max_length, temperature, ... into config.json",
    ),
    Row(
        "ValueError: The config parameter `problem_type` was not understood: received "
        "classification but only 'regression', 'single_label_classification' and "
        "'multi_label_classification' are valid.",
        r"parameter `problem_type` was not understood: received (\S{1,60}) but only",
        "problem_type is {0}, which is not one of the three kinds",
        (
            'problem_type="single_label_classification"   (one class a row)',
            'or "multi_label_classification" (several), "regression" (a number)',
        ),
    ),
    Row(
        "ValueError: `rope_scaling`'s type field must be one of ['su', 'yarn'], got longrope",
        r"`rope_scaling`'s (?:type|name) field must be one of (\[[^\]\n]{2,80}\]), got (\w{2,20})",
        "config.json asks for rope_scaling of the kind {1}, and this transformers knows {0}",
        (
            "pip install -U transformers   and restart the kernel: newer ones know more kinds",
            "code of the checkpoint (trust_remote_code) can be the older part: leave "
            "trust_remote_code out, where transformers has the model",
        ),
    ),
    Row(
        "ValueError: GPT-OSS model does not support the specified flash attention implementation: "
        "flash_attention_2.",
        r"GPT-OSS model does not support the specified flash attention implementation: (\S{2,60})",
        "{0} has no sinks of attention, which this model computes with",
        ('attn_implementation="eager"   (or "kernels-community/vllm-flash-attn3" on Hopper)',),
    ),
    Row(
        "ValueError: Could not find the currently requested flash attention implementation at "
        "`kernels-community/flash-attn3`.",
        r"Could not find the currently requested flash attention implementation at "
        r"`?([^\s`]{2,80})",
        "what is at {0} has no functions of flash attention that fit this environment",
        (
            'attn_implementation="sdpa"',
            "or pip install -U kernels   and a kernel that is built for this torch and card",
        ),
    ),
)

_BITS: tuple[Row, ...] = (
    Row(
        "ValueError: FP8 quantized models is only supported on GPUs with compute capability >= 8.9 "
        "(e.g 4090/H100), actual = `8.0`",
        r"FP8 quantized models is only supported on GPUs with compute capability >= (\S{3})"
        r"(?:[^\n]{0,40}actual = `?(\d{1,2}\.\d))?",
        "the model is to run in FP8, which needs compute capability {0}, and this card has less",
        (
            "pip install -U 'transformers>=5'   : it turns the weights into bfloat16 on such a "
            "card (4.57.6 refuses, 5.0.0 converts), which takes twice the memory",
            "or the model's own bfloat16 repository, and BitsAndBytesConfig(load_in_4bit=True)",
        ),
    ),
    Row(
        "RuntimeError: No GPU or XPU found. A GPU or XPU is needed for FP8 quantization.",
        r"No GPU(?: or XPU)? found\. A GPU(?: or XPU)? is needed for (FP8|\w{2,12}) quantization|"
        r"Quantizing a model using (MXFP4) requires a GPU",
        "the model is to be quantized in {0}{1}, and torch sees no GPU",
        (
            'python -c "import torch; print(torch.__version__, torch.cuda.is_available())"',
            "False there: a torch for the CPU, no driver, or no visible card",
        ),
    ),
    Row(
        "ValueError: MXFP4 quantization is only supported on GPUs with compute capability >= 7.5 "
        "(e.g T4, A100, L4, H100, or B200)",
        r"MXFP4 quantization is only supported on GPUs with compute capability >= (\S{3})",
        "the model is to be quantized in MXFP4, and this card is older than {0}",
        (
            "Mxfp4Config(dequantize=True)   for a checkpoint that is in MXFP4",
            "or BitsAndBytesConfig(load_in_4bit=True) for any other",
        ),
    ),
    Row(
        "ValueError: `.to` is not supported for HQQ-quantized models.",
        r"`\.(to|cuda)` is not supported for HQQ-quantized models",
        "a model of HQQ is moved by .{0}(), which this transformers refuses",
        ('device_map="cuda"   in from_pretrained, and no .{0}() after it',),
    ),
)

KINDS: tuple[General, ...] = (
    refused(
        "model-that-is-refused",
        ("transformers",),
        _LOADING,
        _KNOWN,
        {
            "Is my state dictionary corrupted? The model loads fine.": "",
            'Traceback (most recent call last):\n  File "/x/site-packages/odd/load.py", line 3, in '
            "f\n    raise ValueError(\nValueError: You need to first quantize your model in order "
            "to dequantize it": "",
        },
    ),
    refused("bits-that-are-refused", ("transformers",), _BITS, _KNOWN),
)
