"""Symptoms told by comparing: two releases, cards, programs, batch sizes that do not agree."""

from __future__ import annotations

from .base import Symptom, near, told

_RESULT = (
    r"(?:results?|outputs?|loss(?:es)?|logits|answers?|generations?|predictions?|log ?probs?|"
    r"embeddings?|quality|scores?|hidden states|accuracy|gradients?|结果|曲线|指标|精度|效果)"
)
_DIFFERS = (
    r"(?:differ(?:s|ed|ent|ence|ences|ently)?|not (?:the )?(?:same|equal|identical|match\w*|"
    r"consistent)|"
    r"(?:does|do|did|are|is)(?:n't| not) (?:be )?(?:match|agree|equal|the same|identical|align|"
    r"reproducib)\w*|"
    r"inconsist[ae]n\w*|mismatch\w*|discrepanc\w*|diverg\w*|(?:way|far) off\b|不(?:太|完全)?一致|"
    r"不同|不一样|"
    r"对不上|差异|差距)"
)

# The same without figures that spike or vanish by themselves.
_OF_RUNS = r"(?:\bresults?|outputs?|loss(?:es)?|accuracy|scores?|quality)"

_SEVERAL = (
    r"multi(?:ple|-)?[ -]?gpus?|(?:two|2|4|8|several|more) gpus?|single[ -]gpu|DDP|FSDP2?|"
    r"ZeRO-?[123]?|deepspeed|different gpus?|number of (?:gpus?|processes|devices)|多卡|单卡"
)

COMPARING: tuple[Symptom, ...] = (
    Symptom(
        "accumulation-differs",
        near(
            r"\bgradient[_ ]accumulation|\baccumulation[_ ]steps?|\baccumulation \d|\bGA (?:fix|"
            r"bug)|梯度累[积计]",
            rf"{_DIFFERS}|\bloss[^\n.]{{0,30}}(?:high|large|bigger|multipl|scal|worse|wrong|jump|"
            r"increas|doubl|x larger)\w*|(?:wrong|incorrect|high\w*|larger|worse|scaled) loss|"
            r"\bloss\b[^\n.]{0,40}times higher|\bbug in\b|\bdoubled\b",
            80,
        ),
        told(
            "accumulating gradients is said to change the loss",
            "one run with gradient_accumulation_steps=1 and the same rows for each step: what is "
            "the factor between the two losses?",
            "pip install -U transformers trl accelerate   where the factor is the number of steps",
            "average_tokens_across_devices=True   with several GPUs",
            why="a sum over the micro-batches, or a mean of means over rows of unequal length. "
            "transformers up to 4.45 took means of means (mended in 4.46); models whose forward "
            "takes **kwargs but does not use num_items_in_batch multiply the loss by the steps",
        ),
        {
            "Loss is much higher with gemma-3 when gradient accumulation steps is 8": "factor",
        },
        words=("accumul", "累", "ga fix", "ga bug"),
        effects=("wrong-loss-scale", "wrong-loss"),
    ),
    Symptom(
        "batch-differs-from-single",
        r"\bpadding (?:changes|affects|influences|alters|causes)\b|\b(?:bug|problem|issue|error)s? "
        r"(?:in|with) "
        r"[^\n.]{0,30}\b(?:left|right)[ -]padding|"
        r"\bbatch(?:ed)? (?:inference|generation|decoding)[^\n.]{0,12} "
        r"(?:broken|wrong|incorrect|garbage|bad)\b|\b(?:incorrect|wrong|broken|bad|inconsistent) "
        r"batch\w* "
        r"(?:generation|inference|decoding|results?|outputs?)|\bbatch\w* [^\n.]{0,40}\b(?:disagree|"
        r"one[ -]at[ -]a[ -]time)|"
        + near(
            rf"{_RESULT}[^\n.]{{0,30}}{_DIFFERS}|{_DIFFERS}[^\n.]{{0,20}}{_RESULT}|"
            r"wrong (?:results?|outputs?|logits|generation)",
            r"(?<!each )(?<!every )(?<!from )(?<!per )\bbatch(?:ed|_size| ?sizes?|es| inference| "
            r"generation)?\b|\bpadd(?:ing|ed)\b|批量|"
            r"批处理",
            60,
        ),
        told(
            "a batch is said to give other results than one prompt at a time",
            'tokenizer.padding_side = "left", and hand over attention_mask',
            "dtype=torch.float32   on a few rows: do they agree then?",
            why="padding on the right makes shorter prompts go on from padding; with padding on "
            "the left, 16 bits still differ in the last digits, which turns a close choice",
        ),
        {
            "gemma 3 inference gives different results with batch size > 1": "padding_side",
            "# [Bug] Batch inference broken? Gemma-2": "padding_side",
            "The loss is different for each batch when I train gemma-3": "",
        },
        words=("batch", "padd", "批"),
        effects=("wrong-attention",),
    ),
    Symptom(
        "not-reproducible",
        r"\b(?:not|non-?|isn't|ir|un)[ -]?(?:reproducible|deterministic)\b|"
        r"\breproducib\w*\b[^\n.]{0,30}"
        r"(?:issue|problem|fail|lack)|\b(?:cannot|can't|can not|unable to|could not|couldn't|"
        r"fail(?:s|ed)? to) "
        r"(?:reproduce|replicate|get) (?:the same |the |my |"
        r"our |"
        r"its )?(?:results?|scores?|training|loss|numbers|paper)|"
        rf"{_RESULT} (?:(?:is|are|was|were) )?{_DIFFERS}[^\n.]{{0,20}}(?:each|every|between) "
        r"(?:run|time|runs|call)s?\b|"
        rf"{_DIFFERS} {_RESULT}[^\n.]{{0,30}}(?:same seed|each run|every run|every time|each time)|"
        r"结果(?:无法|不能|不可)复现|每次(?:结果|输出)?(?:都)?不(?:同|一样)",
        told(
            "results are said to differ from run to run",
            "transformers.set_seed(42) before the model and get_peft_model, seed and data_seed in "
            "the arguments",
            "do_sample=False, num_beams=1   for what is generated",
            "transformers.enable_full_determinism(42)   : equal then? It is slow, and for one test",
            why="lora_A starts at random, rows are shuffled, dropout draws, and kernels that add "
            "in "
            "no fixed order differ in the last digits of 16 bits; over many steps such digits grow",
        ),
        {
            "results are different each run with the same seed": "set_seed",
            "I cannot reproduce the results of the notebook": "do_sample=False",
        },
        words=(
            "reproduc",
            "determinis",
            "each",
            "every",
            "between",
            "seed",
            "复现",
            "每次",
        ),
    ),
    Symptom(
        "releases-differ",
        near(
            r"\b(?:after|since|when|with|from|between|in) (?:I )?(?:the )?(?:upgrad\w*|updat\w*|"
            r"downgrad\w*|"
            r"(?:a )?new(?:er)? (?:version|release)s?|latest (?:version|release)?)|"
            r"\b(?:upgrad|updat|downgrad)ing (?:to )?(?:transformers|trl|peft|unsloth|torch|vllm)|"
            r"\bnew(?:er)? versions? of|\bregression\b|升级(?:到|后)?|更新后",
            rf"{_DIFFERS}|\bloss[^\n.]{{0,30}}(?:high|explod|worse|increas|wrong|jump)\w*|worse\b|"
            r"slower\b|degrad\w*|dropp?(?:s|ed)?\b|more (?:memory|vram)",
            90,
        )
        + r"|(?:旧版|老版本|新版|\d\.[\dx]+ ?版本?)[^\n。]{0,40}(?:相差|差(?:很多|异|别)|变差|"
        r"不一样|不同)",
        told(
            "another release is said to give other results, or to be slower",
            "pip freeze   of both environments, side by side: which packages differ?",
            "one batch, no training: print(model(**batch).loss) under each; then one prompt, "
            "do_sample=False",
            'attn_implementation="eager" under both: equal then? It is the attention',
            why="what differs on one batch is the model's code, the attention that is chosen, the "
            "dtype that is loaded (transformers 5 loads the checkpoint's, 4 float32), or the "
            "template; what differs only along the run is the trainer",
        ),
        {
            "ms-swift-3.0微调后推理结果与ms-swift-2.x版本相差较大。": "pip freeze",
            "After upgrading transformers the loss is much higher for gemma 3": "pip freeze",
        },
        words=(
            "after",
            "since",
            "when",
            "with",
            "from",
            "between",
            "in ",
            "ing",
            "regress",
            "version",
            "升级",
            "更新",
            "版",
        ),
        effects=("wrong-loss", "wrong-attention", "wrong-loss-scale", "slow", "random-weights"),
    ),
    Symptom(
        "programs-differ",
        near(
            rf"{_RESULT}[^\n.]{{0,40}}{_DIFFERS}|{_DIFFERS}[^\n.]{{0,30}}{_RESULT}|"
            r"(?:much |far |significantly )?worse|poor(?:er)? (?:results|quality)",
            r"\b(?:v[sS]\.?|versus|compared? (?:to|with)|than(?: in| with)?|between)\b[^\n.]{0,50}"
            r"\b(?:unsloth|transformers|HF|hugging ?face|vllm|sglang|ollama|llama\.cpp|trl|axolotl|"
            r"llama-?factory|jax|flax|keras|tpu|ai studio|google|api|eager|sdpa|flash[-_ ]?att\w*)|"
            r"\b(?:flash[-_ ]?att\w*|sdpa|eager|flex[_ ]attention)\b|"
            r"(?:和|与|跟)[^\n。]{0,6}训练时?|(?:和|与|跟)[^\n。]{0,20}(?:vllm|transform|ollama|"
            r"swift|部署|官方|原始|finetune|\.py)|"
            r"\b(?:loss|value of the loss)\b[^\n.]{0,20}\b(?:with and without|with(?:out)?|using) "
            r"unsloth",
            60,
        )
        + r"|\b(?:responses?|outputs?|results?|logits|answers?)\b[^\n.]{0,20}(?:not|n't) match\w*"
        r"[^\n.]{0,20}\b(?:peft|transformers|hf|hugging ?face|vllm|sglang|ollama|llama\.cpp)\b"
        r"|推理[^\n。]{0,24}(?:差异|差别|偏差|相差)|指标(?:差异|相差|偏差)|"
        r"\b(?:vllm|sglang|ollama)\b[^\n.]{0,30}inconsist\w*|(?:vllm|ollama|llama\.cpp|sglang|"
        r"gguf)[^\n。]{0,40}(?:结果|输出)[^\n。]{0,16}"
        r"(?:不一致|不同|不一样)",
        told(
            "two programs are said to give other results with one model",
            "the ids of one prompt in both: one <bos>, the same template, the same end?",
            "greedy in both: temperature 0 (do_sample=False), no repetition penalty",
            "logits of one prompt in float32, and then in the dtype of the run",
            "the adapter merged into 16 bits, and that one folder in both",
            why="most often another prompt (template, system turn, a second <bos>) or other "
            "sampling "
            "(generation_config.json counts in one and not in the other); then another dtype or "
            "quantization, and another attention (sliding window, soft-capping)",
        ),
        {
            "swift微调，合并模型后，分别使用swift和transform推理结果不一致": "<bos>",
            "用ms-swift训练，之后用vllm运行此模型，发现指标差异较大": "<bos>",
            "different outputs with vllm compared to transformers for my tuned gemma-3": "<bos>",
            "LoRA adapter responses not matching peft/transformers response": "<bos>",
            "Loss is different between unsloth and huggingface transformers": "dtype",
        },
        words=(
            "flash",
            "inconsist",
            "sdpa",
            "eager",
            "match",
            "推理",
            "指标",
            "vs",
            "versus",
            "compared",
            "than",
            "between",
            "和",
            "与",
            "跟",
            "结果",
            "输出",
        ),
        effects=("wrong-attention", "wrong-loss", "wrong-generation", "missing-bos"),
    ),
    Symptom(
        "devices-differ",
        near(
            rf"{_OF_RUNS}[^\n.]{{0,40}}{_DIFFERS}|{_DIFFERS}[^\n.]{{0,30}}{_OF_RUNS}",
            rf"\b(?:{_SEVERAL}|A100s?|H100s?|T4s?|V100s?|L40?S?|P100|[2345]0[6-9]0(?: ?ti)?|tpus?|"
            r"mps)\b",
            80,
        )
        + "|"
        # A card that is only named says where the run was, and compares nothing.
        + near(
            r"worse\b|\bloss[^\n.]{0,20}(?:high|worse|stuck|wrong)\w*", rf"\b(?:{_SEVERAL})\b", 80
        ),
        told(
            "the number or kind of devices is said to change the result",
            "the same rows for each step in both: batch times devices times accumulation",
            "the loss of one fixed batch without training on each: equal? Then it is the averaging",
            "average_tokens_across_devices=True   in the training arguments",
            "learning_rate, warmup and steps counted for the larger batch",
            why="each process averages over its own tokens, so rows of unequal length weigh "
            "otherwise; more devices make fewer steps of larger batches; sharding may change dtype "
            "or tie weights otherwise",
        ),
        {
            "loss is different on multi-GPU than on single GPU": "average_tokens",
            "the loss is stuck with DDP": "average_tokens",
            "loss is different on an A100 than on a T4": "average_tokens",
            "my loss is stuck at 0 after the first step, grad_norm nan on T4": "",
        },
        words=(
            "a100",
            "h100",
            "t4",
            "v100",
            "l4",
            "p100",
            "90",
            "80",
            "gpu",
            "ddp",
            "fsdp",
            "zero",
            "deepspeed",
            "tpu",
            "mps",
            "device",
            "卡",
        ),
        effects=("wrong-loss", "wrong-loss-scale", "wrong-gradients"),
    ),
)
