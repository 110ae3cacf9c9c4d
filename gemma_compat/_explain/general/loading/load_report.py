"""The table that transformers 5 prints of weights that did not fit: its LOAD REPORT."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .saved_sizes import size_mismatch

_ROW = re.compile(
    r"(?P<key>[\w.{},*]{1,200})\s*\|\s*MISMATCH\s*\|\s*Reinit due to size mismatch\s*-\s*ckpt:\s*"
    r"torch\.Size\(\[(?P<saved>[\d, ]*)\]\)\s*vs\s*model:\s*torch\.Size\(\[(?P<here>[\d, ]*)\]\)"
)
_HEAD = re.compile(r"(?:^|\.)(?:score|classifier|classification_head|qa_outputs)\.")


def _refused(case: Case) -> Answer:
    """Answer the error behind the table by the table's first row of another shape."""
    row = _ROW.search(f"{case.above}\n{case.hit.before}")
    if row is None:
        return Answer(
            "a weight has another shape in the file than in the model; the table above the error "
            "(LOAD REPORT) names it",
            ("look at the rows with MISMATCH: they state both shapes",),
            known="transformers says so; no row with MISMATCH was found above it",
            settles=False,
        )
    if _HEAD.search(row["key"]):
        return Answer(
            f"the head for classes has shape [{row['saved']}] in the file and [{row['here']}] in "
            "the model: another number of labels",
            ("from_pretrained(..., num_labels=N)   with the number it was trained with", _ANEW),
            why="num_labels was changed, or the file is of another task",
            known="both shapes are in the table above the error",
        )
    if re.search(r"embed_tokens|lm_head", row["key"]):
        saved, here = (row[side].partition(",")[0] for side in ("saved", "here"))
        return Answer(
            f"the embeddings have {saved} rows in the file and {here} in the model",
            (
                "load with the config.json that was saved beside the file, vocab_size unchanged",
                f"then model.resize_token_embeddings({here}), where {here} rows are wanted",
            ),
            why="from_pretrained makes the model by its config, and the config's vocab_size is not "
            "that of the file: a config that was changed, or files of two models in one folder",
            known="both shapes are in the table above the error",
        )
    return size_mismatch(case.replace(hit=case.hit.replace(match=row, text=row[0])))


_ANEW = "or ignore_mismatched_sizes=True, where a new head is to be trained"


def _made_anew(case: Case) -> Answer | None:
    """Answer a row without an error: the weight was ignored, and is random."""
    row = _ROW.search(case.hit.text)
    if row is None or "thus raising an error" in case.hit.after:
        return None
    is_head = _HEAD.search(row["key"]) is not None
    return Answer(
        f"{row['key']} has shape [{row['saved']}] in the file and [{row['here']}] in the model: "
        "it was made anew, with random values",
        ("train it before the model is used",)
        if is_head
        else ("load with the config.json and the tokenizer that were saved beside the file",),
        why="ignore_mismatched_sizes=True loads what fits and leaves the rest as initialised",
        known="transformers lists it in its table (LOAD REPORT)",
        settles=not is_head,
    )


def _layers_missing(case: Case) -> Answer:
    key = case.match["key"]
    by_class = (
        "load with the class that config.json names under architectures, or an AutoModel class",
        "print(from_pretrained(..., output_loading_info=True)[1])   lists every name on both sides",
    )
    nested = re.search(r"language_model\.[^|\n]{1,100}\|\s*UNEXPECTED", case.near)
    return Answer(
        f"weights of layers were not in the checkpoint and are random ({key} is one of them)",
        ("AutoModelForImageTextToText or AutoModelForCausalLM, in place of the text class",)
        + by_class[1:]
        if nested
        else by_class,
        why="the file has them under language_model, where the class that was loaded does not look"
        if nested
        else "the names in the file are not those that the class asks for: another class, another "
        "release's layout, or a folder that holds an adapter only",
        known="transformers lists them as MISSING in its table (LOAD REPORT)",
    )


_OTHERS_MISSING = re.compile(
    r"\.layers\.(?![^|\n]{0,40}self_attn\.[kv]_(?:proj|norm)\b)[^|\n]{1,100}\|[^|\n]{0,12}MISSING"
)


def _shared_missing(case: Case) -> Answer | None:
    kind = str(case.facts.model.get("model_type", ""))
    if not kind.startswith("gemma4") or _OTHERS_MISSING.search(case.near):
        return None
    layers = case.facts.model.get("num_hidden_layers")
    shared = case.facts.model.get("num_kv_shared_layers")
    first = layers - shared if isinstance(layers, int) and isinstance(shared, int) else None
    found = re.search(r"layers\.\{?(\d{1,3})", case.hit.text)
    if first is not None and found and int(found[1]) < first:
        return None  # a layer that shares nothing: its weights were not loaded
    which = f"from {first} on" if first is not None else "the last of a Gemma 4 E2B or E4B"
    return Answer(
        f"layers that share keys and values ({which}) have no k_proj, v_proj and norms: their "
        "names may stand as MISSING and nothing is lost",
        (
            "AutoModelForImageTextToText.from_pretrained(FOLDER, output_loading_info=True)[1]"
            "['missing_keys']   : names of other layers there would be a real loss",
            "pip install -U unsloth unsloth_zoo transformers   where the class in hand still makes "
            "these weights",
        ),
        why="num_kv_shared_layers in the config says how many of the last layers take the keys "
        "and values of an earlier one; checkpoints of transformers 5.5 and newer leave theirs out",
        known="read in transformers 5.23.0, models/gemma4; that no other name is missing, the "
        "report itself has to show",
        certain=False,
        settles=False,
        of_gemma=True,
    )


def _no_place_for_a_weight(case: Case) -> Answer:
    key = case.match["key"]
    quantized = re.search(
        r"(?:quant_|absmax|\bSCB$|W_q|qweight|qzeros|g_idx|(?:weight|input|k|v)_scale|"
        r"scales?$|zero(?:_point)?s?$)",
        key.rpartition(".")[2],
    )
    if quantized is None:
        return Answer(
            f"the checkpoint has {key}, and the model has no place for that",
            (
                "the class that config.json names, and the release of transformers that saved "
                "the checkpoint",
                "pip install -U transformers",
            ),
            why="transformers looks each name of the file up in the model",
            known="the message has the name",
            settles=False,
        )
    return Answer(
        f"{key} is of quantized weights, and the layer of that name in the model is not quantized "
        "that way",
        (
            "pip install -U transformers, and the quantizer's package with it (bitsandbytes, hqq, "
            "optimum-quanto, compressed-tensors)",
            "a quantization_config in config.json that covers this layer; none beside it in "
            "from_pretrained",
            "or load the checkpoint in 16 bits, and quantize anew",
        ),
        why="transformers swaps layers for quantized ones by that config before it reads the file. "
        "A layer that it leaves plain has no place for scales",
        known="the message has the name; why the layer was left plain, it does not say",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "load-report-raises",
        r"ignore_mismatched_sizes`? to `?False`?, thus raising an error",
        _refused,
        {
            "model.embed_tokens.weight | MISMATCH | Reinit due to size mismatch - ckpt: "
            "torch.Size([512, 64]) vs model:torch.Size([520, 64])\n"
            "RuntimeError: You set `ignore_mismatched_sizes` to `False`, thus raising an error. "
            "For details look at the above report!": "512 rows in the file and 520",
            "score.weight | MISMATCH | Reinit due to size mismatch - ckpt: torch.Size([2, 64]) vs "
            "model:torch.Size([3, 64])\n"
            "RuntimeError: You set `ignore_mismatched_sizes` to `False`, thus raising an error. "
            "For details look at the above report!": "another number of labels",
            "RuntimeError: You set `ignore_mismatched_sizes` to `False`, thus raising an error. "
            "For details look at the above report!": "no row with MISMATCH",
        },
    ),
    General(
        "load-report-conversion",
        r"some issues during automatic conversion of the weights",
        always(
            "transformers could not bring the file's weights into the layout of this release",
            "look at the rows with CONVERSION in the table above: each has its own error",
            "or the release of transformers that wrote the file",
            why="transformers 5 fuses and renames weights as it loads (experts, quantized pieces): "
            "a file that lacks one of the parts, or has them in other shapes, cannot be converted",
            known="transformers says so; which weight it is, the table says",
            settles=False,
        ),
        {
            "RuntimeError: We encountered some issues during automatic conversion of the weights. "
            "For details look at the `CONVERSION` entries of the above report!": "CONVERSION"
        },
    ),
    General(
        "load-report-made-anew",
        r"Reinit due to size mismatch",
        _made_anew,
        {
            "model.embed_tokens.weight | MISMATCH | Reinit due to size mismatch - ckpt: "
            "torch.Size([512, 64]) vs model:torch.Size([520, 64])\n"
            "- MISMATCH: ckpt weights were loaded, but they did not match": "random values",
            "model.embed_tokens.weight | MISMATCH | Reinit due to size mismatch - ckpt: "
            "torch.Size([512, 64]) vs model:torch.Size([520, 64])\n"
            "RuntimeError: You set `ignore_mismatched_sizes` to `False`, thus raising an error. "
            "For details look at the above report!": "",
        },
        alone=True,
    ),
    General(
        "shared-layers-named-as-missing",
        r"self_attn\.[kv]_(?:proj|norm)(?:\.weight)?\s{0,9}\|[^|\n]{0,12}MISSING",
        _shared_missing,
        {
            "Gemma4ForConditionalGeneration LOAD REPORT from: google/gemma-4-E2B-it\n"
            "model.language_model.layers.{15...34}.self_attn.k_proj.weight | MISSING |": (
                "nothing is lost"
            ),
            "Gemma4ForConditionalGeneration LOAD REPORT from: google/gemma-4-E2B-it\n"
            "model.language_model.layers.{0...14}.self_attn.k_proj.weight | MISSING |": "",
            "google/gemma-4-E2B-it\nmodel.layers.15.mlp.up_proj.weight | MISSING |\n"
            "model.layers.15.self_attn.k_proj.weight | MISSING |": "",
            "Gemma3ForCausalLM\nmodel.layers.15.self_attn.k_proj.weight | MISSING |": "",
        },
        alone=True,
    ),
    General(
        "load-report-random-layers",
        r"(?P<key>[\w.]{0,80}\.layers\.(?:\{[^}|\n]{1,40}\}|\d+)\.(?![^|\n]{0,120}lora_)"
        r"[^|\n]{0,100}?[\w}])\s*\|[^|\n]{0,12}MISSING",
        _layers_missing,
        {
            "Gemma3ForCausalLM LOAD REPORT from: google/gemma-3-4b-it\n"
            "language_model.model.layers.{0...33}.mlp.up_proj.weight | UNEXPECTED |\n"
            "model.layers.{0...33}.mlp.up_proj.weight | MISSING    |": "in place of the text class",
            "model.layers.{0, 1}.mlp.up_proj.weight     | MISSING    |": "are random",
            "score.weight | MISSING    |": "",
            "model.layers.0.self_attn.q_proj.lora_A.weight | MISSING    |": "",
        },
        alone=True,
    ),
    General(
        "weight-for-another-layer",
        r"`(?P<key>[\w.]{3,200})` is neither a parameter,? (?:nor a )?buffer",
        _no_place_for_a_weight,
        {
            "AttributeError: `model.layers.46.self_attn.o_proj.quant_scale` is neither a parameter "
            "nor a buffer.": "is of quantized weights",
            "AttributeError: `model.layers.0.mlp.down_proj.weight.absmax` is neither a parameter, "
            "buffer, nor extra state.": "is of quantized weights",
            "AttributeError: `model.foo.bar` is neither a parameter, buffer, nor extra state.": (
                "no place for"
            ),
        },
    ),
)
