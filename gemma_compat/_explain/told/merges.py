"""What a person tells of a model after its merge: worse, or other than with its adapter."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Case
from .base import Symptom, near, told
from .contexts import in_its_context, is_over, is_own

_MADE = (
    r"(?:merg\w*|export\w*|gguf|quanti[sz]\w*|convert\w*|ollama|llama\.cpp|lm studio|"
    r"合并|融合|导出|量化|转换)"
)
_LESS = (
    r"(?:worse|degrad\w*|lower (?:accuracy|quality)|poor(?:er)?|bad(?:ly)?|broken|wrong|"
    r"quality (?:drop|loss)\w*|(?:decreas|drop|reduc|los[st])\w* (?:in|of) (?:the )?(?:quality|"
    r"accuracy|performance)|incorrect|mistakes?|completely different|not (?:re)?produce|"
    r"differ(?:s|ent|ently|ence)?|inconsisten\w*|"
    r"(?:performance|quality|accuracy|results?) (?:\w+ )?(?:drop\w*|declin\w*|decreas\w*|suffer\w*|"
    r"degrad\w*|var(?:y|ies)\w*)|not the "
    r"same|loses?|lost|"
    r"变差|效果(?:差|下降|不好)|效果[^\n。，]{0,8}(?:差距|差异|下降)|不一致|不同|不一样|不对)"
)
_COMPARED = (
    r"(?i)output|result|answer|respon|predict|perform|accura|quality|score|logit|generat|behav|"
    r"mistake|"
    r"infer|model (?:is|gets|becomes|seems|looks)|效果|结果|输出|推理|回答|精度|差"
)
_merged_is_worse = told(
    "a model is said to be worse once it is merged, quantized or exported",
    "merge into 16 bits: AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.bfloat16), "
    "then PeftModel.from_pretrained(...).merge_and_unload()",
    "compare logits of one prompt before and after: torch.dist(a, b)",
    "the same prompt in both: template, one start token, the same stop tokens, do_sample=False",
    why="an adapter trained on 4-bit weights fits those, and rounds away when it is merged "
    "into them; merged into 16 bits it differs a little. Another base, or another "
    "template in what serves it, makes far more",
)


_differs = told(
    "a merged model is said to answer otherwise than base and adapter do",
    "one prompt, do_sample=False (temperature 0), in both: other words still? Sampling alone makes "
    "two answers",
    "dtype=torch.float32 for both: the same then? It is the rounding of the merge, which bfloat16 "
    "and float16 each do in their way",
    "the base of the training, in 16 bits and not in 4, for the merge; the tokenizer and the "
    "template of the training in both",
    why="base + B x A is the same sum, but merged it is rounded to the weights' 16 bits once: "
    "small differences are ordinary, and long answers part at the first of them; a worse answer "
    "points to base, bits or template",
)
_exported_is_worse = told(
    "a model is said to be worse once it is exported",
    "the same prompt text in both: print(tokenizer.apply_chat_template(messages, tokenize=False)) "
    "beside what the program sends; the same stop marks, temperature 0",
    "export it without quantization (f16, bf16): good then? It is the bits: q8_0, or an imatrix of "
    "your own rows",
    "the folder that was exported, in transformers: bad as well? Then it is the merge: base of the "
    "training in 16 bits",
    why="an export changes the prompt (template, start and end marks), the bits, and what a "
    "converter that is older than the model leaves out",
)
_in_four_bits = told(
    "a merged model is said to answer badly once it is loaded in 4 bits",
    "load_in_4bit=False (or 8 bits) for what was merged: good there, and only there? Then it is "
    "the "
    "4 bits",
    "or no merge: the adapter on the 4-bit base that it was trained on",
    "or quantize with your own rows as calibration (GPTQ, AWQ, imatrix)",
    why="what an adapter changed is small beside a step of 4 bits: merged into the weights and "
    "rounded anew, much of it is gone; beside 4-bit weights it stays in 16 bits",
)
_MERGED = re.compile(r"(?i)(?<![a-z])merg|合并|融合|合成|qlora|load_in_4bit")
_EXPORTED = re.compile(r"(?i)\bgguf|llama\.?cpp|\bollama|lm ?studio|\bexport|导出|转换|convert")
_ONLY_OTHER = re.compile(
    r"(?i)\bdiffer(?:s|ent(?!ly)|ence)?\b|not the same|(?:n't|not) match|mismatch|discrepan\w+|"
    r"inconsisten\w+|不一致|不同|不一样|差异|chang\w+"
)
_ILL = re.compile(
    r"(?i)worse|degrad|poor|\bbad|broken|wrong|incorrect|mistake|completely|los[et]s?\b|drop|"
    r"decreas|lower|"
    r"repeat|random|gibberish|garbage|nonsense|变差|下降|不好|不对|乱|重复|胡|差距|inference a "
    r"lot|raises"
)


# Two programs that are compared after the merge: the difference is theirs.
_TWO_PROGRAMS = re.compile(
    r"(?i)(?:swift|transform[a-z]*|peft|vllm|hf|pt)(?![a-z])[^\n。]{0,30}(?:和|与|跟|及|、|"
    r"而)[^\n。]{0,10}?"
    r"(?:swift|transform[a-z]*|vllm|hf|pt)(?![a-z])"
)


def _after_the_merge(case: Case) -> Answer | None:  # of answers alone, not of a script
    if re.search(r"(?i)\b(?:each|every) (?:run|time)\b|determinis|\bseed\b", case.hit.text):
        return None  # sampling
    if re.search(r"(?i)\bpull request\b|\bPR\b|\b(?:branch|commit|rebase)", case.hit.text):
        return None
    if _TWO_PROGRAMS.search(case.hit.text):
        return None
    if not re.search(_COMPARED, case.hit.text) or not is_own(case) or is_over(case):
        return None
    text = case.hit.text
    if re.search(r"load_in_4bit ?= ?True[^\n]{0,30}(?:result|lead|give|gives|is|are)", text):
        return _in_four_bits(case)
    if not _MERGED.search(text) and _EXPORTED.search(text):
        return _exported_is_worse(case)
    if _ONLY_OTHER.search(text) and not _ILL.search(text):
        return _differs(case)
    return _merged_is_worse(case)


_two_runs = told(
    "two ways to run one trained model are said to answer differently",
    "do_sample=False (temperature 0), no repetition penalty, in both: other words still? A "
    "temperature above 0 draws each time anew",
    "the ids of the prompt in both: template, system text, start mark",
    "the adapter in both: print(sum(p.abs().sum().item() for n, p in model.named_parameters() if "
    "'lora_B' in n))",
    why="sampling alone makes two answers; then prompt, precision and whether the adapter arrived",
)


def _two_ways(case: Case) -> Answer | None:
    """Answer where two ways to use an adapter are compared."""
    if not is_own(case):
        return None
    return (_differs if _MERGED.search(case.hit.before) else _two_runs)(case)


MERGES: tuple[Symptom, ...] = (
    Symptom(
        "two-ways-to-use-an-adapter-differ",
        r"\b(?:2|two) ways? (?:of )?inference[^\n.]{0,20}differ\w*|\binference (?:results? "
        r")?(?:differen\w*|differs?|"
        r"inconsisten\w*)(?: results?)?\b|"
        r"\b(?:two|both|these) (?:methods?|ways|approaches|modes)\b[^\n.]{0,60}\b(?:differ\w*|"
        r"inconsistent|not the same) (?:results?|outputs?|answers?)|(?:两种|这两)(?:方式|"
        r"方法)[^\n。]{0,20}"
        r"(?:不一致|不同|不一样|差异)",
        _two_ways,
        {
            "I merge the LoRA into the base, or load both. The two methods produce different "
            "results": "do_sample=False",
            "合并之后推理，或者分别加载，两种方式结果不一致": "do_sample=False",
            "unsloth lora: inference differences result. why?": "temperature 0",
            "The two methods differ: LoRA trains a small matrix, full fine-tuning trains all": "",
            "The two methods for sorting rows produce different results": "",
        },
        words=("method", "way", "inference", "approach", "modes", "方式", "方法"),
        effects=("wrong-weights-saved", "wrong-generation"),
    ),
    Symptom(
        "worse-after-the-merge",
        near(_MADE, _LESS, 70)
        + r"|(?:合并|合成|融合|merge)[^\n。，]{0,8}(?:之?后|的)[^\n。]{0,40}(?:乱答|胡乱|重复|"
        r"异常|不正常|不正确|"
        r"答非所问|乱码)|\bmerg\w*[^\n.]{0,40} (?:changes?|alters?|affects?|reduces?|rais\w*|"
        r"introduces?) "
        r"[^\n.]{0,20}(?:inference|outputs?|results?|predictions?|generations?|answers?|loss of)|"
        r"\bmerg\w*[^\n.]{0,60}(?:n't|not) match|(?:n't|not) match[^\n.]{0,60}\bmerg",
        in_its_context(_after_the_merge),
        {
            "Merge and unload changes inference a lot on quantized llama 2": "4-bit weights",
            "merge_and_unload() raises the loss of accuracy when inference": "torch.dist",
            "Merged model predictions don't match adapter predictions": "16 bits",
            "the merge of this pull request changes the results of the tests": "",
            "the merged model performs worse than the adapter with gemma-2-9b": "16 bits",
            "quality degraded after merging": "torch.dist",
            "After fine-tuning it was good, but after merging into GGUF its performance dropped": (
                "16 bits"
            ),
            "Inconsistent answers between my model saved by save_pretrained_merged and before": (
                "do_sample=False"
            ),
            "Inference with my merged model, using load_in_4bit=True results in poor responses": (
                "load_in_4bit=False"
            ),
            "Catastrophic decrease in the quality of model generation after merging an adapter": (
                "torch.dist"
            ),
            "GGUF conversion cause spelling mistakes": "the same prompt",
            "The GGUF format produces incorrect outputs in regards to fine tuned models": (
                "the same prompt"
            ),
            "The outputs of my GGUF are different in each run": "",
            "合成模型之后加载后进行推理会出现重复/胡乱回答": "16 bits",
            "LlamaFactory模型合并后，推理速度很慢，且重复和乱答，动态推理正常表现": "16 bits",
        },
        words=(
            "merg",
            "export",
            "gguf",
            "quanti",
            "convert",
            "ollama",
            "vllm",
            "llama.cpp",
            "lm studio",
            "合",
            "导出",
            "量化",
            "转换",
        ),
        effects=("wrong-weights-saved", "weights-not-quantized", "wrong-generation"),
    ),
)
