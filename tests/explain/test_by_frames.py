"""One message, several situations: the frames, the phase and what stands beside decide."""

from __future__ import annotations

import io

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat.report.explanation import render_text

_SITE = "/venv/lib/python3.11/site-packages/"


def told(text: str) -> str:
    return " ".join(render_text(explain_log(io.BytesIO(text.encode()))).split())


def headline(text: str) -> str:
    """Return what comes before the cures, and the first of them."""
    return told(text).split(" or: ")[0]


def _trace(*frames: str, error: str) -> str:
    """Return a traceback of frames ``file|function|code`` in installed packages."""
    rows = ["Traceback (most recent call last):"]
    for frame in frames:
        file, function, code = frame.split("|")
        rows += [f'  File "{_SITE}{file}", line 42, in {function}', f"    {code}"]
    return "\n".join([*rows, error, ""])


_OOM = (
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total "
    "capacity of 79.15 GiB of which 500.00 MiB is free. Including non-PyTorch memory, this process "
    "has 78.60 GiB memory in use. Of the allocated memory 77.00 GiB is allocated by PyTorch, and "
    "200.00 MiB is reserved by PyTorch but unallocated."
)
_CLONE = (
    "UserWarning: Failed to clone() tensor with name {0}. This may mean that this state_dict entry "
    "could point to invalid memory regions. Please check clone implementation of {0}. Error: CUDA "
    "out of memory. Tried to allocate 270.00 MiB (GPU 1; 79.35 GiB total capacity; 76.93 GiB "
    "already allocated; 72.19 MiB free; 77.38 GiB reserved in total by PyTorch)"
)
_TRAINER = "transformers/trainer.py|training_step|loss = self.compute_loss(model, inputs)"
_STEP = "per_device_train_batch_size=1"

# What ran, the log, what its headline and first cure must say, what they must not say.
MEMORY = {
    "gathered to be saved": (_CLONE.format("lm_head.weight"), "offload_to_cpu", _STEP),
    "gathered, another layer": (
        "{'loss': 1.3, 'epoch': 1.0}\n" + _CLONE.format("model.layers.39.mlp.up_proj.weight"),
        "FSDP gathered the whole model",
        _STEP,
    ),
    "logits kept by an evaluation": (
        _trace(
            "transformers/trainer_pt_utils.py|torch_pad_and_concatenate|result = x.new_full(s)",
            error=_OOM,
        ),
        "is evaluated",
        _STEP,
    ),
    "a full state for a checkpoint": (
        _trace(
            "torch/distributed/fsdp/_state_dict_utils.py|_full_pre_state_dict_hook|unshard()",
            error=_OOM,
        ),
        "checkpoint is saved",
        _STEP,
    ),
    "DDP is set up": (
        _trace("torch/nn/parallel/distributed.py|_ddp_init_helper|dist.Reducer(", error=_OOM),
        "DDP wraps",
        _STEP,
    ),
    "the whole model is moved": (
        _trace(
            "deepspeed/runtime/engine.py|_configure_distributed_model|self.module.to(self.device)",
            "torch/nn/modules/module.py|convert|return t.to(device)",
            error=_OOM,
        ),
        "DeepSpeed moves the whole model",
        _STEP,
    ),
    "ZeRO makes its optimizer": (
        _trace(
            "deepspeed/runtime/engine.py|_configure_zero_optimizer|o = Zero(",
            "deepspeed/runtime/zero/stage_1_and_2.py|__init__|x.clone().float()",
            error=_OOM,
        ),
        "makes its optimizer",
        _STEP,
    ),
    "memory of the machine is pinned": (
        _trace(
            "deepspeed/accelerator/cuda_accelerator.py|pin_memory|return tensor.pin_memory()",
            error="RuntimeError: CUDA error: out of memory",
        ),
        "this is not the card's memory",
        _STEP,
    ),
    "ZeRO-3 gathers a layer": (
        _trace(
            _TRAINER,
            "deepspeed/runtime/zero/parameter_offload.py|pre_sub_module_forward_function|"
            "param_coordinator.fetch_sub_module(sub_module, forward=True)",
            error=_OOM,
        ),
        "ZeRO-3 gathers",
        "DDP",
    ),
    "ZeRO-3 gathers all for generation": (
        _trace(
            "trl/models/utils.py|unwrap_model_for_generation|"
            "with deepspeed.zero.GatheredParameters(model.parameters()):",
            "deepspeed/runtime/zero/partition_parameters.py|all_gather|self._all_gather(x)",
            error=_OOM,
        ),
        "ds3_gather_for_generation=False",
        _STEP,
    ),
    "copies on several cards": (
        _trace("torch/nn/parallel/parallel_apply.py|_worker|output = module(*input)", error=_OOM),
        "DataParallel",
        "fragments",
    ),
    "loaded, below a logger's row": (
        "[2026-01-01 10:00:00] [ERROR] [axolotl.load_model:453] [RANK:1] CUDA out of memory. Tried "
        "to allocate 28.00 MiB (GPU 1; 15.71 GiB total capacity; 15.39 GiB already allocated)\n"
        + _trace("transformers/modeling_utils.py|from_pretrained|x()", error="")
        + "\n",
        "while the weights were loaded",
        "micro_batch_size",
    ),
    "the loss, beside fragments": (
        _trace(
            _TRAINER,
            "torch/nn/functional.py|cross_entropy|return torch._C._nn.cross_entropy_loss(",
            error=_OOM.replace("200.00 MiB is reserved", "5.51 GiB is reserved"),
        ),
        "the logits or the loss",
        "the memory is in fragments",
    ),
    "a line of code without its frame": (
        "[rank1]:     per_token_logps = torch.gather(logits.log_softmax(-1), dim=2, index=labels)\n"
        f"[rank1]: {_OOM}",
        "the logits or the loss",
        "needs more memory",
    ),
    "CUDA itself": (
        "RuntimeError: CUDA error: out of memory\nCUDA kernel errors might be asynchronously "
        "reported at some other API call",
        "a call of CUDA itself",
        _STEP,
    ),
    "another maker's card": (
        "torch.OutOfMemoryError: HIP out of memory. Tried to allocate 124.00 MiB. GPU 0 has a "
        "total capacity of 19.94 GiB of which 554.47 MiB is free. Of the allocated memory 12.87 "
        "GiB is allocated by PyTorch, and 165.29 MiB is reserved by PyTorch but unallocated.",
        "rocm-smi",
        "nvidia-smi",
    ),
    "Metal, outside of tensors": (
        "RuntimeError: MPS backend out of memory (MPS allocated: 5.50 GB, other allocations: 14.76 "
        "GB, max allowed: 20.40 GB). Tried to allocate 147.24 MB on private pool.",
        "held by Metal",
        _STEP,
    ),
    "tensors on a Mac": (
        "RuntimeError: MPS backend out of memory (MPS allocated: 17.50 GB, other allocations: 1.76 "
        "GB, max allowed: 20.40 GB). Tried to allocate 1.24 GB on private pool.",
        "macOS gives the GPU",
        "Metal",
    ),
}
# A framework's own names for what makes a step smaller.
NAMES = {
    "python3 -m verl.trainer.main_ppo actor_rollout_ref.rollout.name=vllm": "rollout.gpu_memory",
    "tune run full_finetune_single_device --config llama3": "batch_size: 1 with",
    "axolotl train config.yml": "micro_batch_size: 1",
    "llamafactory-cli train sft.yaml\ncutoff_len: 4096": "per_device_train_batch_size: 1",
    "swift sft --model Qwen --max_length 4096": "--per_device_train_batch_size 1",
    "python pretrain.py --micro-batch-size 4": "--micro-batch-size 1",
    "python train.py": "per_device_train_batch_size=1",
}
_ILLEGAL = "RuntimeError: CUDA error: an illegal memory access was encountered"
KERNELS = {
    "bitsandbytes/optim/optimizer.py|step|torch.cuda.synchronize()": "optim='adamw_torch'",
    "bitsandbytes/autograd/_functions.py|forward|F.linear(A, B)": "python -m bitsandbytes",
    "flash_attn/flash_attn_interface.py|_flash_attn_forward|f()": "attn_implementation='sdpa'",
    "xformers/ops/fmha/dispatch.py|_run|f()": "pip uninstall xformers",
    "liger_kernel/ops/rope.py|forward|f()": "use_liger_kernel=False",
    "unsloth/kernels/rms_layernorm.py|forward|f()": "pip install -U unsloth",
    "deepspeed/runtime/zero/stage3.py|step|f()": "without offload",
    "torch/nn/modules/linear.py|forward|F.linear(x, w)": "one process",
}
_IMAGE = "RuntimeError: CUDA error: no kernel image is available for execution on the device"
_WATCHDOG = (
    "[rank1]:[E1 ProcessGroupNCCL.cpp:474] [Rank 1] Watchdog caught collective operation timeout: "
    "WorkNCCL(SeqNum={0}, OpType=ALLREDUCE, NumelIn=1, NumelOut=1, Timeout(ms)=1800000) ran for "
    "1800790 milliseconds before timing out."
)
PROCESSES = {
    "killed at loading": (
        "Loading checkpoint shards:  57% 4/7 [00:40<00:29]\nERROR:torch.distributed.elastic."
        "multiprocessing.api:failed (exitcode: -9) local_rank: 0 (pid: 31631) of binary: python",
        "while the weights were loaded",
        "dataloader_num_workers",
    ),
    "killed after loading": (
        "Loading checkpoint shards: 100% 7/7 [00:40<00:00]\nERROR:torch.distributed.elastic."
        "multiprocessing.api:failed (exitcode: -9) local_rank: 0 (pid: 31631) of binary: python",
        "killed from outside",
        "while the weights were loaded",
    ),
    "killed at saving": (
        "Saving model checkpoint to out/checkpoint-100\nexits with return code = -9",
        "while a model was saved",
        "dataloader_num_workers",
    ),
    "killed with rows": (
        "Map (num_proc=16):  40%|####      | 40/100\nKilled\n",
        "while rows were prepared",
        "device_map",
    ),
    "first collectives": (_WATCHDOG.format(1), "before any step", "ddp_timeout"),
    "first collectives, rows": (
        f"Creating dataset split:  96%|#########| 19/20 [29:56<01:08]\n{_WATCHDOG.format(3)}",
        "ddp_timeout=7200",
        "P2P",
    ),
    "a later one": (_WATCHDOG.format(9314), "look at the other ranks", "P2P"),
    "after an evaluation": (
        f"{{'eval_loss': 1.8, 'eval_runtime': 14.4}}\n{_WATCHDOG.format(9314)}",
        "eval_strategy='no'",
        "P2P",
    ),
    "steps after an evaluation": (
        f"{{'eval_loss': 1.8}}\n{{'loss': 1.7, 'epoch': 0.2}}\n{_WATCHDOG.format(9314)}",
        "look at the other ranks",
        "eval_strategy",
    ),
    "after a save": (
        f"[Torch] Checkpoint global_step5000 is ready now!\n{_WATCHDOG.format(12029440)}",
        "save_strategy='no'",
        "P2P",
    ),
    "CUDA under NCCL": (
        "terminate called after throwing an instance of 'std::runtime_error'\n  what():  NCCL "
        "Error 1: unhandled cuda error",
        "a call of CUDA failed inside NCCL",
        "/dev/shm",
    ),
    "the system under NCCL": (
        "RuntimeError: NCCL Error 2: unhandled system error",
        "a call of the system failed inside NCCL",
        "where it has no GPU",
    ),
    "no route": (
        "ncclSystemError: System call (e.g. socket, malloc) or external library call failed or "
        "device error. Last error:\nsocketPollConnect: connect to 10.0.0.12<51423> returned No "
        "route to host",
        "NCCL_SOCKET_IFNAME",
        "/dev/shm",
    ),
    "a GPU that is not there": (
        "RuntimeError: CUDA error: invalid device ordinal",
        "--nproc_per_node",
        "driver",
    ),
    "Ray's reasons": (
        "A worker died or was killed while executing a task by an unexpected system error. There "
        "are some potential root causes. (1) The process is killed by SIGKILL by OOM killer due to "
        "high memory usage. (3) The worker is crashed unexpectedly due to SIGSEGV or other "
        "unexpected errors.",
        "a worker of Ray ended",
        "native code crashed",
    ),
    "no GPU is seen": (
        "torch.cuda.is_available(): False\n"
        "ValueError: Some modules are dispatched on the CPU or the disk. Make sure you have enough "
        "GPU RAM to fit the quantized model.",
        "no GPU is used",
        "did not fit",
    ),
}


@pytest.mark.parametrize("table", [MEMORY, PROCESSES], ids=["memory", "runs"])
def test_the_situation_decides(table: dict[str, tuple[str, str, str]]) -> None:
    wrong = []
    for name, (log, must, never) in table.items():
        said = headline(log)
        if must not in said or never in said:
            wrong.append((name, said))
    assert not wrong


@pytest.mark.parametrize("command", NAMES)
def test_a_step_is_made_smaller_by_the_framework_s_names(command: str) -> None:
    assert NAMES[command] in told(f"{command}\n{_OOM}\n")


@pytest.mark.parametrize("frame", KERNELS)
def test_a_failed_kernel_is_looked_for_in_the_last_package(frame: str) -> None:
    said = told(_trace(frame, error=_ILLEGAL))
    assert KERNELS[frame] in said
    assert "likely, not certain" in said


def test_a_card_that_torch_has_kernels_for_points_to_an_extension() -> None:
    stack = "NVIDIA GeForce RTX 5090. Torch: {0}. CUDA: 12.0.\n"
    has = told(f"{stack.format('2.7.1+cu128')}{_IMAGE}")
    assert "an extension beside torch" in has
    assert "an extension beside torch" not in told(f"{stack.format('2.5.1+cu121')}{_IMAGE}")
    called = _trace("xformers/ops/fmha/cutlass.py|apply|f()", error=_IMAGE)
    assert "xformers was called" in told(called)
