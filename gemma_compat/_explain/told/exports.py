"""What a person tells of a model that was merged, quantized or served, where nothing raised."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Case
from .base import Symptom, near, told

_METHOD = r"(?:AWQ|GPTQ|quanti[sz]\w{1,6}|llm-?compressor|Q[2-8]_\w{1,4}|int4|int8|fp8|W4A16)"
_WORSE = (
    r"(?:degrad\w{1,6}|drops?\b|dropped|catastrophic\w{0,4}|bad results?|much worse|far worse|"
    r"loses?|lost|unusable|only got|useless)"
)

_quantized = told(
    "a model is said to have lost quality by quantizing",
    "one set of questions for the 16-bit model and the quantized one, with the same template and "
    "temperature 0",
    "8 bits (q8_0, W8A16, fp8) of the same model: is it the number of bits?",
    "calibration (imatrix, AWQ, GPTQ) with a few hundred rows of your own data, in the chat "
    "template",
    "lm_head, embeddings and the vision tower in 16 bits (ignore=[...])",
    why="what a fine-tune changed is small and goes first; rows of another kind for calibration, "
    "and a quantizer that is older than the model, do the rest",
)


def _after_quantizing(case: Case) -> Answer | None:
    answer = _quantized(case)
    text = case.near
    if answer is None or not re.search(r"\bAWQ\b|AWQModifier|smoothquant", text):
        return answer
    kind = str(case.facts.model.get("model_type", ""))
    if not kind.startswith(("gemma", "paligemma")) or kind.startswith(("gemma3n", "gemma4")):
        return answer
    return answer.replace(
        do=("pip install -U 'llmcompressor>=0.11.0'   and quantize again", *answer.do[:3]),
        why="AWQ scales the weight of the norm before a layer; a Gemma's norm multiplies by 1 + "
        "weight, which llm-compressor takes into account from 0.11.0 on (0.10.0.1 does not). GPTQ "
        "changes no norm",
        known="read in the wheels of 0.10.0.1 and 0.11.0; that it is this run's cause is likely "
        "and not shown",
        of_gemma=True,
    )


_in_ollama = told(
    "a model is said to answer badly in Ollama",
    "ollama show --modelfile NAME   : is there a TEMPLATE, and is it the one of the training?",
    'TEMPLATE """<start_of_turn>user\n{{ .Prompt }}<end_of_turn>\n<start_of_turn>model\n""" and '
    'PARAMETER stop "<end_of_turn>"   (Gemma 1 to 3; Gemma 4: RENDERER and PARSER of ollama show '
    "gemma4)",
    "what was trained without a chat template: TEMPLATE {{ .Prompt }}, with the text of the "
    "training",
    why="Ollama takes the template from the GGUF where it knows it, and else hands over the bare "
    "text; LM Studio and llama-server read the Jinja template of the file",
)


def of_ollama(case: Case) -> Answer | None:
    """Answer where the text is about Ollama."""
    text = case.near
    return _in_ollama(case) if re.search(r"(?i)\bollama\b|Modelfile", text) else None


_converted = told(
    "a converted model is said to answer worse than the one it was made of",
    "one prompt, temperature 0, the same text: the trained model in transformers, then the "
    "converted one",
    "the same conversion without quantization (f32, f16, bf16): is it the number of bits?",
    "the template, <bos> and stop tokens of the program that runs it: those of the training",
    "the base model converted in the same way: if it fails too, converter and program do not fit",
    why="a conversion changes weights (bits), names (a layer that is left out) and the prompt "
    "around the text; each is seen in another of these",
)


_MADE = (
    r"(?:merg\w*|export\w*|gguf|quanti[sz]\w*|convert\w*|ollama|llama\.cpp|lm studio|"
    r"合并|导出|量化|转换)"
)
_LESS = (
    r"(?:worse|degrad\w*|lower (?:accuracy|quality)|poor(?:er)?|bad(?:ly)?|broken|wrong|"
    r"quality (?:drop|loss)\w*|(?:decreas|drop|reduc|los[st])\w* (?:in|of) (?:the )?(?:quality|"
    r"accuracy|performance)|incorrect|mistakes?|completely different|not (?:re)?produce|"
    r"differ(?:s|ent|ently|ence)?|not the "
    r"same|loses?|lost|"
    r"变差|效果(?:差|下降|不好)|不一致|不同|不对)"
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
    "the same prompt: template, one <bos>, the same stop tokens in both programs",
    why="an adapter trained on 4-bit weights fits those, and rounds away when it is merged "
    "into them; merged into 16 bits it differs a little. Another base, or another "
    "template in what serves it, makes far more",
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
    return _merged_is_worse(case) if re.search(_COMPARED, case.hit.text) else None


_wrong_end = told(
    "the end token of what was saved is said not to be the one that ends a turn",
    'FOLDER/generation_config.json: "eos_token_id": [1, 106]   (Gemma 2: [1, 107]); vLLM, SGLang '
    "and MLX read it",
    'tokenizer_config.json: "eos_token" as in the base checkpoint that answers in turns (-it), and '
    "its chat_template.jinja",
    'in training: eot_tokens: ["<end_of_turn>"] in axolotl (Gemma 4: "<turn|>"); rows whose '
    "answers "
    "end with that token, unmasked in the labels",
    'until then: stop=["<end_of_turn>"] in the request (Gemma 4: "<turn|>")',
    why="a Gemma's <eos> (1) ends a document, and <end_of_turn> (Gemma 4: <turn|>) ends a turn: a "
    "save that writes <eos> alone leaves the server without the other, and a trainer that looks "
    "for "
    "<eos> does not train it",
    of_gemma=True,
)


def _of_gemmas(case: Case) -> Answer | None:
    text = f"{case.hit.text} {case.log.model_name} {case.facts.model.get('model_type', '')}"
    named = re.search(r"(?i)gemma|<turn\|>|end_of_turn", f"{text} {' '.join(case.log.model_types)}")
    return _wrong_end(case) if named else None


EXPORTS: tuple[Symptom, ...] = (
    Symptom(
        "good-elsewhere-bad-in-ollama",
        r"(?i:(?:(?:does|do|did)(?: not|n't) (?:\w+ )?)?(?:nonsense|gibberish|garbage|correctly|"
        r"properly|rubbish|differently|wrong|incorrect|random)"
        r"[^\n]{0,120}(?:\bollama\b)[^\n]{0,160}|\bollama\b[^\n]{0,120}(?:nonsense|gibberish|"
        r"incorrect (?:answers?|results?|outputs?)|"
        r"garbage|does not output correctly|rubbish|random (?:text|words|tokens)|胡乱输出|乱码)|"
        r"(?:GGUF|gguf)\b[^\n]{0,80}(?:gibberish|garbage|nonsense|乱码|胡乱)|(?:gibberish|garbage|"
        r"nonsense)\b[^\n]{0,60}\bGGUF)",
        of_ollama,
        {
            "The model does not output correctly in Ollama, but it works in LM Studio.": "TEMPLATE",
            "I made it in Ollama and its outputting gibberish like this": "TEMPLATE",
            "GGUF imported models just spit out gibberish\n\nollama run m": "TEMPLATE",
            "GGUF imported models just spit out gibberish": "",
            "ollama run works correctly": "",
        },
    ),
    Symptom(
        "end-token-of-another-kind",
        r"(?:overwrit\w{1,5}|misses|missing|wrong|incorrect)\b[^\n]{0,60}`?(?:eos_token(?:_id)?|"
        r"eot_tokens?|EOS token|end[- ]of[- ]turn token|real terminator)`?|"
        r"(?:sets?|changes?|writes?) `?eos_token(?:_id)?`? (?:back )?to `?(?:<eos>|1\b)|"
        r"`?eos_token(?:_id)?`?[^\n]{0,60} (?:instead of|rather than) `?<|needs? to stop on `?<",
        _of_gemmas,
        {
            "save_pretrained_merged silently overwrites `eos_token` from <turn|> to <eos>": (
                "generation_config.json"
            ),
            "The default eot_tokens = [eos_token] of gemma-3 misses the real terminator": (
                "eot_tokens"
            ),
            "I think something's wrong with the EOS token of Llama 3": "",
            "the tokenizer has an eos_token": "",
            "we set pad_token to eos_token": "",
        },
        words=("eos", "eot", "end of turn", "end-of-turn", "terminator", "stop on"),
    ),
    Symptom(
        "worse-after-converting",
        r"(?i:(?:corrupt\w{0,3}|distress\w{0,4}|broken|worse|degrad\w{1,6}|garbled|incoherent|poor|"
        r"not the same|different)\b[^\n]{0,80} (?:convert\w{0,4}|conversion|export\w{0,4}) (?:it )?"
        r"(?:to|into|from)\b|(?:convert\w{0,4}|conversion|export\w{0,4})[^\n]{0,60} "
        r"(?:tflite|litert|"
        r"onnx|openvino|mlx|core ?ml|tensorrt|\.task)\b[^\n]{0,160} "
        r"(?:corrupt\w{0,3}|distress\w{0,4}|"
        r"worse|degrad\w{1,6}|garbled|incoherent|poor|nonsense|gibberish|wrong))",
        _converted,
        {
            "Gemma 3 1B: Model is corrupted after converting to .tflite": "without quantization",
            "after exporting to ONNX the answers are much worse": "number of bits",
            "a different converter": "",
        },
    ),
    Symptom(
        "worse-after-quantizing",
        rf"(?i:\b{_METHOD}[^\n]{{0,160}}{_WORSE}|{_WORSE}[^\n]{{0,80}}\b{_METHOD})",
        _after_quantizing,
        {
            "AWQ W4A16 quantization via llm-compressor produces catastrophically degraded output": (
                "calibration"
            ),
            "awq compression of llama 2 70b chat got bad results": "8 bits",
            "GPTQ-quantized gemma-2-9b dropped from 85% to 60% accuracy": "lm_head",
            "google/medgemma-27b-it with AWQ: accuracy drops": "llmcompressor>=0.11.0",
            "quantized model loaded": "",
        },
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
        _after_the_merge,
        {
            "Merge and unload changes inference a lot on quantized llama 2": "4-bit weights",
            "merge_and_unload() raises the loss of accuracy when inference": "torch.dist",
            "Merged model predictions don't match adapter predictions": "16 bits",
            "the merge of this pull request changes the results of the tests": "",
            "the merged model performs worse than the adapter with gemma-2-9b": "16 bits",
            "quality degraded after merging": "torch.dist",
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
