"""What generate() and pipelines of transformers refuse."""

from __future__ import annotations

from ..base import General
from ..refused import Row, refused

_KNOWN = "the message; its condition was read in transformers 4.31.0 to 5.24.0"

_GENERATION: tuple[Row, ...] = (
    Row(
        "TypeError: The current model class (Gemma3Model) is not compatible with `.generate()`, as "
        "it doesn't have a language model head.",
        r"current model class \((\w{2,60})\) is not compatible with `\.generate\(\)`",
        "{0} has no head that predicts tokens, so it generates nothing",
        (
            "AutoModelForCausalLM.from_pretrained(...)   (AutoModelForImageTextToText with images, "
            "AutoModelForSeq2SeqLM for T5 and BART) in place of the class that was loaded",
        ),
    ),
    Row(
        "ValueError: num_return_sequences has to be 1 when doing greedy search, but is 4.",
        r"num_return_sequences` has to be 1 when doing greedy|num_return_sequences has to be 1 "
        r"when doing greedy|Greedy methods \([^)\n]{0,40}\) without beam search do not support "
        r"`num_return_sequences`",
        "several answers to one prompt are asked for, without sampling, which gives one answer",
        ("do_sample=True, num_return_sequences=4", "or num_beams=4 (as many or more)"),
    ),
    Row(
        "ValueError: `top_k` has to be a strictly positive integer, but is 40.0",
        r"`top_k` has to be a strictly positive integer, but is (\S{1,20})",
        "top_k is {0}, and generate() takes a whole number above 0",
        ("top_k=50   (0 turns it off)",),
    ),
    Row(
        "ValueError: `top_p` has to be a float > 0 and < 1, but is -1",
        r"`(top_p|typical_p|min_p)` has to be a float [^\n]{4,30}, but is (\S{1,20})",
        "{0} is {1}, and generate() takes a number between 0 and 1",
        ("a number such as 0.9 for {0}   (1.0 turns top_p off, and 0 turns min_p off)",),
    ),
    Row(
        "ValueError: `penalty` has to be a strictly positive float, but is 2",
        r"`penalty` has to be a strictly positive float, but is (\S{1,20})",
        "repetition_penalty is {0}, and generate() takes a number with a decimal point above 0",
        ("repetition_penalty=1.1   (1.0 turns it off)",),
        "a whole number such as 2 is refused too",
    ),
    Row(
        "ValueError: `bos_token_id` has to be defined when no `input_ids` are provided.",
        r"`bos_token_id` has to be defined when no `input_ids` are provided",
        "generate() got no prompt, and the model has no token to begin with",
        (
            'model.generate(**tokenizer(prompt, return_tensors="pt").to(model.device))   with two '
            "stars, so that input_ids arrive by name",
        ),
        "inputs that are None, or under another name than input_ids, count as no prompt",
    ),
    Row(
        "ValueError: GemmaForCausalLM does not support an instance of `Cache` as "
        "`past_key_values`.",
        r"(\w{2,60}) does not support an instance of `Cache` as `past_key_values`",
        "{0} was written for caches that are tuples, and got a cache object",
        (
            "leave past_key_values out of generate()",
            "pip install -U transformers   where the class is one of transformers",
            "code of the checkpoint (trust_remote_code): its newest revision, or the transformers "
            "that its model card names",
        ),
    ),
    Row(
        "ValueError: TextStreamer only supports batch size 1",
        r"TextStreamer only supports batch size 1",
        "a streamer prints one answer, and generate() got several prompts (or num_return_sequences "
        "above 1)",
        ("leave streamer out, or give one prompt at a time",),
    ),
    Row(
        "ValueError: Argument `streamer` is not a valid argument of `GenerationConfig`. It should "
        "be passed to `generate()` (or a pipeline) directly.",
        r"Argument `(\w{2,40})` is not a valid argument of `GenerationConfig`",
        "{0} stands in GenerationConfig, and belongs to the call of generate()",
        ("model.generate(..., {0}={0})   and not in GenerationConfig or generation_config.json",),
    ),
    Row(
        "ValueError: self.model.config.decoder_start_token_id has to be defined. In T5 it is "
        "usually set to the pad_token_id.",
        r"(?:config\.|the )decoder_start_token_id (?:has to be defined|attribute of the model)|"
        r"`decoder_start_token_id` or `bos_token_id` has to be defined",
        "the config of this encoder-decoder says no token for the decoder to begin with",
        (
            "model.config.decoder_start_token_id = tokenizer.pad_token_id   for T5; "
            "tokenizer.cls_token_id for a model put together from BERT or ViT",
            "and model.config.pad_token_id = tokenizer.pad_token_id",
        ),
        "labels are shifted by one, and that token stands first",
    ),
    Row(
        "ValueError: self.model.config.pad_token_id has to be defined.",
        r"(?:self\.)?model\.config\.pad_token_id has to be defined",
        "the model's config has no padding token, which its labels need where they are shifted",
        ("model.config.pad_token_id = tokenizer.pad_token_id   before training",),
    ),
    Row(
        "ValueError: Labels' sequence length 510 cannot exceed the maximum allowed length of 448 "
        "tokens.",
        r"Labels' sequence length (\d{1,6}) cannot exceed the maximum allowed length of (\d{1,6})",
        "a row has labels of {0} tokens, and this Whisper has {1} positions for them",
        (
            "dataset = dataset.filter(lambda row: len(row['labels']) <= {1})",
            "or cut the recording and its text into shorter pieces (Whisper hears 30 seconds)",
        ),
    ),
    Row(
        "ValueError: Pipeline with tokenizer without pad_token cannot do batching.",
        r"Pipeline with tokenizer without pad_token cannot do batching",
        "the pipeline is to work in batches, and its tokenizer has no padding token",
        (
            "pipe.tokenizer.pad_token_id = pipe.tokenizer.eos_token_id; "
            'pipe.tokenizer.padding_side = "left"',
            "or batch_size=1",
        ),
    ),
    Row(
        "KeyError: \"Unknown task conversational, available tasks are ['audio-classification', "
        "'text-generation']\"",
        r"Unknown task ([\w-]{2,40}), available tasks are \[",
        "this transformers has no pipeline for the task {0}",
        (
            'pipeline("text-generation", model=...)   for conversational, which it replaced: it '
            "takes lists of messages",
            "another task: the message lists those of this release; newer ones need pip install -U "
            "transformers",
        ),
    ),
    Row(
        "argparse.ArgumentTypeError: Truthy value expected: got bf16 but expected one of yes/no, "
        "true/false, t/f, y/n, 1/0 (case insensitive).",
        r"Truthy value expected: got (\S{1,60}) but expected one of yes/no",
        "an option that is yes or no is given {0}",
        (
            "the option alone, or true or false behind it   (--bf16 true)",
            "an option before it that lost its value takes the next word: check the line's order",
        ),
    ),
)

KINDS: tuple[General, ...] = (
    refused(
        "generation-settings-refused",
        ("transformers", "argparse"),
        _GENERATION,
        _KNOWN,
        {
            "What does `top_k` do? It has to be a positive integer, I think.": "",
            'Traceback (most recent call last):\n  File "/x/site-packages/odd/gen.py", line 3, in '
            "f\n    raise ValueError(\nValueError: TextStreamer only supports batch size 1": "",
        },
    ),
)
