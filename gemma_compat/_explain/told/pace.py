"""Symptoms told of a run that stands still or is slow."""

from __future__ import annotations

import re

from ...conditions.hardware import is_without_bfloat16
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


def _hangs(case: Case) -> Answer | None:
    match = case.hit.match
    if "cause the process to" in match.string:  # a warning of what may happen
        return None
    if _PERSON.search(match.string[: match.end()]) and not _A_PLACE.match(
        match.string[match.start() :]
    ):
        return None
    if _FIGURE.search(match.string[max(0, match.start() - 25) : match.end() + 25]):
        return None
    if re.search(r"\bMPS\b|(?i:\bmac(?:os|book)\b|apple silicon|kernel panic)", case.near):
        return _mac_stands(case)
    if _DOWNLOADS.search(match.string):
        return _download_stands(case)
    return _stands_still(case)


_is_slow = told(
    "a run is said to be slow",
    "nvidia-smi dmon -s u   during the run: a card below about 80% waits for data, for the "
    "CPU or "
    "for parts of the model that lie there",
    "python -m gemma_compat report   on that machine: attention, precision, card, what is "
    "slow by "
    "configuration",
    "one step in parts: TORCH_LOGS=recompiles, dataloader_num_workers=4, bf16=True, "
    "gradient_checkpointing=False where memory allows",
    "packing=True, or group_by_length=True, against padding",
    why="common causes on this stack: eager attention (slower than sdpa, and Gemma's long "
    "rows "
    "pay for it), float32, bfloat16 that a card before Ampere (T4, V100) only emulates, "
    "layers on "
    "the CPU, recompiling for each length, a vocabulary of 262,144 whose logits outweigh a "
    "small "
    "model",
    of_gemma=True,
)
# What has to be said first on a card that emulates bfloat16.
_EMULATED = (
    "bf16=False   on this card, which has no bfloat16 arithmetic; python -m gemma_compat advise "
    "names a precision for this model",
)


_generating_is_slow = told(
    "generating is said to be slow",
    "model.eval() and use_cache=True; with Unsloth FastLanguageModel.for_inference(model): what "
    "training set (gradient checkpointing, use_cache=False) stays otherwise",
    "many prompts: merge the adapter into 16 bits and serve the folder by vLLM or SGLang, which "
    "batch them; one by one a card waits for memory",
    "16 bits instead of 4, where they fit: bitsandbytes unpacks each weight for each token",
    "print(model.hf_device_map)   : is a part on the CPU?",
    why="generation reads all weights for each token, so memory's speed sets the pace, and a batch "
    "of prompts costs little more than one",
)
_GENERATES = re.compile(
    r"(?i)\binferenc|\bgenerat(?:es?|ing|ion)\b|\.generate\(|推理|tokens? per second"
)
_TRAINS = re.compile(
    r"(?i)\btrain(?:ing|er|s)?\b|\bfine-?tuning\b|grpo|rollout|\bppo\b|\beval|\bsteps?\b|训练|微调"
)


_FALLS_SLOWLY = re.compile(
    r"(?i)\bloss(?:es)?\b[^\n.]{0,30}(?:decreas|fall|drop|converg|declin|down)\w*[^\n.]{0,14}slow"
)


def _slow(case: Case) -> Answer | None:
    if _FALLS_SLOWLY.search(case.match.string):
        return None  # a loss, and no run
    if _GENERATES.search(case.hit.text) and not _TRAINS.search(case.hit.text):
        return _generating_is_slow(case)
    answer = _is_slow(case)
    if answer is None or not is_without_bfloat16.is_known_to_hold(case.facts):
        return answer
    do = tuple(text.replace(" bf16=True,", "") for text in answer.do)
    return answer.replace(do=(_EMULATED + do) if "bf16" in case.near.lower() else do)


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
            "Training hangs/freezes on MPS despite buffer fixes": "one memory",
            "Fine-tuning on 4 GPUs hangs at the first step": "py-spy",
            "it is stuck at 99% while saving the merged model": "py-spy",
            "训练卡住不动，显卡占用100%": "py-spy",
            "the training gets stuck at a relatively high loss": "",
            "Training MP on MS-COCO hangs": "py-spy",
            "mutli gpu training will hung": "py-spy",
            "Training stucks at the beginning with 2 GPUS of 80g per gpu": "py-spy",
            "The training never ends, it is at 99% for two hours": "py-spy",
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
        loosely=r"\b(?:hangs?|hung|hanging|stuck|freezes|froze|deadlocks?)\b",
    ),
    Symptom(
        "slow",
        r"\b(?:very|extremely|so|too|super|really|much|quite|incredibly|painfully|ridiculously|"
        r"significantly|"
        r"unusually|abnormally|insanely|pretty|really|terribly|horribly|x|times) slow(?:er|ly)?\b"
        r"(?! (?:learning|decreas|decay|converg|rise|rose))"
        r"(?<!decreased very slowly)(?<!rose very slowly)|\bslower than|"
        r"\bis slow(?:er)?\b|\d ?x slower\b|\b(?:each|one|every|a single) (?:step|iteration|epoch|"
        r"sample|batch) takes\b|"
        r"muy lent|muito lent|sehr langsam|tr[èe]s lent|очень медленн|遅い|遅すぎ|느려|느립|느린|"
        r"\b(?:low|poor|bad|terrible) (?:\w+ )?(?:speed|throughput)\b|"
        r"\b(?:takes?|taking) (?:forever|hours|ages|days|too long|so long|very long|long"
        r"(?:er)? time|a long time|(?:about |over |more than )?"
        r"\d+(?:\.\d+)? ?(?:hours?|hrs?|days?|min\w*|s|sec\w*)\b(?: (?:per|for (?:one|each|a|every|"
        r"\d+)|/|to)))|"
        r"\b(?:slow(?:er)?|low) (?:train\w*|fine-?tun\w*|inference|speed|"
        r"generation|throughput|performance on|"
        r"tokeni[sz]\w*|evaluation|loading|it/s|iteration)\b|\bslow(?:s|ed|ing)? down\b|"
        r"\bjumps? (?:up )?to (?:over )?\d+ ?(?:h|hours|days)\b|"
        r"\b(?:\d|one|two|three) (?:steps?|iterations?) (?:took|takes?|needs?|needed|in) (?:about "
        r"|over |~ ?)?\d+(?:\.\d+)? ?(?:min\w*|hours?|h)\b|"
        r"\bslowdown\b|\bspeed[^\n.]{0,20}(?:slow|drop|decreas|low)\w*|"
        r"\d+(?:\.\d+)? ?(?:s/it|sec(?:onds?)? (?:per|/) ?(?:it\w*|step))\b|(?:train\w*|infer\w*|"
        r"generat\w*|eval\w*|tokeni[sz]\w*|load\w*|step|merg\w*)[^\n.]{0,20}"
        r"\b(?:slow|slowly)\b|速度.{0,6}慢|太慢|很慢|非常慢|特别慢|变慢|慢得|训练慢|推理慢|"
        r"耗时[^\n]{0,6}(?:长|久)",
        _slow,
        {
            "Training with LoRA is extremely slow, 90 seconds per iteration": "dmon",
            "gemma2 微调速度非常慢": "dmon",
            "Gemma 3 fine-tuning is 3x slower than Qwen": "eager",
            "starts quick and then after about 15 iterations jumps up to 200 hours": "dmon",
            "the high loss decreased very slowly": "",
            "the inference speed is very slow": "for_inference",
            "Kaggle T4, medgemma 4b bf16=True: 3 steps took 20 min": "bf16=False",
            "100 steps took 20 min": "",
            "INFO slow tokenizer in use": "",
        },
        yields=True,
        words=(
            "muy lent",
            "muito lent",
            "langsam",
            "lent",
            "медлен",
            "遅",
            "느",
            "slow",
            "took",
            "needs",
            "needed",
            " in ",
            "jump",
            "takes",
            "taking",
            "speed",
            "throughput",
            "low ",
            "poor",
            "bad",
            "terrible",
            "s/it",
            "sec",
            "慢",
            "耗时",
        ),
        effects=("slow",),
    ),
)
