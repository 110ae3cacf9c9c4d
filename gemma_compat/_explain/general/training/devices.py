"""Answers where tensors of one operation lie on two devices."""

from __future__ import annotations

import re

from ...answer import Answer
from ...unknown import OWN
from ..base import Case

# Torch says no more where a log cuts its message.
_UNNAMED = Answer(
    "tensors of one operation lie on two devices",
    (
        "look at the whole message: it names the devices, and the last frame the operation",
        "batch = {k: v.to(model.device) for k, v in batch.items()}   for inputs; "
        "accelerator.prepare(...) for a second model (teacher, reference)",
        "CUDA_VISIBLE_DEVICES=0 before the command: one GPU, where the machine has several",
    ),
    why="an input, a second model or a part that was added later stayed where it was made; "
    'or device_map="auto" spread one model over several GPUs',
    known="torch's message, here without the names of the devices",
    settles=False,
)


def _indices(case: Case) -> Answer:
    if case.match["indexed"] == "cpu":
        return Answer(
            "a tensor on the CPU is indexed by one on a GPU",
            (
                "table = table.to(index.device)   or index.cpu(), in the line that the traceback "
                "shows last",
                "model.to('cuda')   where it is a part of the model that stayed on the CPU",
            ),
            why="a table, mask or buffer that was made by hand stays on the CPU, and so does a "
            "module that was added after the model was moved",
            known="the message: the indexed tensor is the one on the CPU, and its index is not",
            settles=False,
        )
    return Answer(
        "indices (input_ids, labels, a mask) and the tensor that they index lie on two devices"
        f": the tensor is on {case.match['indexed']}",
        (
            "inputs = tokenizer(...).to(model.device)   (the device of the embeddings)",
            'or device_map={"": 0}: the whole model on one GPU',
        ),
        why='with device_map="auto" parts of the model, and with an older accelerate what is '
        "handed between them, may lie on a GPU that the inputs are not on",
        known="the message names the device of the indexed tensor alone",
        settles=False,
    )


_OPTIMIZER = Answer(
    "the optimizer's state and the weights that it updates lie on two devices",
    (
        "move the model to its device before the optimizer is made or its state is loaded, and "
        "not after",
        "for state in optimizer.state.values(): state.update({k: v.to(DEVICE) for k, v in "
        "state.items() if torch.is_tensor(v)})   where it was made already",
    ),
    why="the optimizer keeps its averages where the weights were at its first step, or where its "
    "file was loaded to",
    known="the last frames are an optimizer's step",
    certain=False,
)


def _labels_elsewhere(between: str) -> Answer:
    return Answer(
        f"the loss meets labels and logits on {between}",
        (
            "labels = labels.to(logits.device)   before the loss, in own code",
            "pip install -U transformers   whose losses move the labels (code from the Hub need "
            "not)",
            'CUDA_VISIBLE_DEVICES=0, or device_map={"": 0}: the whole model on one GPU',
        ),
        why="a model that is spread over devices gives its logits on the last one, or on the CPU "
        "where weights are offloaded; labels lie where the batch was put",
        known="the message names the loss and its target",
        settles=False,
    )


# Torch names the device of the arguments before, then that of the one that it checks; from 2.9 on
# the checked one stands first, by its name.
_CHECKED = re.compile(
    r"two devices, (?P<others>[\w:]+) and (?P<checked>[\w:]+)! \(when checking argument for "
    r"argument (?P<name>\w+) in method (?P<method>\w+)|"
    r"but got (?P<argument>\w+) is on (?P<lies>[\w:]+), different from other tensors on [\w:]+ "
    r"\(when checking argument in method (?P<call>\w+)"
)
_WEIGHTS = re.compile(r"mat2|weight|running_mean|bias")
_TARGET = re.compile(
    r"argument target in method wrapper_CUDA_nll_loss|"
    r"but got target is on [^\n]{1,120}\bmethod wrapper_CUDA_nll_loss"
)


def _weights_stayed(case: Case) -> bool:
    """Return whether the argument that torch checked is a layer's weights, and lies on the CPU."""
    found = _CHECKED.search(" ".join(case.message.split()))
    if found is None or (found["checked"] or found["lies"]) != "cpu":
        return False
    is_product = re.search(r"mm$|linear|conv|norm|embedding", found["method"] or found["call"])
    return bool(is_product and _WEIGHTS.fullmatch(found["name"] or found["argument"]))


_STAYED = Answer(
    "a layer's weights lie on the CPU, and what it is given on the GPU",
    (
        "print([n for n, p in model.named_parameters() if p.device.type == 'cpu'][:5])   : which",
        "model.to('cuda')   after the last module was added (an adapter, a head), where all fits",
        'device_map={"": 0}   where device_map="auto" offloaded a part for want of memory',
    ),
    why="a module that is made after the model was moved stays on the CPU, and so does one that "
    "was offloaded and is called past its hook",
    known="torch names the argument that it checked, and its device",
    certain=False,
    settles=False,
)


# A trainer's own step: it has put the batch on the model's device.
_STEP = re.compile(r"in (?:training_step|prediction_step|_unsloth_training_step)\b")
_LAUNCHED = re.compile(
    r"\btorchrun\b|\baccelerate launch\b|torch\.distributed\.(?:run|launch)|\[rank\d+\]|"
    r"\bnproc[-_]per[-_]node\b|NPROC_PER_NODE|FORCE_TORCHRUN|DistributedDataParallel"
)
_OF_CLASSES = re.compile(r"argument weight in method wrapper_\w{2,8}_nll_loss")


def _in_a_step(case: Case, between: str) -> Answer:
    """Answer a step of a trainer in which a tensor other than the batch lies on the CPU."""
    place = case.caller
    own = place is not None and place.owner == OWN
    if own or _OF_CLASSES.search(" ".join(case.message.split())):
        return Answer(
            f"tensors of one operation lie on {between}, in a line of the script"
            if own
            else f"the loss gets class weights on the CPU, and the rest on the GPU ({between})",
            (
                "x = x.to(logits.device)   for what that line makes or keeps itself: class "
                "weights (torch.tensor([...])), a mask, a second model, a projection",
                "self.register_buffer('weights', ...)   in a model of your own, so that it moves "
                "with the model",
            ),
            why="the Trainer moves the batch to the GPU, and nothing that the script made",
            known="the frames: a trainer's step"
            + (", and a line of the script as the last one above torch" if own else ""),
            settles=False,
        )
    return Answer(
        f"tensors of one operation lie on {between}, in a step of a trainer, which moves the batch "
        "itself",
        (
            "print([n for n, p in model.named_parameters() if p.device.type == 'cpu'][:5])   : "
            "which weights stayed?",
            'device_map={"": 0}   where device_map="auto" offloaded a part for want of memory',
            "without offload_param and offload_optimizer   under DeepSpeed: does it go on?"
            if re.search(r"(?i)deepspeed|zero-?3", case.near)
            else "model.to('cuda')   after the last module was added (an adapter, a head)",
        ),
        why="weights that were offloaded, or a module that was added after the model was moved; "
        "a column that the collator did not make a tensor of stays where it is",
        known="the message names the devices, and the frames are those of a trainer's step",
        certain=False,
        settles=False,
    )


def _of_a_rank(between: str) -> Answer:
    return Answer(
        f"one of several processes meets tensors on {between}, and each should keep to its card",
        (
            "device_map={'': int(os.environ['LOCAL_RANK'])}   in place of 'auto' or {'': 0}; and "
            "torch.cuda.set_device(...) before anything is loaded",
            "x.to(model.device)   in place of .cuda(), .to('cuda:0') and map_location='cuda:0'",
            "one process on one card: CUDA_VISIBLE_DEVICES=0: gone there?",
        ),
        why="what is made on cuda:0 in every process is on another card than the model in all but "
        "the first; device_map='auto' spreads the model of each process over all cards",
        known="the message names the devices, and the log shows a launcher or ranks; which tensor "
        "it is, they do not say",
        certain=False,
        settles=False,
    )


def _the_batch(between: str) -> Answer:
    return Answer(
        f"tensors of one operation lie on {between}",
        (
            "move the batch to the model's device: "
            "{k: v.to(model.device) for k, v in batch.items()}",
        ),
        why="a tensor was made or left on the CPU: an input, a module that was added after the "
        "model was moved, or weights that were offloaded for want of memory",
        known="the message names the devices; which tensor it is, the traceback's last frame",
        settles=False,
    )


def on_devices(case: Case) -> Answer:
    """Answer by the devices that the message names, and by what lies on which."""
    if case.match["indexed"]:
        return _indices(case)
    if case.match[0].startswith("indices"):
        return _UNNAMED  # the message is cut before the device
    devices = sorted(set(re.findall(r"(?:cuda|npu|xpu|hpu|xla|mlu):\d+|cpu|mps", case.message)))
    between = " and ".join(devices) or "two devices"
    if _TARGET.search(case.message):
        return _labels_elsewhere(between)
    if re.search(r"torch[/\\]optim[/\\]", "".join(case.frames.splitlines()[-2:])):
        return _OPTIMIZER
    if _weights_stayed(case):
        return _STAYED
    if "cpu" in devices and _STEP.search(case.frames):
        return _in_a_step(case, between)
    if "cpu" in devices or "mps" in devices:
        return _the_batch(between)
    if len(devices) < 2:
        return _UNNAMED
    if not case.log.spread and _LAUNCHED.search(f"{case.near}{case.around}"):
        return _of_a_rank(between)
    return Answer(
        f"the model is spread over several GPUs of one process, and one operation meets {between}",
        (
            'CUDA_VISIBLE_DEVICES=0 before the command, or device_map={"": 0}: one GPU',
            "or one process per GPU: torchrun, accelerate launch",
        ),
        why='device_map="auto" puts layers on different GPUs; what is handed from layer to layer '
        "is moved, what is kept beside (masks, per-layer inputs, token types) is not always",
        known="the message names the devices"
        + ('; the log has device_map="auto"' if case.log.spread else ""),
        certain=case.log.spread,
    )
