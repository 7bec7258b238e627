"""The first schema: all tables, and text search as the database at hand does it best."""

from __future__ import annotations

from alembic import op

from zos.db.search_ddl import statements
from zos.db.tables import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create everything."""
    connection = op.get_bind()
    metadata.create_all(connection)
    for statement in statements(connection.dialect.name):
        connection.exec_driver_sql(statement)
