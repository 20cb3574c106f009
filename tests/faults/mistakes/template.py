"""Steps 2 to 5: mistakes in infra.yml."""

from __future__ import annotations

from collections.abc import Callable

from tests.faults.hand import Hand, Mistake, block, paste

CLUSTER, SECRET, POLICY = (
    block(f"{name}.yml") for name in ("database-cluster", "database-secret", "read-secrets-policy")
)


def text(change: Callable[[str], str]) -> dict[str, Callable[[Hand], object]]:
    """A mistake in infra.yml, and how it is mended."""
    before: dict[str, str] = {}

    def make(hand: Hand) -> None:
        before["text"] = good = hand.template.read_text()
        bad = change(good)
        assert bad != good
        hand.template.write_text(bad)

    return {"make": make, "mend": lambda hand: hand.template.write_text(before["text"])}


def swap(was: str, is_now: str) -> dict[str, Callable[[Hand], object]]:
    def change(good: str) -> str:
        assert was in good
        return good.replace(was, is_now, 1)

    return text(change)


def dedented(lines: str, columns: int) -> str:
    return "".join(line[columns:] if line.strip() else line for line in lines.splitlines(keepends=True))


TEMPLATE = (
    Mistake(
        "wrong indentation",
        4,
        **swap("      Engine: aurora\n", "       Engine: aurora\n"),
        saw=("infra.yml, line", "column", "cannot be read as YAML (Engine:)"),
        next=("same number of spaces",),
        place="       Engine: aurora",
    ),
    Mistake(
        "a tab",
        4,
        **swap("    Type: AWS::RDS::DBCluster\n", "\tType: AWS::RDS::DBCluster\n"),
        saw=("is indented with a tab",),
        next=("spaces in its place",),
        place="\tType",
    ),
    Mistake(
        "a resource under Outputs",
        4,
        **text(lambda good: paste(good.replace(CLUSTER, ""), r"^  URL:", CLUSTER)),
        saw=("DatabaseCluster is a resource under Outputs",),
        next=("between CFDistribution and Outputs",),
        place="  DatabaseCluster:",
    ),
    Mistake(
        "a resource after Outputs, at top level",
        4,
        **text(lambda good: good.replace(CLUSTER, "") + "\n" + dedented(CLUSTER, 2)),
        saw=("DatabaseCluster stands outside of every section",),
        next=("indented like them",),
        place="DatabaseCluster:",
    ),
    Mistake(
        "a resource inside another",
        3,
        **swap("  DatabaseSecret:", "    DatabaseSecret:"),
        saw=("DatabaseSecret stands inside DatabaseSubnetGroup",),
        next=("indented like them",),
        place="    DatabaseSecret:",
    ),
    Mistake(
        "a resource twice",
        3,
        **text(lambda good: paste(good, r"^Outputs:", SECRET + "\n")),
        saw=("DatabaseSecret is there twice",),
        next=("Delete all but one DatabaseSecret (lines",),
    ),
    Mistake(
        "a resource's name misspelt",
        4,
        **swap("  DatabaseCluster:", "  DatabaseClustr:"),
        saw=("there is no DatabaseCluster, but DatabaseClustr is of its type",),
        next=("rename DatabaseClustr to DatabaseCluster",),
        place="  DatabaseClustr:",
    ),
    Mistake(
        "the policy in another role",
        5,
        **text(lambda good: paste(good.replace(POLICY, ""), r"^ *-\s+PolicyName: .DeliverTheApp", POLICY)),
        saw=("The policy ReadSecrets is in PipelineRole",),
        next=("Move ReadSecrets to ServerRole", "above its RoleName"),
        place='PolicyName: "ReadSecrets"',
    ),
    Mistake(
        "the policy beside the list",
        5,
        **text(lambda good: good.replace(POLICY, dedented(POLICY.replace("        -\n", "", 1), 4))),
        saw=("ReadSecrets stands in ServerRole, beside its list Policies",),
        next=("item of the list Policies", "dash"),
        place='PolicyName: "ReadSecrets"',
    ),
    Mistake(
        "the policy without its dash",
        5,
        **text(lambda good: good.replace(POLICY, POLICY.replace("        -\n", "", 1))),
        saw=("PolicyName is there twice",),
        next=("a line with a dash", "above line"),
        place='PolicyName: "ReadSecrets"',
    ),
    Mistake(
        "the secret's name",
        3,
        **swap("'-RDSMasterSecret'] ]", "'-RDSMasterSecrets'] ]"),
        saw=("DatabaseSecret.Properties.Name is ${AWS::StackName}-RDSMasterSecrets",),
        next=("write !Sub '${AWS::StackName}-RDSMasterSecret'",),
        place="-RDSMasterSecrets",
    ),
    Mistake(
        "the secret's name, before step 4 adds what the attachment refers to",
        3,
        **text(
            lambda good: good.replace(CLUSTER, "").replace("'-RDSMasterSecret'] ]", "'-DBMasterSecret'] ]", 1)
        ),
        saw=("DatabaseSecret.Properties.Name is ${AWS::StackName}-DBMasterSecret",),
        next=("write !Sub '${AWS::StackName}-RDSMasterSecret'",),
        place="-DBMasterSecret",
    ),
    Mistake(
        "the attachment's target",
        3,
        **swap("        Ref: DatabaseCluster\n", "        Ref: DatabaseSubnetGroup\n"),
        saw=("DatabaseSecretAttachment.Properties.TargetId is ${DatabaseSubnetGroup}",),
        next=("write !Ref DatabaseCluster",),
    ),
    Mistake(
        "a subnet's name misspelt",
        2,
        **swap(
            "        - !Ref PrivateSubnetB\n      Tags:\n        - Key: 'Name'\n          Value: !Join ['', "
            "[!Ref 'AWS::StackName', '::DatabaseSubnetGroup']",
            "        - !Ref PrivateSubnettB\n      Tags:\n        - Key: 'Name'\n          Value: !Join ['', "
            "[!Ref 'AWS::StackName', '::DatabaseSubnetGroup']",
        ),
        saw=("DatabaseSubnetGroup refers to PrivateSubnettB",),
        next=("Did you mean PrivateSubnetB?",),
        place="PrivateSubnettB",
    ),
    Mistake(
        "no engine mode",
        4,
        **swap("      EngineMode: serverless\n", ""),
        saw=("there is no DatabaseCluster.Properties.EngineMode",),
        next=("Add the line `EngineMode: serverless` to DatabaseCluster.Properties",),
    ),
    Mistake(
        "a password in the template",
        4,
        **text(
            lambda good: "".join(
                "      MasterUserPassword: correct-horse\n" if "MasterUserPassword" in line else line
                for line in good.splitlines(keepends=True)
            )
        ),
        saw=("MasterUserPassword is a text of its own",),
        next=("{{resolve:secretsmanager:",),
        place="MasterUserPassword",
    ),
)
