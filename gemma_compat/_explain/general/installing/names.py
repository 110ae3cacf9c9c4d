"""Names and arguments that a release does not have; the traceback says whose they are."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General
from ..between import cut_frame
from ..released import Released, released, upgrade
from ..training.calls_of_packages import read_by_a_package
from .successors import known_name


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
    if name in {"chat", "chat_stream", "stream_chat"}:
        return (
            "model.generate(...) on tokenizer.apply_chat_template(messages), and not "
            f"model.{name}(...)",
            "or the checkpoint that the script is for, with trust_remote_code=True: its own code "
            "brings that method",
        )
    if name in {"eod_id", "im_start_id", "im_end_id", "IMAGE_ST", "build_prompt"}:
        return (
            "a script for this tokenizer: tokenizer.pad_token_id, eos_token_id, "
            "apply_chat_template",
            "or the checkpoint that the script is for, with trust_remote_code=True: its own "
            f"tokenizer brings {name}",
        )
    if _OF_TRL.fullmatch(owner):
        return (
            "pip install -U trl transformers   to one time: TRL's own class reads what another "
            "release of the two sets",
            "or the releases that the project's requirements name, where its code reads it",
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


_OF_TRL = re.compile(
    r"(?:SFT|DPO|GRPO|KTO|ORPO|CPO|PPO|RLOO|Reward|OnlineDPO|XPO|NashMD|BCO|GKD|PRM)Trainer"
)
_OF_A_MODEL = re.compile(r"For[A-Z]|Model|Config|Tokeniz|Processor|Trainer|Cache|Layer|Module")


def _of_the_base(case: Case, owner: str, name: str) -> Released | None:
    """Return which releases set what a trainer lacks that was made of TRL's or transformers'."""
    if not owner.endswith(("Trainer", "Config")) or owner == "Trainer":
        return None
    of_trl = re.sub(r"^_?Unsloth", "", owner)
    for base in ((of_trl,) if of_trl != owner else ()) + ("Trainer",):
        known = released(case, f"AttributeError: '{base}' object has no attribute '{name}'")
        if known is not None and not known.is_everywhere:
            return known
    return None


def _reader(case: Case, owner: str) -> str:
    """Return who reads the attribute: a package where a cut frame or a generated class names it."""
    if case.places or case.frames:
        return case.reader
    if cut := cut_frame(case):
        return cut.removesuffix("_zoo")
    return "unsloth" if re.match(r"Unsloth\w+(?:Config|Trainer)\b", owner) else case.reader


def _attribute(case: Case) -> Answer:
    owner, name = case.match["owner"], case.match["name"]
    known = released(case) or _of_the_base(case, owner, name)
    if known is not None and not known.contradicts:
        outside = [item for item in case.packages if item not in {known.found.package, "torch"}]
        return known_name(case, known, outside[-1] if outside else "")
    if owner.endswith("Processor") and _OF_TOKENIZER.fullmatch(name):
        return _of_a_processor(owner, name)
    outside = [item for item in case.packages if item not in {"torch", "transformers"}]
    if "__getattr__" in case.frames.rpartition("line ")[2]:  # PEFT and torch hand it on
        outside = [item for item in outside if item != "peft"]
    who = outside[-1] if outside and not case.is_of_the_script else _reader(case, owner)
    unsloth = who == "unsloth" and "For" in owner
    if not unsloth and (by_one := read_by_a_package(case, owner, name)):
        return by_one
    advised = _of_the_script(owner, name)
    if who not in {"the script", "transformers", "some code"}:
        advised = (
            upgrade(who),
            f"or what it reads back to the same time: python -m gemma_compat advise --with {who}",
        )
    return Answer(
        f"{who} reads {name} of a {owner}, which has no such attribute here",
        ("load the model with FastLanguageModel or FastModel, which set it",)
        if unsloth
        else advised,
        why="a model that another loader made, or a name that another release has"
        if _OF_A_MODEL.search(owner)
        else "an object of another kind than that line expects, or a name that another release has",
        known="the message and the frames; which of these it is, they do not say",
        certain=False,
        settles=False,
    )


def _by_its_config(auto: str) -> str:
    """Return which class to load where an Auto class does not know the config."""
    own = "the class that architectures in the checkpoint's config.json names"
    return (
        f"AutoModelForImageTextToText, for a model with images; or {own}"
        if (auto == "AutoModelForCausalLM")
        else f"load {own}"
    )


def _task_head(case: Case) -> Answer:
    config, auto = case.match["config"], case.match["auto"]
    known = released(case)
    if known is not None and not known.contradicts:
        return Answer(
            f"the installed transformers has no {auto} for {config}: {known.happened}",
            (known.command or _by_its_config(auto),),
            why="heads for a task come to a family one by one, often releases after the model",
            known="read in the wheels of transformers",
        )
    is_remote = "transformers_modules" in case.hit.text
    return Answer(
        f"transformers has no {auto} for {config}",
        (
            "AutoModel.from_pretrained(..., trust_remote_code=True)   or what auto_map in the "
            "checkpoint's config.json names"
            if is_remote
            else _by_its_config(auto),
            "pip install -U transformers   if a newer release has that head",
        ),
        why="the config is of code that lies beside the checkpoint, which says in auto_map for "
        "which Auto classes it is"
        if is_remote
        else "heads for a task come to a family one by one, often releases after the model itself",
        known="the message; python -m gemma_compat supports says from which release on",
        settles=False,
    )


def _no_processor(case: Case) -> Answer | None:
    """Answer a tokenizer in a processor's place; leave a class that lacks a part of itself."""
    if re.search(rf"\bself\.{case.match['name']}\b", case.code):
        return None
    return Answer(
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
            ),
            "ValueError: Unrecognized configuration class <class 'transformers_modules.x."
            "configuration_internvl.InternVLChatConfig'> for this kind of AutoModel: "
            "AutoModelForCausalLM.": "auto_map",
        },
        alone=True,
    ),
    General(
        "attribute-of-a-tokenizer",
        r"(?P<owner>\w{2,40}Tokenizer(?:Fast)?|PreTrainedTokenizerFast)'?(?: object)? has no "
        r"attribute '?(?P<name>tokenizer|image_processor|feature_extractor|image_seq_length)\b",
        _no_processor,
        {
            "AttributeError: GemmaTokenizerFast has no attribute tokenizer": "text-only",
            "AttributeError: 'GemmaTokenizer' object has no attribute 'image_processor'": "both",
            "AttributeError: 'GemmaTokenizer' object has no attribute 'x'": "",
            'Traceback (most recent call last):\n  File "/home/me/t.py", line 3, in f\n    '
            "self.tokenizer\nAttributeError: 'MyTokenizer' object has no attribute 'tokenizer'": "",
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
            'unsloth/models/_utils.py", line 1055, in _unsloth_pre_compute_loss\n    getattr(self, '
            '"args", {}).get("x", 1)\n'
            "AttributeError: 'UnslothSFTConfig' object has no attribute 'get'": (
                "pip install -U unsloth unsloth_zoo"
            ),
            'Traceback (most recent call last):\n  File "/x/site-packages/transformers/models/'
            'gemma3/modeling_gemma3.py", line 3, in f\n    self.odd\n'
            "AttributeError: 'Gemma3TextModel' object has no attribute 'odd'": (
                "pip install -U transformers"
            ),
            "trl/trainer/utils.py\", line 5, in f\n    x.odd\nAttributeError: 'Odd' object has "
            "no attribute 'odd'": "pip install -U trl",
            "AttributeError: 'Gemma3Processor' has no attribute 'pad' during Data Collation": (
                "takes a Gemma3Processor for a tokenizer"
            ),
            "AttributeError: 'GRPOTrainer' object has no attribute "
            "'current_gradient_accumulation_steps'": "transformers>=4.55.0",
            "AttributeError: 'GRPOTrainer' object has no attribute 'odd'": (
                "pip install -U trl transformers"
            ),
            "AttributeError: 'MyTrainer' object has no attribute 'odd'": "trl==RELEASE",
            "[ERROR] 'Gemma3Processor' object has no attribute 'pad'?\nwith the notebook": (
                "for a tokenizer"
            ),
            'Traceback (most recent call last):\n  File "/x/src/llamafactory/model/visual.py", '
            "line 3, in f\n    f()\nAttributeError: 'Gemma4ForConditionalGeneration' object has "
            "no attribute 'multi_modal_projector'": "pip install -U llamafactory",
        },
    ),
)
