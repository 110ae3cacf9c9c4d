"""FSDP: weights that are away, tied or changed, and settings that go together."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_ONE_FORWARD = "call the whole model, as model(...), never a part of it or a method beside forward"
_TAKEN_AWAY = Answer(
    "a weight was used while FSDP or ZeRO had taken its data away",
    (
        f"{_ONE_FORWARD}; merged or generated from: inside "
        "FullyShardedDataParallel.summon_full_params",
        "wrap the decoder layers alone (fsdp_transformer_layer_cls_to_wrap), not by "
        "min_num_params: a tied head and embedding stay together then",
        "or FSDP2 (fsdp_version: 2)",
    ),
    why="a unit's weights are there during its own forward and backward only; a Gemma's head is "
    "its embedding, so no unit may hold the one without the other",
    known="the storage has size 0; which weight it is, the sizes in the message show",
    settles=False,
)


def _go_together(case: Case) -> Answer:
    """Answer by which settings the message is about."""
    if "passed together" in case.match[0]:
        return Answer(
            "FSDP2 needs model and optimizer in one call of prepare",
            ("model, optimizer = accelerator.prepare(model, optimizer)   in one call",),
            why="FSDP2 replaces the weights, and the optimizer has to be given the new ones",
            known="accelerate says so",
        )
    if "min_num_params" in case.match[0]:
        return Answer(
            "FSDP is told twice how to wrap: by the class of a layer and by a size",
            ("fsdp_transformer_layer_cls_to_wrap alone, without fsdp_min_num_params",),
            known="the message names them",
        )
    return Answer(
        "FSDP is to load on rank 0 alone, and not to copy the weights to the other ranks",
        (
            "fsdp_sync_module_states: true   with fsdp_cpu_ram_efficient_loading: true",
            "resuming: fsdp_state_dict_type: SHARDED_STATE_DICT, which is loaded without it",
        ),
        why="what only rank 0 has read the others get by that copy",
        known="the message names the setting",
    )


def _without_storage(case: Case) -> Answer:
    """Answer a tensor without data: of FSDP and ZeRO, of the compiler, or of an offload."""
    # A printed TrainingArguments names fsdp and deepspeed in every run.
    if case.facts.training.get("distributed") in {"fsdp", "deepspeed"} or re.search(
        r"[/\\](?:fsdp|deepspeed)[/\\]|\bFSDP\b|FullySharded|(?i:zero-?_?3\b)", case.around
    ):
        return _TAKEN_AWAY
    if "Expects storage" in case.match[0]:
        return _TAKEN_AWAY  # an assertion of FSDP itself
    if "setStorage" in case.match[0]:
        return _TAKEN_AWAY.replace(
            happened="a weight was used that has no data: FSDP or ZeRO had taken it, most often",
            certain=False,
        )
    return Answer(
        "a tensor without data reached native code: one of torch.compile's stand-ins, or a weight "
        "on the meta device",
        (
            "TORCHDYNAMO_DISABLE=1 before the command (Unsloth: UNSLOTH_COMPILE_DISABLE=1): does "
            "it go on? Then it is the compiler",
            "print([n for n, p in model.named_parameters() if p.is_meta])   : weights that were "
            "offloaded or never loaded",
            f"under FSDP or ZeRO-3: {_ONE_FORWARD}",
        ),
        why="the compiler traces with tensors that have shapes and no data; a kernel that it does "
        "not know (attention, a loss, a quantization) wants the data",
        known="torch says that the data is not there; whose tensor it is, the frames show",
        certain=False,
        settles=False,
    )


def _in_8_bits(case: Case) -> bool:
    return case.facts.model.get("quantization_bits") == 8 or "load_in_8bit=True" in case.near


KINDS: tuple[General, ...] = (
    General(
        "weight-without-storage",
        r"setStorage: sizes \[[^\n]{1,200}(?:out of bounds for storage of size 0|itemsize \d+ ?$)|"
        r"Expects storage to be allocated|The tensor has a non-zero number of elements, but its "
        r"data is not allocated yet",
        _without_storage,
        {
            "RuntimeError: setStorage: sizes [2304, 256000], strides [1, 2304], storage offset 0, "
            "and itemsize 4 requiring a storage size of 2359296000 are out of bounds for storage "
            "of size 0": "decoder layers alone",
            "RuntimeError: setStorage: sizes [896, 152000], strides [1, 896], storage offset 0, "
            "and itemsize 4 \nrequiring a storage size of 544768000 are out of bounds": "FSDP2",
            "fsdp=[], deepspeed=None\n"
            "RuntimeError: The tensor has a non-zero number of elements, but its data is not "
            "allocated yet.\nIf you're using torch.compile/export/fx, it is likely": "compile",
        },
    ),
    General(
        "fsdp-met-a-part-first",
        r"Non-root FSDP instance's `_is_root` should not have been set",
        always(
            "a part of the model was run before the whole of it, so FSDP took the part for the "
            "root",
            _ONE_FORWARD,
            "not the unwrapped model in evaluation or generation: the one that prepare() returned",
            known="torch says so",
            settles=False,
        ),
        {
            "AssertionError: Non-root FSDP instance's `_is_root` should not have been set yet or "
            "should have been set to `False`": "whole model"
        },
    ),
    General(
        "weight-changed-after-wrapping",
        r"Cannot writeback when the parameter shape changes",
        always(
            "a weight got another shape after FSDP had wrapped it",
            "resize_token_embeddings, adapters and frozen parts first; then prepare()",
            why="new tokens, an adapter, a merge or code that replaces a weight's data, beside the "
            "wrapper",
            known="torch compares the shapes",
            settles=False,
        ),
        {
            "RuntimeError: Cannot writeback when the parameter shape changes\nExpects "
            "torch.Size([131072]) but got torch.Size([512, 256])": "resize_token_embeddings"
        },
    ),
    General(
        "tied-weights-under-fsdp2",
        r"FSDP2 mapping failed \(missing|Parameters missing after FSDP2 wrapping",
        always(
            "FSDP2 finds other parameters after wrapping than before: most often the head that is "
            "tied to the embedding",
            "pip install -U accelerate transformers peft",
            "and load the checkpoint as it is, its head tied; a head that was written "
            "beside the embedding: tie_word_embeddings false in its config.json",
            why="a Gemma's head and embedding are one parameter under two names",
            known="accelerate lists the names; that a tied head is behind it, it calls likely",
            settles=False,
        ),
        {
            "ValueError: FSDP2 mapping failed (missing: ['lm_head.weight']). This is likely due to "
            "tied embeddings": "tie_word_embeddings"
        },
    ),
    General(
        "fsdp-settings-that-go-together",
        r"fsdp_cpu_ram_efficient_loading`? set `?(?:--)?fsdp_sync_module_states|"
        r"Set the `sync_module_states` flag to `True`|: sync_module_states ValueError|"
        r"`?(?:fsdp_)?min_num_params`?[^\n]{0,80}mutually exclusive|"
        r"[Cc]an only use one of[^\n]{0,40}min_num_params|"
        r"When using FSDP2, a model and optimizer must be passed together",
        _go_together,
        {
            "ValueError: When using `--fsdp_cpu_ram_efficient_loading` set "
            "`--fsdp_sync_module_states` to `True`": "fsdp_sync_module_states: true",
            "Trainer crashes when loading checkpoint using FSDP: sync_module_states ValueError": (
                "SHARDED_STATE_DICT"
            ),
            "ValueError: When using FSDP2, a model and optimizer must be passed together to "
            "`Accelerator.prepare()` as the optimizer needs to have its parameters modified": (
                "one call"
            ),
        },
        alone=True,
    ),
    General(
        "integers-in-a-flat-unit",
        r"Cannot flatten integer dtype tensors|Integer parameters are unsupported",
        lambda case: Answer(
            "FSDP1 flattens weights, and packed weights are integers"
            if _in_8_bits(case)
            else "FSDP1 flattens weights, and some of these are integers: packed 4-bit ones, most "
            "often",
            (
                *(
                    ("load_in_4bit=True in place of 8 bits: those have no other storage",)
                    if _in_8_bits(case)
                    else ()
                ),
                "bnb_4bit_quant_storage=torch.bfloat16 (the dtype of the other weights)",
                "or FSDP2 (fsdp_version: 2), or DDP for QLoRA",
            ),
            why="bitsandbytes stores 4-bit weights as uint8 unless told otherwise",
            known="the message is torch's",
        ),
        {
            "ValueError: Cannot flatten integer dtype tensors": "bnb_4bit_quant_storage",
            "ValueError: Integer parameters are unsupported": "bnb_4bit_quant_storage",
        },
    ),
)
