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

# Checks in C++: any package's frame can be the last one.
_COMPILED: tuple[Row, ...] = (
    Row(
        "RuntimeError: Expected floating point type for target with class probabilities, got Long",
        r"Expected floating point type for target with class probabilities, got (\w{3,12})",
        "the labels have the shape of the logits, so they count as probabilities, and they are "
        "whole numbers",
        (
            "labels of shape (rows,) with a class number in each, for one class a row",
            'several classes a row: problem_type="multi_label_classification", and labels.float()',
        ),
    ),
    Row(
        "RuntimeError: Tensor.item() cannot be called on meta tensors",
        r"Tensor\.item\(\) cannot be called on meta tensors",
        "a number is read from a tensor that has no data (meta)",
        (
            "from_pretrained outside of torch.device('meta') and init_empty_weights()",
            'device_map={"": 0}   where device_map="auto" left parts without a place',
        ),
    ),
    Row(
        "RuntimeError: Calculated padded input size per channel: (1 x 1). Kernel size: (14 x 14). "
        "Kernel size can't be greater than actual input size",
        r"Calculated padded input size per channel: \(([\dx ]{1,30})\)\. Kernel size: \(([\dx ]"
        r"{1,30})\)\. Kernel size can't be greater",
        "an input of {0} is smaller than the {1} that this convolution looks at once",
        (
            "print(pixel_values.shape)   : the processor of the same checkpoint resizes images to "
            "what the model takes",
            "rows with images of a few pixels: dataset.filter(...)",
        ),
    ),
    Row(
        "RuntimeError: Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of "
        "size: [3]",
        r"Expected (\dD \(unbatched\) or \dD \(batched\)) input to (conv\dd), but got input of "
        r"size: (\[[\d, ]{0,60}\])",
        "{1} takes {0} input, and got one of size {2}",
        (
            'processor(images=images, return_tensors="pt")   and its pixel_values as they are',
            "a collator that stacks: torch.stack([row['pixel_values'] for row in rows])",
        ),
    ),
    Row(
        "RuntimeError: selected index k out of range",
        r"selected index k out of range",
        "topk() is to choose more entries than there are",
        ("a smaller k: top_k, or the number of experts or beams that it comes from",),
    ),
    Row(
        "RuntimeError: linalg.svd: The algorithm failed to converge because the input matrix is "
        "ill-conditioned",
        r"linalg\.svd: (?:\([^)\n]{0,40}\): )?The algorithm failed to converge",
        "a singular value decomposition did not converge",
        (
            "torch.isfinite(weight).all()   for the matrix: NaN or inf in it never converge",
            "weight.float() before it, or on the CPU: weight.float().cpu()",
        ),
        "PiSSA, LoftQ, merging with svd, and GaLore decompose weights or gradients",
    ),
    Row(
        "RuntimeError: unexpected EOF, expected 4194304 more bytes. The file might be corrupted.",
        r"unexpected EOF, expected (\d{1,15}) more bytes\. The file might be corrupted",
        "a file of weights ends {0} bytes too early",
        (
            "hf download MODEL --force-download   (or a new copy of the file), with its size as on "
            "the model's page",
            "df -h .   where the run wrote it itself: a full disk leaves such files",
        ),
    ),
    Row(
        "RuntimeError: Ninja is required to load C++ extensions",
        r"Ninja is required to load C\+\+ extensions",
        "an extension is to be compiled, and the program ninja is not found",
        (
            "pip install ninja   and restart the kernel",
            'export PATH="$(dirname $(which python)):$PATH"   where it is installed, and the '
            "command runs without its environment",
        ),
    ),
    Row(
        "RuntimeError: Expected is_sm80 || is_sm90 to be true, but got false.",
        r"Expected is_sm80(?: \|\| is_sm90)? to be true, but got false",
        "torch's flash attention has no backward pass for this head size on this card",
        (
            "torch.backends.cuda.enable_flash_sdp(False)   before training",
            "or pip install -U torch   : newer ones have it for other cards too",
        ),
        "torch 2.0 and 2.1 have it for heads above 64 on A100 and H100 alone",
    ),
    Row(
        "RuntimeError: Creating a Parameter from an instance of type Params4bit requires that "
        "detach() returns an instance of the same type",
        r"Creating a Parameter from an instance of type (\w{3,40}) requires that detach\(\)",
        "a quantized weight ({0}) is made into a plain parameter, which its class does not allow",
        (
            "pip install -U bitsandbytes accelerate peft transformers",
            "and no model.to(dtype), deepcopy or re-wrapping of the quantized model",
        ),
    ),
    Row(
        "RuntimeError: Invalid device string: 'cuda:auto'",
        r"Invalid device string: '([^'\n]{1,40})'",
        "{0} is not the name of a device",
        (
            'the name of one device: "cuda", "cuda:0", "cpu", "mps"; device_map="auto" is for '
            "from_pretrained alone",
        ),
    ),
    Row(
        "RuntimeError: \"mul_cuda\" not implemented for 'Float8_e4m3fn'",
        r"\"(\w{2,60})\" not implemented for '(Float8_\w{2,12})'|Promotion for (Float8) Types is "
        r"not supported",
        "weights in {1}{2} go through an operation that torch has for wider types alone",
        (
            "the model's bfloat16 weights, in place of an FP8 repository",
            "pip install -U transformers   where the repository's config has quant_method fp8: "
            "older ones load its weights raw",
        ),
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
    refused(
        "operation-that-torch-refuses",
        (),
        _COMPILED,
        "the message",
        {"Is Ninja required to load C++ extensions?": ""},
    ),
)
