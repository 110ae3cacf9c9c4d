"""Names that no line has set: the branch or loop that sets them was not taken."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General
from ..released import upgrade


def _no_first_batch() -> Answer:
    return Answer(
        "the data loader has no batch: accelerate's loop reads the first one before it has any",
        (
            "print(len(trainer.train_dataset), len(trainer.get_train_dataloader()))   : both have "
            "to be above 0",
            "fewer rows than one batch under drop_last=True, or a filter, a split or a streamed "
            "set that leaves nothing (on each rank)",
            "pip install -U accelerate   for one that ends the loop in place of this error",
        ),
        why="current_batch is set by the first batch; releases that go on without one fail at that "
        "line",
        known="read in accelerate 1.6.0, which goes on, and 1.10.0, which ends the loop",
    )


def _of_a_value_head() -> Answer:
    return Answer(
        "TRL's value head reads hidden_size at the top of the config, and this model's config "
        "has it one level deeper, in text_config",
        (
            "model = AutoModelForCausalLM.from_pretrained(NAME); model.config.hidden_size = "
            "model.config.get_text_config().hidden_size; "
            "AutoModelForCausalLMWithValueHead.from_pretrained(model)",
            "or a member that is text alone, whose config is flat: Gemma 3 270M or 1B, Gemma 2",
        ),
        why="a model with images (Gemma 3 from 4B on, 3n, 4, PaliGemma) keeps the sizes of "
        "text and vision apart",
        known="the frame is TRL's; read in trl 0.18.2, modeling_value_head.py",
        settles=False,
    )


def _before_its_value(case: Case) -> Answer:
    name = case.match["name"]
    if name == "hidden_size" and re.search(r"modeling_value_head|ValueHead\(", case.around):
        return _of_a_value_head()
    if name in {"current_batch", "batch"} and re.search(r"accelerate[/\\]data_loader", case.frames):
        return _no_first_batch()
    packages = [item for item in case.packages if item != "torch"]
    if packages and not case.is_of_the_script:
        return Answer(
            f"{packages[-1]}'s own code reads {name}, which none of its lines that ran has set",
            (
                upgrade(packages[-1]),
                "or look at what that function was given: an empty data set, an option that its "
                "branches do not cover, an error in a try that was passed over",
            ),
            why="the branch or loop that sets it was not taken; code that counts on it being taken "
            "is a gap of that release",
            known="the frames and the message; which branch it is, the package's source shows",
            settles=False,
        )
    return Answer(
        f"{name} is read before it got a value: the branch or loop that sets it was not taken",
        (
            "look at the lines of that function above the one that failed: an if that was not "
            "true, a loop without a round, a try that failed",
            "print(len(dataset))   where the loop is over the data",
        ),
        why="Python knows the name in the function, and no line that ran has set it",
        known="the last frame of the script or of the trainer shows which value it is",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "name-before-its-value",
        r"(?:UnboundLocalError: [^\n']{0,60}|\blocal variable |\baccess free variable )"
        r"'(?P<name>\w{1,60})'",
        _before_its_value,
        {
            'File "/x/site-packages/trl/models/modeling_value_head.py", line 46, in __init__\n'
            "    self.summary = nn.Linear(hidden_size, 1)\nUnboundLocalError: cannot access local "
            "variable 'hidden_size' where it is not associated with a value": "text_config",
            "UnboundLocalError: cannot access local variable 'x' where it is not associated with a "
            "value": "x is read before",
            "UnboundLocalError: local variable 'loss' referenced before assignment": "loss is read",
            "NameError: cannot access free variable 'tokenizer' where it is not associated with a "
            "value in enclosing scope": "tokenizer is read before",
            "Traceback (most recent call last):\n  File "
            '"/x/site-packages/accelerate/data_loader.py",'
            " line 575, in __iter__\n    current_batch = send_to_device(current_batch)\n"
            "UnboundLocalError: cannot access local variable 'current_batch' where it is not "
            "associated with a value": "no batch",
            'Traceback (most recent call last):\n  File "/x/site-packages/trl/trainer/a.py", '
            "line 5, "
            "in f\n    return b\nUnboundLocalError: local variable 'b' referenced before "
            "assignment": "pip install -U trl",
            "Traceback (most recent call last):\n  File "
            '"/x/site-packages/transformers/trainer.py", '
            'line 5, in train\n    f()\n  File "/home/me/train.py", line 7, in f\n    return b\n'
            "UnboundLocalError: local variable 'b' referenced before assignment": "above the one",
        },
    ),
)
