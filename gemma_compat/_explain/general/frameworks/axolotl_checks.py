"""What to set where axolotl's own checks refuse a config, by the sentence that they print."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General

# A sentence of axolotl's checks (read in 0.3 to 0.18), and what to set in the YAML.
_FIXES = (
    (r"Require cfg\.load_in_4bit to be True for qlora", "load_in_4bit: true   (adapter: qlora)"),
    (r"Can't load qlora (?:in 8bit|if gptq)", "load_in_8bit: false, gptq: false, load_in_4bit: "
     "true; or adapter: lora with these"),
    (r"Can't merge qlora if", "axolotl merge-lora CONFIG.yml --lora-model-dir=OUT   : it loads in "
     "16 bits by itself; no merge_lora and no load_in_4bit for it in the YAML"),
    (r"load_in_8bit and load_in_4bit are not supported without setting an adapter",
     "adapter: qlora (lora for 8 bits); load_in_4bit: false for a full fine-tuning"),
    (r"max_steps must be set when using", "max_steps: 1000   (rows x epochs / rows of a step)"),
    (r"save_steps and saves_per_epoch are mutually exclusive", "saves_per_epoch: 1 alone"),
    (r"eval_steps and evals_per_epoch are mutually exclusive", "evals_per_epoch: 1 alone"),
    (r"(?:save|eval|evaluation)_strategy (?:must be empty|and (?:save|eval)_steps mismatch)",
     "no save_strategy and eval_strategy beside steps, saves_per_epoch or evals_per_epoch"),
    (r"not supported with val_set_size == 0", "val_set_size: 0.05; or no eval_steps, "
     "evals_per_epoch and eval_strategy"),
    (r"non-zero val_set_size should not be used with test_datasets", "val_set_size: 0"),
    (r"either datasets or pretraining_dataset is required", "datasets: with at least one path and "
     "type"),
    (r"At least two of \S{0,4}.{3,90} must be set", "micro_batch_size: 1, "
     "gradient_accumulation_steps: 8   (batch_size follows from both)"),
    (r"set only one of gradient_accumulation_steps or batch_size", "no batch_size: it follows from "
     "micro_batch_size and gradient_accumulation_steps"),
    (r"deepspeed and fsdp cannot be used together", "either deepspeed: or fsdp_config:"),
    (r"`early_stopping_patience` requires", "eval_steps: 100, save_steps: 100   (save_steps a "
     "multiple of eval_steps)"),
    (r"`sample_packing: true` does not work with RLHF|sample_packing is not supported with kto",
     "sample_packing: false   with rl:"),
    (r"Packing is currently not supported", "sample_packing: false   for a multimodal model"),
    (r"chat_template_jinja is required when chat_template is set to jinja",
     "chat_template_jinja: the template's text; or chat_template: tokenizer_default"),
    (r"`type: sharegpt\.\*` is deprecated", "type: chat_template, field_messages: conversations, "
     "message_property_mappings: {role: from, content: value}"),
    (r"warmup_steps and warmup_ratio are mutually exclusive", "one of the two: warmup_ratio: 0.03"),
    (r"Muon optimizer is currently incompatible with", "optimizer: adamw_torch_fused; or muon "
     "without DeepSpeed"),
    (r"lora_mlp_kernel, lora_(?:mlp|qkv)_kernel, and lora_(?:mlp|o)_kernel are not compatible with",
     "lora_mlp_kernel: false, lora_qkv_kernel: false, lora_o_kernel: false"),
    (r"unsloth_lora_mlp, unsloth_lora_qkv, and unsloth_lora_o are not compatible",
     "unsloth_lora_mlp: false, unsloth_lora_qkv: false, unsloth_lora_o: false"),
    (r"lora_dropout must be 0 when lora_target_parameters", "lora_dropout: 0"),
    (r"(?:flash_attention: true must be set|requires flash attention[^\n]{0,80}) with? ?\(?"
     r"(?:context_parallel|sequence_parallel)|context_parallel_size > 1 requires flash",
     "flash_attention: true   (newer: attn_implementation: flash_attention_2)"),
    (r"batch_flattening requires", "flash_attention: true, or batch_flattening: false"),
    (r"micro_batch_size must be set to 1 when sample_packing", "micro_batch_size: 1"),
    (r"FSDP Offload not compatible with", "optimizer: adamw_torch_fused; or "
     "fsdp_offload_params: false"),
    (r"FSDP SHARDED_STATE_DICT not compatible with save_safetensors",
     "fsdp_state_dict_type: FULL_STATE_DICT; or save_safetensors: false"),
    (r"lora_modules_to_save(?:` not properly set| to \[)", "lora_modules_to_save: [embed_tokens, "
     "lm_head]   : the new tokens are learned there"),
    (r"beta and trl\.beta must match", "rl_beta (or trl: beta:) in one place"),
    (r"remove_unused_columns: False` when using kto", "remove_unused_columns: false"),
    (r"`?use_reentrant`? ?(?:must be false|: True)", "gradient_checkpointing_kwargs: "
     "{use_reentrant: false}"),
    (r"cannot be combined with legacy attention flags", "attn_implementation alone: no "
     "flash_attention, sdp_attention, flex_attention, xformers_attention"),
    (r"GRPO requires `trl\.num_generations >= 2`", "trl: {num_generations: 8}"),
    (r"generation batch size must be divisible by `trl\.num_generations`", "micro_batch_size x "
     "GPUs x gradient_accumulation_steps: a multiple of trl.num_generations"),
    (r"save_safetensors=False is not supported in Transformers V5", "no save_safetensors"),
    (r"torch_compile should be set within your deepspeed config", "no torch_compile; "
     '"compile" in the DeepSpeed config'),
    (r"fp8 requested, but fp8 is not supported", "fp8: false, bf16: true   (fp8 needs Hopper, Ada "
     "or newer)"),
    (r"push_to_hub_model_id is deprecated", "hub_model_id in its place"),
    (r"dataset_exact_deduplication is not available for streaming",
     "dataset_exact_deduplication: false, or streaming: false"),
    (r"do_bench_eval requires evals_per_epoch", "evals_per_epoch: 1"),
    (r"activation_offloading requires gradient_checkpointing", "gradient_checkpointing: true"),
    (r"EOT token '[^'\n]{1,40}' is encoded as multiple tokens", "tokens: [TOKEN] in the YAML, and "
     "lora_modules_to_save: [embed_tokens, lm_head] with an adapter"),
)  # fmt: skip

# Settings that newer releases refuse by a warning that they raise.
_GONE = {
    "max_packed_sequence_len": "sequence_len: 4096, sample_packing: true   in its place",
    "rope_scaling": "overrides_of_model_config: {rope_scaling: {...}}   in its place",
    "s2_attention": "flash_attention: true; longer rows by context_parallel_size",
    "flash_attn_rms_norm": "plugins: [axolotl.integrations.liger.LigerPlugin], liger_rms_norm: "
    "true   for a fused one",
}


def fixes(said: list[str]) -> tuple[str, ...]:
    """Return what to set for the sentences that axolotl's checks print."""
    found = (do for text, do in _FIXES if any(re.search(text, item) for item in said))
    return tuple(dict.fromkeys(found))[:3]


def _refused(case: Case) -> Answer | None:
    if not re.search(r"[/\\]axolotl[/\\]", case.frames):
        return None
    said = case.message.partition("\n")[0].strip().rstrip(".")
    do = fixes([said])
    if not do:
        return None
    return Answer(
        f"axolotl refuses the config: {said[:200]}",
        do,
        why="it checks the YAML before anything is loaded",
        known="axolotl says so; its checks were read in 0.3 to 0.18",
    )


def _gone(case: Case) -> Answer:
    name = case.match["name"]
    other = _GONE.get(name, "")
    return Answer(
        f"this axolotl no longer takes {name}",
        (*((other,) if other else ()), f"the YAML without {name}"),
        why="it raises the warning, so that the run ends there",
        known="axolotl says so; read in utils/schemas/deprecated.py of 0.18",
    )


KINDS: tuple[General, ...] = (
    General(
        "config-refused-by-axolotl",
        "ValueError: (?:" + "|".join(f"[^\\n]{{0,60}}{text}" for text, _ in _FIXES) + ")",
        _refused,
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/axolotl/utils/config.py"'
            ", line 9, in validate_config\n    raise ValueError(\nValueError: Require "
            "cfg.load_in_4bit to be True for qlora": "load_in_4bit: true",
            "ValueError: Require cfg.load_in_4bit to be True for qlora": "",
        },
    ),
    General(
        "setting-gone-from-axolotl",
        r"DeprecationWarning: `(?P<name>max_packed_sequence_len|rope_scaling|s2_attention|"
        r"flash_attn_rms_norm|dpo_use_logits_to_keep|dpo_generate_during_eval|dpo_norm_loss|"
        r"rpo_alpha)`[^\n]{0,60}(?:no longer supported|deprecated)",
        _gone,
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/axolotl/utils/schemas/'
            'deprecated.py", line 33, in validate_max_packed_sequence_len\n    raise '
            "DeprecationWarning(\nDeprecationWarning: `max_packed_sequence_len` is no longer "
            "supported": "sample_packing: true",
        },
    ),
)
