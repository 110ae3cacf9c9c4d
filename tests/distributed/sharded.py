"""FSDP by hand on the CPU, with the model patched before it is wrapped, or after.

sharded.py FOLDER fully_shard | FSDP before | after
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
import torch.distributed

import gemma_compat
from gemma_compat.live.unwrap import unwrap
from tests import tiny
from tests.distributed.train import KIND, norms_of, rows, write


def wrapped(model: Any, how: str) -> Any:
    from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard

    if how == "fully_shard":
        mesh = torch.distributed.init_device_mesh("cpu", (torch.distributed.get_world_size(),))
        return fully_shard(model, mesh=mesh)
    return FullyShardedDataParallel(model, use_orig_params=True, device_id=torch.device("cpu"))


def main() -> None:
    torch.set_num_threads(1)
    folder, how, when = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    torch.distributed.init_process_group("gloo")
    rank, model = torch.distributed.get_rank(), tiny.build(KIND)
    model.gradient_checkpointing_enable({"use_reentrant": True})
    model.enable_input_require_grads()
    whole = model
    if when == "before":
        gemma_compat.patch(model)
    model = wrapped(model, how).train()
    assert unwrap(model) is whole
    if when == "after":
        gemma_compat.patch(model)
    batch = {key: value[None] for key, value in rows()[rank].items()}
    loss = model(**batch, use_cache=False).loss
    loss.backward()
    mean = loss.detach().clone()
    torch.distributed.all_reduce(mean)
    write(
        folder,
        {
            "loss": [mean.item() / 2],
            "norms": [norms_of(model, in_parts=how == "FSDP")],
            "wrapped": how,
        },
    )
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
