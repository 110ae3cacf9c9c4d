"""Checkpoints of several cards: distributed ones, DeepSpeed's, and states that do not fit."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .state_keys import are_buffers

_NO_AVERAGES = Answer(
    "the optimizer meets parameters for which its state has no averages",
    (
        "resume with the same optim and the same trained parameters as the run that saved it",
        "or without the optimizer's state: rm CHECKPOINT/optimizer.pt   (the run then starts its "
        "averages anew)",
        "print({len(s) for s in optimizer.state.values()}, len(optimizer.param_groups[0]"
        "['params']))   : more parameters than states?",
    ),
    why="another optimizer (8-bit ones keep state1 and state2), a group with more or other "
    "parameters, or a state that was saved before its first step",
    known="the key is that of the optimizer's state; which of these it is, the log does not say",
    settles=False,
)
_WEIGHTS_ALONE = (
    "weights alone: accelerate merge-weights CHECKPOINT/pytorch_model_fsdp_0 OUT   (FSDP), python "
    "zero_to_fp32.py CHECKPOINT OUT   (DeepSpeed)"
)


def _sizes(case: Case) -> Answer:
    saved = (case.match["saved"] or case.match["read"]).strip(" ,")
    here = (case.match["here"] or case.match["asked"]).strip(" ,")
    is_flat = ("," in saved) != ("," in here)
    return Answer(
        f"a sharded checkpoint has a weight of size [{saved}], and the model asks for [{here}]"
        + (": one of the two is a flat piece of FSDP1" if is_flat else ""),
        (
            "resume under what wrote it: FSDP version, use_orig_params, state dict type, and the "
            "same number of new tokens",
            f"or {_WEIGHTS_ALONE}",
        ),
        why="FSDP1 keeps a unit as one row of numbers, and with use_orig_params its weights have "
        "one dimension outside of it; whole weights do not fit these"
        if is_flat
        else "the model has another size, or its parts are cut over another number of ranks",
        known="torch compares the sizes",
        settles=False,
    )


def _no_states(case: Case) -> Answer | None:
    near = f"{case.hit.before[-1500:]}{case.around}"
    if not re.search(r"deepspeed_load_checkpoint|integrations[/\\]deepspeed", near):
        return None
    return Answer(
        "the folder has no states of DeepSpeed (global_stepN), from which a run under DeepSpeed "
        "resumes",
        (
            "ls CHECKPOINT   : without global_stepN it holds weights alone",
            "start from them without resuming: model_name_or_path=CHECKPOINT, no "
            "resume_from_checkpoint",
            "save_only_model=False   before the next run, for checkpoints that can be resumed from",
        ),
        why="save_only_model=True, a run without DeepSpeed, or a save that broke off leave none; "
        "inference needs the weights alone, so it works",
        known="transformers looks for global_step* in that folder; read in 5.23.0",
    )


def _adapter_alone(case: Case) -> Answer | None:
    text = f"{case.message}\n{case.hit.after}"
    if not case.says(r"deepspeed[/\\]runtime") or "state_dict for Peft" not in case.hit.text:
        return None
    if are_buffers(text) or "Unexpected key" in text:  # no weight of the base alone is missing
        return None
    return Answer(
        "DeepSpeed's checkpoint of an adapter is loaded as if it held the whole model",
        (
            "pip install -U transformers accelerate deepspeed   then resume once more",
            "in a loop of your own: engine.load_checkpoint(FOLDER, load_module_strict=False)",
            "or PeftModel.from_pretrained(base, FOLDER, is_trainable=True), without resuming",
        ),
        why="frozen weights are left out of it, or were not written, and a strict load misses "
        "them; transformers 4.50.3 and 4.57.6 pass load_module_strict=False for an adapter",
        known="the message lists the keys of the base model; the frames are DeepSpeed's",
        settles=False,
    )


def _of_megatron(case: Case) -> Answer | None:
    if not re.search(r"\.linear_(?:proj|qkv|fc1|fc2)\.", case.message + case.hit.after):
        return None
    return Answer(
        "the keys are Megatron's names, and those of the file and of the model in hand differ",
        (
            "the release of megatron-core and of the bridge (Megatron-Bridge, mbridge, NeMo) that "
            "wrote the checkpoint, for loading too",
            "import the Hugging Face checkpoint anew with this release, and load that",
            "only _extra_state is missing: strictness log_all; it holds no weights",
        ),
        why="a bridge maps the layers of each family by name; for a family that is new it changes "
        "from release to release",
        known="the message lists the keys; which release changed them, was not looked up",
        settles=False,
    )


def _options_of_another(case: Case) -> Answer | None:
    lines = case.frames.splitlines()
    if not lines or "group" not in lines[-1] or case.is_of_the_script:
        return None
    name = case.match["name"]
    return Answer(
        f"the optimizer's groups have no {name}: they came from the state of another optimizer",
        (
            "resume with the same optim as the run that saved the checkpoint",
            "or without the optimizer's state: rm CHECKPOINT/optimizer.pt CHECKPOINT/scheduler.pt",
        ),
        why="load_state_dict takes the options of each group from the file, in place of those that "
        "the optimizer was made with",
        known="the message and the last frame",
        certain=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "optimizer-options-of-another",
        r"KeyError: '(?P<name>betas?|beta1|beta3|momentum|dampening|amsgrad|scale_parameter|"
        r"relative_step|warmup_init|decay_rate|clip_threshold|eps|nesterov|weight_decay)'",
        _options_of_another,
        {
            "Traceback (most recent call last):\n  File "
            '"/x/site-packages/transformers/optimization.'
            'py", line 818, in _get_options\n    use_first_moment = param_group["beta1"] is not '
            "None\nKeyError: 'beta1'": "the same optim",
            "KeyError: 'momentum'": "",
        },
    ),
    General(
        "optimizer-state-without-its-averages",
        r"KeyError: '(?:exp_avg(?:_sq)?|momentum_buffer|state1|state2)'",
        lambda case: None if case.is_of_the_script else _NO_AVERAGES,
        {"KeyError: 'exp_avg'": "same optim"},
    ),
    General(
        "resumed-without-states-of-deepspeed",
        r"Can't find a valid checkpoint at",
        _no_states,
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/transformers/'
            'integrations/deepspeed.py", line 504, in deepspeed_load_checkpoint\n    raise '
            "ValueError(\nValueError: Can't find a valid checkpoint at out/checkpoint-5": (
                "save_only_model=False"
            ),
            "ValueError: Can't find a valid checkpoint at out": "",
        },
    ),
    General(
        "keys-of-another-megatron",
        r"Error\(s\) in loading state_dict for \w{1,80}:",
        _of_megatron,
        {
            "RuntimeError: Error(s) in loading state_dict for Gemma4VLModel:\n\tMissing key(s) in "
            'state_dict: "language_model.decoder.layers.0.self_attention.linear_proj.weight".': (
                "bridge"
            ),
            "RuntimeError: Error(s) in loading state_dict for Gemma3Model:": "",
        },
    ),
    General(
        "adapter-loaded-by-deepspeed",
        r"Error\(s\) in loading state_dict for \w{1,80}:",
        _adapter_alone,
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/deepspeed/runtime/'
            'engine.py", line 4, in load_checkpoint\n    f()\nRuntimeError: Error(s) in loading '
            'state_dict for PeftModelForCausalLM:\n\tMissing key(s) in state_dict: "base_model.'
            'model.model.embed_tokens.weight".': "load_module_strict=False",
            "RuntimeError: Error(s) in loading state_dict for PeftModelForCausalLM:": "",
            'Traceback (most recent call last):\n  File "/x/site-packages/deepspeed/runtime/'
            'engine.py", line 4, in load_checkpoint\n    f()\nRuntimeError: Error(s) in loading '
            'state_dict for Gemma3Model:\n\tMissing key(s) in state_dict: "a.b".\n\tUnexpected '
            'key(s) in state_dict: "c.b".': "",
            'Traceback (most recent call last):\n  File "u.py", line 2, in load_checkpoint\n    '
            "f()\nRuntimeError: Error(s) in loading state_dict for MyNet:\n\tMissing key(s) in "
            'state_dict: "fc.weight".': "",
        },
    ),
    General(
        "sizes-in-a-sharded-checkpoint",
        r"Size mismatch between saved torch\.Size\(\[(?P<saved>[\d, ]{0,60})\]\) and current: "
        r"torch\.Size\(\[(?P<here>[\d, ]{0,60})\]|"
        r"mismatch sizes,? torch\.Size\(\[(?P<asked>[\d, ]{0,60})\]\) vs torch\.Size\(\["
        r"(?P<read>[\d, ]{0,60})\]",
        _sizes,
        {
            "ValueError: Size mismatch between saved torch.Size([257152, 2048]) and current: "
            "torch.Size([131661824]) for model.embed_tokens.weight": "flat piece",
            "AssertionError: req MetadataIndex(fqn='w', offset=torch.Size([0, 0]), index=0) "
            "mismatch sizes torch.Size([1571]) vs torch.Size([1571, 3072])": "use_orig_params",
        },
        alone=True,
    ),
    General(
        "optimizer-states-of-another-form",
        r"Missing key in checkpoint state_dict: optimizer\.",
        always(
            "the saved optimizer has not the states under the names that this run looks for",
            "pip install -U accelerate transformers   then resume once more",
            "fsdp_state_dict_type: FULL_STATE_DICT   for the next checkpoints, where it fits",
            "or go on from the weights alone: model_name_or_path=CHECKPOINT, without the optimizer",
            why="states are named by number or by weight, which FSDP's version and accelerate's "
            "release decide; under FSDP2 with SHARDED_STATE_DICT accelerate 1.12 is reported to "
            "save what it cannot load",
            known="torch names the key; the release is from a report, not from a run here",
            settles=False,
        ),
        {
            "RuntimeError: Missing key in checkpoint state_dict: optimizer.state.0.step.": (
                "FULL_STATE_DICT"
            )
        },
        alone=True,
    ),
    General(
        "deepspeed-finds-no-tag",
        r"Unable to find latest file at(?= \S{0,300}\blatest\b)|"
        r"could not be found for any of the ranks|"
        r"[Cc]lient provided checkpoint load path: \S{1,300} does not exist|"
        r"does not have enough checkpoint files|"
        r"'?NoneType'? object is not iterable[^\n]{0,40}load_checkpoint",
        always(
            "DeepSpeed does not find its checkpoint in that folder",
            "ls CHECKPOINT   has to show the file latest and the folder that it names "
            "(global_stepN)",
            "on several machines: the folder on a disk that all of them see, or "
            '"use_node_local_storage": true   under "checkpoint"',
            "each rank's own file: as many as there were processes",
            why="latest holds the name of the last step; a copy without it, a save that broke off, "
            "or states on another machine's disk look like this",
            known="DeepSpeed says so",
            settles=False,
        ),
        {
            "ValueError: Unable to find latest file at out/checkpoint-5/latest, if trying to load "
            "latest please ensure this file exists": "use_node_local_storage",
            "ERROR: Unable to find latest file at /var/log/app, check the rotation": "",
        },
        alone=True,
    ),
    General(
        "vllm-weight-of-another-shape",
        r"Attempted to load weight \((?:torch\.Size\()?\[?(?P<saved>[\d, ]{1,40})\]?\)? ?\)? into "
        r"parameter \((?:torch\.Size\()?\[?(?P<here>[\d, ]{1,40})",
        lambda case: Answer(
            f"vLLM meets a weight of shape [{case.match['saved']}], and the model's config makes "
            f"[{case.match['here']}]",
            (
                'python -c "from transformers import AutoModelForCausalLM as A; '
                'A.from_pretrained(FOLDER)"   loads the folder by itself: the same complaint '
                "means the folder is at fault",
                "merge the shards once more, on as many ranks as wrote them, and take config.json "
                "from the trained model",
            ),
            why="a merge of shards that keeps their padding, a resized vocabulary, or a config of "
            "another size gives such files",
            known="vLLM compares the shapes; where the file got its own from, it does not say",
            settles=False,
        ),
        {
            "AssertionError: Attempted to load weight (torch.Size([3600])) into parameter "
            "(torch.Size([3584]))": "merge the shards once more"
        },
        alone=True,
    ),
)
