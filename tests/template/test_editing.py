from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsalab.errors import TemplateError
from tsalab.template import FRAGMENTS, Template

ALL = tuple(FRAGMENTS)
SMALL = """\
Resources:
  ServerRole:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyName: ReadAndWriteS3
      RoleName: server

  CFDistribution:
    Type: AWS::CloudFront::Distribution

Outputs:
  URL:
    Value: x
"""


def add_all(template: Template, names=ALL) -> Template:
    for name in names:
        template = template.add(name)
    return template


def test_the_editor_turns_lab_3_into_lab_4_byte_for_byte(lab3, lab4):
    assert add_all(lab3).text == lab4.text


@pytest.mark.parametrize("order", list(permutations(ALL))[::5])
def test_any_order_gives_the_same_file(lab3, lab4, order):
    assert add_all(lab3, order).text == lab4.text


def test_adding_twice_is_adding_once(lab3, lab4):
    assert add_all(lab4) is lab4
    once = lab3.add("database-cluster")
    assert once.add("database-cluster") is once


def test_removing_undoes_adding(lab3, lab4):
    template = lab4
    for name in ALL:
        template = template.remove(name)
    assert template.text == lab3.text
    assert lab3.remove("database-secret") is lab3


def respell(text: str, *, crlf: bool, bom: bool, last_newline: bool, trailing: str) -> str:
    text = text.replace(
        "    Type: AWS::CloudFront::Distribution", f"    Type: AWS::CloudFront::Distribution{trailing}"
    )
    if not last_newline:
        text = text.rstrip("\n")
    if crlf:
        text = text.replace("\n", "\r\n")
    return ("\ufeff" if bom else "") + text


@given(
    crlf=st.booleans(),
    bom=st.booleans(),
    last_newline=st.booleans(),
    outputs=st.booleans(),
    trailing=st.sampled_from(
        ["", "  # eol", "\n    # in it", "\n\n\n", "\n  # between\n", "\n# left\n", "\n    Condition: C"]
    ),
    order=st.permutations(ALL),
)
@settings(max_examples=60, deadline=None)
def test_edits_keep_every_other_byte(crlf, bom, last_newline, outputs, trailing, order):
    text = SMALL if outputs else SMALL.split("\nOutputs")[0]
    before = Template(respell(text, crlf=crlf, bom=bom, last_newline=last_newline, trailing=trailing))
    after = add_all(before, order)
    assert all(after.has(name).present for name in ALL)
    # Take the added lines out again: what is left is the file as it was.
    added = [
        line
        for line in before.diff(after).splitlines()[2:]
        if line.startswith("-") and not line.startswith("---")
    ]
    assert len(added) <= 1  # at most the last line, when it gets a line end
    undone = after
    for name in order:
        undone = undone.remove(name)
    assert undone.text == before.text
    assert after.text.startswith("\ufeff") == bom
    if crlf:
        assert "\n" not in after.text.replace("\r\n", "")


@pytest.mark.parametrize("width", [1, 3, 4])
def test_blocks_take_the_files_own_indentation(lab3, width):
    wide = "\n".join(
        " " * ((len(line) - len(line.lstrip(" "))) // 2 * width) + line.lstrip(" ")
        for line in SMALL.splitlines()
    )
    after = add_all(Template(wide + "\n"))
    assert after.problems() == [] or all("PrivateS" in p.what for p in after.problems())
    assert f"\n{' ' * width}DatabaseCluster:\n{' ' * 2 * width}Type: AWS::RDS::DBCluster\n" in after.text


def test_a_list_that_stands_under_its_key_keeps_its_dashes_there():
    text = SMALL.replace("        - PolicyName", "      - PolicyName")
    after = Template(text).add("read-secrets-policy")
    assert '\n      -\n        PolicyName: "ReadSecrets"\n' in after.text


def test_a_role_without_policies_gets_them_above_its_name():
    text = SMALL.replace("      Policies:\n        - PolicyName: ReadAndWriteS3\n", "")
    after = Template(text).add("read-secrets-policy")
    assert '    Properties:\n      Policies:\n        -\n          PolicyName: "ReadSecrets"' in after.text
    assert after.remove("read-secrets-policy").text == text
    nameless = Template(text.replace("RoleName: server", "Path: /")).add("read-secrets-policy")
    assert "      Path: /\n      Policies:\n" in nameless.text


def test_policies_with_nothing_below_them_are_filled():
    text = SMALL.replace("        - PolicyName: ReadAndWriteS3\n", "")
    assert Template(text).add("read-secrets-policy").has("read-secrets-policy").present


def test_without_a_distribution_the_blocks_come_last():
    text = SMALL.replace("  CFDistribution:\n    Type: AWS::CloudFront::Distribution\n\n", "")
    after = add_all(Template(text))
    assert (
        after.text.index("ServerRole") < after.text.index("DatabaseSubnetGroup") < after.text.index("Outputs")
    )


def test_half_of_a_block_is_completed(lab3, lab4):
    text = lab4.text
    start, end = text.index("  \n  DatabaseSecretAttachment"), text.index("\n  DatabaseCluster")
    assert Template(text[:start] + text[end:]).add("database-secret").text == text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", "database-cluster"),
        ("Resources: {A: {Type: T}}", "database-cluster"),
        ("Resources:\n", "database-cluster"),
        ("- a\n", "database-cluster"),
        ("Resources:\n  A:\n    Type: T\n", "read-secrets-policy"),
        (
            SMALL.replace("Policies:\n        - PolicyName: ReadAndWriteS3", "Policies: [{PolicyName: a}]"),
            "read-secrets-policy",
        ),
        (SMALL.replace("Properties:", "Properties: {}\n    X:"), "read-secrets-policy"),
    ],
)
def test_a_file_without_the_place_is_refused(text, name):
    with pytest.raises(TemplateError, match="no place"):
        Template(text).add(name)


def test_a_broken_file_is_refused_with_its_line(lab3):
    broken = Template(lab3.text.replace("  VPC:\n    Type:", "  VPC:\n   x: 1\n    Type:"))
    with pytest.raises(TemplateError, match=r"from line \d+ on"):
        broken.add("database-cluster")
    with pytest.raises(TemplateError, match=r"from line \d+ on"):
        broken.remove("database-cluster")


def test_a_block_that_differs_is_never_overwritten(lab4):
    other = Template(lab4.text.replace("MaxCapacity: 16", "MaxCapacity: 64"))
    with pytest.raises(TemplateError, match="MaxCapacity is 64"):
        other.add("database-cluster")


def test_unknown_names_are_refused(lab3):
    with pytest.raises(TemplateError, match="no block 'databse'"):
        lab3.add("databse")
    with pytest.raises(TemplateError, match="no variant 'futuristic'") as caught:
        lab3.has("database-cluster", "futuristic")
    assert "as-written" in caught.value.next_step


def test_the_diff_shows_what_was_added(lab3):
    lines = lab3.diff(lab3.add("database-subnet-group")).splitlines()
    assert lines[:2] == ["--- infra.yml (before)", "+++ infra.yml (after)"] or lines[0].startswith(
        "--- infra-lab3.yml"
    )
    assert "+  DatabaseSubnetGroup:" in lines
    assert lab3.diff(lab3) == ""
    assert "\\ No newline at end of file" in Template("a: 1").diff(Template("a: 2\n"))
