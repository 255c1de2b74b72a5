"""JSON that is short and can be compared line by line."""

from __future__ import annotations

import json


def json_text(data, indent: int = 0) -> str:
    """Plain data as strict JSON: whatever holds only numbers and words is on one line.

    Raises ValueError for infinities and nan, which ``to_dict`` has as strings.

    >>> print(json_text({"a": [1, 2], "b": {"c": [[1], [2]]}}))
    {
     "a": [1, 2],
     "b": {
      "c": [
       [1],
       [2]
      ]
     }
    }
    """
    values = list(data.values()) if isinstance(data, dict) else data
    if not isinstance(data, dict | list | tuple) or not any(
        isinstance(value, dict | list | tuple) for value in values
    ):
        return json.dumps(data, ensure_ascii=False, allow_nan=False)
    inner = "\n" + " " * (indent + 1)
    parts = [json_text(value, indent + 1) for value in values]
    if isinstance(data, dict):
        parts = [
            f"{json.dumps(str(key), ensure_ascii=False)}: {part}"
            for key, part in zip(data, parts, strict=True)
        ]
    start, end = "{}" if isinstance(data, dict) else "[]"
    return start + inner + ("," + inner).join(parts) + "\n" + " " * indent + end
