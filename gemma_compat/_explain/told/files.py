"""Symptoms told of what a run leaves: files missing, of another size, or not to be resumed."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Answering, Case
from .base import FINE, Symptom, told

# A model that is too large for a card, and no file of another size.
_FOR_A_CARD = re.compile(
    r"(?i)\bfit\b|\b(?:large|big|huge|small) (?:for|to)\b|\b(?:v?ram|gpus?|cards?|memory)\b"
)
_AMISS = re.compile(r"(?i)\b(?:but|however|though|not|cannot|why)\b|n't\b|[?？]|但|不")
_OF_A_FILE = re.compile(r"(?i)sav(?:ed|ing)|file|checkpoint|adapter|export|merged|folder|disk")


def _unless_of_tensors(answer: Answering) -> Answering:
    """Leave sizes of tensors to the error that states them, and a model's to the memory."""

    def of_files(case: Case) -> Answer | None:
        if re.search(r"(?i)size mismatch", f"{case.hit.before}{case.hit.text}"):
            return None
        is_of_cards = _FOR_A_CARD.search(case.hit.text) and not _OF_A_FILE.search(case.hit.text)
        is_fine = re.search(f"(?i){FINE}", case.hit.text) and not _AMISS.search(case.hit.text)
        return None if is_of_cards or is_fine else answer(case)

    return of_files


_another_size = told(
    "what was saved is said to have another size than it should",
    "from safetensors import safe_open; f = safe_open(FILE, 'pt'); print(sum(f.get_tensor"
    "(k)"
    ".numel() for k in f.keys()), [(k, f.get_slice(k).get_shape(), f.get_slice(k).get_dtype"
    "()) "
    "for k in list(f.keys())[:8]])",
    "embed_tokens or lm_head among the keys of an adapter: "
    "save_embedding_layers=False, or leave them out of modules_to_save",
    "dtype=torch.bfloat16 before saving: float32 is twice as large",
    "a few hundred bytes or empty tensors: gather them (ZeRO-3, FSDP) before saving",
    why="rank 16 on all linear layers is 0.3 to 1% of the weights. Resized or trained "
    "embeddings of 262,144 tokens are saved whole and outweigh it by far; a full checkpoint"
    " "
    "also has optimizer.pt, twice the trained weights in float32; 4-bit weights are a "
    "quarter",
    of_gemma=True,
)


FILES: tuple[Symptom, ...] = (
    Symptom(
        "saved-size-that-is-off",
        r"\bwhy (?:is|are|does) [^\n?]{0,40}(?:adapter|checkpoint|lora|saved)\b[^\n?]{0,40} "
        r"\d[\d.]* ?[KMG]i?B\b|"
        r"(?:模型|权重|adapter|文件)[^\n]{0,8}只有[^\n]{0,4}(?:\d+|几[百十]?) ?[KMG]B?|"
        r"\b(?:adapters?|checkpoints?|lora_?model|lora|model|merged|saved|gguf|safetensors|weights|"
        r"files?|"
        r"bin)\b[^\n.]{0,60}"
        r"(?:(?:is|are|was|were) (?:only |just |about |over |almost )?(?:\d[\d.]* ?(?:KB|MB|GB|"
        r"bytes|KiB|MiB|GiB)\b"
        r"(?! of (?:v?ram|memory))|(?:too|so|very|much|way|far|twice|half|unexpectedly|surprisingly"
        r"|double) ?"
        r"(?:too |as )?(?:large|big|small|larger|bigger|smaller|huge|tiny|the size|heavy)|huge\b|"
        r"tiny\b|bigger|larger than|"
        r"smaller than|empty\b|double)|(?:differences?|chang\w+|increas\w+) in size|so (?:large|"
        r"big|huge|small)\b|size[^\n.]{0,30}(?:too|larger|smaller|bigger|double|twice|"
        r"half|different|wrong|"
        r"increase|unexpected|not match|mismatch|0 ?bytes)\w*)|"
        r"\b(?:differences?|chang\w+) in (?:the )?size (?:of|in) (?:the |my )?(?:lora|adapter|"
        r"checkpoint|saved|model)|"
        r"\b(?:huge|large|small|tiny|big|empty|wrong|unexpected|double) (?:adapter|checkpoint|"
        r"safetensors|merged model|"
        r"model|lora)s? (?:file|size)s?\b|\b(?:adapter|checkpoint|model) (?:file "
        r")?size\b[^\n.]{0,30}(?:issue|problem)|"
        r"(?:adapter|checkpoint|权重|模型|文件|safetensors)[^\n]{0,24}(?:大小的问题|十分巨大|"
        r"非常大|特别大|过大|很大|太大)|(?:权重|模型|adapter|checkpoint|文件)[^\n]{0,10}(?:只有|"
        r"大小)[^\n]{0,10}(?:\d+ ?[KMG]B?|"
        r"不对|异常|太大|太小"
        r"|翻倍)",
        _unless_of_tensors(_another_size),
        {
            "the saved adapter is 2.5 GB after fine-tuning gemma-2 with r=16": "embed_tokens",
            "merged model size is double the size of the base": "dtype",
            "the model is 4B and works": "",
            "The saved adapter is only 20 MB and works perfectly": "",
            "The gemma-3-27b model is too large for my 24 GB card": "",
            "Why is my LoRA adapter of gemma-3-4b 2.5GB?": "embed_tokens",
        },
        words=(
            "adapter",
            "checkpoint",
            "lora",
            "model",
            "merged",
            "saved",
            "gguf",
            "safetensors",
            "weights",
            "file",
            "bin",
            "size",
            "权重",
            "文件",
        ),
        effects=("wrong-weights-saved",),
    ),
    Symptom(
        "files-missing-after-saving",
        r"\b(?:config\.json|adapter_config\.json|preprocessor_config\.json|tokenizer(?:\.json| "
        r"files?)?) (?:is |are |was )?(?:missing|not (?:being )?(?:saved|created|written))|"
        r"\b(?:config\.json|adapter_config\.json|adapter_model\S*|preprocessor_config\.json|"
        r"processor_config\.json|"
        r"generation_config\.json|tokenizer\.json|tokenizer(?: files?| config)?|"
        r"model\.safetensors\S*|optimizer\.pt|"
        r"trainer_state\.json|"
        r"chat_template\S*|vision(?: tower| encoder)?|embed_tokens|mmproj\S*|lora weights?|"
        r"adapters?)\b[^\n.]{0,50}"
        r"(?:(?:is|are|was|were|does|did)(?: not|n't) (?:being )?(?:saved|there|present|created|"
        r"written|included|found|"
        r"generated|exported|exist|pushed|uploaded|in the (?!tokenizer mapping))|"
        r"(?:is|are|was|were|gets?) (?:missing|"
        r"lost|dropped|absent))|"
        r"\b(?:missing|lacks?|lack of|without|no) (?:the |any |a )?`?(?:config\.json|"
        r"adapter_config|"
        r"adapter_model|preprocessor_config|processor_config|tokenizer\.json|model\.safetensors|"
        r"optimizer\.pt)|\b(?:missing|lacks?|lost|not (?:saving|save|saved)|doesn't save|does "
        r"not save|"
        r"didn't save|never saves?) "
        r"(?:the |any |a )?`?(?:config\.json|adapter_config|adapter_model|preprocessor_config|"
        r"processor_config|generation_config|tokenizer\.json|model\.safetensors|optimizer\.pt|"
        r"trainer_state|chat_template|"
        r"vision (?:tower|encoder|weights)|embed_tokens|mmproj|lora weights|adapter|"
        r"checkpoint|model weights)|"
        r"\b(?:does|do|did)(?: not|n't) (?:create|save|write|produce|keep|store) (?:any |the |a "
        r")?(?:checkpoints?|adapters?|weights)\b|"
        r"\b(?:checkpoints?|model|adapter)s? (?:(?:is|are|was|were|does|did)(?: not|n't) (?:being |"
        r"get(?:ting)? )?sav(?:ed|e)|"
        r"not (?:being )?saved)\b|(?:没有|未|不)(?:保存|生成)[^\n]{0,10}(?:checkpoint|config|权重|"
        r"模型|文件)",
        told(
            "files are said to be missing from what was saved",
            'ls -la FOLDER; python -c "from safetensors import safe_open; print(list(safe_open'
            "('FOLDER/"
            "adapter_model.safetensors', 'pt').keys())[:10])\"",
            "trainer.save_model(FOLDER); processor.save_pretrained(FOLDER)   : both",
            "config.json and the weights: model.merge_and_unload().save_pretrained(FOLDER)",
            "hf download BASE preprocessor_config.json processor_config.json chat_template.jinja "
            "--local-dir FOLDER   for files of the base model",
            why="a PEFT model saves its adapter and adapter_config.json and not the base; a "
            "Trainer "
            "without processing_class saves no processor; a text-only class leaves out the vision "
            "tower; save_steps above the number of steps saves nothing; tied heads are saved once",
        ),
        {
            "preprocessor_config.json was not written by merging gemma-3": "save_pretrained",
            "there is no adapter_config.json in the checkpoint folder": "save_pretrained",
            "the vision tower weights are not saved": "text-only",
            "The base model without adapter answers well": "",
            "The `gemma3_text` tokenizer was not in the tokenizer mapping, leading to errors": "",
        },
        words=(
            "missing",
            "config",
            "adapter",
            "tokenizer",
            "safetensors",
            "optimizer",
            "trainer_state",
            "template",
            "vision",
            "embed_tokens",
            "mmproj",
            "lora",
            "checkpoint",
            "model",
            "保存",
            "生成",
        ),
        effects=("wrong-weights-saved",),
    ),
    Symptom(
        "saving-that-fails",
        "",
        told(
            "saving a checkpoint or a model is said to fail",
            "df -h FOLDER; free -g   : a full disk and the machine's memory first",
            "save_only_model=True   : is it the optimizer's state?",
            "several ranks: all of them call the save (ZeRO-3, FSDP gather), and none ends before",
            "safe_serialization=False, or save_original_format=False in transformers 5: is it tied "
            "weights?",
            why="a save gathers what is sharded into one process's memory, writes weights, "
            "optimizer (twice the "
            "trained weights in float32) and state, and checks tensors that share memory (a "
            "Gemma's head and "
            "embeddings); the error's last lines would tell which",
        ),
        {
            "Training is normal, but saving checkpoint fails": "df -h",
            "I am unable to save the model at the end": "save_only_model",
            "保存模型时报错": "df -h",
        },
        words=("sav", "push", "upload", "writ", "保存"),
        loosely=r"\b(?:sav(?:e|ing)|push\w*|upload\w*|writ(?:e|ing)) (?:of )?(?:the |a |my |model |"
        r"final |"
        r"trained )*(?:checkpoints?|models?|adapters?|"
        r"weights|state)\b[^\n.]{0,30}(?:fail\w*|crash\w*|error\w*|hang\w*|stuck|freez\w*|timeout|"
        r"timed out|forever)|"
        r"\b(?:fail\w*|crash\w*|error|stuck|hang\w*|unable|can(?: ?not|'t)|problem|issue)s? (?:\w+ "
        r"){0,3}(?:to |when |while |during |in |at |on |with )"
        r"?(?:sav(?:e|ing)|push\w*)(?: the| a| my| model| checkpoints?| adapter)*\b(?! (?:memory|"
        r"and (?:re-?)?load|"
        r"time))|"
        r"保存(?:模型|权重|checkpoint|检查点)?[^\n。]{0,8}(?:失败|报错|卡住|出错|崩溃|无法)|"
        r"(?:无法|不能)保存",
        effects=("wrong-weights-saved",),
    ),
    Symptom(
        "resuming-that-fails",
        r"\bskips? (?:the )?training\b|无法继续训练|断点重训[^\n]{0,20}(?:失败|报错|不)|"
        r"\bresum\w*[^\n.]{0,40}(?:supported|possible)\b|\b(?:support(?:s|ing)?|missing|not) "
        r"(?:for )?`?resum\w*|"
        r"\b(?:continue|restart) (?:the )?training from (?:the |that |my |a )?(?:last )?checkpoint|"
        r"\bresum\w*[^\n.]{0,60}(?:(?:does|do|did|is|are)(?: not|n't)(?: work\w*)?|fail\w*|from "
        r"(?:step )?(?:0|zero|scratch|the beginning|"
        r"the start)|start\w* (?:over|again|from)|(?:can(?: ?not|'t)|unable)|not (?:work|possible|"
        r"resum)\w*|ignor\w*|broken|error|"
        r"hang\w*|slow\w*|takes)|\b(?:can(?: ?not|'t)|unable to|fail(?:s|ed|ing)? to|how (?:to|do i"
        r"|can i)|trouble|problem|issue|error)s? (?:\w+ ){0,3}?resum\w*|"
        r"(?:断点续训|恢复训练|续训)[^\n]{0,12}(?:失败|报错|不|无法|从头)|(?:无法|"
        r"不能)[^\n]{0,4}(?:恢复|续训)",
        told(
            "a run is said not to resume",
            "ls FOLDER/checkpoint-N   : trainer_state.json, optimizer.pt, scheduler.pt and the "
            "weights",
            "trainer.train(resume_from_checkpoint=FOLDER/checkpoint-N)   on a base model with a "
            "fresh "
            "get_peft_model, made as for the first run",
            "the same number of GPUs, batch, accumulation and data order; num_train_epochs above "
            "what is "
            "done",
            "save_only_model=False   while training; weights alone go on as a new run: "
            "model_name_or_path=CHECKPOINT (an adapter: is_trainable=True), no "
            "resume_from_checkpoint",
            why="a checkpoint without optimizer and state starts at 0; one whose epochs are done "
            "ends at "
            "once; rows that were seen are skipped one by one (ignore_data_skip=True skips that); "
            "ZeRO and FSDP keep a part for each rank",
        ),
        {
            "resume_from_checkpoint starts from step 0": "trainer_state.json",
            "Unable to resume training from checkpoint with gemma 3": "optimizer.pt",
            "resume_from_checkpoint is not working with Deepspeed": "save_only_model",
            "[Bug] Cannot Resume Training From a Trained Checkpoint": "same number of GPUs",
            "whatever I do, it skips training and goes straight to eval": "epochs are done",
            "to resume training use the flag": "",
        },
        words=("resum", "skip", "续训", "恢复", "继续训练", "重训"),
        effects=("crash-in-training",),
    ),
    Symptom(
        "tokenizer-model-not-written",
        r"tokenizer\.model[^\n.]{0,60}(?:never|not|n't|missing)\b[^\n.]{0,40}(?:saved|pushed|"
        r"found|there|written|created|copied|generated|exist)|(?:missing|without a?|no) `?"
        r"tokenizer\.model\b",
        told(
            "the file tokenizer.model is said to be missing from what was saved",
            "from huggingface_hub import hf_hub_download; hf_hub_download(BASE, 'tokenizer.model', "
            "local_dir=FOLDER)",
            "where it is not asked for, tokenizer.json is enough: transformers and vLLM read that",
            why="a fast tokenizer saves tokenizer.json, and tokenizer.model only where it was "
            "loaded from one; converters for llama.cpp ask for it. Tokens that were added stand in "
            "tokenizer.json alone",
        ),
        {
            "The tokenizer.model file never seems to get saved or pushed to hub": "hf_hub_download",
            "loading file tokenizer.model from cache": "",
        },
        words=("tokenizer.model",),
    ),
)
