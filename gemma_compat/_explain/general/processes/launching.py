"""Devices and processes as a run is set up: device_map, quantized models, DeepSpeed, FSDP."""

from __future__ import annotations

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
    return Answer(
        "CUDA was used before the process was copied",
        (
            "nothing on the GPU before notebook_launcher, or before a map with num_proc",
            "or the start method 'spawn': multiprocessing.set_start_method('spawn')",
        ),
        known="torch says so",
    )


def _no_command(case: Case) -> Answer:
    name = next(text for text in case.match.groups() if text)
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
            "each process has to load the 4-bit model onto its own GPU, and this one did not",
            'device_map={"": PartialState().process_index}   (from accelerate import PartialState)',
            "or one process: CUDA_VISIBLE_DEVICES=0, without a launcher",
            why="a quantized model cannot be moved afterwards",
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
            "the batch sizes in the DeepSpeed config contradict those of the Trainer",
            '"train_batch_size": "auto", "train_micro_batch_size_per_gpu": "auto", '
            '"gradient_accumulation_steps": "auto"',
            known="the message has the numbers",
        ),
        {
            "AssertionError: Check batch related parameters. train_batch_size is not equal to "
            "micro_batch_per_gpu * gradient_acc_step * world_size 16 != 1 * 4 * 2": "auto"
        },
    ),
    General(
        "deepspeed-cannot-compile",
        r"CUDAMismatchException|MissingCUDAException|CUDA_HOME does not exist|"
        r"Unable to (?:load|JIT load the) \w+ op|not match the version torch was compiled with",
        always(
            "DeepSpeed compiles a kernel at first use, and the CUDA toolkit here is missing or "
            "not the one of torch",
            "no offload, and the Trainer's own optimizer (optim='adamw_torch'): nothing is "
            "compiled then",
            "or the CUDA toolkit of torch's release, with CUDA_HOME set; DS_SKIP_CUDA_CHECK=1 "
            "skips a mere difference of minor releases",
            known="DeepSpeed says so",
        ),
        {
            "deepspeed.ops.op_builder.builder.CUDAMismatchException: >- DeepSpeed Op Builder: "
            "Installed CUDA version 11.8 does not match the version torch was compiled with 12.1": (
                "DS_SKIP_CUDA_CHECK"
            )
        },
    ),
    General(
        "integers-in-a-flat-unit",
        r"Cannot flatten integer dtype tensors|Integer parameters are unsupported",
        always(
            "FSDP1 flattens weights, and packed 4-bit weights are integers",
            "bnb_4bit_quant_storage=torch.bfloat16 (the dtype of the other weights)",
            "or FSDP2 (fsdp_version: 2), or DDP for QLoRA",
            why="bitsandbytes stores 4-bit weights as uint8 unless told otherwise",
            known="the message is torch's",
        ),
        {
            "ValueError: Cannot flatten integer dtype tensors": "bnb_4bit_quant_storage",
            "ValueError: Integer parameters are unsupported": "bnb_4bit_quant_storage",
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
        always(
            "Apple's GPU does not compute this operation, or a tensor was left on the CPU",
            "PYTORCH_ENABLE_MPS_FALLBACK=1 before the command",
            "model.to('mps') and every input too, where the message is about storage",
            known="torch says so",
            settles=False,
        ),
        {
            "NotImplementedError: The operator 'aten::x' is not currently implemented for the MPS "
            "device.": "FALLBACK"
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
        },
        alone=True,
    ),
    General(
        "nothing-had-a-gradient",
        r"No inf checks were recorded for this optimizer",
        always(
            "the optimizer holds no parameter that got a gradient",
            "model.print_trainable_parameters() right before trainer.train()",
            "or bf16=True in place of fp16=True, where the card computes bfloat16",
            why="the scaler of fp16 looks at gradients; there are none where everything is frozen, "
            "or where the loss does not depend on what is trained",
            known="torch's GradScaler says so",
            settles=False,
        ),
        {"AssertionError: No inf checks were recorded for this optimizer.": "trainable"},
    ),
    General(
        "scaler-out-of-turn",
        r"No inf checks were recorded prior to update|Attempted (?:step|update|unscale_) but "
        r"_scale is None|unscale_\(\) has already been called on this optimizer|"
        r"(?:step|unscale_)\(\) is being called after",
        always(
            "the scaler of fp16 is called out of its turn: scale(loss), then step(optimizer), then "
            "update()",
            "accelerator.backward(loss); optimizer.step()   with accelerate: it calls the scaler "
            "itself",
            "scaler.scale(loss).backward(); scaler.step(optimizer); scaler.update()   in a loop of "
            "your own, with a scaler of your own",
            "bf16   in place of fp16, where the card computes it: it needs no scaler",
            why="loss.backward() in place of scale(loss).backward(), a step that was left out, or "
            "two scalers, one of accelerate and one of the script",
            known="the message is a check of torch's GradScaler",
            settles=False,
        ),
        {
            "AssertionError: No inf checks were recorded prior to update.": "scaler.update()",
            "AssertionError: Attempted step but _scale is None.  This may indicate your script did "
            "not use scaler.scale(loss or outputs) earlier in the iteration.": (
                "accelerator.backward(loss)"
            ),
        },
    ),
)
