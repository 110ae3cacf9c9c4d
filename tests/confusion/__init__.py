"""The confusion matrix: train every Gemma in every cell, and compare what is said with what is.

subjects.py  the Gemmas of the transformers at hand, from its own auto mappings, made tiny
batches.py   samples, and the batches that hold them: padded, packed, longer than the window
cells.py     the axes, the cells that they span, and which of them a run visits
steps.py     the reference, one training step, and how far apart they are
judging.py   what `diagnose` says of a cell, and what `patch` makes of it
rows.py      one line for each cell, and the numbers that they add up to
record.py    the page of measurements
worker.py    one process for one release
__main__.py  the command line behind `make confusion`

The reference shares no code with what is under test: every sample is run by itself, unpadded, in
eval mode with the cache on and eager attention, and its loss is computed here from its logits.
Nothing of gemma_compat is imported by subjects, batches and steps.
"""
