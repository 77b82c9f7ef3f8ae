#!/usr/bin/env bash
# Deploys the Cloud Run job, built by buildpacks: no Dockerfile. Use it instead of the functions
# where a run can take longer than 28 minutes, or where dbt Cloud builds (SYNC_STEPS=push).
#
# usage: deploy/05_job.sh [--dry-run]

source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

require_same_dataset 'value(metadata.labels.dataset)' run jobs describe "$JOB" --region="$REGION"

if has_gc artifacts repositories describe "$REPOSITORY" --location="$REGION"; then
  say "repository $REPOSITORY exists"
else
  gc artifacts repositories create "$REPOSITORY" --location="$REGION" \
    --repository-format=docker --description="Images of the reverse ETL job"
fi

if has_gc storage buckets describe "gs://$BUILD_BUCKET"; then
  say "bucket $BUILD_BUCKET exists"
else
  gc storage buckets create "gs://$BUILD_BUCKET" --location="$REGION" \
    --uniform-bucket-level-access --public-access-prevention
fi
gc storage buckets add-iam-policy-binding "gs://$BUILD_BUCKET" \
  --member="serviceAccount:$DEPLOYER" --role=roles/storage.objectAdmin --format=none

# The image's tag is the commit, so that a job shows which code it runs.
tag="$(git -C "$SOURCE_DIR" describe --always --dirty 2>/dev/null || echo latest)"
image="$REGION-docker.pkg.dev/$PROJECT/$REPOSITORY/$JOB:$tag"
gc builds submit "$SOURCE_DIR" --region="$REGION" \
  --service-account="projects/$PROJECT/serviceAccounts/$DEPLOYER" \
  --gcs-source-staging-dir="gs://$BUILD_BUCKET/source" --gcs-log-dir="gs://$BUILD_BUCKET/logs" \
  --pack="^|^image=$image|env=GOOGLE_ENTRYPOINT=python main.py,GOOGLE_PYTHON_VERSION=3.11.x"

write_env_file "$scratch/env.yaml" DEPLOYMENT="$NAME"
say "settings of the job:"
cat "$scratch/env.yaml"

# One retry: what the first attempt confirmed is not sent again. The lease outlives a kill by two
# minutes at most, and the retry's dbt build takes about as long.
gc run jobs deploy "$JOB" --region="$REGION" --image="$image" \
  --tasks=1 --parallelism=1 --max-retries=1 --task-timeout=6h --cpu=1 --memory=2Gi \
  --service-account="$RUNNER" --env-vars-file="$scratch/env.yaml" --labels="app=$NAME,dataset=$DATASET_LABEL"
