"""``python -m benchmarks.real.convert FILE.gguf FOLDER``: GGUF to safetensors for any release.

Needs a transformers that reads GGUF with ``dequantize`` (5.24.0), and the package gguf.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file


def main(source: Path, folder: Path) -> None:
    """Write ``model.safetensors``, ``config.json`` and the tokenizer's files."""
    transformers.logging.set_verbosity_error()
    options = {"gguf_file": source.name}
    model = transformers.AutoModelForCausalLM.from_pretrained(
        source.parent,
        dtype=torch.float32,
        quantization_config=transformers.GgufConfig(dequantize=True),
        **options,
    )
    tokenizer = transformers.AutoTokenizer.from_pretrained(source.parent, **options)
    folder.mkdir()
    tokenizer.save_pretrained(folder)
    # The head is the embeddings' matrix: written once, as Google's own file has it.
    weights = {k: v.contiguous() for k, v in model.state_dict().items() if k != "lm_head.weight"}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    config = _config(model.config.to_dict())
    (folder / "config.json").write_text(json.dumps(config, indent=1, default=str) + "\n")


def _config(config: dict[str, object]) -> dict[str, object]:
    """Return the config with what releases before 5 read under other names."""
    config.pop("quantization_config", None)
    config["architectures"] = ["Gemma3ForCausalLM"]
    config["torch_dtype"] = "float32"
    rope = config.get("rope_parameters")
    if isinstance(rope, dict):
        config["rope_theta"] = rope["full_attention"]["rope_theta"]
        config["rope_local_base_freq"] = rope["sliding_attention"]["rope_theta"]
    config["sliding_window_pattern"] = 6
    return config


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
