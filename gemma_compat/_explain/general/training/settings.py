"""Settings of the Trainer and of accelerate that are missing or exclude each other."""

from __future__ import annotations

import re

from ....conditions.hardware import is_without_bfloat16
from ...answer import Answer
from ..base import Case, General, always
from .no_loss import no_loss_returned
from .of_llamafactory import of_llamafactory


def _arguments(case: Case) -> Answer:
    names = re.findall(r"'-{0,2}([A-Za-z]\w{1,40})'", case.match["names"])
    options = re.findall(r"'--(\w{1,40})", case.match["names"]) or names
    listed = ", ".join(options[:4])
    if re.search(r"(?i)llama-?_?factory|\bhparams[/\\]parser\.py", f"{case.around}\n{case.near}"):
        return of_llamafactory(names, listed)
    if "torch_dtype" in options and re.search(r"[/\\]trl[/\\]", case.around):
        return Answer(
            f"the installed TRL has other names for its options: it does not know {listed}",
            ("--dtype bfloat16   in place of --torch_dtype", "or pip install 'trl<0.27'"),
            why="its ModelConfig has dtype from 0.23 on, and torch_dtype up to 0.26.2",
            known="the parser lists what nothing took; read in the wheels of trl",
            settles=False,
        )
    return Answer(
        f"the script or its config file is given options that it does not know: {listed}"
        if listed
        else "the script or its config file is given options that it does not know",
        (
            "python SCRIPT --help   lists the names of this release",
            "or upgrade what reads them, where the option is newer than what is installed",
        ),
        why="options are renamed, moved to another class and removed between releases, and a "
        "misspelt one looks the same",
        known="the parser lists what nothing took",
        settles=False,
    )


def _no_gpu_for_fp16(case: Case) -> Answer:
    if "mps" in case.hit.text or case.log.apple:
        return Answer(
            "fp16 was asked for, and Apple's GPU (mps) has no mixed precision in float16 here",
            (
                "fp16=False, bf16=False   on a Mac: float32, or the dtype of loading",
                "pip install -U torch accelerate   newer releases take bf16 on mps",
            ),
            why="mixed precision in float16 needs a scaler of gradients, which accelerate has for "
            "CUDA and a few others alone",
            known="the message",
            settles=False,
        )
    return Answer(
        "fp16 was asked for, and the process sees no GPU that computes it",
        (
            'python -c "import torch; print(torch.__version__, torch.cuda.is_available())"',
            "or bf16=True or neither, for a run on the CPU",
        ),
        why="False there means a torch built for the CPU, no driver, or no GPU that is "
        "visible to the process",
    )


def _other_parameters(case: Case) -> Answer:
    resumed = (
        "the same LoRA targets, the same frozen parts, the same number of GPUs and the same "
        "optimizer as when the checkpoint was written"
    )
    anew = (
        "without resume_from_checkpoint: model=PeftModel.from_pretrained(base, CHECKPOINT, "
        "is_trainable=True) goes on with its weights and a new optimizer"
    )
    if "parameter group" in case.match[0] or "optimizer's group" in case.match[0]:
        return Answer(
            "a saved optimizer is loaded for other parameters than the model trains now",
            (resumed, anew),
            why="a checkpoint's optimizer state fits the trainable parameters that it was written "
            "for",
            known="torch compares the groups of parameters and says so",
            settles=False,
        )
    return Answer(
        "the optimizer holds other parameters than the model has now",
        (
            "make the optimizer after the model has its device, its adapters and its frozen parts; "
            "or leave it to the Trainer",
        ),
        why="a model that is moved or wrapped gets new parameters, and the optimizer keeps the old",
        known="the message",
        settles=False,
    )


def _both_halves(case: Case) -> Answer:
    lacks = is_without_bfloat16.is_known_to_hold(case.facts)
    return Answer(
        "fp16 and bf16 are both on, and a run has one mixed precision",
        (
            "fp16=True, bf16=False, with weights in float32   : this card computes no bfloat16"
            if lacks
            else "bf16=True, fp16=False   (fp16=True, bf16=False on a T4 or V100)",
        ),
        why="a Gemma's activations pass the largest number of float16, so bf16 comes first "
        "where the card computes it",
    )


KINDS: tuple[General, ...] = (
    General(
        "options-that-nothing-takes",
        r"Some (?:specified arguments|keys) are not used by the HfArgumentParser: "
        r"(?P<names>[^\n]{0,300})",
        _arguments,
        {
            "ValueError: Some specified arguments are not used by the HfArgumentParser: "
            "['--peft_lora_r', '16']": "peft_lora_r",
            "ValueError: Some keys are not used by the HfArgumentParser: ['flash_atn']": "--help",
            "llamafactory 0.9.3\nValueError: Some keys are not used by the HfArgumentParser: "
            "['image_resolution']": "image_resolution is image_max_pixels since 0.9.3",
            'File "/x/dist-packages/trl/scripts/_hf_argparser.py", line 380, in f\n    raise\n'
            "ValueError: Some specified arguments are not used by the HfArgumentParser: "
            "['--torch_dtype', 'bfloat16']": "--dtype bfloat16",
            "llamafactory-cli webchat a.yaml\nValueError: Some keys are not used by the "
            "HfArgumentParser: ['bf16', 'do_train', 'output_dir']": "llamafactory-cli train",
            "llamafactory 0.9.2\nValueError: Some keys are not used by the HfArgumentParser: "
            "['freeze_language_model']": "-U llamafactory",
        },
    ),
    General(
        "both-half-precisions",
        r"At most one of fp16 and bf16 can be True",
        _both_halves,
        {"ValueError: At most one of fp16 and bf16 can be True, but not both": "bf16=True"},
    ),
    General(
        "half-precision-without-a-gpu",
        r"(?:fp16|FP16) (?:mixed precision )?(?:requires a (?:GPU|device)|training with AMP|Mixed "
        r"precision training with AMP or APEX)|use `fp16` but it is not supported on cpu|"
        r"FP16 Mixed precision training with AMP or APEX",
        _no_gpu_for_fp16,
        {
            "ValueError: FP16 Mixed precision training with AMP or APEX (`--fp16`) and FP16 half "
            "precision evaluation (`--fp16_full_eval`) can only be used on CUDA devices.": (
                "is_available"
            ),
            "ValueError: fp16 mixed precision requires a GPU (not 'mps').": "on a Mac",
        },
    ),
    General(
        "steps-of-a-stream",
        r"(?:train_dataset|dataloader) does not (?:implement __len__|have a length)|"
        r"specify `max_steps` in streaming mode",
        always(
            "a streamed data set has no length, so the Trainer cannot count the steps of an epoch",
            "max_steps=1000   (rows x epochs / rows of a step)",
            "or load it without streaming=True",
        ),
        {
            "ValueError: The train_dataset does not implement __len__, max_steps has to be "
            "specified.": "max_steps",
            "ValueError: args.max_steps must be set to a positive value if dataloader does not "
            "have a length, was -1": "max_steps",
        },
    ),
    General(
        "no-rows-to-train-on",
        r"Trainer: training requires a train_dataset|[Pp]lease specify dataset for training|"
        r"requires specifying a train_dataset",
        always(
            "the trainer was made without training data",
            "train_dataset=dataset['train']",
            "dataset: NAME in the YAML of LLaMA-Factory",
        ),
        {"ValueError: Trainer: training requires a train_dataset.": "train_dataset="},
    ),
    General(
        "no-loss-returned",
        r"did not return a loss from the inputs, only the following keys"
        r"(?P<rest>[^\n]{0,600})",
        no_loss_returned,
        {
            "ValueError: The model did not return a loss from the inputs, only the following keys: "
            "logits. For reference, the inputs it received are input_ids,attention_mask.": "labels",
            "ValueError: The model did not return a loss from the inputs, only the following keys: "
            "logits. For reference, the inputs it received are input_ids,pixel_values,labels.": (
                "the batch has labels"
            ),
            "ValueError: The model did not return a loss from the inputs, only the following keys: "
            "last_hidden_state,past_key_values. For reference, the inputs it received are "
            "input_ids,attention_mask.": "without a head",
            "ValueError: The model did not return a loss from the inputs, only the following keys: "
            "logits_per_image,text_embeds. For reference, the inputs it received are input_ids.": (
                "return_loss=True"
            ),
        },
    ),
    General(
        "no-batch-size-fits",
        r"No executable batch size found, reached zero",
        always(
            "no batch size worked: it was made smaller after each failure, down to 0",
            "python -m gemma_compat memory --model MODEL --gpu CARD   says what would fit",
            "or a shorter max_length, LoRA on 4 bits, activation checkpointing",
            why="each attempt ended out of memory, or with an error whose text has the words of "
            "one; the first of them, above, has the figures",
            settles=False,
        ),
        {"RuntimeError: No executable batch size found, reached zero.": "memory --model"},
    ),
    General(
        "deepspeed-contradicts-the-trainer",
        r"correct the following DeepSpeed config values that mismatch",
        always(
            "the DeepSpeed config and the Trainer's arguments give other values for one setting",
            'write "auto" for each value that the message lists',
            known="the message lists both",
        ),
        {
            "ValueError: Please correct the following DeepSpeed config values that mismatch "
            "TrainingArguments values:\n- ds gradient_clipping=1.0 vs hf max_grad_norm=0.3": "auto"
        },
    ),
    General(
        "checkpointing-twice",
        r"activation_checkpointing.{0,60}(?:can't be set to True simultaneously|and the "
        r"activation_checkpointing)|gradient_checkpointing in training arg can't be set",
        always(
            "activations are to be recomputed twice: by FSDP and by the Trainer",
            "fsdp_activation_checkpointing: true in the FSDP config, and gradient_checkpointing="
            "False",
            why="both at once recompute each layer once more than needed",
        ),
        {
            "ValueError: The activation_checkpointing in FSDP config and the "
            "gradient_checkpointing in training arg can't be set to True simultaneously.": "FSDP"
        },
    ),
    General(
        "fsdp-in-one-process",
        r"Using fsdp only works in distributed training",
        always(
            "FSDP is set, and the script was started as one process",
            "accelerate launch SCRIPT   or torchrun --nproc_per_node GPUS SCRIPT",
            'or fsdp="" for one GPU',
        ),
        {"ValueError: Using fsdp only works in distributed training.": "torchrun"},
    ),
    General(
        "optimizer-before-the-move",
        r"model and the optimizer parameters are not on the same device|"
        r"doesn't match the size of optimizer's group|different number of parameter groups",
        _other_parameters,
        {
            "ValueError: loaded state dict contains a parameter group that doesn't match the size "
            "of optimizer's group": "LoRA targets"
        },
    ),
)
