"""Servers of a trained model (vLLM, SGLang, TGI) and what stands between it and them."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_CAUSED = re.compile(r"The above exception was the direct cause of the following exception")
_MERGE = "model.merge_and_unload(), save_pretrained, and serve that folder without an adapter"


def _adapter_not_loaded(case: Case) -> Answer | None:
    if re.search(r"No adapter found for ", case.hit.text + case.message):
        return Answer(
            "vLLM finds no file of the adapter under the path that --lora-modules gives it",
            (
                "ls FOLDER   on the server (or in its container): adapter_config.json and "
                "adapter_model.safetensors have to lie in it",
                "the folder of a checkpoint, output_dir/checkpoint-N, where the run wrote it there",
                f"or {_MERGE}",
            ),
            why="vLLM says so of every file of an adapter that is not there; a path that is not a "
            "folder is taken for a repository's name",
            known="the message has the path",
            settles=False,
        )
    if case.error and _CAUSED.search(case.error.hit.before[-6000:]):
        return None  # the error that it names as its cause says more
    return Answer(
        "this is only vLLM's report that it did not load the adapter",
        (
            "the lines above and below: the error that `Loading lora` was raised from",
            f"or {_MERGE}",
        ),
        why="a rank above --max-lora-rank, modules that this vLLM does not adapt, new tokens, or "
        "an adapter without adapter_model.safetensors are the common ones",
        known="the message; the cause, it does not say",
        settles=False,
    )


def _not_found_by_tgi(case: Case) -> Answer | None:
    name = case.match["name"] or case.match["missing"]
    near = case.near
    if case.match["missing"] and not re.search(r"text.generation.(?:inference|launcher)|TGI", near):
        return None
    is_tied = re.search(r"lm_head|embed_tokens|shared\.", name)
    return Answer(
        f"text-generation-inference does not find {name} in the files",
        (
            '"tie_word_embeddings": true in FOLDER/config.json, or a tied model saved again'
            if is_tied
            else "compare with the names in FOLDER/model.safetensors.index.json",
            _MERGE,
            "a newer image of text-generation-inference (or vLLM: its maintainers no longer add "
            "models)",
        ),
        why="a model that ties head and embeddings (a Gemma, T5) has one matrix for them: the file "
        "holds one of its names"
        if is_tied
        else "an adapter, a quantization (qweight in place of weight) that --quantize does not "
        "name, or another class have other names",
        known="the server says which name it looked for",
        settles=False,
    )


def _adapter_by_its_name(case: Case) -> Answer | None:
    packages = case.packages
    if packages and "vllm" not in packages:
        return None
    if not packages and not re.search(r"\bvllm serve|add_lora|lora[_-]modules", case.near):
        return None
    path = case.match["path"].rstrip("/")
    is_name = re.fullmatch(r"[A-Za-z0-9][\w.-]*/[\w.-]+", path) is not None
    return Answer(
        "this vLLM takes the adapter's name for a folder, and there is none of that name here"
        if is_name
        else "the folder that --lora-modules (or LoRARequest) gives has no adapter_config.json",
        (
            f"hf download {path} --local-dir adapter   and --lora-modules NAME=adapter"
            if is_name
            else "ls FOLDER   on the server (or in its container): adapter_config.json and "
            "adapter_model.safetensors have to lie in it",
            "pip install -U vllm   : newer ones download an adapter by its name"
            if is_name
            else "output_dir/checkpoint-N   where the run wrote the adapter into a checkpoint",
        ),
        known="the message has the path",
    )


KINDS: tuple[General, ...] = (
    General(
        "adapter-folder-that-vllm-does-not-find",
        r"No such file or directory: '(?P<path>[^'\n]{1,240}?)/?adapter_config\.json'",
        _adapter_by_its_name,
        {
            'Traceback (most recent call last):\n  File "/x/dist-packages/vllm/lora/models.py", '
            "line 314, in from_local_checkpoint\n    f()\nFileNotFoundError: [Errno 2] No such "
            "file or directory: 'someone/an-adapter/adapter_config.json'": "--local-dir adapter",
            'Traceback (most recent call last):\n  File "/x/dist-packages/vllm/lora/models.py", '
            "line 314, in from_local_checkpoint\n    f()\nFileNotFoundError: [Errno 2] No such "
            "file or directory: '/x/out/adapter_config.json'": "checkpoint-N",
            "FileNotFoundError: [Errno 2] No such file or directory: 'x/adapter_config.json'": "",
        },
    ),
    General(
        "engine-not-to-be-pickled",
        r"LLMEngine should not be pickled",
        always(
            "something copies the model together with the vLLM engine that hangs on it, and that "
            "engine cannot be copied",
            "model = FastLanguageModel.get_peft_model(model, ...)   before the trainer is made",
            "or fast_inference=False at loading, where every weight is trained",
            why="without an adapter GRPO copies the model as its reference (deepcopy); with one it "
            "switches the adapter off instead",
            known="vLLM says that its engine is not to be pickled; that the copy is the "
            "reference's is the usual case",
            settles=False,
        ),
        {
            "RuntimeError: LLMEngine should not be pickled!": "get_peft_model",
            "then you get the `LLMEngine should not be pickled!` error when you train:": (
                "fast_inference=False"
            ),
        },
        alone=True,
    ),
    General(
        "vllm-does-not-load-the-adapter",
        r"Loading lora \S{1,300} failed",
        _adapter_not_loaded,
        {
            "RuntimeError: Loading lora /home/me/lora/train_2024 failed": "max-lora-rank",
            "ValueError: LoRA rank 64 is greater than max_lora_rank 16.\n\nThe above exception was "
            "the direct cause of the following exception:\n\nTraceback (most recent call last):\n  "
            'File "/x/vllm/lora/worker_manager.py", line 10, in load\n    raise RuntimeError(x) '
            "from e\nRuntimeError: Loading lora /x/lora failed": "",
            "ValueError: Call to add_lora method failed: Loading lora x failed: No adapter found "
            "for /x/checkpoint-57": "adapter_config.json",
        },
    ),
    General(
        "adapter-that-sglang-cannot-read",
        r"Only 'all' or 'all-linear' can be used as the string for target module",
        always(
            "target_modules of the adapter is a regular expression, and SGLang reads a list of "
            "names only",
            "in adapter_config.json: target_modules as the list of the names that were adapted "
            "(the keys of adapter_model.safetensors show them)",
            "or merge the adapter, or serve it with vLLM",
            why="PEFT writes target_modules as it was given; the weights need no change",
            known="read in sglang 0.5.23, which takes a list, 'all' or 'all-linear'",
        ),
        {
            "RuntimeError: Failed to load LoRA adapter ft: Only 'all' or 'all-linear' can be used "
            "as the string for target module": "adapter_config.json",
        },
    ),
    General(
        "adapter-without-a-value-projection",
        r"Failed to load LoRA adapter \S{1,120}: '[\w.]{8,200}\.v_proj\.lora_[AB]\.weight'",
        always(
            "SGLang wants an adapter of v_proj in every layer whose q_proj is adapted, and this "
            "one has none",
            "merge the adapter (merge_and_unload in 16 bits) and serve the merged folder",
            "or serve the adapter with vLLM",
            "an adapter for the MLP alone, or with v_proj in target_modules, where the model has "
            "it in every layer",
            why="it joins q, k and v of a layer into one matrix. In Gemma 4 12B, 26B, 31B the "
            "layers with full attention have no v_proj (attention_k_eq_v), so that no adapter can "
            "have it",
            known="read in sglang 0.5.23: normalize_qkv_proj takes the key without asking",
            settles=False,
        ),
        {
            "RuntimeError: Failed to load LoRA adapter ft: 'base_model.model.model.language_model."
            "layers.5.self_attn.v_proj.lora_A.weight'": "merge_and_unload",
        },
    ),
    General(
        "layer-that-sglang-does-not-adapt",
        r"No corresponding LoRA layer supported for <class '(?P<layer>[\w.]{1,120})'",
        lambda case: Answer(
            f"SGLang has no adapter for {case.match['layer'].rpartition('.')[2]}"
            + (
                ", which is a layer of Gemma 4's vision or audio tower"
                if "clippable" in case.match["layer"].lower()
                else ""
            ),
            (
                "merge the adapter (merge_and_unload in 16 bits) and serve the merged folder",
                "or target_modules in adapter_config.json as the full names of the language "
                "model's layers, which no tower has",
                "or serve the adapter with vLLM",
            ),
            why="it looks for a name such as down_proj in the whole model, towers included",
            known="read in sglang 0.5.23: seven kinds of layers have an adapter",
            settles=False,
        ),
        {
            "Exception: No corresponding LoRA layer supported for <class "
            "'sglang.srt.layers.clippable_linear.ClippableRowParallelLinear'>.": "tower",
        },
    ),
    General(
        "weight-not-found-by-tgi",
        r"\bweight (?P<name>\w{1,60}\.[\w.]{1,120}) does not exist|"
        r"due to missing (?P<missing>[\w.]{3,160}\.weight)\b",
        _not_found_by_tgi,
        {
            "RuntimeError: weight model.layers.24.mlp.gate_proj.weight does not exist": "qweight",
            "RuntimeError: weight model.embed_tokens.weight does not exist": "tie_word_embeddings",
            "text-generation-launcher: Gemma2 fails due to missing model.embed_tokens.weight": (
                "tie_word_embeddings"
            ),
            "the build fails due to missing a.weight": "",
            "ValueError: loss weight kl_coef does not exist": "",
        },
        alone=True,
    ),
    General(
        "weights-gemma-cpp-cannot-read",
        r"gemma\.cc:\d{1,5}: Failed to (?:load model weight|read from)|"
        r"Cached compressed weights does not exist yet|"
        r"Failed to read from \S{1,200} - might be a directory",
        always(
            "gemma.cpp finds no weights in its format under the path that it was given",
            "--weights FILE.sbs   (a download in that format; not Keras' .h5, safetensors or a "
            "folder)",
            "a trained model: gemma.cpp's python/convert_from_safetensors.py writes an .sbs",
            "git pull and build again: older ones take other options (--compressed_weights)",
            known="gemma.cpp says so; which file it looked for stands in the line",
            settles=False,
        ),
        {
            "Abort at ~/gemma.cpp/gemma.cc:1322: Failed to load model weights.": ".sbs",
            "Cached compressed weights does not exist yet (code 256), compressing weights": "h5",
        },
        alone=True,
    ),
    General(
        "quantized-class-that-tgi-does-not-have",
        r"(?P<method>\w{2,20}) quantization is not supported for AutoModel",
        lambda case: Answer(
            "text-generation-inference has no class for this model, and quantizes only "
            f"those ({case.match['method']})",
            (
                "without --quantize, with the 16-bit checkpoint",
                "a newer image of text-generation-inference, or vLLM",
            ),
            why="models that it does not know run through transformers (AutoModel), without its "
            "kernels; flash attention that does not load on the card has the same effect",
            known="the server says so",
            settles=False,
        ),
        {"ValueError: gptq quantization is not supported for AutoModel": "--quantize"},
    ),
)
