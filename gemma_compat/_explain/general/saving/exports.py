"""What was saved or merged and does not load: tied heads, a missing index, another class."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from ..loading.listed import by_listing
from ..serving.vllm_names import by_prefix

_MULTIMODAL = {
    "Gemma3": "Gemma3ForConditionalGeneration",
    "Gemma3n": "Gemma3nForConditionalGeneration",
    "Gemma4": "Gemma4ForConditionalGeneration",
}


_OF_THE_WHOLE = {"language_model", "vision_tower", "model", "multi_modal_projector"}


def _foreign_prefix(case: Case) -> Answer:
    """Answer vLLM's error about a tensor that the class has no place for."""
    name, kind = case.match["name"], case.match["kind"] or "the class"
    if name == "lm_head" and (case.match["kind"] or not case.log.is_other):
        return _head_of_its_own(f"{kind} in vLLM")
    if kind.endswith("ForCausalLM") and name in _OF_THE_WHOLE:
        return _text_class(name, kind)
    if re.search(r"\.(?:(?:in|out)put_(?:min|max)|linear)(?:\.weight)?$", name):
        return _clipped(name, kind)
    saved = by_prefix(name, kind, case)
    if saved is not None:
        return saved
    near = case.hit.before[-4000:] + case.around + case.hit.after[:2000]
    if re.search(r"(?i)GRPO|rollout|weight.?sync|update_weights|同步权重", near):
        return _sent(name, kind)
    return Answer(
        f"the checkpoint has a tensor under {name}, for which {kind} in vLLM has no place",
        ("serve the base model with the adapter (vllm serve BASE --enable-lora), or merge again",),
        why="names in the files and the class in config.json belong to different layouts",
        known="the message; how it came about is not in the log",
        certain=False,
    )


def _clipped(name: str, kind: str) -> Answer:
    return Answer(
        f"the checkpoint has {name}, a part of Gemma 4's clipped layers, which {kind} in this vLLM "
        "does not know",
        (
            "pip install -U vllm   (the published E2B and E4B have such parts too)",
            "or vllm serve BASE --enable-lora, where the base checkpoint loads and the merged one "
            "does not",
        ),
        why="the towers of Gemma 4 wrap their linear layers, with the weight in .linear and the "
        "limits input_min to output_max beside it",
        known="the name; the wrapper was read in transformers 5.23.0. Which vLLM knows it, the "
        "message does not say",
        certain=False,
        settles=False,
        of_gemma=True,
    )


def _sent(name: str, kind: str) -> Answer:
    return Answer(
        f"the trainer sends vLLM a tensor under {name}, for which {kind} there has no place",
        (
            "transformers, vllm and the trainer of the same time: pip install -U",
            "send only what is trained: an adapter, with the towers frozen",
        ),
        why="transformers and vLLM have this model under different names, and what sends the "
        "weights (ms-swift, TRL) does not rename them for this class",
        known="the message, and that the text tells of GRPO or of weights that are sent",
        certain=False,
    )


def _head_of_its_own(kind: str) -> Answer:
    return Answer(
        f"the checkpoint holds a separate head, which {kind} has no place for: Gemma "
        "ties the head to the input embeddings",
        (
            "drop lm_head.weight from the checkpoint's files (and its index): it equals the "
            "embeddings",
            "or save again from a model that is tied: model.tie_weights() before save_pretrained",
        ),
        why="a full fine-tune, or a save that untied the two, wrote the one tensor under both "
        "names",
        known="the message names the tensor; that this class has no head is vLLM's source",
        of_gemma=True,
    )


def _text_class(name: str, kind: str) -> Answer:
    whole = _MULTIMODAL.get(kind.removesuffix("ForCausalLM"), "the multimodal class")
    return Answer(
        f"config.json names the text class {kind}, and the weights beside it are the multimodal "
        f"model's (they begin with {name})",
        (
            f'"architectures": ["{whole}"] with the base checkpoint\'s config.json beside these '
            "weights",
            "or merge and save again with a newer release of what saved it",
        ),
        why="the merge took the text model's config and the multimodal model's tensors",
        known="both are in the message; which release of the saving tool does so is not",
        of_gemma=True,
    )


def _missing_shard(name: str) -> Answer:
    return Answer(
        f"the index of the weights names {name}, and that file is not there",
        (
            "ls FOLDER   beside model.safetensors.index.json: which of the shards are missing?",
            "a download that was stopped: hf download NAME --local-dir FOLDER   goes on where it "
            "stopped",
            "a save or a merge that broke off: again, with room on the disk (df -h .)",
            "a repository of your own: hf upload OWNER/NAME FOLDER   with what is missing",
        ),
        why="a checkpoint of several files is read by its index alone",
        known="the message has the name",
        settles=False,
    )


_NO_WEIGHTS = Answer(
    "the folder or repository holds no weights under a name that transformers looks for",
    (
        "ls FOLDER   : adapter_model.safetensors is an adapter: AutoPeftModelForCausalLM."
        "from_pretrained(FOLDER)",
        "global_step* is DeepSpeed's: python zero_to_fp32.py . OUT   in that folder; "
        "pytorch_model_fsdp_0 is FSDP's: accelerate merge-weights",
        "shards without model.safetensors.index.json, a .gguf, or nothing: save or download it "
        "again",
    ),
    why="a checkpoint folder of a run has weights in its own subfolders (checkpoint-500), and the "
    "run's output folder has some only after save_model",
    known="the message; what lies in the folder, it does not say",
    settles=False,
)


def _no_index(case: Case) -> Answer | None:
    if "but there is a file for" in case.hit.text:
        return None  # of another framework
    if case.match["shard"]:
        return _missing_shard(case.match["shard"])
    listed = by_listing(case)
    if listed is not None:
        return listed
    shards = re.search(r"model-0000\d-of-0000\d", case.around)
    merged = re.search(r"merge", case.around) and re.search(
        r"Unsloth|import unsloth|Fast\w*Model", case.near + case.around
    )
    if not shards and not merged:
        return _NO_WEIGHTS
    return Answer(
        "the folder holds shards of weights and no model.safetensors.index.json, so nothing is "
        "found at loading"
        if shards
        else "the merged folder holds no weights under a name that transformers looks for",
        (
            "pip install -U unsloth unsloth_zoo   and merge again",
            "or copy model.safetensors.index.json from the 16-bit base checkpoint beside the "
            "shards",
        ),
        why="transformers finds several shards by their index only. Unsloth before 2025.5 merged "
        "from a single-file 4-bit base without writing one",
        known="the files are in the log; fixed in May 2025, which release was not bisected"
        if shards
        else "the message; what is in the folder is not in the log",
        certain=bool(shards),
    )


def _head_key(case: Case) -> Answer | None:
    """Answer a KeyError of the head from the loader of an engine that ties it."""
    engine = re.search(
        r"[/\\](?P<engine>vllm|sglang)[/\\].{0,60}(?:gemma|llm\.py|llm_engine)", case.around
    )
    of_gemma = case.facts.model.known("model_type") or re.search("gemma", case.around)
    if engine is None or not of_gemma:
        return None
    answer = _head_of_its_own(f"the Gemma class of {engine['engine']}")
    return Answer(
        answer.happened,
        (*answer.do, f"or pip install -U {engine['engine']}: newer releases pass over that tensor"),
        why=answer.why,
        known="the key and the loader's frames",
        of_gemma=True,
    )


KINDS: tuple[General, ...] = (
    General(
        "head-without-a-place",
        r"KeyError: '(?:model\.)?lm_head\.weight'",
        _head_key,
        {
            'google/gemma-2b\nTraceback (most recent call last):\n  File "/x/site-packages/vllm/'
            'model_executor/models/gemma.py", line 339, in load_weights\n    p = d[name]\n'
            "KeyError: 'lm_head.weight'": "tie_weights",
            "KeyError: 'lm_head.weight'": "",
        },
    ),
    General(
        "no-config-in-folder",
        r"`config\.json` does not exist inside",
        always(
            "the folder that should become a GGUF holds no config.json: no merged model was saved "
            "there",
            'model.save_pretrained_merged("FOLDER", tokenizer)   and then the export, with the '
            "same folder",
            "or merge and convert by hand: llama.cpp's convert_hf_to_gguf.py FOLDER",
            why="the export converts what lies in the folder: an adapter alone has no config.json",
            known="the message is that of unsloth_zoo's llama_cpp.py; why nothing was saved there "
            "is not in the log",
        ),
        {
            "RuntimeError: Unsloth: `config.json` does not exist inside `out`.": (
                "save_pretrained_merged"
            )
        },
    ),
    General(
        "no-place-in-vllm",
        r"There is no module or parameter named '(?P<name>[\w.]{1,80})'"
        r"(?: in (?P<kind>\w*Gemma\w*)|\s*$)",
        _foreign_prefix,
        {
            "ValueError: There is no module or parameter named 'lm_head' in "
            "Gemma3nForConditionalGeneration": "lm_head.weight",
            "ValueError: There is no module or parameter named 'audio_tower.layers.0.lconv1d."
            "linear_start.input_max' in Gemma4ForConditionalGeneration": "-U vllm",
            "ValueError: There is no module or parameter named 'language_model' in "
            "Gemma3ForCausalLM": "Gemma3ForConditionalGeneration",
            "ValueError: There is no module or parameter named 'base_model' in "
            "Gemma3ForCausalLM": "nothing was merged",
            "ValueError: There is no module or parameter named 'embed_vision.patch_dense' \n"
            "in Gemma4UnifiedForConditionalGeneration. ": "--enable-lora",
            "GRPO, at the first weight sync to the rollout server:\nValueError: There is no module "
            "or parameter named 'embed_vision.patch_dense' in Gemma4Unified": "same time",
        },
        alone=True,
    ),
    General(
        "no-weights-in-folder",
        r"does not appear to have a file named (?:pytorch_model\.bin|model\.safetensors|"
        r"(?P<shard>(?:pytorch_model|model)-\d{5}-of-\d{5}\.(?:bin|safetensors)))|"
        r"no file named (?:pytorch_model\.bin|model\.safetensors)",
        _no_index,
        {
            "unsloth\nOSError: merged does not appear to have a file named pytorch_model.bin": (
                "index.json"
            ),
            "OSError: Error no file named pytorch_model.bin, model.safetensors found in directory "
            "./gemma-lora.": "AutoPeftModelForCausalLM",
            "OSError: out does not appear to have a file named pytorch_model.bin": "ls FOLDER",
            "['latest', 'zero_to_fp32.py', 'global_step3', 'config.json']\nOSError: Error no file "
            "named model.safetensors, or pytorch_model.bin, found in directory final.": (
                "python zero_to_fp32.py . OUT"
            ),
            "-rw-r--r-- 1 me me 100 Nov 2 10:00 adapter_config.json\n-rw-r--r-- 1 me me 100 Nov 2 "
            "10:00 adapter_model.safetensors\nOSError: Error no file named model.safetensors found "
            "in directory out.": "holds an adapter alone",
            '>>> os.listdir("out/checkpoint-5")\n'
            "['latest', 'zero_to_fp32.py', 'global_step5']\nOSError: Error no file named "
            "model.safetensors, or pytorch_model.bin, found in directory /m/base.": "ls FOLDER",
            "OSError: ./merged does not appear to have a file named model-00002-of-00002."
            "safetensors. Checkout": "the index",
            "OSError: Error no file named pytorch_model.bin found in directory x but there is a "
            "file for TensorFlow weights.": "",
            "OSError: Error no file named pytorch_model.bin, model.safetensors found in directory "
            "/home/me/merged-model.": "ls FOLDER",
        },
        alone=True,
    ),
)
