"""Where weights lie: the CPU, one GPU of several, a shard of them."""

from __future__ import annotations

from ...answer import Answer
from ..base import Case, General, always
from .offloaded import too_large


def _replica(case: Case) -> Answer | None:
    if case.match[0].startswith("chunk") and not case.says(r"scatter|parallel_apply|replica"):
        return None  # torch.chunk of the script
    if case.match[0].startswith("does not support"):
        return Answer(
            "DataParallel (several GPUs in one process) is not supported there",
            (
                "CUDA_VISIBLE_DEVICES=0 before the command",
                "or one process for each GPU: accelerate launch, torchrun --nproc_per_node GPUS",
            ),
        )
    return Answer(
        "the model runs as copies on several GPUs in one process (DataParallel), and one of them "
        "failed",
        (
            "CUDA_VISIBLE_DEVICES=0 before the command",
            "or one process for each GPU: accelerate launch, torchrun --nproc_per_node GPUS",
        ),
        why="the Trainer wraps the model so where a script is started without a launcher and sees "
        "several GPUs; the copies of a Gemma on the other GPUs fail in their own ways",
        known="the message is of a replica or of the wrapper",
        settles=False,
    )


def _mixed(case: Case) -> Answer:
    is_norm = (case.match["operation"] or "").startswith("_foreach_norm")
    clip = "max_grad_norm=0   (no clipping): it settles whether the norm of the gradients is behind"
    return Answer(
        "one operation meets a sharded weight (DTensor) and a plain one"
        + (": the norm of the gradients" if is_norm else ""),
        (
            *((clip,) if is_norm else ()),
            "call the whole model, not a part of it: its wrapper gathers the weights",
            "adapters, value heads and new embeddings go on before accelerate prepares the model",
            "or FSDP1 (fsdp_version: 1) in place of FSDP2, where generation runs into it",
        ),
        why="FSDP2 and tensor parallelism shard what they wrap; what is added later, or used "
        "outside the wrapped forward, stays plain",
        known="torch names the operation; which weight it is, the frames say",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "parts-on-the-cpu",
        r"Some modules are dispatched on the CPU or the disk|weights offloaded to the disk|"
        r"We need an `offload_(?:dir|folder)`|submodule will be offloaded to disk|"
        r"8-bit or 4-bit precision with CPU or disk offload|"
        r"can't move a model that has some modules offloaded|model dispatched on CPU or disk",
        too_large,
        {
            "ValueError: Some modules are dispatched on the CPU or the disk. Make sure you have "
            "enough GPU RAM to fit the quantized model.": "memory --model",
            "google/gemma-4-26B-A4B-it, load_in_4bit=True\nValueError: Some modules are dispatched "
            "on the CPU or the disk.": "45 GiB in 4 bits",
        },
        alone=True,
    ),
    General(
        "copies-on-several-gpus",
        r"Caught \w{3,60} in (?:DataParallel )?replica \d+ on device \d+|"
        r"on device cuda:\d \(device_ids\[0\]\) but found one of them on device|"
        r"Gather got an input of invalid size|chunk expects at least a 1-dimensional tensor|"
        r"does not support `nn\.DataParallel`",
        _replica,
        {
            "RuntimeError: module must have its parameters and buffers on device cuda:0 "
            "(device_ids[0]) but found one of them on device: cuda:1": "CUDA_VISIBLE_DEVICES=0",
            'Traceback (most recent call last):\n  File "/w/t.py", line 9, in f\n    '
            "torch.chunk(x, 2)\nRuntimeError: chunk expects at least a 1-dimensional tensor": "",
        },
    ),
    General(
        "tokens-on-another-device",
        r"Input, output and indices must be on the current device",
        always(
            "the embeddings and the numbers of the tokens that are looked up are on different "
            "devices, or on another than the current one",
            "inputs = tokenizer(text, return_tensors='pt').to(model.device)   then "
            "model.generate(**inputs)",
            "model.to('cuda')   where the model was left on the CPU; print(model.device, "
            "inputs['input_ids'].device)",
            "several GPUs without a launcher: CUDA_VISIBLE_DEVICES=0 before the command",
            why="an older torch says this of a lookup whose parts are not all on one device",
            known="torch says so; which of them lies elsewhere, it does not say",
            settles=False,
        ),
        {"RuntimeError: Input, output and indices must be on the current device": "model.device"},
    ),
    General(
        "module-without-a-device",
        r"[\w.]{1,120} doesn't have any device set",
        always(
            "the device_map that was given leaves a part of the model without a device",
            'device_map="auto"   , or {"": 0} for all on one card',
            "print(model.hf_device_map)   of a loading that works, as the pattern for one of your "
            "own",
            why="names of parts moved between releases of transformers (model.language_model since "
            "4.52), and adapters put base_model.model before them",
            known="accelerate names the part",
        ),
        {"ValueError: model.decoder doesn't have any device set.": 'device_map="auto"'},
    ),
    General(
        "marked-ready-twice",
        r"Expected to mark a variable ready only once|has been marked as ready twice",
        always(
            "DDP got the gradient of a parameter twice in one backward pass",
            "gradient_checkpointing_kwargs={'use_reentrant': False}",
            "and ddp_find_unused_parameters=False",
            why="reentrant checkpointing runs a part of the backward pass once more, and a module "
            "that is used twice in a forward does the same",
            settles=False,
        ),
        {
            "RuntimeError: Expected to mark a variable ready only once. This error is caused by "
            "one of the following reasons": "use_reentrant"
        },
    ),
    General(
        "sharded-and-plain-tensors",
        r"(?:aten\.(?P<operation>\w{1,40})[^\n]{0,40} )?mixed torch\.[Tt]ensor and DTensor",
        _mixed,
        {
            "RuntimeError: aten.add.Tensor: got mixed torch.Tensor and DTensor, need to convert "
            "all torch.Tensor to DTensor": "whole model",
            "runtimeerror: aten._foreach_norm_Scalar: got mixed torch.tensor and DTensor": (
                "max_grad_norm=0"
            ),
            "FSDP2+PEFT(LoRA)+GRPO result in `mixed torch.Tensor and DTensor`": "whole model",
        },
    ),
    General(
        "frozen-and-trained-in-one-unit",
        r"uniform `requires_grad`",
        always(
            "FSDP1 flattens a unit, and some of its weights are frozen and others trained",
            "fsdp_use_orig_params: true",
            "or FSDP2 (fsdp_version: 2), or PEFT's own wrap policy, which keeps adapters apart",
            known="torch says so",
        ),
        {
            "ValueError: Must flatten tensors with uniform `requires_grad` when "
            "`use_orig_params=False`": "fsdp_use_orig_params"
        },
    ),
    General(
        "no-sync-and-zero",
        r"no[_ ]sync context manager is incompatible with gradient partitioning|"
        r"Engine\.step\(\) inside no_sync context manager",
        always(
            "ZeRO-2 and ZeRO-3 refuse no_sync",
            "pip install -U accelerate transformers   where the Trainer or accelerate calls it",
            "without no_sync, in a loop of your own; or gradient_accumulation_steps=1, or ZeRO-1",
            why="an older Trainer calls it under accumulation, and a newer DeepSpeed raises where "
            "an older one did nothing",
            known="the message; the releases were not compared",
            settles=False,
        ),
        {
            "AssertionError: no_sync context manager is incompatible with gradient partitioning "
            "logic of ZeRO stage 3": "accelerate transformers"
        },
    ),
    General(
        "zero3-weights-not-gathered",
        r"`?stage3_gather_16bit_weights_on_model_save`? (?:in DeepSpeed config )?is [Ff]alse",
        always(
            "the weights cannot be saved whole: ZeRO-3 keeps them in shards",
            '"stage3_gather_16bit_weights_on_model_save": true   in zero_optimization',
            "or python zero_to_fp32.py CHECKPOINT OUT   makes them from a checkpoint of the run",
        ),
        {
            "ValueError: Cannot get 16bit model weights because "
            "`stage3_gather_16bit_weights_on_model_save` in DeepSpeed config is False.": (
                "zero_to_fp32"
            )
        },
    ),
    General(
        "zero3-order-of-modules",
        r"still have inflight params|tracing error at step|param .{0,80}already in flight",
        always(
            "ZeRO-3 met modules in another order than the steps before",
            "set_z3_leaf_modules(model, [CLASS])   of deepspeed.utils, for layers that choose "
            "among modules (experts, towers)",
            "or ZeRO-2",
            why="it learns the order of modules from the first steps; text-only rows after rows "
            "with images, and experts, run in another order",
            known="most often so; the message shows what was fetched and not used, or in turn",
            certain=False,
            settles=False,
        ),
        {"RuntimeError: still have inflight params [{'id': 1}]": "set_z3_leaf_modules"},
    ),
    General(
        "all-of-it-on-the-disk",
        r"trying to offload the whole model to the disk",
        always(
            "device_map='auto' found room for no part of the model, on a GPU or in the machine's "
            "memory, and put all of it on the disk",
            "python -c 'import torch; print(torch.cuda.is_available(), torch.backends.mps."
            "is_available())'   : False twice means that torch sees no GPU",
            "a smaller or a 4-bit checkpoint; other programs closed: the plan counts what is free",
            "device_map={'': 'cpu'} (or 'mps')   where it does fit there",
            why="accelerate refuses a model of which nothing is in memory",
            known="accelerate says so; how much was free is not in the message",
            settles=False,
        ),
        {
            "ValueError: You are trying to offload the whole model to the disk. Please use the "
            "`disk_offload` function instead.": "sees no GPU"
        },
        alone=True,
    ),
)
