"""Symptoms told of weights that are spread over cards, put to sleep, or trained by two programs."""

from __future__ import annotations

from .base import Symptom, told

_FOUR_BIT = r"(?:qlora|\b4-?bits?\b|load_in_4bit|bitsandbytes|\bbnb\b|quanti[sz]ed)"
_SPREAD = r"(?:\bfsdp2?\b|zero[-_ ]?3|deepspeed|multi[- ]?gpus?|multiple gpus)"
_TROUBLE = (
    r"(?=.*(?:\berrors?\b|\bbugs?\b|fail|issue|problem|crash|cannot|mismatch|unsupported|报错|"
    r"失败|不支持|(?:\bnot|n't) (?:\w+ )?(?:work|train|run|start|load|support)))"
)

SHARDING: tuple[Symptom, ...] = (
    Symptom(
        "four-bits-over-several-cards",
        rf"^{_TROUBLE}.*(?:{_FOUR_BIT}.{{0,60}}{_SPREAD}|{_SPREAD}.{{0,60}}{_FOUR_BIT})",
        told(
            "a model in 4 bits is said not to train over several cards",
            "DDP, where it fits one card: device_map={'': int(os.environ['LOCAL_RANK'])}, one "
            "process for each, no FSDP and no ZeRO-3",
            "FSDP: bnb_4bit_quant_storage=torch.bfloat16 in BitsAndBytesConfig, the dtype of the "
            "rest (bitsandbytes from 0.43), and no device_map",
            "fsdp_cpu_ram_efficient_loading: true, fsdp_sync_module_states: true, "
            "fsdp_use_orig_params: false with PEFT's wrap policy",
            "ZeRO-3: the same quant storage; no modules_to_save in another dtype",
            why="4-bit weights are packed into bytes, which FSDP and ZeRO-3 cannot cut: stored as "
            "bfloat16 they can be. Embeddings, head and adapter have to be of that dtype too",
        ),
        {
            "QLoRA + FSDP bugs": "quant_storage",
            "Getting Error when Finetuning Llama2 via Qlora in FSDP": "quant_storage",
            "load_in_4bit still not failed with fsdp in latest source build": "quant_storage",
            "I train a 4-bit model with FSDP": "",
            "I use QLoRA on multiple GPUs, and the eval loss is not decreasing": "",
        },
        words=("fsdp", "zero", "deepspeed", "gpu"),
        is_setting=True,
    ),
    Symptom(
        "zero3-does-not-load-weights",
        r"zero-?3[^\n]{0,40}(?:权重|参数)[^\n]{0,6}(?:无法|没有|不能|未)(?:正常)?加载|"
        r"zero-?3[^\n]{0,80}\b(?:weights|parameters|buffers)[^\n]{0,30}(?:not|n't|never|fail\w* to)"
        r" (?:be )?(?:correctly |properly |fully )?load|"
        r"\b(?:weights|parameters|buffers)[^\n]{0,30}(?:not|n't|never) (?:be )?(?:correctly |"
        r"properly |fully )?loaded[^\n]{0,60}zero-?3",
        told(
            "weights or buffers are said not to arrive under ZeRO-3",
            "print({n: b.flatten()[:2] for n, b in model.named_buffers()})   under ZeRO-3 and "
            "under ZeRO-2: the same values?",
            "the loss of the first step under both, on the same rows",
            "ZeRO-2 with LoRA, where the weights fit on each card; or pip install -U transformers "
            "accelerate deepspeed",
            why="ZeRO-3 makes the model cut and loads each weight into its cut form; a loader that "
            "looks at parameters alone leaves buffers (layer_scalar of Gemma 4) as they were made",
        ),
        {
            "gemma-4 sft Lora 在ZeRO-3环境下，权重无法正常加载，导致初始化训练loss太大": (
                "named_buffers"
            ),
            "I load the weights with ZeRO-3": "",
        },
        words=("zero",),
    ),
    Symptom(
        "engine-that-slept-too-deep",
        r"sleep[ _]?(?:level|mode)?[ =-]{0,3}2\b.{0,80}(?:corrupt|garbage|gibberish|broken|wrong|"
        r"nonsense|bad)|(?:corrupt|garbage|gibberish|broken|wrong|nonsense).{0,80}"
        r"sleep[ _]?(?:level|mode)?[ =-]{0,3}2\b",
        told(
            "rollouts are said to go wrong after vLLM slept at level 2",
            "llm.sleep(level=1)   in its place: right then? (vllm_enable_sleep_mode=False in TRL; "
            "free_cache_engine=False in verl)",
            "after waking: collective_rpc('reload_weights'), and compare one prompt without "
            "sampling to that before the sleep",
            why="level 2 drops the weights and all buffers; what loads weights by their names does "
            "not bring buffers back that no file has (scales, caches of rotary positions). Level 1 "
            "keeps them in the machine's memory",
        ),
        {
            "vLLM sleep level 2 silently corrupts Gemma-4 VLM rollouts": "level=1",
            "the run sleeps 2 seconds": "",
        },
        words=("sleep",),
    ),
    Symptom(
        "two-trainers-differ",
        r"\b(?:axolotl|sfttrainer|unsloth|llama-?factory|ms-?swift|trl|torchtune|nemo|trainer)\b"
        r".{0,60}\b(?:higher|lower|larger|worse|different)\b.{0,30}\bloss\b.{0,80}"
        r"\b(?:compared?|than|vs|versus|my (?:own )?(?:training )?script)\b",
        told(
            "two programs are said to give different losses on the same data",
            "one batch of each: print(input_ids, labels): the same tokens, template, <bos> and "
            "masked prompts?",
            "both: packing off, the same batch times accumulation, dtype, learning rate and "
            "warmup, the same rank and target_modules",
            "the loss of the untrained model on that batch in both: equal? Then it is training, "
            "else data or masking",
            why="losses are comparable only over the same labels: a trainer that counts prompts "
            "or padding, or sums over accumulation, prints another number for the same model",
        ),
        {
            "Axolotl has significantly higher train loss, longer train time compare with my "
            "training script.": "one batch of each",
            "the trainer has a loss": "",
        },
        words=("loss",),
    ),
)
