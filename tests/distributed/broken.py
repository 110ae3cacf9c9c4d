"""The same run, but for one rank: its patch fails, it has other rules, or it never comes.

``waits`` writes down who this rank is, and stops half way for good.

broken.py FOLDER [--callback] HOW RANK
"""

from __future__ import annotations

import os
import sys
import time
from datetime import timedelta
from pathlib import Path

from gemma_compat.rules.checkpointing import reentrant_detaches_shared_kv as module
from tests.distributed.train import train


def _fails(model: object, ledger: object) -> None:
    from gemma_compat.errors import PatchTargetMissing

    raise PatchTargetMissing("layer 0 has no attribute self_attn")


def _is_broken(model: object, ledger: object) -> None:
    raise KeyError("planted")


def _wait(folder: Path) -> None:
    (folder / f"half-way-{os.environ['RANK']}").write_text(str(os.getpid()))
    time.sleep(600)


def main() -> None:
    *_, how, rank = sys.argv
    if rank == "all" or os.environ["RANK"] == rank:
        if how == "fails":
            module.patch = _fails
        elif how == "crashes":
            module.patch = _is_broken
        elif how == "ignores":
            import gemma_compat

            gemma_compat.install(ignore=["GC201"])
        elif how == "is-not-hooked":
            import gemma_compat

            gemma_compat.uninstall()
    if how == "is-not-hooked":
        import torch.distributed

        # On the CPU the Trainer hands its ddp_timeout to nobody.
        torch.distributed.init_process_group("gloo", timeout=timedelta(seconds=15))
    callbacks = []
    if "--callback" in sys.argv:
        from gemma_compat import GemmaCompatCallback

        callbacks.append(GemmaCompatCallback())
    folder = Path(sys.argv[1])
    train(folder, callbacks, at_step=(lambda _: _wait(folder)) if how == "waits" else None)


if __name__ == "__main__":
    main()
