"""Rules about adapters: what PEFT is asked to adapt, and what it then does."""
