"""Measure the peak of one rank of two: DDP, FSDP2 and ZeRO by transformers' Trainer.

    python benchmarks/memory_ranks.py peaks.jsonl [CASE...]

Gemma 3 1B and 270M with random weights; each case is started by torch's launcher and writes one
line, as ``docs/measurements/memory_ranks.json`` holds it. The peak is that of the second and third
step. Needs two GPUs, torch, transformers, accelerate and peft; without deepspeed the cases of ZeRO
are left out.
"""

# The libraries here are whatever release is measured: nothing is typed against them.
# mypy: ignore-errors
import json
import os
import subprocess
import sys
from importlib.util import find_spec

SECONDS, PORT = 110, "29533"
SHARED = {
    "vocab_size": 262144,
    "num_attention_heads": 4,
    "num_key_value_heads": 1,
    "head_dim": 256,
    "sliding_window": 512,
}
MODELS = {
    "gemma-3-1b": {"hidden_size": 1152, "intermediate_size": 6912, "num_hidden_layers": 26},
    "gemma-3-270m": {"hidden_size": 640, "intermediate_size": 2048, "num_hidden_layers": 18},
}
LAYERS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def case(name, spread, **changes):
    """Return what a line of the results says of a run, but for its figures."""
    start = {
        "id": name,
        "model": "gemma-3-270m" if name.startswith("270m") else "gemma-3-1b",
        "rows": 1,
        "tokens": 512,
        "dtype": "bfloat16",
        "autocast": True,
        "checkpointing": True,
        "attention": "sdpa",
        "loss": "full",
        "optimizer": "adamw_torch_fused",
        "spread": spread,
        "ranks": 2,
        "accumulation": 1,
    }
    return {**start, **changes}


CASES = [
    case("1b-full-ddp", "ddp"),
    case("1b-full-ddp-accum", "ddp", accumulation=2),
    case("1b-full-fsdp", "fsdp"),
    case("1b-full-fsdp-accum", "fsdp", accumulation=2),
    case("1b-full-fp32-fsdp", "fsdp", dtype="float32", autocast=False),
    case("1b-lora-ddp", "ddp", lora=16),
    case("1b-lora-fsdp", "fsdp", lora=16),
    case("270m-full-ddp-4x1024", "ddp", rows=4, tokens=1024),
    case("270m-full-fsdp-4x1024", "fsdp", rows=4, tokens=1024),
    case("270m-full-fsdp-2x1024-whole", "fsdp", rows=2, tokens=1024, checkpointing=False),
    case("270m-lora-ddp-4x1024", "ddp", rows=4, tokens=1024, lora=16),
    *(case(f"1b-full-zero{stage}", f"zero{stage}") for stage in (1, 2, 3)),
]


def spread_over(kind):
    """Return the arguments of the Trainer that spread a run so."""
    if kind == "fsdp":
        wrapped = {"fsdp_version": 2, "transformer_layer_cls_to_wrap": ["Gemma3DecoderLayer"]}
        return {"fsdp": "full_shard auto_wrap", "fsdp_config": wrapped}
    if kind.startswith("zero"):
        config = {"zero_optimization": {"stage": int(kind[-1])}, "bf16": {"enabled": "auto"}}
        names = ("train_micro_batch_size_per_gpu", "gradient_accumulation_steps")
        return {"deepspeed": {**config, **dict.fromkeys(names, "auto")}}
    return {}


def build(wanted):
    import torch
    import transformers

    config = transformers.Gemma3TextConfig(**SHARED, **MODELS[wanted["model"]])
    config._attn_implementation = "sdpa"
    config.use_cache = False
    torch.manual_seed(0)
    model = transformers.Gemma3ForCausalLM(config).to(getattr(torch, wanted["dtype"]))
    if "lora" not in wanted:
        return model
    import peft

    adapter = peft.LoraConfig(r=wanted["lora"], target_modules=LAYERS, task_type="CAUSAL_LM")
    model = peft.get_peft_model(model, adapter)
    model.enable_input_require_grads()
    return model


def run(wanted, out):
    """Train three steps as one rank; the first rank writes the line."""
    import torch
    import transformers

    rank = int(os.environ["LOCAL_RANK"])
    torch.cuda.set_device(rank)
    args = transformers.TrainingArguments(
        "/tmp/o",
        max_steps=3,
        per_device_train_batch_size=wanted["rows"],
        gradient_accumulation_steps=wanted["accumulation"],
        bf16=wanted["autocast"],
        gradient_checkpointing=wanted["checkpointing"],
        gradient_checkpointing_kwargs={"use_reentrant": False},
        report_to=[],
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        optim=wanted["optimizer"],
        ddp_find_unused_parameters=False,
        **spread_over(wanted["spread"]),
    )
    generator = torch.Generator().manual_seed(rank)
    ids = torch.randint(5, 200000, (wanted["tokens"],), generator=generator)
    row = {"input_ids": ids, "labels": ids, "attention_mask": torch.ones_like(ids)}

    class AfterTheFirstStep(transformers.TrainerCallback):
        def on_step_begin(self, args, state, control, **others):
            if state.global_step == 1:
                torch.cuda.synchronize()
                torch.cuda.reset_peak_memory_stats()

    model = build(wanted)
    trainer = transformers.Trainer(
        model=model, args=args, train_dataset=[row] * 64, callbacks=[AfterTheFirstStep()]
    )
    trainer.train()
    torch.cuda.synchronize()
    if rank == 0:
        peaks = {
            "allocated": torch.cuda.max_memory_allocated(),
            "reserved": torch.cuda.max_memory_reserved(),
        }
        line = {**wanted, **peaks, "card": torch.cuda.get_device_name()}
        with open(out, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def main(out, names):
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    for wanted in CASES:
        if names and wanted["id"] not in names:
            continue
        if wanted["spread"].startswith("zero") and find_spec("deepspeed") is None:
            continue
        command = [*launcher, "--master-port", PORT, __file__, json.dumps(wanted), out]
        try:
            status = subprocess.run(command, check=False, timeout=SECONDS).returncode
        except subprocess.TimeoutExpired:
            status = f"not finished in {SECONDS} s"
        print(wanted["id"], status or "done", flush=True)


if __name__ == "__main__":
    os.environ.update(HF_HUB_OFFLINE="1", WANDB_DISABLED="true")
    if "LOCAL_RANK" in os.environ:
        run(json.loads(sys.argv[1]), sys.argv[2])
    else:
        main(sys.argv[1], sys.argv[2:])
