"""What runs on a web server: forever, npm, Node.js and its AWS SDKs, git."""

from __future__ import annotations

import re
import shutil

import httpx
import psutil
import pytest
from machineground import WEB, Ground, Recorder

from tsalab import resources
from tsalab.sandbox import processes

from .serving import install_app, is_down, site


def test_forever_keeps_the_app_as_the_lab_prints_it(ground: Ground) -> None:
    install_app(ground)
    done = ground.ssh(
        "sudo su - -c 'cd /opt/tsa_gallery/; forever stopall; "
        "GREETING=hello forever start ./bin/www.js; forever list'"
    )
    said = re.sub(r"\x1b\[\d+m", "", done.stdout)
    assert "Forever processing file: ./bin/www.js" in said
    assert "bin/www.js" in said.split("Forever processes running")[1]
    assert done.stderr == ""
    assert site(ground) == "app hello"
    listeners = [
        connection.laddr.ip
        for process in processes.members(ground.folder)
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert set(listeners) == {"127.0.0.1"}
    done = ground.ssh("sudo su - -c 'forever stopall; forever list'")
    assert "No forever processes running" in done.stdout
    assert is_down(ground)


def test_packages_of_a_lock_file_are_linked(ground: Ground) -> None:
    app = ground.machine("opt", "tsa_gallery")
    host = resources.templates() / "gallery" / "host"
    for name in ("package.json", "package-lock.json"):
        shutil.copy(host / name, app / name)
    for _ in range(2):
        done = ground.ssh("cd /opt/tsa_gallery && npm ci --omit=dev && ls node_modules/forever/package.json")
        assert done.returncode == 0, done
        assert "linked" in done.stdout
        assert (app / "node_modules").is_symlink()
    real = ground.ssh("cd /opt/tsa_gallery && npm pkg get name && npm prefix -g")
    assert real.stdout.splitlines()[0] == '"tsa-gallery-host"'
    assert real.stdout.splitlines()[1] == str(ground.machine("usr", "local"))
    missing = ground.ssh("cd /tmp && npm ci --omit=dev")
    assert missing.returncode == 1
    assert "has no package-lock.json" in missing.stderr


def test_an_npm_that_changes_packages_gets_a_copy(ground: Ground) -> None:
    home = ground.machine("home", "ec2-user", "p")
    shared = ground.machine("tmp", "shared")
    (shared / "x").mkdir(parents=True)
    home.mkdir()
    (home / "node_modules").symlink_to(shared)
    (home / "package.json").write_text('{"name": "p", "version": "1.0.0"}')
    assert ground.ssh("cd p && npm prune --offline").returncode == 0
    assert not (home / "node_modules").is_symlink()
    assert (shared / "x").is_dir()


def test_node_finds_the_sandboxs_network(ground: Ground, cluster: object) -> None:
    script = """
    const net = require('net');
    const hello = (...where) => new Promise((done, failed) => {
      const socket = net.connect(...where).on('error', failed);
      socket.once('data', (data) => { socket.end(); done(data.includes('MariaDB')); });
    });
    Promise.all([hello(3306, '127.0.0.1'), hello(3306), hello({port: 3306, host: process.argv[1]})])
      .then((all) => console.log(all.join()));
    """
    from machineground import CLUSTER_HOST

    done = ground.ssh(f'node -e "$(cat)" {CLUSTER_HOST.upper()}.', stdin=script.encode())
    assert done.stdout.strip() == "true,true,true", done


def test_node_listens_on_loopback_and_on_port_80(ground: Ground) -> None:
    script = """
    const http = require('http');
    const server = http.createServer((q, r) => r.end('80'));
    server.listen(80, () => {
      http.get('http://localhost/', (answer) => {
        console.log(server.address().address, answer.statusCode);
        server.close();
        answer.resume();
      });
    });
    """
    done = ground.ssh('sudo node -e "$(cat)"', stdin=script.encode())
    assert done.stdout.strip() == "127.0.0.1 200", done


def test_both_aws_sdks_find_the_sandbox_with_the_servers_role(
    ground: Ground, endpoint: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def role(name: str) -> dict[str, str]:
        asked.append(name)
        return {
            "AccessKeyId": "ASIAROLE",
            "SecretAccessKey": "s",
            "Token": "t",
            "Expiration": "2099-01-01T00:00:00Z",
        }

    monkeypatch.setattr(ground.estate.servers, "role_credentials", role)
    app = ground.machine("home", "ec2-user", "sdk")
    app.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(resources.templates() / "gallery" / "api" / name, app / name)
    script = """
    const AWS = require('aws-sdk');
    const s3 = new AWS.S3();
    new AWS.SecretsManager({region: 'us-east-1'}).getSecretValue({SecretId: 'x'}).promise()
      .then(() => s3.putObject({Bucket: 'photos', Key: 'images/uploads/a.jpg', Body: 'x'}).promise())
      .then(() => console.log('done'));
    """
    done = ground.ssh('cd sdk && npm ci --omit=dev >/dev/null && node -e "$(cat)"', stdin=script.encode())
    assert done.stdout.strip() == "done", done
    assert set(asked) == {"TSAGalleryServerRole"}
    (_, _, secret), (method, path, _) = endpoint.seen[-2:]
    assert secret["X-Amz-Target"] == "secretsmanager.GetSecretValue"
    assert "ASIAROLE" in secret["Authorization"]
    assert (method, path) == ("PUT", "/photos/images/uploads/a.jpg")
    done = ground.ssh("aws secretsmanager get-secret-value --secret-id y --query SecretString --output text")
    assert done.stdout.strip() == "{}", done
    assert "ASIAROLE" in endpoint.seen[-1][2]["Authorization"]


def test_credentials_are_for_the_machine_alone(ground: Ground) -> None:
    url = ground.ssh("echo $AWS_CONTAINER_CREDENTIALS_FULL_URI").stdout.strip()
    token = ground.ssh("echo $AWS_CONTAINER_AUTHORIZATION_TOKEN").stdout.strip()
    for headers, status in (({}, 403), ({"Authorization": "x"}, 403), ({"Authorization": token}, 404)):
        assert httpx.get(url, headers=headers).status_code == status


def test_git_gets_codecommits_signature(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = {"AccessKeyId": "ASIAROLE", "SecretAccessKey": "s", "Token": "t", "Expiration": "x"}
    monkeypatch.setattr(ground.estate.servers, "role_credentials", lambda name: credentials)
    seen: list[tuple[str, str, str]] = []

    def authenticate(username: str, password: str, url: str, permission: str) -> bool:
        seen.append((username, password, permission))
        return False

    monkeypatch.setattr(ground.estate.git, "authenticate", authenticate)
    done = ground.ssh(
        "git -c credential.helper='!aws codecommit credential-helper $@' -c credential.UseHttpPath=true "
        "ls-remote https://git-codecommit.us-east-1.amazonaws.com/v1/repos/TSAGallery-API"
    )
    assert done.returncode != 0
    username, password, permission = seen[-1]
    assert (username, permission) == ("ASIAROLE%t", "codecommit:GitPull")
    moment, _, signature = password.partition("Z")
    assert len(moment) == 15
    assert len(signature) == 64


def test_packages_whose_cache_was_deleted_are_installed_again(own: Ground) -> None:
    own.launch(user_data="")
    app = own.machine("opt", "tsa_gallery")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(resources.templates() / "gallery" / "host" / name, app / name)
    (app / "node_modules").symlink_to("/nowhere/node_modules")
    own.estate.servers.stop(WEB)
    own.estate.servers.start(WEB)
    assert (app / "node_modules" / "forever" / "package.json").exists()


def test_an_app_on_aurora_resumes_after_its_database(own: Ground) -> None:
    # As in a sandbox whose lab is done: the app ends at once when it finds no database.
    own.launch()
    endpoint = own.estate.databases.create("aurora", username="admin", password="p", database="d")
    own.estate.routes.set("aurora.internal", 3306, *endpoint)
    own.booted()
    app = own.machine("opt", "tsa_gallery", "bin")
    app.mkdir()
    (app / "www.js").write_text(
        """
        const net = require('net');
        net.connect(3306, 'aurora.internal').on('error', () => process.exit(1)).once('data', () => {
          require('http').createServer((q, r) => r.end('aurora')).listen(process.env.PORT);
        });
        """
    )
    own.ssh("sudo su - -c 'cd /opt/tsa_gallery; forever start ./bin/www.js; systemctl disable --now mariadb'")
    assert site(own) == "aurora"
    own.estate.stop()
    own.up()
    own.estate.servers.resume_all()
    own.estate.databases.resume_all()
    assert site(own) == "aurora"
