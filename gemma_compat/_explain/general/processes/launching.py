"""Devices and processes as a run is set up: device_map, quantized models, DeepSpeed, FSDP."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .moving import moved

# The commands that start a training run, with the package where it has another name.
_INSTALLS = {
    "llamafactory-cli": "llamafactory",
    "swift": "ms-swift",
    "torchrun": "torch",
    "tune": "torchtune",
}
_COMMANDS = "|".join([*_INSTALLS, "accelerate", "axolotl", "deepspeed", "trl", "vllm"])


def _forked_by(frames: str) -> Answer | None:
    """Answer by who started the process: vLLM, or a map of datasets; else nothing."""
    if re.search(r"[/\\]vllm[/\\]", frames):
        return Answer(
            "CUDA was used before vLLM started its process by a copy",
            (
                "VLLM_WORKER_MULTIPROCESSING_METHOD=spawn   before the command, and "
                'if __name__ == "__main__":   around the script',
                "or no torch.cuda call and no model on the GPU before LLM(...)",
            ),
            known="torch says so; the frames are vLLM's",
        )
    if re.search(r"datasets[/\\](?:arrow_dataset|utils)|multiprocess[/\\]pool|_map_single", frames):
        return Answer(
            "a process of a map with num_proc touches the GPU",
            (
                "num_proc=None   for the map that uses the GPU, with batched=True",
                "or multiprocess.set_start_method('spawn') (the package of datasets), and "
                "with_rank=True to choose the GPU",
                "no model and no .to('cuda') in a mapped function that needs neither",
            ),
            why="its processes are copies, and CUDA does not survive the copy",
            known="torch says so; the frames are those of datasets",
        )
    return None


def _forked(case: Case) -> Answer:
    if "data/_utils/worker.py" in case.around:
        return Answer(
            "a process of the data loader touches the GPU",
            (
                "leave .cuda() and .to(device) out of the data set and the collator: the trainer "
                "moves the batch",
                "or dataloader_num_workers=0",
            ),
            why="its processes are copies of the training process, and CUDA does not survive the "
            "copy",
            known="torch says so; the frames are the data loader's",
        )
    by_whom = _forked_by(f"{case.frames}\n{case.hit.after[:300]}")
    if by_whom is not None:
        return by_whom
    return Answer(
        "CUDA was used before the process was copied",
        (
            "nothing on the GPU before notebook_launcher, or before a map with num_proc",
            "or the start method 'spawn': multiprocessing.set_start_method('spawn')",
        ),
        known="torch says so",
    )


def _no_command(case: Case) -> Answer | None:
    name = next(text for text in case.match.groups() if text)
    if name == "swift" and re.search(r"\bswift (?:build|run|package|test|--version)\b", case.near):
        return None  # the language
    package = _INSTALLS.get(name, name)
    return Answer(
        f"the shell finds no command {name}",
        (
            f"python -m pip install {package}   with the very python that is to run it",
            "or activate the environment that has it; a checkout wants: pip install -e .",
        ),
        why="the package is not installed there, or its folder bin is not on PATH",
        known="the shell says so; which of the two it is, it does not say",
        settles=False,
    )


def _on_mps(case: Case) -> Answer:
    """Answer by which of three refusals of Apple's GPU it is."""
    if "Placeholder" in case.match[0]:
        return Answer(
            "a tensor was left on the CPU while the model is on Apple's GPU (mps)",
            ("inputs = inputs.to('mps')   or .to(model.device), and model.to('mps')",),
            why="the operation finds no memory of the GPU behind one of its tensors",
            known="torch says so; which tensor it is, the frames show",
            settles=False,
        )
    if "float64" in case.match[0]:
        return Answer(
            "a tensor in float64 is to be moved to Apple's GPU, which has no float64",
            (
                ".to(torch.float32) before .to('mps'); NumPy arrays and Python floats become "
                "float64",
                "or pip install -U   the package of the last frame",
            ),
            known="torch says so; which tensor it is, the frames show",
            settles=False,
        )
    return Answer(
        "Apple's GPU does not compute this operation in this torch",
        (
            "PYTORCH_ENABLE_MPS_FALLBACK=1 before the command: the CPU computes it then",
            "or pip install -U torch",
        ),
        known="torch names the operation",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "two-ways-to-launch",
        r"[Yy]ou can only use one of `?--cpu`?,[^\n]{0,100} at a time|"
        r"[Yy]ou need to use at least 2 processes to use `?--multi_gpu",
        lambda case: Answer(
            "accelerate launch is given several of the flags that choose how to train"
            if "only use one" in case.hit.text
            else "accelerate launch is given --multi_gpu for one process",
            (
                "one of them alone: --use_deepspeed or --use_fsdp without --multi_gpu; "
                "--num_processes N says how many GPUs"
                if "only use one" in case.hit.text
                else "leave --multi_gpu out, or --num_processes 2",
            ),
            why="--use_deepspeed and --use_fsdp start several processes themselves",
            known="accelerate says so",
        ),
        {
            "ValueError: You can only use one of --cpu, --multi_gpu, --tpu, --use_deepspeed, "
            "--use_fsdp at a time.": "without --multi_gpu",
            "ValueError: You need to use at least 2 processes to use `--multi_gpu`.": "leave",
        },
        alone=True,
    ),
    General(
        "quantized-on-another-device",
        r"loaded in (?:8-bit or 4-bit|8-bit|4-bit)[^\n]{0,40} on a different device",
        always(
            "the quantized model lies on another device than the one that this process trains on",
            'device_map={"": PartialState().process_index}   (from accelerate import PartialState)',
            "or one process: CUDA_VISIBLE_DEVICES=0, without a launcher",
            why='device_map="auto" or a fixed number chose the device at loading, and a quantized '
            "model cannot be moved afterwards; each process trains on its own GPU",
            known="accelerate says so",
        ),
        {
            "ValueError: You can't train a model that has been loaded in 8-bit or 4-bit precision "
            "on a different device than the one you're training on.": "PartialState",
            "- **Problem:** `ValueError: You can't train a model that has been loaded in 4-bit "
            "precision on a different device`": "CUDA_VISIBLE_DEVICES=0",
        },
    ),
    General(
        "spread-and-distributed",
        r"loaded (?:with|in 8-bit precision with) `device_map='auto'` in any distributed mode|"
        r"device_map='auto'` (?:cannot be trained )?in any distributed",
        always(
            'device_map="auto" spreads the model over all GPUs, and a launcher started several '
            "processes that all do so",
            "leave device_map out, and let the launcher give each process its GPU",
            "or start one process, without torchrun and accelerate launch",
            known="accelerate says so",
        ),
        {
            "ValueError: You can't train a model that has been loaded with `device_map='auto'` in "
            "any distributed mode.": "device_map",
            "ValueError: A model that has been loaded with `device_map='auto'` cannot be trained "
            "in any distributed mode.": "leave device_map out",
        },
    ),
    General(
        "quantized-model-moved",
        r"`\.to` is not supported for `(?:4-bit` or `)?8-bit`|"
        r"`\.(?:cuda|half|float)\(\)` is not supported for `4-bit`|"
        r"Calling `(?:cuda|to|half|float)\(\)` is not supported for `(?:4|8)-bit`",
        moved,
        {
            "ValueError: `.to` is not supported for `4-bit` or `8-bit` bitsandbytes models.": (
                "device_map"
            ),
            'File "/x/site-packages/accelerate/big_modeling.py", line 496, in dispatch_model\n'
            "    model.to(device)\n"
            'File "/x/site-packages/transformers/modeling_utils.py", line 2883, in to\n'
            "    raise ValueError(\n"
            "ValueError: `.to` is not supported for `4-bit` or `8-bit` bitsandbytes models.": (
                "pip install -U transformers"
            ),
            'File "/home/me/train.py", line 4, in <module>\n    model.to("cuda")\n'
            'File "/x/site-packages/transformers/modeling_utils.py", line 2883, in to\n'
            "    raise ValueError(\n"
            "ValueError: `.to` is not supported for `4-bit` or `8-bit` bitsandbytes models.": (
                "leave .to()"
            ),
        },
    ),
    General(
        "zero3-with-device-map",
        r"DeepSpeed Zero-3 is not compatible with",
        always(
            "ZeRO-3 places the weights itself, and device_map (or low_cpu_mem_usage) does too",
            "leave device_map and low_cpu_mem_usage out of from_pretrained",
            known="transformers says so",
        ),
        {
            "ValueError: DeepSpeed Zero-3 is not compatible with `low_cpu_mem_usage=True` or with "
            "passing a `device_map`.": "leave device_map"
        },
    ),
    General(
        "batch-sizes-of-deepspeed",
        r"Check batch related parameters\. train_batch_size is not equal",
        always(
            "the batch sizes that DeepSpeed was given contradict each other",
            '"train_batch_size": "auto", "train_micro_batch_size_per_gpu": "auto", '
            '"gradient_accumulation_steps": "auto"   with a Trainer or accelerate, which fill them '
            "in",
            "without them: no train_batch_size, which DeepSpeed computes from the other two",
            known="the message has the numbers",
        ),
        {
            "AssertionError: Check batch related parameters. train_batch_size is not equal to "
            "micro_batch_per_gpu * gradient_acc_step * world_size 16 != 1 * 4 * 2": "no train_batch"
        },
    ),
    General(
        "cuda-after-fork",
        r"Cannot re-initialize CUDA in forked subprocess",
        _forked,
        {
            "RuntimeError: Cannot re-initialize CUDA in forked subprocess.": "spawn",
            'File "/x/site-packages/torch/utils/data/_utils/worker.py", line 358, in _worker_loop'
            "\n    data = fetcher.fetch(index)\n"
            "RuntimeError: Cannot re-initialize CUDA in forked subprocess.": "the data loader's",
        },
    ),
    General(
        "operator-not-on-mps",
        r"not currently implemented for the MPS device|Placeholder storage has not been allocated "
        r"on MPS|Cannot convert a MPS Tensor to float64",
        _on_mps,
        {
            "RuntimeError: Placeholder storage has not been allocated on MPS device!": "to('mps')",
            "TypeError: Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't "
            "support float64. Please use float32 instead.": "float32",
            "NotImplementedError: The operator 'aten::x' is not currently implemented for the MPS "
            "device.": "FALLBACK",
        },
    ),
    General(
        "command-not-found",
        rf"sh: (?:line )?(?:\d+: )?(?P<sh>{_COMMANDS}): (?:command )?not found|"
        rf"command not found: (?P<zsh>{_COMMANDS})|"
        rf"(?:^|[`'\"“：: ])(?P<told>{_COMMANDS}) ?: (?:command not found|未找到命令|未找到指令|"
        r"(?:Befehl|Kommando) nicht gefunden|commande introuvable|(?:orden|comando) no encontrad|"
        r"comando não encontrado|команда не найдена|コマンドが見つかりません)|"
        rf"['\"«](?P<cmd>{_COMMANDS})['\"»] (?:is not recognized as an internal|不是内部或外部命令|"
        r"ist entweder falsch geschrieben|n'est pas reconnu|no se reconoce como|não é reconhecido|"
        r"не является внутренней)|"
        rf"(?:term '|无法将[\"“])(?P<ps>{_COMMANDS})(?:' is not recognized|[\"”]项识别为)",
        _no_command,
        {
            "bash: llamafactory-cli: command not found": "pip install llamafactory",
            "zsh: command not found: torchrun": "pip install torch",
            "bash: torchrun: 未找到命令": "pip install torch",
            'Der Befehl "torchrun" ist entweder falsch geschrieben oder': "pip install torch",
            "llamafactory-cli : 无法将“llamafactory-cli”项识别为 cmdlet、函数": "pip install",
            "'swift' 不是内部或外部命令，也不是可运行的程序": "pip install ms-swift",
            "$ swift build\nbash: swift: command not found": "",
        },
        alone=True,
    ),
)
