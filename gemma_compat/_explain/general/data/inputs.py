"""What a model, a tokenizer or ``generate`` is called with."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always


def _unused_arguments(case: Case) -> Answer:
    names = re.findall(r"'(\w{1,40})'", case.match["names"])
    listed = ", ".join(names[:4])
    pictures = {"pixel_values", "image_position_ids", "input_features", "input_features_mask"}
    if pictures & set(names):
        return Answer(
            f"images (or sound) were given to a class that is text-only: {listed}",
            ("AutoModelForImageTextToText.from_pretrained(...)",),
            why="AutoModelForCausalLM of a multimodal checkpoint may give its text model, which "
            "takes no pictures",
            known="the message lists what the model does not take",
        )
    if (
        "token_type_ids" not in names
        and names
        and all(re.search(r"_(?:ids|mask|values|thw|sizes|features)$", name) for name in names)
    ):
        return Answer(
            f"generate was given what this model does not take: {listed}",
            (
                f"inputs.pop('{names[0]}', None)   before model.generate(**inputs)",
                "pip install -U transformers   where the processor is of the same checkpoint: a "
                "newer "
                "one hands on what an older class does not read",
            ),
            why="what a tokenizer or processor returns is handed on to the model",
            known="transformers lists what nothing used",
        )
    return Answer(
        f"generate was given what this model does not take: {listed}",
        (
            "model.generate(input_ids=batch['input_ids'], attention_mask=batch['attention_mask'], "
            "...)",
            "batch.pop('token_type_ids', None)   where a processor or an older tokenizer adds it",
        )
        if "token_type_ids" in names
        else (f"leave {names[0] if names else 'it'} out, or check its spelling",),
        why="what a tokenizer returns, and every misspelt option, is handed on to the model",
        known="transformers lists what nothing used",
    )


_NO_DECODER_INPUT = Answer(
    "the decoder of an encoder-decoder model got no input: neither labels nor decoder_input_ids",
    (
        "model(input_ids=..., labels=...)   : from labels the model makes its decoder's input",
        "DataCollatorForSeq2Seq(tokenizer, model=model), and a column labels in the rows",
        "model.generate(...)   in place of model(...), where there are no labels",
    ),
    known="the message names the decoder's input",
    settles=False,
)


def _neither(case: Case) -> Answer:
    """Answer a model without inputs, with the same one twice, or a decoder without its own."""
    text = case.hit.text
    if "cannot specify both" in text:
        name = (
            "decoder_input_ids and decoder_inputs_embeds"
            if "decoder_" in text
            else ("input_ids and inputs_embeds")
        )
        return Answer(
            f"the model was given {name} at once, and takes one of them",
            (
                "the ids alone; embeddings alone where they were changed (a soft prompt, images "
                "put "
                "in)",
                "prompt or prefix tuning: pip install -U peft, or LoRA in its place",
            ),
            why="what a collator makes (input_ids) comes on top of embeddings that a wrapper made",
            known="the message",
            settles=False,
        )
    if "decoder_" in text:
        return _NO_DECODER_INPUT
    is_either = "exactly one" in text
    return Answer(
        "the model was called with neither input_ids nor inputs_embeds"
        + (" (or with both)" if is_either else ""),
        (
            "model(input_ids=batch['input_ids'], attention_mask=..., labels=...)",
            "an encoder-decoder (T5Gemma): labels or decoder_input_ids too",
            "print(batch.keys())   shows what the collator made",
        ),
        why="the rows were not tokenized, the columns have other names, or a step of generate lost "
        "its input to the cache",
        known="the message; which of these it is, the frames say",
        settles=False,
    )


def _rope(case: Case) -> Answer | None:
    said = f"{case.near}{case.around}"
    if "KeyError" in case.match[0] and case.is_of_the_script and "conf" not in case.code:
        return None  # a table of the script
    if case.match["key"] and not re.search(r"(?i)\brope(?:\b|_)|rotary|RopeScaling", said):
        return None  # any dict may have such a key
    return Answer(
        "the checkpoint's config writes its rotary embedding in another form than the software "
        "reads",
        (
            "pip install -U transformers   (or mlx-lm, vllm, whichever raised)",
            "the config.json of the original checkpoint, where a newer transformers saved this one",
        ),
        why="rope_scaling got more keys and types with transformers 4.43 and became "
        "rope_parameters in 5.0",
        settles=False,
    )


_A_PLACE = re.compile(r"_(?:cuda|cusolver|mps|hip)\b|cuda_|_cuda\w*|cusolver")


def _without_a_kernel(case: Case) -> Answer:
    """Tell the CPU, which lacks most kernels of float16, from a GPU, which lacks a few."""
    name = case.match["kernel"]
    if _A_PLACE.search(name):
        return Answer(
            f"{name}: the GPU has no kernel of float16 for that operation",
            (
                "x.float()   before that operation, and .to(torch.float16) after it",
                "or float32 for the weights that it is run on: dtype=torch.float32 at loading",
            ),
            why="decompositions (svd, qr, as PiSSA's and OLoRA's starts take), distances and "
            "others "
            "exist in float32 and float64 only",
            known="the message names the kernel, which is one of a GPU",
        )
    return Answer(
        "a tensor in float16 is on the CPU, which has no kernel for that operation",
        (
            "dtype=torch.float32   (or torch.bfloat16) on the CPU",
            "or model.to('cuda') and inputs.to('cuda'), where a GPU was meant",
            "print({p.device for p in model.parameters()})   : device_map='auto' leaves on the CPU "
            "what the GPU does not hold",
        ),
        known="the message; the kernel's name says no GPU",
        certain=re.search(r"(?i)cpu|kernel_?impl", name) is not None,
    )


KINDS: tuple[General, ...] = (
    General(
        "arguments-that-generate-leaves",
        r"`model_kwargs` are not used by the model: \[(?P<names>[^\]\n]{1,300})",
        _unused_arguments,
        {
            "ValueError: The following `model_kwargs` are not used by the model: "
            "['token_type_ids'] (note: typos in the generate arguments": "token_type_ids",
            "ValueError: The following `model_kwargs` are not used by the model: ['pixel_values'] "
            "(note": "ImageTextToText",
            "ValueError: The following `model_kwargs` are not used by the model: "
            "['mm_token_type_ids'] (note": "inputs.pop(",
        },
    ),
    General(
        "no-input-at-all",
        r"You (?:have to|must) specify (?:either |exactly one of )?input_ids or inputs_embeds|"
        r"cannot specify both (?:decoder_)?input_ids and (?:decoder_)?inputs_embeds|"
        r"You have to specify input_ids|"
        r"specify (?:exactly one of|either) (?:decoder_)?input_ids or",
        _neither,
        {
            "ValueError: You cannot specify both input_ids and inputs_embeds at the same time": (
                "the ids alone"
            ),
            "ValueError: You have to specify either decoder_input_ids or decoder_inputs_embeds": (
                "a column labels"
            ),
            "ValueError: You have to specify either input_ids or inputs_embeds": "batch.keys()",
            "ValueError: You must specify exactly one of input_ids or inputs_embeds": (
                "print(batch.keys())"
            ),
        },
    ),
    General(
        "class-without-a-loss",
        r"it only computes hidden states and does not accept any labels",
        always(
            "the class that was loaded has no head: it computes hidden states, and no loss",
            "AutoModelForCausalLM.from_pretrained(...)   (AutoModelForImageTextToText, "
            "AutoModelForSequenceClassification), and not AutoModel",
        ),
        {
            "ValueError: The model you have picked (Gemma3TextModel) cannot be used as is for "
            "training: it only computes hidden states and does not accept any labels, so it "
            "cannot compute a loss.": "AutoModelForCausalLM"
        },
    ),
    General(
        "half-precision-on-the-cpu",
        r"\"(?P<kernel>\w{3,60})\" not implemented for 'Half'",
        _without_a_kernel,
        {
            "RuntimeError: \"addmm_impl_cpu_\" not implemented for 'Half'": "float32",
            "RuntimeError: \"linalg_qr_cuda\" not implemented for 'Half'": "PiSSA",
            "RuntimeError: \"LayerNormKernelImpl\" not implemented for 'Half'": "model.to('cuda')",
        },
    ),
    General(
        "rope-in-another-form",
        r"`?rope_scaling`? must (?:be a dictionary|have a|contain keys)|"
        r"rope_scaling must contain keys|Unknown RoPE scaling type|KeyError: 'rope_type'|"
        r"KeyError: '(?P<key>factor)'|"
        r"Missing required keys in `rope_(?:scaling|parameters)`",
        _rope,
        {
            "ValueError: `rope_scaling` must be a dictionary with two fields, `type` and "
            "`factor`, got {'rope_type': 'linear', 'factor': 8.0}": "-U transformers",
            "ValueError: rope_scaling must contain keys {'factor', 'type'}": "mlx-lm",
            "    scale = config.rope_scaling['factor']\nKeyError: 'factor'": "config.json",
            "scaled properly\n    scale = cfg['factor']\nKeyError: 'factor'": "",
        },
    ),
    General(
        "classifier-without-padding",
        r"Cannot handle batch sizes > 1 if no padding token is defined",
        always(
            "a classifier reads the last token that is not padding, and the config has no padding "
            "token",
            "model.config.pad_token_id = tokenizer.pad_token_id   (tokenizer.pad_token = "
            "tokenizer.eos_token first, where it has none)",
            "of a multimodal Gemma also model.config.get_text_config().pad_token_id",
        ),
        {
            "ValueError: Cannot handle batch sizes > 1 if no padding token is defined.": (
                "pad_token_id ="
            )
        },
    ),
    General(
        "prompt-longer-than-allowed",
        r"Input length of \w{1,30} is \d+, but `max_length` is set to \d+",
        lambda case: Answer(
            "the prompt alone is longer than max_length, which counts prompt and answer together",
            (
                "generation_max_length=1024 in Seq2SeqTrainingArguments, or "
                "model.generation_config.max_new_tokens = 256",
            )
            if case.phase == "evaluating" or case.says("prediction_step")
            else ("max_new_tokens=256   in place of max_length",),
            why="max_length is 20 where nothing sets it",
        ),
        {
            "ValueError: Input length of input_ids is 600, but `max_length` is set to 512.": (
                "max_new_tokens"
            ),
            '  File "/x/site-packages/transformers/trainer_seq2seq.py", line 3, in '
            "prediction_step\n    "
            "x\nValueError: Input length of input_ids is 600, but `max_length` is set to 20.": (
                "generation_max_length"
            ),
        },
    ),
)
