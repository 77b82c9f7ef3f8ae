#!/usr/bin/env bash
# Enables the Google Cloud APIs that the job needs.
#
# usage: deploy/01_apis.sh [--dry-run]

source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

APIS=(
  artifactregistry.googleapis.com
  bigquery.googleapis.com
  cloudbuild.googleapis.com
  cloudfunctions.googleapis.com
  cloudscheduler.googleapis.com
  iam.googleapis.com
  logging.googleapis.com
  monitoring.googleapis.com
  run.googleapis.com
  secretmanager.googleapis.com
)

enabled="$(value_of "" gcloud services list --enabled --project="$PROJECT" --format='value(config.name)')"
missing=()
for api in "${APIS[@]}"; do
  grep -qx "$api" <<<"$enabled" || missing+=("$api")
done
if [[ ${#missing[@]} -gt 0 ]]; then
  gc services enable "${missing[@]}"
else
  say "all APIs are enabled"
fi
