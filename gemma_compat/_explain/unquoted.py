"""Understand a report that quotes no exception: what is said to go wrong, and what decides.

No cause follows from such a sentence, so none is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..values import Value

_MOST_LINES = 80  # a longer text is the log of a run, not a report
_PREFLIGHT = "python -m gemma_compat run --preflight train.py"


class Symptom(Value):
    """Something that goes wrong without an error.

    Attributes:
        name: the kind, for JSON.
        text: what a sentence about it contains; it is matched against one line.
        understood: what is said to happen, as part of a sentence.
        do: what to type or do first.
        why: what that decides.
    """

    name: str
    text: str
    understood: str
    do: str
    why: str


class Told(Value):
    """A symptom that a line tells of."""

    symptom: Symptom
    line: int


_MADE = r"merg|export|gguf|quanti[sz]|convert|ollama|vllm|llama\.cpp|合并|导出|量化|转换"
_UNLIKE = (
    r"differ|worse|gibberish|garbage|nonsense|word salad|random|wrong|garbled|broken|bad |"
    r"not the same|乱码|不一致|不同|变差|胡言乱语|不对|重复"
)
_FAILS = (
    r"(?:does|did|do|is|are)(?: not|n't) (?:work|start|run|load)|\bfail(?:s|ed|ing)?\b|"
    r"crash(?:es|ed|ing)?\b|\b(?:can|could) ?not\b|\bcan't\b|\bunable to\b|"
    r"(?<!you )get(?:ting)? an? error|"
    r"(?<!get )\b(?:an|the|this|same|following|train(?:ing)?) errors?\b|stops at|"
    r"报错|失败|崩溃|不能用|无法|出错|跑不起来"
)

SYMPTOMS: tuple[Symptom, ...] = (
    Symptom(
        "differs-after-export",
        rf"(?:{_MADE}).*?(?:{_UNLIKE})|(?:{_UNLIKE}).*?(?:{_MADE})",
        "the model answers otherwise once it is merged, converted or served",
        "give one prompt to each form, without sampling: the adapter, the merged model, the export",
        "the first form that answers otherwise has the cause: merging (its dtype, a quantized "
        "base), or the converter, the tokenizer's files and the chat template of what serves it",
    ),
    Symptom(
        "never-stops",
        r"(?:never|(?:does|do|did|wo)(?: not|n't)) (?:stop|end)|keeps? (?:on )?generating|endless|"
        r"until (?:it reaches )?(?:the )?max|不停|停不下来|一直生成|无法停止|不会停",
        "generation does not end",
        _PREFLIGHT,
        "it shows whether the end of a turn is among the labels that are trained; if it is, "
        "compare eos_token_id in generation_config.json with the token that ends a turn",
    ),
    Symptom(
        "useless-output",
        r"(?:outputs?|generat|predict|produc|respon|answer|print)\w*\b.{0,50}\b(?:same|single|one) "
        r"(?:token|word|character|sentence)|repeat(?:s|ing) (?:the|it|a |token|word|end)|gibberish|"
        r"garbage|nonsense|word salad|garbled|(?:empty|blank) (?:output|response|answer)|乱码|"
        r"(?:wrong|weird|strange|abnormal|incorrect|meaningless) (?:model )?(?:output|result|"
        r"answer|response|generation|inference|text)s?\b|breaks? (?:the )?(?:inference|generation)|"
        r"[\"'`]!{6,}[\"'`]|"
        r"重复输出|胡言乱语|输出为空|一直重复",
        "the output is useless: it repeats, is empty or makes no sense",
        "give one prompt to the base model and to the trained one, without sampling, through "
        "tokenizer.apply_chat_template",
        "if the base does it too, loading or the prompt is at fault; if only the trained one does, "
        f"its training is: `{_PREFLIGHT}` tries one batch",
    ),
    Symptom(
        "no-effect",
        r"(?:no|without(?: any)?) (?:effect|difference|change)\b(?! of)|"
        r"same as (?:the )?(?:base|before)|"
        r"\b(?:exactly|same|predict\w{1,5}) as before|"
        r"(?:has|have|had)(?: not|n't) (?:changed|learn)|没有效果|没有变化|"
        r"和原(?:来|模型)一样|没有生效",
        "training seems to change nothing",
        _PREFLIGHT,
        "it shows whether the adapter is trained and gets a gradient. If so, one prompt with the "
        "adapter and within `with model.disable_adapter():` shows whether it was loaded",
    ),
    Symptom(
        "becomes-nan",
        r"\b(?:returns?|becomes?|gives?|contains?|is|are|gets?|goes(?: to)?|all|with) (?:only )?"
        r"(?:NaN|inf(?:inite|inity)?)\b|变成 ?(?:NaN|inf)|(?:是|为) ?(?:NaN|inf)",
        "numbers become NaN or infinite",
        "run the same input in float32: dtype=torch.float32, no mixed precision",
        "float16 ends at 65,504, which a model that was trained in bfloat16 may pass. If float32 "
        f"gives NaN too, the input or the labels do: `{_PREFLIGHT}` tries one batch",
    ),
    Symptom(
        "does-not-learn",
        r"loss\b.{0,60}(?:(?:does|do|did|is|was)(?: not|n't)|never|not|no longer|barely) "
        r"(?:decreas|go|drop|converg|improv|mov|chang|fall)|(?:does|do|did|is)(?: not|n't) "
        r"(?:learn|converg)|loss\b.{0,40}stays|loss.{0,6}不(?:下降|降|收敛|变)|不收敛|学不到",
        "the loss does not go down",
        _PREFLIGHT,
        "it tries one batch: labels, masks, gradients and the loss against a reference",
    ),
    Symptom(
        "too-little-memory",
        r"(?:out of|not enough|insufficient|lack of) (?:GPU |CUDA |video )?(?:memory|V?RAM)|"
        r"\bOOM\b|memory (?:keeps|grows|leak|increas)|显存(?:不足|不够|溢出|爆)|爆显存|"
        r"内存(?:不足|溢出)|OOM了",
        "memory runs out",
        "python -m gemma_compat memory --model NAME --gpu NAME --lora --bf16",
        "with the options of the run, it says whether weights, optimizer and logits fit the card, "
        "and what would make them fit",
    ),
    Symptom(
        "machine-restarts",
        r"\b(?:PC|computer|machine|system|laptop|server|workstation)\b.{0,20}\b(?:reboot|restart|"
        r"shuts? (?:down|off)|turns? off|freez)|black screen|自动重启|死机|蓝屏|关机",
        "the machine restarts or goes off",
        "journalctl -b -1 -p err   after the restart",
        "a program of Python cannot do that: power, heat or the driver can, and the journal's last "
        "lines (Xid, thermal, nothing at all) say which",
    ),
    Symptom(
        "killed",
        r"^.{0,120}\bKilled\s*$|(?:got|gets|was|is|were|process) killed|killed by|被(?:杀|kill)|"
        r"被终止",
        "the process was killed from outside",
        "dmesg -T | grep -iE 'killed process|out of memory'",
        "the system kills a process that takes the machine's own memory (not the card's), and "
        "writes that there; a scheduler writes it into the job's record",
    ),
    Symptom(
        "hangs",
        r"(?<!cause the process to )\b(?:hangs?|hung|hanging|stuck|freezes|froze|deadlocks?|"
        r"nothing happens|no progress)\b|"
        r"never (?:starts|begins|finishes|returns)|卡住|卡死|卡在|无响应|没有反应|一直不动|假死",
        "the run stands still",
        "py-spy dump --pid PID   of each process that stands still",
        "it prints the line of Python that each one waits in: another rank, a lock, a download, or "
        "compiling",
    ),
    Symptom(
        "ends-without-a-word",
        r"(?:exits?|stops?|ends?|closes?|terminates?|dies|quits?) (?:immediately|silently|itself|"
        r"without|by itself|suddenly)|no (?:error message|output|message|traceback)|闪退|直接退出|"
        r"没有任何(?:报错|输出)",
        "the run ends without saying why",
        "python -X faulthandler train.py; echo $?",
        "137 is killed for memory, 139 a crash in compiled code (with its Python frames above), 0 "
        "a script that did all it was told",
    ),
    Symptom(
        "slow",
        r"\b(?:very|extremely|so|too|super|really|much|quite|incredibly) slow\b|"
        r"(?<!not )\bslower than|"
        r"\bis slow\b|takes? (?:forever|hours|ages|too long|so long)|slow (?:training|fine-?tuning|"
        r"inference|speed)|速度.{0,4}慢|太慢|很慢|非常慢|慢得",
        "the run is slow",
        "python -m gemma_compat report   on that machine, and nvidia-smi dmon -s u during the run",
        "the report names what is slow by configuration (attention, precision, the card); a card "
        "below about 80% waits for data or for the CPU",
    ),
    Symptom(
        "worse-than-before",
        r"\b(?:worse|lower) (?:than|results?|accuracy|score|quality)|accuracy.{0,20}(?:drops?|low)|"
        r"(?:bad|poor) (?:results?|quality|performance|output)|forgets?\b|"
        r"效果(?:很|非常)?(?:差|不好)|变差",
        "the trained model is worse than it should be",
        _PREFLIGHT,
        "it tries one batch: what is trained on, with which labels and template, and whether the "
        "gradients are right. Data and settings of the run decide the rest",
    ),
    Symptom(
        "no-access",
        r"access (?:is )?denied|(?:can ?not|can't|unable to|fails? to) (?:download|access)|"
        r"no (?:access|permission)|\b40[13] (?:[A-Z]|error)|gated repo|Unauthorized|Forbidden|"
        r"下载(?:失败|不了|不下来)|无法下载|没有权限",
        "files cannot be downloaded",
        "hf auth whoami   and open the model's page with that account",
        "Gemma is gated: the account of the token must have accepted the licence there, and a "
        "fine-grained token needs the right to read gated repositories",
    ),
    Symptom(
        "fails",
        _FAILS,
        "something fails, and the error itself is not quoted",
        "python train.py 2>&1 | tee train.log; python -m gemma_compat explain train.log",
        "the error's own lines decide: from `Traceback` to its last line",
    ),
)
# What a program prints, and source: nothing is told there.
_NO_SENTENCE = re.compile(
    r"^\s*(?:>>>|\$ |#!|\{['\"]|[\w.-]+==|[\w.]+ ?= ?\S|(?:from|import|def|class|return|raise|"
    r"except|try|for|pip|python|export)\b)|^\s*\w+\(|https?://\S+\s*$|[{};]\s*$|WARNING|INFO|Warning:|\bloss[:=]|\bit/s\b"
)


def told_in(opening: bytes, lines: int) -> Told | None:
    """Return what a report without an error says goes wrong; ``None`` if it says nothing
    of that kind.

    Args:
        opening: how the log begins.
        lines: how many it has.
    """
    if lines > _MOST_LINES:
        return None
    sentences = list(_sentences(opening.decode("utf-8", "replace")))
    for symptom in SYMPTOMS:
        pattern = re.compile(symptom.text, re.IGNORECASE)
        for number, line in sentences:
            if pattern.search(line):
                return Told(symptom, number)
    return None


# An error without a class: as programs in other languages print it, or as a sentence quotes it.
_ERROR_LINES = tuple(
    re.compile(text)
    for text in (
        # no name of a file or a model
        r"(?:error|错误|报错)[^\"`“\n]{0,60}[\"`“](?=[^\"`”\n]* |[A-Z_]{8})"
        r"(?P<text>[A-Za-z][^\"`”\n]{11,300})[\"`”]",
        r"\b(?:[Ee]rror|ERROR|FATAL|[Ff]atal|错误|报错)(?: (?:message|text))?\W{0,6}[:：]\W{0,4}"
        r"(?P<text>[A-Za-z]\S* \S[^\n]{4,300})",
        r"(?P<text>\b(?:terminate called after|libc\+\+abi: terminating)[^\n]{0,300})",
        r"^\W{0,4}(?P<text>(?:Failed|Unable) to [^\n]{8,300})",
    )
)


class ErrorLine(Value):
    """An error without an exception's class; its text is private."""

    line: int
    text: str
    raw: str


def error_line_in(opening: bytes, lines: int) -> ErrorLine | None:
    """Return the first error without a class that a report quotes; ``None`` if it quotes none."""
    if lines > _MOST_LINES:
        return None
    text = opening.decode("utf-8", "replace")
    for pattern in _ERROR_LINES:
        for number, line in enumerate(text.splitlines(), 1):
            found = pattern.search(line)
            if found and not CAUGHT.search(line):
                return ErrorLine(number, found["text"].strip(), line.strip())
    return None


# Such a line tells of an error that was caught, or is source.
CAUGHT = re.compile(
    r"(?i)warn|retry|fall(?:ing)? ?back|\bignor|skipp|caught|\bexcept\b|\braise [a-z]|"
    r"\bif (?:you|there|the|an)\b|\bprint\("
)


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines in which a person may tell something, with their numbers."""
    is_code = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            is_code = not is_code
        elif line.strip() and not is_code and not _NO_SENTENCE.search(line):
            yield number, line
