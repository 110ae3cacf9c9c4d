"""Tell who runs a training, so that no answer begins with an option of another program."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..facts import Facts

# A program, what only its users can type, and what a text of its users shows.
_PROGRAMS = (
    (
        "unsloth",
        r"\bFast(?:Language|Vision)?Model\b|save_pretrained_(?:merged|gguf)|push_to_hub_(?:merged|"
        r"gguf)|\bget_chat_template\(|\bUNSLOTH_|\btrain_on_responses_only|\bunsloth",
        r"(?i)unsloth",
    ),
    (
        "llamafactory",
        r"\bllamafactory|\bdataset_info\.json|^cutoff_len|^finetuning_type|^template: ",
        r"(?i)llama-?_?factory|cutoff_len|finetuning_type|dataset_info",
    ),
    (
        "axolotl",
        r"\baxolotl\b|^sequence_len|^sample_packing",
        r"(?i)axolotl|sequence_len|sample_packing",
    ),
    (
        "ms-swift",
        r"\bswift (?:sft|rlhf|pt|export|infer)\b|\bms-swift\b|^--(?:tuner|train)_type",
        r"(?i)\bswift\b|(?:tuner|train)_type",
    ),
    (
        "torchtune",
        r"\btorchtune\b|\btune run\b|^_component_",
        r"(?i)torchtune|\btune run|_component_",
    ),
    ("verl", r"\bactor_rollout_ref\.|\bverl\b", r"(?i)\bverl\b|actor_rollout_ref"),
    ("vllm", r"^--max-model-len|\bvllm serve\b", r"(?i)vllm|sglang|max_model_len"),
    (
        "deepspeed",
        r"^\"(?:stage3|zero|offload|reduce|contiguous)_|\bds3_|in the DeepSpeed config",
        r"(?i)deepspeed|zero[-_ ]?[123]\b|zero_stage|zero3|\bds_",
    ),
    (
        "trainer",
        r"\b(?:SFT|DPO|GRPO)Config\(|\bTrainingArguments\(|^(?:per_device_|remove_unused_columns|"
        r"dataloader_|eval_strategy|ddp_find_unused|predict_with_generate|load_best_model|torch_"
        r"empty_cache_steps|gradient_checkpointing=)",
        r"Trainer\b|trainer\.py|Trainer\(|TrainingArguments|\b(?:SFT|DPO|GRPO|KTO|ORPO)\w*Config|"
        r"per_device_|(?i:unsloth|\btrl\b|llama-?_?factory|axolotl|\bswift\b)|run_\w+\.py",
    ),
)
_OWN_LOOP = re.compile(r"\bloss\.backward\(|\boptimizer\.step\(|\baccelerator\.backward\(")
_LAUNCHED = re.compile(
    r"accelerate launch|torchrun|\[rank[1-9]\]|torch\.distributed\.(?:run|launch)|LOCAL_RANK"
)
_ONE_GPU = re.compile(r"device_map ?= ?\{[\"']{2}: ?0\}")
# What stands behind the first thing to do.
_ASIDE = re.compile(r"\([^()]*\)|(?: {2,}|; |, or | or |: (?=[a-z])).*$")


class Runner:
    """Who runs, as far as the text shows it."""

    def __init__(self, text: str, facts: Facts) -> None:
        names = " ".join(name for name, package in facts.packages.items() if package is not None)
        shown = f"{text}\n{names}"
        self._seen = {name for name, _, mark in _PROGRAMS if re.search(mark, shown)}
        self._is_own_loop = _OWN_LOOP.search(text) is not None
        self._is_launched = _LAUNCHED.search(text) is not None

    def sorted(self, commands: Iterable[str]) -> tuple[str, ...]:
        """Return the commands, those behind that only another program would take."""
        return tuple(sorted(commands, key=self._is_of_another))

    def _is_of_another(self, command: str) -> bool:
        core = _ASIDE.sub("", command.removeprefix("or ")).strip()
        if self._is_launched and _ONE_GPU.search(core):
            return True
        owners = {name for name, typed, _ in _PROGRAMS if re.search(typed, core)}
        if not owners or owners & self._seen:
            return False
        return self._is_own_loop if owners == {"trainer"} else bool(self._seen)
