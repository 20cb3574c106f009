"""A web server's own folder: its files, its facts, and the environment of its programs."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import shutil
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tsalab import resources
from tsalab.errors import SandboxError
from tsalab.files import write_private
from tsalab.messages import say
from tsalab.sandbox import requirements
from tsalab.sandbox.folder import Folder, read_json, write_json
from tsalab.sandbox.machines import namespace, node_packages, programs
from tsalab.sandbox.machines.namespace import Wrapper
from tsalab.sandbox.machines.routes import Routes
from tsalab.sandbox.ports import Ports

IMAGE = Path(__file__).parent / "image"
USER = "ec2-user"
_FOLDERS = (
    f"home/{USER}",
    "root",
    f"opt/{namespace.APP}",
    "etc",
    "etc/my.cnf.d",
    "usr/local/bin",
    "usr/local/lib",
    "var/lib/mysql",
    "var/lib/cloud/instance",
    "var/lib/forever",
    "var/log",
    "tmp",
)
# One program of the image answers to many names.
_NAMES = {
    "mysql": (
        "mariadb",
        "mysqldump",
        "mariadb-dump",
        "mysqladmin",
        "mariadb-admin",
        "mysqlcheck",
        "mariadb-check",
    ),
    "dnf": ("yum",),
}
# What a session takes over from this computer; nothing of AWS, Python or Node.js.
_KEPT = re.compile(r"LANG|LC_\w+|TZ|SSL_CERT_(FILE|DIR)|(https?|no|all)_proxy|TMPDIR", re.IGNORECASE)


@dataclass
class Facts:
    """What a machine is, kept in its folder (private, as it holds the token)."""

    id: str
    name: str
    public_dns: str
    key_name: str | None
    authorized_key: str
    role: str | None
    region: str
    account_id: str
    user_data: str = field(repr=False)
    env: dict[str, str] = field(default_factory=dict, repr=False)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    root_password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    stopped: bool = False


class Machine:
    """A web server as files.

    Parameters
    ----------
    folder, ports
        The sandbox.
    facts
        What it is.
    """

    def __init__(self, folder: Folder, ports: Ports, facts: Facts) -> None:
        self.folder, self.ports, self.facts = folder, ports, facts
        self.root = folder.path("machines", facts.id)
        self.app = self.root / "opt" / namespace.APP

    def __repr__(self) -> str:
        return f"Machine({self.facts.id!r})"

    @classmethod
    def load(cls, folder: Folder, ports: Ports, root: Path) -> Machine:
        """Machine that an earlier run of the sandbox made."""
        kept: dict[str, Any] = read_json(root / "machine.json")
        return cls(folder, ports, Facts(**kept))

    def save(self) -> None:
        """Keep the facts."""
        write_json(self.root / "machine.json", asdict(self.facts))

    def port(self, what: str) -> int:
        """Loopback port of ``ssh``, ``http`` or ``mariadb``."""
        return self.ports.get(f"machine/{self.facts.id}/{what}")

    def forget_ports(self) -> None:
        """Give the ports back."""
        for what in ("ssh", "http", "mariadb"):
            self.ports.forget(f"machine/{self.facts.id}/{what}")

    def runtime(self, kind: str) -> Path:
        """Path in the runtime folder, short enough for a Unix socket."""
        return self.folder.runtime / f"{kind}-{self.facts.id[-8:]}"

    @property
    def hostname(self) -> str:
        """Short name in the prompt, after the address in the public name."""
        digits = re.findall(r"\d+", self.facts.public_dns.split(".", 1)[0].removeprefix("ec2-"))
        return "ip-" + "-".join(digits) if digits else "ip-10-11-0-10"

    @property
    def bin(self) -> Path:
        """The machine's own programs."""
        return self.root / "usr" / "local" / "bin"

    def home(self, user: str) -> Path:
        """Home of ``root`` or ``ec2-user``."""
        return self.root / ("root" if user == "root" else f"home/{user}")

    @property
    def host_packages(self) -> Path:
        """Folder whose lock file lists what the image has of npm (forever)."""
        return resources.templates() / "gallery" / "host"

    # -- files --------------------------------------------------------------------------

    def build(self) -> None:
        """Make the folder; again on every start, so that a newer image replaces an older one."""
        for part in _FOLDERS:
            (self.root / part).mkdir(mode=0o700, parents=True, exist_ok=True)
        for program in (IMAGE / "bin").iterdir():
            for name in (program.name, *_NAMES.get(program.name, ())):
                target = self.bin / name
                shutil.copyfile(program, target)
                target.chmod(0o755)
        self._link_node()
        for user in ("root", USER):
            home = self.home(user)
            _once(home / ".bashrc", '. "$TSA_MACHINE/etc/profile"\n')
            _once(home / ".bash_profile", "[ -f ~/.bashrc ] && . ~/.bashrc\n")
        for name in ("profile", "bashrc"):
            shutil.copyfile(IMAGE / "profile.sh", self.root / "etc" / name)
        (self.root / "etc" / "bashrc").write_text("", encoding="utf-8")
        (self.root / "etc" / "redirect").write_text(namespace.REDIRECT, encoding="utf-8")
        (self.root / "etc" / "loginrc").write_text(
            'BASH_ENV=$TSA_MACHINE/etc/redirect\n. "$TSA_MACHINE/etc/profile"\n'
            "[ -f ~/.bash_profile ] && . ~/.bash_profile\n",
            encoding="utf-8",
        )
        (self.root / "etc" / "machine").write_text(self._facts_for_shells(), encoding="utf-8")
        self._link(self.runtime("f"), self.root / "var" / "lib" / "forever")
        self.write_option_files()
        routes = Routes(self.private_routes)
        for name in ("127.0.0.1", "localhost"):
            routes.set(name, 3306, "127.0.0.1", self.port("mariadb"))
            routes.set(name, 80, "127.0.0.1", self.port("http"))

    @property
    def mysql_options(self) -> Path:
        """Folder of MariaDB's option files, ``/etc/my.cnf.d`` elsewhere; `$TSA_MYSQL_OPTIONS` leads to it."""
        return self.root / "etc" / "my.cnf.d"

    @property
    def private_routes(self) -> Path:
        """Routes that this machine alone has: its own MariaDB and its own app."""
        return self.root / "etc" / "routes.json"

    def _link_node(self) -> None:
        """Node.js by name, when this computer's is not on PATH."""
        node = programs.node()
        if shutil.which("node") != str(node.node):
            self._link(self.bin / "node", node.node)

    def _link(self, link: Path, target: Path) -> None:
        link.unlink(missing_ok=True)
        link.symlink_to(target)

    def _facts_for_shells(self) -> str:
        node = programs.node()
        facts = {
            "TSA_MACHINE": self.root,
            "TSA_BIN": self.bin,
            "TSA_IMAGE": IMAGE,
            "TSA_HOSTNAME": self.hostname,
            "TSA_HOST_PATH": programs.host_path(),
            "TSA_NAMESPACE": "" if self.wrapper is namespace.plain else "1",
            "TSA_BASH": bash(),
            "TSA_PYTHON": sys.executable,
            "TSA_NODE": node.node,
            "TSA_NPM": shlex.join(node.npm),
            "TSA_AWS": programs.aws() or "",
            "TSA_HOST_MODULES": node_packages.place(self.host_packages),
            "TSA_AGENT": self.runtime("a"),
            "TSA_MYSQL_SOCKET": self.runtime("m"),
            "TSA_ROUTES": self.folder.path("routes.json"),
        }
        lines = [f"{name}={shlex.quote(str(value))}" for name, value in facts.items()]
        return "\n".join([*lines, '. "$TSA_IMAGE/functions.sh"', ""])

    def write_option_files(self) -> None:
        """Option files of MySQL's client programs: one a user, and one for other hosts."""
        local = f"[client]\nsocket={self.runtime('m')}\ndefault-character-set=utf8mb4\n"
        etc = self.root / "etc"
        write_private(etc / "my-root.cnf", f"{local}user=root\npassword={self.facts.root_password}\n")
        write_private(etc / f"my-{USER}.cnf", f"{local}user={USER}\n")
        # As the client of Amazon Linux 2023 (10.5); one of 11.4 would verify what nobody told it how to.
        remote = "[client]\ndefault-character-set=utf8mb4\nloose-disable-ssl-verify-server-cert\n"
        write_private(etc / "my-remote.cnf", remote)

    def write_git_config(self, base_url: str | None) -> None:
        """Git's system configuration: CodeCommit's address leads to the sandbox's git server."""
        text = "[init]\n\tdefaultBranch = master\n[advice]\n\tdetachedHead = false\n"
        if base_url is not None:
            for suffix in ("amazonaws.com", "amazonaws.com.cn"):
                real = f"https://git-codecommit.{self.facts.region}.{suffix}/"
                text += f'[url "{base_url.rstrip("/")}/"]\n\tinsteadOf = {real}\n'
        write_private(self.root / "etc" / "gitconfig", text)

    # -- programs -----------------------------------------------------------------------

    @property
    def wrapper(self) -> Wrapper:
        """How programs are started here."""
        return namespace.choose(self.root)

    def environment(self, user: str, credentials_url: str | None) -> dict[str, str]:
        """Environment of a program that `user` runs."""
        env = {key: value for key, value in os.environ.items() if _KEPT.fullmatch(key)}
        home = self.home(user)
        mark = "#" if user == "root" else "$"
        env |= {
            "PATH": f"{self.bin}{os.pathsep}{programs.host_path()}",
            "HOME": str(home),
            "USER": user,
            "LOGNAME": user,
            "SHELL": bash(),
            "PS1": f"[{user}@{self.hostname} \\W]{mark} ",
            "TSALAB_MACHINE": self.facts.id,
            "TSA_MACHINE": str(self.root),
            "TSA_USER": user,
            "TSA_APP_DIR": str(self.app),
            "TSA_MYSQL_OPTIONS": str(self.mysql_options),
            "TSA_ROUTES": str(self.folder.path("routes.json")),
            "TSA_PRIVATE_ROUTES": str(self.private_routes),
            "TSA_HTTP_PORT": str(self.port("http")),
            "FOREVER_ROOT": str(self.runtime("f")),
            "PORT": str(self.port("http")),
            "HOST": "127.0.0.1",
            "NODE_OPTIONS": f'--require "{IMAGE / "preload.cjs"}"',
            "npm_config_prefix": str(self.root / "usr" / "local"),
            "npm_config_cache": str(self.root / "var" / "npm"),
            "npm_config_update_notifier": "false",
            "npm_config_userconfig": os.environ.get("NPM_CONFIG_USERCONFIG", str(Path.home() / ".npmrc")),
            "GIT_CONFIG_SYSTEM": str(self.root / "etc" / "gitconfig"),
            "AWS_REGION": self.facts.region,
            "AWS_DEFAULT_REGION": self.facts.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE": "1",
        }
        if self.wrapper is namespace.plain:
            env["BASH_ENV"] = str(self.root / "etc" / "redirect")
        else:
            env["TSA_APP_DIR"] = f"/opt/{namespace.APP}"
        if credentials_url is not None and self.facts.role is not None:
            env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = f"{credentials_url}/{self.facts.id}"
            env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = self.facts.token
        if (endpoint := self.ports.as_dict().get("endpoint")) is not None:
            env["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{endpoint}"
        return env | self.facts.env


def _once(path: Path, text: str) -> None:
    if not path.exists():
        path.write_text(text, encoding="utf-8")


def bash() -> str:
    """Path of bash.

    Raises
    ------
    SandboxError
        When there is none.
    """
    if (found := requirements.find("bash")) is None:
        raise SandboxError.tool_missing("bash", "bash", say("sandbox.install.bash"))
    return found
