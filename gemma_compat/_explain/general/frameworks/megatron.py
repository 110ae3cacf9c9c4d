"""Megatron, NeMo and what trains with them; jobs of a cloud that report a script's failure."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_SOURCE = (
    "git clone https://github.com/NVIDIA/Megatron-LM; export MEGATRON_LM_PATH=$PWD/Megatron-LM "
    "(ms-swift), or PYTHONPATH=$PWD/Megatron-LM"
)


def _column(case: Case) -> Answer | None:
    name = case.match["name"] or case.match["other"]
    if case.match["name"] and not re.search(
        r"(?i)reward|accuracy|grpo|completion|\borm\b|format|math", f"{case.frames}{case.hit.text}"
    ):
        return None  # a loss, a metric or another object that is called without an argument
    return Answer(
        f"a reward function wants {name} of each row, and the data set has no such column",
        (
            f"dataset.rename_column(OLD, '{name}')   or a function that adds {name}",
            "or a reward function of your own that takes what the rows have, and **kwargs",
        ),
        why="the trainer passes the columns of the rows to the reward function by name, if it "
        "keeps them (remove_unused_columns=False)",
        known="the message names it",
        certain=False,
        settles=False,
    )


_OTHER_ENTRIES = Answer(
    "the Megatron or NeMo that loads looks for entries that this checkpoint has not",
    (
        "the container and release that wrote the checkpoint, for loading and converting too",
        "dist_ckpt_load_strictness=log_all   (NeMo: ++model.dist_ckpt_load_strictness; "
        "Megatron: --dist-ckpt-strictness log_all) where only _extra_state is missing",
    ),
    why="_extra_state is what Transformer Engine keeps for FP8; it holds no weights, and "
    "releases write it in different forms. A weight's key that is missing is another "
    "matter: the layers do not fit",
    known="the message names the key; which release wrote it, it does not say",
    settles=False,
)


def _of_another_megatron(case: Case) -> Answer:
    """Answer by whether the log is Megatron's: Transformer Engine is used without it, too."""
    said = f"{case.frames}\n{case.near}"
    if re.search(r"(?i)megatron|nemo|mcore|checkpoint state_dict|shard_\d", said):
        return _OTHER_ENTRIES
    return Answer(
        "checkpoint and model do not have the same entries: _extra_state is Transformer Engine's",
        (
            "model.load_state_dict(state, strict=False)   where only _extra_state differs",
            "or the Transformer Engine, and the FP8 setting, of the run that saved it",
        ),
        why="Transformer Engine keeps there what FP8 needs; it holds no weights",
        known="the message names the entries; which release wrote them, it does not say",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "megatron-without-its-trainer",
        r"No module named '(?P<module>megatron\.(?:training|legacy|post_training)[\w.]{0,60})'",
        lambda case: Answer(
            f"{case.match['module']} is part of Megatron-LM's source, which Python does not find",
            (
                _SOURCE,
                "or the framework's own image, which has it",
                "pip show -f megatron-core | grep -c training   : 0 means that the package alone "
                "is installed",
            ),
            why="the package megatron-core holds megatron.core; megatron.training comes with the "
            "repository, and a megatron that stands earlier in the path hides it",
            known="the message; where Python looked, sys.path says",
            settles=False,
        ),
        {
            "ModuleNotFoundError: No module named 'megatron.training'": "MEGATRON_LM_PATH",
            "ModuleNotFoundError: No module named 'megatron.core'": "",
        },
        alone=True,
    ),
    General(
        "megatron-finds-no-checkpoint",
        r"(?:cannot|can't|could not|unable to|fail\w{0,3} to) (?:find|open|read) [^\n]{0,160}"
        r"latest_checkpointed_iteration|"
        r"No such file or directory: \S{1,200}latest_checkpointed_iteration|"
        r"unable to open \S{1,200}metadata\.json|"
        r"checkpoint is not a distributed checkpoint|"
        r"is not a distributed checkpoint",
        always(
            "Megatron does not find its checkpoint there in a form that it reads, or its list of "
            "what was saved last",
            "ls DIR   has to show latest_checkpointed_iteration.txt and the folder iter_N that it "
            "names",
            "the folder above iter_N as --load (ms-swift: --mcore_model, --load), on a disk that "
            "all machines see",
            "mkdir and rights of the folder, where it fails while saving: rank 0 writes this file "
            "last",
            why="the file has the number of the last iteration; a save that broke off, or a folder "
            "that only one machine has, leaves it out",
            known="the file is Megatron's own; which of these it is, the message need not say",
            certain=False,
            settles=False,
        ),
        {
            "mcore cannot find latest_checkpointed_iteration.txt": "iter_N",
            "WARNING: could not find the metadata file out/latest_checkpointed_iteration.txt": (
                "iter_N"
            ),
            "saved to latest_checkpointed_iteration.txt": "",
        },
        alone=True,
    ),
    General(
        "sizes-that-megatron-must-divide",
        r"(?:num_attention_heads|num_query_groups|num_layers|world[ _]size|sequence length|"
        r"global_batch_size|vocab size|hidden_size|ffn_hidden_size)[^\n]{0,30} (?:must be|is not|"
        r"should be) (?:a multiple of|divisible by|evenly divisible by)[^\n(]{0,60}"
        r"(?:parallel|size|stages)|"
        r"(?:global batch size|global_batch_size)[^\n]{0,40} is not divisible by micro",
        always(
            "sizes of the model or the batch cannot be divided over the cards as it was asked for",
            "tensor parallel: a divisor of the attention heads and of the key and value heads of "
            "config.json (a small Gemma has 1)",
            "pipeline parallel: a divisor of the number of layers; world size = tensor x pipeline "
            "x context x data",
            "global batch = micro batch x data parallel x a whole number",
            known="the message names both numbers",
            settles=False,
        ),
        {
            "AssertionError: num_attention_heads (8) must be a multiple of "
            "tensor_model_parallel_size (16).": "a divisor",
            "ValueError: num_query_groups (1) must be a multiple of tensor_model_parallel_size "
            "(2).": "a divisor",
            "ValueError: hidden_size must be divisible by num_heads (got `hidden_size`: 10 and "
            "`num_heads`: 4).": "",
        },
    ),
    General(
        "job-of-a-cloud-failed",
        r"UnexpectedStatusException|Error for Training job \S{1,100}: Failed|"
        r"AlgorithmError: (?:ExecuteUserScriptError|Exit Code|Framework Error)|"
        r"(?:Vertex|CustomJob|Training pipeline)[^\n]{0,40} (?:failed with|failed\. )[^\n]{0,40}"
        r"(?:error state|code)|The replica \S{1,40} exited with a non-zero status",
        always(
            "this only reports that the job's script failed; its own error is in the job's log",
            "aws logs tail /aws/sagemaker/TrainingJobs --log-stream-name-prefix JOB   (SageMaker), "
            "gcloud ai custom-jobs stream-logs JOB   (Vertex AI)",
            "look for the first Traceback there, on each host",
            "the same command in the same image on one machine shows it without the service",
            why="the service starts the script in a container and passes on its exit code; what "
            "Reason quotes is often cut",
            known="the exception is the service's",
            settles=False,
        ),
        {
            "sagemaker.exceptions.UnexpectedStatusException: Error for Training job cluster-a: "
            "Failed. Reason: AlgorithmError: ExecuteUserScriptError:": "aws logs tail",
            "it returns **UnexpectedStatusException: Error for Training job x-1: Failed. Reason: "
            "AlgorithmError: Exit Code: 1**": "first Traceback",
        },
        alone=True,
    ),
    General(
        "name-of-the-model-is-none",
        r"huggingface\.co/(?:None|null|api/models/None)\b|Can't load (?:config|tokenizer|the "
        r"(?:model|configuration)[^\n]{0,20}) for 'None'|Repo id must[^\n]{0,60}'None'",
        always(
            "the name of the model reached transformers as None",
            "print the arguments of the script: the option that names the model is missing, empty "
            "or spelt otherwise",
            "an option without a value (--hub_token --learning_rate 3e-5) takes the next one: "
            "leave it out",
            known="the address has None in place of a name",
        ),
        {
            "404 Client Error: Not Found for url: "
            "https://huggingface.co/None/resolve/main/config.json": "spelt otherwise"
        },
        alone=True,
    ),
    General(
        "reward-without-its-column",
        r"__call__\(\) missing 1 required (?:positional|keyword-only) argument: "
        r"'(?P<name>solution|answer|target|ground_truth|answers|label|nums)'|"
        r"(?:reward|奖励)[^\n]{0,40}(?:needs?|requires?|需要)[^\n]{0,20}"
        r"(?P<other>solution|ground_truth)\b ?(?:column|列|field)",
        _column,
        {
            "TypeError: MathAccuracy.__call__() missing 1 required positional argument: "
            "'solution'": "rename_column",
            'Traceback (most recent call last):\n  File "/home/me/t.py", line 3, in compute_loss\n'
            "    loss = self.criterion(logits)\nTypeError: FocalLoss.__call__() missing 1 required "
            "positional argument: 'target'": "",
            "accuracy reward 需要数据集有 solution 列,  gsm8k 没有": "solution",
        },
        alone=True,
    ),
    General(
        "checkpoint-of-another-megatron",
        r"(?:Missing key in checkpoint state_dict: |Unexpected keys?[^\n]{0,60}|Missing keys?"
        r"[^\n]{0,60}|KeyError: '?)\S{0,160}_extra_state|"
        r"Missing key in checkpoint state_dict: \S{0,120}(?:decoder\.layers|/shard_\d)",
        _of_another_megatron,
        {
            "RuntimeError: Missing key in checkpoint state_dict: model.decoder.layers."
            "self_attention.core_attention._extra_state/shard_0_32.*": "log_all",
            'Unexpected key(s) in state_dict: "layers.0._extra_state"': "Transformer Engine's",
        },
        alone=True,
    ),
)
