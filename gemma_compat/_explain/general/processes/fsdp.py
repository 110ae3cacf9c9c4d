"""FSDP of torch, first and second version: what it refuses while it wraps, runs and saves."""

from __future__ import annotations

from ...answer import Answer
from ..base import Case, General, always

_SAYS = "torch's FSDP says so"
_NO_MAP = (
    "no device_map and no .to('cuda') in the script: the launcher and FSDP place the model "
    "(accelerate launch, torchrun)"
)


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
        "weights-that-fsdp2-left-whole",
        r"'(?:Tensor|Parameter)'(?: object)? has no attribute '(?:device_mesh|placements|to_local|"
        r"full_tensor)'",
        always(
            "a weight that FSDP2 did not split is handled as if it were split (a DTensor)",
            "fsdp_cpu_ram_efficient_loading: false",
            "pip install -U accelerate   where its frame (fsdp_utils.py) is the last",
            "in own code: isinstance(weight, DTensor) before .full_tensor()",
            why="only what lies in a wrapped unit becomes a DTensor. Embeddings, norms and the "
            "head at the root stay plain tensors where the root is not wrapped",
            known="the message: these are names of a DTensor; which weight it is, it does not say",
            certain=False,
            settles=False,
        ),
        {
            "AttributeError: 'Tensor' has no attribute 'device_mesh'\nsharded_state[k] = "
            "DTensor.from_local(v, device_mesh=v.device_mesh, ...)": "cpu_ram_efficient_loading",
            "AttributeError: 'Tensor' object has no attribute 'full_tensor'": "isinstance",
        },
    ),
    General(
        "weights-left-on-the-meta-device",
        r"Tensor on device meta is not on the expected device",
        always(
            "a weight never got its values: it is still on the meta device when it is used",
            "fsdp_cpu_ram_efficient_loading: false, or low_cpu_mem_usage=False, or no device_map: "
            "load the plain way once",
            "print([n for n, p in model.named_parameters() if p.is_meta])   before the first step",
            why="a model made without memory (meta) is filled from the files or from rank 0; what "
            "has another name there, or was left out, stays empty",
            known="torch says so; which weight it is, it does not say",
            settles=False,
        ),
        {
            "RuntimeError: Tensor on device meta is not on the expected device cuda:7!": "is_meta",
        },
        alone=True,
    ),
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
        "fsdp-on-two-kinds-of-device",
        r"FSDP only supports single device modules|"
        r"FSDP does not support modules with different device types|"
        r"To support a module with both CPU and GPU params, please pass in device_id|"
        r"has CPU parameters (?:or buffers )?when `?sync_module_states|"
        r"Must flatten tensors on the same device|"
        r"FSDP-managed module (?:unexpectedly has parameters on|with parameter CPU offloading)",
        always(
            "parts of the model lie on two devices when FSDP takes it, most often CPU and GPU",
            _NO_MAP,
            "or FSDP(model, device_id=torch.cuda.current_device()), which moves all of it",
            "fsdp_offload_params: true   wants the whole model on the CPU: move nothing by hand",
            why="an adapter, a head or new embeddings were made after the rest was moved, "
            'device_map="auto" left layers on the CPU, or a script moved the model itself',
            known=f"{_SAYS}; which part it is, it does not say",
            settles=False,
        ),
        {
            "RuntimeError: FSDP only supports single device modules, but got params on "
            "{device(type='cuda', index=0), device(type='cpu')}": "device_map",
            "ValueError: Must flatten tensors on the same device but got both cpu and cuda:0": (
                "device_id"
            ),
            "FSDP supports CPU offloading": "",
        },
        alone=True,
    ),
    General(
        "weight-in-two-fsdp-groups",
        r"is shared with a parameter already managed by another FSDP group|"
        r"Each distinct composable distributed API can only be applied to a module once",
        always(
            "one weight, or one module, was given to FSDP2 twice: most often the embedding that is "
            "the head too",
            "fully_shard([model.model.embed_tokens, model.lm_head], mesh=mesh, ...)   both in one "
            "call, before the layers",
            "or leave both to the root: fully_shard(model) after the decoder layers, and nothing "
            "for the two alone",
            "a trainer's own parallelisation: a release that knows tied heads (pip install -U "
            "torch and the framework)",
            why="a Gemma's head and embedding are one parameter, unless tie_word_embeddings is "
            "false",
            known=f"{_SAYS}, and names the parameter",
            settles=False,
        ),
        {
            "Parameter 'model.embed_tokens.weight' is shared with a parameter already managed by "
            "another FSDP group. For shared/tied parameters, use fully_shard([module_a, "
            "module_b])": "both in one call",
            "the prompt is shared with another group": "",
        },
        alone=True,
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
    General(
        "fsdp-wrapped-twice",
        r"FSDP auto wrapping requires modules to not already have FSDP applied|"
        r"cannot be applied to a module already managed by|"
        r"Cannot apply `?(?:replicate|fully_shard)\(?\)?`? on a [Mm]odule already managed",
        always(
            "the model is wrapped already, and is wrapped again",
            "one prepare() or Trainer for a model; in a notebook load the model again first",
            "or no FSDP() of the script's own beside fsdp= or an FSDP config of accelerate",
            known=_SAYS,
        ),
        {
            "ValueError: FSDP auto wrapping requires modules to not already have FSDP applied but "
            "found model.layers.0 in": "one prepare()"
        },
        alone=True,
    ),
    General(
        "ranks-gather-different-units",
        r"is all-gathering (?:parameters for|\d+ parameters while)|"
        r"Forward order differs across ranks",
        always(
            "the ranks run the parts of the model in different orders",
            "the same kinds of rows on every rank: images in each batch, or in none",
            "no generation, evaluation or early exit on one rank alone",
            why="FSDP gathers a unit's weights on all ranks together, in the order in which it is "
            "run; a rank without images skips the vision tower",
            known=_SAYS,
            settles=False,
        ),
        {
            "RuntimeError: Forward order differs across ranks: rank 0 is all-gathering 3 "
            "parameters while rank 1 is all-gathering 4 parameters": "images in each batch"
        },
        alone=True,
    ),
    General(
        "needs-a-method-on-the-root",
        r"`(?:clip_grad_norm_|no_sync)\(\)` (?:should only be called on the root|on inner FSDP)|"
        r"requires a single root module but got|"
        r"requires running forward through the root module first|"
        r"does not support containers that do not implement forward|"
        r"FSDP does not support gradients of gradients",
        always(
            "something is done on a part of the model that FSDP allows on the whole of it only",
            "model(...), accelerator.clip_grad_norm_(...) and no_sync on what prepare() returned",
            "wrap modules that have a forward: the decoder layers, not their ModuleList",
            known=_SAYS,
            settles=False,
        ),
        {
            "RuntimeError: `clip_grad_norm_()` should only be called on the root FSDP instance": (
                "accelerator.clip_grad_norm_"
            )
        },
        alone=True,
    ),
    General(
        "uneven-cut-on-another-dimension",
        r"requires even sharding: unsharded",
        always(
            "FSDP2 is to cut a weight along another dimension than the first, and its size cannot "
            "be divided by the number of ranks",
            "a number of ranks that divides it, or Shard(0) for this weight",
            known=f"{_SAYS}, with the size",
        ),
        {
            "AssertionError: Shard(1) requires even sharding: unsharded_grad.size()=[3, 5] "
            "world_size=4": "Shard(0)"
        },
    ),
    General(
        "fsdp-on-another-card",
        r"[Ii]nconsistent compute device and ?[`']?device_id",
        always(
            "the weights of this process lie on another card than the one that FSDP is to use",
            "torch.cuda.set_device(int(os.environ['LOCAL_RANK']))   before the model is loaded",
            "no device_map and no .to('cuda:0') in the script: each process has its own card",
            why="every process loaded onto cuda:0, which is rank 0's",
            known="torch names both cards",
        ),
        {
            "ValueError: Inconsistent compute device and `device_id` on rank 1: cuda:0 vs cuda:1": (
                "LOCAL_RANK"
            )
        },
        alone=True,
    ),
)
