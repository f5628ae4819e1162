"""The containers' files held against what others know of such files: Compose itself, its specification, hadolint, promtool, CycloneDX."""

import os
import subprocess

import pytest
from engine import ROOT, VENV, put_compose

pytestmark = pytest.mark.long

COMPOSE = ROOT / "infra/docker-compose.yml"


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120, **options)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("profiles", ["", "db", "observability", "db,observability"])
def test_compose_takes_the_file(tmp_path, profiles):
    put_compose(tmp_path)
    environment = {"PATH": os.environ["PATH"], "DOCKER_CONFIG": str(tmp_path), "COMPOSE_PROFILES": profiles}
    run("docker", "compose", "--file", COMPOSE, "config", "--quiet", env=environment)


def test_the_specification():
    run(VENV / "bin/check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE)


def test_the_dockerfile():
    run(VENV / "bin/hadolint", ROOT / "Dockerfile")


def test_the_bill_of_materials_is_one(binary, tmp_path):
    run(ROOT / "tools/install", tmp_path / "tree")
    check = ("import sys; from cyclonedx.schema import SchemaVersion; from cyclonedx.validation.json import JsonStrictValidator; "
             "wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read()); sys.exit(str(wrong) if wrong else 0)")
    run(VENV / "bin/python", "-c", check, tmp_path / "tree/share/doc/cryptostream/sbom.cdx.json")
