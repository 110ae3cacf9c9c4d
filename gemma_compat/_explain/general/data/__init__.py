"""Rows, batches, tokenizers, processors and what a model is called with."""
