"""axolotl, torchtune, the evaluators and launchers: what they say themselves."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .axolotl_checks import fixes


def _value_errors(case: Case) -> list[str]:
    """Return what pydantic quotes of the config's own checks."""
    said = re.findall(r"Value error, (.{8,240}?) ?(?:\[type=|$)", case.message, re.MULTILINE)
    expected = re.findall(
        r"^([a-z]\w{2,50}(?:\.\w+)*)\n +((?:Input should be|Extra inputs are|Field required)"
        r".{0,90}?) ?(?:\[type=|$)",
        case.message,
        re.MULTILINE,
    )
    said += [f"{field}: {text}" for field, text in expected]
    return list(dict.fromkeys(said))[:3]


def _of_axolotl(case: Case) -> Answer:
    fields = re.findall(r"^([a-z]\w{2,50})(?:\.\w+)*$", case.message, re.MULTILINE)
    named = f": {', '.join(dict.fromkeys(fields[:4]))}" if fields else ""
    said = _value_errors(case)
    do = fixes(said)
    if do and not named:
        named = f": {said[0][:160].rstrip('.')}"
    return Answer(
        f"axolotl refuses the config{named}",
        (
            *do,
            *(f"what it says: {text}" for text in said),
            "axolotl config-schema   lists the fields of this release",
            "or pip install -U axolotl, where the field is newer",
        ),
        why="each field is checked before anything is loaded; the lines below a field's name say "
        "what is expected",
        known="the message lists the fields",
        settles=False,
    )


def _prompt_name(case: Case) -> Answer:
    if "with keys []" in f"{case.hit.text}{case.message}":
        return Answer(
            "the embedding model was loaded without any prompt: its folder lacks the file that "
            "holds them",
            (
                "config_sentence_transformers.json   beside the weights: hf download MODEL again",
                "or SentenceTransformer(MODEL, prompts={'query': '...'})",
            ),
            why="a folder of plain weights, or a copy from before the prompts were added, loads "
            "with mean pooling and no prompts",
            known="the message lists no prompt at all",
        )
    return Answer(
        "the embedding model has no prompt of that name",
        (
            "print(model.prompts)   lists them; EmbeddingGemma's are query, document and one for "
            "each task",
            "or prompt='task: search result | query: ' in place of prompt_name",
        ),
        known="the message lists those that are there",
    )


def _perplexity(case: Case) -> Answer | None:
    value = float(case.match["value"])
    if value < 1000 or not case.log.model_types or re.search(r"add_bos_token=True", case.near):
        return None
    return Answer(
        f"a perplexity of {value:,.0f} is not that of a working model: most often the <bos> is "
        "missing",
        (
            "lm_eval ... --model_args pretrained=MODEL,add_bos_token=True",
            "with a chat model: --apply_chat_template, whose template writes <bos> itself",
        ),
        why="a Gemma needs <bos> at the beginning of every text; lm-eval adds it by itself for "
        "some releases of Gemma only",
        known="the figure; that the text began without <bos> is not in the log",
        certain=False,
        of_gemma=True,
    )


def _adapters(case: Case) -> Answer:
    """Answer by which of LLaMA-Factory's checks of adapter and quantization it is."""
    if "merge adapters" in case.hit.text:
        said = "an adapter is to be merged into weights that are quantized"
        do = "llamafactory-cli export   without quantization_bit, on the base model in 16 bits"
    elif "Adapter is only" in case.hit.text:
        said = "an adapter is given to a run whose method is not LoRA"
        do = "finetuning_type: lora, or no adapter_name_or_path"
    elif "single adapter" in case.hit.text:
        said = "several adapters are given beside quantized weights, which take one"
        do = "llamafactory-cli export   on the base model in 16 bits, one adapter at a time"
    else:
        said = "quantized weights are to be trained by a method that does not keep them as they are"
        do = "finetuning_type: lora, or no quantization_bit"
    return Answer(said, (do,), known="LLaMA-Factory says so")


KINDS: tuple[General, ...] = (
    General(
        "perplexity-without-bos",
        r"\|(?:word_|token_)?perplexity *\|(?:[^|\d\n]{0,6}\|)? "
        r"*(?P<value>\d{3,15}(?:\.\d{1,8})?) *\|",
        _perplexity,
        {
            "hf (pretrained=google/gemma-7b)\n|lambada_openai|  1|none|None|perplexity|"
            "5909545606.3929|+-|899657349.2755|": "add_bos_token=True",
            "hf (pretrained=google/gemma-2-9b)\n|lambada_openai| 1|none| 0|perplexity|↓  "
            "|2645.4121|±  |240.9389|": "add_bos_token=True",
            "hf (pretrained=google/gemma-7b)\n|wikitext|  2|none|None|word_perplexity|  9.1|": "",
            "hf (pretrained=google/gemma-7b,add_bos_token=True)\n|lambada_openai|  1|none|None|"
            "perplexity|400040.0143|": "",
            "hf (pretrained=gpt2)\n|lambada_openai|  1|none|None|perplexity|400040.0143|": "",
        },
        alone=True,
    ),
    General(
        "output-folder-in-use",
        r"Output directory (?:\(\S{1,200}\) )?already exists and is not empty",
        always(
            "the output folder holds an earlier run",
            "output_dir: another folder",
            "or overwrite_output_dir: true; resume_from_checkpoint: FOLDER to go on",
        ),
        {
            "ValueError: Output directory already exists and is not empty. Please set "
            "`overwrite_output_dir`.": "another folder"
        },
    ),
    General(
        "launch-with-its-own-command",
        r"launch distributed training with `llamafactory-cli` or `torchrun`|"
        r"use `FORCE_TORCHRUN=1` to launch",
        always(
            "LLaMA-Factory sees several GPUs (or DeepSpeed) and one process",
            "FORCE_TORCHRUN=1 llamafactory-cli train CONFIG.yaml",
            "or CUDA_VISIBLE_DEVICES=0 for one GPU",
        ),
        {
            "ValueError: Please use `FORCE_TORCHRUN=1` to launch DeepSpeed training.": (
                "FORCE_TORCHRUN=1 llamafactory-cli"
            )
        },
    ),
    General(
        "adapter-in-the-export-that-quantizes",
        r"Please merge adapters before quantizing the model|量化模型前请先合并适配器",
        always(
            "the export is to quantize, and it still has an adapter",
            "first llamafactory-cli export without export_quantization_bit: the adapter goes into "
            "a folder in 16 bits",
            "then export again with model_name_or_path: that folder, no adapter_name_or_path (no "
            "checkpoint in the web page), and export_quantization_bit: 4",
            known="LLaMA-Factory says so",
        ),
        {"ValueError: Please merge adapters before quantizing the model.": "model_name_or_path"},
        alone=True,
    ),
    General(
        "adapter-and-quantized-export",
        r"Cannot merge adapters to a quantized model|"
        r"(?:Quantization|Adapter) is only (?:compatible with|valid for) the LoRA|"
        r"Quantized models? (?:can only be used for|only accepts a single)",
        _adapters,
        {
            "ValueError: Cannot merge adapters to a quantized model.": "without quantization_bit",
            "ValueError: Adapter is only valid for the LoRA method.": "no adapter_name_or_path",
            "ValueError: Quantization is only compatible with the LoRA or OFT method.": (
                "or no quantization_bit"
            ),
            "ValueError: Quantized model only accepts a single adapter. Merge them first.": (
                "one adapter at a time"
            ),
        },
    ),
    General(
        "config-that-axolotl-refuses",
        r"\d+ validation errors? for Axolotl(?:Input|Config)\w{0,40}",
        _of_axolotl,
        {
            "pydantic_core._pydantic_core.ValidationError: 1 validation error for "
            "AxolotlInputConfig\nlora_r\n  Input should be a valid integer": "lora_r",
            "pydantic_core._pydantic_core.ValidationError: 1 validation error for "
            "AxolotlConfigWCapabilities\npretraining_dataset\n  Input should be a valid list "
            "[type=list_type, input_value={}, input_type=dict]": (
                "pretraining_dataset: Input should be a valid list"
            ),
            "pydantic_core._pydantic_core.ValidationError: 1 validation error for "
            "AxolotlInputConfig\n  Value error, please set only one of gradient_accumulation_steps "
            "or batch_size [type=value_error, input_value={}, input_type=dict]": "only one of",
        },
    ),
    General(
        "fields-of-the-wrong-kind",
        r"\d+ validation errors? for (?P<name>\w{1,60})",
        lambda case: (
            None
            if re.search(r"Value error, The checkpoint you are", f"{case.around}{case.near}")
            else Answer(
                f"a config does not have the form that {case.match['name']} expects",
                (
                    *(f"what it says: {text}" for text in _value_errors(case)),
                    "the lines below name each field and what is expected of it",
                    "or bring the file and the package that reads it to releases of the same time",
                ),
                known="pydantic lists the fields",
                settles=False,
            )
        ),
        {
            "pydantic_core._pydantic_core.ValidationError: 2 validation errors for ModelConfig\n  "
            "Value error": "ModelConfig"
        },
    ),
    General(
        "prompt-name-unknown",
        r"[Pp]rompt name '[^'\n]{1,60}' not found in the configured prompts dictionary",
        _prompt_name,
        {
            "ValueError: Prompt name 'passage' not found in the configured prompts dictionary "
            "with keys ['query', 'document'].": "print(model.prompts)",
            "ValueError: Prompt name 'query' not found in the configured prompts dictionary with "
            "keys [].": "config_sentence_transformers.json",
        },
    ),
)
