"""An argument that a newer transformers or TRL has renamed or dropped is passed.

## What breaks
`Trainer.__init__() got an unexpected keyword argument 'tokenizer'`, `SFTConfig.__init__() got an
unexpected keyword argument 'max_seq_length'`, and the like: most recipes for Gemma 2 and 3 were
written before the names changed.

## Why
`tokenizer` became `processing_class` (gone from `Trainer` in transformers 5.0), TRL's
`max_seq_length` became `max_length`, and `evaluation_strategy` became `eval_strategy`.
transformers 5.0 dropped from `TrainingArguments` what nothing used any more:
`overwrite_output_dir`, `no_cuda`, `use_mps_device`, `fp16_backend`, `half_precision_backend`,
`fp16_opt_level`, `save_safetensors`, `adafactor`, `include_inputs_for_metrics`, `past_index`,
`jit_mode_eval`, `push_to_hub_token`, `fsdp_min_num_params` and others. `warmup_ratio`,
`group_by_length` and `logging_dir` went later in 5.

## Cure
Pass the new name: `processing_class=tokenizer`, `eval_strategy`, `max_length`, `use_cpu=True` for
`no_cuda`, `optim="adafactor"` for `adafactor`. Drop what has none. Nothing is patched: a run that
silently loses an argument is worse than one that does not start.
"""

from __future__ import annotations

from ...engine.rule import Applicability, Evidence, Problem, Rule, Scope, Severity
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES


def describe(facts: Facts) -> Problem:
    return Problem(
        message=f"transformers {facts.version('transformers')} has other names for some arguments",
        help="processing_class=tokenizer, eval_strategy, max_length",
    )


RULE = Rule(
    code="GC909",
    name="arguments-renamed",
    severity=Severity.ERROR,
    applicability=Applicability.DISPLAY_ONLY,
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {"transformers": ">=5.0.0rc0"}),),
    describe=describe,
    undetectable="which arguments the script is going to pass",
    symptoms=(
        r"got an unexpected keyword argument '(?:tokenizer|max_seq_length|evaluation_strategy|"
        r"overwrite_output_dir|no_cuda|use_mps_device|fp16_backend|half_precision_backend|"
        r"fp16_opt_level|save_safetensors|adafactor|include_inputs_for_metrics|past_index|"
        r"jit_mode_eval|push_to_hub_token|fsdp_min_num_params|warmup_ratio|group_by_length|"
        r"logging_dir|dataset_text_field)'",
    ),
    covers=("F29",),
    upstream=("huggingface/trl#6168",),
    evidence=Evidence.SOURCE,
    since="0.1.0",
)
