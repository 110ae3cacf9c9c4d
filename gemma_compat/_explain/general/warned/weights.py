"""Warnings about weights: a tied head, what a checkpoint lacks, what a merge leaves out.

Nothing is raised: the run goes on, with other weights than meant.
"""

from __future__ import annotations

import re

from ...answer import Answer
from .. import read_in
from ..base import Case, General, always

# The head alone: a tied model does not save it.
_HEAD = re.compile(r"\[?['\"]?(?:\w+\.)*lm_head\.weight['\"]?\]?\.?$")


def _missing(case: Case) -> Answer:
    names = case.match["names"].strip()
    if _HEAD.match(names):
        return Answer(
            "the checkpoint has no separate head; harmless where the head is tied to the "
            "embeddings, as in Gemma 1 to 4",
            ("nothing to do, unless tie_word_embeddings is false in the checkpoint's config.json",),
            why="a tied model saves the one matrix under the embeddings' name, and the resumed "
            "model shares it already",
            known="the message; a tiny Gemma 3 was resumed with transformers 4.57.6 and 5.23.0: "
            "its logits are equal",
        )
    return Answer(
        "weights of the model are not in the checkpoint that the run resumed from: they stay as "
        "they were before it",
        (
            "compare the names in the message with the checkpoint's files: another wrapper "
            "(PEFT, torch.compile) or another release names them otherwise",
            "resume with the same packages and the same code that wrote the checkpoint",
        ),
        known=read_in.TRANSFORMERS,
    )


KINDS: tuple[General, ...] = (
    General(
        "resumed-without-some-weights",
        r"There were missing keys in the checkpoint model loaded: (?P<names>[^\n]{1,400})",
        _missing,
        {
            "There were no missing keys in the checkpoint that was loaded.": "",
            "There were missing keys in the checkpoint model loaded: ['lm_head.weight'].": (
                "harmless where the head is tied"
            ),
            "There were missing keys in the checkpoint model loaded: "
            "['model.layers.0.mlp.up_proj.weight', 'lm_head.weight'].": "resumed from",
        },
        alone=True,
    ),
    General(
        "head-differs-from-the-embeddings",
        r"both are present in the checkpoints?(?: with different values)?, so we will NOT tie|"
        r"says the word embeddings are tied, but the checkpoint contains a different",
        always(
            "the checkpoint has a head beside its embeddings, while its config says that the two "
            "are one; they are loaded as two",
            "tie_word_embeddings: false in config.json (and in its text_config), where the head "
            "was trained by itself",
            "or leave lm_head.weight out of the files, where it was not",
            why="a Gemma's head is its embedding matrix. A head that was trained or merged by "
            "itself differs, and programs that go by the config alone drop it silently",
            known="the message; read in transformers 5.23.0 and vllm 0.33.0. transformers 5.0 "
            "prints it for equal matrices too",
        ),
        {
            "The tied weights mapping and config for this model specifies to tie "
            "model.embed_tokens.weight to lm_head.weight, but both are present in the checkpoints "
            "with different values, so we will NOT tie them.": "tie_word_embeddings: false",
            "The tied weights mapping and config for this model specifies to tie "
            "model.embed_tokens.weight to lm_head.weight, but both are present in the "
            "checkpoints, so we will NOT tie them.": "tie_word_embeddings: false",
            "The config for ./merged says the word embeddings are tied, but the checkpoint "
            "contains a different lm_head.weight, which has been used instead of tying.": (
                "tie_word_embeddings: false"
            ),
        },
        alone=True,
    ),
    General(
        "embeddings-and-head-both-missing",
        r"(?:to tie (?P<one>[\w.]{2,120}) to (?P<other>[\w.]{2,120}), )?but both are absent from "
        r"the checkpoint, and we could not find another related tied",
        lambda case: Answer(
            f"neither {case.match['one']} nor {case.match['other']} came with the checkpoint: both "
            "are random"
            if case.match["one"]
            else "two weights that are tied did not come with the checkpoint: both are random",
            ("load a whole checkpoint: the base model, with the adapter on it if it is one",),
            why="an adapter's file, a shard, or names of another class leave them out",
            known=read_in.TRANSFORMERS,
            settles=False,
        ),
        {
            "This checkpoint seem corrupted. The tied weights mapping for this model specifies to "
            "tie model.embed_tokens.weight to lm_head.weight, but both are absent from the "
            "checkpoint, and we could not find another related tied weight for those keys": (
                "both are random"
            )
        },
        alone=True,
    ),
    General(
        "tying-of-the-adapter-ignored",
        r"You have requested `ensure_weight_tying`, but no tied modules|"
        r"ensure_weight_tying=True but the model does not have tied weights",
        always(
            "ensure_weight_tying has no effect in this run",
            "to train the tied matrix: modules_to_save=['embed_tokens'] (or in target_modules), "
            "with ensure_weight_tying=True",
            "or leave the option out, where neither embeddings nor head is trained",
            why="PEFT ties only a part that the adapter trains, and only where the model's config "
            "says that head and embeddings are one",
            known=read_in.PEFT,
        ),
        {
            "UserWarning: You have requested `ensure_weight_tying`, but no tied modules are added "
            "in either `modules_to_save` or `target_modules`": "no effect",
            "UserWarning: ensure_weight_tying=True but the model does not have tied weights "
            "(tie_word_embeddings=False).": "no effect",
        },
        alone=True,
    ),
    General(
        "untied-by-the-merge",
        r"Input and output embeddings are no longer tied after merging",
        always(
            "the merged model has two matrices, embeddings and head, and PEFT writes into its "
            "config that they are two",
            "save it with this config, and look that tie_word_embeddings is false in config.json "
            "and in its text_config too",
            why="PEFT changes the top of the config only. What reads another place of it ties the "
            "two, and one of the trained matrices is lost",
            known=read_in.PEFT,
        ),
        {
            "UserWarning: Input and output embeddings are no longer tied after merging. Setting "
            "`tie_word_embeddings=False` in the model config.": "text_config",
        },
        alone=True,
    ),
    General(
        "embedding-scale-not-applied",
        r"Found embed_scale attribute with shape [^\n]{1,60}expected scalar",
        always(
            "PEFT trains the embeddings without the model's embed_scale: what is learned for them "
            "is added at another size",
            "leave embed_tokens out of target_modules and trainable_token_indices",
            why="a model with embed_scale, such as a Gemma, multiplies its embeddings by it; PEFT "
            "applies it to its own part only where it is one number",
            known=read_in.PEFT,
        ),
        {
            "PeftWarning: Found embed_scale attribute with shape torch.Size([2]), expected scalar. "
            "Embedding scaling will not be applied.": "embed_tokens",
        },
        alone=True,
    ),
    General(
        "tied-on-different-devices",
        r"Tied parameters are on different devices:",
        always(
            "the device_map puts embeddings and head, which are one matrix in Gemma 1 to 4, on "
            "different devices",
            "device_map='auto'",
            "or the same device for embed_tokens and lm_head in your own map",
            why="the two become copies, and a step changes each by itself",
            known=read_in.TRANSFORMERS,
            certain=False,
        ),
        {
            "Tied parameters are on the same device: 0": "",
            "Tied parameters are on different devices: {'model.embed_tokens.weight': 0, "
            "'lm_head.weight': 1}. Please modify your custom device map": "device_map='auto'",
        },
        alone=True,
    ),
    General(
        "experts-left-out-of-the-merge",
        r"\[Unsloth MoE merge fallback\] role=|the merged checkpoint will be missing this delta",
        always(
            "the merge could not add what was learned to an expert: the merged checkpoint has the "
            "base's weights there",
            "do not use this checkpoint: keep the adapter, and serve base and adapter",
            "or pip install -U unsloth unsloth_zoo   and merge again",
            why="the adapter's shapes do not fit the experts' layout that the merge expects; the "
            "line names the expert and the reason",
            known=read_in.UNSLOTH,
        ),
        {
            "[Unsloth MoE merge fallback] role=down expert=3 reason=shape. per_expert_W=(704, "
            "2816). The base weight is being written through; the merged checkpoint will be "
            "missing this delta.": "do not use",
        },
        alone=True,
    ),
    General(
        "nothing-to-merge",
        r"Model is not a PeftModel \(no Lora adapters detected\)\. Skipping Merge",
        always(
            "nothing was merged: the object that was saved has no adapter",
            "call the merge on what get_peft_model returned or on the loaded adapter, before "
            "merge_and_unload()",
            "a model trained in full needs no merge: save_pretrained",
            known=read_in.UNSLOTH,
        ),
        {
            "The model is a PeftModel, merging 196 layers": "",
            "Model is not a PeftModel (no Lora adapters detected). Skipping Merge. Please use "
            "save_pretrained() or push_to_hub() instead!": "get_peft_model",
        },
        alone=True,
    ),
    General(
        "old-merge-kept",
        r"The weight directory for the merged LoRA already exists in",
        always(
            "ms-swift merged nothing: the folder for the merged model was there before, and stays "
            "as it was",
            "remove that folder, or another output_dir, and export again",
            known=read_in.SWIFT,
        ),
        {
            "The weight directory for the merged LoRA already exists in out/checkpoint-90-merged, "
            "skipping the saving process.": "stays as it was",
        },
        alone=True,
    ),
    General(
        "parameters-not-loaded-by-sglang",
        r"EmbeddingGemma2Model: \d+ expected parameters were not loaded|"
        r"Some weights were not initialized from checkpoint: \[",
        always(
            "SGLang serves the model with weights that did not come with the checkpoint",
            "compare the names in the line with model.safetensors.index.json of the folder",
            "save or merge again with all parts (towers and projections too), in the layout of "
            "the published checkpoint",
            known=read_in.SGLANG,
        ),
        {
            "EmbeddingGemma2Model: 2 expected parameters were not loaded: ['dense.0.weight', "
            "'dense.1.weight']": "model.safetensors.index.json",
            "[2026-11-02 TP0] Some weights were not initialized from checkpoint: "
            "['model.layers.0.mlp.gate_up_proj.weight']": "model.safetensors.index.json",
        },
        alone=True,
    ),
    General(
        "dense-layers-of-the-embedder-not-loaded",
        r"Failed to load embedding model weights:[^\n]{0,300}potentially yield incorrect",
        always(
            "keras-hub did not load the layers behind EmbeddingGemma's pooling: they stay "
            "random, and so do the embeddings",
            "load from a folder or repository that has 2_Dense and 3_Dense with their "
            "model.safetensors",
            known=read_in.KERAS,
        ),
        {
            "Warning: Failed to load embedding model weights: 404. The model will potentially "
            "yield incorrect embeddings.": "2_Dense",
        },
        alone=True,
    ),
)
