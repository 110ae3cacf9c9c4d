"""Processors that are called with their arguments mixed up, or that lack a file."""

from __future__ import annotations

from .base import General, always

_BY_NAME = "processor(text=[text], images=[image], return_tensors='pt')   with both by name"

PROCESSORS: tuple[General, ...] = (
    General(
        "images-given-twice",
        r"got multiple values for (?:keyword )?argument 'images'",
        always(
            "a processor got its text in the place of its images: images is its first argument",
            _BY_NAME,
            why="the processors of Gemma 3, 3n and 4, and others, are called (images, text, ...); "
            "a text that is handed over by position is taken for the images",
            known="the message; the order of the arguments was read in transformers 4.57.6",
        ),
        {
            "TypeError: f() got multiple values for argument 'images'": "by name",
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
)
