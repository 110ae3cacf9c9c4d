"""Names of weights that vLLM's class has no place for, by what stands before them."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General

_SENT = re.compile(
    r"(?i)GRPO|rollout|weight.?sync|update_weights|update_parameter|model_update|"
    r"load_weights\(weights=|[/\\](?:verl|roll|trl|openrlhf|swift)[/\\]"
)


_WRAPPERS = {"_orig_mod", "_orig_module", "module", "_fsdp_wrapped_module"}


_SCORES = re.compile(r"score|classifier|v_head|value_head|summary|regression_head")


def by_prefix(name: str, kind: str, case: Case) -> Answer | None:
    """Answer for a name whose first part says how the weights were saved or sent."""
    first = name.partition(".")[0]
    sent = _SENT.search(f"{case.above}{case.around}{case.near}") is not None
    if first == "base_model" or re.search(r"lora_|base_layer|modules_to_save", name):
        return _with_its_adapter(sent)
    if first in _WRAPPERS:
        return Answer(
            f"the weights are named as those of a wrapped model: {first}. stands before each name",
            (
                "save the model inside: model._orig_mod (torch.compile), model.module (DDP), or "
                "accelerator.unwrap_model(model), with save_pretrained",
                f"or rename the tensors in the files: leave out {first}.",
            ),
            why="a compiled or wrapped model is a module with the model in it, and its state_dict "
            "has that name",
            known="the message names it",
        )
    if _SCORES.match(first):
        return Answer(
            f"the checkpoint has a head for scores ({first}), which {kind} in vLLM does not have",
            (
                "to generate: save the language model alone (TRL's value head: "
                "model.pretrained_model.save_pretrained)",
                "to score: vllm serve FOLDER --runner pooling (older: --task classify or reward), "
                "with the architectures that the training class wrote into config.json",
            ),
            known="the message names the tensor and the class",
            settles=False,
        )
    return None


def _with_its_adapter(sent: bool) -> Answer:
    if sent:
        return Answer(
            "the trainer sends vLLM the names of the model with its adapter around it (base_model)",
            (
                "update the trainer's framework: what sends the weights has to merge or rename "
                "them for an adapter",
                "its own option for adapters, or training of all weights, until then",
            ),
            why="PEFT puts base_model.model. before each name; vLLM's class has the names of the "
            "plain model",
            known="the message has the name, and the frames or the text tell of weights that are "
            "sent",
            certain=False,
            settles=False,
        )
    return Answer(
        "the folder holds the model with its adapter around it (base_model): nothing was merged",
        (
            "model = model.merge_and_unload()   before save_pretrained, and serve that folder",
            "or vllm serve BASE --enable-lora --lora-modules NAME=ADAPTER_FOLDER",
        ),
        known="the message has the name",
    )


_TOWERS = re.compile(
    r"vision|visual|audio|whisper|multi_modal|mm_|language_model|thinker|projector|mlp_AR|image"
)


def _no_module(case: Case) -> Answer:
    name, kind = case.match["name"], case.match["kind"]
    known = by_prefix(name, kind, case)
    if known is not None:
        return known
    if kind.endswith("ForCausalLM") and _TOWERS.search(name):
        return Answer(
            f"vLLM made the text class {kind}, and the weights have a part for images or sound "
            f"({name})",
            (
                "the base checkpoint's config.json beside the weights: its architectures name the "
                "multimodal class",
                "a checkpoint in Mistral's own format: --tokenizer-mode mistral --config-format "
                "mistral --load-format mistral",
                "or pip install -U vllm, where it does not know the multimodal class yet",
            ),
            known="both are in the message; which of these it is, config.json says",
            settles=False,
        )
    return Answer(
        f"the weights hold {name}, for which {kind} in this vLLM has no place",
        (
            "is that name in the base checkpoint's model.safetensors.index.json? Then vLLM is "
            "older than the model: pip install -U vllm",
            "if not, what saved or sent the weights named them otherwise: merge or save again, "
            "with the base checkpoint's config.json",
        ),
        known="the message; which of the two, it does not say",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "name-without-a-place-in-vllm",
        r"There is no module or parameter named '(?P<name>[\w.]{1,80})' in "
        r"(?P<kind>(?!\w*Gemma)[A-Z]\w{2,60})",
        _no_module,
        {
            "ValueError: There is no module or parameter named 'base_model' in Qwen2ForCausalLM": (
                "merge_and_unload"
            ),
            'Traceback (most recent call last):\n  File "/x/roll/third_party/vllm/worker.py", line '
            "5, in update_parameter\n    f()\nValueError: There is no module or parameter named "
            "'base_model' in Qwen2_5_VLForConditionalGeneration": "trainer's framework",
            "ValueError: There is no module or parameter named '_orig_mod' in Qwen2ForCausalLM": (
                "wrapped"
            ),
            "ValueError: There is no module or parameter named 'mm_whisper_embeddings' in "
            "LlamaForCausalLM": "config-format mistral",
            "ValueError: There is no module or parameter named 'score' in Qwen2ForCausalLM": (
                "--runner pooling"
            ),
            "ValueError: There is no module or parameter named 'model.layers.0.foo' in "
            "Qwen2ForCausalLM": "index.json",
        },
        alone=True,
    ),
)
