#!/usr/bin/env bash
# Three identities, each with what it needs and no more:
#   runner     runs the job: reads the two source tables, writes the dataset, runs queries
#   deployer   builds and deploys the code; it cannot read a table or a secret
#   scheduler  calls the functions or starts the job (06_scheduler.sh grants that), nothing else
# 03_dataset.sh grants the runner its dataset, 04_secrets.sh its secrets.
#
# usage: deploy/02_service_accounts.sh [--dry-run]

source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

account() { # email description
  if has_gc iam service-accounts describe "$1"; then
    say "$1 exists"
  else
    gc iam service-accounts create "${1%%@*}" --display-name="$2"
  fi
}

project_role() { # project email role [condition]
  run gcloud projects add-iam-policy-binding "$1" --member="serviceAccount:$2" --role="$3" \
    --condition="${4:-None}" --format=none --quiet
}

account "$RUNNER" "Reverse ETL: runs the sync"
account "$DEPLOYER" "Reverse ETL: deploys the sync"
account "$SCHEDULER" "Reverse ETL: starts the sync"

# Queries are billed to the project that GCP_PROJECT_ID names.
project_role "$GCP_PROJECT_ID" "$RUNNER" roles/bigquery.jobUser

for table in "$BIGQUERY_PATIENT_TABLE" "$BIGQUERY_ROI_TABLE"; do
  IFS=. read -r project dataset name <<<"$table"
  if [[ "$SOURCE_GRANT" == table ]]; then
    run bq --project_id="$GCP_PROJECT_ID" add-iam-policy-binding --table=true \
      --member="serviceAccount:$RUNNER" --role=roles/bigquery.dataViewer "$project:$dataset.$name"
  else
    run bq --project_id="$GCP_PROJECT_ID" query --use_legacy_sql=false \
      "grant \`roles/bigquery.dataViewer\` on schema \`$project.$dataset\` to 'serviceAccount:$RUNNER'"
  fi
done

# Building: Cloud Build acts as the deployer too (05 names it), so it writes images and build logs.
for role in \
  roles/artifactregistry.writer \
  roles/cloudbuild.builds.editor \
  roles/cloudfunctions.developer \
  roles/logging.logWriter \
  roles/run.developer \
  roles/serviceusage.serviceUsageConsumer; do
  project_role "$PROJECT" "$DEPLOYER" "$role"
done
# The bucket where Cloud Functions keeps uploaded code, and no other.
project_role "$PROJECT" "$DEPLOYER" roles/storage.objectViewer \
  'expression=resource.name.startsWith("projects/_/buckets/gcf-v2-sources-"),title=function-sources'
# Deploying means starting code as the runner, and a build as itself: on these two accounts only.
for account in "$RUNNER" "$DEPLOYER"; do
  gc iam service-accounts add-iam-policy-binding "$account" --member="serviceAccount:$DEPLOYER" \
    --role=roles/iam.serviceAccountUser --format=none
done
