"""Answers to too little memory by what ran when it came."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case
from .merging import MERGE_TOLD, answer_of_merge

_EVALUATES = (
    r"\bin evaluation_loop|\bin prediction_(?:step|loop)|\bin (?:_?evaluate|validate|predict)\b|"
    r"nested_(?:concat|gather|numpify)|torch_pad_and_concatenate|in distributed_concat|"
    r"_pad_across_processes|gather_for_metrics|\bin _maybe_log_save_evaluate|evaluation_loop\(|"
    r"\bin (?:validation_step|evaluation_step|on_validation_model_eval)\b"
)
_GENERATES = (
    r"\bin _?generate\b|\.generate\(|generation[/\\]utils\.py|\bin _sample\b|"
    r"_generate_and_score_completions"
)
_TRAINS = r"\bin backward|loss\.backward|\.backward\(|optimizer\.step"
_SAVES = (
    r"\bin _?save_checkpoint|\bin (?:safe_)?save_model|\bin save_pretrained|get_state_dict|"
    r"consolidat\w+_state_dict|_zero3_consolidated|torch\.save\(|"
    r"\bin _?(?:full|sharded|local|common_unshard)_(?:pre|post)_state_dict_hook|"
    r"\bin (?:\w{0,20}_)?(?:pre|post)_state_dict_hook|\bin \w{0,30}save_ckpt|"
    r"\bin (?:full_)?optim_state_dict|= \w[\w.]{0,60}\.state_dict\(\)"
)
# FSDP copies each gathered weight as it saves, and warns where the card has no room for the copy.
_NOT_COPIED = re.compile(r"Failed to clone\(\) tensor|Please check clone implementation of")
_GATHERED_ON_THE_CARD = Answer(
    "the card was full while FSDP gathered the whole model to save it: weights are missing or "
    "wrong in the file that was written",
    (
        "StateDictType.FULL_STATE_DICT with FullStateDictConfig(offload_to_cpu=True, "
        "rank0_only=True)   around the save",
        "Trainer and accelerate: fsdp_state_dict_type: SHARDED_STATE_DICT, then accelerate "
        "merge-weights",
        "do not use the file: the last checkpoint that was saved without this warning is the one "
        "to resume from",
    ),
    why="each rank gathers every weight on its own card, beside what training left there, and "
    "keeps a reference where it cannot copy; a smaller batch changes nothing of that",
    known="the warning is that of FSDP's state dict",
    settles=False,
)


_SAVING = Answer(
    "out of memory while a checkpoint is saved, not in a step",
    (
        "save_only_model=True, or an adapter alone: trainer.model.save_pretrained(DIR)",
        "ZeRO-3: stage3_gather_16bit_weights_on_model_save=false, then zero_to_fp32.py",
        "FSDP: fsdp_state_dict_type=SHARDED_STATE_DICT",
    ),
    why="a gathered checkpoint holds the whole model on one card, beside what training left there",
    known="the frames are those of saving; how much each part holds is not in the log",
    settles=False,
)
_GENERATING = Answer(
    "out of memory while text is generated, not in a step",
    (
        "fewer or shorter answers at a time: fewer max_new_tokens, a shorter prompt, a smaller "
        "batch of prompts",
        "load_in_4bit=True, where 16-bit weights fill most of the card",
        "model.eval(), torch.no_grad(), use_cache=True, and no gradient checkpointing",
    ),
    why="keys and values grow with rows and tokens, and a prompt's logits go over "
    "262,144 tokens at once where all of them are kept",
    known="the frames are those of generation; how much each part holds is not in the log",
    settles=False,
)
EVALUATING = Answer(
    "out of memory while the model is evaluated, not in a step of training",
    (
        "per_device_eval_batch_size=1   (the default is 8)",
        "prediction_loss_only=True, or preprocess_logits_for_metrics=lambda logits, _: "
        "logits.argmax(-1)",
        "eval_accumulation_steps=1   moves what is gathered to the CPU",
    ),
    why="an evaluation keeps the logits of its rows, and a Gemma has 262,144 of them for "
    "each token: 1 GiB for 1,024 tokens in float32",
    known="the frames are those of evaluation; how much each part holds is not in the log",
    settles=False,
)
_PHASES = ((_SAVES, _SAVING), (_GENERATES, _GENERATING), (_EVALUATES, EVALUATING))


def gathered_on_the_card(case: Case) -> Answer | None:
    """Answer FSDP's warning that a gathered weight could not be copied as it was saved."""
    found = _NOT_COPIED.search(f"{case.hit.before[-600:]}{case.hit.text}")
    return _GATHERED_ON_THE_CARD if found else None


def at_phase(case: Case) -> Answer | None:
    """Answer an error that came while saving, generating or evaluating."""
    if re.search(_TRAINS, case.frames):
        return None
    found = next((answer for text, answer in _PHASES if re.search(text, case.frames)), None)
    if found is _GENERATING and "'train_runtime'" in case.hit.before:
        return _GENERATING.replace(do=(_AFRESH, *_GENERATING.do[:2]))
    if found is _GENERATING and re.search(r"(?i)grpo|rloo|online_?dpo", case.around + case.near):
        return _GENERATING.replace(do=_IN_ROLLOUTS)
    return found or _set_to_generate(case) or _told_around(case)


_IN_ROLLOUTS = (
    "fewer num_generations, a smaller max_completion_length or per_device_train_batch_size",
    "use_vllm=True   with a share of the card that the trainer leaves",
)
_AFRESH = (
    "a fresh process that loads base and adapter alone: what training left (optimizer, gradients, "
    "the trainer) still holds the card here"
)


# A program's own settings for text that is generated, as configurations and commands have them.
_SET_TO_GENERATE = re.compile(
    r"\b(?:gen|generation|infer|inference|decode)_\w{0,20}batch(?:_size)?\b|\bmax_new_tokens\b|"
    r"\bnum_return_sequences\b|\bfew_?shot\w*|\bdo_sample\b|\bnum_beams\b"
)
_IN_TRAINING = re.compile(
    r"training_step|compute_loss|[/\\]trainer\.py|_trainer\.py|\btrain\w*\(|backward|"
    r"[/\\]optim[/\\]|\bin (?:train|fit)\b|'loss':|Num examples =|Total optimization steps"
)


def _set_to_generate(case: Case) -> Answer | None:
    """Answer a forward pass whose frames do not train, in a log with settings for generation."""
    near = case.above[-1500:] + case.around
    if not re.search(r"\bin forward\b|_forward\b", case.frames) or _IN_TRAINING.search(near):
        return None
    found = _SET_TO_GENERATE.search(near)
    if found is None or case.log.figures.losses:
        return None
    return _GENERATING.replace(
        happened="out of memory in a forward pass, and the frames that are here do not train",
        do=(
            "a smaller batch of prompts, shorter prompts (fewer examples in them), a smaller "
            "max_new_tokens",
            "model.eval() and torch.no_grad() around it: no activations are kept",
            "load_in_4bit=True   where the weights fill most of the card",
        ),
        known=f"the log sets {found[0]}; how the forward pass was called, the frames above it "
        "would show",
        certain=False,
    )


_IN_EVALUATION = re.compile(
    r"(?i)\bduring (?:[\w-]+ ){0,3}(?:evaluation|validation|evaluating|eval)\b|"
    r"\b(?:when|while) (?:[\w-]+ ){0,3}(?:evaluating|validating|evaluation starts?)\b|"
    r"\b(?:in|at) (?:the )?(?:evaluation|validation|eval)[ _](?:phase|step|loop|stage)\b"
)
_RUNS_OUT = re.compile(r"(?i)\berror\b|\bOOM\b|memory|overflow|crash|fail|happens?\b|occurs?\b")
_IS_WELL = re.compile(r"(?i)\b(?:no|not|never|without|works?|worked|fine(?!-))\b|n't\b")


def told_beside(case: Case) -> Answer | None:
    """Answer an error without frames that a sentence beside it places in an evaluation."""
    if case.frames:
        return None
    text = f"{case.hit.before[-1500:]}\n{case.hit.after[:1500]}"
    for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z])|\n\n|(?<=[a-z])\.(?=[A-Z])", text):
        if (
            _IN_EVALUATION.search(sentence)
            and _RUNS_OUT.search(sentence)
            and not _IS_WELL.search(sentence)
        ):
            return EVALUATING.replace(
                known="a sentence says that it was in evaluation; no frame is in the log",
                certain=False,
            )
    return None


# When a sentence says that it happens: "OOM during evaluation", "OOM when I save the model".
_WHEN = (
    r"(?i)\b(?:when|while|during|at|before|on)"
    r"(?: the| it| I| we| trying to| try to| tried to| want to| of| model){0,3} "
)
_LOADS = rf"{_WHEN}(?:load\w*|initiali\w+|from_pretrained)\b"
_ZH = r"[^\n。，]{0,12}"
_MERGES = (
    r"(?:合并|导出|量化)[^\n。，后]{0,24}(?:时|过程|中)|(?:合并|导出)[^\n。，后]{0,12}(?:OOM|显存)"
)
# A call that is named, whatever else the sentence says of training.
_CALLING = (
    r"(?i)\b(?:when|while|during|at|in|on|using|calling|running|invoking|executing|with|by|from|run|"
    r"call|step)"
)
_CALLED = (
    (
        r"(?:save_pretrained_(?:merged|gguf)|push_to_hub_(?:merged|gguf))",
        answer_of_merge(is_unsloth=True),
    ),
    (r"(?:merge_and_unload|merge_adapter|merge_lora\w*)", answer_of_merge(is_unsloth=False)),
    (r"(?:save_pretrained|save_model|save_checkpoint)\b", _SAVING),
    (r"(?:trainer\.evaluate|evaluation_loop|compute_metrics|trainer\.predict)\b", EVALUATING),
    (r"\w*\.generate\(", _GENERATING),
)
_TOLD_PHASES = (
    (_MERGES, MERGE_TOLD),
    (rf"(?:保存|存储){_ZH}(?:时|过程|OOM|显存|爆)", _SAVING),
    (r"(?:评估|验证|eval)[^\n]{0,14}(?:时|过程|报|OOM|显存|爆)|nested_concat", EVALUATING),
    (rf"(?:推理|生成){_ZH}(?:时|过程|报|OOM|爆)", _GENERATING),
    (rf"{_WHEN}(?:(?:merg|export|convert)\w*)\b", MERGE_TOLD),
    (rf"{_WHEN}(?:sav\w+|checkpoint\w*)\b", _SAVING),
    (
        rf"{_WHEN}(?:evaluat\w+|eval|validat\w+|(?:comput|calculat)\w+ (?:the )?(?:eval\w*|"
        r"metrics?|scores?))\b|"
        r"(?i:\b(?:first|next|every|epoch-end|end-of-epoch) eval(?:uation)?\b)|"
        r"(?i:\b(?:tr(?:y|ies) (?:to )?|for [\w ]{0,20})evaluat\w+)",
        EVALUATING,
    ),
    (rf"{_WHEN}(?:generat\w+|inference|infer\w*)\b", _GENERATING),
)


def told_phase(case: Case) -> Answer | None:
    """Answer a sentence that says itself when memory runs out, outside of a step."""
    return _told_in(_near(case))


def _told_in(near: str) -> Answer | None:
    """Answer by what a sentence says of the moment; ``None`` if it says none, or a step's."""
    found = next(
        (
            answer
            for call, answer in _CALLED
            if re.search(rf"{_CALLING}:? (?:the |my |a )?[`'\"]*(?:\w+\.){{0,3}}{call}", near)
            and not re.search(rf"{call}\S* (?:works|is fine|succeed)", near)
        ),
        None,
    )
    if found is None:
        near = _OF_THE_PAST.sub("", near)
        if re.search(r"(?i)\btrain(?!er)|fine-?tun", near):
            return None
        found = next((answer for text, answer in _TOLD_PHASES if re.search(text, near)), None)
    return found and found.replace(
        known="a sentence says so; no cause is known from that", certain=False
    )


# Training that is over when memory runs out, and a model that was trained.
_OF_THE_PAST = re.compile(
    r"(?i)\b(?:after|once) (?:[\w-]+ ){0,4}?(?:(?:re)?train(?:ing|ed)?|fine-?tun(?:ing|ed|e))\b|"
    r"\b(?:the|my|a|our|this) (?:fine-?tuned|trained)\b"
)
_AFTER_EVALUATION = EVALUATING.replace(
    happened="memory is said to run out right after an evaluation, as training goes on",
    do=(
        "per_device_eval_batch_size=1   (the default is 8), prediction_loss_only=True, "
        "eval_accumulation_steps=1",
        "torch.cuda.empty_cache() in a callback's on_evaluate, or torch_empty_cache_steps=1",
        "eval_strategy='no'   for a few steps more: if it then goes on, it is the evaluation",
        "pip freeze   against that of a run that worked, where nothing else changed",
    ),
    why="an evaluation leaves blocks of other sizes, and whatever still refers to its logits "
    "(262,144 a token in a Gemma), on the card where the next step needs the room",
    known="a sentence says so; no cause is known from that",
    certain=False,
)
_SAYS_AFTER = re.compile(
    r"(?i)\b(?:(?:this|the same|the|an?) (?:\w+ )?error|it|OOMs?|out of memory|crash\w*|fail\w*)\b"
    r"[^\n.]{0,40}\b(?:right |just |immediately |directly )?after (?:the |an? |each |every )?"
    r"(?:first |second |last |next )?(?:eval\w*|validation)\b"
)
_SAYS_DURING = re.compile(
    r"(?i)\b(?:(?:this|the same|the|an?) (?:\w+ )?error|it|this|OOMs?|out of memory) (?:\w+ ){0,3}?"
    r"(?:happens?|occurs?|appears?|comes?|fails?|is raised|raised|arises?|crash\w*)? ?"
    r"(?=(?:only |just )?(?:when|while|during|at|in)\b)(?:[^\n.]|\.(?=\w)){0,80}"
)


def _told_around(case: Case) -> Answer | None:
    """Answer an error without frames by a sentence beside it that says when it comes."""
    if case.frames or case.log.figures.losses:
        return None
    near = case.hit.before[-800:] + case.hit.text + case.hit.after[:800]
    denied = re.compile(r"(?i)\b(?:not|never|neither|no longer|without)\b|n't\b")
    after = _SAYS_AFTER.search(near)
    if after and not denied.search(after[0]):
        return _AFTER_EVALUATION
    said = [found[0] for found in _SAYS_DURING.finditer(near) if not denied.search(found[0])]
    return next((answer for text in said if (answer := _told_in(text))), None)


def is_told_at_loading(case: Case) -> bool:
    """Return whether a sentence says that memory runs out while the model is loaded."""
    return re.search(_LOADS, _near(case)) is not None


def _near(case: Case) -> str:
    """Return the part of the sentence around what tells of memory."""
    match = case.hit.match
    before = re.split(r"[.;!?] ", match.string[: match.start()])[-1]
    after = re.split(r"[.;!?] ", match.string[match.start() :])[0]
    return before[-100:] + after[:120]
