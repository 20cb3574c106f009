"""In a real kernel: what nbclient stores of a step, and what importing costs."""

from __future__ import annotations

import subprocess
import sys

import nbformat
import pytest

from tsalab.records import MIMETYPE

CODE = """
import threading, time
from tsalab.records import Record, utc_now
from tsalab.show import StepView, table
began = utc_now()
with StepView(9, "Watch the pipeline", widgets=True) as view:
    def work():
        deadline = time.monotonic() + 0.6
        count = 0
        while time.monotonic() < deadline:
            count += 1
            view.progress("resources", count)
            view.line(f"line {count}")
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    view.finish(
        Record.new(run="n", step=9, section="s", title="Watch the pipeline", status="passed",
                   saw="a", expected="b", started=began, ended=utc_now()),
        [table([("Source", "Succeeded")])],
    )
"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    from tsalab import runner

    folder = tmp_path_factory.mktemp("kernel")
    nodes = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(CODE), nbformat.v4.new_code_cell("1 / 0")],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(nodes, folder / "in.ipynb")
    with runner.WarmKernel(folder) as kernel:
        outcome = runner.run(folder / "in.ipynb", folder / "out.ipynb", {}, kernel)
    assert outcome.error == "ZeroDivisionError: division by zero"
    return nbformat.read(folder / "out.ipynb", as_version=4)


def test_one_output_stays_and_no_widget(executed: nbformat.NotebookNode) -> None:
    step = next(cell for cell in executed.cells if "Watch the pipeline" in cell.source)
    assert [output.output_type for output in step.outputs] == ["display_data"]
    assert set(step.outputs[0].data) == {"text/plain", "text/html", MIMETYPE}
    assert step.outputs[0].data[MIMETYPE]["step"] == 9
    assert "widgets" not in executed.metadata


def test_importing_show_loads_neither_widgets_nor_ipython() -> None:
    slow = {"anywidget", "ipywidgets", "traitlets", "IPython", "boto3", "jsonschema", "nbformat"}
    code = f"import sys, tsalab.show, tsalab.records; print(sorted({slow} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
