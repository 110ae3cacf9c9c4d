"""Warnings of training frameworks that rows, options or masks are not what was asked for."""

from __future__ import annotations

from ...answer import Answer
from .. import read_in
from ..base import Case, General, always


def _no_liger(case: Case) -> Answer:
    if case.match["part"]:
        return Answer(
            f"Liger leaves {case.match['part']}, a part of this model, as it is",
            ("nothing: the numbers are the same, and the other parts have its kernels",),
            known=read_in.LIGER,
        )
    return Answer(
        "Liger's kernels are not applied to this model",
        (
            "nothing, where memory is enough: the loss is the same",
            "or a newer liger-kernel and framework, where they know this model",
        ),
        why="above all the fused loss is missing: the logits, a float for each of the 262,144 "
        "words of a Gemma's vocabulary and each token, are held in memory",
        known="the message; read in axolotl 0.19.0, llamafactory 0.9.5 and liger-kernel 0.8.5",
    )


KINDS: tuple[General, ...] = (
    General(
        "gemma2-without-its-softcap",
        r"Gemma-2 should use soft-capping attention, while the SDPA attention does not",
        always(
            "LLaMA-Factory runs this Gemma 2 with sdpa, which leaves out the capping of its "
            "attention scores",
            "flash_attn: fa2   with flash-attn 2.6.3 or newer installed",
            "or flash_attn: disabled   (eager attention)",
            why="that is another network than the one that was pretrained (GC301)",
            known=read_in.FACTORY,
            of_gemma=True,
        ),
        {
            "[WARNING|llamafactory.model.model_utils.attention:148] >> Gemma-2 should use "
            "soft-capping attention, while the SDPA attention does not support it.": "disabled"
        },
        alone=True,
    ),
    General(
        "liger-not-applied",
        r"Current model does not support liger kernel|Unsupported model config type: [\w.]{1,40}\. "
        r"Liger not applied|(?P<part>\w{2,40}) is not supported by Liger kernel\.|"
        r"Liger fused linear cross entropy is not compatible with Gemma4Unified",
        _no_liger,
        {
            "Liger kernel has been applied to the model.": "",
            "[WARNING] Current model does not support liger kernel.": "held in memory",
            "gemma4_vision is not supported by Liger kernel.": "leaves gemma4_vision",
            "Liger fused linear cross entropy is not compatible with Gemma4Unified. Skipping.": (
                "held in memory"
            ),
        },
        alone=True,
    ),
    General(
        "rows-left-out",
        r"Dropped lengthy example with length (?P<length>\d+) > (?P<most>\d+)|"
        r"Skipping this abnormal example\.|Dropped invalid example: ",
        lambda case: Answer(
            "LLaMA-Factory leaves rows out of the training: "
            + (
                f"{int(case.match['length']):,} tokens where cutoff_len is "
                f"{int(case.match['most']):,}"
                if case.match["length"]
                else "their messages are not in the order that it reads"
            ),
            (
                "count these lines: a few do not matter",
                "a larger cutoff_len, for rows that are too long",
                "else user and assistant in turn, from user to assistant, with the names of the "
                "roles in dataset_info.json",
            ),
            known=read_in.FACTORY,
        ),
        {
            "Dropped 3 samples with no trainable tokens": "",
            "Dropped lengthy example with length 5120 > 4096.": "5,120 tokens",
            "[WARNING] Skipping this abnormal example.": "dataset_info.json",
        },
        alone=True,
    ),
    General(
        "rows-drawn-for-others",
        r"There are errors in the template\.encode, and another piece of data will be randomly",
        always(
            "ms-swift could not encode a row, and trains on a random other row in its place",
            "--strict true   stops at the first such row and shows its error",
            "read the traceback above the line: a few rows do not matter, all rows of a kind do",
            known=read_in.SWIFT,
        ),
        {
            "[WARNING:swift] 👆👆👆There are errors in the template.encode, and another piece of "
            "data will be randomly selected.": "--strict true"
        },
        alone=True,
    ),
    General(
        "end-of-turn-not-trained",
        r"not found in chat_template; the turn terminator won't be trained|"
        r"EOT token '[^'\n]{1,40}' not found in chat_template",
        always(
            "a token that was to end a turn is not in the chat template: the model is not trained "
            "to stop with it",
            "eot_tokens: ['<end_of_turn>']   for Gemma 1 to 3, with their own chat template",
            "or the token that this template ends a turn with: print tokenizer.chat_template",
            why="a Gemma's turns end with another token than its eos_token <eos>",
            known=read_in.AXOLOTL,
        ),
        {
            "EOS token '<eos>' found in chat_template": "",
            "EOS token '<eos>' not found in chat_template; the turn terminator won't be trained. "
            "Set `eot_tokens` to your template's turn-ending token.": "<end_of_turn>",
            "EOT token '<|im_end|>' not found in chat_template.": "<end_of_turn>",
        },
        alone=True,
    ),
    General(
        "every-role-is-trained",
        r"has no built-in role boundaries; cfg\.train_on_inputs",
        always(
            "axolotl trains on the whole conversation of this multimodal run, questions and "
            "system text too",
            "role_boundaries: with the markers of each role, as axolotl's "
            "docs/multimodal_assistant_mask.md shows",
            known=read_in.AXOLOTL,
        ),
        {
            "PaliGemmaProcessingStrategy has no built-in role boundaries; cfg.train_on_inputs / "
            "cfg.roles_to_train / cfg.train_on_eos will NOT restrict loss": "role_boundaries"
        },
        alone=True,
    ),
    General(
        "last-turn-not-trained",
        r"Last turn is not trainable, skipping having to find the turn indices",
        always(
            "rows end with a turn that is not trained (a user's or a tool's), and its end token "
            "may be trained by mistake",
            "rows that end with the assistant's turn",
            "or roles_to_train and train_on_eos as the rows need them",
            known=read_in.AXOLOTL,
        ),
        {
            "Last turn is not trainable, skipping having to find the turn indices. This may cause "
            "incorrect last EOT/EOS token to be unmasked.": "assistant's turn"
        },
        alone=True,
    ),
    General(
        "hybrid-attention-skipped",
        r"gemma4_hybrid_attn_impl: (?:could not find decoder layers|model config has no)|"
        r"gemma4_hybrid_mask: \S{1,120} has no 'create_causal_mask' binding",
        always(
            "axolotl did not apply gemma4_hybrid_attn_impl, so the full layers of this Gemma 4 "
            "keep the attention or the mask of the others",
            "pip install -U axolotl   with the transformers that it pins",
            "or gemma4_hybrid_attn_impl: false and attn_implementation: sdpa",
            why="heads of the full layers are 512 wide, which flash-attn 2 does not take; the "
            "option gives them sdpa and a mask of sdpa's form, by names that this transformers "
            "does not have",
            known=read_in.AXOLOTL,
            of_gemma=True,
        ),
        {
            "gemma4_hybrid_attn_impl: could not find decoder layers in model, skipping": "sdpa",
            "gemma4_hybrid_mask: transformers.models.gemma4.modeling_gemma4 has no "
            "'create_causal_mask' binding, skipping. Transformers API may have changed.": "sdpa",
        },
        alone=True,
    ),
    General(
        "packing-with-sdpa-before-hopper",
        r"sample_packing & torch sdpa with bf16 is unsupported may results in 0\.0 loss",
        always(
            "axolotl warns that packed rows under sdpa in bfloat16 can give a loss of 0.0 on a "
            "card before Hopper",
            "flash_attention: true, or sample_packing: false",
            "watch the first losses: 0.0 or nan means that it happened",
            known=read_in.AXOLOTL,
            certain=False,
        ),
        {
            "sample_packing & torch sdpa with bf16 is unsupported may results in 0.0 loss. This "
            "may work on H100s.": "sample_packing: false"
        },
        alone=True,
    ),
    General(
        "dropout-not-on-experts",
        r"dropout=\S{1,12} requested but PEFT will wrap this model's fused",
        always(
            "lora_dropout has no effect on the experts' adapters; attention and the rest have it",
            "nothing, or lora_dropout: 0   for the same everywhere",
            known=read_in.AXOLOTL,
        ),
        {
            "lora_dropout=0.05 requested but PEFT will wrap this model's fused MoE expert "
            "parameters with ParamWrapper, which cannot apply dropout": "experts' adapters"
        },
        alone=True,
    ),
    General(
        "sequence-parallel-ignored",
        r"sequence_parallel=True is not yet supported for Gemma4 and will be ignored",
        always(
            "Automodel runs this Gemma 4 without sequence parallelism: each card of the tensor "
            "parallel group holds the activations of whole rows",
            "sequence_parallel: false   so that the recipe says what runs",
            "for memory: activation_checkpointing: true, or shorter rows",
            why="the numbers are the same; what is missing is the saved memory",
            known=read_in.AUTOMODEL,
            of_gemma=True,
        ),
        {
            "UserWarning: sequence_parallel=True is not yet supported for Gemma4 and will be "
            "ignored.": "sequence_parallel: false"
        },
        alone=True,
    ),
    General(
        "precision-of-a-tied-head-ignored",
        r"Skipping separate lm_head FSDP wrapping because lm_head\.weight is tied",
        always(
            "lm_head_precision has no effect: the head is the embedding matrix and runs in its "
            "precision",
            "leave lm_head_precision out for a Gemma",
            known=read_in.AUTOMODEL,
        ),
        {
            "Skipping separate lm_head FSDP wrapping because lm_head.weight is tied to "
            "embed_tokens.weight; lm_head_precision=torch.float32 will not be applied "
            "independently.": "no effect"
        },
        alone=True,
    ),
    General(
        "head-left-at-its-start",
        r"is missing \S{1,80} and no tied source key was found\. Keeping the current",
        always(
            "the head is not in the checkpoint, nor the embeddings that it is tied to: it stays "
            "as it was made",
            "a checkpoint with embed_tokens, or the base model's, before this one is read",
            known=read_in.AUTOMODEL,
        ),
        {
            "Checkpoint out/step_10 is missing lm_head.weight and no tied source key was found. "
            "Keeping the current lm_head initialization for compatibility.": "embed_tokens"
        },
        alone=True,
    ),
)
