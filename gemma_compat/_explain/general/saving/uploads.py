"""What is pushed to the Hub and does not arrive, and bases that are not found when merging."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

# Frames and addresses of an upload.
_UPLOAD = re.compile(
    r"\bin (?:_?upload\w{0,30}|_?create_commit\w{0,20}|push_to_hub\w{0,20}|_push_\w{0,30}|"
    r"_put_\w{0,20}|lfs_upload)\b|/api/(?:models|datasets|spaces)/\S{3,160}/(?:commit|preupload)/|"
    r"\.git/info/lfs/objects/batch|amazonaws\.com/repos/"
)


def _broken_off(case: Case) -> Answer | None:
    if not _UPLOAD.search(f"{case.frames}\n{case.message}\n{case.hit.text}"):
        return None
    if case.frames and not re.search(
        r"huggingface_hub|push_to_hub|hf\.co|huggingface\.co|"
        r"amazonaws\.com/repos",
        case.around,
    ):
        return None  # an upload to another place
    refused = re.search(r"\b(429|50\d)\b", case.hit.text)
    return Answer(
        f"the Hub answered an upload with {refused[1]}: too many requests, or it took too long"
        if refused
        else "the connection broke off while files were uploaded to the Hub",
        (
            "hf upload-large-folder OWNER/NAME FOLDER   goes on where it stopped, and tries again",
            "model.save_pretrained(FOLDER)   first, so that nothing is lost; the upload from there "
            "later, in smaller shards (max_shard_size='2GB')",
            "pip install -U huggingface_hub hf_xet",
        ),
        why="a large commit is sent in one piece by push_to_hub, and each interruption begins it "
        "anew",
        known="the frames or the address are those of an upload",
        settles=False,
    )


_MERGES = re.compile(r"(?i)unsloth|merge|lora|Error: |base model")
_BASE_NOT_FOUND = Answer(
    "the merge looks for the safetensors of the base model, and finds none under the name "
    "that the model states",
    (
        "from huggingface_hub import list_repo_files; list_repo_files(BASE)   : model*."
        "safetensors have to be there",
        "where the base is itself an adapter, or pytorch_model.bin: merge or save it as "
        "safetensors first, and train or load on that",
        "a base on this disk: the folder has to be where config.json or adapter_config.json "
        "says, on this machine",
    ),
    why="Unsloth merges file by file: it reads the base's safetensors again, from disk or "
    "from the Hub",
    known="Unsloth says so; the base's name stands in adapter_config.json",
    settles=False,
)

_TWICE = Answer(
    "two copies of one .proto file were loaded in this process, most often SentencePiece's",
    (
        "restart the kernel, and export in the fresh one: load the saved model, then "
        "save_pretrained_gguf",
        "pip install -U protobuf sentencepiece transformers",
        "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION=python   before the first import",
    ),
    why="transformers, sentencepiece and the converter each bring "
    "sentencepiece_model.proto; "
    "protobuf's compiled part takes a name once",
    known="protobuf says so",
    settles=False,
)


def _twice(case: Case) -> Answer:
    """Answer by the .proto file that the line names."""
    named = re.search(r"[\w./-]{2,80}\.proto\b", f"{case.hit.text}\n{case.hit.after[:200]}")
    if named is None or "sentencepiece" in named[0]:
        return _TWICE
    return Answer(
        f"two copies of one .proto file ({named[0]}) were loaded in this process",
        (
            "restart the kernel, and import only one of the packages that bring it",
            "pip install -U protobuf   and the packages whose frames stand above",
            "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION=python   before the first import",
        ),
        why="protobuf's compiled part takes a name once",
        known="protobuf says so, and names the file",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "upload-broke-off",
        r"requests\.exceptions\.(?:SSLError|ConnectionError|ConnectTimeout|ReadTimeout)|"
        r"httpx\.(?:ConnectError|ConnectTimeout|ReadTimeout|WriteTimeout|RemoteProtocolError)|"
        r"429 Client Error|50\d Server Error|Connection aborted|Broken ?[Pp]ipe|Read timed out\.|"
        r"CAS service error|Data processing error: ",
        _broken_off,
        {
            "huggingface_hub.utils._errors.HfHubHTTPError: 504 Server Error: Gateway Time-out for "
            "url: https://huggingface.co/api/models/x/y/commit/main": "upload-large-folder",
            'Traceback (most recent call last):\n  File "/x/site-packages/huggingface_hub/lfs.py", '
            "line 345, in _upload_multi_part\n    f()\nrequests.exceptions.ConnectionError: "
            "('Connection aborted.', ConnectionResetError(54, 'Connection reset by peer'))": (
                "broke off"
            ),
            'File "/x/site-packages/huggingface_hub/_commit_api.py", line 602, in '
            "_upload_xet_files\n    upload_files(\nRuntimeError: Data processing error: CAS "
            "service error : 504 Gateway Timeout": "upload-large-folder",
            "requests.exceptions.ConnectionError: ('Connection aborted.', "
            "ConnectionResetError(54, 'Connection reset by peer'))": "",
            "OSError: 503 Server Error: Service Unavailable for url: https://huggingface.co/google/"
            "gemma-2b/resolve/main/config.json": "",
        },
    ),
    General(
        "base-not-found-for-the-merge",
        r"not found locally or on Hugging ?Face|No '\.safetensors' files found for the base model",
        lambda case: _BASE_NOT_FOUND if _MERGES.search(case.hit.text) else None,
        {
            "RuntimeError: No '.safetensors' files found for the base model: me/gemma": (
                "list_repo_files"
            ),
            "model.push_to_hub_merged Error: not found locally or on HuggingFace": "safetensors",
            "vad model not found locally or on Hugging Face, downloading from S3": "",
        },
        alone=True,
    ),
    General(
        "repository-given-twice",
        r"unsloth_push_to_hub_\w{3,20}\(\) got multiple values for argument '(?P<name>\w{2,30})'",
        lambda case: Answer(
            f"{case.match['name']} is given twice: the first positional argument is already that",
            (
                'model.push_to_hub_gguf("OWNER/NAME", tokenizer, quantization_method="q8_0", '
                'token="hf_...")',
            ),
            why="older notebooks gave a folder first and repo_id by name; newer Unsloth takes the "
            "repository first",
            known="the message names the argument",
        ),
        {
            "unsloth_push_to_hub_gguf() got multiple values for argument 'repo_id'": ("OWNER/NAME"),
        },
        alone=True,
    ),
    General(
        "tied-head-in-the-adapter",
        r"(?:tied_target_modules|tied_modules)=\[[^\]\n]{0,200}\] are part of the adapter|"
        r"Model has `tie_word_embeddings=True` and a tied layer is part of the adapter",
        always(
            "PEFT warns that the adapter holds a layer (head or embeddings) that the base ties to "
            "another",
            "target_modules=r'.*\\.(?:q|k|v|o|gate|up|down)_proj'   leaves the head out, where it "
            "need not be trained",
            "merge on a base that is untied: config.tie_word_embeddings = False, the head cloned "
            "from the embeddings, then merge_and_unload() and save_pretrained",
            "served as an adapter it is right as it is",
            why="a Gemma has one matrix for both: merged into it, what was learned for the head "
            "changes the embeddings too, and a converter that ties them writes one of the two",
            known="the warning names the modules; it stops nothing",
            certain=False,
            settles=False,
        ),
        {
            "UserWarning: Model with `tie_word_embeddings=True` and the tied_target_modules="
            "['lm_head'] are part of the adapter. This can lead to complications": "untied",
        },
        alone=True,
    ),
    General(
        "proto-registered-twice",
        r"(?:sentencepiece\w{0,12}\.proto\b[^\n]{0,80}|[Ii]nvalid proto descriptor[^\n]{0,120})A "
        r"file "
        r"with this name is already in the pool|Couldn't build proto file into descriptor pool",
        _twice,
        {
            "Couldn't build proto file into descriptor pool! Invalid proto descriptor for file "
            '"sentencepiece_model.proto": sentencepiece_model.proto: A file with this name is '
            "already in the pool.": "restart the kernel",
            "TypeError: Couldn't build proto file into descriptor pool: duplicate file name "
            "onnx/onnx-ml.proto": "onnx/onnx-ml.proto",
        },
        alone=True,
    ),
)
