"""List benign lines that look like trouble, and what each means. None is reported as a failure."""

from __future__ import annotations

from .gemma_notices import GEMMA_NOTICES
from .notice import Notice

NOTICES: tuple[Notice, ...] = (
    Notice(
        "cache-and-checkpointing",
        r"`?use_cache ?= ?True`? is incompatible with gradient checkpointing",
        "transformers turns the cache off for this forward, because checkpointing would fill it "
        "twice. Training is right. It has nothing to do with the GPU, nor with an error that "
        "comes later, at evaluation for example.",
    ),
    Notice(
        "cache-and-checkpointed-layer",
        r"Caching is incompatible with gradient checkpointing in \w+\. Setting",
        "a checkpointed layer gets no cache, since it would be filled twice. Training is right, "
        "unless layers share keys and values or a prefix is trained (GC104, GC204).",
    ),
    Notice(
        "default-use-reentrant",
        r"the use_reentrant parameter should be passed explicitly",
        "torch asks for an explicit use_reentrant. Pass "
        "gradient_checkpointing_kwargs={'use_reentrant': False} (from transformers 5.23 on "
        "activation_checkpointing_kwargs).",
    ),
    Notice(
        "eager-attention-advised",
        r"strongly recommended to train Gemma ?\d?n? models with the `eager` attention",
        "advice of transformers 4.42 to 4.56. Gemma 2 needs it (its attention soft-capping); "
        "Gemma 3 trains as well with sdpa.",
    ),
    Notice(
        "new-head",
        r"^\W{0,4}(?:score|classifier|classification_head|qa_outputs)\.[\w.]{1,60}\s*\|\s*MISSING",
        "a checkpoint of a language model has no head for classes: transformers made one, and "
        "training fills it.",
    ),
    Notice(
        "towers-left-out",
        r"^\W{0,4}(?:model\.)?(?:vision_tower|audio_tower|multi_modal_projector|embed_vision|"
        r"embed_audio)\.[^|\n]{1,100}\|\s*UNEXPECTED",
        "the file has towers for images or sound, and the class that was loaded is for text: they "
        "are left out.",
    ),
    Notice(
        "gradient-accumulation-unsloth",
        r"\b\w{3,60} does not accept `?num_items_in_batch\b",
        "a line of Unsloth's, which begins with 'Not an error': with gradient accumulation the "
        "loss is averaged a little differently. It does not stop a run; compare one run with "
        "gradient_accumulation_steps=1 if in doubt.",
    ),
    Notice(
        "float32-under-unsloth",
        r"Unsloth: Switching to float32 training since model cannot work with float16",
        "Unsloth keeps Gemma 3 from overflowing float16 on a GPU without bfloat16. It is the cure.",
    ),
    Notice(
        "no-gradient-into-checkpoint",
        r"None of the inputs have requires_grad=True\. Gradients will be None",
        "harmless where an evaluation or a frozen tower runs under checkpointing. In training of "
        "an adapter, call model.enable_input_require_grads(): else nothing is learned.",
    ),
    Notice(
        "flash-attention-on-cpu",
        r"attempting to use Flash Attention 2(?:\.0)? with a model not initialized on GPU(?! and)",
        "the model was loaded on the CPU and is moved later. Nothing to do.",
    ),
    Notice(
        "torch-dtype-renamed",
        r"`torch_dtype` is deprecated! Use `dtype` instead",
        "the argument was renamed. Both work.",
    ),
    Notice(
        "tokenizer-renamed",
        r"`tokenizer` is deprecated and will be removed in version .{0,40}processing_class",
        "the argument of Trainer is called processing_class now. Both work until it is removed.",
    ),
    Notice(
        "special-tokens-aligned",
        r"The tokenizer has new PAD/BOS/EOS tokens that differ from the model config",
        "the Trainer copies the tokenizer's special tokens into the model's config.",
    ),
    Notice(
        "fast-processor-by-default",
        r"Using a slow image processor as `use_fast` is unset",
        "about speed and tiny differences of the pixels only.",
    ),
    Notice(
        "hooks-of-bitsandbytes",
        r"MatMul8bitLt: inputs will be cast from torch\.\w+ to float16 during quantization",
        "how LLM.int8 works. Gemma 3 can overflow float16 there: prefer 4 bits with bfloat16 "
        "compute.",
    ),
    Notice(
        "cuda-plugins-registered-twice",
        r"Unable to register cu\w+ factory: Attempting to register factory for plugin cu\w+ when",
        "TensorFlow, imported by something, says so on every notebook host. It takes no part.",
    ),
    Notice(
        "torchao-left-out",
        r"Unsloth: Ignoring an unusable torchao so LoRA can still be built",
        "Unsloth leaves the old torchao out, so that PEFT does not stop at it. Nothing to do.",
        caught=True,
    ),
    Notice(
        "faster-kernel-not-loaded",
        r"Failed to load CPU gemm_4bit_forward from kernels-community",
        "bitsandbytes looks for a faster kernel for 4 bits on the CPU, and goes on with its own.",
        caught=True,
    ),
    Notice(
        "liger-backend-not-loaded",
        r"Backend impl 'liger_kernel\.ops\.backends\.\w{1,40}\.\w{1,40}' for op '\w{1,40}' "
        r"could not",
        "Liger tries the kernels of several makers and goes on with those that this machine has.",
        caught=True,
    ),
    Notice(
        "generation-flags-ignored",
        r"The following generation flags are not valid and may be ignored",
        "the checkpoint's generation config holds sampling options that are off here. It is about "
        "generation only.",
    ),
    Notice(
        "vocabulary-not-compared",
        r"Could not find a config file in .* - will assume that the vocabulary was not modified",
        "PEFT could not compare the vocabulary with the base model's. It matters only where tokens "
        "were added: then save the embeddings too (save_embedding_layers=True).",
    ),
    Notice(
        "on-several-devices-already",
        r"The model is already on multiple devices\. Skipping the move to device",
        "device_map spread the model over GPUs, and the Trainer leaves it there.",
    ),
    Notice(
        "label-names-unknown",
        r"No label_names provided for model class `Peft",
        "the Trainer cannot see the labels through PEFT's wrapper. Training is right; where "
        "eval_loss is missing, pass label_names=['labels'].",
    ),
    Notice(
        "tokenizers-forked",
        r"huggingface/tokenizers: The current process just got forked",
        "the tokenizer switches its own threads off. TOKENIZERS_PARALLELISM=false silences it.",
    ),
    Notice(
        "flash-attention-broken-under-unsloth",
        r"Your Flash Attention 2 installation seems to be broken",
        "Unsloth found a flash-attn that does not load (built for another torch), and uses "
        "xformers or torch's attention. Training is right and about as fast. pip uninstall -y "
        "flash-attn ends the line.",
    ),
    Notice(
        "one-gpu-under-unsloth",
        r"Unsloth: 'CUDA_VISIBLE_DEVICES' is currently",
        "an Unsloth of that time uses one GPU and hides the others. Training is right; "
        "CUDA_VISIBLE_DEVICES=0 before the command ends the line.",
    ),
    Notice(
        "linux-kernel-below-the-advised",
        r"Detected kernel version \d[\d.]{1,10}, which is below the recommended minimum",
        "accelerate advises a Linux kernel of 5.5 or newer: older ones can stall at collectives. "
        "It matters only where a run with several processes stands still.",
    ),
    Notice(
        "dropout-under-unsloth",
        r"Unsloth: Dropout = 0 is supported for fast patching",
        "with lora_dropout above 0 Unsloth leaves its fast LoRA kernels out. Training is right, "
        "and slower.",
    ),
    Notice(
        "extensions-of-torchao-skipped",
        r"Skipping import of cpp extensions due to incompatible torch version",
        "torchao was built for another torch and goes on without its compiled parts. It matters "
        "only where torchao quantizes; pip install -U torchao fits it to the torch that is here.",
    ),
    Notice(
        "attention-mask-not-set",
        r"The attention mask (?:is not set and cannot be inferred|and the pad token id were not "
        r"set)",
        "generate was given input_ids alone. For one prompt without padding the result is right; "
        "for a batch pass the mask: generate(**tokenizer(texts, return_tensors='pt', padding="
        "True)), with padding_side='left'.",
    ),
    Notice(
        "offloading-under-unsloth",
        r"Unsloth: Will smartly offload gradients to save VRAM",
        "use_gradient_checkpointing='unsloth' keeps activations in the machine's memory. Nothing "
        "to do.",
    ),
    Notice(
        "sliding-window-under-eager",
        r"Sliding Window Attention is enabled but not implemented for `eager`",
        "transformers prints this for models with a window and eager attention; a Gemma's own "
        "eager attention masks the window.",
    ),
    Notice(
        "stopped-by-hand",
        r"^(?:\[[\w:, -]{1,40}\]:? ?|\([^)\n]{1,60}\) ?|\d{1,4}: ?)?KeyboardInterrupt\b",
        "the run was stopped by hand.",
    ),
    *GEMMA_NOTICES,
)
