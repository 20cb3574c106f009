"""infra.yml: read it, insert the lab's fragments, compare, lint, zip.

Pure: text in, text out. Nothing here talks to AWS, to the web server or to Jupyter, and
``cfn-lint`` is imported only when somebody asks for it. Edits keep every byte that is not
theirs: comments, spacing, quoting, line ends, a byte order mark, a missing last newline.

- ``document``   the text with the places of its resources
- ``meaning``    values with the spelling taken out, and how they differ
- ``fragments``  the blocks that the lab adds
- ``findings``   is a block there, by meaning
- ``editing``    put a block in, take it out
- ``problems``, ``references``   what CloudFormation would refuse, with line and column
- ``package``    infra.yml.zip
- ``template``   `Template`, which holds all of these in one hand
"""

from tsalab.template.findings import Finding
from tsalab.template.fragments import FRAGMENTS
from tsalab.template.package import package, read_package, zipped
from tsalab.template.problems import Problem
from tsalab.template.template import Template

__all__ = ["FRAGMENTS", "Finding", "Problem", "Template", "package", "read_package", "zipped"]
