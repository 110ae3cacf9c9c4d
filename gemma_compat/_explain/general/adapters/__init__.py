"""PEFT's adapters, and weights in 4 or 8 bits."""
