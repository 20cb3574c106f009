"""Plans made and carried out by hand, statement by statement, so that a test sees each of them."""

from __future__ import annotations

from tsalab.migrate import Login, Plan, connect, make_plan
from tsalab.migrate.model import Table


def planned(source: Login, target: Login, **more) -> Plan:
    """The plan, made as the engine makes it: inside the source's snapshot, with binary results."""
    with connect(source) as here, connect(target) as there:
        with here.cursor() as cursor:
            cursor.execute("SET NAMES binary")
            cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        return make_plan(here, there, source=source, target=target, **more)


def carry_out(plan: Plan, target: Login) -> None:
    """Run every statement of a plan, in the order in which they are to run."""
    with connect(target) as connection, connection.cursor() as cursor:
        cursor.execute("SET foreign_key_checks = 0")
        for table in plan.tables:
            cursor.execute(table.create)
        for table in plan.tables:
            for key in table.late_keys.values():
                cursor.execute(f"ALTER TABLE {name(table)} ADD {key}")
        for table in plan.tables:
            for key in table.foreign_keys.values():
                cursor.execute(f"ALTER TABLE {name(table)} ADD {key}")
        for one in plan.objects:
            if one.copied:
                for variable, value in one.session.items():
                    cursor.execute(f"SET SESSION {variable} = %s", (value,))
                cursor.execute(one.create)


def name(table: Table) -> str:
    return "`" + table.name.replace("`", "``") + "`"


def shown(server, database: str, what: str) -> str:
    """What the server prints of a ``TABLE `t` ``, ``VIEW `v` `` and so on."""
    with (
        server.link(database) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(f"SHOW CREATE {what}")
        titles = [column[0] for column in cursor.description]
        row = cursor.fetchone()
    return next(
        text
        for title, text in zip(titles, row, strict=True)
        if title.startswith("Create") or title == "SQL Original Statement"
    )


def reasons(plan: Plan) -> dict[str, str]:
    """What stands in the way, by subject."""
    return {refusal.subject: refusal.reason for refusal in plan.refusals}


def becomes(plan: Plan) -> set[tuple[str, str, str]]:
    return {(one.subject, one.was, one.becomes) for one in plan.conversions}
