# shellcheck shell=bash disable=SC2034
# Shared by the numbered scripts: settings, --dry-run, and "describe, or create".
# Each script can run alone, and run again: what exists is left as it is, or updated.
set -euo pipefail

DEPLOY_DIR="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
SOURCE_DIR="$(dirname "$DEPLOY_DIR")"
DRY_RUN="${DRY_RUN:-0}"
ARGUMENTS=()

usage() {
  # The script's own header is its help.
  sed -n '2,/^[^#]/{s/^# \{0,1\}//p;}' "$0"
  exit "${1:-0}"
}

for argument in "$@"; do
  case "$argument" in
    --dry-run) DRY_RUN=1 ;;
    -h | --help) usage ;;
    -*) echo "$(basename "$0"): unknown option $argument" >&2 && usage 2 >&2 ;;
    *) ARGUMENTS+=("$argument") ;;
  esac
done

# Settings: the environment, else .env (KEY=value lines, as a shell reads them), else a default.
SETTINGS_FILE="${SETTINGS_FILE:-$SOURCE_DIR/.env}"
unquoted() {
  local value="$1"
  if [[ "$value" =~ ^\"(.*)\"$ || "$value" =~ ^\'(.*)\'$ ]]; then value="${BASH_REMATCH[1]}"; fi
  printf '%s' "$value"
}
settings_lines() {
  [[ ! -f "$SETTINGS_FILE" ]] || sed -E 's/^export //; /^[A-Z][A-Z0-9_]*=./!d' "$SETTINGS_FILE"
}
CONFIGURED=() # KEY=value of what was not left to its default
setting() {   # name default
  local name="$1" line=""
  if [[ -z "${!name:-}" ]]; then
    line="$(settings_lines | grep "^$name=" | tail -n 1 || true)"
    printf -v "$name" '%s' "$(unquoted "${line#*=}")"
  fi
  [[ -z "${!name}" ]] || CONFIGURED+=("$name=${!name}")
  printf -v "$name" '%s' "${!name:-${2:-}}"
}

setting GCP_PROJECT_ID
setting REGION us-east1
setting BQ_DATASET etl
setting BQ_LOCATION US
setting BIGQUERY_PATIENT_TABLE "$GCP_PROJECT_ID.amd.PatientsWithStatistics"
setting BIGQUERY_ROI_TABLE "$GCP_PROJECT_ID.amd.ROIs"
setting ALERT_EMAIL_TO
for name in GCP_PROJECT_ID ALERT_EMAIL_TO; do
  [[ -n "${!name}" ]] || { echo "set $name (in the environment or in .env)" >&2 && exit 2; }
done
setting HUBSPOT_API_SECRET_NAME HubspotApiKey
setting SMTP_URL_SECRET_NAME SmtpUrl
setting SLACK_WEBHOOK_URL_SECRET_NAME ""
setting SOURCE_GRANT table        # or dataset: where replication drops and recreates its tables
setting RUN_WITH functions        # or job: more than 28 minutes, or one run for both entities
setting SYNC_STEPS dbt,push       # push: dbt Cloud builds, the job only pushes
setting TIME_ZONE America/New_York
setting SCHEDULE_PATIENTS "10 5 * * *"
setting SCHEDULE_ROIS "10 6 * * *"
setting SCHEDULE_JOB "10 5 * * *"

# GCP_PROJECT_ID holds the data; PROJECT, where the job runs, is the same unless it is set.
setting PROJECT "$GCP_PROJECT_ID"

# A second environment in the same project has names, a data set and a token of its own.
setting ENVIRONMENT ""
if [[ -n "$ENVIRONMENT" ]]; then
  [[ "$ENVIRONMENT" =~ ^[a-z][a-z0-9]{0,7}$ ]] \
    || { echo "ENVIRONMENT is up to eight letters and digits, not $ENVIRONMENT" >&2 && exit 2; }
  [[ "$BQ_DATASET" != etl && "$HUBSPOT_API_SECRET_NAME" != HubspotApiKey ]] \
    || { echo "ENVIRONMENT=$ENVIRONMENT needs a BQ_DATASET and a HUBSPOT_API_SECRET_NAME of its own" >&2 && exit 2; }
fi
NAME="reverse-etl${ENVIRONMENT:+-$ENVIRONMENT}"

RUNNER="$NAME-runner@$PROJECT.iam.gserviceaccount.com"
DEPLOYER="$NAME-deployer@$PROJECT.iam.gserviceaccount.com"
SCHEDULER="$NAME-scheduler@$PROJECT.iam.gserviceaccount.com"
# entity, function, entry point, schedule
FUNCTIONS=(
  "patients|$NAME-patients|sync_patients|$SCHEDULE_PATIENTS"
  "rois|$NAME-rois|sync_rois|$SCHEDULE_ROIS"
)
JOB="$NAME"
REPOSITORY="$NAME"
BUILD_BUCKET="$PROJECT-$NAME-build"

case "$RUN_WITH" in
  functions | job) ;;
  *) echo "RUN_WITH is functions or job, not $RUN_WITH" >&2 && exit 2 ;;
esac
case "$SOURCE_GRANT" in
  table | dataset) ;;
  *) echo "SOURCE_GRANT is table or dataset, not $SOURCE_GRANT" >&2 && exit 2 ;;
esac

scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

say() { printf '# %s\n' "$*"; }

# Prints a command; runs it unless this is a dry run.
run() {
  printf '+'
  printf ' %q' "$@"
  printf '\n'
  [[ "$DRY_RUN" == 1 ]] || "$@"
}

# True where a `describe` or `show` succeeds. A dry run asks nobody, and shows every creation.
exists() { [[ "$DRY_RUN" != 1 ]] && "$@" >/dev/null 2>&1; }

# The output of a query, or in a dry run a placeholder.
value_of() { # placeholder command...
  if [[ "$DRY_RUN" == 1 ]]; then
    printf '%s\n' "$1"
  else
    "${@:2}"
  fi
}

# What runs under this name already must be of this data set: a copied .env without ENVIRONMENT would
# put another environment's settings into production.
require_same_dataset() { # format describe-command...
  local deployed
  deployed="$(value_of "" gcloud "${@:2}" --project="$PROJECT" --format="$1" 2>/dev/null || true)"
  [[ -z "$deployed" || "$deployed" == "$DATASET_LABEL" ]] || {
    echo "$NAME runs with the data set $deployed already, and BQ_DATASET is $BQ_DATASET: another" >&2
    echo "environment has an ENVIRONMENT of its own (to move this one, delete what is deployed)" >&2
    exit 2
  }
}
DATASET_LABEL="${BQ_DATASET,,}" # in the letters that a label may have

# A metric's or policy's file as this environment has it: by its names, and on its runs alone.
of_environment() { # file
  local prefix="${NAME//-/_}_"
  sed -e "s/reverse_etl_/$prefix/g" \
    -e "s/jsonPayload.event=\\\\\"sync_finished\\\\\"/& AND jsonPayload.deployment=\\\\\"$NAME\\\\\"/" \
    -e "s/\"displayName\": \"Reverse ETL:/\"displayName\": \"Reverse ETL${ENVIRONMENT:+ ($ENVIRONMENT)}:/" "$1"
}

gc() { run gcloud "$@" --project="$PROJECT" --quiet; }

has_gc() { exists gcloud "$@" --project="$PROJECT"; }

# The settings of the job as a YAML file: values may hold commas, which flags cannot. Only names of
# .env.example go, since a .env may hold anything, and only what was set, since dbt and the pusher
# must have the same settings and have the same defaults.
# Secrets stay out: in a revision's environment any viewer of the project could read them.
write_env_file() { # path, then extra KEY=value lines
  local line known
  known="$(sed -nE 's/^(# ?)?([A-Z][A-Z0-9_]*)=.*/\2/p' "$SOURCE_DIR/.env.example" | paste -s -d '|' -)"
  printf '%s\n' "${@:2}" "SMTP_URL_SECRET_NAME=$SMTP_URL_SECRET_NAME" "${CONFIGURED[@]}" \
    "$(settings_lines)" \
    | grep -E "^(DBT_)?($known|SYNC_DEADLINE_SECONDS|DEPLOYMENT)=." \
    | grep -Ev "^(DBT_)?($SECRETS|$OF_THE_LAPTOP|$OF_THE_SCRIPTS)=" | sort -s -u -t = -k 1,1 \
    | while IFS= read -r line; do
      printf "%s: '%s'\n" "${line%%=*}" "$(unquoted "${line#*=}" | sed "s/'/''/g")"
    done >"$1"
}
SECRETS="HUBSPOT_TOKEN|HUBSPOT_SETUP_TOKEN|SMTP_URL|SLACK_WEBHOOK_URL"
OF_THE_LAPTOP="BIGQUERY_EMULATOR_HOST|HUBSPOT_BASE|PROFILES_DIR|GOOGLE_APPLICATION_CREDENTIALS"
OF_THE_SCRIPTS="ENVIRONMENT|PROJECT|REGION|RUN_WITH|SOURCE_GRANT|TIME_ZONE|SCHEDULE_[A-Z]*"
