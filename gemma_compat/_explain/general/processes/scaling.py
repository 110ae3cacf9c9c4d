"""The scaler of fp16: what it finds, and when it is called."""

from __future__ import annotations

from ..base import General, always

KINDS: tuple[General, ...] = (
    General(
        "nothing-had-a-gradient",
        r"No inf checks were recorded for this optimizer",
        always(
            "the optimizer holds no parameter that got a gradient",
            "model.print_trainable_parameters() right before trainer.train()",
            "or bf16=True in place of fp16=True, where the card computes bfloat16",
            why="the scaler of fp16 looks at gradients; there are none where everything is frozen, "
            "or where the loss does not depend on what is trained",
            known="torch's GradScaler says so",
            settles=False,
        ),
        {"AssertionError: No inf checks were recorded for this optimizer.": "trainable"},
    ),
    General(
        "scaler-out-of-turn",
        r"No inf checks were recorded prior to update|Attempted (?:step|update|unscale_) but "
        r"_scale is None|unscale_\(\) has already been called on this optimizer|"
        r"(?:step|unscale_)\(\) is being called after",
        always(
            "the scaler of fp16 is called out of its turn: scale(loss), then step(optimizer), then "
            "update()",
            "accelerator.backward(loss); optimizer.step()   with accelerate: it calls the scaler "
            "itself",
            "scaler.scale(loss).backward(); scaler.step(optimizer); scaler.update()   in a loop of "
            "your own, with a scaler of your own",
            "bf16   in place of fp16, where the card computes it: it needs no scaler",
            why="loss.backward() in place of scale(loss).backward(), a step that was left out, or "
            "two scalers, one of accelerate and one of the script",
            known="the message is a check of torch's GradScaler",
            settles=False,
        ),
        {
            "AssertionError: No inf checks were recorded prior to update.": "scaler.update()",
            "AssertionError: Attempted step but _scale is None.  This may indicate your script did "
            "not use scaler.scale(loss or outputs) earlier in the iteration.": (
                "accelerator.backward(loss)"
            ),
        },
    ),
)
