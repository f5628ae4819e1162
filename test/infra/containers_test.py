"""What can be said of the Dockerfile and the compose file without an engine: ports, pins, settings, and the original's counterparts."""

import os
import pathlib
import re
import subprocess

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
COMPOSE = yaml.safe_load((INFRA / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
ALWAYS = {name for name, service in SERVICES.items() if "profiles" not in service}


def published(service):
    return SERVICES[service].get("ports", [])


def test_every_port_is_on_loopback_and_can_be_moved():
    ports = [port for service in SERVICES for port in published(service)]
    assert len(ports) >= 8
    for port in ports:
        assert re.fullmatch(r"127\.0\.0\.1:\$\{[A-Z]+_PORT:-\d+\}:\d+", port), port


def test_what_the_original_starts_is_started_without_a_profile():
    assert {(name, re.search(r":-(\d+)", port)[1]) for name in ALWAYS for port in published(name)} == {
        ("redpanda", "19092"), ("console", "8080"), ("spark-master", "8090"), ("cryptostream", "8000")}
    assert "spark-worker" in ALWAYS
    profiles = {profile for service in SERVICES.values() for profile in service.get("profiles", [])}
    assert profiles == {"db", "observability"}


def test_images_of_others_are_pinned():
    for name, service in SERVICES.items():
        image, _, tag = service["image"].partition(":")
        assert tag and (image == "cryptostream" or not re.search("latest|edge|nightly", tag)), (name, service["image"])


def test_who_waits_waits_for_health():
    """What others wait for has a check, of its own or of its image."""
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            if other == "prepare":
                assert how["condition"] == "service_completed_successfully", name
            else:
                assert how["condition"] == "service_healthy" and ("healthcheck" in SERVICES[other] or SERVICES[other].get("build")), (name, other)


def test_ours_have_no_rights():
    for name, service in SERVICES.items():
        if service["image"].startswith("cryptostream"):
            assert service["read_only"] and service["cap_drop"] == ["ALL"] and not service.get("cap_add") and not service.get("privileged"), name
            assert not service["user"].startswith("0"), name


def settings():
    """Settings of ours, as the image and the compose file give them in the environment."""
    text = (ROOT / "Dockerfile").read_text() + (INFRA / "docker-compose.yml").read_text()
    found = re.findall(r"(CRYPTOSTREAM_[A-Z]+__[A-Z_]+)\s*[:=]\s*\"?([^\"\s\\]*)", text)
    return {name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for name, value in found}


def test_every_setting_is_one(binary, tmp_path):
    given = settings()
    assert len(given) >= 9
    (tmp_path / "postgres").write_text("secret")
    given |= {"CRYPTOSTREAM_STORAGE__PATH": str(tmp_path), "CRYPTOSTREAM_POSTGRES__PASSWORD_FILE": str(tmp_path / "postgres")}
    done = subprocess.run([binary, "config", "check"], env={"PATH": os.environ["PATH"]} | given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_mounted_files_are_there():
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            if source.startswith("./"):
                assert (INFRA / source).exists(), (name, source)
            elif not source.startswith("${"):
                assert source in COMPOSE["volumes"], (name, source)


def test_rules_ask_for_metrics_that_there_are():
    known = (ROOT / "docs/metrics.md").read_text()
    asked = set(re.findall(r"cryptostream_\w+", (INFRA / "prometheus/rules.yml").read_text()))
    assert asked and all(name in known for name in asked), asked


def test_the_image_is_not_built_from_what_was_built():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {"build", "storage", ".git", "**/node_modules"} <= set(ignored)


def test_without_an_engine_the_commands_say_what_is_missing(tmp_path):
    for name in ("bash", "dirname", "env"):
        (tmp_path / name).symlink_to(subprocess.run(["sh", "-c", f"command -v {name}"], capture_output=True, text=True, check=True).stdout.strip())
    for command in ("up", "down", "image"):
        done = subprocess.run([ROOT / "tools/infra", command], env={"PATH": str(tmp_path)}, capture_output=True, text=True)
        assert done.returncode == 1 and "apt-get install docker.io" in done.stderr, done.stderr
