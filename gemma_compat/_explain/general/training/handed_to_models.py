"""Arguments that a model's forward does not take: what the Trainer, TRL, generate or the batch
hands over.
"""

from __future__ import annotations

from ...answer import Answer
from ...unknown import OF_MODEL
from ..base import Case
from ..released import upgrade

# What transformers, TRL and their kin hand to a model by themselves; no batch has a column of it.
_BY_A_LIBRARY = frozenset(
    {
        *("cache_position", "position_embeddings", "past_key_values", "past_key_value"),
        *("logits_to_keep", "num_logits_to_keep", "use_cache", "output_router_logits"),
        *("shift_labels", "skip_logits", "is_causal", "cu_seq_lens_q", "max_length_q"),
        *("output_hidden_states", "output_attentions", "return_dict", "inputs_embeds"),
    }
)
# Of these it is known who adds them, also where the class is not named.
OF_THE_TRAINER = frozenset({"num_items_in_batch", "token_type_ids"})


def _counted_tokens(function: str) -> Answer:
    return Answer(
        f"{function}() is given num_items_in_batch, which it does not take: the Trainer of "
        "transformers 4.46 and newer adds it",
        (
            "trainer.model_accepts_loss_kwargs = False   before trainer.train()",
            "def forward(self, ..., num_items_in_batch=None, **kwargs):   in a model of your own, "
            "and kwargs without it for the model within",
            "pip install -U transformers peft   where no class of yours is in between",
        ),
        why="the Trainer adds it where the model's forward takes **kwargs: a class of your own, an "
        "adapter or a wrapper that hands all of them on to a model that does not",
        known="read in transformers 4.50.3 to 5.23.0, trainer.py",
    )


def _types_of_tokens(function: str) -> Answer:
    return Answer(
        f"{function}() is given token_type_ids, which this model does not take",
        (
            "tokenizer(text, return_token_type_ids=False)",
            "inputs.pop('token_type_ids', None)   before model(**inputs)",
            "or the tokenizer that belongs to the model: AutoTokenizer.from_pretrained(MODEL)",
        ),
        why="some tokenizers make them without being asked, for models that tell two texts apart",
        known="the message; that a tokenizer made them is how they come about, mostly",
        settles=False,
    )


def _by_a_library(case: Case, function: str, name: str, outside: list[str]) -> Answer:
    of_hub = any(place.module == OF_MODEL for place in case.places)
    return Answer(
        f"{function}() is given {name}, which this model does not take",
        (
            *(
                (
                    "no trust_remote_code=True, where transformers has a class for this model; "
                    "else the transformers that its config.json names (transformers_version)",
                )
                if of_hub
                else ()
            ),
            "pip install -U transformers"
            + (
                f" {' '.join(dict.fromkeys(outside[-1:]))}   to releases of the same time"
                if outside
                else "   whose models take it, or the release that the model's code was written for"
            ),
            f"def forward(self, ..., {name}=None, **kwargs):   in a model of your own",
        ),
        why="transformers, TRL and others hand it over by themselves, and the model is of another "
        "time, comes from the Hub, or was written by hand",
        known="the message; who hands it over, the frames above the last one show",
        settles=False,
    )


def handed_to_a_model(case: Case, function: str, name: str) -> Answer:
    """Answer an argument of a model's forward: a column of the batch, or one of another release."""
    outside = [
        item
        for item in case.packages
        if item not in {"torch", "transformers", "accelerate", "peft"}
    ]
    if name == "num_items_in_batch":
        return _counted_tokens(function)
    if name == "token_type_ids":
        return _types_of_tokens(function)
    if name in _BY_A_LIBRARY:
        return _by_a_library(case, function, name, outside)
    return Answer(
        f"{function}() is given {name}, which this model does not take",
        (
            f"print(batch.keys())   : is {name} a column of the rows, or made by the collator? "
            "Leave it out there, or remove_unused_columns=True",
            *([upgrade(outside[-1])] if outside else []),
            "where code of a library hands it over: its own class of model, or the transformers "
            "that it was written for",
        ),
        why="a trainer hands the batch over as **inputs, so each column becomes an argument; "
        "patches and frameworks add arguments that their own models take",
        known="the message; who hands it over, the frames above the last one show",
        settles=False,
    )
