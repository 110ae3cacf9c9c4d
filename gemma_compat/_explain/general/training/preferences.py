"""TRL's trainers: what each asks of its config, its models and its rows."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .other_configs import other_config, value_head


def _groups(case: Case) -> Answer:
    numbers = re.findall(r"\((\d[\dx* ]{0,20})\)", case.hit.text)
    told = f": {' and '.join(numbers[:2])}" if len(numbers) >= 2 else ""
    if "by the global batch size" in case.hit.text:
        return Answer(
            f"generation_batch_size is not a multiple of per_device_train_batch_size x GPUs{told}",
            ("leave generation_batch_size out, or make it such a multiple",),
            known="the message has the numbers",
        )
    if "requires at least 2" in case.match[0]:
        return Answer(
            "a prompt has one completion (num_generations), and there is nothing to compare",
            ("num_generations=2 or more",),
        )
    part = "eval" if "eval batch" in case.hit.text else "train"
    of_steps = "" if "global" in case.hit.text else " x gradient_accumulation_steps"
    return Answer(
        f"the {part} batch does not divide into whole groups of num_generations{told}",
        (
            f"per_device_{part}_batch_size x GPUs{of_steps} = a multiple of num_generations",
            "num_generations=4, for example; at least 2",
        ),
        why="a prompt's completions are compared with each other, so a batch holds them all",
        known="the message has the numbers",
    )


def _two_settings(case: Case) -> Answer | None:
    """Answer where TRL refuses a combination and names what to set instead."""
    if case.packages and not {"trl", "unsloth"} & {*case.packages}:
        return None
    found = re.findall(
        r"(?:[Pp]lease |[Ee]ither )?(?:set|use|pass|omit|remove) `([^`\n]{2,80})`",
        f"{case.hit.text}\n{case.message}",
    )
    done = found[-1] if found else ""
    return Answer(
        "the trainer does not support two of the settings together",
        (
            done or "leave out the one that the message names",
            "or pip install -U trl, where a newer release supports both",
        ),
        why="the trainer checks its settings before it loads anything",
        known="the message names both",
        settles=bool(done),
    )


KINDS: tuple[General, ...] = (
    General(
        "config-of-another-trainer",
        r"'(?:\w{0,30}TrainingArguments)' object has no attribute '(?P<name>model_init_kwargs|"
        r"dataset_text_field|max_seq_length|max_length|packing|padding_free|dataset_num_proc|"
        r"dataset_kwargs|ref_model_init_kwargs|beta|loss_type|max_prompt_length|"
        r"max_completion_length|num_generations|padding_value|generate_during_eval|"
        r"precompute_ref_log_probs|disable_dropout|eos_token|chat_template_path|"
        r"assistant_only_loss|completion_only_loss|reward_weights|truncation_mode|"
        r"dataset_batch_size|eval_packing|label_pad_token_id|reference_free|sync_ref_model|"
        r"rpo_alpha|label_smoothing|center_rewards_coefficient|num_of_sequences)'|"
        r"Please use `?(?P<config>\w{2,20}Config)`? instead `?TrainingArguments",
        other_config,
        {
            "AttributeError: 'TrainingArguments' object has no attribute 'model_init_kwargs'": (
                "DPOConfig"
            ),
            "ValueError: Please use `KTOConfig` instead TrainingArguments.": "KTOConfig(...)",
            "AttributeError: 'TrainingArguments' object has no attribute 'my_own'": "",
            'File "/w/t.py", line 2, in compute_loss\n    self.args.max_length\n'
            "AttributeError: 'TrainingArguments' object has no attribute 'max_length'": (
                "a line of the script"
            ),
        },
    ),
    General(
        "value-head-in-another-trainer",
        r"'AutoModelFor\w{1,20}WithValueHead' object has no attribute '(?P<name>\w{1,60})'",
        value_head,
        {
            "AttributeError: 'AutoModelForCausalLMWithValueHead' object has no attribute "
            "'warnings_issued'": "plain model",
            "trainer = PPOTrainer(config, model)\nAttributeError: "
            "'AutoModelForCausalLMWithValueHead' object has no attribute 'generation_config'": (
                "trl<0.12"
            ),
        },
    ),
    General(
        "groups-of-completions",
        r"must be (?:evenly )?divisible by (?:the number of generations per prompt|"
        r"`?num_generations)|generation_batch_size \(\d+\) must be divisible|"
        r"requires at least 2 generations per prompt",
        _groups,
        {
            "ValueError: The global train batch size (1 x 1) must be evenly divisible by the "
            "number of generations per prompt (8).": "num_generations=4",
            "ValueError: generation_batch_size (6) must be divisible by the global batch size "
            "(4).": "leave generation_batch_size out",
            "ValueError: GRPO requires at least 2 generations per prompt to calculate the "
            "advantages. You provided 1": "2 or more",
            "ValueError: The global eval batch size (8 * 1) must be divisible by num_generations "
            "(3).": "per_device_eval_batch_size",
            "ValueError: generation_batch_size (6) must be divisible by num_generations (4).": (
                "multiple"
            ),
        },
    ),
    General(
        "model-and-its-arguments",
        r"You passed `?(?:ref_|teacher_)?model_(?:init_)?kwargs`? to the|"
        r"model_init_kwargs`? was passed to the|"
        r"`quantization_config` to the trainer, but your model is already instantiated",
        always(
            "arguments for loading were given, and the model is loaded already",
            "model='google/gemma-...'   with model_init_kwargs in the config",
            "or load it yourself, and leave model_init_kwargs out",
            why="they count only where the trainer loads the model by its name",
        ),
        {
            "ValueError: You passed model_init_kwargs to the DPOTrainer/DPOConfig, but your model "
            "is already instantiated.": "leave model_init_kwargs out"
        },
    ),
    General(
        "reference-beside-an-adapter",
        r"You passed both a ref_model and a peft_config|"
        r"`model` and `ref_model` cannot be the same object|"
        r"No reference model and model is not a Peft model",
        always(
            "DPO and its kin need one reference: the base under an adapter, or a second model",
            "ref_model=None, with peft_config=LoraConfig(...)",
            "or a full fine-tune with a second copy: ref_model=AutoModelForCausalLM."
            "from_pretrained(...)",
            why="with an adapter the reference is the same model with the adapter switched off",
        ),
        {
            "ValueError: You passed both a ref_model and a peft_config. For training PEFT adapters "
            "with DPO there is no need to pass a reference model.": "ref_model=None"
        },
    ),
    General(
        "reward-model-with-classes",
        r"reward models require `num_labels=1`",
        always(
            "a reward model has one output, and this one was loaded with more",
            "AutoModelForSequenceClassification.from_pretrained(MODEL, num_labels=1)",
        ),
        {
            "ValueError: The model has `num_labels=2`, but reward models require `num_labels=1` to "
            "output a single scalar reward per sequence.": "num_labels=1)"
        },
    ),
    General(
        "rewards-of-another-number",
        r"reward function '[^'\n]{1,60}' returned \S{1,10} rewards, but \S{1,10} were|"
        r"reward weights \(\d+\) must match number of reward functions",
        lambda case: (
            Answer(
                "reward_weights and the reward functions are of different number",
                ("reward_weights=[1.0, ...]   one for each function, or leave them out",),
            )
            if case.match[0].startswith("reward weights")
            else Answer(
                "a reward function must return one number for each completion, and it did not",
                ("return [score(text) for text in completions]",),
                why="completions is a list: of texts, or of messages for conversational prompts "
                "(completion[0]['content'])",
            )
        ),
        {
            "ValueError: The reward function 'f' returned 1 rewards, but 8 were expected (one per "
            "prompt-completion pair).": "for text in completions"
        },
    ),
    General(
        "keys-of-a-preference-row",
        r"Invalid keys in the example: |Could not extract prompt|"
        r"(?:chosen|rejected|prompt|completion) should be an? str but got|"
        r"Prompt, chosen and rejected keys are required|"
        r"KeyError: '(?:chosen|rejected)_(?:labels|input_ids)'",
        always(
            "a row has not the keys that this trainer knows",
            "SFT: messages, text, or prompt and completion; DPO and ORPO: prompt, chosen, "
            "rejected; KTO: prompt, completion, label; GRPO: prompt",
            "print(dataset[0])   shows what is there",
            why="all are texts, or all are lists of {'role': ..., 'content': ...}; chosen and "
            "rejected may hold the prompt as their first turns",
            settles=False,
        ),
        {"KeyError: \"Invalid keys in the example: {'question', 'answer'}\"": "rejected; KTO"},
    ),
    General(
        "no-vllm-for-generation",
        r"vLLM is not available and `use_vllm`|The vLLM server can't be reached",
        always(
            "GRPO is to generate with vLLM, and finds none",
            "pip install 'trl[vllm]'   and vllm_mode=\"colocate\"",
            "or trl vllm-serve --model MODEL on other GPUs, started first "
            '(vllm_mode="server"); or use_vllm=False',
            why="TRL drives vLLM within the trainer, or as a server that it expects at "
            "vllm_server_host",
        ),
        {
            "ImportError: vLLM is not available and `use_vllm` is set to True. Please install vLLM "
            "with `pip install trl[vllm]` to use it.": "colocate"
        },
    ),
    General(
        "no-settings-of-generation",
        r"generation_kwargs\.update\(self\.args\.generation_kwargs\)",
        lambda case: (
            Answer(
                "GRPO with vLLM in the trainer's process updates its settings with None: "
                "generation_kwargs was not given",
                ("pip install -U 'trl>=0.19.1'", "or GRPOConfig(generation_kwargs={})"),
                why="trl 0.19.0 does not look whether the option is set",
                known="read in the wheels of trl 0.19.0 and 0.19.1",
            )
            if case.says("'NoneType' object is not iterable")
            else None
        ),
        {
            'Traceback (most recent call last):\n  File "/v/site-packages/trl/trainer/'
            'grpo_trainer.py", line 1127, in _generate\n    generation_kwargs.update(self.args.'
            "generation_kwargs)\nTypeError: 'NoneType' object is not iterable": "trl>=0.19.1",
        },
    ),
    General(
        "assistant-tokens-not-marked",
        r"assistant_only_loss=True.{0,200}(?:chat template|generation)|"
        r"template (?:that )?(?:does not|doesn't) (?:support|contain).{0,60}generation|"
        r"at least one example has no assistant tokens|"
        r"assistant_?(?:tokens_)?masks? (?:[a-z]{1,8} ){0,3}all (?:zeros?\b|0)",
        always(
            "assistant_only_loss needs a template that marks the assistant's tokens, and this one "
            "does not",
            "assistant_only_loss=False, with rows of prompt and completion "
            "(completion_only_loss=True)",
            "or a template with {% generation %} ... {% endgeneration %} around the answer; newer "
            "releases of TRL bring one for Gemma 3: pip install -U trl",
            why="Gemma's own templates have no such marks, so the mask would be 0 for every token",
            settles=False,
        ),
        {
            "the chat template cannot handle assistant masks, resulting in assistant_masks being "
            "all zeros.": "{% generation %}",
            "RuntimeError: You're using `assistant_only_loss=True`, but at least one example has "
            "no assistant tokens. This usually means the tokenizer's chat template doesn't "
            "generate assistant masks": "endgeneration",
        },
        alone=True,
    ),
    General(
        "no-text-named",
        r"You passed `packing=False` to the SFTTrainer.{0,40}but you didn't pass a "
        r"`dataset_text_field`|"
        r"You need to pass a `dataset_text_field` or `formatting_func` argument",
        always(
            "SFTTrainer was not told which column to train on, and the rows are of no form that it "
            "knows",
            "SFTConfig(dataset_text_field='text')   with the name from print(dataset.column_names)",
            "or rows with a column messages, or with prompt and completion; or formatting_func=...",
            "or pip install -U 'trl>=0.12.2', where dataset_text_field is 'text' if not given",
            why="TRL up to 0.11 has no default here, and makes up a formatting_func only "
            "for messages and for prompt and completion",
            known="the message; the defaults were read in the wheels of 0.11.4 and 0.12.2",
        ),
        {
            "ValueError: You passed `packing=False` to the SFTTrainer/SFTConfig, but you didn't "
            "pass a `dataset_text_field` or `formatting_func` argument.": "column_names",
        },
    ),
    General(
        "trl-refuses-the-pair",
        r"(?:[Pp]acking|[Pp]adding-free|padding_free|assistant_only_loss|completion_only_loss|"
        r"precompute_ref_log_probs|sync_ref_model|truncation_mode|use_liger_kernel|"
        r"liger_kernel_config|prompt-learning|Prompt-learning|use_vllm|auto_find_batch_size)"
        r"[^\n]{0,160}(?:not (?:yet )?(?:supported|compatible|implemented)|yet not supported|"
        r"only supported|not support|cannot use|cannot be used|is incompatible)|"
        r"You cannot use `[^`\n]{1,60}` (?:with|together)|"
        r"`DataCollatorForCompletionOnlyLM` to the SFTTrainer\. This is not compatible",
        _two_settings,
        {
            "ValueError: Packing is not supported for vision datasets. Please set `packing=False` "
            "in the SFTConfig.": "packing=False",
            "ValueError: You cannot use `precompute_ref_log_probs=True` with Deepspeed ZeRO-3. "
            "Please set `precompute_ref_log_probs=False`.": "precompute_ref_log_probs=False",
        },
    ),
)
