"""Text from a model: sampling with a key-value cache."""

from dataclasses import dataclass
from pathlib import Path

import sentencepiece
import torch
from torch import Tensor

from tokenizer.errors import MalmoiError
from tokenizer.special import CONTROL
from trainer.attention import KeyValueCache
from trainer.export import load_export
from trainer.model import NeoX


@dataclass(frozen=True)
class Sampling:
    """How ids are drawn. Temperature 0 takes the likeliest; `top_k` 0 takes all.

    Raises MalmoiError for a value out of range.
    """

    max_tokens: int = 128
    temperature: float = 0.8
    top_k: int = 0
    top_p: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if self.max_tokens < 1 or self.temperature < 0 or self.top_k < 0 or not 0 < self.top_p <= 1:
            raise MalmoiError(
                f"{self}: give max_tokens from 1, temperature and top_k from 0, "
                "top_p over 0 and up to 1"
            )


def load_tokenizer(directory: Path) -> sentencepiece.SentencePieceProcessor:
    """`malmoi.model` of a directory. MalmoiError where there is none."""
    path = Path(directory) / "malmoi.model"
    if not path.is_file():
        raise MalmoiError(f"{path}: no tokenizer; export with the run's tokenizer directory")
    return sentencepiece.SentencePieceProcessor(model_file=str(path))


def forbidden_ids(tokenizer: sentencepiece.SentencePieceProcessor, rows: int, end: int) -> Tensor:
    """bool[rows]: true for control and unknown tokens and padding rows, false for end-of-text."""
    forbidden = torch.ones(rows, dtype=torch.bool)
    for i in range(tokenizer.vocab_size()):
        control = tokenizer.is_control(i) or tokenizer.is_unknown(i) or tokenizer.is_unused(i)
        forbidden[i] = control or tokenizer.id_to_piece(i) in CONTROL
    forbidden[end] = False
    return forbidden


def sample(
    network: NeoX,
    ids: list[int],
    how: Sampling,
    *,
    end: int,
    forbidden: Tensor,
    multiple: int = 1,
) -> list[int]:
    """Token ids that continue `ids` (at least one), without the end-of-text.

    When the context is full, the model goes on from its later half. `multiple`: what divides the
    length of every sequence the network takes (its tensor parallelism); over 1, there is no cache.
    """
    generator = torch.Generator().manual_seed(how.seed)
    device = network.embed_out.weight.device
    context = network.config.context
    known, cached = list(ids), multiple == 1
    unread, cache = known[-context:], KeyValueCache(network.config.layers)
    while len(known) < len(ids) + how.max_tokens:
        if cache.length + len(unread) > context:
            unread, cache = known[-max(1, context // 2) :], KeyValueCache(network.config.layers)
        padded = torch.tensor([unread + [0] * (-len(unread) % multiple)], device=device)
        with torch.no_grad():
            logits = network(padded, cache if cached else None)[0, len(unread) - 1].float().cpu()
        token = choose(logits.masked_fill(forbidden, -torch.inf), how, generator)
        if token == end:
            break
        known.append(token)
        unread = [token] if cached else [*unread, token]
    return known[len(ids) :]


def choose(logits: Tensor, how: Sampling, generator: torch.Generator) -> int:
    """An id drawn from logits [rows]: from the `top_k` likeliest (0: all), and of those from the
    fewest whose probability reaches `top_p`. Temperature 0 takes the likeliest.
    """
    if how.temperature == 0:
        return int(logits.argmax())
    values, ids = torch.sort(logits / how.temperature, descending=True, stable=True)
    if how.top_k:
        values, ids = values[: how.top_k], ids[: how.top_k]
    probability = values.softmax(dim=0)
    before = probability.cumsum(dim=0) - probability
    probability = probability * (before < how.top_p)
    return int(ids[torch.multinomial(probability, 1, generator=generator)])


def continue_text(
    network: NeoX,
    tokenizer: sentencepiece.SentencePieceProcessor,
    prompt: str,
    end: int,
    how: Sampling,
    multiple: int = 1,
) -> str:
    """The prompt and its continuation. The model reads the prompt as the start of a document.

    `multiple`: as of `sample`.
    """
    ids = [end, *tokenizer.encode(prompt)]
    forbidden = forbidden_ids(tokenizer, network.embed_out.weight.shape[0], end)
    new = sample(network, ids, how, end=end, forbidden=forbidden, multiple=multiple)
    return tokenizer.decode(ids[1:] + new)


def generate(export_dir: Path, prompt: str, how: Sampling | None = None) -> str:
    """The prompt and its continuation by an exported model that has its tokenizer beside it.

    The same arguments give the same text. Raises MalmoiError for an export without `malmoi.model`.
    """
    network, config = load_export(Path(export_dir), "cuda" if torch.cuda.is_available() else "cpu")
    tokenizer = load_tokenizer(Path(export_dir))
    return continue_text(network, tokenizer, prompt, config["eos_token_id"], how or Sampling())
