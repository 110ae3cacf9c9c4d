"""Conditions on the visible GPUs and the torch build."""

from __future__ import annotations

from ..engine.condition import all_of, any_gpu, condition, every_gpu, not_
from ..facts import Facts, Gpu
from .run import is_one_process

_SMALL_SHARED_MEMORY = {(8, 6), (8, 9), (12, 0)}  # about 100 KB for one block


def weakest_gpu(facts: Facts) -> Gpu:
    """Return the visible GPU of the lowest compute capability, of those whose own is known.

    Raises:
        ValueError: there is none.
    """
    known = (gpu for gpu in facts.gpus if gpu.known("compute_capability"))
    return min(known, key=lambda gpu: gpu.compute_capability)


@condition("a GPU is visible")
def has_gpu(facts: Facts) -> bool:
    return bool(facts.gpus)


is_without_gpu = not_(has_gpu, "there is no GPU")


@any_gpu("a visible GPU cannot do bfloat16 arithmetic (compute capability below 8.0)")
def is_without_bfloat16(facts: Facts, gpu: Gpu) -> bool:
    return gpu.compute_capability < (8, 0)


@every_gpu("every visible GPU does bfloat16 arithmetic (compute capability 8.0 or newer)")
def _do_bfloat16(facts: Facts, gpu: Gpu) -> bool:
    return gpu.compute_capability >= (8, 0)


has_bfloat16 = all_of(has_gpu, _do_bfloat16, phrase=_do_bfloat16.phrase)


@any_gpu("a GPU is a Blackwell (compute capability 10.0 or newer)")
def has_blackwell(facts: Facts, gpu: Gpu) -> bool:
    return gpu.compute_capability >= (10, 0)


@any_gpu("a GPU has about 100 KB of shared memory (compute capability 8.6, 8.9 or 12.0)")
def has_little_shared_memory(facts: Facts, gpu: Gpu) -> bool:
    return gpu.compute_capability in _SMALL_SHARED_MEMORY


@condition("the GPU is AMD's (a ROCm build of torch)")
def is_rocm(facts: Facts) -> bool:
    return facts.torch.hip is not None


@condition("more than one GPU is visible")
def has_several_gpus(facts: Facts) -> bool:
    return len(facts.gpus) > 1


spreads_over_gpus = all_of(
    has_several_gpus,
    is_one_process,
    phrase="more than one GPU is visible, and one process drives them",
)
