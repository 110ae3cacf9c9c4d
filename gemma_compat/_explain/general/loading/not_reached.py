"""Why the Hub or another server did not answer, by what the error says of it."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case

_ONCE = "download once where there is a network: hf download MODEL   then HF_HUB_OFFLINE=1"
_AGAIN = "hf download MODEL   once more: it goes on where it stopped; then HF_HUB_OFFLINE=1"
_PROXY = Answer(
    "a proxy is named in a form that the client does not know",
    (
        "env | grep -i proxy   shows it; unset ALL_PROXY all_proxy   where none is needed",
        "socks5://HOST:PORT in place of socks://, and pip install 'httpx[socks]'",
    ),
    why="httpx, which newer huggingface_hub uses, knows http, https, socks5 and socks5h",
    known="the message has the address of the proxy",
    settles=False,
)
_REASONS = (
    (
        r"CERTIFICATE_VERIFY_FAILED|certificate verify failed",
        Answer(
            "the certificate that the Hub's address shows is not trusted here: most often a proxy "
            "or firewall puts its own in place",
            (
                "REQUESTS_CA_BUNDLE=CA.pem SSL_CERT_FILE=CA.pem before the command   : that "
                "proxy's certificate, from whoever runs the network",
                "HF_HUB_DISABLE_XET=1   where only large files fail then",
                "pip install -U certifi, and date: a wrong clock does the same",
            ),
            known="the message has the check that failed; whose certificate it is, it does not say",
            settles=False,
        ),
    ),
    (
        r"\b429\b",
        Answer(
            "the Hub refuses for a while: too many requests (429)",
            (
                "hf auth login   : accounts are allowed more than an address without one; then "
                "wait five minutes",
                _ONCE,
            ),
            why="many processes, or all users of one network, count together where no token is "
            "sent",
            known="the status in the message",
            settles=False,
        ),
    ),
    (
        r"\b50\d Server Error",
        Answer(
            "the Hub itself, or what stands before it, answered with an error",
            (
                "again in some minutes; https://status.huggingface.co shows whether it is down",
                "HF_HUB_OFFLINE=1   where the files were downloaded before",
            ),
            known="the status in the message begins with 5",
            settles=False,
        ),
    ),
    (
        r"name resolution|getaddrinfo failed|Name or service not known|nodename nor servname|"
        r"Failed to resolve",
        Answer(
            "the Hub's name cannot be looked up: this machine or notebook has no network, or no "
            "name server",
            (
                "Kaggle: Settings, Internet on (the account's phone has to be verified); a node of "
                "a cluster: its login node often has a network",
                _ONCE,
            ),
            known="the message",
            settles=False,
        ),
    ),
    (
        r"(?i)timed? ?out",
        Answer(
            "the Hub did not answer in time",
            (
                _AGAIN,
                "HF_HUB_DOWNLOAD_TIMEOUT=60 HF_HUB_ETAG_TIMEOUT=60   before the command",
            ),
            why="a slow line, a proxy, or a network that reaches nothing",
            known="the message",
            settles=False,
        ),
    ),
)


def not_reached(case: Case) -> Answer:
    """Answer by the first reason that the error states; else by what is common to all."""
    if "Unknown scheme for proxy" in case.hit.text:
        return _PROXY
    said = f"{case.hit.text}\n{case.message}"
    for pattern, answer in _REASONS:
        if re.search(pattern, said):
            return answer
    return Answer(
        "the Hub could not be reached, or it refused for a while",
        (_ONCE,),
        why="no network on this node, a proxy, or too many requests from one address",
    )


_HOST = re.compile(r"host='([\w.-]+)'(?:, port=(\d+))?|https?://([\w.-]+)(?::(\d+))?")
_LOCAL = re.compile(r"localhost|0\.0\.0\.0|127\.\d|10\.\d|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.")


def is_local(case: Case) -> bool:
    """Return whether the address in the line is of this machine or its own network."""
    found = _HOST.search(case.hit.text)
    return found is not None and _LOCAL.match(found[1] or found[3]) is not None


def another_server(case: Case) -> Answer:
    """Return the answer where another server than a hub of models was out of reach."""
    found = _HOST.search(case.hit.text) or _HOST.search(case.near)
    host = (found[1] or found[3]) if found else ""
    if found and _LOCAL.match(host):
        where = f"{host}, port {found[2] or found[4]}" if found[2] or found[4] else host
        return Answer(
            f"nothing answers at {where}: the server that the run wants is not up there, or not "
            "yet",
            (
                "the server's own log: is it still loading, or did it end with an error?",
                "trl vllm-serve --model MODEL   in another process, before the trainer; its "
                "vllm_server_host and vllm_server_port have to be those",
            )
            if re.search(r"[/\\.]trl[/\\.]|GRPO|vllm_server", case.near)
            else (
                "the server's own log: is it still loading, or did it end with an error?",
                f"curl http://{host}:PORT   from where the client runs: a container has its own "
                "localhost",
            ),
            known="the address in the message is of this machine or its network",
            settles=False,
        )
    return Answer(
        f"{host or 'a server'} could not be reached, or it refused for a while",
        (f"curl -I https://{host or 'HOST'}   from the same machine or container",),
        why="no network there, a name that is not resolved, a proxy, or too many requests from "
        "one address",
        settles=False,
    )
