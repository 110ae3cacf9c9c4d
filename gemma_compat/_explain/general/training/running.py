"""A training loop that stops: several processes, several backward passes, an empty data set."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .no_rows import no_rows
from .pickled import cannot_pickle


def _second_backward(case: Case) -> Answer:
    """Answer by what holds the graph: a compiled part, checkpointing, or the loop itself."""
    near = f"{case.near}{case.around}"
    kept = (
        "what a step keeps of the one before (a cache, a hidden state, a loss, a weight that was "
        "computed once) goes through .detach(), or is computed again in the loop"
    )
    reentrant = "gradient_checkpointing_kwargs={'use_reentrant': False}"
    whole = (
        "TORCHDYNAMO_DISABLE=1 before the command (Unsloth: UNSLOTH_COMPILE_DISABLE=1)   shows "
        "whether it is the compiled part"
    )
    do = [kept, f"or {reentrant}, where checkpointing is on"]
    if re.search(r"gradient[_ ]checkpointing|torch[/\\]utils[/\\]checkpoint\.py", near):
        do = [reentrant, f"or {kept}"]
    if re.search(r"_aot_autograd|CompiledFunction|runtime_wrappers", near):
        do.insert(0, whole)
    if re.search(r"\bUnsloth\b|unsloth_|packages[/\\]unsloth|import unsloth|from unsloth", near):
        do.insert(0, "pip install -U unsloth unsloth_zoo   and delete unsloth_compiled_cache")
    return Answer(
        "a backward pass met a graph that an earlier one has already freed",
        tuple(do[:3]),
        why="something that was computed once is part of two losses: a tensor kept over steps, or "
        "what reentrant checkpointing shares between layers. retain_graph=True only hides it: "
        "memory grows, and old graphs get gradients",
        known="the message; which tensor it is, it does not say",
        settles=False,
    )


def _unused(case: Case) -> Answer:
    return Answer(
        "DDP waits for gradients of parameters that took no part in the loss",
        (
            "ddp_find_unused_parameters=True",
            "or freeze what is not used: a vision or audio tower in a run on text",
        ),
        why="a multimodal model on text only leaves its towers idle, and DDP expects a gradient "
        "of everything that requires one",
        known="the message; the indices that it lists say which parameters",
        settles=False,
    )


_compiler = always(
    "torch.compile was tracing the model when this failed; the error itself is cut off",
    "TORCHDYNAMO_DISABLE=1 before the command (with Unsloth: UNSLOTH_COMPILE_DISABLE=1)",
    "the end of the traceback, below what is given here, if it fails then too",
    why="the frames are the compiler's: it either refuses code that is sound, or meets an ordinary "
    "error of the model in its own way",
    known="the frames; the error's class and message are not in the log",
    settles=False,
)


def _not_compiled(case: Case) -> Answer | None:
    if re.search(r"torch[/\\](?:export|onnx)[/\\]|torch\.(?:export|onnx)\.", case.frames):
        return None  # an export is traced because it was asked for
    off = "TORCHDYNAMO_DISABLE=1 before the command (with Unsloth: UNSLOTH_COMPILE_DISABLE=1)"
    return Answer(
        "torch.compile could not compile a part of the model; the run need not be compiled",
        ("--enforce-eager   (enforce_eager=True in LLM)",)
        if "vllm" in case.packages
        else (off, "or torch_compile=False"),
        why="the code is one that this torch cannot trace, or a kernel that it cannot make",
        known="the exception's class is the compiler's; the message says what it stumbles over",
        settles=False,
    )


def _cut(case: Case) -> Answer | None:
    return None if case.error or "WON'T CONVERT" in case.near else _compiler(case)


def _wrap_class(case: Case) -> Answer:
    return Answer(
        "FSDP is to wrap a layer class that this model does not have",
        (
            "fsdp_transformer_layer_cls_to_wrap: the decoder layer's class alone, as "
            "print(model) shows it",
        ),
        why="without a setting the classes come from the model's _no_split_modules, some of which "
        "a text-only or a smaller member does not contain",
        known="the message",
    )


def _masked(case: Case) -> Answer:
    is_most = case.match.group().lower().startswith("most")
    return Answer(
        "nearly every label is masked (-100): few tokens or none count for the loss"
        if is_most
        else "every label is masked (-100): no token counts for the loss",
        (
            "instruction_part and response_part as they stand in tokenizer.apply_chat_template("
            "row, tokenize=False)",
            "or a longer max_length: an answer behind the cut counts for nothing",
        ),
        why="most often the markers between which the answer is looked for are not in the text. "
        "Those of Gemma 1 to 3 are <start_of_turn>user\\n and <start_of_turn>model\\n",
        known="the message",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "unused-parameters",
        r"Expected to have finished reduction in the prior iteration",
        _unused,
        {
            "RuntimeError: Expected to have finished reduction in the prior iteration before "
            "starting a new one.": "find_unused"
        },
    ),
    General(
        "layer-class-to-wrap",
        r"Could not find the transformer layer class",
        _wrap_class,
        {
            "ValueError: Could not find the transformer layer class LlamaDecoderLayer in the "
            "model.": "print(model)"
        },
    ),
    General(
        "four-bit-weights-alone",
        r"cannot perform fine-tuning on purely quantized models",
        always(
            "weights in 4 or 8 bits take no gradient, and no adapter was put on them",
            "peft_config=LoraConfig(...)   or model = get_peft_model(model, peft_config)",
            "or load in 16 bits for a full fine-tune",
            known="the Trainer says so",
        ),
        {
            "ValueError: You cannot perform fine-tuning on purely quantized models. Please attach "
            "trainable adapters on top of": "LoraConfig"
        },
    ),
    General(
        "backward-twice",
        r"(?:Trying to )?backward through (?:the )?graph a second time",
        _second_backward,
        {
            "RuntimeError: Trying to backward through the graph a second time (or directly access "
            "saved tensors": "detach",
            "# [Bug] RuntimeError: backward through graph a second time - with gradient "
            "checkpointing": "use_reentrant",
            'File "/x/unsloth_compiled_cache/UnslothGRPOTrainer.py", line 5, in wrapper\n    f()\n'
            "RuntimeError: Trying to backward through the graph a second time": (
                "pip install -U unsloth"
            ),
            'File "/x/site-packages/torch/_functorch/_aot_autograd/runtime_wrappers.py", line 5, '
            "in backward\n    ctx.saved_tensors\n"
            "RuntimeError: Trying to backward through the graph a second time": (
                "TORCHDYNAMO_DISABLE=1"
            ),
            "first batch is fine with my own loop\n"
            "RuntimeError: Trying to backward through the graph a second time": "in the loop",
        },
    ),
    General(
        "no-rows",
        r"num_samples should be a positive integer value, but got num_samples=0|"
        r"\bgot num_samples=0\b|No examples left after filtering|"
        r"There seems to be not a single sample in your epoch_iterator",
        no_rows,
        {
            "ValueError: num_samples should be a positive integer value, but got num_samples=0": (
                "no row"
            )
        },
        alone=True,
    ),
    General(
        "unsloth-returns-no-logits",
        r"Unsloth: Logits are empty from 2024\.11 onwards",
        always(
            "something reads the logits, and Unsloth computes the loss without making them",
            "import os; os.environ['UNSLOTH_RETURN_LOGITS'] = '1'   before unsloth is imported",
            "or no compute_metrics: prediction_loss_only=True",
            known="Unsloth says so",
        ),
        {
            "NotImplementedError: Unsloth: Logits are empty from 2024.11 onwards. To get raw": (
                "UNSLOTH_RETURN_LOGITS"
            )
        },
        alone=True,
    ),
    General(
        "nothing-to-learn-from",
        r"(?:[Aa]ll|[Mm]ost) labels in your dataset are(?: -100|\s*$)|masked every label",
        _masked,
        {
            "ZeroDivisionError: Unsloth: All labels in your dataset are -100. Training losses "
            "will be all 0.": "masked",
            "# Unsloth: Most labels in your dataset are -100. Training losses will be 0.": (
                "response_part"
            ),
        },
        alone=True,
    ),
    General(
        "worker-cannot-take-it",
        r"[Cc]an'?t pickle|cannot pickle|TypeError: cannot (?:pickle|serialize)|"
        r"it's not the same object as|args\[0\] from __newobj__ args has the wrong class",
        cannot_pickle,
        {
            "TypeError: cannot pickle 'ConfigModuleInstance' object": "num_proc",
            "_pickle.PicklingError: Can't pickle <class 'x.SFTConfig'>: it's not the same object "
            "as x.SFTConfig": "num_proc",
            'File "/usr/lib/python3.11/copy.py", line 161, in deepcopy\n    rv = reductor(4)\n'
            "TypeError: cannot pickle '_thread.lock' object": "copy.deepcopy",
        },
    ),
    General(
        "compiler-failed",
        r"torch\._dynamo\.exc\.(?:Unsupported|UserError|InternalTorchDynamoError|TorchRuntimeError|"
        r"BackendCompilerFailed|Uncompilable)|InternalTorchDynamoError|torch\._inductor\.exc\.|"
        r"InductorError|TorchRuntimeError: (?:Failed running|Dynamo failed)|"
        r"Cannot access data pointer of Tensor \(e\.g\. FakeTensor|LoweringException",
        _not_compiled,
        {
            "torch._dynamo.exc.Unsupported: Dynamic control flow is not supported": "DISABLE=1",
            "TorchRuntimeError: Failed running call_function <built-in function mul>(*(FakeTensor("
            "..., size=(s3, s4))), **{}):\nThe size of tensor a (1280) must match": "DISABLE=1",
        },
    ),
    General(
        "compiler-failed-in-a-cut-log",
        r"Set TORCHDYNAMO_VERBOSE=1 for the internal stack trace|raise TorchRuntimeError\(|"
        r"\bUnsupported: (?:hasattr|call_\w{2,20}|torch\.|[Uu]nexpected|Graph break|generator|"
        r"[Dd]ata dependent|[Dd]ynamic|inline|reconstruct|speculate|setattr|missing|builtin|"
        r"non-function|can't)|"
        r"_dynamo/utils\.py\"?, line \d+, in (?:wrap_fake_exception|get_fake_value)",
        _cut,
        {
            '  File "/x/torch/_dynamo/utils.py", line 3355, in get_fake_value\n    raise '
            "TorchRuntimeError(str(e)).with_traceback(e.__traceback__) from None\n": "DISABLE=1",
            "Set TORCHDYNAMO_VERBOSE=1 for the internal stack trace (please do this": "DISABLE=1",
            "# vision finetuning error (Unsupported: hasattr ConstDictVariable to)": "DISABLE=1",
        },
        alone=True,
    ),
    General(
        "generator-of-another-device",
        r"Expected an? '(?P<one>\w+)' device type for generator but found '(?P<two>\w+)'",
        lambda case: Answer(
            f"random numbers are drawn on {case.match['one']} with a generator made for "
            f"{case.match['two']}",
            (
                "no torch.set_default_device('cuda') and no set_default_tensor_type("
                "'torch.cuda.FloatTensor') in the script: move the model alone",
                "or DataLoader(..., generator=torch.Generator(device='cuda')), shuffle=False",
            ),
            why="with another default device randperm draws there, and the sampler of a data "
            "loader, random_split and the Trainer bring a generator of the CPU",
            known="torch names both; what changed the default, the message does not say",
            certain=False,
            settles=False,
        ),
        {
            "RuntimeError: Expected a 'cuda' device type for generator but found 'cpu'": (
                "set_default_device"
            )
        },
        alone=True,
    ),
    General(
        "macos-older-than-the-operation",
        r"MPS does not support \w{1,20} op with int64",
        always(
            "this macOS does not compute the operation on 64-bit integers on Apple's GPU",
            "macOS 13.3 or newer, and pip install -U torch",
            "or the CPU: use_cpu=True in TrainingArguments",
            why="attention masks and positions are summed up as 64-bit integers",
            known="torch says so; support came with macOS 13.3",
            settles=False,
        ),
        {
            "RuntimeError: MPS does not support cumsum op with int64 input. Support has been added "
            "in macOS 13.3": "macOS 13.3"
        },
        alone=True,
    ),
)
