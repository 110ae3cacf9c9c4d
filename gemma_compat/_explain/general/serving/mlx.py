"""MLX on Apple machines: files that its loaders do not know."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General
from ..released import in_which

_EXAMPLE = re.compile(r"mlx-examples|\blora/convert\.py|\bpython3?[\d.]* (?:lora|convert)\.py")


def _loader(case: Case) -> str:
    """Return the program whose loader refuses the files, by the log's frames and commands."""
    text = f"{case.around}\n{case.hit.before}\n{case.hit.after}"
    if _EXAMPLE.search(text):
        return "example"
    found = re.search(r"\b(mlx[_-]vlm|vmlx|omlx|mlx[_-]lm)\b", text)
    return found[1].replace("_", "-") if found else "mlx-lm"


def _upgrade(loader: str) -> tuple[str, ...]:
    if loader == "example":
        return (
            "pip install -U mlx-lm",
            "mlx_lm.convert --hf-path NAME -q   and mlx_lm.lora --model FOLDER --train --data DATA",
        )
    if loader in {"vmlx", "omlx"}:
        return (f"update {loader}", "or the checkpoint in another conversion (mlx-community)")
    return (
        f"pip install -U {loader} mlx",
        "or convert the checkpoint again with that release",
    )


def _other_names(case: Case) -> Answer | None:
    loader = _loader(case)
    rest = case.hit.text[case.match.end() :]
    names = f"{case.match['missing'] or ''} {rest} {case.hit.after[:2000]}".strip(" :")
    missing = re.match(r"\w[\w.]{2,160}\w", names) if case.match["lacks"] else None
    said = f"{case.around}{case.hit.before}{case.hit.text}"
    if case.match["lacks"] and not re.search(r"(?i)mlx|lora/convert\.py", said):
        return None  # others say "Missing parameters" too
    if missing and "." not in missing[0]:
        return None  # no name of a weight
    if not case.match["lacks"] and _are_of_shared_layers(f"{case.hit.text}\n{names}", said):
        return _shared_layers(loader)
    return _answer(loader, missing[0] if missing else "", names, bool(case.match["lacks"]))


# Keys and values of layers that take those of others: by name, or as many as a Gemma 4 E2B or E4B
# has of them, quantized (7 for each layer) or not (3).
_SHARED = (
    r"layers\.(?:1[5-9]|[2-4]\d|X)\.self_attn\.(?:k_norm|k_proj|v_proj)|\n\s*#?\s*"
    r"\.self_attn\.(?:k_norm|k_proj|v_proj)|"
    r"Received (?:126|140|54|60) parameters not in model: ?\n?\s*language_model"
)


def _are_of_shared_layers(names: str, said: str) -> bool:
    if "q_norm" in names or not re.search(r"language_model|(?i:gemma[-_ ]?(?:4|3n))", said):
        return False
    return re.search(_SHARED, names) is not None


def _shared_layers(loader: str) -> Answer:
    return Answer(
        "MLX: the files hold keys and values for layers of this Gemma that take those of an "
        f"earlier layer, and the class of {loader} has none there",
        (
            "pip install -U 'mlx-lm>=0.32.2' mlx-vlm mlx",
            "or the checkpoint in another conversion (mlx-community), or mlx-vlm in place of "
            "mlx-lm",
        ),
        why="the last layers of Gemma 3n and of the small Gemma 4 share keys and values; mlx-lm "
        "0.31.3 refuses the extra weights, 0.32.2 leaves them out",
        known="the names; read in the wheels of mlx-lm 0.31.3 and 0.32.2",
        certain=False,
        settles=False,
        of_gemma=True,
    )


def _answer(loader: str, missing: str, names: str, lacks: bool) -> Answer:
    who = "the example script's model" if loader == "example" else f"the model class of {loader}"
    if missing == "lm_head.weight":
        happened = f"MLX: {who} wants lm_head.weight, which a Gemma's files do not hold"
        why = "a Gemma's head is tied to its embeddings, so its files have no weight for it"
    elif lacks:
        happened = f"MLX: the files lack {missing or 'parameters'}, which {who} asks for"
        why = "the class and the files name their parts differently: one of them is older"
    else:
        happened = f"MLX: the files hold parameters that {who} does not have"
        why = (
            "names that end in scales or biases belong to quantized layers: this class does not "
            "quantize that layer, or does not have it"
            if re.search(r"\.\{?(?:scales|biases)\b", names)
            else "the class is of an older model, or of another part, than the files"
        )
    return Answer(
        happened,
        _upgrade(loader),
        why=why,
        known="MLX lists the names"
        + ("; the command is that of mlx-examples" if loader == "example" else ""),
        settles=loader == "example",
    )


def _no_such_model(case: Case) -> Answer | None:
    name = case.match["name"] or case.match["module"]
    others = [item for item in case.packages if not item.startswith("mlx")]
    is_mlx = re.search(r"(?i)\bmlx|LM ?Studio", case.around + case.near) is not None
    if (others or case.is_of_the_script) and not is_mlx:
        return None
    known = in_which(case)
    their_own = (
        "update the program that contains it (LM Studio's runtimes, oMLX), if it brings its own"
    )
    happened = f"this MLX program does not know the model type {name}"
    if known is not None:
        other = known.found.elsewhere and known.places
        upgrade = known.command or "pip install -U mlx-lm mlx-vlm mlx"
        return Answer(
            happened,
            (upgrade, their_own),
            why=f"{known.happened}; {other}" if other else known.happened,
            known=f"MLX says so; the releases were read in the wheels of {known.found.package}",
        )
    return Answer(
        happened,
        ("pip install -U mlx-lm mlx-vlm mlx", their_own),
        why="each model type is a module of mlx_lm.models or mlx_vlm.models, which comes with a "
        "release",
        known="MLX says so; which release has it, it does not say"
        if is_mlx
        else "it is the message of mlx-lm and mlx-vlm; the log does not name them",
        certain=is_mlx,
    )


_PACKED_BY_MLX = Answer(
    "the folder holds weights that MLX quantized, which llama.cpp's converter cannot read",
    (
        "mlx_lm.fuse --model BASE --adapter-path adapters --save-path fused --dequantize   "
        "(older: --de-quantize)",
        "or fuse the adapter with the 16-bit base, and convert that folder",
    ),
    why="MLX packs quantized weights into 32-bit integers (U32) with scales and biases beside them",
    known="the dtype or the names in the message are MLX's",
)

KINDS: tuple[General, ...] = (
    General(
        "mlx-adapter-of-another-kind",
        r"SimpleNamespace' object has no attribute '(?P<name>num_layers|lora_parameters)'",
        lambda case: (
            None
            if case.is_of_the_script
            else Answer(
                f"mlx_lm wants {case.match['name']} in adapter_config.json, which an adapter of "
                "another program does not have",
                (
                    "an adapter that mlx_lm.lora trained: its adapter_config.json has "
                    "num_layers and "
                    "lora_parameters",
                    "or merge with PEFT (merge_and_unload), then mlx_lm.convert of the merged "
                    "folder",
                ),
                why="PEFT and Unsloth write r, lora_alpha and target_modules there, and name the "
                "weights otherwise",
                known="the attribute; read in mlx-lm 0.32.2",
                settles=False,
            )
        ),
        {
            "AttributeError: 'types.SimpleNamespace' object has no attribute 'num_layers'": (
                "merge_and_unload"
            ),
            'Traceback (most recent call last):\n  File "train.py", line 8, in <module>\n    '
            "range(args.num_layers)\nAttributeError: 'types.SimpleNamespace' object has no "
            "attribute 'num_layers'": "",
        },
        alone=True,
    ),
    General(
        "mlx-names-that-do-not-fit",
        r"(?P<lacks>Missing (?:\d{1,5} )?parameters): ?(?P<missing>\w[\w.]{2,160}\w)?|"
        r"Received (?:\d{1,5} )?parameters not in model",
        _other_names,
        {
            "python lora/convert.py --hf-path google/gemma-2b-it -q\nValueError: Missing "
            "parameters: lm_head.weight.": "mlx_lm.convert",
            'File "/x/site-packages/mlx/nn/layers/base.py", line 9, in load_weights\n    raise '
            "ValueError(\nValueError: Missing 2 parameters: \nmodel.norm.weight,\na.b.": (
                "model.norm.weight"
            ),
            "ValueError: Missing parameters: user_id.": "",
            "ValueError: Received 52 parameters not in model: model.layers.20.self_attn.k_norm."
            "weight, model.layers.20.self_attn.q_norm.weight": "older model",
            "mlx_lm 0.31.3: `ValueError: Received 126 parameters not in model: "
            "language_model.model.*`": "mlx-lm>=0.32.2",
            "ValueError: Received parameters not in model: "
            "language_model.model.layers.24.self_attn.k_norm.weight": ("share"),
            "ValueError: Received parameters not in model: "
            "model.layers.20.pre_feedforward_layernorm.weight": "older model",
            "[02:20:30.958] ValueError: Received 2 parameters not in model: \n"
            "language_model.model.per_layer_model_projection.scales.": "quantized layers",
            "mlx_vlm/utils.py\nValueError: Received 605 parameters not in model: a.b": "mlx-vlm",
        },
    ),
    General(
        "mlx-knows-no-such-model",
        r"Model type (?P<name>\w{2,40}) not supported\b(?! for GGUF)\.?|No module named "
        r"'mlx_(?P<package>lm|vlm)"
        r"\.models\.(?P<module>\w{2,40})'",
        _no_such_model,
        {
            "ValueError: Model type gemma4 not supported. Error: No module named "
            "'mlx_vlm.models.gemma4'": "mlx-vlm",
            "ModuleNotFoundError: No module named 'mlx_lm.models.gemma3n'": "mlx-lm>=0.25.3",
            "ModuleNotFoundError: No module named 'mlx_lm.models.paligemma'": "mlx_vlm.models",
            "ValueError: Model type gemma3n not supported.": "pip install -U mlx-lm mlx-vlm",
            'Traceback (most recent call last):\n  File "/x/site-packages/auto_gptq/auto.py", line '
            "9, in f\n    raise ValueError(x)\nValueError: Model type gemma3 not supported.": "",
        },
        alone=True,
    ),
    General(
        "mlx-writes-no-such-gguf",
        r"Model type (?P<name>\w{2,40}) not supported for GGUF conversion|"
        r"Conversion of quantized models is not yet supported|"
        r"\[save_gguf\] can only serialize row-major arrays",
        lambda case: Answer(
            (
                f"mlx_lm.fuse --export-gguf does not write a GGUF of {case.match['name']}"
                if case.match["name"]
                else "mlx_lm.fuse --export-gguf cannot write this model as a GGUF"
            ),
            (
                "mlx_lm.fuse --model BASE --adapter-path adapters --save-path fused --dequantize   "
                "(older: --de-quantize)",
                "and llama.cpp/convert_hf_to_gguf.py fused",
            ),
            why="its own export knows llama, mistral and mixtral only, and no quantized weights; "
            "a fused folder in 16 bits is what llama.cpp's converter reads",
            known="the check is in mlx_lm's fuse.py and gguf.py (read in 0.32.2)",
        ),
        {
            "ValueError: Model type gemma3_text not supported for GGUF conversion.": (
                "convert_hf_to_gguf"
            ),
            "ValueError: [save_gguf] can only serialize row-major arrays": "--dequantize",
            "NotImplementedError: Conversion of quantized models is not yet supported.": (
                "--dequantize"
            ),
        },
        alone=True,
    ),
    General(
        "mlx-weights-in-a-converter",
        r"SAFETENSORS_DATA_TYPES\[info\['dtype'\]\]|KeyError: 'U32'|"
        r"Unrecognized tensor name: '[\w.]{1,120}\.(?:scales|biases)'",
        lambda case: None if case.is_of_the_script else _PACKED_BY_MLX,
        {
            "ValueError: Unrecognized tensor name: 'lm_head.scales'": "--dequantize",
            "    data_type = SAFETENSORS_DATA_TYPES[info['dtype']]\nKeyError: 'U32'": "MLX",
            'Traceback (most recent call last):\n  File "read.py", line 8, in <module>\n    '
            "DTYPES[name]\nKeyError: 'U32'": "",
        },
        alone=True,
    ),
)
