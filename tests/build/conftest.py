import pytest
from once import once
from tiny_project import Project


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The tiny project, one commit of a repository, after `python -m slidingwindows site`.

    That ran from some other folder. It is made once for all processes: nobody may change it.
    """

    def make(folder):
        elsewhere = folder / "elsewhere"
        elsewhere.mkdir()
        project = Project.create(folder / "project")
        project.commit()
        done = project.run("slidingwindows", "site", "--root", str(project.root), cwd=elsewhere)
        assert done.returncode == 0, done.stdout
        assert not list(elsewhere.iterdir()), "a build wrote into the folder it was started from"
        (folder / "output.txt").write_text(done.stdout, "utf-8")

    folder = once(tmp_path_factory, "tiny", make)
    project = Project(folder / "project")
    project.output = (folder / "output.txt").read_text("utf-8")
    return project


@pytest.fixture
def project(built, tmp_path):
    """A copy of the built project, to edit."""
    return built.copy(tmp_path / "project")
