"""Symptoms told of how an answer begins and ends, and of the marks and the language in it."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Case
from .base import Symptom, told
from .contexts import in_its_context

_endless = told(
    "generation is said not to end, or to repeat itself",
    "print(tokenizer.decode([t for t in batch['labels'][0] if t != -100])[-40:])   : "
    "does a "
    "trained answer end with the mark that ends a turn?",
    "model.generate(..., eos_token_id=[tokenizer.eos_token_id, "
    "tokenizer.convert_tokens_to_ids(MARK)]), stop=[MARK] in vLLM, PARAMETER stop MARK in "
    "Ollama",
    "prompt by apply_chat_template(..., add_generation_prompt=True)",
    why="a model ends a turn only with a mark that it saw trained; rows without it, "
    "pad_token = eos_token (which masks the mark), rows that are cut before their end, or "
    "LoRA on a base model whose mark was never trained do not teach it. The mark of "
    "Gemma 1 to 3 is <end_of_turn>, that of Gemma 4 <turn|>",
)
# What runs, and generates nothing: that it never ends is a run that hangs.
_A_RUN = re.compile(
    r"(?i)\b(?:train(?:ing|er)?|fine-?tuning|run|script|download\w*|loading|evaluation|tokeniz\w+|"
    r"process|epoch|notebook|cell|job|map|import)\b(?:(?!\b(?:outputs?|answers?|responses?|model|"
    r"generation)\b)[^\n.,]){0,20}$"
)


def _goes_on(case: Case) -> Answer | None:
    never = re.match(r"(?i)never|do|did", case.match[0])
    return (
        None if never and _A_RUN.search(case.match.string[: case.match.start()]) else _endless(case)
    )


TURNS: tuple[Symptom, ...] = (
    Symptom(
        "prompt-in-the-output",
        r"\b(?:repeats?|echo(?:es|ing)?|regurgitat\w*|(?:model|gemma[\w.-]*|outputs?|responses?|"
        r"answers?|generations?|completions?|predictions?|inference|it|generate\w*)\b[^\n.]{0,40} "
        r"(?:return(?:s|ing)?|includ(?:es|ing)|contains?|copies|copying|prints?|outputs?)) "
        r"(?:back )?(?:only |just )?(?:the |my |its |also the |same )?"
        r"(?:input|prompt|question|"
        r"instruction|user(?:'s)? (?:input|message|prompt))s?\b(?! (?:length|size|shape|ids|token))"
        r"|"
        r"(?:输出|回答)[^\n]{0,8}(?:包含|重复)[^\n]{0,4}(?:输入|提示|(?:我|用户|你|原)的?问题|"
        r"prompt)",
        told(
            "the prompt is said to stand in the output",
            "output[0][inputs['input_ids'].shape[-1]:]   : the new tokens alone",
            "return_full_text=False   for a pipeline",
            "apply_chat_template(messages, add_generation_prompt=True)   in the prompt",
            "completion_only_loss=True or train_on_responses_only   in training",
            why="generate returns the prompt with the answer. Where the new tokens themselves say "
            "it "
            "again, the model was trained on prompts as well, or was not told that its turn begins",
        ),
        {
            "the model repeats the prompt instead of answering": "return_full_text",
            "the generated text contains the prompt": "return_full_text",
            "I fine-tune a model that generates questions from text": "",
            "each row of my dataset includes the instruction and the answer": "",
        },
        words=(
            "input",
            "prompt",
            "question",
            "instruction",
            "user",
            "输入",
            "提示",
            "问题",
        ),
        effects=("wrong-generation", "labels-masked"),
    ),
    Symptom(
        "generation-that-does-not-end",
        r"(?:(?:does(?: not|n't)|do(?: not|n't)|did(?: not|n't)|never|won't|not|cannot|can(?:'t| "
        r"not)|fails? to|unable to|"
        r"failing to) (?:properly |correctly )?stop(?:s|ping)? ?"
        r"(?:generat|produc|output|at (?:the )?(?:eos|<?end_of_turn)|after (?:the |an )?(?:answer|"
        r"response)|"
        r"talking|writing|itself|when|$|\.|,|until)\w{0,4}|"
        r"\bcontinu(?:ally|ously) generat|\bgenerat\w+ (?:\w+ ){0,2}beyond\b|generation (?:is|"
        r"does) not "
        r"stop|"
        r"never (?:stops|ends)\b|(?:does|do)(?: not|n't) end\b|"
        r"(?:keeps|continues|goes on|(?<!to )keep) "
        r"(?:on )?(?:generating|repeating|"
        r"going|talking|writing|outputting|printing|producing)|"
        r"(?:endless(?:ly)?|infinite(?:ly)?|non-?stop|indefinite(?:ly)?|forever|unending) "
        r"(?:generat|output|repeat|loop(?! (?:when|during|while|in|on|at) (?:the )?"
        r"(?:fine-?tun|train|token|import|load|map|start))|text|respon|talk)\w{0,6}|"
        r"(?:generat|repeat|loop|talk|output)\w{0,4}[^\n.]{0,24} (?:endlessly|infinitely|forever|"
        r"non-?stop|indefinitely|in a loop|"
        r"over and over|again and again|multiple times|many times|until (?:it (?:reaches|hits) )?"
        r"(?:the )?max)|"
        r"(?:repeats|repeating|repeated(?:ly)?|repetition of|repeat) (?:the same|itself|over and "
        r"over|endlessly|until|tokens?|words?|"
        r"sentences?|the (?:answer|prompt|question|input|last|end|output)|outputs?|generat\w*|text|"
        r"phrases?|characters?)|"
        r"(?<!\w)(\w{2,20})(?: \1){5,}|(?:degenerate|repetitive|repeating|looping) (?:output|text|"
        r"generation|completion|token|"
        r"respon|answer|loop)\w*|\brepetitive [`'\"][^\n`']{1,24}[`'] ?(?:token|output|generat)|"
        r"(?:output|generat|respon|answer)\w*[^\n.]{0,30} (?:is |are |gets? |becomes? )?"
        r"(?:repetitive|repeating|repeated|looping|degenerate)|"
        r"\b(?:answers?|asks?) (?:its|his) own questions?|\bcontinues the conversation|"
        r"\b(?:hallucinat|generat|writ|simulat)\w* (?:a |the |an |another )?"
        r"(?:user|human)(?:'s)? (?:turn|message|question|input)|\btalk\w* to itself|"
        r"repetition (?:collapse|loop|problem|issue)|\b(?:does(?: not|n't)|never|not|no longer|"
        r"fails? to|unable to) "
        r"(?:generat|output|produc|emit|predict|learn)\w* (?:the |an? |any )?(?:<\|(?:im_end|"
        r"eot_id|"
        r"endoftext|end\w*)\|>|EOS|<?eos>?|end[- "
        r"]of[- ](?:sequence|turn|text)|<?end_of_turn>?|(?:stop|end)(?: |ing )tokens?)|"
        r"(?:结尾|一直|不断|无限|反复)(?![^\n]{0,40}(?:早停|提前))[^\n]{0,8}"
        r"(?:重复|循环|生成|输出)|重复(?:出现|输出|生成|回答|回复|内容)|"
        r"(?:回答|回复|输出|答案|结果)[^\n。]{0,10}(?:重复|复读)|复读机|"
        r"\brambl(?:es|ing|e)\b|talk(?:s|ing)? to itself|question[- ]answer (?:sequence|mode|loop)|"
        r"停不下来|无法停止|不会停(?!机)|不停|没有?学会停止|停止生成[^\n]{0,4}问题|打满 ?max)",
        in_its_context(_goes_on, endless=True),
        {
            "fine-tuned gemma2 never stops generating": "end_of_turn",
            "it keeps repeating until max_new_tokens": "PARAMETER stop",
            '1. Repetitive `" " "` token generation': "pad_token = eos_token",
            "text-only inference produces degenerate output (token repetition collapse)": "prompt",
            "跑gemma-7b-it的聊天例子，结尾重复出现`<eos>`。": "end_of_turn",
            "Qwen3 not stopping generation after lora finetuning": "stop=[MARK]",
            "it seems to continually generate text beyond what was asked of it": "end_of_turn",
            "模型没有学会停止生成，基本会打满max token": "stop=[MARK]",
            "Qwen 2.5 Base unable to generate <|im_end|> even after finetuning": "stop=[MARK]",
            "使用批量inference脚本，出现个别问题重复回答现象": "stop=[MARK]",
            "the model keeps on repeating the same answer\ntokenizer.pad_token = "
            "tokenizer.eos_token": "-100",
            "微调之后推理时结果一直重复\n\npython src/api_demo.py --template qwen": "--template",
            "the server stops generating": "",
            "this model does not output a stop token": "stop=[MARK]",
            "Finetuned model rambles": "stop=[MARK]",
            "Finetuning with lora output never ends.": "stop=[MARK]",
            "The training never ends, it is at 99% for two hours": "",
        },
        words=(
            "stop",
            "end",
            "keep",
            "continu",
            "goes on",
            "infinit",
            "indefinit",
            "forever",
            "repeat",
            "repet",
            "degenerat",
            "loop",
            "over and over",
            "again",
            "max",
            "eos",
            "times",
            "重复",
            "循环",
            "停",
            "一直",
            "rambl",
        ),
        loosely=r"until (?:it reaches )?(?:the )?max|endless|repeat(?:s|ing) (?:the|it|a |token|"
        r"word|end)",
        effects=("wrong-turn-end", "wrong-generation", "labels-masked"),
    ),
    Symptom(
        "marks-in-the-output",
        r"\b(?:outputs?|generat\w*|respon\w*|answers?|prints?|produces?|returns?|emits?|shows?|"
        r"contains?|includes?|writes?|predicts?)\b[^\n.]{0,60}(?:<unused\d*>|<unk>|<\|"
        r"?(?:start_of_turn|"
        r"end_of_turn|turn|"
        r"channel|im_end|im_start|tool_call)\|?>|\[multimodal\]|<image_soft_token>|special "
        r"tokens?\b|"
        r"control tokens?|unused tokens?|<pad>|<mask>)|(?:<unused\d*>|<unk>|special tokens?|"
        r"<end_of_turn>|<start_of_turn>|<pad>)[^\n.]{0,40}(?:in|as) (?:the |my |its |model )?"
        r"(?:output|respon|answer|generat)\w*|"
        r"(?:unintended|unwanted|raw|weird|strange|leftover) (?:special |chat |template "
        r")?(?:tokens?|"
        r"tags?|markers?)\b|(?:improper|wrong|incorrect)(?:ly)? (?:handling of |handled )?(?:the )?"
        r"special tokens|"
        r"(?:输出|回答)[^\n]{0,12}(?:特殊(?:符号|标记|token)|<unused)",
        told(
            "marks of the template or unused tokens are said to stand in the output",
            "tokenizer.decode(ids, skip_special_tokens=True)   hides marks that are special",
            "print([tokenizer.convert_ids_to_tokens(i) for i in ids[:20]])   : one id each, or a "
            "mark in pieces?",
            "one prompt, do_sample=False, base against trained, dtype=torch.bfloat16: who writes "
            "them?",
            "stop at the end of a turn: eos_token_id=[1, 106] (Gemma 2: 107); no template of "
            "another "
            'family in what serves it (llama-cpp-python: chat_format="gemma", or none)',
            why="a mark that is written as text in pieces was no special token where the rows were "
            "tokenized; <unused> and <pad> come of NaN or overflow in float16, of weights that "
            "were quantized badly, or of an id past what was trained",
            of_gemma=True,
        ),
        {
            "Gemma 3 outputs <unused32> tokens after fine-tuning": "skip_special_tokens",
            "the output contains special tokens like <end_of_turn>": "convert_ids_to_tokens",
            "when I run Gemma 2B Q4 K_M, the outputs contain unintended tokens.": "chat_format",
        },
        words=(
            "unused",
            "unk",
            "<",
            "token",
            "special token",
            "control token",
            "multimodal",
            "特殊",
        ),
        effects=("float16-overflow", "not-a-number", "wrong-turn-end", "wrong-generation"),
    ),
    Symptom(
        "another-language",
        r"\b(?:answers?|respon\w*|repl(?:y|ies)|outputs?|generat\w*|speaks?|writes?|switch\w*|"
        r"talks?|mix\w*|starts?|comes?)\b[^\n.]{0,40}? (?:(?:in|to|into|with) )?(?:a |an |some |"
        r"random )?(?:(?:wrong|different|other|another|foreign|mixed|random|multiple) "
        r"languages?)\b|"
        r"\b(?:outputs?|answers?|respon\w*|generat\w*|switch\w*)[^\n.]{0,30} in (?:english|chinese|"
        r"hindi|russian|"
        r"arabic|korean|japanese|bengali|thai) (?:instead|even|although|though|rather|no matter)|"
        r"\blanguages? (?:mix\w*|switch\w*|confusion)|(?:输出|回答)[^\n]{0,8}(?:其他|别的|混杂|"
        r"夹杂)[^\n]{0,4}"
        r"(?:语言|语种)",
        told(
            "answers are said to come in another language",
            "print(tokenizer.decode(batch['input_ids'][0]))   of a row, and the prompt in use: the "
            "same template, the same system text?",
            "one prompt, do_sample=False: base, adapter, export; which is the first to switch?",
            "temperature=1.0, top_p=0.95, top_k=64   as Gemma's generation_config.json has it",
            why="a model that got a prompt without its template, or weights damaged by a rate that "
            "is "
            "too high or a quantization, falls back on whatever text is likely; rows in few "
            "languages "
            "make it forget others",
        ),
        {
            "after fine-tuning, Gemma answers in random languages": "generation_config",
            "I want to fine-tune gemma-3 in another language": "",
            "I have rows in different languages": "",
        },
        words=("language", " in ", "语言", "语种"),
        effects=("wrong-generation", "wrong-attention"),
    ),
    Symptom(
        "answers-cut-off",
        r"(?<!streaming )\b(?:output|answer|respon\w*|generation)s?(?!(?<=^output) is truncated)"
        r"[^\n.]{0,30}(?:cut[- "
        r"]?off|truncat\w*|incomplete|"
        r"stops? (?:mid|in the middle|too early|early|abruptly|after (?:a few|one|\d+) (?:token|"
        r"word))|too short|"
        r"unfinished|ends? (?:abruptly|too early|early|prematurely))|"
        r"\b(?:generat\w*|outputs?|produces?|returns?) only (?:one|a few|1|a single|\d+) (?:token|"
        r"word|character)s?\b|"
        r"\bstops? (?:generating|generation) (?:after|too early|early|prematurely|mid)|(?:输出|"
        r"回答)[^\n]{0,8}(?:截断|不完整|中断)",
        told(
            "answers are said to be cut short",
            "max_new_tokens=1024   : without it 20 are usual (max_length counts the prompt too)",
            "print(ids[-1], model.generation_config.eos_token_id)   : did it end by itself?",
            "max_length of the training: were the answers of the rows cut?",
            why="an answer that ends with <end_of_turn> ended itself, as rows taught it; one that "
            "ends "
            "in the midst of a word met a limit of the call, of the server (max_tokens, num_ctx) or"
            " of "
            "its context",
        ),
        {
            "the output is truncated after 20 tokens": "max_new_tokens",
            "Streaming output truncated to the last 5000 lines.": "",
            "Output is truncated. View as a scrollable element or open in a text editor.": "",
            "the text of a row is truncated to 512 tokens": "",
        },
        words=(
            "cut",
            "trunc",
            "incomplete",
            "stop",
            "short",
            "unfinish",
            "end",
            "only",
            "截断",
            "不完整",
            "中断",
        ),
        effects=("wrong-generation", "wrong-turn-end"),
    ),
)
