from __future__ import annotations

import io
import os
import struct
import zipfile
from pathlib import Path

import pytest

from tsalab.errors import TemplateError
from tsalab.template import Template, package, read_package


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            # Without the time of day, which would give a test another name in each of several workers.
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


@pytest.mark.parametrize("text", ["a: 1\n", "\ufeffa: 1\r\n", "a: ä", ""])
def test_what_goes_in_comes_out(tmp_path, text):
    source = tmp_path / "infra-of-mine.yml"
    source.write_bytes(text.encode())
    path = package(source, tmp_path / "infra.yml.zip")
    assert read_package(path) == text
    assert read_package(path.read_bytes()) == text
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["infra.yml"]


def test_equal_templates_give_equal_zips(tmp_path):
    source = tmp_path / "infra.yml"
    source.write_text("a: 1\n")
    first = package(source, tmp_path / "1.zip").read_bytes()
    os.utime(source, (0, 0))
    source.chmod(0o600)
    assert package(source, tmp_path / "2.zip").read_bytes() == first


BAD = [
    (b"", "cannot be read as a zip"),
    (b"a: 1\n", "cannot be read as a zip"),
    (zipped({"infra.yml": b"a: 1"})[:-30], "cannot be read as a zip"),
    (zipped({}), "holds nothing|does not have one"),
    (zipped({"work/infra.yml": b"a"}), "does not have one infra.yml at its top level"),
    (zipped({"infra.yaml": b"a"}), "does not have one infra.yml"),
    (zipped({"infra.yml": b"\xff\xfe"}), "is not UTF-8"),
    (zipped({"infra.yml": b" " * 5_000_000}), "larger than"),
]


@pytest.mark.parametrize(("content", "what"), BAD)
def test_a_bad_zip_is_refused(tmp_path, content, what):
    with pytest.raises(TemplateError, match=what):
        read_package(content)
    path = tmp_path / "infra.yml.zip"
    path.write_bytes(content)
    with pytest.raises(TemplateError, match=r"infra\.yml\.zip"):
        read_package(path)


def test_a_mac_zip_passes():
    assert read_package(zipped({"infra.yml": b"a: 1", "__MACOSX/._infra.yml": b"x"})) == "a: 1"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_templates_in_one_zip_are_refused():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("infra.yml", b"a: 1")
        archive.writestr("infra.yml", b"a: 2")
    with pytest.raises(TemplateError, match="does not have one"):
        read_package(buffer.getvalue())


def test_damage_encryption_and_a_false_size_are_refused():
    good = zipped({"infra.yml": b"a: 1\n" * 100})
    damaged = bytearray(good)
    damaged[45] ^= 0xFF
    with pytest.raises(TemplateError, match="cannot be read as a zip"):
        read_package(bytes(damaged))
    encrypted = bytearray(good)
    encrypted[6] |= 1
    encrypted[good.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(TemplateError, match="encrypted"):
        read_package(bytes(encrypted))
    odd = bytearray(good)
    odd[8:10] = odd[good.index(b"PK\x01\x02") + 10 :][:2] = b""
    at = good.index(b"PK\x01\x02")
    odd = bytearray(good)
    odd[8:10] = struct.pack("<H", 99)
    odd[at + 10 : at + 12] = struct.pack("<H", 99)
    with pytest.raises(TemplateError, match="cannot be read as a zip"):
        read_package(bytes(odd))


def test_reading_and_writing_keep_every_byte(tmp_path):
    path = tmp_path / "infra.yml"
    content = "\ufeff# ü\r\na: 1".encode()
    path.write_bytes(content)
    path.chmod(0o640)
    template = Template.read(path)
    template.write(path)
    assert path.read_bytes() == content
    assert path.stat().st_mode & 0o777 == 0o640
    link = tmp_path / "link.yml"
    link.symlink_to(path)
    Template("b: 2").write(link)
    assert link.is_symlink()
    assert path.read_text() == "b: 2"
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_files_that_cannot_be_used_are_named(tmp_path):
    with pytest.raises(TemplateError, match=r"nowhere\.yml cannot be read"):
        Template.read(tmp_path / "nowhere.yml")
    utf16 = tmp_path / "utf16.yml"
    utf16.write_bytes("a: 1\n".encode("utf-16"))
    with pytest.raises(TemplateError, match=r"utf16.yml is not UTF-8 text: line 1"):
        Template.read(utf16)
    large = tmp_path / "large.yml"
    large.write_bytes(b" " * 2_000_000)
    with pytest.raises(TemplateError, match=r"large\.yml is larger"):
        Template.read(large)
    with pytest.raises(TemplateError, match="cannot be written"):
        Template("a").write(tmp_path / "no" / "infra.yml")


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "infra.yml"
    path.write_text("old")

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(TemplateError, match=r"cannot be written") as caught:
        Template("new").write(path)
    assert "No space left" in caught.value.why
    assert [each.name for each in tmp_path.iterdir()] == ["infra.yml"]
    assert path.read_text() == "old"


@pytest.mark.parametrize(
    ("content", "next_step"),
    [
        (b"AWSTemplateFormatVersion: x\nResources:\n  A: 1\n", "Delete the old zip"),
        (zipped({"work/infra.yml": b"a"}), "not the folder it is in (work)"),
        (zipped({"infra.yaml": b"a"}), "Name the template infra.yml (it is called infra.yaml in the zip)"),
        (zipped({"notes.md": b"a"}), "Zip the file infra.yml itself"),
    ],
)
def test_what_to_do_about_a_bad_zip(content, next_step):
    with pytest.raises(TemplateError) as caught:
        read_package(content)
    assert next_step in caught.value.next_step


def test_a_template_that_was_not_zipped_is_known():
    with pytest.raises(TemplateError) as caught:
        read_package(b"Resources:\n  A: 1\n")
    assert "the template itself" in caught.value.why
    with pytest.raises(TemplateError) as caught:
        read_package(zipped({"infra.yml": b"Resources: 1"})[:-30])
    assert "damaged" in caught.value.why
