"""MLX where it trains, or runs in several threads or in Swift."""

from __future__ import annotations

from ...answer import Answer
from ..base import General, always

KINDS: tuple[General, ...] = (
    General(
        "mlx-stream-of-another-thread",
        r"There is no Stream\((?:gpu|cpu), ?\w{1,3}\) in current thread",
        always(
            "MLX arrays are used in another thread than the one that made them",
            "load the model and generate in one thread: no continuous batching, one worker",
            "or pip install -U mlx mlx-lm mlx-vlm",
            why="a stream belongs to its thread in newer releases of MLX; servers that load in one "
            "thread and answer in others fail so",
            known="MLX says so",
            settles=False,
        ),
        {"RuntimeError: There is no Stream(gpu, 1) in current thread.": "one thread"},
        alone=True,
    ),
    General(
        "mlx-trains-nothing",
        r"\[(?:grad|value_and_grad)\] Must specify at least one argument",
        always(
            "nothing of the model is trainable: LoRA was put onto no layer",
            "pip install -U mlx-lm   and --num-layers -1 (all), keys of lora_parameters as this "
            "model names them",
            why="mlx-lm looks for layers by name, and a family that it does not know, or keys of "
            "another one, match none; it prints Trainable parameters: 0.000%",
            known="mlx says that there is nothing to take the gradient of",
        ),
        {"ValueError: [grad] Must specify at least one argument.": "--num-layers"},
    ),
    General(
        "swift-mlx-lacks-a-part",
        r"Unhandled keys \[(?P<names>[^\]\n]{1,300})\] in (?P<where>[\w.]{3,160})",
        lambda case: Answer(
            "the program's class of this model (MLX Swift) lacks parts that the files hold",
            (
                "update the program (SwiftLM, an app on mlx-swift-lm) to a release that knows "
                "this model",
                "or mlx_lm.generate --model FOLDER   (pip install -U mlx-lm), to see whether the "
                "files are whole",
            ),
            why="each family has its class there, and mixtures of experts, towers and new norms "
            "came later",
            known="the message lists the names that the class does not take",
        ),
        {
            'Error: Unhandled keys ["experts", "router"] in language_model.model.layers.0 in '
            "Gemma4Model.Gemma4DecoderLayer": "update the program"
        },
        alone=True,
    ),
)
