"""What from_pretrained is given: bits, types, devices and files that do not go together."""

from __future__ import annotations

from ...answer import Answer
from ..base import Case, General, always

_NO_SUCH_MAP = always(
    "device_map is none of the values that transformers knows",
    'device_map="auto"   or {"": 0} for the whole model on the first GPU',
    why='a whole model on one device is "cuda:0", "cpu" or {"": 0}',
)
_WITHOUT_A_PART = Answer(
    "the device_map that was given leaves out a part of the model",
    (
        'device_map="auto"   or {"": 0}: the empty name stands for all',
        "print(model.hf_device_map)   of a loading that works, as the pattern for one of your own",
    ),
    why="names of parts moved between releases of transformers, and tied or new parts have other "
    "names",
    known="the message names the part; read in accelerate 1.5.2, utils/modeling.py",
)
_NO_SUCH_DTYPE = always(
    "the dtype is none that torch has by that name",
    'dtype="bfloat16"   or torch.bfloat16; "float16", "float32", "auto"',
    why="bf16 and fp16 are names of the Trainer's options",
)
_NO_FLOATS = Answer(
    "the model was to be made in whole numbers, which a dtype cannot ask for",
    (
        'dtype="bfloat16"   in from_pretrained',
        "BitsAndBytesConfig(load_in_8bit=True)   (or load_in_4bit) as quantization_config, for "
        "weights of 8 or 4 bits",
    ),
    why="dtype is what the model computes in; weights in fewer bits are a quantization",
    known="the message names the dtype",
)
_WITHOUT_METADATA = Answer(
    "the safetensors file does not say of which framework it is, which transformers wants to know",
    (
        "model.save_pretrained(FOLDER)   writes it",
        "save_file(state, FILE, metadata={'format': 'pt'})   in code of your own",
        "from safetensors.torch import load_file, save_file; save_file(load_file(FILE), NEW, "
        "metadata={'format': 'pt'})   for a file that is there",
    ),
    known="the message; read in transformers 4.50.3, modeling_utils.py",
)
_NOT_READ = Answer(
    "torch could not read that file of weights; its own error stands above this one, if the log "
    "has it",
    (
        "ls -l FILE   beside the size on the model's page; delete it and download it again: hf "
        "download MODEL",
        "after a run: an earlier checkpoint-N, and df -h . for room",
        "the checkpoint in safetensors, where the repository has one",
    ),
    why="a download, a copy or a save that broke off; transformers says the same of every error of "
    "torch.load, too little memory among them",
    known="the message; read in transformers 4.50.3, modeling_utils.py",
    settles=False,
)
_OF_ANOTHER_FRAMEWORK = Answer(
    "the folder holds weights of TensorFlow or Flax, and torch's are looked for",
    (
        "the checkpoint in safetensors: the repository without -tf, -flax, -keras or -jax in its "
        "name",
        "from_tf=True or from_flax=True   up to transformers 4, with that package installed",
    ),
    known="the message",
)


def _another_format(case: Case) -> Answer:
    if "etadata" in case.match[0]:
        return _WITHOUT_METADATA
    return _NOT_READ if "Unable to load" in case.match[0] else _OF_ANOTHER_FRAMEWORK


KINDS: tuple[General, ...] = (
    General(
        "four-and-eight-bits",
        r"load_in_4bit and load_in_8(?:bit)? (?:are both True|can't be both True)|"
        r"can't use 8 bit and 4 bit precision at the same time",
        always(
            "4 bits and 8 bits are asked for at once",
            "BitsAndBytesConfig(load_in_4bit=True)   and load_in_8bit left out",
        ),
        {
            "ValueError: load_in_4bit and load_in_8bit are both True, but only one can be used at "
            "the same time": "left out"
        },
    ),
    General(
        "bits-of-another-kind",
        r"(?:load_in_[48]bit|bnb_4bit_use_double_quant|llm_int8_\w{3,30}) must be a (?:boolean|"
        r"float|list)|bnb_4bit_(?:compute_dtype|quant_type|quant_storage)`? must be ",
        always(
            "BitsAndBytesConfig was given a value of another kind: a text where it wants True, or "
            "the like",
            'BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", '
            "bnb_4bit_compute_dtype=torch.bfloat16)",
            why="a config file or a command line hands over texts: 'true' is not True",
        ),
        {"TypeError: load_in_4bit must be a boolean": "nf4"},
    ),
    General(
        "four-bit-file-without-its-figures",
        r"does not contain `bitsandbytes__\*`|Missing quantization component `SCB`|"
        r"Parameter `[^`\n]{1,160}` should only be a `bnb\.nn\.Int8Params`",
        always(
            "the files are said to be quantized, and hold weights without the figures that go "
            "with that",
            "load the 16-bit base without quantization_config, then the adapter on top",
            "or delete quantization_config from config.json, where the weights are 16 bits",
            "or save again with one pair of releases of transformers and bitsandbytes",
            why="each 4-bit weight needs absmax, quant_map and quant_state beside it. A merge that "
            "wrote 16-bit weights under a 4-bit config, and a save by an older release, lack them",
            known="the message; which of these it is, it does not say",
            settles=False,
        ),
        {
            "ValueError: Supplied state dict for model.layers.0.mlp.down_proj.weight does not "
            "contain `bitsandbytes__*` and possibly other `quantized_stats` components.": (
                "quant_state"
            )
        },
    ),
    General(
        "no-gpu-for-quantization",
        r"No GPU found\. A GPU is needed for quantization|"
        r"GPU is required to (?:quantize|run (?:\w+ )?quantiz)|AWQ is only available on GPU",
        always(
            "this way of quantizing needs a GPU, and the process sees none",
            'python -c "import torch; print(torch.__version__, torch.cuda.is_available())"',
            "without a GPU: leave out quantization_config",
            why="False there means a torch built for the CPU, no driver, or a session without a "
            "GPU; newer bitsandbytes works on a CPU too",
        ),
        {"RuntimeError: No GPU found. A GPU is needed for quantization.": "is_available"},
    ),
    General(
        "map-of-devices-misspelt",
        r"passing (?:a string for `device_map`|device_map as a string)[^\n]{0,80}(?:please choose|"
        r"the value needs)|You can't pass device_map as a negative int|"
        r"The `device_map` does not contain the module",
        lambda case: (
            _WITHOUT_A_PART
            if "does not contain the module" in case.match[0]
            else _NO_SUCH_MAP(case)
        ),
        {
            "ValueError: The `device_map` does not contain the module model.norm.": "leaves out",
            "ValueError: If passing a string for `device_map`, please choose 'auto', 'balanced', "
            "'balanced_low_0' or 'sequential'.": 'device_map="auto"',
        },
    ),
    General(
        "dtype-misspelt",
        r"`torch_dtype` can be (?:one of|either)|Invalid `(?:torch_)?dtype` passed to|"
        r"Can't instantiate \w{2,60} model under dtype=|"
        r"module 'torch' has no attribute '(?:bf16|fp16|fp32|bfloat|half16)'",
        lambda case: _NO_FLOATS if "instantiate" in case.match[0] else _NO_SUCH_DTYPE(case),
        {
            'ValueError: `torch_dtype` can be one of: `torch.dtype`, `"auto"` or a string of a '
            "valid `torch.dtype`, but received bf16": 'dtype="bfloat16"',
            "ValueError: Can't instantiate Gemma3ForCausalLM model under dtype=torch.int8 since "
            "it is "
            "not a floating point dtype": "load_in_8bit",
        },
    ),
    General(
        "no-checkpointing-in-this-class",
        r"(?P<name>\w{3,60}) (?:does not support gradient checkpointing|is not compatible with "
        r"gradient checkpointing)",
        lambda case: Answer(
            f"{case.match['name']} does not recompute activations in the installed transformers",
            (
                "gradient_checkpointing=False, with a smaller batch or shorter rows",
                "pip install -U transformers   where a newer one can",
            ),
            known="the class says so",
        ),
        {
            "ValueError: RecurrentGemmaForCausalLM does not support gradient checkpointing.": (
                "RecurrentGemmaForCausalLM"
            )
        },
    ),
    General(
        "config-for-a-model",
        r"Parameter config in `(?P<name>\w{3,60})\(config\)` should be an instance of",
        lambda case: Answer(
            f"{case.match['name']}(...) makes an empty model from a config, and was given "
            "something else: a name or a path, most often",
            (f"{case.match['name']}.from_pretrained(MODEL)",),
            known="the message",
        ),
        {
            "ValueError: Parameter config in `PaliGemmaForConditionalGeneration(config)` should be "
            "an instance of class `PretrainedConfig`.": "from_pretrained(MODEL)"
        },
    ),
    General(
        "made-only-by-from-pretrained",
        r"(?P<name>Auto\w{3,40}) is designed to be instantiated using",
        lambda case: Answer(
            f"{case.match['name']}(...) was called like a class, and it only chooses one",
            (f"{case.match['name']}.from_pretrained(MODEL)",),
            known="the message",
        ),
        {
            "OSError: AutoTokenizer is designed to be instantiated using the "
            "`AutoTokenizer.from_pretrained(pretrained_model_name_or_path)` method.": (
                "AutoTokenizer.from_pretrained"
            )
        },
    ),
    General(
        "weights-in-another-format",
        r"(?:there is a file for (?:TensorFlow|Flax) weights|found a TensorFlow checkpoint at)|"
        r"Unable to load weights from pytorch checkpoint file|"
        r"Incompatible safetensors file\. File metadata is not|does not contain the valid metadata",
        _another_format,
        {
            "OSError: Unable to load weights from pytorch checkpoint file for '/m/pytorch_model"
            ".bin' at '/m/pytorch_model.bin'.": "ls -l",
            "OSError: Error no file named pytorch_model.bin found in directory x but there is a "
            "file for TensorFlow weights.": "-tf",
            "ValueError: Incompatible safetensors file. File metadata is not ['pt', 'tf', 'flax', "
            "'mlx'] but None": "metadata=",
        },
    ),
    General(
        "number-of-labels-contradicts",
        r"You passed (?:along )?`num_labels=\d+`? with an incompatible id to label map|"
        r"Argument (?:label2id|id2label) should be a dictionary",
        always(
            "num_labels and the map of labels say different numbers",
            "id2label={0: 'a', 1: 'b'}, label2id={'a': 0, 'b': 1}   and num_labels left out",
            why="the map decides the number of outputs",
        ),
        {
            "ValueError: You passed along `num_labels=3` with an incompatible id to label map: "
            "{'0': 'LABEL_0', '1': 'LABEL_1'}.": "left out"
        },
    ),
    General(
        "packages-of-the-model's-own-code",
        r"modeling file requires the following packages that were not found in your environment: "
        r"(?P<names>[\w, .-]{2,120}?)\.?(?: Run|$)|Missing requirements in your local environment",
        lambda case: Answer(
            "the repository brings its own code, which needs packages that are not installed"
            + (f": {case.match['names']}" if case.match["names"] else ""),
            (
                f"pip install {case.match['names'].replace(',', '')}"
                if case.match["names"]
                else "pip install what the message lists",
            ),
            known="the message lists them",
        ),
        {
            "ImportError: This modeling file requires the following packages that were not found "
            "in your environment: flash_attn, einops. Run `pip install flash_attn einops`": (
                "pip install flash_attn einops"
            )
        },
    ),
    General(
        "old-auto-class-of-images",
        r"Unrecognized configuration class <class '[\w.]*?(?P<config>\w+)'> for this kind of "
        r"AutoModel: AutoModelForVision2Seq",
        lambda case: Answer(
            "AutoModelForVision2Seq is the old auto class for models with images, and has no entry "
            f"for {case.match['config']}",
            (
                "AutoModelForImageTextToText.from_pretrained(...)   in its place (transformers "
                ">=4.46)",
                "a text-only checkpoint: AutoModelForCausalLM",
            ),
            why="newer models went into AutoModelForImageTextToText alone (of Gemma's, only "
            "PaliGemma is in both), and transformers 5 has the old one no more",
            known="the message; both lists were read in transformers 4.57.6 and 5.23.0",
            settles=False,
        ),
        {
            "# AILab_QwenVL\n\nUnrecognized configuration class <class 'a.gemma3.Gemma3Config'> "
            "for this kind of AutoModel: AutoModelForVision2Seq.": "AutoModelForImageTextToText"
        },
        alone=True,
    ),
)
