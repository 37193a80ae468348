"""What `compose.yaml` promises; a container engine is not needed to read it."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from syncengine import load_settings
from syncengine.runner.settings import DEFAULT_STOP_WITHIN_S
from tests.deploy.dockerfile import stages
from tests.deploy.samples import DEPLOY, compose, sample_settings, span_s
from tests.deploy.test_dockerfile import PROJECT

EVERYTHING = compose()
(SERVICE,) = EVERYTHING["services"].values()
IMAGE = stages()["image"]


@pytest.mark.parametrize("wrong", [False, True], ids=["as it is", "with a mistake"])
def test_it_is_valid(wrong: bool, tmp_path: Path):
    """By the schema of the Compose specification, which notices a word that does not exist."""
    path = DEPLOY / "compose.yaml"
    if wrong:
        path = tmp_path / "compose.yaml"
        path.write_text(yaml.safe_dump(EVERYTHING | {"services": {"syncengine": SERVICE | {"readonly": True}}}))
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (said.returncode != 0) == wrong, said.stdout + said.stderr


def test_only_this_host_reaches_the_port():
    """Published on loopback, to the port that the settings and the image name; the network of the host is not shared."""
    (port,) = SERVICE["ports"]
    address, outside, inside = port.split(":")
    assert address == "127.0.0.1"
    assert outside == inside == IMAGE.only("EXPOSE").value
    assert "network_mode" not in SERVICE
    assert "privileged" not in SERVICE


def test_the_root_file_system_is_read_only():
    """What is written goes to the volume of the log and to a limited /tmp."""
    assert SERVICE["read_only"] is True
    writable = [it["target"] for it in SERVICE["volumes"] if not it.get("read_only")]
    assert writable == [IMAGE.only("VOLUME").value]
    (tmp,) = SERVICE["tmpfs"]
    assert tmp.startswith("/tmp:size=")
    assert {"noexec", "nosuid", "nodev"} <= set(tmp.split(","))


def test_the_log_is_in_a_named_volume():
    """It outlives the container."""
    (volume,) = [it for it in SERVICE["volumes"] if it["type"] == "volume"]
    assert volume["source"] in EVERYTHING["volumes"]


def test_it_has_no_more_rights_than_it_needs():
    """No capabilities, none to be gained, and limits for memory, processes and files."""
    assert SERVICE["cap_drop"] == ["ALL"]
    assert "cap_add" not in SERVICE
    assert SERVICE["security_opt"] == ["no-new-privileges:true"]
    assert SERVICE["mem_limit"] == SERVICE["memswap_limit"]
    assert 0 < SERVICE["pids_limit"] <= 128
    assert SERVICE["ulimits"]["nofile"]
    assert SERVICE["logging"]["options"]["max-size"]


def test_secrets_are_files_outside_the_folder_of_git():
    """No environment variable holds one."""
    assert "environment" not in SERVICE
    assert "env_file" not in SERVICE
    assert set(SERVICE["secrets"]) == set(EVERYTHING["secrets"])
    assert all(it == {"file": f"./secrets/{name}"} for name, it in EVERYTHING["secrets"].items())


def test_the_settings_find_log_and_secrets_where_they_are(tmp_path: Path):
    """The sample loads without a warning, with the secrets that compose hands over, and listens where the port leads."""
    names = list(EVERYTHING["secrets"])
    (tmp_path / "syncengine.toml").write_text(sample_settings(tmp_path, secrets=dict.fromkeys(names, "s" * 40)))
    settings = load_settings(tmp_path / "syncengine.toml")
    assert settings.warnings == ()
    assert settings.log == tmp_path / "state" / "syncengine.db"
    assert str(settings.server.place) == f"0.0.0.0:{IMAGE.only('EXPOSE').value}"
    assert settings.server.api_key is not None
    (mounted,) = [it["target"] for it in SERVICE["volumes"] if it["type"] == "bind"]
    assert mounted == IMAGE.pairs("ENV")["SYNCENGINE_CONFIG"]


def test_an_end_has_the_time_it_needs(tmp_path: Path):
    """Longer than the calls in flight get, by the settings and by default."""
    (tmp_path / "syncengine.toml").write_text(
        sample_settings(tmp_path, secrets=dict.fromkeys(EVERYTHING["secrets"], "s" * 40))
    )
    settings = load_settings(tmp_path / "syncengine.toml")
    assert span_s(SERVICE["stop_grace_period"]) >= max(settings.stop_within_s, DEFAULT_STOP_WITHIN_S) + 10
    assert SERVICE["init"] is True
    assert SERVICE["restart"] == "unless-stopped"


def test_the_image_is_the_one_of_this_folder():
    """Built from the Dockerfile, tagged with the version of the project."""
    build = SERVICE["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).resolve() == DEPLOY / "Dockerfile"
    assert SERVICE["image"] == f"syncengine:{PROJECT['version']}"
