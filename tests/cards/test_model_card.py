"""The model's card tells the data's figures, the four risks, and energy as it was got."""

from typing import Any

import pytest
import yaml
from card_figures import figures, look

from trainer.card import text
from trainer.checkpoint import State
from trainer.config import ModelConfig

MODEL = ModelConfig(layers=1, width=32, heads=2, context=64)
FACTS = {
    "model": MODEL.model_dump(mode="json"),
    "rows": 640,
    "vocab_size": 600,
    "end_of_text": 2,
    "tokenizer_sha256": "12" * 32,
    "dataset_fingerprint": "34" * 32,
    "sources": {"news": 1.0},
    "start_from": None,
    "validation_bpb": 1.23456,
}
ENERGY = {
    "cpu_kwh": 0.5,
    "gpu_kwh": 2.0,
    "ram_kwh": 0.25,
    "kwh": 2.75,
    "kg_co2e": 1.184,
    "steps": 90,
    "country": "KOR",
    "country_name": "South Korea",
    "g_co2e_per_kwh": 430.567,
    "machines": 2,
    "measured": ["gpu"],
}


def card(data: dict[str, Any] | None = None, **state: Any) -> str:
    return text(MODEL, State(step=100, tokens=51_200, facts=dict(FACTS), **state), data)


def told(**changes: Any) -> dict[str, Any]:
    return {**figures(), "samples": None, **changes}


@pytest.mark.parametrize("data", [None, told(), told(look=None, samples=look(texts=4))])
def test_every_card_has_front_matter_and_the_four_risks(data: dict[str, Any] | None) -> None:
    made = card(data)
    assert yaml.safe_load(made.split("---\n", 2)[1])["library_name"] == "transformers"
    risks = ["Disinformation", "Discrimination", "Social engineering", "Environment"]
    assert [line[4:] for line in made.split("\n") if line.startswith("### ")] == risks
    assert "Whether the model has memorised texts was not tested." in made
    assert "1.2346 bits per byte" in made and "51,200 tokens in 100 steps" in made


def test_without_figures_nothing_is_said_of_the_data() -> None:
    made = card()
    assert "Nothing is known here" in made and "Measured here: of" not in made


def test_the_data_are_told() -> None:
    values = {"tel": 2}
    samples = look(texts=8, values=values, with_values=2, with_slurs=1)
    slurs = {
        "all": look(with_slurs=3),
        "sources": {"news": look(with_slurs=3), "law": look(with_slurs=0)},
    }
    spam = [{"step": "clean", "rule": "spam_density", "documents": 17}]
    made = card(told(samples=samples, look=slurs, reasons=spam, models={"toxic": 5}))
    assert "| news | CC-BY-4.0 | 1,234 | 8 MB | 1 |" in made
    assert "| news | 120 | 3 (2.50 %) |" in made and "| law | 120" not in made
    assert "5 documents by `toxic`" in made and "17 documents were removed as web spam" in made
    assert "8 texts that the model wrote during training, 1 hold one" in made
    assert "2 values (tel 2), which may be made up or read" in made
    assert "41 personal values of 1 kinds were masked" in made


def test_a_corpus_with_its_personal_data_is_pointed_out() -> None:
    made = card(told(pii={"masked": False, "kinds": ["tel"], "values": {}}))
    assert "**Personal data was not masked in the corpus.**" in made


def test_energy_is_measured_or_estimated_or_neither() -> None:
    made = card(energy=ENERGY)
    assert "2.75 kWh (CPU 0.5, GPU 2, memory 0.25), 1.184 kg CO2e" in made
    assert "in 90 of 100 steps on 2 machines" in made
    assert "CPU: estimated, not measured; GPU: measured by its counters; memory: estimated" in made
    assert "CPU: measured by its counters; GPU: none read" in card(
        energy={**ENERGY, "measured": ["cpu"]}
    )
    assert "was not measured" in card() and "kWh" not in card()
