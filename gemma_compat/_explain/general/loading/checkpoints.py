"""Files of a checkpoint or an adapter that do not fit, or are not there; accounts that refuse."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always


def _state_dict(case: Case) -> Answer | None:
    """Answer missing and unexpected keys; sizes have their own kind."""
    text = case.message + case.hit.after[:4000]
    if "size mismatch" in text:
        return None
    missing = re.search(r"Missing key\(s\) in state_dict: \"([\w.]{2,160})\"", text)
    more = re.search(r"Unexpected key\(s\) in state_dict: \"([\w.]{2,160})\"", text)
    prefix = ""
    if missing and more:
        one, other = missing[1], more[1]
        prefix = (
            f": the model asks for {one}, the file has {other}"
            if one.rpartition(".")[2] == other.rpartition(".")[2]
            else ""
        )
    return Answer(
        f"names in the file and names in the class {case.match['name']} differ{prefix}",
        (
            "load it with from_pretrained of the class that saved it, with its config.json beside "
            "it",
            "a PEFT adapter: PeftModel.from_pretrained(base, 'FOLDER'), and not load_state_dict",
            "or the transformers and peft that saved it: names of Gemma's modules moved in 4.52"
            if "Gemma" in case.match["name"]
            else "or the release of the library that saved it",
        ),
        why="a prefix (module., model., base_model.model., language_model.) was added or left out "
        "by a wrapper or by another release",
        known="the message lists the names; which of these it is, their prefixes show",
        settles=False,
    )


_WITHOUT_A_KEY = always(
    "Weights & Biases stops the run: it has no key, or does not reach its server",
    "report_to='none'   in the training arguments (or WANDB_MODE=offline, WANDB_DISABLED=true)",
    "or wandb login",
    why="the Trainer reports to every tracker that is installed, unless report_to says otherwise",
    known="the message is that of wandb",
)
_NO_RUN_OPEN = always(
    "something is logged to Weights & Biases while no run of it is open",
    "wandb.init(reinit=True)   before what logs, as trainer.evaluate() after trainer.train()",
    "or report_to='none' in the training arguments",
    why="a run ends with wandb.finish(), which a sweep, a second trainer or the end of training "
    "calls; what logs after that needs a new one",
    known="the message is that of wandb",
    settles=False,
)


def _wandb(case: Case) -> Answer | None:
    return (_NO_RUN_OPEN if case.says(r"wandb\.init\(\) before") else _WITHOUT_A_KEY)(case)


def _tokenizer_file(case: Case) -> Answer:
    """Answer a tokenizer.model that is not there, or that sentencepiece cannot read."""
    if "not a string" in case.hit.text:
        return Answer(
            "the tokenizer's class wants tokenizer.model, and no such file was found",
            (
                "ls FOLDER   : tokenizer.json and tokenizer_config.json, or tokenizer.model? In "
                "the Hub's cache they lie in snapshots/REVISION, not above it",
                "AutoTokenizer.from_pretrained(BASE).save_pretrained(FOLDER)   BASE: the published "
                "checkpoint that was trained",
                "pip install -U transformers tokenizers   where tokenizer.json is there",
            ),
            why="sentencepiece is handed None in place of a path: the folder has no "
            "tokenizer.model, and the fast tokenizer, which needs tokenizer.json alone, was not "
            "taken",
            known="the message is sentencepiece's",
            certain=False,
            settles=False,
        )
    return Answer(
        "tokenizer.model is damaged, empty, or a pointer of git-lfs",
        (
            "ls -l FOLDER/tokenizer.model   : a Gemma's has 4 to 5 MB",
            "hf download NAME tokenizer.model --local-dir FOLDER   or git lfs pull",
            "or delete it, if tokenizer.json lies beside it: a fast tokenizer reads that alone",
        ),
        why="sentencepiece cannot read what is in the file",
        known="the message is sentencepiece's",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "state-dict-of-another-class",
        r"Error\(s\) in loading state_dict for (?P<name>\w{2,80}):",
        _state_dict,
        {
            "RuntimeError: Error(s) in loading state_dict for Gemma3ForConditionalGeneration:\n"
            '\tMissing key(s) in state_dict: "model.norm.weight".\n\tUnexpected key(s) in '
            'state_dict: "module.model.norm.weight".': "module.model.norm.weight",
            "RuntimeError: Error(s) in loading state_dict for M:\n\tsize mismatch for a.b": "",
        },
    ),
    General(
        "no-weights-for-vllm",
        r"Cannot find any model weights with|[Cc]an't find weights for|"
        r"No (?:safetensors|weight|checkpoint) files? found|not find any weights",
        always(
            "the folder has no file of weights under a name that is looked for",
            "ls FOLDER   : *.safetensors (with model.safetensors.index.json, if there are several)",
            "an adapter alone has adapter_model.safetensors: merge it, or hand it over as an "
            "adapter beside its base",
            known="the message",
        ),
        {"RuntimeError: Cannot find any model weights with `/x`": "adapter_model.safetensors"},
        alone=True,
    ),
    General(
        "file-that-cannot-be-opened",
        r"unable to open file <[^>\n]{1,300}(?:safetensors|bin)>|"
        r"No such file or directory: \S{1,300}(?:\.safetensors|\.bin|adapter_config\.json)",
        always(
            "a file of weights is not where it is looked for",
            "ls   of that folder; after a download that was stopped: hf download NAME again",
            "after training: the last checkpoint-N holds them, if nothing was saved at the end: "
            "trainer.save_model('FOLDER')",
            known="the message has the path",
        ),
        {
            "RuntimeError: unable to open file </x/adapter_model.safetensors> in read-only mode: "
            "No such file or directory (2)": "save_model",
        },
    ),
    General(
        "tokenizer-model-damaged",
        r"could not parse ModelProto from|sentencepiece_processor\.cc|"
        r"TypeError: not a string(?:$|[`'\",.](?! is\b))",
        _tokenizer_file,
        {
            "Tokenizer loading failed with 'TypeError: not a string' from sentencepiece": (
                "tokenizer.json"
            ),
            "TypeError: not a string": "ls FOLDER",
            "TypeError: not a string or a list": "",
            "RuntimeError: Internal: could not parse ModelProto from tokenizer.model": (
                "git lfs pull"
            ),
        },
    ),
    General(
        "no-class-fits-the-pipeline",
        r"Could not load model \S{1,160} with any of the following classes",
        always(
            "pipeline() tried its classes for this task, and each failed with its own error",
            "the tracebacks below that line: the first is the one that counts",
            "or load the class that config.json names, and hand it over: pipeline(task, "
            "model=model, tokenizer=tokenizer)",
            known="the message; the reasons follow it",
            settles=False,
        ),
        {
            "ValueError: Could not load model /x with any of the following classes: (<class "
            "'transformers.AutoModelForCausalLM'>,).": "first"
        },
    ),
    General(
        "wandb-asks-for-a-key",
        r"api_key not configured|wandb\.errors\.(?:errors\.)?[A-Z]\w{3,30}|"
        r"wandb: ERROR",
        _wandb,
        {
            "wandb.errors.errors.UsageError: api_key not configured (no-tty). call "
            "wandb.login(key=[your_api_key])": "report_to='none'",
            "wandb.errors.errors.Error: You must call wandb.init() before wandb.log()": ("reinit"),
        },
    ),
    General(
        "shapes-in-one-batch-differ",
        r"Tensors must have same number of dimensions|operands do not broadcast with remapped",
        always(
            "tensors of different form come together in one operation",
            "print({k: v.shape for k, v in batch.items()})   for the batch that fails",
            "or look at the last frame: which two tensors it joins",
            known="the message; where they come from, the frames show",
            settles=False,
        ),
        {"RuntimeError: Tensors must have same number of dimensions: got 2 and 3": "shape"},
    ),
    General(
        "mask-of-another-dtype",
        r"Expected attn_mask dtype to be bool or|attn_mask[^\n]{0,60}match query dtype|"
        r"attn_bias_ptr is not correctly aligned|must have the same dtype, but got (?:Half|Float|"
        r"BFloat16|Double|float|c10)",
        always(
            "two tensors of different precision meet in one operation",
            "dtype=torch.bfloat16 at loading and bf16=True in the arguments: one precision for all",
            "attn_implementation='eager'   if it is the attention mask",
            why="a part of the model (an adapter, a head, new embeddings) was made in float32 and "
            "runs without autocast",
            known="the message has both dtypes; which part is the other one, the frames show",
            settles=False,
        ),
        {
            "RuntimeError: Expected attn_mask dtype to be bool or float or to match query dtype": (
                "bfloat16"
            )
        },
    ),
)
