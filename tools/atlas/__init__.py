"""Build the release atlas: read released wheels and write ``gemma_compat/atlas/data``."""
