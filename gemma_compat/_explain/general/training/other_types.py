"""Answers where two types of tensors meet that no choice of precision brings together: tensors on
two devices, whole numbers, NumPy's float64.
"""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case

# What torch calls the type of a tensor tells its device too, in the message of a convolution.
_TYPES = re.compile(
    r"Input type \((?P<input>[\w.:]+)\) and (?:bias|weight)(?: type)? \((?P<own>\S+)\)"
)
_DEVICES = re.compile(r"(?i)(cuda|mps|xpu|npu|hpu|xla)")
_OF_CPU = re.compile(r"^(?:torch\.(?:\w+Tensor)|CPU\w+Type)$")
_WHOLE = re.compile(r"\b(?:[Ll]ong|Int|int|int64|int32)\b|Input type \(unsigned char\)")
_DOUBLE = re.compile(r"\b[Dd]ouble\b|\bfloat64\b")
_ASKED = re.compile(
    r"[Ee]xpected (?:scalar type|object of scalar type|target dtype to be) (?P<asked>\w+)"
    r"(?: or Byte)?,? but (?:found|got)(?: scalar type)? (?P<found>\w+)"
)
_LOSS = re.compile(
    r"cross_entropy|nll_loss|mse_loss|binary_cross|l1_loss|criterion|loss_f|target dtype"
)


def _device_of(kind: str) -> str:
    named = _DEVICES.search(kind)
    if named:
        return named[1].lower()
    return "cpu" if _OF_CPU.match(kind) else ""


def _on_devices(case: Case) -> Answer | None:
    """Answer a convolution whose input and weights lie on two devices."""
    found = _TYPES.search(" ".join(case.message.split()) or case.hit.text)
    if found is None:
        return None
    here, weights = _device_of(found["input"]), _device_of(found["own"])
    if not here or not weights or here == weights:
        return None
    inputs = (
        "inputs = inputs.to(model.device)   before the call: images (pixel_values) and sound as "
        "well as input_ids"
    )
    model = (
        f"model.to('{here}')   after the last module was added, where all fits; device_map="
        f'{{"": 0}} where device_map="auto" left a part on the CPU'
    )
    return Answer(
        f"the input lies on {here} and the layer's weights on {weights}",
        (inputs,) if here == "cpu" else (model,),
        why="a processor makes its tensors on the CPU, and only a trainer moves them"
        if here == "cpu"
        else "a module that is made after the model was moved stays on the CPU, and so does one "
        "that was offloaded",
        known="the message has the types of both, which name the device (torch.cuda.FloatTensor "
        "is on a GPU, torch.FloatTensor on the CPU)",
    )


def _of_labels(asked: str, found: str) -> Answer:
    whole = asked.lower() in {"long", "int"}
    return Answer(
        f"the loss takes labels of the type {asked}, and gets {found}",
        (
            "labels = labels.long()   for classes, in the data set or the collator"
            if whole
            else "labels = labels.float()   for numbers, and for several labels at once",
            "problem_type='regression', num_labels=1   where labels are numbers and no classes"
            if whole
            else "problem_type='single_label_classification'   where a row has one class",
        ),
        why="cross entropy takes classes as int64; mean squares and binary cross entropy take "
        "floats",
        known="the message has both types, and the frames are those of a loss",
    )


def by_types(case: Case) -> Answer | None:
    """Answer two devices, whole numbers or float64 in one operation; ``None`` for precisions."""
    said = f"{case.message}\n{case.hit.text}"
    if found := _on_devices(case):
        return found
    if re.search(r"\bsigned char|\bint8\b|\bChar\b|masked_scatter|[Ii]ndex put", said):
        return None
    asked = _ASKED.search(said)
    is_whole = _WHOLE.search(said) is not None
    near = "\n".join((*case.frames.splitlines()[-6:], case.hit.text))
    if asked and is_whole and _LOSS.search(near):
        return _of_labels(asked["asked"], asked["found"])
    if is_whole:
        return Answer(
            "one operation meets whole numbers (token ids, labels, a mask) and floats",
            (
                "labels.long() for a loss over classes, labels.float() for one over numbers",
                "token ids go through the embedding first: model.get_input_embeddings()(input_ids)",
                "x.to(layer.weight.dtype)   for features that are numbers",
            ),
            why="no layer casts whole numbers by itself, and autocast does not either",
            known="the message has both types; which tensor it is, the last frame of your own code "
            "shows",
            settles=False,
        )
    if _DOUBLE.search(said):
        return Answer(
            "one operation meets float64 (double) and another type",
            (
                "x = x.float()   or .to(layer.weight.dtype), for what was made from NumPy or "
                "pandas: torch.tensor(array, dtype=torch.float32)",
                "no torch.set_default_dtype(torch.float64) and no model.double() in the script",
            ),
            why="the floats of NumPy and pandas are float64 where nothing else is "
            "said, and no checkpoint of a language model is in it",
            known="the message has both types",
        )
    return None


_EIGHT_BITS = Answer(
    "weights in 8 bits meet a plain matrix product, which cannot read them",
    (
        "load_in_4bit=True, or 16 bits, in place of load_in_8bit=True   to generate",
        "PeftModel on the base loaded by transformers alone (BitsAndBytesConfig(load_in_8bit="
        "True)), and its generate",
        "pip install -U unsloth unsloth_zoo   where Unsloth is used",
    ),
    why="bitsandbytes' own layer unpacks 8-bit weights; fast paths that take .weight directly, as "
    "Unsloth's inference does, meet the bytes",
    known="the message has the dtype of the bytes (signed char)",
    settles=False,
)


_FOUR_BITS = Answer(
    "weights that are packed in 4 bits (bytes) meet a plain matrix product, which cannot read them",
    (
        "from_pretrained(..., quantization_config=..., device_map={'': 0}), and no "
        "load_state_dict(), .to() or own copy of a weight after it",
        "pip install -U bitsandbytes peft transformers   (Unsloth: unsloth unsloth_zoo)",
        "16 bits for that layer: llm_int8_skip_modules=[NAME] in BitsAndBytesConfig",
    ),
    why="bitsandbytes' own layer unpacks its weights; code that takes .weight directly meets the "
    "bytes",
    known="the message has the dtype of the bytes",
    certain=False,
    settles=False,
)


_IN_A_COPY = Answer(
    "a model in 8 bits is run as copies on several GPUs (DataParallel), which misread its bytes",
    (
        "CUDA_VISIBLE_DEVICES=0 before the command",
        "or one process for each GPU: accelerate launch, torchrun --nproc_per_node GPUS",
    ),
    why="a script without a launcher that sees several GPUs may run so (the Trainer leaves out "
    "what it knows as a model in 8 bits); copies lose what bitsandbytes keeps beside the bytes",
    known="the frames are DataParallel's, and the message has the dtype of the bytes",
)


def of_bytes(case: Case) -> Answer | None:
    """Answer packed weights that are read as plain ones, by how many bits the bytes hold."""
    if re.search(r"\bByte\b|(?<!Input type \()unsigned char|\buint8\b", case.hit.text):
        return _FOUR_BITS
    if re.search(r"signed char|\bint8\b|\bChar\b", case.hit.text):
        copied = re.search(r"parallel_apply|in replica \d", f"{case.above}{case.frames}")
        return _IN_A_COPY if copied else _EIGHT_BITS
    return None
