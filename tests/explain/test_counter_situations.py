"""One message, several situations: the answer is that of the situation in the log."""

from __future__ import annotations

import pytest

from .test_by_who_raised import IN_TORCH, TRAINS, explained, log

MINE = ("/home/me/train.py", "<module>", "trainer.train()")
CALLS = ("transformers/trainer.py", "compute_loss", "outputs = model(**inputs)")
RUNS = ("torch/nn/modules/module.py", "_call_impl", "return forward_call(*args, **kwargs)")
WRAPS = ("torch/utils/_contextlib.py", "decorate_context", "return func(*args, **kwargs)")
LAYER = ("transformers/models/gemma2/modeling_gemma2.py", "forward", "return self.weight * x")
CONV = ("torch/nn/modules/conv.py", "_conv_forward", "return F.conv2d(")
LOSS = ("torch/nn/functional.py", "cross_entropy", "return torch._C._nn.cross_entropy_loss(")
EMBED = ("torch/nn/functional.py", "embedding", "return torch.embedding(")
HUB = "/home/me/.cache/huggingface/modules/transformers_modules/x/y/1/modeling_y.py"


def own(code: str, function: str = "<module>") -> tuple[str, str, str]:
    return ("/home/me/train.py", function, code)


DEVICES = "RuntimeError: Expected all tensors to be on the same device, but found at least two "
DEVICES += "devices, {}!"


@pytest.mark.parametrize(
    ("frames", "error", "word", "never"),
    [
        (
            (own("model(image)"), CONV),
            "RuntimeError: Input type (torch.FloatTensor) and weight type (torch.cuda.FloatTensor) "
            "should be the same or input should be a MKLDNN tensor and weight is a dense tensor",
            "the input lies on cpu",
            "different dtypes",
        ),
        (
            (own("model(image)"), CONV),
            "RuntimeError: Input type (torch.cuda.FloatTensor) and weight type "
            "(torch.cuda.HalfTensor) should be the same",
            "different dtypes (float32 and float16)",
            "lies on",
        ),
        (
            (TRAINS, CALLS, LOSS),
            "RuntimeError: expected scalar type Long but found Float",
            "labels.long()",
            "bf16=True",
        ),
        (
            (own("self.head(x)"), IN_TORCH),
            "RuntimeError: mat1 and mat2 must have the same dtype, but got Double and Float",
            "x.float()",
            "autocast",
        ),
        (
            (MINE, TRAINS, LAYER),
            DEVICES.format("cuda:0 and cpu"),
            "which weights stayed",
            "batch.items",
        ),
        (
            (MINE, TRAINS, own("loss = self.ce(logits, labels)", "compute_loss"), LOSS),
            DEVICES.format("cuda:0 and cpu"),
            "a line of the script",
            "batch.items",
        ),
        (
            (own("table[index]"),),
            "RuntimeError: indices should be either on cpu or on the same device as the indexed "
            "tensor (cpu)",
            "table.to(index.device)",
            "tokenizer(",
        ),
        (
            (
                MINE,
                ("trl/trainer/grpo_trainer.py", "_calculate_rewards", "r = reward_func(**kw)"),
                own("return verify(text)", "accuracy"),
            ),
            "TypeError: verify() missing 1 required positional argument: 'target'",
            "the script calls verify()",
            "column",
        ),
        (
            (MINE, TRAINS, CALLS, RUNS),
            "TypeError: Gemma3ForCausalLM.forward() missing 1 required positional argument: "
            "'input_ids'",
            "print(batch.keys())",
            "transformers<",
        ),
        (
            (own("SFTTrainer.train()"),),
            "TypeError: Trainer.train() missing 1 required positional argument: 'self'",
            "on the class Trainer itself",
            "hand self over",
        ),
        (
            (own("model.generate(ids, **inputs)"), WRAPS),
            "TypeError: GenerationMixin.generate() got multiple values for argument 'inputs'",
            "name every value",
            "pip install",
        ),
        (
            (MINE, TRAINS, own("return focal(a, b)", "compute_loss")),
            "TypeError: focal() takes 1 positional argument but 2 were given",
            "hand them over by name",
            "advise",
        ),
        (
            (own("trainer.fit(net)"), ("pytorch_lightning/trainer/call.py", "f", "fn(*args)")),
            "TypeError: Net.training_step() takes 2 positional arguments but 3 were given",
            "where training_step() is one of your own",
            "transformers 4.46",
        ),
        (
            (
                MINE,
                ("transformers/trainer.py", "_maybe_log_save_evaluate", "self._save_checkpoint("),
            ),
            "TypeError: Mine._save_checkpoint() got an unexpected keyword argument 'metrics'",
            "signature of a newer transformers",
            "older",
        ),
        (
            (MINE, TRAINS, CALLS, ("peft/peft_model.py", "forward", "return self.base_model(")),
            "TypeError: PhiForCausalLM.forward() got an unexpected keyword argument "
            "'num_items_in_batch'",
            "model_accepts_loss_kwargs = False",
            "column of the rows",
        ),
        (
            (own("model.generate(x)"), (HUB, "forward", "DynamicCache.from_legacy_cache(past)")),
            "AttributeError: type object 'DynamicCache' has no attribute 'from_legacy_cache'",
            "transformers<5",
            "pip install -U",
        ),
        (
            (own("model.merge_and_unload()"),),
            "AttributeError: 'Gemma2ForCausalLM' object has no attribute 'merge_and_unload'",
            "which PEFT did not wrap",
            "no adapter lies over it",
        ),
        (
            (own("engine.disable_adapter()"),),
            "AttributeError: 'DeepSpeedEngine' object has no attribute 'disable_adapter'",
            "neither DeepSpeedEngine nor the model in it",
            "is of the model in it",
        ),
        (
            (MINE, ("swift/trainers/mixin.py", "f", "self.tokenizer.save_pretrained(d)")),
            "AttributeError: 'Seq2SeqTrainer' object has no attribute 'tokenizer'",
            "pip install -U ms-swift",
            "",
        ),
        (
            (
                own("model(**rows)"),
                (
                    "transformers/models/bert/modeling_bert.py",
                    "forward",
                    "x = self.position_embeddings(position_ids)",
                ),
                EMBED,
            ),
            "IndexError: index out of range in self",
            "table of positions",
            "resize_token_embeddings",
        ),
        (
            (MINE, TRAINS, CALLS, LOSS),
            "RuntimeError: CUDA error: device-side assert triggered",
            "which one, this log does not say",
            "the assertion is that of the loss",
        ),
        (
            (own("x = load(path)"),),
            "RuntimeError: Attempting to deserialize object on CUDA device 1 but "
            "torch.cuda.device_count() is 1.",
            "saved on GPU 1",
            "sees none",
        ),
        (
            (own("size = cfg['eval_size']"),),
            "KeyError: 'eval_size'",
            "no rule here knows it",
            "evaluation",
        ),
        (
            (MINE, own("seen.append(logs['loss'])", "on_log")),
            "KeyError: 'loss'",
            "logs.get('loss')",
            "labels did not come",
        ),
        (
            (
                own("reference = copy.deepcopy(model)"),
                ("/usr/lib/python3.11/copy.py", "deepcopy", "rv = reductor(4)"),
            ),
            "TypeError: cannot pickle '_thread.lock' object",
            "copy.deepcopy meets",
            "num_proc",
        ),
        (
            (
                MINE,
                ("transformers/trainer.py", "_save_checkpoint", "self.save_model(d)"),
                ("torch/serialization.py", "_save", "pickler.dump(obj)"),
            ),
            "AttributeError: Can't pickle local object 'main.<locals>.hook'",
            "saved to a file",
            "num_proc",
        ),
        (
            (MINE, TRAINS, own("x = x[: self.args.max_length]", "compute_loss")),
            "AttributeError: 'TrainingArguments' object has no attribute 'max_length'",
            "a line of the script",
            "a trainer of TRL was given",
        ),
        (
            (own("import unsloth"), ("unsloth/models/_utils.py", "<module>", "f = x.__func__")),
            "AttributeError: 'function' object has no attribute '__func__'",
            "unsloth reads .__func__",
            "brackets",
        ),
        (
            (MINE, TRAINS, own("return loss.mean()", "compute_loss")),
            "AttributeError: 'tuple' object has no attribute 'mean'",
            "returned several values",
            "the predictions hold more",
        ),
        (
            (
                own("a, b = train_test_split(texts, labels)"),
                ("sklearn/model_selection/_split.py", "train_test_split", "indexable(*arrays)"),
            ),
            "ValueError: Found input variables with inconsistent numbers of samples: [3, 4]",
            "len(X), len(y)",
            "predictions",
        ),
        (
            (
                own("model.generate(**x)"),
                ("transformers/generation/utils.py", "generate", "generation_config.validate()"),
            ),
            "ValueError: GenerationConfig is invalid: \n- `temperature`: `do_sample` is not set",
            "holds settings that contradict",
            "is not saved",
        ),
        (
            (
                MINE,
                ("transformers/trainer.py", "_load_optimizer_and_scheduler", "load_state_dict("),
            ),
            "ValueError: loaded state dict contains a parameter group that doesn't match the size "
            "of optimizer's group",
            "a saved optimizer is loaded",
            "make the optimizer after",
        ),
        (
            (own("csv.field_size_limit(sys.maxsize)"),),
            "OverflowError: Python int too large to convert to C long",
            "csv.field_size_limit(",
            "model_max_length",
        ),
    ],
)
def test_the_situation_in_the_log_decides(
    frames: tuple[tuple[str, str, str], ...], error: str, word: str, never: str
) -> None:
    said = _said(log(*frames, error=error + "\n"))
    assert word in said
    assert not never or never not in said


@pytest.mark.parametrize(
    ("text", "word", "never"),
    [
        (
            "torchrun --nproc_per_node 2 train.py\n" + DEVICES.format("cuda:0 and cuda:1"),
            "LOCAL_RANK",
            "is spread over several GPUs",
        ),
        ("KeyError: 'eval_loss'", "did not return eval_loss", "the best model is chosen"),
        (
            "TypeError: TrainingArguments.__init__() missing 1 required positional argument: "
            "'output_dir'",
            "TrainingArguments(..., output_dir=...)",
            "advise",
        ),
        (
            "model = PeftModel.from_pretrained(base, 'out')\nRuntimeError: element 0 of tensors "
            "does not require grad and does not have a grad_fn",
            "is_trainable=True",
            "",
        ),
        (
            "from_pretrained(m, torch_dtype=torch.bfloat16)\nRuntimeError: probability tensor "
            "contains either `inf`, `nan` or element < 0",
            "the base alone",
            "load and run in bfloat16",
        ),
        (
            "ValueError: You cannot fine-tune quantized model with `torch.compile()` make sure to "
            "pass a non-compiled model when fine-tuning a quantized model with PEFT",
            "leave torch.compile(model) out",
            "cannot be trained",
        ),
        (
            "TypeError: LlamaForCausalLM.__init__() got an unexpected keyword argument "
            "'attn_implementation'",
            "pip install -U transformers",
            "get_text_config()",
        ),
        (
            "ValueError: The model did not return a loss from the inputs, only the following keys: "
            "last_hidden_state. For reference, the inputs it received are input_ids.",
            "without a head",
            "hold no labels",
        ),
        ("train.py: error: unrecognized arguments: --local_rank=0", "torchrun", "--help"),
        (
            "RuntimeError: CometCallback requires comet-ml to be installed. Run `pip install x`.",
            "pip install comet-ml",
            "",
        ),
        (
            "fp16=False, bf16=True\nx: <pad><pad><pad><pad><bos><start_of_turn>user\nHi",
            "",
            "the output is empty",
        ),
        (
            "Exception: State must contain either CBt or CB matrix for backward",
            "lacks the weights",
            "cuBLAS",
        ),
        (
            'Traceback (most recent call last):\n  File "/x/site-packages/torch/export/__init__.py"'
            ", line 360, in export\n    f()\ntorch._dynamo.exc.UserError: Could not guard on data",
            "no rule here knows it",
            "TORCHDYNAMO_DISABLE",
        ),
        (
            'Traceback (most recent call last):\n  File "/x/site-packages/vllm/v1/worker/a.py", '
            "line 36, in f\n    f()\ntorch._inductor.exc.InductorError: AssertionError: odd",
            "--enforce-eager",
            "torch_compile=False",
        ),
        (
            "W1120 torch/_dynamo/convert_frame.py:900] WON'T CONVERT f /w/m.py line 5\nW1120] Set "
            "TORCHDYNAMO_VERBOSE=1 for the internal stack trace (please do\n{'loss': 1.1}",
            "no failure",
            "torch.compile was tracing",
        ),
        (
            "AttributeError: 'DataParallel' object has no attribute 'no_sync'",
            "only DistributedDataParallel has it",
            "model.module.no_sync",
        ),
        (
            "AttributeError: 'DistributedDataParallel' object has no attribute 'generat'",
            "has no generat itself",
            "is of the model in it",
        ),
        (
            'Traceback (most recent call last):\n  File "/w/s.py", line 5, in <module>\n    raise '
            'RuntimeError("Failed")\nRuntimeError: Failed to load model from file: /m/best.onnx',
            "no rule here knows it",
            "llama",
        ),
        (
            'Traceback (most recent call last):\n  File "/w/e.py", line 5, in <module>\n    '
            "df['RANK'].max()\nKeyError: 'RANK'",
            "no rule here knows it",
            "torchrun",
        ),
        (
            "srun python train.py\nValueError: Error initializing torch.distributed using env:// "
            "rendezvous: environment variable RANK expected, but not set",
            "srun (mpirun) torchrun",
            "that no launcher started",
        ),
        (
            'Traceback (most recent call last):\n  File "/h/envs/vllm/lib/python3.11/site-packages/'
            'a/b.py", line 5, in f\n    open(p)\nFileNotFoundError: [Errno 2] No such file or '
            "directory: 'out/adapter_config.json'",
            "no adapter in that folder",
            "--lora-modules",
        ),
        (
            'Traceback (most recent call last):\n  File "/w/t.py", line 50, in upload_to_s3\n    '
            "requests.put(url)\nrequests.exceptions.ConnectionError: ('Connection aborted.', "
            "BrokenPipeError(32, 'Broken pipe'))",
            "",
            "to the Hub",
        ),
        (
            'Traceback (most recent call last):\n  File "/x/site-packages/torch/nn/modules/'
            'module.py", line 17, in _call_impl\n    f()\n  File "/home/a/.cache/hub/modules/'
            'transformers_modules/x/y/1/m.py", line 20, in forward\n    self.config.rope_theta\n'
            "AttributeError: 'LlamaConfig' object has no attribute 'rope_theta'",
            "the code reads rope_theta",
            "install -U torch",
        ),
        (
            'Traceback (most recent call last):\n  File "/x/site-packages/sklearn/preprocessing/'
            '_data.py", line 10, in transform\n    X -= self.mean_\nValueError: operands could not '
            "be broadcast together with shapes (100,5) (4,) (100,5)",
            "two arrays of NumPy",
            "evaluation",
        ),
        (
            'Traceback (most recent call last):\n  File "/w/call.py", line 5, in f\n    x()\n'
            "ValueError: Missing parameters: user_id\non an Apple M2 with mlx",
            "no rule here knows it",
            "mlx-lm",
        ),
        (
            "AttributeError: 'PartialState' object has no attribute 'is_main'",
            "this release does not know that name",
            "where a trainer reads it",
        ),
        (
            "the rows go into a tokenizer of transformers\nrequests.exceptions.HTTPError: 403 "
            "Client Error: Forbidden for url: https://api.mycompany.com/v1/rows",
            "",
            "hf auth login",
        ),
        (
            "ValueError: FlashAttention 3 was requested but it is not supported on cpu",
            "",
            "fp16 was asked for",
        ),
        (
            'Traceback (most recent call last):\n  File "/w/a.py", line 3, in <module>\n    k = '
            "table['rope_type']\nKeyError: 'rope_type'",
            "",
            "rotary embedding",
        ),
        (
            "llama_adapter_lora_init: failed to apply lora adapter: failed to open GGUF file 'x'",
            "",
            "convert_lora_to_gguf",
        ),
        (
            "vllm serve unsloth/gemma-3-4b-it\nValueError: No available memory for the cache "
            "blocks.",
            "gpu_memory_utilization=0.9",
            "from_pretrained",
        ),
        (
            "ValueError: No available memory for the cache blocks.\nthe GRPO paper was read",
            "gpu_memory_utilization=0.9",
            "vllm_gpu_memory_utilization",
        ),
        (
            'scaled_dot_product_attention is used\nTraceback (most recent call last):\n  File "/w/'
            't.py", line 9, in f\n    dist.init_process_group("x")\nRuntimeError: Invalid backend: '
            "'ncll'",
            "",
            "fused attention",
        ),
        (
            "ValueError: You cannot fine-tune a purely quantized model. Please attach trainable "
            "adapters on top of the quantized model.",
            "",
            "not even with an adapter",
        ),
        (
            'Traceback (most recent call last):\n  File "/x/site-packages/sglang/srt/a.py", line '
            "9, in f\n    raise ValueError(\nValueError: Unknown quantization method: q2. Must be",
            "this SGLang has no quantization q2",
            "install -U vllm",
        ),
        (
            'I used mergekit and slerp.\nTraceback (most recent call last):\n  File "/x/site-'
            'packages/exllamav2/config.py", line 20, in f\n    g()\nValueError: Unsupported '
            "architecture Qwen3ForCausalLM",
            "exllamav2 does not know",
            "this mergekit",
        ),
        (
            "AttributeError: 'tuple' object has no attribute 'cpu'",
            "returned several values",
            "predictions hold more",
        ),
        (
            'Traceback (most recent call last):\n  File "/w/myopt.py", line 5, in step\n    m = '
            "group['momentum']\nKeyError: 'momentum'",
            "",
            "of another optimizer",
        ),
        ("RuntimeError: A GPU is required to run this notebook", "", "quantiz"),
        (
            'Traceback (most recent call last):\n  File "/w/c.py", line 3, in ask\n    f()\n  File '
            '"/x/site-packages/requests/models.py", line 8, in generate\n    raise X\nrequests.'
            "exceptions.ChunkedEncodingError: ('Connection broken: IncompleteRead(0 bytes read)')\n"
            "the answer goes through the tokenizer",
            "",
            "from the Hub",
        ),
        (
            'Traceback (most recent call last):\n  File "/w/t.py", line 3, in f\n    return text + '
            'tokenizer.eos_token\nTypeError: can only concatenate str (not "NoneType") to str',
            "missing. print(tokenizer.special_tokens_map)",
            "",
        ),
        (
            'Traceback (most recent call last):\n  File "/x/site-packages/sglang/srt/a.py", line '
            "3, in f\n    g()\nAttributeError: Model Gem does not support BitsAndBytes "
            "quantization yet.",
            "-U sglang",
            "-U vllm",
        ),
        (
            'Traceback (most recent call last):\n  File "/w/dataset.py", line 3, in f\n    x()\n  '
            'File "/x/site-packages/pyspark/sql/column.py", line 3, in f\n    g()\nTypeError: '
            "'Column' object is not callable",
            "",
            "datasets",
        ),
        (
            "load('unsloth/gemma-3-4b-it')\nRuntimeError: Trying to backward through the graph a "
            "second time",
            "goes through .detach()",
            "unsloth_zoo",
        ),
        ("error: failed to load model 'best.pt'", "", "llama.cpp's last line"),
        ("ERROR: failed to allocate compute resources in zone us-central1", "", "GGUF"),
        (
            'Traceback (most recent call last):\n  File "/w/a.py", line 3, in f\n    raise '
            "ValueError(m)\nValueError: Model type foo not supported.",
            "no rule here knows it",
            "MLX",
        ),
        (
            'Traceback (most recent call last):\n  File "/w/a.py", line 3, in f\n    s["state1"]'
            "\nKeyError: 'state1'",
            "",
            "optimizer meets",
        ),
        (
            'Traceback (most recent call last):\n  File "/w/a.py", line 3, in f\n    g(row[args.'
            'text_column])\n  File "/w/b.py", line 3, in g\n    return d["k"]\nKeyError: \'k\'',
            "",
            "text_column names",
        ),
        ("ERROR: the container stopped because of shared memory limits", "", "tied"),
        (
            "RuntimeError: GpuStatsCallback requires pynvml to be installed.",
            "",
            "report_to",
        ),
        ("Namespace(num_samples=0, lr=0.1)\n{'loss': 1.0}", "no failure", "no row is left"),
        (
            "RuntimeError: Error(s) in loading state_dict for N:\n\tMissing key(s) in state_dict: "
            '"fc1._extra_state".',
            "",
            "keys are Megatron's names",
        ),
        (
            'Traceback (most recent call last):\n  File "/x/site-packages/torchtune/a.py", line 9, '
            "in f\n    g()\nValueError: tokenizer.model not found in /tmp/m\nI want a GGUF later.",
            "this program reads",
            "converter reads for",
        ),
        ("ValueError: dtype unknown is not supported", "", "scikit-learn"),
        (
            "ValueError: Only one class present in y_true. ROC AUC score is not defined",
            "all labels are of one class",
            "argmax",
        ),
        (
            "The PyTorch layer says unexpected keyword argument 'beta'",
            "likely, not certain",
            "",
        ),
        (
            "load unsloth/gemma-3-4b-it\nValueError: When `padding_free=True` without packing, "
            "`max_length` is not enforced.",
            "padding_free=False",
            "Unsloth sets",
        ),
        (
            "ValueError: No LoRA keys associated to UNet2DConditionModel found with the prefix "
            "'unet'.",
            "no rule here knows it",
            "PeftModel",
        ),
    ],
)
def test_what_the_message_and_the_log_say_decides(text: str, word: str, never: str) -> None:
    said = _said(text + "\n")
    assert word in said
    assert not never or never not in said


def _said(text: str) -> str:
    return " ".join(str(explained(text)).split())
