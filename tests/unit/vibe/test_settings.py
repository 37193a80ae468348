"""Settings of a Vibe endpoint: the defaults are usable, and mistakes are found when they are loaded."""

import pytest

from connectors.vibe import VibeSettings


def test_only_the_url_is_needed():
    """Everything else has a default."""
    settings = VibeSettings(url="http://127.0.0.1:8080")

    assert (settings.repo_path, settings.use_existing_repo, dict(settings.projects)) == ("", False, {})
    assert (settings.suspect_after_s, settings.key_lookup_lag_s, settings.timeout_s) == (4.5, 6.0, 15.0)


@pytest.mark.parametrize(
    "url", ["http://host:1", "http://host:1/", "http://host:1/api", "http://host:1/api/", "http://host:1//"]
)
def test_url_is_taken_with_and_without_api(url):
    """People copy either."""
    assert VibeSettings(url=url).base_url == "http://host:1"


def test_url_may_have_a_path_before_api():
    """Behind a proxy the app may live under a path."""
    assert VibeSettings(url="https://host/vibe/api").base_url == "https://host/vibe"


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:8080", "ftp://host", "http://", "http://host:none", "http://host:99999", "http://host:0",
     "http://[::1", "http://host/?a=1", "http://host/#x"],
)  # fmt: skip
def test_url_that_cannot_be_meant_is_refused(url):
    """The message names the setting."""
    with pytest.raises(ValueError, match="url"):
        VibeSettings(url=url)


def test_refused_url_does_not_show_its_password():
    """Messages end up in logs."""
    with pytest.raises(ValueError, match="url") as caught:
        VibeSettings(url="ftp://me:secret@host")

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("repos/{identifier}", "absolute"),
        ("~/repos", "absolute"),
        ("/srv/{key}", "identifier"),
        ("/srv/{}", "identifier"),
        ("/srv/{name.x}", "identifier"),
        ("/srv/{name!r}", "identifier"),
        ("/srv/{name:>9}", "identifier"),
        ("/srv/{name", "cannot be read"),
        ("/srv/../{name}", r"\.\."),
        ("/", "cannot be a repository"),
    ],
)
def test_repo_path_that_cannot_work_is_refused_when_loaded(template, complaint):
    """Not at the first project it is used for."""
    with pytest.raises(ValueError, match=complaint) as caught:
        VibeSettings(url="http://host", repo_path=template)

    assert "repo_path" in str(caught.value)


@pytest.mark.parametrize("template", ["/srv/{identifier}", "/srv/{name}/{identifier}", "/srv/one"])
def test_repo_path_with_known_placeholders_is_taken(template):
    """Both placeholders, and none."""
    assert VibeSettings(url="http://host", repo_path=template).repo_path == template


@pytest.mark.parametrize("projects", [{"": "Demo"}, {"DEMO": " "}, {"DEMO": "/srv/../x"}])
def test_mapping_without_a_name_on_both_sides_is_refused(projects):
    """So is one to a path that no project can have."""
    with pytest.raises(ValueError, match=r"projects|climbs"):
        VibeSettings(url="http://host", projects=projects)


@pytest.mark.parametrize("name", ["suspect_after_s", "key_lookup_lag_s", "timeout_s"])
def test_negative_seconds_are_refused(name):
    """Times are seconds from now on."""
    with pytest.raises(ValueError, match=name):
        VibeSettings(url="http://host", **{name: -1.0})
