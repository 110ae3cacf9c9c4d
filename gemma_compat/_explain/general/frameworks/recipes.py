"""Configs and checkpoints of axolotl, torchtune, LitGPT, Google's gemma and LLaMA-Factory."""

from __future__ import annotations

from ...answer import Answer
from ..base import Case, General, always


def _component(case: Case) -> Answer:
    name = (case.match["name"] or case.match["other"]).rstrip(".")
    package = name.partition(".")[0]
    return Answer(
        f"the config names {name}, which the installed {package} does not have",
        (
            f"pip install -U {package}   for a component that is newer",
            "or a config of the installed release: tune ls, tune cp RECIPE .",
        ),
        why="torchtune has models/gemma and models/gemma2, and no Gemma 3 up to 0.6.1"
        if "gemma" in name
        else "components are found by their dotted name, which moves between releases",
        known="torchtune names the component",
        settles=False,
    )


def _reward(case: Case) -> Answer:
    return Answer(
        "LLaMA-Factory found no value head in the folder that reward_model names",
        (
            "train it first with this release: stage: rm   and its output_dir as reward_model",
            "ls FOLDER   has to show value_head.safetensors (or value_head.bin)",
        ),
        why="the head is a file of its kind beside the adapter; a reward model of another trainer, "
        "or of an older release, has none there",
        known="LLaMA-Factory says so",
    )


def _no_rows(case: Case) -> Answer:
    if "sufficient" in case.hit.text:
        return Answer(
            "the texts of the data set are together shorter than one block of cutoff_len",
            ("cutoff_len: 512   or another that is shorter", "or more rows (max_samples)"),
            why="stage: pt joins all texts, cuts them into blocks and drops the rest",
            known="LLaMA-Factory says so",
        )
    return Answer(
        "no row of the data set could be used",
        (
            "in dataset_info.json: formatting (alpaca or sharegpt), columns and tags as the rows "
            "have them",
            "rm -r the tokenized or cached copy (tokenized_path, ~/.cache/huggingface/datasets), "
            "where the data changed",
        ),
        why="rows whose keys are not found, whose turns do not alternate, or that are longer than "
        "cutoff_len are dropped one by one, with a warning above",
        known="LLaMA-Factory says so; which it was, the warnings above it say",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "axolotl-does-not-know-the-type",
        r"unhandled prompt tokenization strategy: (?P<name>\S{1,80})",
        lambda case: Answer(
            f"axolotl has no data set type {case.match['name'].rstrip('.')}",
            (
                "type: chat_template   with field_messages: messages (rows of turns)",
                "type: alpaca (instruction, input, output), completion (text)   for other rows",
            ),
            why="sharegpt was taken out in favour of chat_template; a misspelt type looks the same",
            known="axolotl names the type",
        ),
        {
            "ValueError: unhandled prompt tokenization strategy: sharegpt_simple.": (
                "type: chat_template"
            )
        },
    ),
    General(
        "axolotl-has-no-strategy",
        r"'NoneType' object has no attribute '(?:supports_batched|tokenize_prompt|wrap_dataset)'",
        always(
            "axolotl made no prompt strategy for the type that the config gives",
            "in the YAML, below datasets: a type of its documentation (chat_template, alpaca, "
            "completion), written as there",
            "a type of your own in full: field_instruction, field_input, field_output, format and "
            "no_input_format",
            why="a type that cannot be loaded gives None, and the rows are handed to that",
            known="the attribute is one of axolotl's prompt strategies; what is wrong with the "
            "type, it does not say",
            settles=False,
        ),
        {
            "AttributeError: 'NoneType' object has no attribute 'supports_batched'": "alpaca",
        },
    ),
    General(
        "axolotl-finds-no-data",
        r"The dataset could not be loaded\. This could be due to a misconfigured|"
        r"unhandled dataset load",
        always(
            "axolotl found no data set under the path that the config gives",
            "ls PATH   from the folder in which axolotl is started; ds_type: json for a file",
            "or hf auth login, for a data set of the Hub that is private or gated",
            why="it tries the Hub, a folder, a file and a cloud address in turn",
            known="axolotl names the path",
        ),
        {
            "ValueError: The dataset could not be loaded. This could be due to a misconfigured "
            "dataset path (/x/data.jsonl).": "ds_type: json"
        },
    ),
    General(
        "component-not-in-torchtune",
        r"Could not locate (?:object with dotpath |component )'?(?P<name>torchtune[\w.]{3,100})|"
        r"InstantiationError: \S{0,20} ?(?P<other>torchtune\.[\w.]{3,100})",
        _component,
        {
            "torchtune.config._errors.InstantiationError: Could not locate object with dotpath "
            "torchtune.models.gemma3.gemma3_4b": "no Gemma 3 up to 0.6.1"
        },
    ),
    General(
        "not-a-folder-of-litgpt",
        r"--checkpoint_dir '?(?P<folder>[^'\n]{1,200})'? (?:is missing the files|is not a)|"
        r"'(?P<name>[\w./-]{1,80})' is not a supported config name",
        lambda case: Answer(
            f"this LitGPT has no config for {case.match['name']}"
            if case.match["name"]
            else "LitGPT finds no checkpoint of its format in that folder",
            (
                "litgpt download list   shows the names that this release has",
                "or pip install -U litgpt, for a family that is new",
            )
            if case.match["name"]
            else (
                "litgpt download google/gemma-2-2b   (downloads and converts)",
                "or litgpt convert_to_litgpt FOLDER   for files of transformers",
            ),
            why="it reads lit_model.pth and model_config.yaml, which the conversion writes",
            known="LitGPT says so",
        ),
        {
            "FileNotFoundError: --checkpoint_dir '/x/checkpoints/google/gemma-2b' is missing the "
            "files: ['lit_model.pth', 'model_config.yaml'].": "convert_to_litgpt",
            "ValueError: 'google/gemma-4-E2B' is not a supported config name": "download list",
        },
    ),
    General(
        "no-value-head-in-the-folder",
        r"Reward model is not correctly loaded|Provided path \([^)\n]{1,200}\) does not contain "
        r"value head weights",
        _reward,
        {"AssertionError: Reward model is not correctly loaded.": "stage: rm"},
    ),
    General(
        "no-adapter-in-this-engine",
        r"vLLM engine does not support LoRA|vLLM only accepts a single adapter|"
        r"vLLM engine only supports auto-regressive",
        always(
            "LLaMA-Factory does not hand this adapter (or model) to vLLM",
            "llamafactory-cli export CONFIG.yaml   merges it; then infer_backend: vllm on "
            "export_dir",
            "or infer_backend: huggingface, with the adapter",
            "or pip install -U llamafactory, whose newer releases hand one adapter over",
            known="LLaMA-Factory says so",
        ),
        {
            "ValueError: vLLM engine does not support LoRA adapters. Merge them first.": (
                "llamafactory-cli export"
            )
        },
    ),
    General(
        "vllm-and-the-training-share",
        r"The requested device for vllm \((?P<device>\w+:\d+)\) is not available",
        lambda case: Answer(
            f"TRL wants a GPU for vLLM alone ({case.match['device']}), and there is none left",
            (
                'pip install -U trl   and vllm_mode="colocate", which shares the training\'s GPUs',
                "this release: accelerate launch --num_processes GPUS_MINUS_ONE ...; with one "
                'GPU: vllm_device="cuda:0", vllm_gpu_memory_utilization=0.3',
                "or use_vllm=False",
            ),
            why="the TRL of early 2025 put vLLM onto the first GPU behind those of the training",
            known="TRL names the device",
        ),
        {
            "ValueError: The requested device for vllm (cuda:1) is not available. You are likely "
            "using vLLM without restricting the number of GPUs for training.": "colocate"
        },
    ),
    General(
        "card-without-bfloat16-in-axolotl",
        r"bf16 requested, but AMP is not supported on this GPU",
        always(
            "bf16 was asked for on a card that does not compute it",
            "bf16: false, fp16: true, tf32: false   in the YAML",
            "or bf16: auto; better an Ampere card or newer (A10, L4, RTX 30 and later)",
            why="a Gemma's activations pass float16's largest number, so watch the loss for NaN",
            known="axolotl says so",
        ),
        {
            "ValueError: bf16 requested, but AMP is not supported on this GPU. Requires Ampere "
            "series or above.": "bf16: false"
        },
    ),
    General(
        "evaluation-too-small-to-pack",
        r"eval dataset split is too small for sample_packing",
        always(
            "axolotl cannot pack the rows of the evaluation: there are too few for one packed row "
            "on each process",
            "eval_sample_packing: false   in the YAML",
            "or a larger val_set_size",
            known="axolotl says so",
        ),
        {
            "ValueError: eval dataset split is too small for sample_packing. You should set "
            "'eval_sample_packing: False'.": "eval_sample_packing",
            "ValueError: train dataset split is too small for sample_packing.": "",
        },
        alone=True,
    ),
    General(
        "attribute-of-an-older-gemma",
        r"'Gemma(?:4|3n)Text(?:Attention|DecoderLayer)' object has no attribute "
        r"'kv_shared_layer_index'",
        always(
            "code for an older transformers reads kv_shared_layer_index of Gemma's attention, "
            "which this one has not",
            "with axolotl: pip install -U 'axolotl>=0.19'   (read in 0.19.0: it takes both forms)",
            "or a transformers before 5.8, as the older axolotl expects",
            "or a Gemma without shared layers (31B, 26B-A4B), where the patch reads nothing",
            why="Gemma 3n and the small Gemma 4 share keys and values among layers; transformers "
            "keyed these by the number of a layer, and keys them by its type now",
            known="read: not in Gemma 4's code of transformers 5.17.0, and in neither's of 5.23.0; "
            "that 5.8 took it away is axolotl's note",
            of_gemma=True,
        ),
        {
            "AttributeError: 'Gemma4TextAttention' object has no attribute "
            "'kv_shared_layer_index'": "axolotl>=0.19"
        },
        alone=True,
    ),
    General(
        "no-usable-rows",
        r"Cannot find (?:valid|sufficient) samples",
        _no_rows,
        {
            "RuntimeError: Cannot find valid samples, check `data/README.md` for the data "
            "format.": "dataset_info.json",
            "RuntimeError: Cannot find sufficient samples, consider increasing dataset size.": (
                "cutoff_len: 512"
            ),
        },
    ),
)
