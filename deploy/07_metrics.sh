#!/usr/bin/env bash
# Log-based metrics: one file each in deploy/metrics. They count from their creation on.
#
# usage: deploy/07_metrics.sh [--dry-run]

source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

for file in "$DEPLOY_DIR"/metrics/*.json; do
  of_environment "$file" >"$scratch/metric.json"
  name="$(sed -n 's/^  "name": "\(.*\)",$/\1/p' "$scratch/metric.json")"
  verb=create
  has_gc logging metrics describe "$name" && verb=update
  gc logging metrics "$verb" "$name" --config-from-file="$scratch/metric.json"
done
