"""Unsloth's own refusals, and files that it has generated."""

from __future__ import annotations

import re

from ...answer import Answer
from ...unknown import GENERATED
from ..base import Case, General, always
from .saving import BY_PEFT, conversion, pushed_nothing

_FRESH = "pip install -U unsloth unsloth_zoo   and delete unsloth_compiled_cache, then restart"


def _generated_name(case: Case) -> Answer | None:
    """Answer a name that is missing in a module that Unsloth generated."""
    if "nsloth" not in case.hit.before + case.around + case.hit.after:
        return None
    if re.search(r"'\w+' object has no attribute", case.hit.text) and not case.is_of_unsloth:
        return None  # an attribute of an object; what Unsloth looks up is a module's
    return Answer(
        f"Unsloth's generated code has no {case.match['name']}: its cache, or the transformers "
        "beside it, is of another release than Unsloth",
        (_FRESH, "or the releases that this Unsloth allows: python -m gemma_compat advise"),
        why="unsloth_zoo writes a function NAME_forward for each class that it compiles into "
        "unsloth_compiled_cache; an old cache, or a class that it could not compile, lacks it",
        known="the name is of that form; which of the two it is, the message does not say",
        certain=False,
        settles=False,
    )


def _raised_by_unsloth(case: Case) -> bool:
    """Return whether the error stands in Unsloth's own or generated code, and not in the script
    that it called: a reward function, a formatting function, a collator.
    """
    if re.search(r"(?:Syntax|Indentation|Tab)Error: ", case.hit.text):
        return "unsloth_compiled_cache" in case.around or "unsloth" in case.packages
    if not case.places:
        return "unsloth_compiled_cache" in case.around
    place = case.places[-1]
    return place.module == "unsloth" or place.module.startswith(GENERATED)


def _generated_code(case: Case) -> Answer | None:
    """Answer an error of syntax or of a name in a file that Unsloth wrote."""
    if not _raised_by_unsloth(case):
        return None
    return Answer(
        "code that Unsloth generated, or its patch, does not fit what is installed beside it",
        (_FRESH, "or the releases that this Unsloth allows: python -m gemma_compat advise"),
        why="Unsloth rewrites the source of transformers, TRL and PEFT; a release that it does not "
        "know has other source, and an old cache holds code of an earlier one",
        known="the error is one of the code itself, and the file is generated or Unsloth's",
        certain=False,
        settles=False,
    )


def _no_text_named(case: Case) -> Answer:
    text = "dataset_text_field='text' in SFTConfig, with that column in the data"
    function = "or formatting_func=..., which returns a list of texts for a batch of rows"
    images = (
        "SFTConfig(dataset_text_field='', remove_unused_columns=False, dataset_kwargs="
        "{'skip_prepare_dataset': True}) and data_collator=UnslothVisionDataCollator(model, "
        "processor)   for rows with images"
    )
    is_of_images = re.search(
        r"FastVisionModel|UnslothVisionDataCollator", f"{case.near}{case.around}"
    )
    return Answer(
        "the trainer was told neither which column is the text nor how to make it",
        (images, text, function) if is_of_images else (text, function, images),
        known="Unsloth says so",
    )


_keys_differ = always(
    "Unsloth's merge compares the names of the weights that it collected with the model's, and "
    "these are in one of the two only",
    "pip install -U unsloth unsloth_zoo   : newer ones leave tied heads out of the comparison",
    BY_PEFT,
    "training without lm_head and embed_tokens, where the message names them and no token was "
    "added",
    why="what is trained whole (modules_to_save) stands in the model under a wrapper's name",
    known="the message; the comparison read in unsloth_zoo 2026.10.9; which wrapper it was, the "
    "message does not say",
    certain=False,
    settles=False,
)


_NOT_BUILT = Answer(
    "llama.cpp was not built, so there is nothing to quantize a GGUF with",
    (
        "sudo apt-get install -y build-essential cmake curl libcurl4-openssl-dev   and the export "
        "again (Windows: cmake, git and the Build Tools for Visual Studio)",
        "or save_pretrained_merged('FOLDER', tokenizer), and llama.cpp of your own: "
        "convert_hf_to_gguf.py FOLDER",
    ),
    why="Unsloth clones and builds it at the first export; compiler, cmake, network or memory may "
    "be missing, which the lines of the build say",
    known="the message; why the build failed is in its lines",
    settles=False,
)

KINDS: tuple[General, ...] = (
    General(
        "merged-keys-differ",
        r"Unsloth: Extracted keys = .{1,200} do not match!",
        _keys_differ,
        {
            "`RuntimeError: Unsloth: Extracted keys = {'lm_head.weight'} do not match!`": (
                "modules_to_save"
            ),
        },
        alone=True,
    ),
    General(
        "unsloth-generated-name",
        r"has no attribute '(?P<name>[A-Z]\w{2,60}_forward)'",
        _generated_name,
        {
            "# Gemma 3 4b with Unsloth: error `has no attribute 'Gemma3RMSNorm_forward'`": (
                "unsloth_compiled_cache"
            ),
            "AttributeError: module 'unsloth_compiled_module_gemma3' has no attribute "
            "'Gemma3MLP_forward'": "no Gemma3MLP_forward",
            "AttributeError: 'Engine' object has no attribute 'Base_forward'": "",
            "unsloth 2025.3.1\nAttributeError: 'Engine' object has no attribute 'Base_forward'": "",
        },
        alone=True,
    ),
    General(
        "pushed-nothing-new",
        r"No files have been modified since last commit\. Skipping to prevent empty commit",
        pushed_nothing,
        {
            "Unsloth: Converted to gemma.Q8_0.gguf with size = 1.1G\nNo files have been modified "
            "since last commit. Skipping to prevent empty commit.": "upload_file",
            "No files have been modified since last commit. Skipping to prevent empty commit.": "",
        },
        alone=True,
    ),
    General(
        "unsloth-conversion-failed",
        r"Failed to (?:convert model to GGUF|save/merge model): (?P<inner>[^\n]{0,300})",
        conversion,
        {
            "RuntimeError: Failed to convert model to GGUF: Command failed": "convert_hf_to_gguf",
            "RuntimeError: Failed to save/merge model: CUDA out of memory. Tried to allocate": (
                "maximum_memory_usage"
            ),
            "RuntimeError: Failed to save/merge model: 'q_proj.weight'": "llama.cpp was not asked",
        },
    ),
    General(
        "unsloth-llama-cpp-not-built",
        r"Failed compiling llama\.cpp|Unsloth: Failed to (?:build|install|compile) llama\.cpp",
        lambda case: None if "No space left" in case.hit.text else _NOT_BUILT,
        {
            "RuntimeError: Failed compiling llama.cpp. Please report this ASAP!": "cmake",
            "RuntimeError: *** Unsloth: Failed compiling llama.cpp with cc1plus: fatal error: No "
            "space left on device. Please report this ASAP!": "",
        },
        alone=True,
    ),
    General(
        "unsloth-without-its-vllm",
        r"object has no attribute '(?P<name>save_lora|load_lora|fast_generate)'",
        lambda case: (
            None
            if not re.search(r"nsloth|'\w*(?:Peft|For[A-Z])\w*' object", case.around + case.near)
            else Answer(
                f"{case.match['name']} exists on a model that Unsloth loaded with its vLLM engine "
                "only",
                (
                    "model.save_pretrained('FOLDER'), model.generate(...)   without that engine",
                    "or FastLanguageModel.from_pretrained(..., fast_inference=True)",
                ),
                why="save_lora, load_lora and fast_generate are put on the model by fast_inference",
                known="the message names the method; read in unsloth 2025.3.19, llama.py",
            )
        ),
        {
            "AttributeError: 'PeftModelForCausalLM' object has no attribute 'save_lora'": (
                "save_pretrained"
            ),
            "AttributeError: 'StableDiffusionPipeline' object has no attribute 'load_lora'": "",
        },
    ),
    General(
        "unsloth-finds-no-config",
        r"(?:Unsloth: |\b(?:with|by|says|error:?) [`'\"]?)No config file found",
        always(
            "Unsloth could read no config.json and no adapter_config.json under that name",
            "check the name, and the folder: save_pretrained writes both kinds of file",
            "hf auth login, where the repository is private or gated",
            "or AutoConfig.from_pretrained(NAME) alone: it shows the error that Unsloth caught",
            known="Unsloth says so; a network that fails, or a transformers that cannot read the "
            "config, looks the same",
            settles=False,
        ),
        {
            "# Gemma4 notebook of Unsloth fails in from_pretrained with No config file found": (
                "AutoConfig"
            ),
            "RuntimeError: Unsloth: No config file found - are you sure the `model_name` is "
            "correct?": "adapter_config.json",
        },
    ),
    General(
        "unsloth-untrained-tokens",
        r"Unsloth: Untrained tokens\b.{0,400}found, but embed_tokens & lm_head not trainable",
        always(
            "the data use tokens whose embeddings were never trained, and they are frozen",
            "a chat template that uses tokens of this tokenizer: get_chat_template(tokenizer, ...)",
            "or the instruction-tuned checkpoint, which has trained them",
            "or target_modules with embed_tokens and lm_head",
            why="a base checkpoint has not seen the turn markers of the template",
            known="Unsloth lists the tokens",
        ),
        {
            "ValueError: Unsloth: Untrained tokens of [[1]] found, but embed_tokens & lm_head not "
            "trainable, causing NaNs.": "template",
            "ValueError: Unsloth: Untrained tokens found, but embed_tokens & lm_head not "
            "trainable, causing \nNaNs. Restart then add": "template",
        },
    ),
    General(
        "unsloth-asks-for-text",
        r"Unsloth: You must specify a `formatting_func`",
        _no_text_named,
        {
            "RuntimeError: Unsloth: You must specify a `formatting_func`": "dataset_text_field",
            "model = FastVisionModel.from_pretrained(x)\nRuntimeError: Unsloth: You must specify a "
            "`formatting_func`": "skip_prepare_dataset",
        },
    ),
    General(
        "unsloth-model-not-supported",
        r"Unsloth: (?P<name>\S{1,120}) (?:is )?not supported (?:yet|in (?:your current|`?transf))|"
        r"\S{1,120}[/-]\S{1,120} is not supported (?:in your current Unsloth version|yet in "
        r"`?transformers==)",
        lambda case: Answer(
            "Unsloth does not load this model with the releases that are installed here",
            (
                "pip install -U unsloth unsloth_zoo transformers   and restart the kernel",
                "pip show unsloth unsloth_zoo transformers   in the environment that runs: it has "
                "to name the new releases",
            ),
            why="it, or the transformers beside it, is older than the model, most often. "
            "unsloth_zoo's metadata caps transformers, so an upgrade of transformers alone is "
            "refused or undone; a model that is newer than the cap waits for a newer unsloth_zoo",
            known="Unsloth says so; with current releases of all three, the error that it caught "
            "before (the config, the network) is another",
            settles=False,
        ),
        {
            "RuntimeError: Unsloth: unsloth/gemma-4-E2B-it is not supported in your current Unsloth"
            " version! Please update Unsloth": "pip install -U unsloth",
            "> `unsloth/gemma-4-12b-it` is not supported yet in `transformers==5.5.0`. Please": (
                "caps transformers"
            ),
            '"unsloth/gemma-4-E4B-it is not supported in your current Unsloth version!"': (
                "pip show"
            ),
        },
        alone=True,
    ),
    General(
        "unsloth-generated-code",
        r"(?:NameError: name '\w{1,60}' is not defined|IndentationError: |SyntaxError: |"
        r"UnboundLocalError: )",
        _generated_code,
        {
            'Traceback (most recent call last):\n  File "/w/unsloth_compiled_cache/'
            "UnslothSFTTrainer.py\", line 3, in f\n    x\nNameError: name 'x' is not defined": (
                "unsloth_compiled_cache"
            ),
            "NameError: name 'x' is not defined": "",
        },
    ),
    General(
        "unsloth-needs-an-adapter",
        r"Unsloth: (?:Your model needs to call|Please (?:use|call)) `?\.?get_peft_model",
        always(
            "Unsloth finds no adapter on the model: none of a causal language model, and none of a "
            "classifier",
            "model = FastModel.get_peft_model(model, r=16, ...)   before the trainer is made",
            known="Unsloth says so",
        ),
        {
            "TypeError: Unsloth: Your model needs to call `.get_peft_model` first!": (
                "get_peft_model"
            )
        },
    ),
)
