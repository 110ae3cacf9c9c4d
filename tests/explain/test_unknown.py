"""What a report says of an error that nothing here knows: whose it is, and what would decide."""

from __future__ import annotations

import io
import json

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat._explain.explanation import Explanation
from gemma_compat._explain.search_words import search_words
from gemma_compat.report.explanation import headline, render_json, render_markdown, render_text

SITE = "/v/lib/python3.11/site-packages"
OWN = '  File "/home/ann/train.py", line 41, in <module>\n    trainer.train()\n'
TRAINER = (
    f'  File "{SITE}/transformers/trainer.py", line 2245, in train\n'
    "    return inner_training_loop(\n"
)
SPIN = f'  File "{SITE}/frob/core.py", line 12, in spin\n    raise FrobError(n)\n'
START = "Traceback (most recent call last):\n"
WHOLE = START + OWN + TRAINER + SPIN + "frob.errors.FrobError: widget 3 is stuck\n"


def explained(text: str) -> Explanation:
    return explain_log(io.BytesIO(text.encode()))


def shown(text: str) -> str:
    return " ".join(render_text(explained(text)).split())


def prefixed(prefix: str, text: str) -> str:
    return "".join(f"{prefix}{line}\n" for line in text.splitlines())


IPYTHON = f"""\
---------------------------------------------------------------------------
FrobError                                 Traceback (most recent call last)
Cell In[41], line 3
      1 import frob
----> 3 trainer.train()

File {SITE}/frob/core.py:12, in spin(t)
     10 def spin(t):
---> 12     raise FrobError(n)

FrobError: widget 3 is stuck
"""
OLD_IPYTHON = f"""\
---------------------------------------------------------------------------
FrobError                                 Traceback (most recent call last)
<ipython-input-41-1f2e3d> in <module>
      2 import frob
----> 3 trainer.train()

{SITE}/frob/core.py in spin(n)
     10 def spin(n):
---> 12     raise FrobError(n)

FrobError: widget 3 is stuck
"""
RICH = f"""\
╭───────────────────── Traceback (most recent call last) ──────────────────────╮
│ /home/ann/train.py:41 in <module>                                            │
│                                                                              │
│   40 │   x = 1                                                               │
│ ❱ 41 │   trainer.train()                                                     │
│                                                                              │
│ {SITE}/frob/core.py:12 in spin                         │
│                                                                              │
│ ❱ 12 │   raise FrobError(n)                                                  │
╰──────────────────────────────────────────────────────────────────────────────╯
FrobError: widget 3 is stuck
"""
GROUP = f"""\
  + Exception Group Traceback (most recent call last):
  |   File "/home/ann/main.py", line 4, in <module>
  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/home/ann/train.py", line 41, in <module>
    |     trainer.train()
    |   File "{SITE}/frob/core.py", line 12, in spin
    |     raise FrobError(n)
    | frob.FrobError: widget 3 is stuck
    +------------------------------------
"""
FORMS = {
    "python": WHOLE,
    "ipython": IPYTHON,
    "old ipython": OLD_IPYTHON,
    "rich": RICH,
    "exception group": GROUP,
    "a rank": prefixed("[rank3]: ", WHOLE),
    "a numbered rank": prefixed("3: ", WHOLE),
    "a logger": prefixed("2026-01-27 20:00:01,123 - ERROR - ", WHOLE),
    "quoted mail": prefixed("> ", WHOLE),
    "windows": WHOLE.replace(SITE, r"C:\Users\ann\venv\Lib\site-packages").replace("/", "\\"),
    "a class without Error": WHOLE.replace("FrobError: w", "Stuck: w"),
}


@pytest.mark.parametrize("form", FORMS)
def test_whose_error_it_is_in_every_form(form: str) -> None:
    found = explained(FORMS[form])
    assert found.leading is None and found.unknown is not None
    unknown = found.unknown
    assert (unknown.package, unknown.is_indexed) == ("frob", False)
    assert unknown.raised_by is not None and unknown.own is not None
    assert (unknown.raised_by.function, unknown.raised_by.line) == ("spin", 12)
    assert unknown.own.code == "trainer.train()"
    text = shown(FORMS[form])
    assert ": widget 3 is stuck, and no rule here knows it." in text
    assert "search for: frob widget is stuck" in text
    assert "frob, a package that this tool does not index: spin, line 12 of frob/core.py" in text
    assert "python -m pip install" not in text  # nothing supports an upgrade of anything


def test_pytest_shows_the_file_behind_the_error() -> None:
    text = (
        ">           raise FrobError(n)\n"
        "E           frob.FrobError: widget is stuck\n\n"
        f"{SITE}/frob/core.py:12: FrobError\n"
    )
    assert "frob, a package that this tool does not index: line 12 of frob/core.py" in shown(text)


def test_what_may_be_shared_names_neither_class_nor_text_nor_file() -> None:
    found = explained(WHOLE)
    for text in (headline(found), render_json(found), render_markdown(found)):
        assert not any(word in text for word in ("Frob", "frob", "widget", "ann"))
    assert headline(found).startswith("Line 8: an exception, and no rule here knows it")


@pytest.mark.parametrize(
    "prose",
    [
        ". Please help me to solve this problem",
        ". Does anyone know how to fix it?",
        "! I guess that the model is too new.",
        "\nPlease help me, thanks in advance",
        "\nI have tried to reinstall frob but it did not help.",
        "\nHow can I fix this?",
        "\n请问这个问题怎么解决？",
        "\nMy environment: frob 1.2, torch 2.4",
        "\nAny idea why?",
        "\nIt works with frob 1.1, though.",
        "\n### Expected behavior\nit trains",
        "\nThe code I used is as follows:",
        "\n(env) me@box:~$ nvidia-smi",
        "\n**System Info**\nLinux",
    ],
)
def test_a_message_ends_where_the_reporter_goes_on(prose: str) -> None:
    unknown = explained(WHOLE.rstrip() + prose + "\n").unknown
    assert unknown is not None and unknown.message.rstrip(".!") == "widget 3 is stuck"


@pytest.mark.parametrize(
    "more",
    [
        ": any of a, b or c is expected",
        "\nDid you mean: 'frob'?",
        "\nPlease check the shapes: [2, 3] and [3, 4]",
        "\nWe detected an I/O device, which is why this is raised.",
        "\nThis usually happens when a helper thread is busy.",
        "\nanything but a bay",
    ],
)
def test_what_a_message_says_further_is_of_the_message(more: str) -> None:
    from gemma_compat._explain.read_log import read_log

    reading = read_log(io.BytesIO((WHOLE.rstrip() + more + "\n").encode()), ())
    assert reading.last is not None and reading.last.message == f"widget 3 is stuck{more}"


def test_a_file_of_a_published_package_may_be_shared() -> None:
    error = "RuntimeError: frobs of the loop failed\n"
    text = render_markdown(explained(START + OWN + TRAINER + error))
    assert "Raised    line 2245 of transformers/trainer.py" in text and "ann" not in text


def test_the_release_is_taken_from_a_list_near_the_error() -> None:
    assert "in frob 1.2.0, a package" in shown(f"frob==1.2.0\n{WHOLE}")
    assert "in frob 1.2.0, a package" in shown(f"{WHOLE}\n\nfrob                 1.2.0\n")


@pytest.mark.parametrize(
    ("code", "is_own"), [("raise ValueError(text)", True), ("x = tok(rows)", False)]
)
def test_the_users_own_error_is_not_searched_for(code: str, is_own: bool) -> None:
    frame = f'  File "/home/ann/prep.py", line 9, in rows\n    {code}\n'
    text = shown(START + OWN + frame + "ValueError: no rows of customer Miller\n")
    assert f"in your own code: rows, line 9 of prep.py: {code}" in text
    assert ("search" not in text) is is_own
    assert ("read what leads to line 9 of prep.py" in text) is is_own


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("/usr/src/app/lib.py", "in your own code: f, line 7 of lib.py"),
        ("/w/LLaMA-Factory/src/llamafactory/data/x.py", "line 7 of llamafactory/data/x.py"),
        ("/r/modules/transformers_modules/a/b/modeling_x.py", "came with the model"),
        ("/content/unsloth_compiled_cache/UnslothX.py", "in code that Unsloth generates"),
        ("/usr/lib/python3.11/shutil.py", "in Python's own library"),
    ],
)
def test_whose_a_file_is(path: str, what: str) -> None:
    frame = f'  File "{path}", line 7, in f\n    raise RuntimeError("frob is off")\n'
    assert what in shown(f"{START}{frame}RuntimeError: frob is off\n")


def test_compiled_code_is_said_to_be_compiled() -> None:
    frame = (
        f'  File "{SITE}/torch/nn/functional.py", line 2551, in embedding\n'
        "    return torch.embedding(weight, input, padding_idx, scale_grad_by_freq, sparse)\n"
    )
    text = shown(START + OWN + frame + "RuntimeError: frobs of a widget do not fit\n")
    assert "by a compiled function, torch.embedding, called in embedding" in text
    error = (
        "RuntimeError: frobs of a widget do not fit\n"
        "Exception raised from fit at ../torch/csrc/frob.cpp:90 (most recent call first):\n"
        "frame #0: c10::Error::Error() + 0x57 (0x7f in libc10.so)\n"
    )
    text = shown(START + OWN + frame + error)
    assert "frobs of a widget do not fit, and no rule" in text
    assert "by C++ code, fit in torch/csrc/frob.cpp, called in embedding" in text


# Upgrades.

CHANGED = (
    "transformers==4.50.0\n" + START + OWN + TRAINER + "RuntimeError: frobs of the loop failed\n"
)


def test_an_upgrade_only_where_the_raising_function_is_the_packages() -> None:
    text = shown(CHANGED)
    assert 'python -m pip install "transformers>=4.51.0"' in text
    assert "changed in transformers 4.51.0; that does not say that the failure is gone" in text
    assert "pip install" not in shown(f"transformers==4.50.0\n{WHOLE}")


GONE = "All elements in the list should be of the same type."


def test_a_text_that_no_later_release_has() -> None:
    """Up to 4.56.2, by the atlas, which reads the wheels."""
    frame = (
        f'  File "{SITE}/transformers/generation/utils.py", line 1, in stack_model_outputs\n'
        "    raise ValueError(\n"
    )
    text = shown("transformers==4.56.2\n" + START + OWN + frame + f"ValueError: {GONE}\n")
    assert "raises no error in these words: that is not to say that what caused it is gone" in text
    assert 'python -m pip install "transformers>=4.57.0"' in text
    assert "pip install" not in shown(
        "transformers==5.23.0\n" + START + frame + f"ValueError: {GONE}\n"
    )
    below = f'  File "{SITE}/frob/core.py", line 12, in spin\n    raise ValueError(text)\n'
    assert "pip install" not in shown(
        "transformers==4.56.2\n" + START + OWN + frame + below + f"ValueError: {GONE}\n"
    )


def test_the_line_that_reads_a_missing_name_is_meant_and_not_getattr() -> None:
    reads = f'  File "{SITE}/frob/core.py", line 12, in spin\n    x = model.bays\n'
    module = (
        f'  File "{SITE}/torch/nn/modules/module.py", line 1931, in __getattr__\n'
        "    raise AttributeError(\n"
    )
    unknown = explained(START + OWN + reads + module + "AttributeError: no bays here\n").unknown
    assert unknown is not None and unknown.package == "frob"


def test_an_error_without_words_is_searched_for_by_its_place() -> None:
    text = shown(START + OWN + SPIN + "frob.FrobError\n")
    assert "search for: frob FrobError core.py spin" in text


# Several errors.


def test_a_launcher_never_hides_the_workers_error() -> None:
    ranks = "".join(prefixed(f"[rank{rank}]: ", WHOLE.replace("3", str(rank))) for rank in (0, 1))
    launcher = (
        "W1127 20:01:02 torch/distributed/elastic/multiprocessing/api.py:898] Sending SIGTERM\n"
        f'{START}  File "/usr/local/bin/torchrun", line 8, in <module>\n    sys.exit(main())\n'
        "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: \n"
    )
    text = shown(ranks + launcher)
    assert "FrobError: widget 1 is stuck, and no rule here knows it." in text
    assert "the same error on ranks 0, 1" in text and "W1127" not in text


def test_a_lost_partner_is_not_the_cause() -> None:
    lost = START + OWN + "RuntimeError: [pair.cc:534] Connection closed by peer [10.0.0.3]:4021\n"
    found = explained(prefixed("[rank2]: ", WHOLE) + prefixed("[rank0]: ", lost))
    assert found.unknown is not None and found.unknown.kind == "FrobError"


def test_interleaved_ranks_are_read_apart() -> None:
    other = WHOLE.replace("frob", "blub").replace("Frob", "Blub").replace("spin", "blob")
    both = zip(
        prefixed("[rank0]: ", WHOLE).splitlines(),
        prefixed("[rank1]: ", other).splitlines(),
        strict=True,
    )
    text = shown("\n".join(line for pair in both for line in pair))
    assert "BlubError: widget 3 is stuck" in text and "blob, line 12 of blub/core.py" in text
    assert "first: line 15: FrobError: widget 3 is stuck (on another rank)" in text


@pytest.mark.parametrize(
    ("between", "link"),
    [
        ("The above exception was the direct cause of the following exception", "its cause"),
        (
            "During handling of the above exception, another exception occurred",
            "this error came while it was handled",
        ),
    ],
)
def test_the_first_of_a_chain_is_named(between: str, link: str) -> None:
    first = f'{START}  File "{SITE}/frob/io.py", line 3, in read\n    x\nfrob.BayError: no bay\n'
    assert f"first: line 4: BayError: no bay ({link})" in shown(f"{first}\n{between}:\n\n{WHOLE}")
    assert "first:" not in shown(f"{first}\n{WHOLE}")  # it survived that one


def test_a_pool_raises_the_workers_error_again() -> None:
    worker = (
        f'"""\n{START}  File "/home/ann/prep.py", line 12, in fmt\n    return tok(rows)\n'
        'frob.FrobError: widget is stuck\n"""\n\n'
        "The above exception was the direct cause of the following exception:\n\n"
    )
    parent = (
        f'{START}  File "{SITE}/datasets/utils/py_utils.py", line 718, in iflatmap\n    raise e\n'
        "frob.FrobError: widget is stuck\n"
    )
    text = shown(worker + parent)
    assert "in your own code: fmt, line 12 of prep.py: return tok(rows)" in text
    assert "first:" not in text and "not explained" not in text


STEP = "{'loss': 2.0, 'grad_norm': 1.0, 'learning_rate': 1e-5, 'epoch': 0.2}\n"


@pytest.mark.parametrize(("steps", "survived"), [(0, False), (1, False), (2, True)])
def test_a_run_that_went_on_survived_it(
    steps: int, survived: bool, tmp_path: object, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(STEP + WHOLE + STEP * steps)
    assert ("Training went on after it (line 11), so it did not end the run" in text) is survived
    assert ("search for" in text) is not survived


# The last resort: the class.


@pytest.mark.parametrize(
    ("code", "error", "do"),
    [
        ("x = self.bays[i]", "IndexError: list index out of range", "p len(self.bays)"),
        ("f = BAYS[name](c)", "KeyError: 'frob'", "p list(BAYS)"),
        ("y = n / len(loader)", "ZeroDivisionError: division by zero", "p len(loader)"),
        ("assert len(a) == n", "AssertionError", "p len(a) == n"),
        (
            "raise NotImplementedError",
            "NotImplementedError",
            "print what spin is called with, and on which class",
        ),
        ("x", "torch.AcceleratorError: CUDA error: frob", "CUDA_LAUNCH_BLOCKING=1"),
        ("x", "RuntimeError: NCCL frob of a comm", "NCCL_DEBUG=INFO"),
    ],
)
def test_what_a_class_asks(code: str, error: str, do: str) -> None:
    frame = f'  File "{SITE}/frob/core.py", line 12, in spin\n    {code}\n'
    found = explained(START + OWN + frame + error + "\n")
    if found.leading is None:  # a kind that knows it says more
        assert do in " ".join(render_text(found).split())


def test_sizes_of_this_gemma_are_named() -> None:
    from gemma_compat._explain.questions import Subject, question_of
    from gemma_compat.facts import Facts, ModelFacts

    facts = Facts(model=ModelFacts(model_type="gemma3", vocab_size=262208, hidden_size=2560))
    do, why = question_of(Subject("FrobError", "sizes 262208 and 262145 differ", None, facts))
    assert do and "262,208 is the vocabulary" in why and "262,145" not in why
    assert question_of(Subject("FrobError", "sizes 7 and 8 differ", None, facts)) == ("", "")


# A sentence, a title, a logger's line.


@pytest.mark.parametrize(
    "line",
    [
        "# FrobError: widget 3 is stuck when I train gemma-3-4b-it",
        "It ends with `FrobError: widget 3 is stuck`. Any idea?",
        "训练到第10步报错：FrobError: widget 3 is stuck，请问怎么解决？",
        "2026-01-27 20:00:01 - ERROR - frob.engine - Prefill failed: FrobError: widget 3 is stuck",
    ],
)
def test_an_error_in_a_sentence(line: str) -> None:
    text = shown(f"{line}\n")
    assert "FrobError: widget 3 is stuck" in text and "whether it ended the run" in text
    assert "Any idea" not in text.partition("search")[0] and "请问" not in text


@pytest.mark.parametrize(
    "line",
    [
        "frob/core.py:12: UserWarning: fallback used after FrobError: widget is stuck",
        "except FrobError: pass",
        '    raise ValueError("FrobError: widget is stuck")',
        f"{STEP}retrying after FrobError: widget is stuck",
    ],
)
def test_an_error_that_was_caught_is_none(line: str) -> None:
    found = explained(f"{line}\n")
    assert found.unknown is None and not found.unrecognised


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("Error: unsupported content type: unknown", "unsupported content type: unknown"),
        ('It pops up an error saying "frobs are not supported here".', "frobs are not supported"),
        ("terminate called after throwing an instance of 'frob::error'", "terminate called after"),
        ("The run fails with: frobs are not supported here", "frobs are not supported"),
        ("报错：frobs are not supported", "frobs are not supported"),
    ],
)
def test_an_error_without_a_class(line: str, error: str) -> None:
    found = explained(f"{line}\n")
    if found.leading is None:
        assert found.unknown is not None and found.unknown.message.startswith(error)
        assert "no rule here knows it" in headline(found)


@pytest.mark.parametrize(
    "line",
    [
        "mean error: 0.12 over 10 rows",
        "If you get an error: see the docs",
        "errors: none",
        "print('error: not found here')",
    ],
)
def test_a_figure_is_no_error(line: str) -> None:
    assert explained(f"{line}\n").unknown is None


# Words to search for.


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("widgets are stuck", 'frob "widgets are stuck"'),
        ("widget 3 is stuck in bay 7", "frob widget is stuck in bay"),
        ("no file /home/ann/x.bin in ann@host", "frob no file in"),
        ("cannot read 'ann/model' of https://a.b/c here", "frob cannot read of here"),
        ("'Frob' takes no bay", 'frob "Frob takes no bay"'),
        ("use float16 or fp8 here", 'frob "use float16 or fp8 here"'),
        ("the widget isn't stuck here", 'frob "the widget isn\'t stuck here"'),
        ("can't put 'my O'Brien' in, it doesn't fit", "frob can't put in, it doesn't fit"),
        ("it doesn't take b'ann/x' here", "frob it doesn't take here"),
        ("", "frob FrobError"),
    ],
)
def test_only_the_fixed_words_are_searched_for(message: str, words: str) -> None:
    assert search_words("FrobError", message, "frob", own_names=False) == words


def test_names_that_may_be_private_are_left_out() -> None:
    assert "Miller" not in search_words("E", "no customer 'Miller' in the table", "", True)
    assert "Miller" not in search_words("E", "there isn't a customer b'Miller' here", "", True)


def test_the_answer_fits_a_screen() -> None:
    for text in FORMS.values():
        assert len(render_text(explained(text)).splitlines()) <= 24
    long = WHOLE.replace("is stuck", "is stuck and cannot be moved by any of us " * 40)
    assert len(render_text(explained(long)).splitlines()) <= 32
    assert json.loads(render_json(explained(long)))["unrecognised"]


def test_json_has_what_an_unknown_error_shows_and_nothing_private() -> None:
    frame = (
        '  File "/home/lovelace/venv/lib/python3.11/site-packages/transformers/trainer.py", line 7'
    )
    text = (
        f"transformers==4.57.1\nTraceback (most recent call last):\n{frame}, in train\n"
        "    return self._inner()\nValueError: lovelace's rows are odd in checkpoint7x\n"
    )
    found = explain_log(io.BytesIO(text.encode()))
    unknown = json.loads(render_json(found))["unknown"]
    assert unknown["class"] == "ValueError" and unknown["line"] == 5
    assert (unknown["package"], unknown["version"]) == ("transformers", "4.57.1")
    assert unknown["raised_by"] == {
        "file": "transformers/trainer.py",
        "line": 7,
        "function": "train",
    }
    assert unknown["search"].startswith("transformers ") and "rows are" in unknown["search"]
    assert "lovelace" not in str(unknown) and "checkpoint7x" not in str(unknown)
    known = explain_log(io.BytesIO(b"RuntimeError: CUDA out of memory\n"))
    assert json.loads(render_json(known))["unknown"] is None
