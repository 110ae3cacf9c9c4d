"""Which ``model_type`` names are Gemma's, and which of them this release knows."""

from __future__ import annotations

from ..values import Value

# As transformers spells them; with each, the release that brought it.
KNOWN_MODEL_TYPES: dict[str, str] = {
    "gemma": "4.38.0",
    "gemma2": "4.42.0",
    "paligemma": "4.41.0",
    "gemma3": "4.50.0",
    "gemma3_text": "4.50.0",
    "shieldgemma2": "4.50.0",
    "gemma3n": "4.53.0",
    "gemma3n_text": "4.53.0",
    "gemma4": "5.5.0",
    "gemma4_text": "5.5.0",
    "recurrent_gemma": "4.40.0",
    "t5gemma": "4.53.0",
    "vaultgemma": "4.57.0",
    "t5gemma2": "5.0.0",
    "gemma4_assistant": "5.8.0",
    "gemma4_unified": "5.10.0",
    "gemma4_unified_assistant": "5.10.0",
    "gemma4_unified_text": "5.10.0",
    "diffusion_gemma": "5.11.0",
    "diffusion_gemma_text": "5.11.0",
    "embedding_gemma2": "5.19.0",
    "embedding_gemma2_text": "5.19.0",
}
FIRST_RELEASES = KNOWN_MODEL_TYPES

# Model types that transformers gives to a part of a Gemma, a tower or an encoder, and the whole.
PARTS: dict[str, str] = {
    "gemma3n_audio": "gemma3n",
    "gemma3n_vision": "gemma3n",
    "gemma4_audio": "gemma4",
    "gemma4_vision": "gemma4",
    "gemma4_unified_audio": "gemma4_unified",
    "gemma4_unified_vision": "gemma4_unified",
    "t5_gemma_module": "t5gemma",
    "t5gemma2_decoder": "t5gemma2",
    "t5gemma2_encoder": "t5gemma2",
    "t5gemma2_text": "t5gemma2",
}


def is_gemma(model_type: str) -> bool:
    """Return whether this ``model_type`` belongs to the family, known to this release or newer."""
    return "gemma" in model_type.lower()


def is_known(model_type: str) -> bool:
    """Return whether this release has rules written with this ``model_type`` in mind."""
    return model_type in KNOWN_MODEL_TYPES


class TurnMarks(Value):
    """The tokens around a turn in a chat template."""

    start: str
    end: str


def turn_marks(model_type: str) -> TurnMarks | None:
    """Return the marks of this family's chat templates, or ``None`` without a template."""
    if model_type.startswith("gemma4"):
        return TurnMarks("<|turn>", "<turn|>")
    if model_type.startswith("gemma"):
        return TurnMarks("<start_of_turn>", "<end_of_turn>")
    return None
