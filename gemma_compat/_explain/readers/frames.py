"""Read what the frames of a traceback say about the run: who drives it, and what it was doing."""

from __future__ import annotations

from .base import Reader, always

_SEP = r"[/\\]"
FRAMES: tuple[Reader, ...] = (
    Reader(
        rf"transformers{_SEP}trainer\.py|trl{_SEP}trainer{_SEP}\w+\.py",
        always(("training.trainer", True)),
        {"/transformers/trainer.py": {"training.trainer": True}},
        limit=20,
    ),
    Reader(
        r"(?:line \d+, in|\.py in) (?:evaluation_loop|prediction_step|evaluate|predict)\b",
        always(("training.evaluates", True)),
        {'trainer.py", line 1, in evaluation_loop': {"training.evaluates": True}},
        limit=20,
    ),
    Reader(
        rf"peft{_SEP}peft_model\.py\W+(?:line \d+, )?in (?!<module>)",
        always(("training.peft", True)),
        {
            '/peft/peft_model.py", line 37, in forward': {"training.peft": True},
            'peft_model.py", line 37, in <module>': {"training.peft": ...},
        },
        limit=20,
    ),
    Reader(  # the lines that the Trainer's own callbacks print
        r"\{'(?:train_)?loss': '?[\d.]+e?-?\d{0,3}'?, '(?:grad_norm|learning_rate)': |"
        r"\{'train_runtime': ",
        always(("training.trainer", True)),
        {
            "{'loss': 2.1, 'grad_norm': 1.2, 'learning_rate': 2e-05}": {"training.trainer": True},
            "{'loss': 2.1, 'step': 3}": {"training.trainer": ...},
        },
        limit=5,
    ),
    Reader(
        rf"peft{_SEP}tuners{_SEP}\w+{_SEP}(?:layer|bnb|model)\.py",
        always(("training.peft", True)),
        {'/peft/tuners/lora/bnb.py", line 500, in forward': {"training.peft": True}},
        limit=20,
    ),
    Reader(
        r"Switching to float32 training",
        always(("training.mixed_precision", "no")),
        {"Switching to float32 training": {"training.mixed_precision": "no"}},
    ),
    Reader(
        rf"trl{_SEP}trainer{_SEP}(?:grpo|rloo|online_dpo|ppo)_trainer\.py|\bGRPOTrainer\(",
        always(("training.generates", True)),
        {"/trl/trainer/grpo_trainer.py": {"training.generates": True}},
        limit=20,
    ),
    Reader(  # what FSDP, accelerate and torch wrap a layer in
        rf"_checkpoint{_SEP}checkpoint_wrapper\.py",
        always(("training.external_checkpointing", True)),
        {
            '/torch/distributed/algorithms/_checkpoint/checkpoint_wrapper.py", line 170': {
                "training.external_checkpointing": True
            }
        },
        limit=5,
    ),
    Reader(  # transformers' own, where it ran: a notebook shows lines around it as well
        r"^(?:\[rank\d{1,4}\]: ?)?(?: {4}|\W{0,12}-{2,4}> ?\d{1,5} +)[a-z_][\w, ]{0,40}= "
        r"self\._gradient_checkpointing_func\(",
        always(("training.gradient_checkpointing", True)),
        {
            "    layer_outputs = self._gradient_checkpointing_func(": {
                "training.gradient_checkpointing": True
            },
            "    583         layer_outputs = self._gradient_checkpointing_func(": {
                "training.gradient_checkpointing": ...
            },
            "--> 583         layer_outputs = self._gradient_checkpointing_func(": {
                "training.gradient_checkpointing": True
            },
        },
        limit=5,
    ),
    Reader(  # transformers prints these in a step only, where checkpointing is on
        r"(?:use_cache ?= ?True`?|Caching) is incompatible with gradient checkpointing",
        always(("training.gradient_checkpointing", True)),
        {
            "`use_cache=True` is incompatible with gradient checkpointing. Setting": {
                "training.gradient_checkpointing": True
            },
            "Caching is incompatible with gradient checkpointing in Gemma3DecoderLayer.": {
                "training.gradient_checkpointing": True
            },
            "use_cache=True speeds up generation": {"training.gradient_checkpointing": ...},
        },
        limit=5,
    ),
)
