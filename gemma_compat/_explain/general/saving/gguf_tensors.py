"""Tensors of a folder that llama.cpp's converter has no place for."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General
from .gguf import MERGE


def _quantized_by_mlx(name: str) -> Answer:
    return Answer(
        "the folder holds weights that MLX quantized, which the converter cannot read",
        (
            "mlx_lm.fuse --model BASE --adapter-path adapters --save-path fused --dequantize",
            "or fuse with the 16-bit base, and convert that folder",
        ),
        why=f"{name} is what MLX writes beside its packed weights",
        known="the message names the tensor",
    )


_HEAD = Answer(
    "the folder holds lm_head.weight beside the embeddings, and the converter has no "
    "place for it: a Gemma's head is its embeddings",
    (
        "leave lm_head.weight out of the files and out of model.safetensors.index.json, "
        "if it equals embed_tokens",
        "or merge again with a newer release of what wrote the folder (mlx_lm.fuse, PEFT), "
        "which writes tied weights once",
        "or git pull in llama.cpp, whose newer converter may leave it out itself",
    ),
    why="a head that was trained apart from the embeddings has no place in that "
    "architecture at all",
    known="the message names the tensor",
    certain=False,
    settles=False,
    of_gemma=True,
)
_MERGES = (
    "PeftModel.from_pretrained(BASE_IN_16_BITS, 'ADAPTER').merge_and_unload()   then "
    "save_pretrained(FOLDER)",
    f"Unsloth: {MERGE}",
)
_IN_8_BITS = (".SCB", ".weight_format")
_SCALED = (".weight_scale_inv", ".weight_scale", ".input_scale", ".weight_packed")
_PACKED = ("._scale", "._data", "._shift", ".qweight", ".qzeros", ".g_idx")
_WRAPPED = re.compile(
    r"(?:^|\.)(module|_orig_mod(?:ule)?|_fsdp_wrapped_module|_checkpoint_wrapped_module)\."
)
_BARE = re.compile(r"(?:embed_tokens|layers\.\d+|norm)\.")
_TOWER = re.compile(r"(?:^|[._])(?:vision|visual|vit|audio|mm_projector|multi_modal|image_newline)")


def _quantized(name: str) -> Answer | None:
    bits = "8" if name.endswith(_IN_8_BITS) else "4"
    marks = ("absmax", "quant_map", "quant_state", "nested_")
    if bits == "8" or any(part in name for part in marks):
        return Answer(
            f"the folder holds weights in {bits} bits (bitsandbytes), which the converter cannot "
            "read",
            _MERGES,
            why=f"{name} is bitsandbytes' own: merging into a base in {bits} bits leaves weights "
            f"in {bits} bits",
            known="the message names the tensor",
        )
    if name.endswith((".scales", ".biases")):
        return _quantized_by_mlx(name)
    if name.endswith((*_SCALED, *_PACKED)):
        return Answer(
            "the folder holds quantized weights, which this converter does not read",
            (
                "a folder with 16-bit weights: the checkpoint that was quantized",
                "or git pull in llama.cpp: newer converters unpack FP8, GPTQ and "
                "compressed-tensors, where config.json has quantization_config",
            ),
            why=f"{name} is what a quantizer (FP8, GPTQ, AWQ, quanto) writes beside its weights",
            known="the message names the tensor",
        )
    return None


def _saved_otherwise(name: str) -> Answer | None:
    """Return the answer for a name that no published checkpoint has."""
    wrapped = _WRAPPED.search(name)
    if "lora_" in name or "base_model." in name:
        return Answer(
            "the folder holds an adapter, or a model that still has it, and not a merged model",
            _MERGES,
            known="the message names a tensor of an adapter",
        )
    if wrapped:
        return Answer(
            f"the model was saved inside a wrapper, whose name {wrapped[1]} is in the tensors' "
            "names",
            (
                "accelerator.unwrap_model(model).save_pretrained(FOLDER)   (a plain script: "
                "model.module, or model._orig_mod of torch.compile)",
                f"or rename the tensors in the files: leave out {wrapped[1]}.",
            ),
            known="the message names the tensor",
        )
    if _BARE.match(name):
        return Answer(
            f"the tensors' names begin without model. ({name}): the inner model was saved, or one "
            "without its head",
            (
                "AutoModelForCausalLM in place of AutoModel, and save_pretrained of the whole, not "
                "of model.model",
                "or git pull in llama.cpp, whose newer converters read some such names",
            ),
            known="the message names the tensor; how it was saved, it does not say",
            certain=False,
            settles=False,
        )
    return None


def _no_mapping(case: Case) -> Answer:
    name = case.match["name"]
    known = _quantized(name) or _saved_otherwise(name)
    if known is not None:
        return known
    if name.rpartition("model.")[2] == "lm_head.weight" and not case.log.is_other:
        return _HEAD
    if _TOWER.search(name):
        return Answer(
            f"{name} is of the part for images or sound, for which this converter has no place in "
            "the text model's file",
            (
                "git pull in llama.cpp: it leaves that part out, or writes it by --mmproj, where "
                "it knows the architecture",
                "or convert the language model alone, where it was saved apart",
            ),
            known="the message names the tensor; whether a newer one knows it, it does not say",
            certain=False,
            settles=False,
        )
    return Answer(
        f"the converter has no place for {name} in this architecture",
        (
            "is that name in the base checkpoint's model.safetensors.index.json (or its file "
            "list on the hub)? Then the converter is older than the model: git pull in llama.cpp",
            "if not, what saved the folder named it otherwise: merge or save again, with the base "
            "checkpoint's config.json",
        ),
        known="the message names the tensor; which of the two, it does not say",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "tensor-without-a-place-in-gguf",
        r"Can ?not map tensor '(?P<name>[\w.]{1,160})'",
        _no_mapping,
        {
            "ValueError: Can not map tensor 'model.layers.0.mlp.down_proj.weight.absmax'": "4 bits",
            "ValueError: Can not map tensor 'lm_head.weight._scale'": "quantized",
            "ValueError: Can not map tensor 'lm_head.weight'": "index.json",
            "ValueError: Can not map tensor 'model.layers.0.mlp.up_proj.scales'": "--dequantize",
            "ValueError: Can not map tensor 'base_model.model.model.a.lora_A.weight'": "adapter",
            "ValueError: Can not map tensor 'model.vision_tower.a.weight'": "--mmproj",
            "ValueError: Can not map tensor 'model.layers.0.mlp.down_proj.SCB'": "8 bits",
            "ValueError: Can not map tensor 'model.layers.0.mlp.down_proj.weight_scale_inv'": "FP8",
            "ValueError: Can not map tensor 'model.layers.0.mlp.down_proj.g_idx'": "GPTQ",
            "ValueError: Can not map tensor 'layers.0.input_layernorm.weight'": "without model.",
            "ValueError: Can not map tensor '_orig_mod.model.norm.weight'": "wrapper",
            "ValueError: Can not map tensor 'model.layers.3.self_attn.sinks'": "index.json",
        },
        alone=True,
    ),
    General(
        "gguf-cut-short",
        r"cannot reshape array of size \d+ into shape",
        lambda case: (
            Answer(
                "the GGUF ends before its tensors do: it is cut off",
                (
                    "ls -l FILE.gguf   beside the size that its page shows; then download or "
                    "convert it again, with room on the disk",
                ),
                why="the header lists every tensor with its size, and the file has less",
                known="the frames are of the reader of GGUF; the message has both sizes",
                certain=False,
            )
            if "gguf_reader" in case.frames
            else None
        ),
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/gguf/gguf_reader.py", '
            "line 367, in _build_tensors\n    data = f(a).reshape(b)\nValueError: cannot reshape "
            "array of size 4952 into shape (64,512)": "cut off",
            "ValueError: cannot reshape array of size 4952 into shape (64,512)": "",
        },
    ),
)
