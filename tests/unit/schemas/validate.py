"""Validates files against JSON Schemas with libraries that are not ours.

Each line of standard input is {"schema": path, "file": path}; each line of output {"file": path, "errors": [...]}.
YAML is read as version 1.2, as the project reads it: `off` is a word, not false.
"""
import json
import sys

import jsonschema
from ruamel.yaml import YAML


def plain(value):
    """What JSON has: keys are texts, and what YAML makes of dates is a text again."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


validators = {}
for line in sys.stdin:
    job = json.loads(line)
    if job["schema"] not in validators:
        with open(job["schema"], encoding="utf-8") as stream:
            schema = json.load(stream)
        jsonschema.Draft202012Validator.check_schema(schema)
        validators[job["schema"]] = jsonschema.Draft202012Validator(schema)
    try:
        with open(job["file"], encoding="utf-8") as stream:
            value = plain(YAML(typ="safe", pure=True).load(stream))
    except Exception as problem:  # whatever a parser makes of a damaged file
        errors = ["not YAML 1.2: " + type(problem).__name__]
    else:
        found = validators[job["schema"]].iter_errors(value)
        errors = ["/".join(map(str, error.absolute_path)) + ": " + error.message[:200] for error in found]
    print(json.dumps({"file": job["file"], "errors": errors}))
