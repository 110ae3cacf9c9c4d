"""What a person tells of in a sentence, where nothing raised: what a trained model writes.

No cause is known from a sentence. An answer says what decides between the likely ones.
"""

from __future__ import annotations

from ..answer import Answer
from .base import Answering, Case, General

_TOLD = "a sentence tells of it, and no cause is known from that; what decides stands above"
# Whoever speaks of a trained model, an adapter, a merge or an export.
_MINE = (
    r"(?:fine-?tun|train|adapter|LoRA|lora|merg|GGUF|gguf|export|convert|quantiz|sav|checkpoint)"
)
_NONSENSE = (
    r"(?:gibberish|garbage|nonsens\w{1,6}|word salad|incoherent|meaningless|"
    r"junk outputs?|outputs? to be (?:complete )?junk|"
    r"random (?:tokens|characters|words|text|symbols))"
)
_OUTPUT = r"(?:output|generat|respon|answer|produc|return|repl|predict|infer|print|got|get)"


def told(happened: str, *do: str, why: str, of_gemma: bool = False) -> Answering:
    """Return an answer to a sentence: likely, and not settled."""

    def answer(case: Case) -> Answer | None:
        is_gemma = of_gemma and not case.log.is_other
        if case.log.figures.losses and case.hit.match[0].startswith(("{", "[")):
            return None
        return Answer(
            happened,
            do,
            why=why,
            known=_TOLD,
            certain=False,
            settles=False,
            of_gemma=is_gemma,
        )

    return answer


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
    answer = _changes_nothing(case)
    if answer is None or not case.facts.model.get("num_kv_shared_layers"):
        return answer
    return answer.replace(
        do=("pip install -U 'transformers>=5.6'   and train again", *answer.do),
        why="layers of this model borrow keys and values of others, which older releases lose "
        "while training without a cache (GC104: Gemma 4 in transformers 5.5.0 and 5.5.1, Gemma 3n "
        f"before 5.6). {answer.why}",
        of_gemma=True,
    )


TOLD: tuple[General, ...] = (
    General(
        "adapter-without-an-effect",
        r"(?:identical to|exactly like|same (?:result|output|answer|response|weight)?s? ?as|"
        r"no differen(?:t|ce)[a-z ]{0,20} (?:from|than|to|between)) (?:[a-z]{1,12} )?(?:the )?"
        r"(?:base|original|pre-?trained|un-?tuned|vanilla)[ -]?(?:model|weights|gemma|one)|"
        r"(?:adapters?|LoRA|lora|fine-?tun\w{1,6}|weights?)[^\n.]{0,60} (?:(?:is|are|was|"
        r"were)(?: not|"
        r"n't) (?:being )?(?:applied|loaded at all|used at all)|(?:has|have|had|with) no effect|"
        r"(?:does|do|did)(?: not|n't) (?:seem to )?(?:have any|take|show any) effect)|"
        r"outputs? (?:(?:is|are|was|were|does|do|did)(?: not|n't)|aren|isn|doesn) (?:being )?"
        r"chan\w{0,3}(?:ing|e|ed)?\b|"
        r"(?:adapters?|LoRA|lora) (?:is|are|was|were|being|gets?) (?:\w{4,12}ly )?ignored|"
        r"lora_B[^\n.]{0,40} (?:all )?zeros?\b|all zeros?[^\n.]{0,40}\blora_B",
        _without_effect,
        {
            "The model is saved, however, it is identical to the base model.": "lora_B",
            "After loading, the LoRA adapter has no effect on the output": "lora_B",
            "the adapter is not applied at all": "lora_B",
            "with transformers the LoRA is completely ignored": "lora_B",
            "gemma-4-E4B won't finetune (loss is dropping but output aren't changing)": (
                "transformers>=5.6"
            ),
            "the output has the same length as the input": "",
        },
        alone=True,
    ),
    General(
        "nonsense-from-a-trained-model",
        rf"(?i:{_MINE}[^\n]{{0,120}}{_NONSENSE}|{_NONSENSE}[^\n]{{0,120}}{_MINE})",
        told(
            "a model that was trained, merged or exported is said to write nonsense",
            "one prompt, do_sample=False: base, base with adapter, merged, exported; the first "
            "that is bad shows the step that broke it",
            "the prompt by apply_chat_template(messages, add_generation_prompt=True): the template "
            "of the training, with one <bos>",
            "dtype=torch.bfloat16   in place of float16",
            why="bad already with the adapter: learning rate, template or labels of the training. "
            "Bad after the merge only: another base, or a merge into 4-bit weights. Bad in the "
            "export only: its template, its tokenizer, or a converter that is older than the model",
        ),
        {
            "After fine-tuning Gemma 3 the model outputs gibberish": "apply_chat_template",
            "Merged model generates random tokens in vLLM": "another base",
            "gibberish": "",
        },
        alone=True,
    ),
    General(
        "generation-that-does-not-end",
        r"(?i:(?:does(?: not|n't)|do(?: not|n't)|did(?: not|n't)|never|won't|not|cannot|can't) "
        r"stops? "
        r"(?:generat|produc|output|at (?:the )?(?:eos|<?end_of_turn)|after the answer|"
        r"talking)\w{0,4}|"
        r"never stops\b|(?:keeps|continues|goes on) (?:on )?(?:generating|repeating)|"
        r"(?:endless|infinite(?:ly)?|non-?stop) (?:generat|output|repeat|loop of)\w{0,6}|"
        r"(?:repeats|repeating) (?:the same|itself|over and over|endlessly|until)|"
        r"(?:degenerate|repetitive) (?:output|text|generation|completion)s?|"
        r"repetition (?:collapse|loop)|"
        r"重复(?:出现|输出|生成) ?`?<(?:eos|end_of_turn))",
        told(
            "generation is said not to end, or to repeat itself",
            "model.generate(..., eos_token_id=[tokenizer.eos_token_id, "
            'tokenizer.convert_tokens_to_ids("<end_of_turn>")])   (Gemma 4: "<turn|>")',
            'the same as stop=["<end_of_turn>"] in vLLM, or PARAMETER stop in Ollama',
            "in training: every answer ends with <end_of_turn> in the text, and that token is not "
            "masked in the labels",
            "prompt by apply_chat_template(..., add_generation_prompt=True)",
            why="a model ends a turn only with a mark that it saw trained; rows without it, "
            "pad_token = eos_token (which masks the mark), or a base model without chat training "
            "never teach it",
            of_gemma=True,
        ),
        {
            "fine-tuned gemma2 never stops generating": "end_of_turn",
            "it keeps repeating until max_new_tokens": "PARAMETER stop",
            "text-only inference produces degenerate output (token repetition collapse)": "prompt",
            "跑gemma-7b-it的聊天例子，结尾重复出现`<eos>`。": "end_of_turn",
            "the server stops generating": "",
        },
        alone=True,
    ),
    General(
        "empty-answers",
        r"(?i:(?:return|generat|output|give|produc|predict|respond|repl)\w{0,4} (?:with )?(?:an? "
        r"|only |just |nothing but )?"
        r"(?:empty|blank) (?:string|output|response|text|answer|result|generation|prediction)s?|"
        r"(?:output|response|generation|answer|prediction|result)s? (?:is|are|was|were) "
        r"(?:always |all |just )?"
        r"(?:empty|blank)\b|(?:answers|replies|generat\w{2,3}|outputs?|predicts?|returns?) "
        r"(?:only|just|nothing but) (?:with )?"
        r"(?:end of turn|<end_of_turn>|<eos>|<pad>|pad tokens|padding))",
        told(
            "answers are said to be empty",
            "print(output[0][inputs['input_ids'].shape[-1]:])   : the new tokens, before decoding",
            "apply_chat_template(messages, add_generation_prompt=True)   in the prompt",
            'tokenizer.padding_side = "left"   for a batch of prompts',
            "dtype=torch.bfloat16   in place of float16, where the tokens are all <pad> (0)",
            why="new tokens that are 0 are <pad>: NaN in float16. A first token <eos> or "
            "<end_of_turn>: a prompt that does not open the model's turn, or rows that were "
            "trained with an empty answer. No new tokens at all: a max_length below the prompt's",
            of_gemma=True,
        ),
        {
            "After training, the gemma-2b-it model returns empty string": "add_generation_prompt",
            "the output is always empty": "padding_side",
            "returns an empty list of parameters": "",
        },
        alone=True,
    ),
    General(
        "always-the-same-answer",
        r"(?i:(?:always|only|just) (?:predict|output|generat|return|answer|produc)\w{0,4} (?:the "
        r")?(?:same|one) "
        r"(?:output|answer|class|label|text|token|word|thing|response|caption|result)|"
        r"(?:same|identical) (?:output|answer|prediction|caption|response)s? (?:for|regardless|"
        r"on|no matter|to) "
        r"(?:every|all|any|each|of|what|different))",
        told(
            "the model is said to give one answer whatever the input",
            "print(tokenizer.decode(batch['input_ids'][0])), and the labels that are not -100: "
            "does "
            "the row hold what decides?",
            "images: does batch['pixel_values'] differ between rows?",
            "a lower learning rate: 1e-4 with LoRA, 1e-5 without; and how often each answer stands "
            "in the data",
            why="a row cut before its question, an image that is the same or missing, answers of "
            "which one is far more frequent, or a rate that made the weights collapse",
        ),
        {
            "PaliGemma fine-tuning: model always predicts the same output": "pixel_values",
            "I get the same answer for every image": "learning rate",
        },
        alone=True,
    ),
    General(
        "worse-after-the-merge",
        r"(?i:merg\w{1,3}(?: model)?[^\n.]{0,60} (?:worse|degrad\w{1,6}|lower accuracy|drops?|"
        r"different (?:results?|"
        r"outputs?|answers?|predictions?)|differs?)|(?:worse|degrad\w{1,6}|different (?:results?|"
        r"outputs?))[^\n.]{0,40} "
        r"after (?:merg|export|quantiz|convert)\w{1,6})",
        told(
            "a merged, quantized or exported model is said to be worse than the adapter on its "
            "base",
            "merge into 16 bits: AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.bfloat16), "
            "then PeftModel.from_pretrained(...).merge_and_unload()",
            "compare logits of one prompt before and after: torch.dist(a, b)",
            "the same prompt: template, one <bos>, the same stop tokens in both programs",
            why="an adapter trained on 4-bit weights fits those, and rounds away when it is merged "
            "into them; merged into 16 bits it differs a little. Another base, or another "
            "template in what serves it, makes far more",
        ),
        {
            "the merged model performs worse than the adapter with gemma-2-9b": "16 bits",
            "quality degraded after merging": "torch.dist",
        },
        alone=True,
    ),
    General(
        "two-marks-of-the-beginning",
        r"(?i:(?:double|two|duplicate[d]?|extra) <?bos>?(?: token)?s?\b|<bos>\s?<bos>)",
        told(
            "the text begins with <bos> twice",
            "tokenizer(text, add_special_tokens=False)   for a text from apply_chat_template",
            "or apply_chat_template(messages, tokenize=True)   in one step",
            why="the chat template writes <bos>, and the tokenizer adds one; a model that was "
            "trained with one is worse with two, and the other way round",
            of_gemma=True,
        ),
        {
            "Gemma 3 model generates double <bos> token": "add_special_tokens=False",
            "prompt: '<bos><bos><start_of_turn>user'": "add_special_tokens=False",
        },
        alone=True,
    ),
    General(
        "batch-differs-from-single",
        r"(?i:different (?:results?|outputs?|logits|answers?)[^\n.]{0,60} (?:batch(?: ?size)?|"
        r"padding|batched)|"
        r"batch(?:ed|_size| size)?[^\n.]{0,50} (?:different|inconsistent|wrong) (?:results?|"
        r"outputs?|logits|generation))",
        told(
            "a batch is said to give other results than one prompt at a time",
            'tokenizer.padding_side = "left", and hand over attention_mask',
            "dtype=torch.float32   on a few rows: do they agree then?",
            why="padding on the right makes shorter prompts go on from padding; with padding on "
            "the left, 16 bits still differ in the last digits, which turns a close choice",
        ),
        {"gemma 3 inference gives different results with batch size > 1": "padding_side"},
        alone=True,
    ),
    General(
        "tokenizer-model-not-written",
        r"tokenizer\.model[^\n.]{0,60}(?:never|not|n't|missing)\b[^\n.]{0,40}(?:saved|pushed|"
        r"found|there|written|created|copied|generated|exist)|(?:missing|without a?|no) `?"
        r"tokenizer\.model\b",
        told(
            "the file tokenizer.model is said to be missing from what was saved",
            "from huggingface_hub import hf_hub_download; hf_hub_download(BASE, 'tokenizer.model', "
            "local_dir=FOLDER)",
            "where it is not asked for, tokenizer.json is enough: transformers and vLLM read that",
            why="a fast tokenizer saves tokenizer.json, and tokenizer.model only where it was "
            "loaded from one; converters for llama.cpp ask for it. Tokens that were added stand in "
            "tokenizer.json alone",
        ),
        {
            "The tokenizer.model file never seems to get saved or pushed to hub": "hf_hub_download",
            "loading file tokenizer.model from cache": "",
        },
        alone=True,
    ),
)
