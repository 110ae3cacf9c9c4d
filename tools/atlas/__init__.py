"""The builder of the release atlas: reads released wheels, writes ``gemma_compat/atlas/data``."""
