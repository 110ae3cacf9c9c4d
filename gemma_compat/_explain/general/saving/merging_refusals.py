"""What PEFT, Unsloth, the Hub and servers refuse where a trained model is merged or pushed."""

from __future__ import annotations

import re

from .... import versions
from ...answer import Answer
from ..base import Case, General, always

_PEFT = "PEFT says so"


def _incompatible(case: Case) -> Answer | None:
    name, here, least = case.match["name"], case.match["here"], case.match["least"]
    if not versions.is_valid(here.strip("`")) or not versions.is_valid(least.strip("`")):
        return None
    unused = name in {"torchao", "gptqmodel", "auto_gptq", "auto-gptq"}
    return Answer(
        f"{name} {here.strip('`')} is installed, and its caller wants {least.strip('`')} or newer",
        (
            *((f"pip uninstall -y {name}   where nothing of the run quantizes with it",) * unused),
            f"pip install -U '{name}>={least.strip('`')}'",
        ),
        why=f"PEFT looks at {name} whenever it is installed, also where the model is not quantized "
        "with it"
        if unused
        else "whoever calls it checks the release first",
        known="the message has both releases",
    )


def _packed(case: Case) -> Answer | None:
    packed, rows, columns = (int(case.match[name]) for name in ("packed", "rows", "columns"))
    if packed * 2 != rows * columns:
        return None
    return Answer(
        f"an adapter is added to a weight that is still packed in 4 bits: {packed:,} bytes hold "
        f"the {rows} x {columns} values",
        (
            "pip install -U unsloth unsloth_zoo   and merge again",
            "or merge with PEFT: PeftModel.from_pretrained(BASE_IN_16_BITS, 'ADAPTER')"
            ".merge_and_unload().save_pretrained('FOLDER')",
        ),
        why="a merge takes the base's weights in 16 bits; a base that lies in a folder in 4 bits "
        "was not unpacked",
        known="the sizes in the message: two values of 4 bits in each byte",
        settles=False,
    )


_MERGED_4_BITS = Answer(
    "merged_4bit writes a model that was loaded in 4 bits and has an adapter; this one is another",
    (
        "save_method='merged_16bit'   (what GGUF, vLLM and a further training want)",
        "or load with load_in_4bit=True and get_peft_model, train, and then merged_4bit",
    ),
    known="the check is in unsloth_zoo's saving_utils.py (read in 2026.10.9)",
)
_OF_THE_HUB = re.compile(r"huggingface|HfHub|hf\.co|amazonaws\.com/repos")
_NO_ROOM = Answer(
    "the account's room for private repositories on the Hub is full",
    (
        "huggingface.co/settings/billing   shows what is used; delete old repositories, or their "
        "history: super_squash_history",
        "private=False   where the model may be seen by all",
        "hub_strategy='end'   and the adapter in place of the merged model: fewer bytes",
    ),
    known="the Hub says so",
    settles=False,
)


# A sentence on merging of PEFT: the words "does not support merging" are of any program.
_OF_A_LAYER = re.compile(r"(?i)lora|oft|peft|adapter|linear|layer|gptq|(?<!pars)\w{3}error: ")
_NOT_TO_BE_MERGED = Answer(
    "this kind of adapter, or of base, cannot be merged",
    (
        "serve it as an adapter: PeftModel.from_pretrained(base, FOLDER), or vLLM with "
        "--enable-lora",
        "a base in 16 bits in place of GPTQ; lora_bias=False and plain LoRA in the next run",
    ),
    why="a merge adds a matrix to each layer's weight: a bias without a place, replicated "
    "or "
    "packed layers, and variants that act on tokens have none to be added to",
    known=_PEFT,
)

KINDS: tuple[General, ...] = (
    General(
        "adapter-on-a-packed-weight",
        r"Bad in-place call: input tensor size \[(?P<packed>\d+), 1\] and output tensor size "
        r"\[(?P<rows>\d+), (?P<columns>\d+)\]",
        _packed,
        {
            "RuntimeError: Bad in-place call: input tensor size [2097152, 1] and output tensor "
            "size [1024, 4096] should match": "4 bits",
            "RuntimeError: Bad in-place call: input tensor size [7, 1] and output tensor size "
            "[1024, 4096] should match": "",
        },
    ),
    General(
        "incompatible-release-beside-peft",
        r"Found an incompatible version of (?P<name>[\w.-]{2,40}?)(?: \([^)\n]{1,60}\))?\. Found "
        r"version (?P<here>`?[\d][\w.+]{0,20}`?), but only versions?[^\n]{0,20}? "
        r"(?P<least>`?\d[\w.]{0,20}?`?) (?:or higher |and above )?are supported",
        _incompatible,
        {
            "ImportError: Found an incompatible version of torchao. Found version 0.8.0, but only "
            "versions above 0.16.0 are supported": "pip uninstall -y torchao",
            "ImportError: Found an incompatible version of gptqmodel. Found version `1.0.0`, but "
            "only versions `2.0.0` or higher are supported": "gptqmodel>=2.0.0",
        },
    ),
    General(
        "numbers-broken-in-the-merge",
        r"NaNs detected in the merged (?:weights|bias)",
        always(
            "the merged weights would hold NaN or infinity, and PEFT's safe merge stops",
            "an earlier checkpoint-N of the run: is its adapter whole?",
            "print([n for n, p in model.named_parameters() if 'lora_' in n and not p.isfinite()"
            ".all()])",
            "train again in bfloat16, with a lower learning rate and max_grad_norm=0.3",
            why="a run whose loss became NaN writes it into lora_A and lora_B; a base in float16 "
            "may overflow too. Without safe_merge it would go into the base unseen",
            known=_PEFT,
        ),
        {
            "ValueError: NaNs detected in the merged weights. The adapter default seems to be "
            "broken": "checkpoint-N",
        },
        alone=True,
    ),
    General(
        "merge-that-this-adapter-does-not-have",
        r"does not support (?:safe )?merging\.?$|does not support (?:un)?merge yet|"
        r"Cannot merge (?:LORA|OFT) layers when base model layers are replicated|"
        r"Cannot merge layers when the model is gptq|Impossible to merge LoRA with "
        r"`lora_bias=True`|"
        r"trained with lora_bias=True because its base layer has no bias|"
        r"Base layer has no bias, cannot merge",
        lambda case: _NOT_TO_BE_MERGED if _OF_A_LAYER.search(case.hit.text) else None,
        {
            "RuntimeError: Impossible to merge LoRA with `lora_bias=True` because the base layer "
            "has no bias.": "lora_bias=False",
            "ERROR: this git host does not support merging.": "",
        },
        alone=True,
    ),
    General(
        "adapter-name-that-is-not-there",
        r"Adapter\(s\) [^\n]{1,120} not found, available adapters|"
        r"invalid `selected_adapters` arguments|Found no adapter matching the names",
        always(
            "an adapter is asked for by a name that the model has not",
            "print(list(model.peft_config))   : without adapter_name it is called default",
            "model.load_adapter(FOLDER, adapter_name='NAME')   before set_adapter, "
            "add_weighted_adapter or save_pretrained(selected_adapters=['NAME'])",
            known=_PEFT,
        ),
        {"ValueError: Adapter(s) ['a'] not found, available adapters: ['default']": "default"},
    ),
    General(
        "file-in-place-of-a-folder",
        r"Provided path \((?P<path>[^)\n]{1,300})\) should be a directory, not a file",
        lambda case: Answer(
            "save_pretrained writes a folder, and was given the path of a file that exists",
            (
                f"save_pretrained('OTHER_FOLDER')   or move {case.match['path']} away",
                "a name without .bin, .pt or .safetensors: it writes those files into the folder",
            ),
            known="the message; PEFT and transformers print it in save_pretrained alone",
        ),
        {
            "AssertionError: Provided path (a/adapter_model.safetensors) should be a directory, "
            "not a file": "writes a folder",
        },
    ),
    General(
        "four-bit-merge-of-another-model",
        r"Cannot use 'merged_4bit'|for 'merged_4bit' save\.|Failed to save merged 4-bit model|"
        r"Failed to merge LoRA weights for 4-bit save",
        lambda case: (
            _MERGED_4_BITS.replace(
                happened="the save in 4 bits failed; the error quoted behind it is the cause",
                known="unsloth_zoo's saving_utils.py wraps any error so (read in 2026.10.9)",
                settles=False,
            )
            if case.match[0].startswith("Failed")
            else _MERGED_4_BITS
        ),
        {
            "ValueError: Model does not appear to be quantized. Cannot use 'merged_4bit'.": (
                "merged_16bit"
            ),
            "RuntimeError: Failed to save merged 4-bit model: [Errno 28] No space left on device": (
                "is the cause"
            ),
        },
        alone=True,
    ),
    General(
        "four-bits-on-several-cards",
        r"[Pp]requant BitsAndBytes models with (?:TP|tensor parallel\w*) is not supported",
        always(
            "this server does not split a checkpoint that is in 4 bits already over several cards",
            "--tensor-parallel-size 1, or --pipeline-parallel-size as many as there are cards "
            "(SGLang: --tp-size 1, --pp-size)",
            "or the merged model in 16 bits, with --quantization fp8 or bitsandbytes at loading",
            why="its packed columns cannot be cut along a row or column",
            known="vLLM and SGLang say so (read in sglang 0.5.23)",
        ),
        {
            "ValueError: Prequant BitsAndBytes models with TP is not supported.Please try with "
            "PP.": ("pipeline-parallel-size"),
        },
        alone=True,
    ),
    General(
        "repository-without-its-owner",
        r"Invalid repo_id: \S{1,120}\. It should have a namespace|"
        r"You are pushing to Hugging Face, but \S{1,120} is not a valid repo",
        always(
            "the repository is named without its owner",
            "OWNER/NAME   : hf auth whoami shows yours and your organisations'",
            known="the Hub's client says so",
        ),
        {
            "ValueError: Invalid repo_id: gemma-ft. It should have a namespace (:namespace:/"
            ":repo_name:)": "OWNER/NAME",
        },
    ),
    General(
        "upload-that-broke-off",
        r"Error while uploading '(?P<file>[^'\n]{1,200})' to the Hub|LFS batch API returned errors|"
        r"Failed to upload to Hugging Face Hub: |"
        r"HfHubHTTPError: 413|413 Client Error|[Pp]rivate (?:repository )?storage limit",
        lambda case: (
            _NO_ROOM
            if "storage limit" in case.match[0]
            else None
            if case.match[0].startswith("413") and not _OF_THE_HUB.search(case.hit.text)
            else Answer(
                "the upload of a large file to the Hub did not go through"
                if not re.search(r"413|limit", case.match[0])
                else "the Hub refuses an upload of this size",
                (
                    "hf upload-large-folder OWNER/NAME FOLDER   : it goes on where it stopped",
                    "save_pretrained(FOLDER, max_shard_size='5GB')   for smaller files",
                    "hf auth whoami, and Settings, Billing: private storage has a limit",
                ),
                why="a file above the limit, a full quota, a token that only reads, or a "
                "connection that ended: the cause under it (the lines above) says which",
                known="the Hub's client says that it failed; why, it says in the error above",
                settles=False,
            )
        ),
        {
            "HfHubHTTPError: 403 Forbidden: Private repository storage limit reached, please "
            "upgrade your plan": "is full",
            "HTTPError: 413 Client Error: Payload Too Large for url: http://localhost/embed": "",
            "RuntimeError: Error while uploading 'model-00001-of-00002.safetensors' to the Hub.": (
                "upload-large-folder"
            ),
        },
        alone=True,
    ),
    General(
        "offload-folder-of-another-name",
        r"Cannot use `offload_folder` when `offload_dir` is specified|"
        r"Disk offloading currently only supported for safetensors",
        always(
            "PEFT moves weights to the disk only from safetensors, into one folder",
            "offload_folder='offload' alone, and an adapter in adapter_model.safetensors",
            'or device_map={"": 0} or "cpu", without the disk',
            known=_PEFT,
        ),
        {"ValueError: Disk offloading currently only supported for safetensors": "safetensors"},
    ),
)
