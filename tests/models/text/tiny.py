"""A BERT of a few thousand random weights, for tests that don't care what it says."""

from __future__ import annotations

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from models.text.model import ReviewModel

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,!?'"
CHINESE = "这件衣服质量很好不喜欢太差了快递手机书酒店"


def tiny_model(*, limit: int = 64, hidden: int = 32, seed: int = 0, characters: str = LETTERS + CHINESE) -> ReviewModel:
    """Reads single characters: a wordpiece vocabulary of ``characters``, alone and within a word."""
    words = [*_SPECIAL, *characters, *(f"##{character}" for character in characters)]
    vocabulary = {word: code for code, word in enumerate(words)}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=10_000))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=limit,
    )
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=hidden,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=2 * hidden,
        max_position_embeddings=limit,
        attn_implementation="sdpa",
    )
    return ReviewModel(BertModel(config, add_pooling_layer=False), fast, limit=limit, name="tiny").eval()
