#!/usr/bin/env bash
# Everything, in order; run it again after any change. The first time, an owner of the project runs
# it; later deployments of new code need only 05, as the deployer.
# Settings come from the environment or from .env (see docs/runbook.md, "Deploying").
#
# usage: deploy/deploy.sh [--dry-run]

source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export DRY_RUN
for script in 01_apis 02_service_accounts 03_dataset 04_secrets "05_$RUN_WITH" 06_scheduler \
  07_metrics 08_alerts; do
  say "---------- $script"
  "$DEPLOY_DIR/$script.sh"
done
