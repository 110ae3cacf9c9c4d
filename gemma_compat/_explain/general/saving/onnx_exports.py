"""ONNX, OpenVINO and transformers.js: a trained Gemma for runtimes other than torch."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

# The first releases that export an architecture, by their tables: read in the wheels of optimum
# 1.17.1 to 1.27.0, optimum-onnx 0.0.1 to 0.1.0 and optimum-intel 2.2.0.
_TO_ONNX = {
    "gemma": "'optimum>=1.18' or optimum-onnx",
    "gemma2": "optimum-onnx",
    "gemma3": "'optimum-onnx>=0.1.0'",
    "gemma3_text": "'optimum-onnx>=0.1.0'",
}
_TO_OPENVINO = {"gemma", "gemma2", "gemma3", "gemma3_text", "gemma3n", "gemma4", "gemma4_unified"}


def _exporter(case: Case) -> Answer:
    name = case.match["name"] or case.match["other"]
    text = f"{case.around}{case.hit.text}{case.hit.before}"
    openvino = "openvino" in text.lower() or "custom export configuration" in text
    model = name.replace("-", "_")
    if openvino:
        known = model in _TO_OPENVINO
        return Answer(
            f"this optimum has no configuration for exporting {name} to OpenVINO",
            ("pip install -U 'optimum-intel[openvino]'",),
            why=f"optimum-intel 2.2.0 has one for {name}"
            if known
            else f"optimum-intel up to 2.2.0 has none for {name}",
            known="optimum says so; its table was read in optimum-intel 2.2.0",
            settles=known,
        )
    first = _TO_ONNX.get(model)
    if first:
        return Answer(
            f"this optimum has no configuration for exporting {name} to ONNX",
            (f"pip install -U {first}   and export again",),
            why="an architecture comes with a release of the exporter: optimum up to 1.27 has "
            "gemma alone, optimum-onnx 0.0.1 has gemma2 too, 0.1.0 has gemma3 and gemma3_text",
            known="optimum says so; the tables were read in the wheels",
        )
    return Answer(
        f"this optimum has no configuration for exporting {name} to ONNX",
        (
            "pip install -U optimum-onnx",
            "or the text model alone, where the checkpoint is multimodal: AutoModelForCausalLM, "
            "save_pretrained, and that folder",
            "or another runtime: GGUF (llama.cpp), OpenVINO (optimum-intel)",
        ),
        why="an architecture comes with a release of the exporter"
        + (f"; optimum-onnx up to 0.1.0 has none for {name}" if "gemma" in model else ""),
        known="optimum says so",
        settles=False,
    )


_IS_NO_ONNX = re.compile(r"(?i)tensorflow|GraphDef|wandb")
_TOO_LARGE = Answer(
    "the model is larger than one ONNX file may be (2 GiB), and its weights have to lie beside it",
    (
        "onnx.save_model(model, 'model.onnx', save_as_external_data=True)",
        "or optimum-cli export onnx, which does so by itself",
    ),
    why="protobuf ends at 2 GiB; external data keeps the weights in model.onnx_data",
    known="the message",
)

KINDS: tuple[General, ...] = (
    General(
        "exporter-without-this-model",
        r"Trying to export an? (?P<name>[\w-]{2,40}) model, that is a custom or unsupported|"
        r"(?P<other>[\w-]{2,40}) is not supported yet with the (?:onnx|openvino) backend",
        _exporter,
        {
            "ValueError: Trying to export a gemma3 model, that is a custom or unsupported "
            "architecture, but no custom onnx configuration was passed": "optimum-onnx>=0.1.0",
            "But I get this error:\n`ValueError: Trying to export a gemma model, that is a custom "
            "or unsupported architecture, but no custom onnx configuration was passed as "
            "`custom_onnx_configs`.": "optimum>=1.18",
            "ValueError: Trying to export a gemma3n model, that is a custom or unsupported "
            "architecture, but no custom export configuration was passed": "optimum-intel",
            "ValueError: Trying to export a qwen3_vl model, that is a custom or unsupported "
            "architecture, but no custom onnx configuration was passed": "another runtime",
        },
        alone=True,
    ),
    General(
        "exporter-without-this-task",
        r"doesn't support task (?P<task>[\w-]{3,60}) for the (?P<backend>onnx|openvino) backend|"
        r"Asked to export an? \S{1,40} model for the task (?P<asked>[\w-]{3,60})",
        lambda case: Answer(
            "the exporter does not export this model for the task "
            f"{case.match['task'] or case.match['asked']}",
            (
                "--task text-generation-with-past   for a Gemma that writes text; "
                "image-text-to-text only where the exporter has it",
                "pip install -U optimum-onnx   (OpenVINO: optimum-intel)",
            ),
            why="each model has its list of tasks, which the message shows",
            known="optimum says so",
            settles=False,
        ),
        {
            "ValueError: gemma3 doesn't support task image-text-to-text for the onnx backend. "
            "Supported tasks are: text-generation.": "text-generation-with-past",
        },
        alone=True,
    ),
    General(
        "operator-without-onnx",
        r"Exporting the operator ['\"](?P<name>[\w:]{3,80})['\"] to ONNX opset version "
        r"(?P<opset>\d{1,3}) is not supported",
        lambda case: Answer(
            f"torch's exporter has no form of {case.match['name']} in ONNX opset "
            f"{case.match['opset']}",
            (
                "--opset 18   (or newer)",
                'attn_implementation="eager"   at loading, where the operator is of attention',
                "pip install -U optimum-onnx   : its patches replace such operators",
            ),
            why="each operator enters ONNX with an opset, and some never do",
            known="torch says so; whether a newer opset has it, the message does not say",
            settles=False,
        ),
        {
            "torch.onnx.errors.UnsupportedOperatorError: Exporting the operator 'aten::__ior_' to "
            "ONNX opset version 14 is not supported.": "--opset",
        },
        alone=True,
    ),
    General(
        "model-that-cannot-be-traced",
        r"Couldn't get TorchScript module by tracing|Tracing failed sanity checks|"
        r"following operation failed in the TorchScript interpreter|"
        r"Failed to export the model with torch\.export|torch\.onnx\.export[^\n]{0,60} failed",
        always(
            "the export follows the model through its code (tracing), and did not come to its end",
            "pip install -U optimum-onnx   (OpenVINO: optimum-intel openvino), and its own export: "
            "newer ones patch the model before they trace it",
            "in a fresh environment: pip then takes a transformers that it allows",
            'attn_implementation="eager"   where the lines below name attention or masks',
            why="masks, caches and towers of newer classes depend on values, which a trace does "
            "not "
            "keep; an exporter has to replace them, release by release",
            known="torch or OpenVINO says so; the lines below it name the operation",
            settles=False,
        ),
        {
            "RuntimeError: Couldn't get TorchScript module by tracing.": "optimum-intel",
            "Exception: Tracing failed sanity checks!": "eager",
        },
        alone=True,
    ),
    General(
        "onnx-above-two-gigabytes",
        r"(?:exceeds|exceeded|larger than|over) (?:the )?maximum protobuf size|"
        r"ModelProto exceeds|model proto (?:exceeds|is too large)|"
        r"This protobuf of onnx model is too large",
        lambda case: None if _IS_NO_ONNX.search(case.hit.text) else _TOO_LARGE,
        {
            "RuntimeError: The serialized model is larger than the 2GiB limit: exceeds maximum "
            "protobuf size of 2GB: 2900000000": "external_data",
            "google.protobuf.message.EncodeError: Message tensorflow.GraphDef exceeds maximum "
            "protobuf size of 2GB: 2435646464": "",
        },
        alone=True,
    ),
)
