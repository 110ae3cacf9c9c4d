"""Repositories on the Hub that are misspelt, and files that they lack."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .listed import by_listing
from .not_reached import another_server
from .repository_names import no_name
from .tokens import REFUSED_TOKEN, bad_token


def _no_tokenizer(case: Case) -> Answer:
    kind = case.match["kind"]
    is_model = "model" in kind or "config" in kind
    return Answer(
        f"the {kind} could not be loaded from that folder or repository",
        (
            "ls FOLDER   shows whether its files are there; hf auth login, where it is a gated "
            "repository",
            "an adapter's folder: AutoPeftModelForCausalLM.from_pretrained(FOLDER)"
            if is_model
            else "tokenizer or processor from the base checkpoint: from_pretrained(BASE), then "
            "save_pretrained(FOLDER)",
        ),
        why="a folder of that name here hides the repository; a folder of an adapter or of a "
        "checkpoint often lacks the tokenizer; and a release that does not know the class gives up "
        "with this message too",
        known="transformers says so; which of these it is, the error above it may say",
        certain=True,
        settles=False,
    )


_SAID_BY_PIP = re.compile(r"pip[/\\.]_(?:vendor|internal)|pythonhosted\.org|\bpip3? install\b")


def _broken_off(case: Case) -> Answer | None:
    if "No space left" in case.hit.text:
        return None
    if _SAID_BY_PIP.search(f"{case.hit.text}\n{case.frames}"):
        return Answer(
            "a download of pip broke off",
            ("the same command with --retries 10 --timeout 120   (uv: UV_HTTP_TIMEOUT=300)",),
            known="the message; why the connection broke is not in it",
            settles=False,
        )
    of_the_hub = re.search(r"huggingface_hub|hf_xet|fsspec|datasets[/\\]", case.frames)
    if not re.search(r"CAS service|Data processing error|reconstruction", case.match[0]) and not (
        of_the_hub or not case.packages and case.is_of_a_hub
    ):
        return another_server(case)
    return Answer(
        "a transfer of files with the Hub broke off"
        if case.match[0].startswith(("CAS", "Data")) and not case.frames
        else "a download from the Hub broke off",
        (
            "hf download MODEL   once more: it goes on where it stopped (an upload: hf "
            "upload-large-folder)",
            "HF_HUB_DISABLE_XET=1 before the command, where it fails again; df -h for a full disk",
        ),
        known="the message; why the connection broke is not in it",
        settles=False,
    )


def _no_processor(case: Case) -> Answer:
    what = "processor" if "processing" in case.match[0] else "feature extractor"
    return Answer(
        f"the folder or repository has no file that says which {what} belongs to the model",
        (
            "AutoProcessor.from_pretrained(BASE).save_pretrained(FOLDER)   BASE: the published "
            "checkpoint that was trained",
            "a model for text alone has none: AutoTokenizer.from_pretrained(...)",
            "pip install -U transformers   where the checkpoint is newer than it",
        ),
        why="it is looked up in processor_config.json, preprocessor_config.json and "
        "tokenizer_config.json, then by the model type; model.save_pretrained writes none of them",
        known="the message; read in transformers 4.57.6, processing_auto.py",
        settles=False,
    )


def _no_config(case: Case) -> Answer:
    if "Unrecognized model" not in case.match[0] and "config.json" not in case.match[0]:
        return _no_processor(case)
    listed = by_listing(case)
    if listed is not None:
        return listed
    tokenizer = ("AutoTokenizer.from_pretrained(BASE)   the tokenizer is the base model's",)
    return Answer(
        "there is no config.json there that names a model",
        (
            *(tokenizer if "tokenization_auto" in case.frames else ()),
            "AutoPeftModelForCausalLM.from_pretrained(FOLDER)   where adapter_config.json lies",
            "gguf_file='NAME.gguf'   where it is GGUF; a checkpoint-N folder below output_dir, "
            "where the run wrote those",
            "or trainer.save_model(FOLDER), which writes the config too",
        ),
        why="transformers finds a model by the model_type in config.json; google/gemma-...-pytorch "
        "and -flax repositories have none",
        known="the message; what the folder holds is not in it",
        certain=True,
        settles=False,
    )


_UPLOADED_TO = re.compile(r"/(?:preupload|commit)/|\bin (?:preupload|create_commit|upload_\w+)\b")


def _no_such(case: Case) -> Answer | None:
    said = f"{case.hit.text}{case.hit.after[:600]}"
    if re.search(r"gated repo|is gated|is restricted", said):
        return None  # it is there, and has its own kind
    if re.search(REFUSED_TOKEN, said):
        return bad_token(case)
    host = re.search(r"401 Client Error[^\n]{0,60} for url: https?://([\w.-]+)", said)
    if host and not re.search(r"(?:^|\.)(?:huggingface\.co|hf\.co|hf-mirror\.com)$", host[1]):
        return Answer(
            f"{host[1]} does not accept the key that was sent to it, or none was sent (401)",
            (
                "log in there anew: its own key or command (wandb login --relogin, "
                "kagglehub.login(), an API key in the environment; a server of your own: its "
                "--api-key)",
                "or switch that service off, where the run does not need it: report_to='none' "
                "for a tracker",
            ),
            known="the status and the address in the message",
            settles=False,
        )
    if "/resolve/" not in said and _UPLOADED_TO.search(f"{said}\n{case.frames}"):
        return Answer(
            "the repository that is uploaded to does not exist, or this token may not see it",
            (
                "hf repo create NAME   or create_repo('YOUR_NAME/NAME', exist_ok=True) before the "
                "upload",
                "hf auth whoami   : the part before the slash is that account, or one of its "
                "organisations",
            ),
            known="the address is that of an upload, and the Hub answers that there is none",
            settles=False,
        )
    return Answer(
        "there is no such folder here and no such repository for this account",
        ("check the name letter by letter (google/gemma-3-4b-it), and hf auth login",),
        why="a private or gated repository looks the same as one that is not there",
        certain=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "path-taken-for-a-name",
        r"HFValidationError|Repo id must be in the form|Repo id must use alphanumeric|"
        r"\(invalid repository id\)",
        no_name,
        {
            "huggingface_hub.errors.HFValidationError: Repo id must be in the form 'repo_name' or "
            "'namespace/repo_name': './out/gemma/final'. Use `repo_type` argument if needed.": (
                "ls -d PATH"
            ),
            "huggingface_hub.errors.HFValidationError: Repo id must be a string, not <class "
            "'NoneType'>: 'None'.": "is None",
            "HFValidationError: Repo id must use alphanumeric chars, '-', '_' or '.'. The name "
            "cannot start or end with '-' or '.' and the maximum length is 96: 'gemma3:4b'.": (
                "Ollama"
            ),
            "HFValidationError: Repo id must use alphanumeric chars or '-', '_', '.', '--' and "
            "'..' are forbidden, '-' and '.' cannot start or end the name, max length is 96: "
            "'google/gemma 3 4b'.": "a blank",
            "HFValidationError: Repo id must be in the form 'repo_name' or 'namespace/repo_name': "
            "'https://huggingface.co/google/gemma-2b'. Use `repo_type`": "google/gemma-2b alone",
            "HFValidationError: Repo id must be in the form 'repo_name' or 'namespace/repo_name': "
            "'Gemma3ForCausalLM(": "an object",
            "HFValidationError: Repo id must be in the form 'repo_name' or 'namespace/repo_name': "
            "'https://huggingface.co/datasets/a/b'.": "a/b alone",
            "HFValidationError: Repo id must be in the form 'repo_name' or 'namespace/repo_name': "
            "'https://github.com/a/b'.": "cannot be the name",
            "HFValidationError: Repo id must use alphanumeric chars or '-', '_', '.', max length "
            "is 96: '<YOUR_MODEL>'.": "was to be filled in",
            "HFValidationError: Repo id must use alphanumeric chars or '-', '_', '.', max length "
            "is 96: 'cuda:0'.": "cannot be the name",
        },
    ),
    General(
        "download-broke-off",
        r"Consistency check failed: file should be of size|IncompleteRead\(|"
        r"ChunkedEncodingError|CAS service error|Data processing error: |"
        r"File reconstruction error",
        _broken_off,
        {
            "RuntimeError: Data processing error: CAS service error : IO Error: No space left "
            "on device (os error 28)": "",
            "RuntimeError: Data processing error: CAS service error : ReqwestMiddleware Error": (
                "HF_HUB_DISABLE_XET=1"
            ),
            "pip._vendor.urllib3.exceptions.ProtocolError: ('Connection broken: IncompleteRead(9 "
            "bytes read, 8 more expected)')": "--retries",
        },
    ),
    General(
        "no-such-revision",
        r"is not a valid git identifier|Invalid rev id: |Revision Not Found for url",
        always(
            "the repository has no such revision",
            "leave revision out, or take one from the Files page: a branch, a tag, a commit",
            known="the message has the revision",
        ),
        {"OSError: v2 is not a valid git identifier (branch name, tag name or commit id)": "Files"},
    ),
    General(
        "code-of-a-repository",
        r"(?:contains|requires you to execute) (?:custom code|the \w{1,20} file)[^\n]{0,200}"
        r"trust_remote_code|Please pass the argument `trust_remote_code=True`",
        always(
            "the repository brings its own Python code, and it runs only where that is allowed",
            "trust_remote_code=True   after reading the code",
            "or pip install -U transformers, which may have the model by now: no Gemma of Google "
            "needs it",
            known="transformers says so",
        ),
        {
            "ValueError: The repository for x/y contains custom code which must be executed to "
            "correctly load the model. You can inspect the repository content at https://x. "
            "Please pass the argument `trust_remote_code=True` to allow custom code to be run.": (
                "after reading"
            )
        },
    ),
    General(
        "no-config-that-names-a-model",
        r"Unrecognized model in \S{1,200}\. Should have a `model_type` key|"
        r"does not appear to have a file named config\.json|"
        r"Unrecognized (?:processing class|feature extractor) in",
        _no_config,
        {
            "ValueError: Unrecognized model in out/. Should have a `model_type` key in its "
            "config.json": "AutoPeftModelForCausalLM",
            "OSError: out does not appear to have a file named config.json. Checkout": "gguf_file",
            "['optimizer_0', 'pytorch_model_fsdp_0', 'trainer_state.json']\nValueError: "
            "Unrecognized "
            "model in out/checkpoint-3. Should have a `model_type` key in its config.json.": (
                "merge-weights"
            ),
            "ValueError: Unrecognized processing class in out/merged. Can't instantiate a "
            "processor, a tokenizer": "AutoProcessor",
        },
    ),
    General(
        "files-not-loaded",
        r"Can't load (?:the )?(?P<kind>tokenizer|configuration|config|model|processor|"
        r"video processor) (?:for|of) '[^'\n]{1,200}'",
        _no_tokenizer,
        {
            "OSError: Can't load tokenizer for 'google/gemma-2b'. If you were trying to load it "
            "from 'https://huggingface.co/models', make sure": "save_pretrained(FOLDER)",
        },
    ),
    General(
        "no-such-repository",
        r"is not a local folder and is not a valid model identifier|RepositoryNotFoundError|"
        r"Repository Not Found for url|401 Client Error",
        _no_such,
        {
            "OSError: gogle/gemma is not a local folder and is not a valid model identifier": (
                "name"
            ),
            "HTTPError: 401 Client Error: Unauthorized for url: https://huggingface.co/api/"
            "whoami-v2": "HF_TOKEN",
            "HfHubHTTPError: 401 Client Error: Unauthorized for url: https://huggingface.co/x/y/"
            "resolve/main/a (Request ID: 1)\n\nInvalid credentials in Authorization header": (
                "does not accept the token"
            ),
            "HTTPError: 401 Client Error: Unauthorized for url: https://api.wandb.ai/graphql": (
                "api.wandb.ai does not accept"
            ),
            "RepositoryNotFoundError: 404 Client Error.\n\nRepository Not Found for url: "
            "https://huggingface.co/api/models/me/g/preupload/main.": "create_repo",
        },
        alone=True,
    ),
)
