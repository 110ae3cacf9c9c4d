"""What LLaMA-Factory says of its templates, settings and data."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General
from ..released import in_which
from .llamafactory_templates import is_gone, meant_by

# Names of models whose template has another name, in all releases that were read.
_TEMPLATES = (
    (r"(?i)qwen-?(?:1[._]5|2|2[._]5)", "qwen"),
    (r"(?i)qwen-?2[._]5[-_]?vl", "qwen2_vl"),
    (r"(?i)llama-?3[._][1-3]", "llama3"),
    (r"(?i)deepseek[-_]?r1\b.*", "deepseekr1"),
    (r"(?i)deepseek[-_]?v3\b.*", "deepseek3"),
)


def _template(case: Case) -> Answer:
    name, known = case.match["name"], in_which(case)
    other = next((to for words, to in _TEMPLATES if re.fullmatch(words, name)), "")
    if is_gone(name):
        return Answer(
            f"LLaMA-Factory 0.9.5 no longer has the template {name}",
            (
                "pip install 'llamafactory<0.9.5'   (0.9.3 has it)",
                "or template: empty, for a base model; custom turns by a template of your own",
            ),
            known="LLaMA-Factory says that it has none of that name; read in 0.9.3 and 0.9.5",
        )
    if meant := meant_by(name):
        return Answer(
            f"LLaMA-Factory has no template {name}; one of its names is {meant}",
            (f"template: {meant}", "or pip install -U llamafactory, where this one is older"),
            known="LLaMA-Factory says that it has none of that name; the other is in the list of "
            "0.9.5",
        )
    if other:
        return Answer(
            f"LLaMA-Factory has no template {name}: that model's is called {other}",
            (f"template: {other}", "the table of models in its README names each one's"),
            why="a template is named for the form of the chat, which several models share",
            known="LLaMA-Factory says that it has none of that name; the other is in its list",
        )
    command = known.command if known is not None else ""
    return Answer(
        f"this LLaMA-Factory has no template {name}",
        (
            command or "pip install -U llamafactory   or its main branch, for a family that is new",
            "or a name of its list: gemma (text), gemma3, gemma3n ... (multimodal)",
        ),
        why=known.happened
        if known is not None
        else "templates come with releases of LLaMA-Factory, often after the model",
        known="LLaMA-Factory says so; the releases were read in its wheels"
        if known is not None
        else "LLaMA-Factory says so",
    )


def _refused(case: Case) -> Answer | None:
    if case.error is None or not case.packages or case.packages[-1] != "llamafactory":
        return None
    said = case.hit.text.partition("ValueError: ")[2].strip().rstrip(".")[:160]
    return Answer(
        f"LLaMA-Factory refuses the settings: {said}",
        (
            "take out one of the settings that the message names",
            "or pip install -U llamafactory, where a newer one supports that",
        ),
        why="it checks the YAML before anything is loaded",
        known="the message is LLaMA-Factory's own",
        settles=False,
    )


def _register(case: Case) -> Answer:
    if "dataset_info.json due to" not in case.message:
        is_path = re.search(r"Undefined dataset \S*(?:/|\.jsonl? )", case.hit.text) is not None
        return Answer(
            "dataset: takes names of dataset_info.json, and was given a path"
            if is_path
            else "the data set is not registered where LLaMA-Factory looks",
            (
                '"NAME": {"file_name": "FILE.json"} in data/dataset_info.json, and dataset: NAME'
                if is_path
                else "an entry of that name in data/dataset_info.json, and dataset_dir: FOLDER "
                "that holds it",
                "cd LLaMA-Factory   first: without dataset_dir it reads data/dataset_info.json "
                "below the folder in which the command runs",
            ),
            known="the message has the name",
        )
    if "[Errno 2]" in case.message:
        return Answer(
            "the folder that dataset_dir names has no dataset_info.json",
            (
                "ls FOLDER/dataset_info.json   from the folder in which llamafactory-cli runs",
                "dataset_dir: FOLDER   that holds it (data, where nothing is set)",
            ),
            known="the message has the path",
        )
    return Answer(
        "dataset_info.json cannot be read: it is not valid JSON",
        ("python -m json.tool data/dataset_info.json   names the place",),
        why="a comma after the last entry, a missing one between two, or single quotes",
        known="the message is that of the JSON parser",
    )


# What LLaMA-Factory says of settings that do not go together, and what to set.
_REFUSED_SETTINGS = (
    ("Invalid fine-tuning method", "finetuning_type: lora   (full, freeze or oft); a quantized "
     "base is asked for by quantization_bit: 4"),
    ("only compatible with the LoRA", "finetuning_type: lora   where quantization_bit is set, or "
     "no quantization_bit"),
    ("`val_size` if `eval_dataset`", "either val_size, or eval_dataset"),
    ("`reward_model` is necessary", "reward_model: FOLDER   of a run with stage: rm"),
    ("Quantization dataset is necessary", "export_quantization_dataset: data/c4_demo.jsonl   "
     "(texts to calibrate on), or no export_quantization_bit"),
    ("Cannot use LoRA with", "finetuning_type: full   for GaLore, APOLLO and BAdam, or lora "
        "without "
     "them"),
)  # fmt: skip


def _refused_settings(case: Case) -> Answer | None:
    if not re.search(r"[/\\]llamafactory[/\\]", case.frames):
        return None
    for text, do in _REFUSED_SETTINGS:
        if text in case.hit.text:
            said = case.hit.text.partition(": ")[2].strip().rstrip(".")
            return Answer(
                f"LLaMA-Factory refuses the settings before it loads anything: {said}",
                (do,),
                known="LLaMA-Factory says so; read in its hparams, 0.9.5",
            )
    return None


def _other_stage(case: Case) -> Answer:
    return Answer(
        "LLaMA-Factory is given a data set that does not fit the stage: ranked rows for one that "
        "takes plain ones, or the other way round",
        (
            'stage: dpo and rm take entries with "ranking": true in dataset_info.json, and columns '
            "chosen and rejected",
            "stage: sft, pt, kto and ppo take entries without it",
        ),
        why="it compares ranking of the data set's entry with the stage",
        known="LLaMA-Factory says so; read in data/loader.py of 0.9.5",
    )


def _file_of_entry(case: Case) -> Answer | None:
    if not re.search(r"[/\\]llamafactory[/\\]data[/\\]", case.frames):
        return None
    return Answer(
        f"the file that the data set's entry names is not there: {case.match['path']}",
        (
            "file_name in dataset_info.json counts from dataset_dir",
            f"ls -l {case.match['path']}",
        ),
        known="LLaMA-Factory looks there and says so",
    )


def _no_tokenizer_loaded(case: Case) -> Answer | None:
    if not re.search(r"[/\\]llamafactory[/\\]", case.frames):
        return None
    if re.search(r"outgoing traffic has been disabled|offline mode is enabled", case.above):
        return Answer(
            "LLaMA-Factory could not load the tokenizer: offline mode is on, and the model is not "
            "in the cache",
            (
                "HF_HUB_OFFLINE=0 hf download MODEL   where there is a network, with the same "
                "HF_HOME",
                "or model_name_or_path: FOLDER   of a copy on this machine",
            ),
            known="the errors before this one",
        )
    return None


KINDS: tuple[General, ...] = (
    General(
        "template-unknown",
        r"Template (?P<name>[\w.-]{1,40}) does not exist",
        _template,
        {
            "ValueError: Template gemma4 does not exist.": "llamafactory>=0.9.5",
            "# ValueError: Template qwen2 does not exist.": "template: qwen",
            "ValueError: Template gemma-3 does not exist.": "template: gemma3",
            "ValueError: Template baichuan2 does not exist.": "llamafactory<0.9.5",
            "ValueError: Template qwen9 does not exist.": "pip install -U llamafactory ",
        },
    ),
    General(
        "template-without-images",
        r"This model does not support (?P<kind>image|video|audio) input\. Please check whether",
        lambda case: Answer(
            f"the rows hold {case.match['kind']}s, and the template that is set is for text",
            (
                "template: gemma3   (gemma3n, gemma4, paligemma: the multimodal one of the model)",
                "or rows without that column",
            ),
            why="LLaMA-Factory takes the processing of images from the template, not from the "
            "model",
            known="LLaMA-Factory says so",
        ),
        {
            "ValueError: This model does not support image input. Please check whether the "
            "correct `template` is used.": "multimodal"
        },
    ),
    General(
        "settings-that-llamafactory-refuses",
        r"(?:Error|Exception): (?:Invalid fine-tuning method|Cannot specify `val_size` if "
        r"`eval_dataset`|`reward_model` is necessary for PPO|Quantization dataset is necessary|"
        r"Cannot use LoRA with GaLore|Quantization is only compatible with the LoRA)",
        _refused_settings,
        {
            "Traceback (most recent call last):\n  File "
            '"/x/site-packages/llamafactory/hparams/a.py",'
            " line 3, in __post_init__\n    raise\nAssertionError: Invalid fine-tuning method.": (
                "quantization_bit: 4"
            ),
            "Traceback (most recent call last):\n  File "
            '"/x/site-packages/llamafactory/hparams/a.py",'
            " line 3, in __post_init__\n    raise\nValueError: Quantization is only compatible "
            "with "
            "the LoRA or OFT method.": "finetuning_type: lora",
            "AssertionError: Invalid fine-tuning method.": "",
        },
    ),
    General(
        "data-for-another-stage",
        r"The dataset is not applicable in the current training stage",
        _other_stage,
        {"ValueError: The dataset is not applicable in the current training stage.": "ranking"},
    ),
    General(
        "file-of-an-entry-missing",
        r"ValueError: File (?P<path>[^\s'\"]{1,200}) not found\.",
        _file_of_entry,
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/llamafactory/data/loader.'
            'py", line 82, in _load_single_dataset\n    raise\nValueError: File data/a.json not '
            "found.": "dataset_info.json",
            "ValueError: File data/a.json not found.": "",
        },
    ),
    General(
        "tokenizer-not-loaded-by-llamafactory",
        r"OSError: Failed to load tokenizer",
        _no_tokenizer_loaded,
        {
            "huggingface_hub.errors.LocalEntryNotFoundError: Cannot find the requested files in "
            "the "
            "disk cache and outgoing traffic has been disabled.\n\nTraceback (most recent call "
            'last):\n  File "/x/site-packages/llamafactory/model/loader.py", line 93, in '
            "load_tokenizer\n    raise\nOSError: Failed to load tokenizer.": "offline mode",
            "OSError: Failed to load tokenizer.": "",
        },
    ),
    General(
        "data-set-not-registered",
        r"Undefined dataset [\w./-]{1,80} in |Cannot open \S{1,120}dataset_info\.json",
        _register,
        {
            "ValueError: Undefined dataset alpaca_x in dataset_info.json.": "dataset_dir",
            "ValueError: Undefined dataset /x/data/train1.json in dataset_info.json.": "file_name",
            "ValueError: Cannot open data/dataset_info.json due to Expecting property name "
            "enclosed "
            "in double quotes: line 1 column 38 (char 37).": "json.tool",
            "ValueError: Cannot open d/dataset_info.json due to [Errno 2] No such file or "
            "directory: 'd/dataset_info.json'.": "ls FOLDER/dataset_info.json",
        },
    ),
    General(
        "llama-factory-refuses-the-pair",
        r"ValueError: [^\n]{3,160}(?:incompatible with|is only valid for|only compatible with|"
        r"does not support|cannot be set as|Cannot use|only accepts|only supports|not supported)",
        _refused,
        {
            'Traceback (most recent call last):\n  File "/x/src/llamafactory/hparams/parser.py", '
            "line 3, in get_train_args\n    f()\nValueError: Unsloth is incompatible with "
            "DeepSpeed ZeRO-3.": "Unsloth is incompatible with DeepSpeed",
            "ValueError: `x` is incompatible with `y`.": "",
        },
    ),
)
