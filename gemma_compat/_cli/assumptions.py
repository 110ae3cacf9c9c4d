"""The options that say what to assume instead of what is here; ``report`` and others share them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from . import stack
from .inputs import note_attention
from .output import note

if TYPE_CHECKING:
    from ..engine.what_if import Assumptions
    from ..facts import Facts

# Option to the training fact that it sets; each also as ``--no-...``.
_SWITCHES = {
    "gradient-checkpointing": ("gradient_checkpointing", "activations are recomputed"),
    "use-reentrant": ("use_reentrant", "gradient checkpointing is reentrant"),
    "evaluates": ("evaluates", "the model is evaluated during the run"),
    "gathers-outputs": ("gathers_outputs", "evaluation collects outputs (compute_metrics)"),
    "packing": ("packing", "several samples share a row"),
    "kbit-prepared": ("kbit_prepared", "prepare_model_for_kbit_training gets the model"),
    "images": ("images", "batches hold images or audio"),
    "generates": ("generates", "the run generates text (GRPO, predict_with_generate)"),
    "assistant-only-loss": ("assistant_only_loss", "TRL's argument of that name"),
    "adds-tokens": ("adds_tokens", "the embeddings are resized for new tokens"),
    "external-checkpointing": (
        "external_checkpointing",
        "FSDP or a wrapper checkpoints the layers",
    ),
    "liger": ("use_liger_kernel", "use_liger_kernel=True"),
    "torch-compile": ("torch_compile", "torch_compile=True"),
}
_NUMBERS = {
    "accumulate": ("gradient_accumulation_steps", "micro-batches per optimizer step"),
    "batch-size": ("per_device_train_batch_size", "sequences in a micro-batch"),
    "max-length": ("max_length", "tokens in a sequence at most"),
}
_DIGITS = 15  # of a number on the command line at most: longer ones are a slip of the keyboard
_PRECISIONS = {"bf16": "bf16", "fp16": "fp16", "fp32": "no"}
_DTYPES = ("bfloat16", "float16", "float32")
# As PEFT names its methods; DoRA is LoRA with a switch.
_PEFT_TYPES = {
    "lora": "LORA",
    "dora": "LORA",
    "ia3": "IA3",
    "prefix-tuning": "PREFIX_TUNING",
    "prompt-tuning": "PROMPT_TUNING",
    "p-tuning": "P_TUNING",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--with``, ``--gpu`` and the options about a run."""
    group = parser.add_argument_group(
        "what if", "assume this instead of what is here; nothing is asked over the network"
    )
    option = group.add_argument
    option(
        "--with",
        dest="versions",
        action="append",
        default=[],
        metavar="NAME==VERSION",
        help="these versions (comma-separated, or --with again); NAME alone: the installed one",
    )
    option(
        "--requirements",
        dest="stack_file",
        metavar="FILE",
        help="the stack of a requirements.txt, environment.yml, pylock.toml, uv.lock, "
        "poetry.lock or Pipfile.lock, or of what pip or conda lists",
    )
    option("--without", action="append", default=[], metavar="NAME", help="these are not installed")
    add_situation_options(parser)


def add_situation_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--gpu`` and the options about the model and the run, without those on versions."""
    parser.add_argument("--gpu", metavar="GPUS", help="T4, 2xA100-80GB, sm_75 or none")
    _add_model_options(parser.add_argument_group("what if: the model"))
    _add_run_options(parser.add_argument_group("what if: the run"))


def _add_model_options(group: argparse._ArgumentGroup) -> None:
    quantized = group.add_mutually_exclusive_group()
    for bits in (4, 8):
        text = f"bitsandbytes in {bits} bits"
        quantized.add_argument(
            f"--load-in-{bits}bit", dest="bits", action="store_const", const=bits, help=text
        )
    group.add_argument("--compute-dtype", choices=_DTYPES, help="bnb_4bit_compute_dtype")
    group.add_argument("--dtype", choices=_DTYPES, help="of the weights as they are loaded")
    group.add_argument("--attn-implementation", metavar="NAME", help="eager, sdpa, ...")


def _add_run_options(group: argparse._ArgumentGroup) -> None:
    precision = group.add_mutually_exclusive_group()
    for name, value in _PRECISIONS.items():
        text = "no mixed precision" if value == "no" else f"{name}=True"
        precision.add_argument(
            f"--{name}", dest="precision", action="store_const", const=value, help=text
        )
    tuned = group.add_mutually_exclusive_group()
    tuned.add_argument("--lora", dest="lora", action="store_const", const=True, help="an adapter")
    group.add_argument(
        "--target-modules", metavar="NAMES", help="of the adapter: comma-separated, or all-linear"
    )
    group.add_argument(
        "--peft-type", choices=tuple(_PEFT_TYPES), help="PEFT's method, where it is not LoRA"
    )
    group.add_argument("--rank", type=positive, metavar="R", help="of the adapter: r")
    group.add_argument("--optimizer", metavar="NAME", help="optim=NAME: adamw_bnb_8bit, ...")
    group.add_argument(
        "--target-parameters",
        metavar="NAMES",
        help="bare parameters (experts) that are adapted; default beside --target-modules: none",
    )
    group.add_argument(
        "--modules-to-save", metavar="NAMES", help="trained whole beside it; '' for none"
    )
    tuned.add_argument("--full", dest="lora", action="store_const", const=False, help="no adapter")
    for name, (field, text) in _SWITCHES.items():
        group.add_argument(
            f"--{name}", dest=field, default=None, help=text, action=argparse.BooleanOptionalAction
        )
    for name, (field, text) in _NUMBERS.items():
        group.add_argument(f"--{name}", dest=field, type=positive, metavar="N", help=text)
    trainers = ("hf", "trl", "loop")
    group.add_argument("--trainer", choices=trainers, help="loop: a training loop of your own")
    spread = ("no", "ddp", "fsdp", "fsdp2", "deepspeed")
    group.add_argument("--distributed", choices=spread, help="how it is spread over GPUs")
    group.add_argument("--zero-stage", type=int, choices=(0, 1, 2, 3), help="of DeepSpeed")


def apply(options: argparse.Namespace, facts: Facts, *, of_this_machine: bool = True) -> Facts:
    """Return the facts with what the options assume put over them; see ``what_if.assume``.

    Raises:
        UsageError: a version, package or GPU that cannot be.
    """
    from ..engine.what_if import assume

    note_attention(options.attn_implementation)
    required = getattr(options, "stack_file", None)
    if required is not None:
        facts = facts.replace(packages={})  # the file's stack, not the one that is here
    assumed = read(options, facts)
    for text in assumed.unknown_gpus:
        note(text)
    facts = assume(facts, assumed, of_this_machine=of_this_machine)
    if required is not None and stack.names_unsloth(required):
        facts = facts.replace(unsloth=facts.unsloth.replace(used=True))
    return facts


def read(options: argparse.Namespace, facts: Facts | None = None) -> Assumptions:
    """Return what the options assume; ``facts`` are asked for ``--with NAME``."""
    from ..engine.what_if import Assumptions

    how: dict[str, str] = {}
    found = None if options.gpu is None else _gpus(options.gpu)
    return Assumptions(
        versions=stack.versions(options, facts),
        gpus=None if found is None else found.gpus,
        other_gpus=() if found is None else found.described,
        unknown_gpus=() if found is None else found.unknown,
        model=_model(options, how),
        training=_training(options, how),
        adapter=_adapter(options, how),
        how=how,
    )


def _gpus(names: Any) -> Any:
    from ..tables import gpus  # every card that is known; most reports name none

    return gpus.named(names)


def _model(options: argparse.Namespace, how: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def put(name: str, value: Any, option: str) -> None:
        found[name] = value
        how[f"model.{name}"] = option

    if options.bits:
        option = f"--load-in-{options.bits}bit"
        put("quantization", "bitsandbytes", option)
        put("quantization_bits", options.bits, option)
        if options.bits == 8:
            put("compute_dtype", None, option)
    for name, option in (
        ("compute_dtype", "--compute-dtype"),
        ("dtype", "--dtype"),
        ("attn_implementation", "--attn-implementation"),
    ):
        if getattr(options, name) is not None:
            put(name, getattr(options, name), option)
    if options.lora is False:
        put("peft", None, "--full")
    if options.peft_type is not None:
        put("peft", _PEFT_TYPES[options.peft_type], "--peft-type")
    return found


def _training(options: argparse.Namespace, how: dict[str, str]) -> dict[str, Any]:
    given = {
        "mixed_precision": (options.precision, f"--{_flag_of(options.precision)}"),
        "peft": _trains_adapter(options),
        "distributed": (_FSDP.get(options.distributed, options.distributed), "--distributed"),
        "fsdp_version": (2 if options.distributed == "fsdp2" else None, "--distributed"),
        "optimizer": (options.optimizer, "--optimizer"),
        "deepspeed_stage": (options.zero_stage, "--zero-stage"),
    }
    for name, (field, _) in {**_SWITCHES, **_NUMBERS}.items():
        given[field] = (getattr(options, field), f"--{name}")
    if options.trainer is not None:
        given["trainer"] = (options.trainer != "loop", "--trainer")
    if options.zero_stage is not None and options.distributed is None:
        given["distributed"] = ("deepspeed", "--zero-stage")
    found = {name: value for name, (value, _) in given.items() if value is not None}
    # On, and nothing said of the kind: as TrainingArguments leave it to the library.
    if found.get("gradient_checkpointing") and "use_reentrant" not in found:
        found["use_reentrant"] = None
        given["use_reentrant"] = (None, "--gradient-checkpointing")
    how.update((f"training.{name}", option) for name, (_, option) in given.items() if name in found)
    return found


def _trains_adapter(options: argparse.Namespace) -> tuple[bool | None, str]:
    if options.peft_type is not None and options.lora is None:
        return True, "--peft-type"
    return options.lora, "--lora" if options.lora else "--full"


_FSDP = {"fsdp2": "fsdp"}
_EMBEDDINGS = {"embed_tokens", "lm_head"}


def _adapter(options: argparse.Namespace, how: dict[str, str]) -> dict[str, Any]:
    """Return the LoRA that ``--target-modules`` and ``--modules-to-save`` describe."""
    found: dict[str, Any] = {}
    targets, saved = options.target_modules, options.modules_to_save
    if targets is not None:
        names = tuple(stack.split([targets]))
        # PEFT takes a text for a regular expression, and a list for names.
        found["target_modules"] = targets if names == ("all-linear",) or "*" in targets else names
        how["adapter.target_modules"] = "--target-modules"
    if saved is not None:
        found["modules_to_save"] = tuple(stack.split([saved]))
        how["adapter.modules_to_save"] = "--modules-to-save"
    if options.target_parameters is not None:
        found["target_parameters"] = tuple(stack.split([options.target_parameters]))
        how["adapter.target_parameters"] = "--target-parameters"
    elif targets is not None:  # PEFT adapts none where none is named
        found["target_parameters"] = ()
        how["adapter.target_parameters"] = "--target-modules"
    if options.rank is not None:
        found["rank"] = options.rank
        how["adapter.rank"] = "--rank"
    if targets is not None or saved is not None or "target_parameters" in found:
        found["peft_type"] = "LORA"
        how["adapter.peft_type"] = (
            "--target-modules" if targets is not None else "--modules-to-save"
        )
    if targets is not None and saved is not None:
        named = any(name in f"{targets} {saved}" for name in _EMBEDDINGS)
        found["trains_embeddings"] = named
        how["adapter.trains_embeddings"] = "--target-modules"
    return found


def _flag_of(precision: str | None) -> str:
    return next((name for name, value in _PRECISIONS.items() if value == precision), "")


def positive(text: str) -> int:
    """Return the number that an option gives. ``ArgumentTypeError`` if it is not one or more."""
    if len(text) > _DIGITS:
        said = f"expected a whole number, not {len(text)} characters"
        raise argparse.ArgumentTypeError(said)
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number, one or more, not {text!r}")
    return int(text)
