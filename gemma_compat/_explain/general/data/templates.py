"""Templates, tokenizers and processors that a checkpoint has or lacks."""

from __future__ import annotations

import re

from ....tables import checkpoints
from ...answer import Answer
from ..base import Case, General, always

_TEXT_ONLY = ("gemma", "gemma2", "gemma3_text", "vaultgemma")


_FILE_OF_ITS_OWN = (
    "ls FOLDER   of a model that you saved: chat_template.jinja beside tokenizer_config.json; an "
    "older transformers does not read that file"
)


def _no_template(case: Case) -> Answer:
    """Tell a base with an instruction-tuned sister from a tuned one that lost its template."""
    name = case.log.model_name
    published = checkpoints.find(name) if name and not case.log.is_other else None
    if published is None:
        return _no_template_of_others(case)
    stem = re.sub(r"-it-.*", "-it", published.published_as)
    if stem.endswith("-it"):
        return Answer(
            "the tokenizer that was loaded has no chat template, and that of the published "
            f"{stem.rpartition('/')[2]} has one",
            (
                f"tokenizer.chat_template = AutoTokenizer.from_pretrained('{stem}').chat_template",
                _FILE_OF_ITS_OWN,
                "pip install -U transformers   where the model's own name was loaded",
            ),
            known="the message; which of these it is, it does not say",
            settles=False,
        )
    tuned = re.sub(r"-pt$", "", stem) + "-it"
    if tuned not in checkpoints.names():
        return _no_template_at_all(stem)
    return Answer(
        f"{name} is a base checkpoint, and its tokenizer has no chat template",
        (
            f"{tuned}: the instruction-tuned checkpoint has a chat template",
            "or set tokenizer.chat_template: take it from the tokenizer of the -it checkpoint",
        ),
        why="base (pretrained) checkpoints of Gemma come without one; the instruction-tuned ones "
        "(-it) bring it in their tokenizer",
        known="the message; that the base has none is a fact of its tokenizer_config.json",
        of_gemma=True,
    )


def _no_template_at_all(name: str) -> Answer:
    """Answer a Gemma that was published for prompts, without conversations."""
    is_pali = "paligemma" in name
    return Answer(
        "this tokenizer has no chat template",
        (
            "processor(text='caption en', images=image, return_tensors='pt')   : PaliGemma is "
            "prompted so, with suffix=ANSWER in training"
            if is_pali
            else "tokenizer(TEXT, return_tensors='pt')   : write the prompt as the model's card "
            "shows it",
            "or a template of your own in tokenizer.chat_template, if it is trained on "
            "conversations",
        ),
        why=f"no checkpoint for conversations is published beside {name.rpartition('/')[2]}",
        known="the message, and the names of what is published",
        settles=False,
    )


def _no_template_of_others(case: Case) -> Answer:
    tuned = (
        "the tokenizer of the instruction-tuned checkpoint (-Instruct, -it, -Chat) of the family"
    )
    set_it = (
        "tokenizer = get_chat_template(tokenizer, chat_template='NAME')   of "
        "unsloth.chat_templates, before the trainer is made"
        if re.search(r"Unsloth|import unsloth|from unsloth|Fast\w*Model\b", case.near)
        else "tokenizer.chat_template = AutoTokenizer.from_pretrained(TUNED).chat_template"
    )
    return Answer(
        "this tokenizer has no chat template",
        (f"{set_it}   : {tuned}", _FILE_OF_ITS_OWN),
        why="base (pretrained) checkpoints mostly come without one, and transformers from 4.44 on "
        "has no default for them",
        known="the message; whether it is a base or a file that was lost, it does not say",
        settles=False,
    )


def _no_processor(case: Case) -> Answer:
    kind = case.facts.model.get("model_type")
    if kind in _TEXT_ONLY:
        return Answer(
            f"{case.model} is text-only and has no processor, and the multimodal template asks "
            "for one",
            (
                "template: gemma   (LLaMA-Factory), or the tokenizer alone: AutoTokenizer",
                "or a multimodal checkpoint of the family (Gemma 3 from 4B on)",
            ),
            why=f"its config is {kind}: no image or audio tower, and so no processor files",
            known="the model is named in the log, and its config is published",
            of_gemma=True,
        )
    if "was not found, please check and update your" in case.hit.text:
        return Answer(
            "LLaMA-Factory has a multimodal template and no processor for this checkpoint",
            (
                "template: gemma   for a text-only checkpoint (Gemma 3 270M and 1B, MedGemma 27B "
                "text)",
                "AutoProcessor.from_pretrained(MODEL)   says why a multimodal one has none: a "
                "transformers that is too old, a package or a file that is missing",
            ),
            why="it loads the processor quietly, goes on without one, and misses it at the first "
            "row",
            known="the message is LLaMA-Factory's; which of the two it is, the log does not say",
            settles=False,
        )
    return Answer(
        "no processor was found beside this checkpoint",
        ("copy preprocessor_config.json and processor_config.json from the base checkpoint",),
        why="a merged or converted folder often lacks them; a text-only member has none at all",
        known="the message; which of the two it is, the log does not say",
        certain=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "no-padding-token",
        r"(?:Asking|attempting) to pad (?:samples )?but the tokenizer",
        always(
            "this tokenizer has no padding token",
            "tokenizer.pad_token = tokenizer.eos_token   (to train: a reserved token of the "
            "vocabulary, where it has one)",
            why="a Gemma's tokenizer brings <pad>; others need one before rows are batched. A "
            "collator "
            "that leaves padding out of the loss leaves the end token out too, if both are one",
        ),
        {
            "ValueError: Asking to pad but the tokenizer does not have a padding token.": (
                "pad_token"
            )
        },
    ),
    General(
        "prefetch-without-workers",
        r"prefetch_factor option could only be specified in multiprocessing",
        always(
            "prefetch_factor is set and no worker loads data, which this torch refuses",
            "dataloader_num_workers=1   (or more)",
            "or pip install -U 'torch>=2.0', where it may be None",
            why="a newer Trainer hands prefetch_factor on, and torch before 2.0 takes it with "
            "workers only",
            known="the message is that of torch's DataLoader",
        ),
        {
            "ValueError: prefetch_factor option could only be specified in multiprocessing.let "
            "num_workers > 0 to enable multiprocessing.": "dataloader_num_workers"
        },
    ),
    General(
        "collator-without-image-processor",
        r"UnslothVisionDataCollator is only for image models",
        always(
            "UnslothVisionDataCollator was given something without an image processor: a "
            "tokenizer, or the processor of a text-only model",
            "UnslothVisionDataCollator(model, processor)   with the processor that "
            "FastVisionModel.from_pretrained returns",
            "or no such collator where the rows hold text only",
            why="it asks whether what it was given has an image_processor",
            known="the message; the test is in unsloth_zoo's vision_utils.py (read in 2025.10.9)",
        ),
        {"TypeError: Unsloth: UnslothVisionDataCollator is only for image models!": "processor"},
    ),
    General(
        "no-chat-template",
        r"Cannot use chat template functions|chat_template is not set and no template|"
        r"No chat template is set for this processor|"
        r"does not have a chat template|tokenizer has no chat template|"
        r"No chat template is set for this processor|"
        r"default chat template is no longer allowed",
        _no_template,
        {
            "ValueError: Cannot use chat template functions because tokenizer.chat_template is not "
            "set and no template argument was passed!": "chat_template.jinja",
            "google/gemma-3-1b-it\nValueError: Cannot use chat template functions because": "-it",
            "/home/me/envs/unsloth/bin/python train.py\nValueError: Cannot use chat template "
            "functions because tokenizer.chat_template is not set": "chat_template.jinja",
            "google/gemma-3-1b-pt\nValueError: Cannot use chat template functions because": (
                "google/gemma-3-1b-it: the"
            ),
            "google/paligemma-3b-mix-224\nValueError: Cannot use chat template functions because": (
                "suffix=ANSWER"
            ),
            "google/codegemma-2b\nValueError: Cannot use chat template functions because": (
                "model's card"
            ),
        },
    ),
    General(
        "no-processor-in-llama-factory",
        r"(?:[Pp]rocessor|[Ff]eature extractor) was not found, please check and update your",
        _no_processor,
        {
            "ValueError: Processor was not found, please check and update your model file.": (
                "template: gemma"
            ),
        },
        alone=True,
    ),
    General(
        "no-processor",
        r"Can't load (?:image|feature) processor|"
        r"does not appear to have a file named (?:preprocessor|processor)_config\.json",
        _no_processor,
        {
            "OSError: Can't load image processor for 'out'. If you were trying": (
                "preprocessor_config.json"
            ),
        },
    ),
)
