"""What the rest of a report decides of a bad answer: what was saved, added, and where it is served.

People tell the same of many causes: it repeats itself, it writes nonsense, it is worse than before.
What stands beside it (Ollama, added tokens, an adapter of 1 KB) says which of them to try first.
"""

from __future__ import annotations

import re

from ...conditions.hardware import is_without_bfloat16
from ...values import Value
from ..answer import Answer
from ..general.base import Answering, Case

_MOST = 4  # things to do
_LONGEST = 12_000  # characters of a report that are looked at

_TRAINED = re.compile(
    r"(?i)fine-?\s?tun|finetun|\btrain(?!er_state)|\bmerg(?:e|ed|ing)\b|\badapters?\b|\blora\b|"
    r"\bSFT\b|"
    r"\b(?:custom|own|my) (?:model|gguf|modelfile)|unsloth|llama-?factory|axolotl|微调|训练|合并|"
    r"导出"
)
# Whose model it is that Ollama runs: one of its library has its template.
_OWN_FILE = re.compile(
    r"(?i)\bgguf\b|\bollama create\b|\bmodelfile\b|\blm ?studio\b|llama\.cpp|\btransformers\b|"
    r"\bmade it\b"
)
_OLLAMA = re.compile(r"(?i)\bollama\b|(?<![a-z])modelfile\b")


class Context(Value):
    """What decides, and what comes first then.

    Attributes:
        do: what to do, before what the symptom has.
        why: how it comes about; the symptom's own reason follows it.
        keeps: whether the symptom's own things to do follow.
    """

    do: tuple[str, ...]
    why: str
    keeps: bool = True


IN_OLLAMA = Context(
    (
        "ollama show --modelfile NAME   : is there a TEMPLATE, and does it make the text of the "
        "training, mark by mark? Without one the model gets bare text",
        'PARAMETER stop "MARK" in the Modelfile, MARK being what ended an answer in the training; '
        "then ollama create again",
        "TEMPLATE and stop are right: the same prompt at temperature 0 with the 16-bit model in "
        "transformers: good there? Then it is the quantization, else the training",
    ),
    why="a GGUF of a fine-tune is run with the Modelfile's template and stops, and these are most "
    "often another model's, or missing",
    keeps=False,
)
_EMPTY_ADAPTER = Context(
    (
        "from safetensors import safe_open; print(len(list(safe_open('adapter_model.safetensors', "
        "'pt').keys())))   (a .bin: len(torch.load(FILE)))   : 0 means that nothing was saved",
        "leave out lines that replace model.state_dict before training (get_peft_model_state_dict "
        "in a lambda), and save by model.save_pretrained(FOLDER)",
        "under ZeRO-3 or FSDP: trainer.save_model(FOLDER) by all ranks",
    ),
    why="the report names an adapter file of a few bytes: it holds no weights, so what answers is "
    "the base alone",
    keeps=False,
)
NEW_TOKENS = Context(
    (
        "modules_to_save=['embed_tokens', 'lm_head'] in LoraConfig (or trainable_token_indices, "
        "peft 0.15 on): without it the rows of new tokens are never trained, and not saved",
        "print(len(tokenizer), model.get_input_embeddings().weight.shape[0])   in training and "
        "where it is loaded: the same numbers, and the tokenizer of the training?",
        "new rows at the mean of the old ones: transformers>=4.46 does so in "
        "resize_token_embeddings (mean_resizing); before, they are random",
        "or no new tokens: the marks that the checkpoint has already",
    ),
    why="the report adds tokens: a row that was not trained is noise, as input and as a score that "
    "may beat all others",
    keeps=False,
)
_IN_FLOAT16 = Context(
    (
        "dtype float32 (--dtype float32 in vLLM) or a card with bfloat16, one prompt: an answer "
        "then? It is float16",
        "print(model(**inputs).logits.isnan().any())   in the library that answers well",
    ),
    why="an answer of one mark all along (!!!!, token 0) is what NaN gives: this card has no "
    "bfloat16, and values of the model pass what float16 holds",
)
_IN_AN_ENGINE = Context(
    (
        "print(prompt_token_ids) of one prompt in both programs: the same template, system text, "
        "start and end marks as in the training?",
        "AutoModelForCausalLM.from_pretrained(FOLDER)   the folder that is served, in "
        "transformers: "
        "good? Then it is prompt or engine, else what was merged or saved",
    ),
    why="what serves a model wraps its prompt by the chat template of the folder, whatever text it "
    "was trained on",
)

_SMALL = re.compile(
    r"(?i)\badapter[\w.]{0,30}(?: file)?(?:'s)?[^\n.]{0,30}?(?<![\d.])(?P<size>\d{1,3}(?:\.\d+)?) ?"
    r"(?P<unit>kb|kib|bytes)\b"
)
_FEWEST = 20  # KB that a trained adapter has at least
_ADDS = re.compile(
    r"(?i)\badd_(?:special_)?tokens\(|resize_token_embeddings|\bnum_(?:new|added)_tokens|"
    r"\badd(?:ed|ing)? (?:\w+ ){0,2}(?:new|special|custom|extra|additional) (?:\w+ )?tokens?\b|"
    r"\bnew(?:ly added)? (?:special )?tokens\b|(?:新增|添加|加入|扩充)[^\n。]{0,8}(?:token|词表)"
)
_ONE_MARK = re.compile(r"!{4,}|！{2,}|\bexclamation (?:marks?|points?)|感叹号")
_OLD_CARD = re.compile(r"(?i)(?<![a-z0-9])(?:v100|t4|p100|p40|2080|turing|volta)(?![a-z0-9])")
_ENGINE = re.compile(r"(?i)\bv-?llm(?![a-z])|\bsglang\b|\blmdeploy\b|\bTGI\b|\blm ?studio\b")


def _has_a_small_adapter(case: Case) -> bool:
    for found in _SMALL.finditer(case.hit.before[:_LONGEST]):
        size = float(found["size"]) / (1 if found["unit"].lower().startswith("k") else 1000)
        if size < _FEWEST:
            return True
    return False


def adds_tokens(case: Case) -> bool:
    """Return whether a report speaks of tokens that were added, or its code adds some."""
    return _ADDS.search(case.hit.before[:_LONGEST]) is not None


def _is_in_float16(case: Case) -> bool:
    text = case.hit.before[:_LONGEST]
    is_old = is_without_bfloat16.is_known_to_hold(case.facts) or _OLD_CARD.search(text)
    return bool(is_old) and _ONE_MARK.search(text) is not None


def is_of_ollama(case: Case) -> bool:
    """Return whether a report is about a trained model that Ollama runs."""
    text = case.hit.before[:_LONGEST]
    is_own = _TRAINED.search(text) or _OWN_FILE.search(text)
    return _OLLAMA.search(text) is not None and is_own is not None


def _is_of_an_engine(case: Case) -> bool:
    return _ENGINE.search(case.hit.text) is not None and bool(
        _TRAINED.search(case.hit.before[:_LONGEST])
    )


# What decides most comes first.
_CONTEXTS = (
    (_has_a_small_adapter, _EMPTY_ADAPTER),
    (_is_in_float16, _IN_FLOAT16),
    (is_of_ollama, IN_OLLAMA),
    (adds_tokens, NEW_TOKENS),
    (_is_of_an_engine, _IN_AN_ENGINE),
)


def in_its_context(answer: Answering) -> Answering:
    """Return the answer to a bad output, with what the rest of the report decides put first."""

    def of_output(case: Case) -> Answer | None:
        found = answer(case)
        if found is None:
            return None
        context = next((context for holds, context in _CONTEXTS if holds(case)), None)
        return found if context is None else with_context(found, context)

    return of_output


def with_context(answer: Answer, context: Context) -> Answer:
    """Return an answer with the things to do and the reason of a context put first."""
    more = answer.do if context.keeps else ()
    why = f"{context.why}; {answer.why}" if context.keeps and answer.why else context.why
    return answer.replace(do=(*context.do, *more)[:_MOST], why=why)
