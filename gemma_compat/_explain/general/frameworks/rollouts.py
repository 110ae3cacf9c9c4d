"""Reinforcement learning with verl and its like: batches, lengths, Ray, Hydra, engines."""

from __future__ import annotations

import re

from ...answer import Answer
from ...unknown import OWN
from ..base import Case, General, always

_VERL = "verl says so"


def _lengths(case: Case) -> Answer | None:
    if not case.says(r"\bverl\b|sequence_length=|data\.truncation"):
        return None
    prompt = "Prompt" in case.match[0]
    return Answer(
        f"a row is longer than the limit ({case.match['is'] or case.match['was']} tokens, "
        f"{case.match['limit'] or case.match['most']} allowed), and verl was told to stop at that",
        (
            "data.filter_overlong_prompts=True" if prompt else "data.truncation=right",
            "or a larger data.max_prompt_length" if prompt else "or a larger data.max_length",
            "or data.truncation=left",
        ),
        why="data.truncation is 'error' unless it is set",
        known=f"{_VERL}; the numbers are its own",
    )


_OF_CONFIGS = {"omegaconf", "hydra"}


def _read_by_the_script(name: str) -> Answer:
    return Answer(
        f"the script reads an entry {name} that the config it was given does not have",
        (
            f"print(OmegaConf.to_yaml(cfg))   shows its entries: is {name} spelt so there?",
            f"or cfg.get('{name.rpartition('.')[2]}')   where it may be missing",
        ),
        known="the frame above is the script's own, and OmegaConf names the entry",
        settles=False,
    )


def _override(case: Case) -> Answer:
    around = f"{case.hit.before[-600:]}{case.hit.text}\n{case.hit.after}"
    full = re.findall(r"(?:full_key: |Could not override ')([\w.]{2,120})", around)
    name = full[-1] if full else case.match["key"] or case.match["struct"]
    reads = re.search(
        r"[/\\](verl|nemo\w*|openrlhf|skyrl\w*)[/\\][^\n]{0,120}, line \d", case.frames
    )
    if reads and not re.search(r"Could not override", around):
        return Answer(
            f"the code of {reads[1]} reads an entry {name} that the config it was given does not "
            "have",
            (
                f"git pull and pip install -U {reads[1]}   : code and its config files of one "
                "release, and the example script of the same one",
                f"or ++{name}=VALUE   where that release's own config file lists it elsewhere",
            ),
            why="names move between releases, and a script or config of another one leaves out "
            "what the code reads",
            known=f"the frame is {reads[1]}'s own; no option of the command is refused",
            certain=False,
            settles=False,
        )
    reader = next((p for p in reversed(case.places) if p.module not in _OF_CONFIGS), None)
    if reader and reader.owner == OWN and "Could not override" not in around:
        return _read_by_the_script(name)
    return Answer(
        f"the config that Hydra reads has no entry {name}",
        (
            "the example script of the installed release has the names; take the option out, or "
            "install the release that the script was written for",
            f"or +{name}=VALUE   adds an entry that the code reads though the config does not list "
            "it",
        ),
        why="names move between releases, and Hydra refuses one that the config does not have; a "
        "misspelt one looks the same",
        known="Hydra says so; which of these it is, it does not say",
        settles=False,
    )


def _heads(case: Case) -> Answer:
    heads = case.match["heads"] or case.match["kv"]
    parts = case.match["parts"] or case.match["ulysses"]
    setting = "ulysses_sequence_parallel_size" if case.match["ulysses"] else "tensor_parallel_size"
    fitting = ", ".join(str(n) for n in range(1, int(heads) + 1) if int(heads) % n == 0)
    return Answer(
        f"{heads} attention heads cannot be split over {parts} GPUs",
        (f"{setting}: {fitting}, and not more than there are GPUs",),
        why="each GPU takes whole heads; a Gemma of one or two billion parameters has few, and as "
        "little as one key-value head",
        known="the message has both numbers",
    )


def _no_reward(case: Case) -> Answer | None:
    """Answer verl's refusal; leave a script that raises the same words."""
    if case.is_of_the_script:
        return None
    return Answer(
        f"verl has no reward function for the rows' data_source {case.match['name']}",
        (
            "custom_reward_function.path=FILE.py custom_reward_function.name=compute_score",
            "or the data_source of a data set that it knows (openai/gsm8k) in the parquet file",
        ),
        why="verl picks the reward by the column data_source",
        known="verl says so",
    )


KINDS: tuple[General, ...] = (
    General(
        "batch-sizes-of-verl",
        r"real_train_batch_size \(\d+\) must be divisible by|"
        r"normalized ppo_mini_batch_size|ppo_mini_batch_size \d+ should be larger than 0|"
        r"only support equal chunk\. Got size of DataProto|"
        r"n_gpus \(\d+\) must be divisible by model_parallel_size|"
        r"rollout world_size: \d+ is not divisible by infer_tp|"
        r"config\.data\.train_batch_size >= config\.actor",
        always(
            "the batch sizes, the GPUs and what is cut over them do not divide into one another",
            "data.train_batch_size x rollout.n: a multiple of the number of GPUs",
            "actor.ppo_mini_batch_size x rollout.n / GPUs: a multiple of "
            "actor.ppo_micro_batch_size_per_gpu",
            "rollout.tensor_model_parallel_size: a divisor of the number of GPUs; and set "
            "ppo_micro_batch_size_per_gpu alone, not ppo_micro_batch_size",
            why="verl cuts a batch into equal parts: by GPU, by mini batch, by micro batch",
            known="verl says so; the numbers are in its message",
        ),
        {
            "AssertionError: real_train_batch_size (256) must be divisible by minimal possible "
            "batch size (12)": "multiple of the number of GPUs",
            "AssertionError: only support equal chunk. Got size of DataProto 10 and chunk 4.": (
                "divisor of the number of GPUs"
            ),
            "ValueError: [actor] Please set at least one of 'actor.micro_batch_size' or "
            "'actor.micro_batch_size_per_gpu'.": "",
        },
    ),
    General(
        "no-reward-for-this-data",
        r"Reward function is not implemented for (?:data_source=)?'?(?P<name>[\w./-]{1,80})",
        _no_reward,
        {
            "NotImplementedError: Reward function is not implemented for data_source='my_data'": (
                "custom_reward_function.path"
            ),
            'Traceback (most recent call last):\n  File "/home/me/t.py", line 3, in f\n    raise\n'
            "NotImplementedError: Reward function is not implemented for code": "",
        },
    ),
    General(
        "row-longer-than-verl-allows",
        r"sequence_length=(?P<is>\d+) is larger than (?:self\.)?max_length=(?P<limit>\d+)|"
        r"Prompt length (?P<was>\d+) is longer than (?P<most>\d+)",
        _lengths,
        {
            "NotImplementedError: sequence_length=1200 is larger than max_length=1024": (
                "data.truncation=right"
            ),
            'Traceback (most recent call last):\n  File "/x/verl/utils/dataset/rl_dataset.py", '
            "line 267, in __getitem__\n    raise RuntimeError(\nRuntimeError: Prompt length 1500 "
            "is longer than 1024.": "filter_overlong_prompts",
            "RuntimeError: Prompt length 1500 is longer than 1024.": "",
            'Traceback (most recent call last):\n  File "/x/vllm/a.py", line 2, in drop_overlong\n'
            "    raise\nRuntimeError: Prompt length 1500 is longer than 1024.": "",
        },
    ),
    General(
        "fewer-gpus-than-the-job-wants",
        r"Total available GPUs [\d.]+ is less than total desired GPUs|"
        r"number of required GPUs exceeds the total number of available GPUs|"
        r"number of devices in the Ray cluster \(\d+\) should be greater than num_workers",
        always(
            "the job asks for more GPUs than Ray sees",
            "ray status   lists what there is; nvidia-smi beside it",
            "trainer.n_gpus_per_node and trainer.nnodes (verl), tensor_parallel_size (vLLM): as "
            "many as that",
            why="a Ray that an earlier run left holds GPUs: ray stop; CUDA_VISIBLE_DEVICES hides "
            "others",
            known="the message has the numbers",
            settles=False,
        ),
        {
            "ValueError: Total available GPUs 4 is less than total desired GPUs 8": "ray status",
        },
    ),
    General(
        "name-that-hydra-refuses",
        r"Could not override '(?P<key>[\w.]{2,120})'|"
        r"Key '(?P<struct>\w{2,60})' (?:is not in struct|not in '\w{1,60}')",
        _override,
        {
            "Could not override 'actor_rollout_ref.actor.foo'.\nTo append to your config use "
            "+actor_rollout_ref.actor.foo=1\nKey 'foo' is not in struct": (
                "+actor_rollout_ref.actor.foo=VALUE"
            ),
            "omegaconf.errors.ConfigAttributeError: Key 'use_kl_loss' is not in struct\n    "
            "full_key: actor_rollout_ref.actor.use_kl_loss": "example script",
            'Traceback (most recent call last):\n  File "/x/verl/workers/fsdp_workers.py", line '
            "85, in __init__\n    self.config.actor.ppo_mini_batch_size\n"
            "omegaconf.errors.ConfigAttributeError: Key 'actor' is not in struct": "code of verl",
            'Traceback (most recent call last):\n  File "train.py", line 4, in <module>\n    '
            "print(cfg.model.name)\nomegaconf.errors.ConfigAttributeError: Key 'name' is not in "
            "struct\n    full_key: model.name": "the script reads",
        },
        alone=True,
    ),
    General(
        "heads-over-too-many-gpus",
        r"number of attention heads \((?P<heads>\d+)\) must be divisible by tensor parallel size "
        r"\((?P<parts>\d+)\)|"
        r"num_(?:key_value|attention)_heads:? (?P<kv>\d+) must be divisible by ulysses_sp_size "
        r"(?P<ulysses>\d+)",
        _heads,
        {
            "ValueError: Total number of attention heads (8) must be divisible by tensor parallel "
            "size (3).": "1, 2, 4, 8",
            "AssertionError: num_key_value_heads 1 must be divisible by ulysses_sp_size 2": (
                "ulysses_sequence_parallel_size: 1,"
            ),
        },
        alone=True,
    ),
)
