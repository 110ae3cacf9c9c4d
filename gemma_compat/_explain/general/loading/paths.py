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


_RENAMES = re.compile(r"\bos\.(?:rename|renames|replace)\(|\bshutil\.move\(|\.rename\(")
_LISTS = re.compile(r"\bos\.(?:listdir|scandir|chdir|walk)\(|\.iterdir\(|\.glob\(")


def _no_file(case: Case) -> Answer:
    path = case.match["path"] or ""
    folder, _, name = path.replace("\\", "/").rpartition("/")
    if re.search(r", line \d+, in _execute_child\b", case.frames):
        return _no_program(path, name)
    if _RENAMES.search(case.frames) or re.search(r"['\"] -> ['\"]", case.hit.text):
        return _not_to_be_renamed(case, path)
    if _WRITES.search(case.frames):
        return Answer(
            "a file is to be written into a folder that does not exist",
            (f"mkdir -p {folder}" if folder else "mkdir -p FOLDER   of the path in the message",),
            why="open(..., 'w') makes a file and no folder",
            known="the last frames open it to write; the message names the path",
        )
    if folder and name == "tokenizer.model":
        return _NO_SENTENCEPIECE.replace(
            do=(_NO_SENTENCEPIECE.do[0].replace("FOLDER", folder), *_NO_SENTENCEPIECE.do[1:])
        )
    if folder and _TOKENIZER.search(name):
        return _not_saved("tokenizer", folder, name)
    if folder and _PROCESSOR.search(name):
        return _not_saved("processor", folder, name)
    is_folder = _LISTS.search(case.frames) is not None
    return Answer(
        "a folder that is read is not there" if is_folder else "a file that is read is not there",
        (
            f"ls {'-d' if is_folder else '-l'} PATH   from the folder in which the command runs: a "
            "relative path counts from there",
        ),
        known="the message names the path" if path else "the message, which names no path",
        settles=False,
    )


_NO_SENTENCEPIECE = Answer(
    "tokenizer.model is not in the folder that is read",
    (
        "hf download BASE tokenizer.model --local-dir FOLDER   BASE: the published checkpoint that "
        "was trained",
        "ls -l FOLDER   : where tokenizer.json is there, a newer release of the program that reads "
        "the folder may do with it",
    ),
    why="fast tokenizers, and all of transformers 5, save tokenizer.json without it",
    known="the message names the path",
    settles=False,
)


def _no_program(path: str, name: str) -> Answer:
    """Answer a process that was to be started; Windows does not say which."""
    if name.removesuffix(".exe") == "nvcc":
        return Answer(
            "nvcc, the compiler of the CUDA toolkit, is not there, and something is to be compiled",
            (
                "which nvcc; ls -d /usr/local/cuda*   : then export CUDA_HOME=THAT_FOLDER",
                "conda install -c nvidia cuda-nvcc   or the toolkit of torch.version.cuda",
                "a wheel that is compiled already, in place of building the package",
            ),
            why="torch brings CUDA's libraries and no compiler",
            known="the frames start a process; the message names the program",
            settles=False,
        )
    if not path:
        return Answer(
            "a program that is to be started is not found",
            (
                "print the command of the last frame of your own or of a package: its first word "
                "is the program",
                "install it, or put its folder on PATH (where PROGRAM shows what is found)",
            ),
            known="the frames start a process; Windows does not name the program",
            settles=False,
        )
    return Answer(
        f"a program that is to be started is not found: {name}"
        if path == name
        else f"a program that is to be started, or the folder in which it is to run, is not there: "
        f"{path}",
        (
            f"which {name}   in the environment in which the command runs: activate it, so "
            "that its bin folder is on PATH",
            *((f"ls -l {path}   : it is looked for there",) if path != name else ()),
        ),
        known="the frames start a process; the message names the program"
        if path == name
        else "the frames start a process; the message names one of the two",
    )


def _not_to_be_renamed(case: Case, path: str) -> Answer:
    if "tmp-checkpoint-" not in f"{path} {case.hit.text}":
        return Answer(
            "a file or folder that is to be moved is not there",
            (
                "do several processes write to the same place? A folder for each, or one of them "
                "alone moves it",
                "df -h and a disk of this machine in place of one over the network",
            ),
            known="the frames or the message show a renaming",
            settles=False,
        )
    return Answer(
        "a checkpoint that was written is to get its own name, and is not there any more: most "
        "often another process has moved it",
        (
            "ls OUTPUT_DIR   : checkpoint-N itself is mostly whole, and can be resumed from",
            "pip install -U transformers   : some releases let each process move it",
            "several machines: save_on_each_node=False on a shared disk, True on disks of their "
            "own",
        ),
        why="the Trainer writes into tmp-checkpoint-N and renames it; transformers 4.36 and "
        "prereleases of 4.49 did so on every process",
        known="the message shows both names; the releases are from reports",
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
        r"FileNotFoundError: \[(?:Errno 2|WinError [23])\] [^\n'\":]{3,80}(?:: (?:Path|PosixPath)?"
        r"\(?[\"']?(?P<path>[^\"'\n]{0,300})|$)",
        _no_file,
        {
            "FileNotFoundError: [Errno 2] No such file or directory: 'data/train.json'": "ls -l",
            'Traceback (most recent call last):\n  File "/usr/lib/python3.11/subprocess.py", line '
            "1950, in _execute_child\n    raise child_exception_type(errno_num, err_msg)\n"
            "FileNotFoundError: [Errno 2] No such file or directory: 'torchrun'": "which torchrun",
            'Traceback (most recent call last):\n  File "/usr/lib/python3.11/subprocess.py", line '
            "1950, in _execute_child\n    raise child_exception_type(errno_num, err_msg)\n"
            "FileNotFoundError: [Errno 2] No such file or directory: '/usr/local/cuda/bin/nvcc'": (
                "CUDA_HOME"
            ),
            'Traceback (most recent call last):\n  File "C:\\Python311\\Lib\\subprocess.py", line '
            "1538, in _execute_child\n    hp, ht = _winapi.CreateProcess(executable)\n"
            "FileNotFoundError: [WinError 2] The system cannot find the file specified": (
                "Windows does not name"
            ),
            "Traceback (most recent call last):\n  File "
            '"/x/site-packages/transformers/trainer.py", '
            "line 2402, in _save_checkpoint\n    os.rename(staging_output_dir, output_dir)\n"
            "FileNotFoundError: [Errno 2] No such file or directory: 'out/tmp-checkpoint-500' -> "
            "'out/checkpoint-500'": "another process has moved it",
            "FileNotFoundError: [Errno 2] No such file or directory: 'out/checkpoint-900' -> "
            "'best'": "that is to be moved",
            'Traceback (most recent call last):\n  File "/usr/lib/python3.11/subprocess.py", line '
            "1955, in _execute_child\n    raise child_exception_type(errno_num, err_msg)\n"
            "FileNotFoundError: [Errno 2] No such file or directory: '/data/llama.cpp'": (
                "or the folder in which"
            ),
            'Traceback (most recent call last):\n  File "train.py", line 9, in <module>\n    for f '
            'in os.listdir("data"):\nFileNotFoundError: [Errno 2] No such file or directory: '
            "'data'": "a folder that is read",
            "FileNotFoundError: [Errno 2] No such file or directory: '/x/merged/tokenizer.model'": (
                "hf download BASE tokenizer.model --local-dir /x/merged"
            ),
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
