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
    r"(?i)fine-?\s?tun|finetun|\btrain(?!er_state)|\bmerg(?:e|ing)|\badapters?\b|\blora\b|"
    r"\bSFT\b|"
    r"\b(?:custom|own|my) (?:model|gguf|modelfile)|unsloth|llama-?factory|axolotl|微调|训练|"
    r"合[并成]|导出"
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

_PADS_WITH_EOS = Context(
    (
        "another padding token than the one that ends a turn: tokenizer.pad_token = '<pad>' or an "
        "unused one of the checkpoint's (<|finetune_right_pad_id|> in Llama 3.1), and train again",
        "print([(t, l) for t, l in zip(batch['input_ids'][0].tolist(), "
        "batch['labels'][0].tolist())][-8:])   : is the label of the end mark -100? Then that is "
        "it",
        "generate(..., eos_token_id=[...])   with every mark that ends an answer: model.config and "
        "generation_config may name another than the tokenizer",
    ),
    why="the report makes the end mark the padding: collators set padding to -100 in the labels, "
    "and the end mark with it, so that stopping is never trained",
    keeps=False,
)
_BY_A_TEMPLATE = Context(
    (
        "one --template in training and in answering, the one made for this model family; default "
        "or another family's gives repeated, foreign or garbled text",
        "a base checkpoint (no Chat, Instruct or -it in its name) never saw the template's end "
        "mark, and LoRA or freezing does not teach it: take the one for chats, or template: "
        "default",
        "eos_token_id in generation_config.json, and stop words: is the mark among them that "
        "ends an "
        "answer in the training?",
    ),
    why="the framework wraps each text by the template that its option names, in training and "
    "again where it answers",
)
_IN_A_GGUF = Context(
    (
        "the same prompt text, start and stop marks in both programs: print what "
        "apply_chat_template "
        "makes (tokenize=False) beside what the GGUF's program sends; temperature 0",
        "the 16-bit folder that was converted, in transformers: bad as well? Then it is the merge: "
        "the base of the training in 16 bits, PeftModel, merge_and_unload()",
        "convert it to f16 or bf16, without quantization, by a fresh llama.cpp: good then? It is "
        "the "
        "bits, or a converter older than the model",
    ),
    why="it answers well before the export, so what the export changes comes first: prompt, bits, "
    "and names that a converter leaves out",
    keeps=False,
)

_PAST_ITS_CONTEXT = Context(
    (
        "a larger context: -c 4096 (llama.cpp), num_ctx (Ollama), --max-model-len (vLLM); with "
        "--cache-type-k q8_0 --cache-type-v q8_0 where memory is short",
        "prompt and answer together below it: a shorter system text and history, -n (num_predict) "
        "for the answer",
    ),
    why="it begins where the context is full: what goes on then has lost its beginning",
    keeps=False,
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
_FULL = re.compile(
    r"(?i)\b(?:as soon as|once|when|after|whenever)\b[^\n.]{0,40}\b(?:limit\w*|context(?: "
    r"(?:window|length|size))?|n_ctx|"
    r"num_ctx)\b[^\n.]{0,30}\b(?:exceed\w*|full|reached|fills?|filled|over|passed)\b"
)
_PADS = re.compile(
    r"(?i)\bpad_token(?:_id)?\s{0,2}=\s{0,2}[\w.]{0,30}\beos_token|\bpad(?:ding)?[ "
    r"_]token\b[^\n.]{0,30}"
    r"(?:same as|set to|as|=|to be|is) (?:the )?[\w.]{0,20}\beos"
)
_TEMPLATE = re.compile(
    r"(?im)(?:--|^\s{0,8}|[\"'])template[\"']?[ :=]{1,3}[\"']?\w|deploy (?:vicuna|llama\w*)\b|"
    r"--(?:chat-template|template_type|model_format|model-name)\b|llama-?factory|cli_demo|api_demo"
)
_GGUF = re.compile(r"(?i)\bgguf\b|\bllama\.?cpp\b")
_GOOD_BEFORE = re.compile(
    r"(?i)\b(?:works?|worked|fine|good|acceptable|correct\w*|expected|"
    r"relevant)\b[^\n]{0,140}\b(?:but|however|"
    r"except)|正常|没问题|export\w*[^\n]{0,40}(?:after|of|from)|after (?:convert|export)|converted"
)
_ENGINE = re.compile(r"(?i)\bv-?llm(?![a-z])|\bsglang\b|\blmdeploy\b|\bTGI\b|\blm ?studio\b")


_NO_LONGER = re.compile(
    r"(?i)\bno longer (?!stop|work|answer|end|respond|follow|output|generat)\w|"
    r"不再(?!停|工作|回答|输出)"
)


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


def is_own(case: Case) -> bool:
    """Return whether a report is about a model that was trained, merged or imported."""
    text = case.hit.before[:_LONGEST]
    return bool(_TRAINED.search(text) or _OWN_FILE.search(text))


def is_over(case: Case) -> bool:
    """Return whether what matched says that it happens no more."""
    return _NO_LONGER.search(case.match[0]) is not None


def is_of_ollama(case: Case) -> bool:
    """Return whether a report is about a trained model that Ollama runs."""
    return _OLLAMA.search(case.hit.before[:_LONGEST]) is not None and is_own(case)


def _is_of_an_engine(case: Case) -> bool:
    return _ENGINE.search(case.hit.text) is not None and bool(
        _TRAINED.search(case.hit.before[:_LONGEST])
    )


def _is_past_its_context(case: Case) -> bool:
    return _FULL.search(case.hit.before[:_LONGEST]) is not None


def _pads_with_eos(case: Case) -> bool:
    return _PADS.search(case.hit.before[:_LONGEST]) is not None


def _is_by_a_template(case: Case) -> bool:
    return _TEMPLATE.search(case.hit.before[:_LONGEST]) is not None


def _is_in_a_gguf(case: Case) -> bool:
    text = case.hit.before[:_LONGEST]
    return bool(_GGUF.search(text) and _TRAINED.search(text) and _GOOD_BEFORE.search(text))


# What decides most comes first.
_CONTEXTS = (
    (_has_a_small_adapter, _EMPTY_ADAPTER),
    (_is_past_its_context, _PAST_ITS_CONTEXT),
    (_is_in_float16, _IN_FLOAT16),
    (is_of_ollama, IN_OLLAMA),
    (_is_in_a_gguf, _IN_A_GGUF),
    (adds_tokens, NEW_TOKENS),
    (_is_of_an_engine, _IN_AN_ENGINE),
)
# What is garbled or repeated may come of the framework's template, and what never ends of padding.
_OF_GARBLED = (*_CONTEXTS, (_is_by_a_template, _BY_A_TEMPLATE))
_OF_ENDLESS = ((_pads_with_eos, _PADS_WITH_EOS), *_OF_GARBLED)


def in_its_context(answer: Answering, garbled: bool = False, endless: bool = False) -> Answering:
    """Return the answer to a bad output, with what the rest of the report decides put first.

    Args:
        garbled: whether the output makes no sense.
        endless: whether it does not end, or repeats itself.
    """
    contexts = _OF_ENDLESS if endless else _OF_GARBLED if garbled else _CONTEXTS

    def of_output(case: Case) -> Answer | None:
        found = answer(case)
        if found is None:
            return None
        context = next((context for holds, context in contexts if holds(case)), None)
        return found if context is None else with_context(found, context)

    return of_output


def with_context(answer: Answer, context: Context) -> Answer:
    """Return an answer with the things to do and the reason of a context put first."""
    more = answer.do if context.keeps else ()
    why = f"{context.why}; {answer.why}" if context.keeps and answer.why else context.why
    return answer.replace(do=(*context.do, *more)[:_MOST], why=why)
