"""What a person tells of in a sentence about several cards: saving, resuming, speed, memory."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Case
from .base import FINE, Symptom, told

_BUT = re.compile(r"(?i)\b(?:but|however|though|not|cannot|only when)\b|n't\b|[?？]|但|不")
_TOGETHER = (
    "python zero_to_fp32.py CHECKPOINT OUT   (DeepSpeed puts this script and global_stepN into "
    "each checkpoint: do not delete them)",
    '"stage3_gather_16bit_weights_on_model_save": true   in the DeepSpeed config, for the next run',
    "trainer.save_model(OUT)   by all ranks, in place of model.save_pretrained on one",
)
_WHY_SHARDS = (
    "under ZeRO-3 each rank has a part of every weight, and outside of a layer's forward the "
    "model's own tensors have size 0; a save that does not gather them writes these"
)
_ZERO3 = r"(?i:\b(?:zero|deepspeed|stage)[-_ ]?(?:zero[-_ ]?)?(?:stage)?[-_ ]?3\b|\bzero_?3|z3\b)"
_FSDP = r"(?i:\bFSDP[12]?\b|fully_?shard|full_shard)"

_of_zero3 = told(
    "saving under ZeRO-3 is asked about, or said to leave weights missing, empty or too small",
    *_TOGETHER,
    why=_WHY_SHARDS,
)
_of_fsdp = told(
    "weights that FSDP saved are said to be missing, empty or too small",
    "fsdp_state_dict_type: FULL_STATE_DICT   for whole files; SHARDED_STATE_DICT writes "
    "pytorch_model_fsdp_0 alone",
    "accelerate merge-weights CHECKPOINT/pytorch_model_fsdp_0 OUT   puts sharded files together",
    "trainer.save_model(OUT)   by all ranks, before the process group ends",
    why="under FSDP each rank has a part of every weight; which files a checkpoint has, the state "
    "dict type decides",
)
_of_any = told(
    "a saved model is said to be too small",
    "ls -l FOLDER   : adapter_model.safetensors of some MB is an adapter, which needs its base: "
    "PeftModel.from_pretrained(base, FOLDER)",
    "python -c \"from safetensors import safe_open as o; f = o('FILE', 'pt'); "
    'print([(k, f.get_slice(k).get_shape()) for k in f.keys()][:6])"   : a size 0 means shards '
    "that were not gathered (ZeRO-3, FSDP)",
    why="an adapter is small by design; a whole model has 2 bytes for each of its parameters in "
    "bfloat16",
)


def _saved_small(case: Case) -> Answer | None:
    if re.search(FINE, case.hit.text) and not _BUT.search(case.hit.text):
        return None
    near = case.near
    if re.search(_ZERO3, near) or re.search(r'"stage": 3|zero_stage: 3|stage3_', near):
        return _of_zero3(case)
    return (_of_fsdp if re.search(_FSDP, near) else _of_any)(case)


def _empty_weights(case: Case) -> Answer | None:
    if not re.search(r"(?i)deepspeed|\bzero[-_ ]?3|stage ?3", case.near):
        return None
    return Answer(
        "weights are told to be empty, as ZeRO-3 leaves them outside of a layer's forward",
        (
            "with deepspeed.zero.GatheredParameters(list(model.parameters()), modifier_rank=None):"
            "   around code that reads them",
            "state = accelerator.get_state_dict(model)   to save them, on all ranks",
            "len(tokenizer), config.vocab_size, param.ds_shape   for sizes; resize the embeddings "
            "inside the same context, or before ZeRO-3 divides the model",
            *_TOGETHER[:1],
        ),
        why=_WHY_SHARDS,
        known="a sentence tells of it; that ZeRO-3 is behind it is likely",
        certain=False,
        settles=False,
    )


CARDS: tuple[Symptom, ...] = (
    Symptom(
        "saved-weights-too-small",
        r"(?i:(?:sav|checkpoint|weight|adapter|model\.bin|safetensors)\w{0,6}\b[^\n]{0,90} "
        r"(?:(?:is|was|are|were|be|it) )?(?:only|just) (?:about |around )?"
        r"\d[\d.]{0,6} ?(?:K|M|KB|MB|KiB|MiB|bytes|B)\b|"
        r"(?:sav|weights?|checkpoint)\w{0,6} [^\n]{0,40}\b(?:is|are|was|were) "
        r"(?:(?:very |too |so )(?:small|tiny)|tiny|incomplete|not complete)\b(?! enough)|"
        r"(?:size of|saved) [^\n]{0,40}(?:model|bin|safetensors|adapter)\b[^\n]{0,30} only "
        r"\d[\d.]{0,6} ?[KM]B?\b|"
        r"\b[Oo]nly part of the (?:model )?weights|\bsave\w{0,2} (?:only )?(?:a )?part of the)",
        _saved_small,
        {
            "I found that the saved bin file weights after training were only 3.6m, with "
            "deepspeed zero stage3": "zero_to_fp32",
            "the size of saved pytorch-model.bin is only 610K.": "an adapter is small",
            "Only part of the model weights exist in `pytorch_model.bin` (FSDP)": "merge-weights",
            "model.safetensors: 100% 9.3M/9.3M": "",
            "the weights in the checkpoint are not complete": "an adapter is small",
            "the checkpoint is complete": "",
            "the checkpoint is not small": "",
            "The saved adapter is only 20 MB and works perfectly.": "",
            "I want a checkpoint that is small enough for my phone": "",
        },
    ),
    Symptom(
        "zero3-saves-no-weights",
        r"(?i:(?:zero|stage|deepspeed)[-_ ]{0,2}(?:zero[-_ ]?)?(?:stage[-_ ]?)?3[^\n]{0,60}"
        r"(?:(?:does|do|did|can|is|are)(?: ?not|n't)|cannot|没有|并没有|无法|不能|不会|fails? to)"
        r"[^\n]{0,20}(?:sav|保存|gather)|"
        r"(?:not (?:being )?saved?|(?:does|did|can)(?: ?not|n't) save|saving and loading|"
        r"without saving|saved? incorrect)[^\n]{0,60}(?:zero|stage)[-_ ]?(?:stage[-_ ]?)?3\b|"
        r"(?:zero|stage)[-_ ]?3 (?:model )?(?:save|saving)\b|"
        r"zero-?3[^\n]{0,60}(?:保存|加载)[^\n]{0,10}(?:问题|出错|报错|失败))",
        _of_zero3,
        {
            "Training With DeepSpeed Zero3 Does Not Save The Whole Model": "zero_to_fp32",
            "deepspeed zero3保存时并没有保存模型": "zero_to_fp32",
            "[BUG]Zero stage3 can not save model weights correctly!": "by all ranks",
            "Model is not saved for full finetune with Deepspeed Zero3": "by all ranks",
            "About ZERO 3 model saving and loading": "zero_to_fp32",
            "I use zero3 and it does not fit": "",
        },
    ),
    Symptom(
        "weights-that-are-empty",
        r"(?i:weights?\b[^\n]{0,60} (?:shape of 0|(?:is|are|was|were|be|become|becomes|became) "
        r"(?:all )?empty)|权重[^\n]{0,20}(?:为空|空了|变成空)|参数[^\n]{0,12}为空|"
        r"(?:shape|got this)[^\n]{0,40}torch\.Size\(\[0\]\)|"
        r"\b(?:embed\w*|weights?(?!_decay)|param\w*|tensors?|lm_head|numel|"
        r"vocab\w*)[^\n]{0,30}(?:size|"
        r"shape|numel|dim\w*|"
        r"length)?[^\n]{0,24}(?:= ?|is |are |of |being |becomes? |为 ?|是 ?|变成 ?|returns? )"
        r"(?:\(?0\b(?!\.)(?![\w%])|zero\b|\[0\]))",
        _empty_weights,
        {
            "deepspeed.initialize后模型的权重就自动为空了": "GatheredParameters",
            "embedding_size=0 when training with deepspeed zero3": "GatheredParameters",
            "the weight's shape is 0 under ZeRO-3": "GatheredParameters",
            "zero3: weight_decay=0, warmup of 0 steps": "",
            "with zero3 some weights in the saved model have a shape of 0": "GatheredParameters",
            "the weights are empty": "",
        },
    ),
    Symptom(
        "sizes-differ-under-zero3",
        r"(?i:size mismatch[^\n]{0,80}\b(?:zero|stage)[-_ ]?3|\b(?:zero|stage)[-_ ]?3[^\n]{0,80}"
        r"size mismatch)",
        told(
            "sizes are said not to fit under ZeRO-3",
            "load with from_pretrained under the trainer's own DeepSpeed config, which gathers; "
            "never load_state_dict on the partitioned model",
            "ref_model=None with PEFT, or create_reference_model, for the second model of DPO and "
            "PPO",
            "or ZeRO-2, which does not partition the weights",
            why="ZeRO-3 keeps each weight at size 0 until its layer runs, so whole weights do not "
            "fit it; what the two sizes were, the message's own lines say",
        ),
        {"size mismatch when train with llama 7b/30b (deepspeed zero3)": "ZeRO-2"},
    ),
    Symptom(
        "saving-on-several-cards",
        r"(?i:\bfsdp2?\b[^\n]{0,60}(?:checkpoints? (?:do(?:es)?(?: not|n't) save|not saved)|"
        r"crash\w{0,3} on sav|(?:fail|error|crash|hang|stuck|issue|problem)\w{0,4}[^\n]{0,40}"
        r"sav(?:e|ing)|sav(?:e|ing)[^\n]{0,40}(?:fail|error|crash|hang|stuck|issue|problem))|"
        r"(?:_save_checkpoint|sav(?:e|ing)[^\n]{0,20}checkpoint|save the checkpoint|model saving)"
        r"[^\n]{0,60}\bfsdp|"
        r"(?:error|fail\w{0,3}|crash\w{0,3}) (?:during|when|while|on) (?:model )?sav\w{1,3}"
        r"[^\n]{0,40}fsdp|fsdp [^\n]{0,60}save checkpoint error)",
        told(
            "saving a checkpoint under FSDP is said to fail",
            "save_only_model=True   : it settles whether the optimizer's states are behind it",
            "optim=adamw_torch   in place of an 8-bit, 4-bit or torchao optimizer, whose states "
            "FSDP may not be able to gather",
            "fsdp_state_dict_type: SHARDED_STATE_DICT (and accelerate merge-weights at the end), "
            "or FULL_STATE_DICT where the sharded form fails; fsdp_use_orig_params: true with LoRA",
            "all ranks call the save, and write to a disk that they share",
            why="weights, then the optimizer's states are gathered over all ranks; a rank that has "
            "no such state, or does not take part, ends or blocks the others. The error's own "
            "last lines would say more",
        ),
        {
            'FSDP "zero-2" checkpoints don\'t save': "save_only_model",
            "FSDP V1 crashes on save with 4-bit optimizer": "adamw_torch",
            "FSDP Torchao 8bit optimizer cause save checkpoint error only at the end": "torchao",
            "Error During Model Saving QLORA + FSDP": "use_orig_params",
            "issues with `Trainer`'s `_save_checkpoint` and FSDP?": "all ranks",
            "FSDP saves memory": "",
        },
    ),
    Symptom(
        "several-cards-slower-than-one",
        r"(?i:(?:mul?ti|two|2|4|8|more|several)[- ]?gpus?\b[^\n]{0,60}\b(?:slower|lower) than "
        r"(?:(?:a |with |on |the |using )*(?:single|one|1)\b)|"
        r"(?:mul?ti|2|4|8|two|several)[- ]?gpus?\b[^\n.]{0,30}(?:(?:\bnot|n't) (?:speed|make it "
        r"faster|any faster)|no speed-?up)|"
        r"(?:speed|throughput)[^\n]{0,30}(?:mul?ti|2|4|8)[- ]?gpus?[^\n]{0,40}(?:lower|slower)|"
        r"多卡[^\n]{0,20}比单卡[^\n]{0,6}慢|多卡[^\n]{0,10}(?:速度)?[^\n]{0,6}更慢)",
        told(
            "several GPUs are said to be no faster than one",
            "compare samples per second, not seconds per step: a step of N GPUs takes N times the "
            "rows",
            "nvidia-smi topo -m   : NV# is a fast link, SYS and PHB are slow ones, as without "
            "NVLink",
            "DDP with LoRA, if it fits one card (a small gradient goes around), or ZeRO-2; ZeRO-3 "
            "and full_shard send all weights for each step",
            'no device_map="auto" in training: the cards then work one after another',
            why="what goes between the cards, and rows that are loaded too slowly for all of them, "
            "decide; gradient_accumulation_steps sends gradients less often",
        ),
        {
            "Muti-GPU training slower than single GPU training": "topo -m",
            "多卡训练比单卡还慢": "samples per second",
            "multi-gpu training is faster than single": "",
            "Using 2 GPUs does not speed up the training": "samples per second",
        },
    ),
    Symptom(
        "only-one-card-works",
        r"(?i:(?:only|just) (?:one |1 |the first |a single |)(?:gpu|card|cuda:)[^\n]{0,20} "
        r"(?:is |are |being |gets? )+(?:used|utili[sz]ed|working|busy|loaded)|"
        r"(?:uses|(?:is|are|was|were|still|keeps|only) (?:using|utili[sz]ing)|utili[sz]es|detects|"
        r"trains on|runs on) (?:only|just) "
        r"(?:one|1|a single|the first) (?:of (?:the |my )?(?:\w{1,6} )?)?(?:gpu|card)|"
        r"(?:does|do|did|is|are)(?: not|n't) (?:use|using|utili[sz]e|utili[sz]ing|see) "
        r"(?:all (?:of )?|both |multiple |the second |my second |the other )(?:the |my )?"
        r"(?:\w{1,6} )?(?:gpu|card)|"
        r"forc(?:e|es|ed|ing)\b[^\n]{0,40} (?:on|to|see only|use) (?:a |only )*single gpu|"
        r"只(?:用|使用|占用)(?:了|到)?(?:一|1) ?(?:张|块|个)(?:显)?(?:卡|GPU))",
        told(
            "only one of several GPUs is said to be used",
            "accelerate launch --num_processes N script.py, or torchrun --nproc_per_node N: one "
            "process for each GPU",
            "LLaMA-Factory: FORCE_TORCHRUN=1; ms-swift: NPROC_PER_NODE=N; and no "
            "CUDA_VISIBLE_DEVICES=0 in the shell",
            'python -c "import torch; print(torch.cuda.device_count())"   : 1 means that the '
            "shell, the container or the driver shows one",
            why="a script that is started by python alone is one process. It uses one card, or "
            'spreads the layers by device_map="auto", where one card works at a time',
        ),
        {
            "Only one GPU is being used during fine-tuning": "num_processes",
            "the training does not use both GPUs": "NPROC_PER_NODE",
            "微调时只用了一张卡": "FORCE_TORCHRUN",
            "we trained on one GPU": "",
            "Using only one GPU my training works": "",
            "If I use only one GPU the loss is 2.1": "",
        },
    ),
    Symptom(
        "memory-not-divided-over-cards",
        r"(?i:(?:deepspeed|zero[-_ ]?[123]|fsdp|多卡)[^\n]{0,40}(?:没有(?:"
        r"分割|切分)|not (?:partition|shard|split|distribut|divid)\w{0,4}|(?:does|do|did)"
        r"(?: not|n't) (?:seem to )?(?:shard|split|partition|divide|reduce|distribute|save memory)|"
        r"no effect on (?:the )?memory)|"
        r"(?:memory|vram)[^\n]{0,60}\b(?:same|unchanged|identical|not (?:reduced|divided|shared|"
        r"split))[^\n]{0,60}(?:gpus|cards)|"
        r"(?:each|every) (?:gpu|card|rank|process)[^\n]{0,30} (?:loads?|holds?|has) (?:the |a )?"
        r"(?:whole|full|entire|complete)|模型(?:并)?没有(?:被)?(?:分割|切分|分配)到)",
        told(
            "memory is said not to be divided over the cards",
            "python -m gemma_compat memory --model NAME --gpu 4xCARD --distributed deepspeed "
            "--zero-stage 3   : what one card has to hold",
            "the stage in the log: ZeRO-1 divides optimizer states, 2 gradients too, 3 and "
            "full_shard the weights too; DDP divides nothing",
            "print(next(model.parameters()).shape)   after prepare(): 0 under ZeRO-3, else it is "
            "not in use; no device_map in the script",
            "shorter rows or use_liger_kernel=True, where activations and logits are most of it: "
            "these are not divided",
            why="activations and, with a vocabulary of 262,144, logits belong to each card's own "
            "rows; with offload to the CPU they are nearly all that is left on it, so that one "
            "card shows as much as four",
        ),
        {
            "感觉deepspeed不起作用，模型并没有分割到不同的卡上面": "memory --model",
            "With FSDP the memory usage is the same on 2 and on 4 GPUs": "full_shard",
            "each GPU loads the whole model": "full_shard",
            "deepspeed saves memory": "",
            "DeepSpeed doesn't work with gemma-3 on my Windows machine": "",
        },
    ),
)
