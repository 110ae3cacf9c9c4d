"""DeepSpeed: its config, its optimizers, the kernels that it compiles, ZeRO-3's weights."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_SAYS = "DeepSpeed says so"
_IN_CONFIG = (
    'or "optimizer": {"type": "AdamW", "params": {"lr": "auto", "weight_decay": "auto"}}   in the '
    "same file: DeepSpeed makes its own then"
)


def _optimizer(case: Case) -> Answer:
    offloads = "ZeRO-Offload" in case.match[0]
    return Answer(
        "the DeepSpeed config offloads the optimizer, and the run brings its optimizer"
        if offloads
        else "ZeRO is given an optimizer that DeepSpeed has not tested with it",
        (
            '"zero_force_ds_cpu_optimizer": false   in the DeepSpeed config'
            if offloads
            else '"zero_allow_untested_optimizer": true   in the DeepSpeed config',
            _IN_CONFIG,
        ),
        why="without an optimizer in that file the Trainer makes torch's or the one of optim=",
        known=_SAYS,
    )


def _world_size(case: Case) -> Answer:
    was, now = case.match["was"], case.match["now"]
    return Answer(
        f"the checkpoint's optimizer states were written by {was} processes, and {now} are to "
        "read them",
        (
            f"resume with as many GPUs as wrote it: {was}",
            "or start from the weights alone: python zero_to_fp32.py CHECKPOINT OUT, and no "
            "resume_from_checkpoint",
            "or DeepSpeed's universal checkpoint: python -m "
            "deepspeed.checkpoint.ds_to_universal, and "
            '"load_universal": true   under "checkpoint"',
        ),
        why="each process has its own shard of the states",
        known=f"{_SAYS}; the numbers are its own",
    )


def _no_launcher(case: Case) -> Answer | None:
    if not case.says(r"(?i)deepspeed"):
        return None
    return Answer(
        "DeepSpeed was started without its launcher, and looks for MPI then",
        (
            "deepspeed SCRIPT ...   or torchrun --nproc_per_node GPUS SCRIPT ..., for one GPU too",
            "in a notebook: os.environ with RANK=0, LOCAL_RANK=0, WORLD_SIZE=1, "
            "MASTER_ADDR=localhost, MASTER_PORT=9994",
        ),
        why="rank and address come from variables that a launcher sets; mpi4py is needed under "
        "mpirun alone",
        known="the message; mpi4py is what DeepSpeed tries without those variables",
    )


KINDS: tuple[General, ...] = (
    General(
        "optimizer-that-zero-refuses",
        r"You are using an untested ZeRO Optimizer|"
        r"You are using ZeRO-Offload with a client provided optimizer",
        _optimizer,
        {
            "AssertionError: You are using an untested ZeRO Optimizer. Please add <"
            '"zero_allow_untested_optimizer": true> in the configuration file to use it.': (
                '"zero_allow_untested_optimizer": true'
            ),
            "deepspeed.runtime.zero.utils.ZeRORuntimeException: You are using ZeRO-Offload with a "
            "client provided optimizer (<class 'torch.optim.adamw.AdamW'>) which in most cases": (
                '"zero_force_ds_cpu_optimizer": false'
            ),
        },
    ),
    General(
        "shards-of-another-number",
        r"used a DP world size of (?P<was>\d+) but the (?:current|expected) world size is "
        r"(?P<now>\d+)",
        _world_size,
        {
            "deepspeed.runtime.zero.utils.ZeRORuntimeException: The checkpoint being loaded used a "
            "DP world size of 8 but the current world size is 4. Automatic adjustment": (
                "as many GPUs as wrote it: 8"
            )
        },
    ),
    General(
        "loss-scale-at-its-minimum",
        r"Current loss scale already at minimum",
        always(
            "gradients overflowed float16 step after step, down to the smallest loss scale",
            '"bf16": {"enabled": "auto"} in the DeepSpeed config and bf16=True, fp16=False   on '
            "Ampere and newer",
            "without bfloat16: a smaller learning rate, max_grad_norm=1.0, and a look at the first "
            "steps' loss",
            why="a Gemma's activations pass the largest number of float16; a loss that is NaN "
            "from the first step looks the same",
            known=f"{_SAYS}; what overflowed, it does not say",
            settles=False,
        ),
        {
            "Exception: Current loss scale already at minimum - cannot decrease scale anymore. "
            "Exiting run.": "bf16=True"
        },
    ),
    General(
        "weight-copied-while-empty",
        r"'ds_shape': \(0,\)",
        always(
            "ZeRO-3 holds a weight of size 0: it was copied from one that was cut up already",
            "no modules_to_save (embeddings, head) under ZeRO-3, or a newer peft, which gathers "
            "them before the copy",
            "or ZeRO-2, where the weights fit on each card",
            why="under ZeRO-3 a weight is empty until it is gathered, and a copy of it stays empty",
            known="the shape is in the message; who copied it is not",
            certain=False,
            settles=False,
        ),
        {
            "AssertionError: {'id': 323, 'status': 'NOT_AVAILABLE', 'numel': 0, 'ds_numel': 0, "
            "'shape': (0,), 'ds_shape': (0,), 'requires_grad': True}": "modules_to_save"
        },
        alone=True,
    ),
    General(
        "weight-not-gathered-yet",
        r"'status': '(?:INFLIGHT|NOT_AVAILABLE)', 'numel'",
        always(
            "ZeRO-3 had not gathered a weight at the moment that it was used",
            '"stage3_prefetch_bucket_size": 0   in zero_optimization',
            "gradient_checkpointing_kwargs={'use_reentrant': False}, and pip install -U deepspeed",
            "or ZeRO-2, where the weights fit on each card",
            why="it fetches weights ahead, in the order of the first steps; a layer that is "
            "skipped, run twice or called from outside its module breaks that order",
            known="the weight's state is in the message; which layer it was, the frames show",
            settles=False,
        ),
        {
            "AssertionError: {'id': 292, 'status': 'INFLIGHT', 'numel': 524288000, 'ds_numel': "
            "524288000, 'shape': (2048, 256000)}": "prefetch_bucket_size",
        },
        alone=True,
    ),
    General(
        "no-batch-size-for-deepspeed",
        r"[Ee]ither train_batch_size or train_micro_batch_size_per_gpu needs|"
        r"at least one of training or evaluation dataloaders with `batch_size`|"
        r"dataloaders passed to `accelerate\.prepare\(\)` has `None` as batch size",
        always(
            "DeepSpeed is not told how many rows a process takes",
            '"train_micro_batch_size_per_gpu": 1   in the DeepSpeed config, as a number',
            why='the Trainer fills in what is "auto"; accelerate takes the number from a data '
            "loader that is prepared with the model",
            known=_SAYS,
        ),
        {
            "ValueError: When using DeepSpeed, `accelerate.prepare()` requires you to pass at "
            "least one of training or evaluation dataloaders with `batch_size` attribute": (
                "as a number"
            )
        },
    ),
    General(
        "auto-that-was-not-filled-in",
        r"invalid literal for int\(\) with base 10: 'auto'|"
        r"could not convert string to float: 'auto'|input_value='auto'",
        always(
            'the word "auto" reached code that wants a number',
            "write numbers in the DeepSpeed config: batch sizes, learning rate, bucket sizes",
            "or let the Trainer read the file: deepspeed=FILE in TrainingArguments",
            why='"auto" is a word of transformers and accelerate; DeepSpeed itself, and another '
            "trainer, do not know it",
            known="the message shows the value",
        ),
        {"ValueError: invalid literal for int() with base 10: 'auto'": "write numbers"},
    ),
    General(
        "no-deepspeed-config",
        r"Expected a string path to an existing deepspeed config",
        always(
            "the DeepSpeed config is not where the run looks for it",
            "ls FILE   from the folder in which the run is started; or an absolute path",
            why="a relative path counts from that folder, not from the script's",
            known=_SAYS,
        ),
        {
            "ValueError: Expected a string path to an existing deepspeed config, or a dictionary, "
            "or a base64 encoded string. Received: ds_z3.json": "absolute path"
        },
    ),
    General(
        "optimizer-made-twice",
        r"You cannot specify (?:an optimizer|a scheduler) in the config file and in the code|"
        r"You cannot create a `DummyOptim` without",
        lambda case: (
            Answer(
                "the script has a DummyOptim, and the DeepSpeed config has no optimizer for it",
                (
                    '"optimizer": {"type": "AdamW", "params": {"lr": "auto"}}   in the config',
                    "or torch.optim.AdamW in the script, in place of DummyOptim",
                ),
                known="accelerate says so",
            )
            if "without" in case.match[0]
            else Answer(
                "optimizer or scheduler stand both in the DeepSpeed config and in the script",
                (
                    'take "optimizer" and "scheduler" out of the DeepSpeed config',
                    "or in the script: DummyOptim and DummyScheduler of accelerate.utils",
                ),
                known="accelerate says so",
            )
        ),
        {
            "ValueError: You cannot specify an optimizer in the config file and in the code at the "
            "same time.": "DummyOptim",
            "ValueError: You cannot create a `DummyOptim` without specifying an optimizer in the "
            "config file.": "AdamW",
        },
    ),
    General(
        "deepspeed-without-a-launcher",
        r"No module named 'mpi4py'|DeepSpeed requires the LOCAL_RANK environment variable",
        _no_launcher,
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/deepspeed/comm/comm.py", '
            "line 700, in mpi_discovery\n    from mpi4py import MPI\nModuleNotFoundError: No "
            "module named 'mpi4py'": "torchrun",
            "ModuleNotFoundError: No module named 'mpi4py'": "",
        },
    ),
    General(
        "order-of-weights-lost",
        r"pop from an empty deque",
        lambda case: (
            Answer(
                "ZeRO-3 reads back the order in which it gathered weights, and a module is missing "
                "in it",
                (
                    "a trainer that generates between steps (GRPO, RLOO, online DPO): "
                    "ds3_gather_for_generation=False, or use_vllm=True",
                    "pip install -U trl deepspeed   to releases of the same time",
                    "or ZeRO-2, where the weights fit on each card",
                ),
                why="the order is noted by hooks in one forward pass. TRL takes these hooks off "
                "and puts them back to generate with whole weights; then, or where a forward "
                "pass broke off, the notes are incomplete",
                known="the frame is DeepSpeed's; read in deepspeed 0.17.0 and trl 0.18.2; that the "
                "hooks are behind it here, the log does not show",
                certain=False,
                settles=False,
            )
            if re.search(
                r"(?i)deepspeed[/\\]|partitioned_param_coordinator|step_id_module_fetched_for",
                case.around + case.near,
            )
            else None
        ),
        {
            "[rank0]: step_id = self.__step_id_module_fetched_for[sub_module.id].popleft()\n"
            "[rank0]: IndexError: pop from an empty deque": "ds3_gather_for_generation",
            "IndexError: pop from an empty deque": "",
            "    optimizer.zero_grad()\nIndexError: pop from an empty deque": "",
        },
    ),
)
