"""None in the place of a text, an image or a token."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_OF_IDS = re.compile(r"(?:LongTensor|as_tensor|\btensor|np\.array)\(")


def _none_in_a_row(case: Case) -> Answer | None:
    """Answer None in a tensor: a token that the tokenizer lacks, or an empty field of a row."""
    if "batch_text_or_text_pairs" in case.hit.text:
        return Answer(
            "the tokenizer got None in place of its texts",
            (
                "print({name: str(column)[:80] for name, column in batch.items()})   right "
                "before the "
                "tokenizer is called: the column has another name, or is None",
                "dataset.filter(lambda row: row['text'] is not None)   with the name of your "
                "column",
            ),
            known="the message is the tokenizer's; which column it is, the frames show",
            settles=False,
        )
    of_integers = "interpreted as an integer" in case.hit.text
    above = case.code or "\n".join(case.hit.before.splitlines()[-3:])
    if of_integers and not _OF_IDS.search(above):
        return None
    tokens = (
        "print(tokenizer.eos_token_id, tokenizer.bos_token_id, tokenizer.pad_token_id)   : one "
        "that is None has to be set: tokenizer.eos_token = '...'"
    )
    empty = (
        "print({k: str(v)[:80] for k, v in row.items()})   in the collator, of the row that fails: "
        "look for None"
    )
    return Answer(
        "None stands among the numbers of which a tensor is made",
        (tokens, empty) if of_integers else (empty, tokens),
        why="a trainer adds the tokenizer's own tokens to each row, None where it has none (Qwen's "
        "first tokenizers have neither bos nor eos); an empty field of the data is None, too",
        known="the message; which of the two it is, it does not say",
        settles=False,
    )


def _no_images(case: Case) -> Answer:
    """Tell rows without an image from paths or bytes that stand for one."""
    given = case.message.rpartition(" from ")[2][:80]
    filtered = "dataset.filter(lambda row: row['image'] is not None)   with the name of your column"
    cast = "dataset.cast_column('image', datasets.Image())   makes images of paths and bytes"
    if given and not re.sub(r"None|[\[\](),.\s]", "", given):
        return Answer(
            "rows without an image reached a processor that was given images",
            (
                filtered,
                "images left out of the call where a batch has none; and with Unsloth no vision "
                "collator for rows of text alone",
            ),
            known="the message shows what was given: None, or lists without anything in them",
            settles=False,
        )
    if re.search(r"<PIL\.|PIL\.\w{1,30}\.\w{1,30}ImageFile|mode=RGB", given):
        return Answer(
            "the processor got images in more lists within lists than it takes",
            (
                "processor(text=[text], images=[[image]], ...)   one list of images for each text; "
                "or images=[image]",
                "row['image'] in place of [row['image']], where the column holds a list already",
            ),
            known="the message shows what was given: images",
            settles=False,
        )
    return Answer(
        "a row without an image, or with a path or bytes for one, reached the processor",
        (cast, filtered),
        why="the processor takes PIL images, arrays or tensors; None stands for a missing file",
        settles=False,
    )


_NO_SET = re.compile(
    r"'NoneType' object has no attribute '(?:column_names|num_rows|train_test_split|"
    r"remove_columns|rename_column|select|shuffle)'"
)
_A_SET = re.compile(
    r"\b(?:train|eval|val|test|raw)?_?dataset\w{0,6}(?:\.\w+[\[(]|\.data\b|\[)|"
    r"\bin (?:train_|eval_|raw_)?dataset\b"
)


# A value of one row that is read further: of "data[0]['image']['bytes']" the image.
_A_VALUE = re.compile(
    r"(?:data|rows|samples)\w{0,6}(?:\[['\"](?:train|test|val\w*|eval)['\"]\])?\[\w{1,12}\]"
    r"\[['\"](?P<name>\w{1,40})['\"]\](?:\[|\.)"
)


def _empty_field(name: str) -> Answer:
    return Answer(
        f"the field {name} of a row is None, and the line reads on into it",
        (
            f"dataset.filter(lambda row: row['{name}'] is not None)",
            f"print(dataset.features['{name}'])   : an image or audio that was not decoded is a "
            f"dict "
            "with bytes and path, of which one may be None",
        ),
        known="the line takes a row, its field, and something of that",
        certain=False,
        settles=False,
    )


def _no_data_set(case: Case) -> Answer | None:
    """Answer None where a data set is expected: all rows were dropped, or none was given."""
    value = _A_VALUE.search(case.code)
    if value:
        return _empty_field(value["name"])
    reads_one = _A_SET.search(case.code) and "lambda" not in case.code
    if not (_NO_SET.search(case.hit.text) or reads_one):
        return None
    return Answer(
        "there is no data set where one is expected: it is None",
        (
            "the log above that error: how many rows were read, and how many dropped as too long "
            "or broken (max_length, cutoff_len, sequence_len)",
            "in a script of your own: print(train_dataset)   before the trainer is made; a "
            "function without return gives None",
            "eval_strategy='no', where the data have no part for an evaluation; or a share to "
            "split off: val_size, val_set_size",
        ),
        why="a framework hands on None where no row is left, or where no data set was named",
        known="the statement that raised reads a data set; which of these it is, it does not say",
        settles=False,
    )


_OF_ROWS = re.compile(
    r"[/\\](?:llamafactory|llmtuner)[/\\]data[/\\]|[/\\]swift[/\\]llm[/\\](?:template|dataset)|"
    r"[/\\]axolotl[/\\](?:prompt|utils[/\\]data)|chat_templates?\.py|dataset_utils\.py"
)
_OF_A_TURN = re.compile(r"\b(?:content|text|message|messages|value|conversation)\b")


def _turn_without_text(case: Case) -> Answer | None:
    """Answer code that looks into a turn's text and finds None, in a framework's reader of rows."""
    file = case.places[-1].file if case.places else ""
    if not _OF_ROWS.search(f"/{file}") or not _OF_A_TURN.search(case.code):
        return None
    return Answer(
        "a turn of a row has no text: its content is None",
        (
            "dataset.filter(lambda row: all(turn['content'] for turn in row['messages']))   with "
            "the names of your columns (conversations, value)",
            "of a file: python -m json.tool --json-lines FILE, and look for null",
        ),
        why="a field that is null or missing in one row is None in it; the rows before it pass",
        known="the statement that raised reads the text of a turn; which row it is, the message "
        "does not say",
        certain=False,
        settles=False,
    )


def _no_special_token(case: Case) -> Answer | None:
    """Answer code that asks a text for a token that the tokenizer does not have."""
    named = re.search(r"\b(?P<token>[bepu]\w{2}_token)\b", case.code)
    if not named:
        return None
    return Answer(
        f"the tokenizer has no {named['token']}: it is None",
        (
            f"if tokenizer.{named['token']} and ...   in that line, or a release of its package "
            "that does so",
            "no token of another name for it: a bos token that the model was not trained with "
            "changes what it reads",
        ),
        why="Qwen's tokenizers, for one, have no bos token",
        known="the message, and the line that raised it",
    )


KINDS: tuple[General, ...] = (
    General(
        "no-special-token",
        r"(?:startswith|endswith) first arg must be str or a tuple of str, not NoneType",
        _no_special_token,
        {
            'Traceback (most recent call last):\n  File "/x/data/message_utils.py", line 360, in '
            "get_formatted\n    if not x.startswith(tokenizer.bos_token):\nTypeError: startswith "
            "first arg must be str or a tuple of str, not NoneType": "no bos_token"
        },
    ),
    General(
        "no-data-set-there",
        r"'NoneType' object (?:has no attribute '(?:column_names|num_rows|train_test_split|select|"
        r"remove_columns|rename_column|shuffle|data|map|filter|features)'|is not subscriptable|"
        r"is not iterable)",
        _no_data_set,
        {
            "AttributeError: 'NoneType' object has no attribute 'column_names'": "it is None",
            'Traceback (most recent call last):\n  File "/x/swift/llm/sft.py", line 177, in f\n'
            "    td0, tkwargs0 = train_dataset.data[0]\nAttributeError: 'NoneType' object has no "
            "attribute 'data'": "max_length",
            'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    p.data[0]\n'
            "AttributeError: 'NoneType' object has no attribute 'data'": "",
            "TypeError: 'NoneType' object is not iterable": "",
            'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    x = dataset[0]['
            "\"image\"]['bytes']\nTypeError: 'NoneType' object is not subscriptable": "field image",
        },
    ),
    General(
        "turn-without-text",
        r"argument of type 'NoneType' is not iterable|'NoneType' object has no attribute "
        r"'(?:strip|replace|split|startswith|count|lower)'|'NoneType' object is not iterable",
        _turn_without_text,
        {
            'Traceback (most recent call last):\n  File "/w/LLaMA-Factory/src/llamafactory/data/'
            'mm_plugin.py", line 610, in process_messages\n    while IMAGE_PLACEHOLDER in content:'
            "\nTypeError: argument of type 'NoneType' is not iterable": "content is None",
            'Traceback (most recent call last):\n  File "/x/packages/transformers/a.py", line '
            "9, in f\n    a in content\nTypeError: argument of type 'NoneType' is not iterable": (
                ""
            ),
            "TypeError: argument of type 'NoneType' is not iterable": "",
        },
    ),
    General(
        "nothing-to-tokenize",
        r"You need to specify either `text` or `text_target`|"
        r"You have to specify either text or images\. Both cannot be none|"
        r"You need to provide at least one input to call",
        always(
            "tokenizer or processor was called without a text: the value is None, or the column "
            "has another name",
            "print(dataset[0])   and look at the column that is handed over",
            "tokenizer(text=row['text'])",
            settles=False,
        ),
        {"ValueError: You need to specify either `text` or `text_target`.": "dataset[0]"},
    ),
    General(
        "list-of-images-that-holds-none",
        r"Could not make (?:an? (?:flat |nested )?list of|batched) (?:images|videos?) from|"
        r"only a single or a list of entries is supported but got type=<class 'NoneType'>",
        _no_images,
        {
            "ValueError: Could not make a flat list of images from [None]": "without an image",
            "ValueError: Could not make a flat list of images from [[], []]": "without an image",
            "ValueError: Could not make batched images from [None]": "without an image",
            "ValueError: Could not make a flat list of images from ['a.png']": "cast_column",
            "ValueError: Could not make a flat list of images from [[[<PIL.Image.Image image mode="
            "RGB size=64x64 at 0x7F>]]]": "lists within lists",
        },
    ),
    General(
        "ids-that-are-none",
        r"Could not infer dtype of NoneType|"
        r"batch_text_or_text_pairs has to be a list or a tuple \(got <class 'NoneType'>|"
        r"'NoneType' object cannot be interpreted as an integer",
        _none_in_a_row,
        {
            "RuntimeError: Could not infer dtype of NoneType": "row that fails",
            "AssertionError: batch_text_or_text_pairs has to be a list or a tuple (got <class "
            "'NoneType'>)": "None in place of its texts",
            "    to_pad = [torch.LongTensor(ex[k]) for ex in batch]\nTypeError: 'NoneType' object "
            "cannot be interpreted as an integer": "eos_token_id",
            "    for i in range(n):\nTypeError: 'NoneType' object cannot be interpreted as an "
            "integer": "",
        },
    ),
)
