"""Files of a checkpoint or an adapter that do not fit, or are not there; accounts that refuse."""

from __future__ import annotations

import re

from ...answer import Answer
from ...unknown import OWN
from ..base import Case, General, always
from .state_keys import sides

_OF_LIBRARIES = re.compile(
    r"For(?:CausalLM|ConditionalGeneration|\w+Classification|MaskedLM)$|^Peft|^AutoModel"
)
_BESIDE = re.compile(r"(?:optim|epoch|step|global_step|iter|sched|args|config|best_)")
_WHOLE_STATE = re.compile(r"(?:model|state_dict|model_state_dict|module|net|weights|ema)$")


def _not_copied(text: str) -> Answer | None:
    found = re.search(
        r"While copying the parameter named \"(?P<name>[\w.]{1,160})\",[^\n]{0,300}?"
        r"(?:exception occurred ?: ?(?P<error>[^\n]{1,160})|received <class '(?P<kind>[^']+)'>)",
        text,
    )
    if found is None:
        return None
    return Answer(
        f"{found['name']} of the file is a {found['kind']} and no tensor"
        if found["kind"]
        else f"{found['name']} of the file could not be copied into the model",
        (
            "print({k: type(v) for k, v in state.items()})   : which level of the file holds the "
            "tensors?"
            if found["kind"]
            else "look at the end of that line: it has the error of the copy itself",
            "load the file on the CPU first: torch.load(FILE, map_location='cpu')",
        ),
        known="the message names the parameter",
        settles=False,
    )


def _nested(text: str) -> Answer | None:
    """Answer a training state that has the weights under one of its keys."""
    missing, more = sides(text)
    key = next((name for name in more if _WHOLE_STATE.fullmatch(name)), "")
    if not missing or not key or any("." in name for name in more):
        return None
    if key in {"weights", "net", "ema"} and not any(_BESIDE.match(name) for name in more):
        return None  # as a parameter may be called too
    return Answer(
        f"the file is a whole training state, and the weights lie in it under {key!r}",
        (f"model.load_state_dict(torch.load(FILE, map_location='cpu')[{key!r}])",),
        why="optimizer, epoch and the like lie beside the weights in such a file",
        known="the message lists the file's own names, and none of them is that of a weight",
    )


_OF_THE_SCRIPT = Answer(
    "names in the file and names in the class differ",
    (
        "print(sorted(set(model.state_dict()) ^ set(state)))   : the names that one side has alone",
        "the class and its options as they were when the file was saved",
        "load_state_dict(state, strict=False)   only where what is missing may stay random",
    ),
    why="a layer was renamed, added or left out, or a prefix was added by a wrapper",
    known="the message lists the names; the script's own line loads them",
    settles=False,
)


def _state_dict(case: Case) -> Answer | None:
    """Answer missing and unexpected keys; sizes have their own kind."""
    text = f"{case.message}\n{case.hit.after[:4000]}"
    if "size mismatch" in text:
        return None
    known = _not_copied(text) or _nested(text)
    if known is not None:
        return known
    missing = re.search(r"Missing key\(s\) in state_dict: \"([\w.]{2,160})\"", text)
    more = re.search(r"Unexpected key\(s\) in state_dict: \"([\w.]{2,160})\"", text)
    prefix = ""
    if missing and more:
        one, other = missing[1], more[1]
        prefix = (
            f": the model asks for {one}, the file has {other}"
            if one.rpartition(".")[2] == other.rpartition(".")[2]
            else ""
        )
    headline = f"names in the file and names in the class {case.match['name']} differ{prefix}"
    if (
        case.caller is not None
        and case.caller.owner == OWN
        and not _OF_LIBRARIES.search(case.match["name"])
    ):
        return _OF_THE_SCRIPT.replace(happened=headline)
    return Answer(
        headline,
        (
            "load it with from_pretrained of the class that saved it, with its config.json beside "
            "it",
            "a PEFT adapter: PeftModel.from_pretrained(base, 'FOLDER'), and not load_state_dict",
            "or the transformers and peft that saved it: names of Gemma's modules moved in 4.52"
            if "Gemma" in case.match["name"]
            else "or the release of the library that saved it",
        ),
        why="a prefix (module., model., base_model.model., language_model.) was added or left out "
        "by a wrapper or by another release",
        known="the message lists the names; which of these it is, their prefixes show",
        settles=False,
    )


_NOT_ALIGNED = Answer(
    "the attention mask does not lie in memory as torch's fused kernel wants it",
    (
        "pad_to_multiple_of=8   in the collator (DataCollatorForSeq2Seq(tokenizer, "
        "pad_to_multiple_of=8))",
        "or attn_implementation='eager'",
        "pip install -U transformers torch   : newer ones align it themselves",
    ),
    why="rows of the mask have to begin at multiples of the number in the message, and a row of "
    "tokens of an odd length makes others",
    known="the message has the stride",
    settles=False,
)
_WHOLE_NUMBERS = Answer(
    "whole numbers (a mask, ids, labels) meet floats in one operation",
    (
        "mask = mask.bool()   for attention, or .to(x.dtype) for numbers, in the line that makes "
        "the tensor",
    ),
    why="the operation casts neither",
    known="the message has both dtypes; which tensor is the other one, the frames show",
    settles=False,
)
_TWO_PRECISIONS = always(
    "two tensors of different precision meet in one operation",
    "dtype=torch.bfloat16 at loading and bf16=True in the arguments: one precision for all",
    "attn_implementation='eager'   if it is the attention mask",
    why="a part of the model (an adapter, a head, new embeddings) was made in float32 and runs "
    "without autocast",
    known="the message has both dtypes; which part is the other one, the frames show",
    settles=False,
)


KINDS: tuple[General, ...] = (
    General(
        "state-dict-of-another-class",
        r"Error\(s\) in loading state_dict for (?P<name>\w{2,80}):",
        _state_dict,
        {
            "RuntimeError: Error(s) in loading state_dict for Gemma3ForConditionalGeneration:\n"
            '\tMissing key(s) in state_dict: "model.norm.weight".\n\tUnexpected key(s) in '
            'state_dict: "language_model.norm.weight".': "language_model.norm.weight",
            "RuntimeError: Error(s) in loading state_dict for Nt:\n\tMissing key(s) in state_dict: "
            '"fc.weight".\n\tUnexpected key(s) in state_dict: "model", "optimizer", "epoch".': (
                "['model']"
            ),
            "RuntimeError: Error(s) in loading state_dict for Nt:\n\tMissing key(s) in state_dict: "
            '"w".\n\tUnexpected key(s) in state_dict: "weights", "bias".': "names in the class",
            "RuntimeError: Error(s) in loading state_dict for Net:\n\tWhile copying the parameter "
            'named "model", expected torch.Tensor or Tensor-like object from checkpoint but '
            "received <class 'collections.OrderedDict'>": "and no tensor",
            'Traceback (most recent call last):\n  File "/home/me/eval.py", line 40, in <module>\n'
            '    model.load_state_dict(torch.load("best.pt"))\nRuntimeError: Error(s) in loading '
            'state_dict for Nt:\n\tMissing key(s) in state_dict: "f.weight".': "one side has",
            "RuntimeError: Error(s) in loading state_dict for M:\n\tsize mismatch for a.b": "",
        },
    ),
    General(
        "no-class-fits-the-pipeline",
        r"Could not load model \S{1,160} with any of the following classes",
        always(
            "pipeline() tried its classes for this task, and each failed with its own error",
            "the tracebacks below that line: the first is the one that counts",
            "or load the class that config.json names, and hand it over: pipeline(task, "
            "model=model, tokenizer=tokenizer)",
            known="the message; the reasons follow it",
            settles=False,
        ),
        {
            "ValueError: Could not load model /x with any of the following classes: (<class "
            "'transformers.AutoModelForCausalLM'>,).": "first"
        },
    ),
    General(
        "shapes-in-one-batch-differ",
        r"Tensors must have same number of dimensions|operands do not broadcast with remapped",
        always(
            "tensors of different form come together in one operation",
            "print({k: v.shape for k, v in batch.items()})   for the batch that fails",
            "or look at the last frame: which two tensors it joins",
            known="the message; where they come from, the frames show",
            settles=False,
        ),
        {"RuntimeError: Tensors must have same number of dimensions: got 2 and 3": "shape"},
    ),
    General(
        "mask-of-another-dtype",
        r"Expected attn_mask dtype to be bool or|attn_mask[^\n]{0,60}match query dtype|"
        r"attn_bias_ptr is not correctly aligned|must have the same dtype, but got (?:Half|Float|"
        r"BFloat16|Double|float|c10)",
        lambda case: (
            _NOT_ALIGNED
            if "attn_bias" in case.match[0]
            else _WHOLE_NUMBERS
            if re.search(r"(?i)\b(?:long|int|short|byte)\b", case.hit.text)
            else _TWO_PRECISIONS(case)
        ),
        {
            "RuntimeError: attn_bias_ptr is not correctly aligned (strides). attn_bias.stride(0) = "
            "1025, and should be a multiple of 8": "pad_to_multiple_of=8",
            "RuntimeError: Expected attn_mask dtype to be bool or float or to match query dtype": (
                "bfloat16"
            ),
            "RuntimeError: Expected attn_mask dtype to be bool or float or to match query dtype, "
            "but got attn_mask.dtype: long int and  query.dtype: float instead.": "mask.bool()",
        },
    ),
)
