"""What frameworks refuse of Gemma's own parts, by the sentence that they print.

Embeddings per layer, shared keys and values, heads of 256 and 512, towers, a tied head. Each row
was read in the source of the release that its answer names; none was run.
"""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .calls import CALLS
from .configs import CONFIGS
from .details import DETAILS
from .engines import ENGINES
from .inputs import INPUTS
from .parallel import AUTOMODEL, BRIDGE, PARALLEL, Part
from .served import SERVED

_TRANSFORMERS = "the message; the check was read in transformers 5.23.0"
_VLLM = "the message; the check was read in vllm 0.33.0"


def _tied_skipped(case: Case) -> Answer:
    skipped, wanted = case.match["skipped"], case.match["wanted"]
    return Answer(
        f"vLLM takes {skipped} from {wanted}, and {wanted} did not come with the weights",
        (
            f"save or send {wanted} too: the whole model, not the changed or trainable weights "
            "alone",
            "or from a merged folder: does model.safetensors.index.json name it?",
        ),
        why="with a tied head one matrix serves both, and vLLM loads it by the embedding's name "
        "only",
        known=_VLLM,
    )


_ATTENTION: tuple[Part, ...] = (
    Part(
        r"attn_impl='magi' supports head_dim <= 128",
        always(
            "MagiAttention has no kernel for heads as wide as Gemma's",
            "attn: sdpa   in place of magi, in the recipe's backend",
            why="it takes heads up to 128 wide; those of Gemma are 256, and 512 in the layers of "
            "Gemma 4 with full attention",
            known=AUTOMODEL,
        ),
        (
            "ValueError: attn_impl='magi' supports head_dim <= 128, got 256 (e.g. Gemma3 / Qwen3.5 "
            "full-attention layers use 256).",
            "sdpa",
        ),
    ),
    Part(
        r"KV cache not supported for the Gemma4 MoE backend",
        always(
            "Automodel's own Gemma 4 with experts trains only: it keeps no cache to generate with",
            "use_cache=False in the run",
            "to generate, load the saved checkpoint with transformers or vLLM",
            known=AUTOMODEL,
        ),
        (
            "NotImplementedError: KV cache not supported for the Gemma4 MoE backend.",
            "use_cache=False",
        ),
    ),
    Part(
        r"layer types producing a cache is different than the set of layer types using them",
        always(
            "the config shares keys and values of a kind of layer that no earlier layer computes",
            "num_kv_shared_layers and layer_types as in the published config; a model of fewer "
            "layers needs both kinds before the shared ones",
            why="the last num_kv_shared_layers layers take keys and values from the last earlier "
            "layer of their kind, sliding or full",
            known=_TRANSFORMERS,
        ),
        (
            "ValueError: The set of layer types producing a cache is different than the set of "
            "layer types using them",
            "num_kv_shared_layers",
        ),
    ),
)

_INPUTS: tuple[Part, ...] = (
    Part(
        r"Gemma4 per-layer inputs require a valid pad_token_id",
        always(
            "neither pad_token_id nor eos_token_id is in the config, and the embeddings per layer "
            "of Gemma 4 need one",
            "model.config.pad_token_id = tokenizer.pad_token_id   (and of config.text_config)",
            why="places of images and sound have no row in that table and are looked up as padding",
            known=AUTOMODEL,
        ),
        ("ValueError: Gemma4 per-layer inputs require a valid pad_token_id.", "config.text_config"),
    ),
    Part(
        r"call (?:get|project)_per_layer_inputs\(\) from a model initialized with a config that "
        r"does not support",
        always(
            "code made for Gemma 4 E2B and E4B met a model without embeddings per layer",
            "leave per_layer_inputs out for this model",
            why="hidden_size_per_layer_input is 0 in this config",
            known=_TRANSFORMERS,
        ),
        (
            "RuntimeError: Attempting to call get_per_layer_inputs() from a model initialized "
            "with a config that does not support per-layer embeddings. Gemma4TextConfig {",
            "hidden_size_per_layer_input",
        ),
    ),
    Part(
        r"Audio features were requested, but the model was initialized without an audio_config|"
        r"does not have an audio tower. Audio inference is only supported for Gemma4",
        always(
            "sound was given to a Gemma whose checkpoint has no part for it",
            "a member that hears, or rows without sound",
            "grep -c '\"audio_config\": null' config.json   : 1 means that it has none",
            why="only some members carry audio_config with values",
            known="the message",
        ),
        (
            "ValueError: Audio features were requested, but the model was initialized without an "
            "audio_config. Cannot process audio without an audio tower and audio embedder.",
            "a member that hears",
        ),
    ),
    Part(
        r"(?:vision|image|audio) token count mismatch: \d+ \w{1,20}_token_id positions vs \d+",
        always(
            "the text has another number of places for the image or sound than its encoder returns",
            "text and images from one call of the processor, and no truncation of the text",
            "or a longer sequence length, so that no placeholder is cut off",
            known=BRIDGE,
        ),
        (
            "ValueError: image token count mismatch: 200 image_token_id positions vs 256 tokens "
            "from image encoder.",
            "no truncation",
        ),
    ),
)


def _marks(case: Case) -> Answer | None:
    """Answer the marks of Gemma 1 to 3 that a check misses in Gemma 4's tokenizer."""
    kind = case.facts.model.get("model_type")
    if case.log.is_other or kind and not str(kind).startswith("gemma4"):
        return None
    return Answer(
        "the code asks for a turn mark of Gemma 1 to 3, which Gemma 4's tokenizer does not have",
        (
            "<|turn> and <turn|>   in place of <start_of_turn> and <end_of_turn>",
            "or tokenizer.apply_chat_template(messages), which writes the marks of that model",
        ),
        why="Gemma 4 opens a turn with <|turn> and ends it with <turn|>, which is its end token as "
        "well",
        known="the tokenizers of the published models",
        certain=bool(kind),
        settles=False,
    )


_MARKS: tuple[Part, ...] = (
    Part(
        r"(?:[Mm]issing|not found|not in|lacks|no such|[Uu]nknown)\b[^\n]{0,60}"
        r"<(?:start|end)_of_turn>|<(?:start|end)_of_turn>[`'\"]? (?:is |was )?(?:missing|not (?:in|"
        r"found|known|a (?:special|single) token))",
        _marks,
        (
            "model: google/gemma-4-31B-it\nValueError: Missing required special token: "
            "<start_of_turn>",
            "<|turn>",
        ),
    ),
)

_WEIGHTS: tuple[Part, ...] = (
    Part(
        r"(?P<skipped>\S{1,120}) was skipped because it is tied to (?P<wanted>\S{1,120}) in "
        r"[^\n]{1,80}was not found in the checkpoint",
        _tied_skipped,
        (
            "ValueError: lm_head.weight was skipped because it is tied to "
            "model.embed_tokens.weight in Gemma3ForCausalLM, but model.embed_tokens.weight was not "
            "found in the checkpoint, so the tied weight is uninitialized.",
            "model.embed_tokens.weight too",
        ),
    ),
)

_DRAFTS: tuple[Part, ...] = (
    Part(
        r"Gemma4Assistant models require a target model that provides a shared_kv_states|"
        r"Expected assistant_model to be a Gemma4AssistantForCausalLM",
        always(
            "a Gemma 4 assistant drafts only for a Gemma 4 or 3n, and this way of drafting takes "
            "no other assistant",
            "the assistant that is published for that very member, with its model loaded by its "
            "own class (no wrapper around it)",
            why="the assistant reads the keys and values that the model's layers share",
            known=_TRANSFORMERS,
        ),
        (
            "ValueError: Expected class name to start with Gemma4 or Gemma3n. Got PeftModel. "
            "Gemma4Assistant models require a target model that provides a shared_kv_states "
            "dictionary.",
            "no wrapper",
        ),
    ),
    Part(
        r"PEFT \(LoRA/QLoRA\) for joint base \+ drafter fine-tuning is not",
        always(
            "Automodel trains a Gemma 4 together with its drafter in full only, not with LoRA",
            "leave peft out of the recipe, or train the model with LoRA without the drafter",
            known=AUTOMODEL,
        ),
        (
            "NotImplementedError: PEFT (LoRA/QLoRA) for joint base + drafter fine-tuning is not "
            "supported yet. Run full SFT or open an issue.",
            "without the drafter",
        ),
    ),
    Part(
        r"Gemma4WithDrafter requires torch_dtype=torch.bfloat16",
        always(
            "Automodel trains a Gemma 4 with its drafter in bfloat16 only",
            "torch_dtype: bfloat16 in the recipe",
            known=AUTOMODEL,
        ),
        (
            "ValueError: Gemma4WithDrafter requires torch_dtype=torch.bfloat16 (the drafter is "
            "bf16-only). Got 'float32'.",
            "bfloat16",
        ),
    ),
)

PARTS = (
    *(PARALLEL + _ATTENTION + _INPUTS + _MARKS + _WEIGHTS + _DRAFTS),
    *(INPUTS + CONFIGS + ENGINES + DETAILS + CALLS + SERVED),
)


def _part(case: Case) -> Answer | None:
    """Return the answer of the first row that fits the line."""
    for row in PARTS:
        if re.search(row.text, case.hit.text):
            return row.answer(case)
    return None


KINDS: tuple[General, ...] = (
    General(
        "part-of-gemma-refused",
        "|".join(row.text for row in PARTS),
        _part,
        dict(row.example for row in PARTS),
    ),
)
