"""Sharded weights and states: DTensor, distributed checkpoints, JAX's trees; threads and locks."""

from __future__ import annotations

from ...answer import Answer
from ..base import Case, General, always
from .moving import gradient_of_integers, initialised_flat, one_is_empty


def _bucket(case: Case) -> Answer:
    return Answer(
        'DeepSpeed\'s "auto" sizes cannot be filled in: the config of this model has no hidden '
        "size at its top",
        (
            '"reduce_bucket_size": 50000000, "stage3_prefetch_bucket_size": 45000000, '
            '"stage3_param_persistence_threshold": 100000   in place of "auto"',
            "or the Trainer of transformers 4.50 or newer, which reads text_config; accelerate up "
            "to 1.15 does not",
        ),
        why="a multimodal Gemma (3, 3n, 4, PaliGemma) keeps its sizes in text_config; the sizes "
        "are about communication only, and any such number trains",
        known="the message lists the entries that stay open",
    )


def _not_sharded(case: Case) -> Answer:
    plain = 'optim="adamw_torch"   (not fused), and no torch.compile around it'
    other = "FSDP1 (fsdp_version: 1) or DeepSpeed"
    if "bitsandbytes." in case.message:
        return Answer(
            "an optimizer of bitsandbytes is given sharded weights (DTensor), and it knows none",
            (plain, other),
            why="FSDP2 and tensor parallelism shard the weights; the kernels of bitsandbytes are "
            "not registered for shards",
            known="torch names the operation, which is of bitsandbytes",
        )
    return Answer(
        "this torch has no sharded form of one operation on DTensors (FSDP2, tensor parallelism)",
        ("pip install -U torch", plain, other),
        known="torch names the operation",
        settles=False,
    )


def _with_a_fraction(case: Case) -> Answer | None:
    """Answer a size of ZeRO's config; leave other configs that pydantic reads."""
    if "ZeroConfig" not in case.message:
        return None
    value = case.match["value"]
    return Answer(
        f"a size in the DeepSpeed config is a number with a fraction, and has to be whole: {value}",
        (
            f'"stage3_prefetch_bucket_size": {value.partition(".")[0]}   in place of "auto" (the '
            "field that the message names)",
            "or pip install -U transformers accelerate",
        ),
        why='an older transformers or accelerate fills "auto" with 0.9 x hidden size squared '
        "without rounding, which a newer DeepSpeed refuses",
        known="the message shows field and value",
    )


KINDS: tuple[General, ...] = (
    General(
        "no-hidden-size-for-auto",
        r"neither `(?:model\.config\.)?hidden_size` nor",
        _bucket,
        {
            "ValueError: The model's config file has neither `hidden_size` nor `hidden_sizes` "
            "entry, therefore it's not possible to automatically fill out the following `auto` "
            "entries in the DeepSpeed config file: ['zero_optimization.reduce_bucket_size'].": (
                "reduce_bucket_size"
            ),
            "ValueError: Can find neither `model.config.hidden_size` nor "
            "`model.config.hidden_sizes`, therefore it's not possible": "does not",
        },
        alone=True,
    ),
    General(
        "one-of-two-is-empty",
        r"size of tensor a \((?:0\) must match the size of tensor b \((\d{3,6})|"
        r"(\d{3,6})\) must match the size of tensor b \(0)\)",
        one_is_empty,
        {
            "RuntimeError: The size of tensor a (0) must match the size of tensor b (3584) at "
            "non-singleton dimension 1": "keeps on other ranks",
            "RuntimeError: The size of tensor a (0) must match the size of tensor b (417) at "
            "non-singleton dimension 1": "print the shapes",
            "RuntimeError: The size of tensor a (12) must match the size of tensor b (14) at "
            "non-singleton dimension 1": "",
        },
    ),
    General(
        "weight-made-beside-zero",
        r"(?<!'NoneType' object )has no attribute 'ds_(?:id|tensor|shape|status|numel|summary)'",
        always(
            "a weight was made or replaced after ZeRO-3 had partitioned the model",
            "resize_token_embeddings, new heads and adapters first; then the Trainer or "
            "deepspeed.initialize",
            "with deepspeed.zero.GatheredParameters(list(module.parameters()), modifier_rank=0):   "
            "around a change to weights that are partitioned",
            "or ZeRO-2",
            why="partitioned weights carry the attributes ds_id, ds_tensor and others, which a new "
            "weight lacks",
            known="the attribute is DeepSpeed's; which weight it is, the frames show",
            settles=False,
        ),
        {
            "AttributeError: 'Parameter' object has no attribute 'ds_id'": "GatheredParameters",
            "AttributeError: 'NoneType' object has no attribute 'ds_id'": "",
        },
    ),
    General(
        "sharded-checkpoint-does-not-fit",
        r"CheckpointException ranks|Missing key in checkpoint state_dict: "
        r"(?!optimizer\.|\S{0,120}(?:_extra_state|decoder\.layers|shard_\d))|"
        r"\.metadata'? ?(?:is not|not found|does not exist)",
        always(
            "a sharded checkpoint (torch.distributed.checkpoint) is not the one that is looked for",
            "ls CHECKPOINT   has to show pytorch_model_fsdp_0/.metadata or global_stepN, whole",
            "resume with the FSDP version, adapters and optimizer that wrote it; "
            "save_only_model=False",
            "weights alone: accelerate merge-weights CHECKPOINT/pytorch_model_fsdp_0 OUT",
            why="names in it are those of the wrapped model at the time; a save that broke off "
            "leaves no .metadata",
            known="the message names the key or rank",
            settles=False,
        ),
        {"RuntimeError: Missing key in checkpoint state_dict: model.norm.": ("merge-weights")},
    ),
    General(
        "no-index-in-the-checkpoint",
        r"Can't find a checkpoint index \(",
        always(
            "the folder to resume from holds no whole weights: neither a single file nor an index "
            "of shards",
            "ls CHECKPOINT   shows what it has: adapter_model (PEFT), pytorch_model_fsdp_0 (FSDP), "
            "global_stepN (DeepSpeed)",
            "resume with the adapter, the FSDP or the DeepSpeed config that the run had",
            "or an earlier checkpoint, where a save broke off",
            known="transformers names the folder",
            settles=False,
        ),
        {
            "ValueError: Can't find a checkpoint index (pytorch_model.bin.index.json or "
            "model.safetensors.index.json) in /x/checkpoint-100.": "adapter_model"
        },
    ),
    General(
        "nothing-is-sharded",
        r"``(?:sharded|local)_state_dict`` can only be used when parameters are flatten|"
        r"assert prev_state_dict_type is not None",
        always(
            "a sharded state dict is asked for, and FSDP has sharded nothing (one process, "
            "NO_SHARD) or was left half set up by another error",
            "fsdp_state_dict_type: FULL_STATE_DICT",
            "or torchrun --nproc_per_node 2 and more, with FULL_SHARD",
            known="torch says so; which of these it is, it does not say",
            settles=False,
        ),
        {
            "RuntimeError: ``sharded_state_dict`` can only be used when parameters are flatten and "
            "sharded.": "FULL_STATE_DICT"
        },
    ),
    General(
        "no-sharding-of-this-operation",
        r"does not have a sharding strategy registered",
        _not_sharded,
        {
            "NotImplementedError: Operator bitsandbytes.optimizer_update_32bit.default does not "
            "have a sharding strategy registered.": 'optim="adamw_torch"',
            "NotImplementedError: Operator aten.foo.default does not have a sharding strategy "
            "registered.": "pip install -U torch",
        },
    ),
    General(
        "integers-that-take-no-gradient",
        r"[Oo]nly Tensors of floating point (?:and complex )?dtype can require gradients",
        gradient_of_integers,
        {
            "RuntimeError: only Tensors of floating point dtype can require gradients": (
                "get_peft_model"
            ),
            'File "/home/me/train.py", line 205, in enable\n    param.requires_grad = True\n'
            "RuntimeError: only Tensors of floating point dtype can require gradients": (
                "is_floating_point"
            ),
            'File "/x/site-packages/peft/utils/other.py", line 205, in update\n'
            "    self.modules_to_save[a].requires_grad_(True)\n"
            "RuntimeError: only Tensors of floating point dtype can require gradients": (
                "llm_int8_skip_modules"
            ),
        },
    ),
    General(
        "card-is-busy",
        r"CUDA-capable device\(s\) is/are busy or unavailable|"
        r"[Ee]xclusive[ _][Pp]rocess[^\n]{0,20}(?:[Mm]ode|模式)",
        always(
            "the card takes no further process: it is in exclusive mode, or in a bad state",
            "nvidia-smi   shows who holds it, and Compute M.: E. Process is the exclusive mode",
            "as administrator: nvidia-smi -c DEFAULT; or the card that the scheduler gave "
            "(CUDA_VISIBLE_DEVICES)",
            known="CUDA says so; which of the two it is, nvidia-smi shows",
            settles=False,
        ),
        {
            "RuntimeError: CUDA error: CUDA-capable device(s) is/are busy or unavailable": (
                "nvidia-smi -c DEFAULT"
            ),
            "显卡独占（Exclusive Process）模式下训练报错": "nvidia-smi -c DEFAULT",
        },
        alone=True,
    ),
    General(
        "weights-of-another-jax-model",
        r"ScopeParam(?:Shape|NotFound)Error|Incompatible shapes for (?:matmul|dot_general)",
        always(
            "the JAX model is given weights or inputs of another size or another model",
            "the class and the checkpoint of one size: gm.nn.Gemma3_4B with GEMMA3_4B_PT or _IT",
            "jax.tree.map(lambda x: x.shape, params)   shows what is in hand",
            why="flax makes no weight of a model that it is handed weights for, and compares each "
            "shape",
            known="the message has both shapes, or the name that is missing",
            settles=False,
        ),
        {
            "flax.errors.ScopeParamShapeError: Initializer expected to generate shape (256128, "
            "2048) but got shape (257152, 2048)": "one size"
        },
    ),
    General(
        "keras-lora-twice",
        r"[Ll]ora is already enabled",
        always(
            "enable_lora was called on a model that has LoRA already",
            "in a notebook: run the cell that loads the model again, then enable_lora once",
            known="Keras says so",
        ),
        {
            "ValueError: lora is already enabled. This can only be done once per layer.": "once",
        },
    ),
    General(
        "initialised-while-cut",
        r"Fan in and fan out can ?not be computed for tensor with fewer than 2 dimensions",
        initialised_flat,
        {
            'raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 '
            'dimensions")': "fewer than two dimensions",
            "deepspeed --num_gpus 8 train.py --deepspeed z3.json\nValueError: Fan in and fan out "
            "can not be computed for tensor with fewer than 2 dimensions": "GatheredParameters",
        },
        alone=True,
    ),
    General(
        "optimizer-meets-two-devices",
        r"Tensors of the same index must be on the same device and the same dtype|"
        r"_group_tensors_by_device_and_dtype[`'\"]|in _group_tensors_by_device_and_dtype",
        always(
            "the optimizer's weights, gradients and states do not agree in device or dtype",
            "optim='adamw_torch' and foreach=False, fused=False: it settles whether the grouping "
            "alone is behind it",
            "resuming: no optimizer states of another dtype or FSDP config; start from the weights "
            "alone",
            "one dtype for all trained weights: dtype=torch.bfloat16 at loading, no half of them "
            "in float32",
            why="torch groups the tensors in order to step them together; mixed precision, "
            "offload to the CPU and a resumed optimizer leave some elsewhere",
            known="the function is torch's; which tensor it is, it does not say",
            settles=False,
        ),
        {
            "RuntimeError in `_group_tensors_by_device_and_dtype` when training with FSDP": (
                "foreach=False"
            )
        },
        alone=True,
    ),
    General(
        "bucket-size-with-a-fraction",
        r"type=int_from_float, input_value=(?P<value>[\d.]{3,20})",
        _with_a_fraction,
        {
            "pydantic_core._pydantic_core.ValidationError: 1 validation error for "
            "DeepSpeedZeroConfig\nstage3_prefetch_bucket_size\n  Input should be a valid integer, "
            "got a number with a fractional part [type=int_from_float, input_value=15099494.4, "
            "input_type=float]": '"stage3_prefetch_bucket_size": 15099494',
            "1 validation error for LoraConfig\nr\n  Input should be a valid integer "
            "[type=int_from_float, input_value=8.5, input_type=float]": "",
        },
    ),
)
