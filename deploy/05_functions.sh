#!/usr/bin/env bash
# Deploys the two functions (2nd gen) from this directory.
#
# One instance and one request at a time: a second call waits or is refused, and the lease holds
# between the two functions. 28 minutes are left to the work, so that it stops in order before the
# scheduler's and the platform's limit of 30; the next attempt goes on where it stopped.
#
# usage: deploy/05_functions.sh [--dry-run]

source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

for line in "${FUNCTIONS[@]}"; do
  IFS='|' read -r _ name _ _ <<<"$line"
  require_same_dataset 'value(labels.dataset)' functions describe "$name" --gen2 --region="$REGION"
done

write_env_file "$scratch/env.yaml" SYNC_DEADLINE_SECONDS=1680 DEPLOYMENT="$NAME"
say "settings of the functions:"
cat "$scratch/env.yaml"

for line in "${FUNCTIONS[@]}"; do
  IFS='|' read -r _ name entry_point _ <<<"$line"
  gc functions deploy "$name" --gen2 --region="$REGION" --runtime=python311 \
    --source="$SOURCE_DIR" --entry-point="$entry_point" \
    --trigger-http --no-allow-unauthenticated --ingress-settings=internal-only \
    --concurrency=1 --max-instances=1 --min-instances=0 --cpu=1 --memory=2Gi --timeout=1800s \
    --service-account="$RUNNER" \
    --build-service-account="projects/$PROJECT/serviceAccounts/$DEPLOYER" \
    --env-vars-file="$scratch/env.yaml" --update-labels="app=$NAME,dataset=$DATASET_LABEL"
done
