"""Repository paths: from the description, from the template, in one spelling."""

import pytest

from connectors.vibe.repo_path import fill_template, normalised, path_in


@pytest.mark.parametrize("spelling", ["/srv/a", "/srv/a/", "//srv///a//", "/srv/./a/."])
def test_a_path_has_one_spelling(spelling):
    """The server takes /srv/a and /srv/a/ for two projects."""
    assert normalised(spelling) == "/srv/a"


@pytest.mark.parametrize("path", ["", "srv", "~/a", "./a", "C:\\a", "/", "//", "/.", "/a/../b", "/a\nb", "/a\0"])
def test_path_that_would_surprise_is_refused(path):
    """The server makes a directory called ~, or one relative to where it was started."""
    with pytest.raises(ValueError, match="path"):
        normalised(path)


@pytest.mark.parametrize("key", ["Path", "Filesystem", "Directory", "Location", "PATH", "location", "- Path", "  Path"])
def test_path_is_read_from_a_line_of_the_description(key):
    """Four words, in any case."""
    assert path_in(f"A project.\n{key}: /srv/a/\nMore.") == "/srv/a"


@pytest.mark.parametrize(
    "line", ["Path:/srv/a", "Path:   /srv/a  ", "**Path:** /srv/a", "**Path**: /srv/a", "Path: `/srv/a`", "Path: /srv/a\r"]
)
def test_marks_and_blanks_around_the_path_do_not_matter(line):
    """Descriptions are written in markdown."""
    assert path_in(line) == "/srv/a"


def test_path_may_hold_blanks():
    """Only those around it are cut."""
    assert path_in("Path: /srv/my project") == "/srv/my project"


@pytest.mark.parametrize(
    "prose",
    ["", "no path", "Location: Berlin", "Path: see wiki", "the path: /srv/a", "Path:", "Path:\n/srv/a", "Paths: /a"],
)
def test_prose_is_no_path(prose):
    """The line must be only that."""
    assert path_in(prose) is None


def test_first_line_with_a_path_counts():
    """Prose before it is passed over."""
    assert path_in("Location: Berlin\nPath: /srv/a\nPath: /srv/b") == "/srv/a"


@pytest.mark.parametrize("value", ["~/a", "./a", "../a", "/a/../b"])
def test_path_that_is_meant_but_cannot_be_used_is_an_error(value):
    """Falling back to the template would put the repository somewhere else than the person said."""
    with pytest.raises(ValueError, match="path"):
        path_in(f"Path: {value}")


def test_template_takes_identifier_and_name():
    """Characters that would change the folder become a dash."""
    assert fill_template("/srv/{identifier}/{name}/", identifier="DEMO_1", name=" a/b\\c\n ") == "/srv/DEMO_1/a-b-c-"


@pytest.mark.parametrize("name", ["", "  ", ".", "..", "..."])
def test_template_without_what_it_needs_is_an_error(name):
    """An empty or dotted name would be the folder itself or the one above."""
    with pytest.raises(ValueError, match="needs the name"):
        fill_template("/srv/{name}", identifier="DEMO", name=name)


def test_template_does_not_ask_for_what_it_does_not_use():
    """A project without an identifier can still be placed by its name."""
    assert fill_template("/srv/{name}", identifier="", name="Demo") == "/srv/Demo"


def test_braces_in_a_name_are_letters():
    """A name is no template."""
    assert fill_template("/srv/{name}", identifier="", name="{identifier}") == "/srv/{identifier}"
