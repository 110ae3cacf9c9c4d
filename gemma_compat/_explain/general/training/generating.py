"""Generation: settings that contradict each other, and output that does not end."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always


def _empty_cache(case: Case) -> Answer:
    near = case.hit.before[-4000:] + case.around + case.hit.after
    first = (
        ("FastLanguageModel.for_inference(model)   before generate",)
        if re.search("nsloth|Fast(?:Language|Vision)?Model", near)
        else ()
    )
    return Answer(
        "a cache is read at a layer for which nothing was stored",
        (
            *first,
            "use_cache=False   while training",
            "generating: let generate make the cache (no past_key_values of your own, no prefill "
            "by hand)",
        ),
        why="the cache was made empty, or by another model; checkpointing in training mode "
        "switches it off",
        known="the message; who made the cache is not in it",
        certain=False,
        settles=False,
    )


def _whole_encoding(case: Case) -> Answer | None:
    if "raise AttributeError" not in case.near or "tokenization_utils_base" not in case.near:
        return None
    return Answer(
        "generate got what the tokenizer returned as a whole, where it takes its tensors",
        (
            "model.generate(**inputs, ...)   : with both stars, not model.generate(inputs) or "
            "input_ids=inputs",
            "or tokenizer.apply_chat_template(..., return_dict=False)   gives the tensor of ids "
            "alone",
        ),
        why="apply_chat_template returns a dict of tensors by default from transformers 5 on, and "
        "returned the ids alone before",
        known="the frames: .shape is asked of a BatchEncoding; the default was read in "
        "transformers 4.57.6 and 5.0.0",
    )


def _contradiction(case: Case) -> Answer:
    """Answer a generation config that does not hold together, by what was done with it."""
    phase = case.phase
    off = (
        "model.generation_config.temperature = None, the same for top_p and top_k, with "
        "do_sample=False"
    )
    if phase in {"generating", "loading", "evaluating"}:
        return Answer(
            "a generation config holds settings that contradict each other",
            (
                f"do_sample=True beside temperature, top_p and top_k; or {off}"
                if phase != "loading"
                else "generation_config.json beside the weights: "
                '"do_sample": true where temperature, top_p or top_k are set, or without these',
                "num_beams above 1   where length_penalty, early_stopping or several beams are set",
            ),
            why="settings of sampling count only with do_sample=True, those of beams only with "
            "several beams",
            known="the message; which setting it is, the lines around name",
            certain=False,
            settles=False,
        )
    return Answer(
        "a generation config with settings that contradict each other is not saved",
        (
            "model.generation_config.do_sample = True   before saving, where temperature, top_p or "
            "top_k are set",
            f"or {off}",
        ),
        why="temperature, top_p and top_k are of sampling; set beside do_sample=False they are "
        "only a warning while generating, and an error while saving. In a notebook the trained "
        "weights are in memory still; a script has the last checkpoint",
        known="the message; which setting it is, the lines around name",
        certain=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "encoding-handed-over-whole",
        r"batch_size = inputs_tensor\.shape\[0\]",
        _whole_encoding,
        {
            '  File "/x/transformers/generation/utils.py", line 2398, in generate\n    batch_size '
            '= inputs_tensor.shape[0]\n  File "/x/transformers/tokenization_utils_base.py", line '
            "277, in __getattr__\n    raise AttributeError\nAttributeError": "**inputs",
            "    batch_size = inputs_tensor.shape[0]": "",
        },
        alone=True,
    ),
    General(
        "turn-that-does-not-end",
        r"(?:<end_of_turn>\s{0,2}){3}|(?:<turn\|>\s{0,2}){3}",
        always(
            "generation goes on after the mark that ends a turn: what runs the model does not stop "
            "there",
            "model.generate(..., eos_token_id=[1, 106])   for Gemma 2: [1, 107]",
            'or stop=["<end_of_turn>"] in vLLM, Ollama (PARAMETER stop) and others; print '
            'tokenizer.convert_tokens_to_ids("<end_of_turn>") for the number',
            "generation_config.json of the base, beside weights that were saved or merged without "
            "it",
            why="a chat Gemma ends its turn with that mark, and the tokenizer's eos token is "
            "often another, <eos>; generation_config.json of the published Gemma 3 lists both",
            known="the output; which file or setting lacks the mark, it does not say",
            certain=False,
            of_gemma=True,
        ),
        {
            "Four.<end_of_turn><end_of_turn><end_of_turn><end_of_turn>": "eos_token_id=[1, 106]",
            "Hi<end_of_turn>\n<start_of_turn>model": "",
        },
        alone=True,
    ),
    General(
        "generation-settings-that-contradict",
        r"[Gg]eneration ?[Cc]onfig(?: instance)? is invalid|"
        r"loaded generation config instance is invalid",
        _contradiction,
        {
            "ValueError: The generation config instance is invalid -- `.validate()` throws "
            "warnings and/or exceptions. Fix these issues to save the configuration.": "do_sample",
            "ValueError: GenerationConfig is invalid: \n`temperature`: `do_sample` is set not to "
            "set `True`.": "do_sample",
        },
        alone=True,
    ),
    General(
        "temperature-of-zero",
        r"`temperature` \(=-?[\d.]+\) has to be a strictly positive float",
        always(
            "temperature is 0 or less, and sampling divides by it",
            "do_sample=False   for the likeliest token each time",
            "or a temperature above 0: temperature=0.1",
        ),
        {
            "ValueError: `temperature` (=0.0) has to be a strictly positive float, otherwise your "
            "next token scores will be invalid.": "do_sample=False"
        },
    ),
    General(
        "several-answers-without-sampling",
        r"Greedy methods (?:without beam search )?do not support `num_return_sequences`|"
        r"`num_return_sequences` \(\d+\) has to be smaller or equal to `num_beams`",
        lambda case: Answer(
            "several answers are asked for, and without sampling each would be the same"
            if case.match[0].startswith("Greedy")
            else "more answers are asked for than there are beams",
            (
                "do_sample=True   or num_beams at least as large as num_return_sequences"
                if case.match[0].startswith("Greedy")
                else "num_beams at least as large as num_return_sequences, or do_sample=True "
                "with num_beams=1",
            ),
        ),
        {
            "ValueError: Greedy methods without beam search do not support `num_return_sequences` "
            "different than 1 (got 4).": "do_sample=True",
            "ValueError: `num_return_sequences` (4) has to be smaller or equal to `num_beams` "
            "(2).": "than there are beams",
        },
    ),
    General(
        "stop-texts-without-a-tokenizer",
        r"one or more stop strings, either in the arguments to `generate`",
        always(
            "stop_strings are texts, and generate was not given the tokenizer that turns them into "
            "tokens",
            "model.generate(..., stop_strings=[...], tokenizer=tokenizer)",
        ),
        {
            "ValueError: There are one or more stop strings, either in the arguments to `generate` "
            "or in the model's generation config, but we could not locate a tokenizer.": (
                "tokenizer=tokenizer"
            )
        },
    ),
    General(
        "cache-given-twice",
        r"Passing both `cache_implementation` \(used to initialize",
        always(
            "generate is given a cache and told to make one",
            "leave out past_key_values, or cache_implementation",
            why="the config of Gemma 2 and of the first Gemma 3 asks for a hybrid cache, so the "
            "second may come from generation_config.json",
            known="the message; where it comes from is likely, not certain",
            certain=False,
        ),
        {
            "ValueError: Passing both `cache_implementation` (used to initialize certain caches) "
            "and `past_key_values` (a Cache object) is unsupported. Please use only one of the "
            "two.": "leave out"
        },
    ),
    General(
        "cache-without-such-a-layer",
        r"Cache only has \d+ layers, attempted to access layer with index \d+",
        _empty_cache,
        {
            "I use `FastLanguageModel` of unsloth\nKeyError: 'Cache only has 0 layers, attempted "
            "to access layer with index 0'": "for_inference",
            "KeyError: 'Cache only has 0 layers, attempted to access layer with index 0'": (
                "use_cache=False"
            ),
        },
    ),
    General(
        "no-new-tokens-allowed",
        r"`max_new_tokens` must be greater than 0",
        always(
            "max_new_tokens is 0 or less: no room is left for an answer",
            "max_new_tokens=256",
            why="it is often computed as a limit minus the length of the prompt, which is longer",
        ),
        {"ValueError: `max_new_tokens` must be greater than 0, but is -12.": "max_new_tokens=256"},
    ),
    General(
        "prompt-padded-on-the-right",
        r"right-padding was detected! For correct generation results",
        lambda case: Answer(
            "prompts of a batch are padded on the right, so shorter ones go on from padding",
            ('tokenizer.padding_side = "left"   before the prompts are tokenized',),
            why="a decoder continues the last position; text generated from padding is empty, "
            "repeated or senseless. Training may pad on the right",
            known="transformers says so in a warning; that the output is bad for it is likely",
            certain=False,
        ),
        {
            "A decoder-only architecture is being used, but right-padding was detected! For "
            "correct generation results, please set `padding_side='left'`": "padding_side",
        },
        alone=True,
    ),
    General(
        "assistant-with-a-batch",
        r"assisted generate (?:is only supported for batch_size = 1|requires `use_cache=True`)|"
        r"num_return_sequences has to be 1 when doing assisted generate",
        always(
            "speculative decoding with an assistant model takes one prompt at a time, with a cache",
            "one prompt for each call, use_cache=True, num_return_sequences=1",
            "or leave out assistant_model",
        ),
        {"ValueError: assisted generate is only supported for batch_size = 1": "one prompt"},
    ),
)
