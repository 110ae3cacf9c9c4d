"""What Lightning, Sentence Transformers and torchtune refuse."""

from __future__ import annotations

from ..base import General
from ..checks import Check, kind_of

_CHECKS: tuple[Check, ...] = (
    Check(
        r"(?:Early stopping conditioned on metric `(?P<metric>[^`\n]{1,60})` which is not "
        r"available|ModelCheckpoint\(monitor='(?P<name>[^'\n]{1,60})'\)` could not find)",
        "a callback watches {metric}{name}, and the LightningModule has not logged it",
        (
            "self.log('{metric}{name}', value)   in validation_step, or the name that the message "
            "lists as monitor=",
            "every_n_train_steps that falls between validations: save_on_train_epoch_end=False",
        ),
        (
            "lightning.pytorch.utilities.exceptions.MisconfigurationException: "
            "`ModelCheckpoint(monitor='val_loss')` could not find the monitored key in the "
            "returned metrics: ['train_loss'].",
            "self.log('val_loss', value)",
        ),
    ),
    Check(
        r"No supported gpu backend found|You requested gpu: (?P<asked>\[[\d, ]{1,60}\])",
        "Lightning is asked for GPUs that torch does not see",
        (
            "python -c 'import torch; print(torch.__version__, torch.cuda.device_count())'",
            "devices=1, or accelerator='auto', devices='auto'",
        ),
        (
            "lightning.fabric.utilities.exceptions.MisconfigurationException: No supported gpu "
            "backend found!",
            "device_count",
        ),
    ),
    Check(
        r"`(?P<what>train|val|test|predict)_dataloader` must be implemented",
        "the Trainer was given no loader for {what}, and the LightningModule makes none",
        (
            "trainer.fit(model, train_dataloaders=..., val_dataloaders=...) or datamodule=...",
        ),
        (
            "lightning.pytorch.utilities.exceptions.MisconfigurationException: `train_dataloader` "
            "must be implemented to be used with the Lightning Trainer",
            "train_dataloaders",
        ),
    ),
    Check(
        r"Skipping backward by returning `None` from your `training_step` is not supported by "
        r"`DeepSpeed`",
        "training_step returned None, and under DeepSpeed each step needs a loss",
        ("a loss in every step: outputs.loss, or 0.0 * logits.sum() for a row without labels",),
        (
            "MisconfigurationException: Skipping backward by returning `None` from your "
            "`training_step` is not supported by `DeepSpeed`",
            "a loss in every step",
        ),
    ),
    Check(
        r"The loss returned in `training_step` is (?P<value>\S{1,20}?)\.?$",
        "the loss of a step is {value}, and detect_anomaly stops at it",
        (
            "precision='bf16-mixed' in place of 16-mixed; a smaller learning rate",
            "rows whose labels are all masked give such a loss: look at that batch",
        ),
        ("ValueError: The loss returned in `training_step` is nan.", "bf16-mixed"),
    ),
    Check(
        r"The following column names are invalid in your (?P<which>[\w-]{0,20}) ?dataset: "
        r"(?P<names>\[[^\]\n]{2,120}\])",
        "Sentence Transformers keeps {names} for itself, and the data has such a column",
        ("dataset = dataset.remove_columns([...])   or rename_column",),
        (
            "ValueError: The following column names are invalid in your train dataset: "
            "['dataset_name']. Avoid using these column names, as they are reserved for internal "
            "use.",
            "remove_columns",
        ),
    ),
    Check(
        r"matryoshka_dims cannot be greater than the model's embedding dimension: (?P<size>\d+)",
        "matryoshka_dims has a size above the model's embeddings, which have {size}",
        ("matryoshka_dims=[{size}, ...]   with {size} as the largest",),
        (
            "ValueError: Dimension 1024 in matryoshka_dims cannot be greater than the model's "
            "embedding dimension: 768",
            "[768, ...]",
        ),
    ),
    Check(
        r"CrossEncoder\.rank\(\) only works for models with num_labels=1",
        "rank() wants one score for a pair, and this CrossEncoder gives several classes",
        ("model.predict(pairs)   for classes; CrossEncoder(MODEL, num_labels=1) trains a ranker",),
        (
            "ValueError: CrossEncoder.rank() only works for models with num_labels=1. Consider "
            "using CrossEncoder.predict()",
            "model.predict(pairs)",
        ),
    ),
    Check(
        r"No file with name: (?P<file>\S{1,120}) found in (?P<path>\S{1,200}?)\.?$",
        "torchtune's config names {file}, which is not in {path}",
        (
            "tune download MODEL --output-dir FOLDER   and checkpointer.checkpoint_dir=FOLDER",
            "checkpointer.checkpoint_files   as ls FOLDER shows them",
        ),
        (
            'Traceback (most recent call last):\n  File "/x/torchtune/training/_utils.py", '
            "line 9, in f\n    raise\n"
            "ValueError: No file with name: model-00001-of-00002.safetensors found in /tmp/ckpt.",
            "tune download",
        ),
        is_own=False,
    ),
    Check(
        r"bf16 precision was requested but not available on this hardware",
        "torchtune was asked for bf16 on a card (or torch) that does not compute it",
        ("dtype=fp32   (torchtune takes bf16 and fp32 alone)", "or an Ampere card or newer"),
        (
            "RuntimeError: bf16 precision was requested but not available on this hardware. Please "
            "use fp32 precision instead.",
            "dtype=fp32",
        ),
    ),
)  # fmt: skip

KINDS: tuple[General, ...] = (
    kind_of(
        "check-of-lightning",
        r"[/\\](?:lightning|pytorch_lightning|sentence_transformers|torchtune)[/\\]",
        "the message; read in Lightning 2.0 to 2.6, Sentence Transformers 2.2 to 5.1, torchtune "
        "0.1 to 0.6",
        _CHECKS,
    ),
)
