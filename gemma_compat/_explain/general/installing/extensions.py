"""Compiled parts of Apex and Megatron, Liger's patched norms, and limits of a vLLM that trains."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always


def _apex(case: Case) -> Answer:
    name = case.match["module"] or "fused_weight_gradient_mlp_cuda"
    return Answer(
        f"Apex is installed without its CUDA extensions: {name} is one of them",
        (
            "leave Apex out: no optim=adamw_apex_fused; torch.nn and optim=adamw_torch_fused do "
            "the same",
            "NeMo and Megatron: NVIDIA's container, which has it built; or "
            "gradient_accumulation_fusion=False",
            "or build it: pip install -v --no-build-isolation . in a checkout of NVIDIA/apex, with "
            "APEX_CPP_EXT=1 APEX_CUDA_EXT=1 and torch's CUDA toolkit",
        ),
        why="pip install apex gets another project, and a plain build leaves the extensions out",
        known="the name is that of an extension of Apex, not of a package",
    )


def _norm(case: Case) -> Answer | None:
    if case.is_of_the_script or not case.says(r"(?i)liger[_-]kernel|use_liger|\bLiger"):
        return None
    return Answer(
        f"Liger's forward runs on a norm that Liger did not prepare: it lacks {case.match['name']}",
        (
            "use_liger_kernel=True in TrainingArguments alone; or apply_liger_kernel_to_gemma3() "
            "before from_pretrained, not both",
            "pip install -U liger-kernel transformers",
            "or use_liger_kernel=False",
        ),
        why="Liger replaces the forward of the class and sets its options on each norm of the "
        "model in hand; a norm that was made otherwise has none",
        known="the attribute is one that Liger sets (read in 0.5.5 and 0.8.5)",
        settles=False,
    )


def _at_once(case: Case) -> Answer:
    at_once, length = case.match["at_once"], case.match["length"]
    return Answer(
        f"vLLM may take {at_once} tokens at once, and one sequence may have {length}",
        (
            f"max_num_batched_tokens={length}   (or more)",
            f"or max_model_len={at_once}, where no row is longer",
            "or enable_chunked_prefill=True, which takes a long prompt in pieces",
        ),
        why="without chunked prefill a prompt is read in one step",
        known="the message has both numbers",
    )


# Functions that are None where the package of kernels is not there, or does not load.
_OF_KERNELS = {
    r"flash_attn\w*|_flash_\w+|apply_rotary_emb\w*|unpad_input|pad_input|index_first_axis": (
        "flash-attn",
        'attn_implementation="sdpa"   needs none of it',
    ),
    r"causal_conv1d_\w+|selective_scan_\w+|mamba_\w+|selective_state_update": (
        "causal-conv1d mamba-ssm",
        "the slow path of the model, where its config offers one (use_mamba_kernels=False)",
    ),
    r"memory_efficient_attention|xformers_attention": (
        "xformers",
        'attn_implementation="sdpa"   needs none of it',
    ),
}


def _kernel_is_none(case: Case) -> Answer | None:
    """Answer None that is called, by the name in the quoted line of code."""
    line = case.frames.splitlines()[-1] if case.frames else ""
    for names, (package, other) in _OF_KERNELS.items():
        if called := re.search(rf"(?<![\w.])(?P<name>{names})\(", line):
            return Answer(
                f"{called['name']} is None: the package that brings it ({package}) is not "
                "installed, or did not load",
                (
                    other,
                    f"python -c 'import {package.split()[0].replace('-', '_')}'   shows whether it "
                    "loads, and why not",
                    f"pip install {package} --no-build-isolation   after torch, where it is "
                    f"missing",
                ),
                why="code that uses a package of kernels if it is there puts None in place of its "
                "functions where the import fails",
                known="the last frame's line calls that name",
                certain=False,
            )
    return None


KINDS: tuple[General, ...] = (
    General(
        "kernel-function-is-none",
        r"'NoneType' object is not callable",
        _kernel_is_none,
        {
            "Traceback (most recent call last):\n  File "
            '"/x/site-packages/transformers/models/q.py", '
            "line 166, in f\n    output = apply_rotary_emb(tensor_, cos, sin).type_as(tensor)\n"
            "TypeError: 'NoneType' object is not callable": "flash-attn",
            "Traceback (most recent call last):\n  File "
            '"/x/site-packages/transformers/models/q.py", '
            "line 166, in f\n    x = causal_conv1d_fn(x)\nTypeError: 'NoneType' object is not "
            "callable": "mamba-ssm",
            'Traceback (most recent call last):\n  File "/home/me/a.py", line 166, in f\n    x = '
            "self.flash_attn(x)\nTypeError: 'NoneType' object is not callable": "",
            "TypeError: 'NoneType' object is not callable": "",
        },
    ),
    General(
        "apex-without-extensions",
        r"No module named '(?P<module>amp_C|apex_C|fused_layer_norm_cuda|fused_dense_cuda|"
        r"fast_layer_norm|scaled_upper_triang_masked_softmax_cuda|syncbn|"
        r"fused_weight_gradient_mlp_cuda)'|extension fused_weight_gradient_mlp_cuda module is not",
        _apex,
        {
            "ModuleNotFoundError: No module named 'amp_C'": "without its CUDA extensions",
            "RuntimeError: ColumnParallelLinear was called with gradient_accumulation_fusion set "
            "to True but the custom CUDA extension fused_weight_gradient_mlp_cuda module is not "
            "found.": "gradient_accumulation_fusion=False",
        },
    ),
    General(
        "norm-that-liger-did-not-prepare",
        r"'\w*(?:RMSNorm|LayerNorm)\w*' object has no attribute '(?P<name>in_place|casting_mode|"
        r"row_mode|variance_epsilon|offset)'",
        _norm,
        {
            "AttributeError: 'LigerRMSNormForGemma3' object has no attribute 'in_place'": (
                "use_liger_kernel=True"
            ),
            "AttributeError: 'Gemma3RMSNorm' object has no attribute 'offset'": "",
            'File "/w/liger/t.py", line 4, in <module>\n    n.offset\n'
            "AttributeError: 'Gemma3RMSNorm' object has no attribute 'offset'": "",
        },
    ),
    General(
        "fewer-tokens-at-once-than-one-row",
        r"max_num_batched_tokens \((?P<at_once>\d+)\) is smaller than max_model_len "
        r"\((?P<length>\d+)\)",
        _at_once,
        {
            "ValueError: max_num_batched_tokens (2048) is smaller than max_model_len (4096).": (
                "max_num_batched_tokens=4096"
            )
        },
        alone=True,
    ),
    General(
        "ray-waits-for-gpus",
        r"No available node types can fulfill resource request|"
        r"(?:resource request|actor or task[^\n]{0,80}) cannot be scheduled right now|"
        r"[Ww]aiting for (?:the )?placement group",
        always(
            "Ray waits for GPUs or CPUs that no machine of its cluster has free",
            "ray status   compares what is asked for with what there is",
            "fewer: trainer.n_gpus_per_node, num_workers, tensor_parallel_size; more CPUs for the "
            "container (ray start --num-cpus)",
            "ray stop --force   where an earlier run still holds them",
            known="Ray names the request",
            settles=False,
        ),
        {
            "Error: No available node types can fulfill resource request {'GPU': 8.0}": "ray "
            "status",
            "Warning: The following resource request cannot be scheduled right now: {'GPU': "
            "1.0}.": ("ray status"),
            "The appointment cannot be scheduled right now.": "",
        },
        alone=True,
    ),
)
