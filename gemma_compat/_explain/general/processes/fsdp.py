"""FSDP of torch, first and second version: what it refuses while it wraps, runs and saves."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_SAYS = "torch's FSDP says so"
_NO_MAP = (
    "no device_map and no .to('cuda') in the script: the launcher and FSDP place the model "
    "(accelerate launch, torchrun)"
)


def _on_meta(case: Case) -> Answer:
    """Answer by why a weight has no data: an offload, or a loading that left it out."""
    found = "print([n for n, p in model.named_parameters() if p.is_meta])   before the first step"
    if re.search(r"(?i)offloaded to the (?:cpu|disk)|offload_folder", case.near + case.above):
        return Answer(
            "a weight that device_map offloaded (CPU or disk) is used as if it lay on the GPU",
            (
                'device_map={"": 0}   with a model that fits: load_in_4bit=True, or a smaller one',
                "no device_map in training: what is offloaded cannot be trained",
                found,
            ),
            why="accelerate keeps such a weight on the meta device and puts it onto the card only "
            "while its own layer runs; an adapter, a merge or a tied head reads it beside that",
            known="the log says that parts were offloaded; which weight it is, the frames show",
            settles=False,
        )
    return Answer(
        "a weight has no values where it is used: it is still on the meta device",
        (
            "fsdp_cpu_ram_efficient_loading: false, or low_cpu_mem_usage=False, or no device_map: "
            "load the plain way once",
            found,
        ),
        why="a model made without memory (meta) is filled from the files or from rank 0; what has "
        "another name there, or was left out, stays empty, and so does what device_map offloads",
        known="torch says so; which weight it is, it does not say",
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
        _on_meta,
        {
            "Some parameters are on the meta device because they were offloaded to the cpu.\n"
            "RuntimeError: Tensor on device meta is not on the expected device cuda:0!": (
                "device_map offloaded"
            ),
            "RuntimeError: Tensor on device meta is not on the expected device cuda:7!": "is_meta",
        },
        alone=True,
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
        lambda case: Answer(
            "a gradient is taken of a gradient, which FSDP does not compute"
            if "gradients of" in case.match[0]
            else "FSDP is to wrap a module without a forward, such as a ModuleList"
            if "containers" in case.match[0]
            else "something is done on a part of the model that FSDP allows on the whole of it "
            "only",
            ("a loss without create_graph=True (penalties on gradients), or DDP in FSDP's place",)
            if "gradients of" in case.match[0]
            else (
                "model(...), accelerator.clip_grad_norm_(...) and no_sync on what prepare() "
                "returned",
                "wrap modules that have a forward: the decoder layers, not their ModuleList",
            ),
            known=_SAYS,
            settles=False,
        ),
        {
            "RuntimeError: FSDP does not support gradients of gradients": "create_graph",
            "RuntimeError: FSDP does not support containers that do not implement forward": (
                "without a forward"
            ),
            "RuntimeError: `clip_grad_norm_()` should only be called on the root FSDP instance": (
                "accelerator.clip_grad_norm_"
            ),
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
