"""Symptoms told by what works and what does not: another release, model, program, number of cards.

What works is half of the answer: the difference between the two has the cause.
"""

from __future__ import annotations

import re

from ... import versions
from ..answer import Answer
from ..general.base import Case
from .base import FINE as _FINE
from .base import Symptom, told
from .languages import in_english

_PACKAGE = (
    r"(?:transformers|trl|peft|accelerate|datasets|tokenizers|bitsandbytes|unsloth(?:[-_]zoo)?|"
    r"(?:py)?torch|deepspeed|flash[-_]attn|vllm|sglang|llama\.cpp|ollama|axolotl|(?:ms-)?swift|"
    r"llama-?factory|xformers|triton|liger[-_]kernel|numpy|mlx(?:-lm)?|verl|huggingface[-_]hub|"
    r"safetensors)"
)
_NEAR = 4000  # characters of a report that are looked at
_NUMBER = r"v?\d+\.\d+[\w.]*"
_RELEASE = rf"\b{_PACKAGE}(?:[\s=@:`'\"]|version|release){{1,12}}{_NUMBER}"
_WRONG = (
    r"(?:\bbrok(?:e|en)\b|\bbreaks?\b|\bbreaking\b|\bstop(?:s|ped) working\b|\bno longer\b|"
    r"\bfail(?:s|ed|ing|ure)?\b|errors?\b|\bcrash\w*|\bregression\b|\bcan(?:no|')t\b|"
    r"\bcan not\b|\bunable\b|(?:\bnot|n't) (?:\w+ )?(?:work|load|train|start|run|accept|find|"
    r"support|"
    r"recogni)\w*|n't (?=when|with|for)|报错|失败|不能|无法|出错|异常|不行|有问题|动不了)"
)
_UPDATED = (
    r"(?:\b(?:after|since|when) (?:I |we )?(?:the |an? |recent |latest )?(?:upgrad|updat)\w+|"
    r"(?:升级|更新|换成?新)[^\n。，]{0,24}(?:后|之后|到))"
)
_NEWER = (
    r"\b(?:latest|newest|new|newer|recent|current|nightly) (?:\w+ ){0,2}?(?:versions?|releases?|"
    r"updates?|upgrades?|commits?|main)\b"
)
_OLDER = (
    r"(?:\b(?:earlier|older|previous|old|last|prior) (?:\w+ )?(?:versions?|releases?|commits?)\b|"
    r"(?:之前|以前|旧|老)的?版本)"
)

_releases = told(
    "another release is said to make the difference between working and failing",
    "pip freeze   of both environments, side by side: which packages differ?",
    "the last lines of the error, from `Traceback` on: who raises it?",
    why="either the newer release has a defect, which its issues name, or it no longer does what "
    "the script or a package of another time expects: the frame that raises says which",
)


# What an update did not change.
_NO_HELP = re.compile(
    r"(?i)\b(?:still|persists?|(?:(?:can(?:no|')t|can not|unable to)|(?:did|does)(?: not|n't)) "
    r"(?:fix|solve|"
    r"resolve|help|change)\w*|same (?:error|issue|problem|result|behaviou?r))\b|仍然|还是|依旧|没用"
)


def _goes_wrong(case: Case) -> bool:
    """Return whether the report tells of something that fails."""
    return re.search(_WRONG, in_english(case.hit.before[:_NEAR]), re.IGNORECASE) is not None


def _of_releases(case: Case) -> Answer | None:
    """Answer with the release that worked first, where the report names one."""
    answer, text = _releases(case), case.hit.before
    if _NO_HELP.search(case.hit.text):
        return None
    if answer is None or not _goes_wrong(case):
        return None
    named = re.search(rf"(?i)\b({_PACKAGE})[^\n\d]{{1,12}}({_NUMBER})", case.hit.text)
    if named is None:
        return answer
    package = named[1].lower().replace("pytorch", "torch")
    told_of = set(re.findall(_NUMBER, case.hit.text))
    pins = re.findall(rf"(?i)\b{re.escape(named[1])} ?(?:==|@) ?({_NUMBER})", text)
    others = {pin for pin in pins if pin not in told_of and versions.is_valid(pin)}
    if len(others) != 1 or not re.search(_FINE, text, re.IGNORECASE):
        return answer
    return answer.replace(
        do=(f"pip install '{package}=={others.pop()}'   the other release it names", *answer.do)
    )


_models = told(
    "one model is said to work, and another not, in the same script",
    "the last lines of the error, or one decoded row of a batch, for each of the two",
    "print(type(model), type(tokenizer), tokenizer.special_tokens_map)   for each of the two",
    "pip install -U transformers peft trl   where the one that fails is the newer model",
    why="a script fits what it was written for: class (text or images too), template and special "
    "tokens, names of modules, attention, and the release that knows the model differ",
)

_cards = told(
    "one card is said to work, and several not",
    "how is it started: python, torchrun or accelerate launch, deepspeed? print(model."
    "hf_device_map) and the number of processes",
    "CUDA_VISIBLE_DEVICES=0 with the same command: works? Then the second card brings it in",
    "NCCL_DEBUG=INFO and the log of each rank, where processes wait for one another",
    why="python alone with several visible cards splits each batch (DataParallel) or, by "
    "device_map, the layers; a launcher starts a process for each card. Each of the three fails in "
    "its own way",
)

WORKING: tuple[Symptom, ...] = (
    Symptom(
        "several-cards-fail",
        rf"^(?=[^\n]*(?:(?:single|one|1)[ -]?(?:gpu|card|device)|单卡)[^\n]{{0,60}}{_FINE}|"
        rf"[^\n]*{_FINE}"
        r"[^\n]{0,60}(?:(?:single|one|1)[ -]?(?:gpu|card|device)|单卡))"
        r"(?=[^\n]*(?:multi(?:ple|-)?[ -]?(?:gpus?|cards?|node)|(?:two|several|[2-8]|more than one)"
        rf"[ -](?:gpus?|cards?)|多卡))(?=[^\n]*(?:{_WRONG}|\bnot\b|\bbut\b|\bissues?\b|但))"
        r"[^\n]{1,200}",
        _cards,
        {
            "It works on a single GPU but fails with multiple GPUs": "NCCL_DEBUG",
            "单卡可以正常训练，多卡就报错": "NCCL_DEBUG",
            "We successfully fine-tuned using a single GPU without errors, but we encountered "
            "issues when trying to utilize multiple GPUs": "DataParallel",
            "It works on a single GPU and on multiple GPUs": "",
        },
        words=("gpu", "card", "device", "单卡"),
        yields=True,
        is_setting=True,
    ),
    Symptom(
        "another-model-works",
        rf"{_FINE}[^\n.]{{0,40}}\b(?:with|for|on|when (?:I )?us\w+)\b[^\n.]{{0,20}}(?:\bother "
        r"(?:series )?models?\b|\b(?:llama|qwen|mistral|phi|opt|gpt|bert|falcon|gemma)[\w./-]*)"
        r"[^\n.]{0,24}\b(?:but|however|while|only)\b|"
        r"\b(?:tried|tested|same)\b[^\n.]{0,60}\bother (?:\w+ )?models?\b[^\n]{0,60}"
        rf"{_FINE}|\b(?:switch\w*|chang\w*|replac\w*)\b[^\n.]{{0,50}}\b(?:llama|qwen|mistral|phi|"
        rf"opt|gpt|gemma)[\w./-]*[^\n.]{{0,24}}{_FINE}|"
        r"(?:换成?|用|使用)[^\n，。]{0,20}(?:模型|qwen|llama|mistral|gemma)[^\n，。]{0,12}"
        r"(?:正常|没问题|没有问题|可以)[^\n。]{0,30}(?:但|唯独|就)|(?:其他|"
        r"别的)模型[^\n。]{0,12}(?:正常|"
        r"没问题|没有问题|都可以)",
        lambda case: _models(case) if _goes_wrong(case) else None,
        {
            "It works properly with the facebook opt-350m but doesn't work when I am using "
            "gemma-2b-it": "special_tokens_map",
            "I can't train it. I have also tried other series models like QwQ and llama, and all "
            "looks fine.": "special_tokens_map",
            "训练失败，其他模型都没问题": "special_tokens_map",
            "It works with llama and gemma": "",
            "We compare with other models": "",
        },
        words=(
            "模型",
            "model",
            "llama",
            "qwen",
            "mistral",
            "phi",
            "opt",
            "gpt",
            "gemma",
            "bert",
            "falc",
        ),
        yields=True,
        is_setting=True,
    ),
    Symptom(
        "one-release-works",
        rf"{_NEWER}[^\n]{{0,40}}{_WRONG}|{_WRONG}[^\n.]{{0,60}}\b(?:after|since|with|in|from|due "
        rf"to|"
        rf"because of|as of|by) (?:the |a )?(?:{_NEWER}|(?:upgrad|updat)\w+|{_RELEASE})|"
        rf"{_UPDATED}[^\n]{{0,100}}{_WRONG}|{_WRONG}[^\n]{{0,40}}{_UPDATED}|问题出现在更新|"
        rf"{_RELEASE}[^\n]{{0,40}}(?:\bbreaks?\b|\bbroke\b|\bbroken\b|\bstopp?ed working)|"
        rf"{_FINE}[^\n]{{0,40}}\b(?:with|in|on|up to|until|before|using|under) (?:the )?"
        rf"(?:version )?(?:{_RELEASE}|{_OLDER})|(?:{_RELEASE}|{_OLDER})[^\n.]{{0,40}}{_FINE}|"
        rf"\b(?:downgrad\w+|revert\w*|roll\w* back|going back)\b[^\n.]{{0,60}}(?:{_FINE}|\bfix\w*|"
        r"\bsolv\w*|\bresolv\w*|\bhelp\w*)|(?:降级|回退|换回)[^\n。]{0,20}(?:就|后|可以|正常|好)",
        _of_releases,
        {
            "Latest accelerate 0.29.0 and 0.29.1 broke the lora tuning example": "pip freeze",
            "trl v0.13 breaks our usage of SFTTrainer": "pip freeze",
            "After upgrading transformers my training fails": "pip freeze",
            "升级transformers之后训练报错": "pip freeze",
            "Nach dem Update von transformers funktioniert das Training nicht mehr": "pip freeze",
            "Después de actualizar transformers el entrenamiento falla": "pip freeze",
            "Après la mise à jour de trl, l'entraînement ne marche plus": "pip freeze",
            "После обновления transformers обучение не работает": "pip freeze",
            "アップデート後に学習でエラーになります": "pip freeze",
            "transformers 업데이트 후 학습 에러": "pip freeze",
            "It fails. When building transformers from an earlier commit it works.": "pip freeze",
            "We use transformers 4.56.0 and it works": "",
            "I updated to the current version, but the error is still there": "",
            "I upgraded transformers and I can't fix it": "",
            "Install the latest version": "",
        },
        words=(
            "broke",
            "break",
            "version",
            "release",
            "updat",
            "upgrad",
            "downgrad",
            "revert",
            "roll",
            "going back",
            "commit",
            "更新",
            "升级",
            "降级",
            "回退",
            "换回",
            "版本",
            "fail",
            "error",
            "work",
        ),
        yields=True,
        effects=("load-fails", "wrong-loss"),
        is_setting=True,
    ),
)
