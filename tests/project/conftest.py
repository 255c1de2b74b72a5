from commanding import run, shell  # noqa: F401
