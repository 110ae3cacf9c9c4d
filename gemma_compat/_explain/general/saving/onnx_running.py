"""ONNX files that a runtime does not find, load or run."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

# ONNX Runtime's own status, and words of its message.
_STATUSES = (
    (
        r"NO_SUCHFILE",
        Answer(
            "ONNX Runtime finds no file at the path that it was given",
            (
                "ls -l PATH   from the folder in which the command runs; model.onnx_data has to "
                "lie "
                "beside model.onnx",
                "optimum-cli export onnx --model FOLDER OUT   writes both",
            ),
            known="ONNX Runtime's own status",
        ),
    ),
    (
        r"INVALID_PROTOBUF",
        Answer(
            "the file cannot be read as an ONNX model",
            (
                "ls -l FILE.onnx   : some 130 bytes are a pointer of git-lfs (git lfs pull); else "
                "download or export it again",
            ),
            known="ONNX Runtime's own status: the file could not be parsed",
            settles=False,
        ),
    ),
    (
        r"INVALID_ARGUMENT[^\n]*(?:Unexpected input data type|Invalid (?:rank|feed)|Missing Input|"
        r"Got invalid dimensions)",
        Answer(
            "an input of the call has another name, dtype or shape than the ONNX model takes",
            (
                "print([(i.name, i.type, i.shape) for i in session.get_inputs()])   beside what is "
                "handed over",
                "input_ids and attention_mask as int64; position_ids and past_key_values too, "
                "where "
                "the list has them",
            ),
            known="ONNX Runtime says so",
            settles=False,
        ),
    ),
    (
        r"(?i)Failed to allocate memory|bad_alloc|out of memory",
        Answer(
            "ONNX Runtime found no memory for the model or for one step of it",
            (
                "a smaller form of the same model: dtype: 'q4' or 'q4f16', or a smaller Gemma",
                "shorter inputs; nvidia-smi, where it runs on a card",
            ),
            known="ONNX Runtime says so",
        ),
    ),
)


def _by_status(case: Case) -> Answer | None:
    text = case.hit.text[case.match.start() :]
    return next((answer for words, answer in _STATUSES if re.search(words, text)), None)


KINDS: tuple[General, ...] = (
    General(
        "no-onnx-file-there",
        r"Could not find any ONNX model file in|"
        r"Could not locate file: \"?\S{0,300}?\.onnx|"
        r"File doesn't exist\.? ?\S{0,200}\.onnx",
        always(
            "the folder or repository has no ONNX file of the name that is asked for",
            "optimum-cli export onnx --model FOLDER --task text-generation-with-past OUT",
            "transformers.js: the files in a folder onnx/, and dtype as one of them is named "
            "(fp32: model.onnx, q4: model_q4.onnx, q8: model_quantized.onnx)",
            why="transformers and PEFT save safetensors; ONNX files are made by an export",
            known="the message names what was looked for",
        ),
        {
            'Error: Could not locate file: "https://huggingface.co/me/g/resolve/main/onnx/'
            'model_quantized.onnx".': "onnx/",
            "FileNotFoundError: Could not find any ONNX model file in merged_model/": "optimum-cli",
        },
        alone=True,
    ),
    General(
        "transformers-js-without-this-model",
        r"Unsupported model type: (?P<name>[\w-]{2,40})|"
        r"Unknown (?:model|config) class \"(?P<cls>\w{2,60})\", attempting to construct from base",
        lambda case: (
            Answer(
                "this transformers.js does not know the model type "
                f"{case.match['name'] or case.match['cls']}",
                (
                    "npm install @huggingface/transformers@latest",
                    '"model_type" in config.json as the ONNX export on the hub (onnx-community) '
                    "has it",
                ),
                why="model types are a table of each release; @xenova/transformers (version 2) is "
                "no "
                "longer made",
                known="transformers.js says so; which release has it, it does not say",
                settles=False,
            )
            if re.search(
                r"(?i)transformers\.js|\bjs\b|onnx|\bnode\b|browser|xenova|webgpu|\.mjs|^Error|Uncaught",
                case.near,
            )
            else None
        ),
        {
            "Uncaught (in promise) Error: Unsupported model type: gemma3_text": "@latest",
            "ValueError: Unsupported model type: gemma9": "",
            "ValueError: Unsupported model type: whisper_node": "",
        },
        alone=True,
    ),
    General(
        "onnx-runtime-failed",
        r"failed to call OrtRun\(\)|Can't create a session\.? (?:ERROR_CODE|failed)|"
        r"\[ONNXRuntimeError\] : (?P<code>\d{1,2}) : (?P<kind>[A-Z_]{3,40})|"
        r"no available backend found\. ERR: |std::bad_alloc[^\n]{0,40}onnx",
        lambda case: (
            _by_status(case)
            or Answer(
                "ONNX Runtime cannot load or run this file"
                + (f" ({case.match['kind']})" if case.match["kind"] else ""),
                (
                    "a smaller form of the same model: dtype: 'q4' or 'q4f16', or a smaller Gemma",
                    "the same file in Python: onnxruntime.InferenceSession('model.onnx'): is it "
                    "the "
                    "file, or the browser?",
                    "pip install -U onnxruntime   (npm: @huggingface/transformers@latest), "
                    "where it "
                    "does not know an operator or the opset",
                ),
                why="a browser's tab has about 4 GiB; external data (model.onnx_data) has to lie "
                "beside "
                "the file; contrib operators come with a release of the runtime",
                known="the message; its end says which, where it is more than a number",
                settles=False,
            )
        ),
        {
            "Error: failed to call OrtRun(). ERROR_CODE: 6, ERROR_MESSAGE: std::bad_alloc": "q4",
            "onnxruntime.capi.onnxruntime_pybind11_state.NoSuchFile: [ONNXRuntimeError] : 3 : "
            "NO_SUCHFILE : Load model from model.onnx failed: File doesn't exist": "finds no file",
            "[ONNXRuntimeError] : 2 : INVALID_ARGUMENT : Unexpected input data type. Actual: "
            "(tensor(int32)) , expected: (tensor(int64))": "get_inputs",
            "[ONNXRuntimeError] : 7 : INVALID_PROTOBUF : Load model from /m/model.onnx failed": (
                "git lfs pull"
            ),
            "onnxruntime.capi.onnxruntime_pybind11_state.Fail: [ONNXRuntimeError] : 1 : FAIL : "
            "Load model from model.onnx failed": "FAIL",
        },
        alone=True,
    ),
    General(
        "inputs-that-the-session-lacks",
        r"Required inputs \(\[(?P<names>[^\]\n]{1,200})\]\) are missing from input feed",
        lambda case: Answer(
            f"the ONNX model takes inputs that it was not given: {case.match['names']}",
            (
                "inputs = tokenizer(text, return_tensors='np'): hand over all of it, and not "
                "input_ids alone",
                "an export with a cache (past_key_values...) wants its empty cache too: optimum's "
                "ORTModelForCausalLM.from_pretrained(FOLDER) makes it",
            ),
            known="ONNX Runtime names them",
        ),
        {
            "ValueError: Required inputs (['attention_mask']) are missing from input feed "
            "(['input_ids']).": "'attention_mask'"
        },
    ),
)
