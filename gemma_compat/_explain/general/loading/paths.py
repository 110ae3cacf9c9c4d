"""Files and folders that are not where a program looks for them, or writes to."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

# Statements that open a file to write it.
_WRITES = re.compile(
    r"\bopen\([^\n]{0,200}[\"'](?:[wax]b?\+?|[wax]t)[\"']|"
    r"\.(?:write_header_to_file|open_output_file|write_text|write_bytes|to_csv|to_json|"
    r"to_parquet)\("
)
# What a folder of a model holds beside its weights, and what writes it.
_TOKENIZER = re.compile(
    r"(?:tokenizer(?:_config)?\.json|tokenizer\.model|special_tokens_map\.json)$"
)
_PROCESSOR = re.compile(r"(?:pre)?processor_config\.json$")


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
                "trl vllm-serve --model MODEL   in a process of its own, before the trainer; its "
                "vllm_server_host and vllm_server_port have to be those",
            )
            if re.search(r"[/\\.]trl[/\\.]|GRPO|vllm", case.near)
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


def _no_file(case: Case) -> Answer:
    path = case.match["path"]
    folder, _, name = path.replace("\\", "/").rpartition("/")
    if re.search(r", line \d+, in _execute_child\b", case.frames) and not folder:
        return Answer(
            f"a program that is to be started is not found: {path}",
            (
                f"which {path}   in the environment in which the command runs: activate it, so "
                f"that "
                "its bin folder is on PATH",
            ),
            known="the frames start a process; the message names the program",
        )
    if _WRITES.search(case.frames):
        return Answer(
            "a file is to be written into a folder that does not exist",
            (f"mkdir -p {folder}" if folder else "mkdir -p FOLDER   of the path in the message",),
            why="open(..., 'w') makes a file and no folder",
            known="the last frames open it to write; the message names the path",
        )
    if folder and _TOKENIZER.search(name):
        return _not_saved("tokenizer", folder, name)
    if folder and _PROCESSOR.search(name):
        return _not_saved("processor", folder, name)
    return Answer(
        "a file that is read is not there",
        (
            "ls -l PATH   from the folder in which the command runs: a relative path counts from "
            "there",
        ),
        known="the message names the path",
        settles=False,
    )


def _not_saved(what: str, folder: str, name: str) -> Answer:
    """Answer for a file that the tokenizer or the processor writes, in a folder of a model."""
    return Answer(
        f"{name} is not in the folder that is read",
        (
            f"{what}.save_pretrained('{folder}')   beside the model, then run this again",
            f"ls -l {folder}   shows what was saved; a relative path counts from the folder in "
            "which the command runs",
        ),
        why=f"model.save_pretrained writes weights and config alone; {what}.save_pretrained "
        "writes this file",
        known="the message names the path; why it was not saved, it does not say",
        settles=False,
    )


def _opened(case: Case) -> Answer:
    """Answer a Go program (Ollama, Docker) that opens a file that is not there."""
    text = f"{case.hit.before}{case.hit.text}\n{case.hit.after}"
    if re.search(r"blobs/sha256-", case.match["path"]):
        return Answer(
            "a file of Ollama's own store is gone",
            (
                "ollama pull MODEL   or ollama create NAME -f Modelfile, once more",
                "OLLAMA_MODELS   names the folder of the store; the server has to see the same one",
            ),
            why="the model's list of parts names a file that the store does not have",
            known="the message names a blob",
            settles=False,
        )
    if re.search(r"(?i)ollama|modelfile|\bADAPTER\b", text):
        return Answer(
            f"Ollama finds nothing at {case.match['path']}",
            (
                f"ls -l {case.match['path']}   where Ollama runs: in its container, or beside the "
                "Modelfile",
                "docker run -v FOLDER:/FOLDER ...   (compose: volumes) brings a folder of the host "
                "into the container",
            ),
            why="FROM and ADAPTER count a relative path from the Modelfile, and a container sees "
            "only what is mounted in it",
            known="the message names the path",
            settles=False,
        )
    return Answer(
        f"a program finds nothing at {case.match['path']}",
        (
            f"ls -l {case.match['path']}   where that program runs: a container sees only what is "
            "mounted in it",
        ),
        known="the message names the path; it is written as programs in Go write it",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "no-such-file",
        # in the language of the system
        r"FileNotFoundError: \[(?:Errno 2|WinError [23])\] [^\n'\":]{3,80}: (?:Path|PosixPath)?\(?"
        r"[\"']?(?P<path>[^\"'\n]{0,300})",
        _no_file,
        {
            "FileNotFoundError: [Errno 2] No such file or directory: 'data/train.json'": "ls -l",
            'Traceback (most recent call last):\n  File "/usr/lib/python3.11/subprocess.py", line '
            "1950, in _execute_child\n    raise child_exception_type(errno_num, err_msg)\n"
            "FileNotFoundError: [Errno 2] No such file or directory: 'torchrun'": "which torchrun",
            'Traceback (most recent call last):\n  File "/x/gguf_writer.py", line 182, in '
            'open_output_file\n    self.fout = [open(filename, "wb") for filename in filenames]\n'
            "FileNotFoundError: [Errno 2] No such file or directory: '/output/gguf/model.gguf'": (
                "mkdir -p /output/gguf"
            ),
            "FileNotFoundError: [Errno 2] No such file or directory: "
            "'/output/merged/tokenizer.json'": "tokenizer.save_pretrained('/output/merged')",
            "FileNotFoundError: [Errno 2] 没有那个文件或目录: 'data/train.json'": "ls -l",
            "FileNotFoundError: [WinError 3] Das System kann den angegebenen Pfad nicht finden: "
            "'D:/models'": "ls -l",
        },
    ),
    General(
        "no-such-file-for-a-go-program",
        r"(?:^|[\s:\"])(?:open|stat|lstat) (?P<path>[^\s:'\"]{1,200}): no such file or directory",
        _opened,
        {
            "ADAPTER /app/model/lora_gguf\nError: open /app/model/lora_gguf: no such file or "
            "directory": "Modelfile",
            'level=ERROR msg="open /x/models/blobs/sha256-ab: no such file or directory"': (
                "ollama pull"
            ),
            "Error: stat /models/gemma.gguf: no such file or directory": "mounted",
            "cat: open.txt: No such file or directory": "",
        },
        alone=True,
    ),
    General(
        "certificates-at-a-path-that-is-gone",
        r"Could not find a suitable TLS CA certificate bundle, invalid path",
        always(
            "downloads are told to trust a file of certificates that does not exist",
            "env | grep -i -E 'CA_BUNDLE|SSL_CERT'   shows who names it (REQUESTS_CA_BUNDLE, "
            "CURL_CA_BUNDLE, SSL_CERT_FILE)",
            "unset REQUESTS_CA_BUNDLE CURL_CA_BUNDLE   or the path of a file that is there: python "
            "-m certifi",
            "pip install --force-reinstall certifi   where the path is within site-packages",
            why="a variable of another environment, an activated conda, a proxy's set-up, or an "
            "upgrade that removed the file under a running notebook",
            known="requests says so, with the path",
            settles=False,
        ),
        {
            "OSError: Could not find a suitable TLS CA certificate bundle, invalid path: "
            "/etc/ssl/ca.pem": "CA_BUNDLE"
        },
        alone=True,
    ),
)
