"""Images and audio in a batch: placeholders that do not match, and processors that refuse."""

from __future__ import annotations

from ...answer import Answer
from ..base import Case, General, always


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


def _no_image_processor(case: Case) -> Answer:
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


KINDS: tuple[General, ...] = (
    General(
        "image-that-is-no-address",
        r"Incorrect image source\. Must be a valid URL",
        always(
            "an image is given as a text that is neither an address, nor a file that is there, nor "
            "base64",
            "ls -l PATH   from the folder in which the command runs: a relative path counts from "
            "there",
            "dataset.cast_column('image', datasets.Image())   makes images of paths and bytes",
            "data:image/png;base64,...   where the text is base64",
            known="transformers tried all three; the end of the message says why the last one "
            "failed",
            settles=False,
        ),
        {
            "ValueError: Incorrect image source. Must be a valid URL starting with `http://` or "
            "`https://`, a valid path to an image file, or a base64 encoded string. Got a.png": "ls"
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
            "an image has not three channels, most likely: it is grey, or has an alpha channel, "
            "or is "
            "a mask; or its axes are in an unusual order",
            "image.convert('RGB') for each image, before the processor",
            why="the processor normalises red, green and blue",
            known="the message is the image processor's",
            certain=False,
        ),
        {"ValueError: Unable to infer channel dimension format": "RGB"},
    ),
)
