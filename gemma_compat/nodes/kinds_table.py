"""List how bad a difference between nodes is, and why: one row for each kind of topic."""

from __future__ import annotations

from dataclasses import dataclass

from ..engine.rule import Severity

ERROR, WARNING, NOTICE = Severity.ERROR, Severity.WARNING, Severity.NOTICE


@dataclass(frozen=True)
class Kind:
    """A kind of topics, told by their common prefix.

    Attributes:
        prefix: how the topics begin; the row with the longest matching prefix counts.
        severity: how bad a difference between two known values is.
        why: what the difference leads to.
    """

    prefix: str
    severity: Severity
    why: str


_COMPUTES = "ranks compute or are patched differently, and nothing says so"
_DATA = "ranks may prepare or order the same data differently"
_MINOR = "it takes no part in the computation; one release everywhere is easier to reason about"
_SEEN = "each group was judged with its own value"
_WRAPS = "ranks wrap the model differently, then wait for collectives that others never start"

KINDS = (
    Kind("", NOTICE, "nothing is known to depend on it"),
    Kind("gemma_compat", NOTICE, "facts were read by different releases of this library"),
    Kind("python", WARNING, "what one rank pickles or compiles, another may not read"),
    Kind("platform", WARNING, "packages are built apart for each"),
    Kind("packages.", ERROR, _COMPUTES),
    Kind("packages.datasets", WARNING, _DATA),
    Kind("packages.numpy", WARNING, _DATA),
    Kind("packages.sentencepiece", WARNING, _DATA),
    Kind("packages.tokenizers", WARNING, _DATA),
    Kind("packages.torchvision", WARNING, _DATA),
    Kind("packages.huggingface-hub", NOTICE, _MINOR),
    Kind("packages.nvidia-ml-py", NOTICE, _MINOR),
    Kind("packages.safetensors", NOTICE, _MINOR),
    Kind("torch.", WARNING, "the same code may take other kernels"),
    Kind(
        "torch.cuda", ERROR, "each build of torch brings its own NCCL, and ranks need one release"
    ),
    Kind("torch.hip", ERROR, "each build of torch brings its own RCCL, and ranks need one release"),
    Kind("torch.arch_list", NOTICE, _SEEN),
    Kind("gpus", WARNING, "every step waits for the slowest, and the smallest sets the batch"),
    Kind("gpus.compute_capability", WARNING, f"kernels and dtypes differ by it; {_SEEN}"),
    Kind("gpus.ecc", NOTICE, "it takes some memory away"),
    Kind("other_gpus", WARNING, "what they can do is not known here"),
    Kind("driver", WARNING, f"what torch can load depends on it; {_SEEN}"),
    Kind("cuda_driver", WARNING, f"what torch can load depends on it; {_SEEN}"),
    Kind("environment.", WARNING, "it changes what a library does on some ranks only"),
    Kind("environment.ACCELERATE_MIXED_PRECISION", ERROR, _COMPUTES),
    Kind("environment.ACCELERATE_USE_", ERROR, _WRAPS),
    Kind("environment.CUDA_DEVICE_ORDER", NOTICE, "which GPU a number means may differ"),
    Kind("environment.CUDA_VISIBLE_DEVICES", WARNING, "some ranks see fewer GPUs than others"),
    Kind("environment.FSDP_", ERROR, _WRAPS),
    Kind("environment.LOCAL_WORLD_SIZE", NOTICE, "nodes run different numbers of ranks"),
    Kind("environment.NCCL_", WARNING, "NCCL may choose another transport on some ranks"),
    Kind("environment.PYTORCH_", NOTICE, "memory is managed differently on some ranks"),
    Kind("environment.UNSLOTH_", ERROR, _COMPUTES),
    Kind("environment.WORLD_SIZE", ERROR, "these are not the ranks of one job"),
    Kind("libraries.", WARNING, "the same code may take other kernels"),
    Kind("libraries.NCCL", ERROR, "ranks need one release of NCCL"),
    Kind("libraries.CUDA toolkit", NOTICE, "only what is built on the node depends on it"),
    Kind("imports.", WARNING, "a node where an import fails stops the job"),
    Kind("assumed", WARNING, "some of it was assumed and not found there"),
    Kind("unsloth.", ERROR, _COMPUTES),
    Kind("unsloth.compiled_caches", WARNING, "a stale cache is compiled into the model"),
    Kind("model", ERROR, "ranks do not train the same model"),
    Kind("training", ERROR, "ranks do not train alike, or wait for collectives never started"),
    Kind("checkpoint", ERROR, "ranks do not load the same weights"),
    Kind("adapter", ERROR, "ranks do not train the same adapter"),
    Kind("tokenizer", ERROR, "ranks do not encode text alike"),
)


def kind_of(topic: str) -> Kind:
    """Return the row with the longest prefix of this topic."""
    return max((k for k in KINDS if topic.startswith(k.prefix)), key=lambda k: len(k.prefix))
