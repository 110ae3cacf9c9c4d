"""Ascend's NPU, on which ms-swift is often run."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_NO_MEMORY = Answer(
    "the run needs more memory than the NPU has",
    (
        "per_device_train_batch_size=1, a shorter max_length, gradient checkpointing",
        "PYTORCH_NPU_ALLOC_CONF=expandable_segments:True   against fragments",
        "npu-smi info   shows what other processes hold",
    ),
    why="the logits of a Gemma go over 256,000 or 262,144 tokens, and are the largest tensor of a "
    "step with long rows",
    known="torch_npu says so",
    settles=False,
)


def _failed(case: Case) -> Answer:
    """Answer an operation of the NPU, by the code beside it."""
    text = f"{case.message}\n{case.hit.text}\n{case.hit.after[:800]}"
    if re.search(r"EL0004|Failed to allocate memory|memory is insufficient", text):
        return _NO_MEMORY
    return Answer(
        "a call of torch_npu or of its library (CANN) was refused or failed",
        (
            'npu-smi info   and   python -c "import torch, torch_npu; print(torch.__version__, '
            'torch_npu.__version__)"',
            "torch, torch_npu and CANN of one row of torch_npu's table of releases",
            "or attn_implementation='eager', where the operation's name has Attention in it",
        ),
        why="an argument, a head size, dtype or mask that this CANN does not take, or releases "
        "that do not belong together",
        known="the code; why it failed, the lines around it say",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "npu-out-of-memory",
        r"NPU out of memory\. Tried to allocate",
        lambda case: _NO_MEMORY,
        {
            "RuntimeError: NPU out of memory. Tried to allocate 2.00 GiB (NPU 0; 60.97 GiB total "
            "capacity; 55.10 GiB already allocated": "npu-smi"
        },
        alone=True,
    ),
    General(
        "operation-failed-on-the-npu",
        r"call aclnn\w{2,60} failed|ERR0\d{4} (?:OPS|PTA|ACL)",
        _failed,
        {
            "RuntimeError: call aclnnFlashAttentionScore failed, detail:EZ1001: [PID: 1] "
            "2025-04-01": "torch_npu",
            "RuntimeError: call aclnnCast failed, detail:EL0004: [PID: 1] Failed to allocate "
            "memory. Available memory is insufficient.": "more memory than the NPU has",
            "RuntimeError: NPU function error: c10_npu::SetDevice(device), error code is 107001\n"
            "[ERROR] ERR00100 PTA call acl api failed": "was refused or failed",
        },
        alone=True,
    ),
    General(
        "npus-do-not-reach-each-other",
        r"HCCL function error|ERR0\d{4} (?:DIST|HCCL)|"
        r"wait execution of the Notify register times out|hcclComm\w{0,20} (?:failed|error)",
        always(
            "an exchange between the NPUs of the run (HCCL) failed: most often one of them stopped "
            "first, or was not reached",
            "look for the first error among the logs of all ranks: one that stopped leaves the "
            "others waiting",
            "HCCL_CONNECT_TIMEOUT=1800 HCCL_EXEC_TIMEOUT=7200   where loading or saving takes long "
            "on one rank",
            "npu-smi info   on each machine; the machines' addresses: HCCL_IF_IP, "
            "HCCL_SOCKET_IFNAME",
            why="HCCL carries what the ranks exchange, and says so of whatever ends that",
            known="HCCL says so; which rank failed first, its own log shows",
            certain=False,
            settles=False,
        ),
        {
            "RuntimeError: [ERROR] HCCL function error: hcclAllreduce, error code is 7 ERR02200 "
            "DIST call hccl api failed.": "the logs of all ranks",
            "RuntimeError: call aclnnAdd failed": "",
        },
        alone=True,
    ),
    General(
        "no-cann-in-this-shell",
        r"lib(?:hccl|ascendcl|ge_runner|opapi)\.so: cannot open shared object",
        always(
            "the libraries of Ascend's CANN are not on the path of this shell",
            "source /usr/local/Ascend/ascend-toolkit/set_env.sh",
            why="torch_npu loads them at import",
            known="the loader names the file",
        ),
        {
            "ImportError: libhccl.so: cannot open shared object file: No such file or directory": (
                "set_env.sh"
            )
        },
    ),
)
