"""What DeepSpeed refuses in its config and its engine, by the sentence that it prints."""

from __future__ import annotations

import re

from ....values import Value
from ...answer import Answer
from ..base import Case, General

_SAYS = "DeepSpeed says so"
_AUTO = '"auto"   in the config where the Trainer has the same setting'


class Refused(Value):
    """One sentence.

    Attributes:
        text: a regular expression of it.
        happened, do, why: of the answer.
        example: a text that has it.
    """

    text: str
    happened: str
    do: tuple[str, ...]
    why: str
    example: str


_REFUSED: tuple[Refused, ...] = (
    Refused(
        r"zero stage \S{1,30} requires an optimizer",
        "DeepSpeed sets up an engine of ZeRO-1 or ZeRO-2, and was given no optimizer for it",
        (
            "a model that is only read (reference, reward, evaluation before training): ZeRO-3, or "
            "no DeepSpeed for it",
            'a model that is trained: "optimizer": {"type": "AdamW", ...} in the config, or '
            "accelerator.prepare(model, optimizer) in one call",
        ),
        "ZeRO-1 and 2 divide the optimizer's state and nothing else; read in deepspeed 0.17.0",
        "AssertionError: zero stage 2 requires an optimizer",
    ),
    Refused(
        r"expected there to be only one unique element in",
        "ZeRO-3 gathers several weights at once, and these have more than one dtype (or device)",
        (
            "no load_in_8bit under ZeRO-3; load_in_4bit with bnb_4bit_quant_storage set to the "
            "dtype of the other weights",
            "one dtype for base and adapter: model.to(torch.bfloat16) before the engine is made",
            "or ZeRO-2, where the weights fit on each card",
        ),
        "the buffer that it gathers into has one dtype (or device) for all of a module's weights; "
        "read in deepspeed 0.17.0",
        "RuntimeError: expected there to be only one unique element in <generator object Init."
        "_convert_to_deepspeed_param.<locals>.all_gather_coalesced.<locals>.<genexpr>",
    ),
    Refused(
        r"Not sure how to proceed, we were given",
        "DeepSpeed is given its config twice: by an argument of the script and by the call",
        (
            "deepspeed.initialize(model=..., config=FILE)   without args=, or args= alone",
            "with the Trainer: deepspeed=FILE in TrainingArguments, no --deepspeed_config",
        ),
        "args.deepspeed_config of the launcher's own options and config= name a file each",
        "AssertionError: Not sure how to proceed, we were given deepspeed configs in the "
        "deepspeed arguments and deepspeed.initialize() function call",
    ),
    Refused(
        r"DeepSpeed requires --deepspeed_config to specify|"
        r"'config' argument expected string or dictionary",
        "DeepSpeed was given no config that it can read",
        (
            "deepspeed=FILE in TrainingArguments, or config=FILE in deepspeed.initialize",
            "accelerate config   and accelerate launch, without a file of DeepSpeed's",
        ),
        "the path is empty, or an object stands where a path or a dict belongs",
        "AssertionError: DeepSpeed requires --deepspeed_config to specify configuration file",
    ),
    Refused(
        r"bfloat16 and fp16 modes cannot be simultaneously enabled|"
        r"bf16 and fp16 (?:modes )?cannot be (?:both|simultaneously) enabled",
        "the DeepSpeed config switches on both bf16 and fp16",
        ('"bf16": {"enabled": "auto"}, "fp16": {"enabled": false}', _AUTO),
        "a Gemma wants bfloat16: float16 overflows",
        "AssertionError: bfloat16 and fp16 modes cannot be simultaneously enabled",
    ),
    Refused(
        r"bfloat16 mode is only enabled for Zero",
        "this DeepSpeed has bfloat16 with ZeRO 1, 2 and 3 only, and the config says 0",
        ('"zero_optimization": {"stage": 1}', "or pip install -U deepspeed"),
        "stage 0 in bfloat16 came with a later release",
        "AssertionError: bfloat16 mode is only enabled for Zero 1,2,3 currently. got 0",
    ),
    Refused(
        r"Type bf16 is not supported on your device|Type fp16 is not supported on your device",
        "the card, or the backend that DeepSpeed chose, does not take this precision",
        (
            'python -c "import torch; print(torch.cuda.get_device_capability())"   : bfloat16 '
            "wants 8.0 or more",
            "DS_ACCELERATOR=cuda   before the command, where DeepSpeed chose the CPU",
        ),
        "DeepSpeed asks its accelerator for it; without a visible GPU that is the CPU",
        "ValueError: Type bf16 is not supported on your device.",
    ),
    Refused(
        r"(?:Train batch size|Micro batch size per gpu|Gradient accumulation steps): \S{1,12} has "
        r"to be greater than 0",
        "a batch size in the DeepSpeed config is 0 or below",
        (
            '"train_micro_batch_size_per_gpu": 1, "gradient_accumulation_steps": 8   and no '
            "train_batch_size, or",
            _AUTO,
        ),
        "train_batch_size is divided by cards and accumulation: fewer rows than cards give 0",
        "AssertionError: Micro batch size per gpu: 0 has to be greater than 0",
    ),
    Refused(
        r"'max_grad_norm' is not supported as an optimizer parameter",
        "max_grad_norm stands among the optimizer's parameters of the DeepSpeed config",
        ('"gradient_clipping": 1.0   at the top of the config',),
        "DeepSpeed clips by this setting",
        "ValueError: 'max_grad_norm' is not supported as an optimizer parameter, please switch",
    ),
    Refused(
        r"Duplicate keys in DeepSpeed config",
        "one key stands twice in the DeepSpeed config",
        ("take one of the two out: the message names them",),
        "JSON would silently keep the last",
        "ValueError: Duplicate keys in DeepSpeed config: ['optimizer']",
    ),
    Refused(
        r"is not a supported DeepSpeed Optimizer|DeepSpeed does not recognize LR scheduler|"
        r"Client Optimizer is of unexpected type",
        "DeepSpeed does not know this optimizer or scheduler",
        (
            'take "optimizer" and "scheduler" out of its config: the Trainer makes them then',
            '"AdamW" and "WarmupDecayLR" are names that it knows',
        ),
        "its config takes its own names, not those of torch or of optim=",
        "AssertionError: adamw_8bit is not a supported DeepSpeed Optimizer",
    ),
    Refused(
        r"(?<!AutoEP with ZeRO Stage 3 does not support )\bMoE (?:is )?not supported with "
        r"(?:ZeRO )?Stage 3",
        "DeepSpeed's own experts and ZeRO-3 do not go together",
        ('"stage": 2', "or the model's experts as transformers has them, without DeepSpeed's MoE"),
        "its expert groups and ZeRO-3's cuts of the weights exclude each other",
        "AssertionError: MoE not supported with Stage 3",
    ),
    Refused(
        r"consolidated_16bit_state_dict is only applicable|this function requires ZeRO-3 mode",
        "whole 16-bit weights are asked of a run that does not cut them",
        (
            "save_pretrained, or trainer.save_model: under ZeRO-1 and 2 each rank has the whole "
            "model",
            '"stage3_gather_16bit_weights_on_model_save": false   where the stage is not 3',
        ),
        "only ZeRO-3 and tensor parallelism have weights to put together",
        "ValueError: consolidated_16bit_state_dict is only applicable to cases where weights are "
        "partitioned",
    ),
    Refused(
        r"Mismatch in local rank setting, args\.local_rank",
        "the script's --local_rank is not that of the launcher",
        ("no --local_rank in the command: the launcher sets LOCAL_RANK",),
        "deepspeed and torchrun start each process with its number",
        "AssertionError: Mismatch in local rank setting, args.local_rank=0 but "
        "env['LOCAL_RANK']=1.",
    ),
    Refused(
        r"assert all_groups_norm > 0",
        "DeepSpeed's BF16 optimizer found the norm of the gradients to be 0 or not a number",
        (
            "print the loss of the step: NaN, or 0 because no token counts?",
            "pip install -U deepspeed   (newer ones, as 0.19.8, have not this assertion)",
            "a smaller learning rate and gradient_clipping, where it comes after hundreds of steps",
        ),
        "a batch whose labels are all -100, or a loss that is NaN, gives such gradients",
        '"assert all_groups_norm > 0"',
    ),
    Refused(
        r"ZeroParamStatus\.AVAILABLE, param\.ds_summary",
        "ZeRO-3 had not gathered a weight at the moment that it was used",
        (
            "engine(...)   and engine.generate, not engine.module.forward or a part of the model",
            "synced_gpus=True in generate, so that no rank stops before the others",
            "or ZeRO-2, where the weights fit on each card",
        ),
        "weights are fetched by hooks of the engine, in the order in which its modules run",
        "assert param.ds_status == ZeroParamStatus.AVAILABLE, param.ds_summary()",
    ),
    Refused(
        r"pytorch allocator cache flushes since last step",
        "the card's memory is nearly full: torch had to give its cache back in order to go on",
        (
            "per_device_train_batch_size=1 with more gradient_accumulation_steps, or shorter rows",
            "gradient_checkpointing=True; offload_optimizer to the CPU",
            "use_liger_kernel=True, where it knows the model: it does not keep the logits",
        ),
        "each flush costs time; the next longer row may not fit at all",
        "2 pytorch allocator cache flushes since last step. this happens when there is high "
        "memory pressure",
    ),
)


def _refused(case: Case) -> Answer | None:
    text = f"{case.hit.text}\n{case.message}"
    row = next((row for row in _REFUSED if re.search(row.text, text)), None)
    if row is None or case.is_of_the_script:
        return None
    return Answer(row.happened, row.do, why=row.why, known=_SAYS, settles=False)


def _no_engine(case: Case) -> Answer:
    dummy = case.match["dummy"]
    if not dummy and (
        case.is_of_the_script or re.search(r"get_state_dict|unwrap_model", case.frames)
    ):
        return Answer(
            f"{case.match['name']} is a method of DeepSpeed's engine, and the object is the bare "
            "model",
            (
                "accelerator.get_state_dict(MODEL_FROM_PREPARE), not of unwrap_model(...)",
                "or trainer.save_model(DIR), which gathers the weights itself",
                "trainer.model_wrapped, trainer.deepspeed   hold the engine",
            ),
            why="accelerate and the Trainer keep both: the model, and the engine around it",
            known="the class and the attribute are in the message; who passed it, the frames show",
            settles=False,
        )
    return Answer(
        f"a stand-in of accelerate ({dummy}) is used where DeepSpeed's own optimizer belongs: "
        "DeepSpeed did not take the model"
        if dummy
        else f"{case.match['name']} is a method of DeepSpeed's engine, and the model was not "
        "wrapped by it",
        (
            "deepspeed SCRIPT ... or torchrun --nproc_per_node GPUS SCRIPT ...   for one GPU too; "
            "not python SCRIPT",
            "pip install -U accelerate transformers deepspeed   of one time",
            "a loop of your own: all of model, optimizer and scheduler in one "
            "accelerator.prepare(...)",
        ),
        why="the config makes the optimizer, so that accelerate holds a stand-in until DeepSpeed "
        "has wrapped the model; without its launcher, or in releases that do not go together, "
        "that does not happen",
        known="the class and the attribute are in the message; why it was not wrapped, they do "
        "not say",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "deepspeed-refuses",
        "|".join(row.text for row in _REFUSED),
        _refused,
        {row.example: row.do[0].split()[0] for row in _REFUSED},
        alone=True,
    ),
    General(
        "engine-that-is-not-there",
        r"'(?P<dummy>DummyOptim|DummyScheduler)' object has no attribute|"
        r"'(?P<model>\w{3,60})' object has no attribute '(?P<name>zero_gather_16bit_weights_on_"
        r"model_save|save_16bit_model|zero_optimization(?:_partition_weights|_stage)?|_zero3_consolidated_"
        r"16bit_state_dict)'",
        _no_engine,
        {
            "AttributeError: 'DummyOptim' object has no attribute 'step'": "torchrun",
            "AttributeError: 'Gemma2ForCausalLM' object has no attribute "
            "'zero_gather_16bit_weights_on_model_save'": "engine",
        },
        alone=True,
    ),
)
