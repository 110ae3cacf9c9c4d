"""Processors that are called with their arguments mixed up, or that lack a file."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_BY_NAME = "processor(text=[text], images=[image], return_tensors='pt')   with both by name"


def _sound_or_film(case: Case) -> Answer:
    kind = case.match["kind"].lower()
    tokens, features = case.match["tokens"], case.match["features"]
    hidden = case.facts.model.get("hidden_size")
    rows = ""
    is_gemma4 = str(case.facts.model.get("model_type")).startswith("gemma4")
    if is_gemma4 and features and isinstance(hidden, int) and not int(features) % hidden:
        rows = f": {int(features) // hidden} rows of {hidden}"
    counted = f" ({tokens} tokens, {features} features{rows})" if features else ""
    return Answer(
        f"{kind} marks in the text and {kind} features do not match{counted}",
        (
            f"processor.apply_chat_template(messages, tokenize=True, return_dict=True, "
            f"return_tensors='pt')   with {{'type': '{kind}'}} in the content: one call counts "
            "marks and features together",
            "librosa.load(FILE, sr=16000, mono=True)   : the extractor counts on 16,000 samples a "
            "second of one channel"
            if kind == "audio"
            else "one mark for each clip, and frames that are sampled by the processor alone",
            "max_length=None, truncation=False: marks that are cut off leave features over",
            "pip install -U transformers   where processor and model are of different releases",
        ),
        why="the processor writes as many marks as it expects rows from the encoder"
        + (
            "; Gemma 4 prints rows times hidden_size for features, so it is far larger by nature"
            if kind == "audio"
            else ""
        ),
        known="the message counts both; no cause is known from that",
        settles=False,
    )


def _content(case: Case) -> Answer | None:
    if not re.search(
        r"processing_utils\.py|processor\.apply_chat_template|Gemma\w{0,6}Processor", case.near
    ):
        return None
    if case.is_of_the_script and case.code and "apply_chat_template" not in case.code:
        return None  # a text that the script reads as a dict
    return Answer(
        "a processor's template takes the content of a message for a list of parts, and it is a "
        "text",
        (
            "{'role': 'user', 'content': [{'type': 'text', 'text': TEXT}]}   in each message",
            "or processor.tokenizer.apply_chat_template(messages, ...), where no images are used",
        ),
        why="apply_chat_template of a processor looks for images in each part of the content, by "
        "its 'type'",
        known="read in transformers 4.57.6 and 5.0.0, processing_utils.py, with tokenize=True; "
        "that it is this call is inferred from the log",
        certain=False,
        settles=False,
    )


_MARKS = re.compile(r"processing_\w+\.py")
_OF_A_FILE = re.compile(
    r"(?P<kind>image|video|audio|pixel|frame)\w*\[\s*\w*(?:index|idx|count|\bi\b|pos)\w*\s*\]"
)


def _mark_without_a_file(case: Case) -> Answer | None:
    """Answer a processor that finds one mark more in the text than it was given images."""
    code = case.code if _MARKS.search(case.places[-1].file if case.places else "") else ""
    found = _OF_A_FILE.search(code)
    if found is None:
        return None
    kind = {"pixel": "image", "frame": "video"}.get(found["kind"], found["kind"])
    size = re.search(r"with size (\d+)", case.message)
    given = f": {size[1]} came with it" if size else ""
    return Answer(
        f"a text has more {kind} marks than the processor was given {kind}s{given}",
        (
            f"one {kind} mark in the text for each {kind} of the row, and none in a row without",
            f"print(text.count(processor.{kind}_token), len({kind}s))   right before the processor "
            "is called",
            f"a question or an answer that holds the mark itself (<{kind}>) as a word",
        ),
        why="the processor goes from mark to mark and takes the next file for each",
        known="the statement that raised indexes the files by the number of the mark",
        settles=False,
    )


def _given_twice(case: Case) -> Answer | None:
    """Answer a processor's call; a function of another name has its own arguments."""
    called = case.match["function"]
    if not (called.endswith("__call__") or re.search(r"process", f"{called} {case.code}".lower())):
        return None
    return Answer(
        "a processor got its text in the place of its images: images is its first argument",
        (_BY_NAME,),
        why="the processors of Gemma 3, 3n and 4, and others, are called (images, text, ...); "
        "a text that is handed over by position is taken for the images",
        known="the message; the order of the arguments was read in transformers 4.57.6",
    )


KINDS: tuple[General, ...] = (
    General(
        "marks-without-files",
        r"IndexError: (?:index \d+ is out of bounds for dimension 0 with size \d+|list index "
        r"out of range)",
        _mark_without_a_file,
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/transformers/models/'
            'qwen2_vl/processing_qwen2_vl.py", line 139, in __call__\n    self.a, "<|p|>" '
            "* (image_grid_thw[index].prod() // merge_length), 1\nIndexError: index 0 is out of "
            "bounds for dimension 0 with size 0": "0 came with it",
            'Traceback (most recent call last):\n  File "/x/site-packages/transformers/models/a/'
            'processing_a.py", line 9, in __call__\n    n = image_sizes[image_index]\nIndexError: '
            "list index out of range": "more image marks",
            'Traceback (most recent call last):\n  File "/x/site-packages/transformers/models/a/'
            'modeling_a.py", line 9, in f\n    n = image_sizes[image_index]\nIndexError: list '
            "index out of range": "",
            "IndexError: list index out of range": "",
        },
    ),
    General(
        "tokenizer-without-image-tokens",
        r"\bGemma\w{0,10}Tokenizer(?:Fast)?'?(?: object)? has no attribute '?(?P<name>"
        r"image_token_id|image_token|boi_token|eoi_token|boi_token_id|audio_token_id|"
        r"audio_token)\b",
        lambda case: Answer(
            "the tokenizer of that folder does not know which of its tokens is "
            f"{case.match['name']}, and a processor asks it",
            (
                "AutoProcessor.from_pretrained(BASE).save_pretrained(FOLDER)   BASE: the published "
                "checkpoint that was trained; it writes the tokenizer's files anew",
                "pip install -U transformers   where the folder is served or loaded: it must know "
                "the model (Gemma 3: 4.50.0, Gemma 4: 5.5.0)",
            ),
            why="these names are extra_special_tokens in tokenizer_config.json. A tokenizer that "
            "an older release or another tool saved has lost them",
            known="the message; which of the two it is, tokenizer_config.json shows",
            of_gemma=True,
            settles=False,
        ),
        {
            "## 9) vLLM Error: `GemmaTokenizerFast has no attribute image_token_id`": "save_pretr",
            "AttributeError: 'GemmaTokenizerFast' object has no attribute 'image_token_id'": (
                "extra_special_tokens"
            ),
            "GemmaTokenizerFast has no attribute padding_free": "",
        },
        alone=True,
    ),
    General(
        "names-taken-for-tokens",
        r"invalid literal for int\(\) with base 10: '(?:input_ids|attention_mask|token_type_ids)'|"
        r"'(?:input_ids|attention_mask)' object cannot be interpreted as an integer",
        always(
            "the names of a tokenizer's output are read where its token ids are expected",
            "tokenizer.apply_chat_template(messages, tokenize=True, return_dict=False)   gives the "
            "ids alone",
            "or tokenizer.apply_chat_template(messages, tokenize=True)['input_ids']",
            why="apply_chat_template returns a dict by default from transformers 5 on, and the ids "
            "before; to go through a dict gives its names",
            known="the message; the default was read in transformers 4.57.6 and 5.0.0",
        ),
        {
            "ValueError: invalid literal for int() with base 10: 'input_ids'": "return_dict=False",
            "ValueError: invalid literal for int() with base 10: 'a'": "",
        },
    ),
    General(
        "sound-or-film-and-its-marks",
        r"(?P<kind>[Aa]udio|[Vv]ideo)s? features and (?:audio|video) tokens do not match"
        r"(?:[,:]? tokens: (?P<tokens>\d{1,12}),? features:?\s{1,3}(?P<features>\d{1,15}))?",
        _sound_or_film,
        {
            "ValueError: Audio features and audio tokens do not match, tokens: 31, features: "
            "468480": "hidden_size",
            "ValueError: Video features and video tokens do not match, tokens: 64, features: 0": (
                "each clip"
            ),
            "ValueError: Image features and image tokens do not match, tokens: 0, features: 1": "",
        },
    ),
    General(
        "content-that-is-a-text",
        r"string indices must be integers",
        _content,
        {
            "processor.apply_chat_template(messages, tokenize=True)\nTypeError: string indices "
            "must be integers, not 'str'": "{'type': 'text'",
            "TypeError: string indices must be integers, not 'str'": "",
            "x = processor.apply_chat_template(m)\nTraceback (most recent call last):\n  File "
            '"/w/a.py", line 4, in f\n    n = record["user"]["name"]\nTypeError: string indices '
            "must be integers, not 'str'": "",
        },
    ),
    General(
        "images-given-twice",
        r"(?P<function>[\w.]{1,80})\(\) got multiple values for (?:keyword )?argument 'images'",
        _given_twice,
        {
            "TypeError: Gemma3Processor.__call__() got multiple values for argument 'images'": (
                "by name"
            ),
            "TypeError: draw() got multiple values for argument 'images'": "",
            "TypeError: f() got multiple values for argument 'x'": "",
        },
    ),
    General(
        "text-of-a-processor-is-none",
        r"Invalid input text\. Please provide a string",
        always(
            "a processor got something else than a text in the place of its text",
            _BY_NAME,
            "the text is that of apply_chat_template(messages, tokenize=False), with the image's "
            "mark in it",
            why="images and text in the other order, token ids, or a list of messages",
            known="the message is that of the processor",
            settles=False,
        ),
        {"ValueError: Invalid input text. Please provide a string, or a list of": "by name"},
    ),
    General(
        "image-processor-without-its-file",
        r"Unrecognized image processor in|Should have an? `?(?:image_processor_type|"
        r"feature_extractor_type)`? key in its|preprocessor_config\.json[^\n]{0,60}(?:not found|"
        r"does not exist|missing)",
        always(
            "the folder has no usable preprocessor_config.json: its processor cannot be made",
            "AutoProcessor.from_pretrained(BASE).save_pretrained(FOLDER)   BASE: the published "
            "checkpoint that was trained",
            "or load the processor from BASE, and the weights alone from FOLDER",
            "pip install -U transformers   where the file is there: it may name a newer class",
            why="saving the model or the tokenizer alone does not write the processor's file",
            known="the message; whether the file is missing or too new, it does not say",
            settles=False,
        ),
        {
            "# ValueError: Unrecognized image processor in x. Should have a `image_processor_type` "
            "key in its preprocessor_config.json": "save_pretrained(FOLDER)"
        },
    ),
    General(
        "text-handed-as-images",
        r"'NoneType' object is not subscriptable",
        lambda case: (
            Answer(
                "the processor got no text; an argument without a name is taken for images",
                (
                    "processor(text=[prompt], return_tensors='pt')   with text by name",
                    "or processor.tokenizer(prompt, return_tensors='pt'), where there are no "
                    "images",
                ),
                why="the first argument of a Gemma's processor is images; Unsloth and AutoProcessor"
                " give one under the name tokenizer too",
                known="the line that fails is the processor's check of text[0], where text is None",
            )
            if re.search(r"processing_\w+\.py", case.near)
            and re.search(r"isinstance\(text\[0\], str\)", case.near)
            else None
        ),
        {
            'File "/x/processing_gemma4.py", line 130, in __call__\n    elif not isinstance(text, '
            "list) and not isinstance(text[0], str):\nTypeError: 'NoneType' object is not "
            "subscriptable": "with text by name",
            "TypeError: 'NoneType' object is not subscriptable": "",
        },
    ),
)
