"""A log in a PostgreSQL database; needs the extra `postgres`, so import the modules of this package late."""
