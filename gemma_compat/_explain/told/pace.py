"""Symptoms told of a run that stands still."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Case
from .base import Symptom, told

# A figure that is stuck says nothing of the run.
_FIGURE = re.compile(r"(?i)\b(?:loss|rewards?|accuracy|score|f1)\b|损失")
# A person who is stuck with a question, and not at a step.
_PERSON = re.compile(
    r"(?i)\b(?:I|I'm|I am|I've|me|we|we're|we are|been|am|are) (?:\w+ ){0,2}(?:stuck|hung up)\b"
    r"[^\n]{0,20}$"
)
_ANSWERS = re.compile(r"(?i)\b(?:outputs?|answers?|responses?|generation|repl(?:y|ies)|text)\W*$")
_A_PLACE = re.compile(
    r"(?i)\W*(?:\w+ ){0,2}?stuck (?:at|on|in|during|while|when) (?:the )?(?:\d|step|epoch|iter|"
    r"load|sav|generat|train|eval|map|tokeniz|download|first|last|import|initiali)"
)
_stands_still = told(
    "a run is said to hang",
    "pip install py-spy; py-spy dump --pid PID   for each process: where do they wait?",
    "NCCL_DEBUG=INFO NCCL_P2P_DISABLE=1 NCCL_IB_DISABLE=1   before the command, with several GPUs",
    "one GPU, and dataloader_num_workers=0, dataset_num_proc=1: does it go on?",
    why="several GPUs wait for one another where one has fewer batches, another branch, or "
    "no path between the cards; one GPU waits for data, a download or a compiler",
)


_mac_stands = told(
    "a run on a Mac is said to hang, or to freeze the machine",
    "per_device_train_batch_size=1, max_length=512, gradient_checkpointing=True   : GPU and "
    "system share one memory there",
    "PYTORCH_MPS_HIGH_WATERMARK_RATIO=0.7 before the command   ends the run with an error before "
    "the system is out of memory; top -o mem shows who holds it",
    "PYTORCH_ENABLE_MPS_FALLBACK=1, dataloader_num_workers=0, dtype=torch.float32",
    "mlx_lm.lora --model NAME --train   in place of MPS",
    why="a run that fills the memory takes it from the system, which then swaps, stands still or "
    "panics; logits over 262,144 tokens make long rows large even for a small Gemma",
)
_DOWNLOADS = re.compile(r"(?i)\bdownload|\bxet\b|下载|ダウンロード|다운로드")
_download_stands = told(
    "a download is said to stand still",
    "HF_HUB_DISABLE_XET=1 before the command   (plain HTTPS, which goes through a proxy)",
    "hf download MODEL --local-dir FOLDER   in another shell, and again where it stops: it "
    "goes on from what is there",
    "df -h ~/.cache/huggingface; HF_ENDPOINT   of a mirror, where the Hub is out of reach",
    why="the Xet protocol opens many connections, which some proxies and firewalls hold; a full "
    "disk and a lock file that another process left stop a download too",
)


_ONE_CARD = re.compile(
    r"(?i)\b(?:single|one|1) ?x? ?(?:gpu|card|[ah]100|h20\d|4090|3090)\b|单卡|单gpu|一张卡"
)
_VIDEO = re.compile(r"(?i)\bh26[45] @|\bdecord\b|torchcodec|mmco: unref|moov atom|av_read_frame")
_IN_A_VIDEO = (
    "the rows of that step: open each of their videos alone (the decoder's messages stand beside "
    "it); a broken file can hold a worker for ever: dataloader_num_workers=0 shows which"
)


def _of_its_cards(answer: Answer | None, case: Case) -> Answer | None:
    """Leave out what several cards need where there is one, and name the decoder that speaks."""
    if answer is None:
        return None
    do = answer.do
    if len(case.facts.get("gpus", ())) == 1 or _ONE_CARD.search(case.hit.before):
        do = tuple(text for text in do if "NCCL" not in text)
    if _VIDEO.search(case.hit.before):
        do = (do[0], _IN_A_VIDEO, *do[1:])
    return answer.replace(do=do)


def _hangs(case: Case) -> Answer | None:
    match = case.hit.match
    if "cause the process to" in match.string:  # a warning of what may happen
        return None
    if _ANSWERS.search(match.string[: match.start()]):
        return None
    if _PERSON.search(match.string[: match.end()]) and not _A_PLACE.match(
        match.string[match.start() :]
    ):
        return None
    if _FIGURE.search(match.string[max(0, match.start() - 25) : match.end() + 25]):
        return None
    if re.search(r"\bMPS\b|(?i:\bmac(?:os|book)?\b|apple silicon|kernel panic)", case.near):
        return _mac_stands(case)
    if _DOWNLOADS.search(match.string):
        return _download_stands(case)
    return _of_its_cards(_stands_still(case), case)


PACE: tuple[Symptom, ...] = (
    Symptom(
        "run-that-hangs",
        r"(?:train(?:ing)?|script|run|process(?:es|ing)?|program|trainer|it|evaluation|eval|loading"
        r"|map(?:ping)?|"
        r"fine-?tun\w+|everything|notebook|cell|job|saving|tokeniz\w+|generation|inference|save|"
        r"merge|ranks?|workers?|vllm|"
        r"model|always|just|code|execution|terminal|progress(?: bar)?|gpus?|export|download) "
        r"(?:just |always |simply |seems to |often |then |now |also |gets? |got |will |to |"
        r"completely )*"
        r"(?:hangs?|hung|is stuck|stuck(?:ed)?|freezes?|is hanging|hanging|froze|frozen|stalls?|"
        r"stalled|"
        r"deadlocks?)\b"
        r"(?![^\n.]{0,40}\b(?:loss|reward|accuracy)\b)(?![^\n.]{0,12}\b(?:on the wall)\b)|"
        r"\b(?:hangs?|hanging|stuck(?:ed)?|stalls?|freez\w+|deadlock\w*) (?:at|on|after|when|"
        r"before|during"
        r"|forever|in|for|with|"
        r"while|indefinitely|around|near|midway)\b(?![^\n.]{0,30}\b(?:loss|reward|accuracy|wall)\b)"
        r"|"
        r"\bnever (?:starts|begins|finishes|returns|completes|ends)\b|\bnothing happens\b|\bno "
        r"progress\b|"
        r"\b(?:does|do|did)(?: not|n't) (?:proceed|progress|start training|move|advance|continue)\b"
        r"|"
        r"\btimes? ?out\b[^\n.]{0,30}(?:train|nccl|allreduce|collective)|"
        r"\b(?:hangs|hanging|hung|freezes|stucks?)(?:[- ](?:up|issues?|problems?))?\W*$|"
        r"\b(?:will|gets?|always) (?:hang|hung|stuck|freeze)\b|^\W*\w+ing (?:\w+ ){0,3}stucks?\b|"
        r"h[äa]ngt\b|bleibt (?:stehen|h[äa]ngen)|se queda (?:colgad|atascad|trabad|congelad)|se "
        r"cuelga|fica trava|travad[oa]\b|зависа|멈춤|멈춰|멈춥|止まって|止まる|フリーズ|固まる|"
        r"reste bloqu|卡住|卡死|卡着|卡在(?!.{0,4}(?:loss|损失))|无响应|没有反应|一直不动|假死|"
        r"不动了",
        _hangs,
        {
            "training hangs at step 0 with 2 GPUs": "py-spy",
            "Xet 下载 0 字节卡死, gemma-4-31B 模型下载一直 0%": "HF_HUB_DISABLE_XET",
            "the download is stuck at 0%": "HF_HUB_DISABLE_XET",
            "My Mac freezes when I train gemma-2-2b": "one memory",
            "Training hangs/freezes on MPS despite buffer fixes": "one memory",
            "Fine-tuning on 4 GPUs hangs at the first step": "py-spy",
            "it is stuck at 99% while saving the merged model": "py-spy",
            "训练卡住不动，显卡占用100%": "py-spy",
            "the training gets stuck at a relatively high loss": "",
            "Training MP on MS-COCO hangs": "py-spy",
            "mutli gpu training will hung": "py-spy",
            "Training stucks at the beginning with 2 GPUS of 80g per gpu": "py-spy",
            "The training never ends, it is at 99% for two hours": "py-spy",
            "Training on a single GPU gets stuck at step 822\n[h264 @ 0x1] mmco: unref short "
            "failure": "videos",
            "I am stuck at choosing a learning rate for my LoRA training": "",
            "I have been stuck for days with this: my fine-tuned model is bad": "",
            "I am stuck at step 0 of the training": "py-spy",
        },
        yields=True,
        words=(
            "hängt",
            "bleibt",
            "queda",
            "cuelga",
            "trava",
            "зависа",
            "멈",
            "止ま",
            "フリーズ",
            "固ま",
            "bloqu",
            "hang",
            "hung",
            "stuck",
            "freez",
            "froze",
            "stall",
            "deadlock",
            "never",
            "nothing happens",
            "no progress",
            "proceed",
            "progress",
            "start training",
            "move",
            "advance",
            "continue",
            "time",
            "卡",
            "无响应",
            "没有反应",
            "不动",
            "假死",
        ),
        loosely=r"\b(?:hangs?|hung|hanging|stuck|freezes|froze(?! (?:the|all|my|its)\b)|"
        r"deadlocks?)\b",
    ),
)
