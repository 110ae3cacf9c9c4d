"""What the Hub allows, and whether it is in reach: tokens, gates, proxies, offline mode."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .not_reached import another_server, is_local, not_reached
from .tokens import not_allowed


def _gated(case: Case) -> Answer:
    accept = "accept the licence on the model's page at huggingface.co, with that account"
    login = "hf auth login   (huggingface-cli login)"
    is_known = re.search(
        r"not in the authorized list|awaiting a review|ask for access",
        f"{case.hit.text}{case.hit.after}",
    )
    return Answer(
        "the account of this token may not read the repository: its licence is not accepted, or "
        "not granted yet"
        if is_known
        else "the repository is gated: its licence must be accepted with the account that the "
        "token belongs to",
        (accept, login) if is_known else (login, f"and {accept}"),
        why="" if case.log.is_other else "Google's Gemma 1 to 3 checkpoints are gated",
    )


_NO_TEMPLATE_THERE = Answer(
    "chat_template_path names neither a file of this machine nor a model that can be loaded",
    (
        "ls -l PATH   from the folder in which the command runs; a file ends in .jinja or .j2",
        "chat_template_path='google/gemma-3-4b-it'   takes the template of a model, with a network",
    ),
    why="TRL reads a path without a file as a model's name, and asks the Hub for it",
    known="the frames: TRL clones a chat template; whether the Hub has that name is not known",
)


# Clients of other services: what they do not reach is not the Hub.
_CLIENTS = {"ollama", "openai", "anthropic", "litellm", "wandb", "mlflow", "comet_ml", "swanlab"}


def _out_of_reach(case: Case) -> Answer | None:
    if re.search(r"cannot import name|\[c10d\]|/simple/[\w.-]+/", case.hit.text):
        return None  # an error's name alone; a launcher that looks for a machine; pip and its index
    if "Unknown scheme for proxy" in case.hit.text:
        return not_reached(case)
    of_a_client = _CLIENTS.intersection(case.packages) and "huggingface_hub" not in case.packages
    if not case.is_of_a_hub or is_local(case) or of_a_client:
        return another_server(case)
    asked = f"{case.above}{case.around}"
    if re.search(r"[/\\]trl[/\\]\S{1,60}, line \d+, in \w{0,20}chat_template", case.around):
        return _NO_TEMPLATE_THERE
    if re.search(r"outgoing traffic has been disabled|offline mode is enabled", asked):
        return Answer(
            "offline mode is on, and a file that is needed is not in the cache",
            (
                "HF_HUB_OFFLINE=0 hf download MODEL   where there is a network, with the same "
                "HF_HOME",
                "ls -d PATH   where a folder of this machine was meant",
            ),
            known="huggingface_hub says so in the error before this one",
        )
    if re.search(r"ProxyError|127\.0\.0\.1:\d+.{0,40}proxy", asked):
        return Answer(
            "the Hub could not be reached: the proxy refused the connection or is not there",
            (
                "env | grep -i proxy   and curl -I https://huggingface.co",
                "unset HTTPS_PROXY HTTP_PROXY   where no proxy is needed",
            ),
            known="the error before this one is the proxy's",
        )
    return not_reached(case)


def _offline(case: Case) -> Answer:
    if re.search(r"/api/repos/create|/(?:preupload|commit)/", case.message):
        return Answer(
            "offline mode is on, and so nothing can be uploaded to the Hub",
            (
                "HF_HUB_OFFLINE=0   before the command, where there is a network",
                "push_to_hub=False   where there is none; hf upload REPO FOLDER   later",
            ),
            known="huggingface_hub says so, and the address is one of an upload",
        )
    if re.search(r"\bin (?:model_info|repo_info|is_base_mistral|list_repo_\w+)\b", case.frames):
        newer = "pip install -U transformers   : 4.57.6 does not ask in offline mode"
        return Answer(
            "offline mode is on, and a call asks the Hub about a repository, which no cache holds",
            (
                *((newer,) if "is_base_mistral" in case.frames else ()),
                "the folder in place of the name: hf download MODEL --local-dir FOLDER   where "
                "there is a network, then from_pretrained('FOLDER')",
                "HF_HUB_OFFLINE=0   where there is a network here",
            ),
            why="files are cached, what the Hub says of a repository is not: having the model's "
            "files does not help such a call",
            known="the frames ask for it (model_info and the like)",
            settles=False,
        )
    only = "outgoing traffic" in case.match[0] and "offline mode" not in case.message
    return Answer(
        "only the cache may be read (offline mode, or local_files_only=True), and a file that is "
        "needed is not in it"
        if only
        else "offline mode is on, and a file that is needed is not in the cache",
        (
            "HF_HUB_OFFLINE=0 hf download NAME   where there is a network, with the same HF_HOME "
            "(a data set: --repo-type dataset)",
        ),
        known="huggingface_hub says so",
    )


KINDS: tuple[General, ...] = (
    General(
        "token-without-the-right",
        r"fine-grained token settings|must use a write token|"
        r"403 Forbidden: (?:None\.|You don't have the rights|Authorization error)|"
        r"Invalid (?:user token|credentials in Authorization header|username or password)",
        lambda case: not_allowed(case) if case.is_of_a_hub else None,
        {
            "huggingface_hub.errors.HfHubHTTPError: 403 Forbidden: Please enable access to public "
            "gated repositories in your fine-grained token settings to view this repository.": (
                "tick"
            ),
            "HfHubHTTPError: 403 Forbidden: You don't have the rights to create a model under the "
            'namespace "unsloth".': "under the name unsloth",
            "huggingface_hub: Invalid user token.": "does not accept the token",
            "mysql: Invalid username or password": "",
        },
        alone=True,
    ),
    General(
        "no-token",
        r"LocalTokenNotFoundError|Token is required \(`token=True`\)|"
        r"You must provide a token or be logged in",
        always(
            "the Hub asks for a token, and none is stored here",
            "hf auth login   (huggingface-cli login), or HF_TOKEN=... before the command",
            known="huggingface_hub says so",
        ),
        {
            "huggingface_hub.errors.LocalTokenNotFoundError: Token is required (`token=True`), "
            "but no token found.": "HF_TOKEN"
        },
    ),
    General(
        "offline",
        r"OfflineModeIsEnabled|offline mode is enabled|outgoing traffic has been disabled",
        _offline,
        {
            "huggingface_hub.errors.OfflineModeIsEnabled: Cannot reach "
            "https://x/api/repos/create: offline mode is enabled.": "nothing can be uploaded",
            "huggingface_hub.errors.OfflineModeIsEnabled: Cannot reach https://x: offline mode is "
            "enabled.": "hf download NAME",
            "LocalEntryNotFoundError: Cannot find the requested files in the disk cache and "
            "outgoing traffic has been disabled. To enable hf.co look-ups and downloads online, "
            "set 'local_files_only' to False.": "local_files_only=True",
            'File "/x/site-packages/transformers/tokenization_utils_base.py", line 2503, in '
            "is_base_mistral\n    model = model_info(model_id)\n"
            "huggingface_hub.errors.OfflineModeIsEnabled: Cannot reach https://huggingface.co/api/"
            "models/google/gemma-3-4b-it: offline mode is enabled.": "which no cache holds",
        },
    ),
    General(
        "gated-repository",
        r"(?:is|access) a gated repo|Cannot access gated repo|"
        r"[Aa]ccess to model [\w.-]{1,60}/\S{1,100} is restricted|"
        r"GatedRepoError|awaiting a review from the repo authors",
        _gated,
        {
            "OSError: You are trying to access a gated repo.\nCannot access gated repo": "licence",
            "Error: Access to model gpt-4o is restricted for your organization": "",
            "Access to model google/gemma-3-4b-pt is restricted and you are not in the authorized "
            "list. Visit https://huggingface.co/google/gemma-3-4b-pt": "not granted yet",
            "Access to model anthropic.claude is restricted in this region": "",
        },
        alone=True,
    ),
    General(
        "statistics-out-of-reach",
        r"Unsloth: HuggingFace seems to be down",
        always(
            "Unsloth waited two minutes for a small file on the Hub, and got none",
            "UNSLOTH_DISABLE_STATISTICS=1 before the command, where the model lies on this machine "
            "or a mirror is used",
            "HF_HUB_OFFLINE=1   with a model that was downloaded before: hf download MODEL",
            why="before it loads a model it downloads a README to count runs; a proxy, a firewall "
            "or a node without a network stops that one file, and the Hub need not be down",
            known="read in unsloth 2026.10.9, models/_utils.py",
            settles=False,
        ),
        {
            "RuntimeError: Unsloth: HuggingFace seems to be down after trying for 120 seconds :(": (
                "UNSLOTH_DISABLE_STATISTICS=1"
            )
        },
        alone=True,
    ),
    General(
        "hub-out-of-reach",
        r"requests\.exceptions\.(?:SSLError|ProxyError|ConnectionError|ConnectTimeout|ReadTimeout)|"
        r"HTTPSConnectionPool\(host='[\w.-]{0,40}(?:huggingface|hf)\.co'[^\n]{0,80}timed out|"
        r"CERTIFICATE_VERIFY_FAILED|httpx\.(?:ConnectError|ConnectTimeout|ProxyError)|"
        r"Unknown scheme for proxy URL|couldn't connect to 'https?://[\w.:/-]{3,80}' to load|Max "
        r"retries "
        r"exceeded with url|"
        r"Temporary failure in name resolution|LocalEntryNotFoundError|ReadTimeoutError|"
        r"429 Client Error|50\d Server Error|requests\.exceptions\.\w{0,10}Timeout|"
        r"Read timed out\.",
        _out_of_reach,
        {
            "OSError: We couldn't connect to 'https://huggingface.co' to load": "network",
            "requests.exceptions.ReadTimeout: HTTPSConnectionPool(host='huggingface.co', port=443)"
            ": Read timed out. (read timeout=10)": "HF_HUB_DOWNLOAD_TIMEOUT",
            "HfHubHTTPError: 429 Client Error: Too Many Requests for url: https://huggingface.co/"
            "api/models/x/y": "too many requests",
            "HfHubHTTPError: 503 Server Error: Service Unavailable for url: https://huggingface.co/"
            "a/b/resolve/main/c": "status.huggingface.co",
            "requests.exceptions.SSLError: HTTPSConnectionPool(host='huggingface.co', port=443): "
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed": (
                "SSL_CERT_FILE"
            ),
            "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='huggingface.co', "
            "port=443): Temporary failure in name resolution": "Internet",
            "ValueError: Unknown scheme for proxy URL URL('socks://127.0.0.1:7890/')": "socks5",
            "/x/site-packages/trl/a.py\nrequests.exceptions.ConnectionError: "
            "HTTPConnectionPool(host='0.0.0.0', port=8000): Max retries exceeded with url: "
            "/health/ (Caused by NewConnectionError('[Errno 111] Connection refused'))": (
                "port 8000"
            ),
            "ImportError: cannot import name 'LocalEntryNotFoundError' from "
            "'huggingface_hub.errors' (/x/y.py)": "",
        },
        alone=True,
    ),
)
