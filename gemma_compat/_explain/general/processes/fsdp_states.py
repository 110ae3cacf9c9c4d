"""FSDP: optimizer states and a state dict that it cannot save or load."""

from __future__ import annotations

from ...answer import Answer
from ..base import Case, General, always
from .fsdp import _SAYS


def _states_are_empty(case: Case) -> Answer:
    return Answer(
        "FSDP has no optimizer state for one of its units: no weight of it ever got a gradient",
        (
            "freeze that part (freeze_vision_tower, requires_grad_(False)) before the model is "
            "wrapped",
            "or resume with the weights alone, without the optimizer's states",
            "or rows that use the part: images for a vision tower",
        ),
        why="Adam makes a weight's state at its first gradient; a tower that no row has used has "
        "none to save or to load. The unit is named in the message",
        known=f"{_SAYS}; that the unit was never used is the usual reason",
        certain=False,
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "shards-and-the-model-alone",
        r"save_only_model[^\n]{0,60}not compatible with FSDP state dict type|"
        r"SHARDED_STATE_DICT is not compatible with save_only_model",
        always(
            "the run saves the model alone (save_only_model), and FSDP saves it in shards",
            "FSDP_STATE_DICT_TYPE=FULL_STATE_DICT   before the command",
            "or save_only_model: false",
            why="accelerate reads the kind of state from that variable, and FSDP2 shards by "
            "default: in some releases of transformers state_dict_type in fsdp_config does not "
            "reach it",
            known="the check is of transformers or ms-swift, and names both settings",
            settles=False,
        ),
        {
            "ValueError: save_only_model option is not compatible with FSDP state dict type "
            "'SHARDED_STATE_DICT'": "FULL_STATE_DICT",
            "ValueError: FSDP2 with SHARDED_STATE_DICT is not compatible with save_only_model=True."
            " Either set": "FULL_STATE_DICT",
        },
    ),
    General(
        "states-that-fsdp-lacks",
        r"is_fsdp_managed=(?:True|False)\)? is empty\. This should happen when use_orig_params",
        _states_are_empty,
        {
            "RuntimeError: The state of _OptimStateKey(unflat_param_names=('visual.norm.weight',), "
            "is_fsdp_managed=True) is empty. This should happen when use_orig_params=True.": (
                "freeze_vision_tower"
            )
        },
        alone=True,
    ),
    General(
        "optimizer-names-that-fsdp-lacks",
        r"is not in the (?:optimizer|output) state\. The FSDPParamInfo has|"
        r"FSDPParamInfo should have requires_grad information|"
        r"Differing optimizer state (?:names|types) for|"
        r"must have (?:scalar state|positive-dimension tensor state) with the same|"
        r"[Cc]heck the `param_key_to_param` construction|"
        r"(?:KeyError|Can't find) [^\n]{0,20}unflat_param_names",
        always(
            "FSDP and the optimizer do not know the same weights: their states cannot be saved or "
            "loaded",
            "fsdp_use_orig_params: true, where some weights are frozen (LoRA, a tower)",
            "the optimizer is made after the model is wrapped, and only the Trainer makes it",
            "or save_only_model=True   to save without the optimizer's states",
            "or FSDP2 (fsdp_version: 2), which flattens nothing",
            why="FSDP1 cuts a unit into one row of numbers; frozen and trained weights, an "
            "optimizer with 8-bit states, or one that was made before, do not fit it",
            known=f"{_SAYS}; which of these it is, it does not say",
            settles=False,
        ),
        {
            "RuntimeError: model.embed_tokens.weight is not in the optimizer state. The "
            "FSDPParamInfo has the param keys ['a'] while the optimizer has the param keys []": (
                "use_orig_params"
            )
        },
        alone=True,
    ),
    General(
        "scalar-that-fsdp-cannot-cut",
        r"(?:FSDP|fully_shard) doesn't support sc?alar parameters?",
        always(
            "one parameter of the model is a single number without a dimension, which FSDP cannot "
            "cut",
            "module.NAME = torch.nn.Parameter(module.NAME.reshape(1))   before the model is "
            "wrapped; the message has NAME",
            "or give it to FSDP as ignored (ignored_params, ignored_states)",
            why="a weight is cut along its first dimension",
            known=f"{_SAYS}, and names it",
        ),
        {
            "ValueError: FSDP doesn't support salar parameters. Change x to a 1D tensor": "reshape",
            "ValueError: FSDP doesn't support scalar parameters. Change layer_scalar to a 1D "
            "tensor with numel equal to 1.": "reshape(1)",
        },
        alone=True,
    ),
)
