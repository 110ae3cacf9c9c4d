"""What torch, numpy and bitsandbytes refuse of one tensor: its dimensions, numbers and place."""

from __future__ import annotations

import re

from ...answer import Answer
from ...places import distribution_of
from ..base import Case, General, always
from ..released import upgrade
from .packed_weights import left_on_the_cpu


def _last(case: Case) -> str:
    """Return the package that the last frame is of, as pip names it; empty for numpy's own."""
    names = [item for item in case.packages if item not in {"numpy", "torch"}]
    return distribution_of(names[-1]) if names and not case.is_of_the_script else ""


_REPLICATED = re.compile(r"\[rank\d+\]:|\bDDP\b|DistributedDataParallel|torchrun|ChildFailedError")


def _changed_in_place(case: Case) -> Answer:
    look = (
        "torch.autograd.set_detect_anomaly(True)   names the line: there x = x + y in place of "
        "x += y"
    )
    if case.match["leaf"]:
        return Answer(
            "a weight, or an input that takes a gradient, is changed in place",
            (
                "x = x.clone()   before the line of the last frame changes it",
                "with torch.no_grad():   around it, where a weight is set on purpose (its first "
                "values)",
                "no enable_input_require_grads() where the embeddings' output is changed: "
                "gradient_checkpointing_kwargs={'use_reentrant': False} does without it",
            ),
            why="torch refuses that where nothing came before the tensor that takes the gradient: "
            "a parameter, or the output of frozen embeddings that a hook made one",
            known="torch says so; which tensor it is, the last frame shows",
            settles=False,
        )
    replicas = (
        "DistributedDataParallel(..., broadcast_buffers=False)   where the model is called twice "
        "before one backward: each call sends the buffers anew (Trainer: ddp_broadcast_buffers="
        "False)"
    )
    return Answer(
        "a tensor that the backward pass still needs was overwritten in place",
        (
            *((replicas,) if _REPLICATED.search(case.near + case.around) else ()),
            "model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={'use_reentrant': "
            "False})",
            look,
        ),
        why="an in-place change of the embeddings' output is the commonest: a hook for gradients, "
        "noise (NEFTune), images put into the text",
        known="torch says so; which operation it is, anomaly detection says",
        settles=False,
    )


def _to_numpy(case: Case) -> Answer:
    package = _last(case)
    cast = "x.detach().float().cpu().numpy()"
    metrics = (
        "in compute_metrics: preprocess_logits_for_metrics=lambda logits, labels: logits.argmax(-1)"
    )
    return Answer(
        "a tensor was handed to NumPy, which takes neither bfloat16, nor a GPU's tensor, "
        "nor one with a gradient",
        (
            f"{upgrade(package)}   whose line it is; or the model in float32 for that step: "
            "model.float()",
            metrics,
        )
        if package
        else (cast, metrics),
        known="torch says so",
        settles=not package,
    )


KINDS: tuple[General, ...] = (
    General(
        "dimension-that-is-not-there",
        r"Dimension out of range \(expected to be in range of \[-?\d+, -?\d+\], but got -?\d+\)|"
        r"too many indices for tensor of dimension \d+|"
        r"index -?\d+ is out of bounds for dimension \d+ with size \d+",
        always(
            "a tensor has fewer dimensions, or fewer entries in one, than a line counts on",
            "print(x.shape) before the last frame of the script",
            "x.unsqueeze(0) for one row without a batch dimension; return_tensors='pt' gives it",
            why="one row where a batch is expected, an empty batch, a squeeze() too many, or under "
            "ZeRO-3 and FSDP a weight that is only here in part",
            known="the message; which tensor it is, the last frame shows",
            settles=False,
        ),
        {
            "IndexError: too many indices for tensor of dimension 1": "unsqueeze(0)",
            "IndexError: index 1 is out of bounds for dimension 0 with size 1": "x.shape",
        },
    ),
    General(
        "number-too-large-for-the-type",
        r"value cannot be converted to type (?:at::)?(?P<type>Half|BFloat16|c10::Half|"
        r"c10::BFloat16)"
        r" without overflow",
        lambda case: Answer(
            f"a constant, mostly one that fills a mask, is too large for {case.match['type']}",
            (
                *(
                    ("bf16=True, dtype=torch.bfloat16   in place of float16",)
                    if "Half" in case.match["type"]
                    else ()
                ),
                "torch.finfo(x.dtype).min   in place of -1e9 or of float32's least number",
                "pip install -U the package of the last frame",
            ),
            why="float16 ends at 65,504; bfloat16 just below the largest float32, so that number "
            "itself does not fit",
            known="the message names the type",
            settles=False,
        ),
        {
            "RuntimeError: value cannot be converted to type at::Half without overflow": "finfo",
            "RuntimeError: value cannot be converted to type at::BFloat16 without overflow": (
                "for BFloat16. torch.finfo"
            ),
        },
    ),
    General(
        "limits-of-whole-numbers",
        r"torch\.finfo\(\) requires a floating point input type",
        always(
            "the limits of a floating dtype are asked of a tensor of whole numbers",
            "look at the last frame: weights that were packed in 4 or 8 bits (uint8, int8), or "
            "token ids or a mask in place of embeddings?",
            "llm_int8_skip_modules=[...] in BitsAndBytesConfig, with the module of that frame",
            "pip install -U transformers",
            why="bitsandbytes keeps 4-bit weights as uint8 and 8-bit ones as int8, so code that "
            "takes a dtype from a weight finds no floating one",
            known="the message; which tensor it is, the last frame shows",
            settles=False,
        ),
        {
            "TypeError: torch.finfo() requires a floating point input type. Use torch.iinfo to "
            "handle 'torch.finfo'": "llm_int8_skip_modules",
        },
    ),
    General(
        "inputs-left-on-the-cpu",
        r"All input tensors need to be on the same GPU, but found some tensors to not be on",
        left_on_the_cpu,
        {
            "RuntimeError: All input tensors need to be on the same GPU, but found some tensors to "
            "not be on a GPU": "to(model.device)",
            "RuntimeError: All input tensors need to be on the same GPU, but found some tensors to "
            "not be on a GPU:\n [(torch.Size([8847360, 1]), device(type='cpu')), (torch.Size([12, "
            "2304]), device(type='cuda', index=0))]": "packed weights",
        },
    ),
    General(
        "copy-that-numpy-2-refuses",
        r"Unable to avoid copy while creating an array as requested",
        lambda case: Answer(
            "the script asks numpy 2 for an array in a way that only numpy 1 allows"
            if case.is_of_the_script
            else "an older package asks numpy 2 for an array in a way that only numpy 1 allows",
            (
                "np.asarray(x)   in place of np.array(x, copy=False)"
                if case.is_of_the_script
                else upgrade(_last(case))
                if _last(case)
                else "pip install -U datasets   (or the package of the last frame)",
                "or pip install 'numpy<2'   and restart the kernel",
            ),
            why="np.array(x, copy=False) raises from numpy 2.0 on where a copy is needed",
            known="the message; the package is that of the last frame",
            settles=False,
        ),
        {
            'Traceback (most recent call last):\n  File "/w/t.py", line 9, in f\n    '
            "np.array(t, copy=False)\nValueError: Unable to avoid copy while creating an array as "
            "requested.": "np.asarray",
            "ValueError: Unable to avoid copy while creating an array as requested.": "numpy<2",
            'File "/x/site-packages/gensim/utils.py", line 2, in f\n    np.array(x, copy=False)\n'
            "ValueError: Unable to avoid copy while creating an array as requested.": "-U gensim",
        },
    ),
    General(
        "replicas-of-unequal-length",
        r"Input tensor at index \d+ has invalid shape \[[\d, ]{1,40}\], but expected",
        always(
            "the script runs under DataParallel, whose GPUs return results of unequal length",
            "CUDA_VISIBLE_DEVICES=0   before the command, for one GPU",
            "or accelerate launch SCRIPT, one process for each GPU",
            why="a Trainer that is started without a launcher on several GPUs wraps the model in "
            "DataParallel; its parts of a batch are padded to different lengths",
            known="torch raises it where it gathers from the GPUs of one process",
        ),
        {
            "RuntimeError: Input tensor at index 1 has invalid shape [1, 12, 262144], but expected "
            "[1, 14, 262144]": "DataParallel"
        },
    ),
    General(
        "bfloat16-to-numpy",
        r"Got unsupported ScalarType BFloat16|Can't call numpy\(\) on Tensor that requires grad|"
        r"can't convert cuda:\d device type tensor to numpy",
        _to_numpy,
        {
            "TypeError: Got unsupported ScalarType BFloat16": "detach()",
            'Traceback (most recent call last):\n  File "/x/site-packages/sentence_transformers/a.'
            'py", line 9, in f\n    e.numpy()\nTypeError: Got unsupported ScalarType BFloat16': (
                "-U sentence-transformers"
            ),
        },
    ),
    General(
        "changed-in-place",
        r"modified by an inplace operation|(?P<leaf>a (?:view of a )?leaf Variable that requires "
        r"grad is being used in an in-place)",
        _changed_in_place,
        {
            "a = ddp(x); b = ddp(x)\n[rank1]: RuntimeError: one of the variables needed for "
            "gradient computation has been modified by an inplace operation: "
            "[torch.cuda.FloatTensor [4]] is at version 3; expected version 2 instead.": (
                "broadcast_buffers=False"
            ),
            "RuntimeError: a leaf Variable that requires grad is being used in an in-place "
            "operation.": "clone()",
            "RuntimeError: one of the variables needed for gradient computation has been modified "
            "by an inplace operation: [torch.cuda.FloatTensor [2]]": "set_detect_anomaly",
        },
    ),
    General(
        "inference-tensor-in-training",
        r"Inference tensors cannot be saved for backward|Inplace update to inference tensor|"
        r"Setting requires_grad=True on inference tensor",
        always(
            "a tensor that was made under torch.inference_mode() is used in training",
            "torch.no_grad() in place of torch.inference_mode() around generation and evaluation",
            "with Unsloth: FastModel.for_training(model) before trainer.train()",
            known="torch says so",
        ),
        {
            "RuntimeError: Inference tensors cannot be saved for backward. To work around you can "
            "make a clone": "for_training"
        },
    ),
    General(
        "padded-with-none",
        r"argument 'padding_value' \(position \d\) must be float, not NoneType",
        always(
            "rows are padded with None: who pads has no id of a pad token",
            "print(tokenizer.pad_token_id)   : None? tokenizer.pad_token = tokenizer.eos_token "
            "(a Gemma has <pad> already)",
            "a processor was given: processor.tokenizer.pad_token_id",
            why="a collator takes pad_token_id from the object that it was given, and a processor "
            "or a tokenizer without a pad token gives None",
            known="the message; whose id it is, only the frames show",
            certain=False,
            settles=False,
        ),
        {
            "TypeError: pad_sequence(): argument 'padding_value' (position 3) must be float, not "
            "NoneType": "pad_token_id"
        },
        alone=True,
    ),
    General(
        "no-number-in-a-tensor",
        r"Could not infer dtype of (?P<kind>dict|str|[A-Z]\w{2,40}(?:ImageFile|Image))\b",
        lambda case: Answer(
            f"a tensor is to be made of numbers, and a value of the class {case.match['kind']} is "
            "among them",
            (
                "print({name: type(value) for name, value in dataset[0].items()})",
                "texts through the tokenizer, images through the processor, and the raw columns "
                "out of the batch: dataset.remove_columns(...)",
            ),
            why="a collator makes tensors of all columns that it is left with",
            known="the message names the class; which column it is, it does not say",
            settles=False,
        ),
        {
            "RuntimeError: Could not infer dtype of JpegImageFile": "processor",
            "RuntimeError: Could not infer dtype of dict": "remove_columns",
            "RuntimeError: Could not infer dtype of NoneType": "",
        },
        alone=True,
    ),
)
