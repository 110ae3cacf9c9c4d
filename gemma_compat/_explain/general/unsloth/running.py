"""What raises while Unsloth trains, generates or restarts, without a sentence of Unsloth."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .saving import UPGRADE


def _a_mark(case: Case) -> Answer:
    name = case.match["name"]
    return Answer(
        f"Unsloth looks for {name}, one of its marks, on a model that does not carry it",
        (
            "FastLanguageModel.for_training(model)   on the very model that for_inference was "
            "called on, before it is wrapped again",
            UPGRADE,
        ),
        why="for_inference sets the mark and for_training deletes it. A wrapper of PEFT shows the "
        "attributes of the model in it, so the mark is seen on the wrapper and cannot be deleted "
        "there; files of two releases of Unsloth give the same",
        known="the name is Unsloth's; read in unsloth 2025.2.9 and 2025.8.10, models/llama.py",
        certain=False,
        settles=False,
    )


def _single_quantized(case: Case) -> Answer | None:
    if not re.search("nsloth", case.hit.before[-6000:] + case.around + case.hit.after):
        return None
    return Answer(
        "Unsloth unpacks 4-bit weights whose scales are not quantized a second time, which this "
        "release of it cannot",
        (
            "BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type='nf4', "
            "bnb_4bit_use_double_quant=True, ...)   when the weights are quantized",
            "or a checkpoint of Unsloth's own: unsloth/...-bnb-4bit",
            UPGRADE,
        ),
        why="fast_dequantize reads the second set of scales (quant_state.state2), which is None "
        "for weights that were quantized once",
        known="read in unsloth 2024.8 and 2025.8.10, kernels/utils.py; 2026.10.9 asks first",
        certain=False,
    )


def _into_another_length(case: Case) -> Answer:
    """Answer by the frames: positions and images of a row that was cut, or any assignment."""
    sizes = re.search(
        r"value tensor of shape \[([\d, ]+)\][^\n]{0,40}indexing result of shape \[([\d, ]+)\]",
        case.hit.text,
    )
    told = f": [{sizes[1]}] into [{sizes[2]}]" if sizes else ""
    shapes = "print the shapes on both sides of the assignment in the last frame"
    happened = f"values are written into places of another number or length{told}"
    if not case.says("image|rope|position|pixel|video") and case.frames:
        return Answer(
            happened,
            (shapes, "one row first: per_device_train_batch_size=1"),
            known="the message has both shapes; which of them is wrong, the frames say",
            settles=False,
        )
    return Answer(
        happened,
        (
            "without a cut: max_prompt_length=None (GRPO, DPO), and a max_length that the longest "
            "row with its images fits",
            "one row first: per_device_train_batch_size=1",
            shapes,
        ),
        why="in a multimodal run these are most often positions, images or masks that were made "
        "for the whole row, and a row that was cut or padded after",
        known="the message has both shapes; which of them was changed, the frames say",
        settles=False,
    )


_LEFT_OUT = Answer(
    "Unsloth put its fast LoRA kernels into no layer",
    (
        "pip install -U unsloth unsloth_zoo peft   where the target modules are the usual ones",
        "lora_dropout=0 and bias='none' in get_peft_model: with others those kernels are left out",
        "FastLanguageModel.for_inference(model)   where a trained adapter is loaded only to "
        "generate",
    ),
    why="those layers run through PEFT then, slower. The kernels are for layers with LoRA on q, k, "
    "v, o and the MLP; a PEFT that came after this Unsloth (0.12 in July 2024) hid those layers "
    "from it",
    known="the line counts the layers; why they were left out, it does not say",
    settles=False,
)


def _with_a_reason(case: Case) -> Answer | None:
    """Answer a newer release, whose line goes on with the reason."""
    found = re.search(
        r"kernels were skipped because (?P<why>[^\n]{3,200}?), which is", case.hit.text
    )
    if found is None:
        return None
    return Answer(
        f"Unsloth put its fast LoRA kernels into no layer, because {found['why']}",
        (
            "nothing, if that is meant: training is the same, and slower",
            "lora_dropout=0, bias='none' in get_peft_model, weights in bfloat16   has them again",
        ),
        known="Unsloth says so",
    )


_NO_MEMORY = re.compile("out of memory")
_MASK = Answer(
    "Unsloth's own attention of Gemma 2 is given a mask that it cannot cut",
    (
        "pip install 'flash-attn>=2.6.3' --no-build-isolation   (Ampere and newer): Unsloth takes "
        "that in place of it",
        UPGRADE,
        "rows and evaluation prompts no longer than 4,096 tokens, Gemma 2's window",
    ),
    why="without flash-attn, softcapping runs through slow_attention_softcapping, which adds "
    "causal_mask[:q_len, :q_len]: for rows beyond the window, and in evaluation, what stands there "
    "has another shape",
    known="read in unsloth 2024.8 to 2025.8.10, kernels/flex_attention.py; the error's own line, "
    "which says what the mask was, is needed to be certain",
    certain=False,
    settles=False,
    of_gemma=True,
)

_NO_LINEAR = Answer(
    "code for linear layers (LoRA's, a merge's, a quantizer's) meets an embedding",
    (
        'modules_to_save=["embed_tokens", "lm_head"] in place of the same names in target_modules',
        'target_modules="all-linear", or the names of the projections alone',
        "pip install -U unsloth unsloth_zoo peft",
    ),
    why="Gemma's lm_head and embed_tokens are one tied matrix; an embedding has "
    "num_embeddings and embedding_dim, and no in_features",
    known="the message; which code reads it, the last frame says",
    settles=False,
)

KINDS: tuple[General, ...] = (
    General(
        "mark-of-generation-missing",
        r"has (?:no|not) attribute ['`\"]?(?P<name>_unwrapped_old_generate|_flag_for_generation|"
        r"_saved_temp_tokenizer)",
        _a_mark,
        {
            "AttributeError: 'PeftModelForCausalLM' object has no attribute "
            "'_unwrapped_old_generate'": "for_training",
            "# [Bug]PeftModelForCausalLM has not attribute '_flag_for_generation'": "for_training",
        },
        alone=True,
    ),
    General(
        "scales-quantized-once",
        r"'NoneType' object has no attribute 'absmax'",
        _single_quantized,
        {
            "unsloth/kernels/utils.py\nAttributeError: 'NoneType' object has no attribute "
            "'absmax'": "double_quant",
            "AttributeError: 'NoneType' object has no attribute 'absmax'": "",
        },
    ),
    General(
        "value-of-another-length",
        r"shape mismatch: value tensor of shape",
        _into_another_length,
        {
            "RuntimeError: shape mismatch: value tensor of shape [3, 2253] cannot be broadcast to "
            "indexing result of shape [3, 2244]": "max_prompt_length=None"
        },
    ),
    General(
        "softcapping-beyond-the-window",
        r"slow_attention_softcapping|A \+= causal_mask\[:q_len",
        lambda case: None if _NO_MEMORY.search(case.hit.after[:3000]) else _MASK,
        {
            'File "/x/unsloth/kernels/flex_attention.py", line 67, in slow_attention_softcapping\n'
            "    A += causal_mask[:q_len, :q_len]\nTypeError: 'bool' object is not "
            "subscriptable": "flash-attn>=2.6.3",
            'File "/x/unsloth/kernels/flex_attention.py", line 60, in slow_attention_softcapping\n'
            "    A = torch.matmul(Q, K)\ntorch.OutOfMemoryError: CUDA out of memory. Tried to "
            "allocate 8.00 GiB.": "",
        },
        alone=True,
    ),
    General(
        "layers-left-unpatched",
        r"patched \d+ layers with 0 QKV layers, 0 O layers and 0 MLP layers|"
        r"QKV(?: layers|层)[^\n]{0,80}(?:数量)?(?:均|都)?为 ?0",
        lambda case: _with_a_reason(case) or _LEFT_OUT,
        {
            "Unsloth 2024.8 patched 32 layers with 0 QKV layers, 0 O layers and 0 MLP layers.": (
                "lora_dropout=0"
            ),
            "Unsloth 2026.10.9 patched 26 layers with 0 QKV layers, 0 O layers and 0 MLP layers. "
            "The fused LoRA kernels were skipped because bias = 'all', which is why the counts are "
            "zero. Training is unaffected.": "because bias = 'all'",
            "Unsloth 2024.8 patched 32 layers with 32 QKV layers, 32 O layers and 32 MLP layers.": (
                ""
            ),
        },
        alone=True,
    ),
    General(
        "vllm-mode-of-unsloth",
        r"(?i:(?:overrid|forc|set)\w{0,5} `?vllm_mode`? (?:to|as|with)|vllm_mode[^\n.]{0,40}"
        r"(?:overrid|forced|ignored|always colocate))",
        always(
            "Unsloth sets vllm_mode to colocate for a model that was loaded with its own engine",
            "fast_inference=False in from_pretrained, and vllm_mode='server' in GRPOConfig, with "
            "trl vllm-serve in another process",
            why="fast_inference=True already holds an engine in the training process, so a server "
            "beside it would not be asked",
            known="the maintainers' answer to that question; not run here",
            certain=False,
        ),
        {
            "# Why override vllm_mode to colocate in GRPO?": "vllm-serve",
            "they are forcing vllm_mode to colocate": "vllm-serve",
            "Why are you guys overriding vllm_mode to colocate for GRPO training?": "vllm-serve",
        },
        alone=True,
    ),
    General(
        "config-that-unsloth-did-not-patch",
        r"'(?P<owner>(?:Unsloth)?(?:SFT|[A-Z]{2,5}|Reward|OnlineDPO|NashMD|Training|Iterative\w{2,9})"
        r"(?:Config|Arguments|Trainer))' object has no attribute "
        r"'(?P<name>unsloth_\w{2,60})'",
        lambda case: Answer(
            f"this {case.match['owner']} is TRL's own class: Unsloth adds {case.match['name']} to "
            "the class that it puts in its place",
            (
                "import unsloth   as the first import, before trl, transformers and peft",
                "from trl import GRPOConfig, GRPOTrainer   after that, in the same process, and "
                "no config that was pickled or made before",
                "rm -rf unsloth_compiled_cache, and pip install -U unsloth unsloth_zoo",
            ),
            why="at its import Unsloth replaces TRL's trainers and configs by generated ones; what "
            "was imported before, or comes from a cache of another release, is the original",
            known="the name is one of Unsloth's; which of these it is, the order of the imports "
            "says",
            certain=False,
            settles=False,
        ),
        {
            "# AttributeError: 'GRPOConfig' object has no attribute 'unsloth_grpo_mini_batch'": (
                "first import"
            ),
            "AttributeError: 'MyTrainer' object has no attribute 'unsloth_flag'": "",
        },
        alone=True,
    ),
    General(
        "generated-trainer-is-no-python",
        r"(?:SyntaxError|IndentationError|NameError)\b[^\n]{0,60}\bUnsloth\w{2,20}Trainer(?:\.py)?",
        always(
            "a trainer that Unsloth generates from TRL's source came out wrong",
            UPGRADE,
            "rm -rf unsloth_compiled_cache   in the folder that the run starts from",
            "or the TRL that this Unsloth allows: pip show unsloth names it",
            why="Unsloth rewrites the text of TRL's trainers; a TRL that came after it has another",
            known="the file's name is that of a generated one",
            certain=False,
            settles=False,
        ),
        {"# [import unsloth] SyntaxError in UnslothGKDTrainer.py": "unsloth_compiled_cache"},
        alone=True,
    ),
    General(
        "server-of-the-data-kit-did-not-start",
        r"vllm_process failed to load",
        always(
            "the vLLM server that Unsloth's SyntheticDataKit starts did not come up",
            "vllm serve MODEL --max-model-len 2048   in a shell shows its own error",
            "the vLLM that this Unsloth was tested with: pip show unsloth names its time; "
            "vllm==0.8.5.post1 in the summer of 2025",
            "gpu_memory_utilization=0.7 in from_pretrained, with nothing else on the card",
            known="Unsloth says so; the server's own error it prints above, or not at all",
            settles=False,
        ),
        {"RuntimeError: Unsloth: vllm_process failed to load!": "vllm serve"},
        alone=True,
    ),
    General(
        "embedding-taken-for-a-linear-layer",
        r"'\w{0,20}Embedding' object has no attribute '(?:in|out)_features'",
        lambda case: None if case.is_of_the_script else _NO_LINEAR,
        {
            "AttributeError: 'Embedding' object has no attribute 'in_features'": "modules_to_save",
            'File "train.py", line 8, in <module>\n    n += m.in_features\n'
            "AttributeError: 'Embedding' object has no attribute 'in_features'": "",
        },
        alone=True,
    ),
)
