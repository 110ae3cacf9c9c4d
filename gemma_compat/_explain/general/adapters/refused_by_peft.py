"""What PEFT and bitsandbytes refuse when adapters are made, combined and run."""

from __future__ import annotations

from ..base import General
from ..refused import Row, refused

_PEFT: tuple[Row, ...] = (
    Row(
        "ValueError: Cannot set a prompt learning adapter to trainable when loading pretrained "
        "adapter.",
        r"Cannot set a prompt learning adapter to trainable when loading pretrained adapter",
        "an adapter of a prompt method is loaded with is_trainable=True, and PEFT loads such ones "
        "for use alone",
        (
            "leave is_trainable out, where it is to answer",
            "to train on: get_peft_model(base, config) anew, and set_peft_model_state_dict(model, "
            "load_peft_weights(FOLDER))",
        ),
    ),
    Row(
        "ValueError: input_ids must be provided for Peft model generation",
        r"input_ids must be provided for Peft model generation",
        "generate() of a prompt method's adapter got no input_ids by name",
        ("model.generate(input_ids=inputs['input_ids'], attention_mask=inputs['attention_mask'])",),
    ),
    Row(
        "ValueError: Model does not support past key values which are required for prefix tuning.",
        r"Model does not support past key values which are required for prefix tuning",
        "prefix tuning hands the model past_key_values, and its forward() takes none",
        ("LoraConfig   in place of PrefixTuningConfig, for this model",),
    ),
    Row(
        "ValueError: Adapter sql does not exist",
        r"ValueError: Adapter (\S{1,60}) does not exist",
        "no adapter {0} is loaded in the model",
        (
            "print(list(model.peft_config))   : the names that are loaded",
            'model.load_adapter(FOLDER, adapter_name="{0}")   before it is used',
        ),
        "an adapter that is loaded without a name is called default",
    ),
    Row(
        "ValueError: Invalid combination_type: svd2",
        r"Invalid (?:combination_type|value passed to combination type): (\S{1,40})",
        "adapters are to be added up by {0}, which PEFT does not know",
        (
            'combination_type="svd"   (any ranks), "linear" (equal ranks) or "cat"',
            '"ties", "dare_linear", "dare_ties", "magnitude_prune" and the same with _svd need '
            "PEFT 0.10 or newer",
        ),
    ),
    Row(
        "ValueError: The input config must be a PeftConfig, got <class 'dict'>",
        r"The input config must be a PeftConfig, got <class '([\w.]{1,80})'>",
        "PeftModel.from_pretrained is given {0} as config, and takes a PeftConfig",
        (
            "PeftModel.from_pretrained(base, FOLDER)   : it reads adapter_config.json itself",
            "or config=PeftConfig.from_pretrained(FOLDER)",
        ),
    ),
    Row(
        "ValueError: Cannot pass `adapter_names` when DoRA is enabled.",
        r"Cannot pass `adapter_names` when DoRA is enabled",
        "adapter_names chooses an adapter for each row, which adapters of DoRA do not take",
        ("model.set_adapter(NAME)   and a batch for each adapter",),
    ),
    Row(
        "ValueError: Cannot merge LORA layers when the model is loaded in 8-bit mode",
        r"Cannot merge LORA layers when the model is (loaded in 8-bit mode|gptq quantized)",
        "an adapter is to be merged into quantized weights, which this PEFT does not do",
        (
            "base = AutoModelForCausalLM.from_pretrained(BASE, torch_dtype=torch.bfloat16); "
            "PeftModel.from_pretrained(base, ADAPTER).merge_and_unload()",
            "or pip install -U peft   : newer ones merge into 8 bits of bitsandbytes, with a loss "
            "from rounding",
        ),
        "the message is that of PEFT 0.5 and older",
    ),
    Row(
        "ImportError: gptqmodel requires optimum version `1.24.0` or higher. Found version "
        "`1.20.0`, but only versions above `1.24.0` are supported",
        r"gptqmodel requires optimum version `([\w.]{1,20})` or higher",
        "PEFT found gptqmodel, and optimum is older than {0} or missing",
        (
            "pip install -U 'optimum>={0}'   and restart the kernel",
            "or pip uninstall gptqmodel   where no GPTQ model is used",
        ),
    ),
)

_BNB: tuple[Row, ...] = (
    Row(
        "TypeError: Input tensors need to be on the same GPU, but found the following tensor and "
        "device combinations:\n [(torch.Size([1, 4]), device(type='cuda', index=0))]",
        r"(?<!All )\bInput tensors need to be on the same GPU, but found the following",
        "a layer of bitsandbytes got its input on another device than its weights",
        (
            'device_map={"": 0}   (one card), or {"": local_rank} where each process has its own',
            "and no model.to(...) after a device_map that spreads the model",
        ),
    ),
    Row(
        "ValueError: There should be exactly one `quant_state` item with ending from "
        "['bitsandbytes__fp4', 'bitsandbytes__nf4'].\nDetected [].",
        r"There should be exactly one `quant_state` item with ending from|Expected packed or "
        r"unpacked quant_state items, found neither",
        "the weights are packed in 4 bits, and what they were packed with (quant_state) is not in "
        "the checkpoint as bitsandbytes expects it",
        (
            "load the base model that is not quantized, with BitsAndBytesConfig(load_in_4bit=True)",
            "or save the checkpoint again with model.save_pretrained(...) of the model as it was "
            "loaded (transformers 4.37 and bitsandbytes 0.41.3 or newer)",
        ),
        "a state dict that was gathered, merged or renamed by hand loses those entries",
    ),
    Row(
        "NotImplementedError: Device type not supported for FP4 quantization: cpu",
        r"Device type not supported for FP4 quantization: (\w{2,12})",
        "weights are to be packed in 4 bits on {0}, which this bitsandbytes does on CUDA alone",
        (
            'device_map={"": 0}   so that the weights go to the card',
            "pip install -U bitsandbytes   : newer ones have 4 bits on the CPU and other devices",
        ),
    ),
    Row(
        "Exception: State must contain either CBt or CB or CxB matrix for backward",
        r"State must contain either CBt or CB or CxB matrix for backward",
        "a layer in 8 bits lost its weights' integers before the backward pass",
        (
            "pip install -U bitsandbytes peft transformers",
            "BitsAndBytesConfig(load_in_4bit=True)   in place of 8 bits",
            "and no model.to(...), .half() or .float() on the quantized model",
        ),
    ),
)

KINDS: tuple[General, ...] = (
    refused(
        "adapter-calls-refused",
        ("peft",),
        _PEFT,
        "the message; its condition was read in peft 0.5.0 to 0.21.2",
        {
            "Which combination_type should I use? Invalid ones raise.": "",
            'Traceback (most recent call last):\n  File "/x/site-packages/odd/use.py", line 3, in '
            "f\n    raise ValueError(\nValueError: Adapter sql does not exist": "",
        },
    ),
    refused(
        "bits-of-bitsandbytes-refused",
        ("bitsandbytes",),
        _BNB,
        "the message; its condition was read in bitsandbytes 0.39.1 to 0.45.5",
    ),
)
