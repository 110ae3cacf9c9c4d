"""Unsloth imported last: what is read of it."""

import json

import transformers  # noqa: F401
import trl  # noqa: F401

import unsloth  # noqa: F401  isort: skip
import gemma_compat

print(json.dumps(gemma_compat.detect_facts().unsloth.to_dict()))
