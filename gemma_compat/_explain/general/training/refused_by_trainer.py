"""What the Trainer of transformers refuses: settings that need another one."""

from __future__ import annotations

from ..base import General
from ..refused import Row, refused

_KNOWN = "the message; its condition was read in transformers 4.31.0 to 5.24.0"

_SETTINGS: tuple[Row, ...] = (
    Row(
        "ValueError: --dataloader_prefetch_factor can only be set when data is loaded in a "
        "different process, i.e. when --dataloader_num_workers > 1.",
        r"dataloader_prefetch_factor can only be set when data is loaded in a different process",
        "dataloader_prefetch_factor is set, and no worker process loads the data",
        (
            "dataloader_num_workers=2   (or more), beside dataloader_prefetch_factor",
            "or leave dataloader_prefetch_factor out: the main process loads no rows ahead",
        ),
        "rows are loaded ahead by worker processes alone",
    ),
    Row(
        "ValueError: lr_scheduler_type reduce_lr_on_plateau requires an eval strategy",
        r"lr_scheduler_type (reduce_lr_on_plateau|greedy) requires an eval strategy",
        "the schedule {0} follows the evaluation's loss, and the run does not evaluate",
        (
            'eval_strategy="steps"   (evaluation_strategy before transformers 4.41), with an '
            "eval_dataset",
            'or lr_scheduler_type="cosine"',
        ),
    ),
    Row(
        "ValueError: `args.metric_for_best_model` must be provided when using 'best' "
        "save_strategy or if `args.load_best_model_at_end` is set to `True`.",
        r"metric_for_best_model` must be provided when using 'best' save_strategy",
        'the best checkpoint is to be kept (save_strategy="best" or load_best_model_at_end), and '
        "nothing says by which figure",
        (
            'metric_for_best_model="eval_loss", greater_is_better=False',
            'or save_strategy="steps" and load_best_model_at_end=False',
        ),
    ),
    Row(
        "ValueError: the `--group_by_length` option is only available for `Dataset`, not "
        "`IterableDataset",
        r"the `--group_by_length` option is only available for `Dataset`",
        "group_by_length is on, and the training data is a stream, which cannot be sorted",
        (
            "group_by_length=False   (in transformers 5: train_sampling_strategy other than "
            "group_by_length)",
            "or load the data without streaming=True",
        ),
    ),
    Row(
        "ValueError: Can only automatically infer lengths for datasets whose items are "
        "dictionaries with an 'input_ids' key.",
        r"Can only automatically infer lengths for datasets whose items are dictionaries",
        "rows are to be grouped by length, and the first row has no input_ids",
        (
            "group_by_length=False",
            "or rows that are tokenized before the trainer gets them, with a column input_ids",
            'or a column of numbers, and length_column_name="length"',
        ),
        "the sampler takes the length of input_ids, before any collator makes them",
    ),
    Row(
        "ValueError: dataloader must implement a working __len__",
        r"dataloader must implement a working __len__",
        "this evaluation needs a data set that has a length, and a stream has none",
        ("eval_dataset=Dataset.from_list(list(stream.take(500)))   : a part of the stream, held",),
    ),
    Row(
        "TypeError: train() got unexpected keyword arguments: resume_from_checkpoints.",
        r"train\(\) (?:received )?got unexpected keyword arguments: ([\w, ]{2,80})",
        "trainer.train() is given {0}, which it does not take",
        (
            'trainer.train(resume_from_checkpoint=True)   or resume_from_checkpoint="FOLDER"',
            "all else belongs to TrainingArguments (or the trainer's own config)",
        ),
        "train() takes resume_from_checkpoint, trial and ignore_keys_for_eval",
    ),
    Row(
        "RuntimeError: Passing a `model_init` is incompatible with providing the `optimizers` "
        "argument.",
        r"Passing a `model_init` is incompatible with providing the `optimizers` argument",
        "the trainer is to make the model itself (model_init), and got an optimizer of another "
        "model",
        (
            "model=model in place of model_init=..., where the optimizer is given",
            "or leave optimizers out, and set optim=... and learning_rate=...",
        ),
        "an optimizer holds the parameters of the model that it was made for",
    ),
    Row(
        "RuntimeError: model_init should have 0 or 1 argument.",
        r"model_init should have 0 or 1 argument",
        "model_init takes more than one argument, and the trainer calls it with none or the trial",
        ("def model_init(trial=None):   for the function that is passed as model_init",),
    ),
    Row(
        "NotImplementedError: Layer-wise GaLore does not support DDP at this time",
        r"Layer-?wise \w{3,10} does not support DDP|Layerwise \w{3,8}(?: optimizer do| does) not "
        r"support gradient accumulation",
        "a layerwise optimizer steps inside the backward pass, and this run has several processes "
        "or accumulates gradients",
        (
            'optim="galore_adamw"   (the name without _layerwise)',
            "or one process, and gradient_accumulation_steps=1",
        ),
    ),
    Row(
        "ValueError: Pad_token_id must be set in the configuration of the model, in order to pad "
        "tensors",
        r"Pad_token_id must be set in the configuration of the model, in order to pad",
        "generated texts of unequal length are to be padded, and neither tokenizer nor model has "
        "a padding token",
        (
            "tokenizer.pad_token = tokenizer.eos_token; model.config.pad_token_id = "
            "tokenizer.pad_token_id   before the trainer is made",
        ),
        "Seq2SeqTrainer pads what generate() returns to one length",
    ),
    Row(
        "RuntimeError: When using prompt learning PEFT methods such as PROMPT_TUNING, setting "
        "load_best_model_at_end=True can lead to errors",
        r"When using prompt learning PEFT methods such as (\w{3,30}), setting load_best_model",
        "load_best_model_at_end is on, and the Trainer does not load the best checkpoint of "
        "{0} back",
        (
            "load_best_model_at_end=False",
            "then PeftModel.from_pretrained(base_model, "
            '"OUTPUT_DIR/checkpoint-N")   with trainer.state.best_model_checkpoint',
        ),
    ),
)

_PARALLEL: tuple[Row, ...] = (
    Row(
        "ValueError: Checkpoint found at out/checkpoint-100 is only supported when using PyTorch "
        "FSDP",
        r"Checkpoint found at (\S{1,200}) is only supported when using PyTorch FSDP",
        "the checkpoint was written by FSDP, and this run does not use FSDP",
        (
            "accelerate launch --use_fsdp ...   as in the run that wrote it",
            "or accelerate merge-weights {0}/pytorch_model_fsdp_0 OUT   : one file, which "
            "from_pretrained reads; the optimizer's state is left behind",
        ),
        "the Trainer found a folder or file named pytorch_model_fsdp in it",
    ),
    Row(
        "ValueError: `--fsdp full_shard` is not compatible with `--fsdp shard_grad_op`.",
        r"--fsdp full_shard` is not compatible with `--fsdp shard_grad_op",
        "fsdp names two ways of sharding, and a run has one",
        (
            'fsdp="full_shard auto_wrap"   for weights, gradients and optimizer',
            'or fsdp="shard_grad_op auto_wrap"   for gradients and optimizer alone',
        ),
    ),
    Row(
        "ValueError: `--fsdp offload` can't work on its own. It needs to be added to `--fsdp "
        "full_shard` or `--fsdp shard_grad_op`.",
        r"--fsdp offload` can't work on its own",
        "fsdp asks to offload, and names no way of sharding",
        ('fsdp="full_shard offload auto_wrap"',),
    ),
    Row(
        "ValueError: ZeRO inference only makes sense with ZeRO Stage 3 - please adjust your config",
        r"ZeRO inference only makes sense with ZeRO Stage 3",
        "a run that only evaluates or predicts has a DeepSpeed config of stage 1 or 2, which "
        "shards nothing there",
        (
            "leave deepspeed out for evaluation and prediction",
            'or "stage": 3 in zero_optimization, where the model does not fit one card',
        ),
        "stages 1 and 2 share out optimizer states and gradients, and no weights",
    ),
    Row(
        "ValueError: [deepspeed] failed to resume from checkpoint out/checkpoint-100",
        r"\[deepspeed\] failed to resume from checkpoint (\S{1,200})",
        "DeepSpeed found nothing to load in {0}",
        (
            "ls {0}/latest {0}/global_step*   : both are needed to resume",
            "a checkpoint without them: model = ...from_pretrained({0}), and train() without "
            "resume_from_checkpoint",
        ),
        "load_checkpoint returned no path; save_only_model, another strategy, or a part of an "
        "upload leave the DeepSpeed states out",
    ),
    Row(
        "ValueError: BF16 Mixed precision training with AMP (`--bf16`) and BF16 half precision "
        "evaluation (`--bf16_full_eval`) can only be used on CUDA or CPU/TPU/NeuronCore devices.",
        r"BF16 Mixed precision training with AMP \(`--bf16`\)[^\n]{0,90}can only be used on CUDA",
        "bf16 is on, and this transformers does not take it on the device that it found",
        (
            "bf16=False, fp16=False   on a Mac (mps): float32",
            "pip install -U transformers accelerate   newer ones leave that to the device",
            'python -c "import torch; print(torch.cuda.is_available())"   where there is an NVIDIA '
            "or AMD card: False means that torch does not see it",
        ),
    ),
    Row(
        "ValueError: Either you do not have an MPS-enabled device on this machine or MacOS "
        "version is not 12.3+ or current PyTorch install was not built with MPS enabled.",
        r"Either you do not have an MPS-enabled device on this machine or MacOS",
        "use_mps_device is on, and torch finds no GPU of Apple here",
        (
            "leave use_mps_device out: the Trainer takes mps by itself where torch has it",
            'python -c "import torch; print(torch.backends.mps.is_available())"',
        ),
    ),
)

_REPORTS: tuple[Row, ...] = (
    Row(
        "RuntimeError: You specified `report_to='wandb'` but also set the `WANDB_DISABLED` "
        "environment variable.",
        r"You specified `report_to='wandb'` but also set the `WANDB_DISABLED`",
        "report_to asks for wandb, and WANDB_DISABLED forbids it",
        (
            'report_to="none"   where nothing is to be logged',
            'or os.environ.pop("WANDB_DISABLED", None)   before the trainer is made',
        ),
    ),
    Row(
        "ValueError: weights_and_biases is not supported, only azure_ml, clearml, comet_ml, "
        "mlflow, tensorboard and wandb are supported.",
        r"([\w-]{1,40}) is not supported, only (?:[\w]{2,20}, ){2,30}[^\n]{2,90} are supported",
        "report_to is given {0}, and this transformers knows no such logger",
        (
            'report_to="none"   for no logger, "wandb", "tensorboard" or another of the list in '
            "the message",
        ),
    ),
    Row(
        "ValueError: To save the best model checkpoint, the load_best_model_at_end argument must "
        "be enabled.",
        r"To save the best model checkpoint, the load_best_model_at_end argument must",
        "a logger is to keep the best model, and the run does not track which one is best",
        ("load_best_model_at_end=True, with eval_strategy and save_strategy alike",),
    ),
    Row(
        "RuntimeError: You picked the optuna backend, but it is not installed. Run pip install "
        "optuna.",
        r"You picked the (\w{3,12}) backend, but it is not installed",
        "the search for hyperparameters is to use {0}, which is not installed",
        ("pip install {0}   and restart the kernel, in a notebook",),
    ),
)

KINDS: tuple[General, ...] = (
    refused(
        "settings-that-need-another",
        ("transformers",),
        _SETTINGS,
        _KNOWN,
        {
            "How do I set dataloader_prefetch_factor and dataloader_num_workers?": "",
            'Traceback (most recent call last):\n  File "/x/site-packages/odd/loop.py", line 3, in '
            "f\n    raise ValueError(\nValueError: dataloader must implement a working __len__": "",
        },
    ),
    refused(
        "parallel-settings-refused",
        ("transformers",),
        _PARALLEL,
        _KNOWN,
        {"ValueError: [deepspeed] resumed from checkpoint out/checkpoint-100": ""},
    ),
    refused("loggers-refused", ("transformers",), _REPORTS, _KNOWN),
)
