"""What image processors, processors and tokenizers of transformers refuse."""

from __future__ import annotations

from ..base import General
from ..refused import Row, refused

_KNOWN = "the message; its condition was read in transformers 4.31.0 to 5.24.0"

_IMAGES: tuple[Row, ...] = (
    Row(
        "ValueError: The image to be converted to a PIL image contains values outside the range "
        "[0, 1], got [-1.2, 2.1] which cannot be converted to uint8.",
        r"image to be converted to a PIL image contains values outside the range \[0, (?:1|255)\], "
        r"got \[(\S{1,24}), (\S{1,24})\]",
        "the processor got an image whose values go from {0} to {1}: it was normalized before, or "
        "never went from 0 to 255",
        (
            "give the processor the picture as it was loaded (PIL), without ToTensor and Normalize "
            "before it",
            "or do_rescale=False, do_resize=False   for tensors that are prepared",
        ),
    ),
    Row(
        "TypeError: Incorrect format used for image. Should be an url linking to an image, a "
        "base64 string, a local path, or a PIL image.",
        r"Incorrect format used for image\. Should be an? ",
        "what stands for an image is neither a picture nor a text that leads to one",
        (
            "print(type(image))   for the row: a dict with bytes or path wants "
            "dataset.cast_column('image', datasets.Image())",
            "None: dataset.filter(lambda row: row['image'] is not None)",
        ),
        "a text is taken as a URL, a path or base64, and a PIL image as it is; all else is refused",
    ),
    Row(
        "ValueError: The size dictionary must have keys 'height' and 'width'. Got "
        "dict_keys(['shortest_edge'])",
        r"The `?size`? dictionary must (?:have keys|contain the keys) '?`?height|size must have "
        r"one of the following set of keys|Size must contain 'height' and 'width' keys|The "
        r"`size` parameter must contain the key",
        "the size that this image processor is given has other keys than it reads",
        (
            'size={"height": 896, "width": 896}   with the figures of the model\'s '
            "preprocessor_config.json, which also has the keys that its processor reads",
            "AutoProcessor.from_pretrained(MODEL)   in place of a processor of another model's "
            "class or a preprocessor_config.json of another release",
        ),
    ),
    Row(
        "ValueError: Input image size (256*256) doesn't match model (224*224).",
        r"Input image size \((\d{1,5})\*(\d{1,5})\) doesn't match model \((\d{1,5})\*(\d{1,5})\)",
        "the images have {0} x {1} pixels, and the model takes {2} x {3}",
        (
            "AutoImageProcessor.from_pretrained(MODEL)   and its pixel_values: it resizes to what "
            "the model takes",
            "or model(..., interpolate_pos_encoding=True)   where larger images are meant",
        ),
    ),
    Row(
        "ValueError: height:14 or width:200 must be larger than factor:28",
        r"height:(\d{1,6}) (?:or|and) width:(\d{1,6}) must be larger than factor:(\d{1,4})",
        "an image has {0} x {1} pixels, and this processor takes none with a side below {2}",
        (
            "dataset = dataset.filter(lambda row: min(row['image'].size) >= {2})",
            "or pip install -U transformers   : newer ones enlarge it (4.57.6 does, 4.51.3 does "
            "not)",
        ),
    ),
    Row(
        "ValueError: absolute aspect ratio must be smaller than 200, got 250.0",
        r"absolute aspect ratio must be smaller than (\d{1,4}), got (\S{1,12})",
        "an image is {1} times as long as it is wide, and this processor takes less than {0}",
        (
            "dataset = dataset.filter(lambda row: max(row['image'].size) < {0} * "
            "min(row['image'].size))",
        ),
        "such an image is mostly a line or a broken crop",
    ),
    Row(
        "ValueError: Found 2 <image> tokens in the text but no images were passed.",
        r"Found (\d{1,6}) (\S{2,40}) tokens in the text but no (\w{3,12})(?: inputs)? were "
        r"passed",
        "the text has places for {2} ({1}), and none were passed",
        (
            "processor(text=texts, images=images)   with what the places stand for",
            "or take the marks out of the text, where the row has none",
        ),
    ),
    Row(
        "ValueError: No image were provided, but there are image tokens in the prompt",
        r"No image were provided, but there are image tokens in the prompt",
        "the prompt has places for images, and none were given",
        ("processor(text=texts, images=images)   with a list of images for each text",),
    ),
    Row(
        "ValueError: The number of image tokens in each text ([1]) should be the same as the "
        "number of provided images per batch ([0]).",
        r"The number of image tokens in each text \((\[[\d, ]{1,80}\])\) should be the same as the "
        r"number of provided images per batch \((\[[\d, ]{1,80}\])\)",
        "the texts have {0} places for images, and {1} images were given",
        (
            "images=[[image_1, image_2], [image_3]]   : a list for each text, with as many images "
            "as it has places",
        ),
    ),
    Row(
        "ValueError: Sequence length must be less than max_position_embeddings (got `sequence "
        "length`: 77 and max_position_embeddings: 64",
        r"Sequence length must be less than max_position_embeddings \(got `sequence length`: "
        r"(\d{1,6}) and max_position_embeddings: (\d{1,6})",
        "a text of {0} tokens goes to an encoder with {1} positions",
        ('processor(..., padding="max_length", truncation=True, max_length={1})',),
    ),
    Row(
        "ValueError: Label values must be <= vocab_size: 32",
        r"Label values must be <= vocab_size: (\d{1,7})",
        "the labels have ids that the model's head does not have: it has {0}",
        (
            "from_pretrained(MODEL, vocab_size=len(processor.tokenizer), "
            "ignore_mismatched_sizes=True)",
        ),
        "the head was made for another vocabulary than the tokenizer's",
    ),
)

_PROCESSORS: tuple[Row, ...] = (
    Row(
        "ValueError: Cannot load chat template due to conflicting files - this checkpoint combines "
        "a legacy chat_template.json file with separate template files, which is not supported.",
        r"Cannot load chat template due to conflicting files",
        "the checkpoint's folder has chat_template.json and the newer template files as well",
        (
            "rm FOLDER/chat_template.json   where FOLDER/chat_template.jinja is there",
            "else write the text of its entry chat_template to chat_template.jinja first",
        ),
    ),
    Row(
        "ValueError: This processor requires 2 arguments: image_processor, tokenizer. Got 1 "
        "arguments instead.",
        r"This processor requires (\d) arguments: ([\w, ]{2,120})\. Got (\d) arguments instead",
        "a processor is made from {2} of the {0} parts that it has: {1}",
        (
            "AutoProcessor.from_pretrained(MODEL)   makes it with all of them",
            "or name each of them in the call",
        ),
        "where from_pretrained made the call, the code of the checkpoint and this transformers do "
        "not fit",
    ),
    Row(
        "TypeError: Received a GemmaTokenizerFast for argument image_processor, but a "
        "ImageProcessingMixin was expected.",
        r"Received a (\w{2,60}) for argument (\w{2,40}), but an? ([^\n]{2,120}?) was expected",
        "a processor got {0} as its {1}, which has to be {2}",
        (
            "name the arguments: image_processor=..., tokenizer=...   (their order differs between "
            "classes)",
            "NoneType or bool: the file for that part was not found in the checkpoint's folder; "
            "processor.save_pretrained(FOLDER) writes all of them",
        ),
    ),
    Row(
        "ValueError: An instance of tokenizer class BloomTokenizer cannot be converted in a Fast "
        "tokenizer instance. No converter was found.",
        r"An instance of tokenizer class (\w{2,60}) cannot be converted in a Fast tokenizer",
        "there is no fast form of {0} in this transformers, and no tokenizer.json to read one from",
        (
            "AutoTokenizer.from_pretrained(MODEL, use_fast=False)",
            "or a checkpoint with tokenizer.json",
        ),
    ),
    Row(
        "ValueError: Non-consecutive added token '<pad>' found. Should have index 32000 but has "
        "index 0 in saved vocabulary.",
        r"Non-consecutive added token '(\S{1,40})' found|Wrong index found for (\S{1,40}): should "
        r"be",
        "added_tokens.json gives {0}{1} an id that this transformers does not expect there",
        (
            "pip install -U 'transformers>=4.36'   : it takes any id (4.36.2 has no such check, "
            "4.31.0 has)",
            "or take the token out of FOLDER/added_tokens.json, where the vocabulary has it",
        ),
    ),
    Row(
        "ValueError: type of None unknown: <class 'NoneType'>. Should be one of a python, numpy, "
        "pytorch or tensorflow object.",
        r"type of (\S{1,80}) unknown: <class '([\w.]{1,60})'>\. Should be one of a python",
        "input_ids of a row hold {1}, where numbers are expected",
        (
            "dataset = dataset.filter(lambda row: row['input_ids'] is not None)   for NoneType",
            "str: the rows are texts still; dataset.map(lambda row: tokenizer(row['text']))",
        ),
        "pad() looks at the first element of the batch",
    ),
    Row(
        "ValueError: Unable to create tensor, you should probably activate padding with "
        "'padding=True' to have batched tensors with the same length.",
        r"Unable to create tensor, you should probably activate padding with 'padding=True' to "
        r"have batched tensors",
        "recordings or features of unequal length are to become one tensor, without padding",
        (
            'feature_extractor(..., padding=True, return_tensors="pt")',
            'in a collator: feature_extractor.pad(rows, padding=True, return_tensors="pt")',
        ),
    ),
    Row(
        "ValueError: Can't find a vocabulary file at path 'vocab.txt'.",
        r"Can't find a vocabulary file at path '(\S{1,200})'",
        "there is no vocabulary file {0} for this class of tokenizer",
        (
            "AutoTokenizer.from_pretrained(FOLDER)   : it takes the class that the folder's files "
            "are for",
            "ls FOLDER   : tokenizer.json or vocab.txt must be there",
        ),
    ),
    Row(
        "ValueError: Unrecognized configuration class <class "
        "'transformers.models.llava.configuration_llava.LlavaConfig'> to build an AutoTokenizer.",
        r"Unrecognized configuration class <class '[\w.]{1,120}?(\w{1,60})'> to build an "
        r"AutoTokenizer",
        "AutoTokenizer of this transformers has no tokenizer for {0}",
        (
            "AutoProcessor.from_pretrained(MODEL).tokenizer   for a model with images or sound",
            "pip install -U transformers   where the model is newer than the release",
            "or the class that tokenizer_config.json names as tokenizer_class",
        ),
    ),
)

KINDS: tuple[General, ...] = (
    refused(
        "images-refused",
        ("transformers",),
        _IMAGES,
        _KNOWN,
        {"I read that the absolute aspect ratio must be smaller than 200, is that so?": ""},
    ),
    refused(
        "processors-refused",
        ("transformers",),
        _PROCESSORS,
        _KNOWN,
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/odd/proc.py", line 3, in '
            "f\n    raise ValueError(\nValueError: This processor requires 2 arguments: a, b. Got "
            "1 arguments instead.": ""
        },
    ),
)
