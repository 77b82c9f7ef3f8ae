#!/usr/bin/env bash
# The dataset that the job owns, and the runner's right to write it. Tables come with `dbt build`.
# An existing dataset, with the older implementation's tables in it, stays as it is.
#
# usage: deploy/03_dataset.sh [--dry-run]

source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if exists bq --project_id="$GCP_PROJECT_ID" show --dataset "$GCP_PROJECT_ID:$BQ_DATASET"; then
  say "dataset $BQ_DATASET exists"
else
  # No default expiration: the id map must outlive everything. Seven days of time travel, the
  # longest there is, is the backup that the runbook restores from.
  run bq --project_id="$GCP_PROJECT_ID" --location="$BQ_LOCATION" mk --dataset \
    --max_time_travel_hours=168 --label=data:phi \
    --description="Reverse ETL to HubSpot. Holds PHI." "$GCP_PROJECT_ID:$BQ_DATASET"
fi
run bq --project_id="$GCP_PROJECT_ID" --location="$BQ_LOCATION" query --use_legacy_sql=false \
  "grant \`roles/bigquery.dataEditor\` on schema \`$GCP_PROJECT_ID.$BQ_DATASET\` to 'serviceAccount:$RUNNER'"
