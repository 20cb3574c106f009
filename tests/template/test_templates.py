"""The files in templates/ themselves."""

from __future__ import annotations

import hashlib
import re
import subprocess

import pytest
import yaml

from tsalab import resources
from tsalab.template import FRAGMENTS, Template
from tsalab.template.document import Document, get
from tsalab.template.meaning import REFERENCE, meaning

# Of the code blocks as the lab's author wrote them.
QUOTED = {
    "database-subnet-group.yml": "bbfafb19edff446a8d09cd9b7485e2f53ba77b1b0065acead70f61e3723caa28",
    "database-secret.yml": "5237c66c69d6ac1e5861db7e2f2fa454fbb0cce3b03b3ffa46c7572610ff3e31",
    "database-cluster.yml": "71852b2b3a38fdccd3623ada51f82907c6d4eda963fbe48524ed9d099cbff8c2",
    "read-secrets-policy.yml": "6f497a3da7a6a2070302526376a08fd2c76e8b20990aec19ed1e453add01062f",
    "config-secret-name.js": "0b548ce89ddd333a1e59059ac49ae11087571686d293d71747c8923b290eb763",
    "config-db.js": "1c7adfeba074b67ab4959bd01b426ddc80f7ff354f9a725ea44b121d3f147a63",
    "app-pool-old.js": "236eaf364679a1c0f626e8eddc9383de82b570b91d6c73d479d0baff763754b5",
    "app-pool-new.js": "7969ce2844bac8e16c72d48cdcaf33a8ab313bcd9ad68c8a3cab7cac9ceb5ad2",
}
LAB3 = [
    "VPC",
    "InternetGateway",
    "VPCGatewayAttachment",
    "PublicSubnetA",
    "PublicSubnetB",
    "PublicRouteTable",
    "PublicInternetRoute",
    "PublicSubnetARouteTableAssociation",
    "PublicSubnetBRouteTableAssociation",
    "PublicSecurityGroup",
    "PrivateSubnetA",
    "PrivateSubnetB",
    "PrivateRouteTable",
    "PrivateSubnetARouteTableAssociation",
    "PrivateSubnetBRouteTableAssociation",
    "PrivateSecurityGroup",
    "ServerRole",
    "DeployRoleProfile",
    "WebServer",
    "PipelineRole",
    "PipelineArtifacts",
    "SPAPipeline",
    "CFOriginAccessIdentity",
    "DataBucketAccessPolicy",
    "CFDistribution",
]
LAB4 = ["DatabaseSubnetGroup", "DatabaseSecret", "DatabaseSecretAttachment", "DatabaseCluster"]


@pytest.mark.parametrize("name", QUOTED)
def test_a_fragment_is_the_labs_own_text(name):
    content = (resources.templates() / "fragments" / "as-written" / name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == QUOTED[name]


def test_there_are_no_other_fragments():
    folder = resources.templates() / "fragments" / "as-written"
    assert {path.name for path in folder.iterdir()} == set(QUOTED)
    assert {f"{name}.yml" for name in FRAGMENTS} <= set(QUOTED)


def test_the_resources_are_in_the_labs_order(lab3, lab4):
    assert list(Document(lab3.text).resources) == LAB3
    assert list(Document(lab4.text).resources) == LAB3 + LAB4
    assert list(Document(lab4.text).section("Outputs")) == ["URL", "DistributionUrl"]


def test_the_new_policy_stands_directly_above_the_role_name(lab4):
    lines = lab4.text.splitlines()
    last = next(i for i, line in enumerate(lines) if "secretsmanager:GetSecretValue" in line) + 1
    assert lines[last].strip() == 'Resource: "*"'
    assert lines[last + 1].strip().startswith("RoleName:")


def test_the_current_variant_is_finished_by_its_own_fragments(lab3):
    """It holds what differs, and nothing of it differs in vain."""
    template = Template(lab3.text, variant="current")
    for name in FRAGMENTS:
        template = template.add(name)
    assert template.text == (resources.templates() / "infra-lab4-current.yml").read_text(encoding="utf-8")
    assert list(template.resources) == [*LAB3, *LAB4, "DatabaseInstance"]
    own = resources.templates() / "fragments" / "current"
    for path in own.iterdir():
        assert path.name in QUOTED
        assert path.read_bytes() != (own.with_name("as-written") / path.name).read_bytes()


def test_the_current_cluster_is_one_that_aws_makes(lab3):
    template = Template(lab3.text, variant="current").add("database-cluster").add("read-secrets-policy")
    root = Document(template.text).root
    cluster = meaning(get(root, "Resources", "DatabaseCluster", "Properties"))
    instance = meaning(get(root, "Resources", "DatabaseInstance", "Properties"))
    assert cluster["EngineVersion"].startswith("8.0.mysql_aurora.3.10.")
    assert cluster["ServerlessV2ScalingConfiguration"] == {
        "MinCapacity": "0",
        "MaxCapacity": "16",
        "SecondsUntilAutoPause": "7200",
    }
    assert "EngineMode" not in cluster
    assert "ScalingConfiguration" not in cluster
    assert (cluster["EnableHttpEndpoint"], instance["DBInstanceClass"]) == ("true", "db.serverless")
    assert cluster["Engine"] == instance["Engine"] == "aurora-mysql"
    policy = meaning(get(root, "Resources", "ServerRole", "Properties", "Policies"))[-1]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert REFERENCE.findall(statement["Resource"]) == ["DatabaseSecret"]


@pytest.mark.parametrize(
    "name", ["bootstrap.yml", "infra-lab3.yml", "infra-lab4.yml", "infra-lab4-current.yml"]
)
def test_cfn_lint_passes(name):
    template = Template.read(resources.templates() / name)
    assert template.problems() == []
    assert template.lint() == []


def test_cfn_lints_exceptions_have_a_reason(lab4):
    section = lab4.text.split("ignore_checks:")[1].split("\n\n")[0].strip().splitlines()
    assert all(re.fullmatch(r"\s*- [EW]\d{4} # \S.{20,}", line) for line in section)
    without = Template(
        re.sub(r"- [EW]\d{4} #", "#", lab4.text).replace("ignore_checks:", "ignore_checks: []")
    )
    assert {problem.why.split()[2].rstrip(":") for problem in without.lint()} == {"E3690", "W3005"}


def test_the_user_data_is_a_script_that_bash_accepts(lab3):
    root = Document(lab3.text).root
    data = meaning(get(root, "Resources", "WebServer", "Properties", "UserData"))
    script, values = data["Fn::Base64"]["Fn::Sub"]
    script = script.replace("${AWS::Region}", "us-east-1").replace("${AWS::URLSuffix}", "amazonaws.com")
    script = script.replace("${DataBucket}", "bucket").replace("${!", "${")
    assert set(values) == {"DataBucket"}
    assert "::" not in script.replace("nodejs::", "")
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    assert "forever start ./bin/www.js" in script


def test_the_api_is_never_cached_and_the_page_is(lab3):
    root = Document(lab3.text).root
    config = meaning(get(root, "Resources", "CFDistribution", "Properties", "DistributionConfig"))
    photos, api = config["CacheBehaviors"]
    assert (photos["PathPattern"], api["PathPattern"]) == ("images/uploads/*.*", "api/*")
    assert {api[f"{which}TTL"] for which in ("Min", "Default", "Max")} == {"0"}
    assert set(api["AllowedMethods"]) >= {"GET", "POST", "PUT", "DELETE"}
    assert api["ForwardedValues"]["QueryString"] == "true"
    assert photos["Compress"] == "true"
    assert int(config["DefaultCacheBehavior"]["DefaultTTL"]) > 0


def test_the_bootstrap_stack_hands_over_the_bucket_and_the_template():
    template = Template.read(resources.templates() / "bootstrap.yml")
    root = yaml.compose(template.text)
    assert list(Document(template.text).resources) == [
        "PipelineRole",
        "StackData",
        "PipelineArtifacts",
        "Pipeline",
    ]
    assert meaning(get(root, "Outputs", "StackDataBucket", "Export", "Name")) == "TSAGallery-DataBucket"
    assert "cloudformation/infra.yml.zip" in template.text
