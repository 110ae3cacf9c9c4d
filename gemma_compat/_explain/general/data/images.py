"""Images and audio in a batch: placeholders that do not match, and processors that refuse."""

from __future__ import annotations

import re

from ....tables import families
from ...answer import Answer
from ..base import Case, General, always

_NUMBER_EACH = {"gemma3": 256, "gemma3n": 256}


def _counts(text: str) -> tuple[int, int] | None:
    """Return how many placeholders and how many features the message counts."""
    found = re.search(
        r"[Gg]ot (\d+) image tokens in the text (?:but|and) (\d+)|"
        r"in input_ids \((\d+)\) different from num_images \((\d+)|"
        r"tokens:? (\d+),? features:? (\d+)|n_tokens[:=] ?(\d+).{0,40}n_features[:=] ?(\d+)",
        text,
    )
    if found is None:
        return None
    tokens, features = (int(item) for item in found.groups() if item is not None)
    return tokens, features


def _per_text(case: Case) -> Answer | None:
    images, texts = int(case.match["images"]), int(case.match["texts"])
    if not 1 < images < texts:
        return None  # a list of images that was not nested
    return Answer(
        f"a batch has {texts} texts and images for {images} of them: rows without an image are "
        "among the others",
        (
            "train rows with and rows without images apart, or drop those without: "
            "dataset.filter(lambda row: row['images'])",
            "or images=[[image], [], [image]]: one list for each text, where this processor takes "
            "an empty one",
            "per_device_train_batch_size=1   shows whether it is the mixture",
        ),
        why="the processor asks for one list of images for each text of the batch",
        known="the message counts both; that the rows are mixed is inferred",
        certain=False,
        settles=False,
    )


def _mismatch(case: Case) -> Answer:
    tokens, features = _counts(case.hit.text) or _counts(case.message) or (None, None)
    if tokens is None or features is None:
        return _unequal("", "the message")
    are = "images" if "num_images" in case.hit.text else "features"
    told = f": {tokens:,} placeholders and {features:,} {are}"
    if tokens == 0:
        return _no_placeholder(told)
    if tokens < features:
        return _fewer_placeholders(case, tokens, told)
    return _unequal(told, _COUNTED)


_COUNTED = "the message counts both"


def _no_placeholder(told: str) -> Answer:
    return Answer(
        f"the text of a batch has no image placeholder at all, though it has images{told}",
        (
            "build the text with processor.apply_chat_template from messages whose content "
            "holds {'type': 'image'}",
        ),
        why="the processor writes the placeholders where the template puts the image; a "
        "template for text, or a tokenizer in place of the processor, puts none",
        known=_COUNTED,
    )


def _fewer_placeholders(case: Case, tokens: int, told: str) -> Answer:
    each = _NUMBER_EACH.get(str(case.facts.model.get("model_type")), 0)
    is_cut = bool(each and tokens % each)
    arithmetic = f"; an image of this Gemma takes {each}" if each else ""
    return Answer(
        f"a batch has fewer image placeholders than image features{told}",
        (
            "max_length=None   (or long enough for every image), in the trainer's config and "
            "in the collator",
            "or the text has one placeholder less than the row has images",
        ),
        why="rows that are cut at max_length lose placeholders, the images stay"
        + arithmetic
        + (f", and {tokens:,} is not a multiple of it" if is_cut else ""),
        known=f"{_COUNTED}; the rest follows by arithmetic" if is_cut else _COUNTED,
        certain=is_cut,
    )


def _unequal(told: str, known: str) -> Answer:
    return Answer(
        f"image placeholders in the text and image features do not match{told}",
        (
            "one placeholder for each image of the row, by the processor's own template",
            "batches of one row first: it shows which row it is",
        ),
        why="the text has a placeholder without an image (it was already expanded, or the images "
        "were dropped), or rows and images of a batch are mixed up",
        known=known,
        settles=False,
    )


def _no_image_processor(case: Case) -> Answer | None:
    kind = case.facts.model.get("model_type")
    if kind and not families.is_gemma(kind):
        return None
    return Answer(
        "the processor was called with images in a form that it does not take",
        (
            "images=[[image], [image]] for a batch: one list of images for each text",
            "image.convert('RGB') for each image that was opened",
        ),
        known="the message",
        certain=False,
        settles=False,
    )


def _cut_off(case: Case) -> Answer:
    ids, kind = case.match["ids"], case.match["kind"]
    counted = f": of {case.match['text']} places {ids} are left" if ids else ""
    return Answer(
        f"the row was cut within the places of its {kind}{counted}",
        (
            "truncation=False, max_length=None   in the processor's call and in the trainer's "
            "config",
            "or a max_length above the placeholders of all images (256 each for Gemma 3) and the "
            "text",
        ),
        known="the processor counts the places in the text and after tokenizing",
    )


KINDS: tuple[General, ...] = (
    General(
        "placeholders-and-images",
        r"[Ii]mage features and image tokens do not match|"
        r"Number of images does not match number of special image tokens|"
        r"Got \d+ image tokens in the text (?:but|and) \d+ tokens from image embeddings|"
        r"[Ff]eatures and image tokens .{0,20}do not match|"
        r"Number of image tokens \(\d+\) does not match number of image features|"
        r"Number of image tokens in input_ids \(\d+\) different from num_images",
        _mismatch,
        {
            "ValueError: Image features and image tokens do not match: tokens: 0, features 256": (
                "no image placeholder"
            ),
            "ValueError: Image features and image tokens do not match: tokens: 976, features "
            "1024": "max_length",
            "ValueError: Image features and image tokens do not match, tokens: 512, features: "
            "256": "one placeholder for each image",
        },
    ),
    General(
        "placeholders-cut-off",
        r"[Mm]ismatch in [`'\"]?(?P<kind>image|video|audio)[`'\"]? tokens? count between text and "
        r"`?input_ids(?:`?\. Got ids=\[?(?P<ids>[\d, ]{1,40})\]? and text=\[?"
        r"(?P<text>[\d, ]{1,40}))?",
        _cut_off,
        {
            "ValueError: Mismatch in `image` token count between text and `input_ids`. Got ids="
            "[256] and text=[512]. Likely due to `truncation='max_length'`.": "256 are left",
            "Mismatch in image token count between text and input_ids.\nLikely due to "
            "truncation='max_length'.": "256 each",
        },
        alone=True,
    ),
    General(
        "placeholders-in-a-prompt",
        r"Prompt contained (?P<tokens>\d+) image tokens but received (?P<images>\d+) images",
        lambda case: Answer(
            f"the text of a row has {case.match['tokens']} image placeholders, and "
            f"{case.match['images']} images came with it",
            (
                "build the text with processor.apply_chat_template from messages that hold one "
                "{'type': 'image'} for each image",
                "or write the image token (processor.image_token, boi_token) into the text by hand",
            ),
            known="the processor counts both",
        ),
        {
            "ValueError: Prompt contained 0 image tokens but received 1 images.": (
                "apply_chat_template"
            )
        },
    ),
    General(
        "images-for-a-tokenizer",
        r"dataset appears to be vision-related \(contains",
        always(
            "the rows have images, and the trainer was given a tokenizer in place of the processor",
            "processing_class=processor   in SFTTrainer, and not processor.tokenizer",
            "or dataset.remove_columns('images'), if the text alone is to be trained",
            why="TRL tells a vision-language model by its processing_class: with a tokenizer it "
            "takes the model for one of text, also where a data_collator of your own is given",
            known="TRL's check reads the columns and the processing_class (read in trl 0.24.0)",
        ),
        {
            "ValueError: The dataset appears to be vision-related (contains 'image' or 'images' "
            "keys), but the provided model does not seem to be a vision-language model.": (
                "processing_class=processor"
            )
        },
    ),
    General(
        "placeholders-and-files",
        r"[Nn]umber of (?P<kind>image|video|audio)s? (?:does not|doesn't|do not) match the number "
        r"of (?P<token><\w{2,20}>|\w{2,20})? ?(?:tokens|placeholders)",
        lambda case: Answer(
            f"a row has more or fewer {case.match['token'] or 'placeholders'} in its text than "
            f"{case.match['kind']} files",
            (
                f"one {case.match['token'] or 'placeholder'} in the text for each "
                f"{case.match['kind']} of the row, and none without",
                "update the framework, if every row has as many: it replaces the placeholder by "
                "the model's own token",
            ),
            why="the framework counts its own placeholder, and not the model's token "
            "(<audio_soft_token>, <image_soft_token>, <start_of_image>)",
            known="the message is the framework's, no matter of the model; which row it is, it "
            "does not say",
            settles=False,
        ),
        {
            "ValueError: The number of audios does not match the number of <audio> tokens.": (
                "one <audio> in the text"
            ),
            "ValueError: The number of images does not match the number of <image> tokens": (
                "one <image>"
            ),
            "ValueError: The number of images does not match the number of rows": "",
        },
    ),
    General(
        "processor-made-from-a-name",
        r"You need to specify an? `(?:image_processor|tokenizer)`",
        always(
            "a processor was made without its image processor or its tokenizer",
            "AutoProcessor.from_pretrained(MODEL), and not PaliGemmaProcessor(MODEL)",
            why="the class itself takes parts that are loaded already; from_pretrained loads them",
            known="the message is the processor's",
            settles=False,
        ),
        {"ValueError: You need to specify an `image_processor`.": "from_pretrained"},
    ),
    General(
        "rows-with-and-without-images",
        r"Received inconsistently sized batches of images \((?P<images>\d+)\) and text "
        r"\((?P<texts>\d+)\)",
        _per_text,
        {
            "ValueError: Received inconsistently sized batches of images (3) and text (4)": (
                "without an image"
            ),
            "ValueError: Received inconsistently sized batches of images (4) and text (1).": "",
            "ValueError: Received inconsistently sized batches of images (1) and text (2).": "",
        },
    ),
    General(
        "images-in-another-form",
        r"Invalid input type\. Must be a single image|"
        r"Make sure that you pass as many images as|"
        r"Received inconsistently sized batches of images",
        _no_image_processor,
        {
            "ValueError: Received inconsistently sized batches of images (1) and text (2).": (
                "one list of images"
            )
        },
    ),
    General(
        "channels-unclear",
        r"Unable to infer channel dimension format|"
        r"Unsupported number of image dimensions: 2|"
        r"to have 3 channels, but got [124] channels instead|"
        r"mean must have 1 elements if it is an iterable, got 3",
        always(
            "an image has not three channels: it is grey, or has an alpha channel, or is a mask",
            "image.convert('RGB') for each image, before the processor",
            why="the processor normalises red, green and blue",
            known="the message is the image processor's",
        ),
        {"ValueError: Unable to infer channel dimension format": "RGB"},
    ),
)
