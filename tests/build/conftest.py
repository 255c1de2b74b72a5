import pytest
from tiny_project import Project


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The tiny project after `python -m slidingwindows site`, run from some other folder."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    project = Project.create(tmp_path_factory.mktemp("tiny") / "project")
    done = project.run("slidingwindows", "site", "--root", str(project.root), cwd=elsewhere)
    assert done.returncode == 0, done.stdout
    assert not list(elsewhere.iterdir()), "a build wrote into the folder it was started from"
    project.output = done.stdout
    return project


@pytest.fixture
def project(built, tmp_path):
    """A copy of the built project, to edit."""
    return built.copy(tmp_path / "project")
