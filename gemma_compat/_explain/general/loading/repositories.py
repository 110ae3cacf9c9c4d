"""Repositories on the Hub that are misspelt, and files that they lack."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always


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


def _no_config(case: Case) -> Answer:
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


def _no_such(case: Case) -> Answer | None:
    if re.search(r"gated repo|is gated|is restricted", f"{case.hit.text}{case.hit.after[:600]}"):
        return None  # it is there, and has its own kind
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
        always(
            "a path that does not exist here was taken for the name of a repository",
            "ls -d PATH   from the folder in which the command runs",
            "or OWNER/NAME, with nothing before and after it",
            why="what is not a folder is looked up at the Hub, and names there have one slash at "
            "most",
            known="the message shows what was looked up",
        ),
        {
            "huggingface_hub.errors.HFValidationError: Repo id must be in the form 'repo_name' or "
            "'namespace/repo_name': './out/gemma/final'. Use `repo_type` argument if needed.": (
                "ls -d PATH"
            )
        },
    ),
    General(
        "download-broke-off",
        r"Consistency check failed: file should be of size|IncompleteRead\(|"
        r"ChunkedEncodingError|CAS service error|Data processing error: |"
        r"File reconstruction error",
        lambda case: (
            None
            if "No space left" in case.hit.text
            else Answer(
                "a download from the Hub broke off",
                (
                    "hf download MODEL   once more: it goes on where it stopped",
                    "HF_HUB_DISABLE_XET=1 before the command, where it fails again; df -h for a "
                    "full disk",
                ),
                known="the message; why the connection broke is not in it",
                settles=False,
            )
        ),
        {
            "RuntimeError: Data processing error: CAS service error : IO Error: No space left "
            "on device (os error 28)": "",
            "RuntimeError: Data processing error: CAS service error : ReqwestMiddleware Error": (
                "HF_HUB_DISABLE_XET=1"
            ),
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
        {"OSError: gogle/gemma is not a local folder and is not a valid model identifier": "name"},
        alone=True,
    ),
)
