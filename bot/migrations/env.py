"""Alembic's environment: the tables of the rooms agent, evals and bot, in one database."""

from alembic import context
from sqlalchemy import engine_from_config, pool

from agent.tables import metadata as agent_metadata
from bot.tables import metadata as bot_metadata
from evals.tables import metadata as evals_metadata

config = context.config
engine = engine_from_config(config.get_section(config.config_ini_section, {}), poolclass=pool.NullPool)

with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=[agent_metadata, bot_metadata, evals_metadata],
        render_as_batch=True,
        version_table="footnote_version",
    )
    with context.begin_transaction():
        context.run_migrations()
