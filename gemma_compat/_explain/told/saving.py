"""What a person tells of a model that is saved, loaded again or uploaded, where nothing raised."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Case
from .base import Symptom, told

_reloaded = told(
    "a trained model is said to answer otherwise once it is loaded again",
    "read the warnings of loading: `newly initialized`, `missing` or `unexpected` keys name what "
    "did not arrive",
    "an adapter: PeftModel.from_pretrained(BASE of the training, FOLDER); a head or new tokens: "
    "modules_to_save had to name them",
    "the same prompt before and after: model.eval(), do_sample=False, the same template and dtype",
    "print(next(p.sum() for n, p in model.named_parameters() if 'lora_B' in n))   before saving "
    "and after loading",
    why="weights that were not saved, or have other names in the class that loads them, are left "
    "as in the base, or random; the rest is another prompt, dtype or sampling",
)
_vision = told(
    "an exported model is said to have lost its images",
    "llama.cpp/convert_hf_to_gguf.py FOLDER --mmproj   writes the second file, beside the model's; "
    "llama-mtmd-cli -m MODEL.gguf --mmproj MMPROJ.gguf",
    "Ollama: FROM ./FOLDER with the merged safetensors (or FROM for each of the two files, in a "
    "new release)",
    "a vision tower that was trained: merge first, so that the mmproj is made of the merged folder",
    why="a GGUF holds the language model; tower and projector are a second file (mmproj), "
    "which the export of text leaves out. The folder has to be of the multimodal class, with "
    "preprocessor_config.json",
)
_empty_hub = told(
    "what was pushed is said not to be in the repository",
    "from huggingface_hub import HfApi; HfApi().upload_file(path_or_fileobj='FILE.gguf', "
    "path_in_repo='FILE.gguf', repo_id='OWNER/NAME')",
    "ls -l *.gguf */*.gguf   : where did the export write it? (upload_folder takes a whole folder)",
    "pip install -U unsloth unsloth_zoo   where push_to_hub_gguf wrote the card alone",
    why="the export writes a file in one place and the upload may take another folder: then the "
    "commit has the card and .gitattributes only",
)
_adapter_alone = told(
    "only an adapter is said to have been saved, or loaded again after the merge",
    "merged = model.merge_and_unload(); merged.save_pretrained(FOLDER)   : the result counts, not "
    "the model that it was called on",
    "rm FOLDER/adapter_config.json FOLDER/adapter_model.safetensors   in the merged folder: "
    "transformers loads an adapter that it finds there",
    "Unsloth: save_pretrained_merged(FOLDER, tokenizer, save_method='merged_16bit'); "
    "save_pretrained writes the adapter alone",
    why="save_pretrained of a PEFT model writes its adapter; a folder with adapter_config.json is "
    "read as an adapter on its base",
)


_IN_FOUR_BITS = re.compile(r"(?i)\b(?:qlora|nf4|4-?bit|load_in_4bit|bnb)\b")
_merged_in_four_bits = told(
    "a model that was merged on a 4-bit base is said to answer worse than with its adapter",
    "base = CLASS.from_pretrained(BASE, dtype=torch.bfloat16); "
    "PeftModel.from_pretrained(base, ADAPTER).merge_and_unload()   CLASS: that of the training, "
    "without quantization_config",
    "the same prompt by adapter and by merged model: model.eval(), do_sample=False, one template",
    "or no merge: the adapter on the 4-bit base, as it was trained",
    why="merging into 4-bit weights rounds the sum of both to 4 bits again, which can lose more "
    "than the adapter learned; weights with other names in the saved folder look the same",
)


def _of_a_model(case: Case) -> Answer | None:
    found = re.search(r"(?i)\bmodels?\b|adapter|checkpoint|fine-?tun|\blora\b", case.near)
    if found and _IN_FOUR_BITS.search(case.near) and re.search(r"(?i)\bmerg", case.near):
        return _merged_in_four_bits(case)
    return _reloaded(case) if found else None


def _of_images(case: Case) -> Answer | None:
    text = case.near
    return (
        _vision(case) if re.search(r"(?i)gguf|mmproj|ollama|llama\.?cpp|lm ?studio", text) else None
    )


def _of_the_hub(case: Case) -> Answer | None:
    text = case.near
    return _empty_hub(case) if re.search(r"(?i)push|upload|hugging ?face|\bhub\b", text) else None


_new_tokens = told(
    "tokens that were added are said to be lost in what was merged or exported",
    "print(len(tokenizer), model.get_input_embeddings().weight.shape[0])   before the merge and in "
    "the merged model: the same numbers?",
    "tokenizer.save_pretrained(FOLDER)   into the merged folder, and model.resize_token_embeddings("
    "len(tokenizer)) before the adapter is loaded",
    "modules_to_save=['embed_tokens'] alone, tied as the base is; a head that was trained apart "
    "needs tie_word_embeddings=False in the merged config.json",
    why="a Gemma has one matrix for embeddings and head: trained as two, the merge keeps one of "
    "them, and rows that were added later are not in the base that is merged into",
    of_gemma=True,
)


_left_out = told(
    "a part of the adapter is said to be left out of what was converted or merged",
    "model.merge_and_unload(), save_pretrained, and convert_hf_to_gguf.py on that folder",
    "train the attention and MLP projections alone: no lm_head, embed_tokens in target_modules or "
    "modules_to_save",
    "print the keys: safetensors' safe_open('adapter_model.safetensors', 'pt').keys()",
    why="a Gemma's head is its embeddings: converters leave lm_head out of the file, and an "
    "adapter "
    "on it goes with it; what is added beside the matrices of LoRA has no place in a GGUF adapter",
    of_gemma=True,
)


_end_overwritten = told(
    "a merge or a save is said to write another end of sequence than the one that was trained",
    "pip install -U 'unsloth>=2026.5.3'   and merge again, where Unsloth merged a Gemma 4",
    "tokenizer.eos_token = '<turn|>' (Gemma 2 and 3: '<end_of_turn>'); "
    "tokenizer.save_pretrained(FOLDER)   in the merged folder; eos_token_id in its "
    "generation_config.json names both ends",
    why="Unsloth before 2026.5.3 writes <eos> into the tokenizer of a merged Gemma 4 (GC1152); "
    "servers then wait for a token that the model does not write",
    of_gemma=True,
)


def _of_the_end(case: Case) -> Answer | None:
    if case.log.is_other or not re.search("(?i)gemma", case.near):
        return None
    found = re.search(r"(?i)merge|save_pretrained|unsloth|export|gguf", case.hit.text)
    return _end_overwritten(case) if found else None


_no_modelfile = told(
    "no Modelfile is said to lie beside the exported GGUF",
    'tokenizer = get_chat_template(tokenizer, chat_template="gemma-3")   before '
    "save_pretrained_gguf: Unsloth of 2025 writes a Modelfile only for a template that it has for "
    "Ollama",
    "pip install -U unsloth unsloth_zoo   : newer releases find the template by the model's name",
    "or by hand: FROM ./FILE.gguf, TEMPLATE of ollama show --modelfile of the same family "
    "(gemma3:4b), PARAMETER stop; then ollama create NAME -f Modelfile",
    why="read in unsloth 2025.2.15: without tokenizer._ollama_modelfile, which "
    "get_chat_template sets, no Modelfile is written; 2026.10.9 looks in its table of models too",
)


def _without_a_modelfile(case: Case) -> Answer | None:
    text = case.near
    return _no_modelfile(case) if re.search(r"(?i)unsloth|gguf|save_pretrained", text) else None


SAVING: tuple[Symptom, ...] = (
    Symptom(
        "end-of-sequence-overwritten",
        r"(?:rewrit\w+|overwr\w+|replac\w+|reset\w*|chang\w+|clobber\w*|revert\w*)[^\n.]{0,40}"
        r"\beos(?:_token(?:_id)?)?\b[^\n.]{0,60}(?:<turn\|>|<end_of_turn>|<eos>)",
        _of_the_end,
        {
            "save_pretrained_merged of Unsloth rewrites eos_token from <turn|> to <eos> for "
            "gemma-4": "unsloth>=2026.5.3",
            "save_pretrained_merged rewrites eos_token from <|im_end|> to <eos> for qwen": "",
            "I changed eos_token to <end_of_turn> and gemma stops": "",
        },
        words=("eos",),
        effects=("wrong-turn-end",),
    ),
    Symptom(
        "images-lost-in-the-export",
        r"(?i:(?:lose|loses|lost|losing|without|missing|not have|n't have|not retain|no longer "
        r"has|no|disable[sd]?)\b[^\n.]{0,40} ['\"`]?(?:vision|visual|image|multimodal|mmproj)\b|"
        r"(?:vision|visual|image|multimodal|mmproj)\b[^\n.]{0,60} (?:(?:is|are|was|were|be) "
        r"(?:still |completely |all )?(?:lost|missing|gone|ignored|unavailable)|not "
        r"(?:supported|available|work\w{0,3}|included)|n't work)|n't get the mmproj)",
        _of_images,
        {
            "GGUF files created from Gemma 3 models lose the 'vision' capability": "--mmproj",
            "convert_hf_to_gguf.py on my model, I didn't get the mmproj file": "--mmproj",
            "convert_hf_to_gguf.py lora fine-tuning effects for visual recognition are lost": (
                "merge first"
            ),
            "the picture is missing": "",
        },
    ),
    Symptom(
        "pushed-and-not-there",
        r"(?i:(?:only|just) (?:the )?files? (?:present\w?|there|uploaded)?[^\n.]{0,30}(?:are|is) "
        r"\.?(?:gitattributes|readme)|\bempty repo(?:sitory)?\b|(?:repo|repository) is "
        r"(?:created but )?(?:is )?empty|no (?:\w{1,12} )?files? (?:was|were|is|are|gets?) "
        r"(?:upload|push)\w{0,4}|(?:upload|push)\w{0,4} (?:only )?(?:an? )?(?:empty|nothing)\b)",
        _of_the_hub,
        {
            "on hugging face the only files presents are gitattributes and README.md.": (
                "upload_file"
            ),
            "push_to_hub_gguf creates a empty repository": "upload_file",
            "no bin file was upload to huggingface": "upload_file",
            "the only file there is README.md": "",
        },
    ),
    Symptom(
        "adapter-saved-in-place-of-the-model",
        r"(?i:adapter (?:was|is|gets|being) (?:loaded back|still (?:there|loaded|attached))|"
        r"only (?:saves?|saved|saving|pushes|uploads) (?:the )?(?:adapters?|lora)\b|"
        r"(?:saves?|saved) only (?:the )?(?:adapters?|lora)\b|instead of (?:the )?(?:full|merged|"
        r"whole) model[^\n.]{0,60}(?:adapter|lora)\b|(?:adapters?|lora)\b[^\n.]{0,60}instead of "
        r"(?:the )?(?:full|merged|whole) model)",
        _adapter_alone,
        {
            "And when I print it, you can see the adapter was loaded back on!": "merge_and_unload",
            "save_pretrained only saves the adapter": "save_pretrained_merged",
            "it pushes only LoRA": "",
            "When I load and use only the adapter, the output is right": "",
        },
    ),
    Symptom(
        "part-left-out-of-the-export",
        r"(?:lm_head|embed_tokens|embeddings?|head|some layers?|weights?)\b[^\n]{0,80} "
        r"(?:(?:is|are|was|"
        r"were|get|gets|being) )?(?:silently )?(?:skipped|not "
        r"(?:converted|merged|exported|written)|"
        r"left out|dropped)\b[^\n]{0,80}(?:gguf|convert\w*|conversion|merg\w*|export\w*)|(?:gguf|"
        r"convert\w*|conversion|merg\w*|export\w*)\b[^\n]{0,60} (?:skips?|leaves? out|drops?) "
        r"(?:the "
        r")?(?:lm_head|embed_tokens|embeddings?|head|layers?)\b",
        _left_out,
        {
            "Gemma2 adapter weights `lm_head` skipped on gguf conversion": "merge_and_unload",
            "the head of the department was left out": "",
        },
    ),
    Symptom(
        "new-tokens-lost-in-the-merge",
        r"(?i:(?:not|n't|no longer|never) (?:recogni[sz]e|know|see|use|work (?:properly "
        r")?on|generate) "
        r"(?:the |my |any )?(?:newly )?(?:added|new|special|custom) (?:special )?tokens?|(?:newly "
        r"added|"
        r"new|added|special|custom) tokens? (?:are|is|were|was|get) (?:lost|missing|gone|broken|"
        r"ignored)[^\n]{0,60}(?:merg|export|sav|convert|gguf))",
        lambda case: (
            _new_tokens(case)
            if re.search(r"(?i)merg|export|convert|gguf|sav(?:e|ing)", case.near)
            else None
        ),
        {
            "when I try to merge it to 16-bit or 4-bit, it doesn't recognize the newly added "
            "tokens": ("resize_token_embeddings"),
            "the new tokens are lost after merging": "modules_to_save",
            "the parser doesn't know new tokens": "",
        },
    ),
    Symptom(
        "other-answers-once-loaded-again",
        r"(?i:(?:re-?load(?:s|ed|ing)?|load(?:s|ed|ing)? (?:it |them |the model |the (?:saved|"
        r"trained|fine-?tuned|tuned|merged|best) (?:model|adapter|checkpoint|weights) ?)?(?:again|"
        r"back|from disk|after saving|for inference))[^\n]{0,160} (?:poor|worse|bad(?:ly)?|"
        r"differ\w{0,6}|nonsense|"
        r"garbage|random|not (?:the )?(?:same|returned|trained|match)|loses?|lost|drops?|dropped|"
        r"as if (?:it|they) (?:was|were|had))\b|(?:poor|worse|bad(?:ly)?|differ\w{0,6}|drops?|"
        r"dropped|significant difference)\b[^\n]{0,80} (?:when|after|once|upon|between)\b"
        r"[^\n]{0,40} (?:re-?load|load(?:ed|ing)? (?:it|the (?:saved|model|adapter|checkpoint))|"
        r"sav(?:ed|ing) and (?:re-?)?load)\w{0,4}|(?:\bnot|n't|never|fails? to) (?:properly |"
        r"correctly )?(?:load|restore)\w* (?:the )?(?:trained|fine-?tuned|adapter|lora) "
        r"(?:weights|parameters|head))",
        _of_a_model,
        {
            "after reloading the model of this path, when the same question was asked, the answer "
            "obtained during training was not returned.": "newly initialized",
            "I don't understand why the reasoning effect of reloading the trained model is very "
            "poor.": "modules_to_save",
            "performance of the model is much worse after saving and reloading": "modules_to_save",
            "Finetuned model does not load trained weights properly": "newly initialized",
            "QLoRA on a NF4 base. After merge_and_unload() the merged model, when reloaded for "
            "validation, produces garbage": "without quantization_config",
            "reloading the page makes a difference": "",
        },
    ),
    Symptom(
        "no-modelfile-written",
        r"(?i:(?:\bnot |n't |\bno |\bwithout |\bfail\w{0,3} to |\bmissing |\bnever )"
        r"(?:(?!in\b|of\b|from\b|with\b|error\b)[\w-]{1,20} ){0,4}\bmodel ?file\b|"
        r"\bmodel ?file\b[^\n.]{0,30}(?:\bnot\b|n't\b|\bmissing)[^\n.]{0,20}"
        r"(?:creat|generat|writ|sav|there|exist|found|produc|made|in (?:the|my)))",
        _without_a_modelfile,
        {
            "save_pretrained_gguf is not generating ModelFile": "get_chat_template",
            "unsloth: the GGUF model was saved, the Modelfile was not created": "ollama create",
            "the Modelfile works, no error": "",
            "unsloth: no FROM line in the Modelfile": "",
            "I struggle on how to create an ollama Modelfile for a GGUF": "",
            "The GGUF runs, and its Modelfile does not need a SYSTEM line": "",
        },
        words=("modelfile", "model file"),
    ),
)
