"""GGUF files: converting a trained model for llama.cpp, Ollama and LM Studio."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

MERGE = 'model.save_pretrained_merged("FOLDER", tokenizer, save_method="merged_16bit")'


def _tokenizer(case: Case) -> Answer:
    if "vocab_size" in case.match[0]:
        return Answer(
            "the tokenizer has more tokens than config.json's vocab_size",
            (
                '"vocab_size" in FOLDER/config.json as many as the rows of the embeddings',
                "or the base checkpoint's tokenizer files, if no token was added on purpose",
            ),
            why="tokens were added without resizing, or the tokenizer of another checkpoint was "
            "saved beside the weights",
            known="the assertion that failed",
            settles=False,
        )
    of_gemma = "gemma" in f"{case.facts.model.get('model_type', '')} {case.model}".lower()
    newer = "git pull in llama.cpp, where the model is newer than it"
    base = (
        "the base checkpoint's tokenizer.json and tokenizer_config.json in the folder, where only "
        "an unused pad token was added"
    )
    return Answer(
        "the converter does not know this tokenizer",
        (
            "tokenizer.model of the base checkpoint in the folder: a Gemma's is read from it",
            f"or {newer}",
        )
        if of_gemma
        else (newer, f"or {base}"),
        why="the converter looks the tokenizer's checksum up in a table of published ones; an "
        "added token changes it"
        + (", and a folder without tokenizer.model is read so" if of_gemma else ""),
        known="the message; which of these it is, it does not say",
        settles=False,
    )


_UNSLOTHS = (
    'from unsloth import FastLanguageModel; FastLanguageModel.from_pretrained("FOLDER") makes a '
    "model that has it (FastModel for multimodal ones)",
    "or without Unsloth: save_pretrained of the merged model, then python "
    "llama.cpp/convert_hf_to_gguf.py FOLDER",
)


# Classes that the list of llama.cpp's converter does not have (conversion/__init__.py, 2026).
_NEVER_CONVERTED = re.compile(
    r"(?:Mllama|PaliGemma|RecurrentGemma|T5Gemma|Molmo|Florence2|Blip|Blip2|InstructBlip|Whisper|"
    r"Bart|MBart|Pegasus|M2M100|NllbMoe|OPT|GPTJ|GPTNeo|XLNet|Electra)(?:For|LMHead)\w+|MarianMTModel|"
    r"(?:Gemma|Llama|Mistral|Mixtral|Phi|Qwen)\w{0,12}For(?:Sequence|Token)Classification"
)


def _unknown_class(case: Case) -> Answer:
    """Answer a class that the converter lacks: by whether any release is known to have it."""
    name = case.match["name"] or case.match["class"] or case.match["type"]
    if _NEVER_CONVERTED.fullmatch(name):
        return Answer(
            f"no release of llama.cpp's converter is known to take {name}: the folder is not at "
            "fault",
            (
                "run the folder with transformers, or vLLM where that lists the class",
                "or fine-tune a model that llama.cpp converts, where it has to be a GGUF",
            ),
            why="a GGUF needs the model's computation in llama.cpp, which was not written for it",
            known="the message; llama.cpp's list of classes, read in 2026, lacks it",
            settles=False,
        )
    return Answer(
        f"the converter of this llama.cpp does not know {name}",
        (
            "git pull in llama.cpp, and delete the folder llama.cpp beside the script, where "
            "Unsloth keeps its own",
            "pip install -U unsloth unsloth_zoo   where Unsloth converts",
        ),
        why="an architecture comes to the converter with a release of llama.cpp, if it comes at "
        "all",
        known="the message; which release knows it, and whether any does, is not in the log",
        settles=False,
    )


_CONVERTS = r"convert\w{0,20}\.py|[/\\]gguf|llama\.cpp"
_OTHER_LAYOUT = Answer(
    "config.json and weights in the folder do not fit what the converter expects of this class",
    (
        "the base checkpoint's config.json beside the merged weights, and convert again",
        "git pull in llama.cpp: its convert_hf_to_gguf.py may be older than the model",
        f"merge again in 16 bits (with Unsloth: {MERGE})",
    ),
    why="a merge writes names and settings of the class that it had in hand; a text class, an "
    "adapter or a missing shard has others",
    known="the message names what is missing or twice; which of these it is, it does not say",
    settles=False,
)
_CONVERTER_GONE = Answer(
    "llama.cpp's convert.py is not there any more",
    ("python llama.cpp/convert_hf_to_gguf.py FOLDER --outfile FILE.gguf",),
    why="newer llama.cpp keeps it as examples/convert_legacy_llama.py, for the first LLaMA alone",
    known="the line names the script",
)
_old_converter = always(
    "llama.cpp's old convert.py does not read this model's tokenizer",
    "git pull in llama.cpp, and python convert_hf_to_gguf.py FOLDER --outfile FILE.gguf",
    "or convert.py FOLDER --vocab-type bpe   in a checkout that is to stay old",
    why="convert.py was for the first LLaMA, whose tokenizer is SentencePiece's; newer llama.cpp "
    "keeps it as examples/convert_legacy_llama.py",
    known="the message is convert.py's",
)


KINDS: tuple[General, ...] = (
    General(
        "method-that-only-unsloth-adds",
        r"'(?P<kind>\w{2,60})' object has no attribute '(?P<name>(?:save_pretrained|push_to_hub)_"
        r"(?:gguf|merged))'",
        lambda case: Answer(
            f"{case.match['name']} is a method that Unsloth adds to models, and this "
            f"{case.match['kind']} does not have it",
            _UNSLOTHS,
            why="AutoModelForCausalLM, PEFT and a model that another library loaded or wrapped "
            "have no such method; older Unsloth gives it to fewer classes",
            known="the message names the method, which transformers and PEFT do not have",
        ),
        {
            "AttributeError: 'LlamaForCausalLM' object has no attribute 'save_pretrained_gguf'": (
                "FastLanguageModel"
            ),
            "AttributeError: 'Gemma3ForCausalLM' object has no attribute 'push_to_hub_merged'": (
                "FastLanguageModel"
            ),
            "AttributeError: 'LlamaForCausalLM' object has no attribute 'save_pretrained_x'": "",
        },
    ),
    General(
        "old-converter-of-llama-cpp",
        r"Could not find a tokenizer matching any of \[|"
        r"convert\.py[^\n]{0,80}(?:deprecated|No such file)",
        lambda case: (
            _old_converter(case)
            if "find a tokenizer" in case.match[0]
            else _CONVERTER_GONE
            if re.search(r"(?i)llama[._]cpp|gguf|ggml", case.near)
            else None
        ),
        {
            "python: can't open file '/content/llama.cpp/convert.py': [Errno 2] No such file or "
            "directory": "is not there any more",
            "python: can't open file '/llama2/convert.py': [Errno 2] No such file or directory": "",
            "/x/lib/convert.py:12: FutureWarning: this is deprecated": "",
            "FileNotFoundError: Could not find a tokenizer matching any of ['spm', 'hfft']": (
                "convert_hf_to_gguf.py"
            ),
        },
        alone=True,
    ),
    General(
        "adapter-of-mlx",
        r"lora-to-gguf:Unexpected name '(?P<name>[\w.]{1,160}\.lora_[ab])'",
        lambda case: Answer(
            "the adapter is MLX's, and llama.cpp's converter reads PEFT's",
            (
                "mlx_lm.fuse --model BASE --adapter-path adapters --save-path fused --dequantize, "
                "and convert_hf_to_gguf.py fused",
                "or rename and transpose: lora_a to lora_A.weight, lora_b to lora_B.weight, under "
                "base_model.model., with an adapter_config.json of PEFT",
            ),
            why=f"{case.match['name']} is MLX's name; its two matrices are the transposed ones",
            known="the converter names the tensor",
        ),
        {
            "ERROR:lora-to-gguf:Unexpected name 'model.layers.0.self_attn.q_proj.lora_a': Not a "
            "lora_A or lora_B tensor": "mlx_lm.fuse"
        },
        alone=True,
    ),
    General(
        "adapter-with-whole-matrices",
        r"lora-to-gguf:Unexpected name '(?P<name>[\w.]{1,160})': Not a lora_A or lora_B tensor",
        lambda case: Answer(
            f"the adapter holds {case.match['name']}, which a GGUF adapter cannot",
            (
                "model.merge_and_unload(), save_pretrained, then convert_hf_to_gguf.py",
                f"{MERGE}   with Unsloth",
            ),
            why="modules_to_save or new tokens put whole matrices beside the adapter, DoRA its "
            "lora_magnitude_vector, bias='all' the biases",
            known="the converter names the tensor",
        ),
        {
            "ERROR:lora-to-gguf:Unexpected name 'base_model.model.lm_head.weight': Not a lora_A or "
            "lora_B tensor": "merge",
            "ERROR:lora-to-gguf:Unexpected name 'a.q_proj.lora_magnitude_vector': Not a lora_A or "
            "lora_B tensor": "the adapter holds a.q_proj",
        },
        alone=True,
    ),
    General(
        "config-the-converter-refuses",
        r"assert hparams\.get\(['\"](?P<name>\w{1,80})['\"]\) is None",
        lambda case: Answer(
            f"config.json gives {case.match['name']} a value, and the converter of this llama.cpp "
            "takes none for this architecture",
            (
                f"look at {case.match['name']} in the base checkpoint's config.json: if it is null "
                "or missing there, make it null in the folder that is converted",
                "or git pull in llama.cpp, if the base has a value too",
            ),
            why="the library that saved the model wrote its default, or the converter is "
            "older than the model",
            known="the line that asserts it; which of the two it is, the log does not say",
            settles=False,
        ),
        {
            'AssertionError: assert hparams.get("attn_logit_softcapping") is None': "null",
        },
        alone=True,
    ),
    General(
        "converter-knows-no-such-model",
        r"hf-to-gguf:Model (?P<name>\w{1,80}) is not supported|"
        r"Architecture ['\"](?P<class>(?!A(?:ARCH|RM|MD)\d)[A-Z]\w{3,80})['\"] not supported|"
        r"GGUF conversion does not yet support converting model types of `(?P<type>\w{1,80})`",
        _unknown_class,
        {
            "ERROR:hf-to-gguf:Model Gemma3nForConditionalGeneration is not supported": "git pull",
            "ERROR:hf-to-gguf:Model MllamaForConditionalGeneration is not supported": (
                "the folder is not at fault"
            ),
            "NotImplementedError: Architecture 'Qwen2ForSequenceClassification' not supported!": (
                "with transformers"
            ),
            "ERROR:hf-to-gguf:Model BartowskiForCausalLM is not supported": "git pull",
            "ERROR: Architecture 'arm64' not supported by this installer": "",
        },
        alone=True,
    ),
    General(
        "converter-knows-no-such-tokenizer",
        r"BPE pre-tokenizer was not recognized|"
        r"assert max\(tokenizer\.vocab\.values\(\)\) < vocab_size",
        _tokenizer,
        {
            "NotImplementedError: BPE pre-tokenizer was not recognized - update "
            "get_vocab_base_pre()": "git pull",
            "Loading model: gemma-2-2b-it\nNotImplementedError: BPE pre-tokenizer was not "
            "recognized - update get_vocab_base_pre()": "tokenizer.model",
            "    assert max(tokenizer.vocab.values()) < vocab_size\nAssertionError": "vocab_size",
        },
        alone=True,
    ),
    General(
        "converter-finds-another-layout",
        r"Missing tensors: \[|could not find any of: \[|Unprocessed experts|"
        r"Duplicated tensor name ['\"](?P<name>[\w.]{2,80})",
        lambda case: None if case.frames and not case.says(_CONVERTS) else _OTHER_LAYOUT,
        {
            "ValueError: Missing tensors: ['lm_head.weight']": "config.json",
            "KeyError: \"could not find any of: ['hidden_size', 'n_embd']\"": "git pull",
            "WARNING:gguf.gguf_writer:Duplicated key name 'tokenizer.chat_template', overwriting "
            "it with new value 'x' of type STRING": "",
            'Traceback (most recent call last):\n  File "/w/data.py", line 5, in f\n    g()\n'
            "FileNotFoundError: could not find any of: ['a.csv']": "",
        },
        alone=True,
    ),
)
