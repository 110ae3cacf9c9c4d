# runs on: transformers-4.50.3

# %% [markdown]
# # A crash at the first evaluation, and the run that goes on
#
# What happened to the first report of this project: transformers 4.50, Gemma 3 in bfloat16, a plain
# `Trainer`. Training goes well; the first evaluation crashes. The model here is tiny and random,
# so that this notebook runs on a CPU in a minute. Yours is
# `AutoModelForCausalLM.from_pretrained("google/gemma-3-1b-it", dtype="bfloat16")`.

# %%
import torch
from tiny_gemma import build, rows
from transformers import Trainer, TrainingArguments

model = build("gemma3_text", torch.bfloat16)
args = TrainingArguments(
    "out",
    bf16=True,
    use_cpu=True,
    max_steps=4,
    eval_strategy="steps",
    eval_steps=2,
    per_device_train_batch_size=2,
    report_to=[],
    save_strategy="no",
    disable_tqdm=True,
)
trainer = Trainer(model, args, train_dataset=rows(), eval_dataset=rows(2))

# %% tags=["raises-exception"]
trainer.train()

# %% [markdown]
# ## What does that mean?
#
# `explain()` explains the error that ended the last cell. With the model and the arguments at hand
# it need not guess what they were.

# %%
import gemma_compat

gemma_compat.explain(model=model, args=args)

# %% [markdown]
# The first line to paste upgrades transformers. Where that cannot be, the second cures the model in
# hand; everything that it changes can be put back with `applied.revert()`.

# %%
applied = gemma_compat.patch(model, args=args)
applied

# %%
trainer = Trainer(model, args, train_dataset=rows(), eval_dataset=rows(2))
trainer.train()
[round(entry["eval_loss"], 3) for entry in trainer.state.log_history if "eval_loss" in entry]

# %% [markdown]
# ## The same, before anything crashes
#
# `%gemma_report` says what is known of this stack, model and run; it changes nothing.

# %%
# %load_ext gemma_compat

# %%
fresh = Trainer(
    build("gemma3_text", torch.bfloat16), args, train_dataset=rows(), eval_dataset=rows(2)
)
# %gemma_report fresh
