"""The shapes of the JSON documents, a row for each command; ``tools/schemas.py`` writes them."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
TEXTS: Schema = {"type": "array", "items": TEXT}
NUMBER: Schema = {"type": "number"}
WHOLE: Schema = {"type": "integer"}
YES_NO: Schema = {"type": "boolean"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
NUMBER_OR_NULL: Schema = {"type": ["number", "null"]}
YES_NO_OR_NULL: Schema = {"type": ["boolean", "null"], "description": "null: not known."}
SEVERITY: Schema = {"enum": ["error", "warning", "notice"]}
CODE: Schema = {"type": "string", "pattern": "^[A-Z]{2,12}[0-9]{3,4}$"}


def record(*parts: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    """Return an object with these fields, all of them required but the optional ones."""
    needed: dict[str, Schema] = {}
    for part in parts:
        optional = {**(optional or {}), **part.get("__optional__", {})}
        needed |= {name: schema for name, schema in part.items() if name != "__optional__"}
    return {
        "type": "object",
        "required": list(needed),
        "properties": {**needed, **(optional or {})},
    }


def many(schema: Schema) -> Schema:
    """Return a list of these."""
    return {"type": "array", "items": schema}


def by_name(schema: Schema) -> Schema:
    """Return an object with any keys."""
    return {"type": "object", "additionalProperties": schema}


def ref(name: str) -> Schema:
    """Return a reference to a shared part."""
    return {"$ref": f"#/$defs/{name}"}


_RULE = {
    "code": CODE,
    "name": TEXT,
    "severity": SEVERITY,
    "title": TEXT,
    "applicability": {"enum": ["safe", "unsafe", "display-only"]},
    "evidence": {"enum": ["ran", "source", "reported"]},
    "silent": YES_NO,
    "upstream": TEXTS,
}
_FINDING = {**_RULE, "message": TEXT, "help": TEXT, "model_types": TEXTS}
_OPEN = {
    **_RULE,
    "condition": TEXT,
    "missing": many(record({"fact": TEXT, "reason": TEXT})),
    "model_types": TEXTS,
}
_GROUPS = {"groups": many(WHOLE)}
_LINE = record({"line": WHOLE, "text": TEXT})
_CAUSE = record(
    {
        "code": CODE,
        "name": TEXT,
        "severity": SEVERITY,
        "fit": TEXT,
        "raised": YES_NO,
        "lines": many(_LINE),
        "what": TEXT,
        "why": TEXT,
        "help": TEXT,
        "holds_if": TEXT_OR_NULL,
        "if_model": TEXTS,
        "missing": TEXTS,
        "holds": TEXTS,
        "upstream": TEXTS,
    }
)
_MEMORY = {
    "fits": YES_NO_OR_NULL,
    "total_gib": NUMBER,
    "available_gib": NUMBER_OR_NULL,
    "spare_gib": NUMBER_OR_NULL,
    "least_gib": NUMBER,
    "parts": by_name(NUMBER),
    "moment": TEXT,
    "largest_batch": {"type": ["integer", "null"]},
    "largest_length": {"type": ["integer", "null"]},
    "changes": many(record({"text": TEXT, "total_gib": NUMBER, "fits": YES_NO_OR_NULL})),
    "assumed": TEXTS,
}
_CARD = record(
    {
        "name": TEXT,
        "compute_capability": many(WHOLE),
        "memory_total_mib": {"type": ["integer", "null"]},
        "source": TEXT_OR_NULL,
    }
)
_RELEASES = record({"first": TEXT, "last": TEXT})

SHARED: dict[str, Schema] = {
    "finding": record(_FINDING),
    "undetermined": record(_OPEN),
    "cause": _CAUSE,
    "memory": record(_MEMORY),
}

_REPORT = {
    "facts": ref("facts"),
    "findings": many(ref("finding")),
    "undetermined": many(ref("undetermined")),
    "plan": record(
        {
            "patches": many(record({"code": CODE, "preventive": YES_NO})),
            "skips": many(record({"code": CODE, "reason": TEXT})),
            "manual": many(CODE),
        }
    ),
    "not_checked": TEXTS,
    "remarks": many(record({"name": TEXT, "severity": SEVERITY, "message": TEXT, "help": TEXT})),
    "policy": TEXT_OR_NULL,
    "ignored": many(record({"code": CODE, "reason": TEXT, "expires": TEXT_OR_NULL})),
    "plugins": TEXTS,
    "__optional__": {"memory": ref("memory")},
}
_OF_A_NODE = {"ranks": many(WHOLE), "group": WHOLE, "error": TEXT}
_JOB = {
    "nodes": many(
        record({"name": TEXT}, optional={"ranks": many(WHOLE), "group": WHOLE, "error": TEXT})
    ),
    "groups": many(
        record({"number": WHOLE, "nodes": WHOLE, "tool_version": TEXT, "facts": ref("facts")})
    ),
    "differences": many(
        record(
            {
                "topic": TEXT,
                "severity": SEVERITY,
                "why": TEXT,
                "values": many(record({"value": TEXT, **_GROUPS})),
            }
        )
    ),
    "crowded": many({"type": "object"}),
    "findings": many(record(_FINDING, _GROUPS)),
    "undetermined": many(record(_OPEN, _GROUPS)),
    "unread": many(record({"file": TEXT, "problem": TEXT})),
    "not_checked": TEXTS,
}
_EXPLAIN = {
    "lines": WHOLE,
    "codes": many(CODE),
    "headline": TEXT,
    "framing": {
        "anyOf": [
            record(
                {
                    "kind": {"enum": ["solved", "supposed", "change", "lesson", "passed-on"]},
                    "line": WHOLE,
                }
            ),
            {"type": "null"},
        ]
    },
    "causes": many(ref("cause")),
    "if_gemma": many(ref("cause")),
    "doubted": many(ref("cause")),
    "general": many(
        record(
            {
                "name": TEXT,
                "line": WHOLE,
                "what": TEXT,
                "help": TEXTS,
                "why": TEXT,
                "known": TEXT,
                "certain": YES_NO,
            }
        )
    ),
    "also": many(record({"code": CODE, "what": TEXT, "help": TEXT})),
    "read_off": many(record({"kind": TEXT, "text": TEXT})),
    "asks": TEXTS,
    "skimmed": many(WHOLE),
    "several": by_name(many({"type": "array"})),
    "ruled_out": many(record({"code": CODE, "lines": many(_LINE), "holds_if": TEXT})),
    "unrecognised": many(_LINE),
    "unknown": {
        "anyOf": [
            record(
                {
                    "line": WHOLE,
                    "class": TEXT,
                    "package": TEXT,
                    "version": TEXT,
                    "raised_by": {
                        "anyOf": [
                            record({"file": TEXT, "line": WHOLE, "function": TEXT}),
                            {"type": "null"},
                        ]
                    },
                    "help": TEXT,
                    "why": TEXT,
                    "search": TEXT,
                    "chain": many(record({"line": WHOLE, "text": TEXT, "link": TEXT})),
                    "ranks": many(WHOLE),
                    "only_told": YES_NO,
                    "went_on_at": WHOLE,
                }
            ),
            {"type": "null"},
        ]
    },
    "notices": many(record({"name": TEXT, "lines": many(_LINE), "count": WHOLE, "meaning": TEXT})),
    "facts": ref("facts"),
    "stated_at": by_name(WHOLE),
    "other_models": TEXTS,
}
_ASKED = {"asked": TEXT, "model_type": TEXT, "python": TEXT}
_ADVICE = {
    **_ASKED,
    "found": {"const": True},
    "install": TEXT,
    "packages": many(
        record(
            {
                "name": TEXT,
                "version": TEXT,
                "date": TEXT,
                "installed": TEXT_OR_NULL,
                "move": TEXT,
                "why": TEXT,
                "evidence": TEXT_OR_NULL,
            }
        )
    ),
    "patched": many(CODE),
    "proven": TEXT_OR_NULL,
    "findings": many(CODE),
    "undetermined": many(record({"code": CODE, "condition": TEXT})),
    "not_checked": TEXTS,
}
_CONFLICT = {**_ASKED, "found": {"const": False}, "conflict": TEXTS}
_TUNE = {
    "model": TEXT,
    "gpu": TEXT,
    "fits": YES_NO,
    "total_gib": NUMBER,
    "available_gib": NUMBER,
    "steps": many(record({"text": TEXT, "why": TEXT, "before_gib": NUMBER, "after_gib": NUMBER})),
    "remarks": TEXTS,
    "snippets": by_name(TEXT),
}
_MATRIX_ENTRY = record({"code": CODE, "severity": SEVERITY, "strength": TEXT})
_MATRIX = {
    "package": TEXT,
    "columns": many(_RELEASES),
    "rows": by_name(many({"anyOf": [many(_MATRIX_ENTRY), {"type": "null"}]})),
}
_SUPPORTS = {
    "model": TEXT,
    "model_types": TEXTS,
    "packages": many(
        record(
            {
                "package": TEXT,
                "read": record({"oldest": TEXT, "newest": TEXT}),
                "since": TEXT_OR_NULL,
                "evidence": many(
                    record(
                        {
                            "kind": TEXT,
                            "what": TEXT,
                            "where": TEXT,
                            "key": TEXT,
                            "value": TEXT_OR_NULL,
                            "releases": many(_RELEASES),
                        }
                    )
                ),
            }
        )
    ),
}
_ARCHITECTURE = record(
    {
        "compute_capability": many(WHOLE),
        "name": TEXT,
        "fp16": YES_NO_OR_NULL,
        "bf16": YES_NO_OR_NULL,
        "fp8": YES_NO_OR_NULL,
        "flash_attention_2": YES_NO_OR_NULL,
        "flash_attention_3": YES_NO_OR_NULL,
        "shared_memory_per_block": {"type": ["integer", "null"]},
        "bitsandbytes": YES_NO_OR_NULL,
        "unsloth": YES_NO_OR_NULL,
        "first_cuda": TEXT_OR_NULL,
        "last_cuda": TEXT_OR_NULL,
        "meaning": TEXT,
        "sources": by_name(TEXT),
    }
)
_FIGURES = ("bf16", "fp16", "fp8", "flash_attention", "bitsandbytes", "unsloth")
_OTHER_CARD = {
    "name": TEXT,
    "maker": TEXT,
    "architecture": TEXT,
    "memory_gib": NUMBER_OR_NULL,
    **dict.fromkeys(_FIGURES, YES_NO_OR_NULL),
    "sources": TEXTS,
}
_TABLE_ROW = record({"name": TEXT, "available_gib": NUMBER, "fits": YES_NO_OR_NULL})

# Name of the schema to the command, and the shapes that it may print.
COMMANDS: dict[str, tuple[str, list[dict[str, Schema]]]] = {
    "report": ("report", [_REPORT]),
    "job": ("report --merge", [_JOB]),
    "explain": ("explain", [_EXPLAIN]),
    "matrix": ("matrix", [_MATRIX]),
    "supports": ("supports", [_SUPPORTS]),
    "gpu": (
        "gpu",
        [
            {"architectures": many(_ARCHITECTURE), "cards": many(_CARD)},
            {"architecture": _ARCHITECTURE, "cards": many(_CARD)},
            _OTHER_CARD,
        ],
    ),
    "memory": (
        "memory",
        [
            {"model": TEXT, "gpu": TEXT_OR_NULL, **_MEMORY},
            {"model": TEXT, "total_gib": NUMBER, "cards": many(_TABLE_ROW), "assumed": TEXTS},
        ],
    ),
    "advise": (
        "advise",
        [_ADVICE, {**_ASKED, "found": {"const": False}, "conflict": TEXTS}, _TUNE],
    ),
}
