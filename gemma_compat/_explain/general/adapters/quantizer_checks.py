"""What AutoGPTQ, GPTQModel, AutoAWQ, Optimum and BetterTransformer refuse."""

from __future__ import annotations

from ..base import General
from ..checks import Check, kind_of

_CHECKS: tuple[Check, ...] = (
    Check(
        r"gptq model not support (?:un)?merge",
        "AutoGPTQ does not merge an adapter into weights that GPTQ packed",
        (
            "serve both: PeftModel.from_pretrained(quantized_base, ADAPTER), or vLLM with "
            "--enable-lora",
            "or merge into the 16-bit base (PeftModel.from_pretrained(base_16_bit, ADAPTER)"
            ".merge_and_unload()) and quantize the result",
        ),
        (
            "NotImplementedError: gptq model not support merge and unload",
            "quantize the result",
        ),
    ),
    Check(
        r"can't execute quantize because the model is quantized|"
        r"quantize\(\) is called a model that is already quantized",
        "the checkpoint is quantized already, and quantize() wants one in 16 bits",
        ("the base in 16 bits (no -GPTQ, -AWQ, -Int4, -bnb-4bit) in its place",),
        (
            "OSError: quantize() is called a model that is already quantized",
            "base in 16 bits",
        ),
    ),
    Check(
        r"Could not find model in (?P<path>\S{1,200})",
        "AutoGPTQ finds no quantized weights in {path} under the names that it looks for",
        (
            "model_basename='NAME'   : the file's name without .safetensors (or .bin)",
            "use_safetensors=True   where the file ends so; ls {path}",
        ),
        (
            'Traceback (most recent call last):\n  File "/x/site-packages/auto_gptq/modeling/'
            '_base.py", line 9, in from_quantized\n    raise FileNotFoundError(\n'
            "FileNotFoundError: Could not find model in /x/gemma-gptq",
            "model_basename",
        ),
        why="it asks for gptq_model-4bit-128g.safetensors, model.safetensors and the like, made "
        "from the bits and the group size of quantize_config.json",
        is_own=False,
    ),
    Check(
        r"No GPU found\. A GPU is needed to (?P<what>quantize|run quantized) model",
        "Optimum's GPTQ needs a GPU that torch sees, to {what} a model",
        (
            "python -c 'import torch; print(torch.__version__, torch.cuda.is_available())'",
            "a GGUF for a machine without one: convert_hf_to_gguf.py and llama-quantize",
        ),
        ("RuntimeError: No GPU found. A GPU is needed to quantize model.", "is_available"),
    ),
    Check(
        r"prev_op (?P<what><class '[\w.]{3,80}'>) not supported yet",
        "AutoAWQ has no scaling for the layer before this one ({what})",
        (
            "llm-compressor (pip install llmcompressor), which scales by the model's modules",
            "or GPTQ: pip install gptqmodel",
        ),
        (
            "NotImplementedError: prev_op <class "
            "'transformers.models.gemma.modeling_gemma.GemmaRMSNorm'> not supported yet!",
            "llmcompressor",
        ),
        why="AutoAWQ's last release is 0.2.9; no newer one will add it",
    ),
    Check(
        r"You are trying to save or push a model that has been converted with `BetterTransformer`",
        "the model was turned into BetterTransformer's form, which is not saved",
        (
            "model = model.reverse_bettertransformer()   before save_pretrained",
            "or no to_bettertransformer: transformers' attn_implementation='sdpa' does the same",
        ),
        (
            "ValueError: You are trying to save or push a model that has been converted with "
            "`BetterTransformer`.",
            "reverse_bettertransformer",
        ),
    ),
    Check(
        r"model type (?P<name>[\w-]{2,40}) is not yet supported to be used with BetterTransformer",
        "BetterTransformer has no form of {name}",
        ("no to_bettertransformer; attn_implementation='sdpa' in from_pretrained",),
        (
            "NotImplementedError: The model type gemma is not yet supported to be used with "
            "BetterTransformer.",
            "sdpa",
        ),
        why="it was taken out of Optimum 2; transformers runs the same kernel by itself",
    ),
    Check(
        r"Could not find any ONNX model file for the regex [^\n]{1,80} in (?P<path>\S{1,200}?)\.?$",
        "there is no ONNX file in {path}",
        (
            "ORTModelForCausalLM.from_pretrained(MODEL, export=True)   makes one",
            "or file_name='model.onnx' and subfolder='onnx', where it is deeper",
        ),
        (
            "FileNotFoundError: Could not find any ONNX model file for the regex "
            "^((?!decoder).)*.onnx in /x.",
            "export=True",
        ),
    ),
    Check(
        r"Asked to use (?P<asked>\w{3,40}) as an ONNX Runtime execution provider, but the available"
        r" execution providers are (?P<list>\[[^\]\n]{2,200}\])",
        "the installed ONNX Runtime has no {asked}; it has {list}",
        (
            "pip uninstall -y onnxruntime onnxruntime-gpu; pip install onnxruntime-gpu   and "
            "restart: the two overwrite each other",
            "or provider='CPUExecutionProvider'",
        ),
        (
            "ValueError: Asked to use CUDAExecutionProvider as an ONNX Runtime execution provider, "
            "but the available execution providers are ['CPUExecutionProvider'].",
            "onnxruntime-gpu",
        ),
    ),
    Check(
        r"(?P<name>[\w-]{2,40}) is not supported yet(?: for (?P<task>[\w-]{2,40}))?\. Only "
        r"(?:\[|\w)[^\n]{1,4000}? are supported",
        "this Optimum exports no model of the type {name}",
        (
            "pip install -U 'optimum[onnx]'   (optimum-onnx since Optimum 2), for a type that is "
            "newer",
            "or a GGUF (convert_hf_to_gguf.py), or torch.onnx.export of your own",
        ),
        (
            'Traceback (most recent call last):\n  File "/x/site-packages/optimum/exporters/'
            'tasks.py", line 9, in get_supported\n    raise KeyError(\nKeyError: "gemma3 is not '
            "supported yet for transformers. Only ['albert'] are supported for the library "
            'transformers."',
            "optimum[onnx]",
        ),
        is_own=False,
    ),
)

KINDS: tuple[General, ...] = (
    kind_of(
        "check-of-a-quantizer",
        r"[/\\](?:auto_gptq|gptqmodel|awq|optimum)[/\\]",
        "the message; read in AutoGPTQ 0.7.1, GPTQModel 7.3, AutoAWQ 0.2.9 and Optimum 2.1",
        _CHECKS,
    ),
)
