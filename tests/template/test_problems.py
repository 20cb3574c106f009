# ruff: noqa: E501 - a table of the template's own lines, which are as long as they are
from __future__ import annotations

import builtins

import pytest

from tsalab.errors import TemplateError
from tsalab.template import Template

MISTAKES = [
    # (what was, what a slip makes of it, the line's text, part of what is said)
    ("    Type: AWS::RDS::DBCluster\n", "\tType: AWS::RDS::DBCluster\n", "\tType", "indented with a tab"),
    (
        "      Engine: aurora",
        "       Engine: aurora",
        "       Engine: aurora",
        "cannot be read as YAML (Engine:)",
    ),
    ("  DatabaseCluster:", " DatabaseCluster:", " DatabaseCluster:", "cannot be read as YAML"),
    (
        "  DatabaseCluster:",
        "DatabaseCluster:",
        "DatabaseCluster:",
        "DatabaseCluster stands outside of every section",
    ),
    (
        "  DatabaseSubnetGroup:",
        "    DatabaseSubnetGroup:",
        "    DatabaseSubnetGroup:",
        "DatabaseSubnetGroup stands inside CFDistribution",
    ),
    ("\n  DatabaseCluster:", "\n  VPC:", "  VPC:", "VPC is there twice"),
    (
        "!Ref PrivateSubnetA\n        - !Ref PrivateSubnetB\n      Tags",
        "!Ref PrivatSubnetA\n        - !Ref PrivateSubnetB\n      Tags",
        "        - !Ref PrivatSubnetA",
        "refers to PrivatSubnetA",
    ),
    (
        "      - DatabaseSecret\n",
        "      - DatabaseSecrets\n",
        "      - DatabaseSecrets",
        "refers to DatabaseSecrets",
    ),
    (
        "!GetAtt WebServer.PublicDnsName\n",
        "!GetAtt WebServr.PublicDnsName\n",
        "            DomainName: !GetAtt WebServr.PublicDnsName",
        "refers to WebServr",
    ),
    (
        "http://${CFDistribution.",
        "http://${CFDistributio.",
        "    Value: !Sub 'http://${CFDistributio.DomainName}'",
        "refers to CFDistributio",
    ),
    ("    Type: AWS::RDS::DBCluster\n", "", "  DatabaseCluster:", "has no Type"),
    ("    Type: AWS::RDS::DBCluster\n", "    Type: cluster\n", "    Type: cluster", "is not a type"),
    (
        "    Properties:\n      DatabaseName:",
        "    Property:\n      DatabaseName:",
        "    Property:",
        "Property is no attribute of DatabaseCluster",
    ),
    (
        "    Properties:\n      CidrBlock: 10.11.0.0/16\n      EnableDnsHostnames: true\n      EnableDnsSupport: true\n      Tags:\n        - Key: Name\n          Value: !Join ['', [!Ref 'AWS::StackName', '::VPC'] ]",
        "    Properties:\n",
        "    Properties:",
        "Properties of VPC are empty",
    ),
    (
        "    Description: The web server, where the API answers\n    Value: !Sub 'http://${WebServer.PublicDnsName}'",
        "    Description: d",
        "  URL:",
        "output URL has no Value",
    ),
    ("\nOutputs:", "\nOutput:", "Output:", "Output is not a section"),
    (
        "          Value: !Join ['', [!Ref 'AWS::StackName', '::DatabaseCluster'] ]",
        "          Value: !Join ['', [!Ref 'AWS::StackName', '::DatabaseCluster']",
        "      VpcSecurityGroupIds: ",
        "cannot be read as YAML",
    ),
    ("      Engine: aurora", "      Engine: 'aurora", None, "cannot be read as YAML"),
    ("      Engine: aurora", "      Engine: *aurora", "      Engine: *aurora", "cannot be read as YAML"),
    ("      Engine: aurora", "      Engine aurora", None, "cannot be read as YAML"),
    ("      Engine: aurora", "---\n      Engine: aurora", None, "cannot be read as YAML"),
    (
        "\n  DatabaseCluster:\n    Type",
        "\n  DatabaseCluster: x\n  Other:\n    Type",
        "  DatabaseCluster: x",
        "DatabaseCluster is empty",
    ),
]


@pytest.mark.parametrize(("was", "is_now", "line", "what"), MISTAKES)
def test_a_slip_is_found_with_its_line(lab4, was, is_now, line, what):
    assert was in lab4.text
    broken = Template(lab4.text.replace(was, is_now, 1))
    found = [problem for problem in broken.problems() if what in problem.what]
    assert found, broken.problems()
    assert all(problem.why and problem.next for problem in broken.problems())
    if line is not None:
        assert broken.text.splitlines()[found[0].line - 1].startswith(line.rstrip()[:40])


def test_a_resource_under_outputs_is_found(lab4):
    text = lab4.text.replace("\n  DatabaseCluster:", "\nOutputs:\n  DatabaseCluster:", 1)
    text = text.replace("\nOutputs:\n  URL", "\n  URL", 1)
    assert any(p.what == "DatabaseCluster is a resource under Outputs." for p in Template(text).problems())


def test_a_resource_inside_another_is_found():
    text = "Resources:\n  A:\n    Type: AWS::S3::Bucket\n    B:\n      Type: AWS::S3::Bucket\n"
    (problem,) = Template(text).problems()
    assert problem.what == "B stands inside A."
    assert (problem.line, problem.column) == (4, 5)


def test_the_nearest_name_is_suggested(lab4):
    broken = Template(lab4.text.replace("      - DatabaseSecret\n", "      - DatabaseSecert\n"))
    assert [problem.next for problem in broken.problems()] == ["Did you mean DatabaseSecret?"]
    assert "line " in str(broken.problems()[0])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "The file is empty."),
        ("# nothing\n", "The file is empty."),
        ("just text", "The file is not a template."),
        ("Resources: []\n", "There are no Resources."),
        ("Parameters: {}\n", "There are no Resources."),
        ("a: \x07", "This is not YAML"),
        ("a: " + "[" * 3000, "cannot be read as YAML"),
        ("Resources:\n  A: &a\n    Type: A::B\n  B: *a\n", "used again by a YAML alias"),
        (
            "Resources:\n  A:\n    Type: A::B\n    Properties: {X: !Ref B}\n  B:\n    Type: A::B\n    DependsOn: A\n",
            "A needs B needs A.",
        ),
        ("Resources:\n  A:\n    Type: A::B\n    Condition: C\n", "refers to C"),
        (
            "Resources:\n  A:\n    Type: A::B\n    Properties: {X: !If [C, 1, 2], Y: !FindInMap [M, a, b]}\n",
            "refers to M",
        ),
        ("Resources:\n  A:\n    Type: A::B\n    Properties: {X: {'Fn::GetAtt': [B, Arn]}}\n", "refers to B"),
        ("Conditions:\n  C: !Equals [!Ref P, a]\nResources:\n  A:\n    Type: A::B\n", "refers to P"),
    ],
)
def test_small_files(text, what):
    assert any(what in problem.what for problem in Template(text).problems()), Template(text).problems()


def test_names_that_are_right_are_left_alone():
    text = """
Parameters: {P: {Type: String}}
Mappings: {M: {a: {b: c}}}
Conditions:
  C: !Equals [!Ref P, !Sub '${AWS::Region}']
  D: !Not [!Condition C]
Resources:
  A:
    Type: AWS::S3::Bucket
    Condition: C
    Properties:
      X: !Sub ['${Own} ${P} ${!Literal}', {Own: !GetAtt B.Arn}]
      Y: !If [D, !FindInMap [M, a, b], !Ref 'AWS::NoValue']
  B: {Type: AWS::S3::Bucket}
Outputs:
  O: {Value: !GetAtt [A, Arn], Condition: C}
"""
    assert Template(text).problems() == []


def test_a_value_never_shows_in_a_complaint(lab4):
    secret = "correct-horse"
    text = lab4.text.replace(
        "      Engine: aurora", f"      MasterUserPassword: {secret}\n       Engine: aurora"
    )
    assert secret not in str(Template(text).problems())


def test_lint_says_how_to_install_itself(lab3, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("cfnlint"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(TemplateError) as caught:
        lab3.lint()
    assert "pip install cfn-lint" in caught.value.next_step
