"""infra.yml.zip: what the pipeline reads from the bucket."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

from tsalab.errors import TemplateError
from tsalab.files import replace_bytes
from tsalab.messages import say

MEMBER = "infra.yml"
LIMIT = 1_000_000  # bytes; CloudFormation takes no template of more than 1 MB from S3
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time a zip can hold: equal templates give equal zips


def package(template_path: Path, zip_path: Path) -> Path:
    """Zip a template under the name the pipeline looks for, the same bytes for the same template.

    Parameters
    ----------
    template_path
        The template, of any name.
    zip_path
        The zip to write; replaced when it exists.

    Returns
    -------
    Path
        `zip_path`.

    Raises
    ------
    TemplateError
        When the template cannot be read, or the zip not be written.
    """
    write_bytes(zip_path, zipped(read_bytes(template_path)))
    return zip_path


def zipped(content: bytes) -> bytes:
    """The zip of a template's bytes: equal for equal templates."""
    member = zipfile.ZipInfo(MEMBER, date_time=_EPOCH)
    member.create_system = 3  # Unix, on every system
    member.external_attr = 0o644 << 16
    member.compress_type = zipfile.ZIP_DEFLATED
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(member, content)
    return buffer.getvalue()


def read_package(source: Path | bytes) -> str:
    """Text of the template in a zip.

    Parameters
    ----------
    source
        The zip file, or its content.

    Raises
    ------
    TemplateError
        When it is no zip, has no ``infra.yml`` at its top, or holds something that is no template.
    """
    name = say("template.the_zip") if isinstance(source, bytes) else source.name
    content = source if isinstance(source, bytes) else read_bytes(source, limit=20 * LIMIT)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return decode(_member(archive, name), name)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        # Every template has this word in it, and no compressed data begins with so much text.
        plain = b"Resources:" in content and not content.startswith(b"PK")
        raise TemplateError.not_a_zip(name, plain=plain) from error


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    found = [info for info in archive.infolist() if info.filename == MEMBER]
    if len(found) != 1:
        raise TemplateError.not_in_zip(name, MEMBER, archive.namelist())
    if found[0].flag_bits & 0x1:
        raise TemplateError.encrypted_zip(name)
    try:
        with archive.open(found[0]) as member:
            content = member.read(LIMIT + 1)  # never more, whatever size the zip declares
    except NotImplementedError as error:
        raise TemplateError.not_a_zip(name, plain=False) from error
    if len(content) > LIMIT:
        raise TemplateError.too_large(say("template.member", member=MEMBER, name=name), LIMIT)
    return content


def read_bytes(path: Path, limit: int = LIMIT) -> bytes:
    """Content of a file.

    Raises
    ------
    TemplateError
        When it cannot be read, or is larger than any template.
    """
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise TemplateError.unreadable(path, error.strerror or str(error)) from error
    if len(content) > limit:
        raise TemplateError.too_large(str(path), limit)
    return content


def decode(content: bytes, name: str) -> str:
    """Text of a template's bytes, with its byte order mark if it has one.

    Raises
    ------
    TemplateError
        When they are not UTF-8.
    """
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TemplateError.not_utf8(name, line) from error


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file in one go: whoever reads it sees the old content or the new, never a part.

    Raises
    ------
    TemplateError
        When it cannot be written, a full disk for instance.
    """
    try:
        replace_bytes(path, content)
    except OSError as error:
        raise TemplateError.unwritable(path, error.strerror or str(error)) from error
