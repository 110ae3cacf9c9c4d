"""What caches, images, adapters and accelerators say when they are used in another way."""

from __future__ import annotations

from ...answer import Answer
from ..base import Case, General, always
from .kernels import past_the_end


def _joined(case: Case) -> Answer:
    kinds = {"list": "a list", "str": "a text", "dict": "a row or message", "int": "a number"}
    left = kinds.get(case.match["left"], case.match["left"])
    right = kinds.get(case.match["right"], case.match["right"])
    if "NoneType" in (case.match["left"], case.match["right"]):
        other = left if case.match["right"] == "NoneType" else right
        return Answer(
            f"{other} and None are joined by +: a value is missing",
            (
                *(
                    ("print(tokenizer.special_tokens_map)   : a tokenizer may lack that token",)
                    if "token" in case.code
                    else ()
                ),
                "dataset = dataset.filter(lambda row: row['output'] is not None)   with the "
                "columns that are joined",
            ),
            why="an empty cell of a table is None, and so is a token that the tokenizer lacks",
            known="the message names both kinds",
            settles=False,
        )
    is_number = {"int", "float"} & {case.match["left"], case.match["right"]}
    return Answer(
        f"{left} and {right} are joined by +",
        ("str(x)   around the number, where a text is meant",)
        if is_number
        else (
            "print(row)   in the function that joins them: the column holds another kind than "
            "its code expects",
            "messages hold lists ({'role', 'content'}), and content of a multimodal row is a list "
            "of parts: take the text out of it, or use apply_chat_template",
        ),
        why=""
        if is_number
        else "of one column some rows can be text and others lists, or a batch (batched=True) "
        "arrives where one row is expected",
        known="the message names both kinds",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "image-that-is-none",
        r"cannot identify image file",
        always(
            "a file or a column that should hold an image holds something else, or a part of one",
            "a loop over the rows with PIL.Image.open(...).verify()   names the row",
            "dataset.cast_column('image', datasets.Image())   where the column holds bytes or "
            "paths",
            why="an error page in place of a download, a file of 0 bytes, a Git LFS pointer, a "
            "format that Pillow does not read (HEIC, SVG), or bytes that were read once already "
            "(file.seek(0))",
            known="Pillow says so; which row it is, it does not say",
            settles=False,
        ),
        {
            "PIL.UnidentifiedImageError: cannot identify image file <_io.BytesIO object at 0x7f>": (
                "verify()"
            )
        },
    ),
    General(
        "array-that-is-no-image",
        r"Cannot handle this data type: \([\d, ]{1,20}\), [<>|](?P<type>\w{1,3})",
        lambda case: Answer(
            "an array of another type or shape is to become an image",
            (
                *(
                    ()
                    if case.match["type"] == "u1"
                    else (
                        "Image.fromarray((array * 255).clip(0, 255).astype('uint8'))   for values "
                        "from 0 to 1",
                    )
                    if case.match["type"].startswith("f")
                    else ("Image.fromarray(array.astype('uint8'))   for values from 0 to 255",)
                ),
                "array.transpose(1, 2, 0)   where the channels stand first; array.squeeze() for "
                "(1, 1, N)",
            ),
            why="Pillow takes height x width x 3 of 8 bits each",
            known="the message has shape and type",
        ),
        {
            "TypeError: Cannot handle this data type: (1, 1, 3), <f4": "array * 255",
            "TypeError: Cannot handle this data type: (1, 1, 3), <i8": "from 0 to 255",
            "TypeError: Cannot handle this data type: (1, 1, 224), |u1": "image. array.transpose",
        },
    ),
    General(
        "list-and-text-joined",
        r"can only concatenate (?P<left>str|list|tuple) \(not \"(?P<right>\w{1,20})\"\) to |"
        r"must be str, not (?P<other>list|dict|NoneType|int|float)\b",
        lambda case: _joined(case) if case.match["left"] else None,
        {
            'TypeError: can only concatenate list (not "str") to list': "a list and a text",
            'TypeError: can only concatenate str (not "NoneType") to str': "None",
            'TypeError: can only concatenate str (not "int") to str': "str(x)",
            'TypeError: can only concatenate str (not "list") to str': "a text and a list",
        },
    ),
    General(
        "function-that-returns-one-text",
        r"`?formatting_func`? should return a list of processed strings",
        always(
            "this TRL calls formatting_func with a batch and expects a list of texts, and got "
            "something else",
            "def formatting_func(batch): return [f'{q}\\n{a}' for q, a in zip(batch['question'], "
            "batch['answer'])]",
            "or a column of texts, made before: dataset.map(...), dataset_text_field='text'",
            why="newer TRL calls it with one row, and takes one text",
            known="the message is TRL's, of releases before 0.16",
            settles=False,
        ),
        {
            "ValueError: The `formatting_func` should return a list of processed strings since it "
            "can lead to silent bugs.": "return ["
        },
    ),
    General(
        "base-weights-missing-in-an-adapter",
        r"_IncompatibleKeys\(missing_keys=\['base_model\.model\.",
        always(
            "loading an adapter lists the weights of the base as missing, which is ordinary: its "
            "file holds its own alone",
            "[k for k in result.missing_keys if 'lora_' in k]   has to be empty, and "
            "result.unexpected_keys too",
            "model.resize_token_embeddings(N)   on the base first, where the adapter was trained "
            "with added tokens",
            why="load_adapter fills the adapter's weights with strict=False and returns what the "
            "file did not have",
            known="the names in the message are those of the base; whether an adapter's are among "
            "them too, what is shown need not say",
            certain=False,
            settles=False,
        ),
        {
            "_IncompatibleKeys(missing_keys=['base_model.model.model.embed_tokens.weight', "
            "'base_model.model.model.layers.0.self_attn.q_proj.base_layer.weight'": "ordinary",
        },
        alone=True,
    ),
    General(
        "added-tokens-do-not-fit",
        r"(?i:size mismatch|mismatched sizes?|ignore_mismatch\w{0,8})[^\n]{0,160}"
        r"(?i:(?:add|added|new|special|extra) (?:some )?(?:special )?tokens?|embedding)|"
        r"(?i:(?:added|adding|add|new|special) (?:some |new )?(?:special )?tokens)[^\n]{0,160}"
        r"(?i:size mismatch|ignore_mismatch)",
        lambda case: (
            None
            if "size mismatch for" in case.hit.text and "torch.Size" in case.hit.text
            else Answer(
                "an adapter or checkpoint that was trained with added tokens is said not to fit "
                "its base",
                (
                    "tokenizer = AutoTokenizer.from_pretrained(ADAPTER_FOLDER); "
                    "base.resize_token_embeddings(len(tokenizer))   before PeftModel"
                    ".from_pretrained(base, ADAPTER_FOLDER)",
                    "or AutoPeftModelForCausalLM.from_pretrained(ADAPTER_FOLDER), which does that "
                    "where the tokenizer lies beside the adapter",
                ),
                why="the base as published has the rows of the vocabulary it came with; "
                "ignoring the mismatch would leave the trained rows out",
                known="a sentence says so; the sizes are not in it",
                certain=False,
                settles=False,
            )
        ),
        {
            "# Size mismatch error when loading model with added tokens using save_pretrained": (
                "resize_token_embeddings"
            ),
            "When I try to add some special tokens into an LM and use an adapter, I find though I "
            "can set ignore_mismatch_sizes = True": "resize_token_embeddings",
            "it cannot be loaded: size mismatch for embeddings": "resize_token_embeddings",
        },
        alone=True,
    ),
    General(
        "bfloat16-on-an-older-mac",
        r"convert BFloat16 to the MPS backend|BFloat16 is not supported on MPS|"
        r"_mps\" not implemented for 'BFloat16'",
        always(
            "bfloat16 is asked for on an Apple GPU, and this torch or macOS does not compute it "
            "there",
            "dtype=torch.float32, bf16=False   computes everywhere, with twice the memory",
            "pip install -U torch   on macOS 14 or newer, which has bfloat16 on MPS",
            "PYTORCH_ENABLE_MPS_FALLBACK=1   before the command, where one operation lacks it",
            why="torch took bfloat16 up for MPS later than for CUDA; float16 overflows in Gemma 3",
            known="the message; from which release on it works on this machine, it does not say",
            settles=False,
        ),
        {
            "# Trying to convert BFloat16 to the MPS backend but it does not have support for that "
            "dtype": "float32",
            "TypeError: BFloat16 is not supported on MPS": "macOS 14",
            "RuntimeError: \"arange_mps\" not implemented for 'BFloat16'": "MPS_FALLBACK",
        },
        alone=True,
    ),
    General(
        "tpu-library-of-another-time",
        r"\bTpu\w{1,20}_\w{3,60} not available in this library|"
        r"libtpu\.so[^\n]{0,80}undefined symbol|"
        r"PJRT (?:plugin|C) API version[^\n]{0,80}(?:mismatch|does not match|incompatible)",
        always(
            "the TPU's library (libtpu) is of another release than torch_xla, JAX or TensorFlow "
            "beside it",
            "pip install -U 'torch_xla[tpu]' -f https://storage.googleapis.com/libtpu-releases/"
            "index.html   (or 'jax[tpu]'): one of them, with its own libtpu",
            "pip uninstall tensorflow   where it is not needed: it loads its own",
            "restart the kernel",
            known="the message names a function that the library lacks",
            certain=False,
            settles=False,
        ),
        {
            "F external/local_xla/xla/stream_executor/tpu/tpu_library_init_fns.inc:85] "
            "TpuUtil_GetXlaPadSizeFromTpuTopology not available in this library.": "libtpu",
            "ImportError: TpuCallback not available in this library": "",
        },
        alone=True,
    ),
    General(
        "rows-of-unequal-shape-in-a-worker",
        r"Trying to resize storage that is not resizable",
        always(
            "the rows of a batch have tensors of different shapes, or views of larger ones, and "
            "the loader cannot stack them",
            "dataloader_num_workers=0   : then torch says which shapes",
            "a collator that pads: DataCollatorForSeq2Seq(tokenizer, padding=True); images of one "
            "size",
            why="a worker stacks a batch into shared memory of the size of its first row",
            known="the message is that of stacking within a worker; the shapes are not in it",
            certain=False,
            settles=False,
        ),
        {"RuntimeError: Trying to resize storage that is not resizable": "dataloader_num_workers"},
    ),
    General(
        "written-past-the-end-on-the-gpu",
        r"Assertion `idx >= 0 && idx < self_dim_size|index_copy_\(\): index out of bounds|"
        r"Assertion `(?:-sizes\[i\] <= index && index < sizes\[i\]|"
        r"ind >= ?0 && ind < ind_dim_size)",
        lambda case: past_the_end(case.hit.text),
        {
            "IndexKernel.cu:175: operator(): block: [0,0,0], thread: [57,0,0] Assertion `idx >= 0 "
            '&& idx < self_dim_size && "index_copy_(): index out of bounds"` failed.': (
                "CUDA_LAUNCH_BLOCKING"
            )
        },
        alone=True,
    ),
    General(
        "adapter-weights-made-anew",
        r"newly initialized: \[[^\n]{0,400}lora_[AB]\b|"
        r"lora_[AB]\b[^|\n]{0,80}\|[^|\n]{0,12}MISSING",
        always(
            "weights of an adapter were looked for in the checkpoint and not found: they are "
            "random or zero now",
            "model = AutoModelForCausalLM.from_pretrained(BASE)   (its class), then "
            "PeftModel.from_pretrained(model, ADAPTER_FOLDER)",
            "merge_and_unload() before save_pretrained   where one whole model is wanted",
            why="the model was made with adapter layers in it, and the files hold the base's names "
            "or an adapter's under another prefix; where that adapter was trained before, it is "
            "not in use",
            known="transformers lists the names",
            settles=False,
        ),
        {
            "Some weights of TinyLlavaForConditionalGeneration were not initialized from the model "
            "checkpoint and are newly initialized: ['language_model.model.layers.22.mlp.fc2."
            "lora_B.default', 'x']": "PeftModel.from_pretrained",
            "model.layers.0.self_attn.q_proj.lora_A.default.weight | MISSING |": (
                "PeftModel.from_pretrained"
            ),
            "newly initialized: ['score.weight']": "",
        },
        alone=True,
    ),
)
