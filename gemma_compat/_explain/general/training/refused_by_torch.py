"""What torch's optimizers, loaders and modules refuse."""

from __future__ import annotations

from ..base import General
from ..refused import Row, refused

_TORCH: tuple[Row, ...] = (
    Row(
        "ValueError: persistent_workers option needs num_workers > 0",
        r"persistent_workers option needs num_workers > 0",
        "loaders are to keep their worker processes, and there are none",
        (
            "dataloader_num_workers=2   beside dataloader_persistent_workers=True (num_workers of "
            "a DataLoader)",
            "or leave persistent_workers out",
        ),
    ),
    Row(
        "ValueError: DataLoader with IterableDataset: expected unspecified shuffle option, but got "
        "shuffle=True",
        r"DataLoader with IterableDataset: expected unspecified (shuffle|sampler|batch_sampler) "
        r"option",
        "a stream is loaded with {0}, which needs to know all rows",
        (
            "dataset.shuffle(buffer_size=10_000)   and a DataLoader without {0}",
            "or load the data without streaming=True",
        ),
    ),
    Row(
        "ValueError: some parameters appear in more than one parameter group",
        r"some parameters appear in more than one parameter group",
        "an optimizer is given a parameter in two of its groups",
        (
            "groups by name that exclude each other: [p for n, p in model.named_parameters() if "
            '"lora" in n], and the others with "not in"',
        ),
        "tied weights (lm_head and the embeddings) are one parameter under two names",
    ),
    Row(
        "ValueError: can't optimize a non-leaf Tensor",
        r"can't optimize a non-leaf Tensor",
        "an optimizer is given a tensor that was computed from others, and no parameter",
        (
            "torch.nn.Parameter(tensor.detach().clone())   set on the module, and "
            "model.parameters() for the optimizer",
        ),
        "weight.to(...) or weight.float() of a parameter is such a tensor",
    ),
    Row(
        "ValueError: Invalid learning rate: -1",
        r"ValueError: Invalid (learning rate|epsilon value|weight_decay value|beta parameter at "
        r"index \d|momentum value): ([^\s,]{1,20})",
        "the optimizer's {0} is {1}, which is out of its range",
        (
            "learning_rate=2e-4, weight_decay=0.01, adam_beta1=0.9, adam_beta2=0.999, "
            "adam_epsilon=1e-8   are usual",
        ),
    ),
    Row(
        "KeyError: \"param 'initial_lr' is not specified in param_groups[0] when resuming an "
        'optimizer"',
        r"param 'initial_lr' is not specified in param_groups\[\d{1,3}\] when resuming",
        "a schedule is to go on from a step (last_epoch), and its optimizer is new",
        (
            "optimizer.load_state_dict(...)   before the scheduler is made with last_epoch",
            "or for group in optimizer.param_groups: group.setdefault('initial_lr', group['lr'])",
        ),
    ),
    Row(
        "RuntimeError: When use_reentrant=True, torch.utils.checkpoint is incompatible with "
        ".grad() or passing an `inputs` parameter to .backward().",
        r"(?:When use_reentrant=True, torch\.utils\.checkpoint|Checkpointing) is (?:incompatible|"
        r"not compatible) with \.grad\(\) or (?:passing an|when an) `inputs` parameter",
        "activations are recomputed the reentrant way, and something asks for gradients of some "
        "inputs alone",
        (
            'gradient_checkpointing_kwargs={"use_reentrant": False}',
            "or gradient_checkpointing=False",
        ),
    ),
    Row(
        'NotImplementedError: Module [ModuleList] is missing the required "forward" function',
        r"Module \[(ModuleList|ModuleDict|ParameterList)\] is missing the required \"?forward",
        "a {0} is called like a layer; it only holds layers",
        ("for layer in self.layers: x = layer(x)   in place of self.layers(x)",),
    ),
    Row(
        "TypeError: nn.Module.to only accepts floating point or complex dtypes, but got desired "
        "dtype=torch.int8",
        r"nn\.Module\.to only accepts floating point or complex dtypes, but got desired "
        r"dtype=torch\.(\w{2,12})",
        "model.to() is given {0}, and a model computes in floating point",
        (
            "model.to(torch.bfloat16)",
            "fewer bits: quantization_config=BitsAndBytesConfig(...) in from_pretrained",
        ),
    ),
    Row(
        "RuntimeError: Only Tensors created explicitly by the user (graph leaves) support the "
        "deepcopy protocol at the moment.",
        r"Only Tensors created explicitly by the user \(graph leaves\) support the deepcopy",
        "a model is copied (deepcopy) that holds a tensor with a gradient's history",
        (
            "reload it with from_pretrained, or copy it before the first forward pass",
            "a tensor that is kept on the module: self.x = x.detach()",
        ),
    ),
    Row(
        "ValueError: Unsupported nproc_per_node value: gpus",
        r"Unsupported nproc_per_node value: (\S{1,40})",
        "torchrun is given {0} as the number of processes",
        ("--nproc_per_node gpu   (all cards), or a number",),
    ),
)

KINDS: tuple[General, ...] = (
    refused(
        "refused-by-torch",
        ("torch",),
        _TORCH,
        "the message; its condition was read in torch 2.1.2 to 2.13.0",
        {
            "Why does persistent_workers need num_workers above 0?": "",
            'Traceback (most recent call last):\n  File "/x/site-packages/odd/use.py", line 3, in '
            "f\n    raise ValueError(\nValueError: can't optimize a non-leaf Tensor": "",
        },
    ),
)
