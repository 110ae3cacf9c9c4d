"""Ollama's engine and its runner, where they stop."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General

# What the end of the runner's process says, in its exit code or in llama.cpp's words.
_ENDS = (
    (
        r"0xc000001d|illegal instruction",
        "Ollama's runner used an instruction that this processor does not have",
        "update Ollama: newer ones choose the runner by what the processor can (AVX, AVX2)",
    ),
    (
        r"0xc0000135",
        "a library (DLL) that Ollama's runner wants is not on this Windows",
        "install Ollama again, with the Visual C++ runtime and the driver of the card",
    ),
    (
        r"signal: killed",
        "the system ended Ollama's runner, most often for want of memory",
        "PARAMETER num_ctx 4096 in the Modelfile, or a smaller quantization (q4_k_m)",
    ),
    (
        r"cudaMalloc|out of memory|unable to allocate|failed to allocate",
        "Ollama's runner found no memory for the model and its context",
        "PARAMETER num_ctx 4096 in the Modelfile, or a smaller quantization (q4_k_m)",
    ),
    (
        r"failed to create context",
        "Ollama's runner loaded the model and could not make its context",
        "update Ollama, or PARAMETER num_ctx 4096 in the Modelfile: memory is the other cause",
    ),
)


def _runner(case: Case) -> Answer:
    near = case.near
    log = "journalctl -e -u ollama   (macOS: ~/.ollama/logs/server.log)"
    if re.search(r"\bPS [A-Z]:|[A-Z]:\\|(?i:\bwindows\b)|0xc0000", near):
        log = "%LOCALAPPDATA%\\Ollama\\server.log   has the runner's own last lines"
    before = re.search(
        r"(?i)(?:last (?:version|release) (?:that|which) work\w*|work\w* (?:fine )?(?:in|with|on)) "
        r"(?:is |was )?v?(\d+\.\d+\.\d+)",
        near,
    )
    back = (f"the release that worked, {before[1]}, until a newer one is out",) if before else ()
    for pattern, happened, do in _ENDS:
        if re.search(pattern, case.hit.text[case.match.start() :]):
            return Answer(happened, (do, log, *back), known="the end of the message", settles=False)
    return Answer(
        "this is only Ollama's report that its runner stopped; what stopped it stands in the "
        "server's log",
        (
            log,
            *back,
            "update Ollama, if it says there: unknown model architecture, or a tensor is missing",
            "a smaller num_ctx or quantization, if it ran out of memory",
        ),
        known="the message",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "ollama-tensor-unassigned",
        r"failed to load model: unassigned tensor: (?P<tensor>[\w.]{3,120})",
        lambda case: Answer(
            f"Ollama's own engine asks for {case.match['tensor']}, which this GGUF does not have",
            (
                "update Ollama, and pull the model again: ollama pull MODEL",
                "or the model of Ollama's library, in place of a GGUF of another converter",
            ),
            why="the engine reads a model of one release's layout; a GGUF that was converted "
            "before, or by llama.cpp, may keep vision and audio parts elsewhere or leave them out",
            known="the message names the tensor; which of the two is too old, it does not say",
            settles=False,
        ),
        {
            "panic: failed to load model: unassigned tensor: model.audio_tower.layers.10.norm": (
                "update Ollama"
            )
        },
        alone=True,
    ),
    General(
        "llama-runner-stopped",
        r"(?:POST predict|do embedding request): Post \S{1,80}: (?:EOF|read tcp|dial tcp)|"
        r"llama runner process (?:has terminated|no longer running)|unable to load model: "
        r"\S{0,200}blobs",
        _runner,
        {
            "Error: llama runner process has terminated: exit status 2": "server.log",
            "Error: llama runner process has terminated: exit status 0xc000001d": "processor",
            "PS C:\\Users\\me> ollama run x\nError: llama runner process has terminated: exit "
            "status 2": "LOCALAPPDATA",
            "Error: llama runner process has terminated: exit status 0xc0000409 error:failed to "
            "create context with model 'x'": "its context",
            "Last version that works is 0.9.2\nError: llama runner process has terminated: exit "
            "status 2": "0.9.2",
            "Error: llama runner process has terminated: signal: killed": "num_ctx",
            'Error: POST predict: Post "http://127.0.0.1:45089/completion": EOF': "server.log",
        },
        alone=True,
    ),
)
