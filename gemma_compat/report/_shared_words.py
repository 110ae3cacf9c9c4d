"""The words that names of public classes, methods, modules and parameters are made of.

From the Gemmas of transformers, PEFT's methods, optimizers, ways to quantize and the model types
that a stack may hold; single letters and digits do not count. A name that has any other word may
come from the user's code, and is not shared.
"""

_TEXT = """
abs accelerate accept accepted act activation adafactor adagrad adalomo adalora adamss adamw
adaption adaptive ademamix albert all alpha alt altup and answering any anyprecision apex apollo
aqlm architectures argmax assistant async at attention attn attribute audio auto avg awq axes
backward baichuan bart base beft bert bf bfloat bias bidirectional bin bit bitnet bitsandbytes
block bloom bnb boa boft bone bool bos bound buffer build builtins by bytes cache call canvas cap
cartridge causal centroids channel channels chatglm chunked class classification classifier clip
clippable clipping code codegemma coefs cohere collection colpali command compile compiled complex
compressed compute conditional conditioning confident config conformer constant context conv
conversion corda correct correction cosine cpt cpu criteria cross cuda cumulative data datagemma
ddp deberta decoder deepseek deepspeed deft delora dense deprecated depthwise derivative device
dft dict diffusion diffusiongemma dim dims dinov dir distil doc dolphingemma dora double down dpo
dropout dtype dynamic eager eetq electra emb embed embedder embedding embeddinggemma embeddings
enable enc encoder end entropy eoa eoi eos eq ernie error eva exaone exception expert experts
extractor fa falcon false fast fbgemm fc feature feed feedforward ffw file filter filters final
flash flax flex float floating floor fn fnuz for format forward fourierft fouroversix fp frame
free freq frod from fsdp full function functiongemma fused galore gate gaussian geglu gelu gemma
generate generation generator gfx gguf glm global glora gpt gptq gradient gralora granite
grokadamw group grpo half hard has hash head heads hex hf hidden higgs hip hira history hop
horizon hqq hra hybrid ia id idefics ids image images import in index init initializer inner input
int intermediate internlm internvl inv inverse is iter jamba kernel keys kimi known kto kv kwargs
language laurel layer layernorm layers layerwise lconv left len length light lily linear ling lion
list llama llava lm ln lo load loader loftq logit logits loha lokr lomo lora loss lru mamba map
marian mask masked max mean med medgemma mel memory merged metal min minicpm ministral miss
missing mistral mixed mixin mixtral mllama mlp mm modal modality model module modules moe mps mpt
mt multi multihead multimodal multitask musa mxfp name nemotron neo neox new next nf nll no none
norm normalizer norms not npu num nvfp object oct of off offload oft olmo olora on online open opt
ord ordering original orpo orthogonal osf oss out output overflow package pad paged pali paligemma
parallel param parameters parts past patch patches pattern peanut peft pegasus per phi pil pissa
pixtral plateau ple policy poly polynomial pool pooler pooling pos posemb position positional post
pow ppo pre prediction prefix prepare prm probe process processor proj projection projections
projector prompt psoft pvera pytorch qkv qlora quant quantized quanto quark query question quick
qwen ra radam randlora range rank recurrent recurrentgemma reduce reduction reference regression
rel relative relu renoise restarts reward rg rglru right rloo rms rmsnorm rmsprop road roberta
rocm rope rotary round router rslora runtime sample sampler save scalar scale scaled schedule
score sdpa seed self sequence set sft sgd shadow shared shield shieldgemma shira side siglip
sigmoid silu sincos single sinq size slice sliding sm smollm smolvlm soft softcap softcapping
sorted sp spec spqr sqrt sscp stable stage starcoder start state states static std stddev step
stopping str sub subsample subsampling sum super supertuning swiglu system tab table tanh target
temperature temporal tensor tensors text tgemma theta think tie timeout timescales tinylora to
token tokenizer tokens tool top torch torchao tower towers trainable trained training transformer
transformers translategemma trl true tuning tuple turn txgemma type types uint ul unembed unicode
unified unilora unique unk unsloth up use valid value values vars vault vaultgemma vblora vera
video vision vit vl vocab vptq warmup warning waveft weight weights whisper wide width window with
without wk wo word wq wrap wv xla xlora xpu yes yi zamba zip
"""
WORDS = frozenset(_TEXT.split())
