"""Flags, order and idempotence of deploy/*.sh."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.conftest import DEPLOY_DIR, Call, Cloud

RUNNER = "serviceAccount:reverse-etl-runner@clinic.iam.gserviceaccount.com"
DEPLOYER = "serviceAccount:reverse-etl-deployer@clinic.iam.gserviceaccount.com"
SCHEDULER = "serviceAccount:reverse-etl-scheduler@clinic.iam.gserviceaccount.com"
SCRIPTS = sorted(path.name for path in DEPLOY_DIR.glob("*.sh"))
BOTH_WAYS = pytest.mark.parametrize("run_with", ["functions", "job"])


class First:
    """What a first run on an empty project called, made once for each way."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._calls: dict[str, list[Call]] = {}

    def __call__(self, run_with: str) -> list[Call]:
        if run_with not in self._calls:
            self._calls[run_with] = Cloud(self._folder / run_with).deploy(RUN_WITH=run_with)
        return self._calls[run_with]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> First:
    return First(tmp_path_factory.mktemp("first"))


def of(calls: list[Call], verb: str) -> list[Call]:
    return [call for call in calls if call.verb == verb]


def grants(calls: list[Call], member: str) -> set[tuple[str, str]]:
    """(role, on what) of each binding for a member."""
    return {
        (call.flags["role"], call.words[0])
        for call in calls
        if call.verb.endswith("add-iam-policy-binding") and call.flags["member"] == member
    }


# ---------- the scripts as such


def test_shellcheck_finds_nothing() -> None:
    shellcheck = str(Path(sys.executable).with_name("shellcheck"))
    done = subprocess.run(
        [shellcheck, *SCRIPTS],
        cwd=DEPLOY_DIR,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("script", [name for name in SCRIPTS if name != "lib.sh"])
def test_a_dry_run_prints_the_commands_and_calls_nobody(cloud: Cloud, script: str) -> None:
    done = cloud.run(script, "--dry-run")

    assert done.returncode == 0, done.stderr
    assert "\n+ " in f"\n{done.stdout}"
    assert cloud.calls == []


@pytest.mark.parametrize("script", [name for name in SCRIPTS if name != "lib.sh"])
def test_help_is_the_script_s_header(cloud: Cloud, script: str) -> None:
    assert f"usage: deploy/{script}" in cloud.run(script, "--help").stdout
    assert cloud.run(script, "--no-such-option").returncode == 2


@BOTH_WAYS
def test_a_dry_run_shows_what_a_first_run_does(cloud: Cloud, first: First, run_with: str) -> None:
    """Word for word, apart from queries, which a dry run leaves out, and temporary names."""
    printed = [
        shlex.split(line.removeprefix("+ "))
        for line in cloud.run("deploy.sh", "--dry-run", RUN_WITH=run_with).stdout.splitlines()
        if line.startswith("+ ")
    ]
    queries = ("describe", "list", "show")
    called = [
        [call.program, *call.arguments]
        for call in first(run_with)
        if call.verb.split()[-1] not in queries
    ]

    def verbs(commands: list[list[str]]) -> list[list[str]]:
        return [[word for word in command if "=" not in word] for command in commands]

    assert verbs(printed) == verbs(called)


@pytest.mark.slow
def test_google_s_own_parser_takes_every_command(cloud: Cloud) -> None:
    """Names and values of flags, against the installed SDK: it needs no account for that."""
    gcloud = shutil.which("gcloud")
    if not gcloud:
        pytest.skip("the Google Cloud SDK is not installed")
    for run_with in ("functions", "job", "functions"):
        cloud.deploy(RUN_WITH=run_with)
    calls = {(call.verb, *sorted(call.flags)): call for call in cloud.calls}.values()
    lines = [
        shlex.join([call.program, *call.arguments]) for call in calls if call.program == "gcloud"
    ]
    commands = cloud.folder / "commands.json"
    commands.write_text(json.dumps([{"command_string": line} for line in lines]))
    done = subprocess.run(
        [gcloud, "meta", "lint-gcloud-commands", f"--commands-file={commands}"],
        env={"HOME": str(cloud.folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=300,
    )

    results = json.loads(done.stdout)
    assert len(results) == len(lines)
    assert [r["error_message"] for r in results if not r["success"]] == []


# ---------- idempotence


@pytest.mark.slow
@BOTH_WAYS
def test_a_second_run_creates_nothing(cloud: Cloud, run_with: str) -> None:
    cloud.deploy(RUN_WITH=run_with)

    second = cloud.deploy(RUN_WITH=run_with)

    made = [call.verb for call in second if {"create", "mk", "enable"} & set(call.verb.split())]
    assert made == []
    assert len(of(second, "gcloud alpha monitoring policies update")) == 4
    assert len(of(second, "gcloud logging metrics update")) == 2


@pytest.mark.slow
def test_what_a_stopped_run_left_is_completed(cloud: Cloud) -> None:
    """Scripts of a run that broke off have run; the whole then goes on from there."""
    for script in ("01_apis.sh", "02_service_accounts.sh", "04_secrets.sh"):
        cloud.deploy(script)

    rest = cloud.deploy()

    assert of(rest, "gcloud iam service-accounts create") == []
    assert len(of(rest, "bq mk")) == 1
    assert len(of(rest, "gcloud functions deploy")) == 2


def test_a_missing_right_stops_the_rest(cloud: Cloud, tmp_path: Path) -> None:
    """A command that fails ends the script, and the scripts after it."""
    (cloud.folder / "bin" / "bq").write_text("#!/bin/sh\nexit 1\n")

    done = cloud.run("deploy.sh")

    assert done.returncode != 0
    assert of(cloud.calls, "gcloud functions deploy") == []


# ---------- identities


def test_the_runner_may_read_two_tables_and_run_queries(first: First) -> None:
    calls = first("functions")

    assert grants(calls, RUNNER) == {
        ("roles/bigquery.jobUser", "clinic"),
        ("roles/bigquery.dataViewer", "clinic:amd.PatientsWithStatistics"),
        ("roles/bigquery.dataViewer", "clinic:amd.ROIs"),
        ("roles/secretmanager.secretAccessor", "HubspotApiKey"),
        ("roles/secretmanager.secretAccessor", "SmtpUrl"),
    }
    assert all("table" in call.flags for call in of(calls, "bq add-iam-policy-binding"))
    assert [call.words[-1] for call in of(calls, "bq query")] == [
        f"grant `roles/bigquery.dataEditor` on schema `clinic.etl` to '{RUNNER}'"
    ]


def test_the_runner_may_read_a_data_set_that_is_rebuilt(cloud: Cloud) -> None:
    """A grant on a table is lost when replication drops and recreates it."""
    calls = cloud.deploy("02_service_accounts.sh", SOURCE_GRANT="dataset")

    assert of(calls, "bq add-iam-policy-binding") == []
    assert [call.words[-1] for call in of(calls, "bq query")] == [
        f"grant `roles/bigquery.dataViewer` on schema `clinic.amd` to '{RUNNER}'"
    ] * 2


def test_the_deployer_reads_no_data_and_no_secret(first: First) -> None:
    calls = first("functions")

    roles = {role for role, _ in grants(calls, DEPLOYER)}
    assert not {role for role in roles if "bigquery" in role or "secret" in role or "admin" in role}
    acts_as = {on for role, on in grants(calls, DEPLOYER) if role == "roles/iam.serviceAccountUser"}
    assert acts_as == {RUNNER.partition(":")[2], DEPLOYER.partition(":")[2]}
    (objects,) = [c for c in calls if c.flags.get("role") == "roles/storage.objectViewer"]
    assert "gcf-v2-sources-" in objects.flags["condition"]


@BOTH_WAYS
def test_the_scheduler_may_start_the_job_and_nothing_else(first: First, run_with: str) -> None:
    calls = first(run_with)

    if run_with == "job":
        assert grants(calls, SCHEDULER) == {("roles/run.invoker", "reverse-etl")}
    else:
        assert grants(calls, SCHEDULER) == set()
        invokers = of(calls, "gcloud functions add-invoker-policy-binding")
        assert [call.flags["member"] for call in invokers] == [SCHEDULER] * 2


# ---------- secrets


def test_a_secret_s_value_comes_from_standard_input(cloud: Cloud) -> None:
    """Without its line break, and never as an argument, which `ps` would show."""
    cloud.deploy("04_secrets.sh")

    done = cloud.run("04_secrets.sh", "hubspot-token", standard_input="pat-na1-secret\n")

    assert done.returncode == 0, done.stderr
    (call,) = of(cloud.calls, "gcloud secrets versions add")
    assert call.standard_input == "pat-na1-secret"
    assert call.flags["data-file"] == "-"
    assert "pat-na1-secret" not in " ".join(call.arguments) + done.stdout + done.stderr


def test_no_value_is_an_error(cloud: Cloud) -> None:
    assert cloud.run("04_secrets.sh", "smtp-url").returncode == 2
    assert cloud.run("04_secrets.sh", "something", standard_input="x").returncode == 2
    assert of(cloud.calls, "gcloud secrets versions add") == []


def test_a_secret_without_a_value_is_named(cloud: Cloud) -> None:
    first = cloud.run("04_secrets.sh").stdout
    cloud.run("04_secrets.sh", "hubspot-token", standard_input="pat-na1-secret")
    second = cloud.run("04_secrets.sh").stdout

    assert "HubspotApiKey has no value yet: deploy/04_secrets.sh hubspot-token" in first
    assert "HubspotApiKey has no value" not in second
    assert "SmtpUrl has no value yet" in second


# ---------- the job


def test_two_functions_that_run_one_at_a_time(first: First) -> None:
    calls = of(first("functions"), "gcloud functions deploy")

    assert [(call.words[0], call.flags["entry-point"]) for call in calls] == [
        ("reverse-etl-patients", "sync_patients"),
        ("reverse-etl-rois", "sync_rois"),
    ]
    for call in calls:
        flags = call.flags
        assert flags["concurrency"] == flags["max-instances"] == "1"
        assert {"gen2", "trigger-http", "no-allow-unauthenticated"} <= flags.keys()
        assert flags["ingress-settings"] == "internal-only"
        assert f"serviceAccount:{flags['service-account']}" == RUNNER
        assert (Path(flags["source"]) / "main.py").exists()
        assert f"def {flags['entry-point']}(" in (Path(flags["source"]) / "main.py").read_text()


def test_the_work_stops_before_the_function_and_that_before_the_scheduler(first: First) -> None:
    calls = first("functions")
    (function, _) = of(calls, "gcloud functions deploy")
    (schedule, _) = of(calls, "gcloud scheduler jobs create http")

    assert "SYNC_DEADLINE_SECONDS: '1680'" in (function.env_vars or "")
    assert function.flags["timeout"] == "1800s"
    # Cloud Scheduler waits for an HTTP target for half an hour at most.
    assert schedule.flags["attempt-deadline"] == "1800s"


def test_settings_reach_the_job_and_secrets_do_not(cloud: Cloud) -> None:
    """Values with commas and quotes survive; what was left to its default is left out, since the
    build stamp compares dbt's and the pusher's settings."""
    (cloud.folder / "settings.env").write_text(
        "# a comment\n"
        "export ROI_PROTECTED_PROPERTIES='processing_status,it''s'\n"
        'DBT_PATIENT_NATURAL_ID_PROP="amd_id"\n'
        "HUBSPOT_TOKEN=pat-na1-secret\n"
        "SMTP_URL=smtp://u:secret@host\n"
        "BIGQUERY_EMULATOR_HOST=http://localhost:9050\n"
        "REGION=us-central1\n"
        "WORKERS=\n"
        "AWS_SECRET_ACCESS_KEY=a secret of something else\n"
        "GOOGLE_SDK_PYTHON_LOGGING_SCOPE=google\n"
    )

    for script, verb in (
        ("05_functions.sh", "gcloud functions deploy"),
        ("05_job.sh", "gcloud run jobs deploy"),
    ):
        call = of(cloud.deploy(script), verb)[0]
        lines = (call.env_vars or "").splitlines()
        assert "DBT_PATIENT_NATURAL_ID_PROP: 'amd_id'" in lines
        assert "ROI_PROTECTED_PROPERTIES: 'processing_status,it''''s'" in lines
        assert "GCP_PROJECT_ID: 'clinic'" in lines
        assert "SMTP_URL_SECRET_NAME: 'SmtpUrl'" in lines
        assert {line.partition(":")[0] for line in lines} <= {
            "ALERT_EMAIL_TO",
            "DBT_PATIENT_NATURAL_ID_PROP",
            "DEPLOYMENT",
            "GCP_PROJECT_ID",
            "ROI_PROTECTED_PROPERTIES",
            "SMTP_URL_SECRET_NAME",
            "SYNC_DEADLINE_SECONDS",
        }
        assert call.flags["region"] == "us-central1"
        assert "secret" not in " ".join(call.arguments)


def test_the_environment_wins_over_the_file(cloud: Cloud) -> None:
    (cloud.folder / "settings.env").write_text("BQ_DATASET=from_file\n")

    (_, call) = of(
        cloud.deploy("05_functions.sh", BQ_DATASET="from_environment"), "gcloud functions deploy"
    )

    assert "BQ_DATASET: 'from_environment'" in (call.env_vars or "")


def test_the_job_is_one_task_from_a_buildpack_image(first: First) -> None:
    calls = first("job")
    (build,), (job,) = of(calls, "gcloud builds submit"), of(calls, "gcloud run jobs deploy")

    assert "env=GOOGLE_ENTRYPOINT=python main.py" in build.flags["pack"]
    assert f"image={job.flags['image']}" in build.flags["pack"]
    assert job.flags["tasks"] == job.flags["parallelism"] == "1"
    assert f"serviceAccount:{job.flags['service-account']}" == RUNNER


# ---------- the schedule


def test_functions_are_called_with_a_token_at_staggered_times(first: First) -> None:
    calls = of(first("functions"), "gcloud scheduler jobs create http")

    assert [call.flags["schedule"] for call in calls] == ["10 5 * * *", "10 6 * * *"]
    for call in calls:
        flags = call.flags
        assert flags["time-zone"] == "America/New_York"
        assert flags["uri"] == flags["oidc-token-audience"]
        assert flags["uri"].endswith(".a.run.app")  # only that address counts as internal
        assert f"serviceAccount:{flags['oidc-service-account-email']}" == SCHEDULER
        assert flags["max-retry-attempts"] == "3"


def test_changing_over_pauses_the_other_way(cloud: Cloud) -> None:
    cloud.deploy("05_functions.sh")
    cloud.deploy("06_scheduler.sh")
    to_job = cloud.deploy("06_scheduler.sh", RUN_WITH="job")
    back = cloud.deploy("06_scheduler.sh", RUN_WITH="functions")

    def paused(calls: list[Call]) -> list[str]:
        return [call.words[0] for call in of(calls, "gcloud scheduler jobs pause")]

    assert paused(to_job) == ["reverse-etl-patients", "reverse-etl-rois"]
    assert paused(back) == ["reverse-etl"]
    (schedule,) = of(to_job, "gcloud scheduler jobs create http")
    assert schedule.flags["uri"].endswith("/jobs/reverse-etl:run")
    assert f"serviceAccount:{schedule.flags['oauth-service-account-email']}" == SCHEDULER


STAGING = {
    "ENVIRONMENT": "staging",
    "BQ_DATASET": "etl_staging",
    "HUBSPOT_API_SECRET_NAME": "HubspotApiKeyStaging",
}


def test_two_environments_in_one_project_share_no_name(cloud: Cloud) -> None:
    """Nor does one count or watch the other's runs."""

    def made(**settings: str) -> tuple[set[str], list[str]]:
        calls = [
            *cloud.deploy("02_service_accounts.sh", **settings),
            *cloud.deploy("05_functions.sh", **settings),
            *cloud.deploy("06_scheduler.sh", **settings),
            *cloud.deploy("07_metrics.sh", **settings),
            *cloud.deploy("08_alerts.sh", **settings),
        ]
        creates = ("create", "deploy", "update")
        names = {
            " ".join([call.verb, *call.words[-1:]])
            for call in calls
            if set(call.verb.split()) & set(creates) and call.words
        }
        files = [json.dumps(call.file) for call in calls if call.file]
        return names, files

    production, _ = made()
    staging, files = made(**STAGING)

    deployed = [call.env_vars or "" for call in cloud.calls if call.verb.endswith("deploy")]
    assert len(deployed) == 4
    assert all("DEPLOYMENT: 'reverse-etl'" in text for text in deployed[:2])
    assert all("DEPLOYMENT: 'reverse-etl-staging'" in text for text in deployed[2:])
    named = {name for name in staging if "reverse-etl" in name or "reverse_etl" in name}
    assert len(named) >= 7
    assert named & production == set()
    assert all("staging" in name for name in named)
    watching = [text for text in files if "sync_finished" in text]
    assert watching
    assert all("staging" in text for text in watching)


@pytest.mark.parametrize("missing", ["BQ_DATASET", "HUBSPOT_API_SECRET_NAME"])
def test_a_second_environment_needs_a_data_set_and_a_token_of_its_own(
    cloud: Cloud, missing: str
) -> None:
    settings = {name: value for name, value in STAGING.items() if name != missing}
    done = cloud.run("02_service_accounts.sh", **settings)

    assert done.returncode == 2
    assert missing in done.stderr
    assert cloud.calls == []


@pytest.mark.parametrize("script", ["05_functions.sh", "05_job.sh"])
def test_another_data_set_does_not_take_over_the_names(cloud: Cloud, script: str) -> None:
    """A copied .env whose BQ_DATASET was changed, and nothing else."""
    cloud.deploy(script)
    cloud.deploy(script)
    before = len([call for call in cloud.calls if call.verb.endswith("deploy")])
    done = cloud.run(script, BQ_DATASET="etl_staging")

    assert done.returncode == 2
    assert "ENVIRONMENT" in done.stderr
    assert "etl_staging" in done.stderr
    assert len([call for call in cloud.calls if call.verb.endswith("deploy")]) == before
    cloud.deploy(script, **STAGING)


@pytest.mark.parametrize("missing", ["GCP_PROJECT_ID", "ALERT_EMAIL_TO"])
def test_what_has_no_default_is_asked_for(cloud: Cloud, missing: str) -> None:
    done = cloud.run("02_service_accounts.sh", **{missing: ""})

    assert done.returncode == 2
    assert f"set {missing}" in done.stderr
    assert cloud.calls == []


def test_a_wrong_choice_is_refused(cloud: Cloud) -> None:
    assert cloud.run("deploy.sh", RUN_WITH="cron").returncode == 2
    assert cloud.run("deploy.sh", SOURCE_GRANT="project").returncode == 2
    assert cloud.calls == []


# ---------- alerts


def test_each_address_has_one_channel_and_each_policy_all_of_them(cloud: Cloud) -> None:
    calls = cloud.deploy("08_alerts.sh", ALERT_EMAIL_TO="a@clinic.example, b@clinic.example")

    channels = of(calls, "gcloud beta monitoring channels create")
    assert [call.flags["channel-labels"] for call in channels] == [
        "email_address=a@clinic.example",
        "email_address=b@clinic.example",
    ]
    policies = of(calls, "gcloud alpha monitoring policies create")
    assert len(policies) == 4
    for call in policies:
        assert call.flags["notification-channels"].count("notificationChannels/") == 2


@BOTH_WAYS
def test_policies_watch_the_way_that_is_used(first: First, run_with: str) -> None:
    resource = {"functions": "cloud_run_revision", "job": "cloud_run_job"}[run_with]

    for call in of(first(run_with), "gcloud alpha monitoring policies create"):
        text = json.dumps(call.file)
        assert resource in text
        assert "RESOURCE_TYPE" not in text
