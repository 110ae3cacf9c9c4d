"""Measure the peak memory of training steps of real shapes, on a GPU.

    python benchmarks/memory_runs.py 500 cases.json peaks.jsonl

A case is an object such as ``{"id": "1b", "model": "gemma-3-1b", "batch": 1, "tokens": 1024,
"dtype": "bfloat16", "bf16": true, "lora": 16, "ckpt": true}``; each runs in a child process with a
time limit, on random weights, and writes one line. Needs torch with CUDA, transformers, peft,
bitsandbytes, nvidia-ml-py and, for ``"trl": true``, TRL and datasets. The first argument is the
time in seconds that all of it may take.
"""

# The libraries here are whatever release is measured: nothing is typed against them.
# mypy: ignore-errors
import gc
import json
import os
import signal
import sys
import time

os.environ.update(
    PYTORCH_NVML_BASED_CUDA_CHECK="1",
    HF_HUB_OFFLINE="1",
    TOKENIZERS_PARALLELISM="false",
    WANDB_DISABLED="true",
    BITSANDBYTES_NOWELCOME="1",
)
import torch
import transformers
import transformers.modeling_utils
from siglip import SIGLIP  # beside this file
from torch import nn


def late():
    global peft, accelerate
    import accelerate
    import peft


def g3(h, i, n, a, k, d, w, vocab=262144):
    return {
        "vocab_size": vocab,
        "hidden_size": h,
        "intermediate_size": i,
        "num_hidden_layers": n,
        "num_attention_heads": a,
        "num_key_value_heads": k,
        "head_dim": d,
        "sliding_window": w,
        "query_pre_attn_scalar": d,
        "max_position_embeddings": 131072,
    }


FIVE = ["sliding_attention"] * 5 + ["full_attention"]
FOUR = ["sliding_attention"] * 4 + ["full_attention"]


def g4(h, i, n, a, k, s, pl, pat, **kw):
    return dict(
        vocab_size=262144,
        vocab_size_per_layer_input=262144,
        hidden_size=h,
        intermediate_size=i,
        num_hidden_layers=n,
        num_attention_heads=a,
        num_key_value_heads=k,
        num_kv_shared_layers=s,
        hidden_size_per_layer_input=pl,
        head_dim=256,
        global_head_dim=512,
        final_logit_softcapping=30.0,
        layer_types=(pat * 20)[:n],
        max_position_embeddings=131072,
        **kw,
    )


MODELS = {
    "gemma-2b": (
        "Gemma",
        {
            "vocab_size": 256000,
            "hidden_size": 2048,
            "intermediate_size": 16384,
            "num_hidden_layers": 18,
            "num_attention_heads": 8,
            "num_key_value_heads": 1,
            "head_dim": 256,
        },
    ),
    "gemma-2-2b": (
        "Gemma2",
        {
            "vocab_size": 256000,
            "hidden_size": 2304,
            "intermediate_size": 9216,
            "num_hidden_layers": 26,
            "num_attention_heads": 8,
            "num_key_value_heads": 4,
            "head_dim": 256,
            "sliding_window": 4096,
            "query_pre_attn_scalar": 256,
        },
    ),
    "gemma-2-9b": (
        "Gemma2",
        {
            "vocab_size": 256000,
            "hidden_size": 3584,
            "intermediate_size": 14336,
            "num_hidden_layers": 42,
            "num_attention_heads": 16,
            "num_key_value_heads": 8,
            "head_dim": 256,
            "sliding_window": 4096,
            "query_pre_attn_scalar": 256,
        },
    ),
    "gemma-3-270m": ("Gemma3T", g3(640, 2048, 18, 4, 1, 256, 512)),
    "gemma-3-1b": ("Gemma3T", g3(1152, 6912, 26, 4, 1, 256, 512)),
    "gemma-3-4b": ("Gemma3", g3(2560, 10240, 34, 8, 4, 256, 1024, 262208)),
    "gemma-3-12b": ("Gemma3", g3(3840, 15360, 48, 16, 8, 256, 1024, 262208)),
    "gemma-3-27b": ("Gemma3", g3(5376, 21504, 62, 32, 16, 128, 1024, 262208)),
    "gemma-3n-E2B": (
        "Gemma3n",
        {
            "vocab_size": 262400,
            "vocab_size_per_layer_input": 262144,
            "hidden_size": 2048,
            "hidden_size_per_layer_input": 256,
            "intermediate_size": 8192,
            "num_hidden_layers": 30,
            "num_attention_heads": 8,
            "num_key_value_heads": 2,
            "num_kv_shared_layers": 10,
            "head_dim": 256,
            "sliding_window": 512,
            "layer_types": FOUR * 6,
            "activation_sparsity_pattern": [0.95] * 10 + [0.0] * 20,
        },
    ),
    "gemma-4-E2B": (
        "Gemma4",
        g4(1536, 6144, 35, 8, 1, 20, 256, FOUR, sliding_window=512, use_double_wide_mlp=True),
    ),
    "gemma-4-E4B": ("Gemma4", g4(2560, 10240, 42, 8, 2, 18, 256, FIVE, sliding_window=512)),
    "gemma-4-31B": (
        "Gemma4",
        g4(
            5376,
            21504,
            60,
            32,
            16,
            0,
            0,
            FIVE,
            sliding_window=1024,
            num_global_key_value_heads=4,
            attention_k_eq_v=True,
        ),
    ),
    "gemma-4-26B-A4B": (
        "Gemma4",
        g4(
            2816,
            2112,
            30,
            16,
            8,
            0,
            0,
            FIVE,
            sliding_window=1024,
            num_global_key_value_heads=2,
            attention_k_eq_v=True,
            enable_moe_block=True,
            num_experts=128,
            top_k_experts=8,
            moe_intermediate_size=704,
        ),
    ),
}


def config_of(name, attn):
    kind, d = MODELS[name]
    T = transformers
    if kind == "Gemma":
        c, cls = T.GemmaConfig(**d), T.GemmaForCausalLM
    elif kind == "Gemma2":
        c, cls = T.Gemma2Config(**d), T.Gemma2ForCausalLM
    elif kind == "Gemma3T":
        c, cls = T.Gemma3TextConfig(**d), T.Gemma3ForCausalLM
    elif kind == "Gemma3":
        c, cls = (
            T.Gemma3Config(text_config=d, vision_config=dict(SIGLIP), mm_tokens_per_image=256),
            T.Gemma3ForConditionalGeneration,
        )
    elif kind == "Gemma3n":
        c, cls = T.Gemma3nTextConfig(**d), T.Gemma3nForCausalLM
    elif kind == "Gemma4":
        c, cls = T.Gemma4TextConfig(**d), T.Gemma4ForCausalLM
    c._attn_implementation = attn
    c.use_cache = False
    if hasattr(c, "text_config"):
        c.text_config.use_cache = False
    return cls, c


def build(case):
    cls, config = config_of(case["model"], case.get("attn", "sdpa"))
    dtype = getattr(torch, case["dtype"])
    if case.get("bits") is None:
        with torch.device("cuda"):
            model = cls._from_config(config, dtype=dtype)
        for p in model.parameters():
            if p.dtype != dtype and p.is_floating_point():
                p.data = p.data.to(dtype)
        return model
    import bitsandbytes as bnb

    with torch.device("meta"):
        model = cls._from_config(config, dtype=dtype)
    skip = ("lm_head",)
    for name, module in list(model.named_modules()):
        if type(module) is nn.Linear and not name.endswith(skip):
            parent = model.get_submodule(name.rpartition(".")[0])
            child = name.rpartition(".")[2]
            w = (
                torch.randn(module.out_features, module.in_features, dtype=dtype, device="cuda")
                * 0.02
            )
            if case["bits"] == 4:
                with torch.device("meta"):
                    new = bnb.nn.Linear4bit(
                        module.in_features,
                        module.out_features,
                        bias=module.bias is not None,
                        compute_dtype=torch.bfloat16,
                        quant_type="nf4",
                        compress_statistics=case.get("double_quant", True),
                    )
                new.weight = bnb.nn.Params4bit(
                    w,
                    requires_grad=False,
                    quant_type="nf4",
                    compress_statistics=case.get("double_quant", True),
                    module=new,
                )._quantize("cuda")
            else:
                with torch.device("meta"):
                    new = bnb.nn.Linear8bitLt(
                        module.in_features,
                        module.out_features,
                        bias=module.bias is not None,
                        has_fp16_weights=False,
                        threshold=6.0,
                    )
                new.weight = bnb.nn.Int8Params(
                    w.cpu(), requires_grad=False, has_fp16_weights=False
                ).to("cuda")
            if new.bias is not None:
                new.bias = nn.Parameter(
                    torch.zeros(module.out_features, dtype=dtype, device="cuda")
                )
            new.source_cls = nn.Linear
            setattr(parent, child, new)
            del w
    seen = {}
    for module in model.modules():
        for n, p in list(module._parameters.items()):
            if p is not None and p.device.type == "meta":
                if id(p) not in seen:
                    seen[id(p)] = nn.Parameter(
                        torch.empty(p.shape, dtype=p.dtype, device="cuda").normal_(0, 0.02),
                        requires_grad=False,
                    )
                module._parameters[n] = seen[id(p)]
        for n, b in list(module._buffers.items()):
            if b is not None and b.device.type == "meta":
                module._buffers[n] = (
                    torch.ones(b.shape, dtype=b.dtype, device="cuda")
                    if b.is_floating_point()
                    else torch.arange(b.numel(), device="cuda").reshape(b.shape).to(b.dtype)
                )
    model.tie_weights()
    if case["bits"] == 4:
        model.is_loaded_in_4bit = True
    else:
        model.is_loaded_in_8bit = True
    model.is_quantized = False
    model.quantization_method = "bitsandbytes"
    gc.collect()
    torch.cuda.empty_cache()
    return model


NAMES = r"(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"


def adapt(model, case):
    if not case.get("lora"):
        return model
    if case.get("kbit"):
        model = peft.prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    top = "language_model" in "".join(n for n, _ in model.named_modules())
    target = case.get("targets") or ((r".*language_model.*\." if top else r".*\.") + NAMES)
    lc = peft.LoraConfig(
        r=case["lora"],
        lora_alpha=16,
        lora_dropout=case.get("dropout", 0.0),
        target_modules=target,
        task_type="CAUSAL_LM",
    )
    return peft.get_peft_model(model, lc)


def batch_of(case, model):
    B, T = case["batch"], case["tokens"]
    g = torch.Generator().manual_seed(0)
    ids = torch.randint(5, 200000, (B, T), generator=g)
    out = {"input_ids": ids, "labels": ids.clone(), "attention_mask": torch.ones_like(ids)}
    kind = MODELS[case["model"]][0]
    if case.get("padded"):
        out["attention_mask"][0, -T // 4 :] = 0
        out["labels"][0, -T // 4 :] = -100
    if kind == "Gemma3":
        out["token_type_ids"] = torch.zeros_like(ids)
        if case.get("images"):
            n = case["images"] * 256
            out["input_ids"][:, 1 : 1 + n] = (
                model.config.image_token_index
                if hasattr(model.config, "image_token_index")
                else model.config.image_token_id
            )
            out["token_type_ids"][:, 1 : 1 + n] = 1
            out["labels"][:, 1 : 1 + n] = -100
            out["pixel_values"] = torch.randn(B * case["images"], 3, 896, 896)
    return out


def nvml_used():
    import pynvml

    pynvml.nvmlInit()
    h = pynvml.nvmlDeviceGetHandleByIndex(0)
    return pynvml.nvmlDeviceGetMemoryInfo(h).used


def run_case(case):
    if case.get("expandable"):
        torch.cuda.memory._set_allocator_settings("expandable_segments:True")
    used0 = nvml_used()
    from transformers import Trainer, TrainerCallback, TrainingArguments

    torch.zeros(1, device="cuda")
    context = nvml_used() - used0 - torch.cuda.memory_reserved()
    model = adapt(build(case), case)
    model.train()
    gc.collect()
    torch.cuda.empty_cache()
    loaded = torch.cuda.memory_allocated()
    out = dict(case)
    out["loaded"] = loaded
    out["context_at_start"] = context
    out["parameters"] = sum(p.numel() for p in model.parameters())
    out["trained"] = sum(p.numel() for p in model.parameters() if p.requires_grad)
    inputs = batch_of(case, model)
    peaks = []

    class Data(torch.utils.data.Dataset):
        def __len__(self):
            return case["batch"] * case.get("accumulate", 1) * 8

        def __getitem__(self, i):
            i = i % case["batch"]
            row = {k: v[i] for k, v in inputs.items() if k != "pixel_values"}
            if "pixel_values" in inputs:
                row["pixel_values"] = inputs["pixel_values"][
                    i * case["images"] : (i + 1) * case["images"]
                ]
            return row

    def collate(rows):
        return {
            k: (torch.cat if k == "pixel_values" else torch.stack)([r[k] for r in rows])
            for k in rows[0]
        }

    def mark(name):
        torch.cuda.synchronize()
        peaks.append([name, torch.cuda.max_memory_allocated(), torch.cuda.memory_allocated()])
        torch.cuda.reset_peak_memory_stats()

    base, extra = Trainer, {}
    common = {
        "output_dir": "/tmp/o",
        "max_steps": case.get("steps", 3),
        "per_device_train_batch_size": case["batch"],
        "gradient_accumulation_steps": case.get("accumulate", 1),
        "report_to": [],
        "save_strategy": "no",
        "logging_strategy": "no",
        "bf16": case.get("bf16", False),
        "gradient_checkpointing": case.get("ckpt", False),
        "optim": case.get("optim", "adamw_torch_fused"),
        "disable_tqdm": True,
        "remove_unused_columns": False,
        "dataloader_num_workers": 0,
    }
    if case.get("ckpt"):
        common["gradient_checkpointing_kwargs"] = {"use_reentrant": case.get("reentrant", False)}
    if case.get("liger"):
        common["use_liger_kernel"] = True
    if case.get("trl"):
        import datasets
        from tokenizers import Tokenizer
        from tokenizers import models as tm
        from trl import SFTConfig, SFTTrainer

        tok = transformers.PreTrainedTokenizerFast(
            tokenizer_object=Tokenizer(
                tm.WordLevel({"<pad>": 0, "<eos>": 1, "<bos>": 2, "<unk>": 3}, unk_token="<unk>")
            ),
            pad_token="<pad>",
            eos_token="<eos>",
            bos_token="<bos>",
        )
        base = SFTTrainer
        args = SFTConfig(**common, max_length=case["tokens"])
        ds = datasets.Dataset.from_dict(
            {
                "input_ids": [
                    inputs["input_ids"][i % case["batch"]].tolist()
                    for i in range(case["batch"] * 8)
                ]
            }
        )
        extra = {"processing_class": tok, "train_dataset": ds}
    else:
        args = TrainingArguments(**common)
        extra = {"train_dataset": Data(), "data_collator": collate}

    class Measured(base):
        def compute_loss(self, *a, **k):
            mark("between")
            r = super().compute_loss(*a, **k)
            mark("forward")
            return r

    class Marks(TrainerCallback):
        def on_pre_optimizer_step(self, *a, **k):
            mark("backward")

        def on_optimizer_step(self, *a, **k):
            mark("optimizer")

    if case.get("ckpt") and case.get("lora"):
        model.enable_input_require_grads()
    t = Measured(model=model, args=args, callbacks=[Marks()], **extra)
    torch.cuda.reset_peak_memory_stats()
    began = time.time()
    failed = None
    try:
        t.train()
    except torch.OutOfMemoryError as e:
        failed = "out of memory: " + str(e)[:200]
    mark("end")
    out.update(
        peaks=list(peaks),
        peak=max(p[1] for p in peaks),
        reserved=torch.cuda.max_memory_reserved(),
        nvml=nvml_used() - used0,
        seconds=round(time.time() - began, 1),
        out_of_memory=failed,
    )
    if not failed and case.get("caps", True):
        total = torch.cuda.get_device_properties(0).total_memory
        m = t.model_wrapped if hasattr(t, "model_wrapped") else model
        data = {k: v.cuda() for k, v in collate([Data()[i] for i in range(case["batch"])]).items()}
        tried = []
        for factor in (1.0, 1.01, 1.02, 1.04, 1.07, 1.12, 1.2):
            t.optimizer.zero_grad()
            gc.collect()
            torch.cuda.empty_cache()
            torch.cuda.set_per_process_memory_fraction(min(1.0, out["peak"] * factor / total))
            try:
                for _ in range(2):
                    t.training_step(
                        m,
                        dict(data),
                        num_items_in_batch=torch.tensor(
                            case["batch"] * case["tokens"], device="cuda"
                        ),
                    )
                    t.optimizer.step()
                    t.optimizer.zero_grad()
                ok = True
            except torch.OutOfMemoryError:
                ok = False
            tried.append([factor, ok])
            if ok:
                break
        out["caps"] = tried
    return out


def child(case, path):
    try:
        late()
        out = run_case(case)
    except BaseException as e:
        import traceback

        out = dict(
            case, error=f"{type(e).__name__}: {str(e)[:300]}", where=traceback.format_exc()[-900:]
        )
    out["card"] = torch.cuda.get_device_name(0)
    out["torch"] = torch.__version__
    out["transformers"] = transformers.__version__
    out["peft"] = peft.__version__
    out["accelerate"] = accelerate.__version__
    with open(path, "a") as f:
        f.write(json.dumps(out) + "\n")


def main(cases, path, budget):
    began = time.time()
    for case in cases:
        left = budget - (time.time() - began)
        if left < 8:
            print("out of time at", case)
            break
        if FORK:
            pid = os.fork()
            if pid == 0:
                try:
                    child(case, path)
                finally:
                    os._exit(0)
        else:
            import subprocess

            pid = subprocess.Popen(
                [sys.executable, "-W", "ignore", __file__, "--one", json.dumps(case), path]
            ).pid
        limit = time.time() + min(case.get("limit", 45), left)
        while time.time() < limit:
            done, _ = os.waitpid(pid, os.WNOHANG)
            if done:
                break
            time.sleep(0.05)
        else:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            with open(path, "a") as f:
                f.write(json.dumps(dict(case, error="time limit")) + "\n")
        time.sleep(0.1)
        print(round(time.time() - began, 1), case["id"], flush=True)


FORK = False
if __name__ == "__main__":
    if sys.argv[1] == "--one":
        child(json.loads(sys.argv[2]), sys.argv[3])
        sys.exit(0)
    if os.environ.get("PRELOAD", "1") == "1":
        real = (
            torch.cuda.get_device_capability,
            torch.cuda.is_available,
            torch.cuda.device_count,
            torch.cuda.get_device_properties,
            torch.cuda.get_device_name,
        )
        torch.cuda.get_device_capability = lambda *a: (9, 0)
        torch.cuda.is_available = lambda: True
        torch.cuda.device_count = lambda: 1
        import accelerate
        import peft
        import transformers.models.gemma3.modeling_gemma3
        import transformers.models.gemma4.modeling_gemma4

        torch.cuda.get_device_capability, torch.cuda.is_available, torch.cuda.device_count = real[
            :3
        ]
        pid = os.fork()
        if pid == 0:
            try:
                torch.zeros(1, device="cuda")
                os._exit(0)
            except BaseException as e:
                print("preload failed", repr(e)[:200], flush=True)
                os._exit(1)
        _, status = os.waitpid(pid, 0)
        if status:
            os.execve(
                sys.executable,
                [sys.executable, "-W", "ignore", __file__, *sys.argv[1:]],
                dict(os.environ, PRELOAD="0"),
            )
        print("preloaded", flush=True)
    FORK = not torch.cuda.is_initialized()
    print("fork", FORK)
    with open(sys.argv[2], encoding="utf-8") as file:
        main(json.load(file), sys.argv[3], float(sys.argv[1]))
