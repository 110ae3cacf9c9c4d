"""Releases that exclude each other, and code that a release does not have."""

from __future__ import annotations

import re

from .... import versions
from ...answer import Answer
from ..base import Case, General, always
from .wheels import is_on_arm, no_wheel_for_arm

_ASKED = re.compile(
    r"(?m)^\W{0,8}The user requested (?:\(constraint\) )?(?P<name>[\w.-]{2,60}?)"
    r"(?:\[[\w,-]*\])?(?P<bound>[<>=!~][^\s;]{1,60})"
)


def _sides(case: Case) -> tuple[str, str, str] | None:
    """Return what was asked for, who excludes it, and the package that both are about."""
    below = case.hit.after[:3000]
    for asked in _ASKED.finditer(below):
        name = re.escape(asked["name"])
        against = re.search(
            rf"(?m)^\W{{0,8}}(?P<who>[\w.-]{{2,60}}(?:\[[\w,-]*\])? \S{{1,30}}) depends on "
            rf"{name}(?P<bound>[<>=!~ (][^\n;]{{1,90}})",
            below,
        )
        if against is not None:
            wants = against["bound"].strip(" ()")
            return (
                f"{asked['name']}{asked['bound']} is asked for",
                f"{against['who']}, which wants {asked['name']} {wants}",
                asked["name"],
            )
    return None


def _absent(case: Case) -> Answer | None:
    """Answer a package, or a release of it, that the index does not have at all."""
    absent = re.search(
        r"(?P<name>\S+) was not found in the (?:package|cache)|no versions of (?P<none>\S+)",
        re.sub(r"\s+", " ", case.hit.text + case.hit.after[:1500]),
    )
    if absent is None:
        return None
    return Answer(
        f"the index has no {absent['name'] or absent['none']}, which is asked for",
        ("pip index versions NAME   : are the name and the number spelt so?",),
        known="uv says so",
    )


def _no_set_of_releases(case: Case) -> Answer:
    """Answer for a resolver that finds nothing; uv says which wheel is missing."""
    told = re.search(
        r"(?P<name>[\w.-]{2,60}(?:[<>=!~]=?[\w.]{1,30})?) has no wheels with a matching "
        r"(?P<kind>platform|Python|ABI)",
        case.hit.text + " " + re.sub(r"\s+", " ", case.hit.after[:1500]),
    )
    absent = _absent(case)
    if absent is not None:
        return absent
    if told is None:
        sides = _sides(case)
        return Answer(
            "no set of releases satisfies everything that was asked for"
            + (f": {sides[0]} against {sides[1]}" if sides else ""),
            (
                *([f"ask for another release of {sides[2]}, or of none"] if sides else []),
                "python -m gemma_compat advise --model MODEL --fresh   finds one that holds "
                "together",
                "uv venv --python 3.11   where a release older than the Python is asked for (torch "
                "2.4 and older have no wheels for 3.13)",
            ),
            known="the resolver says so",
        )
    if told["kind"] == "platform" and is_on_arm(case.hit.after[:2500]):
        return no_wheel_for_arm(told["name"])
    return Answer(
        f"{told['name']} has no wheel for this Python or system, so nothing can be installed "
        "that asks for it",
        (
            "uv venv --python 3.12   (or 3.11), where its wheels are for another Python",
            "another release of it, or none: the message's hint lists what there are wheels for",
        ),
        known="the resolver says so",
    )


_NO_TYPE = re.compile(r"\|: 'NoneType' and '(?:int|float|bool|str|list|dict|set|Tensor|ndarray)'")
_WRITTEN = re.compile(
    r"\b(?:list|dict|tuple|set|frozenset|type|deque|defaultdict|OrderedDict|Counter|\w*[Qq]ueue|"
    r"Iter\w+|Callable|Mapping|Sequence|PathLike|Popen|Future|Pattern|Match)\["
)


def _old_python(case: Case) -> Answer | None:
    of_a_class = "subscriptable" in case.match[0] and case.is_of_the_script and "[" in case.code
    if _NO_TYPE.search(case.hit.text) or of_a_class and not _WRITTEN.search(case.code):
        return None  # a value that is None, or an entry that is asked of a class
    needed, form = ("3.10", "X | None") if "|" in case.match[0] else ("3.9", "list[X]")
    here = case.facts.python if case.facts.known("python") else None
    is_older = here is not None and versions.parse(here) < versions.parse(needed)
    if here is not None and not is_older:
        return Answer(
            f"a value stands where a type is meant in {form}, or a class is asked for an "
            f"entry; this is Python {here}",
            (
                "look at the last frame's line: Callable in place of callable, Any of any; an "
                "object in place of its class",
                "pip install -U   of the package of the last frame, where the line is its own",
            ),
            why=f"Python {needed} and newer take {form} for types",
            known="the message, and the Python that the log states",
            certain=False,
            settles=False,
        )
    return Answer(
        f"the code writes types as {form}, which Python has from {needed} on"
        + (f"; this is Python {here}" if is_older else ""),
        (
            f"an environment with Python {needed} or newer",
            "or a release of that package that still allowed this Python",
        ),
        known="the message" + ("; the Python is in the paths" if is_older else ""),
        certain=is_older,
    )


def _grouped_queries(case: Case) -> Answer | None:
    """Answer for a torch before 2.5, whose attention takes no ``enable_gqa``."""
    torch = case.facts.packages.get("torch")
    version = str(torch.get("version", "")) if torch is not None else ""
    known = versions.is_valid(version)
    if known and versions.contains(">=2.5.0", version):
        return None
    return Answer(
        "this torch is older than 2.5, whose scaled_dot_product_attention first takes enable_gqa"
        + (f": it is {version}" if known else ""),
        ("pip install -U 'torch>=2.5'", 'or attn_implementation="eager"'),
        why="the caller hands grouped heads to torch without repeating them first",
        known="the message; torch brought the argument in 2.5.0",
    )


def _own_check(case: Case) -> Answer:
    name, here, wanted = case.match["name"], case.match["here"], case.match["wanted"]
    is_factory = case.says("DISABLE_VERSION_CHECK")
    who = "LLaMA-Factory" if is_factory else "what is imported"
    install = f"pip install '{name}{wanted}'"
    factory: tuple[str, ...] = (
        f"upgrade LLaMA-Factory, where the model needs the newer {name}",
        f"or {install}",
        "or DISABLE_VERSION_CHECK=1 before the command: it then runs with what was not tried",
    )
    # If the text says that the model needs the newer one, do not send the reader back.
    if re.search(rf"(?i)\b(?:needs?|requires?) {name}\b(?!>)", case.near):
        factory = (factory[0], factory[2])
    return Answer(
        f"{who} asks for {name}{wanted}, and {here} is installed",
        factory if is_factory else (install,),
        why="the releases that it was made for are checked before it starts",
        known="the message has both releases",
    )


KINDS: tuple[General, ...] = (
    General(
        "torch-without-set-submodule",
        r"'(?P<owner>\w{2,60})' object has no attribute 'set_submodule'",
        always(
            "transformers puts quantized layers in place by set_submodule, which this torch does "
            "not have",
            "pip install -U torch torchvision   (2.5 or newer)",
            why="every torch module has it from 2.5 on",
            known="the message; the release is from torch's documentation, and was not run here",
            certain=False,
        ),
        {
            "AttributeError: 'Gemma4ForConditionalGeneration' object has no attribute "
            "'set_submodule'": "2.5",
        },
    ),
    General(
        "operator-for-another-torch",
        r"infer_schema\(func\): Parameter [\w`']{1,40} has unsupported (?:default value|type)",
        always(
            "a package registers an operator in a way that this torch does not read",
            "pip install -U torch torchvision",
            "or an older release of the package in the last frame (torchao, vllm, xformers), of "
            "the time of this torch",
            "torchao that nothing of the run uses: pip uninstall -y torchao",
            why="torch reads an operator's arguments from its signature; newer ones read more "
            "kinds of arguments and defaults",
            known="torch says so; which package it is, the frames say",
            settles=False,
        ),
        {
            "ValueError: infer_schema(func): Parameter dtype has unsupported default value of "
            "type torch.dtype": "torchao",
            "ValueError: infer_schema(func): Parameter q has unsupported type torch.Tensor": (
                "torchao"
            ),
        },
    ),
    General(
        "own-check-of-releases",
        r"(?P<name>[\w-]{1,40})(?P<wanted>[<>=!][\w.,<>=!*]{1,80}) is required for a normal "
        r"functioning of this module, but found (?P=name)==(?P<here>[\w.+-]{1,40}\w)",
        _own_check,
        {
            "ImportError: transformers>=4.55.0,<=5.2.0 is required for a normal functioning of "
            "this module, but found transformers==5.5.0.\nTo fix: run `pip install "
            "transformers>=4.55.0,<=5.2.0` or set `DISABLE_VERSION_CHECK=1` to skip this check.": (
                "upgrade LLaMA-Factory"
            ),
            "# Gemma4 needs transformers 5.5.0\n\nImportError: transformers<=5.2.0 is required for "
            "a normal functioning of this module, but found transformers==5.5.0.\nTo fix: set "
            "`DISABLE_VERSION_CHECK=1`": "transformers or: DISABLE_VERSION_CHECK=1",
            "ImportError: huggingface-hub>=0.34.0,<1.0 is required for a normal functioning of "
            "this module, but found huggingface-hub==1.3.0.": "huggingface-hub>=0.34.0,<1.0",
        },
    ),
    General(
        "torch-without-grouped-queries",
        r"scaled_dot_product_attention\(\)[^\n]{0,40} (?:unexpected|have a) keyword argument "
        r"'enable_gqa'",
        _grouped_queries,
        {
            "scaled_dot_product_attention() in Pytorch 2.4 does not have a keyword argument "
            "'enable_gqa'": "torch>=2.5",
            "TypeError: scaled_dot_product_attention() got an unexpected keyword argument "
            "'enable_gqa'": "torch>=2.5",
        },
        alone=True,
    ),
    General(
        "unsloth-cannot-patch",
        r"Error patching (?P<name>\w{1,40}Trainer)|"
        r"module loading failed for Unsloth(?P<written>\w{1,40}Trainer)",
        lambda case: Answer(
            f"Unsloth cannot patch {case.match['name'] or case.match['written']}: most often the "
            "installed TRL is of another time than this Unsloth",
            (
                "pip install -U unsloth unsloth_zoo   and delete unsloth_compiled_cache",
                "or the TRL that this Unsloth allows: pip show unsloth names it, advise finds it",
            ),
            why="Unsloth rewrites the source of TRL's trainers, and a release that it does not "
            "know has other source",
            known="the message; the pair of releases that fits is not in it",
            certain=False,
            settles=False,
        ),
        {
            "RuntimeError: Unsloth: Please file a bug! Error patching SFTTrainer": "most often",
            "RuntimeError: Direct module loading failed for UnslothGKDTrainer: non-default "
            "argument follows default argument": "unsloth_compiled_cache",
        },
    ),
    General(
        "python-too-old",
        r"'type' object is not subscriptable|"
        r"unsupported operand type\(s\) for \|: '(?:type|NoneType|_GenericAlias)'",
        _old_python,
        {
            "TypeError: 'type' object is not subscriptable": "3.9",
            "- Python version: 3.12.3\nTypeError: 'type' object is not subscriptable": (
                "a type is meant"
            ),
            "TypeError: unsupported operand type(s) for |: 'type' and 'NoneType'": "3.10",
            "TypeError: unsupported operand type(s) for |: 'NoneType' and 'int'": "",
            'Traceback (most recent call last):\n  File "/w/a.py", line 1, in f\n    x = C["a"]\n'
            "TypeError: 'type' object is not subscriptable": "",
        },
    ),
    General(
        "no-set-of-releases",
        r"ResolutionImpossible|conflicting dependencies\.|No solution found when resolving|"
        r"we can conclude that [^\n]{1,200} (?:are incompatible|cannot be used)",
        _no_set_of_releases,
        {
            "ERROR: ResolutionImpossible: for help visit": "advise",
            "× No solution found when resolving dependencies:\n╰─▶ Because torchcodec==0.10.0 has "
            "no wheels with a matching platform tag\n(e.g., `manylinux_2_39_aarch64`) and": (
                "torchcodec==0.10.0"
            ),
            "× No solution found when resolving dependencies:\n╰─▶ Because vllm==0.8 has no wheels "
            "with a matching platform tag (e.g., `win_amd64`)\n  hint: Wheels are available for "
            "`vllm` on the following platforms: `manylinux2014_aarch64`": (
                "vllm==0.8 has no wheel for this Python"
            ),
            "× No solution found when resolving dependencies:\n╰─▶ Because foo was not found in "
            "the package registry and you require foo": "the index has no foo",
            "Because your project depends on datasets>=5.0 and unsloth>=2026.7.1\ndepends on "
            "datasets>=3.4.1,<4.0.dev0\nwe can conclude that your project and unsloth>=2026.7.1 "
            "are incompatible.": "advise",
        },
        alone=True,
    ),
)
