"""Unsloth: its refusals, its parts, and the packages beside it."""
