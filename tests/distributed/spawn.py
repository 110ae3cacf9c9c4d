"""Scripts that start their own processes; each trains as ``train.py`` does.

spawn.py FOLDER spawn | fork | forkserver | notebook | notebook-one PORT
spawn.py FOLDER loader-fork | loader-spawn | passed
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path
from typing import Any

import torch

from tests.distributed.train import KIND, arguments, rows, train, write


def one_of_two(rank: int, folder: Path, port: str) -> None:
    """What ``mp.spawn`` starts; only accelerate asks for these in the environment."""
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE="2")
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=port)
    train(folder)


class Counting(torch.utils.data.Dataset):
    """Rows of the run; each says whether the hook is in its worker, and what came along."""

    def __init__(self) -> None:
        self.rows = rows()

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        hooks = sys.modules.get("gemma_compat.hooks")
        print(
            "worker", multiprocessing.get_start_method(),
            "hooked", hooks is not None and hooks._hook is not None,
            "rules", "gemma_compat.rules" in sys.modules,
            flush=True,
        )  # fmt: skip
        return self.rows[index]


def with_workers(folder: Path, context: str) -> None:
    from transformers import Trainer, default_data_collator

    from tests import tiny

    class Mine(Trainer):
        def get_train_dataloader(self) -> Any:
            return torch.utils.data.DataLoader(
                self.train_dataset,
                batch_size=2,
                num_workers=2,
                collate_fn=default_data_collator,
                multiprocessing_context=context,
            )

    Mine(tiny.build(KIND), arguments(folder), train_dataset=Counting()).train()
    write(folder, {})


def given_a_model(model: Any, folder: Path) -> None:
    """In a spawned child: the model came pickled, with its patches."""
    from transformers import Trainer

    from gemma_compat.hooks import applied_to

    trainer = Trainer(model, arguments(folder), train_dataset=rows())
    trainer.train()
    applied = applied_to(model)
    print("changes made in the child:", len(applied.changes) if applied else 0, flush=True)


def passed_on(folder: Path) -> None:
    from transformers import Trainer

    from tests import tiny

    model = tiny.build(KIND)
    Trainer(model, arguments(folder), train_dataset=rows())
    child = torch.multiprocessing.get_context("spawn").Process(
        target=given_a_model, args=(model, folder)
    )
    child.start()
    child.join()
    sys.exit(child.exitcode)


def main() -> None:
    folder, how = Path(sys.argv[1]), sys.argv[2]
    if how in ("spawn", "fork", "forkserver"):
        torch.multiprocessing.start_processes(
            one_of_two, (folder, sys.argv[3]), 2, start_method=how
        )
    elif how.startswith("notebook"):
        from accelerate import notebook_launcher

        count = 1 if how == "notebook-one" else 2
        notebook_launcher(train, (folder,), num_processes=count, use_port=sys.argv[3])
    elif how.startswith("loader"):
        with_workers(folder, how.removeprefix("loader-"))
    else:
        passed_on(folder)


if __name__ == "__main__":
    main()
