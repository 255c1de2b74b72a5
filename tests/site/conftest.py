from refusals import only_known_refusals  # noqa: F401
from tiny_project import built, project  # noqa: F401
