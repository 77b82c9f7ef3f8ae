#!/usr/bin/env bash
# The email channel and the alert policies: one file each in deploy/policies. A policy is known by
# its display name and replaced by its file; what was changed by hand in the console is lost.
#
# usage: deploy/08_alerts.sh [--dry-run]

source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

channel_of() { # address
  gcloud beta monitoring channels list --project="$PROJECT" --format='value(name)' --limit=1 \
    --filter="type=\"email\" AND labels.email_address=\"$1\""
}
channels=()
IFS=', ' read -r -a addresses <<<"$ALERT_EMAIL_TO"
for address in "${addresses[@]}"; do
  channel="$(value_of "" channel_of "$address")"
  if [[ -z "$channel" ]]; then
    gc beta monitoring channels create --type=email --display-name="Reverse ETL: $address" \
      --channel-labels="email_address=$address"
    channel="$(value_of "projects/$PROJECT/notificationChannels/ID" channel_of "$address")"
  fi
  channels+=("$channel")
done
all_channels="$(IFS=, && echo "${channels[*]}")"

resource=cloud_run_revision
[[ "$RUN_WITH" == functions ]] || resource=cloud_run_job

for file in "$DEPLOY_DIR"/policies/*.json; do
  policy="$scratch/$(basename "$file")"
  of_environment "$file" | sed "s/RESOURCE_TYPE/$resource/g" >"$policy"
  title="$(sed -n 's/^  "displayName": "\(.*\)",$/\1/p' "$policy")"
  name="$(value_of "" gcloud alpha monitoring policies list --project="$PROJECT" \
    --format='value(name)' --limit=1 --filter="displayName=\"$title\"")"
  if [[ -z "$name" ]]; then
    gc alpha monitoring policies create --policy-from-file="$policy" \
      --notification-channels="$all_channels"
  else
    gc alpha monitoring policies update "$name" --policy-from-file="$policy" \
      --set-notification-channels="$all_channels"
  fi
done || {
  echo "A metric that 07_metrics.sh has just made is known to Cloud Monitoring after up to ten" >&2
  echo "minutes. Run deploy/08_alerts.sh again." >&2
  exit 1
}
