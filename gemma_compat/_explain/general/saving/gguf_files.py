"""A GGUF, or the folder that becomes one, that lacks what llama.cpp looks for."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from ..serving.gguf_vocabulary import update_of_the_loader
from .gguf import MERGE


def _drafter_of_a_fork(name: str) -> Answer:
    return Answer(
        f"llama.cpp has no architecture {name}: the GGUF was converted for another program",
        (
            "a drafter for this llama.cpp: its architecture is gemma4-assistant, with a hyphen",
            "or without the drafter: no -md, no --spec-type",
        ),
        why="forks name the drafter of Gemma 4 otherwise (gemma4_assistant, gemma4_mtp), and "
        "each loads its files alone",
        known="llama.cpp shows the architecture that it read; whose name it is, the file's "
        "origin says",
        certain=False,
        settles=False,
    )


def _unknown(name: str) -> Answer:
    if re.fullmatch(r"gemma(?:2|3|3n|4|-embedding)?", name):
        return Answer(
            f"this llama.cpp is older than the architecture {name} of the GGUF",
            ("update llama.cpp, or the runtime of the program that contains it",),
            known="llama.cpp says so; newer ones know this architecture",
        )
    return Answer(
        f"this llama.cpp does not know the architecture {name} of the GGUF",
        (
            "update llama.cpp, or the runtime of the program that contains it",
            "or the program or fork that wrote the GGUF, where llama.cpp itself has no such "
            "architecture",
        ),
        why="most often the model is newer than the program; some architectures are of forks alone",
        known="llama.cpp says so; which of the two it is, it does not say",
        settles=False,
    )


def _architecture(case: Case) -> Answer:
    name = case.match["name"]
    if not name:
        return Answer(
            "the GGUF names no architecture (general.architecture is empty or missing)",
            (
                "the first part of a split GGUF: FILE-00001-of-00003.gguf",
                "or convert again: llama.cpp/convert_hf_to_gguf.py FOLDER",
            ),
            why="a later part of a split file has none, nor has a file of another program",
            known="llama.cpp shows what it read: nothing",
            settles=False,
        )
    if name == "clip":
        return Answer(
            "the file is the projector for images (mmproj), and was loaded as the model",
            (
                "-m MODEL.gguf --mmproj MMPROJ.gguf   (LM Studio: both files in one folder; "
                "Ollama: "
                "FROM for each)",
            ),
            why="vision is a second file, whose architecture is called clip",
            known="llama.cpp shows the architecture that it read",
        )
    if re.search(r"_(?:assistant|mtp|draft)", name):
        return _drafter_of_a_fork(name)
    return _unknown(name)


def _sentencepiece(case: Case) -> Answer:
    named = f"{case.facts.model.get('model_type', '')} {case.log.model_name or ''}".lower()
    of_gemma = "gemma" in named
    said = f"{case.frames}{case.hit.text}" if case.packages else f"{case.around}{case.near}"
    if not re.search(r"(?i)gguf|ggml|llama\.?cpp|convert_hf|ollama", said):
        return Answer(
            "the folder has no tokenizer.model, which this program reads",
            (
                "hf download BASE tokenizer.model --local-dir FOLDER   BASE: the base "
                "checkpoint that was trained",
            ),
            why="fast tokenizers, and all of transformers 5, save tokenizer.json alone",
            known="the message",
            settles=False,
        )
    return Answer(
        "the folder has no tokenizer.model, which llama.cpp's converter reads for "
        + ("a Gemma" if of_gemma else "this architecture"),
        (
            "copy tokenizer.model from the base checkpoint into the merged folder",
            "or git pull in llama.cpp, where the base checkpoint has none either",
        ),
        why="fast tokenizers save tokenizer.json alone",
        known="the message",
        of_gemma=of_gemma,
    )


# How a GGUF names its tensors, and who says that one of them is missing.
_IN_A_GGUF = re.compile(
    r"(?:blk|mm|v|a)\.|(?:token_embd|output(?:_norm)?|rope_\w+)\.(?:weight|bias)"
)
_OF_A_LOADER = re.compile(r"(?i)llama|gguf|ggml|error loading model|check_tensor|create_tensor")


_ANEW = "pip install -U unsloth unsloth_zoo   and export again, where Unsloth made the file"


def _tensor(case: Case) -> Answer | None:
    name = case.match["name"]
    if name and not _IN_A_GGUF.match(name) and not _OF_A_LOADER.search(case.hit.text):
        return None
    shape = re.search(
        r"has wrong shape; expected ([\d, ]{1,40}), got ([\d, ]{1,40})", case.hit.text
    )
    if shape and case.match["name"] in {"token_embd.weight", "output.weight"}:
        return Answer(
            f"the GGUF's {case.match['name']} has another number of tokens than its vocabulary",
            (
                "tokenizer and weights of one run in the folder, and convert again: "
                "tokenizer.save_pretrained(FOLDER)",
                "where tokens were added: model.resize_token_embeddings(len(tokenizer)) before "
                "training or merging",
                "where none were: the base checkpoint's tokenizer files, without the "
                "added_tokens.json of a pad token",
            ),
            why="llama.cpp counts the tokens of the tokenizer that was converted, and the rows of "
            "the weights must be as many",
            known=f"llama.cpp prints both: {shape[1].strip()} expected, {shape[2].strip()} there",
            settles=False,
        )
    update = update_of_the_loader(case)
    again = (
        "convert again with the converter (convert_hf_to_gguf.py) of the llama.cpp that loads it"
    )
    return Answer(
        "llama.cpp asks for tensors that this GGUF does not hold in this form",
        (
            *([_ANEW] if "unsloth" in (case.hit.before + case.hit.after).lower() else ()),
            *((update, f"or {again}") if update.startswith("update") else (again, f"or {update}")),
            "ls FOLDER   that was converted: each shard that model.safetensors.index.json lists",
        ),
        why="converter and loader must agree on the architecture; one is from before it knew this "
        "model, or a shard was missing when the file was made",
        known="the message; which of these it is, it does not say",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "no-sentencepiece-model",
        r"File not found: \S{0,200}tokenizer\.model|Error: Missing \S{0,200}tokenizer\.model|"
        r"(?:tokenizer\.model|`tokenizer\.model`|\"tokenizers?\.model\")(?: file)? (?:not found|"
        r"can ?not be found|is missing)",
        _sentencepiece,
        {
            "FileNotFoundError: File not found: gemma-3_merged/tokenizer.model": "tokenizer.model",
            'File "/x/site-packages/torchtune/a.py", line 9, in f\nValueError: tokenizer.model not '
            "found in /tmp/gemma": "this program reads",
            "faced with a error\n`Error: Missing tokenizer.model`": "base checkpoint",
            'Convert HF to GGUF "tokenizer.model" not found': "base checkpoint",
            "loading file tokenizer.model from cache": "",
        },
        alone=True,
    ),
    General(
        "drafter-that-is-a-plain-model",
        r"context type MTP requested but model doesn.t contain MTP layers",
        always(
            "the drafter is a plain model, and this program drafts with a head made for it (MTP)",
            "no DRAFT (Ollama), no drafter (llama.cpp): the model alone runs as before",
            "or the MTP head of this very model (gemma-4-...-assistant)",
            why="a multi-token-prediction head reads the hidden states of its model; a smaller "
            "Gemma has no such layers",
            known="llama.cpp says so",
        ),
        {
            "fails with `context type MTP requested but model doesn't contain MTP layers`": "DRAFT",
        },
        alone=True,
    ),
    General(
        "port-of-the-server-is-taken",
        r"couldn.t bind HTTP server socket[^\n]{0,60}?port: (?P<port>\d{2,5})",
        lambda case: Answer(
            "llama-server could not take its address: most often port "
            f"{case.match['port']} is taken by another program",
            (
                f"--port {8090 if case.match['port'] != '8090' else 8091}   (and the same port in "
                "what calls the server)",
                f"or end the other server: lsof -i :{case.match['port']}",
                "--host 0.0.0.0   where the name or address is not one of this machine's own",
            ),
            known="llama-server says that it could not; why, it does not say",
            settles=False,
        ),
        {"couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 8080": "--port 8090"},
        alone=True,
    ),
    General(
        "gguf-without-a-tensor",
        r"(?:check_tensor_dims: tensor|missing tensor|(?<!Offloaded )tensor) "
        r"'(?P<name>[\w.]{1,80})' "
        r"(?:not found|has wrong shape)|error loading model: (?:missing tensor '|done_getting_)|"
        r"(?:GGUF|gguf|LM ?Studio|[Oo]llama|llama\.cpp)[^\n]{0,120}\bmissing tensors?\b",
        _tensor,
        {
            "llama_model_load: error loading model: check_tensor_dims: tensor "
            "'blk.0.ffn_norm.weight' not found": "converter",
            "error loading model: check_tensor_dims: tensor 'token_embd.weight' has wrong shape; "
            "expected 4096, 32000, got 4096, 32001, 1, 1": "resize_token_embeddings",
            "error loading model: check_tensor_dims: tensor 'blk.0.attn_q.weight' has wrong "
            "shape; expected 4096, 4096, got 4096, 5120, 1, 1": "converter",
            "Fine-tuned GGUF cannot be loaded in LM Studio: missing tensor": "update LM Studio",
            "llama_cpp: error loading model: missing tensor 'output.weight'": "llama-cpp",
            "error loading model: create_tensor: tensor 'output_norm.weight' not found": (
                "each shard"
            ),
            "[ONNXRuntimeError] tensor 'input_ids' not found in graph": "",
        },
        alone=True,
    ),
    General(
        "gguf-architecture-unknown",
        r"(?:unknown model architecture: |does not support this GGUF's model architecture \()"
        r"'(?P<name>[\w-]{0,40})'",
        _architecture,
        {
            "llama_model_load: error loading model: unknown model architecture: 'gemma3'": "gemma3",
            "error loading model architecture: unknown model architecture: ''": "split",
            "error loading model architecture: unknown model architecture: 'glm4moe'": "newer",
            "llama.cpp does not support this GGUF's model architecture ('llama-csm').": "forks",
            "error loading model architecture: unknown model architecture: 'clip'": "--mmproj",
            "llama_model_load: unknown model architecture: 'gemma4_assistant'": "hyphen",
        },
        alone=True,
    ),
    General(
        "converters-banner-taken-for-a-failure",
        r"Failed compiling llama\.cpp with (?:WARNING|INFO|ERROR):hf-to-gguf",
        always(
            "the converter printed a warning between lines of stars, and this Unsloth takes the "
            "stars "
            "for a failed build",
            MERGE,
            "then git pull in llama.cpp, and llama.cpp/convert_hf_to_gguf.py FOLDER: it prints the "
            "warning's text",
            "pip install -U unsloth unsloth_zoo   : newer ones call the converter otherwise",
            why="that banner is the converter's for a tokenizer that it does not know by its "
            "checksum: a token was added, or llama.cpp is older than the model. No compiler is at "
            "fault",
            known="the line that is quoted begins with hf-to-gguf, the converter's logger, and the "
            'check is `"***" in line`',
            settles=False,
        ),
        {
            "RuntimeError: *** Unsloth: Failed compiling llama.cpp with WARNING:hf-to-gguf:*****": (
                "checksum"
            )
        },
        alone=True,
    ),
    General(
        "tensor-the-old-converter-does-not-know",
        r"(?:[Ee]rror: |\b)[Uu]nrecogni[sz]ed tensor(?: name)?\b:? ?'?(?P<name>[\w.]{0,160})",
        lambda case: (
            Answer(
                "llama.cpp's converter of adapters or models has no place for a tensor"
                + (f", {case.match['name']}" if len(case.match["name"]) > 3 else ""),
                (
                    "git pull in llama.cpp; python convert_lora_to_gguf.py ADAPTER_FOLDER --base "
                    "BASE_FOLDER",
                    "or merge (merge_and_unload, save_pretrained), and convert_hf_to_gguf.py "
                    "FOLDER",
                ),
                why="the older scripts (convert-lora-to-ggml.py) know the names of LLaMA alone",
                known="the converter says so; which of these it is, it does not say",
                settles=False,
            )
            if re.search(r"(?i)gguf|ggml|llama\.?cpp|convert[-_](?:lora|hf|llama)", case.near)
            else None
        ),
        {
            "converted with coremltools\nError: unrecognized tensor name 'foo.bar'": "",
            "Cannot convert falcon lora to GGUF.\nError: unrecognized tensor": (
                "convert_lora_to_gguf"
            ),
            "unrecognized tensor": "",
        },
        alone=True,
    ),
)
