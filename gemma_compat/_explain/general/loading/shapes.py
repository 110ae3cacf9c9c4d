"""Shapes that do not fit."""

from __future__ import annotations

from ...answer import Answer
from ..base import Case, General
from .matrices import matrices
from .two_sizes import two_sizes


def _partitioned(case: Case) -> Answer:
    return Answer(
        "a weight lacks its dimensions where it is used: most often ZeRO-3 or FSDP has partitioned "
        "it, and nothing gathered it",
        (
            "with deepspeed.zero.GatheredParameters(module.parameters()):   around that call",
            "or call the whole model, not a part of it: no model.embed_tokens(...), no "
            "lm_head(...) outside forward",
            "or ZeRO-2",
        ),
        why="between the calls of a module its weights are shards of size 0; DeepSpeed's hooks "
        "gather them only for the modules that it has wrapped. A module that was added or loaded "
        "later has no such hook",
        known="torch's message means a weight without its two dimensions; that it is partitioned "
        "is the usual reason",
        certain=False,
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "matrices-of-other-sizes",
        r"mat1 and mat2 shapes cannot be multiplied \(\d+x(?P<inner>\d+) and (?P<rows>\d+)x"
        r"(?P<columns>\d+)\)",
        matrices,
        {
            "RuntimeError: mat1 and mat2 shapes cannot be multiplied (512x2560 and 1x3276800)": (
                "2,560 x 2,560"
            ),
            "RuntimeError: mat1 and mat2 shapes cannot be multiplied (512x1152 and 2560x1152)": (
                "inputs of size 2,560"
            ),
            "RuntimeError: mat1 and mat2 shapes cannot be multiplied (32x16 and 1x64)": (
                "inputs of size 1 got"
            ),
            'File "/x/site-packages/peft/tuners/lora.py", line 565, in forward\n    F.linear(x)\n'
            "RuntimeError: mat1 and mat2 shapes cannot be multiplied (4096x4096 and 1x8388608)": (
                "plain adapter layer"
            ),
            "RuntimeError: Caught RuntimeError in replica 0 on device 0.\n"
            'File "/x/site-packages/bitsandbytes/autograd/_functions.py", line 4, in forward\n'
            "    output += torch.matmul(subA, state.subB)\n"
            "RuntimeError: mat1 and mat2 shapes cannot be multiplied (1024x5 and 4x4096)": (
                "CUDA_VISIBLE_DEVICES=0"
            ),
        },
    ),
    General(
        "weights-without-their-dimensions",
        r"'weight' must be 2-D|size mismatch, got input \(\d+\), mat \(\d+x\d+\), vec \(0\)|"
        r"weight should have at least three dimensions|"
        r"mat2 must be a matrix, got 1-D tensor|but got weight of size \[0\]",
        _partitioned,
        {
            "RuntimeError: 'weight' must be 2-D": "GatheredParameters",
            "RuntimeError: size mismatch, got input (512), mat (512x2304), vec (0)": "ZeRO-3",
        },
    ),
    General(
        "sizes-that-do-not-fit",
        r"The size of tensor a \((?P<a>\d+)\) must match the size of tensor b \((?P<b>\d+)\) at|"
        r"expanded size of the tensor \((?P<c>-?\d+)\) must match the existing size \((?P<d>\d+)\)|"
        r"Sizes of tensors must match except in dimension \d+\. Expected size (?P<e>\d+) but got "
        r"size (?P<f>\d+)|Sizes of tensors must match except in dimension|"
        r"shape '\[[^\]\n]{1,80}\]' is invalid for input of size (?P<g>\d+)|"
        r"The shape of the mask \[[\d, ]{1,60}\] at index|"
        r"size of tensor a must match the size of tensor b|"
        r"shape mismatch: value tensor of shape|"
        r"output with shape \[(?P<h>[\d, ]{1,60})\] doesn't match the broadcast shape "
        r"\[(?P<i>[\d, ]{1,60})\]|"
        r"Attention mask should be of size \(",
        two_sizes,
        {
            "RuntimeError: The size of tensor a (4096) must match the size of tensor b (8192) at "
            "non-singleton dimension 1": "4096 and 8192",
            "RuntimeError: Sizes of tensors must match except in dimension 1. Expected size 12 but "
            "got size 14 for tensor number 1 in the list.": "12 and 14",
            "d[key] += (lora_A @ lora_B).transpose(0, 1)\nRuntimeError: output with shape "
            "[1152] doesn't match the broadcast shape [1152, 1152]": (
                "base that the adapter was trained on"
            ),
            "RuntimeError: output with shape [8] doesn't match the broadcast shape [8, 8]": (
                "per_device_train_batch_size=1"
            ),
            "RuntimeError: The expanded size of the tensor (2) must match the existing size (0) at "
            "non-singleton dimension 0.": "reward function",
            'File "/x/site-packages/transformers/models/llama/modeling_llama.py", line 206, in '
            "apply_rotary_pos_emb\n    q_embed = (q * cos) + (rotate_half(q) * sin)\n"
            "RuntimeError: The size of tensor a (3999) must match the size of tensor b (4000) at "
            "non-singleton dimension 2": "position_ids.shape",
            "RuntimeError: The expanded size of the tensor (293) must match the existing size "
            "(147) at non-singleton dimension 3. Target sizes: [1, 28, 147, 293]. Tensor sizes: "
            "[1, 1, 147, 147]": "293 keys for 147 queries",
            "RuntimeError: The expanded size of the tensor (88) must match the existing size (87) "
            "at non-singleton dimension 3.  Target sizes: [32, 32, 88, 88].  Tensor sizes: "
            "[32, 1, 87, 87]": "collator",
            'File "/x/site-packages/transformers/generation/utils.py", line 1, in generate\n'
            "    f(x)\nRuntimeError: The size of tensor a (9) must match the size of tensor b (8) "
            "at non-singleton dimension 1": "one prompt at a time",
            "RuntimeError: shape '[1, 12, 8, 256]' is invalid for input of size 12288": (
                "do not fit"
            ),
            'File "/x/site-packages/torch/distributed/fsdp/_optim_utils.py", line 1420, in f\n'
            "RuntimeError: The size of tensor a (8) must match the size of tensor b (2) at "
            "non-singleton dimension 0": "save_only_model",
        },
    ),
)
