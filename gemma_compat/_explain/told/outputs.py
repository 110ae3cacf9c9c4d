"""Symptoms told of what a trained model writes."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Case
from .answers import WITH_AND_WITHOUT
from .base import Symptom, near, told
from .contexts import in_its_context, is_own

# Whoever speaks of a trained model, an adapter, a merge or an export.
_MINE = (
    r"(?:fine-?tun\w*|train\w*|adapters?|LoRA|merg\w*|GGUF|export\w*|convert\w*|quanti[sz]\w*|"
    r"sav(?:ed|ing)|checkpoints?|SFT|GRPO|DPO|微调|训练|合并|导出|量化|转换)"
)
_NONSENSE = (
    r"(?:gibberish|junk outputs?|outputs? to be (?:complete )?junk|[\"'`]!{6,}[\"'`]|garbage|"
    r"spam(?:s|ming|med)? (?:the |out |of )?[`'\"]?<\w{2,12}>|"
    r"[\"'“]noise[\"'”]|garbled|non-?sens\w{1,6}|word[ -]salad|incoherent|meaningless|rubbish|"
    r"jibberish|random (?:tokens?|characters?|words?|text|symbols?|strings?|outputs?|letters)|"
    r"(?:broken|corrupt\w*|weird|strange|bizarre|scrambled|unreadable) (?:output|text|answer|"
    r"response|generation|character|token)s?|乱码|胡言乱语|乱七八糟|不知所云|无意义|乱回答|乱答|"
    r"胡说|答非所问|全是 ?[!！]|感叹号|(?:\b(?:only|just|like|all|as|are) |[:：] ?)!{4,}|"
    r"\bexclamation marks)"
)


_changes_nothing = told(
    "an adapter, or a merge, is said to change nothing",
    "print(sum(p.abs().sum().item() for n, p in model.named_parameters() if 'lora_B' in n))   on "
    "the model with its adapter",
    "0: never trained, or not loaded: look for missing or unexpected adapter keys among the "
    "warnings of loading",
    "above 0, and only the merge is without it: PeftModel.from_pretrained(base in 16 bits, "
    "ADAPTER).merge_and_unload(), then compare one prompt with do_sample=False",
    why="lora_B starts at zero, so an adapter whose weights did not arrive computes what the base "
    "computes. The modules of the multimodal Gemmas got other names in transformers 4.52: an "
    "adapter from before may find no place after",
)


def _without_effect(case: Case) -> Answer | None:
    answer, text = _changes_nothing(case), case.hit.before
    if answer and "get_peft_model" in text and "PeftModel.from_pretrained" in text:
        return answer.replace(
            do=(
                "PeftModel.from_pretrained(BASE, ADAPTER)   on the bare base, without "
                "get_peft_model before it",
                *answer.do,
            ),
            why="on a model that get_peft_model wrapped already, names are one level deeper, and "
            f"the file's weights find no place. {answer.why}",
        )
    if answer and re.search(r"load_state_dict\([^\n]{0,80}strict ?= ?False", text):
        return answer.replace(
            do=(
                "print(model.load_state_dict(state, strict=False))   : are all keys missing or "
                "unexpected? Then nothing was loaded, silently",
                "CLASS.from_pretrained(FOLDER)   where the run saved whole weights (full, freeze); "
                "PeftModel.from_pretrained(BASE, FOLDER) where it saved an adapter",
                *answer.do[:1],
            ),
            why="strict=False passes over every name that does not fit, all of them if need be",
        )
    if answer is None or not case.facts.model.get("num_kv_shared_layers"):
        return answer
    return answer.replace(
        do=("pip install -U 'transformers>=5.6'   and train again", *answer.do),
        why="layers of this model borrow keys and values of others, which older releases lose "
        "while training without a cache (GC104: Gemma 4 in transformers 5.5.0 and 5.5.1, Gemma 3n "
        f"before 5.6). {answer.why}",
        of_gemma=True,
    )


_writes_nonsense = told(
    "a model that was trained, merged or exported is said to write nonsense",
    "one prompt, do_sample=False: base, base with adapter, merged, exported; the first "
    "that is bad shows the step that broke it",
    "the prompt by apply_chat_template(messages, add_generation_prompt=True): the "
    "template "
    "of the training, with one <bos>",
    "dtype=torch.bfloat16   in place of float16",
    why="bad already with the adapter: rate, template or labels of the training. "
    "Bad after the merge only: another base, or a merge into 4-bit weights. Bad in the "
    "export only: its template, its tokenizer, or a converter that is older than the "
    "model",
)


def _nonsense(case: Case) -> Answer | None:
    """Answer, and name a training only where the report speaks of one."""
    answer = _writes_nonsense(case)
    if answer is None or is_own(case):
        return answer
    return answer.replace(happened="a model is said to write nonsense")


OUTPUTS: tuple[Symptom, ...] = (
    Symptom(
        "adapter-without-an-effect",
        rf"{WITH_AND_WITHOUT}|\b(?:adapter|lora|fine-?tuning|training)(?:'s)? (?:effect|impact) "
        r"(?:is|was|seems) (?:completely |all )?(?:gone|lost|missing)|"
        r"\breturns? (?:the )?base (?:model )?(?:\([^)\n]{1,40}\) )?back\b|"
        r"(?:is|are|looks?|performs?|performance is|results are) (?:just |exactly )?like (?:the |"
        r"that "
        r"of the )?(?:base|original)\b|"
        r"(?:和|与|跟)[^\n]{0,6}(?:微调|训练)(?:之)?前[^\n]{0,4}(?:一样|相同|一致)|"
        r"(?:identical to|exactly (?:like|as)|(?:the )?same (?:result|output|answer|response|weight"
        r"|prediction|behaviou?r)?s? ?"
        r"(?:as|to|of|like)|no differen(?:t|ce)[a-z ]{0,20} (?:from|than|to|between|with)|no change"
        r" (?:from|compared to)|"
        r"(?:just |still )?(?:behaves?|acts?|responds?|answers?) (?:exactly )?like|(?:returns?|"
        r"gives?|falls?|reverts?) (?:back )?to) "
        r"(?:[a-z]{1,12} )?(?:the |that of the )?"
        r"(?:base|original|pre-?trained|un-?tuned|vanilla|raw|untrained)[ -]?(?:model|weights|gemma"
        r"|one|checkpoint|answers?|"
        r"behaviou?r|outputs?)?\b|"
        r"(?:adapters?|LoRA|fine-?tun\w{1,6}|weights?|training)[^\n.]{0,60} (?:(?:is|are|was|"
        r"were)(?: not|n't) (?:being |getting )?(?:applied|loaded at all|used at all|taking effect|"
        r"reflected|effective)|"
        r"(?:has|have|had|with|shows?) no (?:effect|impact|influence)|(?:does|do|did)(?: not|n't) "
        r"(?:seem to )?"
        r"(?:have any|take|show any|make any|change (?:the )?(?:model|output|anything|answer)|"
        r"affect|apply|"
        r"work after (?:load|merg)\w*)(?: (?:effect|impact|difference))?)|"
        r"outputs? (?:(?:is|are|was|were|does|do|did)(?: not|n't)|aren|isn|doesn) (?:being )?"
        r"chan\w{0,3}(?:ing|e|ed)?\b|\bdoes(?: not|n't) (?:remember|know|reflect) (?:anything |what"
        r" |any of )?(?:of |from )?(?:the |my )?"
        r"(?:fine-?tun\w*|train\w*|data)|"
        r"\bmodels? (?:are|is) the same after\b|\b(?:new|merged|tuned|trained) (?:model )?and "
        r"(?:the )?(?:original|base)\b[^\n.]{0,30}same|"
        r"\bmerged?\b[^\n.]{0,100}\boutputs? (?:did|do|does)(?: not|n't) (?:contain|show|include)|"
        r"\b(?:scores?|results?|metrics?)\b[^\n.]{0,120}\bfine-?tuned (?:model |one )?(?:are|is) "
        r"(?:exactly )?"
        r"(?:the same|identical)|"
        r"\bboth (?:the )?(?:new|merged|tuned|trained|base|old)\b[^\n.]{0,60}\bsame "
        r"(?:responses?|answers?|outputs?|results?|logits)|\b(?:works?|working|behav\w+|"
        r"respond\w*) "
        r"(?:the )?(?:same|like) (?:as )?(?:the |an? )?(?:old |previous )?(?:base|original|"
        r"pre-?trained)\b|"
        r"\b(?:predictions?|outputs?|answers?|results?) (?:are|is|stay\w*) (?:exactly )?as before\b"
        r"|"
        r"\b(?:not|n't) (?:seem to )?have (?:any )?(?:lora|adapters?|learn\w*|the adapter)|"
        r"\bignor(?:es|ing) (?:the |my )?(?:fine-?tun\w*|adapter|lora|training)|"
        r"\b(?:appears?|seems?) (?:to be )?untrained\b|\buntrained model\b|"
        r"(?:adapters?|LoRA|lora) (?:is|are|was|were|being|gets?|seems? to be|appears? to be) "
        r"(?:\w{4,12}ly )?ignored|\b(?:gives|returns|yields|loads) (?:me |back )?(?:only |just "
        r")?the base model\b|\bload (?:only|just) the base model\b|"
        r"(?:not|n't) us(?:e|ed|ing) the (?:lora|adapter)\b|"
        r"(?:not|n't|no longer) (?:seem to )?reflect\w{0,3}\b[^\n.]{0,60}(?:fine-?tun|LoRA|train)|"
        r"as if no (?:training|fine-?tuning|adapter|LoRA) (?:was|is|were|had)|"
        r"(?:merged|exported|saved|output) model (?:remains?|is|was|equals?) (?:still |just )?the "
        r"original\b|no information (?:that was )?trained|"
        r"导出(?:的|后)?(?:为|是|还是|仍是)原始模型|"
        r"lora_B[^\n.]{0,40} (?:all )?zeros?\b|all zeros?[^\n.]{0,40}\blora_B|"
        r"\b(?:missing|unexpected) (?:adapter )?keys\b[^\n]{0,40}(?:adapter|lora)|"
        r"(?:(?:还是|仍然|仍|只|依然)[^\n]{0,6}(?:输出|回答)[^\n]{0,6}原(?:来|模型|始)|没有效果|"
        r"没有?[^\n。，]{0,6}变化|没有生效|未生效|不生效|没效果|无效果|不起作用|没起作用|"
        r"看不出[^\n。]{0,6}效果|"
        r"和(?:原|基座|base)[^\n]{0,6}(?:一样|"
        r"相同|一致))",
        _without_effect,
        {
            "The model is saved, however, it is identical to the base model.": "lora_B",
            "After loading, the LoRA adapter has no effect on the output": "lora_B",
            "the adapter is not applied at all": "lora_B",
            "after resume it loads the base model": "lora_B",
            "I have to load the base model, then add the tokens again and load the adapter": "",
            "with transformers the LoRA is completely ignored": "lora_B",
            "the exported model remains the original one and there is no information trained": (
                "merge_and_unload"
            ),
            "导出为原始模型，没有 lora adapter 里训练过的信息": "lora_B",
            "Issue with mergedmodel not reflecting Fine-Tuned LoRA weights": "lora_B",
            "after merging it behaves as if no training was applied at all": "lora_B",
            "the pushed ones have the same behaviour of the original model": "lora_B",
            "this does not reflect the price": "",
            "gemma-4-E4B won't finetune (loss is dropping but output aren't changing)": (
                "transformers>=5.6"
            ),
            "after merging, both new model and old model was giving me same responses": "lora_B",
            "after I merged the LoRA into the base model, the outputs did not contain it": "lora_B",
            "The scores for the published model and the model I fine-tuned are the same": "lora_B",
            "Finetuned model is working same old pretrained model after combining": "lora_B",
            "the output has the same length as the input": "",
            "Whether I add lora_weights or not, the inference results is same": "lora_B",
            "merge_and_unload returns the base (prior to fine-tuning) back": "merge_and_unload",
            "its performance is like the base model, seems the adapter effect is gone": "lora_B",
        },
        words=(
            "same re",
            "base",
            "original",
            "trained",
            "untuned",
            "untrained",
            "vanilla",
            "raw",
            "adapter",
            "lora",
            "tun",
            "weight",
            "training",
            "output",
            "effect",
            "chang",
            "keys",
            "没",
            "和",
            "原",
            "生效",
        ),
        loosely=r"(?:no|without(?: any)?) (?:effect|difference|change)\b(?! (?:of|in (?:the )?\w* "
        r"?loss))|same as (?:the "
        r")?(?:base|before)|"
        r"\b(?:exactly|same|just|works?|answers?) as before\b|"
        r"(?:has|have|had)(?: not|n't) (?:changed|learn)",
        effects=("nothing-learned", "wrong-weights-saved", "adapter-refused"),
    ),
    Symptom(
        "nonsense-from-a-trained-model",
        near(_MINE, _NONSENSE, 140)
        + rf"|{_NONSENSE}[^\n.]{{0,40}}(?:gemma|inference|generat|output|respon|completion)|"
        rf"(?:gemma|inference|generat\w*|outputs?|respon\w*|completions?|answers?|prints?|produces?"
        rf"|returns?)[^\n.]{{0,40}}{_NONSENSE}",
        in_its_context(_nonsense, garbled=True),
        {
            "After fine-tuning Gemma 3 the model outputs gibberish": "apply_chat_template",
            "Qwen微调后推理乱回答": "do_sample=False",
            "在v100上, lora 微调完，用vllm推理结果全是！！": "float32",
            "Model Repeats Nonsensical Output\n\nas soon as the limitation is exceeded, the model "
            "is looping on the same token": "num_ctx",
            "Merged model generates random tokens in vLLM": "prompt_token_ids",
        },
        words=(
            "gibberish",
            "junk",
            "!!!!",
            "wrong",
            "abnormal",
            "incorrect",
            "inference",
            "generation",
            "noise",
            "spam",
            "garb",
            "nonsens",
            "non-sens",
            "salad",
            "incoher",
            "meaningless",
            "rubbish",
            "random",
            "broken",
            "corrupt",
            "weird",
            "strange",
            "bizarre",
            "scramb",
            "unread",
            "乱",
            "胡说",
            "答非",
            "全是",
            "感叹",
            "!!!!!",
            "exclam",
            "胡言",
            "不知",
            "无意义",
        ),
        loosely=rf"{_NONSENSE}|(?:wrong|abnormal|incorrect) (?:model )?(?:output|result|answer|"
        r"response|generation|inference|text)s?\b|breaks? (?:the )?(?:inference|generation)|"
        r"(?:outputs?|generat|predict|produc|respon|answer|"
        rf"print)\w*\b.{{0,50}}\b"
        r"(?:same|single|one) (?:token|word|character|sentence)",
        effects=(
            "wrong-weights-saved",
            "wrong-attention",
            "wrong-generation",
            "random-weights",
            "wrong-gradients",
        ),
    ),
)
