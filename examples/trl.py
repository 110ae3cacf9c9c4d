# runs on: transformers-5.23.0 trl-1.16.0 datasets

# %% [markdown]
# # Gradients that are silently wrong, found before a long run
#
# The upper layers of Gemma 4 and Gemma 3n read keys and values of lower layers. Under reentrant
# checkpointing the gradient of what they share is lost: no error, and the loss is right. Nothing
# tells it from a healthy run but a comparison of gradients, which `preflight` makes on one batch.
#
# The model is tiny and random. Yours is
# `AutoModelForCausalLM.from_pretrained("google/gemma-4-E2B-it")`.

# %%
from tiny_gemma import build, texts, tokenizer
from trl import SFTConfig, SFTTrainer

import gemma_compat

model = build("gemma4_text")
args = SFTConfig(
    "out",
    max_steps=3,
    per_device_train_batch_size=2,
    gradient_checkpointing=True,
    gradient_checkpointing_kwargs={"use_reentrant": True},
    dataset_text_field="text",
    logging_steps=1,
    learning_rate=1e-3,
    bf16=False,
    use_cpu=True,
    report_to=[],
    save_strategy="no",
    disable_tqdm=True,
)
trainer = SFTTrainer(model, args, train_dataset=texts(), processing_class=tokenizer())

# %% [markdown]
# ## Before the run: one batch, held against references
#
# It leaves no trace: weights, random state and the data's order stay as they were.

# %%
gemma_compat.preflight(trainer)

# %% [markdown]
# ## The cure

# %%
gemma_compat.patch(trainer)

# %%
gemma_compat.preflight(trainer)

# %% [markdown]
# What is left is about this notebook's toy data, and says so. Now the run itself:

# %%
trainer.train()
[round(entry["loss"], 3) for entry in trainer.state.log_history if "loss" in entry]

# %% [markdown]
# ## What a step takes

# %%
gemma_compat.estimate_memory(trainer, memory=16 * 2**30)
