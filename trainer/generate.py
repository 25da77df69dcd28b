"""Text from a model: sampling with a key-value cache."""

from pathlib import Path

import sentencepiece
import torch
from torch import Tensor

from tokenizer.errors import MalmoiError
from tokenizer.special import CONTROL
from trainer.attention import KeyValueCache
from trainer.export import load_export
from trainer.model import NeoX


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
    *,
    end: int,
    forbidden: Tensor,
    max_tokens: int,
    temperature: float,
    top_k: int,
    top_p: float,
    seed: int,
) -> list[int]:
    """Token ids that continue `ids` (at least one), up to `max_tokens`, without the end-of-text.

    When the context is full, the model goes on from its later half.
    """
    generator = torch.Generator().manual_seed(seed)
    device = network.embed_out.weight.device
    context = network.config.context
    known = list(ids)
    unread, cache = known[-context:], KeyValueCache(network.config.layers)
    while len(known) < len(ids) + max_tokens:
        if cache.length + len(unread) > context:
            unread, cache = known[-max(1, context // 2) :], KeyValueCache(network.config.layers)
        with torch.no_grad():
            logits = network(torch.tensor([unread], device=device), cache)[0, -1].float().cpu()
        token = choose(
            logits.masked_fill(forbidden, -torch.inf), temperature, top_k, top_p, generator
        )
        if token == end:
            break
        known.append(token)
        unread = [token]
    return known[len(ids) :]


def choose(
    logits: Tensor, temperature: float, top_k: int, top_p: float, generator: torch.Generator
) -> int:
    """An id drawn from logits [rows]: from the `top_k` likeliest (0: all), and of those from the
    fewest whose probability reaches `top_p`. Temperature 0 takes the likeliest.
    """
    if temperature == 0:
        return int(logits.argmax())
    values, ids = torch.sort(logits / temperature, descending=True, stable=True)
    if top_k:
        values, ids = values[:top_k], ids[:top_k]
    probability = values.softmax(dim=0)
    before = probability.cumsum(dim=0) - probability
    probability = probability * (before < top_p)
    return int(ids[torch.multinomial(probability, 1, generator=generator)])


def continue_text(
    network: NeoX,
    tokenizer: sentencepiece.SentencePieceProcessor,
    prompt: str,
    end: int,
    *,
    max_tokens: int = 128,
    temperature: float = 0.8,
    top_k: int = 0,
    top_p: float = 0.95,
    seed: int = 0,
) -> str:
    """The prompt and its continuation. The model reads the prompt as the start of a document."""
    ids = [end, *tokenizer.encode(prompt)]
    forbidden = forbidden_ids(tokenizer, network.embed_out.weight.shape[0], end)
    new = sample(
        network,
        ids,
        end=end,
        forbidden=forbidden,
        max_tokens=max_tokens,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        seed=seed,
    )
    return tokenizer.decode(ids[1:] + new)


def generate(
    export_dir: Path,
    prompt: str,
    *,
    max_tokens: int = 128,
    temperature: float = 0.8,
    top_k: int = 0,
    top_p: float = 0.95,
    seed: int = 0,
) -> str:
    """The prompt and its continuation by an exported model that has its tokenizer beside it.

    The same arguments give the same text. Raises MalmoiError for a setting out of range or an
    export without `malmoi.model`.
    """
    if max_tokens < 1 or temperature < 0 or top_k < 0 or not 0 < top_p <= 1:
        raise MalmoiError(
            f"max_tokens {max_tokens}, temperature {temperature}, top_k {top_k}, top_p {top_p}: "
            "give max_tokens from 1, temperature and top_k from 0, top_p over 0 and up to 1"
        )
    network, config = load_export(Path(export_dir), "cuda" if torch.cuda.is_available() else "cpu")
    tokenizer = load_tokenizer(Path(export_dir))
    return continue_text(
        network,
        tokenizer,
        prompt,
        config["eos_token_id"],
        max_tokens=max_tokens,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        seed=seed,
    )
