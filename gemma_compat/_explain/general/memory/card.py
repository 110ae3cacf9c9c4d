"""Out of memory on a card: what fills it, as far as the log says."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General
from ..serving.vllm_running import is_serving
from .again import loaded_again
from .allocator import IN_FRAGMENTS, also_in_fragments, by_allocator, in_fragments
from .answers import of_a_step, of_the_weights, that_fits
from .figures import allocator_of
from .merging import out_of_memory_at_saving
from .names import largest_first, smaller_step
from .phases import at_phase, gathered_on_the_card, told_beside
from .places import at_first_use, at_place, in_backward, in_replicas, in_the_loss
from .refused import refused
from .rollouts import beside_an_engine, with_estimate
from .set_up import at_set_up, by_the_driver
from .too_large import LOADING, impossible, much_is_trained, whole_copy
from .weights import weights

_GIB = 1 << 30


def _answer(case: Case) -> Answer | None:
    if re.search(r"out of memory[^'\"\n]{0,40}['\"] in \w", case.hit.text):
        return None  # a script's own test of a message
    answer = _by_cause(case)
    more = () if answer.happened.endswith(IN_FRAGMENTS) else also_in_fragments(case)
    return answer.replace(why=f"{answer.why}{refused(case)}", do=(*answer.do, *more))


def _loads(case: Case) -> bool:
    """Return whether weights were loaded: by the frames, also below a logger's message."""
    if case.says(LOADING):
        return True
    below = case.hit.after.lstrip()
    logged = case.error is None and below.startswith("Traceback (most recent call last)")
    return logged and re.search(LOADING, below) is not None


def _by_cause(case: Case) -> Answer:
    at_saving = out_of_memory_at_saving(case) or gathered_on_the_card(case)
    if at_saving is not None:
        return at_saving
    size = _capacity(case)
    loads = _loads(case)
    shared = None if loads else beside_an_engine(case)
    if shared is not None:
        return by_allocator(case, shared) or with_estimate(shared, of_a_step(case))
    if is_serving(case) and not loads:
        return SERVING
    return (
        impossible(case, size)
        or at_first_use(case)
        or by_allocator(case)
        or at_set_up(case)
        or by_the_driver(case)
        or loaded_again(case, loads)
        or whole_copy(case, size)
        or much_is_trained(case, size)
        or at_phase(case)
        or told_beside(case)
        or (None if loads else _in_a_step(case))  # what is loaded has no step yet
        or _logits(case)
        or at_place(case)
        or in_replicas(case)
        or in_fragments(case)
        or (None if loads else of_the_weights(case))
        or in_backward(case)
        or _anything(case, size)
    )


def _in_a_step(case: Case) -> Answer | None:
    """Answer by the estimate of a step; by the place of the failure where that should fit."""
    fits = that_fits(case)
    place = (_logits(case) or at_place(case)) if fits else None
    return place.replace(why=f"{place.why}{fits}") if place else of_a_step(case)


SERVING = Answer(
    "vLLM needs more memory than is left on the card",
    (
        "a smaller gpu_memory_utilization: it fails beside its own share, in activations",
        "or enforce_eager=True, a smaller max_num_seqs and max_model_len",
        "or tensor_parallel_size over more cards",
    ),
    why="vLLM fills its share of the card with the cache of keys and values; what a step needs "
    "beyond it must fit into the rest, and so must a trainer on the same card",
    known="the frame that raised it is vLLM's; what else the card holds is not in the log",
    settles=False,
)


def _capacity(case: Case) -> float | None:
    """Return the memory of one card in GiB, from the message, else the log, else the table."""
    stated = allocator_of(case.message).capacity
    if stated:
        return stated
    gpus = case.facts.get("gpus", ())
    if case.log.gpu_memory:
        return case.log.gpu_memory
    return gpus[0].memory_total / 1024 if gpus and gpus[0].get("memory_total") else None


def _logits(case: Case) -> Answer | None:
    """Answer if it failed where the logits or the loss are computed, by frames or by size."""
    by_frames = in_the_loss(f"{case.frames}\n{_quoted_code(case)}")
    if not by_frames and "the logits" not in refused(case):
        return None
    vocabulary = int(case.facts.model.get("vocab_size", 0)) or 262_144
    rows = _rows_asked_for(case, vocabulary)
    tokens = f"; what was asked for is {rows:,.0f} tokens of them in float32" if rows else ""
    return Answer(
        "out of memory where the logits or the loss are computed"
        if by_frames
        else "out of memory, and what was refused is as large as the logits of a batch",
        (
            smaller_step(case)[-1] + ("" if _is_one_row(case) else ", or a smaller batch"),
            *_of_preferences(case),
            "or the loss in chunks: use_liger_kernel=True where Liger knows this model",
        ),
        why="each token has a logit for every entry of the vocabulary"
        if case.log.is_other
        else f"a Gemma has {vocabulary:,} logits a token{tokens}",
        known="the frame that raised it; how much else the card holds is not in the log"
        if by_frames
        else "the size of what was refused; no frame says that it was made there",
        certain=by_frames,
        settles=False,
        of_gemma=not case.log.is_other,
    )


def _is_one_row(case: Case) -> bool:
    return bool(case.facts.training.get("per_device_train_batch_size") == 1)


def _quoted_code(case: Case) -> str:
    """Return the line of code right above the error, which a paste may have without its frame."""
    lines = [line for line in case.above.splitlines() if line.strip(" ^~")]
    return lines[-1] if lines and re.search(r"\w\(.*\)$|\w\($| = ", lines[-1].rstrip()) else ""


_PREFERENCES = re.compile(
    r"\bstage: (?:dpo|kto)|[/\\](?:dpo|cpo|orpo|kto)_trainer\.py|\bDPOTrainer\(|--rlhf_type dpo|"
    r"concatenated_forward|\bpref_(?:beta|loss)\b"
)


def _of_preferences(case: Case) -> tuple[str, ...]:
    """Return what takes less where chosen and rejected answers are compared."""
    if not _PREFERENCES.search(f"{case.above}{case.around}{case.near}"):
        return ()
    return (
        "preference training runs chosen and rejected rows at once, beside a reference model: "
        "precompute_ref_log_probs=True (TRL), or LoRA, whose reference is its own base",
    )


def _rows_asked_for(case: Case, vocabulary: int) -> float:
    """Return how many tokens' float32 logits the refused allocation would hold.

    0 if it is unknown, or told by the sizes of the run.
    """
    if refused(case):
        return 0.0
    asked = re.search(r"[Tt]ried to allocate (\d+\.?\d*) (GiB|MiB)", case.message)
    if asked is None:
        return 0.0
    return float(asked[1]) * (_GIB if asked[2] == "GiB" else 1 << 20) / (4 * vocabulary)


def _anything(case: Case, size: float | None) -> Answer:
    found = weights(case)
    facts: list[str] = []
    if found and size:
        facts.append(f"the weights take about {found[1]:.0f} of the card's {size:.0f} GiB")
    batch = case.facts.training.get("per_device_train_batch_size")
    if batch:
        facts.append(f"a batch has {batch} row{'s' if batch > 1 else ''}")
    if case.log.figures.losses and not _loads(case):
        facts.append("steps before it fit: a batch with longer rows, or memory that grows")
    if _loads(case):
        facts.append(
            "each process that a launcher starts loads a whole copy, unless ZeRO-3 or FSDP "
            "is set up before the loading"
        )
    smaller = largest_first(case, found, size, _of_preferences(case))
    if not _fills_the_card(case):
        smaller += ("nvidia-smi   : does another process, or an earlier cell, hold the card?",)
    return Answer(
        "the card was full while the weights were loaded, before any step"
        if _loads(case)
        else "the run needs more memory than the card has"
        if _fills_the_card(case)
        else "the memory of the card ran out",
        smaller if not _loads(case) else _smaller_to_load(case),
        why="; ".join(facts)
        or "weights, gradients, optimizer states and activations have to fit together; the log "
        "does not say which of them is too large",
        known="the message; `python -m gemma_compat memory` estimates what fits",
        settles=False,
    )


def _fills_the_card(case: Case) -> bool:
    """Return whether the message says that this process's tensors hold most of the card."""
    found = allocator_of(case.message)
    held = (found.held or 0.0) + (found.unallocated or 0.0)
    return found.capacity is not None and held > 0.7 * found.capacity


_SHARDED_FIRST = (
    "ZeRO-3: TrainingArguments(deepspeed=...) before from_pretrained; FSDP: "
    "fsdp_cpu_ram_efficient_loading: true, and no device_map: else each process loads all of it"
)
_EMPTY = "nvidia-smi   before loading: is the card empty?"


def _smaller_to_load(case: Case) -> tuple[str, ...]:
    near = f"{case.above}{case.near}"
    if re.search(r"(?i)zero-?_?3\b|stage ?3|\bfsdp", near):
        return (_SHARDED_FIRST, _EMPTY, "load_in_4bit=True with an adapter, or a smaller model")
    if case.facts.model.get("quantization_bits") == 4 or re.search(r"(?i)qlora|load_in_4bit", near):
        return (_EMPTY, "a smaller model, or a larger card", 'device_map="auto" over several cards')
    return (
        "load_in_4bit=True",
        _EMPTY,
        'device_map="auto" in one process over several cards, or a smaller model',
    )


KINDS: tuple[General, ...] = (
    General(
        "out-of-memory",
        r"(?:CUDA|HIP|XPU) out of memory|OutOfMemoryError: (?:CUDA|HIP|XPU|Allocation)|"
        r"CUBLAS_STATUS_ALLOC_FAILED|(?:CUDA|HIP) (?:driver )?[Ee]rror: out of memory|"
        r"UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY",
        _answer,
        {
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.": "batch",
            "/x/unsloth/save.py in _merge_lora(layer, name)\n--> 177  m = W.max()\n"
            "OutOfMemoryError: CUDA out of memory. Tried to allocate 280.00 MiB.": "for the merge",
            "torch.OutOfMemoryError: HIP out of memory. Tried to allocate 2.00 GiB.": "batch",
            "CUDA out of memory Error\n\nI am getting this error right after the first evaluation, "
            "when training starts.": "on_evaluate",
            "CUDA out of memory error with gemma 3\n\nIt occurs during model.generate() with the "
            "finetuned adapter.": "answers at a time",
            "CUDA out of memory while training gemma-3-4b, while save_pretrained_merged works": (
                "a shorter max_length"
            ),
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.63 GiB. GPU 7 has a "
            "total capacity of 79.11 GiB of which 2.61 GiB is free. Including non-PyTorch memory, "
            "this process has 0 bytes memory in use. Of the allocated memory 48.15 GiB is "
            "allocated by PyTorch, and 3.49 GiB is reserved by PyTorch but unallocated.": (
                "outside of PyTorch in this process"
            ),
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.63 GiB. GPU 7 has a "
            "total capacity of 79.11 GiB of which 2.61 GiB is free. Including non-PyTorch memory, "
            "this process has 0 bytes memory in use. Of the allocated memory 71.15 GiB is "
            "allocated by PyTorch, and 3.49 GiB is reserved by PyTorch but unallocated.": (
                "more memory than the card has"
            ),
            "# I always get this in training\nRuntimeError: CUDA out of memory. Tried to allocate "
            "4.44 GiB.\n\nMemory is fixed during training, while it overflows during evaluation.": (
                "prediction_loss_only"
            ),
            "    if 'CUDA out of memory' in str(e):\n{'loss': 1.2, 'epoch': 0.1}": "",
            "# OOM in training\nRuntimeError: CUDA out of memory. Tried to allocate 4.44 GiB.\n\n"
            "The error does not come during evaluation, which runs first.": "gradient_check",
            "RuntimeError: CUDA error: out of memory\nin WSL, while most of the card is unused": (
                ".wslconfig"
            ),
            'Traceback (most recent call last):\n  File "/x/torch/cuda/__init__.py", line 638, in '
            "set_device\n    torch._C._cuda_setDevice(device)\n"
            "torch.AcceleratorError: CUDA error: out of memory": "first used it",
            'Traceback (most recent call last):\n  File "/x/torch/optim/adam.py", line 182, in '
            '_init_group\n    state["exp_avg_sq"] = torch.zeros_like(\n'
            "                          ^^^^^^^^^^^^^^^^^\n"
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 222.00 MiB. GPU 0 has a "
            "total capacity of 139.80 GiB of which 59.06 MiB is free. Of the allocated memory "
            "137.86 GiB is allocated by PyTorch, and 873.96 MiB is reserved by PyTorch but "
            "unallocated.": "makes its states",
            'Traceback (most recent call last):\n  File "/x/integrations/sdpa_attention.py", line '
            "158, in sdpa_attention_forward\n    attn_output = torch.nn.functional."
            "scaled_dot_product_attention(\n"
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 32.00 GiB. GPU 0 has a "
            "total capacity of 139.80 GiB of which 24.35 GiB is free.": "attention is computed",
        },
        alone=True,
    ),
)
