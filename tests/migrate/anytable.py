"""Tables of any kind: hostile names, every type, defaults, keys and options, drawn by hypothesis."""

from __future__ import annotations

from hypothesis import strategies as some

# A type, and defaults that fit it.
KINDS: dict[str, tuple[str, ...]] = {
    "INT": ("0", "-5", "(1 + 2)"),
    "BIGINT UNSIGNED": ("18446744073709551615",),
    "TINYINT(1)": ("1",),
    "INT(5) ZEROFILL": (),
    "DECIMAL(10,3)": ("1.5",),
    "FLOAT": ("1e-3",),
    "DOUBLE(8,2)": ("(rand())",),
    "BIT(7)": ("b'11'",),
    "DATE": ("'2020-01-01'", "(curdate())", "'0000-00-00'"),
    "TIME(3)": ("'838:59:59'",),
    "DATETIME(6)": ("current_timestamp(6)", "current_timestamp(6) ON UPDATE current_timestamp(6)"),
    "TIMESTAMP(2)": ("current_timestamp(2)",),
    "YEAR": ("2000",),
    "CHAR(5)": ("''",),
    "VARCHAR(30)": ("'x'", "'it''s; ) \\\\'", "uuid()", "concat('a', 'b')"),
    "VARCHAR(30) CHARACTER SET latin1": ("'ü'",),
    "CHAR(9) CHARACTER SET utf16": (),
    "VARCHAR(9) CHARACTER SET sjis": ("'表'",),
    "VARCHAR(8) CHARACTER SET cp1250": (),
    "VARCHAR(9) CHARACTER SET utf8mb3 COLLATE utf8mb3_polish_ci": (),
    "VARCHAR(8) CHARACTER SET latin1 COLLATE latin1_general_nopad_ci": (),
    "VARCHAR(8) CHARACTER SET ucs2 COLLATE ucs2_uca1400_ai_ci": (),
    "VARCHAR(20) COLLATE utf8mb4_uca1400_swedish_as_cs": (),
    "VARCHAR(9) COLLATE utf8mb4_nopad_bin": (),
    "VARCHAR(8) COLLATE utf8mb4_thai_520_w2": (),
    "BINARY(4)": ("'ab'",),
    "VARBINARY(10)": (),
    "TINYTEXT": ("'a;)'",),
    "LONGTEXT": ("'a'", "NULL"),
    "BLOB": ("'b'", "x'00ff'"),
    "JSON": ("'{}'", "(json_object('a', 1))"),
    "UUID": ("uuid()", "'123e4567-e89b-12d3-a456-426614174000'"),
    "INET6": ("'::1'",),
    "INET4": (),
    "ENUM('a','b,;)','')": ("'b,;)'",),
    "SET('x','y''')": ("'x,y'''",),
    "POINT": (),
    "GEOMETRY": (),
}
_LONG = {"TINYTEXT", "LONGTEXT", "BLOB", "JSON", "POINT", "GEOMETRY"}
_NAMES = ("c", "a b", "k`", "ü⚡", "x;)", "select", "%s", "KEY (", "'", '"', "\\")
_OPTIONS = (
    "", "ENGINE=Aria", "ENGINE=MyISAM", "ROW_FORMAT=COMPRESSED", "DEFAULT CHARSET=latin1", "KEY_BLOCK_SIZE=8",
    "COLLATE utf8mb4_uca1400_ai_ci", "COMMENT='a''b'", "PAGE_COMPRESSED=1", "MAX_ROWS=9 STATS_PERSISTENT=1",
)  # fmt: skip


@some.composite
def create_table(draw: some.DrawFn) -> str:
    """A CREATE TABLE of table t; a server may still refuse it, e.g. for keys that are too long."""
    kinds = draw(some.lists(some.sampled_from(list(KINDS)), min_size=1, max_size=7))
    names = [_quoted(f"{draw(some.sampled_from(_NAMES))}{index}") for index in range(len(kinds))]
    lines = [_column(draw, name, kind) for name, kind in zip(names, kinds, strict=True)]
    parts = [
        f"{name}(10)" if kind in _LONG else f"{name}{draw(some.sampled_from(['', '', '', ' DESC']))}"
        for name, kind in zip(names, kinds, strict=True)
    ]
    some_parts = some.lists(some.sampled_from(parts), min_size=1, max_size=3, unique=True).map(", ".join)
    first = draw(some.sampled_from(["", "PRIMARY KEY ({})", "PRIMARY KEY (id)", "UNIQUE (id)", "KEY (id)"]))
    if "id" in first:
        lines.insert(0, "id INT AUTO_INCREMENT")
    lines += [first.format(draw(some_parts))] if first else []
    for index in range(draw(some.integers(0, 3))):
        kind = draw(some.sampled_from(["KEY", "UNIQUE KEY"]))
        more = draw(some.sampled_from(["", " COMMENT 'x)'", " USING BTREE", " IGNORED"]))
        lines.append(f"{kind} `k; {index}` ({draw(some_parts)}){more}")
    if draw(some.booleans()):
        lines.append(f"g INT AS (length({names[0]})) {draw(some.sampled_from(['STORED', 'VIRTUAL']))}")
    if draw(some.booleans()):
        lines.append(f"CHECK (length({names[0]}) < 1000)")
    return f"CREATE TABLE t ({', '.join(lines)}) {draw(some.sampled_from(_OPTIONS))}"


def _column(draw: some.DrawFn, name: str, kind: str) -> str:
    null = draw(some.sampled_from([" NULL", " NOT NULL"]))
    default = draw(some.sampled_from(["", *(f" DEFAULT {value}" for value in KINDS[kind])]))
    comment = draw(some.sampled_from(["", "", " COMMENT 'a''b;)\\n'", " COMMENT '\\\\'"]))
    return f"{name} {kind}{null}{default}{comment}"


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
