"""What Unsloth itself refuses or gives up, by the sentence that it prints.

All of these begin with ``Unsloth:``, so one pattern finds them, and the table below tells them
apart.
"""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .prompts import NO_GENERATION_PROMPT, PROMPTS
from .releases import RELEASES
from .saving import SAVING, SAYS, UPGRADE, Refusal

_NO_ENGINE = "fast_inference=False at loading, and use_vllm=False in GRPOConfig"


def _too_long(case: Case) -> Answer:
    sizes = re.search(r"length (\d+) \+ max_new_tokens (\d+) exceeds[^\n]{0,60}?(\d+)", case.around)
    total = int(sizes[1]) + int(sizes[2]) if sizes else 4096
    happened = (
        "prompt and new tokens together are longer than the max_seq_length that the model was "
        "loaded with"
    )
    return Answer(
        f"{happened}: {total:,} of {int(sizes[3]):,}" if sizes else happened,
        (f"max_seq_length={total} in from_pretrained", "or a smaller max_new_tokens"),
        known=SAYS,
    )


_LOADING: tuple[Refusal, ...] = (
    Refusal(
        r"(?:Failed to create dynamic compiled|File compilation failed)",
        always(
            "the module that Unsloth generates was not on the disk when it was to be imported",
            UPGRADE,
            "delete the folder unsloth_compiled_cache, and start where the run may write files",
            why="it writes code into unsloth_compiled_cache and waits a few seconds for the file; "
            "a full, read-only or slow folder, or two processes at once, leave it without one",
            known="the message; unsloth_zoo raised it in March 2025, and waits otherwise since",
            settles=False,
        ),
        ("RuntimeError: Unsloth: Failed to create dynamic compiled modules!", "compiled_cache"),
    ),
    Refusal(
        r"Please install vLLM before",
        always(
            "fast_inference=True needs vLLM, which is not installed",
            "pip install vllm",
            f"or {_NO_ENGINE}",
            known=SAYS,
        ),
        ("ImportError: Unsloth: Please install vLLM before enabling `fast_inference`!", "vllm"),
    ),
    Refusal(
        r"(?:vLLM is not yet supported for fast inference|Fast inference (?:is only supported|does "
        r"not)|Currently fast inference does not|Finetuning vision layers is not supported for "
        r"fast|`?fast_inference ?= ?True`? (?:cannot|does not)|LoRA finetuning for [^\n]{1,60} not "
        r"supported with fast)",
        always(
            "this model, or a setting of the run, does not go with fast_inference (vLLM)",
            _NO_ENGINE,
            "or leave out what the message names: biases, lm_head and embed_tokens, vision layers, "
            "full finetuning",
            "or pip install -U unsloth unsloth_zoo vllm   for a release that takes it",
            known=SAYS,
        ),
        (
            "NotImplementedError: Unsloth: vLLM is not yet supported for fast inference for this "
            "model! Please use `.generate` instead",
            "fast_inference=False",
        ),
    ),
    Refusal(
        r"Your repo has a LoRA adapter and a base model",
        always(
            "one folder holds both adapter_config.json and config.json, and Unsloth does not know "
            "which is meant",
            "move adapter_config.json and adapter_model.safetensors to their own folder, or remove "
            "config.json from the adapter's",
            why="a merged model was saved over an adapter, or a trainer wrote both",
            known=SAYS,
        ),
        (
            "RuntimeError: Unsloth: Your repo has a LoRA adapter and a base model.\nYou have 2 "
            "files `config.json` and `adapter_config.json`.",
            "adapter_config.json",
        ),
    ),
    Refusal(
        r"input length \d+ \+ max_new_tokens",
        _too_long,
        (
            "ValueError: Unsloth: input length 2000 + max_new_tokens 500 exceeds the maximum "
            "sequence length of 2048!",
            "2,500 of 2,048",
        ),
    ),
    Refusal(
        r"(?:Your model already has LoRA adapters|You already added LoRA adapters)",
        always(
            "get_peft_model is called on a model that already has an adapter",
            "leave get_peft_model out: a checkpoint with an adapter is loaded with it and can be "
            "trained on",
            "or load the base again before get_peft_model: in a notebook, run the loading cell "
            "first",
            known=SAYS,
        ),
        ("RuntimeError: Unsloth: You already added LoRA adapters to your model!", "get_peft_model"),
    ),
    Refusal(
        r"Can only load in 4bit or 8bit",
        always(
            "two precisions of the weights were asked for at once",
            "load_in_4bit=False, load_in_8bit=True   (or one of the others; load_in_4bit=True is "
            "the default)",
            known=SAYS,
        ),
        ("RuntimeError: Unsloth: Can only load in 4bit or 8bit, not both!", "load_in_4bit=False"),
    ),
    Refusal(
        r"Critical error since some weights are not initialized",
        always(
            "weights of the model are in none of the checkpoint's files; Unsloth stops here, where "
            "transformers only warns",
            "pip install -U unsloth unsloth_zoo transformers timm   and restart the kernel",
            "or the base checkpoint's config.json, if a merge wrote this folder",
            why="the class has names that the files do not: they are of another layout or release, "
            "or a shard is missing",
            known="Unsloth lists the weights; why they are missing, it does not say",
            settles=False,
        ),
        ("Exception: Unsloth: Critical error since some weights are not initialized.", "timm"),
    ),
    Refusal(
        r"The tokenizer `[^`\n]{1,160}`\s*$",
        NO_GENERATION_PROMPT,
        (
            "RuntimeError: Unsloth: The tokenizer `google/gemma-2-2b`",
            "get_chat_template",
        ),
    ),
    Refusal(
        r"You need to pass in input_ids to",
        always(
            "generate was called without input_ids",
            "model.generate(**tokenizer(text=..., return_tensors='pt').to('cuda'))",
            why="a processor takes images first: hand the text over by its name, text=...",
            known=SAYS,
        ),
        ("TypeError: Unsloth: You need to pass in input_ids to .generate!", "text="),
    ),
    Refusal(
        r"I think you're passing a tokenizer",
        always(
            "for_inference (or for_training) was given the tokenizer in place of the model",
            "model, tokenizer = FastModel.from_pretrained(...)   and "
            "FastModel.for_inference(model)",
            known=SAYS,
        ),
        (
            "TypeError: Unsloth: I think you're passing a tokenizer, not the model to "
            "for_inference!",
            "for_inference(model)",
        ),
    ),
    Refusal(
        r"Could not load the (?:tokenizer|vision processor)",
        always(
            "the checkpoint's tokenizer or processor was not loaded, so Unsloth has none to go on "
            "with",
            "pip install -U transformers torchvision sentencepiece protobuf",
            "tokenizer.json, tokenizer_config.json and preprocessor_config.json of the base "
            "checkpoint in the folder",
            known="the message; which file or package was missing stands above it",
            settles=False,
        ),
        (
            "RuntimeError: Unsloth: Could not load the tokenizer/processor. If you are offline, "
            "make sure",
            "torchvision",
        ),
    ),
    Refusal(
        r"Failed to load model\. Both AutoConfig and PeftConfig",
        always(
            "under that name there is neither a model that this transformers knows nor an adapter",
            "pip install -U transformers unsloth unsloth_zoo   if AutoConfig error: names the "
            "model type",
            "check the name and hf auth login, if it says that there is no such repository",
            why="Unsloth tries both kinds of config; its message prints both errors, and the first "
            "is the one that counts for a whole model",
            known="the message; read its two errors",
            settles=False,
        ),
        (
            "RuntimeError: Unsloth: Failed to load model. Both AutoConfig and PeftConfig loading "
            "failed.\n\nAutoConfig error: the checkpoint is corrupt",
            "AutoConfig error",
        ),
    ),
    Refusal(
        r"[^\n]{0,200}[Uu]nsuccessfully patched",
        always(
            "Unsloth did not find the code that it rewrites: it does not fit the releases beside "
            "it",
            UPGRADE,
            "or the releases of transformers and TRL that this Unsloth allows: python -m "
            "gemma_compat advise",
            why="Unsloth changes the source of transformers, TRL and PEFT at import; releases that "
            "came after it have other source",
            known="the message; which package is too new, it does not say",
            certain=False,
            settles=False,
        ),
        (
            "RuntimeError: Unsloth: Unsuccessfully patched Trainer! Please file a bug report!",
            "gemma_compat advise",
        ),
    ),
)
# What asks for a report fits many sentences: it stands last.
REFUSALS = (*SAVING, *RELEASES, *PROMPTS, *_LOADING)


def _refusal(case: Case) -> Answer | None:
    """Return the answer of the first row that fits the line."""
    for row in REFUSALS:
        if re.search(f"Unsloth: {row.text}", case.hit.text):
            return row.answer(case)
    return None


_without_engine = always(
    "GRPO asks for a vLLM engine (use_vllm=True), and the model was loaded without one",
    _NO_ENGINE,
    "or fast_inference=True at loading, if this Unsloth has it for the model",
    why="Unsloth puts the engine on the model at loading only, and for models and settings that "
    "its vLLM takes",
    known="the message names the attribute, which is Unsloth's",
)


def _engine(case: Case) -> Answer | None:
    """Answer, unless PEFT's wrappers ask each other, or it is of a class of the script's own."""
    is_own = case.is_of_the_script and not re.search(r"(?:Model|For[A-Z]|Lora)\w*'", case.hit.text)
    caught = case.says("in __getattr__") and "During handling of the above" in case.hit.after
    return None if is_own or caught else _without_engine(case)


KINDS: tuple[General, ...] = (
    General(
        "unsloth-refuses",
        f"Unsloth: (?:{'|'.join(row.text for row in REFUSALS)})",
        _refusal,
        dict(row.example for row in REFUSALS),
        alone=True,
    ),
    General(
        "generated-module-missing",
        r"No module named '(?:Unsloth[A-Z]|unsloth_compiled_module_|unsloth_compiled_cache)"
        r"[\w.]{0,60}'|"
        r"module 'Unsloth[A-Z]\w{2,40}' has no attribute 'Unsloth\w{2,40}'",
        always(
            "a module that Unsloth generates (UnslothSFTTrainer and its like) is missing or empty",
            "delete the folder unsloth_compiled_cache, and import unsloth once in one process "
            "before several are started",
            "on Windows: dataset_num_proc=None; and pip install -U unsloth unsloth_zoo",
            why="Unsloth writes these modules into unsloth_compiled_cache at import; several "
            "processes that write at once, or a TRL that it cannot rewrite, leave a broken one",
            known="the name is that of a generated module: no package of that name is to be "
            "installed",
            settles=False,
        ),
        {
            "AttributeError: module 'UnslothPPOTrainer' has no attribute 'UnslothPPOTrainer'": (
                "unsloth_compiled_cache"
            ),
            "ModuleNotFoundError: No module named 'UnslothBCOTrainer'": "one process",
            "ModuleNotFoundError: No module named 'unsloth_compiled_cache.UnslothDPOTrainer'": (
                "no package of that name"
            ),
        },
    ),
    General(
        "no-vllm-engine",
        r"object has no attribute 'vllm_engine'",
        _engine,
        {
            "AttributeError: 'LoraModel' object has no attribute 'vllm_engine'": "fast_inference",
            "```\n'Gemma3ForConditionalGeneration' object has no attribute 'vllm_engine'\n```": (
                "use_vllm=False"
            ),
        },
        alone=True,
    ),
)
