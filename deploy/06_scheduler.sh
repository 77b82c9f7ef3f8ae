#!/usr/bin/env bash
# Starts the job every day, in the clinic's time zone, after the night's clock change if there is
# one. Functions: an hour apart, and each attempt may take the 30 minutes that Cloud Scheduler
# waits at most; a failure (500) or a held lease (409) is tried again three times.
# The other way of running, if it was scheduled before, is paused.
#
# usage: deploy/06_scheduler.sh [--dry-run]

source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

schedule() { # name cron flags...
  local verb=create
  has_gc scheduler jobs describe "$1" --location="$REGION" && verb=update
  gc scheduler jobs "$verb" http "$1" --location="$REGION" --schedule="$2" \
    --time-zone="$TIME_ZONE" --http-method=POST "${@:3}"
}

pause() { # name
  if has_gc scheduler jobs describe "$1" --location="$REGION"; then
    gc scheduler jobs pause "$1" --location="$REGION"
  fi
}

if [[ "$RUN_WITH" == functions ]]; then
  for line in "${FUNCTIONS[@]}"; do
    IFS='|' read -r _ name _ cron <<<"$line"
    gc functions add-invoker-policy-binding "$name" --region="$REGION" \
      --member="serviceAccount:$SCHEDULER"
    # The run.app address: only requests to that one count as internal.
    url="$(value_of "https://$name.a.run.app" gcloud functions describe "$name" --gen2 \
      --region="$REGION" --project="$PROJECT" --format='value(serviceConfig.uri)')"
    schedule "$name" "$cron" --uri="$url" \
      --oidc-service-account-email="$SCHEDULER" --oidc-token-audience="$url" \
      --attempt-deadline=1800s \
      --max-retry-attempts=3 --min-backoff=300s --max-backoff=1200s --max-doublings=2
  done
  pause "$JOB"
else
  gc run jobs add-iam-policy-binding "$JOB" --region="$REGION" \
    --member="serviceAccount:$SCHEDULER" --role=roles/run.invoker --format=none
  # Google's own API wants an OAuth token; the answer comes once the job has started.
  schedule "$JOB" "$SCHEDULE_JOB" \
    --uri="https://run.googleapis.com/v2/projects/$PROJECT/locations/$REGION/jobs/$JOB:run" \
    --oauth-service-account-email="$SCHEDULER" --attempt-deadline=180s \
    --max-retry-attempts=3 --min-backoff=60s
  for line in "${FUNCTIONS[@]}"; do
    IFS='|' read -r _ name _ _ <<<"$line"
    pause "$name"
  done
fi
