"""Repositories on the Hub: gated, misspelt, or out of reach."""

from __future__ import annotations

from .base import General, always

REPOSITORIES: tuple[General, ...] = (
    General(
        "gated-repository",
        r"(?:is|access) a gated repo|Cannot access gated repo|"
        r"[Aa]ccess to model \S{1,120} is restricted|"
        r"GatedRepoError|awaiting a review from the repo authors",
        always(
            "the repository is gated: its licence must be accepted with the account that the token "
            "belongs to",
            "hf auth login   (huggingface-cli login)",
            "and accept the licence once on the model's page at huggingface.co",
            why="Google's Gemma 1 to 3 checkpoints are gated",
        ),
        {"OSError: You are trying to access a gated repo.\nCannot access gated repo": "licence"},
        alone=True,
    ),
    General(
        "no-such-repository",
        r"is not a local folder and is not a valid model identifier|RepositoryNotFoundError|"
        r"Repository Not Found for url|401 Client Error",
        always(
            "there is no such folder here and no such repository for this account",
            "check the name letter by letter (google/gemma-3-4b-it), and hf auth login",
            why="a private or gated repository looks the same as one that is not there",
            certain=False,
        ),
        {"OSError: gogle/gemma is not a local folder and is not a valid model identifier": "name"},
        alone=True,
    ),
    General(
        "hub-out-of-reach",
        r"couldn't connect to 'https://huggingface\.co'|Max retries exceeded with url|"
        r"Temporary failure in name resolution|LocalEntryNotFoundError|ReadTimeoutError|"
        r"429 Client Error",
        always(
            "the Hub could not be reached, or it refused for a while",
            "download once where there is a network: hf download MODEL   then HF_HUB_OFFLINE=1",
            why="no network on this node, a proxy, or too many requests from one address",
        ),
        {"OSError: We couldn't connect to 'https://huggingface.co' to load": "network"},
        alone=True,
    ),
)
