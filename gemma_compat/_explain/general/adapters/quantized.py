"""Weights in 4 or 8 bits: loading, training, merging and saving them."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

IN_4_BITS = (
    "BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_compute_dtype=torch.bfloat16)   on the 16-bit "
    "checkpoint"
)
ON_ONE_CARD = 'device_map={"": 0}'
_MERGE_IN_16_BITS = (
    "load the base in 16 bits (no quantization config), PeftModel.from_pretrained(base, 'ADAPTER')"
    ".merge_and_unload(), then save_pretrained"
)


def _on_the_meta_device(case: Case) -> Answer:
    """Answer weights that no file filled; a text class is the likeliest where it is named."""
    happened = "a weight of the model is still empty (on the meta device)"
    text = re.search(r"\b(Gemma3n?|Gemma4)ForCausalLM\.from_pretrained", case.around)
    if text is not None:
        return Answer(
            f"{happened}: {text[1]}ForCausalLM is the text model, and most checkpoints hold the "
            "multimodal one",
            (
                f"{text[1]}ForConditionalGeneration.from_pretrained(...)   (or "
                "AutoModelForImageTextToText)",
                "or pip install -U transformers: some releases find the text part by themselves",
            ),
            why="the multimodal checkpoint keeps its text model under another prefix",
            known="the class is in the log; whether the checkpoint is multimodal is not",
            certain=False,
            of_gemma=True,
        )
    return Answer(
        happened,
        (
            "the list of missing weights above the error, if there is one: these names are in no "
            "file",
            "pip install -U transformers accelerate peft   and the config.json that belongs to "
            "the files",
        ),
        why="class and files are of different layouts, or a part was offloaded for want of memory",
        known="the message; which of the two, it does not say",
        settles=False,
    )


def _no_state(case: Case) -> Answer:
    plain = re.search(r"'(Parameter|DTensor|FlatParameter)' object", case.hit.text)
    if plain is not None:
        return Answer(
            f"the weight of a quantized layer is a plain {plain[1]}: what bitsandbytes keeps on it "
            "is lost",
            (
                "get_peft_model before FSDP, DDP or tensor parallelism wraps the model, and no "
                "tp_plan with BitsAndBytesConfig",
                f"load with {ON_ONE_CARD}, and put no weight in place by hand (load_state_dict, "
                "assign=True, tied weights)",
                "pip install -U bitsandbytes transformers accelerate peft",
            ),
            why="bitsandbytes keeps its state on its own class of parameter; what shards, gathers, "
            "ties or copies weights makes plain ones of them",
            known="the message names the class; which of these made it so, it does not say",
            settles=False,
        )
    return Answer(
        "a 4-bit layer is run whose weight has no quantization state (quant_state)",
        (
            f"load with {ON_ONE_CARD} (or model.to('cuda') before the first step)",
            "pip install -U bitsandbytes transformers accelerate peft",
        ),
        why="the state is made when the weight comes to the GPU. It gets lost where a weight was "
        "copied, gathered (FSDP, ZeRO-3) or loaded by a release that does not know it",
        known="the assertion is bitsandbytes' own; which of these it is, the log does not say",
        settles=False,
    )


def _not_reversed(case: Case) -> Answer | None:
    if not re.search(r"reverse_op[^\n]*\n\s*raise NotImplementedError", case.near):
        return None
    return Answer(
        "transformers 5 turns converted weights back when it saves, and cannot for a step of this "
        "model: a quantization, most often",
        (
            "save in 16 bits: the base without load_in_4bit, merge_and_unload(), save_pretrained",
            "Unsloth: save_pretrained_merged(FOLDER, tokenizer, save_method='merged_16bit'), not "
            "merged_4bit",
            "model.save_pretrained(FOLDER) of the PEFT model writes the adapter alone",
            "pip install -U transformers",
        ),
        why="what loading does to the names and tensors of a checkpoint is undone at saving, and "
        "not every step has a reverse",
        known="read in transformers 5.0.0 and 5.23.0, core_model_loading.py; which step it is, the "
        "log does not say",
        certain=False,
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "no-value-on-the-meta-device",
        r"is on the meta device, we need a `value` to put in on",
        _on_the_meta_device,
        {
            "ValueError: weight is on the meta device, we need a `value` to put in on 0.": (
                "config.json"
            ),
            'google/gemma-3-4b-it\nTraceback (most recent call last):\n  File "t.py", line 2, in '
            "f\n    model = Gemma3ForCausalLM.from_pretrained(name)\nValueError: weight is on the "
            "meta device, we need a `value` to put in on 0.": "Gemma3ForConditionalGeneration",
        },
    ),
    General(
        "quant-state-missing",
        r"assert quant_state is not None|FP4 quantization state not initialized|"
        r"quantization state not initialized\. Please call|weight\.quant_state is None|"
        r"'(?:Parameter|DTensor|FlatParameter)' object has no attribute '(?:quant_state|"
        r"compress_statistics|quant_type|quant_storage|absmax|CB|SCB)'",
        _no_state,
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/bitsandbytes/autograd/'
            '_functions.py", line 566, in matmul_4bit\n    assert quant_state is not None\n'
            "AssertionError": "quant_state",
            "FP4 quantization state not initialized. Please call .cuda() or .to(device) on the "
            "LinearFP4 layer first.": "bitsandbytes",
            "AttributeError: 'DTensor' object has no attribute 'compress_statistics'": "tp_plan",
            "AttributeError: 'Parameter' object has no attribute 'compress_statistics'": "plain",
        },
        alone=True,
    ),
    General(
        "packed-weight-of-another-form",
        r"assert module\.weight\.shape\[1\] == 1",
        always(
            "a 4-bit layer of bitsandbytes has lost its quantization state, and what lies in its "
            "weight is not in the packed form",
            "load anew with quantization_config=BitsAndBytesConfig(load_in_4bit=True, ...) and "
            "device_map={'': 0}, and no .to(), .half() or load_state_dict on it after",
            "pip install -U bitsandbytes transformers accelerate",
            "print([(n, m.weight.dtype, tuple(m.weight.shape)) for n, m in model.named_modules() "
            "if type(m).__name__ == 'Linear4bit'][:3])   : packed is uint8 with one column",
            why="bitsandbytes looks for the state on the layer, and expects one column of bytes "
            "there. Layers that were left on the CPU or the meta device, or whose weight was put "
            "in place by hand, are not packed",
            known="read in bitsandbytes, fix_4bit_weight_quant_state_from_module; how the layer "
            "came to be so, the log does not say",
            certain=False,
            settles=False,
        ),
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/bitsandbytes/nn/'
            'modules.py", line 420, in fix_4bit_weight_quant_state_from_module\n    assert '
            "module.weight.shape[1] == 1\nAssertionError": "BitsAndBytesConfig"
        },
        alone=True,
    ),
    General(
        "quantized-layer-without-a-weight",
        r"'(?P<owner>HQQLinear\w{0,40}|\w{0,20}QuantLinear\w{0,20}|WQLinear\w{0,20}|EetqLinear|"
        r"QuantizedLinear)' object has no attribute 'weight'",
        lambda case: Answer(
            f"code reads .weight of a quantized layer: {case.match['owner']} keeps its weight "
            "packed, under other names",
            (
                "pip install -U transformers, and the quantizer's package with it",
                "or quantize the layer that the last frames name not at all: "
                "modules_to_not_convert, skip_modules",
                "or 4 bits by bitsandbytes, whose layers have a .weight",
            ),
            why="some models ask a layer for weight.dtype or weight.device in their forward, and "
            "older releases of transformers and helpers do so for the cache. HQQ has W_q, GPTQ "
            "and AWQ qweight",
            known="the message names the class; transformers 4.57.6 has a stand-in for HQQ's "
            "(weight of that dtype), 4.50.3 has none",
        ),
        {
            "AttributeError: 'HQQLinear' object has no attribute 'weight'": "bitsandbytes",
            "AttributeError: 'HQQLinearTorchWeightOnlynt4' object has no attribute 'weight'": (
                "W_q"
            ),
            "AttributeError: 'WQLinear_GEMM' object has no attribute 'weight'": "qweight",
            "AttributeError: 'Linear4bit' object has no attribute 'weight'": "",
        },
    ),
    General(
        "quantized-model-cast",
        r"You cannot cast a bitsandbytes model in a new `?dtype|"
        r"\.(?:half|float)\(\)` is not supported for quantized",
        always(
            "a model that bitsandbytes quantized is cast or moved, which transformers refuses",
            "leave out .to(dtype), .half(), .float() after from_pretrained: dtype=torch.bfloat16 "
            "there, device_map={'': 0} for the place",
            "for 16-bit weights after a merge: load the base in 16 bits, PeftModel, "
            "merge_and_unload(), save_pretrained",
            why="the weights are packed bytes: a cast would break them. The mark is on the model "
            "(is_quantized), and stays where its layers were replaced by hand",
            known="transformers says so",
        ),
        {
            "ValueError: You cannot cast a bitsandbytes model in a new `dtype`. Make sure to load "
            "the model using `from_pretrained`": "leave out .to(dtype)",
            "ValueError: `.half()` is not supported for quantized model. Please use the model as "
            "it is": "leave out .to",
        },
        alone=True,
    ),
    General(
        "quantized-weights-not-turned-back",
        r"in (?:reverse_op|revert_weight_conversion)\b",
        _not_reversed,
        {
            '  File "/x/transformers/core_model_loading.py", line 430, in reverse_op\n    raise '
            "NotImplementedError\nNotImplementedError": "merged_16bit",
            '  File "/x/transformers/core_model_loading.py", line 430, in reverse_op\n    return '
            "x\nKeyError: 'a'": "",
        },
        alone=True,
    ),
    General(
        "four-bits-of-integers",
        r"Blockwise (?:4bit )?quantization only supports 16/32-bit floats, but got "
        r"(?:torch\.)?(?P<dtype>uint8|int8)",
        lambda case: Answer(
            "weights that are already quantized are quantized a second time",
            (
                "load the checkpoint without load_in_4bit and BitsAndBytesConfig: it brings its "
                "own quantization_config",
                f"or {IN_4_BITS}",
            ),
            why=f"bitsandbytes was given a weight of {case.match['dtype']}, which is its own "
            "packed form",
            known="the message has the dtype",
        ),
        {
            "ValueError: Blockwise 4bit quantization only supports 16/32-bit floats, but got "
            "torch.uint8": "second time"
        },
    ),
    General(
        "merge-into-quantized-weights",
        r"Cannot merge LORA layers when (?:the model is gptq quantized|base model is loaded in "
        r"8-bit)|Merging LoRA layers when the model is gptq quantized",
        always(
            "an adapter cannot be merged into weights that are quantized this way",
            _MERGE_IN_16_BITS,
            "or leave it apart: save_pretrained writes the adapter alone, and vLLM serves it with "
            "--enable-lora",
            known="PEFT says so",
        ),
        {"ValueError: Cannot merge LORA layers when the model is gptq quantized": "16 bits"},
    ),
    General(
        "quantized-model-not-saved",
        r"You are calling `save_pretrained` (?:on|to) an? (?:4|8)-bit converted model|"
        r"is quantized with QuantizationMethod\.\w{2,20} and is not serializable|"
        r"The model is quantized with \S{2,60} and is not serializable",
        always(
            "this release cannot save weights of that quantization",
            "model.save_pretrained('FOLDER') of the PEFT model: it writes the adapter alone",
            "or pip install -U bitsandbytes transformers   and save again",
            known="transformers says so",
        ),
        {
            "NotImplementedError: You are calling `save_pretrained` on a 4-bit converted model, "
            "but your `bitsandbytes` version doesn't support it.": "adapter"
        },
    ),
    General(
        "both-ways-to-quantize",
        r"can't pass `load_in_4bit` ?or `load_in_8bit` as a kwarg when passing "
        r"`quantization_config`",
        always(
            "load_in_4bit (or load_in_8bit) and quantization_config were both given",
            "quantization_config=BitsAndBytesConfig(load_in_4bit=True, ...) alone",
            known="transformers says so",
        ),
        {
            "ValueError: You can't pass `load_in_4bit`or `load_in_8bit` as a kwarg when passing "
            "`quantization_config` argument at the same time.": "BitsAndBytesConfig"
        },
    ),
)
