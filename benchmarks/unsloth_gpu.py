"""The newest Unsloth on a real GPU, patched and not: does it train, and are the gradients right?

    python benchmarks/unsloth_gpu.py --out unsloth_gpu.json

For each case three steps and two evaluations by TRL's SFTTrainer on a small random model, and the
gradients of one fixed batch before them, as Unsloth checkpoints and without checkpointing. Each
case is a process of its own, which dumps its stacks after ``--dump-after`` seconds and is ended
after ``--limit``. Nothing is downloaded.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

# name: model type, four bits, compiled
CASES = {
    "gemma3-16bit": ("gemma3_text", False, True),
    "gemma3-4bit": ("gemma3_text", True, True),
    "gemma4-16bit": ("gemma4_text", False, False),
    "gemma3n-16bit": ("gemma3n_text", False, False),
    "gemma4-16bit-compiled": ("gemma4_text", False, True),
}


def main() -> int:
    options = _options()
    if options.case:
        _child(options)
        return 0
    chosen = options.only.split(",") if options.only else list(CASES)
    home = Path(tempfile.mkdtemp())
    _make_checkpoints(home, options)
    jobs = [(name, patched) for name in chosen for patched in (False, True)]
    with ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(lambda job: _run(job[0], job[1], home, options), jobs))
    document = {"results": results, "comparisons": list(_comparisons(results, home))}
    Path(options.out).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    for comparison in document["comparisons"]:
        print(json.dumps(comparison))
    for result in results:
        print(result["case"], result["patched"], result["outcome"], result.get("losses"))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default="unsloth_gpu.json")
    parser.add_argument("--only", help="names of cases, comma-separated")
    parser.add_argument("--jobs", type=int, default=4, help="processes at once")
    parser.add_argument("--limit", type=int, default=240, help="seconds for one case")
    parser.add_argument("--dump-after", type=int, default=120, help="seconds; stacks of threads")
    parser.add_argument("--stand-in", action="store_true", help="no GPU: try the script out")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    parser.add_argument("--patched", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--home", help=argparse.SUPPRESS)
    return parser.parse_args()


def _make_checkpoints(home: Path, options: argparse.Namespace) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from tests.unsloth.checkpoints import FOR_GPU, make\n"
        "for name in sys.argv[2:]: make(name, Path(sys.argv[1]), **FOR_GPU)"
    )
    names = sorted({model_type for model_type, _, _ in CASES.values()})
    subprocess.run(
        [sys.executable, "-c", code, str(home), *names], cwd=ROOT, env=_environment(), check=True
    )


def _environment(**more: str) -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    offline = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "PYTHONUNBUFFERED": "1"}
    threads = {"TORCHINDUCTOR_COMPILE_THREADS": os.environ.get("COMPILE_THREADS", "4")}
    return {**os.environ, "PYTHONPATH": path, **offline, **threads, **more}


def _run(name: str, patched: bool, home: Path, options: argparse.Namespace) -> dict[str, Any]:
    """One case in a process and a folder of its own."""
    folder = home / f"{name}-{'patched' if patched else 'bare'}"
    folder.mkdir()
    command = [sys.executable, str(Path(__file__).resolve()), "--case", name, "--home", str(home)]
    command += ["--dump-after", str(options.dump_after), *(["--patched"] if patched else [])]
    command += ["--stand-in"] if options.stand_in else []
    compiled = CASES[name][2]
    environment = _environment(**({} if compiled else {"UNSLOTH_COMPILE_DISABLE": "1"}))
    started = time.monotonic()
    with (folder / "log").open("w") as log:
        child = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            status = child.wait(timeout=options.limit)
            outcome = "ok" if status == 0 else f"exit status {status}"
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            outcome = f"not finished in {options.limit} s"
    lines = (folder / "log").read_text(errors="replace").splitlines()
    seconds = round(time.monotonic() - started, 1)
    result = {"case": name, "patched": patched, "outcome": outcome, "seconds": seconds}
    if (folder / "result.json").exists():
        result.update(json.loads((folder / "result.json").read_text()))
    if outcome != "ok":
        result["log"] = [line[:300] for line in lines if line.strip()][-160:]
    print(f"{name} {'patched' if patched else 'bare'}: {outcome}, {seconds} s", flush=True)
    return result


def _child(options: argparse.Namespace) -> None:
    """Load, adapt, take the gradients of one batch, train; writes ``result.json`` as it goes."""
    import faulthandler

    faulthandler.dump_traceback_later(options.dump_after, repeat=True)
    if options.stand_in:
        os.environ.update(TRITON_INTERPRET="1", TORCHDYNAMO_DISABLE="1")
        from tests.unsloth.standin import pretend

        pretend()
    import unsloth  # noqa: F401  (before everything that it patches)
    from unsloth import FastModel

    model_type, four_bit, _ = CASES[options.case]
    found: dict[str, Any] = {"versions": _versions(), "device": _device()}
    model, tokenizer = FastModel.from_pretrained(
        str(Path(options.home) / model_type),
        load_in_4bit=four_bit,
        max_seq_length=128,
        **({"device_map": "cpu", "attn_implementation": "sdpa"} if options.stand_in else {}),
    )
    model = FastModel.get_peft_model(
        model, r=8, lora_alpha=16, lora_dropout=0, bias="none", random_state=0,
        finetune_vision_layers=False,
    )  # fmt: skip
    _fill_adapter(model)
    if options.patched:
        import gemma_compat

        applied = gemma_compat.patch(model)
        found["patch"] = str(applied)
    _save(found)
    for checkpointed in (True, False):
        found |= _gradients(model, checkpointed)
        _save(found)
    _checkpoint(model, True)
    found |= _train(model, tokenizer, options)
    _save(found)
    faulthandler.cancel_dump_traceback_later()


def _save(found: dict[str, Any]) -> None:
    Path("result.json").write_text(json.dumps(found))


def _versions() -> dict[str, str]:
    from importlib import metadata

    names = ("unsloth", "unsloth_zoo", "torch", "transformers", "trl", "peft", "bitsandbytes")
    return {name: metadata.version(name) for name in names}


def _device() -> str:
    import torch

    return str(torch.cuda.get_device_name()) + " sm_{}{}".format(
        *torch.cuda.get_device_capability()
    )


def _fill_adapter(model: Any) -> None:
    """B starts at zero, where A has no gradient: half of what is compared would be empty."""
    import torch

    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                values = torch.randn(parameter.shape, generator=generator) * 0.05
                parameter.copy_(values.to(parameter.device, parameter.dtype))


def _checkpoint(model: Any, on: bool) -> None:
    from unsloth import FastModel

    FastModel.for_training(model, use_gradient_checkpointing="unsloth" if on else False)


def _gradients(model: Any, checkpointed: bool) -> dict[str, Any]:
    """The loss and the gradients of one batch; the latter go to a file."""
    import torch

    _checkpoint(model, checkpointed)
    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(3)
    ids = torch.randint(3, 12, (2, 64), generator=generator).to(device)
    model.zero_grad(set_to_none=True)
    with torch.autocast(device.type, dtype=torch.bfloat16):
        loss = model(input_ids=ids, attention_mask=torch.ones_like(ids), labels=ids).loss
    loss.backward()
    kept = {n: p.grad.float().cpu() for n, p in model.named_parameters() if p.grad is not None}
    model.zero_grad(set_to_none=True)
    kind = "checkpointed" if checkpointed else "plain"
    torch.save(kept, f"gradients-{kind}.pt")
    layers = sum(bool(getattr(m, "gradient_checkpointing", False)) for m in model.modules())
    return {
        f"loss_{kind}": float(loss),
        f"gradients_{kind}": len(kept),
        f"modules_that_checkpoint_{kind}": layers,
    }


def _train(model: Any, tokenizer: Any, options: argparse.Namespace) -> dict[str, Any]:
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    from tests.unsloth.checkpoints import SENTENCE

    dataset = Dataset.from_dict({"text": [SENTENCE * 3] * 16})
    arguments = SFTConfig(
        output_dir="out", max_steps=3, per_device_train_batch_size=2, logging_steps=1,
        per_device_eval_batch_size=2, eval_strategy="steps", eval_steps=2, eval_on_start=True,
        report_to="none", dataset_text_field="text", max_length=64, learning_rate=1e-3,
        optim="adamw_torch", save_strategy="no", dataset_num_proc=1, use_cpu=options.stand_in,
    )  # fmt: skip
    trainer = SFTTrainer(
        model=model, processing_class=tokenizer, args=arguments,
        train_dataset=dataset, eval_dataset=dataset.select(range(4)),
    )  # fmt: skip
    trainer.train()
    history = trainer.state.log_history
    return {
        "losses": [entry["loss"] for entry in history if "loss" in entry],
        "evaluations": [entry["eval_loss"] for entry in history if "eval_loss" in entry],
    }


def _comparisons(results: list[dict[str, Any]], home: Path) -> Iterator[dict[str, Any]]:
    """Gradients with checkpointing against those without, and patched against not."""
    names = list(dict.fromkeys(result["case"] for result in results))
    for name in names:
        bare, patched = home / f"{name}-bare", home / f"{name}-patched"
        for folder in (bare, patched):
            yield _compare(folder / "gradients-checkpointed.pt", folder / "gradients-plain.pt")
        for kind in ("checkpointed", "plain"):
            yield _compare(patched / f"gradients-{kind}.pt", bare / f"gradients-{kind}.pt")


def _compare(one: Path, other: Path) -> dict[str, Any]:
    """The relative difference over all tensors, and the worst cosine of one."""
    import torch

    what = [f"{path.parent.name}/{path.stem}" for path in (one, other)]
    if not (one.exists() and other.exists()):
        return {"compared": what, "missing": True}
    left, right = (torch.load(path) for path in (one, other))
    shared = sorted(left.keys() & right.keys())
    flat = [torch.cat([side[name].flatten() for name in shared]) for side in (left, right)]
    cosines = {
        name: float(torch.cosine_similarity(left[name].flatten(), right[name].flatten(), dim=0))
        for name in shared
    }
    worst = min(cosines, key=lambda name: cosines[name])
    return {
        "compared": what,
        "tensors": len(shared),
        "only_in_one": len(left.keys() ^ right.keys()),
        "relative_difference": float((flat[0] - flat[1]).norm() / flat[1].norm()),
        "worst_cosine": [worst, cosines[worst]],
    }


if __name__ == "__main__":
    sys.exit(main())
