"""What Python's marks under a line say was None; tracebacks as 3.11 and 3.13 print them."""

from __future__ import annotations

import pytest

from gemma_compat._explain.marked import without_value


@pytest.mark.parametrize(
    ("line", "marks", "attribute", "takes_part", "expected"),
    [
        ("    f(out.logits[:, 1])", "      ~~~~~~~~~~^^^^^^", "", True, "out.logits"),
        ("    n = self.cfg.keys()", "        ^^^^^^^^^^^^^", "keys", False, "self.cfg"),
        ("    for k in foo.bar:", "             ^^^^^^^", "", False, "foo.bar"),
        # The row is None, and neither the batch nor the function.
        ("    for k in x['rows']:", "             ~^^^^^^^^", "", False, "x['rows']"),
        ("    for k in load(x):", "             ~~~~^^^", "", False, ""),
        ("    load(x)", "    ~~~~^^^", "", True, "load"),
        ("    load(x)", "    ^^^^^^^", "", True, ""),
        ("    n = f(x).shape", "        ^^^^^^^^^^", "shape", False, ""),
    ],
)
def test_what_is_none_is_what_the_marks_show(
    line: str, marks: str, attribute: str, takes_part: bool, expected: str
) -> None:
    traceback = f'  File "train.py", line 1, in f\n{line}\n{marks}\n'
    assert without_value(traceback, attribute, takes_part=takes_part) == expected


def test_a_line_without_marks_names_what_stands_before_the_attribute_once() -> None:
    frame = '  File "train.py", line 1, in f\n'
    assert without_value(f"{frame}    a = x.cfg.shape[0]\n", "shape", takes_part=False) == "x.cfg"
    two = f"{frame}    a = x.shape + y.shape\n"
    assert without_value(two, "shape", takes_part=False) == ""
