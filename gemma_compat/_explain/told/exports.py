"""What a person tells of a model that was merged, quantized or served, where nothing raised."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Case
from .base import Symptom, near, told
from .contexts import IN_OLLAMA, is_of_ollama, is_over

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
    IN_OLLAMA.do[0],
    'TEMPLATE """<start_of_turn>user\n{{ .Prompt }}<end_of_turn>\n<start_of_turn>model\n""" and '
    'PARAMETER stop "<end_of_turn>"   (Gemma 1 to 3; Gemma 4: RENDERER and PARSER of ollama show '
    "gemma4)",
    *IN_OLLAMA.do[1:],
    "what was trained without a chat template: TEMPLATE {{ .Prompt }}, with the text of the "
    "training",
    why="Ollama takes the template from the GGUF where it knows it, and else hands over the bare "
    "text; LM Studio and llama-server read the Jinja template of the file",
)


# What a person says of its answers there, or of the program's where it does not load.
_BAD_THERE = (
    r"(?:nonsense|gibberish|garbage|rubbish|junk|random (?:text|words|tokens|stuff)|incoherent|"
    r"irrelevant|repeat(?!ed (?:rows|data|lines|samples|entries))\w*|repetiti\w+|duplicat\w+|"
    r"(?:not|n't|never|unable to|fails? to) (?:\w+ )?"
    r"stop|endless\w*|infinite\w*|non-?stop|(?:incorrect|wrong|different|bad|poor|weird|strange) "
    r"(?:\w+ )?(?:answers?|results?|outputs?|respon\w+|behaviou?r|quality)|"
    r"(?:answers?|results?|outputs?|respon\w+|replies|repl(?:y|ies)|inference)[^\n.]{0,30} "
    r"(?:incorrect|wrong|"
    r"different|worse|bad|poor)\w*|(?:not|n't) (?:\w+ )?(?:output|answer|respond|work)\w* "
    r"(?:correctly|"
    r"properly|as|like|the same)|hallucinat\w+|乱码|胡|重复|停不|不停|不一致|效果(?:很|"
    r"非常)?差(?!距)|变差|答非所问)"
)


def of_ollama(case: Case) -> Answer | None:
    """Answer where the text is about Ollama."""
    text = case.near
    return _in_ollama(case) if re.search(r"(?i)\bollama\b|Modelfile", text) else None


def _trained_in_ollama(case: Case) -> Answer | None:
    """Answer where it runs what was trained or imported: models of its library have a template."""
    return _in_ollama(case) if is_of_ollama(case) and not is_over(case) else None


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
        near(r"\bollama\b|\bmodelfile\b", _BAD_THERE, 140)
        + r"|(?:GGUF|gguf)\b[^\n]{0,80}(?:gibberish|garbage|nonsense|乱码|胡乱)|(?:gibberish|"
        r"garbage|"
        r"nonsense)\b[^\n]{0,60}\bGGUF",
        _trained_in_ollama,
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
)
