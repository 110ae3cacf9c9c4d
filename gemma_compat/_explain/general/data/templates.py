"""Templates, tokenizers and processors that a checkpoint has or lacks."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_TEXT_ONLY = ("gemma", "gemma2", "gemma3_text", "vaultgemma")


_FILE_OF_ITS_OWN = (
    "ls FOLDER   of a model that you saved: chat_template.jinja beside tokenizer_config.json; an "
    "older transformers does not read that file"
)


def _no_template(case: Case) -> Answer:
    name = case.log.model_name
    if case.log.is_other or name is None and "gemma" not in case.near.lower():
        return _no_template_of_others(case)
    is_base = bool(name) and not re.search(r"-it\b", name or "")
    tuned = "the -it checkpoint, which has a chat template"
    if is_base and name:
        stem = re.sub(r"-pt$", "", name)
        tuned = f"{stem}-it: the instruction-tuned checkpoint has a chat template"
    return Answer(
        f"{name} is a base checkpoint, and its tokenizer has no chat template"
        if is_base
        else "this tokenizer has no chat template",
        (
            tuned,
            "or set tokenizer.chat_template: take it from the tokenizer of the -it checkpoint",
        ),
        why="base (pretrained) checkpoints of Gemma come without one; the instruction-tuned ones "
        "(-it) bring it in their tokenizer",
        known="the message; that the base has none is a fact of its tokenizer_config.json",
        of_gemma=is_base,
    )


def _no_template_of_others(case: Case) -> Answer:
    tuned = (
        "the tokenizer of the instruction-tuned checkpoint (-Instruct, -it, -Chat) of the family"
    )
    set_it = (
        "tokenizer = get_chat_template(tokenizer, chat_template='NAME')   of "
        "unsloth.chat_templates, before the trainer is made"
        if re.search(r"(?i)unsloth", case.near)
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


_SERVED = re.compile(
    r"server_error|Jinja Exception|\bsrv \b|llama-server|\bv1/chat|vllm/entrypoints|BadRequest|"
    r"LM ?Studio|ollama|status_code|HTTP/1|\b(?:400|500)\b"
)


def _roles(case: Case) -> Answer:
    """Tell a request to a server from rows that are rendered for training."""
    if _SERVED.search(f"{case.near}{case.around}"):
        return Answer(
            "the chat template wants user and assistant in turn, and the messages of the request "
            "do not alternate",
            (
                "merge neighbouring messages of one role in the client, before they are sent; a "
                "system prompt goes into the first user turn",
                "or a template that does not ask for it: --chat-template FILE at the server",
            ),
            why="the server renders what the client sends; the model and its training are not at "
            "fault",
            known="the message is the template's own; that a request is rendered, the log shows",
            settles=False,
        )
    return Answer(
        "the chat template wants user and assistant in turn, beginning with user, and a row does "
        "not keep to it",
        (
            "bad = [i for i, row in enumerate(dataset) if any((turn['role'] == 'user') != (n % 2 "
            "== 0) for n, turn in enumerate(row['messages']))]   names the rows",
            "merge neighbouring turns of one role, and put a system prompt into the first user "
            "turn",
        ),
        why="the templates of Gemma 1 to 3, Llama 2 and Mistral raise this themselves; some of "
        "them count a system turn as well",
        known="the message is the template's own",
        settles=False,
    )


_HARNESS = re.compile(r"\blm_eval\b|lm-evaluation-harness")
_REQUEST = re.compile(r"openai_api|/entrypoints/|/srt/|\btgi\b|text_generation_server")


def _system(case: Case) -> Answer:
    """Tell a server and an evaluation harness, which render what others wrote."""
    said = f"{case.near}{case.around}{case.frames}"
    first = "put the system prompt into the first user turn"
    lines: tuple[str, ...] = (first,)
    if _HARNESS.search(said):
        lines = (
            "no --system_instruction, and a task without description: lm-eval sends either as a "
            "system turn",
        )
    elif _SERVED.search(said) or _REQUEST.search(said):
        lines = (
            f"{first}, in the client",
            "or a template that takes one: --chat-template FILE at the server",
        )
    is_gemma = "System role" in case.match[0]
    return Answer(
        "this chat template takes no system role"
        if is_gemma
        else "this chat template takes turns of user and assistant only",
        lines,
        why="the templates of Gemma 1 and 2 refuse it; those of Gemma 3 and 4 take it"
        if is_gemma
        else "templates of older Mistral models refuse a system turn, or a tool's, that way",
        known="the message is the template's own",
        of_gemma=is_gemma,
    )


# Not the source of a template, which holds the sentence too.
_NOT_QUOTED = r"(?<!raise_exception\(['\"])(?<!raise_exception\(\\['\"])"

KINDS: tuple[General, ...] = (
    General(
        "no-padding-token",
        r"(?:Asking|attempting) to pad (?:samples )?but the tokenizer",
        always(
            "this tokenizer has no padding token",
            "tokenizer.pad_token = tokenizer.eos_token",
            why="a Gemma's tokenizer brings <pad>; others need one before rows are batched",
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
    General(
        "roles-must-alternate",
        rf"{_NOT_QUOTED}(?i:conversation roles must alternate)",
        _roles,
        {
            "jinja2.exceptions.TemplateError: Conversation roles must alternate user/": "merge",
            "{{ raise_exception('Conversation roles must alternate user/assistant/') }}": "",
            'srv operator(): got exception: {"error":{"code":500,"message":"Error: Jinja Exception:'
            ' Conversation roles must alternate user/assistant/..."': "before they are sent",
        },
    ),
    General(
        "system-role",
        rf"{_NOT_QUOTED}(?:System role not supported|Only user and assistant roles are supported)",
        _system,
        {
            "jinja2.exceptions.TemplateError: System role not supported": "user turn",
            'File "/x/lm_eval/models/huggingface.py", line 1357, in apply_chat_template\n    '
            "x\njinja2.exceptions.TemplateError: System role not supported": "system_instruction",
            'File "/x/sglang/srt/openai_api/adapter.py", line 872, in v1_chat_generate\n    '
            "x\njinja2.exceptions.TemplateError: System role not supported": "--chat-template",
            "jinja2.exceptions.TemplateError: Only user and assistant roles are supported!": (
                "first user turn"
            ),
            "{% if a %}{{ raise_exception('System role not supported') }}{% endif %}": "",
            '"chat_template": "{{ raise_exception(\\"System role not supported\\") }}"': "",
        },
        alone=True,
    ),
)
