"""What LLaMA-Factory checks in its rows and batches."""

from __future__ import annotations

from ..base import General
from ..checks import Check, kind_of

_FRAMES = (
    'Traceback (most recent call last):\n  File "/x/src/llamafactory/a.py", line 9, in f\n'
    "    raise\n"
)

_ROWS: tuple[Check, ...] = (
    Check(
        r"RuntimeError: Expected a string, got (?P<value>[^\n]{1,60})",
        "a turn of a row holds {value} where a text belongs",
        (
            "each content (instruction, input, output) a string: no null, number, list or dict",
            "grep -n null FILE.json   finds empty ones",
        ),
        (_FRAMES + "RuntimeError: Expected a string, got None", "holds None"),
        is_own=False,
    ),
    Check(
        r"Invalid JSON format in (?P<what>tool description|function message): "
        r"(?P<value>[^\n]{0,80}?)\.?$",
        "the {what} of a row cannot be read as JSON: {value}",
        (
            'tools: a text that json.loads reads, "[{...}]"; no tools column (or "") for rows '
            "without any",
            'a function call: {"name": "...", "arguments": {...}} with double quotes',
        ),
        (
            "RuntimeError: Invalid JSON format in tool description: [' '].",
            "no tools column",
        ),
    ),
    Check(
        r"Invalid role tag in |Only accepts conversation in u/a/u/a/u/a order",
        "the roles of a row do not alternate as LLaMA-Factory expects",
        (
            "human (or observation) first, then gpt (or function), by turns; system before them",
            "tags in dataset_info.json: role_tag, content_tag, user_tag, assistant_tag as the rows "
            "have them",
        ),
        (_FRAMES + "ValueError: Invalid role tag in [{'from': 'gpt'}].", "role_tag"),
    ),
    Check(
        r"Allowed file types: |File extension must be txt, csv, json or jsonl",
        "the data set's file has an ending that LLaMA-Factory does not read",
        ("file_name: one that ends in .json, .jsonl, .csv, .txt, .parquet or .arrow",),
        (_FRAMES + "ValueError: Allowed file types: arrow,csv,json,jsonl,parquet,txt.", ".jsonl"),
        is_own=False,
    ),
    Check(
        r"File types should be identical|file types are not identical",
        "the folder that file_name names holds files of several endings",
        ("a folder with one kind alone (a README or a checksum counts too), or one entry a file",),
        (_FRAMES + "ValueError: File types should be identical.", "one kind alone"),
        is_own=False,
    ),
    Check(
        r"The length of packed example should be identical to the cutoff length",
        "packing made a block of another length than cutoff_len",
        (
            "rm -r the tokenized copy (tokenized_path) and overwrite_cache: true, where cutoff_len "
            "or the template changed",
            "or packing: false",
        ),
        (
            "ValueError: The length of packed example should be identical to the cutoff length.",
            "packing: false",
        ),
    ),
    Check(
        r"considering decrease `export_quantization_maxlen`",
        "a hundred rows of export_quantization_dataset were drawn, and none is longer than "
        "export_quantization_maxlen tokens",
        (
            "export_quantization_maxlen: 256   or less than most of its rows have",
            'or a file of longer texts under "text", as data/c4_demo.jsonl is',
        ),
        (
            "ValueError: Cannot find satisfying example, considering decrease "
            "`export_quantization_maxlen`.",
            "export_quantization_maxlen: 256",
        ),
    ),
    Check(
        r"Expect input is a list of (?:[Ii]mages|audios), but got (?P<value>[^\n]{1,60})",
        "a row's list of files holds something else: {value}",
        (
            "images (videos, audios): a list of paths, or of objects with path or bytes; no null "
            "in it",
        ),
        (
            "ValueError: Expect input is a list of images, but got <class 'NoneType'>.",
            "list of paths",
        ),
    ),
    Check(
        r"requires 3D position ids for mrope",
        "the batch has no position ids in three dimensions: packing, or get_rope_index of the "
        "model was not found where this LLaMA-Factory looks",
        (
            "pip install -U llamafactory transformers   to releases of the same time",
            "template: qwen2_vl, qwen3_vl   (the multimodal one), and no packing",
        ),
        (
            "ValueError: Qwen2-VL/Qwen2.5-Omni model requires 3D position ids for mrope.",
            "no packing",
        ),
        certain=False,
    ),
    Check(
        r"Logits \(batchsize x seqlen\) and labels must have the same shape",
        "the model's logits have another length than the labels: most likely it put an image's "
        "tokens in by itself",
        (
            "pip install -U llamafactory   (newer ones put the image's tokens into the text first)",
            "the multimodal template of the model (template: llava, paligemma, gemma3)",
        ),
        (
            "ValueError: Logits (batchsize x seqlen) and labels must have the same shape.",
            "multimodal template",
        ),
        certain=False,
    ),
    Check(
        r"weight conversion reversal is not supported for this model architecture",
        "transformers 5 renamed this model's weights at loading, and cannot give them their old "
        "names for the export",
        (
            "pip install 'transformers<5'   for the export, in another environment",
            "or serve base and adapter apart: adapter_name_or_path beside model_name_or_path",
        ),
        (
            "RuntimeError: Failed to export model: weight conversion reversal is not supported "
            "for this model architecture.",
            "adapter_name_or_path",
        ),
    ),
)

KINDS: tuple[General, ...] = (
    kind_of(
        "row-refused-by-llamafactory",
        r"[/\\](?:llamafactory|llmtuner)[/\\]",
        "LLaMA-Factory says so; read in its source, 0.2.2 to 0.9.5",
        _ROWS,
    ),
)
