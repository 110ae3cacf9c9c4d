"""What a person tells of in a sentence about checkpoints: files that are missing or too large."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Case
from .base import Symptom, told
from .formats import adapter_there

_empty = told(
    "a checkpoint is said to hold no weights",
    "ls -R CHECKPOINT   : global_stepN (DeepSpeed) and pytorch_model_fsdp_0 (FSDP) hold "
    "them in shards",
    "python zero_to_fp32.py CHECKPOINT OUT   (DeepSpeed), accelerate merge-weights "
    "CHECKPOINT/pytorch_model_fsdp_0 OUT   (FSDP)",
    "several machines on one disk: save_on_each_node=False, else they write over one another",
    "trainer.save_model(OUT)   at the end, by all ranks; Ray Train: report the folder of "
    "each rank by ray.train.report(metrics, checkpoint=...)",
    "an adapter's run writes adapter_model.safetensors alone: the base is not copied",
    why="what a trainer writes by itself depends on the state dict type, on "
    "stage3_gather_16bit_weights_on_model_save and on save_strategy",
)
_AN_ADAPTER = re.compile(
    r"(?im)^\s{0,8}adapter: ?[\"']?q?lora|--(?:train_type|tuner_type|finetuning_type|sft_type) "
    r"q?lora|"
    r"finetuning_type: ?lora|\bonly\b[^\n]{0,20}adapter"
)
_SHARDS = re.compile(r"(?i)zero[-_ ]?(?:stage[-_ ]?)?3|\bfsdp")


def _no_weights(case: Case) -> Answer | None:
    """Answer by what was trained: an adapter's run copies no base."""
    text = case.hit.before
    is_adapter = _AN_ADAPTER.search(text) and not _SHARDS.search(text)
    return (adapter_there if is_adapter else _empty)(case)


CHECKPOINTS: tuple[Symptom, ...] = (
    Symptom(
        "weights-missing-from-the-checkpoint",
        r"(?i:\bno (?:model|weights?|safetensors|adapter)(?: weights?| files?)? (?:is |are |was |"
        r"were |saved |found |exist\w{0,2} )*in the (?:final )?(?:checkpoint|output)|"
        r"(?:model|adapter_model|pytorch_model)\.(?:safetensors|bin)`? (?:file )?(?:was|is|were) "
        r"(?:missing|not (?:there|saved|written|created|generated|found))|"
        r"checkpoint[^\n]{0,60} (?:does|do|did)(?: not|n't) (?:contain|have|include) (?:any |the )?"
        r"(?:model|weights|adapter)|"
        r"(?:权重|safetensors)[^\n]{0,6}(?:丢失|缺失)|"
        r"(?:没有|未)(?:保存|生成)[^\n]{0,10}(?:模型|权重|safetensors|adapter)(?:文件)?)",
        _no_weights,
        {
            "When I compared the content, the model.safetensors file was missing.": "zero_to_fp32",
            "[Ray component: Train] No model in the checkpoint after train.fit": "ray.train.report",
            "There is no model saved in the checkpoint\n\nadapter: lora": "PeftModel",
            "the adapter is in the checkpoint": "",
        },
    ),
    Symptom(
        "checkpoint-larger-than-meant",
        r"(?i:(?:checkpoint|shard|saved (?:model|file|weights))s?\b[^\n]{0,80} (?:is|are|was|were|"
        r"has|being) (?:the |much |far |way |several |about |almost |nearly )*(?:too (?:big|large)|"
        r"(?:twice|double|three times|larger|bigger)[^\n]{0,30}(?:than|size|as|the)|huge\b|"
        r"(?:same|whole|full)[^\n]{0,20}(?:original|full|base|whole|size|model))|"
        r"checkpoints? (?:take|takes|took|taking|use|uses|using) (?:up )?(?:too much|a lot of|"
        r"\d+ ?[GT]B?)|"
        r"(?:保存|合并|导出)[^\n]{0,20}(?:为什么|怎么)?这么大|(?:checkpoint|模型|权重)[^\n]{0,12}"
        r"(?:过大|太大|变大|大了(?:一倍|两倍)))",
        told(
            "a checkpoint is said to be larger than meant",
            "du -sh CHECKPOINT/*   : global_stepN and optimizer.pt are the optimizer's, 8 to 12 "
            "bytes for each trained parameter",
            "save_only_model=True, save_total_limit=2   for checkpoints without them (no run can "
            "resume from these)",
            "dtype=torch.bfloat16 at saving: zero_to_fp32.py and a merge in float32 write 4 bytes "
            "for each parameter in place of 2",
            "LoRA: modules_to_save and embed_tokens in target_modules copy whole matrices into "
            "the adapter; a Gemma's embedding has 262,144 rows",
            why="weights in bfloat16 take 2 bytes for each parameter; what is above it are states, "
            "copies or a wider dtype",
        ),
        {
            "However, the size of each shard of the model is the same with the original full "
            "model.": "save_only_model",
            "全量微调，保存完model为啥这么大": "2 bytes",
            "合并之后的模型为什么这么大": "2 bytes",
            "The merged checkpoint is twice the size of the base": "2 bytes",
            "the checkpoint is good": "",
        },
    ),
    Symptom(
        "keys-that-a-wrapper-renamed",
        r"(?i:(?:missing|unexpected) keys?(?: errors?)?[^\n]{0,80}\b(?:fsdp|deepspeed|zero-?3|ddp)"
        r"\b|\b(?:fsdp|deepspeed|zero-?3)\b[^\n]{0,80}(?:missing|unexpected) keys?\b)",
        told(
            "keys of a checkpoint are said not to fit after a run with FSDP or DeepSpeed",
            'python -c "from safetensors.torch import load_file as f; '
            "print(list(f('FILE'))[:6])\"   : a prefix (_fsdp_wrapped_module., "
            "_checkpoint_wrapped_module., module.) is that of "
            "a wrapper",
            "{k.replace('_fsdp_wrapped_module.', ''): v for k, v in state.items()}",
            "load into the plain model, before FSDP, DDP or compile wraps it",
            why="a wrapped model has other names than the one that loads, and shards hold a part "
            "of the keys",
        ),
        {
            "you get missing key errors, if you use fsdp.": "_fsdp_wrapped_module",
            "the key is missing": "",
        },
    ),
    Symptom(
        "names-of-weights-that-differ",
        r"\bFQNs?\b[^\n]{0,80}mismatch|mismatch[^\n]{0,80}\bFQNs?\b|"
        r"skip(?:s|ped|ping)? all (?:the )?(?:parameters|weights|keys)|"
        r"(?:names?|keys|prefix(?:es)?) of (?:the )?(?:weights|parameters)[^\n]{0,40}"
        r"(?:differ|mismatch|not match)|"
        r"(?:every|all|most)(?: of the)?(?: checkpoint| model| saved)? keys? (?:is|are|was|were) "
        r"(?:unexpected|missing)|loads? with random(?:ly initialized)? weights",
        told(
            "names of weights in a checkpoint are said not to be those of the model, so that they "
            "are not loaded",
            "print([n for n, _ in model.named_parameters()][:6])   beside the keys of the file",
            "the class that wrote it: AutoModelForImageTextToText keeps a Gemma's text weights "
            "under model.language_model, AutoModelForCausalLM under model",
            "one transformers for writing and loading: 4.52 moved names of the multimodal Gemmas",
            "FULL_STATE_DICT, loaded into the plain model before FSDP wraps it",
            why="what loads by name leaves out each weight whose name it does not find, often with "
            "a warning only; the model then runs on what it was made with",
        ),
        {
            "During load_state_dict in SHARDED_STATE_DICT mode, FSDP skips all parameters due to a "
            "mismatch between the expected FQNs and the keys": "named_parameters",
            "it skips all rows": "",
            "every checkpoint key is UNEXPECTED and every model key is MISSING": "named_parameters",
            "all keys are in the dictionary": "",
        },
    ),
    Symptom(
        "sharded-files-to-be-converted",
        r"\.distcp\b|(?:convert|merge|consolidat\w*|turn) [^\n]{0,40}(?:distributed|sharded|fsdp2?|"
        r"dcp) (?:checkpoint|weights|state)|(?:distributed|sharded|fsdp2?|dcp) (?:checkpoint|"
        r"weights|state[_ ]dict)s?\b[^\n]{0,60}(?:convert|from_pretrained|to (?:hf|hugging ?face|"
        r"safetensors)|load(?:ed)? (?:with|by|into) (?:transformers|vllm|hf))|"
        r"checkpoint[^\n]{0,30} (?:saved|written) by fsdp2?[^\n]{0,60}(?:cannot|can't|not|fail)",
        told(
            "a sharded checkpoint is said to want converting, or not to load as a model",
            "accelerate merge-weights CHECKPOINT/pytorch_model_fsdp_0 OUT   (FSDP 1 and 2: "
            "__0_0.distcp beside .metadata)",
            "python -m torch.distributed.checkpoint.format_utils dcp_to_torch DIR OUT.pt   for a "
            "checkpoint of torch's own, without accelerate",
            "then config.json and the tokenizer's files of the base beside it, and from_pretrained "
            "of the class that was trained",
            "fsdp_state_dict_type: FULL_STATE_DICT   in the next run, for files that load as they "
            "are",
            why="a sharded state has one file for each rank, under names of the wrapped model; "
            "from_pretrained and vLLM read whole safetensors",
        ),
        {
            "How do I convert the distributed checkpoint (__0_0.distcp) to safetensors?": (
                "merge-weights"
            ),
            "The checkpoint saved by FSDP2 cannot be loaded with from_pretrained": "merge-weights",
            "it converts dates": "",
        },
    ),
    Symptom(
        "memory-of-the-machine-at-loading",
        r"(?:each|every|all) (?:gpu |of the )?(?:process|rank|worker)(?:es|s)?\b[^\n]{0,40}(?:load|"
        r"read|hold)s?\b[^\n]{0,30}(?:cop(?:y|ies)|whole|full|entire)|"
        r"\b(?:cpu|host|system)[ -]?(?:ram|memory)\b(?! (?:is|was) (?:enough|sufficient)|"
        r" suffices)(?=[^\n]{0,90}\b(?:out|oom\w*|full|exceed\w*|crash\w*|killed?|not enough|too "
        r"(?:much|little)|huge|explod\w*|fills?|runs?|all)\b)[^\n]{0,60}(?:load|from_pretrained)|"
        r"(?:load\w*|from_pretrained)[^\n]{0,60} (?:runs? out of|takes?|needs?|fills?|uses?|eats?|"
        r"exceeds?|exhausts?|oom\w*)[^\n]{0,20} (?:cpu|host|system)[ -]?(?:ram|memory)|"
        r"load\w*[^\n]{0,60}\boom on (?:the )?cpu\b|"
        r"load\w*[^\n]{0,60}\boom on (?:the )?cpu\b|"
        r"\b(?:out of|not enough|oom on) (?:cpu|host|system)?[ -]?(?:ram|memory|cpu)\b[^\n]{0,40}"
        r"(?:load|from_pretrained)|"
        r"内存(?:不足|爆|溢出|占满)[^\n]{0,20}(?:加载|多卡)|(?:加载|多卡)[^\n]{0,20}内存(?:不足|爆|"
        r"溢出|占满)",
        told(
            "the machine's memory (not the card's) is said not to suffice for loading",
            "free -g   while it loads: processes times 2 bytes for each parameter?",
            "FSDP: fsdp_cpu_ram_efficient_loading: true and fsdp_sync_module_states: true, so that "
            "rank 0 alone reads the weights",
            "DeepSpeed ZeRO-3: make TrainingArguments before from_pretrained, so that the weights "
            "are cut while they are read",
            why="each process reads the whole model by itself, in float32 where no dtype is given: "
            "8 processes of a 27B need 8 x 54 GB in bfloat16",
        ),
        {
            "Loading the model takes all the CPU RAM because each process loads its own copy": (
                "efficient_loading"
            ),
            "the CPU is old": "",
            "CPU memory is enough to load the model": "",
            "My PC has 64 GB of system memory, I load the model in 4 bit": "",
            "For 8 GPUs, the model is loaded 8 times, causing 70B models to go oom on CPU": (
                "efficient_loading"
            ),
        },
    ),
    Symptom(
        "fewer-rows-than-processes",
        r"(?:fewer|less|smaller) (?:rows|samples|examples|data|batches) than (?:the )?"
        r"(?:number of )?"
        r"(?:gpus?|ranks|process\w*|trainers|workers|devices)|"
        r"number of [^\n]{0,20}(?:samples|rows|examples|batches)[^\n]{0,20}(?:small|less|few|low)"
        r"\w* than[^\n]{0,20}(?:gpus?|ranks|process\w*|trainers|workers|devices)|"
        r"uneven (?:batch|number of batches|last batch|inputs)",
        told(
            "processes are said to have unequal numbers of rows or batches",
            "eval rows: at least one batch for each process (per_device_eval_batch_size times "
            "processes), or a multiple of it",
            "dataloader_drop_last=True; accelerator.gather_for_metrics in place of gather in a "
            "loop of your own",
            "pip install -U accelerate   where gather_for_metrics counts rows twice or too few",
            "an iterable data set: split_dataset_by_node, and the same number of batches on each "
            "rank",
            why="the last batch is filled up with rows from the beginning, or one rank has none "
            "and the others wait for it",
        ),
        {
            "the number of val samples is smaller than the number of trainers": "one batch",
            "Incorrect `gather_for_metrics` evaluation with multiple GPUs and uneven batch sizes": (
                "gather_for_metrics"
            ),
            "fewer rows than columns": "",
        },
    ),
)
