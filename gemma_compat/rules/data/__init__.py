"""Rules about what a batch holds: token types, packing, tokenizers, templates, images."""
