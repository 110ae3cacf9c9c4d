"""Ollama, and what llama.cpp says when it loads a GGUF."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_CONVERT = "llama.cpp/convert_hf_to_gguf.py FOLDER   and FROM ./FILE.gguf in the Modelfile"


def _modelfile(case: Case) -> Answer | None:
    """Answer a Modelfile that ends within a command; Ollama prints nothing else about it."""
    text = f"{case.hit.before}{case.hit.text}\n{case.hit.after}"
    if not re.search(r"Modelfile|ollama create", text):
        return None
    bare = re.search(r"^\s*PARAMETER[ \t]+(\S{1,60})[ \t]*$", text, re.MULTILINE)
    known = "the message is that of Ollama's reader of Modelfiles"
    why = (
        "Ollama reads PARAMETER, a name and a value; at the end of the file it still waits for one "
        "of them"
    )
    create = "ollama create NAME -f Modelfile"
    if bare:
        return Answer(
            f"the line PARAMETER {bare[1]} of the Modelfile has no value",
            (f"PARAMETER stop {bare[1]}", create),
            why=why,
            known=f"{known}; the line is in the log",
        )
    return Answer(
        "the Modelfile ends within a command: a value or closing quotes are missing",
        (
            'close every """ on its own line, and look at the last line: each command needs a '
            "value",
            create,
        ),
        why=why,
        known=known,
        certain=text.count('"""') % 2 == 1,
    )


def _unsupported(case: Case) -> Answer | None:
    name = next(
        filter(None, map(case.match.group, ("name", "other", "run", "based", "logged"))), None
    )
    if case.match["run"]:
        return Answer(
            f"Ollama imported the files, and its MLX runner cannot run {name}",
            (
                _CONVERT,
                "or update Ollama: its MLX runner takes more architectures with each release",
            ),
            why="--experimental imports safetensors without converting them; the MLX runner then "
            "needs its own class for the architecture",
            known="the message is that of Ollama's MLX runner; which release runs it, it does not "
            "say",
        )
    if case.match["said"] and not re.search(
        r"(?i)ollama|Modelfile", f"{case.hit.before}{case.hit.text}"
    ):
        return None
    return Answer(
        f"this Ollama cannot convert {name} from safetensors"
        if name
        else "this Ollama cannot convert this model from safetensors",
        (_CONVERT, "or update Ollama: it converts more architectures with each release"),
        known="Ollama says so; which release does, it does not say",
    )


_BEGINS = (
    (
        "vers",
        (
            "the file is a pointer of git-lfs in place of the GGUF",
            "git lfs pull   in that folder, or hf download NAME FILE.gguf",
        ),
    ),
    (
        "<",
        (
            "the file is a web page in place of the GGUF",
            "download it again: hf download NAME FILE.gguf   (hf auth login for a gated one)",
        ),
    ),
    (
        "PK",
        (
            "the file is an archive or a checkpoint of torch, and no GGUF",
            "llama.cpp/convert_hf_to_gguf.py FOLDER   of the folder in the form of transformers",
        ),
    ),
)


def _not_a_gguf(case: Case) -> Answer | None:
    text = f"{case.hit.before}{case.hit.text}\n{case.hit.after}"
    if "content type" in case.match[0] and not re.search(
        r"(?i)ollama|modelfile|gguf|\bFROM \S", text
    ):
        return None
    if "magic number" in case.match[0] and not re.search(r"(?i)gguf|llama|modelfile", text):
        return None
    first = re.search(r"invalid magic characters:? '(?P<it>[^'\n]{1,8})'", case.hit.text)
    known = next((what for mark, what in _BEGINS if first and first["it"].startswith(mark)), None)
    if known is not None:
        happened, do = known
        return Answer(happened, (do,), known="the message has the file's first characters")
    if re.search(r"FROM \S{0,200}\.safetensors", text):
        return Answer(
            "FROM names a single file of safetensors, and Ollama wants a GGUF or a whole folder",
            (
                "FROM ./FOLDER   with config.json, the tokenizer's files and model*.safetensors",
                "or llama.cpp/convert_hf_to_gguf.py FOLDER   and FROM ./FILE.gguf",
            ),
            why="without config.json beside them the tensors do not say which model they are",
            known="the line FROM is in the log",
        )
    return Answer(
        "the file is not a GGUF, or it is damaged or only partly written",
        (
            "head -c 4 FILE.gguf   prints GGUF for a whole one",
            "convert again, with room on the disk; or git lfs pull, if it was cloned",
            "a folder of safetensors: llama.cpp/convert_hf_to_gguf.py FOLDER   and FROM "
            "./FILE.gguf",
        ),
        why="safetensors, a pointer of git-lfs and a conversion that was stopped have other first "
        "bytes",
        known="the message; which of these it is, the log does not say",
        settles=False,
    )


_OF_ANOTHER_CONVERTER = Answer(
    "the GGUF was written by a converter that does not fit the llama.cpp that loads it",
    (
        "update the program that loads it (llama.cpp, Ollama, LM Studio)",
        "or convert again with the convert_hf_to_gguf.py of that release",
        "or a GGUF from the hub, if this one comes out of Ollama's own store (blobs)",
    ),
    why="converter and loader have to agree on settings and tensors of an architecture; Ollama "
    "writes its own files of some models, which llama.cpp does not read",
    known="llama.cpp says what it misses; which of the two is older, it does not say",
    settles=False,
)

KINDS: tuple[General, ...] = (
    General(
        "modelfile-ends-early",
        r"^Error: (?:unexpected EOF|\(line \d+\): )|Error: unexpected EOF",
        _modelfile,
        {
            "FROM a.gguf\nPARAMETER stop <end_of_turn>\nPARAMETER <eos>\nollama create g -f "
            "Modelfile\nError: unexpected EOF": "PARAMETER stop <eos>",
            "ollama create g -f Modelfile\nError: unexpected EOF": "quotes",
            "Error: unexpected EOF": "",
        },
        alone=True,
    ),
    General(
        "modelfile-line-unknown",
        r"command must be one of \\?\"from|Error: no FROM line|specified Modelfile wasn't found|"
        r"message role must be one of \\?[\"']system",
        lambda case: Answer(
            "Ollama finds no Modelfile, or a line in it that is not a command",
            (
                "FROM ./FILE.gguf   as its first line, then TEMPLATE, PARAMETER, SYSTEM",
                "ollama create NAME -f PATH/TO/Modelfile",
            ),
            why='a template over several lines stands between """ and """; without them each of '
            "its lines is read as a command",
            known="the message is that of Ollama's reader of Modelfiles",
        ),
        {
            'Error: (line 3): command must be one of "from", "license", "template", "system", '
            '"adapter", "parameter", or "message"': "FROM",
            "Error code: 400 - message role must be one of system, user, assistant": "",
        },
        alone=True,
    ),
    General(
        "ollama-converts-no-such-class",
        r"Models based on '(?P<based>\w{2,80})' are not yet supported|"
        r"mlx runner failed: (?:Error: )?unsupported architecture: (?P<run>\w{2,80})|"
        r"(?P<said>[\"'`]unsupported architecture[\"'`])|"
        r"error=\\?\"unsupported architecture(?: \\*\"(?P<logged>\w{2,80}))?|"
        r"Error: (?:unsupported|unknown) architecture(?! \\?\"?(?:aarch|arm|amd|x86|"
        r"riscv))(?: \\?\"(?P<name>\w{2,80})\\?\")?|"
        r"[Aa]rchitecture \\?['\"](?P<other>\w{2,80})\\?['\"] is not (?:yet )?supported by (?:this "
        r"version of )?[Oo]llama",
        _unsupported,
        {
            'Error: unsupported architecture "Gemma3nForConditionalGeneration"': (
                "convert_hf_to_gguf"
            ),
            'level=ERROR source=create.go:162 msg="error converting from safetensors" '
            'error="unsupported architecture \\"Qwen3ForCausalLM\\""': "Qwen3ForCausalLM",
            "Error: 500 Internal Server Error: mlx runner failed: Error: unsupported architecture: "
            "Gemma4ForConditionalGeneration (exit: exit status 1)": "MLX runner",
            'I upgraded ollama to 0.3.6\nWhich pops off error "unsupported architecture":': (
                "convert_hf_to_gguf"
            ),
            'Which pops off error "unsupported architecture":': "",
            "Error: unsupported architecture aarch64": "",
        },
        alone=True,
    ),
    General(
        "not-a-gguf",
        r"invalid file magic|GGUF magic invalid|not a valid gguf|"
        r"invalid magic (?:characters|number)|gguf_init_from_file[^\n]{0,40}: "
        r"(?:invalid magic|failed to read)|supplied file was not in GGUF format|"
        r"unsupported content type: ",
        _not_a_gguf,
        {
            "Error: invalid file magic": "GGUF",
            "gguf_init_from_file_impl: invalid magic characters: 'vers', expected 'GGUF'": (
                "git lfs pull"
            ),
            "gguf_init_from_file_impl: invalid magic characters: '<!DO', expected 'GGUF'": (
                "web page"
            ),
            "requests: unsupported content type: text/html": "",
            "ValueError: invalid magic number 529205256 in MNIST image file": "",
            "FROM ./model.safetensors\nError: invalid file magic": "FROM ./FOLDER",
        },
        alone=True,
    ),
    General(
        "gguf-incomplete",
        r"data is not within the file bounds|model is corrupted or incomplete",
        always(
            "the GGUF is incomplete: its end is missing",
            "ls -l FILE.gguf   beside the size on the page, or of the export; df -h . for room",
            "copy, download or convert it again",
            why="an export or a copy that ended early (a full disk, a broken connection) leaves a "
            "file whose header is whole",
            known="llama.cpp says so",
        ),
        {
            "Error: llama runner process has terminated: error loading model: tensor "
            "'token_embd.weight' data is not within the file bounds, model is corrupted or "
            "incomplete": "df -h"
        },
        alone=True,
    ),
    General(
        "no-safetensors-for-ollama",
        r"no Modelfile or safetensors files found|(?:^|Error: )open adapter_config\.json: ",
        always(
            "Ollama finds no Modelfile here, no safetensors, or not both files of the adapter, in "
            "the folder that it looks into",
            "ollama create NAME -f PATH/Modelfile   where the Modelfile lies elsewhere",
            "ADAPTER ./FOLDER   with adapter_model.safetensors and adapter_config.json in it, and "
            "the Modelfile beside that folder",
            "or a GGUF adapter: llama.cpp/convert_lora_to_gguf.py FOLDER   and ADAPTER ./FILE.gguf",
            "or merge, convert_hf_to_gguf.py FOLDER, and FROM ./FILE.gguf",
            why="Ollama takes a folder, not one of its files, and looks for it beside the "
            "Modelfile",
            known="the message is Ollama's; which file is missing, it does not always say",
            settles=False,
        ),
        {
            "ADAPTER C:\\x\\final_model\nError: no Modelfile or safetensors files found": "ADAPTER",
            "Error: failed to open adapter_config.json: permission denied": "",
        },
        alone=True,
    ),
    General(
        "gguf-without-a-setting",
        r"key not found in model: (?P<name>[\w.]{3,100})|"
        r"wrong number of tensors; expected \d+, got \d+|invalid n_rot: \d+, expected \d+",
        lambda case: None if case.is_of_the_script else _OF_ANOTHER_CONVERTER,
        {
            "llama_model_load: error loading model: error loading model hyperparameters: key not "
            "found in model: gemma3.attention.layer_norm_rms_epsilon": "convert again",
            "error loading model: wrong number of tensors; expected 444, got 443": "convert again",
            'Traceback (most recent call last):\n  File "a.py", line 3, in f\n    raise ValueError('
            "text)\nValueError: wrong number of tensors; expected 3, got 2": "",
        },
        alone=True,
    ),
)
