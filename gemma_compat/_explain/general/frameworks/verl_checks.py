"""What verl checks in its config, beside the sizes of batches."""

from __future__ import annotations

from ..base import General
from ..checks import Check, kind_of

_CHECKS: tuple[Check, ...] = (
    Check(
        r"\[(?P<part>[\w.]{2,60})\] Please set at least one of '(?P<one>[\w.]{3,90})' or "
        r"'(?P<other>[\w.]{3,90})'",
        "the config of {part} sets no micro batch",
        (
            "{other}=4   or what fits the card; actor, ref and rollout stand below "
            "actor_rollout_ref",
        ),
        (
            "ValueError: [actor_rollout_ref.ref] Please set at least one of "
            "'actor_rollout_ref.ref.log_prob_micro_batch_size' or "
            "'actor_rollout_ref.ref.log_prob_micro_batch_size_per_gpu'.",
            "actor_rollout_ref.ref.log_prob_micro_batch_size_per_gpu=4",
        ),
        why="use_dynamic_bsz=True needs none: there ppo_max_token_len_per_gpu bounds a batch",
    ),
    Check(
        r"\[(?P<part>[\w.]{2,60})\] You have set both '(?P<one>[\w.]{3,90})' AND "
        r"'(?P<other>[\w.]{3,90})'",
        "the config of {part} sets the micro batch twice: for all GPUs and for one",
        ("{one}=null   and {other} alone",),
        (
            "ValueError: [actor_rollout_ref.actor] You have set both "
            "'actor_rollout_ref.actor.ppo_micro_batch_size' AND "
            "'actor_rollout_ref.actor.ppo_micro_batch_size_per_gpu'. Please remove",
            "ppo_micro_batch_size=null",
        ),
    ),
    Check(
        r"tensor parallel size should be less than or equal to the world size",
        "rollout.tensor_model_parallel_size is above the number of GPUs that the run has",
        (
            "actor_rollout_ref.rollout.tensor_model_parallel_size=1   or a divisor of "
            "trainer.n_gpus_per_node x trainer.nnodes",
        ),
        (
            'Traceback (most recent call last):\n  File "/x/verl/a.py", '
            "line 9, in f\n    raise\n"
            "AssertionError: tensor parallel size should be less than or equal to the world size",
            "tensor_model_parallel_size=1",
        ),
        is_own=False,
    ),
    Check(
        r"model context length should be greater than total sequence length",
        "prompt and response together are longer than the context in the model's config.json",
        (
            "data.max_prompt_length + data.max_response_length   not above "
            "max_position_embeddings",
            "or actor_rollout_ref.model.override_config.max_position_embeddings=N, for a model "
            "that bears it",
        ),
        (
            'Traceback (most recent call last):\n  File "/x/verl/a.py", '
            "line 9, in f\n    raise\n"
            "AssertionError: model context length should be greater than total sequence length",
            "max_position_embeddings",
        ),
        is_own=False,
    ),
    Check(
        r"Reward function file '(?P<path>[^'\n]{1,200})' not found",
        "there is no file {path}, which custom_reward_function.path names",
        ("ls -l {path}   from the folder in which verl runs; on every machine of Ray's",),
        ("FileNotFoundError: Reward function file '/x/r.py' not found.", "ls -l /x/r.py"),
        why="the task of Ray that reads it may run on another machine than the command",
    ),
    Check(
        r"Reward function '(?P<name>\w{1,80})' not found in '(?P<path>[^'\n]{1,200})'",
        "{path} has no function {name}",
        ("custom_reward_function.name=NAME   as the def in that file", "or def {name}(data_source, "
         "solution_str, ground_truth, extra_info=None) in it"),
        (
            "AttributeError: Reward function 'compute_score' not found in '/x/r.py'.",
            "def compute_score(",
        ),
    ),
    Check(
        r"Unknown advantage estimator simply: (?P<name>\S{1,40})",
        "verl has no advantage estimator {name}",
        (
            "algorithm.adv_estimator=grpo   or gae, reinforce_plus_plus, remax, rloo, opo, gpg, "
            "grpo_passk",
        ),
        ("ValueError: Unknown advantage estimator simply: grpoo", "adv_estimator=grpo"),
    ),
    Check(
        r"Unsupported loss mode: (?P<name>\S{1,40})\. Supported modes are",
        "verl has no loss mode {name}",
        ("actor_rollout_ref.actor.policy_loss.loss_mode=vanilla   or one that the message lists",),
        (
            "ValueError: Unsupported loss mode: gspoo. Supported modes are: ['vanilla', 'gspo']",
            "loss_mode=vanilla",
        ),
    ),
    Check(
        r"Invalid loss_agg_mode: (?P<name>\S{1,40})",
        "verl has no loss_agg_mode {name}",
        (
            "actor_rollout_ref.actor.loss_agg_mode=token-mean   or seq-mean-token-sum, "
            "seq-mean-token-mean",
        ),
        ("ValueError: Invalid loss_agg_mode: token_mean", "token-mean"),
    ),
    Check(
        r"Global batch size (?P<batch>\d+) is not divisible by dp size (?P<ranks>\d+)",
        "data.train_batch_size ({batch}) cannot be divided over {ranks} processes",
        ("data.train_batch_size: a multiple of {ranks}",),
        (
            'Traceback (most recent call last):\n  File "/x/verl/a.py", '
            "line 9, in f\n    raise\n"
            "AssertionError: Global batch size 10 is not divisible by dp size 4",
            "a multiple of 4",
        ),
        is_own=False,
    ),
    Check(
        r"validation gen temperature should be greater than 0 when enabling do_sample",
        "the validation is to sample, at temperature 0",
        (
            "actor_rollout_ref.rollout.val_kwargs.do_sample=False   for greedy answers",
            "or val_kwargs.temperature=1.0",
        ),
        (
            "AssertionError: validation gen temperature should be greater than 0 when enabling "
            "do_sample",
            "do_sample=False",
        ),
    ),
    Check(
        r"Ulysses for model (?P<name>\S{1,40}) is not implemented",
        "verl's sequence parallelism is not made for {name}",
        ("ulysses_sequence_parallel_size=1", "or pip install -U verl"),
        (
            "NotImplementedError: Ulysses for model gemma3 is not implemented, please set "
            "`ulysses_sequence_parallel_size=1`",
            "ulysses_sequence_parallel_size=1",
        ),
    ),
    Check(
        r"Apply Chat template from config is not supported yet",
        "verl's SFT takes the chat template of the tokenizer alone",
        (
            "no data.chat_template; the template in the model's own folder: "
            "tokenizer.chat_template = ...; tokenizer.save_pretrained(FOLDER)",
        ),
        (
            "ValueError: Apply Chat template from config is not supported yet.",
            "no data.chat_template",
        ),
    ),
)  # fmt: skip

KINDS: tuple[General, ...] = (
    kind_of(
        "check-of-verl",
        r"[/\\]verl[/\\]",
        "verl says so; read in its source, 0.2 to 0.9",
        _CHECKS,
    ),
)
