"""Symptoms told of a run that ends by itself, or that leaves the card idle."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Case
from .base import Symptom, told

_early = told(
    "training is said to end before the steps or epochs that were asked for",
    "the last lines of the log: is train_runtime there? Then it ended by its own count",
    "by its own count: max_steps (it wins over num_train_epochs), packing (fewer rows than were "
    "counted), an early-stopping callback, rows that ran out (streaming, IterableDataset)",
    "echo $?; dmesg -T | grep -iE 'killed process'   where the log just breaks off",
    why="a trainer that is content says how long it ran; a process that was killed says nothing",
)


def _ends_early(case: Case) -> Answer | None:
    """Answer unless early stopping, which the report speaks of, was to end the run."""
    is_meant = re.search(r"(?i)early[- ]?stopp?ing|never (?:end|stop|finish)", case.hit.text)
    return None if is_meant else _early(case)


ENDINGS: tuple[Symptom, ...] = (
    Symptom(
        "ends-before-its-epochs",
        r"\b(?:train\w*|fine-?tun\w*|run|it|epoch|SFT)\b[^\n.]{0,30}\b(?:stop(?:s|ped)?|end(?:s|"
        r"ed)?|"
        r"finish(?:es|ed)?|terminat\w+|halt\w*)\b[^\n.]{0,24}\b(?:at|around|after|before|early)\b "
        r"?(?:\w+ ){0,2}?(?:(?:around |epoch |step |~ ?)?\d|one epoch|the first epoch|finishing|"
        r"reaching|complet\w+|training|all |$|\?|\.)|"
        r"\b(?:stops?|stopped|ends?) (?:training )?(?:at|after) \d[\d.]* ?(?:%|steps?|epochs?)|"
        r"(?:训练|epoch)[^\n。]{0,20}(?:自动|突然|提前|就)(?:停|结束|中断|断开|退出)|"
        r"(?:极短|很短|几秒)[^\n。]{0,8}(?:结束|完成)|(?:训练|跑)[^\n。]{0,16}(?:停止|中断)了",
        _ends_early,
        {
            "Why does SFT training stop at 68%?": "max_steps",
            "SFT always stopped after 1 epoch": "max_steps",
            "SFTTrainer training stops early?": "packing",
            "训练到第十一个epoch就停止了": "train_runtime",
            "llama3_lora_sft训练在极短时间内结束": "max_steps",
            "Early stopping ended the run after 3 epochs as planned": "",
            "It is trained with early stopping, it stopped after 2 epochs": "",
            "We stop training when the loss is low": "",
        },
        words=("stop", "end", "finish", "terminat", "halt", "停", "结束", "中断", "断", "完成"),
        yields=True,
    ),
    Symptom(
        "machine-restarts",
        r"\b(?:(?:PC|computer|machine|system|laptop|(?<![-_.])(?<!llama "
        r")server|workstation|windows)"
        r"\b.{0,20}\b(?:reboot|restart|shuts? (?:down|off)|turns? "
        r"off|freez)|(?:PC|computer|machine|"
        r"laptop|workstation)\b.{0,20}\bcrash|\bwindows (?:itself |then |also )?crash)|"
        r"black screen|自动重启|死机|蓝屏|关机",
        told(
            "the machine is said to restart or to go off",
            "journalctl -b -1 -p err   after the restart",
            why="a program of Python cannot do that: power, heat or the driver can, and the "
            "journal's "
            "last lines (Xid, thermal, nothing at all) say which",
        ),
        {
            "My PC reboots when I train gemma 3 12b": "journalctl",
            "llama-server will crash on the 2nd prompt": "",
            "On Windows, import unsloth crashes silently": "",
            "llama server crashes after editing the system message": "",
        },
        yields=True,
        words=(
            "pc",
            "computer",
            "machine",
            "system",
            "laptop",
            "server",
            "workstation",
            "windows",
            "black screen",
            "重启",
            "死机",
            "蓝屏",
            "关机",
        ),
        is_setting=True,
    ),
    Symptom(
        "killed",
        r"^.{0,120}\bKilled\s*$|(?:got|gets|was|is|were|process|training|script|kernel|being) "
        r"killed|killed by|"
        r"\bkernel (?:died|dies|crash\w*|restart\w*|appears to have died)|被(?:杀|kill)|被终止|"
        r"内核(?:崩溃|"
        r"重启)",
        told(
            "a process is said to be killed from outside",
            "dmesg -T | grep -iE 'killed process|out of memory'",
            why="the system kills a process that takes the machine's own memory (not the card's), "
            "and "
            "writes that there; a scheduler writes it into the job's record",
        ),
        {
            "loading gemma-3-27b ... Killed": "dmesg",
            "the process was killed": "dmesg",
        },
        yields=True,
        words=("kill", "kernel", "杀", "终止", "内核"),
        effects=("out-of-memory",),
        is_setting=True,
    ),
    Symptom(
        "ends-without-a-word",
        r"(?<!or )(?<!to )(?:exits?|stops?|ends?|closes?|terminates?|dies|quits?|crash(?:es)?|"
        r"aborts?) "
        r"(?:immediately|silently|itself|"
        r"without (?:any )?(?:error|message|output|warning|traceback)|by itself|suddenly|on its own"
        r"|unexpectedly|prematurely|too early|early|after (?:one|1|a few|the first) (?:step|epoch|"
        r"iteration)s?)|"
        r"\bno (?:error message|error is shown|output|message|traceback|error log)s?\b"
        r"(?=[^\n.]{0,60}\b(?:exit|stop|end|clos|terminat|die|quit|crash|abort|gone|vanish))|"
        r"\b(?:exit|stop|end|clos|terminat|die|quit|crash|abort)\w*[^\n.]{0,60}\bno (?:error "
        r"message|output|message|traceback|error log)s?\b|"
        r"\b(?:silently|suddenly) (?:exits?|stops?|ends?|crash\w*|dies|fails?|quits?|terminates?)|"
        r"\bsession (?:is |has |was )?crash(?:ed|es)\b(?![^\n]{0,40}\bRAM\b)|"
        r"闪退|直接退出|自动退出|自己(?:停|退出)|"
        r"(?:停|退出|结束|中断|崩|断)[^\n]{0,20}没有任何(?:报错|输出)|"
        r"没有任何(?:报错|输出)[^\n]{0,12}(?:停|退出|结束|中断|崩|断)",
        told(
            "a run is said to end without saying why",
            "python -X faulthandler train.py; echo $?",
            why="137 is killed for memory, 139 a crash in compiled code (with its Python frames "
            "above), 0 "
            "a script that did all it was told: max_steps or epochs reached, or no rows",
        ),
        {
            "accelerate launch exits immediately, I see nothing": "faulthandler",
            "程序直接退出": "faulthandler",
            "训练到一半停了，没有任何报错": "faulthandler",
            "训练卡住不动，没有任何报错": "",
            "your session is crashed for unknown reason": "faulthandler",
        },
        yields=True,
        words=(
            "exit",
            "stop",
            "end",
            "close",
            "terminat",
            "dies",
            "quit",
            "crash",
            "abort",
            "no ",
            "silently",
            "suddenly",
            "闪退",
            "退出",
            "没有",
            "自己",
        ),
    ),
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
        r"gpu(?:利用率|使用率|占用)[^\n]{0,8}(?:低|为 ?0|0 ?%|上不去|很低)|(?:没有|未|不)(?:使用|"
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
        },
        yields=True,
        words=("gpu", "cpu", "显卡"),
        effects=("slow",),
    ),
)
