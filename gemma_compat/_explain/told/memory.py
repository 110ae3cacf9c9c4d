"""Symptoms told of memory: it runs out, grows, is more than meant, is left behind, is uneven."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Case
from .base import Symptom, told
from .engines import VLLM_TAKES, takes_its_share

_MEM = r"(?:(?:gpu |cuda |video )?memory(?: usage| consumption| footprint)?|v-?ram(?: usage)?|显存)"


def _estimated(case: Case) -> Answer | None:
    from ..general.memory.told import told_memory  # few sentences are of memory

    return told_memory(case)


def _more(case: Case) -> Answer | None:
    from ..general.memory.told import told_memory

    if VLLM_TAKES.search(case.hit.text):
        return takes_its_share(case)
    return told_memory(case, runs_out=False)


_UNEVEN = r"(?:unbalanced|uneven(?:ly)?(?! (?:batch|length|input|row|number|last))|imbalance\w*)"

_not_freed = told(
    "memory is said to stay taken after its use",
    "del trainer, model; gc.collect(); torch.cuda.empty_cache()   in this order",
    "a notebook: also del what the last cells and errors show (Out, sys.last_traceback), or"
    " "
    "restart it",
    "nvidia-smi   : a process left over from an earlier run",
    why="memory comes back once nothing holds the tensors: a trainer holds model and "
    "optimizer, an error's traceback the frames, and vLLM runs in another process",
)


def _freed(case: Case) -> Answer | None:
    """Answer where memory stays taken; that it was freed in vain, an OOM says better."""
    return (
        None
        if re.search(r"(?i)\booms?\b|out of memory|爆显存", case.hit.text)
        else _not_freed(case)
    )


MEMORY: tuple[Symptom, ...] = (
    Symptom(
        "memory-of-the-machine",
        r"\b(?:cpu|system|host|machine|main|colab|kaggle) ?(?:ram|memory)\b[^\n.]{0,60}(?:out|full|"
        r"grow|"
        r"increas|explod|kill|crash|too|run|leak|consum|exhaust|not enough|high|fill|100 ?%|all)\w*"
        r"|"
        r"\b(?:out of|runs? out of|running out of|ran out of|not enough|insufficient|all (?:the |my"
        r" |of the )?"
        r"(?:available )?|too much|lots of) (?:cpu |system |host )?ram\b|"
        r"\b(?:all|up) (?:of )?(?:the |my )?(?:the )?\d+ ?gb (?:of )?ram\b|\bram (?:usage )?(?:is |"
        r"gets? |keeps? )?(?:full|maxed|explod\w*|grow\w*|increas\w*|exhausted|"
        r"fills? up|"
        r"crash\w*)|\bsession crashed\b[^\n]{0,40}\bram\b|"
        r"(?<!gpu )\bram (?:limit )?(?:is |was |got )?exceeded\b|"
        r"\bexceed\w* (?![^\n]{0,40}\b(?:gpu|card)\b)[^\n]{0,30}\bram\b|"
        r"^(?=[^\n]*\b(?:export|convert|merg|kernel))(?![^\n]*(?:cuda|vram|gpu|rtx|\bcard\b))"
        r"[^\n]*\boom(?:'d|s|ed)?\b[^\n]{0,60}\d ?g(?:i?b)? (?:of )?ram\b|"
        r"\boom[- ]?kill\w*|"
        r"\bkilled[^\n]{0,20}\boom\b|大量内存|内存.{0,8}(?:不足|溢出|爆|占满|不够|"
        r"泄[漏露]|满了|(?:一直|持续|不断|逐渐)[^\n]{0,3}(?:增|涨|上升))",
        told(
            "the machine's own memory is said to run out, not the card's",
            "free -g; dmesg -T | grep -iE 'killed process|out of memory'   on that machine",
            "loading: low_cpu_mem_usage=True, dtype=torch.bfloat16, device_map={'': 0}",
            'merging: on the card, or with max_shard_size="2GB" and 2.5 times the weights of free'
            " "
            "memory",
            "data: dataset_num_proc=1, dataloader_num_workers=0, streaming=True",
            why="weights in float32 take 4 bytes a parameter, each process loads a copy of its "
            "own, a merge holds the model twice, workers that prepare rows hold copies, and what "
            "is offloaded lies there: 12 to 16 bytes for each parameter that is trained",
        ),
        {
            "system RAM usage keeps growing until the kernel dies": "free -g",
            "Colab runs out of RAM while merging gemma-3-12b": "dmesg",
            "内存溢出，导出gemma模型时": "free -g",
            "Merging on Colab: RAM exceeded, session crashed": "free -g",
            "the export of a 16 GB model OOM'd (29 GB RAM), the kernel restarted": "free -g",
            "training exceeded the 24 GB of VRAM": "",
            "training exceeded the 24 GB RAM of my GPU": "",
            "merging OOMs on an RTX 4090 with 64 GB RAM": "",
        },
        words=("ram", "memory", "内存"),
        effects=("out-of-memory",),
    ),
    Symptom(
        "memory-that-grows",
        rf"{_MEM}[^\n.]{{0,30}}(?:(?:keeps?|kept) (?:on )?(?:grow|increas|climb|ris)|(?:grows|"
        r"increases|rises|climbs|growing|increasing|creeps|accumulates|builds)\b(?! no)(?: (?:up|"
        r"with|each|every|over|"
        r"until|after|steadily|continuously|during|as|slowly|gradually))?|leak)\w{0,8}|"
        r"\bmemory leaks?\b|\b(?:increasing|growing) (?:gpu |v)?(?:memory|ram)\b|"
        r"(?:OOMs?|out of memory|crash\w*) after (?:a few|some|several|many|\d+|about \d+|N|one|the"
        r" first)"
        r" (?:hundred |thousand )?(?:steps|iterations|epochs?|hours|batches)|"
        r"(?:显存|\bmemory\b).{0,12}(?:一直|持续|不断|逐渐|逐步|逐|越来越|随)[^\n]{0,10}(?:增|涨|"
        r"上升|升高|变|大|高)|"
        r"\bmemory\b[^\n.]{0,20} will increase|显存泄[漏露]",
        told(
            "memory is said to grow along the run",
            "batches of growing length: group_by_length=False, a max_length, and look whether the "
            "longest row comes late",
            "only while evaluating: eval_accumulation_steps=1, prediction_loss_only=True, or "
            "preprocess_logits_for_metrics",
            "PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True   before the command, against "
            "fragments",
            "a loop of your own: total += loss.item(), not loss",
            why="an evaluation keeps the logits of all rows, and a Gemma has 262,144 of them for "
            "each token; lengths that change leave fragments",
        ),
        {
            "GPU memory keeps increasing every step while training gemma-3-12b": "expandable",
            "memory usage increases during evaluation": "eval_accumulation_steps",
            "OOM after 200 steps with gemma 3": "expandable",
            "训练时显存一直增长": "expandable",
        },
        words=("memory", "ram", "oom", "crash", "显存"),
        effects=("out-of-memory",),
    ),
    Symptom(
        "memory-that-is-not-freed",
        rf"{_MEM}[^\n.]{{0,30}}(?:is|are|was|were|does|do|did)?(?: not|n't) (?:being )?(?:freed|"
        rf"released|"
        r"cleared|free|release|emptied|go down|reclaimed)\b|"
        r"\b(?:free|release|clear|empty|unload)(?:ing)? (?:the )?(?:gpu |v)?(?:memory|ram|model)\b|"
        r"显存.{0,6}(?:不释放|没有?释放|无法释放|未释放)",
        _freed,
        {
            "GPU memory is not released after training finishes": "empty_cache",
            "I tried to clear the GPU memory, but training still runs out of memory": "",
        },
        words=("free", "releas", "clear", "empt", "unload", "go down", "reclaim", "释放"),
    ),
    Symptom(
        "memory-that-is-uneven",
        r"\b(?:only|just) (?:the )?(?:one|1|first|a single|gpu ?0|cuda:0|card 0)(?: of (?:the |my "
        r")?(?:\d+|two|four|eight)?)?(?: "
        r"gpus?| cards?)?"
        r" (?:is|are|gets?|was|being) (?:used|full|filled|loaded|utili[sz]ed|working|active)|"
        r"\b(?:only|just) (?:uses?|using|utili[sz]\w*|runs? on|loads? (?:on|to|into)|sees?|"
        r"detects?) (?:the )?"
        r"(?:one|1|first|a single|gpu ?0|cuda:0)\b|"
        r"\b(?:multiple|second|other|multi|both|all|two|2|4|8|several)[ -]?(?:the "
        r")?(?:gpus|(?<=second )gpu|(?<=other )gpu)\b[^\n.]{0,40}"
        r"(?:(?:not|n't) (?:being )?(?:used|utili[sz]\w*)|idle|unused|0 ?%)|"
        rf"\b{_UNEVEN}[^\n.]{{0,30}}(?:memory|gpus?|load)|"
        rf"(?:memory|load|gpus?)[^\n.]{{0,30}}(?:{_UNEVEN}|not (?:evenly|equally))|"
        r"(?:只(?:用|有|使用)[^\n]{0,6}(?:一张|单|1张|一块|1块|0号)[^\n]{0,4}(?:卡|gpu|显卡))|"
        r"多卡.{0,8}(?:没有?|未|不|无法)(?:被)?(?:用|使用|利用|生效|起作用|跑满)|显存(?:不均|"
        r"分配不均)",
        told(
            "GPUs are said to be used unevenly, or only one of them",
            "print(torch.cuda.device_count(), os.environ.get('CUDA_VISIBLE_DEVICES'))   in the run",
            "torchrun --nproc_per_node=N train.py   or accelerate launch: a process for each GPU",
            "print(model.hf_device_map)   where device_map spreads the model",
            "a model that does not fit one card: FSDP2 or ZeRO-3, and no device_map",
            why="python train.py is one process: it uses one card, or spreads layers "
            '(device_map="auto"), which then work one after another. Unsloth trains on one card '
            "unless it is "
            "launched with several processes. The card with the logits of a Gemma (262,144 a token)"
            " holds "
            "most",
        ),
        {
            "training gemma 3 only uses one GPU of my four": "torchrun",
            "GPU memory is unbalanced across devices": "hf_device_map",
            "the second GPU is not used": "device_count",
            "单机多卡训练时没问题": "",
            "when I try to train with 4 GPUs, this did not work and it hangs": "",
            "Incorrect evaluation with multiple GPUs and uneven batch sizes": "",
        },
        words=("gpu", "cuda", "card", "卡", "显存"),
        effects=("out-of-memory", "slow"),
    ),
    Symptom(
        "memory-that-runs-out-is-told",
        r"\b(?:runs?|ran|running|goes|going|went|gets?|getting|got|hits?|throws?|causes?|"
        r"an?|with|to|into|of|and|raises?|cuda|always|still|immediate(?:ly)?|due to|because of|the|"
        r"gives?|has|"
        r"keeps?) (?:me )?(?:into )?"
        r"(?:an? )?(?:out[- ]of[- ](?:gpu |cuda |v?ram ?)?memory|OOMs?|cuda oom)\b|\bOOMs? "
        r"(?:errors?|"
        r"issues?|when|on|problems?|"
        r"with|while|during|even|at|for|both|again|still|using|in|every|after|before|despite|"
        r"killed)\b|\bOOM(?:-?ing|'?e?d|"
        r"s)\b|"
        r"\bOOM(?=[\s.!?)\]:]*$)|^\W*(?:\[[\w ]+\]:? ?)?(?:cuda )?(?:out[- ]of[- ]memory|OOM)\b|"
        r"\b(?:not enough|insufficient|lack of) (?:gpu |cuda |video )?(?:memory|v-?ram)\b|"
        r"(?:does(?: not|n't)|do(?: not|n't)|cannot|can't|won't|not) fit (?:[\w.-]+ )?(?:in(?:to)?|"
        r"on|within|in "
        r"the) (?:(?:my|the|a|an|one|"
        r"single) )?(?:[\w.-]+ ){0,3}(?:gpu|memory|v-?ram|card|gb|\d+ ?g|a100|h100|t4|l4|"
        r"[2345]0[6-9]0)|"
        r"显存(?:不足|不够|溢出|爆|炸)|显存.{0,6}(?:占得?很?满|占满|打满|快满|会爆|爆掉)|爆显存|"
        r"(?:直接|会|就|报|出现|还是|仍然|依然|导致|一直|总是|"
        r"又)(?:了)?\s?OOM|OOM ?(?:问题|了|错误|，|。)|报oom|\bcrash\w* (?:on|with|at) (?:a |my "
        r")?\d+ ?gb?\b|\bout of memory\b|memoria "
        r"insuficiente|"
        r"メモリ(?:不足|が足り)|메모리 부족|nicht genug (?:gpu-?)?speicher|不足.{0,4}显存",
        _estimated,
        {
            "I run out of memory on a 24GB card": "memory --model",
            "Gemma 3 27B goes OOM on 80GB": "the weights take",
            "gemma3-27b OOM": "the weights take",
            "[Bug] OOM-ing with Gemma 3N": "memory --model",
            "OOM error with gemma-3-4b": "memory --model",
            "batch=4 OOM'd at 78.57/79.25 GB on first smoke": "memory --model",
            "显存不足，24G 不够吗": "memory --model",
            "the room is zoomed out": "",
        },
        words=(
            "memory",
            "oom",
            "ram",
            "fit",
            "显存",
            "memoria",
            "メモリ",
            "메모리",
            "speicher",
        ),
        loosely=r"\bOOM\b|内存(?:不足|溢出)",
        effects=("out-of-memory",),
    ),
    Symptom(
        "memory-more-than-meant",
        rf"{_MEM}[^\n.]{{0,60}}(?:more than|higher than|lower than|differ(?:s|ent)? (?:from|than|"
        rf"between)|too (?:much|high)|larger than|than expected"
        rf"|"
        r"very high|so high|so much|huge|doubles?|doubled|triple|increased?|explod\w*|excessive|"
        r"abnormal\w*|"
        r"unexpected\w*|spikes?)|"
        rf"\b(?:more|much|high(?:er)?|excessive|huge|too much|so much|extra|twice the|double the|"
        rf"massive|large|"
        rf"unexpected(?:ly)?(?: high)?|abnormal(?:ly)?(?: high)?|increased|all (?:the|my|of the|"
        rf"available)) {_MEM}|"
        rf"\b(?:uses?|using|takes?|taking|consum(?:es?|ing|ed)|requir(?:es?|ing|ed)|needs?|occup\w+"
        rf"|eats?) "
        rf"(?:up )?(?:about |around |almost |over |up to |more than |nearly |all |>|~)?\d{{1,4}} ?g"
        rf"(?:i?b)?\b"
        rf"(?! (?:ram|disk|of disk|download))|"
        rf"\b(?:how much|what|minimum|min|enough|required|estimate\w*|reduce|reducing|optimi[sz]e|"
        rf"save|saving)"
        rf" (?:the )?{_MEM}|\b(?:problems?|issues?|questions?|bug) (?:with|about|on|of|in) "
        rf"[^\n.]{{0,30}}{_MEM}|{_MEM} (?:requirements?|needed|required|issues?|problems?|"
        rf"estimat\w*|"
        rf"questions?)|"
        r"\bwhich gpus?\b|\b(?:can|could|is it possible to|possible to|able to|how to) (?:i |we |"
        r"one |you )?"
        r"(?:fully )?(?:fine-?tune|train|finetune|run|sft)\b[^\n]{0,60}\b(?:on|with) (?:(?:a|an|one"
        r"|my|single|"
        r"\d ?x?) )?(?:[\w-]+ )?(?:\d+ ?gb?|t4|l4|a100|h100|[2345]0[6-9]0|v100|a10g?|24g)\b|"
        r"显存(?:需要)?多少|显存(?:占用|需求|消耗).{0,12}(?:多|高|大|异常|翻倍|过|多少)|(?:需要|"
        r"占用|要)(?:多少|"
        r"多大)(?:的)?显存|显存要求|"
        r"多大(?:的)?显存",
        _more,
        {
            "Gemma 3 uses more VRAM than Llama of the same size": "memory --model",
            "How much VRAM do I need to fine-tune gemma-2-27b?": "memory --model",
            "full finetune of gemma-3-4b takes 70GB": "memory --model",
            "微调gemma-3-12b需要多少显存": "memory --model",
            "reports more memory than last year": "memory --model",
            "vLLM uses 70GB of memory for gemma-3-4b": "nine tenths",
            "the model takes 8GB of disk": "",
        },
        words=(
            "memory",
            "ram",
            "gb",
            "gib",
            " g",
            "gpu",
            "can ",
            "possible",
            "how to",
            "able",
            "显存",
        ),
        effects=("out-of-memory",),
    ),
)
