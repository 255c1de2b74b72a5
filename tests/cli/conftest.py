from commanding import refused, run, shell  # noqa: F401
