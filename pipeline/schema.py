"""The recipe as JSON Schema (2020-12): what an editor checks and completes recipes by."""

import json
from typing import Any

from pipeline.filters.profiles import PROFILES
from pipeline.kernels.feature_list import FEATURE_NAMES
from pipeline.recipe import Recipe
from tokenizer.special import ALL_PII_KINDS
from trainer.config import PRESETS

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def recipe_schema() -> Schema:
    """What `Recipe` takes: the models' own schema, and what their validators allow beyond it.

    A model may be a preset's name, or the fields it changes of one; a rule of a shipped profile may
    be given in part, and dropped by null. Defaults of whole sections are left out.
    """
    schema = Recipe.model_json_schema()
    parts = schema["$defs"]
    for part in (schema, *parts.values()):
        for field in part.get("properties", {}).values():
            field.pop("title", None)
            if isinstance(field.get("default"), dict):
                del field["default"]
    _model(schema, parts["ModelConfig"])
    for name in ("Condition", "Rule"):
        parts[name]["properties"]["feature"]["enum"] = list(FEATURE_NAMES)
    _rules(parts)
    parts["Source"]["properties"]["profile"]["examples"] = ["none", *PROFILES]
    parts["Pii"]["properties"]["kinds"]["items"]["enum"] = list(ALL_PII_KINDS)
    return {"$schema": DIALECT, **schema, "title": "Malmoi recipe"}


def recipe_schema_text() -> str:
    """The schema as a file."""
    return json.dumps(recipe_schema(), ensure_ascii=False, indent=1) + "\n"


def _model(schema: Schema, fields: Schema) -> None:
    names = {"enum": list(PRESETS), "description": "a model by its name"}
    del fields["required"]  # `preset` gives what is not said
    fields["properties"]["preset"] = {**names, "description": "the model whose fields these change"}
    model = schema["properties"]["model"]
    reference = model.pop("$ref")
    model["anyOf"] = [names, {"$ref": reference}]


def _rules(parts: Schema) -> None:
    """A shipped profile's rule may say the threshold alone; a rule of one's own says all."""
    whole = parts["Rule"]
    part = {key: value for key, value in whole.items() if key != "required"}
    parts["PartOfRule"] = {**part, "title": "PartOfRule"}
    profiles = parts["Clean"]["properties"]["profiles"]
    either = [{"$ref": "#/$defs/Rule"}, {"type": "null"}]
    profiles["properties"] = {
        name: {
            "type": "object",
            "properties": {
                rule: {"anyOf": [{"$ref": "#/$defs/PartOfRule"}, {"type": "null"}]}
                for rule in rules
            },
            "additionalProperties": {"anyOf": either},
        }
        for name, rules in PROFILES.items()
    }
