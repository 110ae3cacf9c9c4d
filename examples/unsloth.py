# runs on: unsloth

# %% [markdown]
# # With Unsloth
#
# gemma_compat is imported first: it imports nothing, so Unsloth still comes before transformers.
# Unsloth patches on its own; `patch` sees what it did, and cures what it leaves. This notebook ran
# on Unsloth's CPU backend with a tiny random Gemma 4. Yours is
# `FastModel.from_pretrained("unsloth/gemma-4-E2B-it")`.

# %%
import gemma_compat  # first: it imports nothing

import unsloth  # noqa: F401  (before transformers and TRL)
from tiny_gemma import save, texts
from trl import SFTConfig, SFTTrainer
from unsloth import FastModel

folder = save("gemma4_text", "tiny-gemma-4")
model, tokenizer = FastModel.from_pretrained(folder, load_in_4bit=False, max_seq_length=64)
for module in model.modules():  # the tiny model only: a Trainer would split it over devices
    vars(module).pop("hf_device_map", None)
model = FastModel.get_peft_model(model, r=4, lora_alpha=8, finetune_vision_layers=False)

# %%
args = SFTConfig(
    "out",
    max_steps=3,
    per_device_train_batch_size=2,
    max_length=64,
    gradient_checkpointing=True,
    gradient_checkpointing_kwargs={"use_reentrant": True},
    dataset_text_field="text",
    logging_steps=1,
    use_cpu=True,
    report_to="none",
    save_strategy="no",
    optim="adamw_torch",
    disable_tqdm=True,
)
gemma_compat.patch(model, args=args)

# %%
trainer = SFTTrainer(model=model, args=args, train_dataset=texts(), processing_class=tokenizer)
trainer.train()
[round(entry["loss"], 3) for entry in trainer.state.log_history if "loss" in entry]
