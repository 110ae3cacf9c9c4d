"""What llama.cpp (and LM Studio, Ollama, llama-cpp-python on it) prints where a GGUF fails."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_SMALLER = "-ngl 20   (fewer layers on the GPU), -c 4096, or a smaller quantization"


def _in_compiled_code(case: Case) -> Answer:
    if re.search(r"--export-gguf|export_gguf|mlx_lm\.fuse", case.near):
        return Answer(
            "llama.cpp stopped at a tensor of a GGUF that MLX wrote",
            (
                "mlx_lm.fuse --model BASE --adapter-path adapters --save-path fused --dequantize, "
                "and python llama.cpp/convert_hf_to_gguf.py fused",
                "update llama.cpp (or the program that contains it), where that GGUF fails too",
            ),
            why="mlx_lm writes a GGUF of some architectures itself, all of it in float16, where "
            "llama.cpp wants norms in float32",
            known="the check, and that the text tells of MLX's export; which tensor it is, the "
            "check does not say",
            certain=False,
            settles=False,
        )
    run = re.findall(r"\bllama-(?:quantize|cli|server|bench|perplexity|imatrix)\b", case.hit.before)
    if "n_attention_wv" in case.hit.text or (run and run[-1] == "llama-quantize"):
        return Answer(
            "llama-quantize stopped at one of its checks",
            (
                "git pull in llama.cpp, build it, and convert and quantize with the same checkout",
                "llama.cpp/convert_hf_to_gguf.py FOLDER --outtype q8_0   needs no quantizer",
            ),
            why="it counts the layers and attention weights that it expects of an architecture; a "
            "newer model, or a GGUF of another converter, has others",
            known="the check, and that llama-quantize runs; which of these it is, it does not say",
            settles=False,
        )
    return Answer(
        "ggml, llama.cpp's compiled code, stopped on a check or a kernel",
        (
            "update llama.cpp (or the program that contains its ggml)",
            "-ngl 0   (the CPU alone), and -fa off: whether it is the GPU's kernel",
        ),
        why="a build without kernels for this card, a model that is newer than the build, or a "
        "batch or context that the check forbids",
        known="the message names the check or the operation; the cause is not in it",
        settles=False,
    )


_NOT_LOADED = Answer(
    "llama-cpp-python only reports that llama.cpp did not load the GGUF, and hides why",
    (
        "Llama(model_path=..., verbose=True)   prints llama.cpp's own lines",
        "pip install -U llama-cpp-python   for an architecture that it does not know",
        "n_ctx=4096, or a smaller n_gpu_layers, where the context did not fit",
    ),
    known="the message",
    settles=False,
)


_OLLAMAS = (
    "PARAMETER num_ctx 4096 in the Modelfile (or /set parameter num_ctx 4096), or a smaller "
    "quantization"
)


def _no_room(case: Case) -> Answer:
    text = f"{case.hit.before[-3000:]}{case.hit.text}"
    named = re.findall(r"(?i)\bollama\b|\bllama-(?:server|cli)\b", text)
    by_ollama = bool(named) and named[-1].lower() == "ollama"
    return Answer(
        "model and context of the GGUF do not fit into the memory of the device",
        (
            _OLLAMAS if by_ollama else _SMALLER,
            "nvidia-smi   and stop what else holds the card (the notebook that trained, above all)",
            *(("PARAMETER num_gpu 20   : fewer layers on the card",) if by_ollama else ()),
        ),
        why="weights, keys and values (they grow with the context) and the work space have to fit "
        "at once",
        known="llama.cpp says so",
    )


def _last_line(case: Case) -> Answer | None:
    """Answer llama.cpp's last line where the log has not its reason above."""
    before = case.hit.before[-3000:]
    if re.search(r"(?i)error loading model:? ?\S|ggml_abort|GGML_ASSERT", before):
        return None
    if re.search(
        r"(?im)^(?=[^\n]*(?:\.gguf|\bgguf_|\bllama_))[^\n]*(?:failed to open|No such file)", before
    ):
        return Answer(
            "llama.cpp cannot open the file of the GGUF",
            (
                "ls -l FILE.gguf   from the folder where the command runs, or in its container: "
                "its name, its path, and whether it may be read",
            ),
            known="llama.cpp says so above its last line",
        )
    if re.search(r"(?i)invalid magic|bad magic|unable to read magic", before):
        return Answer(
            "the file does not begin as a GGUF does",
            (
                "head -c 200 FILE.gguf   : GGUF at the start? `version https://git-lfs` is a "
                "pointer (git lfs pull), a page of HTML a failed download",
                "the download again, or the conversion, where the file is safetensors or was cut",
            ),
            known="llama.cpp says so above its last line",
        )
    return Answer(
        "this is only llama.cpp's last line; a row above it speaks of an error, which may be the "
        "reason"
        if case.has_an_error_above
        else "this is only llama.cpp's last line: why it did not load the GGUF, rows say that are "
        "not in this log",
        (
            "the lines above with llama_model_load: error loading model",
            "ls -l FILE.gguf   : a path that is not there says no more than this",
            "or update llama.cpp: an architecture that it does not know is the commonest cause",
        ),
        known="the message",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "no-room-for-a-gguf",
        r"unable to allocate \w{2,12} buffer|failed to allocate (?:compute pp buffers|buffer for "
        r"kv cache|\w{2,12} buffer)|cudaMalloc failed: out of memory|"
        r"vulkan[^\n]*ErrorOutOfDeviceMemory|failed to allocate compute buffer",
        _no_room,
        {
            "llama_model_load: error loading model: unable to allocate CUDA0 buffer": "-c 4096",
            "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 4096.00 MiB on device 0: "
            "cudaMalloc failed: out of memory": "nvidia-smi",
            "ollama is there too\nllama-server -m g.gguf\ncudaMalloc failed: out of memory": "-ngl",
            "ollama run g\nllama_kv_cache_init: failed to allocate buffer for kv cache": "num_ctx",
        },
        alone=True,
    ),
    General(
        "projector-unknown-to-llama-cpp",
        r"unknown projector type: ?(?P<name>[\w-]{2,30})|this GGUF file has no vision encoder|"
        r"mmproj(?![^\n]{0,60}(?:sum|hash))[^\n]{0,80}(?:mismatch|does not match)|"
        r"mismatch between text model[^\n]{0,60}mmproj",
        lambda case: Answer(
            "llama.cpp cannot use this file as the projector (mmproj) for images"
            + (f": it does not know the type {case.match['name']}" if case.match["name"] else ""),
            (
                "update llama.cpp (or LM Studio, Ollama, llama-cpp-python with it)",
                "or the mmproj that was converted with this very model: convert_hf_to_gguf.py "
                "FOLDER --mmproj",
                "or leave the mmproj out: text works without it",
            ),
            why="vision is a second file, whose kind each release of llama.cpp has to know",
            known="llama.cpp says so",
            settles=False,
        ),
        {
            "clip_init: failed to load model 'mmproj.gguf': load_hparams: unknown projector type: "
            "gemma4v": "type gemma4v"
        },
        alone=True,
    ),
    General(
        "gguf-in-parts",
        r"invalid split file (?:name|idx: \d)|illegal split file idx: \d|"
        r"failed to load GGUF split from|invalid split count, given: \d",
        always(
            "the GGUF is one of several parts, and they are not together under their own names",
            "all parts in one folder with their names, FILE-00001-of-00003.gguf, and load the "
            "first",
            "or llama-gguf-split --merge FILE-00001-of-00003.gguf WHOLE.gguf",
            why="llama.cpp finds the other parts by the name of the first; a renamed part, or "
            "parts joined by cat, are none",
            known="llama.cpp says so",
        ),
        {"llama_model_load: error loading model: invalid split file name": "--merge"},
        alone=True,
    ),
    General(
        "ggml-kernel-failed",
        r"ggml_cuda_compute_forward: \w{2,30} failed|GGML_ASSERT\([^\n]{2,160}\) failed",
        _in_compiled_code,
        {
            "ggml_cuda_compute_forward: MUL_MAT failed": "-ngl 0",
            "./llama-quantize a.gguf b.gguf q4_k_m\nmain: quantize time = 20314.12 ms\n"
            "./llama-cli -m b.gguf\nggml.c:3023: GGML_ASSERT(ggml_can_mul_mat(a, b)) failed": (
                "on a check or a kernel"
            ),
            "./llama-quantize a.gguf b.gguf q4_k_m\nGGML_ASSERT(qs.n_attention_wv == n_layer && "
            '"n_attention_wv is unexpected") failed': "--outtype q8_0",
            "ggml-cuda.cu:88: GGML_ASSERT(n_tokens <= n_batch) failed": "update llama.cpp",
            "mlx_lm.fuse --model x --adapter-path adapters --export-gguf\nggml-metal.m:1080: "
            "GGML_ASSERT(src1t == GGML_TYPE_F32) failed": "convert_hf_to_gguf.py fused",
        },
        alone=True,
    ),
    General(
        "adapter-llama-cpp-refuses",
        r"^(?![^\n]*failed to open)[^\n]*(?:failed to (?:apply|load|initialize) lora[_ ]adapter|"
        r"LoRA tensor '[^'\n]{1,120}' has (?:unexpected suffix|invalid)|"
        r"llama_adapter_lora_init[^\n]{0,80}failed)",
        always(
            "llama.cpp cannot put this adapter on this model",
            "python llama.cpp/convert_lora_to_gguf.py ADAPTER_FOLDER --base BASE_FOLDER   with the "
            "base that was trained on",
            "or merge: model.save_pretrained_merged('FOLDER', tokenizer), and "
            "convert_hf_to_gguf.py FOLDER",
            why="an adapter is a GGUF of the base's architecture; one of another base, with "
            "embeddings or experts, or converted by a llama.cpp of another time is refused",
            known="llama.cpp says so; which of these it is, the name of the tensor says",
            settles=False,
        ),
        {
            "llama_lora_adapter_init: failed to apply lora adapter: LoRA tensor "
            "'rope_freqs.weight' has unexpected suffix": "convert_lora_to_gguf"
        },
        alone=True,
    ),
    General(
        "tensor-not-to-be-quantized",
        r"Can't quantize tensor with shape|Quantized tensor row size \(\d+\) is not a multiple|"
        r"not divisible by 256, required for|tensor cols \d+ x \d+ are not divisible by",
        always(
            "a tensor's rows are not a multiple of the block of this quantization, so it cannot be "
            "written so",
            "convert_hf_to_gguf.py FOLDER --outtype bf16   (or q8_0, whose block is 32), then "
            "llama-quantize FILE.gguf q4_k_m",
            "the mmproj in bf16 or f16: a vision tower's rows often do not fit",
            why="k-quants have blocks of 256 values, q8_0 of 32; newer llama.cpp falls back to "
            "another type for such tensors",
            known="the message has the sizes",
            settles=False,
        ),
        {
            "gguf.quants.QuantError: Can't quantize tensor with shape (1152, 4304) to Q4_K": "bf16",
            "tensor cols 4304 x 1152 are not divisible by 256, required for q4_K": "q8_0",
        },
        alone=True,
    ),
    General(
        "gguf-package-older-than-the-script",
        r"type object 'MODEL_(?:ARCH|TENSOR)' has no attribute '\w{2,40}'|Unknown tokenizer merges "
        r"format",
        always(
            "the converter's script and the gguf package that it imports are not of the same time",
            "pip install -U gguf",
            "or git pull in llama.cpp and pip install ./llama.cpp/gguf-py   (of the same checkout)",
            why="convert_hf_to_gguf.py names architectures that its gguf-py has to know; pip's "
            "gguf is released later",
            known="the name is one of gguf's constants",
        ),
        {
            "AttributeError: type object 'MODEL_ARCH' has no attribute 'GEMMA4'": (
                "pip install -U gguf"
            )
        },
    ),
    General(
        "llama-cpp-python-not-loaded",
        r"Failed to load model from file: |Failed to create llama_context",
        lambda case: (
            _NOT_LOADED
            if re.search(r"llama_c(?:pp|ontext)|\.gguf|gguf_", case.frames + case.hit.text)
            else None
        ),
        {"ValueError: Failed to load model from file: ./model.gguf": "verbose=True"},
        alone=True,
    ),
    General(
        "gguf-not-loaded",
        r"main: error: unable to load model|error: failed to load model '(?=.*gguf)|"
        r"common_init_from_params: failed to load model",
        _last_line,
        {
            "main: error: unable to load model": "not in this log",
            "gguf_init_from_file: failed to open GGUF file 'model.gguf'\n"
            "main: error: unable to load model": "ls -l",
            "gguf_init_from_file: invalid magic characters '<!DO'\n"
            "main: error: unable to load model": "git lfs",
            "cat: version: No such file or directory\nmain: error: unable to load model": (
                "only llama.cpp's last line"
            ),
            "error: the splits are of other models: mismatch\nmain: error: unable to load model": (
                "may be the reason"
            ),
            "llama_model_load: error loading model: error loading model vocabulary: unknown "
            "pre-tokenizer type: 'x'\nmain: error: unable to load model": "",
        },
        alone=True,
    ),
)
