from tiny_project import built, here, project  # noqa: F401
