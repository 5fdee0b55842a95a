"""Free texts are read and sorted into themes, which managers name, merge and correct."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "codebooks",
        sa.Column("service", sa.String(60), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("sorted", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("service", name=op.f("pk_codebooks")),
    )
    op.create_table(
        "themes",
        sa.Column("id", _ID, nullable=False),
        sa.Column("service", sa.String(60), nullable=False),
        sa.Column("key", sa.String(60), nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("merged_into", _ID),
        sa.Column("origin", sa.String(10), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_themes")),
        sa.UniqueConstraint("service", "key", name=op.f("uq_themes_service_key")),
    )
    _readings()
    _text_themes()
    _examples()


def _readings() -> None:
    op.create_table(
        "readings",
        sa.Column("answer_id", _ID, nullable=False),
        sa.Column("service", sa.String(60), nullable=False),
        sa.Column("vector", sa.LargeBinary()),
        sa.Column("language", sa.String(12), nullable=False),
        sa.Column("reader", sa.String(40), nullable=False),
        sa.Column("read_at", _MOMENT, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["answers.id"], name=op.f("fk_readings_answer_id_answers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("answer_id", name=op.f("pk_readings")),
    )
    op.create_index(op.f("ix_readings_service_revision"), "readings", ["service", "revision"])


def _text_themes() -> None:
    op.create_table(
        "text_themes",
        sa.Column("answer_id", _ID, nullable=False),
        sa.Column("theme_id", _ID, nullable=False),
        sa.Column("sure", sa.Float(), nullable=False),
        sa.Column("by", sa.String(8), nullable=False),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["answers.id"], name=op.f("fk_text_themes_answer_id_answers"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["theme_id"], ["themes.id"], name=op.f("fk_text_themes_theme_id_themes"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("answer_id", "theme_id", name=op.f("pk_text_themes")),
    )
    op.create_index(op.f("ix_text_themes_theme_id"), "text_themes", ["theme_id"])


def _examples() -> None:
    op.create_table(
        "theme_examples",
        sa.Column("id", _ID, nullable=False),
        sa.Column("theme_id", _ID, nullable=False),
        sa.Column("answer_id", _ID, nullable=False),
        sa.Column("fits", sa.Boolean(), nullable=False),
        sa.Column("person_id", _ID),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["theme_id"], ["themes.id"], name=op.f("fk_theme_examples_theme_id_themes"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["answers.id"], name=op.f("fk_theme_examples_answer_id_answers"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_theme_examples_person_id_people"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_theme_examples")),
        sa.UniqueConstraint("answer_id", "theme_id", name=op.f("uq_theme_examples_answer_id_theme_id")),
    )
    for column in ("theme_id", "person_id"):
        op.create_index(op.f(f"ix_theme_examples_{column}"), "theme_examples", [column])


def downgrade() -> None:
    """Go back."""
    for table in ("theme_examples", "text_themes", "readings", "themes", "codebooks"):
        op.drop_table(table)
