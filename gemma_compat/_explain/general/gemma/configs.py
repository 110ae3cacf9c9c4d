"""What is refused of a Gemma's config, cache, loss or wrapper."""

from __future__ import annotations

from .. import read_in
from ..base import always
from .parallel import Part

_BOTH_SIDES = "the message; read in transformers 5.23.0"

CONFIGS: tuple[Part, ...] = (
    Part(
        r"attention (?:implementation )?does not support `softcap`|"
        r"does not support (?:final_logit_softcapping|logit softcapping)|"
        r"This model softcaps attention logits, which needs Flash Attention",
        always(
            "this attention or loss has no capping of scores, which this model was pretrained with",
            "attn_implementation='eager' at loading   (for the attention)",
            "or flash_attention_2 with flash-attn 2.6.2 or newer, on a card from Ampere on",
            "for the loss: the plain one, without the chunked or fused kernel (MaskedCrossEntropy "
            "in Automodel)",
            why="without the cap it would be another network; the release refuses rather than "
            "train that",
            known="the message; read in transformers 5.23.0, nemo_automodel 0.7.0 and "
            "liger-kernel 0.8.5",
        ),
        (
            "ValueError: `sdpa` attention does not support `softcap`. Try using `eager`, "
            "`flex_attention`, or the few FA kernels supporting it",
            "'eager'",
        ),
    ),
    Part(
        r"Could not find a `sliding_window` argument in the config, or it is not set|"
        r"`?sliding_window`? must be set for `?sliding|when passing `sliding_window` that its value"
        r" is a strictly positive|Sliding window must be a positive integer, but got",
        always(
            "layer_types names sliding layers, and the config has no window for them",
            "sliding_window and layer_types as in the published config.json of this member",
            why="a config made by hand, or one that a tool set to null, lost it",
            known="the message",
        ),
        (
            "ValueError: Could not find a `sliding_window` argument in the config, or it is not "
            "set",
            "published config.json",
        ),
    ),
    Part(
        r"(?:Cannot `crop` a `DynamicSlidingWindowLayer`|`crop` was called, but the current layer "
        r"does not track past states|`DynamicSlidingWindowLayer` can only be cropped by passing)",
        always(
            "drafted tokens are to be taken back out of a cache that keeps the last tokens only",
            "generate without assistant_model and prompt_lookup_num_tokens",
            "or pip install -U transformers; in a loop of your own activate_past_recording() "
            "before the first forward, and a negative number for crop()",
            why="sliding layers of a Gemma forget what left the window",
            known=read_in.TRANSFORMERS,
        ),
        (
            "ValueError: Cannot `crop` a `DynamicSlidingWindowLayer` after it has seen more tokens "
            "than itssliding window (otherwise some states are lost)",
            "prompt_lookup_num_tokens",
        ),
    ),
    Part(
        r"Setting `cache_implementation` to '(?:hybrid|sliding_window)' requires the model config",
        always(
            "this model has no sliding window, so it takes no such cache",
            "cache_implementation='dynamic', or leave it out",
            known="the message",
        ),
        (
            "ValueError: Setting `cache_implementation` to 'hybrid' requires the model config "
            "supporting sliding window attention",
            "'dynamic'",
        ),
    ),
    Part(
        r"(?:intermediate_size must have an explicit intermediate size for every layer|"
        r"activation_sparsity_pattern must have an explicit activation sparsity)",
        always(
            "Gemma 3n has one value for each layer in intermediate_size and "
            "activation_sparsity_pattern, and another number of layers now",
            "lists of num_hidden_layers values: cut them with the layers",
            known=read_in.TRANSFORMERS,
        ),
        (
            "ValueError: intermediate_size must have an explicit intermediate size for every layer "
            "or one for all layers. Expected 30 values but got 35.",
            "cut them",
        ),
    ),
    Part(
        r"(?:hidden_size_per_layer_input must be 0|enable_moe_block must be False|"
        r"use_double_wide_mlp must be False|vocab_size_per_layer_input must be 0), got|"
        r"All layers in a Gemma 4 Assistant models must be shared",
        always(
            "the config of a Gemma 4 assistant was made from that of a whole model",
            "AutoConfig.from_pretrained of the published assistant of that member",
            known=read_in.TRANSFORMERS,
        ),
        ("ValueError: hidden_size_per_layer_input must be 0, got 256", "published assistant"),
    ),
    Part(
        r"inputs_embeds and shared_kv_states cannot be None|"
        r"`model_outputs` cannot be None, and they need to contain `hidden_states` and `shared_kv|"
        r"assistant drafter requires the MTP round-loop|"
        r"is an MTP draft model that requires a target model|"
        r"bind\(target_model\) must be called before draft_block",
        always(
            "a Gemma 4 assistant was run by itself: it drafts for its model and cannot stand alone",
            "model.generate(..., assistant_model=assistant)",
            "in mlx-vlm: --draft-kind mtp",
            why="it reads hidden states and the shared keys and values of the model",
            known="the message",
        ),
        (
            "ValueError: inputs_embeds and shared_kv_states cannot be None.",
            "assistant_model=",
        ),
    ),
    Part(
        r"Imbalanced encoder-decoder (?:vocabulary size )?is not supported in T5Gemma2|"
        r"T5Gemma\d?Model only support encoder-decoder modeling|"
        r"T5GemmaEncoderModel only supports encoder-only model",
        always(
            "encoder and decoder in this config are not those of a T5Gemma that its class takes",
            "AutoModelForSeq2SeqLM for a whole T5Gemma; T5GemmaEncoderModel with "
            "is_encoder_decoder=False for the encoder alone",
            "for T5Gemma 2: hidden sizes and vocabularies of both sides alike, as published",
            known=_BOTH_SIDES,
        ),
        (
            "ValueError: T5GemmaModel only support encoder-decoder modeling. Use "
            "`T5GemmaEncoderModel` instead.",
            "AutoModelForSeq2SeqLM",
        ),
    ),
    Part(
        r"in `model_kwargs` must be of type `EncoderDecoderCache` for T5Gemma|"
        r"The internal cache must be of type `EncoderDecoderCache` for T5Gemma",
        always(
            "generate got a cache for a decoder alone, and a T5Gemma has two sides",
            "leave past_key_values out: generate makes the cache",
            "or EncoderDecoderCache(DynamicCache(), DynamicCache())",
            known=_BOTH_SIDES,
        ),
        (
            "ValueError: The `past_key_values` in `model_kwargs` must be of type "
            "`EncoderDecoderCache` for T5Gemma model.",
            "EncoderDecoderCache(",
        ),
    ),
    Part(
        r"Passing input embeddings is currently not supported for T5Gemma",
        always(
            "classes for classification of a T5Gemma take input_ids and no inputs_embeds",
            "give input_ids; leave prompt tuning and neftune_noise_alpha out",
            known=_BOTH_SIDES,
        ),
        (
            "NotImplementedError: Passing input embeddings is currently not supported for "
            "T5GemmaForSequenceClassification in encoder-decoder mode.",
            "input_ids",
        ),
    ),
    Part(
        r"self\.model\.config\.decoder\.(?:bos|pad)_token_id has to be defined|"
        r"`pad_token_id` is required for padding information",
        always(
            "the config of this T5Gemma lacks the token id that its decoder begins or pads with",
            "model.config.decoder.bos_token_id = tokenizer.bos_token_id; "
            "model.config.decoder.pad_token_id = tokenizer.pad_token_id",
            known=_BOTH_SIDES,
        ),
        (
            "ValueError: self.model.config.decoder.bos_token_id has to be defined. ",
            "tokenizer.bos_token_id",
        ),
    ),
    Part(
        r"The model must be Gemma\w{4,40}|"
        r"model have to be of type PaliGemmaForConditionalGeneration|"
        r"The vision tower must be SiglipVisionModel|"
        r"The language_model of a PaliGemma model must be either GemmaForCausalLM",
        always(
            "Liger's function was called on another class than it changes: a wrapper (PEFT, "
            "torch.compile) or another member",
            "call it without model=, before from_pretrained",
            "or on the model before get_peft_model; or use_liger_kernel=True in the Trainer",
            known=read_in.LIGER,
        ),
        ("TypeError: The model must be Gemma3ForCausalLM.", "use_liger_kernel=True"),
    ),
    Part(
        r"skip_logits is True, but both labels and shift_labels are None",
        always(
            "Liger's forward was told to leave the logits out, and got no labels to make a loss of",
            "labels in the batch; at evaluation without labels, skip_logits=False",
            known=read_in.LIGER,
        ),
        (
            "ValueError: skip_logits is True, but both labels and shift_labels are None",
            "skip_logits=False",
        ),
    ),
    Part(
        r"Cannot ensure weight tying when different token indices are specified for tied layers",
        always(
            "trainable_token_indices names other tokens for the embeddings than for the head, "
            "which are one matrix",
            "trainable_token_indices=[ids]   one list, without the names of layers",
            known=read_in.PEFT,
        ),
        (
            "ValueError: Cannot ensure weight tying when different token indices are specified for "
            "tied layers. Conflicting layers: ['lm_head'].",
            "one list",
        ),
    ),
    Part(
        r"uses `gelu_pytorch_tanh` as the hidden activation(?: function\. Please set|\. Got)|"
        r"expects hidden_activation='gelu_pytorch_tanh', got|"
        r"Activation function \S{1,40} is not supported for Gemma models",
        always(
            "the config names another activation than this Gemma was trained with",
            "hidden_activation and hidden_act: gelu_pytorch_tanh in config.json (in its "
            "text_config too)",
            known="the message; read in vllm 0.33.0 and sglang 0.5.23",
        ),
        (
            "ValueError: Gemma2 uses `gelu_pytorch_tanh` as the hidden activation function. Please "
            "set `hidden_activation` to `gelu_pytorch_tanh`.",
            "config.json",
        ),
    ),
    Part(
        r"requested tie_word_embeddings=\w{4,5} but the checkpoint declares|"
        r"ties its input and output embeddings and does not support tie_word_embeddings=False",
        always(
            "the run asks for another tie of head and embeddings than the checkpoint has",
            "leave tie_word_embeddings out of the recipe",
            why="untied, the head would be random; tied, a trained head would be dropped",
            known=read_in.AUTOMODEL,
        ),
        (
            "NotImplementedError: Gemma3ForCausalLM: requested tie_word_embeddings=False but the "
            "checkpoint declares tie_word_embeddings=True.",
            "leave tie_word_embeddings out",
        ),
    ),
)
