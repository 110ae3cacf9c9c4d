"""Import peft in a fresh interpreter, and adapt a tiny model with it."""

from __future__ import annotations

import subprocess
import sys

import gemma_compat
from gemma_compat.facts import ModelFacts
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("gemma3_text",)
VARIANTS = ("import peft, and one step with LoRA",)
PINS = {"transformers": "5.0.0", "peft": "0.17.1"}

_INSTALL = "import gemma_compat; gemma_compat.install(select=['GC901'])"
_IMPORT = """
from tests import tiny
import peft
model = tiny.build({name!r})
model = peft.get_peft_model(model, peft.LoraConfig(target_modules=['q_proj']))
model(**tiny.batch({name!r}), use_cache=False).loss.backward()
print('adapted by peft', peft.__version__)
"""


def observe(case: Case) -> Observation:
    facts = gemma_compat.detect_facts()
    facts = facts.replace(model=ModelFacts(model_type=case.model_type))
    code = (_INSTALL if case.patched else "") + _IMPORT.format(name=case.model_type)
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    lines = (done.stderr if done.returncode else done.stdout).strip().splitlines()
    return Observation(facts, "cannot import name" in lines[-1], lines[-1])
