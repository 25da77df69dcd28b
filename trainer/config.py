"""What a recipe may say about model and training. Imports no torch: recipes are read without it."""

import difflib
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tokenizer.errors import RecipeError

ROWS_MULTIPLE = 128
"""Embedding rows are a multiple of this, as in Polyglot-Ko: 30,003 tokens, 30,080 rows."""

CHUNK_LOGITS = {"cpu": 1 << 23, "cuda": 1 << 25}
"""Logits that the loss holds at once, by device: 34 and 134 MB. With fewer, adding up the weight's
gradient chunk by chunk takes longer than the products."""


class Section(BaseModel):
    """A part of the recipe: typed, unchangeable, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelConfig(Section):
    """The shape of a GPT-NeoX model."""

    layers: int = Field(ge=1, description="transformer blocks")
    width: int = Field(ge=1, description="size of the residual stream")
    heads: int = Field(ge=1, description="attention heads; divides the width")
    context: int = Field(ge=1, description="tokens in a training sequence")
    feed_forward: int = Field(
        default_factory=lambda data: 4 * data["width"],
        ge=1,
        description="size of the hidden layer of each MLP; by default 4 x width",
    )
    rotary_dims: int = Field(
        default_factory=lambda data: _rotary_dims(data["width"] // data["heads"]),
        ge=2,
        description="dimensions of a head that carry its position; by default 64, half of a head "
        "smaller than 64",
    )
    rotary_base: float = Field(default=10_000.0, gt=1, description="base of the rotary wavelengths")
    vocab_rows: int | None = Field(
        default=None,
        ge=1,
        description="rows of the embeddings; null: the vocabulary, up to a multiple of 128",
    )
    activation: Literal["gelu", "gelu_tanh"] = Field(
        default="gelu",
        description="gelu is exact (erf); gelu_tanh is what gpt-neox computes when it fuses",
    )
    norm_eps: float = Field(default=1e-5, gt=0, description="epsilon of the layer norms")
    init_std: float | None = Field(
        default=None,
        gt=0,
        description="standard deviation of every initial matrix; null: sqrt(2 / (5 width)), and "
        "2 / (layers sqrt(width)) where a block writes to the residual stream",
    )

    @property
    def head_width(self) -> int:
        return self.width // self.heads

    def rows(self, vocab_size: int) -> int:
        """Rows of both embeddings for `vocab_size` entries; RecipeError if they are too few."""
        rows = self.vocab_rows or -(-vocab_size // ROWS_MULTIPLE) * ROWS_MULTIPLE
        if rows < vocab_size:
            raise RecipeError(
                f"model.vocab_rows is {rows}, the tokenizer has {vocab_size} entries; "
                "leave vocab_rows out or raise it"
            )
        return rows

    @model_validator(mode="after")
    def _heads_fit(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"{self.heads} heads do not divide a width of {self.width}")
        if self.rotary_dims % 2 or self.rotary_dims > self.head_width:
            raise ValueError(
                f"rotary_dims is {self.rotary_dims}; give an even number up to the head's "
                f"{self.head_width} dimensions"
            )
        return self


def _rotary_dims(head_width: int) -> int:
    return 64 if head_width >= 64 else max(2, head_width // 4 * 2)


# Polyglot-Ko: the model cards of EleutherAI/polyglot-ko-*. 125m and 350m: GPT-3 Small and Medium
# (Brown et al. 2020, table 2.1). Names count the parameters with 30,080 rows, roughly.
PRESETS: dict[str, ModelConfig] = {
    "demo": ModelConfig(layers=4, width=128, heads=4, context=256),
    "60m": ModelConfig(layers=8, width=512, heads=8, context=1024),
    "125m": ModelConfig(layers=12, width=768, heads=12, context=2048),
    "350m": ModelConfig(layers=24, width=1024, heads=16, context=2048),
    "polyglot-ko-1.3b": ModelConfig(layers=24, width=2048, heads=16, context=2048),
    "polyglot-ko-3.8b": ModelConfig(layers=32, width=3072, heads=24, context=2048),
    "polyglot-ko-5.8b": ModelConfig(layers=28, width=4096, heads=16, context=2048),
    "polyglot-ko-12.8b": ModelConfig(layers=40, width=5120, heads=40, context=2048),
}


def resolve_model(value: str | dict[str, Any]) -> ModelConfig:
    """The model a recipe asks for: a preset's name, or fields, or fields on top of `preset:`.

    Raises RecipeError that names the wrong preset or key and the nearest right one.
    """
    if isinstance(value, str):
        return _preset(value)
    if not isinstance(value, dict):
        raise RecipeError(f"model is {value!r}; give a preset's name or a mapping of fields")
    fields = dict(value)
    base = _preset(fields.pop("preset")) if "preset" in fields else None
    for key in fields:
        if key not in ModelConfig.model_fields:
            raise RecipeError(
                f"unknown key '{key}'{_nearest(key, ['preset', *ModelConfig.model_fields])}"
            )
    if base is not None:  # what the preset left to the defaults follows the new fields
        fields = {**base.model_dump(exclude_unset=True), **fields}
    try:
        return ModelConfig.model_validate(fields)
    except ValidationError as error:
        raise RecipeError("; ".join(_describe(fault) for fault in error.errors())) from error


def _preset(name: object) -> ModelConfig:
    if str(name) not in PRESETS:
        raise RecipeError(f"no preset is named '{name}'{_nearest(str(name), PRESETS)}")
    return PRESETS[str(name)]


def _nearest(name: str, valid: Any) -> str:
    names = list(valid)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
    return f"; did you mean '{close[0]}'?" if close else f"; valid are {', '.join(names)}"


def _describe(fault: Any) -> str:
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "missing":
        return f"{key}: missing; add it, or name a `preset:` to start from"
    message = fault["msg"].removeprefix("Value error, ")
    return f"{key}: {message}, not {fault['input']!r}" if key else message


def parameter_count(model: ModelConfig, vocab_rows: int) -> int:
    """Trainable numbers of a model with `vocab_rows` rows in each of its two embeddings."""
    d, f = model.width, model.feed_forward
    attention = (3 * d * d + 3 * d) + (d * d + d)
    mlp = (d * f + f) + (f * d + d)
    norms = 2 * 2 * d
    return 2 * vocab_rows * d + model.layers * (attention + mlp + norms) + 2 * d


class ParallelConfig(Section):
    """How processes share a model: replicate x shard x tensor of them, and what each computes."""

    replicate: int = Field(
        default=1, ge=1, description="copies of the weights, of shards each (HSDP); 1: plain FSDP"
    )
    shard: int | None = Field(
        default=None,
        ge=1,
        description="processes that share a copy's weights, gradients and optimizer (FSDP); "
        "null: all that are left",
    )
    tensor: int = Field(
        default=1,
        ge=1,
        description="processes that share each matrix and each sequence (tensor and sequence "
        "parallelism); divides heads, feed_forward, context and vocab_rows of the model",
    )
    checkpointing: Literal["none", "selective", "full"] = Field(
        default="none",
        description="what a block computes again for its gradient, to hold less: nothing; all but "
        "matrix products and attention; everything",
    )
    compile: bool = Field(default=False, description="compile the blocks (torch.compile)")


class TrainConfig(Section):
    """How a model is trained. The defaults suit `model: demo`: a minute or two on two CPU cores."""

    steps: int = Field(
        default=600, ge=1, description="optimizer steps; raise it to train a run further"
    )
    start_from: str | None = Field(
        default=None,
        description="folder of a GPTNeoXForCausalLM (config.json, safetensors), as Polyglot-Ko "
        "comes, whose weights are the initial ones; null: random ones",
    )
    batch_tokens: int = Field(
        default=1_024,
        ge=1,
        description="tokens in a step, over all processes; a multiple of model.context",
    )
    micro_batch: int = Field(
        default=8,
        ge=1,
        description="sequences a process holds at once; the rest of its share accumulates",
    )
    optimizer: Literal["adamw", "muon"] = Field(
        default="adamw",
        description="muon turns the matrices of the blocks by Muon, its steps scaled to AdamW's "
        "size so that learning_rate and weight_decay serve both, and the rest by AdamW",
    )
    learning_rate: float = Field(default=3e-3, gt=0, description="the peak, after warm-up")
    warmup_steps: int = Field(default=30, ge=0, description="steps of linear rise to the peak")
    schedule: Literal["cosine", "linear", "constant", "wsd"] = Field(
        default="cosine",
        description="how the learning rate falls from the peak to the last step; wsd (warm-up, "
        "stable, decay) stays at the peak and falls in a line over the last decay_share",
    )
    decay_share: float = Field(
        default=0.2, gt=0, le=1, description="share of all steps in which wsd falls"
    )
    min_lr_ratio: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="learning rate of the last step, as a share of the peak",
    )
    weight_decay: float = Field(
        default=0.1, ge=0, description="of matrices; never of biases and norms"
    )
    betas: tuple[float, float] = Field(default=(0.9, 0.95), description="AdamW's two averages")
    grad_clip: float = Field(default=1.0, gt=0, description="largest norm of the gradient")
    z_loss: float = Field(
        default=0.0,
        ge=0,
        description="weight of the squared logarithm of the softmax's denominator, which keeps "
        "logits from drifting; 1e-4 is usual; 0: none",
    )
    spike_sigmas: float | None = Field(
        default=None,
        gt=0,
        description="skip a step whose loss or gradient norm is so many standard deviations over "
        "the mean of the 128 steps before; 6 is usual; null: only what is not finite",
    )
    mask_documents: bool = Field(
        default=False, description="a token attends to its own document alone"
    )
    precision: Literal["fp32", "bf16"] = Field(
        default="fp32", description="of matrix products; weights and optimizer are always fp32"
    )
    seed: int | None = Field(
        default=None, ge=0, description="of initial weights and data order; null: the recipe's"
    )
    eval_every: int = Field(
        default=100, ge=1, description="steps between validations; also at 0 and the end"
    )
    eval_batches: int = Field(
        default=16, ge=0, description="batches of batch_tokens in a validation; 0: the whole split"
    )
    save_every: int = Field(
        default=100, ge=1, description="steps between checkpoints; also at the end"
    )
    keep_last: int = Field(default=2, ge=1, description="newest checkpoints kept")
    keep_every: int | None = Field(
        default=None, ge=1, description="keep for good those of steps it divides; null: none"
    )
    mirror: str | None = Field(
        default=None,
        pattern=r"^(/|[a-z0-9]+://)",
        description="where each checkpoint is copied to as well, and fetched from by a machine "
        "that has none: s3://, gs://, hdfs:// or an absolute path; null: nowhere",
    )
    parallel: ParallelConfig = Field(
        default=ParallelConfig(), description="how processes share the model"
    )
    log_every: int = Field(default=10, ge=1, description="steps between points in TensorBoard")
    wandb: str | None = Field(
        default=None,
        description="project on Weights & Biases to log to as well; needs `pip install wandb`",
    )
    sample_prompts: list[str] = Field(
        default=["대한민국은", "오늘은"],
        description="continued at each validation, to be read by people",
    )
    sample_tokens: int = Field(default=48, ge=1, description="tokens of each continuation")
