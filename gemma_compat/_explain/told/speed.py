"""Symptoms told of a run that is slow, or that leaves the card idle."""

from __future__ import annotations

import re

from ...conditions.hardware import is_without_bfloat16
from ..answer import Answer
from ..general.base import Case
from .base import Symptom, told

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
    "packing=True, or group_by_length=True (transformers 5: "
    "train_sampling_strategy='group_by_length'), against padding",
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


SPEED: tuple[Symptom, ...] = (
    Symptom(
        "card-left-idle",
        r"\bgpu(?:[ -]?util\w*| usage| load)?\b[^\n.]{0,30}(?:(?:is|at|stays?|shows?|drops? to|only"
        r"|around|of|=|:) )*(?:(?:about |around |~)?"
        r"(?<![\d.])(?:0|[1-9]|1\d|2\d|3\d) ?%|zero(?![- ]?\d)|very low|too low|low\b|idle|"
        r"not (?:being )?"
        r"(?:used|utili[sz]ed|fully)|unused)|"
        r"\blow gpu (?:util\w*|usage)\b|\b(?:uses?|using|runs?|running|trains?|training|stuck|"
        r"works?) (?:only |just )?(?:on |the )*cpu\b"
        r"(?: only| instead|[^\n.]{0,20}not (?:the |on )?(?:the )?gpu)?|\b(?:does|do|did|is|are)(?:"
        r" not|n't) us(?:e|ing) (?:the |my )?gpu\b|"
        r"\b(?:uses?|using) (?:my |the )?(?:system |cpu )?ram\b[^\n.]{0,20}instead of|instead of "
        r"(?:the |my )?(?:v-?ram|gpu)\b|"
        r"\bv-?ram (?:is |was )?not (?:being )?used|"
        r"\bgpu (?:is |was )?(?:idle|not (?:used|detected|recogni[sz]ed|found|being used))|"
        r"gpu(?:利用率|使用率|占用)[^\n]{0,8}(?:低|为 ?0|(?<!\d)0 ?%|上不去|很低)|"
        r"(?:没有|未|不)(?:使用|"
        r"调用|用)[^\n]{0,3}(?:gpu|"
        r"显卡)",
        told(
            "the card is said to be idle, or the run to be on the CPU",
            "print(torch.cuda.is_available(), torch.__version__, next(model.parameters()).device)",
            "nvidia-smi dmon -s u   during the run, beside top: does one core run at 100%?",
            "dataloader_num_workers=4, dataloader_pin_memory=True, rows tokenized beforehand",
            'print(model.hf_device_map)   : is a part on "cpu" or "disk"?',
            why="a torch without CUDA (+cpu in its version) or a driver that is older than it "
            "trains on "
            "the CPU; a card at less than half waits for rows (images above all), for what lies on "
            "the CPU (device_map, DeepSpeed's offload), or for rollouts",
        ),
        {
            "GPU utilization is 0% while training gemma 3": "is_available",
            "training runs on CPU only": "hf_device_map",
            "GPU usage: 45%": "",
            "训练卡住，GPU利用率100%": "",
        },
        yields=True,
        words=("gpu", "cpu", "显卡"),
        effects=("slow",),
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
