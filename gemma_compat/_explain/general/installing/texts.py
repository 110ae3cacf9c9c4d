"""Texts that are read or written: code pages and JSON."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General


def _encoded(case: Case, codec: str) -> Answer:
    """Answer text that could not be written in a code."""
    if codec.startswith("utf"):
        return Answer(
            "a text holds half of a character (a surrogate), which UTF does not write",
            (
                "text.encode('utf-8', 'replace').decode()   before it is tokenized or saved",
                "print(ascii(text))   shows it: an emoji that a cut left in two, or the name of a "
                "file in another encoding",
            ),
            known="the message names the character; where it comes from, the frames say",
            settles=False,
        )
    if codec in {"latin-1", "iso-8859-1"}:
        return Answer(
            "a text goes through a place that takes Latin-1 alone, and has a character beyond it",
            (
                "in a request: type the token (HF_TOKEN, an API key) anew; one that was copied "
                "with … or an invisible character looks the same on the screen",
                "print(ascii(value))   of a token, an address or a name shows the character",
                "elsewhere: encoding='utf-8' in the open() of the last frame",
            ),
            why="the headers of a request are written in Latin-1, and the token is one of them",
            known="the message names the character; which text it is, the frames say",
            certain=False,
            settles=False,
        )
    return _of_the_system(codec)


def _of_the_system(codec: str) -> Answer:
    return Answer(
        f"Python reads or writes a UTF-8 text with the system's code page ({codec})",
        (
            "PYTHONUTF8=1 before the command   (Windows: set PYTHONUTF8=1)",
            "or encoding='utf-8' in the open() of the last frame",
        ),
        why="without it Python takes the code page of the system for text files, mostly on Windows",
        known="the message names the code page",
    )


_ASKED_FOR = Answer(
    "the script itself writes a text in a code that lacks one of its characters",
    (
        "'utf-8' in place of the code that the line names",
        "or errors='replace' (or 'ignore') beside it, where the other side takes no UTF-8",
    ),
    known="the line of the script names the code",
)


def _code_page(case: Case) -> Answer | None:
    codec = case.match["codec"].lower().replace("_", "-")
    if codec == "idna":
        return None  # the name of a host, and no file
    if "escape" in codec:
        return Answer(
            "a backslash in a text of the script begins an escape: most often in a path of Windows",
            (
                'r"C:\\Users\\me\\model"   with an r before it, or C:/Users/me/model',
                "in JSON and YAML: two backslashes for each, or / in their place",
            ),
            why=r"\U and \x begin the code of a character in Python's texts, so \Users cannot be "
            "read",
            known="Python says so; which text it is, the line above shows",
        )
    is_asked_for = case.is_of_the_script and re.search(
        rf"['\"]{re.escape(codec).replace('-', '[-_]?')}['\"]", case.code.lower()
    )
    if case.match["way"] == "en":
        return _ASKED_FOR if is_asked_for else _encoded(case, codec)
    if not codec.startswith("utf") and not is_asked_for:
        return _of_the_system(codec)
    name = codec.upper() if codec != "utf8" else "UTF-8"
    return Answer(
        f"what is read as {name} text is not {name}",
        (
            "file PATH   shows what it is; encoding='cp1252' (or its own) in open()",
            "or download it again, where it should be text",
        ),
        why="it is binary (compressed, a checkpoint, a Parquet file) or was saved in another code "
        "page",
        known="the message names the byte; which file it is, the frame above says",
        settles=False,
    )


def _not_json(case: Case) -> Answer:
    name = case.match["name"]
    if name == "Undefined":
        return Answer(
            "the chat template writes a value as JSON that the row does not have",
            (
                "give each turn and each tool all the keys that the template reads",
                "or tools=None, where there are none",
            ),
            why="Undefined is what a template gets for a missing key",
            known="the message",
            settles=False,
        )
    is_number = re.fullmatch(r"Tensor|ndarray|bool_?|(?:float|int|uint|bfloat)\d*", name)
    plain = (
        "value.item() for one number, value.tolist() for many   (in what compute_metrics returns, "
        "what is logged, or what json.dump is given)"
        if is_number
        else "plain values in what is saved: str(...), list(...), float(...)"
    )
    newer = (
        "or pip install -U transformers peft trl, where it is a value that they set themselves "
        "(a dtype, a set of names, another config)"
    )
    of_the_script = case.is_of_the_script
    return Answer(
        f"a value of the class {name} is written as JSON, which cannot hold it",
        (plain,) if of_the_script or is_number else (plain, newer),
        why=""
        if of_the_script
        else "configs, trainer_state.json and the reports to a tracker are written as JSON",
        known="the message names the class; who put it there, the frames say",
        settles=False,
    )


_BROKEN_JSON = "python -m json.tool FILE   names the place"
_REPLY = "a reply over the network: print(response.status_code, response.text[:200])"
_AGAIN = "a file of a checkpoint: rm it and download it again"
# What the parser says, and what that is most often.
_OF_JSON = (
    (
        r"Extra data",
        "text follows the end of the JSON: a file with one object a line, read as one whole, is "
        "the commonest",
        (
            "load_dataset('json', data_files=FILE), or [json.loads(line) for line in open(FILE)]",
            "a file that was written to twice: delete it, and write it anew",
        ),
    ),
    (
        r"Expecting property name enclosed in double quotes",
        "a key does not stand in double quotes where JSON wants it so: single quotes, or a comma "
        "after the last entry",
        (_BROKEN_JSON, "a dict of Python as text: ast.literal_eval(text) in place of json.loads"),
    ),
    (
        r"Expecting value: line 1 column 1 \(char 0\)",
        "nothing, or something else than JSON, stands where JSON is expected",
        (
            "head -c 200 FILE   : empty, a page of HTML, or a pointer of Git LFS?",
            _AGAIN,
            _REPLY,
        ),
    ),
    (
        r"Invalid \\escape",
        "a backslash stands in the JSON before a letter that it does not escape: paths of Windows "
        "and LaTeX are the commonest",
        (
            "json.dumps(row)   writes each as two; never write JSON by hand from texts",
            "in a file that is there already: two backslashes for each of a path or a formula",
        ),
    ),
    (
        r"Invalid control character",
        "a line break or another control character stands unescaped in a text of the JSON",
        ("json.loads(text, strict=False)", "json.dumps(row)   writes it as \\n"),
    ),
    (
        r"Unterminated string|Expecting ',' delimiter|Expecting value",
        "the JSON breaks off or is faulty at the place that the message names",
        (_BROKEN_JSON, _AGAIN),
    ),
)


def _json(case: Case) -> Answer:
    """Answer a text that cannot be read as JSON, by what the parser says."""
    reads_a_file = "json.load(" in case.code
    if case.is_of_the_script and not reads_a_file and case.says(r"reward|completion"):
        return Answer(
            "the script reads a text of the model as JSON, and that text is none",
            (
                "try: json.loads(text)   except json.JSONDecodeError: a reward of 0",
                "print(repr(text))   : words or ``` around the JSON, or a text that was cut at "
                "max_completion_length",
            ),
            why="a model need not keep to a form, least of all at the beginning of a training",
            known="the last frame is the script's; that the text is the model's, its names say",
            certain=False,
        )
    do: tuple[str, ...]
    said, do = next(
        ((said, do) for text, said, do in _OF_JSON if case.says(text)),
        ("a file that should be JSON is empty, cut off or something else", (_BROKEN_JSON, _AGAIN)),
    )
    if re.search(r"[/\\](?:requests|httpx|aiohttp)[/\\]", case.frames):
        do = (_REPLY, *(item for item in do if item != _REPLY))
    return Answer(
        said,
        do,
        why=(
            "the frames say who reads it" if case.frames else "who reads it, only a traceback says"
        )
        + ": the config of a checkpoint, a data file, a settings file, or a reply over the network",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "text-in-another-code-page",
        r"'(?P<codec>[\w-]{2,20})' codec can't (?P<way>de|en)code",
        _code_page,
        {
            "UnicodeDecodeError: 'charmap' codec can't decode byte 0x81 in position 1: character "
            "maps to <undefined>": "PYTHONUTF8=1",
            "UnicodeEncodeError: 'gbk' codec can't encode character '\\U0001f9a5' in position 0": (
                "PYTHONUTF8=1"
            ),
            'Traceback (most recent call last):\n  File "/home/me/t.py", line 3, in f\n    '
            "name = title.encode(\"ascii\")\nUnicodeEncodeError: 'ascii' codec can't encode "
            "character '\\xe9' in position 3": "the script itself writes",
            'Traceback (most recent call last):\n  File "/home/me/t.py", line 3, in f\n    '
            "open(p, encoding=\"gbk\").read()\nUnicodeDecodeError: 'gbk' codec can't decode byte "
            "0x80 in position 3": "is not GBK",
            "UnicodeDecodeError: 'utf-8' codec can't decode byte 0x80 in position 64: invalid "
            "start byte": "not UTF-8",
            "UnicodeDecodeError: 'utf-16-le' codec can't decode byte 0x0a in position 0: truncated "
            "data": "is not UTF-16-LE",
            "UnicodeEncodeError: 'idna' codec can't encode characters in position 0-63: label "
            "too long": "",
            "UnicodeEncodeError: 'utf-8' codec can't encode character '\\udce9' in position 5: "
            "surrogates not allowed": "surrogate",
            "SyntaxError: (unicode error) 'unicodeescape' codec can't decode bytes in position "
            "2-3: truncated \\UXXXXXXXX escape": "with an r before it",
            "UnicodeEncodeError: 'latin-1' codec can't encode character '\\u2026' in position 10: "
            "ordinal not in range(256)": "HF_TOKEN",
        },
    ),
    General(
        "no-json-in-a-file",
        r"JSONDecodeError: |is not a valid JSON file|is an invalid json file",
        _json,
        {
            "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)": "head -c",
            'Traceback (most recent call last):\n  File "/x/site-packages/requests/models.py", '
            "line 3, in j\n    raise\nrequests.exceptions.JSONDecodeError: Expecting value: line "
            "1 column 1 (char 0)": "expected. a reply over the network",
            "json.decoder.JSONDecodeError: Extra data: line 2 column 1 (char 345)": "one object",
            "json.decoder.JSONDecodeError: Expecting property name enclosed in double quotes: line "
            "1 column 2 (char 1)": "single quotes",
            "json.decoder.JSONDecodeError: Invalid \\escape: line 1 column 12 (char 11)": "LaTeX",
            "json.decoder.JSONDecodeError: Invalid control character at: line 1 column 5": "strict",
            'Traceback (most recent call last):\n  File "/home/me/t.py", line 3, in my_reward\n    '
            "d = json.loads(completion)\njson.decoder.JSONDecodeError: Expecting value: line 1 "
            "column 1 (char 0)": "a reward of 0",
            'Traceback (most recent call last):\n  File "/home/me/rewards.py", line 3\n    d = '
            "json.load(open(path))\njson.decoder.JSONDecodeError: Expecting value: line 1 column 1 "
            "(char 0)": "head -c",
        },
    ),
    General(
        "not-serializable",
        r"Object of type (?P<name>\w{1,60}) is not JSON serializable",
        _not_json,
        {
            "TypeError: Object of type LoraConfig is not JSON serializable": "plain values",
            "TypeError: Object of type float32 is not JSON serializable": "value.item()",
            'Traceback (most recent call last):\n  File "/home/me/t.py", line 3, in <module>\n    '
            "json.dump(results, f)\nTypeError: Object of type Tensor is not JSON serializable": (
                "tolist"
            ),
            "TypeError: Object of type Undefined is not JSON serializable": "template",
        },
    ),
)
