from __future__ import annotations

import pytest

from tsalab.errors import ServerError
from tsalab.server import node


def test_syntax_errors_have_a_line(server) -> None:
    assert node.syntax_error(server, "const a = 1;\n") is None
    assert (node.syntax_error(server, "const a = 1;\nlet = ;\n") or "").startswith("line 2: SyntaxError")


def test_no_node(server, host) -> None:
    host.environment["PATH"] = f"{host.bin}:/bin-of-nothing"
    for name in ("bash", "env"):
        (host.bin / name).symlink_to(f"/bin/{name}")
    with pytest.raises(ServerError, match=r"failed|does not know"):
        node.syntax_error(server, "1")
