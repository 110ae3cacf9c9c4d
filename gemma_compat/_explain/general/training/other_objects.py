"""Objects of another class than the code that uses them expects."""

from __future__ import annotations

from ...answer import Answer
from ...places import distribution_of
from ...unknown import OF_MODEL
from ..base import Case, General, always
from ..released import upgrade
from .called_values import called
from .quantized_otherwise import quantized_otherwise

_OF_TRL = r"(?:SFT|DPO|GRPO|KTO|ORPO|CPO|PPO|RLOO|Reward|OnlineDPO|XPO|NashMD|BCO|GKD|PRM)Trainer"


def _tuple_for_output(case: Case) -> Answer:
    name = case.match["name"]
    return Answer(
        f"a tuple stands where an output with .{name} is expected",
        (
            "model.config.return_dict = True, or return_dict=True in the call",
            f"print(type(outputs), len(outputs))   before outputs.{name}",
        ),
        why="return_dict=False, a traced or compiled model, a model that the script defines, or "
        "another class than the trainer is for (encoder and decoder in one for causal models)",
        known="the message; which of these it is, the frames say",
        settles=False,
    )


def _not_called(case: Case) -> Answer:
    name = case.match["name"]
    place = case.places[-1] if case.places else None
    if place is not None and place.module not in {"", OF_MODEL}:
        who = distribution_of(place.module)
        return Answer(
            f"{who} reads .{name} of a function, which has none",
            (
                f"{upgrade(who)}   and what it replaces or wraps, to releases of the same time: "
                "python -m gemma_compat advise",
                "the same without patches: what replaces functions of other packages, in the "
                "script or by an import?",
            ),
            why="code that replaces or wraps functions counts on a class, a method or a mark "
            "(.__wrapped__, .cache_clear) that the function of another release does not have",
            known="the message, and the last frame, which is that package's",
            settles=False,
        )
    return Answer(
        f"a function or method is used as if it were its result: .{name} is read of it",
        (f"look for brackets that are missing before .{name} in the last frame's line",),
        why="x.unsqueeze.transpose(...) in place of x.unsqueeze(0).transpose(...)",
        known="the message names the kind of the object",
        settles=False,
    )


_OF_A_CARD = {
    "total_mem": "total_memory",
    "memory_total": "total_memory",
    "totalMemory": "total_memory",
    "memory": "total_memory",
    "compute_capability": "major and .minor",
    "sm_count": "multi_processor_count",
    "multiprocessor_count": "multi_processor_count",
}


def _of_a_card(case: Case) -> Answer:
    name = case.match["name"]
    right = _OF_A_CARD.get(name)
    return Answer(
        f"what torch.cuda.get_device_properties returns has no {name}",
        (
            f"torch.cuda.get_device_properties(0).{right}"
            if right
            else "print(torch.cuda.get_device_properties(0))   shows its names",
        ),
        known="the message; total_memory, name, major, minor and multi_processor_count are there "
        "in every release of torch 2",
    )


KINDS: tuple[General, ...] = (
    General(
        "property-of-a-card-misspelled",
        r"_CudaDeviceProperties'? object has no attribute '(?P<name>\w{1,60})'",
        _of_a_card,
        {
            "AttributeError: '_CudaDeviceProperties' object has no attribute 'total_mem'": "memory",
            "AttributeError: 'torch._C._CudaDeviceProperties' object has no attribute 'foo'": (
                "print(torch.cuda"
            ),
        },
    ),
    General(
        "quantized-in-another-way",
        r"'BitsAndBytesConfig' object has no attribute 'get_loading_attributes'|"
        r"The model is quantized with (?P<here>\w{1,40}) but you are passing an? "
        r"(?P<given>\w{1,40})|"
        r"(?:CompressedTensors|AWQ|Awq|GPTQ|FP8|FineGrainedFP8|TorchAo|Mxfp4|Quanto|AutoRound|HQQ|"
        r"Hqq)Config\b[^\n:]{1,60}\bBitsAndBytesConfig",
        quantized_otherwise,
        {
            "AttributeError: 'BitsAndBytesConfig' object has no attribute "
            "'get_loading_attributes'": "leave quantization_config out",
            "(`ValueError: CompressedTensorsConfig vs BitsAndBytesConfig`)": "not quantized, for 4",
            "quantization_config: GPTQConfig or BitsAndBytesConfig": "",
            "ValueError: The model is quantized with Mxfp4Config but you are passing a "
            "TorchAoConfig config.": "TorchAoConfig",
            "ValueError: The model is quantized with GPTQConfig but you are passing a "
            "BitsAndBytesConfig config.": "QLoRA",
        },
    ),
    General(
        "tuple-for-an-output",
        r"'tuple' object has no attribute '(?P<name>logits|loss|past_key_values|hidden_states|"
        r"last_hidden_state|attentions|aux_loss|pooler_output)'",
        _tuple_for_output,
        {
            "AttributeError: 'tuple' object has no attribute 'logits'": "return_dict",
            "AttributeError: 'tuple' object has no attribute 'size'": "",
        },
    ),
    General(
        "function-in-place-of-its-result",
        r"'(?:builtin_function_or_method|function|method|method_descriptor|_lru_cache_wrapper)' "
        r"object (?:has no attribute '(?P<name>\w{1,60})'|is not (?:subscriptable|iterable))",
        lambda case: (
            _not_called(case)
            if case.match["name"]
            else Answer(
                "a function or method is used as if it were its result",
                ("look for round brackets that are missing in the last frame's line",),
                why="tokenizer.encode['x'] in place of tokenizer.encode('x')",
                known="the message names the kind of the object",
                settles=False,
            )
        ),
        {
            "AttributeError: 'builtin_function_or_method' object has no attribute 'transpose'": (
                "brackets that are missing"
            ),
            "TypeError: 'method' object is not subscriptable": "round brackets",
        },
    ),
    General(
        "value-that-is-called",
        r"'(?P<kind>str|list|dict|int|float|bool|tuple|set|Tensor|Dataset|DatasetDict|"
        r"Subset|DataLoader|BatchEncoding|BatchFeature|LoraConfig|property|cached_property|module)"
        r"' object is not callable",
        called,
        {
            "TypeError: 'Dataset' object is not callable": "square brackets",
            "TypeError: 'int' object is not callable": "of the kind int",
            "TypeError: 'str' object is not callable": "hides it",
            'Traceback (most recent call last):\n  File "/x/site-packages/transformers/x.py", line '
            "9, in f\n    return self.data_collator(features)\nTypeError: 'dict' object is not "
            "callable": "data_collator has to be a function",
        },
    ),
    General(
        "adapter-that-is-no-longer-there",
        r"(?:local variable '(?:active_adapters?)' referenced before assignment|"
        r"cannot access local variable '(?:active_adapters?)')",
        always(
            "the model is marked as one with an adapter, and no layer of an adapter is in it",
            "model._hf_peft_config_loaded = False   before save_pretrained or push_to_hub",
            "or save what merge_and_unload() returned; and pip install -U transformers peft",
            why="a merge or unload took the layers out, and the mark stayed; transformers asks "
            "the first such layer which adapter is active",
            known="the message: the name is set in a loop over layers of adapters; read in "
            "transformers 4.50.3",
            certain=False,
        ),
        {
            "UnboundLocalError: local variable 'active_adapters' referenced before assignment": (
                "_hf_peft_config_loaded"
            ),
            "UnboundLocalError: cannot access local variable 'active_adapter' where it is not "
            "associated with a value": "merge_and_unload",
        },
    ),
    General(
        "adapter-named-twice-in-its-keys",
        r"lora_[AB]\.(?P<adapter>\w{1,40})\.(?P=adapter)\.weight",
        lambda case: Answer(
            "keys of an adapter hold its name twice, so no weight finds its place: "
            f"{case.match['adapter']}.{case.match['adapter']}",
            (
                "PeftModel.from_pretrained(base, FOLDER)   on what save_pretrained wrote, which "
                "leaves the name out of the file",
                f"or keys.replace('.{case.match['adapter']}.weight', '.weight')   on the file's "
                "keys, before set_peft_model_state_dict",
            ),
            why="PEFT puts the adapter's name into each key at loading; a file that was written "
            "with torch.save(model.state_dict()) has it already",
            known="the key that the log shows",
            certain=False,
            settles=False,
        ),
        {
            "k became `base_model.model.model.layers.0.self_attn.q_proj.lora_A.default.default."
            "weight`": "twice",
        },
        alone=True,
    ),
    General(
        "trainer-of-trl-before-its-time",
        rf"(?P<method>{_OF_TRL}\.\w{{3,40}})\(\) (?:got an unexpected keyword argument "
        r"'(?:num_items_in_batch|start_time|train_dataset|trial)'|"
        r"takes (?:from )?\d[^\n]{0,30}positional arguments? but \d+ (?:was|were) given)",
        lambda case: (
            None
            if case.is_of_the_script
            else Answer(
                f"TRL's own {case.match['method']} has the signature of an older transformers",
                (
                    "pip install -U trl",
                    "or transformers of TRL's time: python -m gemma_compat advise --with trl",
                ),
                why="transformers 4.46 hands num_items_in_batch to compute_loss and training_step, "
                "4.47 start_time to log, 4.52 a data set to _get_train_sampler; TRL took each up a "
                "release later",
                known="the message names TRL's class; the releases were read in the wheels of "
                "transformers. A class of the script that bears TRL's name would look the same",
            )
        ),
        {
            "TypeError: DPOTrainer.log() takes 2 positional arguments but 3 were given": (
                "pip install -U trl"
            ),
            "TypeError: SFTTrainer.compute_loss() got an unexpected keyword argument "
            "'num_items_in_batch'": "pip install -U trl",
            'Traceback (most recent call last):\n  File "/w/a.py", line 1, in f\n    '
            "trainer.train(3, 4)\nTypeError: DPOTrainer.train() takes 2 positional arguments but 3 "
            "were given": "",
        },
    ),
    General(
        "method-of-lora-alone",
        r"'(?P<owner>(?:AdaLora|PrefixTuning|PromptEncoder|Vera|FourierFT|OFT|BOFT|LNTuning|Xlora|"
        r"MultitaskPromptTuning|Poly|LoHa|LoKr|Hra|Bone|VBLoRA|Random|MixedModel)\w{0,10}(?:Model)?)"
        r"' object has no attribute '(?P<name>add_weighted_adapter|subtract_mutated_init|"
        r"merge_adapter|unmerge_adapter|merge_and_unload|unload|delete_adapter)'",
        lambda case: Answer(
            f"{case.match['owner']} has no {case.match['name']}: in PEFT that is of LoRA, and of "
            "some other methods",
            (
                "model = model.merge_and_unload()   for each adapter on its base, where the method "
                "can merge",
                "or train with LoraConfig, whose adapters can be combined",
            ),
            why="each method of PEFT has its own class; prompts and prefixes add tokens, and "
            "nothing can be added to weights",
            known="the message names the class",
            settles=False,
        ),
        {
            "AttributeError: 'AdaLoraModel' object has no attribute 'add_weighted_adapter'": (
                "LoraConfig"
            )
        },
    ),
    General(
        "loss-without-labels",
        r"(?:cross_entropy_loss|nll_loss\w{0,8}|binary_cross_entropy\w{0,14}|mse_loss)\(\): "
        r"argument 'target' \(position 2\) must be Tensor, not NoneType",
        always(
            "a loss is computed, and the labels are None",
            "print(batch.keys())   : is labels among them?",
            "DataCollatorForLanguageModeling(tokenizer, mlm=False)   makes them from input_ids",
            "remove_unused_columns=False   where the Trainer dropped a column of another name",
            known="torch names the argument",
            settles=False,
        ),
        {
            "TypeError: cross_entropy_loss(): argument 'target' (position 2) must be Tensor, not "
            "NoneType": "labels"
        },
    ),
)
