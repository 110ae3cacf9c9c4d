"""What Unsloth checks in its calls and its exports, read in its source."""

from __future__ import annotations

from ..base import General
from ..checks import Check, kind_of
from .saving import UPGRADE

_BY_HAND = (
    "model.save_pretrained_merged(FOLDER, tokenizer, save_method='merged_16bit'), then python "
    "llama.cpp/convert_hf_to_gguf.py FOLDER --outtype bf16"
)

_CALLS: tuple[Check, ...] = (
    Check(
        r"Unsloth: `chat_template` must be a tuple",
        "get_chat_template was given a chat_template that is neither a name nor a tuple",
        (
            "tokenizer = get_chat_template(tokenizer, chat_template=\"gemma-3\")   or a name that "
            "the message lists",
            "a template of yours: (TEMPLATE, EOS_TOKEN)",
        ),
        (
            "TypeError: Unsloth: `chat_template` must be a tuple of (your_template, eos_token,) or "
            "one of dict_keys(['unsloth', 'gemma'])",
            'chat_template="gemma-3"',
        ),
    ),
    Check(
        r"Unsloth: instruction_part and response_part must be given",
        "train_on_responses_only needs to know how a user's and a model's turn begin in the text",
        (
            "train_on_responses_only(trainer, instruction_part=..., response_part=...)   as both "
            "stand in tokenizer.apply_chat_template(row, tokenize=False)",
            "Gemma 2 and 3: '<start_of_turn>user\\n' and '<start_of_turn>model\\n'",
        ),
        (
            "ValueError: Unsloth: instruction_part and response_part must be given!",
            "<start_of_turn>user",
        ),
    ),
    Check(
        r"Unsloth: Your tokenizer already has instruction and response parts set",
        "the tokenizer carries the two parts already, and the call gives others",
        ("train_on_responses_only(trainer)   without instruction_part and response_part",),
        (
            "ValueError: Unsloth: Your tokenizer already has instruction and response parts set - "
            "do not give custom ones!",
            "without instruction_part",
        ),
        why="get_chat_template puts them there",
    ),
    Check(
        r"Unsloth: No layers to finetune - please select",
        "get_peft_model is told to train neither the language nor the vision layers",
        ("finetune_language_layers=True   (and finetune_vision_layers=True for pictures)",),
        (
            "RuntimeError: Unsloth: No layers to finetune - please select to finetune the vision "
            "and/or the language layers!",
            "finetune_language_layers=True",
        ),
    ),
    Check(
        r"Unsloth: No modules to finetune - please select",
        "get_peft_model is told to train neither attention nor MLP modules",
        ("finetune_attention_modules=True, finetune_mlp_modules=True",),
        (
            "RuntimeError: Unsloth: No modules to finetune - please select to finetune the "
            "attention and/or the mlp modules!",
            "finetune_mlp_modules=True",
        ),
    ),
    Check(
        r"Unsloth: No layers to finetune\? You most likely specified target_modules",
        "no module of this model has a name that target_modules asks for",
        (
            "target_modules='all-linear'   or none, with finetune_language_layers=True",
            "print([name for name, _ in model.named_modules()])   lists the names",
        ),
        (
            "RuntimeError: Unsloth: No layers to finetune? You most likely specified "
            "target_modules = ['qkv'] incorrectly!",
            "all-linear",
        ),
    ),
    Check(
        r"Unsloth: Module = (?P<name>\S{1,80}) is not allowed\. Only 'lm_head'",
        "this Unsloth trains no {name} in full: modules_to_save takes lm_head and embed_tokens",
        ("modules_to_save=['lm_head', 'embed_tokens']   or none", UPGRADE),
        (
            "TypeError: Unsloth: Module = norm is not allowed. Only 'lm_head' and 'embed_tokens' "
            "is allowed.",
            "modules_to_save",
        ),
    ),
    Check(
        r"Unsloth: Currently `dataloader_drop_last` is not yet implemented",
        "unsloth_train does not drop the last batch",
        ("dataloader_drop_last=False", "or trainer.train() in place of unsloth_train(trainer)"),
        (
            "NotImplementedError: Unsloth: Currently `dataloader_drop_last` is not yet "
            "implemented!",
            "dataloader_drop_last=False",
        ),
    ),
    Check(
        r"Unsloth: Failed to use vision data collator",
        "a row's messages are not of the form that UnslothVisionDataCollator reads",
        (
            "{'messages': [{'role': 'user', 'content': [{'type': 'text', 'text': ...}, {'type': "
            "'image', 'image': ...}]}, ...]}",
            "dataset = standardize_data_formats(dataset)   for rows of ShareGPT's form",
        ),
        (
            "TypeError: Unsloth: Failed to use vision data collator! Maybe use "
            "`standardize_data_formats` first!",
            "'type': 'text'",
        ),
    ),
    Check(
        r"Unsloth: Cannot standardize non text datasets",
        "standardize_data_formats takes rows whose turns are text alone",
        ("rows with pictures as they are: messages with a content list, for "
         "UnslothVisionDataCollator",),
        (
            "RuntimeError: Unsloth: Cannot standardize non text datasets!",
            "UnslothVisionDataCollator",
        ),
    ),
    Check(
        r"Unsloth: Your GPU is too old!",
        "vLLM (fast_inference=True) needs a card of compute capability 7.0 or newer, and this one "
        "is older",
        ("fast_inference=False at loading, and use_vllm=False in GRPOConfig",),
        ("NotImplementedError: Unsloth: Your GPU is too old!", "fast_inference=False"),
    ),
    Check(
        r"Unsloth: vLLM does not support LoRA ranks of (?P<rank>\d+)",
        "the adapter's rank {rank} is above what vLLM takes",
        ("r=64   (8, 16, 32, 64, 128 ...), and max_lora_rank at loading not below it",),
        (
            "RuntimeError: Unsloth: vLLM does not support LoRA ranks of 1024. Only "
            "`{possible_max_ranks}` is supported.",
            "max_lora_rank",
        ),
    ),
    Check(
        r"Unsloth: LoRA filepath = (?P<path>\S{1,200}) does not exist",
        "load_lora was given {path}, and there is no adapter",
        ("model.save_lora('{path}')   first, or the folder that ls shows",),
        (
            "OSError: Unsloth: LoRA filepath = grpo_saved_lora does not exist!",
            "save_lora('grpo_saved_lora')",
        ),
    ),
    Check(
        r"You might have used uv to install packages, and they broke numpy",
        "numpy was replaced while this process had an older one loaded",
        (
            "restart the runtime (Colab: Runtime, Restart session), then the import cell; the "
            "installing cell need not run again",
        ),
        (
            "RuntimeError: ***** You might have used uv to install packages, and they broke numpy. "
            "Try restarting your runtime. *****",
            "Restart session",
        ),
    ),
    Check(
        r"Tokens (?P<tokens>\[[^\n]{1,200}?\]) with ids (?P<ids>\[[\d, ]{1,80}\]) exceeds the max "
        r"vocab size of (?P<size>\d+)",
        "the tokenizer has tokens past the model's {size} embeddings: {tokens}, ids {ids}",
        (
            "the tokenizer files of the checkpoint that the weights come from",
            "or model.resize_token_embeddings(len(tokenizer)) before the model was saved with them",
        ),
        (
            "RuntimeError: Unsloth tried to load `me/model`, but cannot succeed.\nTokens "
            "['<pad>'] with ids [32000] exceeds the max vocab size of 32000.",
            "['<pad>'], ids [32000]",
        ),
    ),
)  # fmt: skip

_EXPORTS: tuple[Check, ...] = (
    Check(
        r"Unsloth: `(?P<name>[\w.-]{1,40})` quantization type is not supported",
        "Unsloth writes no GGUF of the type {name}",
        ("quantization_method='q4_k_m'   or q8_0, f16, bf16, or one that the message lists",),
        (
            "RuntimeError: Unsloth: `q4` quantization type is not supported. The following "
            "quantization types are supported: `dict_keys(['f32'])`",
            "q4_k_m",
        ),
    ),
    Check(
        r"Unsloth: Failed converting to GGUF since we do not have enough disk space",
        "the GGUF is larger than the room that is left on the disk",
        (
            "df -h .   then make room: merged folders of earlier tries, checkpoint-N, hf cache",
            "a folder on another disk as the first argument (Kaggle: /tmp)",
        ),
        (
            "RuntimeError: Unsloth: Failed converting to GGUF since we do not have enough disk "
            "space! We need 8 bytes but we managed to find only 4 bytes!",
            "df -h",
        ),
    ),
    Check(
        r"llama\.cpp folder '[^'\n]{1,200}' does not exist|"
        r"Unsloth: Failed to find converter script in |"
        r"Build appeared to succeed but can't find binaries",
        "the folder llama.cpp that Unsloth made for the export is not whole",
        (
            "mv llama.cpp llama.cpp.old   (newer: ~/.unsloth/llama.cpp), and the export again",
            _BY_HAND,
            UPGRADE,
        ),
        (
            "RuntimeError: llama.cpp folder 'llama.cpp' does not exist",
            "mv llama.cpp",
        ),
    ),
    Check(
        r"\[FAIL\] (?:Unsloth: Failed executing command|Command) `?\[?(?P<command>[^`\]\n]{1,120})",
        "a command that Unsloth runs for the export to GGUF failed: {command}",
        (
            "that command in a terminal (a notebook's cell with !): its last lines say why",
            "sudo apt-get install -y build-essential cmake curl libcurl4-openssl-dev git   where "
            "it builds llama.cpp",
            _BY_HAND,
        ),
        (
            "RuntimeError: [FAIL] Command `cmake . -B build` failed with error `Command returned "
            "non-zero exit status 1.`",
            "failed: cmake . -B build",
        ),
    ),
    Check(
        r"Failed to quantize (?P<file>\S{1,160}) to (?P<type>\w{2,20}):|"
        r"Quantization failed - output file \S{1,160} not created",
        "llama-quantize, which Unsloth runs on the 16-bit GGUF, failed",
        (
            "df -h .   first: both files have to fit",
            "llama.cpp/llama-quantize FILE.BF16.gguf OUT.gguf Q4_K_M   in a terminal: its lines "
            "say why",
            "the 16-bit GGUF is written already, and Ollama and llama.cpp read it",
        ),
        (
            'Traceback (most recent call last):\n  File "/x/unsloth_zoo/llama_cpp.py", '
            "line 9, in f\n    raise\n"
            "RuntimeError: Failed to quantize model.BF16.gguf to q4_k_m: Command failed",
            "llama-quantize",
        ),
        is_own=False,
    ),
    Check(
        r"\[FAIL\] Unsloth: (?:apt-get|\S{2,12}) does not exist|\[FAIL\] Unsloth: Permission "
        r"denied when installing package|\[FAIL\] Unsloth: T\w{4} with sudo",
        "Unsloth wants to install what builds llama.cpp, and may not (or has no apt-get) here",
        (
            "cmake, a C++ compiler, git and libcurl's headers by this system's own means "
            "(dnf, conda install -c conda-forge cmake cxx-compiler), then the export again",
            _BY_HAND,
        ),
        (
            "RuntimeError: [FAIL] Unsloth: apt-get does not exist? Is this NOT a Linux / Mac based "
            "computer?",
            "cmake, a C++ compiler",
        ),
    ),
)

KINDS: tuple[General, ...] = (
    kind_of(
        "check-of-unsloth",
        r"[/\\]unsloth(?:_zoo)?[/\\]",
        "Unsloth says so; read in its releases of 2024.8 to 2026.10.9",
        (*_CALLS, *_EXPORTS),
    ),
)
