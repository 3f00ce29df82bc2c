"""One linear history of the schema: the draft from the models, the environment Alembic runs in, the versions."""
