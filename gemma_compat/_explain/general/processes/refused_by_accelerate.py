"""What accelerate and torch.distributed refuse: devices, shards and launch settings."""

from __future__ import annotations

from ..base import General
from ..refused import Row, refused

_PREPARED: tuple[Row, ...] = (
    Row(
        "ValueError: You can't train a model that has been loaded in 8-bit precision on multiple "
        "devices in any distributed mode.",
        r"You can't train a model that has been loaded in 8-bit precision on multiple devices",
        "the quantized model lies on several cards, and the run has several processes",
        (
            'device_map={"": PartialState().process_index}   so that each process has a whole '
            "model on its card (from accelerate import PartialState)",
            "or python SCRIPT, without accelerate launch and torchrun: one process over all cards",
        ),
    ),
    Row(
        "ValueError: You can't train a model that has been loaded in 8-bit precision with CPU or "
        "disk offload.",
        r"You can't train a model that has been loaded in 8-bit precision with CPU or disk offload",
        "a part of the quantized model lies on the CPU or the disk, as it did not fit the card",
        (
            'device_map={"": 0}   : loading then fails where it really does not fit',
            "BitsAndBytesConfig(load_in_4bit=True), or a smaller model",
        ),
        "device_map='auto' puts there what the card has no room for",
    ),
    Row(
        "ValueError: When using DeepSpeed `accelerate.prepare()` requires you to pass at least one "
        "of training or evaluation dataloaders",
        r"When using DeepSpeed,? `accelerat(?:e|or)\.prepare\(\)` requires you to pass at least "
        r"one of training or evaluation",
        "DeepSpeed's config leaves the batch size open, and prepare() got no DataLoader to take it "
        "from",
        (
            "model, optimizer, loader = accelerator.prepare(model, optimizer, loader)   in one "
            "call",
            'or "train_micro_batch_size_per_gpu": 1 in the DeepSpeed config',
        ),
    ),
    Row(
        "AssertionError: You can't use same `Accelerator()` instance with multiple models when "
        "using DeepSpeed",
        r"You can't use same `Accelerator\(\)` instance with multiple models when using DeepSpeed",
        "a second model is prepared by an Accelerator that has DeepSpeed's engine for the first",
        (
            "a model that is not trained (a reference, a reward model): "
            "model.eval().to(accelerator.device), and not prepare()",
            "two that are trained: an Accelerator and a plugin for each "
            "(deepspeed_plugins={...}, accelerate 1.0 or newer)",
        ),
    ),
    Row(
        "ValueError: You can't customize device placements with DeepSpeed or Megatron-LM.",
        r"You can't customize device placements with DeepSpeed or Megatron-LM",
        "prepare() is given device_placement, and DeepSpeed places what it gets itself",
        ("leave device_placement out of accelerator.prepare(...)",),
    ),
    Row(
        "ValueError: FSDP2 preparation should be done via `accelerate.prepare()`, as it requires a "
        "model and an optimizer.",
        r"FSDP2 preparation should be done via `accelerate\.prepare\(\)`|Only one model is "
        r"supported when using FSDP2",
        "FSDP2 of accelerate takes one model with its optimizer in one call of prepare()",
        (
            "model, optimizer = accelerator.prepare(model, optimizer)   and no "
            "prepare_model(model)",
            "or fsdp_version: 1 in the accelerate config, for scripts that prepare a model alone "
            "or several",
        ),
    ),
    Row(
        "ValueError: You cannot create a `DummyScheduler` without specifying a scheduler in the "
        "config file.",
        r"You cannot create a `Dummy(Scheduler|Optim)` without specifying a \w{5,10} in the config",
        "the script makes a Dummy{0}, and the DeepSpeed config names none to put in its place",
        (
            'a "scheduler" (or "optimizer") entry in the DeepSpeed config',
            "or torch's own optimizer and scheduler in the script",
        ),
    ),
    Row(
        "ValueError: Can't find `model.config` entry, therefore it's not possible to automatically "
        "fill out the following `auto` entries in the DeepSpeed config",
        r"Can't find `model\.config` entry",
        "the DeepSpeed config says auto for sizes that come from model.config, and this model has "
        "no config",
        (
            '"reduce_bucket_size": 5e8, "stage3_prefetch_bucket_size": 5e8, '
            '"stage3_param_persistence_threshold": 1e5   in place of auto',
        ),
    ),
    Row(
        "Exception: Could not find a transformer layer class called 'LlamaDecoderLayer' to wrap in "
        "the model.",
        r"Could not find a transformer layer class called '(\w{2,60})' to wrap in the model",
        "the model has no class {0}, which the DeepSpeed settings name as its experts' layer",
        (
            "print({type(module).__name__ for module in model.modules()})   : the name for "
            "deepspeed_moe_layer_cls_names",
            "leave deepspeed_moe_layer_cls_names out for a model without experts",
        ),
    ),
    Row(
        "ValueError: Tried to find out/checkpoint-9 but folder does not exist",
        r"Tried to find (\S{1,200}) but folder does not exist",
        "accelerator.load_state() is given {0}, which does not exist here",
        ("ls OUTPUT_DIR   and the full path of a folder that save_state() wrote",),
    ),
    Row(
        "ValueError: Batch does not contain any data (`None`). At the end of all iterable data "
        "available before expected stop iteration.",
        r"Batch does not contain any data \(`None`\)",
        "process 0 reads for all processes, and its loader gave no batch: its data were empty or "
        "at an end",
        (
            "accelerator_config={'dispatch_batches': False}   in TrainingArguments "
            "(DataLoaderConfiguration(dispatch_batches=False) for an Accelerator)",
            "and split_dataset_by_node(dataset, rank, world_size) for a stream of datasets",
        ),
        "with dispatch_batches process 0 reads for all, which is the default for streams",
    ),
    Row(
        "TypeError: Can only find the batch size of tensors but got <class 'str'>.",
        r"Can only (?:find the batch size of|concatenate) tensors but got <class '([\w.]{1,60})'>",
        "a batch of the loader holds {0} where accelerate expects tensors",
        (
            "take the columns without numbers out of the batch: "
            "dataset.remove_columns([...]), or in the collator",
            "or dispatch_batches=False, where the batch is to hold them",
        ),
        "accelerate looks at a batch's first value to learn its size, and joins batches of a "
        "stream",
    ),
    Row(
        "ValueError: Device cuda is not recognized, available devices are integers(for GPU/XPU), "
        "'mps', 'cpu' and 'disk'",
        r"Device (\S{1,20}) is not recognized, available devices are integers",
        "max_memory names a device {0}, which does not exist here",
        ('max_memory={0: "20GiB", 1: "20GiB", "cpu": "60GiB"}   : a number for each card',),
        "cards are counted from 0 among those in CUDA_VISIBLE_DEVICES",
    ),
    Row(
        "ValueError: The checkpoint passed was saved with mlx, we need a the pt format.",
        r"The checkpoint passed was saved with (\w{1,20}), we need a the pt format",
        "the safetensors file was written for {0}, and this loader reads those for PyTorch",
        (
            "the model's original repository, in place of its conversion to {0}",
            "or safetensors.torch.save_file(weights, FILE, metadata={'format': 'pt'}), where "
            "names and layouts are PyTorch's",
        ),
    ),
    Row(
        "ValueError: Tried to load from out but couldn't find a valid metadata file.",
        r"Tried to load from (\S{1,200}) but couldn't find a valid metadata file",
        "accelerate merge-weights is given {0}, which does not exist",
        ("accelerate merge-weights OUTPUT_DIR/checkpoint-N/pytorch_model_fsdp_0 OUT",),
    ),
    Row(
        "ValueError: Linear() does not have a parameter or a buffer named SCB.",
        r"(\w{2,40})\([^\n]{0,200}\) does not have a parameter or a buffer named (\w{1,60})",
        "the checkpoint has a weight {1} for a layer {0}, which has none of that name here",
        (
            "load it with the quantization it was saved with, and the newest releases: pip install "
            "-U transformers accelerate bitsandbytes",
            "a checkpoint of another model or release: its config.json goes with it",
        ),
        "SCB, absmax, quant_map and qweight belong to quantized layers",
    ),
    Row(
        "ValueError: load_in_8bit and load_in_4bit can't be both False",
        r"load_in_[48]bit and load_in_[48](?:bit)? can't be both False",
        "BnbQuantizationConfig asks for neither 8 nor 4 bits",
        ("BnbQuantizationConfig(load_in_4bit=True)",),
    ),
    Row(
        "ValueError: You need to manually pass in `--num_processes` using this config yaml.",
        r"You need to manually pass in `--num_processes` using this config yaml",
        "the accelerate config leaves the number of processes open (num_processes: -1)",
        ("accelerate launch --num_processes 2 --config_file FILE SCRIPT   : one for each card",),
    ),
    Row(
        "ValueError: The passed config file located at /x/c.yaml doesn't exist.",
        r"The passed config(?:uration)? file(?: located at)? (\S{1,200}) (?:doesn't|does not) "
        r"exist",
        "there is no file {0}, which is given as accelerate's config",
        ("accelerate config --config_file FILE   writes one", "or the full path of it"),
    ),
)

_SPREAD: tuple[Row, ...] = (
    Row(
        "ValueError: trying to initialize the default process group twice!",
        r"trying to initialize the default process group twice",
        "init_process_group() runs a second time in one process",
        (
            "if not torch.distributed.is_initialized(): torch.distributed.init_process_group(...)",
            "a notebook: restart the kernel",
        ),
        "the Trainer, accelerate and DeepSpeed call it too: one of them, or a cell before, did",
    ),
    Row(
        "RuntimeError: Mesh should not be bigger than default world size 1, but found 2 ranks!",
        r"Mesh should not be bigger than default world size (\d{1,5}), but found (\d{1,5}) ranks",
        "parallel sizes ask for {1} processes, and the run has {0}",
        (
            "torchrun --nproc_per_node {1} SCRIPT   (accelerate launch --num_processes {1})",
            "or tp_size, dp_shard_size, ... whose product is {0}",
        ),
    ),
    Row(
        "RuntimeError: DeviceMesh only support homogeneous hardware, but found 3 ranks and 2 cuda "
        "devices!",
        r"DeviceMesh only support homogeneous hardware, but found (\d{1,5}) ranks and (\d{1,4}) "
        r"(\w{2,10}) devices",
        "the run has {0} processes, which this machine's {1} {2} devices do not divide",
        ("torchrun --nproc_per_node {1} SCRIPT   on each machine, with as many cards on each",),
    ),
    Row(
        "ValueError: DistributedDataParallel's input module must be on the same type of devices, "
        "but input module parameters locate in {'cpu', 'cuda'}.",
        r"DistributedDataParallel's input module must be on the same type of devices",
        "the model's parameters lie on devices of two kinds, and DDP takes one",
        (
            'device_map={"": local_rank}   or no device_map, and model.to("cuda") before the '
            "trainer",
            "parts that are added after loading (heads, adapters) go to the same device",
        ),
    ),
    Row(
        "RuntimeError: DistributedDataParallel is not needed when a module doesn't have any "
        "parameters that require a gradient.",
        r"DistributedDataParallel is not needed when a module doesn't have any parameters",
        "no parameter of the model is to be trained, and it is wrapped for training on several "
        "processes",
        (
            "model.print_trainable_parameters()   (PEFT): 0 means that the adapter was loaded for "
            "use; PeftModel.from_pretrained(base, FOLDER, is_trainable=True)",
            "a model that is only to answer (reference, reward): no prepare(), "
            "model.to(accelerator.device)",
        ),
    ),
    Row(
        "AssertionError: FSDP expects uniform original parameter dtype but got {torch.float32, "
        "torch.bfloat16}",
        r"FSDP expects uniform original parameter dtype but got",
        "parameters that FSDP2 shards together are to be trained in two dtypes",
        (
            "for p in model.parameters(): p.data = p.data.to(torch.bfloat16)   before prepare() "
            "(those of the adapter are float32 by default: autocast_adapter_dtype=False in "
            "get_peft_model)",
        ),
    ),
)

KINDS: tuple[General, ...] = (
    refused(
        "refused-by-accelerate",
        ("accelerate", "transformers"),
        _PREPARED,
        "the message; its condition was read in accelerate 0.21.0 to 1.15.0",
        {
            "Can I use the same Accelerator() instance with multiple models?": "",
            'Traceback (most recent call last):\n  File "/x/site-packages/odd/use.py", line 3, in '
            "f\n    raise ValueError(\nValueError: Tried to find x but folder does not exist": "",
        },
    ),
    refused(
        "refused-by-torch-distributed",
        ("torch",),
        _SPREAD,
        "the message; its condition was read in torch 2.1.2 to 2.13.0",
    ),
)
