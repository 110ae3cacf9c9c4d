"""Why the Hub did not answer a download, by what the error says of it."""

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
