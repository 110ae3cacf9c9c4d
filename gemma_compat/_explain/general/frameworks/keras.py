"""Gemma in Keras and JAX: presets, Kaggle's licence, devices and saved weights."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from ..released import in_which


def _no_converter(case: Case) -> Answer:
    known = in_which(case)
    command = known.command if known is not None else ""
    return Answer(
        f"this KerasHub has no converter for checkpoints of the model type {case.match['name']}",
        (
            command or "pip install -U keras-hub keras",
            "or a preset of Kaggle's in place of hf://...: GemmaCausalLM.presets lists them",
        ),
        why=known.happened
        if known is not None
        else "converters from transformers' checkpoints come with releases of KerasHub",
        known="KerasHub says so; the releases were read in its wheels"
        if known is not None
        else "KerasHub says so",
    )


_NO_MODEL = re.compile(r"kaggle\.com/(?:api/v\d/)?(?P<what>dataset|competition)s/")


def _no_model(what: str, login: str) -> Answer:
    """Answer for a data set or a competition, which have no licence of Gemma to accept."""
    return Answer(
        f"Kaggle did not hand out the {what} of that address",
        (
            "the competition's page at kaggle.com: join it and accept its rules, with the account "
            "of the key"
            if what == "competition"
            else "look at the address, with the account of the key: is it spelt so, and not "
            "private?",
            login,
        ),
        known="the status and the address are in the message",
        settles=False,
    )


def _kaggle(case: Case) -> Answer:
    """Answer what Kaggle refuses, by the status or the class of its error."""
    login = (
        "import kagglehub; kagglehub.login()   or KAGGLE_USERNAME and KAGGLE_KEY in the environment"
    )
    if re.search(r"UnauthenticatedError|\b401\b", case.hit.text):
        return Answer(
            "Kaggle was asked without a key, or with one that it does not take",
            (login, "then accept the licence on the model's page at kaggle.com"),
            why="Gemma's presets are gated on Kaggle",
            known="the error says so",
        )
    url = _NO_MODEL.search(f"{case.message}\n{case.hit.text}\n{case.hit.after[:300]}")
    if url is not None:
        return _no_model(url["what"], login)
    if re.search(r"\b404\b", case.hit.text):
        return Answer(
            "Kaggle has no model of that name or version, or does not show it to this account",
            (
                "a name from GemmaCausalLM.presets.keys() (Gemma3CausalLM, PaliGemmaCausalLM)",
                login,
            ),
            known="the status 404 says so",
            settles=False,
        )
    if re.search(r"\b(?:429|5\d\d) (?:Client|Server) Error", case.hit.text):
        return Answer(
            "Kaggle's server did not answer, or was asked too often",
            ("again later", "or the checkpoint of the Hub: hf://google/gemma-..."),
            known="the status says so",
        )
    return Answer(
        "Kaggle does not hand out the model to this account",
        (
            "accept the licence on the model's page at kaggle.com, with the account of the key",
            login,
        ),
        why="Gemma's presets are gated on Kaggle: the licence is accepted there, apart from the "
        "one at Hugging Face",
    )


_OTHER_VARIABLES = Answer(
    "the file of weights has other variables than the model that takes them",
    (
        "make the model as it was when it was saved (the same preset, enable_lora(rank) before "
        "loading), with the keras and keras-hub of then",
        "or save_lora_weights and load_lora_weights, or save_to_preset and from_preset",
    ),
    why="weights are matched layer by layer: LoRA, quantization and newer releases add variables",
    known="Keras counts both",
    settles=False,
)
_NOT_BUILT = Answer(
    "a layer has no variables yet when its weights are to be loaded",
    (
        "one call of the model, or model.build(shape), before load_weights",
        "in a layer of your own: build() has to make its variables, and build the layers in it",
        "enable_lora(rank) before loading, where it was on when the file was saved",
    ),
    known="Keras names the layer",
    settles=False,
)


KINDS: tuple[General, ...] = (
    General(
        "kaggle-refuses-the-model",
        r"KaggleApiHTTPError|don't have permission to access resource at URL|"
        r"(?:40[13]) Client Error[^\n]{0,80}kaggle\.com|kaggle\.com[^\n]{0,120}accept its (?:terms|"
        r"license)|UnauthenticatedError: User is not authenticated",
        _kaggle,
        {
            "kagglehub.exceptions.KaggleApiHTTPError: 403 Client Error. You don't have permission "
            "to access resource at URL: https://www.kaggle.com/models/keras/gemma/keras/x": (
                "licence"
            ),
            "kagglehub.exceptions.UnauthenticatedError: User is not authenticated": "without a key",
            "kagglehub.exceptions.KaggleApiHTTPError: 404 Client Error. Resource not found at URL: "
            "https://www.kaggle.com/models/keras/gemma3/keras/x": "presets.keys()",
            "kagglehub.exceptions.KaggleApiHTTPError: 503 Server Error: Service Unavailable": (
                "again later"
            ),
            "kagglehub.exceptions.KaggleApiHTTPError: 403 Client Error. You don't have permission "
            "to access resource at URL: https://www.kaggle.com/competitions/x/rules": "its rules",
            "kagglehub.exceptions.KaggleApiHTTPError: 404 Client Error. Resource not found at URL: "
            "https://www.kaggle.com/datasets/x/y/versions/5": "is it spelt so",
        },
        alone=True,
    ),
    General(
        "preset-unknown",
        r"Unknown preset identifier|there is no class registered with Keras|"
        r"Unable to find a subclass of \w{1,60} that is compatible|"
        r"preset '[^'\n]{1,80}' (?:is not|has no)|Unexpected Kaggle preset",
        always(
            "this keras-hub does not know that preset, or the class in it",
            "pip install -U keras-hub keras   and restart the kernel",
            "or a name from GemmaCausalLM.presets.keys() (Gemma3CausalLM, PaliGemmaCausalLM)",
            why="presets come with releases of keras-hub; keras-nlp, its old name, stays behind",
            settles=False,
        ),
        {"ValueError: Unknown preset identifier. A preset must be a one of:": "keras-hub"},
    ),
    General(
        "keras-weights-of-another-model",
        r"Layer '?[\w./ -]{1,80}'? expected \d+ variables?, but received \d+ variables? during "
        r"loading|A total of \d+ objects could not be loaded|"
        r"was never built and thus it doesn't have any variables",
        lambda case: _NOT_BUILT if "was never built" in case.hit.text else _OTHER_VARIABLES,
        {
            "ValueError: Layer 'query' expected 1 variables, but received 3 variables during "
            "loading. Expected: ['kernel']": "enable_lora",
            "ValueError: Layer 'mine' was never built and thus it doesn't have any variables. "
            "However the weights file lists 2 variables for this layer.": "build(",
        },
    ),
    General(
        "keras-metric-not-built",
        r"Cannot get result\(\) since the metric has not yet been built",
        always(
            "Keras asks a metric for its value that never saw a batch: most often one of a "
            "compiled "
            "model within the model",
            "GemmaCausalLM.from_preset(PRESET, compile=False)   or its .backbone alone, as a layer",
            why="a preset comes compiled with its own metrics, which the outer model lists and "
            "never "
            "updates",
            settles=False,
        ),
        {
            "ValueError: Cannot get result() since the metric has not yet been built.": (
                "compile=False"
            )
        },
    ),
    General(
        "keras-hub-has-no-converter",
        r"KerasHub has no converter for huggingface/transformers models with model type "
        r"`'(?P<name>\w{2,60})'`",
        _no_converter,
        {
            "ValueError: KerasHub has no converter for huggingface/transformers models with model "
            "type `'gemma4'`.": "keras-hub>=0.27.1",
            "ValueError: KerasHub has no converter for huggingface/transformers models with model "
            "type `'qwen9'`.": "pip install -U keras-hub keras",
        },
    ),
)
