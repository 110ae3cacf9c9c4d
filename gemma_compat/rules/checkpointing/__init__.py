"""Rules about gradient checkpointing."""
