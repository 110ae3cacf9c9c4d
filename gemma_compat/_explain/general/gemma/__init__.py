"""Gemma's own parts: what is refused of them."""
