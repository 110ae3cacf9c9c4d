"""What Unsloth refuses when a trained model is merged, exported or pushed."""

from __future__ import annotations

import re

from ....values import Value
from ...answer import Answer
from ..base import Answering, Case, always

UPGRADE = "pip install -U unsloth unsloth_zoo   and restart the kernel"
BY_PEFT = (
    "or merge with PEFT: PeftModel.from_pretrained(BASE_IN_16_BITS, 'ADAPTER').merge_and_unload()"
    ".save_pretrained('FOLDER')"
)
SAYS = "Unsloth says so"


class Refusal(Value):
    """One sentence of Unsloth's.

    Attributes:
        text: a regular expression of what follows ``Unsloth: ``.
        answer: returns the answer to a case.
        example: a text that has it, and a word of the answer.
    """

    text: str
    answer: Answering
    example: tuple[str, str]


def _counts(case: Case) -> Answer:
    counts = re.search(
        r"# of LoRAs = (\d+)\s+does not match # of saved modules = (\d+)", case.around
    )
    saved, given = (counts[2], counts[1]) if counts else ("some", "all")
    return Answer(
        f"the merge put only {saved} of {given} layers of the adapter into the base's weights: the "
        "folder that it wrote is not the trained model",
        (UPGRADE, BY_PEFT),
        why="unsloth_zoo looks for each adapted layer by its name in the base's files; where a "
        "release of transformers moved the names, it finds none",
        known="the message has both counts; which release finds them is not in it",
        settles=False,
    )


def _experts(case: Case) -> Answer:
    counts = re.search(r"of (\d+) attempted, (\d+) applied", case.around)
    merged = f"only {counts[2]} of {counts[1]}" if counts else "not all"
    return Answer(
        f"the merge put {merged} tensors of the adapted experts into the base's weights: the "
        "folder or GGUF that it wrote is not the trained model",
        ("pip install -U unsloth 'unsloth_zoo>=2026.6.6'   and merge again", BY_PEFT),
        why="unsloth_zoo guessed the layout of fused experts by which side of the weight is "
        "longer, which is wrong for experts as narrow as those of Gemma 4 26B-A4B; 2026.6.6 goes "
        "by the adapter's own shapes",
        known="Unsloth counts the tensors; the cause is read in unsloth_zoo 2026.6.5 and 2026.6.6",
        settles=False,
    )


def _disk(case: Case) -> Answer:
    return Answer(
        "the disk has no room for the 16-bit copy and the GGUF",
        (
            "df -h .   and remove checkpoints and old exports",
            "or another folder: /kaggle/tmp on Kaggle, a mounted disk elsewhere",
        ),
        why="an export writes the merged model in 16 bits first, then each GGUF beside it",
        known=SAYS,
    )


def _not_converted(text: str, unmapped: bool) -> Answer:
    """Answer a tensor or a part that llama.cpp's converter does not take."""
    return Answer(
        (
            "llama.cpp's converter has no place for a tensor of this model"
            if unmapped
            else "llama.cpp's converter did not convert the vision part of this model"
        )
        + (" (it was writing the mmproj)" if "mmproj" in text and unmapped else ""),
        (
            UPGRADE,
            "git pull in llama.cpp, or delete the folder that Unsloth keeps it in "
            "(~/.unsloth/llama.cpp), and export again",
            "or the text alone: convert_hf_to_gguf.py FOLDER   without --mmproj",
        ),
        why="a converter knows the tensors of models that are older than it; a merge that "
        "names them otherwise has the same effect",
        known="the message; which of the two it is, the name of the tensor would say",
        settles=False,
    )


def _not_fetched(folder: str) -> Answer:
    return Answer(
        "llama.cpp is not there, and Unsloth could not fetch it",
        (
            "git clone https://github.com/ggml-org/llama.cpp   where there is a network, then the "
            "converter: python llama.cpp/convert_hf_to_gguf.py FOLDER --outtype q8_0",
            folder,
        ),
        why="the first GGUF of a machine fetches llama.cpp from GitHub and builds it",
        known="the command that failed stands in the message",
    )


def _not_merged(text: str) -> Answer:
    """Answer a merge that failed before llama.cpp's converter was called."""
    if re.search(r"(?i)out of memory|OutOfMemory", text):
        return Answer(
            "the card has no room to merge the adapter into 16-bit weights, so no GGUF is made",
            (
                "maximum_memory_usage=0.5 in save_pretrained_merged, after del trainer",
                BY_PEFT,
            ),
            known="the message names the step and the error",
            settles=False,
        )
    return Answer(
        "the adapter was not merged into 16-bit weights, so no GGUF is made; llama.cpp was not "
        "asked",
        (
            "model.save_pretrained_merged('FOLDER', tokenizer)   alone shows its error",
            UPGRADE,
            BY_PEFT,
        ),
        known="the message names the step; its end is the error that stopped it",
        settles=False,
    )


def conversion(case: Case) -> Answer:
    """Answer a GGUF that was not written: by the wrapped error where it says what it was."""
    text = case.around
    folder = (
        "model.save_pretrained_merged('FOLDER', tokenizer)   first, and the conversion of that "
        "FOLDER then"
    )
    by_hand = (
        "python llama.cpp/convert_hf_to_gguf.py FOLDER --outtype q8_0   by hand shows the "
        "converter's own traceback"
    )
    if re.search(r"(?i)no space left|disk space", text):
        return _disk(case)
    if "Failed to save/merge model" in case.hit.text:
        return _not_merged(text)
    if re.search(r"git clone\b[^\n]{0,200}failed|Could not resolve host", text):
        return _not_fetched(folder)
    if re.search(r"introspection of original script|Failed to execute module convert_hf", text):
        return Answer(
            "Unsloth could not import llama.cpp's converter, which it downloads and changes",
            (UPGRADE, f"or {by_hand}"),
            why="llama.cpp split its converter into several files; an Unsloth of before imports "
            "the one file alone",
            known="the message names the step; a newer Unsloth reads both forms (its maintainers "
            "say so, and it was not run here)",
            settles=False,
        )
    unmapped = "Can not map tensor" in case.hit.before[-2000:] + text + case.hit.after[:2000]
    if unmapped or re.search(r"--mmproj|vision projector", text):
        return _not_converted(text, unmapped)
    return Answer(
        "llama.cpp's converter made no GGUF of the folder, and this message does not say why",
        (by_hand, folder, "df -h .", UPGRADE),
        why="the converter is another program: its own lines, above this message, have the reason. "
        "Often the folder holds no merged 16-bit model or no tokenizer, the disk is full, or the "
        "converter is older than the model",
        known="the message; which of these it is, is not in it",
        settles=False,
    )


def pushed_nothing(case: Case) -> Answer | None:
    """Answer a push that found nothing new, where a GGUF was to be pushed."""
    if "guf" not in case.hit.before[-3000:] + case.hit.after[:1500]:
        return None
    return Answer(
        "nothing was uploaded: the folder that was pushed holds no file that is new to the "
        "repository",
        (
            "from huggingface_hub import HfApi; HfApi().upload_file("
            "path_or_fileobj='FILE.gguf', path_in_repo='FILE.gguf', repo_id='NAME/REPO')",
            "pip install -U unsloth unsloth_zoo   where push_to_hub_gguf left the GGUF out",
        ),
        why="the hub compares the files; a GGUF that was written beside the folder is not in what "
        "is pushed",
        known="huggingface_hub says so; it is harmless where the same files were pushed before",
        settles=False,
    )


def _no_such_gguf(case: Case) -> Answer:
    both = re.search(r"can only be one of \[([^\]\n]{1,200})\] and not `?(\w{1,20})`?", case.around)
    if both and f"'{both[2]}'" in both[1]:
        return Answer(
            f"Unsloth refuses {both[2]}, which stands in its own list: a fault of this release",
            (
                UPGRADE,
                'or save_pretrained_merged("FOLDER", tokenizer), then llama.cpp\'s '
                "convert_hf_to_gguf.py FOLDER",
            ),
            known="the message has both the value and the list",
        )
    return Answer(
        "this call cannot make that GGUF in this release of Unsloth",
        (
            'model.save_pretrained_gguf("FOLDER", tokenizer, quantization_method="q8_0")',
            'or save_pretrained_merged("FOLDER", tokenizer), then llama.cpp\'s '
            "convert_hf_to_gguf.py FOLDER",
            "pip install -U unsloth unsloth_zoo   for multimodal models",
        ),
        known=SAYS,
    )


SAVING: tuple[Refusal, ...] = (
    Refusal(
        r"(?:Failed to convert [^\n]{0,120}to GGUF|GGUF conversion failed|Conversion failed for)",
        conversion,
        (
            "RuntimeError: Unsloth: Failed to convert llama.cpp/unsloth_convert_hf_to_gguf.py to "
            "GGUF.",
            "convert_hf_to_gguf.py FOLDER",
        ),
    ),
    Refusal(
        r"Saving LoRA finetune failed",
        _counts,
        (
            "RuntimeError: Unsloth: Saving LoRA finetune failed since # of LoRAs = 210 does not "
            "match # of saved modules = 0. Please file a bug report!",
            "0 of 210",
        ),
    ),
    Refusal(
        r"MoE LoRA merge fell back to the base weight",
        _experts,
        (
            "RuntimeError: Unsloth: MoE LoRA merge fell back to the base weight on 57 per-expert "
            "tensor(s) (of 60 attempted, 3 applied). The merged checkpoint would be missing the "
            "expert LoRA delta.",
            "3 of 60",
        ),
    ),
    Refusal(
        r"Merge failed",
        always(
            "a merged weight is infinite: the adapter holds values that overflow, or NaN",
            "look at the run's losses and grad_norm: if they are NaN, the training diverged",
            "train again with bf16=True, a lower learning rate, or warmup_steps=10",
            known="Unsloth names the weight; what made it infinite is not in the message",
            settles=False,
        ),
        ("ValueError: Unsloth: Merge failed.\nq_proj has some elements = infinity.", "grad_norm"),
    ),
    Refusal(
        r"(?:Please specify a token|Pushing to HF requires a token|Please supply a token)",
        always(
            "nothing can be pushed to the hub without a token",
            "hf auth login   (a token that may write), or token='hf_...' in the call",
            known=SAYS,
        ),
        ("RuntimeError: Unsloth: Please specify a token for uploading!", "hf auth login"),
    ),
    Refusal(
        r"(?:Sorry GGUF is currently not supported for vision|Saving to GGUF must have a tokenizer|"
        r"Quant method = \[|quantization_method can only be|`first_?conversion` can only be|"
        r"Currently iq2 type)",
        _no_such_gguf,
        (
            "NotImplementedError: Unsloth: Sorry GGUF is currently not supported for vision "
            "models!",
            "convert_hf_to_gguf",
        ),
    ),
    Refusal(
        r"Not enough disk space",
        _disk,
        ("RuntimeError: Unsloth: Not enough disk space to convert to GGUF.", "df -h"),
    ),
    Refusal(
        r"(?:You must select one of 3 options when saving|Merging into 4bit will cause)",
        always(
            "save_method is none that the call takes, or merges into 4 bits, which has to be asked "
            "for by another name",
            'save_method="merged_16bit"   (or "lora": the adapter alone)',
            'or save_method="merged_4bit_forced", which loses accuracy and cannot become a GGUF',
            known=SAYS,
        ),
        (
            "RuntimeError: Unsloth: Merging into 4bit will cause your model to lose accuracy if "
            "you plan",
            "merged_16bit",
        ),
    ),
)
