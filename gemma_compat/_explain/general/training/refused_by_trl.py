"""What TRL's trainers refuse: tokenizers, models, packing, lengths, rewards."""

from __future__ import annotations

from ..base import General
from ..refused import Row, refused

_MADE: tuple[Row, ...] = (
    Row(
        "ValueError: processing_class must be specified to tokenize a DPO dataset.",
        r"(tokenizer|processing_class) must be specified to tokenize a (\w{2,6}) dataset|A "
        r"(processing_class) must be specified when using the default \w{10,50}|max_length or a "
        r"(tokenizer|processing_class) must be specified when using the default \w{10,50}",
        "the trainer got no tokenizer under the name that this TRL reads ({0}{2}{3})",
        (
            "{0}{2}{3}=tokenizer   in the trainer",
            "None there: print(tokenizer) before it",
        ),
        "TRL 0.12 renamed tokenizer to processing_class in its trainers",
    ),
    Row(
        "ValueError: Padding is enabled, but the tokenizer is not configured with a padding token.",
        r"Padding is enabled, but the tokenizer is not configured with a padding token|Can't find "
        r"`pad_token_id` in the `processing_class`|and `pad_token_id` is missing in the "
        r"`processing_class`",
        "the tokenizer has no padding token, and the trainer pads",
        (
            "tokenizer.pad_token = tokenizer.eos_token   before the trainer is made",
            "a separate token lets the model learn where a text ends: "
            "tokenizer.pad_token = '<|finetune_right_pad_id|>' (Llama 3), '<|endoftext|>' (Qwen), "
            "'<pad>' (Gemma)",
        ),
    ),
    Row(
        "ValueError: The `processing_class` must be either a `PreTrainedTokenizerBase` or a "
        "`ProcessorMixin`",
        r"The `processing_class` must be either a `PreTrainedTokenizerBase` or a `ProcessorMixin`",
        "processing_class is neither a tokenizer nor a processor of transformers",
        (
            "processing_class=AutoTokenizer.from_pretrained(MODEL)   (AutoProcessor with images)",
            "print(type(tokenizer))   : a tokenizer of the package tokenizers, a text or a tuple "
            "is refused",
        ),
    ),
    Row(
        "ValueError: `peft_config` must be a `peft.PeftConfig` instance (e.g. `peft.LoraConfig`), "
        "got <class 'dict'>.",
        r"`peft_config` (?:argument should be an|must be a) (?:instance of )?`peft\.PeftConfig`"
        r"[^\n]{0,60}?(?:got <class '([\w.]{1,60})'>|class)",
        "peft_config is not a config of PEFT {0}",
        ("peft_config=LoraConfig(r=16, lora_alpha=32, target_modules='all-linear')",),
    ),
    Row(
        "TypeError: `train_dataset` must be a `Dataset` or `IterableDataset`, got `DatasetDict`.",
        r"`train_dataset` must be a `Dataset` or `IterableDataset`, got `?(?:<class ')?"
        r"([\w.]{2,60})",
        "train_dataset is a {0}, and the trainer takes a Dataset or IterableDataset of datasets",
        (
            "train_dataset=dataset['train']   for a DatasetDict",
            "datasets.Dataset.from_list(rows)   for a list; a torch Dataset goes to transformers' "
            "Trainer",
        ),
    ),
    Row(
        "ValueError: model must be a PreTrainedModelWrapper, got <class "
        "'peft.peft_model.PeftModelForCausalLM'> - supported architectures are: (...)",
        r"model must be a PreTrainedModelWrapper, got <class '([\w.]{2,80})'>",
        "PPOTrainer of this TRL wants a model with a value head, and got {0}",
        (
            "AutoModelForCausalLMWithValueHead.from_pretrained(MODEL, peft_config=lora_config)",
            "newer TRL (0.12 and on) takes the plain model, with value_model and reward_model",
        ),
    ),
    Row(
        "ValueError: `policy` and `ref_policy` cannot be the same object.",
        r"`(policy|model)` and `(ref_policy|ref_model)` cannot be the same object",
        "{0} and {1} are one object, so the reference would be trained along",
        (
            "{1}=None   with an adapter: the model without it is the reference",
            "or load it a second time with from_pretrained",
        ),
    ),
    Row(
        "ValueError: The model is offloaded on CPU or disk - CPU & disk offloading is not "
        "supported for ValueHead models.",
        r"offloading is not supported for ValueHead models",
        "a part of the model with a value head lies on the CPU or the disk",
        (
            'device_map={"": 0}   in from_pretrained of the value-head class',
            "BitsAndBytesConfig(load_in_4bit=True), where the card has no room",
        ),
        "device_map='auto' puts there what the card has no room for",
    ),
)

_RUN: tuple[Row, ...] = (
    Row(
        "TypeError: Packing requires all columns to be lists of lists.",
        r"Packing requires all columns to be lists of lists",
        "rows are to be packed, and a column holds texts or numbers, not lists of numbers",
        (
            "dataset = dataset.select_columns(['input_ids'])   (with labels or masks that are "
            "lists), where the rows are tokenized",
            "texts: leave dataset_kwargs={'skip_prepare_dataset': True} out, so that the trainer "
            "tokenizes them first",
        ),
    ),
    Row(
        "ValueError: When packing is enabled, `max_length` can't be `None`.",
        r"When packing is enabled, `(max_length|max_seq_length)` can't be `None`",
        "rows are to be packed to one length, and {0} is None",
        ("SFTConfig({0}=2048, packing=True)",),
    ),
    Row(
        "ValueError: Passing a custom data collator is not supported when using padding-free.",
        r"Passing a custom data collator is not supported when using padding-free",
        "padding_free is on (packing with the strategy bfd turns it on), and the trainer is given "
        "a data_collator, which it then cannot use",
        (
            "padding_free=False, packing=False   to keep the collator",
            "or leave data_collator out: assistant_only_loss and completion_only_loss mask without "
            "one",
        ),
    ),
    Row(
        "ValueError: max_prompt_length (512) should be strictly less than max_length (512).",
        r"max_prompt_length \((\d{1,7})\) should be strictly less than max_length \((\d{1,7})\)",
        "max_prompt_length is {0} and max_length {1}: no room is left for an answer",
        ("max_length={0} + the longest answer, or a smaller max_prompt_length",),
    ),
    Row(
        "ValueError: Number of images provided (2) does not match number of image placeholders "
        "(1).",
        r"Number of images provided \((\d{1,5})\) does not match number of image placeholders "
        r"\((\d{1,5})\)",
        "a row has {0} images, and its messages have places for {1}",
        (
            "as many {'type': 'image'} parts in the messages as the row's images has entries",
            "or messages whose content is a text alone: TRL then adds the places itself",
        ),
    ),
    Row(
        "ValueError: Invalid role in the last message: system",
        r"Invalid role in the last message: (\w{1,20})",
        "a prompt ends with a message of the role {0}, and TRL takes user, tool or assistant there",
        (
            "put the system message first and the user's last",
            "the role has one of these names: user, assistant, system, tool (human, gpt are "
            "ShareGPT's)",
        ),
    ),
    Row(
        "ValueError: The input examples must contain either 'messages' for conversational data or "
        "'text' for standard data.",
        r"The input examples must contain either 'messages' for conversational data or '",
        "rows for a model with images have neither messages nor the text column",
        (
            "dataset = dataset.rename_column('conversations', 'messages')   with role and content "
            "in each",
            "or dataset_text_field=... in SFTConfig, for a column of texts",
        ),
    ),
    Row(
        "Exception: Request failed: 500, Internal Server Error",
        r"Exception: Request failed: (\d{3}), ",
        "the vLLM server of TRL did not do what was asked: it answered {0}",
        (
            "the last traceback in the terminal of trl vllm-serve, for 500 and above",
            "400, 404, 422: server and trainer are of two releases of TRL; the same one on both",
        ),
    ),
    Row(
        "ValueError: `batch_size` must be a multiple of `num_mini_batches`, inexact division: 7 / "
        "2 = 3.5",
        r"inexact division: (\d{1,8}) / (\d{1,8}) = ",
        "{0} rows cannot be shared out evenly into {1} parts",
        (
            "per_device_train_batch_size, gradient_accumulation_steps, the number of processes or "
            "num_mini_batches so that {1} divides the first number",
        ),
    ),
    Row(
        "ValueError: Batch size (8) does not match number of examples - but got 4 for: queries",
        r"Batch size \((\d{1,6})\) does not match number of examples - but got (\d{1,6}) for: "
        r"(\w{2,20})",
        "ppo_trainer.step() got {1} {2}, and the config's batch_size is {0}",
        (
            "drop_last=True in the DataLoader, or a number of rows that {0} divides",
            "PPOConfig(batch_size={1})   where that many are meant",
        ),
    ),
    Row(
        "ValueError: The GRPOTrainer does not support returning outputs",
        r"The (\w{2,12}Trainer) does not support returning outputs",
        "compute_loss of {0} was asked for the model's outputs, which it does not return",
        (
            "leave compute_metrics and preprocess_logits_for_metrics out of {0}",
            "a compute_loss of a subclass: return_outputs=False",
        ),
    ),
    Row(
        "ValueError: The number of reward processing classes (1) must match the number of reward "
        "functions (2).",
        r"(?i:number of reward processing classes)[^\n]{0,8} must match (?:the )?number of reward",
        "reward_funcs and reward_processing_classes are lists of two lengths",
        ("reward_processing_classes=[tokenizer_of_the_model, None]   : None for a function",),
    ),
    Row(
        "ValueError: Some specified config arguments are not used by the TrlParser: ['lora_rank']",
        r"Some specified config arguments are not used by the TrlParser: (\[[^\]\n]{2,200}\])",
        "the config file has names that this TRL's script does not take: {0}",
        (
            "trl sft --help   (dpo, grpo, ...) lists the names of this release",
            "a name that is newer: pip install -U trl",
        ),
    ),
)

KINDS: tuple[General, ...] = (
    refused(
        "trl-trainer-not-made",
        ("trl",),
        _MADE,
        "the message; its condition was read in trl 0.4.7 to 1.16.0",
        {
            "Must processing_class be specified? I pass the tokenizer.": "",
            'Traceback (most recent call last):\n  File "/x/site-packages/odd/use.py", line 3, in '
            "f\n    raise ValueError(\nValueError: processing_class must be specified to tokenize "
            "a DPO dataset.": "",
        },
    ),
    refused(
        "trl-settings-refused",
        ("trl",),
        _RUN,
        "the message; its condition was read in trl 0.4.7 to 1.16.0",
    ),
)
