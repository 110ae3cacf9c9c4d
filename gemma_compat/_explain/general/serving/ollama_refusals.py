"""What Ollama refuses: a template, room on the card, a model that is newer than it."""

from __future__ import annotations

from ..base import General, always

KINDS: tuple[General, ...] = (
    General(
        "ollama-template-syntax",
        r"Error: template: :\d+: |(?:Error|error)[^\n]{0,40}template error: template: ",
        always(
            "Ollama cannot parse the TEMPLATE of the Modelfile as a Go template",
            "ollama show --modelfile gemma3   and use its TEMPLATE",
            "each {{ closed by }}, and the whole between three quotes",
            why="Ollama's templates are Go's, with {{ .Prompt }}; a Jinja chat template (and '{' "
            "alone) is none",
            known="Ollama says so",
        ),
        {'Error: template: :1: unexpected "}" in operand': "ollama show"},
        alone=True,
    ),
    General(
        "ollama-has-no-room",
        r"model requires more system memory|requires more (?:system )?memory \(",
        always(
            "Ollama does not load the model: weights and context are larger than the free memory",
            "a smaller quantization (q4_k_m), or PARAMETER num_ctx 4096 in the Modelfile",
            "OLLAMA_KV_CACHE_TYPE=q8_0 with OLLAMA_FLASH_ATTENTION=1   halves the cache",
            why="the context's keys and values are reserved when the model is loaded",
            known="Ollama has both sizes in its message",
        ),
        {
            "Error: model requires more system memory (12.0 GiB) than is available (7.1 GiB)": (
                "num_ctx 4096"
            )
        },
        alone=True,
    ),
    General(
        "ollama-too-old-for-the-model",
        r"not supported by your version of Ollama|requires a newer version of Ollama",
        always(
            "this Ollama is older than the model",
            "curl -fsSL https://ollama.com/install.sh | sh   (or the installer of ollama.com)",
            "then ollama pull MODEL, or ollama create NAME -f Modelfile, again",
            known="Ollama says so",
        ),
        {
            "Error: this model is not supported by your version of Ollama. You may need to "
            "upgrade": "install.sh"
        },
        alone=True,
    ),
)
