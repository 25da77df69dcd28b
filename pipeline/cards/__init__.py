"""Cards of what a run publishes: `figures` gathers what they tell, `look` counts what text still
holds, `dataset` writes RUN/README.md. The model's card is the trainer's; it gets these figures.
"""
