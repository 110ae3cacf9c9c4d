"""Why parts of a model came to lie on the CPU: it is too large, or no GPU is seen."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case
from ..memory.command import command
from ..memory.estimate import names_a_model, run_of, weights_of

_NO_GPU = re.compile(
    r"compiled without GPU support|libbitsandbytes_cpu|Torch not compiled with CUDA|"
    r"No CUDA GPUs are available|is_available\(\)\W{1,6}False|cpu_amp"
)
_UNSEEN = Answer(
    "parts of the model were placed on the CPU, and the log shows that no GPU is used at all",
    (
        "python -c 'import torch; print(torch.__version__, torch.cuda.is_available())'   : +cpu or "
        "False?",
        "then torch's build for CUDA, from pytorch.org/get-started, and pip install -U "
        "bitsandbytes",
    ),
    why='device_map="auto" places all on the CPU where torch sees no GPU',
    known="lines above say that a package has no GPU support; that it is torch's build or the "
    "driver is likely",
    certain=False,
    settles=False,
)


def too_large(case: Case) -> Answer:
    """Answer by what the log says of the GPU, else by the model's size."""
    if _NO_GPU.search(f"{case.hit.before[-4000:]}{case.around}"):
        return _UNSEEN
    run = run_of(case) if names_a_model(case) else None
    sizes = weights_of(run) if run else None
    weights = ""
    if run and sizes:
        bits = run.facts.model.get("quantization_bits")
        weights = f"; its weights are {sizes[1]:.0f} GiB" + (f" in {bits} bits" if bits else "")
    return Answer(
        f"a part of the model was placed on the CPU or the disk{weights}",
        (
            (command(run) if run else "python -m gemma_compat memory --model MODEL --gpu CARD")
            + "   says what fits; nvidia-smi, what other processes hold",
            'device_map={"": 0}   keeps all on one GPU, where it fits',
            "offload_folder='offload' for inference; a part on the CPU cannot be trained in 4 or 8 "
            "bits",
        ),
        why='device_map="auto" fills the GPUs with what is free at that moment, and puts the rest '
        "elsewhere; a device_map of your own may name the CPU",
        known="the message says that parts are elsewhere",
    )
