"""Names and arguments that a release does not have; the traceback says whose they are."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General
from ..released import Released, released, upgrade
from .successors import successor


def known_name(known: Released, who: str) -> Answer:
    """Answer with the releases that have a name, a module or an attribute of an object."""
    found = known.found
    if found.kind == "attribute":
        return _known_attribute(known, who)
    asks = f"; the last frame that asks for it is of {who}" if who else ""
    if known.is_everywhere and not known.contradicts and found.kind in {"name", "module"}:
        return _everywhere(known, asks)
    do = [known.command] if known.command else []
    if who and not known.is_newer and not known.contradicts:
        do.insert(0, upgrade(who))
    instead = "" if who or known.is_newer else successor(found.package, found.name)
    if instead:
        do.insert(0, instead)
    if not do:
        do = [_elsewhere(known)]
    lacks_own = found.kind == "module" and who == found.owner.partition(".")[0]
    return Answer(
        f"{known.happened}{asks}",
        tuple(do),
        why=known.places
        or (
            "the package asks for a module that its files lack: it was packed without it"
            if lacks_own
            else "the name was moved or removed, or is newer than what is installed"
        ),
        known=f"read in the wheels of {found.package}",
        settles=bool(found.releases),
    )


def not_imported_yet(case: Case) -> Answer | None:
    """Answer a module that is asked of its package, and that this package does have."""
    owner, name = case.match["owner"], case.match["attribute"]
    if not owner:
        return None
    known = released(case, f"ModuleNotFoundError: No module named '{owner}.{name}'")
    if known is None or not known.found.releases or (known.version and not known.contradicts):
        return None
    return Answer(
        f"{owner}.{name} is a module, and nothing in this process has imported it yet",
        (
            f"import {owner}.{name}   first of all in the script",
            "pip install -U   the package of the last frame, which counts on it",
        ),
        why="a module is an attribute of its package only after it was imported once; which import "
        "does so differs between releases",
        known=f"read in the wheels of {known.found.package}, which have this module",
        certain=False,
        settles=False,
    )


def _known_attribute(known: Released, who: str) -> Answer:
    """Answer with the releases whose code sets an attribute. Other code may set it: not certain."""
    found = known.found
    package = found.package
    looked_at = (
        f"read in the wheels of {package}: what the class and its bases there define, assign, "
        "register and set by name, and what that package sets from outside by a name that is "
        "written there. What other packages and the script set was not looked at"
        if found.counted
        else f"read in the wheels of {package}: what the class and its bases there define and "
        "assign to self. What is registered, set by name or set from outside was not looked at"
    )
    return Answer(
        f"{found.owner} may be of another release than the code that reads {found.name} of it: "
        f"{known.happened}",
        (*([upgrade(who)] if who and not known.is_newer else []), known.command),
        why="the attribute was moved or removed, or is newer than what is installed"
        + (f"; the last frame that asks for it is of {who}" if who else ""),
        known=looked_at,
        certain=False,
        settles=False,
    )


def _everywhere(known: Released, asks: str) -> Answer:
    """Answer for a name that every release has: what was imported is not one of them, or broke."""
    package = known.found.package
    module = known.found.owner.partition(".")[0]
    return Answer(
        f"{known.happened}{asks}: what was imported is of another release, is not that package, "
        "or broke off",
        (
            f"python -c 'import {module}; print({module}.__file__, {module}.__version__)'   shows "
            "which",
            f"pip install --force-reinstall {package}   and restart the kernel",
            f"rename a folder or file of yours that is called {module}",
        ),
        why="a folder of that name hides the package ('unknown location'), half of an update is "
        "left, or an import inside it failed before",
        known=f"read in the wheels of {package}; which of these it is, the message does not say",
        settles=False,
    )


def _elsewhere(known: Released) -> str:
    """Return what to do about a name that no release has where it is looked for."""
    found = known.found
    if found.elsewhere:
        return f"import it from {found.elsewhere[0][0]}"
    return f"leave it out, or look up what took its place: {found.package} has none of that name"


def _of_a_processor(owner: str, name: str) -> Answer:
    return Answer(
        f"the script takes a {owner} for a tokenizer: {name} is of the tokenizer inside it",
        (
            f"processor.tokenizer.{name}",
            "or AutoTokenizer.from_pretrained(...), where no images are used",
        ),
        why="a multimodal checkpoint loads a processor (tokenizer and image processor together); a "
        "text-only one, as Gemma 3 1B, loads a tokenizer",
        known="the message names the class",
        of_gemma="Gemma" in owner,
    )


# What a tokenizer has and a processor does not hand on.
_OF_TOKENIZER = re.compile(
    r"_?(?:pad|eos|bos|unk|sep|cls|mask)(?:_token(?:_id)?)?|pad_token_type_id|padding_side|"
    r"truncation_side|encode\w*|convert_\w+|tokenize|get_vocab|vocab\w*|add_\w*tokens?|"
    r"add_[be]os_token|model_max_length|all_special_\w+|special_tokens\w*|additional_special_\w+|"
    r"added_tokens_\w+|is_fast|backend_tokenizer|_tokenizer|init_kwargs|name_or_path|"
    r"prepare_for_model|build_inputs_\w+|get_special_tokens_mask|deprecation_warnings|clean_up_\w+"
)


def _of_the_script(owner: str, name: str) -> tuple[str, ...]:
    """Return what to do where the script itself reads an attribute that is not there."""
    if name == "chat":
        return (
            "model.generate(...) on tokenizer.apply_chat_template(messages), and not "
            "model.chat(...)",
        )
    if owner.endswith("Trainer"):
        return (
            "pip install trl==RELEASE   of the project's requirements: its trainer copies or "
            "extends one of TRL",
        )
    return (
        "print(type(obj).__mro__, dir(obj))   of that object shows what it has",
        "or the releases that the script was written for: its requirements, or python -m "
        "gemma_compat advise",
    )


_OF_A_MODEL = re.compile(r"For[A-Z]|Model|Config|Tokeniz|Processor|Trainer|Cache|Layer|Module")


def _attribute(case: Case) -> Answer:
    owner, name = case.match["owner"], case.match["name"]
    known = released(case)
    if known is not None and not known.contradicts:
        outside = [item for item in case.packages if item not in {known.found.package, "torch"}]
        return known_name(known, outside[-1] if outside else "")
    if owner.endswith("Processor") and _OF_TOKENIZER.fullmatch(name):
        return _of_a_processor(owner, name)
    outside = [item for item in case.packages if item not in {"torch", "transformers"}]
    if "__getattr__" in case.frames.rpartition("line ")[2]:  # PEFT and torch hand it on
        outside = [item for item in outside if item != "peft"]
    who = outside[-1] if outside and not case.is_of_the_script else case.reader
    unsloth = who == "unsloth" and "For" in owner
    together = _of_the_script(owner, name)
    if who not in {"the script", "transformers", "some code"}:
        together = (
            f"pip install -U {who}",
            f"or what it reads back to the same time: python -m gemma_compat advise --with {who}",
        )
    return Answer(
        f"{who} reads {name} of a {owner}, which has no such attribute here",
        ("load the model with FastLanguageModel or FastModel, which set it",)
        if unsloth
        else together,
        why="a model that another loader made, or a name that another release has"
        if _OF_A_MODEL.search(owner)
        else "an object of another kind than that line expects, or a name that another release has",
        known="the message and the frames; which of these it is, they do not say",
        certain=False,
        settles=False,
    )


def _task_head(case: Case) -> Answer:
    config, auto = case.match["config"], case.match["auto"]
    known = released(case)
    if known is not None and not known.contradicts:
        return Answer(
            f"the installed transformers has no {auto} for {config}: {known.happened}",
            (known.command or "load the class that the checkpoint's own config.json names",),
            why="heads for a task come to a family one by one, often releases after the model",
            known="read in the wheels of transformers",
        )
    return Answer(
        f"the installed transformers has no {auto} for {config}",
        (
            "pip install -U transformers   if a newer release has that head",
            "or load the class of the checkpoint's own config.json",
        ),
        why="heads for a task come to a family one by one, often releases after the model itself",
        known="the message; python -m gemma_compat supports says from which release on",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "differs-between-layers",
        r"AmbiguousGlobalPerLayerAttributeError: `?(?P<name>\w{1,60})",
        lambda case: Answer(
            f"{case.match['name']} differs between the layers of this model, and "
            f"{(case.packages or ['the code'])[-1]} asks for one value",
            ("pip install -U   of the package whose frame is the last, or transformers<5.15",),
            why="transformers 5.15 raises where it answered with one layer's value before; a Gemma "
            "3n or 4 has sliding and full-attention layers of different sizes",
            known="the message; the release is that of transformers which brought it",
            settles=False,
            of_gemma=True,
        ),
        {
            "transformers.configuration_utils.AmbiguousGlobalPerLayerAttributeError: `head_dim` "
            "differs between layers of Gemma3nTextConfig": "head_dim"
        },
    ),
    General(
        "no-such-task-head",
        r"Unrecognized configuration class <class '[\w.]*?(?P<config>\w+)'> for this kind of "
        r"AutoModel: (?P<auto>\w+)",
        _task_head,
        {
            "ValueError: Unrecognized configuration class <class 'a.b.Gemma3TextConfig'> for this "
            "kind of AutoModel: AutoModelForSequenceClassification.": (
                "AutoModelForSequenceClassification"
            )
        },
        alone=True,
    ),
    General(
        "attribute-of-a-tokenizer",
        r"(?P<owner>\w{2,40}Tokenizer(?:Fast)?|PreTrainedTokenizerFast)'?(?: object)? has no "
        r"attribute '?(?P<name>tokenizer|image_processor|feature_extractor|image_seq_length)\b",
        lambda case: Answer(
            f"what the script calls a processor is a tokenizer ({case.match['owner']}): it has no "
            f"{case.match['name']}",
            (
                "processor.pad_token_id   and the like, without .tokenizer",
                "or tokenizer = getattr(processor, 'tokenizer', processor)   for scripts that take "
                "both",
            ),
            why="AutoProcessor returns the tokenizer where a checkpoint has no processor: "
            "text-only members (Gemma 3 270M and 1B), or a folder without "
            "preprocessor_config.json",
            known="the message names the class",
            of_gemma="Gemma" in case.match["owner"],
        ),
        {
            "AttributeError: GemmaTokenizerFast has no attribute tokenizer": "text-only",
            "AttributeError: 'GemmaTokenizer' object has no attribute 'image_processor'": "both",
            "AttributeError: 'GemmaTokenizer' object has no attribute 'x'": "",
        },
        alone=True,
    ),
    General(
        "attribute-missing",
        r"(?:AttributeError: '?|(?<!module )')(?P<owner>(?!NoneType|list|dict|str|int|tuple)"
        r"[\w.]{1,80})'? (?:object )?has no attribute '(?P<name>\w{1,80})'",
        _attribute,
        {
            "AttributeError: 'GemmaForCausalLM' object has no attribute 'max_seq_length'": (
                "max_seq_length"
            ),
            "AttributeError: 'Gemma3ForConditionalGeneration' object has no attribute "
            "'vocab_size'": "vocab_size",
            "AttributeError: 'Gemma3Processor' has no attribute 'pad' during Data Collation": (
                "takes a Gemma3Processor for a tokenizer"
            ),
            "[ERROR] 'Gemma3Processor' object has no attribute 'pad'?\nwith the notebook": (
                "for a tokenizer"
            ),
            'Traceback (most recent call last):\n  File "/x/src/llamafactory/model/visual.py", '
            "line 3, in f\n    f()\nAttributeError: 'Gemma4ForConditionalGeneration' object has "
            "no attribute 'multi_modal_projector'": "pip install -U llamafactory",
        },
    ),
)
