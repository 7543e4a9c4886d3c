"""Write a tiny random Qwen3 with tokenizer, chat template and LoRA adapters, without downloads.

Usage: ``python make_tiny_model.py FOLDER`` leaves ``FOLDER/model`` and ``FOLDER/adapter``. The
model answers with noise: good enough to try every path of a real server, of no other use.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
VOCABULARY = 1024
RANK = 4
CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}<|im_start|>assistant\n{%- endif -%}"
)
PROJECT = Path(__file__).resolve().parents[2]


def write_tokenizer(folder: Path) -> None:
    """Train a byte-level BPE on this project's own source, so that programs stay short."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[PAD, START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = sorted(str(path) for path in (PROJECT / "bestofn").rglob("*.py"))
    tokenizer.train([str(PROJECT / "README.md"), *texts], trainer)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD, eos_token=END, chat_template=CHAT_TEMPLATE
    ).save_pretrained(folder)


def write_model(folder: Path, *, context: int) -> Qwen3Config:
    """Random weights in the shape of a Qwen3 of two thin layers."""
    config = Qwen3Config(
        vocab_size=VOCABULARY,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,  # the least that vLLM computes on every CPU
        max_position_embeddings=context,
        tie_word_embeddings=True,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=2,
    )
    torch.manual_seed(0)
    Qwen3ForCausalLM(config).save_pretrained(folder)
    return config


def projections(config: Qwen3Config) -> Iterator[tuple[str, int, int]]:
    """Name, inputs and outputs of every matrix that an adapter changes."""
    heads = config.num_attention_heads * config.head_dim
    for layer in range(config.num_hidden_layers):
        attention = f"base_model.model.model.layers.{layer}.self_attn"
        yield f"{attention}.q_proj", config.hidden_size, heads
        yield f"{attention}.o_proj", heads, config.hidden_size


def write_adapter(folder: Path, config: Qwen3Config) -> None:
    """A random LoRA adapter in PEFT's files, strong enough to change what the model says."""
    folder.mkdir(parents=True)
    generator = torch.Generator().manual_seed(1)
    tensors = {}
    for name, inputs, outputs in projections(config):
        tensors[f"{name}.lora_A.weight"] = torch.randn(RANK, inputs, generator=generator)
        tensors[f"{name}.lora_B.weight"] = torch.randn(outputs, RANK, generator=generator)
    save_file(tensors, folder / "adapter_model.safetensors")
    settings = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": None,
        "bias": "none",
        "r": RANK,
        "lora_alpha": RANK,
        "lora_dropout": 0.0,
        "target_modules": ["q_proj", "o_proj"],
    }
    (folder / "adapter_config.json").write_text(json.dumps(settings))


def main(folder: Path, *, context: int = 8192) -> None:
    """Write everything below ``folder``; ``context`` is the longest conversation in tokens."""
    config = write_model(folder / "model", context=context)
    write_tokenizer(folder / "model")
    write_adapter(folder / "adapter", config)


if __name__ == "__main__":
    os.environ["HF_HUB_OFFLINE"] = "1"
    main(Path(sys.argv[1]))
