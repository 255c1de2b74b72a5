from tiny_project import built, project  # noqa: F401
