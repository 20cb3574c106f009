from __future__ import annotations

import base64
import stat

import asyncssh
import pytest
from botocore.exceptions import ClientError


@pytest.mark.parametrize(("kind", "start"), [("rsa", "-----BEGIN RSA"), ("ed25519", "-----BEGIN OPENSSH")])
def test_a_key_pair_is_a_real_key(bare_sandbox, clients, kind, start):
    ec2 = clients("ec2")
    made = ec2.create_key_pair(KeyName="one", KeyType=kind)
    try:
        assert made["KeyMaterial"].startswith(start)
        key = asyncssh.import_private_key(made["KeyMaterial"])
        saved = bare_sandbox.folder.path("ssh", "one.pem")
        assert saved.read_text() == made["KeyMaterial"]
        assert stat.S_IMODE(saved.stat().st_mode) == 0o600
        if kind == "ed25519":
            assert key.get_fingerprint("sha256").removeprefix("SHA256:") == made["KeyFingerprint"].rstrip("=")
    finally:
        ec2.delete_key_pair(KeyName="one")
    assert not bare_sandbox.folder.path("ssh", "one.pem").exists()
    assert "one" not in [pair["KeyName"] for pair in ec2.describe_key_pairs()["KeyPairs"]]


def test_a_public_key_is_imported(clients):
    public = asyncssh.generate_private_key("ssh-ed25519").export_public_key()
    ec2 = clients("ec2")
    ec2.import_key_pair(KeyName="mine", PublicKeyMaterial=public)
    assert ec2.describe_key_pairs(KeyNames=["mine"])["KeyPairs"][0]["KeyFingerprint"]
    ec2.delete_key_pair(KeyName="mine")


def test_a_name_is_given_once(clients, key_name):
    with pytest.raises(ClientError, match="already exists"):
        clients("ec2").create_key_pair(KeyName=key_name)


@pytest.mark.parametrize("name", ["../up", ".hidden"])
def test_a_name_that_is_no_file_name_is_refused(clients, name):
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        clients("ec2").create_key_pair(KeyName=name)


def test_nonsense_is_no_public_key(clients):
    with pytest.raises(ClientError, match=r"InvalidKey\.Format"):
        clients("ec2").import_key_pair(KeyName="mine", PublicKeyMaterial=base64.b64encode(b"no key"))


def test_an_unknown_kind_of_key(clients):
    with pytest.raises(ClientError, match="keyType"):
        clients("ec2")._make_api_call("CreateKeyPair", {"KeyName": "x", "KeyType": "dsa"})


def test_filters_are_heard(clients, key_name):
    ec2 = clients("ec2")
    ec2.create_key_pair(KeyName="filtered-1", KeyType="ed25519")

    def found(name, *values):
        filters = [{"Name": name, "Values": list(values)}]
        return {pair["KeyName"] for pair in ec2.describe_key_pairs(Filters=filters)["KeyPairs"]}

    try:
        assert found("key-name", "filtered-1") == {"filtered-1"}
        assert found("key-name", "filtered-*", key_name) == {"filtered-1", key_name}
        assert found("key-name", "nothing") == set()
        with pytest.raises(ClientError, match="The filter 'colour' is invalid"):
            found("colour", "blue")
    finally:
        ec2.delete_key_pair(KeyName="filtered-1")


def test_tags_and_kind_are_shown(clients):
    ec2 = clients("ec2")
    tags = [{"Key": "made by", "Value": "<us> & you"}]
    made = ec2.create_key_pair(
        KeyName="tagged", KeyType="ed25519", TagSpecifications=[{"ResourceType": "key-pair", "Tags": tags}]
    )
    (found,) = ec2.describe_key_pairs(KeyNames=["tagged"])["KeyPairs"]
    assert found == {
        "KeyName": "tagged",
        "KeyFingerprint": made["KeyFingerprint"],
        "KeyPairId": made["KeyPairId"],
        "KeyType": "ed25519",
        "Tags": tags,
    }
    ec2.delete_key_pair(KeyName="tagged")
    with pytest.raises(ClientError, match=r"InvalidKeyPair\.NotFound"):
        ec2.describe_key_pairs(KeyNames=["tagged"])
