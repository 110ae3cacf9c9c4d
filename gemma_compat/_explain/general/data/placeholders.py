"""Image placeholders in the text of a batch, and the images or features that they stand for."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General

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


def _mismatch(case: Case) -> Answer:
    tokens, features = _counts(case.hit.text) or _counts(case.message) or (None, None)
    if tokens is None or features is None:
        return _unequal("", "the message")
    are = "images" if "num_images" in case.hit.text else "features"
    told = f": {tokens:,} placeholders and {features:,} {are}"
    if tokens == 0:
        return _no_placeholder(told)
    is_of_images = are == "features" and tokens <= _MANY_IMAGES and not features % tokens
    if is_of_images and features // tokens >= _ONE_MARK:
        return _not_expanded(tokens, features, told)
    if tokens < features:
        return _fewer_placeholders(case, tokens, told)
    return _unequal(told, _COUNTED)


_COUNTED = "the message counts both"


def _no_placeholder(told: str) -> Answer:
    return Answer(
        "the model finds no image placeholder in the tokens of a batch, though it has images"
        f"{told}",
        (
            "build the text with processor.apply_chat_template from messages whose content "
            "holds {'type': 'image'}",
            "print(processor.image_token_id, model.config.image_token_id)   : they have to be the "
            "same (image_token_index, in older configs)",
        ),
        why="the processor writes the placeholders where the template puts the image; a "
        "template for text, or a tokenizer in place of the processor, puts none; and a model that "
        "looks for another id finds none",
        known=_COUNTED,
    )


# An image has more features than that, and a batch has fewer images. (Gemma 4's message counts
# features times the hidden size, and so is out of this.)
_ONE_MARK, _MANY_IMAGES = 64, 32


def _not_expanded(tokens: int, features: int, told: str) -> Answer:
    return Answer(
        "an image has one placeholder in the tokens where the model expects one for each of its "
        f"features{told}",
        (
            "inputs = processor(text=[text], images=[image], return_tensors='pt')   : the "
            "processor repeats the placeholder, a tokenizer does not",
            "AutoProcessor.from_pretrained(MODEL)   of the same checkpoint, and pip install -U "
            "transformers: an older or a changed one does not know how often",
            "LLaVA: processor.patch_size and processor.vision_feature_select_strategy as in "
            "model.config (vision_config.patch_size)",
        ),
        why=f"{features // tokens:,} features for each placeholder are those of one image",
        known=f"{_COUNTED}; that it was not repeated is likely by the two numbers",
        certain=False,
        settles=False,
    )


# The option that cuts rows, by whose run it is.
_CUTS = (
    (r"llama_?factory|llamafactory|\bcutoff_len\b", "cutoff_len: 8192   in the YAML"),
    (r"[/\\]swift[/\\]|\bswift (?:sft|rlhf)", "--max_length 8192"),
    (r"[/\\]axolotl[/\\]|\baxolotl\b", "sequence_len: 8192   in the YAML"),
    (r"[/\\]verl[/\\]", "data.max_prompt_length=8192"),
)


def _longer(case: Case) -> str:
    """Return how rows are kept from being cut, in the words of the framework that the log is of."""
    near = f"{case.frames}\n{case.near}"
    for pattern, option in _CUTS:
        if re.search(pattern, near):
            return f"{option}   (or long enough for every image)"
    return (
        "max_length=None   (or long enough for every image), in the trainer's config and in the "
        "collator; cutoff_len in LLaMA-Factory"
    )


def _fewer_placeholders(case: Case, tokens: int, told: str) -> Answer:
    each = _NUMBER_EACH.get(str(case.facts.model.get("model_type")), 0)
    is_cut = bool(each and tokens % each)
    arithmetic = f"; an image of this Gemma takes {each}" if each else ""
    return Answer(
        f"a batch has fewer image placeholders than image features{told}",
        (
            _longer(case),
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


def _cut_off(case: Case) -> Answer:
    ids, kind = case.match["ids"], case.match["kind"]
    counted = f": of {case.match['text']} places {ids} are left" if ids else ""
    left, places = (
        sum(int(number) for number in re.findall(r"\d+", case.match[name] or ""))
        for name in ("ids", "text")
    )
    if ids and not 0 < left < places:
        return Answer(
            f"the text has {case.match['text']} places of its {kind}, and {ids} after tokenizing",
            (
                "the processor of the checkpoint itself: AutoProcessor.from_pretrained(MODEL), "
                "and not another tokenizer or template",
                "truncation=False, where rows are cut",
            ),
            why="a tokenizer that does not know the token for a place splits it, and a row may be "
            "cut",
            known="the processor counts the places in the text and after tokenizing",
            settles=False,
        )
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


def _in_a_prompt(case: Case) -> Answer:
    counts = [text.strip() for text in case.match.groups() if text]
    tokens, images = counts[0], counts[1]
    if tokens == images:
        return Answer(
            f"the model refuses a batch with {tokens} image placeholders and {images} images, "
            "though they are as many",
            (
                "pip install -U transformers   with the processor of the same checkpoint",
                "per_device_train_batch_size=1   shows whether padding or a second GPU "
                "(CUDA_VISIBLE_DEVICES=0) is behind it",
            ),
            why="an older check counts places after padding and sharing out, not rows",
            known="the message has both numbers",
            settles=False,
        )
    return Answer(
        f"the text of a row has {tokens} image placeholders, and {images} images came with it",
        (
            "build the text with processor.apply_chat_template from messages that hold one "
            "{'type': 'image'} for each image",
            "or write the image token (processor.image_token, boi_token) into the text by hand",
        ),
        known="the processor counts both",
        settles=False,
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
            "ValueError: Image features and image tokens do not match: tokens: 1, features 576": (
                "repeats the placeholder"
            ),
            "llamafactory-cli train x.yaml\nValueError: Image features and image tokens do not "
            "match: tokens: 2005, features 2695": "cutoff_len",
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
            "ValueError: Mismatch in `image` token count between text and `input_ids`. Got ids="
            "[0] and text=[256].": "0 after tokenizing",
            "Mismatch in image token count between text and input_ids.\nLikely due to "
            "truncation='max_length'.": "256 each",
        },
        alone=True,
    ),
    General(
        "placeholders-in-a-prompt",
        r"Prompt contained (?P<tokens>\d+) image tokens but received (?P<images>\d+) images|"
        r"number of images in the text \[(?P<tokens_of_a_text>[\d, ]{1,40})\] and images "
        r"\[(?P<images_of_a_text>[\d, ]{1,40})\] should be the same|"
        r"number of image tokens? \(?\[?(?P<counted>[\d, ]{1,40})\]?\)? should be the same as in "
        r"the number of provided images \(?\[?(?P<provided>[\d, ]{1,40})|"
        r"number of image tokens? is (?P<were>\d{1,6}) while the number of images? given to the "
        r"model is (?P<given>\d{1,6})",
        _in_a_prompt,
        {
            "ValueError: Prompt contained 0 image tokens but received 1 images.": (
                "apply_chat_template"
            ),
            "ValueError: The number of images in the text [0] and images [1] should be the same.": (
                "has 0 image placeholders"
            ),
            "ValueError: The number of image token (0) should be the same as in the number of "
            "provided images (1)": "'type': 'image'",
            "ValueError: The input provided to the model are wrong. The number of image tokens is "
            "0 while the number of image given to the model is 1.": "has 0 image placeholders",
            "ValueError: The input provided to the model are wrong. The number of image tokens is "
            "1 while the number of image given to the model is 1.": "pip install -U transformers",
        },
    ),
)
