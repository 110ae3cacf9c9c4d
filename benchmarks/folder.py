"""A model folder as large as a real one: a tokenizer of 262,144 entries, and headers of weights.

The shape is that of Gemma 3 270M. The weights are a hole in a file, so that it takes no disk.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

ENTRIES, ADDED, LAYERS = 262_144, 6_400, 18
_CONFIG = {
    "architectures": ["Gemma3ForCausalLM"],
    "model_type": "gemma3_text",
    "hidden_size": 640,
    "intermediate_size": 2048,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "num_key_value_heads": 1,
    "head_dim": 256,
    "vocab_size": ENTRIES,
    "sliding_window": 512,
    "torch_dtype": "bfloat16",
    "use_cache": True,
    "transformers_version": "4.55.0.dev0",
}
_BOS = {
    "type": "TemplateProcessing",
    "single": [
        {"SpecialToken": {"id": "<bos>", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
    ],
}


def make(folder: Path) -> Path:
    """Write the folder and return it."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(_CONFIG))
    dice = random.Random(0)
    words = ["".join(chr(dice.randrange(0x61, 0x3000)) for _ in range(5)) for _ in range(ENTRIES)]
    added = [
        {"id": number, "content": f"<unused{number}>", "special": True} for number in range(ADDED)
    ]
    tokenizer = {
        "version": "1.0",
        "added_tokens": added,
        "post_processor": _BOS,
        "model": {
            "vocab": {f"{word}{n}": n for n, word in enumerate(words)},
            "merges": [[word[:2], word[2:]] for word in words],
        },
    }
    (folder / "tokenizer.json").write_text(
        json.dumps(tokenizer, indent=2, ensure_ascii=False), encoding="utf-8"
    )
    stated = {
        "added_tokens_decoder": {str(item["id"]): item for item in added},
        "bos_token": "<bos>",
        "eos_token": "<eos>",
        "tokenizer_class": "GemmaTokenizer",
        "chat_template": "{{ bos_token }}{% for m in messages %}<start_of_turn>{% endfor %}",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(stated, indent=2))
    _write_weights(folder / "model.safetensors")
    return folder


def _write_weights(path: Path) -> None:
    parts = (
        *("input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
        *("self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"),
    )
    names = [f"model.layers.{layer}.{part}.weight" for layer in range(LAYERS) for part in parts]
    size = 1 << 20
    header = {
        name: {"dtype": "BF16", "shape": [size // 2], "data_offsets": [n * size, (n + 1) * size]}
        for n, name in enumerate(["model.embed_tokens.weight", *names])
    }
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + len(header) * size)


if __name__ == "__main__":  # in a process that ends: a child's peak memory begins with its parent's
    make(Path(sys.argv[1]))
