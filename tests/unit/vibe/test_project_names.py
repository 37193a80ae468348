"""Which project of another system is which of ours: mapping, then path, then name."""

import pytest

from connectors.vibe.payloads import ProjectRow
from connectors.vibe.project_names import ProjectNames, by_path
from connectors.vibe.settings import VibeSettings
from syncengine.connector import FieldValues
from syncengine.errors import RecordInvalid

ID = "66806ffd-d127-40e1-a195-62f915fe5700"
OTHER_ID = "66806ffd-d127-40e1-a195-62f915fe5701"


def names(*, repo_path="", **projects):
    return ProjectNames.under(VibeSettings(url="http://host", repo_path=repo_path, projects=projects))


def theirs(name="Demo", *, identifier="DEMO", description=""):
    return FieldValues(name=name, identifier=identifier, description=description)


def ours(name="demo", *, path="/srv/demo"):
    return FieldValues(name=name, path=path)


def row(project_id=ID, *, name="demo", path="/srv/demo"):
    return ProjectRow(id=project_id, name=name, git_repo_path=path)


def test_names_go_from_certain_to_likely():
    """A path is certain, a name is likely."""
    assert names().of_ours(ID, ours("Dé MO")) == (f"id:{ID}", "path:/srv/demo", "name:dé mo")
    assert names().of_theirs(theirs(description="Path: /srv/demo/")) == ("path:/srv/demo", "name:demo")


def test_project_without_a_known_id_has_path_and_name():
    """Fields alone hold no id."""
    assert names().of_ours(None, ours()) == ("path:/srv/demo", "name:demo")


def test_name_is_shared_without_regard_to_case():
    """So a person's project is adopted instead of made twice."""
    assert set(names().of_theirs(theirs("DEMO"))) & set(names().of_ours(ID, ours("demo")))


def test_path_of_the_template_is_shared():
    """A project that was made by this connector before the log was lost is found again, though renamed."""
    ruled = names(repo_path="/srv/{identifier}")

    assert ruled.of_theirs(theirs())[0] == "path:/srv/DEMO"
    assert "path:/srv/DEMO" in ruled.of_ours(ID, ours("renamed", path="/srv/DEMO/"))


def test_unusable_path_leaves_the_name():
    """Finding must not fail where making would."""
    assert names().of_theirs(theirs(description="Path: ~/x")) == ("name:demo",)


def test_nothing_to_go_by_gives_no_names():
    """An empty name would link everything that has none."""
    assert names().of_theirs(FieldValues()) == ()
    assert names().of_ours(None, FieldValues(name=" ", path="")) == ()


@pytest.mark.parametrize("target", [ID, ID.upper(), ID.replace("-", ""), "/srv/demo", "/srv/demo/", "demo", "DEMO"])
def test_mapping_shares_exactly_one_name(target):
    """Id, path or name of ours; nothing weaker links either of the two elsewhere."""
    mapped = names(KEY=target)

    other = mapped.of_theirs(theirs("Whatever", identifier="KEY", description="Path: /srv/elsewhere"))

    assert len(other) == 1
    assert mapped.of_ours(ID, ours()) == other


def test_mapping_by_the_name_of_the_other_side():
    """Where identifiers are not known to people."""
    assert names(Demo=ID).of_theirs(theirs("Demo", identifier="X")) == (f"id:{ID}",)


def test_identifier_wins_over_name_in_the_mapping():
    """It is unique on the other side, names are not."""
    assert names(Demo=ID, DEMO=OTHER_ID).of_theirs(theirs("Demo", identifier="DEMO")) == (f"id:{OTHER_ID}",)


def test_mapped_project_is_not_taken_by_a_namesake():
    """DEMO is mapped to ours; another project called "demo" over there must not get it by its name."""
    mapped = names(KEY=ID)

    assert not set(mapped.of_theirs(theirs("demo", identifier="OTHER"))) & set(mapped.of_ours(ID, ours("demo")))


def test_path_comes_from_the_mapping_then_the_description_then_the_template():
    """The most explicit wins."""
    described = theirs(description="Location: /srv/described")

    assert names(DEMO="/srv/mapped/", repo_path="/srv/{name}").path_for(described) == "/srv/mapped"
    assert names(repo_path="/srv/{name}").path_for(described) == "/srv/described"
    assert names(repo_path="/srv/{name}").path_for(theirs()) == "/srv/Demo"


def test_project_without_a_path_is_told_both_ways_out():
    """The person reads this in the status of the parked project."""
    with pytest.raises(RecordInvalid, match=r"'Demo'.*Path: /srv.*repo_path = "):
        names().path_for(theirs())


def test_unusable_path_names_project_and_reason():
    """Not only that it failed."""
    with pytest.raises(RecordInvalid, match=r"'Demo'.*not absolute"):
        names().path_for(theirs(description="Path: ~/x"))


def test_existing_project_is_found_by_its_path_in_any_spelling():
    """Two projects on one repository would be the result otherwise."""
    rows = [row(OTHER_ID, path="/srv/x"), row(path="/srv/demo/")]

    assert names().existing(theirs(description="Path: /srv/demo"), rows) == [rows[1]]


def test_exact_path_wins_over_another_spelling():
    """Both exist when a person made the second one by hand."""
    rows = [row(OTHER_ID, path="/srv/demo/"), row(path="/srv/demo")]

    assert names().existing(theirs(description="Path: /srv/demo"), rows) == [rows[1]]


def test_same_name_at_another_path_is_not_the_same_project():
    """A create goes by the path alone."""
    assert names().existing(theirs(description="Path: /srv/new"), [row(name="Demo")]) == []


def test_mapped_project_is_found_by_id_and_by_name():
    """Wherever its repository lies."""
    rows = [row(), row(OTHER_ID, name="Other", path="/srv/other")]

    assert names(DEMO=OTHER_ID).existing(theirs(), rows) == [rows[1]]
    assert names(DEMO="other").existing(theirs(), rows) == [rows[1]]


def test_path_made_by_hand_is_kept_as_it_is():
    """A relative path has no other spelling to be compared in."""
    assert str(by_path("~/x")) == "path:~/x"
