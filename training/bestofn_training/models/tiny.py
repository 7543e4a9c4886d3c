"""Models of some 90,000 parameters, and tokenizers, made on the spot: for tests, for the CPU
twins of the recipes and for examples, where no model can be downloaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

TEMPLATE = (
    "{% for turn in messages %}<|im_start|>{{ turn['role'] }}\n{{ turn['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def tiny_tokenizer(
    texts: Iterable[str] = (), *, vocabulary: int = 320, whole: Iterable[str] = ()
) -> PreTrainedTokenizerFast:
    """A byte-level tokenizer, so that any text can be encoded; merges are learned from ``texts``.

    Args:
        texts: What to learn frequent pieces from.
        vocabulary: Tokens at most; 256 bytes and 3 special tokens are always among them.
        whole: Texts that are one token each, besides these.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=["<pad>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens(list(whole))
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="<|im_end|>",
        chat_template=TEMPLATE,
    )


def tiny_model(
    *,
    vocabulary: int = 320,
    hidden: int = 32,
    layers: int = 2,
    heads: int = 4,
    head: int | None = None,
    spread: float = 0.02,
    context: int = 512,
    seed: int = 0,
    attention: str = "sdpa",
) -> Qwen3ForCausalLM:
    """A Qwen3 with random weights; the caller's random numbers are left as they were.

    Args:
        vocabulary: Tokens.
        hidden: Width; a multiple of 8.
        layers: Depth.
        heads: Attention heads, half as many for keys and values; even.
        head: Their width; by default ``hidden`` over ``heads``. vLLM on a CPU needs 32.
        spread: Standard deviation of the embeddings, which are also the output layer: at 0.02
            logits stay below 1, and adapters, which leave that layer alone, cannot teach such a
            model to be sure of anything.
        context: Positions.
        seed: Of the weights.
        attention: ``eager`` is twice differentiable.
    """
    config = Qwen3Config(
        vocab_size=vocabulary,
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads // 2,
        head_dim=head or hidden // heads,
        max_position_embeddings=context,
        tie_word_embeddings=True,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=2,
    )
    config._attn_implementation = attention
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        make: Callable[[Qwen3Config], Qwen3ForCausalLM] = Qwen3ForCausalLM
        model = make(config)
    with torch.no_grad():
        model.model.embed_tokens.weight.mul_(spread / config.initializer_range)
    return model
