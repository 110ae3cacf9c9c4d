"""Symptoms told of a run that ends by itself: killed, with no message, or with the machine."""

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


_killed = told(
    "a process is said to be killed from outside",
    "dmesg -T | grep -iE 'killed process|out of memory'",
    why="the system kills a process that takes the machine's own memory (not the card's), "
    "and "
    "writes that there; a scheduler writes it into the job's record",
)
_KERNEL = re.compile(r"(?i)kernel|内核")
_kernel = told(
    "a notebook's kernel is said to have died",
    "the same cells as a script: python -X faulthandler script.py; echo $?",
    "free -g while it runs; dmesg -T | grep -iE 'killed process|out of memory'   afterwards",
    "pip install -U torch xformers bitsandbytes triton   where it dies at an import",
    why="137 is killed for the machine's memory; 139 or a list of frames is a crash in compiled "
    "code, most often of a package that was built for another torch",
)


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
        lambda case: (_kernel if _KERNEL.search(case.match[0]) else _killed)(case),
        {
            "loading gemma-3-27b ... Killed": "dmesg",
            "The kernel died when I import unsloth": "faulthandler",
            "Jupyter kernel crashed while loading gemma": "faulthandler",
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
)
