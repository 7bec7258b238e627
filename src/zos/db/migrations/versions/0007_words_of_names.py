"""The words by which names are looked up, anew: `_` parts words, accents and what nobody sees do not count."""

from __future__ import annotations

from alembic import op

from zos.db.migrations.telling_words import fill_in

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Fill in the words as they are looked up now."""
    words = {
        "name": "name_word",
        "display_name": "display_word",
        "global_name": "global_word",
    }
    fill_in(op.get_bind(), words)
