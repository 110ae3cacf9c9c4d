"""Two dtypes where one is needed: in an operation, in a buffer of ZeRO-3, in a unit of FSDP1."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General
from .other_types import by_types, of_bytes
from .two_dtypes import NEWER, by_caller, in_a_cache

_VISION = r"siglip|vision_(?:tower|model|embed)|patch_embed|pixel_values"
_AUDIO = r"audio|conv1d|input_features"
_CONVOLUTION = r"conv2d|_conv_forward"  # of images, where the frames name no tower


def _tower(frames: str) -> str:
    """Return which tower the frames name last: ``vision``, ``audio`` or nothing."""
    vision, audio = (
        max((match.end() for match in re.finditer(words, frames)), default=0)
        for words in (_VISION, _AUDIO)
    )
    if vision == audio:
        return "vision" if re.search(_CONVOLUTION, frames) else ""
    return "vision" if vision > audio else "audio"


def _in_the_tower(pair: str) -> Answer:
    """Answer where a norm within the tower for images meets another dtype."""
    return Answer(
        f"within the vision tower a norm's weights and its input have different dtypes ({pair})",
        (
            "print({p.dtype for p in model.parameters()})   then one dtype for all of the tower: "
            "vision_tower.to(torch.bfloat16)",
            "or run it under torch.autocast",
        ),
        why="SigLIP casts the pixels to the dtype of its patch embedding; a tower that is in two "
        "dtypes (norms kept in float32, or synchronized from a trainer in another) fails after it",
        known="the dtypes are in the message, the norm and the tower in the frames; what left the "
        "tower in two dtypes, they do not say",
    )


def _pixels(pair: str) -> Answer:
    """Answer where images in float32 meet a vision tower in another dtype."""
    return Answer(
        f"pixel_values and the weights of the vision tower have different dtypes ({pair})",
        (
            'batch["pixel_values"] = batch["pixel_values"].to(model.dtype)',
            "or run it under autocast: bf16_full_eval=True for evaluation and prediction",
        ),
        why="the processor makes images in float32. Under autocast torch casts them; outside "
        "of it (prediction, generation, a hand-written loop) nothing does",
        known="the dtypes are in the message, the tower in the frames; that autocast is off "
        "there is inferred",
    )


def _sounds(pair: str) -> Answer:
    """Answer where sound meets a tower in another dtype."""
    return Answer(
        f"audio features and weights have different dtypes ({pair})",
        ('batch["input_features"] = batch["input_features"].to(model.dtype)',),
        why="the processor makes features in float32, and outside of autocast nothing casts them",
        known="the dtypes are in the message, the tower in the frames",
        settles=False,
    )


def _dtypes(case: Case) -> Answer | None:
    if "esult type" in case.hit.text and case.says(r"binary_cross_entropy|BCEWithLogits"):
        return None  # of labels: data.losses
    if of_other_types := by_types(case):
        return of_other_types
    first, second = _names_of_dtypes(case.message)
    pair = f"{first} and {second}" if first else "two dtypes"
    tower = _tower(last := f"{case.frames}\n{case.hit.text}")
    if tower == "vision":
        return _in_the_tower(pair) if re.search(r"layer_?norm", last) else _pixels(pair)
    if tower == "audio":
        return _sounds(pair)
    if "masked_scatter_" in case.hit.text:
        return _features(case, pair)
    if packed := of_bytes(case):
        return packed
    return in_a_cache(case, pair) or by_caller(case, pair)


def _features(case: Case, pair: str) -> Answer:
    """Answer where features of images or audio are put among the embeddings of the text."""
    near = case.hit.before[-4000:] + case.around
    cast = "inputs = inputs.to(model.device, dtype=model.dtype)   before generate or the forward"
    is_unsloth = "nsloth" in near or "Gemma4_(" in near
    return Answer(
        f"features of images or audio and embeddings of the text have different dtypes ({pair})",
        (NEWER, cast) if is_unsloth else (cast, NEWER),
        why="both are put into one tensor. On a card without bfloat16 Unsloth loads Gemma 4 with "
        "embeddings in float32 beside an audio part in float16; newer releases of unsloth_zoo cast "
        "the features",
        known="the dtypes are in the message; masked_scatter_ is where a multimodal model does so. "
        "The cast is read in unsloth_zoo 2026.10.9, and is not in 2026.5.5",
        settles=False,
    )


_SPELLED = {"Half": "float16", "BFloat16": "bfloat16", "Float": "float32", "float": "float32"}


def _names_of_dtypes(message: str) -> tuple[str, str]:
    found = re.findall(
        r"(?:BFloat16|Half|Float)(?=Tensor\b|Type\b)|c10::(?:BFloat16|Half)|\bBFloat16\b|\bHalf\b|\b[Ff]loat\b|\bbfloat16\b|"
        r"\bfloat(?:16|32)\b|\bLong\b|\bByte\b",
        message,
    )
    names = list(dict.fromkeys(_SPELLED.get(n.removeprefix("c10::"), n.lower()) for n in found))
    return (names[0], names[1]) if len(names) > 1 else ("", "")


# A batch's own padding stands before a prompt, or behind the end of an answer.
_OF_A_ROW = re.compile(
    r"<pad>\s*(?:<bos>|<start_of_turn>|<\|turn>)|(?:<end_of_turn>|<turn\|>|<eos>)(?:\\n|\s)*<pad>"
)
_OFF = re.compile(r"(?i)\b(?:b?fp16|float16)\w*['\"]?\s*[=:]\s*(?:false|none|null|no|0)\b")
_OVERFLOWING = ("gemma3", "gemma3_text", "gemma3n", "gemma3n_text", "shieldgemma2")


def _nothing_in_float16(case: Case) -> Answer | None:
    """Answer for output that is empty, padding or NaN, where the log says float16."""
    kind = str(case.facts.model.get("model_type", ""))
    said = f"{case.hit.before[-4000:]}\n{case.hit.text}\n{case.hit.after[:4000]}"
    if _OF_A_ROW.search(f"{case.hit.before[-40:]}{case.hit.text}"):
        return None
    if not re.search(r"(?i)float16\b(?<!bfloat16)|\bfp16\b|--dtype[ =]half\b", _OFF.sub("", said)):
        return None
    ours = kind in _OVERFLOWING
    return Answer(
        f"the output is empty, padding or NaN, and the log says float16, which {kind} overflows"
        if ours
        else "the output is empty, padding or NaN, and the log says float16",
        (
            "bfloat16: dtype=torch.bfloat16 (vLLM: --dtype bfloat16), on cards that compute it",
            "or float32: dtype=torch.float32   shows on any card whether float16 is at fault",
        ),
        why="float16 ends at 65,504. A published Gemma 3 passes it within a sentence (the 270M "
        "reaches 103,821); what follows is NaN, and generation prints <pad> or nothing"
        if ours
        else "float16 ends at 65,504; activations that pass it are NaN from there on, and "
        "generation prints <pad> or nothing",
        known="that float16 is the cause is inferred"
        + ("; GC401 has what was run" if ours else ""),
        certain=False,
        settles=False,
        of_gemma=ours,
    )


KINDS: tuple[General, ...] = (
    General(
        "nothing-but-padding-in-float16",
        r"(?:<pad>\s?){3}|<pad>[^\n]{0,40}(?:reply|output|response|content|answer)|"
        r"(?:reply|output|response|characters)[^\n]{0,60}<pad>|"
        r"output is (?:empty|blank|all nan)|broken with fp16|"
        r"tensor\(\[{1,4}[*\s]{0,4}nan, {1,4}nan",
        _nothing_in_float16,
        {
            "model_id = 'google/gemma-3-4b-it'\ncompute_dtype = torch.float16\nGemma 3 works fine "
            "with bfloat16 but the output is empty with float16.": "GC401",
            "vllm serve --dtype float16 /models/gemma-3-4b-it\nlots of special characters <pad> in "
            "the reply content": "bfloat16",
            "google/gemma-3-4b-it in bfloat16\nthe output is empty": "",
            "fp16=True\n<pad><pad><pad><bos><start_of_turn>user": "",
            "fp16=True\nSure.<end_of_turn>\n<pad><pad><pad>": "",
            "fp16=False, bf16=True\n<start_of_turn>model\n<pad><pad><pad>": "",
            "fp16=True\n<start_of_turn>model\n<pad><pad><pad>": "float16",
            "hidden_states =  tensor([[[nan, nan, nan,  ..., nan]]], device='cuda:0',\n       "
            "dtype=torch.float16)": "float16 is at fault",
            "hidden_states =  tensor([[[nan, nan, nan,  ..., nan]]], device='cuda:0')": "",
        },
        alone=True,
    ),
    General(
        "two-dtypes-under-zero3",
        r"assert len\(set\(t\.dtype for t in tensors\)\) == 1",
        lambda case: Answer(
            "ZeRO-3 packs the model's parameters into one buffer, and finds more than one dtype "
            "among them",
            (
                "load every weight in one dtype: dtype=torch.bfloat16 with bf16=True",
                "or ZeRO-2, which does not pack parameters",
            ),
            why="a part was loaded or cast apart: a value head, norms or an adapter in float32, a "
            "second model (the reference of DPO) in another dtype",
            known="DeepSpeed's assertion is in the traceback; which parameter it is, is not",
        ),
        {"    assert len(set(t.dtype for t in tensors)) == 1": "one dtype"},
        alone=True,
    ),
    General(
        "two-dtypes",
        r"expected (?:scalar type \w+ but found \w+|m(?:at)?1 and m(?:at)?2 to have the same "
        r"dtype)|"
        r"(?:mat1|self) and mat2 (?:must have|should be of) (?:the )?same dtype|"
        r"Input type \([\w.: ]{2,40}\) and (?:bias|weight)(?: type)? \([\w.: ]{2,40}\) should "
        r"be the same|"
        r"expected target dtype to be Long|[Rr]esult type \w+ can't be cast to the desired output "
        r"type (?:Long|Int)|Expected object of scalar type \w+ but got scalar type \w+|"
        r"mixed dtype \(CPU\): expect|"
        r"Index put requires the source and destination dtypes match|"
        r"expected self and source to have same dtypes|"
        r"index_(?:copy|add)_\(\): self (?:\(\w+\) )?and source (?:\(\w+\) )?(?:expected to|must) "
        r"have the same|scatter\(\): Expected self\.dtype to be equal to src|"
        r"Expected out tensor to have dtype|dtype c10::\w{3,12}, but got |"
        r"Expected query, key, and value to have the same dtype|"
        r"[Dd]type mismatch[^\n]{0,30}?(?:c10::|float|Half|BF16|FP16|bf16|fp16|bfloat16)",
        _dtypes,
        alone=True,
        examples={
            "RuntimeError: Input type (float) and bias type (c10::BFloat16) should be the same": (
                "float32 and bfloat16"
            ),
            "RuntimeError: expected scalar type Half but found Float": "float16 and float32",
            'File "/x/site-packages/unsloth/models/llama.py", line 1, in f\n    a @ b\n'
            "RuntimeError: expected scalar type Half but found Float": "Unsloth's own code",
            'File "/x/site-packages/peft/tuners/lora.py", line 1, in forward\n    lora_A(x)\n'
            "RuntimeError: self and mat2 must have the same dtype": "pip install -U peft",
            'File "/x/site-packages/peft/tuners/lora/layer.py", line 1, in forward\n'
            "    result = self.base_layer(x, *args, **kwargs)\n"
            "RuntimeError: self and mat2 must have the same dtype": "bf16=True",
            'File "/x/site-packages/transformers/generation/utils.py", line 1, in generate\n'
            "    lm_head(x)\nRuntimeError: expected scalar type Half but found Float": (
                "around generate"
            ),
            "k = cache_k.index_copy(2, input_pos, k)\nRuntimeError: index_copy_(): self and source "
            "expected to have the same dtype, but got (self) Float and (source) BFloat16": (
                "make the cache"
            ),
            'File "/x/site-packages/transformers/cache_utils.py", line 1, in update\n'
            "    k_out.index_copy_(2, cache_position, key_states)\nRuntimeError: index_copy_(): "
            "self and source expected to have the same dtype, but got (self) BFloat16 and (source) "
            "Float": "growing cache",
            "Dtype mismatch (`float != c10::Half`) during LoRA fine-tuning of `gemma-4-E2B-it`": (
                "one operation meets"
            ),
            "`expected mat1 and mat2 to have the same dtype, but got: c10::Half != signed char`": (
                "8 bits"
            ),
            "RuntimeError: self and mat2 must have the same dtype, but got Half and Byte": "4 bits",
            "RuntimeError: Input type (torch.FloatTensor) and weight type (torch.cuda.FloatTensor) "
            "should be the same": "inputs.to(model.device)",
            "RuntimeError: Input type (CUDABFloat16Type) and weight type (torch.FloatTensor) "
            "should be the same": "weights on cpu",
            "RuntimeError: Input type (unsigned char) and bias type (float) should be the same": (
                "whole numbers"
            ),
            "RuntimeError: expected target dtype to be Long or Byte, but got Float": (
                "labels.long()"
            ),
            "RuntimeError: mat1 and mat2 must have the same dtype, but got Double and BFloat16": (
                "float64"
            ),
        },
    ),
    General(
        "two-dtypes-in-one-unit",
        r"(?:Must flatten tensors with|FlatParameter`? requires) uniform dtype but got "
        r"(?P<one>[\w.]+\w) and (?P<two>[\w.]+\w)",
        lambda case: Answer(
            f"FSDP1 flattens the parameters of a wrapped unit into one tensor, and here it finds "
            f"two dtypes: {case.match['one']} and {case.match['two']}",
            (
                *(
                    (
                        "bnb_4bit_quant_storage=torch.bfloat16 in BitsAndBytesConfig, with "
                        "dtype=torch.bfloat16: 4-bit weights are stored in that dtype then",
                    )
                    if re.search(r"uint8|load_in_4bit|bnb_4bit|(?i:qlora)", case.near)
                    else ()
                ),
                "load every weight in one dtype: dtype=torch.float32, with FSDP's mixed_precision "
                "bf16",
                "or FSDP2 (fsdp_version: 2), which does not flatten",
            ),
            why="something cast a part of the model: norms or an adapter kept in float32, a head, "
            "a quantized base with another storage dtype",
            known="torch's own check says so; which step left two dtypes is not in the log",
        ),
        {
            "ValueError: Must flatten tensors with uniform dtype but got torch.bfloat16 and "
            "torch.float32": "FSDP2",
            "load_in_4bit=True\nValueError: Must flatten tensors with uniform dtype but got "
            "torch.bfloat16 and torch.uint8": "bnb_4bit_quant_storage=torch.bfloat16",
        },
    ),
)
