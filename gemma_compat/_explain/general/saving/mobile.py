"""LiteRT and MediaPipe: what converts a trained Gemma for a phone or a browser, and runs it."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_LITERT = (
    "pip install litert-torch   and its convert_gemma3_to_tflite (Gemma 3), on a folder with the "
    "merged weights"
)
_NO_CONVERTER = {
    "GenerateGpuTfLite",
    "GenerateCpuTfLite",
    "ConvertCheckpoint",
    "model_ckpt_util",
}


def _converter(case: Case) -> Answer | None:
    """Answer where MediaPipe's converter of checkpoints lacks its compiled part or itself."""
    name = case.match["part"] or case.match["module"] or ""
    on_windows = re.search(r"[A-Z]:[/\\]|\bwin(?:32|dows|_amd64)\b", case.around + case.hit.before)
    if name in _NO_CONVERTER:
        return Answer(
            f"this build of mediapipe has no {name}: its compiled part lacks the converter of LLMs",
            (
                "run the conversion on Linux (Colab, WSL): pip install mediapipe==0.10.21",
                f"or {_LITERT}",
            ),
            why="mediapipe's wheels for Windows are built without it"
            + ("; the log is of Windows" if on_windows else ""),
            known="read in the wheels of 0.10.21: Linux has it, Windows does not",
            certain=False,
        )
    return Answer(
        "the installed mediapipe has no converter or bundler for LLMs (mediapipe.tasks.genai)",
        (
            "pip install 'mediapipe<1.0'   (0.10.35 has it, and knows Gemma 3)",
            f"or {_LITERT}",
        ),
        why="releases 0.10 have it in tasks/python/genai, 1.2 has no such folder",
        known="read in the wheels of 0.10.21, 0.10.35 and 1.2.3",
    )


def _intermediate(case: Case) -> Answer:
    quantized = case.match["file"].endswith(("_quantized_scale", "_scale"))
    return Answer(
        "MediaPipe's converter looks for a weight that it did not write before",
        (
            "delete the intermediate folder (output_dir), and convert again with the model_type of "
            "these weights (GEMMA_2B, GEMMA2_2B, GEMMA3_1B)",
            "pip install -U 'mediapipe>=0.10.35,<1.0'   : it knows Gemma 3 and its sizes",
            "ls -la CHECKPOINT   : all shards (model-00001-of-...) that its index names",
            f"or {_LITERT}",
        ),
        why="the list of weights belongs to a model type of the release, and a shard that is not "
        "there leaves its weights out"
        + ("; a scale is missing: that layer was written unquantized" if quantized else ""),
        known="the message names the file; 0.10.21 knows GEMMA_2B, GEMMA_7B and GEMMA2_2B, 0.10.35 "
        "Gemma 3 too (read)",
        settles=False,
    )


_OTHER_LAYOUT = Answer(
    "LiteRT's converter does not find the weights under the names that its Gemma has",
    (
        "merge first: merge_and_unload(), save_pretrained into a folder, and that folder as "
        "--checkpoint_path",
        "the script of this very model and size (gemma, gemma3; 270m, 1b), text weights alone",
        "pip install -U litert-torch",
    ),
    why="an adapter, the multimodal class (language_model. before each name) and names of "
    "transformers 5 are other layouts",
    known="the message lists the names that are left or missing; which of these it is, they say",
    settles=False,
)


def _of_another_form(case: Case) -> Answer | None:
    """Answer a checkpoint that LiteRT's converter does not read, where the log is LiteRT's."""
    if not re.search(r"(?i)litert|ai_edge|mediapipe", f"{case.frames}\n{case.near}"):
        return None
    return Answer(
        f"LiteRT's converter does not read a checkpoint of this form: {case.match['path']}",
        (
            "a folder with model*.safetensors: merge_and_unload(), save_pretrained, and that "
            "folder as --checkpoint_path",
        ),
        known="the message names the path",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "mediapipe-without-its-converter",
        r"model_ckpt_util' has no attribute '(?P<part>\w{4,40})'|"
        r"No module named 'mediapipe\.tasks\.python\.(?P<module>genai)|"
        r"module 'mediapipe\.tasks(?:\.python)?' has no attribute 'genai'",
        _converter,
        {
            "AttributeError: module 'mediapipe.python._framework_bindings.model_ckpt_util' has no "
            "attribute 'GenerateGpuTfLite'": "Windows",
            "ModuleNotFoundError: No module named 'mediapipe.tasks.python.genai'": "mediapipe<1.0",
            "AttributeError: module 'mediapipe.tasks.python' has no attribute 'vision'": "",
        },
    ),
    General(
        "mediapipe-lacks-a-converted-weight",
        r"(?:NOT_FOUND: The path does not exist: |Cannot open file! )\S{0,200}"
        r"(?P<file>params\.lm\.[\w.]{3,120})",
        _intermediate,
        {
            "RuntimeError: NOT_FOUND: The path does not exist: /x/params.lm.transformer.x_layers_0."
            "ff_layer.pre_layer_norm.scale_quantized_scale": "model_type",
            "F0000 00:00:1 6430 file_tensor_loader.cc:69] Check failed: ifstr Cannot open file! "
            "/content/intermediate/gemma2b-it/params.lm.softmax.logits_ffn.w": "shards",
        },
        alone=True,
    ),
    General(
        "mediapipe-knows-no-such-model",
        r"Unknown special model: (?P<name>[\w-]{2,40})|but get model_type: ?(?P<lora>[\w-]{2,40})|"
        r"LoRA is not supported for CPU backend",
        lambda case: (
            None
            if "CPU backend" in case.match[0]
            and not re.search("(?i)mediapipe|llm_convert", case.near)
            else Answer(
                "MediaPipe's converter does not take "
                + (
                    f"the model type {case.match['name']}"
                    if case.match["name"]
                    else f"an adapter for {case.match['lora']}"
                    if case.match["lora"]
                    else "an adapter for the CPU backend"
                ),
                (
                    *(
                        ()
                        if case.match["name"]
                        else ("merge_and_unload, save_pretrained, and convert the merged model",)
                    ),
                    "pip install -U 'mediapipe>=0.10.35,<1.0'   for Gemma 3",
                    f"or {_LITERT}",
                ),
                why="the converter has a list of models, and a shorter one for adapters (GPU only)",
                known="the check is in llm_converter.py and safetensors_converter.py (read in "
                "0.10.21 and 0.10.35)",
            )
        ),
        {
            "ValueError: Unknown special model: GEMMA3_1B": "mediapipe>=0.10.35",
            "ValueError: LoRA is only applicable for the model_type: GEMMA_2B, PHI_2, but get "
            "model_type: GEMMA_7B.": "merge_and_unload",
            "LoRA is not supported for CPU backend in this build of my engine": "",
        },
        alone=True,
    ),
    General(
        "litert-file-without-its-functions",
        r"required_key; \}\) != signature_keys|\(prefill_runner_\) ?!= ?\(nullptr\)|"
        r"TF_LITE_PREFILL_DECODE not found in the model",
        always(
            "MediaPipe or LiteRT-LM finds no prefill and decode functions of an LLM in the file",
            _LITERT,
            "then the bundler, with the tokenizer.model of the base checkpoint, into a .task or "
            ".litertlm",
            "update the MediaPipe or LiteRT-LM of the app, where the file was converted so",
            why="a converter for models in general (Keras, TFLiteConverter, ONNX) writes one "
            "function; the engine calls several by name",
            known="the check that failed looks for them",
            settles=False,
        ),
        {
            'Calculator::Open() for node "odml.infra.TfLitePrefillDecodeRunnerCalculator" failed: '
            "; RET_CHECK failure (external/odml/x.cc:157) (prefill_runner_)!=(nullptr)": "bundler",
            "RET_CHECK failure (x/tflite_llm_utils.cc:59) std::find_if(signature_keys.begin(), "
            "[&](const std::string* key) { return *key == required_key; }) != "
            "signature_keys.end()": "litert-torch",
        },
        alone=True,
    ),
    General(
        "litert-token-without-a-text",
        r"detokenizer_calculator\.cc:\d{1,5}\)? \[?id >= 0 \(-1 vs\. 0\)|"
        r"\bid >= 0 \(-1 vs\. 0\)",
        always(
            "the engine got -1 in place of a token: the converted model's numbers cannot be used",
            "export for this engine: export_config.kvcache_layout = KV_LAYOUT_TRANSPOSED and "
            "export_config.mask_as_input = True (--transpose_kv_cache --mask_as_input)",
            "bundle with the tokenizer.model of the same checkpoint, and its start and stop tokens",
            "the same file without quantization: is it the quantizer?",
            why="a GPU or a browser takes another layout of the cache than a CPU; NaN from float16 "
            "or from quantizing leaves no largest token either",
            known="the check says that the id is -1; which of these it is, it does not say",
            settles=False,
        ),
        {
            "E0000 detokenizer_calculator.cc:311] INTERNAL: RET_CHECK failure (third_party/odml/"
            "infra/genai/inference/calculators/detokenizer_calculator.cc:311) id >= 0 (-1 vs. 0)": (
                "mask_as_input"
            )
        },
        alone=True,
    ),
    General(
        "litert-checkpoint-of-another-layout",
        r"Failed to map all tensor\. Remaining tensor are|"
        r"Failed to build model after trying all configurations|"
        r"Unsupported checkpoint format: (?P<path>\S{1,200})",
        lambda case: _of_another_form(case) if case.match["path"] else _OTHER_LAYOUT,
        {
            "ValueError: Failed to map all tensor. Remaining tensor are: ['base_model.model.a']": (
                "merge first"
            ),
            "RuntimeError: Failed to build model after trying all configurations. Encountered the "
            "following errors:": "litert-torch",
            "ValueError: Unsupported checkpoint format: .ckpt": "",
            'File "/x/site-packages/ai_edge_torch/loader.py", line 9, in load\n    raise e\n'
            "ValueError: Unsupported checkpoint format: a/model.bin": "a/model.bin",
        },
        alone=True,
    ),
    General(
        "ai-edge-torch-renamed",
        r"module 'ai_edge_torch[\w.]{0,80}' has no attribute '(?P<name>\w{2,60})'|"
        r"No module named 'ai_edge_torch(?P<sub>\.[\w.]{1,80})'|"
        r"cannot import name '(?P<what>\w{2,60})' from 'ai_edge_torch",
        lambda case: Answer(
            "the installed ai_edge_torch has no "
            f"{(case.match['name'] or case.match['what'] or case.match['sub']).lstrip('.')}, which "
            "the script or notebook takes from it",
            (
                "pip install -U litert-torch   and litert_torch in place of ai_edge_torch in the "
                "imports",
                "or the release that the notebook was written for: pip install 'ai-edge-torch<0.7'",
            ),
            why="ai-edge-torch goes on as litert-torch: its last release, 0.7.2, holds a notice "
            "alone, and names moved in the releases before",
            known="read in 0.7.2; which release has the name, the message does not say",
            settles=False,
        ),
        {
            "AttributeError: module 'ai_edge_torch.generative.layers.experimental.kv_cache' has no "
            "attribute 'KVCacheTransposed'": "litert-torch",
            "ModuleNotFoundError: No module named 'ai_edge_torch.generative'": "litert_torch",
            "ModuleNotFoundError: No module named 'ai_edge_torch'": "",
        },
    ),
    General(
        "bundler-wants-another-tokenizer",
        r"Failed to load tokenizer model from \S{1,300}?\.? Please ensure you are passing a valid "
        r"SentencePiece|tokenizer_model_path or hf_tokenizer_model_path must be",
        always(
            "the bundler reads tokenizer.model (SentencePiece), and was given something else",
            "tokenizer_model='FOLDER/tokenizer.model'   of the base checkpoint: hf_hub_download("
            "BASE, 'tokenizer.model')",
            why="tokenizer.json is another format; fast tokenizers save that one alone",
            known="the check is in llm_bundler.py (read in mediapipe 0.10.35)",
        ),
        {
            "ValueError: Failed to load tokenizer model from /x/tokenizer.json. Please ensure you "
            "are passing a valid SentencePiece model.": "tokenizer.model"
        },
        alone=True,
    ),
    General(
        "mobile-engine-refuses",
        r"RET_CHECK failure \(\S{0,40}odml/\S{1,160}\)(?P<said>[^\n]{0,200})|"
        r"Failed to (?:initialize|create) (?:the )?(?:session|LLM|engine)[^\n]{0,40}INTERNAL",
        always(
            "the engine on the device (MediaPipe, LiteRT-LM) refuses the file or the input",
            "a published .task or .litertlm of the same model in the same app: does that one run?",
            "update the app's MediaPipe or LiteRT-LM, and convert again with a litert-torch of the "
            "same time",
            "maxTokens of the app not above the length of the cache in the export "
            "(kv_cache_max_len)",
            why="converter, bundler and engine have to be of one time, and of one backend",
            known="the check stands in the message; what it means is not known here",
            settles=False,
        ),
        {
            "INTERNAL: RET_CHECK failure (external/odml/odml/infra/genai/inference/llm_engine.cc:"
            "77) cache_size >= tokens (3 vs. 9)": "kv_cache_max_len"
        },
        alone=True,
    ),
)
