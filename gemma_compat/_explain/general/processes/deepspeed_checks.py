"""What DeepSpeed's launcher, its engine and the scripts for its checkpoints refuse."""

from __future__ import annotations

from ..base import General
from ..checks import Check, kind_of

_TO_FP32 = (
    "python zero_to_fp32.py . pytorch_model.bin   in the folder that holds latest and global_stepN"
)

_CHECKS: tuple[Check, ...] = (
    Check(
        r"The parameter (?P<name>\S{1,160}) has already been reduced",
        "ZeRO-1 and 2 got the gradient of {name} a second time before the optimizer's step",
        (
            "gradient_checkpointing_kwargs={'use_reentrant': False}",
            "one backward for each step: the losses added up first, where the script has several",
            "or ZeRO-3, which does not keep that count",
        ),
        (
            "AssertionError: The parameter 12 has already been reduced. Gradient computed twice "
            "for this partition. Multiple gradient reduction is currently not supported",
            "use_reentrant",
        ),
        why="most often reentrant checkpointing: it runs a second backward for each block, and a "
        "weight that two blocks share (an adapter, tied ones) is met in both",
    ),
    Check(
        r"Unable to proceed, no GPU resources available",
        "the deepspeed launcher counts no GPU on this machine",
        (
            "nvidia-smi   and   python -c 'import torch; print(torch.__version__, "
            "torch.cuda.device_count())'",
            "a torch with CUDA where that prints 0 beside a GPU; a container: --gpus all",
        ),
        ("RuntimeError: Unable to proceed, no GPU resources available", "device_count"),
        why="it asks the torch of the python that runs the launcher, before the script is started",
    ),
    Check(
        r"launcher '(?P<name>\w{2,20})' not installed",
        "the hostfile names several machines, and {name}, with which deepspeed reaches them, is "
        "not installed",
        (
            "sudo apt-get install -y {name}   on the machine that starts the run",
            "or one torchrun on each machine, without a hostfile: torchrun --nnodes N --node_rank "
            "I --master_addr ADDRESS --nproc_per_node GPUS SCRIPT",
            "one machine alone: no /job/hostfile, or --hostfile=''",
        ),
        ("RuntimeError: launcher 'pdsh' not installed.", "apt-get install -y pdsh"),
    ),
    Check(
        r"No slot '(?P<slot>\S{1,20})' specified on host '(?P<host>[^'\n]{1,80})'",
        "--include or CUDA_VISIBLE_DEVICES names GPU {slot}, which {host} has not",
        (
            "--include {host}:0,1   with numbers that nvidia-smi -L lists (from 0)",
            "unset CUDA_VISIBLE_DEVICES, where --include chooses",
        ),
        ("ValueError: No slot '4' specified on host 'localhost'", "--include localhost"),
    ),
    Check(
        r"Hostfile (?:is empty or not formatted correctly|contains a bad entry)",
        "the hostfile has a line that is not NAME slots=NUMBER",
        ("each line: worker-1 slots=8", "one machine alone: no hostfile at all"),
        (
            "ValueError: Hostfile is empty or not formatted correctly, unable to proceed with "
            "launching.",
            "slots=8",
        ),
    ),
    Check(
        r"Using hostfile at \S{1,200} but host=(?P<host>\S{1,80}) was not reachable via ssh",
        "the launcher cannot reach {host} of the hostfile by ssh without a password",
        (
            "ssh {host} hostname   from the machine that starts the run, without a question",
            "one machine alone: remove the hostfile",
        ),
        (
            "RuntimeError: Using hostfile at /job/hostfile but host=worker-2 was not reachable via "
            "ssh.",
            "ssh worker-2 hostname",
        ),
    ),
    Check(
        r"Cannot use fp16 without accelerator",
        "DeepSpeed sees no accelerator, and ZeRO-3 with fp16 needs one",
        ("python -c 'import torch; print(torch.cuda.is_available())'   and   ds_report",),
        ("SystemError: Cannot use fp16 without accelerator.", "ds_report"),
    ),
    Check(
        r"is not instantiated but Client LR Scheduler is instantiated",
        "DeepSpeed was given a scheduler of the script's and no optimizer to go with it",
        (
            "both from the script, or both in the config: optimizer and scheduler",
            "the scheduler as a function: lr_scheduler=lambda optimizer: ..., where the optimizer "
            "is in the config",
        ),
        (
            "AssertionError: Client Optimizer (type = <class 'NoneType'> is not instantiated but "
            "Client LR Scheduler is instantiated",
            "lambda optimizer",
        ),
    ),
    Check(
        r"Not enough buffers (?P<there>\d+) for swapping|ran out of swap buffers, try increasing "
        r"'buffer_count'",
        "the buffers for offloading to NVMe are fewer than what is swapped at once",
        ('"buffer_count": 10   in offload_param (offload_optimizer), and "buffer_size" above the '
         "largest weight",),
        ("AssertionError: Not enough buffers 5 for swapping 8", "buffer_count"),
    ),
    Check(
        r"backward pass is invalid for module in evaluation mode",
        "the model is in evaluation mode while its backward runs",
        ("model.train()   (engine.train()) before the step; after each evaluation too",),
        ("AssertionError: backward pass is invalid for module in evaluation mode", "model.train()"),
    ),
    Check(
        r"can't find model states file at |can't find \S{1,30}_states\.pt files in directory|"
        r"is not a zero checkpoint|is not a model state checkpoint|Unable to find 'latest' file at "
        r"|seems a bogus DeepSpeed checkpoint folder|No ZeRO files found in ",
        "the folder that is to be converted holds no checkpoint of ZeRO as DeepSpeed writes it",
        (
            _TO_FP32,
            "ls FOLDER/global_step*   has to show *_model_states.pt and *_optim_states.pt",
            "a folder with model.safetensors is whole already: from_pretrained reads it",
        ),
        ("ValueError: Unable to find 'latest' file at out/global_step10/latest", "zero_to_fp32.py"),
        why="save_only_model and save_16bit_model write no such files; and the script wants the "
        "folder above global_stepN",
    ),
    Check(
        r"Expected (?P<ranks>\d+) of '\*_optim_states\.pt' under '[^'\n]{1,200}' but found "
        r"(?P<there>\d+) files",
        "the checkpoint is of {ranks} processes, and the files of {there} are there",
        (
            "the missing zero_pp_rank_*_optim_states.pt from the other machines, into one folder",
            "or an earlier global_stepN that is whole",
        ),
        (
            "ValueError: Expected 4 of '*_optim_states.pt' under 'x' but found 2 files. Possibly "
            "due to an overwrite of an old checkpoint",
            "of 4 processes",
        ),
        why="each machine writes its own ranks' files, where the folder is not shared",
    ),
    Check(
        r"Invalid for universal checkpoint: (?P<path>\S{1,200}) does not exist",
        "the run is to load a universal checkpoint, and the checkpoint was not turned into one",
        (
            "python -m deepspeed.checkpoint.ds_to_universal --input_folder OUT/global_stepN "
            "--output_folder OUT/global_stepN_universal",
            'or no "load_universal" in the config\'s checkpoint, on as many GPUs as before',
        ),
        (
            "ValueError: Invalid for universal checkpoint: out/latest_universal does not exist",
            "ds_to_universal",
        ),
    ),
    Check(
        r"Train batch size must be divisible by micro-batch data parallelism",
        "train_batch_size is not a whole multiple of micro batch x GPUs",
        ("train_batch_size = train_micro_batch_size_per_gpu x GPUs x a whole number",),
        (
            "ValueError: Train batch size must be divisible by micro-batch data parallelism",
            "whole number",
        ),
    ),
)  # fmt: skip

KINDS: tuple[General, ...] = (
    kind_of(
        "check-of-deepspeed",
        r"[/\\]deepspeed[/\\]|zero_to_fp32\.py",
        "DeepSpeed says so; read in its source, 0.9.5 to 0.19.5",
        _CHECKS,
    ),
)
