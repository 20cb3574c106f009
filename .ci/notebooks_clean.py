"""Fail when a notebook is not as notebooks are committed: no outputs, no counts, cells with ids, ours alone.

Usage: ``python .ci/notebooks_clean.py [--fix] NOTEBOOK …``
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

KEPT = {"kernelspec", "language_info"}
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python"}


def clean(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return the notebook as it is committed."""
    cells = []
    for cell in notebook["cells"]:
        kept = {key: value for key, value in cell.items() if key != "attachments" or value}
        tags = cell["metadata"].get("tags")
        kept["metadata"] = {"tags": tags} if tags else {}
        if cell["cell_type"] == "code":
            kept |= {"outputs": [], "execution_count": None}
        cells.append(kept)
    metadata = {"kernelspec": KERNEL, "language_info": LANGUAGE}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def complaints(notebook: dict[str, Any]) -> Iterator[str]:
    """Say what is not as it should be."""
    if (notebook.get("nbformat"), notebook.get("nbformat_minor")) != (4, 5):
        yield "it is not of nbformat 4.5"
        return
    if notebook["metadata"] != {"kernelspec": KERNEL, "language_info": LANGUAGE}:
        yield f"its metadata is more or less than {sorted(KEPT)} as they are written here"
    seen: set[str] = set()
    for index, cell in enumerate(notebook["cells"], start=1):
        name = cell.get("id")
        if not name or name in seen:
            yield f"cell {index} has no id of its own"
        seen.add(name)
        if set(cell["metadata"]) - {"tags"}:
            yield f"cell {name} has metadata besides tags: {', '.join(sorted(cell['metadata']))}"
        if cell["cell_type"] == "code" and (cell["outputs"] or cell["execution_count"] is not None):
            yield f"cell {name} has outputs or an execution count"


def main(arguments: list[str]) -> int:
    """Check the notebooks named, or mend them."""
    fix = "--fix" in arguments
    paths = [Path(name) for name in arguments if name != "--fix"]
    if not paths:
        sys.stderr.write("No notebook was named.\n")
        return 2
    status = 0
    for path in paths:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        if fix:
            text = json.dumps(clean(notebook), ensure_ascii=False, indent=1) + "\n"
            path.write_text(text, encoding="utf-8")
            continue
        for complaint in complaints(notebook):
            sys.stderr.write(f"{path}: {complaint}\n")
            status = 1
    if status:
        sys.stderr.write("Clean them with: python .ci/notebooks_clean.py --fix notebooks/*.ipynb\n")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
