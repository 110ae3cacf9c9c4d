"""A disk that is full, by what wrote to it, and one that went away."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General
from ..memory.handed_over import NO_ROOM

# What wrote when the disk was full, by frames and lines, and what helps there.
_CACHE = "HF_HOME=/large/disk/hf   before the command; du -sh ~/.cache/huggingface"
_WROTE = (
    (
        r"(?i)Could not install packages|pip[/\\]_internal|\bpip3? install\b|\bconda install\b",
        ("pip install --no-cache-dir ...; TMPDIR=/large/disk/tmp   where /tmp is what is full",),
        "pip unpacks into the temporary folder first, and keeps a cache",
    ),
    (
        r"file_download\.py|snapshot_download|hf_hub_download|\bhttp_get\b|Fetching \d+ files|"
        r"xet_get",
        (_CACHE, "hf cache ls; hf cache rm model/OWNER/NAME   frees what is not used"),
        "a download goes to the Hub's cache, which is in the home folder if nothing else is set",
    ),
    (
        r"arrow_writer\.py|in _map_single|datasets[/\\]arrow_dataset|\bMap(?: \(num_proc=\d+\))?: ",
        (
            "HF_DATASETS_CACHE=/large/disk   before the command",
            "or keep_in_memory=True, or a streaming data set: nothing is cached then",
        ),
        "each map writes its rows once more into the cache of datasets; images grow many times",
    ),
)


def _disk_full(case: Case) -> Answer:
    # Frames say what wrote; without them the lines beside it: a map above may be long over.
    near = case.frames or case.near
    if re.search(r"SemLock|multiprocessing[/\\](?:synchronize|heap|shared_memory)", case.frames):
        return NO_ROOM
    wrote = next((row for row in _WROTE if re.search(row[0], near)), None)
    saves = re.search(r"merge|gguf|push_to_hub|publish", case.near, re.IGNORECASE)
    where = (
        ("/kaggle/working has 20 GB: save to /tmp, or elsewhere than on Kaggle",)
        if re.search(r"(?i)kaggle", case.near)
        else ()
    )
    full = "df -h .; df -i .   and   du -sh ~/.cache/huggingface"
    if wrote and not saves:
        return Answer(
            "the disk is full, or the quota on it is used up",
            ("df -h . /tmp ~", *wrote[1], *where),
            why=wrote[2],
            known="the system says so; what wrote, the lines beside it show",
            certain=case.error is not None or "No space left" in case.hit.text,
            settles=False,
        )
    return Answer(
        "the disk is full, or the quota on it is used up",
        (
            full,
            *where,
            "model.save_pretrained('lora')   : the adapter alone is small; merge where there is "
            "room"
            if saves
            else "save_total_limit=1, and HF_HOME on a larger disk",
        ),
        why="a merge needs the base in 16 bits, its result and, for a GGUF, a third copy"
        if saves
        else "a checkpoint of a Gemma with its optimizer states takes several times its weights",
        certain=case.error is not None or "No space left" in case.hit.text,
    )


def _gone(case: Case) -> Answer | None:
    """Answer a mount that is gone; leave a connection that the other side closed."""
    if re.search(r"socket|getpeername|sock\.|uvicorn|asyncio", case.frames):
        return None
    return Answer(
        "a file on a network or mounted drive is no longer reachable",
        (
            "mount it again, and go on from the last checkpoint",
            "HF_HOME, the data set and the output on a local disk, and copied at the end",
        ),
        why="the server dropped the file or the mount (NFS, Google Drive, FUSE), or another "
        "process replaced it",
        known="the system says so",
        certain="'" in case.hit.text,
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "disk-full",
        r"No space left on device|\[Errno 28\]|\[WinError 112\]|Disk quota exceeded|"
        r"[Nn]ot enough (?:free )?disk space|"
        r"[Nn]ot enough (?:free )?space (?:available )?(?:for saving|to save|on (?:the )?(?:disk|"
        r"device))|"
        r"[Ii]nsufficient (?:disk|storage) space|[Rr][au]n(?:n?ing|s)? out of (?:disk|storage)|"
        r"no disk space left|磁盘\w{0,3}(?:不足|满)|file write failed",
        _disk_full,
        {
            "OSError: [Errno 28] No space left on device": "HF_HOME",
            "OSError: [Errno 28] 设备上没有空间": "HF_HOME",
            "Kaggle: model.save_pretrained_merged('model', tokenizer)\nOSError: [Errno 28] No "
            "space "
            "left on device": "/kaggle/working",
            "I actually have a good feeling I run out of disk": "df -h",
        },
        alone=True,
    ),
    General(
        "file-gone-on-the-network",
        r"Transport endpoint is not connected|\[Errno 107\]",
        _gone,
        {
            "OSError: [Errno 107] Transport endpoint is not connected: '/content/drive/MyDrive'": (
                "mount it again"
            ),
            '  File "/home/me/serve.py", line 4, in f\n    peer = sock.getpeername()\nOSError: '
            "[Errno 107] Transport endpoint is not connected": "",
        },
    ),
)
