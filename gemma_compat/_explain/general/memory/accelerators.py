"""Out of memory on Apple's and Google's accelerators, and what Google's services call the same."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General

# What takes less, by what ran.
_LESS_ON_APPLE = {
    "loading": (
        "dtype=torch.bfloat16 in from_pretrained   (float32 takes twice as much)",
        "a smaller model, or close what else uses memory: GPU and programs share it",
    ),
    "generating": (
        "a shorter prompt, fewer max_new_tokens, one prompt at a time",
        "dtype=torch.bfloat16 at loading, or a smaller model: the weights stay beside the cache",
    ),
    "evaluating": ("per_device_eval_batch_size=1, prediction_loss_only=True",),
}


def _mps(case: Case) -> Answer:
    beside = _beside_tensors(case)
    if beside is not None:
        return beside
    from .answers import by_estimate  # most kinds of this file count nothing

    phase = case.phase
    counted = by_estimate(case) if phase in {"training", ""} else None
    estimate = f"{counted.happened}; " if counted else ""
    one = case.facts.training.get("per_device_train_batch_size") == 1
    when = {"loading": " while the weights are loaded", "generating": " while text is generated"}
    return Answer(
        f"the run needs more memory than macOS gives the GPU{when.get(phase, '')}",
        _LESS_ON_APPLE.get(phase)
        or (
            *(() if one else ("per_device_train_batch_size=1   in a run that trains",)),
            "a shorter max_length, or the loss in chunks"
            if case.log.is_other
            else "a shorter max_length, or the loss in chunks: the logits of a Gemma go over "
            "262,144 tokens",
        ),
        why=f"{estimate}on an Apple machine the GPU shares the memory of the whole system; "
        "PYTORCH_MPS_HIGH_WATERMARK_RATIO=0.0 only lifts the limit, and the machine may then swap "
        "or stop",
        known="the message; which of weights, activations and logits is too large is not in the "
        "log",
        settles=False,
    )


def _beside_tensors(case: Case) -> Answer | None:
    """Answer where Metal holds most of the GPU's share outside of tensors."""
    found = re.search(
        r"MPS allocated: ([\d.]+) Gi?B, other allocations: ([\d.]+) Gi?B, "
        r"max allowed: ([\d.]+) Gi?B",
        case.message,
    )
    if found is None or float(found[2]) < max(float(found[1]), 0.3 * float(found[3])):
        return None
    return Answer(
        f"tensors hold {found[1]} GB of the {found[3]} GB that macOS gives the GPU; {found[2]} GB "
        "are held by Metal outside of them",
        (
            "pip install -U torch   : does a newer one hold less?",
            "rows of one length (padding='max_length'): each new shape is compiled and kept anew",
            "torch.mps.empty_cache()   every some steps (torch_empty_cache_steps=50)",
        ),
        why="PyTorch counts there what the driver holds beyond its own tensors: graphs compiled "
        "for each shape, freed blocks, other frameworks in the process",
        known="the figures in the message; what those allocations are, they do not say",
        settles=False,
    )


# Services answer with the same status when a quota is used up, and no memory is meant.
_QUOTA = re.compile(
    r"(?i)\b429\b(?! ?[KMG]i?B)|quota|rate[- ]?limit|generativelanguage|aiplatform|googleapis|"
    r"\bgcloud\b|Resource (?:has been )?exhausted \(|billing"
)
_TOO_LONG = re.compile(r"(?i)(?:received|sent) message larger than max")
_REQUESTS = (
    "fewer requests a minute, with a growing pause after each refusal",
    "the Gemini API: the limits of this key's plan and model (AI Studio)",
)
_CLOUD = (
    "Google Cloud, IAM & Admin, Quotas: raise the metric that the message names, in that region",
    "or another region or kind of card, of which the project has a quota",
)


def _of_a_quota(line: str) -> Answer:
    of_cloud = re.search(r"quota metrics|aiplatform|custom_model|gcloud|compute\.", line)
    return Answer(
        "a service of Google refuses the request: a quota is used up, and not a memory",
        (*_CLOUD, *_REQUESTS[:1]) if of_cloud else (*_REQUESTS, *_CLOUD[:1]),
        why="RESOURCE_EXHAUSTED is the same word for a quota and for a device's memory; a new "
        "project has a quota of 0 for most cards",
        known="the code 429 or the quota beside it",
        settles=False,
    )


def _no_room_on_the_device(case: Case) -> Answer | None:
    line = f"{case.hit.text}\n{case.hit.after[:600]}"
    if _TOO_LONG.search(line):
        return None
    if _QUOTA.search(line) and not re.search(r"(?i)out of memory|\bhbm\b|allocat", line):
        return _of_a_quota(line)
    said = f"{case.around}{case.near}"
    of_torch = re.search(r"torch_xla|\bxm\.|xla_device|torch[/\\]nn[/\\]modules", said)
    on_a_tpu = re.search(r"(?i)\btpu|\bhbm\b", said)  # TensorFlow speaks of CUDA there too
    if not (of_torch or on_a_tpu) and re.search(
        r"(?i)\bGPU:\d|cuda|bfc_allocator|nvidia|\bT4\b", said
    ):
        return _ON_A_GPU_OF_JAX
    return Answer(
        "one device is to hold more than its memory (PyTorch on XLA)"
        if of_torch
        else "one device is to hold more than its memory (JAX or TensorFlow)",
        (
            "shard the weights over all devices before they are moved: "
            "torch_xla.experimental.spmd_fully_sharded_data_parallel, or FSDPv2 of the Trainer "
            "(fsdp='full_shard', xla: true, xla_fsdp_v2: true)",
            "or a smaller Gemma, LoRA in bfloat16, shorter rows",
        )
        if of_torch
        else (
            "shard the weights over all devices before they are loaded: jax.sharding, "
            "keras.distribution.ModelParallel",
            "or LoRA in place of all weights, a smaller batch and shorter sequences, where the "
            "weights are loaded already",
        ),
        why="XLA lists what it wanted to allocate; without a sharding each device holds all "
        "weights. The logits of a Gemma are large: 256 thousand tokens for each place of a row",
        known="the message; what else the device holds is not in the log",
        settles=False,
    )


_ON_A_GPU_OF_JAX = Answer(
    "a GPU is to hold more than its memory (JAX or TensorFlow)",
    (
        "LoRA in place of all weights (enable_lora), a smaller batch, a shorter sequence_length",
        "bfloat16 weights: keras.config.set_floatx('bfloat16') before the model is made",
        "nvidia-smi   : does another framework or process hold the card?",
        "several GPUs: shard the weights (keras.distribution.ModelParallel, jax.sharding)",
    ),
    why="JAX takes three quarters of the card at its start (XLA_PYTHON_CLIENT_PREALLOCATE); "
    "float32, the default of Keras, doubles the weights",
    known="the message, and the GPU that the log names; what else the card holds is not in it",
    settles=False,
)


KINDS: tuple[General, ...] = (
    General(
        "mps-out-of-memory",
        r"MPS backend out of memory",
        _mps,
        {
            "RuntimeError: MPS backend out of memory (MPS allocated: 28.61 GiB": "262,144 tokens",
            "model: meta-llama/Llama-3.2-1B\nRuntimeError: MPS backend out of memory (MPS "
            "allocated: 28.61 GiB": "in chunks mps-out-of-memory",
        },
        alone=True,
    ),
    General(
        "xla-out-of-memory",
        r"RESOURCE_EXHAUSTED|quota metrics exceed quota limits|"
        r"Ran out of memory in memory space hbm|"
        r"\bUsed [\d.]{1,8}[GM] of [\d.]{1,8}[GM] hbm",
        _no_room_on_the_device,
        {
            "jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying "
            "to allocate 2352480 bytes.": "shard",
            "Could not find cuda drivers on your machine, GPU will not be used.\nXlaRuntimeError: "
            "RESOURCE_EXHAUSTED: Ran out of memory in memory space hbm.": "one device",
            "XlaRuntimeError: RESOURCE_EXHAUSTED: attempting to reserve 429 MB": "one device",
            "google.genai.errors.ClientError: 429 RESOURCE_EXHAUSTED. {'error': {'message': 'You "
            "exceeded your current quota'}}": "not a memory",
            "google.api_core.exceptions.ResourceExhausted: 429 The following quota metrics exceed "
            "quota limits: aiplatform.googleapis.com/custom_model_training_nvidia_l4_gpus": "IAM",
        },
        alone=True,
    ),
)
