"""Memory and processes: one message in other situations than the one that comes to mind first."""

from __future__ import annotations

import io

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat.report.explanation import render_text

_SITE = "/venv/lib/python3.11/site-packages/"
_OOM = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 98.00 MiB."
_STEPS = (
    "{'loss': 1.02, 'grad_norm': 0.4, 'learning_rate': 2e-05, 'epoch': 0.99}\n"
    "{'train_runtime': 412.3, 'train_samples_per_second': 2.4, 'train_loss': 1.2, 'epoch': 1.0}\n"
)


def first(text: str) -> str:
    """Return the headline and the first cure."""
    told = " ".join(render_text(explain_log(io.BytesIO(text.encode()))).split())
    return told.split(" or: ")[0]


def _trace(*frames: str, error: str, above: str = "") -> str:
    """Return a traceback of frames ``file|function|code``; a file without a folder is a script."""
    rows = ["Traceback (most recent call last):"]
    for frame in frames:
        file, function, code = frame.split("|")
        path = f"{_SITE}{file}" if "/" in file else f"/home/me/{file}"
        rows += [f'  File "{path}", line 42, in {function}', f"    {code}"]
    return "\n".join([*([above.rstrip()] if above else []), *rows, error, ""])


_LOADS = "transformers/modeling_utils.py|from_pretrained|) = cls._load_pretrained_model("
_CARD = (
    " GPU 0 has a total capacity of 23.68 GiB of which 50.12 MiB is free. Process 4321 has 12.00 "
    "GiB memory in use. Including non-PyTorch memory, this process has 11.40 GiB memory in use. Of "
    "the allocated memory 11.20 GiB is allocated by PyTorch, and 32.00 MiB is reserved by PyTorch "
    "but unallocated."
)
_FRAGMENTS = (
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.00 GiB. GPU 0 has a total "
    "capacity of 11.99 GiB of which 0 bytes is free. Of the allocated memory 8.20 GiB is allocated "
    "by PyTorch, and 2.60 GiB is reserved by PyTorch but unallocated."
)
_MLP = "transformers/models/gemma2/modeling_gemma2.py|forward|h = self.mlp(hidden_states)"

# The situation, its log, what headline and first cure must say, what they must not.
MEMORY = {
    "base loaded again": (
        _trace("train.py|<module>|base = load()", _LOADS, error=_OOM, above=_STEPS),
        "after the training",
        "before any step",
    ),
    "loaded the first time": (
        _trace("train.py|<module>|base = load()", _LOADS, error=_OOM),
        "before any step",
        "after the training",
    ),
    "resumed": (
        _trace(
            "transformers/trainer.py|_inner_training_loop|self._load_optimizer_and_scheduler(c)",
            "transformers/trainer.py|_load_optimizer_and_scheduler|torch.load(FILE)",
            error=_OOM,
        ),
        "to resume the run",
        "batch_size",
    ),
    "best checkpoint": (
        _trace(
            "transformers/trainer.py|_inner_training_loop|self._load_best_model()",
            "transformers/trainer.py|_load_best_model|x = torch.load(FILE)",
            error=_OOM,
        ),
        "load_best_model_at_end",
        "batch_size",
    ),
    "a layer below a line that assigns logits": (
        _trace("train.py|<module>|logits = model(ids).logits", _MLP, error=_OOM),
        "memory of the card ran out",
        "logits or the loss",
    ),
    "FSDP copies from rank 0": (
        _trace(
            "torch/distributed/fsdp/_init_utils.py|_sync_module_params_and_buffers|_sync_params_"
            "and_buffers(",
            "torch/distributed/utils.py|_sync_params_and_buffers|dist._broadcast_coalesced(",
            error=_OOM,
        ),
        "while FSDP takes the model",
        "DDP",
    ),
    "a later rank on card 0": (
        f"[rank1]: Traceback (most recent call last):\n[rank1]: {_OOM}{_CARD}\n",
        "ranks that share one card",
        "left over from earlier runs",
    ),
    "fragments on Windows": (
        f'Traceback (most recent call last):\n  File "C:\\my\\t.py", line 8, in f\n{_FRAGMENTS}\n',
        "rows of one length",
        "expandable_segments",
    ),
    "generation without a trainer": (
        _trace("transformers/generation/utils.py|generate|r = self._sample(", error=_OOM),
        "max_new_tokens",
        "num_generations",
    ),
    "no figures": (
        "RuntimeError: CUDA out of memory.",
        "memory of the card ran out",
        "more memory",
    ),
    "cuBLAS": (
        "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "most often",
        "needs more memory",
    ),
    "AMD": ("torch.AcceleratorError: HIP error: out of memory", "rocm-smi", "nvidia-smi"),
    "the data loader pins": (
        _trace(
            "torch/utils/data/_utils/pin_memory.py|pin_memory|data.pin_memory(device)",
            error="RuntimeError: CUDA error: out of memory",
        ),
        "dataloader_pin_memory=False",
        "DeepSpeed",
    ),
    "Apple, loading": (
        _trace(_LOADS, error="RuntimeError: MPS backend out of memory (MPS allocated: 17.10 GB"),
        "dtype=torch.bfloat16",
        "batch_size",
    ),
    "the CPU computes": (
        _trace(
            "transformers/trainer.py|training_step|self.accelerator.backward(loss)",
            error="RuntimeError: [enforce fail at alloc_cpu.cpp:116] data. DefaultCPUAllocator: "
            "not enough memory: you tried to allocate 4294967296 bytes.",
        ),
        "computed on the CPU",
        "dataloader_num_workers",
    ),
    "quota of a service": (
        "ClientError: 429 RESOURCE_EXHAUSTED. {'error': {'message': 'You exceeded your quota'}}",
        "a quota is used up",
        "shard the weights",
    ),
    "shared memory, written": (
        "RuntimeError: unable to write to file </torch_18_19>: No space left on device (28)",
        "/dev/shm",
        "disk is full",
    ),
    "semaphores": (
        _trace(
            "datasets/arrow_dataset.py|map|with Pool(num_proc) as pool:",
            "multiprocess/synchronize.py|__init__|sl = self._semlock = _multiprocess.SemLock(",
            error="OSError: [Errno 28] No space left on device",
        ),
        "/dev/shm",
        "disk is full",
    ),
    "files of shared memory": (
        "RuntimeError: unable to open shared memory object </torch_40_13> in read-write mode: Too "
        "many open files (24)",
        "ulimit -n",
        "--shm-size",
    ),
}
_STORE = (
    "torch.distributed.DistBackendError: [1] is setting up NCCL communicator and retrieving "
    "ncclUniqueId from [0] via c10d key-value store by key '0', but store->get('0') got error: "
)
_FORKED = "RuntimeError: Cannot re-initialize CUDA in forked subprocess."
_WATCHDOG = (
    "[rank3]:[E1020 14:12:08 ProcessGroupNCCL.cpp:616] [Rank 3] Watchdog caught collective "
    "operation timeout: WorkNCCL(SeqNum=2, OpType=ALLREDUCE, NumelIn=1, NumelOut=1, "
    "Timeout(ms)=600000) ran for 600012 milliseconds before timing out."
)
_EIO = "OSError: [Errno 5] Input/output error"
_SPAWNED = '"<string>", line 1, in <module>\n  File "C:\\Python310\\lib\\multiprocessing\\spawn.py"'
PROCESSES = {
    "rank 0 is late": (f"{_STORE}wait timeout after 600000ms", "did not come in time", "--standal"),
    "rank 0 is gone": (f"{_STORE}Connection reset by peer", "it ended first", "--standalone"),
    "a try that failed": (
        "[W socket.cpp:663] [c10d] The client socket has failed to connect to [localhost]:29500 "
        f"(errno: 99 - Cannot assign requested address).\n{_STEPS}",
        "no failure",
        "find each other",
    ),
    "Gloo": (
        "RuntimeError: [/pytorch/third_party/gloo/gloo/transport/tcp/unbound_buffer.cc:81] Timed "
        "out waiting 1800000ms for recv operation to complete",
        "in Gloo",
        "NCCL gave up",
    ),
    "a young group after steps": (f"{_STEPS}{_WATCHDOG}", "NCCL gave up", "before any step"),
    "interrupted": (
        "torch.distributed.elastic.multiprocessing.api.SignalException: Process 96 got signal: 2",
        "interrupted",
        "signal 15",
    ),
    "a process that was started": (
        f"Traceback (most recent call last):\n  File {_SPAWNED}, line 126, in _main\n    self = "
        "reduction.pickle.load(from_parent)\nEOFError: Ran out of input",
        "that one failed first",
        "cut off",
    ),
    "a pickled model": (
        _trace(
            "infer.py|<module>|model = torch.load(FILE)",
            "torch/serialization.py|_load|result = unpickler.load()",
            error="AttributeError: Can't get attribute 'My' on <module '__main__' from 'infer.py'>",
        ),
        "does not define",
        "num_proc",
    ),
    "the terminal is gone": (
        _trace(
            "tqdm/std.py|fp_write|fp.write(str(s))", error="OSError: [Errno 5] Input/output error"
        ),
        "terminal",
        "df -h",
    ),
    "a disk's folder": (
        _trace(
            "torch/serialization.py|save|f.write(x)", error="OSError: [Errno 5] Input/output error"
        ),
        "network file system",
        "terminal",
    ),
    "outputs without rows": (
        "deepspeed 0.18.1\n"
        + _trace(
            "infer.py|<module>|last = outputs[0]",
            error="IndexError: index 0 is out of bounds for dimension 0 with size 0",
        ),
        "is empty",
        "ZeRO",
    ),
    "a stand-in of the compiler": (
        _trace(
            "torch/_dynamo/utils.py|run_node|return node.target(*args, **kwargs)",
            error="RuntimeError: The tensor has a non-zero number of elements, but its data is not "
            "allocated yet.",
        ),
        "DYNAMO_DISABLE",
        "taken its data away",
    ),
    "vLLM copies": (
        _trace("vllm/worker/worker.py|init_device|torch.cuda.set_device(d)", error=_FORKED),
        "VLLM_WORKER_MULTIPROCESSING_METHOD",
        "notebook_launcher",
    ),
    "a map copies": (
        _trace("datasets/arrow_dataset.py|_map_single|batch = apply(", error=_FORKED),
        "num_proc=None",
        "notebook_launcher",
    ),
    "DeepSpeed is only imported": (
        _trace(
            "accelerate/utils/deepspeed.py|<module>|import deepspeed",
            error="deepspeed.ops.op_builder.builder.MissingCUDAException: CUDA_HOME does not "
            "exist, unable to compile CUDA op(s)",
        ),
        "pip uninstall deepspeed",
        "optim=",
    ),
    "an error beside the report": (
        '[rank0]: Traceback (most recent call last):\n[rank0]:   File "/home/me/t.py", line 6, in '
        "<module>\n[rank0]:     check()\n[rank0]: ValueError: my own check failed\n"
        "torch.distributed.elastic.multiprocessing.errors.ChildFailedError:\n====\nt.py FAILED",
        "my own check",
        "not in this log",
    ),
    "ids with a gradient": (
        _trace(
            "train.py|<module>|x = torch.tensor(ids, requires_grad=True)",
            error="RuntimeError: Only Tensors of floating point and complex dtype can require "
            "gradients",
        ),
        "token ids",
        "weights",
    ),
    "a fixed number of a GPU": (
        _trace(
            'train.py|<module>|model.to("cuda:1")',
            error="RuntimeError: CUDA error: invalid device ordinal",
        ),
        "a fixed cuda:1",
        "nproc_per_node",
    ),
    "accelerate's port": (
        "$ accelerate launch train.py\ntorch.distributed.DistNetworkError: The server socket has "
        "failed to bind to [::]:29500 (errno: 98 - Address already in use).",
        "--main_process_port",
        "torchrun",
    ),
    "pip fills the disk": (
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
        "/tmp",
        "save_total_limit",
    ),
    "Apple, a tensor on the CPU": (
        "RuntimeError: Placeholder storage has not been allocated on MPS device!",
        "to('mps')",
        "FALLBACK",
    ),
}


@pytest.mark.parametrize(
    ("text", "says", "never"),
    [pytest.param(*row, id=name) for name, row in (MEMORY | PROCESSES).items()],
)
def test_the_situation_decides(text: str, says: str, never: str) -> None:
    found = first(text)
    assert says in found
    assert never not in found
