"""Checkpoints, tokenizers and their files that cannot be read."""

from __future__ import annotations

from ....tables import families
from ...answer import Answer
from ..base import Case, General, always
from ..released import released
from .saved_sizes import shape_in_the_file


def _model_type(case: Case) -> Answer:
    name = case.match["name"]
    known = released(case)
    if known is not None and not known.contradicts:
        return Answer(
            f"the installed transformers does not know the model type {name}: {known.happened}",
            (known.command or "trust_remote_code=True, if the repository brings its own code",),
            known="read in the wheels of transformers",
        )
    return Answer(
        f"the installed transformers does not know the model type {name}",
        ("pip install -U transformers", "and restart the kernel, in a notebook"),
        known="the message",
        settles=False,
    )


def _no_entry(case: Case) -> Answer | None:
    name = case.match["type"] or case.match["named"]
    since = families.FIRST_RELEASES.get(name)
    if since is None or case.is_of_the_script:
        return None  # a table of the script's own
    who = (case.packages or [""])[-1]
    return Answer(
        f"a table of model types has no entry {name}: what looks it up is older than the model",
        (
            f"pip install -U {who}"
            if who and who != "transformers"
            else f"pip install -U 'transformers>={since}'   and restart the kernel",
            "the same for trl, peft, liger-kernel, vllm or the trainer, where its frame is the "
            "last",
        ),
        why=f"transformers knows {name} from {since} on; other packages keep other tables",
        known="the message; the release was read in the wheels of transformers. Whose table it is, "
        "the last frame shows",
        certain=False,
        of_gemma=True,
    )


_GEMMAS = r"(?:embedding|diffusion|recurrent|vault|shield|pali|t5)?_?gemma\w{0,30}"


KINDS: tuple[General, ...] = (
    General(
        "device-map-with-gaps",
        r"device_map provided does not give any device for the following parameters",
        always(
            "the device_map leaves out a part of the model",
            'device_map="auto"   or device_map={"": 0}: the empty name stands for all',
            "pip install -U transformers accelerate   if the map was made by them",
            why="a map that was written by hand, or for another class or release, has other names: "
            "those of Gemma's modules moved in transformers 4.52",
            known="the message lists the parameters that have no device",
            settles=False,
        ),
        {
            "ValueError: The device_map provided does not give any device for the following "
            "parameters: model.language_model.norm.weight": "device_map"
        },
    ),
    General(
        "gemma3-preview-without-a-mask",
        r"attention_mask\.to\(query_states\)",
        lambda case: (
            Answer(
                "the preview of Gemma 3 in transformers (4.49.0-Gemma-3) fails where it is given "
                "no attention mask",
                (
                    'pip install "transformers>=4.50.0"   and delete unsloth_compiled_cache',
                    "or hand it a mask: tokenizer(..., return_tensors='pt') returns attention_mask",
                ),
                why="its attention calls attention_mask.to(...) without asking whether there is "
                "one; 4.50.0 asks",
                known="the line of code in the log; read in transformers 4.50.0, 4.50.3, 4.51.3",
                of_gemma=True,
            )
            if "'NoneType' object has no attribute 'to'" in case.message
            else None
        ),
        {
            'Traceback (most recent call last):\n  File "/x/unsloth_compiled_module_gemma3.py", '
            "line 355, in Gemma3Attention_forward\n    attention_mask.to(query_states),\n"
            "AttributeError: 'NoneType' object has no attribute 'to'": "4.50.0",
            "attention_mask.to(query_states)\nValueError: another": "",
        },
    ),
    General(
        "mlx-weight-of-another-shape",
        r"Expected shape \((?P<here>[\d, ]{1,40})\) but received shape \((?P<saved>[\d, ]{1,40})\) "
        r"for parameter (?P<name>[\w.]{1,120})",
        lambda case: Answer(
            f"MLX: {case.match['name']} is ({case.match['saved']}) in the files, and the model "
            f"asks for ({case.match['here']})",
            ("pip install -U mlx-lm", "or a checkpoint that is not quantized"),
            why="a quantized weight is packed, 8 values of 4 bits in one, where the model expects "
            "a plain one: converter and loader are of different releases",
            known="both shapes are in the message",
            certain=False,
        ),
        {
            "ValueError: Expected shape (262144, 640) but received shape (262144, 80) for "
            "parameter lm_head.weight": "mlx-lm"
        },
        alone=True,
    ),
    General(
        "model-type-not-in-a-table",
        rf"KeyError: '(?P<type>{_GEMMAS})'|[Mm]odel type ['\"`]?(?P<named>{_GEMMAS})['\"`]? "
        r"(?:is |was )?(?:not recogni[sz]ed|unknown|not known)",
        _no_entry,
        {
            "ValueError: model type 'gemma3_text' not recognized": "transformers>=4.50.0",
            "the model type gemma3 is loaded by its own class": "",
            "KeyError: 'gemma3_text'": "transformers>=4.50.0",
            "KeyError: 'gemma3_with_a_name_of_my_own'": "",
            'Traceback (most recent call last):\n  File "/w/a.py", line 1, in f\n    '
            "cls = MODELS[args.model]\nKeyError: 'gemma3'": "",
        },
    ),
    General(
        "model-type-unknown",
        r"model type `(?P<name>[\w-]{1,60})` but Transformers does not recognize",
        _model_type,
        {
            "ValueError: The checkpoint you are trying to load has model type `glm4v` but "
            "Transformers does not recognize this architecture.": "does not know"
        },
        alone=True,
    ),
    General(
        "weight-of-another-shape",
        r"Trying to set a tensor of shape torch\.Size\(\[(?P<saved>[\d, ]{1,60})\]\) in \"\w+\" "
        r"\(which has shape torch\.Size\(\[(?P<here>[\d, ]{1,60})\]\)",
        shape_in_the_file,
        {
            'ValueError: Trying to set a tensor of shape torch.Size([4, 8]) in "weight" (which has '
            "shape torch.Size([8, 8])), this looks incorrect.": "num_key_value_heads",
            'ValueError: Trying to set a tensor of shape torch.Size([32000, 512]) in "weight" '
            "(which has shape torch.Size([32000, 4096])), this look incorrect.": "mlx_lm.fuse",
            'ValueError: Trying to set a tensor of shape torch.Size([1024, 4096]) in "weight" '
            "(which has shape torch.Size([4096, 4096])), this looks incorrect.": (
                "num_key_value_heads"
            ),
            'ValueError: Trying to set a tensor of shape torch.Size([25600, 5120]) in "weight" '
            "(which has shape torch.Size([27648, 5120])), this looks incorrect.": (
                "num_key_value_heads"
            ),
            'ValueError: Trying to set a tensor of shape torch.Size([577, 1024]) in "weight" (which'
            " has shape torch.Size([257, 1024])), this looks incorrect.": "24 x 24",
            'ValueError: Trying to set a tensor of shape torch.Size([32, 1]) in "weight" '
            "(which has shape torch.Size([8, 8])), this looks incorrect.": "4 bits",
            'ValueError: Trying to set a tensor of shape torch.Size([0]) in "weight" (which has '
            "shape torch.Size([8, 8])), this looks incorrect.": "gather",
            'ValueError: Trying to set a tensor of shape torch.Size([8, 8]) in "weight" '
            "(which has shape torch.Size([0])), this look incorrect.": "ZeRO-3",
            'ValueError: Trying to set a tensor of shape torch.Size([32001, 8]) in "weight" '
            "(which has shape torch.Size([32000, 8])), this look incorrect.": "rows",
        },
    ),
)
