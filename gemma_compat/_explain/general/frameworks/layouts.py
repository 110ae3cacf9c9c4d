"""Checkpoints whose names or tree are of another library, torchtune's above all."""

from __future__ import annotations

from ...answer import Answer
from ..base import Case, General

_LAYOUT = "transformers' layout of the same weights has other names"


def _of_torchtune(key: str) -> Answer | None:
    if key.startswith("_orig_mod."):
        return Answer(
            "the names are those of a compiled model: torch.compile puts _orig_mod. before each, "
            "and torchtune's converter knows none of them",
            (
                "compile=False   in the recipe's config",
                "pip install -U torchtune",
                "a checkpoint that has such names: {k.removeprefix('_orig_mod.'): v for k, v in "
                "state.items()}",
            ),
            known="the message has the name",
        )
    if key.startswith("tok_embeddings."):
        return Answer(
            f"the checkpoint has names in the layout of Meta and torchtune ({key}), and is read as "
            "one of Hugging Face",
            (
                "_component_: FullModelMetaCheckpointer (or FullModelTorchTuneCheckpointer)   in "
                "place of FullModelHFCheckpointer",
                "or checkpoint_dir of a folder with model-*.safetensors, for the HF one",
            ),
            why="Meta's and torchtune's own names of the embeddings are tok_embeddings, those of "
            "Hugging Face model.embed_tokens; output files are named by the checkpointer that "
            "wrote them (meta_model_0.pt, hf_model_0001_0.pt)",
            known="the message has the name",
        )
    return None


def _other_layout(case: Case) -> Answer:
    key = case.match["key"] or ""
    found = _of_torchtune(key)
    if found is not None:
        return found
    if "Error converting the state dict" in case.hit.text:
        return Answer(
            f"torchtune's converter for this model_type has no place for {key}",
            (
                "model_type in the checkpointer's config: the one of this very model (GEMMA2, "
                "LLAMA3, PHI3_MINI)",
                "or pip install -U torchtune torchao, where the model is newer than it",
                "or the shards of the text-only checkpoint, where vision or audio is in the name",
            ),
            why="each family has a table of names, and a family comes with a release",
            known="the message has the name; which of these it is, it does not say",
            settles=False,
        )
    return Answer(
        "the checkpoint's names or its tree are not those of the model that is to be filled",
        (
            "the checkpoint and the model class of the same size and kind: text or multimodal, "
            "base or LoRA",
            "torchtune: model_type in the checkpointer, and the shards of a text-only checkpoint",
            "Google's gemma: gm.ckpts.load_params(gm.ckpts.CheckpointPath.GEMMA3_4B_IT), and "
            "gm.ckpts.SkipLoRA around it for a model with LoRA",
        ),
        why=f"{_LAYOUT}, and a LoRA or a vision tower adds entries to the tree",
        known="the message lists a name or both trees",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "checkpoint-of-another-layout",
        r"Error converting the state dict\. Found unexpected key:?\s{0,3}\"?(?P<key>[\w.]{0,80})|"
        r"tree structures do not match|"
        r"User-provided restore item and on-disk value metadata",
        _other_layout,
        {
            "Exception: Error converting the state dict. Found unexpected key: "
            '"vision_tower.vision_model.embeddings.patch_embedding.weight".': "model_type",
            "Exception: Error converting the state dict. Found unexpected key: "
            '"_orig_mod.tok_embeddings.weight".': "compile=False",
            "Exception: Error converting the state dict. Found unexpected key: "
            '"tok_embeddings.weight". Please make sure': "FullModelMetaCheckpointer",
        },
    ),
)
