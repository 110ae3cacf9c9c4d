"""A loop of one's own with accelerate: DDP, or FSDP where there are GPUs.

Accelerate has no FSDP on the CPU; ``sharded.py`` shards by hand.

loop.py FOLDER [1 | 2]      the version of FSDP
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator, FullyShardedDataParallelPlugin

from tests import tiny
from tests.distributed.train import KIND, norms_of, rows, write


def accelerator_of(version: str | None) -> Accelerator:
    on_cpu = not torch.cuda.is_available()
    if version is None:
        return Accelerator(cpu=on_cpu)
    plugin = FullyShardedDataParallelPlugin(
        fsdp_version=int(version),
        auto_wrap_policy="transformer_based_wrap",
        transformer_cls_names_to_wrap=["Gemma4TextDecoderLayer"],
        use_orig_params=True if version == "1" else None,
        cpu_ram_efficient_loading=False,
    )
    return Accelerator(cpu=on_cpu, fsdp_plugin=plugin)


def main() -> None:
    torch.set_num_threads(1)
    folder, version = Path(sys.argv[1]), (*sys.argv[2:], None)[0]
    accelerator = accelerator_of(version)
    model: Any = tiny.build(KIND)
    model.gradient_checkpointing_enable({"use_reentrant": True})
    model.enable_input_require_grads()
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    loader = torch.utils.data.DataLoader(rows(), batch_size=2 // accelerator.num_processes)
    model, optimizer, loader = accelerator.prepare(model, optimizer, loader)
    found: dict[str, Any] = {"loss": [], "norms": [], "wrapped": type(model).__name__}
    for batch in loader:
        loss = model(**batch, use_cache=False).loss
        accelerator.backward(loss)
        found["loss"].append(accelerator.gather(loss.detach().reshape(1)).mean().item())
        found["norms"].append(norms_of(model))
        optimizer.step()
        optimizer.zero_grad()
    write(folder, found)
    print("wrapped in", found["wrapped"])


if __name__ == "__main__":
    main()
