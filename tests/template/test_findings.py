# ruff: noqa: E501 - a table of the template's own lines, which are as long as they are
from __future__ import annotations

import pytest

from tsalab.template import FRAGMENTS, Template


@pytest.mark.parametrize("name", FRAGMENTS)
def test_only_lab_4_has_the_blocks(lab3, lab4, name):
    assert not lab3.has(name).present
    finding = lab4.has(name)
    assert finding.present
    assert finding.line is not None


BY_HAND = [
    ("Engine: aurora\n", "Engine: 'aurora'   # the lab says so\n"),
    ("MaxCapacity: 16", 'MaxCapacity: "16"'),
    ("AutoPause: true", "AutoPause: 'true'"),
    (
        "        - !Ref PrivateSubnetA\n        - !Ref PrivateSubnetB",
        "        [Ref: PrivateSubnetB, !Ref PrivateSubnetA]",
    ),
    (
        "      DBSubnetGroupName:\n        Ref: DatabaseSubnetGroup",
        "      DBSubnetGroupName: !Ref DatabaseSubnetGroup",
    ),
    ("!Join ['', [!Ref 'AWS::StackName', '-RDSMasterSecret'] ]", "!Sub '${AWS::StackName}-RDSMasterSecret'"),
    (
        "      Name: !Join ['', [!Ref 'AWS::StackName', '-RDSMasterSecret'] ]",
        "      Name: {'Fn::Sub': '${AWS::StackName}-RDSMasterSecret'}",
    ),
    ("Description: These are the master secrets for my Aurora Instance", "Description: mine"),
    (
        "    DependsOn:\n      - DatabaseSubnetGroup\n      - DatabaseSecret\n",
        "    DependsOn: DatabaseSecret\n",
    ),
    ("    DeletionPolicy: Delete\n", "    DeletionPolicy: Delete\n    UpdateReplacePolicy: Delete\n"),
    ('                Resource: "*"', "                Resource: !Ref DatabaseSecret"),
    (
        '                Action: \n                  - "secretsmanager:GetSecretValue"',
        "                Action: secretsmanager:*",
    ),
    (
        '            Statement: \n              - \n                Effect: "Allow"\n                Action: \n',
        "            Statement:\n                Effect: Allow\n                Action: \n",
    ),
]


@pytest.mark.parametrize(("was", "is_now"), BY_HAND)
def test_other_spellings_pass(lab4, was, is_now):
    assert was in lab4.text
    other = Template(lab4.text.replace(was, is_now))
    assert [other.has(name) for name in FRAGMENTS if not other.has(name).present] == []


WRONG = [
    ("database-cluster", "EngineMode: serverless", "EngineMode: provisioned", "EngineMode is provisioned"),
    ("database-cluster", "SecondsUntilAutoPause: 7200", "SecondsUntilAutoPause: 300", "is 300"),
    (
        "database-cluster",
        "      DatabaseName: ",
        "      DatabaseNam: ",
        "there is no DatabaseCluster.Properties.DatabaseName",
    ),
    ("database-cluster", "      - DatabaseSecret\n", "", "DependsOn lacks DatabaseSecret"),
    (
        "database-cluster",
        "    Type: AWS::RDS::DBCluster\n",
        "    Type: AWS::RDS::DBInstance\n",
        "Type is AWS::RDS::DBInstance",
    ),
    ("database-cluster", "  DatabaseCluster:", "   DatabaseCluster:", "cannot be read as YAML"),
    ("database-cluster", "\n  DatabaseCluster:", "\nOutputs:\n  DatabaseCluster:", "stands under Outputs"),
    ("database-cluster", "  DatabaseCluster:", "DatabaseCluster:", "stands at the top level"),
    ("database-cluster", "  DatabaseCluster:", "  DatabaseClusterr:", "there is no DatabaseCluster"),
    (
        "database-cluster",
        "\nOutputs:",
        "\n  DatabaseCluster:\n    Type: AWS::RDS::DBCluster\n\nOutputs:",
        "2 times",
    ),
    (
        "database-cluster",
        "\n  DatabaseCluster:",
        "\n  DatabaseCluster: later\n  Other:",
        "DatabaseCluster is empty",
    ),
    ("database-secret", "PasswordLength: 40", "PasswordLength: 8", "PasswordLength is 8"),
    ("database-secret", "TargetType: AWS::RDS::DBCluster", "TargetType:", "TargetType is empty"),
    (
        "database-secret",
        "      GenerateSecretString:\n",
        "      GenerateSecretString: x\n      Other:\n",
        "GenerateSecretString is x",
    ),
    (
        "database-secret",
        "Description: These are the master secrets for my Aurora Instance",
        "Description: ''",
        "Description is empty",
    ),
    (
        "database-subnet-group",
        "        - !Ref PrivateSubnetB\n      Tags:\n        - Key: 'Name'\n          Value: !Join ['', [!Ref 'AWS::StackName', '::DatabaseSubnetGroup'] ]",
        "        - !Ref PublicSubnetB\n      Tags: []",
        "SubnetIds is",
    ),
    (
        "read-secrets-policy",
        "secretsmanager:GetSecretValue",
        "secretsmanager:DescribeSecret",
        "Action is secretsmanager:DescribeSecret",
    ),
    ("read-secrets-policy", '"ReadSecrets"', '"ReadSecret"', "there is no policy ReadSecrets"),
    ("read-secrets-policy", 'PolicyName: "DeliverTheApp"', "PolicyName: ReadSecrets", "2 times|ServerRole"),
]


@pytest.mark.parametrize(("name", "was", "is_now", "saw"), WRONG)
def test_what_is_wrong_is_said(lab4, name, was, is_now, saw):
    assert was in lab4.text
    finding = Template(lab4.text.replace(was, is_now)).has(name)
    if "|" in saw:  # a second policy of the name in another role does no harm to the one in place
        assert finding.present
        return
    assert not finding.present
    assert saw in finding.saw
    assert finding.expected


def test_a_policy_in_the_wrong_role_is_named(lab4):
    block = lab4.text[lab4.text.index('        -\n          PolicyName: "ReadSecrets"') :]
    block = block[: block.index("      RoleName")]
    text = lab4.text.replace(block, "").replace(
        '        -\n          PolicyName: "DeliverTheApp"',
        block + '        -\n          PolicyName: "DeliverTheApp"',
    )
    finding = Template(text).has("read-secrets-policy")
    assert finding.saw == "the policy ReadSecrets is in PipelineRole"
    assert finding.line is not None
    assert any("is in PipelineRole" in problem.what for problem in Template(text).problems())
    twice = lab4.text.replace(block, block + block)
    assert "2 times" in Template(twice).has("read-secrets-policy").saw


def test_a_finding_points_at_the_line(lab4):
    other = Template(lab4.text.replace("MaxCapacity: 16", "MaxCapacity: 64"))
    finding = other.has("database-cluster")
    assert lab4.text.splitlines()[finding.line - 1].strip() == "MaxCapacity: 16"
    assert finding.expected.endswith("MaxCapacity is 16")


def test_a_file_that_is_no_template_has_nothing():
    for text in ("", "just text", "- a list", "Resources:\n", "Resources: []", "\x00"):
        assert not Template(text).has("database-cluster").present
        assert not Template(text).has("read-secrets-policy").present


NEXT = [
    (
        "      EngineMode: serverless\n",
        "",
        "Add the line `EngineMode: serverless` to DatabaseCluster.Properties.",
    ),
    ("EngineMode: serverless", "EngineMode: provisioned", "write serverless instead"),
    (
        "      DBSubnetGroupName:\n        Ref: DatabaseSubnetGroup",
        "      DBSubnetGroupName:\n        Ref: PrivateSubnetA",
        "write !Ref DatabaseSubnetGroup instead",
    ),
    (
        "      DatabaseName: !Join ['', [!Ref 'AWS::StackName', 'Data'] ]\n",
        "",
        "Add the line `DatabaseName: !Sub '${AWS::StackName}Data'` to DatabaseCluster.Properties.",
    ),
    (
        "      ScalingConfiguration:\n",
        "      Other:\n",
        "Add ScalingConfiguration to DatabaseCluster.Properties, as",
    ),
    ("        - !Ref PrivateSecurityGroup\n", "        - sg-1\n", "write !Ref PrivateSecurityGroup instead"),
    (
        "        - !Ref PrivateSecurityGroup\n",
        "        - sg-1\n        - sg-2\n",
        "Add !Ref PrivateSecurityGroup to DatabaseCluster.Properties.VpcSecurityGroupIds",
    ),
    ("      - DatabaseSecret\n", "", "Add DatabaseSecret to DatabaseCluster.DependsOn"),
    ("\n  DatabaseCluster:", "\nOutputs:\n  DatabaseCluster:", "Move DatabaseCluster to the other resources"),
    ("  DatabaseCluster:", "  DatabaseClusters:", "rename DatabaseClusters to DatabaseCluster"),
    (
        "\n  DatabaseCluster:",
        "\n  DatabaseCluster: x\n  Other:",
        "Indent the lines that belong to DatabaseCluster",
    ),
    (
        "\nOutputs:",
        "\n  DatabaseCluster:\n    Type: A::B\n\nOutputs:",
        "Delete all but one DatabaseCluster (lines",
    ),
]


@pytest.mark.parametrize(("was", "is_now", "next_step"), NEXT)
def test_what_to_do_about_it_is_said(lab4, was, is_now, next_step):
    where = lab4.text.index("  DatabaseCluster:\n") - 1
    head, tail = lab4.text[:where], lab4.text[where:]
    assert was in tail
    finding = Template(head + tail.replace(was, is_now, 1)).has("database-cluster")
    assert not finding.present
    assert next_step in finding.next


def test_what_is_not_there_at_all_needs_no_words_but_the_steps_own(lab3):
    for name in FRAGMENTS:
        assert lab3.has(name).next == ""


def test_a_password_of_ones_own_is_not_repeated(lab4):
    lines = [
        "      MasterUserPassword: correct-horse" if "MasterUserPassword" in line else line
        for line in lab4.text.splitlines()
    ]
    finding = Template("\n".join(lines)).has("database-cluster")
    assert "MasterUserPassword" in finding.saw
    assert "correct-horse" not in str(finding)
    assert "{{resolve:secretsmanager:" in finding.next


@pytest.mark.parametrize("depth", [6, 8])
def test_a_policy_beside_the_list_is_named(lab4, depth):
    """With the keys of the policy at the level of Policies, or as a list of its own below another key."""
    block = lab4.text[lab4.text.index('        -\n          PolicyName: "ReadSecrets"') :]
    block = block[: block.index("      RoleName")]
    moved = "".join(line[4:] + "\n" for line in block.splitlines()[1:])
    if depth == 8:
        moved = "      Extra:\n" + "".join(line + "\n" for line in block.splitlines())
    finding = Template(lab4.text.replace(block, moved)).has("read-secrets-policy")
    assert finding.saw == "the policy ReadSecrets stands in ServerRole, beside its list Policies"
    assert "begin it with a dash" in finding.next
