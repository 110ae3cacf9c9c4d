"""Answer what every trainer can meet, from the facts of the log, where no rule applies.

A room (folder) is a part of a run, and a file in it is a kind of trouble. An answer says whether it
is certain, and is marked as general unless it follows from a fact of this Gemma. To add a kind, add
a :class:`General` to the ``KINDS`` of its file, with examples, and run ``make index``.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from types import MappingProxyType

from ..answer import Answer
from ..index import index
from .base import Case, General

__all__ = ["FILES", "Answer", "Case", "General", "generals", "kinds_of"]

# The files, the more particular before the less particular: of one line, the first answers.
FILES = (
    "saving.litert",
    "saving.mobile",
    "saving.tensorrt",
    "saving.mergekit",
    "saving.onnx_code",
    "saving.onnx_exports",
    "saving.onnx_running",
    "saving.ctranslate2",
    "serving.mlx",
    "serving.mlx_running",
    "saving.exports",
    "loading.without_data",
    "saving.shared_tensors",
    "saving.converter_checks",
    "saving.gguf",
    "saving.gguf_tensors",
    "saving.llama_cpp_build",
    "saving.gguf_files",
    "serving.llama_cpp",
    "serving.ollama_refusals",
    "serving.gguf_vocabulary",
    "serving.ollama",
    "serving.ollama_running",
    "serving.desktop",
    "gemma.widths",
    "serving.vllm_tensors",
    "gemma.parts",
    "warned.weights",
    "warned.training",
    "warned.inputs",
    "warned.unsloth",
    "warned.frameworks",
    "warned.serving",
    "serving.vllm",
    "serving.vllm_weights",
    "serving.vllm_checks",
    "serving.vllm_adapters",
    "serving.engines",
    "saving.uploads",
    "saving.merging_refusals",
    "serving.vllm_releases",
    "adapters.targets",
    "adapters.adapter_use",
    "processes.fsdp",
    "processes.fsdp_states",
    "loading.saved_states",
    "saving.merging_shards",
    "adapters.prompts",
    "loading.load_report",
    "loading.states",
    "loading.key_names",
    "data.templates",
    "data.roles",
    "data.unready_rows",
    "frameworks.keras",
    "frameworks.jax",
    "frameworks.lightning",
    "data.data_sets",
    "data.data_set_places",
    "data.data_set_releases",
    "unsloth.batches",
    "data.rows",
    "data.decoded",
    "data.resumed",
    "data.columns",
    "data.named_columns",
    "data.processors",
    "data.images",
    "data.placeholders",
    "loading.repositories",
    "loading.hub_access",
    "installing.versions",
    "installing.notebooks",
    "installing.conflicts",
    "installing.torch_pairs",
    "adapters.bitsandbytes",
    "unsloth.parts",
    "unsloth.pairs",
    "unsloth.said",
    "unsloth.cards",
    "unsloth.refusals",
    "unsloth.checks",
    "unsloth.running",
    "unsloth.texts",
    "installing.half_installed",
    "installing.compiled_code",
    "adapters.quantized",
    "adapters.quantizers",
    "adapters.quantizer_checks",
    "serving.vllm_running",
    "serving.vllm_architectures",
    "serving.vllm_names",
    "processes.deepspeed_refusals",
    "processes.deepspeed_checks",
    "processes.deepspeed",
    "processes.deepspeed_kernels",
    "processes.distributed",
    "processes.fsdp_wrapping",
    "frameworks.verl_checks",
    "frameworks.rollouts",
    "frameworks.ray",
    "frameworks.megatron",
    "processes.cluster",
    "frameworks.swift_rows",
    "frameworks.swift_settings",
    "frameworks.swift",
    "frameworks.swift_arguments",
    "frameworks.ascend",
    "frameworks.recipes",
    "frameworks.layouts",
    "processes.ended",
    "processes.gloo",
    "processes.sharding",
    "installing.extensions",
    "processes.launching",
    "processes.scaling",
    "loading.placing",
    "loading.launched",
    "training.missing_parts",
    "training.outputs",
    "loading.fields",
    "training.other_objects",
    "memory.card",
    "memory.machine",
    "memory.accelerators",
    "memory.handed_over",
    "training.tensors",
    "installing.platforms",
    "installing.apple",
    "installing.wheels",
    "installing.pip_refusals",
    "installing.libraries",
    "installing.drivers",
    "installing.amd",
    "installing.windows",
    "installing.kernels",
    "installing.gpu_builds",
    "data.losses",
    "training.dtypes",
    "loading.files",
    "loading.tokenizer_files",
    "loading.damaged",
    "training.learning",
    "training.autograd",
    "training.trl_refusals",
    "training.preferences",
    "training.settings",
    "training.best_checkpoint",
    "training.running",
    "processes.processes",
    "processes.disk",
    "data.inputs",
    "data.markers",
    "data.template_code",
    "data.numbers",
    "training.evaluating",
    "data.values",
    "data.texts_expected",
    "data.missing_numbers",
    "data.indexed",
    "loading.checkpoints",
    "loading.weight_files",
    "loading.tokenizer_models",
    "loading.trackers",
    "loading.refused",
    "installing.building",
    "installing.crashes",
    "loading.attention",
    "frameworks.llamafactory_rows",
    "frameworks.llamafactory_settings",
    "frameworks.llamafactory",
    "frameworks.axolotl_checks",
    "frameworks.said",
    "training.options",
    "training.generating",
    "data.tokenizing",
    "data.tokenizer_files",
    "data.empty_values",
    "loading.options",
    "adapters.peft_options",
    "adapters.peft_variants",
    "data.row_counts",
    "data.streams",
    "data.batches",
    "data.arguments_of_torch",
    "training.said_by_parts",
    "training.caches",
    "training.tensor_values",
    "loading.paths",
    "installing.built_for_another",
    "installing.python",
    "installing.files",
    "installing.texts",
    "training.loading_arguments",
    "training.attributes",
    "training.arguments",
    "training.unknown_arguments",
    "training.trl_arguments",
    "installing.modules",
    "installing.names",
    "installing.undefined",
    "installing.unset",
    "loading.shapes",
    "loading.missing_values",
    "training.refused_by_trainer",
    "training.refused_by_generate",
    "data.refused_inputs",
    "loading.refused_models",
    "adapters.refused_by_peft",
    "processes.refused_by_accelerate",
    "data.refused_by_datasets",
    "training.refused_by_trl",
    "training.refused_by_torch",
    "training.listed_values",
    "plain_python",
    "plain_numbers",
    "by_message",
    "unsloth.importing",
)


@lru_cache(maxsize=1)  # the index does not change under a process
def generals() -> tuple[General, ...]:
    """Return all kinds, in this order, as the index has them: without their examples.

    A kind's file is imported when the kind is to answer.
    """
    rows = index().general
    made = tuple(_Indexed(*row) for row in rows)
    rows.clear()  # the kinds have it now
    return made


def kinds_of(file: str) -> tuple[General, ...]:
    """Return the kinds of one file, such as ``unsloth.saving``."""
    kinds: tuple[General, ...] = import_module(f".{file}", __name__).KINDS
    return kinds


_NO_EXAMPLES: MappingProxyType[str, str] = MappingProxyType({})


class _Indexed(General):
    """A kind as the index has it. With a method in place of a function for each, a thousand of them
    take half the memory.
    """

    __slots__ = ("_file",)

    def __init__(self, file: str, name: str, text: str, alone: bool) -> None:
        self._file, self.name, self.text, self.alone = file, name, text, alone
        self.examples = _NO_EXAMPLES

    def answer(self, case: Case) -> Answer | None:
        """Answer as the kind in the file does, which is imported by the first call."""
        return next(kind for kind in kinds_of(self._file) if kind.name == self.name).answer(case)
